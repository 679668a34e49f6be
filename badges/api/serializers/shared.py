"""Common parts of the serializers: errors for missing fields, wire names, the trigger."""

from collections.abc import Mapping

from rest_framework import serializers

from badges.api.fields import StrictChoiceField, TextField
from badges.api.serializers.twins import TwinsSerializer
from badges.errors import ErrorCode
from badges.models import Owner, OwnerType

# The errors for missing fields of calls about customers, by path: code and reference. Other inputs
# have a table of their own, `missing`.
MISSING = {
    "badgeMetaId": [(ErrorCode.BADGE_ID_MISSING, "badgeMetaId")],
    "customerIds": [(ErrorCode.CUSTOMER_ID_MISSING, "customerIds")],
    "customers": [(ErrorCode.CUSTOMER_ID_MISSING, "customers")],
    "customerId": [(ErrorCode.CUSTOMER_ID_MISSING, "customerId")],
    "requestId": [(ErrorCode.REQUEST_ID_MISSING, "requestId")],
    "triggeredBy": [
        (ErrorCode.OWNER_TYPE_MISSING, "triggeredBy.ownerType"),
        (ErrorCode.REFERENCE_ID_MISSING, "triggeredBy.referenceId"),
    ],
    "triggeredBy.ownerType": [(ErrorCode.OWNER_TYPE_MISSING, "triggeredBy.ownerType")],
    "triggeredBy.referenceId": [(ErrorCode.REFERENCE_ID_MISSING, "triggeredBy.referenceId")],
}


MISSING_FIELD_CODES = {code for errors in MISSING.values() for code, _reference in errors} | {
    ErrorCode.DEFAULT_NEEDED,
    ErrorCode.DATA_TYPE_MISSING,
    ErrorCode.GROUP_RANK_MISSING,
}


def missing_codes(input_class: type[serializers.Serializer] | None) -> dict:
    """Return the errors for missing fields of an input, by path."""
    return getattr(input_class, "missing", MISSING)


def wire_name(input_class: type[serializers.Serializer] | None, refusal, data) -> str | None:
    """Return the wire name of the service argument that was refused, or None.

    The name is in `references` of the input, or it is that of the field with this argument as its
    source, in the input or its trigger. Among twin fields it is the one with precedence that was
    sent. A field that was not sent is named only if the code means a missing field.
    """
    field = refusal.field
    if input_class is None or field is None:
        return None
    if field in getattr(input_class, "references", {}):
        return input_class.references[field]
    declared = input_class().fields
    if field == "owner_type":
        triggers = (name for name in declared if isinstance(declared[name], TriggeredBy))
        return next((f"{name}.ownerType" for name in triggers), _name_by_source(declared, field))
    names = [name for name in declared if (declared[name].source or name) == field]
    given = [name for name in names if isinstance(data, Mapping) and data.get(name) is not None]
    if given:
        return _preferred(input_class, given)
    return names[0] if names and refusal.code in MISSING_FIELD_CODES else None


def _name_by_source(declared, field: str) -> str | None:
    return next((name for name in declared if declared[name].source == field), None)


def _preferred(input_class: type[serializers.Serializer], given: list[str]) -> str:
    """Return the given field that takes precedence over its twins."""
    groups = input_class().groups() if issubclass(input_class, TwinsSerializer) else []
    ordered = [name for group in groups for name in group if name in given]
    return (ordered or given)[0]


class ListItem(serializers.Serializer):
    """An item of a list, which cannot be null even if the list can."""

    def validate_empty_values(self, data):
        if data is None and isinstance(self.parent, serializers.ListSerializer):
            self.fail("null")
        return super().validate_empty_values(data)


class OptionalFieldsSerializer(serializers.Serializer):
    """A response with optional fields; `optional_fields` names the fields that may be absent."""

    optional_fields: tuple[str, ...] = ()


class TriggeredBy(serializers.Serializer):
    """The object of a module that triggers the call."""

    ownerType = StrictChoiceField(source="owner_type", choices=OwnerType.claimable())
    referenceId = TextField(source="reference_id", max_length=255)

    def to_internal_value(self, data):
        return Owner(**super().to_internal_value(data))
