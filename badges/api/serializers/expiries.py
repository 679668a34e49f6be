"""When something ends, as the wire has it (contract, 2.9.1)."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from badges.api.fields import (
    EpochField,
    FlagField,
    IsoMomentField,
    MomentField,
    OneOfField,
    WholeNumberField,
)
from badges.models import BadgeMeta, Expiry, ExpiryKind, Unit

NEVER, RELATIVE, ABSOLUTE = "NEVER", "RELATIVE", "ABSOLUTE"
LONGEST_PERIOD = 2**15 - 1
OPTIONAL = {"required": False, "allow_null": True}


class ExpiryInput(serializers.Serializer):
    """Never, a period after it was given, on a fixed date, or along with the badge."""

    expiryType = OneOfField([NEVER, RELATIVE, ABSOLUTE])
    type = OneOfField(
        [ExpiryKind.FIXED_DATE, ExpiryKind.WITH_BADGE], **OPTIONAL, help_text="With `ABSOLUTE`."
    )
    relativeExpirytype = OneOfField(Unit.values, **OPTIONAL, help_text="With `RELATIVE`.")
    relativeExpiryType = OneOfField(Unit.values, **OPTIONAL)
    value = WholeNumberField(min_value=1, max_value=LONGEST_PERIOD, **OPTIONAL)
    expiresOn = MomentField(**OPTIONAL, help_text="With `FIXED_DATE`: this or `expiresOnISO`.")
    expiresOnISO = IsoMomentField(**OPTIONAL)
    expireWithBadgeMeta = FlagField(**OPTIONAL)

    def to_internal_value(self, data):
        given = super().to_internal_value(data)
        unit = given.get("relativeExpirytype") or given.get("relativeExpiryType")
        at = given.get("expiresOnISO") or given.get("expiresOn")
        if given["expiryType"] == NEVER:
            return Expiry(ExpiryKind.NEVER)
        if given["expiryType"] == RELATIVE:
            self._need(relativeExpirytype=unit, value=given.get("value"))
            return Expiry(ExpiryKind.RELATIVE, Unit(unit), given["value"])
        self._need(type=given.get("type"))
        if given["type"] == ExpiryKind.WITH_BADGE:
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
    """An expiry; which of the optional fields there are depends on its type."""

    expiryType = serializers.ChoiceField([NEVER, RELATIVE, ABSOLUTE])
    type = serializers.ChoiceField([ExpiryKind.FIXED_DATE, ExpiryKind.WITH_BADGE], required=False)
    relativeExpirytype = serializers.ChoiceField(Unit.values, required=False)
    value = serializers.IntegerField(required=False)
    expiresOn = EpochField(required=False)
    expiresOnISO = IsoMomentField(required=False)
    expireWithBadgeMeta = serializers.BooleanField(required=False)


def expiry_columns(prefix: str, expiry: Expiry | None) -> dict:
    """Return the columns of a badge that hold an expiry."""
    parts = {"kind": "", "unit": "", "count": None, "at": None}
    if expiry is not None:
        unit = expiry.unit or ""
        parts = {"kind": expiry.kind, "unit": unit, "count": expiry.count, "at": expiry.at}
    return {f"{prefix}_expiry_{part}": value for part, value in parts.items()}


def expiry_of(expiry: Expiry, badge: BadgeMeta) -> dict:
    """Return an expiry of a badge as the wire has it."""
    if expiry.kind == ExpiryKind.NEVER:
        return {"expiryType": NEVER}
    if expiry.kind == ExpiryKind.RELATIVE:
        return {
            "expiryType": RELATIVE,
            "relativeExpirytype": expiry.unit,
            "value": expiry.count,
        }
    with_badge = expiry.kind == ExpiryKind.WITH_BADGE
    moment = badge.expires_at if with_badge else expiry.at
    return {
        "expiryType": ABSOLUTE,
        "type": expiry.kind,
        "expiresOn": EpochField().to_representation(moment),
        "expiresOnISO": IsoMomentField().to_representation(moment),
        "expireWithBadgeMeta": with_badge,
    }
