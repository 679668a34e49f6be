"""Fixed windows: how they follow an edit, and the cycles they have (contract, 4.5 and 2.15)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid3

from badges.models import CycleStatus, Definition, Limit, LimitKind, LimitLevel, Status, Unit
from badges.models.values import add_months, shift, start_of_day

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
    """Where a fixed window stands at a moment; `current` is the running cycle of an active one."""

    status: CycleStatus
    days: Days
    current: Days | None


class Cycles(Sequence):
    """The cycles of some fixed windows, one window after the other; made only when asked for.

    A cycle of one day has 36,500 of its like in a badge of 100 years.
    """

    def __init__(self, runs: Iterable["Run"]):
        self.runs = [run for run in runs if run.count > 0]

    def __len__(self):
        return sum(run.count for run in self.runs)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        for run in self.runs:
            if place < run.count:
                return run.cycle(run.first + place)
            place -= run.count
        raise IndexError(place)


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
        opens, closes = _bounds(limit, badge)
        since, until = max(start_of_day(since), opens), min(until, closes - INSTANT)
        if since > until:
            return cls(badge, limit, 0, 0)
        first, last = (_number(moment, limit, badge) for moment in (since, until))
        return cls(badge, limit, first, last - first + 1)

    def cycle(self, number: int) -> Days:
        opens, _closes = _bounds(self.limit, self.badge)
        moment = max(opens, shift(_anchor(self.limit, self.badge), *_step(self.limit, number)))
        return _cycle(moment, self.limit, self.badge)


def reference_id(limit: Limit) -> UUID:
    """Return the id of a fixed window: the same type, duration and rate have the same one."""
    parts = (limit.level, limit.kind, limit.unit, limit.length)
    return uuid3(NAMESPACE_OID, "/".join(map(str, parts)))


def cycles_between(
    since: datetime, until: datetime, *, limits: Iterable[Limit], badge: Definition
) -> Cycles:
    """Return the cycles of fixed windows that share a day with since .. until, both inclusive."""
    return Cycles(Run.between(since, until, limit=limit, badge=badge) for limit in limits)


def window_of(limit: Limit, badge: Definition, *, now: datetime) -> Window:
    """Return where a fixed window stands beside its like; before the badge begins none is active.

    One that was active when the badge ended stays so: the badge may be prolonged.
    """
    opens, closes = _bounds(limit, badge)
    days = Days(opens, max(opens, start_of_day(closes - INSTANT)), limit)
    if badge.status(now) == Status.UPCOMING:
        return Window(CycleStatus.UPCOMING, days, None)
    status = limit.cycle_status(now)
    running = status == CycleStatus.ACTIVE and badge.status(now) == Status.LIVE
    return Window(status, days, _cycle(now, limit, badge) if running else None)


def carried_over(old: Definition, wanted: Iterable[Limit], *, now: datetime) -> list[Limit]:
    """Return the limits to keep when `wanted` is saved over a badge.

    Before the badge has begun it is simply `wanted`. After, a fixed window of another shape waits
    (UPCOMING) until the cycle of the running one ends; one of the same shape has its cap changed
    where it stands; past windows stay on record.
    """
    wanted = list(wanted)
    if old.status(now) == Status.UPCOMING:
        return wanted
    kept = [limit for limit in wanted if limit.kind != LimitKind.FIXED_WINDOW]
    for level in LimitLevel:
        before = [limit for limit in _fixed(old.limits) if limit.level == level]
        after = [limit for limit in _fixed(wanted) if limit.level == level]
        kept += _handed_over(before, after, old=old, now=now)
    return kept


def _fixed(limits: Iterable[Limit]) -> list[Limit]:
    return [limit for limit in limits if limit.kind == LimitKind.FIXED_WINDOW]


def _handed_over(
    before: list[Limit], after: list[Limit], *, old: Definition, now: datetime
) -> list[Limit]:
    """Return the fixed windows of one level after an edit: past ones, the running, the next."""
    kept = [limit for limit in before if limit.cycle_status(now) == CycleStatus.EXPIRED]
    running = [limit for limit in before if limit.cycle_status(now) == CycleStatus.ACTIVE]
    for current, wanted in _pairs(running, after):
        if current is None:
            kept.append(wanted)
        elif wanted is not None and wanted.shape == current.shape:
            kept.append(replace(current, until=None, max_earns=wanted.max_earns))
        elif wanted is not None:
            handover = _end_of_cycle(current, wanted, old=old, now=now)
            kept += [replace(current, until=handover), replace(wanted, since=handover)]
    return kept


def _pairs(running: list[Limit], after: list[Limit]) -> Iterator[tuple[Limit | None, Limit | None]]:
    """Yield each running window with the one that follows it: one of its unit, else any other."""
    free = list(after)
    for current in sorted(running, key=lambda limit: limit.unit not in {w.unit for w in after}):
        same_unit = [wanted for wanted in free if wanted.unit == current.unit]
        others = [w for w in free if w.unit not in {limit.unit for limit in running}]
        wanted = next(iter(same_unit or others), None)
        if wanted is not None:
            free.remove(wanted)
        yield current, wanted
    yield from ((None, wanted) for wanted in free)


def _end_of_cycle(current: Limit, wanted: Limit, *, old: Definition, now: datetime) -> datetime:
    """Return when the running window makes way: for months with a month, else with its cycle."""
    if wanted.unit == Unit.MONTHS:
        return add_months(start_of_day(now).replace(day=1), 1)
    return replace(current, until=None).cycle(now, badge_starts_at=old.starts_at)[1]


def _bounds(limit: Limit, badge: Definition) -> tuple[datetime, datetime]:
    """Return the first day of a fixed window, and the moment from which it holds no more."""
    opens = start_of_day(limit.since or badge.starts_at)
    return opens, min(badge.expires_at, limit.until or badge.expires_at)


def _cycle(moment: datetime, limit: Limit, badge: Definition) -> Days:
    """Return the cycle that holds a moment, cut where the badge begins and ends."""
    since, until = limit.cycle(moment, badge_starts_at=badge.starts_at)
    opens, _closes = _bounds(limit, badge)
    last_day = start_of_day(min(until, badge.expires_at) - INSTANT)
    return Days(max(since, opens), last_day, limit)


def _step(limit: Limit, cycles: int) -> tuple[Unit, int]:
    return limit.unit, limit.length * cycles


def _anchor(limit: Limit, badge: Definition) -> datetime:
    """Return the day on which the first cycle would begin if the badge did not cut it."""
    opens, _closes = _bounds(limit, badge)
    uncut = replace(limit, until=None)
    return shift(uncut.cycle(opens, badge_starts_at=badge.starts_at)[1], *_step(limit, -1))


def _number(moment: datetime, limit: Limit, badge: Definition) -> int:
    """Return the number of the cycle that holds a moment, counted from 0."""
    anchor = _anchor(limit, badge)
    if limit.unit == Unit.MONTHS:
        return (moment.year - anchor.year) * 12 + moment.month - anchor.month
    return (moment - anchor) // (shift(anchor, *_step(limit, 1)) - anchor)
