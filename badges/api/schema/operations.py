"""The OpenAPI description of an earn and its receipt."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from badges.api.fields import MAX_REQUEST_ID_LENGTH
from badges.api.schema import examples
from badges.api.schema.base import enveloped, refusals
from badges.api.serializers.operations import EarnOutput
from badges.api.serializers.queries import PageQuery
from badges.api.serializers.receipts import ReceiptPage
from badges.errors import ErrorCode

EARN_REQUEST = OpenApiExample(
    "A purchase that earns a badge",
    description="Replace the id of the badge by one from `GET /badgeMeta`, and the trigger by an "
    "active claim of it. If `badgeMetaId` is omitted, the badge is the one with this claim.",
    request_only=True,
    value={
        "badgeMetaId": examples.BADGE_ID,
        "customerId": examples.CUSTOMER_ID,
        "requestId": examples.REQUEST_ID,
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123694"},
    },
)
EARN: dict[str, Any] = {
    "operation_id": "earn",
    "summary": "Give a badge to one customer",
    "description": (
        "Each `requestId` is accepted once: a repeated request is refused with 809, which contains "
        "the result of the first request for its integrator. A refused request does not use its "
        "id up."
    ),
    "tags": ["customer"],
    "examples": [EARN_REQUEST],
    "responses": {
        200: enveloped("EarnEnvelope", EarnOutput()),
        **refusals(
            ErrorCode.INVALID_INPUT,
            ErrorCode.NOT_FOUND,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
            ErrorCode.BADGE_ID_MISSING,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.EVENT_IN_FUTURE,
            ErrorCode.REQUEST_ID_MISSING,
            ErrorCode.DUPLICATE_REQUEST,
            ErrorCode.CLAIM_REQUIRED,
            ErrorCode.ENROLMENT_REQUIRED,
            ErrorCode.CUSTOMER_ID_MISSING,
            ErrorCode.BADGE_NOT_LIVE,
            ErrorCode.OUTSIDE_WINDOW,
            ErrorCode.CUSTOMER_LIMIT_REACHED,
            ErrorCode.BADGE_LIMIT_REACHED,
        ),
    },
}
REQUEST_ID = OpenApiParameter(
    "requestId",
    {"type": "string", "minLength": 1, "maxLength": MAX_REQUEST_ID_LENGTH},
    OpenApiParameter.PATH,
)
RECEIPT: dict[str, Any] = {
    "operation_id": "getReceipt",
    "summary": "Read the receipt of an accepted request",
    "description": "Only the integrator that made the request can read its receipt; other "
    "integrators receive 404.",
    "tags": ["requests"],
    "parameters": [REQUEST_ID, PageQuery],
    "responses": {
        200: enveloped("ReceiptEnvelope", ReceiptPage()),
        **refusals(ErrorCode.INVALID_INPUT, ErrorCode.NOT_FOUND),
    },
}
