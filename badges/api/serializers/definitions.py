"""Badge definitions as they are listed and read (contract, 2.11 to 2.14)."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers

from badges.api.fields import EpochField, IsoMomentField, MeaningField, OneOfField, TextField
from badges.api.serializers.constraints import BadgeConstraint, CustomerConstraint, constraints_of
from badges.api.serializers.expiries import ExpiryOutput, expiry_of
from badges.api.serializers.queries import (
    LARGEST_SIZE,
    LimitQuery,
    OrderQuery,
    Pagination,
    Query,
    QueryFlagField,
    QueryMomentField,
    QueryNumberField,
    SeveralOfField,
)
from badges.api.serializers.shared import ListItem, PartlyShown
from badges.models import EarnType, ImageTag, LimitLevel, OwnerType, Status


class ImageOutput(serializers.Serializer):
    """A picture of the badge in one of its states."""

    name = serializers.CharField()
    fileSvcHandle = serializers.CharField(source="file_handle")
    url = serializers.CharField(
        source="address", help_text="Of a picture that was uploaded here: relative to this site."
    )
    tag = serializers.ChoiceField(ImageTag.choices)


class Tag(ListItem):
    """A name and a value of the integrator's own."""

    name = TextField(max_length=255)
    value = TextField(max_length=1000, allow_blank=True)


class ClaimOutput(serializers.Serializer):
    """A claim as it now stands."""

    badgeMetaId = serializers.CharField(source="badge_id")
    ownerType = serializers.CharField(source="owner_type")
    referenceId = serializers.CharField(source="reference_id")
    isActive = serializers.BooleanField(source="active")


class OwnerClaim(serializers.Serializer):
    """A claim that stands."""

    ownerType = serializers.CharField(source="owner_type")
    referenceId = serializers.CharField(source="reference_id")
    isActive = serializers.BooleanField(source="active")


class OwnershipOutput(serializers.Serializer):
    """Who may claim a badge, and who has; of a badge with its parts."""

    restrictedToOwners = serializers.SerializerMethodField()
    claims = serializers.SerializerMethodField()

    def get_restrictedToOwners(self, badge) -> list[str]:  # noqa: N802
        return [owner.owner_type for owner in badge.owners.all()]

    def get_claims(self, badge) -> OwnerClaim(many=True):
        return OwnerClaim([claim for claim in badge.claims.all() if claim.active], many=True).data


class BadgeSummary(serializers.Serializer):
    """What lists and details of a badge share; needs `BadgeMeta.objects.shown()`."""

    id = serializers.CharField()
    orgId = serializers.SerializerMethodField()
    name = serializers.CharField()
    description = serializers.SerializerMethodField()
    badgeGroupId = serializers.CharField(source="shown_group.pk", allow_null=True, default=None)
    badgeGroupName = serializers.CharField(source="shown_group.name", allow_null=True, default=None)
    badgeRank = serializers.IntegerField(source="rank", allow_null=True)
    startOn = EpochField(source="starts_at")
    startOnISO = IsoMomentField(source="starts_at")
    expiresOn = EpochField(source="expires_at")
    expiresOnISO = IsoMomentField(source="expires_at")
    status = serializers.SerializerMethodField()
    images = ImageOutput(source="images.all", many=True)
    tags = Tag(many=True)
    earnType = serializers.ChoiceField(EarnType.choices, source="earn_type")
    earnedBadgeExpiry = serializers.SerializerMethodField()
    ownership = OwnershipOutput(source="*")
    createdOn = EpochField(source="created_at")
    createdOnISO = IsoMomentField(source="created_at")
    createdBy = serializers.IntegerField(source="created_by", allow_null=True)
    lastUpdatedOn = EpochField(source="updated_at")
    lastUpdatedOnISO = IsoMomentField(source="updated_at")
    lastUpdatedBy = serializers.IntegerField(source="updated_by", allow_null=True)
    customFields = serializers.SerializerMethodField()
    active = serializers.BooleanField()

    @property
    def now(self) -> datetime:
        return self.context.get("now") or timezone.now()

    def get_orgId(self, badge) -> int:  # noqa: N802
        return settings.ORG_ID

    def get_description(self, badge) -> str | None:
        return badge.description or None

    def get_status(self, badge) -> Status:
        return badge.status(self.now)

    def get_earnedBadgeExpiry(self, badge) -> ExpiryOutput:  # noqa: N802
        return expiry_of(badge.earned_expiry, badge)

    def get_customFields(self, badge) -> dict[str, str]:  # noqa: N802
        values = badge.custom_values.all()
        return {value.field.name: value.value for value in values if value.field.active}


class BadgeListItem(BadgeSummary):
    """A badge in a list; the counts are of what was not revoked."""

    issuedCount = serializers.SerializerMethodField()
    earnedCount = serializers.SerializerMethodField()

    def get_issuedCount(self, badge) -> int:  # noqa: N802
        return self.context["counts"][badge.pk].enrolments

    def get_earnedCount(self, badge) -> int:  # noqa: N802
        return self.context["counts"][badge.pk].earned


class BadgeOutput(BadgeSummary):
    """A badge with everything it has."""

    badgeNumericId = serializers.SerializerMethodField()
    issuedBadgeExpiry = serializers.SerializerMethodField()
    customerConstraints = serializers.SerializerMethodField()
    badgeConstraints = serializers.SerializerMethodField()
    benefits = serializers.ListField(child=serializers.DictField())
    defaultTillId = serializers.IntegerField(source="default_till_id", allow_null=True)

    def get_badgeNumericId(self, badge) -> int | None:  # noqa: N802
        return None

    def get_issuedBadgeExpiry(self, badge) -> ExpiryOutput(allow_null=True):  # noqa: N802
        return badge.enrolment_expiry and expiry_of(badge.enrolment_expiry, badge)

    def get_customerConstraints(self, badge) -> CustomerConstraint(many=True):  # noqa: N802
        return constraints_of(badge.definition(), LimitLevel.CUSTOMER, now=self.now)

    def get_badgeConstraints(self, badge) -> BadgeConstraint(many=True):  # noqa: N802
        return constraints_of(badge.definition(), LimitLevel.BADGE, now=self.now)


class BadgeWithStatistics(PartlyShown, BadgeOutput, BadgeListItem):
    """A badge with everything it has, and how often it was given."""

    sometimes = ("issuedCount", "earnedCount")


class BadgeSwitchOutput(serializers.Serializer):
    """Whether a badge is active now."""

    id = serializers.CharField()
    isActive = serializers.BooleanField(source="active")


class BadgeQuery(Query, OrderQuery):
    """Contract, 2.11. `limit` and `order` are known there, and mean nothing for one badge."""

    includeStatistics = QueryFlagField(
        source="with_statistics", default=False, help_text="Adds `issuedCount` and `earnedCount`."
    )
    limit = QueryNumberField(required=False, min_value=1, max_value=LARGEST_SIZE)


class BadgeListQuery(LimitQuery, OrderQuery):
    """Contract, 2.12. `badgeType` is another name for `earnType`, which wins."""

    status = SeveralOfField(
        Status.values,
        aliases={"ENDED": "EXPIRED"},
        source="statuses",
        required=False,
        help_text="One, or several between commas: `LIVE,UPCOMING`.",
    )
    earnType = OneOfField(EarnType.values, source="earn_type", required=False)
    badgeType = OneOfField(EarnType.values, source="badge_type", required=False)
    action = MeaningField(
        {"ACTIVATED": True, "DE_ACTIVATED": False},
        aliases={"DEACTIVATED": "DE_ACTIVATED"},
        source="active",
        required=False,
    )
    owner = OneOfField(OwnerType.claimable(), source="owner_type", required=False)
    claimedBy = OneOfField(OwnerType.claimable(), source="claimed_by", required=False)
    unclaimed = QueryFlagField(default=False, help_text="Only badges without an active claim.")
    name = TextField(required=False, max_length=255, help_text="A part of the name.")
    startOn = QueryMomentField(
        source="starts_from", required=False, help_text="The badge starts then or later."
    )
    expiresOn = QueryMomentField(
        source="ends_by", required=False, help_text="The badge ends then or earlier."
    )
    sortOn = MeaningField(
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
