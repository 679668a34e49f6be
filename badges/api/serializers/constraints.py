"""Limits in the wire format: constraints of a customer or of the badge (CONTRACT.md, 2.9.2)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import EpochField, IsoDateTimeField, StrictChoiceField, WholeNumberField
from badges.api.serializers.shared import ListItem, OptionalFieldsSerializer
from badges.models import (
    CycleStatus,
    Definition,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
    Weekday,
)
from badges.models.units import UNITS
from badges.models.values import required
from badges.services.catalogue.windows import reference_id, window_of

NO_LIMIT = "NO_LIMIT"
PREFIXES = {LimitLevel.CUSTOMER: "CUSTOMER_BADGE_", LimitLevel.BADGE: "BADGE_"}
UNIT_ALIASES = {traits.alias: unit for unit, traits in UNITS.items()}
# The fields of a customer's rolling window, by unit: the maximum and the length.
ROLLS = {unit: (f"maxEarnFor{unit.title()}", f"rollFor{unit.title()}") for unit in Unit}
MAX_CAP = 2**31 - 1
MAX_LENGTH = 2**15 - 1
MAX_CONSTRAINTS = 100
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


def constraint_type(level: LimitLevel, kind: str) -> str:
    """Return the wire name of a kind of limit."""
    return PREFIXES[level] + kind


def constraint_types(level: LimitLevel) -> list[str]:
    return [constraint_type(level, kind) for kind in (*LimitKind.values, NO_LIMIT)]


def cap(**kwargs) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=MAX_CAP, **OPTIONAL, **kwargs)


def length(**kwargs) -> WholeNumberField:
    return WholeNumberField(min_value=1, max_value=MAX_LENGTH, **OPTIONAL, **kwargs)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": Weekday.names},
            {"type": "integer", "minimum": 1, "maximum": 7},
        ]
    }
)
class WeekdayField(serializers.Field):
    """The name of a weekday, or 1 for Monday to 7 for Sunday; responses have the name."""

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
    """The constraints of one level, which are converted to limits.

    A client may send a response back. Expired fixed windows, and an active one before an upcoming
    one, are then ignored, because the services keep this history.
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
    startDateISO = IsoDateTimeField(source="first_day")
    endDate = EpochField(source="last_day")
    endDateISO = IsoDateTimeField(source="last_day")


class Constraint(ListItem, OptionalFieldsSerializer):
    """A maximum number of earns, converted to its limits and the cycle status from the body."""

    level: LimitLevel
    optional_fields = (
        "referenceId",
        "startDate",
        "startDateISO",
        "endDate",
        "endDateISO",
        "currentCycle",
    )

    maxEarnLimit = cap(help_text="Not allowed for the rolling windows of each customer.")
    durationType = StrictChoiceField(Unit.values, aliases=UNIT_ALIASES, **OPTIONAL)
    refreshRate = length(help_text="The number of days of a cycle; always 1 for weeks and months.")
    startDayOfTheWeek = WeekdayField(**OPTIONAL)
    referenceId = serializers.UUIDField(read_only=True)
    cycleStatus = StrictChoiceField(
        CycleStatus.values,
        **OPTIONAL,
        help_text="Set in responses. In a request it identifies an existing fixed window.",
    )
    startDate = EpochField(read_only=True)
    startDateISO = IsoDateTimeField(read_only=True)
    endDate = EpochField(read_only=True)
    endDateISO = IsoDateTimeField(read_only=True)
    currentCycle = Days(read_only=True, help_text="The current cycle of the active fixed window.")

    class Meta:
        list_serializer_class = ConstraintList

    def to_internal_value(self, data):
        attrs = super().to_internal_value(data)
        kind = attrs["constraintType"].removeprefix(PREFIXES[self.level])
        convert = {
            LimitKind.FIXED_VALUE: self._fixed_value,
            LimitKind.ROLLING_WINDOW: self._rolling_window,
            LimitKind.FIXED_WINDOW: self._fixed_window,
            NO_LIMIT: lambda attrs: [],
        }[kind]
        return attrs.get("cycleStatus"), convert(attrs)

    def _limit(self, kind, *args) -> list[Limit]:
        return [Limit(self.level, kind, *args)]

    def _fixed_value(self, attrs) -> list[Limit]:
        self._need(attrs, "maxEarnLimit")
        return self._limit(LimitKind.FIXED_VALUE, attrs["maxEarnLimit"])

    def _fixed_window(self, attrs) -> list[Limit]:
        self._need(attrs, "maxEarnLimit", "durationType")
        unit, rate = Unit(attrs["durationType"]), attrs.get("refreshRate")
        if UNITS[unit].repeats:
            self._need(attrs, "refreshRate")
        elif rate not in (None, 1):
            raise serializers.ValidationError(
                {"refreshRate": _("A fixed window is one whole week or month.")}
            )
        weekday = attrs.get("startDayOfTheWeek") if UNITS[unit].starts_on_weekday else None
        return self._limit(LimitKind.FIXED_WINDOW, attrs["maxEarnLimit"], unit, rate or 1, weekday)

    @staticmethod
    def _need(attrs: dict, *names: str) -> None:
        missing = [name for name in names if attrs.get(name) is None]
        if missing:
            text = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError(dict.fromkeys(missing, text), code="required")


class CustomerConstraint(Constraint):
    """The maximum number of times that each customer may earn the badge.

    A rolling window has one to three pairs of a maximum and a length.
    """

    level = LimitLevel.CUSTOMER

    constraintType = StrictChoiceField(constraint_types(LimitLevel.CUSTOMER))
    maxEarnForDays = cap()
    rollForDays = length()
    maxEarnForWeeks = cap()
    rollForWeeks = length()
    maxEarnForMonths = cap()
    rollForMonths = length()

    def _rolling_window(self, attrs) -> list[Limit]:
        limits = []
        for unit, pair in ROLLS.items():
            if any(attrs.get(name) is not None for name in pair):
                self._need(attrs, *pair)
                maximum, length = (attrs[name] for name in pair)
                limits += self._limit(LimitKind.ROLLING_WINDOW, maximum, unit, length)
        if not limits:
            self._need(attrs, *ROLLS[Unit.DAYS])
        return limits


class BadgeConstraint(Constraint):
    """The maximum number of times that all customers together may earn the badge."""

    level = LimitLevel.BADGE

    constraintType = StrictChoiceField(constraint_types(LimitLevel.BADGE))
    rollType = StrictChoiceField(Unit.values, aliases=UNIT_ALIASES, **OPTIONAL)
    rollValue = length()

    def _rolling_window(self, attrs) -> list[Limit]:
        self._need(attrs, "rollType", "rollValue", "maxEarnLimit")
        unit = Unit(attrs["rollType"])
        return self._limit(
            LimitKind.ROLLING_WINDOW, attrs["maxEarnLimit"], unit, attrs["rollValue"]
        )


def constraints_of(badge: Definition, level: LimitLevel, *, now: datetime) -> list[dict]:
    """Return the limits of one level as constraint objects, with fixed windows in order."""
    limits = [limit for limit in badge.limits if limit.level == level]
    return [_constraint(group, badge, now) for group in group_by_constraint(limits)]


def group_by_constraint(limits: Iterable[Limit]) -> Iterator[list[Limit]]:
    """Yield the limits of one level by constraint: rolling windows of a customer are one."""
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
    wire: dict[str, Any] = {"constraintType": constraint_type(first.level, first.kind)}
    if first.kind == LimitKind.ROLLING_WINDOW and first.level == LimitLevel.CUSTOMER:
        for limit in limits:
            maximum, length = ROLLS[required(limit.unit)]
            wire |= {maximum: limit.max_earns, length: limit.length}
        return wire
    wire["maxEarnLimit"] = first.max_earns
    if first.kind == LimitKind.ROLLING_WINDOW:
        wire |= {"rollType": first.unit, "rollValue": first.length}
    if first.kind == LimitKind.FIXED_WINDOW:
        wire |= _fixed_window(first, badge, now)
    return wire


def _fixed_window(limit: Limit, badge: Definition, now: datetime) -> dict:
    window = window_of(limit, badge, now=now)
    wire = {
        "durationType": limit.unit,
        "refreshRate": limit.length,
        "startDayOfTheWeek": limit.weekday_name,
        "referenceId": str(reference_id(limit)),
        "cycleStatus": window.status,
        **Days(window.days).data,
    }
    return wire | {"currentCycle": Days(window.current).data} if window.current else wire
