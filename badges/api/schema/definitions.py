"""The OpenAPI description of badge definitions and their claims."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from badges.api.schema import examples
from badges.api.schema.base import ETAG, IF_MATCH, enveloped, refusals
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
BODY_ERRORS = (
    ErrorCode.INVALID_INPUT,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
)
DEFINITION_ERRORS = (
    *BODY_ERRORS,
    ErrorCode.OWNER_NOT_ALLOWED,
    ErrorCode.ENDS_BEFORE_START,
    ErrorCode.START_TOO_EARLY,
    ErrorCode.NAME_TAKEN,
    ErrorCode.OWNER_NEEDED,
)
BADGE: dict[str, Any] = {
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
ID = examples.BADGE_ID

CREATE: dict[str, Any] = {
    "operation_id": "createBadge",
    "summary": "Create a badge",
    "description": (
        "Claims in the body are ignored: only the claim operation creates claims. The start of a "
        "badge may lie in the past, up to 100 years ago."
    ),
    "tags": TAGS,
    "examples": [OpenApiExample("One a week for each customer", request_only=True, value=BADGE)],
    "responses": {
        201: enveloped("BadgeCreatedEnvelope", BadgeOutput()),
        **refusals(*DEFINITION_ERRORS),
    },
}
UPDATE: dict[str, Any] = {
    "operation_id": "updateBadge",
    "summary": "Change a badge",
    "description": (
        "The body contains the whole badge with its id. Omitted optional fields are cleared, "
        "except `active` and the claims, which do not change. The start of a live badge cannot "
        "change. A changed fixed window takes effect when the current cycle of the previous "
        "window ends."
    ),
    "tags": TAGS,
    "parameters": [IF_MATCH, ETAG],
    "examples": [
        OpenApiExample("Twice a week from now on", request_only=True, value={"id": ID} | BADGE)
    ],
    "responses": {
        200: enveloped("BadgeEnvelope", BadgeOutput()),
        **refusals(
            *DEFINITION_ERRORS,
            ErrorCode.NOT_FOUND,
            ErrorCode.CHANGED_MEANWHILE,
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
READ: dict[str, Any] = {
    "operation_id": "getBadge",
    "summary": "Read a badge",
    "tags": TAGS,
    "parameters": [BADGE_ID, BadgeQuery, ETAG],
    "responses": {
        200: enveloped("BadgeWithStatisticsEnvelope", BadgeWithStatistics()),
        **refusals(ErrorCode.INVALID_INPUT, ErrorCode.NOT_FOUND),
    },
}
LIST: dict[str, Any] = {
    "operation_id": "listBadges",
    "summary": "List badges",
    "description": "Returns the badges that match all filters.",
    "tags": TAGS,
    "parameters": [BadgeListQuery],
    "responses": {
        200: enveloped("BadgesEnvelope", BadgePage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
CLAIM: dict[str, Any] = {
    "operation_id": "claimBadge",
    "summary": "Claim a badge",
    "description": (
        "Allows an object of one of the owners of the badge to give the badge. If the claim "
        "already exists, the response has warning 900."
    ),
    "tags": TAGS,
    "parameters": [BADGE_ID],
    "examples": [OpenApiExample("A loyalty programme", request_only=True, value=OWNER)],
    "responses": {
        200: enveloped("ClaimEnvelope", ClaimOutput()),
        **refusals(
            *BODY_ERRORS,
            ErrorCode.NOT_FOUND,
            ErrorCode.OWNER_NOT_ALLOWED,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.BADGE_NOT_LIVE,
        ),
    },
}
UNCLAIM: dict[str, Any] = {
    "operation_id": "unclaimBadge",
    "summary": "Withdraw a claim",
    "tags": TAGS,
    "parameters": [BADGE_ID],
    "examples": [OpenApiExample("A loyalty programme", request_only=True, value=OWNER)],
    "responses": {
        200: enveloped("UnclaimEnvelope", ClaimOutput()),
        **refusals(
            *BODY_ERRORS,
            ErrorCode.NOT_FOUND,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.CLAIM_NOT_FOUND,
        ),
    },
}
SWITCH: dict[str, Any] = {
    "tags": TAGS,
    "parameters": [BADGE_ID, IF_MATCH, ETAG],
    "responses": {
        200: enveloped("BadgeSwitchEnvelope", BadgeSwitchOutput()),
        **refusals(ErrorCode.NOT_FOUND, ErrorCode.CHANGED_MEANWHILE),
    },
}
ACTIVATE = SWITCH | {
    "operation_id": "activateBadge",
    "summary": "Activate a badge",
    "description": "An active badge can be claimed and given. The body is ignored.",
}
DEACTIVATE = SWITCH | {
    "operation_id": "deactivateBadge",
    "summary": "Deactivate a badge",
    "description": "An inactive badge can be neither claimed nor given. The body is ignored.",
}
CYCLES: dict[str, Any] = {
    "operation_id": "listFixedWindowCycles",
    "summary": "List the cycles of the fixed windows of a badge",
    "description": (
        "Returns the cycles that overlap the period from `startDate` to `endDate`; the last cycle "
        "is truncated at the end of the badge. Dates are whole days in UTC, and the `endDate` of a "
        "cycle is its last day. Counts are by event date and exclude revoked badges. They include "
        "the badges of one customer for windows of each customer, and the badges of all customers "
        "for windows of the badge."
    ),
    "tags": TAGS,
    "parameters": [CycleQuery],
    "responses": {
        200: enveloped("FixedWindowCyclesEnvelope", CyclePage()),
        **refusals(
            ErrorCode.INVALID_INPUT,
            ErrorCode.NOT_FOUND,
            ErrorCode.CHANGED_MEANWHILE,
            ErrorCode.BADGE_ID_MISSING,
            ErrorCode.CUSTOMER_ID_MISSING,
        ),
    },
}
