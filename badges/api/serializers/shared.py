"""What the serializers share: missing fields, names of the wire, the trigger."""

from rest_framework import serializers

from badges.api.fields import OneOfField, TextField
from badges.errors import ErrorCode
from badges.models import Owner, OwnerType

# What a missing field of a call about customers is answered with, by its path: code and reference.
# Other inputs have a table of their own, `missing`.
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


def missing_codes(input_class: type[serializers.Serializer] | None) -> dict:
    """Return what missing fields of an input are answered with."""
    return getattr(input_class, "missing", MISSING)


def wire_name(input_class: type[serializers.Serializer] | None, field: str | None) -> str | None:
    """Return how the wire calls an argument of a service.

    An input says it with the source of a field, its own or one of the trigger's, or in
    `references` where one field is not enough.
    """
    if input_class is None or field is None:
        return None
    if field in getattr(input_class, "references", {}):
        return input_class.references[field]
    for name, declared in input_class().fields.items():
        if (declared.source or name) == field:
            return name
        if isinstance(declared, TriggeredBy) and field == "owner_type":
            return f"{name}.ownerType"
    return None


class ListItem(serializers.Serializer):
    """An item of a list: where the list may be null, its items still may not."""

    def validate_empty_values(self, data):
        if data is None and isinstance(self.parent, serializers.ListSerializer):
            self.fail("null")
        return super().validate_empty_values(data)


class PartlyShown(serializers.Serializer):
    """What is not always shown in full: `sometimes` names the fields that an answer may lack."""

    sometimes: tuple[str, ...] = ()


class TriggeredBy(serializers.Serializer):
    """The object of a module that triggers the call; becomes an Owner."""

    ownerType = OneOfField(source="owner_type", choices=OwnerType.claimable())
    referenceId = TextField(source="reference_id", max_length=255)

    def to_internal_value(self, data):
        return Owner(**super().to_internal_value(data))
