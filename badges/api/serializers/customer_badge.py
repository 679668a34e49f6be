"""Everything one badge is to one customer (contract, 2.8)."""

from collections.abc import Iterable

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import EpochField, IsoMomentField
from badges.api.serializers.constraints import ROLLS, Days, grouped
from badges.api.serializers.customers import LastEarned
from badges.api.serializers.definitions import BadgeSummary
from badges.api.serializers.expiries import ExpiryOutput, expiry_of
from badges.api.serializers.shared import PartlyShown
from badges.models import (
    CycleStatus,
    EarnType,
    FactStatus,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
    Weekday,
)
from badges.reads import CustomerBadge, status_of
from badges.services.windows import reference_id, window_of

KINDS = {
    LimitKind.FIXED_VALUE: "OVERALL",
    LimitKind.ROLLING_WINDOW: "ROLLING_WINDOW",
    LimitKind.FIXED_WINDOW: "FIXED_WINDOW",
}


class UseOutput(serializers.Serializer):
    """How many issued badges count against a limit now; a customer's rolling windows by unit."""

    currentEarnCount = serializers.IntegerField(allow_null=True)
    currentEarnCountDays = serializers.IntegerField(allow_null=True)
    currentEarnCountWeeks = serializers.IntegerField(allow_null=True)
    currentEarnCountMonths = serializers.IntegerField(allow_null=True)


class RollsOutput(serializers.Serializer):
    """The rolling windows of a customer, as the definition of the badge has them."""

    maxEarnForDays = serializers.IntegerField(required=False)
    rollForDays = serializers.IntegerField(required=False)
    maxEarnForWeeks = serializers.IntegerField(required=False)
    rollForWeeks = serializers.IntegerField(required=False)
    maxEarnForMonths = serializers.IntegerField(required=False)
    rollForMonths = serializers.IntegerField(required=False)


class ConstraintUseOutput(serializers.Serializer):
    """A limit and how much of it is used up; a level without any has one of type NONE."""

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
    fixedWindowCycle = Days(allow_null=True, help_text="Of the fixed window that runs now.")
    fixedWindowReferenceId = serializers.UUIDField(allow_null=True)


UNUSED = dict.fromkeys(UseOutput().fields)
UNLIMITED = dict.fromkeys(ConstraintUseOutput().fields) | {
    "constraintType": "NONE",
    "earnConstraintBlockStatistics": UNUSED,
}


def uses(found: CustomerBadge, level: LimitLevel) -> list[dict]:
    """Return the constraints of one level as the wire has them."""
    limits = [limit for limit in found.definition.limits if limit.level == level]
    shown = [UNLIMITED | _use(group, found) for group in grouped(limits)]
    return [each | {"constraintLevel": level} for each in shown or [UNLIMITED]]


def _use(limits: list[Limit], found: CustomerBadge) -> dict:
    limit = limits[0]
    shown = {"constraintType": KINDS[limit.kind]}
    if limit.kind == LimitKind.FIXED_WINDOW:
        return shown | _fixed_window(limit, found)
    if limit.kind == LimitKind.ROLLING_WINDOW and limit.level == LimitLevel.CUSTOMER:
        return shown | _rolling_windows(limits, found)
    if limit.kind == LimitKind.ROLLING_WINDOW:
        shown |= {"rollType": limit.unit, "rollValue": limit.length}
    return shown | _counted(limit, found)


def _counted(limit: Limit, found: CustomerBadge) -> dict:
    count = UNUSED | {"currentEarnCount": found.used[limit]}
    return {"maxEarnLimit": limit.max_earns, "earnConstraintBlockStatistics": count}


def _rolling_windows(limits: Iterable[Limit], found: CustomerBadge) -> dict:
    rolls, counts = {}, {}
    for limit in limits:
        most, length = ROLLS[limit.unit]
        rolls |= {most: limit.max_earns, length: limit.length}
        counts[f"currentEarnCount{limit.unit.title()}"] = found.used[limit]
    return {"rollingWindowLimits": rolls, "earnConstraintBlockStatistics": UNUSED | counts}


def _fixed_window(limit: Limit, found: CustomerBadge) -> dict:
    """Return a window with its cycle and count; only the one that runs now has them."""
    weekly = limit.unit == Unit.WEEKS
    window = window_of(limit, found.definition, now=found.now)
    shown = {
        "durationType": limit.unit,
        "refreshRate": limit.length,
        "startDayOfTheWeek": Weekday(limit.first_weekday or 0).name if weekly else None,
        "cycleStatus": window.status,
        "maxEarnLimit": limit.max_earns,
        "fixedWindowReferenceId": str(reference_id(limit)),
    }
    if window.current is None:
        return shown
    return shown | _counted(limit, found) | {"fixedWindowCycle": Days(window.current).data}


class IssualOutput(serializers.Serializer):
    """One enrolment of the customer."""

    issueId = serializers.CharField(source="pk")
    issuedStatus = serializers.SerializerMethodField()
    issuedOn = EpochField(source="enrolled_at")
    issuedOnISO = IsoMomentField(source="enrolled_at")
    issueEventDate = EpochField(source="event_at")
    issueEventDateISO = IsoMomentField(source="event_at")
    issueExpiresOn = EpochField(source="expires_at")
    issueExpiresOnISO = IsoMomentField(source="expires_at")
    revokedOn = EpochField(source="revoked_at", allow_null=True)
    revokedOnISO = IsoMomentField(source="revoked_at", allow_null=True)
    ownerType = serializers.CharField(source="owner_type")
    ownerReferenceId = serializers.CharField(source="reference_id")

    @extend_schema_field({"type": "string", "enum": FactStatus.values})
    def get_issuedStatus(self, enrolment) -> str:  # noqa: N802 - DRF derives it from the field
        return enrolment.status(self.context["now"])


class EarnedOutput(serializers.Serializer):
    """One issued badge of the customer."""

    earnedBadgeId = serializers.CharField(source="pk")
    earnStatus = serializers.SerializerMethodField()
    earnedOn = EpochField(source="earned_at")
    earnedOnISO = IsoMomentField(source="earned_at")
    earnEventDate = EpochField(source="event_at")
    earnEventDateISO = IsoMomentField(source="event_at")
    earnExpiresOn = EpochField(source="expires_at")
    earnExpiresOnISO = IsoMomentField(source="expires_at")
    revokedOn = EpochField(source="revoked_at", allow_null=True)
    revokedOnISO = IsoMomentField(source="revoked_at", allow_null=True)
    issuedId = serializers.CharField(source="enrolment_id", allow_null=True)
    ownerType = serializers.CharField(source="owner_type")
    ownerReferenceId = serializers.CharField(source="reference_id")
    requestId = serializers.CharField(source="sent_id", allow_null=True)

    @extend_schema_field({"type": "string", "enum": ["LIVE", "EXPIRED", "REVOKED"]})
    def get_earnStatus(self, earned) -> str:  # noqa: N802
        status = earned.status(self.context["now"])
        # An issued badge is the customer's from the start, even if its event date lies ahead.
        return status if status in (FactStatus.EXPIRED, FactStatus.REVOKED) else "LIVE"


class IssualDetails(serializers.Serializer):
    """Every enrolment of the customer, the last made first."""

    issuedCount = serializers.SerializerMethodField()
    issuals = IssualOutput(source="enrolments", many=True)

    def get_issuedCount(self, found) -> int:  # noqa: N802
        return len(found.enrolments)


class EarnDetails(serializers.Serializer):
    """Every issued badge of the customer; the count leaves revoked ones out."""

    earnCount = serializers.SerializerMethodField()
    earns = EarnedOutput(source="earned", many=True)

    def get_earnCount(self, found) -> int:  # noqa: N802
        return found.badge.earned_count or 0


class CustomerBadgeDetail(LastEarned, BadgeSummary):
    """What one badge is to one customer, without statistics.

    Needs the `CustomerBadge` in its context, as `found`.
    """

    orgId = status = startOn = startOnISO = earnType = earnedBadgeExpiry = None
    ownership = createdBy = lastUpdatedBy = active = None

    startsOn = EpochField(source="starts_at")
    startsOnISO = IsoMomentField(source="starts_at")
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
    lastEarnedOnISO = IsoMomentField(source="last_earned_at", allow_null=True)

    @extend_schema_field({"type": "string", "enum": ["ACTIVATED", "DE_ACTIVATED"]})
    def get_action(self, badge) -> str:
        return "ACTIVATED" if badge.active else "DE_ACTIVATED"

    def get_owner(self, badge) -> list[str]:
        return [owner.owner_type for owner in badge.owners.all()]

    def get_claimedBy(self, badge) -> list[str]:  # noqa: N802
        claimed = [claim.owner_type for claim in badge.claims.all() if claim.active]
        return list(dict.fromkeys(claimed))

    def get_issueExpiry(self, badge) -> ExpiryOutput(allow_null=True):  # noqa: N802
        return badge.enrolment_expiry and expiry_of(badge.enrolment_expiry, badge)

    @extend_schema_field({"type": "string", "enum": FactStatus.values, "nullable": True})
    def get_issuedStatus(self, badge) -> str | None:  # noqa: N802
        return status_of(self.context["found"].enrolments, self.now)


class CustomerBadgeStatistics(PartlyShown, CustomerBadgeDetail):
    """Everything one badge is to one customer."""

    sometimes = ("customerConstraints", "badgeConstraints", "issualDetails", "earnDetails")

    customerConstraints = serializers.SerializerMethodField()
    badgeConstraints = serializers.SerializerMethodField()
    issualDetails = serializers.SerializerMethodField()
    earnDetails = serializers.SerializerMethodField()

    def get_customerConstraints(self, badge) -> ConstraintUseOutput(many=True):  # noqa: N802
        return uses(self.context["found"], LimitLevel.CUSTOMER)

    def get_badgeConstraints(self, badge) -> ConstraintUseOutput(many=True):  # noqa: N802
        return uses(self.context["found"], LimitLevel.BADGE)

    def get_issualDetails(self, badge) -> IssualDetails:  # noqa: N802
        return IssualDetails(self.context["found"], context=self.context).data

    def get_earnDetails(self, badge) -> EarnDetails:  # noqa: N802
        return EarnDetails(self.context["found"], context=self.context).data


def detail_of(found: CustomerBadge) -> dict:
    """Return the badge as the wire has it, with the statistics if they were asked for."""
    output = CustomerBadgeDetail if found.used is None else CustomerBadgeStatistics
    return output(found.badge, context={"found": found, "now": found.now}).data
