"""The OpenAPI description of the token endpoint, which is not a viewset."""

from badges.api.schema.headers import RETRY_AFTER

PATH = "/o/token"  # linters refuse a trailing slash; the view accepts both forms
REQUEST = {
    "type": "object",
    "properties": {
        "grant_type": {"type": "string", "const": "client_credentials"},
        "scope": {"type": "string", "example": "badges", "description": "Default: all scopes."},
        "client_id": {"type": "string", "description": "Required unless sent by HTTP Basic."},
        "client_secret": {"type": "string", "description": "Required unless sent by HTTP Basic."},
    },
    "required": ["grant_type"],
}
ANSWER = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "expires_in": {
            "type": "integer",
            "example": 900,
            "description": "The lifetime of the token in seconds.",
        },
        "token_type": {"type": "string", "example": "Bearer"},
        "scope": {"type": "string", "example": "badges"},
    },
    "required": ["access_token", "expires_in", "token_type", "scope"],
}
ERROR = {
    "type": "object",
    "description": "A refusal in the format of RFC 6749, without the envelope.",
    "properties": {
        "error": {"type": "string", "example": "invalid_client"},
        "error_description": {"type": "string"},
    },
    "required": ["error"],
}


def describe_token_endpoint(result, generator, request, public):
    """Add the token endpoint to the paths (a hook of drf-spectacular)."""
    result["components"]["schemas"] |= {
        "TokenAnswer": ANSWER,
        "TokenError": ERROR,
        "TokenRequest": REQUEST,
    }
    result["paths"][PATH] = {"post": OPERATION}
    return result


def _refers_to(name: str, media_type: str = "application/json") -> dict:
    return {"content": {media_type: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


OPERATION = {
    "operationId": "issueToken",
    "summary": "Get an access token",
    "description": (
        "The client credentials grant of OAuth 2. An integrator sends its client id and secret by "
        "HTTP Basic or in the form."
    ),
    "tags": ["token"],
    "security": [{"basic": []}, {}],
    "requestBody": {
        "required": True,
        **_refers_to("TokenRequest", "application/x-www-form-urlencoded"),
    },
    "responses": {
        "200": {"description": "A token for the header `Authorization: Bearer`."}
        | _refers_to("TokenAnswer"),
        "400": {"description": "The form is not valid."} | _refers_to("TokenError"),
        "401": {"description": "The client id or secret is not valid."} | _refers_to("TokenError"),
        "408": {"description": "The request was incomplete or took too long."},
        "413": {"description": "The body is too large."},
        "415": {"description": "The body has a content encoding, for example gzip."}
        | _refers_to("TokenError"),
        "429": {
            "description": "Too many calls from this address were refused; wait and retry.",
            "headers": {"Retry-After": RETRY_AFTER},
            **_refers_to("TokenError"),
        },
        "503": {
            "description": "The service is not available; send the same request again.",
            "headers": {"Retry-After": RETRY_AFTER},
        },
    },
}
