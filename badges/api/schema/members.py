"""The OpenAPI description of reading the badges of a customer."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter

from badges.api.schema.base import enveloped, refusals
from badges.api.serializers.customer_badge import CustomerBadgeStatistics
from badges.api.serializers.customers import (
    CustomerBadgeQuery,
    CustomerBadgesPage,
    CustomerBadgesQuery,
    MemberBadgesPage,
    MemberBadgesQuery,
)
from badges.errors import ErrorCode
from badges.models.ids import MAX_CUSTOMER_ID

CUSTOMER_ID = OpenApiParameter(
    "customerId",
    {"type": "integer", "minimum": 1, "maximum": MAX_CUSTOMER_ID},
    OpenApiParameter.PATH,
    description=(
        "The customer id; every positive integer is valid. Other identifiers are not supported: "
        "a call with the header `X-CAP-CUSTOMER-IDENTIFIER` is refused with 1028."
    ),
)
BADGE_ID = OpenApiParameter(
    "badgeId", {"type": "string", "pattern": "^[0-9a-f]{24}$"}, OpenApiParameter.PATH
)
CUSTOMER_ERRORS = (ErrorCode.INVALID_INPUT, ErrorCode.UNKNOWN_IDENTIFIER)

CUSTOMER_BADGES: dict[str, Any] = {
    "operation_id": "listCustomerBadges",
    "summary": "List the badges that a customer can earn or has earned",
    "description": (
        "`AVAILABLE`: active, live badges that need no enrolment, or for which the customer has a "
        "current enrolment. `EARNED`: badges that the customer has earned, unless all instances "
        "are expired or revoked; `earnedBadgeId` is the latest valid instance. Counts exclude "
        "revoked badges."
    ),
    "tags": ["customer"],
    "parameters": [CUSTOMER_ID, CustomerBadgesQuery],
    "responses": {
        200: enveloped("CustomerBadgesEnvelope", CustomerBadgesPage()),
        **refusals(*CUSTOMER_ERRORS),
    },
}
MEMBER_BADGES: dict[str, Any] = {
    "operation_id": "listMemberBadges",
    "summary": "List the badges of a customer for staff",
    "description": (
        "`AVAILABLE_TO_ISSUE`: badges in which the customer can be enrolled. `AVAILABLE`: badges "
        "that the customer can earn now. `EARNED`: badges with at least one valid instance. "
        "`EXPIRED`: earned badges of which all instances have expired."
    ),
    "tags": ["management"],
    "parameters": [CUSTOMER_ID, MemberBadgesQuery],
    "responses": {
        200: enveloped("MemberBadgesEnvelope", MemberBadgesPage()),
        **refusals(*CUSTOMER_ERRORS),
    },
}
MEMBER_BADGE: dict[str, Any] = {
    "operation_id": "getMemberBadge",
    "summary": "Read the details of one badge for one customer",
    "description": (
        "With `includeStatistics` the response also contains each limit with its current use, and "
        "all enrolments and issued badges, including revoked ones."
    ),
    "tags": ["management"],
    "parameters": [CUSTOMER_ID, BADGE_ID, CustomerBadgeQuery],
    "responses": {
        200: enveloped("MemberBadgeEnvelope", CustomerBadgeStatistics()),
        **refusals(*CUSTOMER_ERRORS, ErrorCode.NOT_FOUND),
    },
}
