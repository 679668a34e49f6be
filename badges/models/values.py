"""Immutable values: owners, expiry rules, limits and definitions.

They hold no database state, so that the rules can be called anywhere; the models create them.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar, assert_never

from badges.models.choices import (
    CycleStatus,
    EarnType,
    ExpiryKind,
    LimitKind,
    LimitLevel,
    Status,
    Unit,
    Weekday,
)
from badges.models.units import UNITS

T = TypeVar("T")

NEVER_IN_YEARS = 100

# In counts by day, the day of the row with the total over all days.
EVER = date.min


def required(value: T | None) -> T:
    """Return a value that is never None where it is read. Raises ValueError if it is None.

    For example, every limit with a window has a length, and a limit without a window has none.
    """
    if value is None:
        raise ValueError("A required value is missing.")
    return value


def add_months(dt: datetime, months: int) -> datetime:
    """Return the same day `months` later (or earlier), or the last day of a shorter month."""
    month_index = dt.year * 12 + dt.month - 1 + months
    year, month = divmod(month_index, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return dt.replace(year=year, month=month + 1, day=min(dt.day, last_day))


def is_never(expires_at: datetime, *, base: datetime) -> bool:
    """Return whether a period that begins at `base` has the end of one that never expires."""
    return expires_at.year - base.year == NEVER_IN_YEARS and expires_at == add_months(
        base, NEVER_IN_YEARS * 12
    )


def shift(dt: datetime, unit: Unit, count: int) -> datetime:
    """Return the datetime `count` days, weeks or calendar months later; negative counts go back."""
    traits = UNITS[unit]
    if traits.months:
        return add_months(dt, count * traits.months)
    return dt + timedelta(days=count * traits.days)


def start_of_day(dt: datetime) -> datetime:
    """Return 00:00 UTC of the day of a datetime in UTC."""
    return dt.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def status_between(starts_at: datetime, expires_at: datetime, now: datetime) -> Status:
    """Return the status at `now` for a period."""
    if now < starts_at:
        return Status.UPCOMING
    return Status.LIVE if now < expires_at else Status.EXPIRED


@dataclass(frozen=True, slots=True)
class Owner:
    """The object of a module that triggers an operation, `triggeredBy` in the API."""

    owner_type: str
    reference_id: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """The rule for the end of an earned badge or enrolment (CONTRACT.md, 2.9.1 and 4.6)."""

    kind: ExpiryKind
    unit: Unit | None = None
    count: int | None = None
    at: datetime | None = None

    def ends(self, *, base: datetime, badge_expires_at: datetime) -> datetime:
        """Return the end of a period that begins at `base`."""
        match self.kind:
            case ExpiryKind.NEVER:
                return add_months(base, NEVER_IN_YEARS * 12)
            case ExpiryKind.RELATIVE:
                return shift(base, required(self.unit), required(self.count))
            case ExpiryKind.FIXED_DATE:
                return required(self.at)
            case ExpiryKind.WITH_BADGE:
                return badge_expires_at
            case _:
                assert_never(self.kind)


@dataclass(frozen=True, slots=True)
class Span:
    """The earned badges that a limit counts: by event date or by processing time, since .. until.

    `since` is inclusive for event dates and exclusive for processing times; `until` is exclusive.
    Without either, all earned badges count.
    """

    by: str = "event_at"
    since: datetime | None = None
    until: datetime | None = None

    def lookups(self) -> dict[str, datetime]:
        """Return the lookups that select the earned badges of the span in a query."""
        lookups = {}
        if self.since is not None:
            lookups[f"{self.by}__{'gte' if self.by == 'event_at' else 'gt'}"] = self.since
        if self.until is not None:
            lookups[f"{self.by}__lt"] = self.until
        return lookups

    def contains(self, *, event_at: datetime, earned_at: datetime) -> bool:
        """Return whether a badge earned at these times counts; the same as `lookups` in Python."""
        dt = event_at if self.by == "event_at" else earned_at
        has_begun = self.since is None or dt > self.since
        has_begun = has_begun or (self.by == "event_at" and dt == self.since)
        return has_begun and (self.until is None or dt < self.until)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_earns` in a span, per customer or over all customers (CONTRACT.md, 4.5)."""

    level: LimitLevel
    kind: LimitKind
    max_earns: int
    unit: Unit | None = None
    length: int | None = None
    first_weekday: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def weekday(self) -> Weekday | None:
        """The first day of a window whose unit starts on a weekday, or None."""
        if self.unit is None or not UNITS[self.unit].starts_on_weekday:
            return None
        return Weekday(self.first_weekday or 0)

    @property
    def weekday_name(self) -> str | None:
        """The name of `weekday` in the API, or None."""
        return None if self.weekday is None else self.weekday.name

    @property
    def shape(self) -> tuple[Unit | None, int | None, int]:
        """The properties that identify a fixed window, without `max_earns`."""
        return self.unit, self.length, self.first_weekday or 0

    def covers(self, event_at: datetime) -> bool:
        """Return whether the limit applies to an event; a changed fixed window has an end."""
        return (self.since is None or self.since <= event_at) and (
            self.until is None or event_at < self.until
        )

    def cycle_status(self, now: datetime) -> CycleStatus:
        """Return the status of a fixed window relative to its predecessors and successors."""
        if self.since is not None and now < self.since:
            return CycleStatus.UPCOMING
        return CycleStatus.ACTIVE if self.covers(now) else CycleStatus.EXPIRED

    def cycle(self, dt: datetime, *, badge_starts_at: datetime) -> tuple[datetime, datetime]:
        """Return the first day (00:00 UTC) of the fixed window's cycle, and the first day after it.

        Blocks of days are counted from the first day of the window or of its badge. Cycles are
        truncated where a changed window begins or ends (CONTRACT.md, 4.5).
        """
        first_day = start_of_day(self.since or badge_starts_at)
        since, until = self._cycle(start_of_day(dt), first_day)
        return max(since, self.since or since), min(until, self.until or until)

    def span(self, *, event_at: datetime, now: datetime, badge_starts_at: datetime) -> Span:
        """Return the earned badges that count against an earn of `event_at`, processed at `now`."""
        match self.kind:
            case LimitKind.FIXED_VALUE:
                return Span()
            case LimitKind.ROLLING_WINDOW:
                since = shift(now, required(self.unit), -required(self.length))
                return Span("earned_at", since=since)
            case LimitKind.FIXED_WINDOW:
                return Span("event_at", *self.cycle(event_at, badge_starts_at=badge_starts_at))
            case _:
                assert_never(self.kind)

    def _cycle(self, day: datetime, first_day: datetime) -> tuple[datetime, datetime]:
        """Return the first day of the cycle that contains `day`, and the first day after it."""
        unit = required(self.unit)
        match unit:
            case Unit.MONTHS:
                since = day.replace(day=1)
                return since, add_months(since, 1)
            case Unit.WEEKS:
                offset, length = (day.weekday() - (self.first_weekday or 0)) % 7, 7
            case Unit.DAYS:
                length = required(self.length)
                offset = (day - first_day).days % length
            case _:
                assert_never(unit)
        since = day - timedelta(days=min(offset, day.toordinal() - 1))  # there is no year 0
        return since, day + timedelta(days=length - offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The data of a badge that the rules read, at one version."""

    id: str
    version: int
    name: str
    earn_type: EarnType
    active: bool
    starts_at: datetime
    expires_at: datetime
    earned_expiry: Expiry
    enrolment_expiry: Expiry | None
    owners: frozenset[str]
    claims: frozenset[Owner]
    limits: tuple[Limit, ...]

    @property
    def needs_enrolment(self) -> bool:
        return self.earn_type == EarnType.ISSUE_EARN

    @property
    def has_badge_limits(self) -> bool:
        return any(limit.level == LimitLevel.BADGE for limit in self.limits)

    @property
    def needs_lock(self) -> bool:
        """Whether an earn reads counts or an enrolment, under the lock of the badge."""
        return bool(self.limits or self.needs_enrolment)

    def limits_at(self, event_at: datetime, level: LimitLevel | None = None) -> tuple[Limit, ...]:
        """Return the limits that apply to an event, of one level or of both."""
        return tuple(
            limit
            for limit in self.limits
            if limit.covers(event_at) and level in (None, limit.level)
        )

    def earned_badge_ends(self, now: datetime) -> datetime:
        """Return when a badge given now expires: counted from processing (CONTRACT.md, 4.6)."""
        return self.earned_expiry.ends(base=now, badge_expires_at=self.expires_at)

    def enrolment_ends(self, event_at: datetime) -> datetime:
        """Return when an enrolment expires: counted from its event date (CONTRACT.md, 4.6)."""
        expiry = required(self.enrolment_expiry)
        return expiry.ends(base=event_at, badge_expires_at=self.expires_at)

    def status(self, now: datetime) -> Status:
        """Return the status by dates, regardless of `active`."""
        return status_between(self.starts_at, self.expires_at, now)
