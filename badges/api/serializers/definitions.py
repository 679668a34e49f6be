"""Lists and details of badge definitions (CONTRACT.md, 2.11 to 2.14)."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import (
    EpochField,
    IsoDateTimeField,
    MappedChoiceField,
    StrictChoiceField,
    TextField,
)
from badges.api.serializers.constraints import BadgeConstraint, CustomerConstraint, constraints_of
from badges.api.serializers.expiries import ExpiryOutput, expiry_of
from badges.api.serializers.queries import (
    MAX_SIZE,
    LimitQuery,
    MultipleChoiceField,
    OrderQuery,
    Pagination,
    Query,
    QueryDateTimeField,
    QueryFlagField,
    QueryNumberField,
)
from badges.api.serializers.shared import ListItem, OptionalFieldsSerializer
from badges.models import EarnType, ImageTag, LimitLevel, OwnerType, Status

OPTIONAL: dict[str, Any] = {"allow_null": True, "default": None, "read_only": True}
OWNER_TYPES = serializers.ListField(child=serializers.ChoiceField(OwnerType.claimable()))


class ImageOutput(serializers.Serializer):
    """A picture of the badge in one of its states."""

    name = serializers.CharField()
    fileSvcHandle = serializers.CharField(source="file_handle")
    url = serializers.CharField(
        source="address", help_text="The address of an uploaded picture is relative to this site."
    )
    tag = serializers.ChoiceField(ImageTag.choices)


class Tag(ListItem):
    """A name and a value that the integrator chooses."""

    name = TextField(max_length=255)
    value = TextField(max_length=1000, allow_blank=True)


class ClaimOutput(serializers.Serializer):
    """The current state of a claim."""

    badgeMetaId = serializers.CharField(source="badge_id")
    ownerType = serializers.ChoiceField(OwnerType.claimable(), source="owner_type")
    referenceId = serializers.CharField(source="reference_id")
    isActive = serializers.BooleanField(source="active")


class OwnerClaim(serializers.Serializer):
    """An active claim."""

    ownerType = serializers.ChoiceField(OwnerType.claimable(), source="owner_type")
    referenceId = serializers.CharField(source="reference_id")
    isActive = serializers.BooleanField(source="active")


class OwnershipOutput(serializers.Serializer):
    """The modules that may claim a badge, and its active claims."""

    restrictedToOwners = serializers.SerializerMethodField()
    claims = serializers.SerializerMethodField()

    @extend_schema_field(OWNER_TYPES)
    def get_restrictedToOwners(self, badge):
        return [owner.owner_type for owner in badge.owners.all()]

    def get_claims(self, badge) -> OwnerClaim(many=True):
        return OwnerClaim([claim for claim in badge.claims.all() if claim.active], many=True).data


class BadgeSummary(serializers.Serializer):
    """The common fields of the lists and details of badges."""

    id = serializers.CharField()
    orgId = serializers.SerializerMethodField()
    name = serializers.CharField()
    description = serializers.SerializerMethodField()
    badgeGroupId = serializers.CharField(source="shown_group.pk", **OPTIONAL)
    badgeGroupName = serializers.CharField(source="shown_group.name", **OPTIONAL)
    badgeRank = serializers.IntegerField(source="rank", allow_null=True)
    startOn = EpochField(source="starts_at")
    startOnISO = IsoDateTimeField(source="starts_at")
    expiresOn = EpochField(source="expires_at")
    expiresOnISO = IsoDateTimeField(source="expires_at")
    status = serializers.SerializerMethodField()
    images = ImageOutput(source="images.all", many=True)
    tags = Tag(many=True)
    earnType = serializers.ChoiceField(EarnType.choices, source="earn_type")
    earnedBadgeExpiry = serializers.SerializerMethodField()
    ownership = OwnershipOutput(source="*")
    createdOn = EpochField(source="created_at")
    createdOnISO = IsoDateTimeField(source="created_at")
    createdBy = serializers.IntegerField(source="created_by", allow_null=True)
    lastUpdatedOn = EpochField(source="updated_at")
    lastUpdatedOnISO = IsoDateTimeField(source="updated_at")
    lastUpdatedBy = serializers.IntegerField(source="updated_by", allow_null=True)
    customFields = serializers.SerializerMethodField()
    active = serializers.BooleanField()

    @property
    def now(self) -> datetime:
        return self.context.get("now") or timezone.now()

    def get_orgId(self, badge) -> int:
        return settings.ORG_ID

    def get_description(self, badge) -> str | None:
        return badge.description or None

    def get_status(self, badge) -> Status:
        return badge.status(self.now)

    def get_earnedBadgeExpiry(self, badge) -> ExpiryOutput:
        return expiry_of(badge.earned_expiry, badge)

    def get_customFields(self, badge) -> dict[str, str]:
        values = badge.custom_values.all()
        return {value.field.name: value.value for value in values if value.field.active}


class BadgeListItem(BadgeSummary):
    """A badge in a list; the counts exclude revoked enrolments and badges."""

    issuedCount = serializers.SerializerMethodField()
    earnedCount = serializers.SerializerMethodField()

    def get_issuedCount(self, badge) -> int:
        return self.context["counts"][badge.pk].enrolments

    def get_earnedCount(self, badge) -> int:
        return self.context["counts"][badge.pk].earned


class BadgeOutput(BadgeSummary):
    """A badge with all its details."""

    badgeNumericId = serializers.SerializerMethodField()
    issuedBadgeExpiry = serializers.SerializerMethodField()
    customerConstraints = serializers.SerializerMethodField()
    badgeConstraints = serializers.SerializerMethodField()
    benefits = serializers.ListField(child=serializers.DictField())
    defaultTillId = serializers.IntegerField(source="default_till_id", allow_null=True)

    def get_badgeNumericId(self, badge) -> int | None:
        return None

    def get_issuedBadgeExpiry(self, badge) -> ExpiryOutput(allow_null=True):
        return badge.enrolment_expiry and expiry_of(badge.enrolment_expiry, badge)

    def get_customerConstraints(self, badge) -> CustomerConstraint(many=True):
        return constraints_of(badge.definition(), LimitLevel.CUSTOMER, now=self.now)

    def get_badgeConstraints(self, badge) -> BadgeConstraint(many=True):
        return constraints_of(badge.definition(), LimitLevel.BADGE, now=self.now)


class BadgeWithStatistics(OptionalFieldsSerializer, BadgeOutput, BadgeListItem):
    """A badge with all its details and, if requested, its counts."""

    optional_fields = ("issuedCount", "earnedCount")


class BadgeSwitchOutput(serializers.Serializer):
    """The current state of a badge: active or not."""

    id = serializers.CharField()
    isActive = serializers.BooleanField(source="active")


class BadgeQuery(Query, OrderQuery):
    """The parameters of one badge; `limit` and `order` have no effect (CONTRACT.md, 2.11)."""

    includeStatistics = QueryFlagField(
        source="with_statistics", default=False, help_text="Adds `issuedCount` and `earnedCount`."
    )
    limit = QueryNumberField(required=False, min_value=1, max_value=MAX_SIZE)


class BadgeListQuery(LimitQuery, OrderQuery):
    """The parameters of the list of badges (CONTRACT.md, 2.12).

    `badgeType` is an alias of `earnType`, which takes precedence.
    """

    status = MultipleChoiceField(
        Status.values,
        aliases={"ENDED": "EXPIRED"},
        source="statuses",
        required=False,
        help_text="One or more statuses, separated by commas: `LIVE,UPCOMING`.",
    )
    earnType = StrictChoiceField(EarnType.values, source="earn_type", required=False)
    badgeType = StrictChoiceField(EarnType.values, source="badge_type", required=False)
    action = MappedChoiceField(
        {"ACTIVATED": True, "DE_ACTIVATED": False},
        aliases={"DEACTIVATED": "DE_ACTIVATED"},
        source="active",
        required=False,
    )
    owner = StrictChoiceField(OwnerType.claimable(), source="owner_type", required=False)
    claimedBy = StrictChoiceField(OwnerType.claimable(), source="claimed_by", required=False)
    unclaimed = QueryFlagField(
        default=False, help_text="Returns only badges without an active claim."
    )
    name = TextField(
        required=False, max_length=255, help_text="Returns badges whose name contains this text."
    )
    startOn = QueryDateTimeField(
        source="starts_from",
        required=False,
        help_text="Returns badges that start at this time or later.",
    )
    expiresOn = QueryDateTimeField(
        source="ends_by", required=False, help_text="Returns badges that end by this time."
    )
    sortOn = MappedChoiceField(
        {"ID": "pk", "NAME": "name", "START_DATE": "starts_at"}, source="sort", default="pk"
    )

    def validate(self, attrs):
        attrs = super().validate(attrs)
        badge_type = attrs.pop("badge_type", None)
        return {"earn_type": badge_type} | attrs if badge_type else attrs


class BadgePage(serializers.Serializer):
    """A page of badges."""

    metaBasicDetails = BadgeListItem(many=True)
    pagination = Pagination()
