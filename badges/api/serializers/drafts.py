"""Badge definitions in requests (CONTRACT.md, 2.9, 2.10 and 2.13)."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from badges.api.fields import (
    IsoDateTimeField,
    NameField,
    StrictBooleanField,
    StrictChoiceField,
    TextField,
    WholeNumberField,
    WireDateTimeField,
)
from badges.api.serializers.constraints import BadgeConstraint, CustomerConstraint
from badges.api.serializers.definitions import Tag
from badges.api.serializers.expiries import ExpiryInput, expiry_columns
from badges.api.serializers.shared import ListItem
from badges.api.serializers.twins import ISO, READ_ONLY_FIELDS, TwinsSerializer
from badges.errors import ErrorCode
from badges.models import RANKS, EarnType, ImageTag, Owner, OwnerType
from badges.services.catalogue.definitions import BadgeDraft
from badges.services.catalogue.pictures import name_of

MAX_BENEFITS = 10
MAX_TAGS = 100
MAX_CONSTRAINTS = 100
MAX_INTEGER = 2**63 - 1
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


class OwnerTypeField(StrictChoiceField):
    """One of the nine owner types, or `Membercare`, which is refused later with code 714."""

    def to_internal_value(self, data):
        return data if data == OwnerType.MEMBERCARE else super().to_internal_value(data)


class OwnershipInput(serializers.Serializer):
    """The modules that may claim the badge. Only the claim operation creates claims."""

    response_only_fields = frozenset({"claims"})

    restrictedToOwners = serializers.ListField(
        source="owners", child=OwnerTypeField(OwnerType.claimable()), max_length=100
    )


def check_address(address: str) -> None:
    """Refuse an address that is neither a web URL nor that of an uploaded picture."""
    if name_of(address) is None:
        URLValidator(schemes=["http", "https"])(address)


class ImageInput(ListItem):
    """A picture of the badge in one of its states; each state has at most one."""

    name = TextField(max_length=255)
    fileSvcHandle = TextField(source="file_handle", max_length=255, allow_blank=True, **OPTIONAL)
    url = TextField(
        max_length=2000,
        validators=[check_address],
        help_text="An absolute URL, or the address of an upload from a response.",
    )
    tag = StrictChoiceField(ImageTag.choices)

    def validate_fileSvcHandle(self, value):
        return value or ""

    def validate(self, attrs):
        """Replace the address of an uploaded picture by the name of the upload."""
        upload = name_of(attrs["url"])
        return attrs if upload is None else attrs | {"url": "", "upload": upload}


class BenefitField(serializers.DictField):
    """An incentive in the form that the integrator chooses; ids in it are not validated."""

    default_error_messages = {"number": _("A number in it is beyond 64 bits.")}

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        if not _fits_64_bits(value):
            self.fail("number")
        return value


def _fits_64_bits(value) -> bool:
    """Return whether a database preserves every number in a JSON value."""
    if isinstance(value, dict):
        return all(map(_fits_64_bits, value.values()))
    if isinstance(value, list):
        return all(map(_fits_64_bits, value))
    return not isinstance(value, int | float) or abs(value) <= MAX_INTEGER


class BadgeInput(TwinsSerializer):
    """A badge to create. The `...ISO` fields take precedence, and `active` over `isActive`."""

    response_only_fields = READ_ONLY_FIELDS | {
        *("badgeNumericId", "badgeGroupName", "status", "issuedCount", "earnedCount"),
    }
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
    startOn = WireDateTimeField(
        source="starts_at", **OPTIONAL, help_text="This or `startOnISO` is required."
    )
    startOnISO = IsoDateTimeField(source="starts_at", **OPTIONAL)
    expiresOn = WireDateTimeField(
        source="expires_at", **OPTIONAL, help_text="This or `expiresOnISO` is required."
    )
    expiresOnISO = IsoDateTimeField(source="expires_at", **OPTIONAL)
    earnType = StrictChoiceField(EarnType.choices, source="earn_type")
    earnedBadgeExpiry = ExpiryInput(source="earned_expiry")
    issuedBadgeExpiry = ExpiryInput(
        source="enrolment_expiry", **OPTIONAL, help_text="Required for `ISSUE_EARN`, else null."
    )
    ownership = OwnershipInput()
    customerConstraints = CustomerConstraint(many=True, max_length=MAX_CONSTRAINTS, **OPTIONAL)
    badgeConstraints = BadgeConstraint(many=True, max_length=MAX_CONSTRAINTS, **OPTIONAL)
    active = StrictBooleanField(required=False)
    isActive = StrictBooleanField(source="is_active", required=False)
    images = ImageInput(many=True, max_length=len(ImageTag), **OPTIONAL)
    benefits = serializers.ListField(child=BenefitField(), max_length=MAX_BENEFITS, **OPTIONAL)
    tags = Tag(many=True, max_length=MAX_TAGS, **OPTIONAL)
    customFields = serializers.DictField(
        source="custom_fields", child=TextField(max_length=1000, allow_blank=True), **OPTIONAL
    )
    badgeGroupId = TextField(source="group_id", max_length=100, **OPTIONAL)
    badgeRank = WholeNumberField(source="rank", **RANKS, **OPTIONAL)
    defaultTillId = WholeNumberField(
        source="default_till_id", min_value=0, max_value=MAX_INTEGER, **OPTIONAL
    )

    def to_internal_value(self, data):
        for name in ("startOn", "expiresOn"):
            has_iso = isinstance(data, Mapping) and data.get(f"{name}{ISO}") is not None
            self.fields[name].required, self.fields[name].allow_null = not has_iso, has_iso
        return super().to_internal_value(data)

    def validate_images(self, images):
        tags = [image["tag"] for image in images or ()]
        if len(set(tags)) != len(tags):
            raise serializers.ValidationError(_("Two images have the same tag."))
        return images

    def validate(self, attrs):
        return {"draft": self._draft(attrs)}

    def _draft(self, attrs: dict) -> BadgeDraft:
        values = {
            "name": attrs["name"],
            "description": attrs.get("description") or "",
            "earn_type": attrs["earn_type"],
            "starts_at": attrs["starts_at"],
            "expires_at": attrs["expires_at"],
            **{name: attrs.get(name) for name in ("rank", "group_id", "default_till_id")},
            **{name: attrs.get(name) or [] for name in ("tags", "benefits")},
            **expiry_columns("earned", attrs["earned_expiry"]),
            **expiry_columns("enrolment", attrs.get("enrolment_expiry")),
        }
        active = attrs.get("active", attrs.get("is_active"))
        return BadgeDraft(
            values=values if active is None else values | {"active": active},
            owners=attrs["ownership"]["owners"],
            limits=self._limits(attrs),
            images=attrs.get("images") or [],
            custom_fields=attrs.get("custom_fields") or {},
        )

    @staticmethod
    def _limits(attrs: dict) -> list:
        levels = (attrs.get("customerConstraints"), attrs.get("badgeConstraints"))
        return [limit for limits in levels for limit in limits or ()]


class BadgeUpdate(BadgeInput):
    """The whole badge, with its id. If `active` is omitted, it does not change."""

    missing = BadgeInput.missing | {
        "id": [(ErrorCode.BADGE_ID_MISSING, "id")],
        "ownership": [(ErrorCode.OWNERS_MISSING, "ownership")],
    }

    id = TextField(source="badge_id", max_length=100)

    def validate(self, attrs):
        return super().validate(attrs) | {"badge_id": attrs["badge_id"]}


class OwnerInput(serializers.Serializer):
    """The owner of a claim."""

    missing = {
        "ownerType": [(ErrorCode.OWNER_TYPE_MISSING, "ownerType")],
        "referenceId": [(ErrorCode.REFERENCE_ID_MISSING, "referenceId")],
    }

    ownerType = StrictChoiceField(OwnerType.claimable(), source="owner_type")
    referenceId = TextField(source="reference_id", max_length=255)

    def validate(self, attrs):
        return {"owner": Owner(**attrs)}
