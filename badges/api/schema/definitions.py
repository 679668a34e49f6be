"""How badge definitions and their claims are described."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from badges.api.schema.base import enveloped, refusals
from badges.api.serializers.definitions import (
    BadgeListQuery,
    BadgeOutput,
    BadgePage,
    BadgeQuery,
    BadgeSwitchOutput,
    BadgeWithStatistics,
    ClaimOutput,
)
from badges.api.serializers.windows import CyclePage, CycleQuery
from badges.errors import ErrorCode

TAGS = ["badge"]
BADGE_ID = OpenApiParameter(
    "badgeId", {"type": "string", "pattern": "^[0-9a-f]{24}$"}, OpenApiParameter.PATH
)
BODY = (
    ErrorCode.INVALID_INPUT,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
)
DEFINITION = (
    *BODY,
    ErrorCode.OWNER_NOT_ALLOWED,
    ErrorCode.ENDS_BEFORE_START,
    ErrorCode.START_TOO_EARLY,
    ErrorCode.NAME_TAKEN,
    ErrorCode.OWNER_NEEDED,
)
BADGE = {
    "name": "Summer of 2026",
    "description": "Three purchases in one week",
    "startOnISO": "2026-06-01T00:00:00Z",
    "expiresOnISO": "2026-09-01T00:00:00Z",
    "earnType": "EARN",
    "earnedBadgeExpiry": {"expiryType": "RELATIVE", "relativeExpirytype": "WEEKS", "value": 2},
    "ownership": {"restrictedToOwners": ["Loyalty"]},
    "customerConstraints": [
        {
            "constraintType": "CUSTOMER_BADGE_FIXED_WINDOW",
            "durationType": "WEEKS",
            "startDayOfTheWeek": "MONDAY",
            "maxEarnLimit": 1,
        }
    ],
    "badgeConstraints": [{"constraintType": "BADGE_FIXED_VALUE", "maxEarnLimit": 5000}],
    "active": True,
}
OWNER = {"ownerType": "Loyalty", "referenceId": "123694"}
ID = "66276dc68fe258516a88ff8e"

CREATE = {
    "operation_id": "createBadge",
    "summary": "Create a badge",
    "description": (
        "Claims in the body are passed over: they are made by the claim call. A badge may begin "
        "in the past, up to 100 years ago."
    ),
    "tags": TAGS,
    "examples": [OpenApiExample("One a week for each customer", request_only=True, value=BADGE)],
    "responses": {201: enveloped("BadgeCreatedEnvelope", BadgeOutput()), **refusals(*DEFINITION)},
}
UPDATE = {
    "operation_id": "updateBadge",
    "summary": "Change a badge",
    "description": (
        "The whole badge, with its id; what is optional and left out is emptied, but `active` and "
        "the claims stay. Once the badge is live its start is fixed, and a fixed window of another "
        "shape waits until the cycle of the running one ends."
    ),
    "tags": TAGS,
    "examples": [
        OpenApiExample("Twice a week from now on", request_only=True, value={"id": ID} | BADGE)
    ],
    "responses": {
        200: enveloped("BadgeEnvelope", BadgeOutput()),
        **refusals(
            *DEFINITION,
            ErrorCode.NOT_FOUND,
            ErrorCode.BADGE_ID_MISSING,
            ErrorCode.START_IS_FIXED,
            ErrorCode.ENDS_IN_PAST,
            ErrorCode.OWNERS_MISSING,
            ErrorCode.OWNER_HAS_CLAIM,
            ErrorCode.WINDOW_KIND_IS_FIXED,
            ErrorCode.EARN_TYPE_IS_FIXED,
        ),
    },
}
READ = {
    "operation_id": "badge",
    "summary": "Read a badge",
    "tags": TAGS,
    "parameters": [BADGE_ID, BadgeQuery],
    "responses": {
        200: enveloped("BadgeWithStatisticsEnvelope", BadgeWithStatistics()),
        **refusals(ErrorCode.INVALID_INPUT, ErrorCode.NOT_FOUND),
    },
}
LIST = {
    "operation_id": "badges",
    "summary": "List badges",
    "description": "Only badges that every filter lets pass.",
    "tags": TAGS,
    "parameters": [BadgeListQuery],
    "responses": {
        200: enveloped("BadgesEnvelope", BadgePage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
CLAIM = {
    "operation_id": "claimBadge",
    "summary": "Claim a badge",
    "description": (
        "Binds an object of one of the badge's owners to it, so that it may give the badge. What "
        "is claimed already is answered with the warning 900."
    ),
    "tags": TAGS,
    "parameters": [BADGE_ID],
    "examples": [OpenApiExample("A loyalty programme", request_only=True, value=OWNER)],
    "responses": {
        200: enveloped("ClaimEnvelope", ClaimOutput()),
        **refusals(
            *BODY,
            ErrorCode.NOT_FOUND,
            ErrorCode.OWNER_NOT_ALLOWED,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.BADGE_NOT_LIVE,
        ),
    },
}
UNCLAIM = {
    "operation_id": "unclaimBadge",
    "summary": "Take a claim back",
    "tags": TAGS,
    "parameters": [BADGE_ID],
    "examples": [OpenApiExample("A loyalty programme", request_only=True, value=OWNER)],
    "responses": {
        200: enveloped("UnclaimEnvelope", ClaimOutput()),
        **refusals(
            *BODY,
            ErrorCode.NOT_FOUND,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.CLAIM_NOT_FOUND,
        ),
    },
}
SWITCH = {
    "tags": TAGS,
    "parameters": [BADGE_ID],
    "responses": {
        200: enveloped("BadgeSwitchEnvelope", BadgeSwitchOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}
ACTIVATE = SWITCH | {
    "operation_id": "activateBadge",
    "summary": "Activate a badge",
    "description": "It can be claimed and given again. A body is passed over.",
}
DEACTIVATE = SWITCH | {
    "operation_id": "deactivateBadge",
    "summary": "Deactivate a badge",
    "description": "It can be neither claimed nor given any more. A body is passed over.",
}
CYCLES = {
    "operation_id": "fixedWindowDetails",
    "summary": "List the cycles of the fixed windows of a badge",
    "description": (
        "Those that touch the period from `startDate` to `endDate`; the last is cut at the end of "
        "the badge. Dates are whole days in UTC, `endDate` of a cycle is its last day. Counts are "
        "by event date and leave revoked badges out: those of the customer in cycles of "
        "the customer's windows, those of all customers in cycles of the badge's."
    ),
    "tags": TAGS,
    "parameters": [CycleQuery],
    "responses": {
        200: enveloped("FixedWindowCyclesEnvelope", CyclePage()),
        **refusals(
            ErrorCode.INVALID_INPUT,
            ErrorCode.NOT_FOUND,
            ErrorCode.BADGE_ID_MISSING,
            ErrorCode.CUSTOMER_ID_MISSING,
        ),
    },
}
