"""Validate responses against the OpenAPI description."""

import json
import re
from functools import cache

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

# Unknown paths and methods. The operations do not describe these responses, but their envelope is
# that of every refusal.
UNDESCRIBED = {404, 405}


@cache
def description() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


@cache
def components() -> dict:
    """Return the schemas, changed to reject undescribed properties."""
    schemas = json.loads(json.dumps(description()["components"]["schemas"]))
    for schema in schemas.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return {"schemas": schemas}


@cache
def addresses() -> list[tuple[re.Pattern, str]]:
    """Return the paths as patterns, those with the fewest parameters first."""
    paths = sorted(description()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(_pattern(path)), path) for path in paths]


def _pattern(path: str) -> str:
    """Return a path as a pattern. A request id may contain slashes."""
    return re.sub(r"\{\w+\}", "[^/]+", path.replace("{requestId}", ".+"))


def operation_at(method: str, path: str) -> tuple[str, str] | None:
    """Return the described path and method of a request, or None."""
    for pattern, described in addresses():
        if pattern.fullmatch(path):
            is_known = method.lower() in description()["paths"][described]
            return (described, method.lower()) if is_known else None
    return None


@cache
def _validator(path: str, method: str, status: int) -> Draft202012Validator:
    responses = description()["paths"][path][method]["responses"]
    if status not in UNDESCRIBED:
        assert str(status) in responses, f"{method} {path} does not describe {status}"
    described = responses.get(str(status), responses["401"])
    schema = described["content"]["application/json"]["schema"]
    return Draft202012Validator({"components": components(), **schema})


def check(method: str, path: str, answer) -> None:
    """Fail if a response differs from its described schema."""
    found = operation_at(method, path.partition("?")[0])
    if found is None:
        return
    _validator(*found, answer.status_code).validate(answer.json())
    if answer.status_code in (429, 503):
        assert int(answer["Retry-After"]) >= 1
