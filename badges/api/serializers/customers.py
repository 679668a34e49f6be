"""What one customer has of the badges: lists and details (contract, 2.6 to 2.8)."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoMomentField,
    MeaningField,
    OneOfField,
    TextField,
)
from badges.api.serializers.definitions import BadgeOutput, BadgeSummary
from badges.api.serializers.queries import (
    LimitQuery,
    PageQuery,
    Pagination,
    Query,
    QueryFlagField,
    QueryMomentField,
    SeveralOfField,
)
from badges.models import EarnType, FactStatus, OwnerType, Status
from badges.reads import Listed

LATEST = {"LAST_EARNED_ON_DATE": "last_earned_at", "LAST_EARNED_EVENT_DATE": "last_event_at"}
OPERATORS = {"LESS_THAN": "before", "GREATER_THAN": "after"}


class CustomerPath(serializers.Serializer):
    """The customer of an address."""

    customerId = CustomerIdField(source="customer_id")

    @classmethod
    def number(cls, text: str) -> int:
        path = cls(data={"customerId": text})
        path.is_valid(raise_exception=True)
        return path.validated_data["customer_id"]


class CustomerBadgesQuery(LimitQuery):
    """Contract, 2.6."""

    badgeType = MeaningField(
        {"AVAILABLE": Listed.EARNABLE, "EARNED": Listed.HELD},
        source="listed",
        default=Listed.EARNABLE,
    )
    includeExpired = QueryFlagField(
        source="include_expired", default=False, help_text="With `EARNED`: expired ones too."
    )
    sortOn = MeaningField(
        {"RANK": "rank"} | LATEST,
        source="sort",
        required=False,
        help_text="By rank, or the last earned first; default: as they were created.",
    )
    groupId = TextField(source="group_id", required=False, max_length=100)

    def validate(self, attrs):
        attrs = super().validate(attrs)
        if attrs.pop("include_expired") and attrs["listed"] == Listed.HELD:
            attrs["listed"] = Listed.EARNED
        return attrs | {"descending": "sort" in attrs}


class MemberBadgesQuery(PageQuery):
    """Contract, 2.7. `endOnOperator` is another name for `expiresOnOperator`, which wins."""

    badgeType = MeaningField(
        {
            "AVAILABLE_TO_ISSUE": Listed.ENROLABLE,
            "AVAILABLE": Listed.EARNABLE,
            "EARNED": Listed.HELD,
            "EXPIRED": Listed.LAPSED,
        },
        source="listed",
        default=Listed.ENROLABLE,
    )
    sortOn = MeaningField(
        {
            "EXPIRES_ON": "expires_at",
            "LAST_MODIFIED_DATE": "updated_at",
            "LAST_ISSUED_DATE": "last_enrolled_at",
            "LAST_EXPIRED_BADGE": "last_lapsed_at",
        }
        | LATEST,
        source="sort",
        default="expires_at",
        help_text="`EXPIRES_ON` is the end of the badge; `LAST_ISSUED_DATE` the last enrolment.",
    )
    order = MeaningField({"DESC": True, "ASC": False}, source="descending", default=True)
    name = TextField(required=False, max_length=255, help_text="A part of the name.")
    action = MeaningField(
        {"ACTIVATED": True, "DEACTIVATED": False},
        aliases={"DE_ACTIVATED": "DEACTIVATED"},
        source="active",
        required=False,
    )
    badgeStatus = SeveralOfField(
        Status.values,
        aliases={"ENDED": "EXPIRED"},
        source="statuses",
        required=False,
        help_text="One, or several between commas.",
    )
    owner = OneOfField(OwnerType.claimable(), source="owner_type", required=False)
    claimedBy = OneOfField(OwnerType.claimable(), source="claimed_by", required=False)
    startOn = QueryMomentField(
        required=False, help_text="The badge starts then or later, or as `startOnOperator` says."
    )
    startOnOperator = MeaningField(OPERATORS, required=False)
    expiresOn = QueryMomentField(
        required=False, help_text="The badge ends then or earlier, or as `expiresOnOperator` says."
    )
    expiresOnOperator = MeaningField(OPERATORS, required=False)
    endOnOperator = MeaningField(OPERATORS, required=False)
    groupId = TextField(source="group_id", required=False, max_length=100)

    def validate(self, attrs):
        starts, ends = attrs.pop("startOn", None), attrs.pop("expiresOn", None)
        start_operator = attrs.pop("startOnOperator", "from")
        end_operator = attrs.pop("endOnOperator", "by")
        end_operator = attrs.pop("expiresOnOperator", end_operator)
        if starts is not None:
            attrs[f"starts_{start_operator}"] = starts
        if ends is not None:
            attrs[f"ends_{end_operator}"] = ends
        return attrs


class CustomerBadgeQuery(Query):
    """Contract, 2.8."""

    includeStatistics = QueryFlagField(source="with_statistics", default=False)
    sortOn = MeaningField(
        {"LAST_EARNED_ON_DATE": "earned_at", "LAST_EARNED_EVENT_DATE": "event_at"},
        source="sort",
        default="earned_at",
        help_text="By which date the issued badges are sorted, the last one first.",
    )


class LastEarned(serializers.Serializer):
    """When the customer last earned a badge, not counting revoked ones; null if never."""

    earnedBadgeId = serializers.CharField(
        source="earned_badge_id",
        allow_null=True,
        help_text="The latest that is active; what `revokeEarn` takes.",
    )
    lastEarnedOnDate = EpochField(source="last_earned_at", allow_null=True)
    lastEarnedOnDateISO = IsoMomentField(source="last_earned_at", allow_null=True)
    lastEarnEventDate = EpochField(source="last_event_at", allow_null=True)
    lastEarnEventDateISO = IsoMomentField(source="last_event_at", allow_null=True)


class CustomerBadgeOutput(LastEarned, BadgeOutput):
    """A badge that a customer can earn, or has earned."""

    id = status = earnedBadgeExpiry = issuedBadgeExpiry = badgeNumericId = defaultTillId = None
    createdOn = createdOnISO = createdBy = None
    lastUpdatedOn = lastUpdatedOnISO = lastUpdatedBy = None

    badgeMetaId = serializers.CharField(source="pk")
    earnedCount = serializers.IntegerField(source="earned_count", allow_null=True)


class MemberBadgeOutput(LastEarned, BadgeSummary):
    """A badge in a list for staff; needs `statuses`, those of the customer's enrolments."""

    id = orgId = startOn = startOnISO = status = earnType = earnedBadgeExpiry = None
    tags = createdBy = lastUpdatedBy = customFields = None

    badgeMetaId = serializers.CharField(source="pk")
    badgeType = serializers.ChoiceField(EarnType.choices, source="earn_type")
    badgeStatus = serializers.SerializerMethodField(method_name="get_status")
    lastEarnedOn = EpochField(source="last_earned_at", allow_null=True)
    lastEarnedOnISO = IsoMomentField(source="last_earned_at", allow_null=True)
    startsOn = EpochField(source="starts_at")
    startsOnISO = IsoMomentField(source="starts_at")
    earnCount = serializers.IntegerField(source="earned_count", allow_null=True)
    issueStatus = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": FactStatus.values, "nullable": True})
    def get_issueStatus(self, badge) -> str | None:  # noqa: N802 - DRF derives it from the field
        return self.context["statuses"].get(badge.pk)


class CustomerBadgesPage(serializers.Serializer):
    badges = CustomerBadgeOutput(many=True)
    pagination = Pagination()


class MemberBadgesPage(serializers.Serializer):
    customerBadges = MemberBadgeOutput(many=True)
    pagination = Pagination()
