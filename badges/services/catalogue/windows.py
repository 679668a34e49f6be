"""Fixed windows: how an edit changes them, and their cycles (CONTRACT.md, 4.5 and 2.15)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import overload
from uuid import NAMESPACE_OID, UUID, uuid3

from badges.models import CycleStatus, Definition, Limit, LimitKind, LimitLevel, Status, Unit
from badges.models.units import UNITS
from badges.models.values import required, shift, start_of_day

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day, both inclusive, of a fixed window or of one of its cycles."""

    first_day: datetime
    last_day: datetime
    limit: Limit

    @property
    def next_day(self) -> datetime:
        return self.last_day + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The status of a fixed window at a time; `current` is the running cycle of an active one."""

    status: CycleStatus
    days: Days
    current: Days | None


class Cycles(Sequence[Days]):
    """The cycles of some fixed windows, one window after the other, computed on access.

    A daily window in a badge of 100 years has 36,500 cycles.
    """

    def __init__(self, runs: Iterable["Run"]):
        self.runs = [run for run in runs if run.count > 0]

    def __len__(self) -> int:
        return sum(run.count for run in self.runs)

    @overload
    def __getitem__(self, index: int) -> Days: ...

    @overload
    def __getitem__(self, index: slice) -> list[Days]: ...

    def __getitem__(self, index: int | slice) -> Days | list[Days]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        for run in self.runs:
            if index < run.count:
                return run.cycle(run.first + index)
            index -= run.count
        raise IndexError(index)


@dataclass(frozen=True, slots=True)
class Run:
    """`count` cycles of one fixed window from the number `first` on, counted from 0."""

    badge: Definition
    limit: Limit
    first: int
    count: int

    @classmethod
    def between(cls, since: datetime, until: datetime, *, limit: Limit, badge: Definition) -> "Run":
        """Return the cycles that share a day with since .. until, both inclusive."""
        begins_at, ends_at = _bounds(limit, badge)
        since, until = max(start_of_day(since), begins_at), min(until, ends_at - INSTANT)
        if since > until:
            return cls(badge, limit, 0, 0)
        first, last = (_number(dt, limit, badge) for dt in (since, until))
        return cls(badge, limit, first, last - first + 1)

    def cycle(self, number: int) -> Days:
        begins_at, _ends_at = _bounds(self.limit, self.badge)
        dt = max(begins_at, shift(_anchor(self.limit, self.badge), *_step(self.limit, number)))
        return _cycle(dt, self.limit, self.badge)


def reference_id(limit: Limit) -> UUID:
    """Return the id of a fixed window; windows of the same level, unit and length share it."""
    parts = (limit.level, limit.kind, limit.unit, limit.length)
    return uuid3(NAMESPACE_OID, "/".join(map(str, parts)))


def cycles_between(
    since: datetime, until: datetime, *, limits: Iterable[Limit], badge: Definition
) -> Cycles:
    """Return the cycles of fixed windows that share a day with since .. until, both inclusive."""
    return Cycles(Run.between(since, until, limit=limit, badge=badge) for limit in limits)


def window_of(limit: Limit, badge: Definition, *, now: datetime) -> Window:
    """Return the status of a fixed window; before the badge begins none is active.

    A window that was active when the badge ended stays active, because the badge may be extended.
    """
    begins_at, ends_at = _bounds(limit, badge)
    days = Days(begins_at, max(begins_at, start_of_day(ends_at - INSTANT)), limit)
    if badge.status(now) == Status.UPCOMING:
        return Window(CycleStatus.UPCOMING, days, None)
    status = limit.cycle_status(now)
    running = status == CycleStatus.ACTIVE and badge.status(now) == Status.LIVE
    return Window(status, days, _cycle(now, limit, badge) if running else None)


def limits_to_keep(old: Definition, new_limits: Iterable[Limit], *, now: datetime) -> list[Limit]:
    """Return the limits to store when `new_limits` is saved over a badge.

    Before the badge has begun these are `new_limits`. Afterwards a fixed window of another shape is
    UPCOMING until the cycle of the running one ends; if the shape is the same, the running window
    gets the new maximum; past windows are kept for the record.
    """
    new_limits = list(new_limits)
    if old.status(now) == Status.UPCOMING:
        return new_limits
    kept: list[tuple[float, Limit]] = [
        (index, limit) for index, limit in enumerate(new_limits) if not _is_fixed(limit)
    ]
    for level in LimitLevel:
        before = [limit for limit in _fixed(old.limits) if limit.level == level]
        after = [limit for limit in _fixed(new_limits) if limit.level == level]
        kept += [
            (
                new_limits.index(follower)
                if follower
                else _index_of(limit, old.limits, new_limits),
                limit,
            )
            for follower, limit in _hand_over(before, after, old=old, now=now)
        ]
    return [limit for _index, limit in sorted(kept, key=itemgetter(0))]


def _index_of(limit: Limit, before: Sequence[Limit], new_limits: Sequence[Limit]) -> float:
    """Return the sort index of a past window: before the limit that it preceded."""
    indexes = {_kind_of(each): index for index, each in enumerate(new_limits)}
    following = before[before.index(limit) + 1 :]
    positions = (indexes[_kind_of(each)] for each in following if _kind_of(each) in indexes)
    return next(positions, len(new_limits)) - 0.5


def _is_fixed(limit: Limit) -> bool:
    return limit.kind == LimitKind.FIXED_WINDOW


def _kind_of(limit: Limit) -> tuple[LimitLevel, LimitKind, Unit | None]:
    return limit.level, limit.kind, limit.unit


def _fixed(limits: Iterable[Limit]) -> list[Limit]:
    return [limit for limit in limits if _is_fixed(limit)]


def _hand_over(
    before: list[Limit], after: list[Limit], *, old: Definition, now: datetime
) -> Iterator[tuple[Limit | None, Limit]]:
    """Yield the fixed windows of one level after an edit: past ones, the running, the next.

    Each comes with its successor among the new windows, or with None if it is a past one.
    """
    for limit in before:
        if limit.cycle_status(now) == CycleStatus.EXPIRED:
            yield None, limit
    running = [limit for limit in before if limit.cycle_status(now) == CycleStatus.ACTIVE]
    for current, successor in _pairs(running, after):
        if successor is None:
            continue
        if current is None:
            yield successor, successor
        elif successor.shape == current.shape:
            yield successor, replace(current, until=None, max_earns=successor.max_earns)
        else:
            handover = _end_of_cycle(current, successor, old=old, now=now)
            yield successor, replace(current, until=handover)
            yield successor, replace(successor, since=handover)


def _pairs(running: list[Limit], after: list[Limit]) -> Iterator[tuple[Limit | None, Limit | None]]:
    """Yield each running window with its successor: one of the same unit, else any other."""
    unpaired = list(after)
    for current in sorted(running, key=lambda limit: limit.unit not in {w.unit for w in after}):
        same_unit = [successor for successor in unpaired if successor.unit == current.unit]
        others = [w for w in unpaired if w.unit not in {limit.unit for limit in running}]
        successor = next(iter(same_unit or others), None)
        if successor is not None:
            unpaired.remove(successor)
        yield current, successor
    yield from ((None, successor) for successor in unpaired)


def _end_of_cycle(current: Limit, successor: Limit, *, old: Definition, now: datetime) -> datetime:
    """Return when the running window ends.

    It ends with the calendar month if the new window counts months, else with its own cycle.
    """
    if UNITS[required(successor.unit)].months:
        return replace(successor, since=None, until=None).cycle(now, badge_starts_at=now)[1]
    return replace(current, until=None).cycle(now, badge_starts_at=old.starts_at)[1]


def _bounds(limit: Limit, badge: Definition) -> tuple[datetime, datetime]:
    """Return the first day of a fixed window, and its exclusive end."""
    begins_at = start_of_day(limit.since or badge.starts_at)
    return begins_at, min(badge.expires_at, limit.until or badge.expires_at)


def _cycle(dt: datetime, limit: Limit, badge: Definition) -> Days:
    """Return the cycle that contains a time, cut where the badge begins and ends."""
    since, until = limit.cycle(dt, badge_starts_at=badge.starts_at)
    begins_at, _ends_at = _bounds(limit, badge)
    last_day = start_of_day(min(until, badge.expires_at) - INSTANT)
    return Days(max(since, begins_at), last_day, limit)


def _step(limit: Limit, cycles: int) -> tuple[Unit, int]:
    return required(limit.unit), required(limit.length) * cycles


def _anchor(limit: Limit, badge: Definition) -> datetime:
    """Return the day on which the first cycle would begin if the badge did not cut it."""
    begins_at, _ends_at = _bounds(limit, badge)
    untruncated = replace(limit, until=None)
    return shift(
        untruncated.cycle(begins_at, badge_starts_at=badge.starts_at)[1], *_step(limit, -1)
    )


def _number(dt: datetime, limit: Limit, badge: Definition) -> int:
    """Return the number of the cycle that contains a time, counted from 0."""
    anchor = _anchor(limit, badge)
    if months := UNITS[required(limit.unit)].months * required(limit.length):
        return ((dt.year - anchor.year) * 12 + dt.month - anchor.month) // months
    return (dt - anchor) // (shift(anchor, *_step(limit, 1)) - anchor)
