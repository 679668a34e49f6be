"""The details of one badge for one customer (CONTRACT.md, 2.8)."""

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import EpochField, IsoDateTimeField
from badges.api.serializers.constraints import ROLLS, Days, group_by_constraint
from badges.api.serializers.customers import LastEarned
from badges.api.serializers.definitions import OWNER_TYPES, BadgeSummary
from badges.api.serializers.expiries import ExpiryOutput, expiry_of
from badges.api.serializers.shared import OptionalFieldsSerializer
from badges.models import (
    CycleStatus,
    EarnType,
    FactStatus,
    Limit,
    LimitKind,
    LimitLevel,
    OwnerType,
    Unit,
    Weekday,
)
from badges.models.values import required
from badges.selectors.customer_badges import CustomerBadge, status_of
from badges.services.catalogue.windows import reference_id, window_of

KINDS = {
    LimitKind.FIXED_VALUE: "OVERALL",
    LimitKind.ROLLING_WINDOW: "ROLLING_WINDOW",
    LimitKind.FIXED_WINDOW: "FIXED_WINDOW",
}


class UseOutput(serializers.Serializer):
    """The number of issued badges that count against a limit now.

    The rolling windows of a customer have one number for each unit.
    """

    currentEarnCount = serializers.IntegerField(allow_null=True)
    currentEarnCountDays = serializers.IntegerField(allow_null=True)
    currentEarnCountWeeks = serializers.IntegerField(allow_null=True)
    currentEarnCountMonths = serializers.IntegerField(allow_null=True)


class RollsOutput(serializers.Serializer):
    """The rolling windows per customer, from the definition of the badge."""

    maxEarnForDays = serializers.IntegerField(required=False)
    rollForDays = serializers.IntegerField(required=False)
    maxEarnForWeeks = serializers.IntegerField(required=False)
    rollForWeeks = serializers.IntegerField(required=False)
    maxEarnForMonths = serializers.IntegerField(required=False)
    rollForMonths = serializers.IntegerField(required=False)


class ConstraintUseOutput(serializers.Serializer):
    """A limit and its current use; a level without limits has one entry of type NONE."""

    constraintLevel = serializers.ChoiceField(LimitLevel.values)
    constraintType = serializers.ChoiceField([*KINDS.values(), "NONE"])
    rollType = serializers.ChoiceField(Unit.values, allow_null=True)
    rollValue = serializers.IntegerField(allow_null=True)
    rollingWindowLimits = RollsOutput(allow_null=True)
    refreshRate = serializers.IntegerField(allow_null=True)
    durationType = serializers.ChoiceField(Unit.values, allow_null=True)
    startDayOfTheWeek = serializers.ChoiceField(Weekday.names, allow_null=True)
    cycleStatus = serializers.ChoiceField(CycleStatus.values, allow_null=True)
    maxEarnLimit = serializers.IntegerField(allow_null=True)
    earnConstraintBlockStatistics = UseOutput()
    fixedWindowCycle = Days(
        allow_null=True, help_text="The current cycle of the active fixed window."
    )
    fixedWindowReferenceId = serializers.UUIDField(allow_null=True)


UNUSED = dict.fromkeys(UseOutput().fields)
UNLIMITED = dict.fromkeys(ConstraintUseOutput().fields) | {
    "constraintType": "NONE",
    "earnConstraintBlockStatistics": UNUSED,
}


def uses(customer_badge: CustomerBadge, level: LimitLevel) -> list[dict]:
    """Return the constraints of one level in the wire format."""
    limits = [limit for limit in customer_badge.definition.limits if limit.level == level]
    output = [UNLIMITED | _use(group, customer_badge) for group in group_by_constraint(limits)]
    return [constraint | {"constraintLevel": level} for constraint in output or [UNLIMITED]]


def _use(limits: list[Limit], customer_badge: CustomerBadge) -> dict:
    limit = limits[0]
    output: dict[str, Any] = {"constraintType": KINDS[limit.kind]}
    if limit.kind == LimitKind.FIXED_WINDOW:
        return output | _fixed_window(limit, customer_badge)
    if limit.kind == LimitKind.ROLLING_WINDOW and limit.level == LimitLevel.CUSTOMER:
        return output | _rolling_windows(limits, customer_badge)
    if limit.kind == LimitKind.ROLLING_WINDOW:
        output |= {"rollType": limit.unit, "rollValue": limit.length}
    return output | _counted(limit, customer_badge)


def _counted(limit: Limit, customer_badge: CustomerBadge) -> dict:
    count = UNUSED | {"currentEarnCount": required(customer_badge.used)[limit]}
    return {"maxEarnLimit": limit.max_earns, "earnConstraintBlockStatistics": count}


def _rolling_windows(limits: Iterable[Limit], customer_badge: CustomerBadge) -> dict:
    used = required(customer_badge.used)
    rolls: dict[str, int | None] = {}
    counts: dict[str, int] = {}
    for limit in limits:
        unit = required(limit.unit)
        maximum, length = ROLLS[unit]
        rolls |= {maximum: limit.max_earns, length: limit.length}
        counts[f"currentEarnCount{unit.title()}"] = used[limit]
    return {"rollingWindowLimits": rolls, "earnConstraintBlockStatistics": UNUSED | counts}


def _fixed_window(limit: Limit, customer_badge: CustomerBadge) -> dict:
    """Return a fixed window; only the current one has a cycle and a count."""
    window = window_of(limit, customer_badge.definition, now=customer_badge.now)
    output = {
        "durationType": limit.unit,
        "refreshRate": limit.length,
        "startDayOfTheWeek": limit.weekday_name,
        "cycleStatus": window.status,
        "maxEarnLimit": limit.max_earns,
        "fixedWindowReferenceId": str(reference_id(limit)),
    }
    if window.current is None:
        return output
    return (
        output | _counted(limit, customer_badge) | {"fixedWindowCycle": Days(window.current).data}
    )


class RecordedOwnerField(serializers.ChoiceField):
    """The owner type of an enrolment or issued badge; null if none was recorded."""

    def __init__(self, **kwargs):
        super().__init__(OwnerType.values, allow_null=True, **kwargs)

    def to_representation(self, value):
        return value or None


class IssualOutput(serializers.Serializer):
    """One enrolment of the customer."""

    issueId = serializers.CharField(source="pk")
    issuedStatus = serializers.SerializerMethodField()
    issuedOn = EpochField(source="enrolled_at")
    issuedOnISO = IsoDateTimeField(source="enrolled_at")
    issueEventDate = EpochField(source="event_at")
    issueEventDateISO = IsoDateTimeField(source="event_at")
    issueExpiresOn = EpochField(source="expires_at")
    issueExpiresOnISO = IsoDateTimeField(source="expires_at")
    revokedOn = EpochField(source="revoked_at", allow_null=True)
    revokedOnISO = IsoDateTimeField(source="revoked_at", allow_null=True)
    ownerType = RecordedOwnerField(source="owner_type")
    ownerReferenceId = serializers.CharField(source="reference_id")

    def get_issuedStatus(self, enrolment) -> FactStatus:
        return enrolment.status(self.context["now"])


class EarnedOutput(serializers.Serializer):
    """One issued badge of the customer."""

    earnedBadgeId = serializers.CharField(source="pk")
    earnStatus = serializers.SerializerMethodField()
    earnedOn = EpochField(source="earned_at")
    earnedOnISO = IsoDateTimeField(source="earned_at")
    earnEventDate = EpochField(source="event_at")
    earnEventDateISO = IsoDateTimeField(source="event_at")
    earnExpiresOn = EpochField(source="expires_at")
    earnExpiresOnISO = IsoDateTimeField(source="expires_at")
    revokedOn = EpochField(source="revoked_at", allow_null=True)
    revokedOnISO = IsoDateTimeField(source="revoked_at", allow_null=True)
    issuedId = serializers.CharField(source="enrolment_id", allow_null=True)
    ownerType = RecordedOwnerField(source="owner_type")
    ownerReferenceId = serializers.CharField(source="reference_id")
    requestId = serializers.CharField(source="sent_id", allow_null=True)

    @extend_schema_field({"type": "string", "enum": ["LIVE", "EXPIRED", "REVOKED"]})
    def get_earnStatus(self, earned) -> str:
        status = earned.status(self.context["now"])
        # The customer has an issued badge from the start, even if its event date is in the future.
        return status if status in (FactStatus.EXPIRED, FactStatus.REVOKED) else "LIVE"


class IssualDetails(serializers.Serializer):
    """All enrolments of the customer, newest first."""

    issuedCount = serializers.SerializerMethodField()
    issuals = IssualOutput(source="enrolments", many=True)

    def get_issuedCount(self, customer_badge) -> int:
        return len(customer_badge.enrolments)


class EarnDetails(serializers.Serializer):
    """All issued badges of the customer; the count excludes revoked ones."""

    earnCount = serializers.SerializerMethodField()
    earns = EarnedOutput(source="earned", many=True)

    def get_earnCount(self, customer_badge) -> int:
        return customer_badge.badge.earned_count or 0


class CustomerBadgeDetail(LastEarned, BadgeSummary):
    """The details of one badge for one customer, without statistics."""

    # The context must contain the `CustomerBadge` as `customer_badge`.

    orgId = status = startOn = startOnISO = earnType = earnedBadgeExpiry = None
    ownership = createdBy = lastUpdatedBy = active = None

    startsOn = EpochField(source="starts_at")
    startsOnISO = IsoDateTimeField(source="starts_at")
    action = serializers.SerializerMethodField()
    badgeType = serializers.ChoiceField(EarnType.choices, source="earn_type")
    badgeStatus = serializers.SerializerMethodField(method_name="get_status")
    owner = serializers.SerializerMethodField()
    claimedBy = serializers.SerializerMethodField()
    earnExpiry = serializers.SerializerMethodField(method_name="get_earnedBadgeExpiry")
    issueExpiry = serializers.SerializerMethodField()
    issuedStatus = serializers.SerializerMethodField()
    activeEarnedCount = serializers.IntegerField(source="active_count")
    lastEarnedOn = EpochField(source="last_earned_at", allow_null=True)
    lastEarnedOnISO = IsoDateTimeField(source="last_earned_at", allow_null=True)

    @extend_schema_field({"type": "string", "enum": ["ACTIVATED", "DE_ACTIVATED"]})
    def get_action(self, badge) -> str:
        return "ACTIVATED" if badge.active else "DE_ACTIVATED"

    @extend_schema_field(OWNER_TYPES)
    def get_owner(self, badge):
        return [owner.owner_type for owner in badge.owners.all()]

    @extend_schema_field(OWNER_TYPES)
    def get_claimedBy(self, badge):
        claimed = [claim.owner_type for claim in badge.claims.all() if claim.active]
        return list(dict.fromkeys(claimed))

    def get_issueExpiry(self, badge) -> ExpiryOutput(allow_null=True):
        return badge.enrolment_expiry and expiry_of(badge.enrolment_expiry, badge)

    @extend_schema_field(serializers.ChoiceField(FactStatus.values, allow_null=True))
    def get_issuedStatus(self, badge):
        return status_of(self.context["customer_badge"].enrolments, self.now)


class CustomerBadgeStatistics(OptionalFieldsSerializer, CustomerBadgeDetail):
    """The details of one badge for one customer, with statistics if requested."""

    optional_fields = ("customerConstraints", "badgeConstraints", "issualDetails", "earnDetails")

    customerConstraints = serializers.SerializerMethodField()
    badgeConstraints = serializers.SerializerMethodField()
    issualDetails = serializers.SerializerMethodField()
    earnDetails = serializers.SerializerMethodField()

    def get_customerConstraints(self, badge) -> ConstraintUseOutput(many=True):
        return uses(self.context["customer_badge"], LimitLevel.CUSTOMER)

    def get_badgeConstraints(self, badge) -> ConstraintUseOutput(many=True):
        return uses(self.context["customer_badge"], LimitLevel.BADGE)

    def get_issualDetails(self, badge) -> IssualDetails:
        return IssualDetails(self.context["customer_badge"], context=self.context).data

    def get_earnDetails(self, badge) -> EarnDetails:
        return EarnDetails(self.context["customer_badge"], context=self.context).data


def detail_of(customer_badge: CustomerBadge) -> dict:
    """Return the badge in the wire format, with statistics if they were requested."""
    output = CustomerBadgeDetail if customer_badge.used is None else CustomerBadgeStatistics
    return output(
        customer_badge.badge, context={"customer_badge": customer_badge, "now": customer_badge.now}
    ).data
