"""Examples in the OpenAPI description: values of fields, and the refusals of each operation.

Without them, documentation pages make up values such as "string" and 0.
"""

from typing import Any

from badges.api.envelope import failure_envelope
from badges.api.serializers.shared import MISSING
from badges.errors import ErrorCode

BADGE_ID = "66276dc68fe258516a88ff8e"
EARNED_ID = "6563a1d28fe258516a88ff90"
ENROLMENT_ID = "6563a1d28fe258516a88ff91"
CUSTOMER_ID = 62090013
REQUEST_ID = "purchase-2132"
DATE = "2024-05-07T08:30:53Z"

# By the name of the field. A field that allows null and is not listed here keeps its type.
FIELDS: dict[str, Any] = {
    "badgeMetaId": BADGE_ID,
    "id": BADGE_ID,
    "badgeGroupId": "65f8f0b28fe258516a88ff70",
    "badgeGroupName": "Gold",
    "customerId": CUSTOMER_ID,
    "customerIds": [CUSTOMER_ID, CUSTOMER_ID + 1],
    "customers": [CUSTOMER_ID, CUSTOMER_ID + 1],
    "earnedBadgeId": EARNED_ID,
    "issuedId": ENROLMENT_ID,
    "issueId": ENROLMENT_ID,
    "requestId": REQUEST_ID,
    "referenceId": "123694",
    "ownerReferenceId": "123694",
    "orgId": 1,
    "name": "Green Shopper",
    "description": "Three purchases without a plastic bag.",
    "url": "https://images.example.com/green-shopper.png",
    "defaultValue": "none",
    "page": 0,
    "size": 10,
    "total": 1,
    "totalPages": 1,
    "totalCount": 2,
    "earnedCount": 2,
    "earnCount": 2,
    "failedCount": 0,
    "rank": 1,
    "badgeRank": 1,
    "maxEarnLimit": 3,
    "access_token": "mF_9.B5f-4.1JqM",
    "client_id": "loyalty-engine",
    "errors": [],
    "warnings": [],
    "failedEarnBadgeErrorList": [],
    "error": None,
}
# Ids of the platform are UUIDs in fields of the same name.
UUID_EXAMPLE = "0f8fad5b-d9cb-469f-a165-70867728950e"


def error_example(code: ErrorCode) -> dict[str, Any]:
    """Return the refusal with this code as an example for its response."""
    references = dict(pair for pairs in MISSING.values() for pair in pairs)
    error: dict[str, Any] = {
        "code": int(code),
        "message": str(code.message),
        "reference": references.get(code),
    }
    if code == ErrorCode.DUPLICATE_REQUEST:
        error["original"] = {
            "earnedBadgeId": EARNED_ID,
            "customerId": CUSTOMER_ID,
            "badgeMetaId": BADGE_ID,
            "acceptedOn": 1715070653.447744,
            "identical": True,
        }
    return {"summary": f"{code:d}: {code.message}", "value": failure_envelope([error])}


def add_examples(result, generator, request, public):
    """Add examples to the fields of all schemas (a hook of drf-spectacular)."""
    for schema in result["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            if "example" in field or field.get("type") == "null":
                continue
            if field.get("format") == "uuid":
                field["example"] = UUID_EXAMPLE
            elif field.get("format") == "date-time":
                field["example"] = DATE
            elif name in FIELDS and "$ref" not in field:
                field["example"] = FIELDS[name]
    return result
