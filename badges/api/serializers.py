"""The wire format: one Input and one Output for each verb. All camelCase lives here."""

from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoMomentField,
    MomentField,
    OneOfField,
    RequestIdField,
    TextField,
)
from badges.errors import ErrorCode
from badges.models import Owner, OwnerType

# What a missing field is answered with, by its path: code and reference.
MISSING = {
    "customerId": [(ErrorCode.CUSTOMER_ID_MISSING, "customerId")],
    "requestId": [(ErrorCode.REQUEST_ID_MISSING, "requestId")],
    "triggeredBy": [
        (ErrorCode.OWNER_TYPE_MISSING, "triggeredBy.ownerType"),
        (ErrorCode.REFERENCE_ID_MISSING, "triggeredBy.referenceId"),
    ],
    "triggeredBy.ownerType": [(ErrorCode.OWNER_TYPE_MISSING, "triggeredBy.ownerType")],
    "triggeredBy.referenceId": [(ErrorCode.REFERENCE_ID_MISSING, "triggeredBy.referenceId")],
}


def wire_name(input_class: type[serializers.Serializer] | None, field: str | None) -> str | None:
    """Return how the wire calls an argument of a service."""
    if input_class is None or field is None:
        return None
    for name, declared in input_class().fields.items():
        if (declared.source or name) == field:
            return name
    return None


class TriggeredBy(serializers.Serializer):
    """The object of a module that triggers the call; becomes an Owner."""

    ownerType = OneOfField(source="owner_type", choices=OwnerType.claimable())
    referenceId = TextField(source="reference_id", max_length=255)

    def to_internal_value(self, data):
        return Owner(**super().to_internal_value(data))


class EarnInput(serializers.Serializer):
    """Contract, 2.1. `earnEventDateISO` wins over `earnEventDate`."""

    badgeMetaId = TextField(
        source="badge_id",
        max_length=100,
        required=False,
        allow_null=True,
        help_text="Left out: the one badge with this active claim.",
    )
    customerId = CustomerIdField(source="customer_id")
    requestId = RequestIdField(source="request_id", help_text="Accepted once, ever.")
    earnEventDate = MomentField(
        source="event_at", required=False, allow_null=True, help_text="Default: now."
    )
    earnEventDateISO = IsoMomentField(source="event_at_iso", required=False, allow_null=True)
    triggeredBy = TriggeredBy(source="owner")

    def validate(self, attrs):
        iso = attrs.pop("event_at_iso", None)
        return attrs | {"event_at": iso} if iso else attrs


class EarnOutput(serializers.Serializer):
    """An earned badge, with the request id in the type it was sent in."""

    badgeMetaId = serializers.CharField(source="badge_id")
    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(source="pk")
    expiresOn = EpochField(source="expires_at")
    expiresOnISO = IsoMomentField(source="expires_at")
    requestId = serializers.SerializerMethodField()
    issuedId = serializers.CharField(source="enrolment_id", allow_null=True)

    def get_requestId(self, earned) -> str:  # noqa: N802 - DRF derives it from the field
        return self.context["request_id"]


class OriginalOutput(serializers.Serializer):
    """What the first call with the same request id did, for the integrator that made it."""

    earnedBadgeId = serializers.SerializerMethodField()
    customerId = serializers.IntegerField(source="original.customer_id", allow_null=True)
    badgeMetaId = serializers.CharField(source="original.badge_id", allow_null=True)
    acceptedOn = EpochField(source="original.received_at")
    identical = serializers.BooleanField()

    def get_earnedBadgeId(self, refusal) -> str | None:  # noqa: N802
        earned = refusal.original.earned
        return earned and earned.pk


class ReceiptOutput(serializers.Serializer):
    """The receipt of an accepted request."""

    requestId = serializers.CharField(source="request_id")
    operation = serializers.CharField()
    acceptedOn = EpochField(source="received_at")
    acceptedOnISO = IsoMomentField(source="received_at")
    badgeMetaId = serializers.CharField(source="badge_id", allow_null=True)
    customerId = serializers.IntegerField(source="customer_id", allow_null=True)
    earnedBadgeId = serializers.CharField(source="earned.pk", allow_null=True, default=None)
    earnEventDateISO = IsoMomentField(source="earned.event_at", default=None)
    expiresOn = EpochField(source="earned.expires_at", default=None)
    expiresOnISO = IsoMomentField(source="earned.expires_at", default=None)
    issuedId = serializers.CharField(source="earned.enrolment_id", allow_null=True, default=None)
    triggeredBy = TriggeredBy(source="earned", default=None)
