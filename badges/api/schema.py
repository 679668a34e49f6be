"""What the OpenAPI description adds to the serializers: envelope, errors, security, examples."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, inline_serializer
from rest_framework import serializers

from badges.api.serializers import EarnOutput, OriginalOutput, ReceiptOutput
from badges.errors import ErrorCode


class Error(serializers.Serializer):
    """One reason of a refusal."""

    code = serializers.IntegerField(help_text="Compare this; texts may change.")
    message = serializers.CharField()
    reference = serializers.CharField(
        allow_null=True, help_text="Dotted path of the field at fault."
    )
    original = OriginalOutput(
        required=False, help_text="With 809, for the integrator that made the first call."
    )


class Warning(serializers.Serializer):
    """Something to know about a call that was done."""

    code = serializers.IntegerField()
    message = serializers.CharField()


class Failure(serializers.Serializer):
    """The envelope of a refusal."""

    data = serializers.JSONField(allow_null=True, default=None, help_text="Always null.")
    errors = Error(many=True)
    warnings = serializers.JSONField(allow_null=True, default=None, help_text="Always null.")


def enveloped(name: str, data: serializers.Serializer) -> serializers.Serializer:
    """Return the envelope of a success around its data."""
    return inline_serializer(
        name, {"data": data, "errors": Error(many=True), "warnings": Warning(many=True)}
    )


def refusals(*codes: ErrorCode) -> dict[int, OpenApiResponse]:
    """Return a response for each HTTP status of the codes, and for what every operation may say."""
    by_status: dict[int, list[ErrorCode]] = {}
    always = (
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.NOT_ALLOWED,
        ErrorCode.UNAVAILABLE,
        ErrorCode.UNEXPECTED,
    )
    for code in sorted({*codes, *always}):
        by_status.setdefault(int(code.http_status), []).append(code)
    return {
        status: OpenApiResponse(
            Failure, "; ".join(f"{code:d}: {code.message}" for code in of_status)
        )
        for status, of_status in by_status.items()
    }


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
        200: enveloped("ReceiptEnvelope", ReceiptOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}


class BasicScheme(OpenApiAuthenticationExtension):
    """How Swagger offers the client id and secret."""

    target_class = "badges.api.authentication.BasicAuthentication"
    name = "basic"

    def get_security_definition(self, auto_schema):
        return {
            "type": "http",
            "scheme": "basic",
            "description": "The client id and secret of an integrator.",
        }


class OAuthScheme(OpenApiAuthenticationExtension):
    """How Swagger offers the client credentials grant."""

    target_class = "badges.api.authentication.OAuthAuthentication"
    name = "oauth2"
    priority = 1

    def get_security_definition(self, auto_schema):
        return {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/o/token/",
                    "scopes": {"badges": "Badge operations"},
                }
            },
        }

    def get_security_requirement(self, auto_schema):
        return {self.name: ["badges"]}
