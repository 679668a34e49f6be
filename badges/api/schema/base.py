"""What the OpenAPI description adds to the serializers: envelope, errors, security, examples."""

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.utils import OpenApiResponse, extend_schema_serializer, inline_serializer
from rest_framework import serializers

from badges.api.serializers.operations import OriginalOutput
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

    data = serializers.JSONField(allow_null=True, help_text="Always null.")
    errors = Error(many=True)
    warnings = serializers.JSONField(allow_null=True, help_text="Always null.")


def enveloped(name: str, data: serializers.Serializer) -> serializers.Serializer:
    """Return the envelope of a success around its data; one, also where the data is a list."""
    envelope = inline_serializer(
        name, {"data": data, "errors": Error(many=True), "warnings": Warning(many=True)}
    )
    extend_schema_serializer(many=False)(type(envelope))
    return envelope


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


class PartlyShownSchema(OpenApiSerializerExtension):
    """Takes the fields that an answer may lack from those it must have."""

    target_class = "badges.api.serializers.shared.PartlyShown"
    match_subclasses = True

    def map_serializer(self, auto_schema, direction):
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        if direction == "response":
            always = set(schema["required"]) - set(self.target.sometimes)
            schema["required"] = sorted(always)
        return schema


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
