"""Expiries in the wire format (CONTRACT.md, 2.9.1)."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from badges.api.fields import (
    EpochField,
    IsoDateTimeField,
    StrictBooleanField,
    StrictChoiceField,
    WholeNumberField,
    WireDateTimeField,
)
from badges.api.serializers.twins import TwinsSerializer
from badges.models import BadgeMeta, Expiry, ExpiryKind, Unit
from badges.models.units import MAX_PERIOD

NEVER, RELATIVE, ABSOLUTE = "NEVER", "RELATIVE", "ABSOLUTE"
OPTIONAL: dict[str, Any] = {"required": False, "allow_null": True}


class ExpiryInput(TwinsSerializer):
    """An expiry: never, a period after the earn or enrolment, on a date, or with the badge."""

    expiryType = StrictChoiceField([NEVER, RELATIVE, ABSOLUTE])
    type = StrictChoiceField(
        [ExpiryKind.FIXED_DATE, ExpiryKind.WITH_BADGE], **OPTIONAL, help_text="With `ABSOLUTE`."
    )
    relativeExpirytype = StrictChoiceField(Unit.values, **OPTIONAL, help_text="With `RELATIVE`.")
    relativeExpiryType = StrictChoiceField(Unit.values, **OPTIONAL)
    value = WholeNumberField(min_value=1, max_value=MAX_PERIOD, **OPTIONAL)
    expiresOn = WireDateTimeField(
        source="at", **OPTIONAL, help_text="With `FIXED_DATE`: this or `expiresOnISO`."
    )
    expiresOnISO = IsoDateTimeField(source="at", **OPTIONAL)
    expireWithBadgeMeta = StrictBooleanField(**OPTIONAL)

    def to_internal_value(self, data):
        attrs = super().to_internal_value(data)
        unit = attrs.get("relativeExpirytype") or attrs.get("relativeExpiryType")
        at = attrs.get("at")
        if attrs["expiryType"] == NEVER:
            return Expiry(ExpiryKind.NEVER)
        if attrs["expiryType"] == RELATIVE:
            self._need(relativeExpirytype=unit, value=attrs.get("value"))
            return Expiry(ExpiryKind.RELATIVE, Unit(unit), attrs["value"])
        self._need(type=attrs.get("type"))
        if attrs["type"] == ExpiryKind.WITH_BADGE:
            return Expiry(ExpiryKind.WITH_BADGE)
        self._need(expiresOn=at)
        return Expiry(ExpiryKind.FIXED_DATE, at=at)

    @staticmethod
    def _need(**parts) -> None:
        missing = [name for name, value in parts.items() if value is None]
        if missing:
            text = _("This kind of expiry needs it.")
            raise serializers.ValidationError(dict.fromkeys(missing, text), code="required")


class ExpiryOutput(serializers.Serializer):
    """An expiry; its type determines the optional fields."""

    expiryType = serializers.ChoiceField([NEVER, RELATIVE, ABSOLUTE])
    type = serializers.ChoiceField([ExpiryKind.FIXED_DATE, ExpiryKind.WITH_BADGE], required=False)
    relativeExpirytype = serializers.ChoiceField(Unit.values, required=False)
    value = serializers.IntegerField(required=False)
    expiresOn = EpochField(required=False)
    expiresOnISO = IsoDateTimeField(required=False)
    expireWithBadgeMeta = serializers.BooleanField(required=False)


def expiry_columns(prefix: str, expiry: Expiry | None) -> dict:
    """Return the columns of a badge that store an expiry."""
    parts: dict[str, Any] = {"kind": "", "unit": "", "count": None, "at": None}
    if expiry is not None:
        unit = expiry.unit or ""
        parts = {
            "kind": expiry.kind,
            "unit": unit,
            "count": expiry.count,
            "at": expiry.at,
        }
    return {f"{prefix}_expiry_{part}": value for part, value in parts.items()}


def expiry_of(expiry: Expiry, badge: BadgeMeta) -> dict:
    """Return an expiry of a badge in the wire format."""
    if expiry.kind == ExpiryKind.NEVER:
        return {"expiryType": NEVER}
    if expiry.kind == ExpiryKind.RELATIVE:
        return {
            "expiryType": RELATIVE,
            "relativeExpirytype": expiry.unit,
            "value": expiry.count,
        }
    with_badge = expiry.kind == ExpiryKind.WITH_BADGE
    dt = badge.expires_at if with_badge else expiry.at
    return {
        "expiryType": ABSOLUTE,
        "type": expiry.kind,
        "expiresOn": EpochField().to_representation(dt),
        "expiresOnISO": IsoDateTimeField().to_representation(dt),
        "expireWithBadgeMeta": with_badge,
    }
