"""How the reading of a customer's badges is described."""

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
from badges.models.ids import GREATEST_CUSTOMER_ID

CUSTOMER_ID = OpenApiParameter(
    "customerId",
    {"type": "integer", "minimum": 1, "maximum": GREATEST_CUSTOMER_ID},
    OpenApiParameter.PATH,
    description=(
        "The number of the customer; every positive number is one. Customers are known by it "
        "alone: with the header `X-CAP-CUSTOMER-IDENTIFIER` the call is refused with 1028."
    ),
)
BADGE_ID = OpenApiParameter(
    "badgeId", {"type": "string", "pattern": "^[0-9a-f]{24}$"}, OpenApiParameter.PATH
)
REFUSALS = (ErrorCode.INVALID_INPUT, ErrorCode.UNKNOWN_IDENTIFIER)

CUSTOMER_BADGES = {
    "operation_id": "customerBadges",
    "summary": "List the badges a customer can earn, or has earned",
    "description": (
        "`AVAILABLE`: active, live badges that need no enrolment, or one that the customer has "
        "now. `EARNED`: badges of which the customer holds one that has neither expired nor been "
        "revoked; `earnedBadgeId` is the latest of these. Counts leave revoked ones out."
    ),
    "tags": ["customer"],
    "parameters": [CUSTOMER_ID, CustomerBadgesQuery],
    "responses": {
        200: enveloped("CustomerBadgesEnvelope", CustomerBadgesPage()),
        **refusals(*REFUSALS),
    },
}
MEMBER_BADGES = {
    "operation_id": "memberBadges",
    "summary": "List the badges of a customer for staff",
    "description": (
        "`AVAILABLE_TO_ISSUE`: badges the customer can be enrolled in. `AVAILABLE`: badges that "
        "can be given now. `EARNED`: held and active. `EXPIRED`: earned, and all of it expired."
    ),
    "tags": ["management"],
    "parameters": [CUSTOMER_ID, MemberBadgesQuery],
    "responses": {
        200: enveloped("MemberBadgesEnvelope", MemberBadgesPage()),
        **refusals(*REFUSALS),
    },
}
MEMBER_BADGE = {
    "operation_id": "memberBadge",
    "summary": "Read everything one badge is to a customer",
    "description": (
        "With `includeStatistics` also each limit with how much of it is used up, every enrolment "
        "and every issued badge, revoked ones too."
    ),
    "tags": ["management"],
    "parameters": [CUSTOMER_ID, BADGE_ID, CustomerBadgeQuery],
    "responses": {
        200: enveloped("MemberBadgeEnvelope", CustomerBadgeStatistics()),
        **refusals(*REFUSALS, ErrorCode.NOT_FOUND),
    },
}
