"""How calls for many customers, revoking and importing are described."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import serializers

from badges.api.schema.base import Error, enveloped, refusals
from badges.api.serializers.bulk import (
    EarnBulkOutput,
    EnrolOutput,
    ImportItem,
    RevokeEarnOutput,
    RevokeEnrolmentsOutput,
)
from badges.api.serializers.operations import EarnOutput
from badges.errors import ErrorCode

READING = (
    ErrorCode.INVALID_INPUT,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
    ErrorCode.NOT_FOUND,
    ErrorCode.BADGE_ID_MISSING,
    ErrorCode.CUSTOMER_ID_MISSING,
    ErrorCode.DUPLICATE_REQUEST,
)
DATED = (ErrorCode.EVENT_IN_FUTURE, ErrorCode.BADGE_NOT_LIVE, ErrorCode.OUTSIDE_WINDOW)
TRIGGER = {"ownerType": "Loyalty", "referenceId": "123694"}

EARN_BULK = {
    "operation_id": "earnBulk",
    "summary": "Give a badge to many customers",
    "description": (
        "One request, done once. What concerns the badge or the call refuses it as a whole; 811, "
        "2001 and 2002 refuse their customer inside a 200. At most 20,000 customers; one named "
        "several times counts once, with warning 2004."
    ),
    "tags": ["customer"],
    "examples": [
        OpenApiExample(
            "Two customers",
            request_only=True,
            value={
                "badgeMetaId": "66276dc68fe258516a88ff8e",
                "customerIds": [62090013, 62090014],
                "requestId": "bulk-1",
                "triggeredBy": TRIGGER,
            },
        )
    ],
    "responses": {
        200: enveloped("EarnBulkEnvelope", EarnBulkOutput()),
        **refusals(
            *READING,
            *DATED,
            ErrorCode.REQUEST_ID_MISSING,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
            ErrorCode.CLAIM_REQUIRED,
        ),
    },
}
ENROL = {
    "operation_id": "enrol",
    "summary": "Enrol customers for a badge",
    "description": (
        "Lets customers earn an `ISSUE_EARN` badge from the event date until the enrolment "
        "expires. 1040 refuses its customer inside a 200."
    ),
    "tags": ["enrolment"],
    "examples": [
        OpenApiExample(
            "Two customers",
            request_only=True,
            value={
                "badgeMetaId": "66276dc68fe258516a88ff8e",
                "customers": [62090013, 62090014],
                "requestId": "req12",
                "issueEventDateISO": "2026-03-15T11:20:00+05:30",
                "triggeredBy": TRIGGER,
            },
        )
    ],
    "responses": {
        200: enveloped("EnrolEnvelope", EnrolOutput()),
        **refusals(
            *READING,
            *DATED,
            ErrorCode.REQUEST_ID_MISSING,
            ErrorCode.OWNER_TYPE_MISSING,
            ErrorCode.REFERENCE_ID_MISSING,
        ),
    },
}
REVOKE_ENROLMENTS = {
    "operation_id": "revokeEnrolments",
    "summary": "Revoke enrolments",
    "description": (
        "All enrolments of up to 20 `customers`, or up to 20 `revokeIssuals`, which win. What was "
        "earned in them stays. 404 refuses its item inside a 200."
    ),
    "tags": ["enrolment"],
    "responses": {
        200: enveloped("RevokeEnrolmentsEnvelope", RevokeEnrolmentsOutput()),
        **refusals(*READING, ErrorCode.NOBODY_NAMED, ErrorCode.TOO_MANY_ITEMS),
    },
}
REVOKE_EARN = {
    "operation_id": "revokeEarn",
    "summary": "Revoke one issued badge",
    "description": "It counts against no limit any more.",
    "tags": ["customer"],
    "responses": {
        200: enveloped("RevokeEarnEnvelope", RevokeEarnOutput()),
        **refusals(*READING, ErrorCode.NOTHING_TO_REVOKE, ErrorCode.UNKNOWN_IDENTIFIER),
    },
}
IMPORT = {
    "request": ImportItem(many=True),
    "summary": "Import badges that customers earned before",
    "description": (
        "History, taken as it is: no claim, period or limit is asked, but the badges count for "
        "limits from now on. The answer has an envelope for each item, in the order of the "
        "request; 1054 refuses its item alone."
    ),
    "tags": ["import"],
    "parameters": [
        OpenApiParameter(
            "X-CAP-REQUEST-ID",
            str,
            OpenApiParameter.HEADER,
            description="The request id of the whole call, accepted once; made when left out.",
        )
    ],
    "responses": {
        200: inline_serializer(
            "ImportEnvelope",
            {
                "data": EarnOutput(allow_null=True),
                "errors": Error(many=True),
                "warnings": serializers.JSONField(allow_null=True),
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
