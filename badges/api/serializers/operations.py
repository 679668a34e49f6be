"""Serializers of an earn (CONTRACT.md, 2.1)."""

from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoDateTimeField,
    RequestIdField,
    TextField,
    WireDateTimeField,
    epoch,
    iso,
)
from badges.api.serializers.shared import TriggeredBy
from badges.api.serializers.twins import TwinsSerializer


class EarnEventDate(TwinsSerializer):
    """The event date, by default now; `earnEventDateISO` takes precedence."""

    earnEventDate = WireDateTimeField(
        source="event_at", required=False, allow_null=True, help_text="Default: now."
    )
    earnEventDateISO = IsoDateTimeField(source="event_at", required=False, allow_null=True)


class EarnInput(EarnEventDate):
    """A badge to give to one customer."""

    badgeMetaId = TextField(
        source="badge_id",
        max_length=100,
        required=False,
        allow_null=True,
        help_text="If omitted, the only badge with this active claim.",
    )
    customerId = CustomerIdField(source="customer_id")
    requestId = RequestIdField(source="request_id", help_text="Each id is accepted once.")
    triggeredBy = TriggeredBy(source="owner")


class EarnOutput(serializers.Serializer):
    """An earned badge, with the request id in the JSON type of the request."""

    badgeMetaId = serializers.CharField()
    customerId = serializers.IntegerField()
    earnedBadgeId = serializers.CharField()
    expiresOn = EpochField()
    expiresOnISO = IsoDateTimeField()
    requestId = RequestIdField()
    issuedId = serializers.CharField(allow_null=True)

    def to_representation(self, earned):
        return earned_on_wire(earned, self.context["request_id"])


def earned_on_wire(earned, request_id: str | int) -> dict:
    """Return the data that `EarnOutput` describes, faster than a serializer."""
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
    """The result of the first call with this request id, for the integrator that made it."""

    earnedBadgeId = serializers.SerializerMethodField()
    customerId = serializers.IntegerField(source="original.customer_id", allow_null=True)
    badgeMetaId = serializers.CharField(source="original.badge_id", allow_null=True)
    acceptedOn = EpochField(source="original.received_at")
    identical = serializers.BooleanField()

    def get_earnedBadgeId(self, refusal) -> str | None:
        earned = refusal.original.earned
        return earned and earned.pk
