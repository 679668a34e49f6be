"""The OpenAPI description of bulk calls, revocations and imports."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer

from badges.api.schema import examples
from badges.api.schema.base import ApiError, ApiWarning, enveloped, refusals
from badges.api.serializers.bulk import (
    EarnBulkOutput,
    EnrolOutput,
    ImportItem,
    RevokeEarnOutput,
    RevokeEnrolmentsOutput,
)
from badges.api.serializers.operations import EarnOutput
from badges.errors import ErrorCode

BODY_ERRORS = (
    ErrorCode.INVALID_INPUT,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
    ErrorCode.NOT_FOUND,
    ErrorCode.BADGE_ID_MISSING,
    ErrorCode.CUSTOMER_ID_MISSING,
    ErrorCode.DUPLICATE_REQUEST,
)
EVENT_DATE_ERRORS = (ErrorCode.EVENT_IN_FUTURE, ErrorCode.BADGE_NOT_LIVE, ErrorCode.OUTSIDE_WINDOW)
TRIGGER = {"ownerType": "Loyalty", "referenceId": "123694"}

EARN_BULK: dict[str, Any] = {
    "operation_id": "earnBulk",
    "summary": "Give a badge to many customers",
    "description": (
        "The request is processed once. An error of the badge or the call refuses the whole "
        "request; 811, 2001 and 2002 refuse a single customer in a response with status 200. "
        "At most 20,000 customers are allowed; a repeated customer counts once, with warning 2004."
    ),
    "tags": ["customer"],
    "examples": [
        OpenApiExample(
            "Two customers",
            request_only=True,
            value={
                "badgeMetaId": examples.BADGE_ID,
                "customerIds": examples.FIELDS["customerIds"],
                "requestId": "bulk-1",
                "triggeredBy": TRIGGER,
            },
        )
    ],
    "responses": {
        200: enveloped("EarnBulkEnvelope", EarnBulkOutput()),
        **refusals(
            *BODY_ERRORS,
            *EVENT_DATE_ERRORS,
            ErrorCode.REQUEST_ID_MISSING,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.CLAIM_REQUIRED,
        ),
    },
}
ENROL: dict[str, Any] = {
    "operation_id": "enrol",
    "summary": "Enrol customers for a badge",
    "description": (
        "The customers may earn the `ISSUE_EARN` badge from the event date until the enrolment "
        "expires. 1040 refuses a single customer in a response with status 200."
    ),
    "tags": ["enrolment"],
    "examples": [
        OpenApiExample(
            "Two customers",
            request_only=True,
            value={
                "badgeMetaId": examples.BADGE_ID,
                "customers": examples.FIELDS["customerIds"],
                "requestId": "req12",
                "issueEventDateISO": "2026-03-15T11:20:00+05:30",
                "triggeredBy": TRIGGER,
            },
        )
    ],
    "responses": {
        200: enveloped("EnrolEnvelope", EnrolOutput()),
        **refusals(
            *BODY_ERRORS,
            *EVENT_DATE_ERRORS,
            ErrorCode.REQUEST_ID_MISSING,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
        ),
    },
}
REVOKE_ENROLMENTS: dict[str, Any] = {
    "operation_id": "revokeEnrolments",
    "summary": "Revoke enrolments",
    "description": (
        "Revokes all enrolments of up to 20 `customers`, or up to 20 `revokeIssuals`, which take "
        "precedence. Badges that were earned with these enrolments remain valid. 404 refuses a "
        "single item in a response with status 200."
    ),
    "tags": ["enrolment"],
    "responses": {
        200: enveloped("RevokeEnrolmentsEnvelope", RevokeEnrolmentsOutput()),
        **refusals(*BODY_ERRORS, ErrorCode.NOBODY_NAMED, ErrorCode.TOO_MANY_ITEMS),
    },
}
REVOKE_EARN: dict[str, Any] = {
    "operation_id": "revokeEarn",
    "summary": "Revoke one issued badge",
    "description": "A revoked badge no longer counts against any limit.",
    "tags": ["customer"],
    "responses": {
        200: enveloped("RevokeEarnEnvelope", RevokeEarnOutput()),
        **refusals(*BODY_ERRORS, ErrorCode.NOTHING_TO_REVOKE, ErrorCode.UNKNOWN_IDENTIFIER),
    },
}
IMPORT: dict[str, Any] = {
    "request": ImportItem(many=True),
    "summary": "Import badges that customers earned in another system",
    "description": (
        "Claims, periods and limits are not checked, but the imported badges count against the "
        "limits of later earns. The response is an array with one envelope for each item, in the "
        "order of the request; 1054 refuses a single item."
    ),
    "tags": ["import"],
    "parameters": [
        OpenApiParameter(
            "X-CAP-REQUEST-ID",
            str,
            OpenApiParameter.HEADER,
            description="The request id of the whole call, accepted once; generated if omitted.",
        )
    ],
    "responses": {
        200: inline_serializer(
            "ImportEnvelope",
            {
                "data": EarnOutput(allow_null=True),
                "errors": ApiError(many=True),
                "warnings": ApiWarning(many=True, allow_null=True),
            },
            many=True,
        ),
        **refusals(
            ErrorCode.INVALID_INPUT,
            ErrorCode.BODY_TOO_LARGE,
            ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
            ErrorCode.DUPLICATE_REQUEST,
        ),
    },
}
