"""Earning, and the receipt of it (contract, 2.1)."""

from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoMomentField,
    MomentField,
    RequestIdField,
    TextField,
    epoch,
    iso,
)
from badges.api.serializers.queries import Pagination
from badges.api.serializers.shared import TriggeredBy


class EarnEventDate(serializers.Serializer):
    """When it happened, by default now; `earnEventDateISO` wins over `earnEventDate`."""

    earnEventDate = MomentField(
        source="event_at", required=False, allow_null=True, help_text="Default: now."
    )
    earnEventDateISO = IsoMomentField(source="event_at_iso", required=False, allow_null=True)

    def validate(self, attrs):
        iso = attrs.pop("event_at_iso", None)
        return attrs | {"event_at": iso} if iso else attrs


class EarnInput(EarnEventDate):
    """Contract, 2.1."""

    badgeMetaId = TextField(
        source="badge_id",
        max_length=100,
        required=False,
        allow_null=True,
        help_text="Left out: the one badge with this active claim.",
    )
    customerId = CustomerIdField(source="customer_id")
    requestId = RequestIdField(source="request_id", help_text="Accepted once, ever.")
    triggeredBy = TriggeredBy(source="owner")


class EarnOutput(serializers.Serializer):
    """An earned badge, with the request id in the type it was sent in."""

    badgeMetaId = serializers.CharField()
    customerId = serializers.IntegerField()
    earnedBadgeId = serializers.CharField()
    expiresOn = EpochField()
    expiresOnISO = IsoMomentField()
    requestId = RequestIdField()
    issuedId = serializers.CharField(allow_null=True)

    def to_representation(self, earned):
        return earned_on_wire(earned, self.context["request_id"])


def earned_on_wire(earned, request_id: str | int) -> dict:
    """Return what `EarnOutput` describes, without the time a serializer takes."""
    return {
        "badgeMetaId": earned.badge_id,
        "customerId": earned.customer_id,
        "earnedBadgeId": earned.pk,
        "expiresOn": epoch(earned.expires_at),
        "expiresOnISO": iso(earned.expires_at),
        "requestId": request_id,
        "issuedId": earned.enrolment_id,
    }


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


class ReceiptItem(serializers.Serializer):
    """What became of one customer of a request."""

    customerId = serializers.IntegerField(source="customer_id")
    factId = serializers.CharField(
        source="fact_id",
        allow_null=True,
        help_text="The earned badge or enrolment that was written or revoked.",
    )
    errorCode = serializers.IntegerField(source="error_code", allow_null=True)


class ReceiptOutput(serializers.Serializer):
    """The receipt of an accepted request; of one for many, with counts and a page of outcomes."""

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
    failedCount = serializers.IntegerField(source="refused_items.count")


class ReceiptPage(ReceiptOutput):
    """The receipt with a page of what became of each customer, by customer id."""

    outcomes = ReceiptItem(many=True)
    pagination = Pagination()
