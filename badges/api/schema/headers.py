"""The OpenAPI description of `Idempotency-Key` and `Retry-After`."""

from badges.api.idempotency import KEY_HEADER, REPLAYED_HEADER
from badges.api.schema.examples import error_example
from badges.errors import ErrorCode
from badges.outages import RETRY_AFTER_SECONDS

KEY = {
    "in": "header",
    "name": KEY_HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": (
        "A repeated request with the same key and content receives the response to the first "
        "request instead of 809. Only an accepted request uses the key up."
    ),
}
REPLAYED = {
    "schema": {"type": "string", "enum": ["true"]},
    "description": "Present if this is the response to an earlier request with the same key.",
}
RETRY_AFTER = {
    "schema": {"type": "integer", "example": RETRY_AFTER_SECONDS},
    "description": "The number of seconds to wait before sending the same request again.",
}

KEY_ERRORS = (
    ErrorCode.KEY_IN_USE,
    ErrorCode.BODY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_NOT_SUPPORTED,
    ErrorCode.KEY_REUSED,
)


def describe_headers(result, generator, request, public):
    """Add the key, its error codes and `Retry-After` (a hook of drf-spectacular)."""
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in ("post", "put"):
                _describe_key(operation)
            for status in ("429", "503"):
                _describe_retry(operation["responses"][status])
    return result


def _describe_key(operation):
    operation.setdefault("parameters", []).append(KEY)
    responses = operation["responses"]
    for code in KEY_ERRORS:
        _add_code(responses, code)
    _describe_retry(responses["409"])
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED_HEADER] = REPLAYED


def _add_code(responses, code):
    status, text = str(int(code.http_status)), f"{code:d}: {code.message}"
    description = responses.get(status, {"description": ""})["description"]
    if text not in description:
        description = f"{description}; {text}" if description else text
    (schema,) = (content["schema"] for content in responses["401"]["content"].values())
    known = responses.get(status, {}).get("content", {}).get("application/json", {})
    examples = known.get("examples", {}) | {f"{code:d}": error_example(code)}
    content = {"application/json": {"schema": schema, "examples": examples}}
    responses[status] = {"content": content, "description": description}


def _describe_retry(response):
    response.setdefault("headers", {})["Retry-After"] = RETRY_AFTER
