"""Limits as the wire has them: constraint objects of a customer or of the badge (2.9.2)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import EpochField, IsoMomentField, OneOfField, WholeNumberField
from badges.api.serializers.shared import ListItem, PartlyShown
from badges.models import (
    CycleStatus,
    Definition,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
    Weekday,
)
from badges.services.windows import reference_id, window_of

NO_LIMIT = "NO_LIMIT"
PREFIXES = {LimitLevel.CUSTOMER: "CUSTOMER_BADGE_", LimitLevel.BADGE: "BADGE_"}
UNITS = {"DAILY": Unit.DAYS, "WEEKLY": Unit.WEEKS, "MONTHLY": Unit.MONTHS}
# The pairs of a customer's rolling window, by unit: the cap and the length.
ROLLS = {
    unit: (f"maxEarnFor{unit.title()}", f"rollFor{unit.title()}")
    for unit in (Unit.DAYS, Unit.WEEKS, Unit.MONTHS)
}
GREATEST_CAP = 2**31 - 1
LONGEST = 2**15 - 1
MOST_CONSTRAINTS = 100
OPTIONAL = {"required": False, "allow_null": True}


def constraint_type(level: LimitLevel, kind: str) -> str:
    """Return the wire's name of a kind of limit."""
    return PREFIXES[level] + kind


def constraint_types(level: LimitLevel) -> list[str]:
    return [constraint_type(level, kind) for kind in (*LimitKind.values, NO_LIMIT)]


def cap(**kwargs) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=GREATEST_CAP, **OPTIONAL, **kwargs)


def length(**kwargs) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=LONGEST, **OPTIONAL, **kwargs)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": Weekday.names},
            {"type": "integer", "minimum": 1, "maximum": 7},
        ]
    }
)
class WeekdayField(serializers.Field):
    """The name of a day, or 1 for Monday to 7 for Sunday; a name in answers."""

    default_error_messages = {
        "invalid": _("Must be a number from 1 (Monday) to 7, or one of: {allowed}."),
    }

    def to_internal_value(self, data):
        if isinstance(data, str) and data in Weekday.names:
            return Weekday[data].value
        if type(data) is int and 1 <= data <= 7:
            return data - 1
        self.fail("invalid", allowed=", ".join(Weekday.names))

    def to_representation(self, value):
        return Weekday(value).name


class ConstraintList(serializers.ListSerializer):
    """The constraints of one level; gives the limits that are wanted.

    When an answer is sent back, fixed windows that are over, or followed by an upcoming one, are
    history: the services keep it.
    """

    def to_internal_value(self, data):
        constraints = super().to_internal_value(data)
        followers = [status for status, _limits in constraints[1:]]
        return [
            limit
            for (status, limits), follower in zip_longest(constraints, followers)
            if status != CycleStatus.EXPIRED
            and (status, follower) != (CycleStatus.ACTIVE, CycleStatus.UPCOMING)
            for limit in limits
        ]


class Days(serializers.Serializer):
    """The first and the last day of a window or cycle, each at 00:00 UTC, both inclusive."""

    startDate = EpochField(source="first_day")
    startDateISO = IsoMomentField(source="first_day")
    endDate = EpochField(source="last_day")
    endDateISO = IsoMomentField(source="last_day")


class Constraint(ListItem, PartlyShown):
    """A cap on earning; gives its limits, and the status that an answer showed with it."""

    level: LimitLevel
    sometimes = (
        "referenceId",
        "startDate",
        "startDateISO",
        "endDate",
        "endDateISO",
        "currentCycle",
    )

    maxEarnLimit = cap(help_text="Not with a rolling window of each customer.")
    durationType = OneOfField(Unit.values, aliases=UNITS, **OPTIONAL)
    refreshRate = length(help_text="How many days a cycle has; 1 week or month.")
    startDayOfTheWeek = WeekdayField(**OPTIONAL)
    referenceId = serializers.UUIDField(read_only=True)
    cycleStatus = OneOfField(
        CycleStatus.values,
        **OPTIONAL,
        help_text="Given in answers; sent back, it tells a known fixed window from a new one.",
    )
    startDate = EpochField(read_only=True)
    startDateISO = IsoMomentField(read_only=True)
    endDate = EpochField(read_only=True)
    endDateISO = IsoMomentField(read_only=True)
    currentCycle = Days(read_only=True, help_text="Of the active fixed window.")

    class Meta:
        list_serializer_class = ConstraintList

    def to_internal_value(self, data):
        given = super().to_internal_value(data)
        kind = given["constraintType"].removeprefix(PREFIXES[self.level])
        read = {
            LimitKind.FIXED_VALUE: self._fixed_value,
            LimitKind.ROLLING_WINDOW: self._rolling_window,
            LimitKind.FIXED_WINDOW: self._fixed_window,
            NO_LIMIT: lambda given: [],
        }[kind]
        return given.get("cycleStatus"), read(given)

    def _limit(self, kind, *args) -> list[Limit]:
        return [Limit(self.level, kind, *args)]

    def _fixed_value(self, given) -> list[Limit]:
        self._need(given, "maxEarnLimit")
        return self._limit(LimitKind.FIXED_VALUE, given["maxEarnLimit"])

    def _fixed_window(self, given) -> list[Limit]:
        self._need(given, "maxEarnLimit", "durationType")
        unit, rate = Unit(given["durationType"]), given.get("refreshRate")
        if unit == Unit.DAYS:
            self._need(given, "refreshRate")
        elif rate not in (None, 1):
            raise serializers.ValidationError(
                {"refreshRate": _("A fixed window is one whole week or month.")}
            )
        weekday = given.get("startDayOfTheWeek") if unit == Unit.WEEKS else None
        return self._limit(LimitKind.FIXED_WINDOW, given["maxEarnLimit"], unit, rate or 1, weekday)

    @staticmethod
    def _need(given: dict, *names: str) -> None:
        missing = [name for name in names if given.get(name) is None]
        if missing:
            text = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError(dict.fromkeys(missing, text), code="required")


class CustomerConstraint(Constraint):
    """A cap on how often each customer may earn the badge.

    A rolling window has any of the three pairs of a cap and a length.
    """

    level = LimitLevel.CUSTOMER

    constraintType = OneOfField(constraint_types(LimitLevel.CUSTOMER))
    maxEarnForDays = cap()
    rollForDays = length()
    maxEarnForWeeks = cap()
    rollForWeeks = length()
    maxEarnForMonths = cap()
    rollForMonths = length()

    def _rolling_window(self, given) -> list[Limit]:
        limits = []
        for unit, pair in ROLLS.items():
            if any(given.get(name) is not None for name in pair):
                self._need(given, *pair)
                most, length = (given[name] for name in pair)
                limits += self._limit(LimitKind.ROLLING_WINDOW, most, unit, length)
        if not limits:
            self._need(given, *ROLLS[Unit.DAYS])
        return limits


class BadgeConstraint(Constraint):
    """A cap on how often all customers together may earn the badge."""

    level = LimitLevel.BADGE

    constraintType = OneOfField(constraint_types(LimitLevel.BADGE))
    rollType = OneOfField(Unit.values, aliases=UNITS, **OPTIONAL)
    rollValue = length()

    def _rolling_window(self, given) -> list[Limit]:
        self._need(given, "rollType", "rollValue", "maxEarnLimit")
        unit = Unit(given["rollType"])
        return self._limit(
            LimitKind.ROLLING_WINDOW, given["maxEarnLimit"], unit, given["rollValue"]
        )


def constraints_of(badge: Definition, level: LimitLevel, *, now: datetime) -> list[dict]:
    """Return the limits of one level as constraint objects, fixed windows in their order."""
    limits = [limit for limit in badge.limits if limit.level == level]
    return [_constraint(group, badge, now) for group in grouped(limits)]


def grouped(limits: Iterable[Limit]) -> Iterator[list[Limit]]:
    """Yield the limits of one level by constraint: a customer's rolling windows are one."""
    rolling = []
    for limit in limits:
        if (limit.level, limit.kind) == (LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW):
            rolling.append(limit)
        else:
            yield [limit]
    if rolling:
        yield rolling


def _constraint(limits: list[Limit], badge: Definition, now: datetime) -> dict:
    first = limits[0]
    wire = {"constraintType": constraint_type(first.level, first.kind)}
    if first.kind == LimitKind.ROLLING_WINDOW and first.level == LimitLevel.CUSTOMER:
        for limit in limits:
            most, length = ROLLS[limit.unit]
            wire |= {most: limit.max_earns, length: limit.length}
        return wire
    wire["maxEarnLimit"] = first.max_earns
    if first.kind == LimitKind.ROLLING_WINDOW:
        wire |= {"rollType": first.unit, "rollValue": first.length}
    if first.kind == LimitKind.FIXED_WINDOW:
        wire |= _fixed_window(first, badge, now)
    return wire


def _fixed_window(limit: Limit, badge: Definition, now: datetime) -> dict:
    window = window_of(limit, badge, now=now)
    weekly = limit.unit == Unit.WEEKS
    wire = {
        "durationType": limit.unit,
        "refreshRate": limit.length,
        "startDayOfTheWeek": Weekday(limit.first_weekday or 0).name if weekly else None,
        "referenceId": str(reference_id(limit)),
        "cycleStatus": window.status,
        **Days(window.days).data,
    }
    return wire | {"currentCycle": Days(window.current).data} if window.current else wire
