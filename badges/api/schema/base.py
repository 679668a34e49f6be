"""Common parts of the OpenAPI description: envelope, errors, headers, security schemes."""

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema_field,
    extend_schema_serializer,
    inline_serializer,
)
from rest_framework import serializers

from badges.api.schema.examples import error_example
from badges.api.serializers.operations import OriginalOutput
from badges.errors import ErrorCode


@extend_schema_field({"type": "null"})
class NullField(serializers.Field):
    """A field that is always null."""


class ApiError(serializers.Serializer):
    """One reason for a refusal."""

    code = serializers.IntegerField(
        help_text="The stable identifier of the error; messages may change."
    )
    message = serializers.CharField()
    reference = serializers.CharField(
        allow_null=True, help_text="The dotted path of the invalid field."
    )
    original = OriginalOutput(
        required=False, help_text="Present with 809, for the integrator that made the first call."
    )


class ApiWarning(serializers.Serializer):
    """A warning about an accepted call."""

    code = serializers.IntegerField()
    message = serializers.CharField()
    reference = serializers.CharField(
        required=False, help_text="The path of the field that the warning concerns."
    )


class Failure(serializers.Serializer):
    """The envelope of a refusal."""

    data = NullField()
    errors = ApiError(many=True)
    warnings = NullField()


ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="The version of the returned object, for use in `If-Match`.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description=(
        "One or more `ETag` values of the object, separated by commas. If the object has changed "
        "since, the call is refused with 412. Without this header the last change wins."
    ),
)


def enveloped(name: str, data: serializers.Serializer) -> serializers.Serializer:
    """Return the schema of a success envelope around its data, which may be a list."""
    envelope = inline_serializer(
        name, {"data": data, "errors": ApiError(many=True), "warnings": ApiWarning(many=True)}
    )
    extend_schema_serializer(many=False)(type(envelope))
    return envelope


def refusals(*codes: ErrorCode) -> dict[int, OpenApiResponse]:
    """Return a response for each HTTP status of these codes and of those of all operations."""
    by_status: dict[int, list[ErrorCode]] = {}
    always = (
        ErrorCode.INVALID_INPUT,
        ErrorCode.NOT_AUTHENTICATED,
        ErrorCode.NOT_ALLOWED,
        ErrorCode.BODY_INCOMPLETE,
        ErrorCode.TOO_MANY_REQUESTS,
        ErrorCode.UNAVAILABLE,
        ErrorCode.UNEXPECTED,
    )
    for code in sorted({*codes, *always}):
        by_status.setdefault(int(code.http_status), []).append(code)
    return {
        status: OpenApiResponse(
            Failure,
            "; ".join(f"{code:d}: {code.message}" for code in status_codes),
            [OpenApiExample(f"{code:d}", **error_example(code)) for code in status_codes],
        )
        for status, status_codes in by_status.items()
    }


class OptionalFieldsSchema(OpenApiSerializerExtension):
    """Removes the fields that a response may omit from the required ones."""

    target_class = "badges.api.serializers.shared.OptionalFieldsSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema, direction):
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "response":
            always = set(schema["required"]) - set(self.target.optional_fields)
            schema["required"] = sorted(always)
        return schema


class BasicScheme(OpenApiAuthenticationExtension):
    """The client id and secret as a security scheme for Swagger UI."""

    target_class = "badges.api.authentication.BasicAuthentication"
    name = "basic"

    def get_security_definition(self, auto_schema):
        return {
            "type": "http",
            "scheme": "basic",
            "description": "The client id and secret of an integrator.",
        }


class OAuthScheme(OpenApiAuthenticationExtension):
    """The client credentials grant as a security scheme for Swagger UI."""

    target_class = "badges.api.authentication.OAuthAuthentication"
    name = "oauth2"
    priority = 1

    def get_security_definition(self, auto_schema):
        return {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "/o/token",
                    "scopes": {"badges": "Badge operations"},
                }
            },
        }

    def get_security_requirement(self, auto_schema):
        return {self.name: ["badges"]}
