"""The headers that every writing operation knows, and those that tell when to come again."""

from badges.api.envelope import RETRY_AFTER_SECONDS
from badges.api.idempotency import KEY_HEADER, REPLAYED_HEADER
from badges.errors import ErrorCode

KEY = {
    "in": "header",
    "name": KEY_HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": (
        "A repeat with the same key and the same content is answered as the first call was, "
        "instead of with 809. Only accepted requests use their key up."
    ),
}
REPLAYED = {
    "schema": {"type": "string", "enum": ["true"]},
    "description": "There when this is the answer to an earlier call with the same key.",
}
RETRY_AFTER = {
    "schema": {"type": "integer", "example": RETRY_AFTER_SECONDS},
    "description": "Seconds to wait before the same request is sent again.",
}


def describe_headers(result, generator, request, public):
    """Add the key, what it can be answered with, and when to retry (a hook of drf-spectacular)."""
    for path in result["paths"].values():
        for method, operation in path.items():
            if method in ("post", "put"):
                _describe_key(operation)
            if "503" in operation["responses"]:
                _describe_retry(operation["responses"]["503"])
    return result


def _describe_key(operation):
    operation.setdefault("parameters", []).append(KEY)
    responses = operation["responses"]
    for code in (ErrorCode.INVALID_INPUT, ErrorCode.KEY_IN_USE, ErrorCode.KEY_REUSED):
        _add_code(responses, code)
    _describe_retry(responses["409"])
    for status, response in responses.items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED_HEADER] = REPLAYED


def _add_code(responses, code):
    status, text = str(int(code.http_status)), f"{code:d}: {code.message}"
    told = responses.get(status, {"description": ""})["description"]
    if text not in told:
        told = f"{told}; {text}" if told else text
    responses[status] = {"content": responses["401"]["content"], "description": told}


def _describe_retry(response):
    response.setdefault("headers", {})["Retry-After"] = RETRY_AFTER
