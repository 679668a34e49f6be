"""Lists and details of the badges of one customer (CONTRACT.md, 2.6 to 2.8)."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoDateTimeField,
    MappedChoiceField,
    StrictChoiceField,
    TextField,
)
from badges.api.serializers.definitions import BadgeOutput, BadgeSummary
from badges.api.serializers.queries import (
    LimitQuery,
    MultipleChoiceField,
    PageQuery,
    Pagination,
    Query,
    QueryDateTimeField,
    QueryFlagField,
)
from badges.models import EarnType, FactStatus, OwnerType, Status
from badges.selectors.customer_badges import BadgeList

LATEST = {"LAST_EARNED_ON_DATE": "last_earned_at", "LAST_EARNED_EVENT_DATE": "last_event_at"}
OPERATORS = {"LESS_THAN": "before", "GREATER_THAN": "after"}


class CustomerPath(serializers.Serializer):
    """The customer id in a path."""

    customerId = CustomerIdField(source="customer_id")

    @classmethod
    def number(cls, text: str) -> int:
        path = cls(data={"customerId": text})
        path.is_valid(raise_exception=True)
        return path.validated_data["customer_id"]


class CustomerBadgesQuery(LimitQuery):
    """The parameters of the list of a customer's badges (CONTRACT.md, 2.6)."""

    badgeType = MappedChoiceField(
        {"AVAILABLE": BadgeList.EARNABLE, "EARNED": BadgeList.HELD},
        source="badge_list",
        default=BadgeList.EARNABLE,
    )
    includeExpired = QueryFlagField(
        source="include_expired",
        default=False,
        help_text="Includes expired badges; only with `EARNED`.",
    )
    sortOn = MappedChoiceField(
        {"RANK": "rank"} | LATEST,
        source="sort",
        required=False,
        help_text=(
            "The sort order: by rank, or the last earned badge first. By default `EARNED` begins "
            "with the last earned badge, and `AVAILABLE` with the badge of the last enrolment, "
            "followed by the badge that was created last."
        ),
    )
    groupId = TextField(source="group_id", required=False, max_length=100)

    def validate(self, attrs):
        attrs = super().validate(attrs)
        if attrs.pop("include_expired") and attrs["badge_list"] == BadgeList.HELD:
            attrs["badge_list"] = BadgeList.EARNED
        return attrs


class MemberBadgesQuery(PageQuery):
    """The parameters of the list of a customer's badges for staff (CONTRACT.md, 2.7).

    `endOnOperator` is an alias of `expiresOnOperator`, which takes precedence.
    """

    badgeType = MappedChoiceField(
        {
            "AVAILABLE_TO_ISSUE": BadgeList.ENROLABLE,
            "AVAILABLE": BadgeList.EARNABLE,
            "EARNED": BadgeList.HELD,
            "EXPIRED": BadgeList.LAPSED,
        },
        source="badge_list",
        default=BadgeList.ENROLABLE,
    )
    sortOn = MappedChoiceField(
        {
            "EXPIRES_ON": "expires_at",
            "LAST_MODIFIED_DATE": "updated_at",
            "LAST_ISSUED_DATE": "last_enrolled_at",
            "LAST_EXPIRED_BADGE": "last_lapsed_at",
        }
        | LATEST,
        source="sort",
        default="expires_at",
        help_text="`EXPIRES_ON` is the end of the badge, `LAST_ISSUED_DATE` the last enrolment.",
    )
    order = MappedChoiceField({"DESC": True, "ASC": False}, source="descending", default=True)
    name = TextField(
        required=False, max_length=255, help_text="Returns badges whose name contains this text."
    )
    action = MappedChoiceField(
        {"ACTIVATED": True, "DEACTIVATED": False},
        aliases={"DE_ACTIVATED": "DEACTIVATED"},
        source="active",
        required=False,
    )
    badgeStatus = MultipleChoiceField(
        Status.values,
        aliases={"ENDED": "EXPIRED"},
        source="statuses",
        required=False,
        help_text="One or more statuses, separated by commas: `LIVE,UPCOMING`.",
    )
    owner = StrictChoiceField(OwnerType.claimable(), source="owner_type", required=False)
    claimedBy = StrictChoiceField(OwnerType.claimable(), source="claimed_by", required=False)
    startOn = QueryDateTimeField(
        required=False,
        help_text="Returns badges that start at this time or later, or per `startOnOperator`.",
    )
    startOnOperator = MappedChoiceField(OPERATORS, required=False)
    expiresOn = QueryDateTimeField(
        required=False,
        help_text="Returns badges that end by this time, or per `expiresOnOperator`.",
    )
    expiresOnOperator = MappedChoiceField(OPERATORS, required=False)
    endOnOperator = MappedChoiceField(OPERATORS, required=False)
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
    """The parameters of the details of a customer's badge (CONTRACT.md, 2.8)."""

    includeStatistics = QueryFlagField(source="with_statistics", default=False)
    sortOn = MappedChoiceField(
        {"LAST_EARNED_ON_DATE": "earned_at", "LAST_EARNED_EVENT_DATE": "event_at"},
        source="sort",
        default="earned_at",
        help_text="The date by which issued badges are sorted, in descending order.",
    )


class LastEarned(serializers.Serializer):
    """The last earn of the customer, without revoked ones; null if there is none."""

    earnedBadgeId = serializers.CharField(
        source="earned_badge_id",
        allow_null=True,
        help_text="The latest valid instance, as an argument of `revokeEarn`.",
    )
    lastEarnedOnDate = EpochField(source="last_earned_at", allow_null=True)
    lastEarnedOnDateISO = IsoDateTimeField(source="last_earned_at", allow_null=True)
    lastEarnEventDate = EpochField(source="last_event_at", allow_null=True)
    lastEarnEventDateISO = IsoDateTimeField(source="last_event_at", allow_null=True)


class CustomerBadgeOutput(LastEarned, BadgeOutput):
    """A badge that a customer can earn, or has earned."""

    id = status = earnedBadgeExpiry = issuedBadgeExpiry = badgeNumericId = defaultTillId = None
    createdOn = createdOnISO = createdBy = None
    lastUpdatedOn = lastUpdatedOnISO = lastUpdatedBy = None

    badgeMetaId = serializers.CharField(source="pk")
    earnedCount = serializers.IntegerField(source="earned_count", allow_null=True)


class MemberBadgeOutput(LastEarned, BadgeSummary):
    """A badge in a list for staff."""

    # The context must contain the `statuses` of the customer's enrolments.

    id = orgId = startOn = startOnISO = status = earnType = earnedBadgeExpiry = None
    tags = createdBy = lastUpdatedBy = customFields = None

    badgeMetaId = serializers.CharField(source="pk")
    badgeType = serializers.ChoiceField(EarnType.choices, source="earn_type")
    badgeStatus = serializers.SerializerMethodField(method_name="get_status")
    lastEarnedOn = EpochField(source="last_earned_at", allow_null=True)
    lastEarnedOnISO = IsoDateTimeField(source="last_earned_at", allow_null=True)
    startsOn = EpochField(source="starts_at")
    startsOnISO = IsoDateTimeField(source="starts_at")
    earnCount = serializers.IntegerField(source="earned_count", allow_null=True)
    issueStatus = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ChoiceField(FactStatus.values, allow_null=True))
    def get_issueStatus(self, badge):
        return self.context["statuses"].get(badge.pk)


class CustomerBadgesPage(serializers.Serializer):
    badges = CustomerBadgeOutput(many=True)
    pagination = Pagination()


class MemberBadgesPage(serializers.Serializer):
    customerBadges = MemberBadgeOutput(many=True)
    pagination = Pagination()
