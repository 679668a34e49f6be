"""The receipt of an accepted request."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import EpochField, IsoDateTimeField, RequestIdField
from badges.api.serializers.queries import Pagination
from badges.api.serializers.shared import TriggeredBy
from badges.models import Operation, RequestLog

# The operations that carry a request id; all others have no receipt.
WITH_RECEIPT = [
    Operation.EARN,
    Operation.EARN_BULK,
    Operation.ENROL_BULK,
    Operation.REVOKE_EARN,
    Operation.REVOKE_ENROLMENT,
    Operation.IMPORT_EARNED,
]
OPTIONAL: dict[str, Any] = {"allow_null": True, "default": None, "read_only": True}


class SentTrigger(msgspec.Struct):
    """The trigger in an accepted body."""

    ownerType: str
    referenceId: str


class SentBody(msgspec.Struct):
    """The parts of a request body that its receipt repeats."""

    requestId: str | int | None = None
    triggeredBy: SentTrigger | None = None


def sent_body(request: RequestLog) -> SentBody:
    """Return the repeated parts of a body, empty if it is an array or has been erased."""
    try:
        return msgspec.json.decode(request.content.encode(), type=SentBody)
    except msgspec.DecodeError:
        return SentBody()


class ReceiptItem(serializers.Serializer):
    """The result of a request for one customer."""

    customerId = serializers.IntegerField(source="customer_id")
    earnedBadgeId = serializers.CharField(
        source="earned_badge_id",
        allow_null=True,
        help_text="The earned badge that the request wrote or revoked.",
    )
    issuedId = serializers.CharField(
        source="issued_id",
        allow_null=True,
        help_text="The enrolment that the request wrote, used or revoked.",
    )
    errorCode = serializers.IntegerField(source="error_code", allow_null=True)


class ReceiptOutput(serializers.Serializer):
    """The receipt of an accepted request.

    The dates apply to all rows that the request wrote. They are null for an import, whose items
    have dates of their own, and if nothing was written.
    """

    requestId = serializers.SerializerMethodField()
    operation = serializers.ChoiceField(WITH_RECEIPT)
    acceptedOn = EpochField(source="received_at")
    acceptedOnISO = IsoDateTimeField(source="received_at")
    badgeMetaId = serializers.CharField(source="badge_id", allow_null=True)
    customerId = serializers.IntegerField(source="customer_id", allow_null=True)
    earnedBadgeId = serializers.CharField(source="earned.pk", **OPTIONAL)
    earnEventDate = EpochField(source="first_earned.event_at", **OPTIONAL)
    earnEventDateISO = IsoDateTimeField(source="first_earned.event_at", **OPTIONAL)
    expiresOn = EpochField(source="first_fact.expires_at", **OPTIONAL)
    expiresOnISO = IsoDateTimeField(source="first_fact.expires_at", **OPTIONAL)
    issuedId = serializers.CharField(source="earned.enrolment_id", **OPTIONAL)
    triggeredBy = serializers.SerializerMethodField()
    failedCount = serializers.IntegerField(source="refused_items.count")

    @extend_schema_field(RequestIdField())
    def get_requestId(self, request):
        sent = sent_body(request).requestId
        return sent if str(sent) == request.request_id else request.request_id

    def get_triggeredBy(self, request) -> TriggeredBy(allow_null=True):
        if request.first_fact is None:  # every customer of a list may have been refused
            return msgspec.to_builtins(sent_body(request).triggeredBy)
        return TriggeredBy(request.first_fact).data if request.first_fact.owner_type else None


class ReceiptPage(ReceiptOutput):
    """The receipt of a request, with a page of its results sorted by customer id."""

    outcomes = ReceiptItem(many=True)
    pagination = Pagination()
