"""How earning and its receipt are described."""

from drf_spectacular.utils import OpenApiExample

from badges.api.schema.base import enveloped, refusals
from badges.api.serializers.operations import EarnOutput, ReceiptPage
from badges.errors import ErrorCode

EARN_REQUEST = OpenApiExample(
    "A purchase that earns a badge",
    request_only=True,
    value={
        "badgeMetaId": "66276dc68fe258516a88ff8e",
        "customerId": 62090013,
        "requestId": 2132,
        "triggeredBy": {"ownerType": "Loyalty", "referenceId": "123694"},
    },
)
EARN = {
    "operation_id": "earn",
    "summary": "Give a badge to one customer",
    "description": (
        "Done once for each `requestId`: a repeat is refused with 809, which tells the integrator "
        "of the first call what it did. A refused request does not use its id up."
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
RECEIPT = {
    "operation_id": "receipt",
    "summary": "Read the receipt of an accepted request",
    "description": "For the integrator that made the request; everybody else gets 404.",
    "tags": ["requests"],
    "responses": {
        200: enveloped("ReceiptEnvelope", ReceiptPage()),
        **refusals(ErrorCode.INVALID_INPUT, ErrorCode.NOT_FOUND),
    },
}
