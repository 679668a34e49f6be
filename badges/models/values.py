"""Immutable values: who triggers, when something expires, how often it may be earned.

They hold no database state, so that the rules can be asked anywhere; the tables make them.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from badges.models.choices import (
    CycleStatus,
    EarnType,
    ExpiryKind,
    LimitKind,
    LimitLevel,
    Status,
    Unit,
)

NEVER_IN_YEARS = 100

# In counts by day, the day of the row that holds all of its days together.
EVER = date.min


def add_months(moment: datetime, months: int) -> datetime:
    """Return the same day `months` later (or earlier), or the last day of a shorter month."""
    month_index = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(month_index, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))


def shift(moment: datetime, unit: Unit, count: int) -> datetime:
    """Return the moment `count` days, weeks or calendar months later; negative counts go back."""
    if unit == Unit.MONTHS:
        return add_months(moment, count)
    return moment + timedelta(days=count * (7 if unit == Unit.WEEKS else 1))


def start_of_day(moment: datetime) -> datetime:
    """Return 00:00 UTC of the moment's day in UTC."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def status_between(starts_at: datetime, expires_at: datetime, now: datetime) -> Status:
    """Return where something with this period stands now."""
    if now < starts_at:
        return Status.UPCOMING
    return Status.LIVE if now < expires_at else Status.EXPIRED


@dataclass(frozen=True, slots=True)
class Owner:
    """The concrete object of a module that triggers an operation, `triggeredBy` on the wire."""

    owner_type: str
    reference_id: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """When something ends (contract, 2.9.1 and 4.6)."""

    kind: ExpiryKind
    unit: Unit | None = None
    count: int | None = None
    at: datetime | None = None

    def ends(self, *, base: datetime, badge_expires_at: datetime) -> datetime:
        """Return the end for something that begins at `base`."""
        if self.kind == ExpiryKind.RELATIVE:
            return shift(base, self.unit, self.count)
        if self.kind == ExpiryKind.FIXED_DATE:
            return self.at
        if self.kind == ExpiryKind.WITH_BADGE:
            return badge_expires_at
        return add_months(base, NEVER_IN_YEARS * 12)


@dataclass(frozen=True, slots=True)
class Span:
    """Which earned badges a limit counts: by event date or by processing time, since .. until.

    `since` counts itself for event dates and not for processing times; `until` never does.
    With neither, all of them count.
    """

    by: str = "event_at"
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, *, event_at: datetime, earned_at: datetime) -> bool:
        """Whether a badge that was earned then counts."""
        moment = event_at if self.by == "event_at" else earned_at
        begun = self.since is None or moment > self.since
        begun = begun or (self.by == "event_at" and moment == self.since)
        return begun and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_earns` in a span, for each customer or for all together (contract, 4.5)."""

    level: LimitLevel
    kind: LimitKind
    max_earns: int
    unit: Unit | None = None
    length: int | None = None
    first_weekday: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def shape(self) -> tuple:
        """What makes two fixed windows the same one, whatever their cap."""
        return self.unit, self.length, self.first_weekday or 0

    def covers(self, event_at: datetime) -> bool:
        """Whether the limit holds for an event: a changed fixed window hands over to the next."""
        return (self.since is None or self.since <= event_at) and (
            self.until is None or event_at < self.until
        )

    def cycle_status(self, now: datetime) -> CycleStatus:
        """Return where a fixed window stands beside those it replaced or is replaced by."""
        if self.since is not None and now < self.since:
            return CycleStatus.UPCOMING
        return CycleStatus.ACTIVE if self.covers(now) else CycleStatus.EXPIRED

    def cycle(self, moment: datetime, *, badge_starts_at: datetime) -> tuple[datetime, datetime]:
        """Return the first day (00:00 UTC) of the fixed window's cycle, and the first day after it.

        Blocks of days are counted from the day the window or its badge begins; cycles are cut where
        a changed window begins or ends (contract, 4.5).
        """
        first_day = start_of_day(self.since or badge_starts_at)
        since, until = self._cycle(start_of_day(moment), first_day)
        return max(since, self.since or since), min(until, self.until or until)

    def span(self, *, event_at: datetime, now: datetime, badge_starts_at: datetime) -> Span:
        """Return what counts against an earn of `event_at` that is processed `now`."""
        if self.kind == LimitKind.ROLLING_WINDOW:
            return Span("earned_at", since=shift(now, self.unit, -self.length))
        if self.kind == LimitKind.FIXED_WINDOW:
            return Span("event_at", *self.cycle(event_at, badge_starts_at=badge_starts_at))
        return Span()

    def _cycle(self, day: datetime, first_day: datetime) -> tuple[datetime, datetime]:
        """Return the first day of the cycle that holds `day`, and the first day after it."""
        if self.unit == Unit.MONTHS:
            since = day.replace(day=1)
            return since, add_months(since, 1)
        if self.unit == Unit.WEEKS:
            passed, length = (day.weekday() - (self.first_weekday or 0)) % 7, 7
        else:
            passed, length = (day - first_day).days % self.length, self.length
        since = day - timedelta(days=min(passed, day.toordinal() - 1))  # there is no year 0
        return since, day + timedelta(days=length - passed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Everything the rules ask of a badge, as it stood at one version."""

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

    def limits_at(self, event_at: datetime, level: LimitLevel | None = None) -> tuple[Limit, ...]:
        """Return the limits that hold for an event, of one level or of both."""
        return tuple(
            limit
            for limit in self.limits
            if limit.covers(event_at) and level in (None, limit.level)
        )

    def earned_badge_ends(self, now: datetime) -> datetime:
        """Return when a badge given now expires: counted from processing (contract, 4.6)."""
        return self.earned_expiry.ends(base=now, badge_expires_at=self.expires_at)

    def enrolment_ends(self, event_at: datetime) -> datetime:
        """Return when an enrolment expires: counted from its event date (contract, 4.6)."""
        return self.enrolment_expiry.ends(base=event_at, badge_expires_at=self.expires_at)

    def status(self, now: datetime) -> Status:
        """Return where the badge stands by its dates; whether it is active is another question."""
        return status_between(self.starts_at, self.expires_at, now)
