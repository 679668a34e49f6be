"""Badge definitions as they are written (contract, 2.9, 2.10 and 2.13)."""

from collections.abc import Mapping

from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from badges.api.fields import (
    FlagField,
    IsoMomentField,
    MomentField,
    NameField,
    OneOfField,
    TextField,
    WholeNumberField,
)
from badges.api.serializers.constraints import BadgeConstraint, CustomerConstraint
from badges.api.serializers.definitions import Tag
from badges.api.serializers.expiries import ExpiryInput, expiry_columns
from badges.api.serializers.shared import ListItem
from badges.errors import ErrorCode
from badges.models import RANKS, EarnType, ImageTag, Owner, OwnerType
from badges.services.definitions import BadgeDraft
from badges.services.pictures import name_of

MOST_BENEFITS = 10
MOST_TAGS = 100
MOST_CONSTRAINTS = 100
GREATEST = 2**63 - 1
OPTIONAL = {"required": False, "allow_null": True}


class OwnerTypeField(OneOfField):
    """One of the nine; `Membercare` is known too, and refused with a code of its own (714)."""

    def to_internal_value(self, data):
        return data if data == OwnerType.MEMBERCARE else super().to_internal_value(data)


class OwnershipInput(serializers.Serializer):
    """The modules that may claim the badge; claims are made by the claim call alone."""

    restrictedToOwners = serializers.ListField(
        source="owners", child=OwnerTypeField(OwnerType.claimable()), max_length=100
    )


def check_address(address: str) -> None:
    """Refuse what is neither an address of the web nor one of a picture we have."""
    if name_of(address) is None:
        URLValidator(schemes=["http", "https"])(address)


class ImageInput(ListItem):
    """A picture of the badge in one of its states; each state has one."""

    name = TextField(max_length=255)
    fileSvcHandle = TextField(source="file_handle", max_length=255, allow_blank=True, **OPTIONAL)
    url = TextField(
        max_length=2000,
        validators=[check_address],
        help_text="Absolute, or as this site answered it of an upload.",
    )
    tag = OneOfField(ImageTag.choices)

    def validate_fileSvcHandle(self, value):  # noqa: N802 - DRF derives it from the field
        return value or ""

    def validate(self, attrs):
        """Take an uploaded picture by the address it was answered with."""
        upload = name_of(attrs["url"])
        return attrs if upload is None else attrs | {"url": "", "upload": upload}


class BenefitField(serializers.DictField):
    """An incentive as the integrator describes it; ids in it are not validated."""

    default_error_messages = {"number": _("A number in it is beyond 64 bits.")}

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if not _fits(value):
            self.fail("number")
        return value


def _fits(value) -> bool:
    """Whether every number in a JSON value comes back from a database as it went in."""
    if isinstance(value, dict):
        return all(map(_fits, value.values()))
    if isinstance(value, list):
        return all(map(_fits, value))
    return not isinstance(value, int | float) or abs(value) <= GREATEST


class BadgeInput(serializers.Serializer):
    """Contract, 2.9. The `...ISO` fields win; `active` wins over `isActive`."""

    twins = {"startOn": "startOnISO", "expiresOn": "expiresOnISO"}
    missing = {
        "ownership": [(ErrorCode.OWNER_NEEDED, "ownership.restrictedToOwners")],
        "ownership.restrictedToOwners": [(ErrorCode.OWNER_NEEDED, "ownership.restrictedToOwners")],
    }
    references = {
        "owners": "ownership.restrictedToOwners",
        "customer_limits": "customerConstraints",
        "badge_limits": "badgeConstraints",
        "enrolment_expiry_kind": "issuedBadgeExpiry",
    }

    name = NameField(max_length=255, help_text="Unique, case-sensitive.")
    description = TextField(max_length=10_000, allow_blank=True, **OPTIONAL)
    startOn = MomentField(
        source="starts_at", **OPTIONAL, help_text="This or `startOnISO` is required."
    )
    startOnISO = IsoMomentField(source="starts_at_iso", **OPTIONAL)
    expiresOn = MomentField(
        source="expires_at", **OPTIONAL, help_text="This or `expiresOnISO` is required."
    )
    expiresOnISO = IsoMomentField(source="expires_at_iso", **OPTIONAL)
    earnType = OneOfField(EarnType.choices, source="earn_type")
    earnedBadgeExpiry = ExpiryInput(source="earned_expiry")
    issuedBadgeExpiry = ExpiryInput(
        source="enrolment_expiry", **OPTIONAL, help_text="Required for `ISSUE_EARN`, else null."
    )
    ownership = OwnershipInput()
    customerConstraints = CustomerConstraint(many=True, max_length=MOST_CONSTRAINTS, **OPTIONAL)
    badgeConstraints = BadgeConstraint(many=True, max_length=MOST_CONSTRAINTS, **OPTIONAL)
    active = FlagField(required=False)
    isActive = FlagField(source="is_active", required=False)
    images = ImageInput(many=True, max_length=len(ImageTag), **OPTIONAL)
    benefits = serializers.ListField(child=BenefitField(), max_length=MOST_BENEFITS, **OPTIONAL)
    tags = Tag(many=True, max_length=MOST_TAGS, **OPTIONAL)
    customFields = serializers.DictField(
        source="custom_fields", child=TextField(max_length=1000, allow_blank=True), **OPTIONAL
    )
    badgeGroupId = TextField(source="group_id", max_length=100, **OPTIONAL)
    badgeRank = WholeNumberField(source="rank", **RANKS, **OPTIONAL)
    defaultTillId = WholeNumberField(
        source="default_till_id", min_value=0, max_value=GREATEST, **OPTIONAL
    )

    def to_internal_value(self, data):
        for name, twin in self.twins.items():
            given = isinstance(data, Mapping) and data.get(twin) is not None
            self.fields[name].required, self.fields[name].allow_null = not given, given
        return super().to_internal_value(data)

    def validate_images(self, images):
        tags = [image["tag"] for image in images or ()]
        if len(set(tags)) != len(tags):
            raise serializers.ValidationError(_("Two images have the same tag."))
        return images

    def validate(self, attrs):
        return {"draft": self._draft(attrs)}

    def _draft(self, given: dict) -> BadgeDraft:
        values = {
            "name": given["name"],
            "description": given.get("description") or "",
            "earn_type": given["earn_type"],
            "starts_at": given.get("starts_at_iso") or given["starts_at"],
            "expires_at": given.get("expires_at_iso") or given["expires_at"],
            **{name: given.get(name) for name in ("rank", "group_id", "default_till_id")},
            **{name: given.get(name) or [] for name in ("tags", "benefits")},
            **expiry_columns("earned", given["earned_expiry"]),
            **expiry_columns("enrolment", given.get("enrolment_expiry")),
        }
        active = given.get("active", given.get("is_active"))
        return BadgeDraft(
            values=values if active is None else values | {"active": active},
            owners=given["ownership"]["owners"],
            limits=self._limits(given),
            images=given.get("images") or [],
            custom_fields=given.get("custom_fields") or {},
        )

    @staticmethod
    def _limits(given: dict) -> list:
        levels = (given.get("customerConstraints"), given.get("badgeConstraints"))
        return [limit for limits in levels for limit in limits or ()]


class BadgeUpdate(BadgeInput):
    """Contract, 2.10: the whole badge, with its id. `active` left out stays as it is."""

    missing = BadgeInput.missing | {
        "id": [(ErrorCode.BADGE_ID_MISSING, "id")],
        "ownership": [(ErrorCode.OWNERS_MISSING, "ownership")],
    }

    id = TextField(source="badge_id", max_length=100)

    def validate(self, attrs):
        return super().validate(attrs) | {"badge_id": attrs["badge_id"]}


class OwnerInput(serializers.Serializer):
    """Contract, 2.13: who claims."""

    missing = {
        "ownerType": [(ErrorCode.OWNER_TYPE_MISSING, "ownerType")],
        "referenceId": [(ErrorCode.REFERENCE_ID_MISSING, "referenceId")],
    }

    ownerType = OneOfField(OwnerType.claimable(), source="owner_type")
    referenceId = TextField(source="reference_id", max_length=255)

    def validate(self, attrs):
        return {"owner": Owner(**attrs)}
