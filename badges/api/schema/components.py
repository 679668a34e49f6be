"""The names of schemas in the OpenAPI description, and the removal of redundant parts."""

from drf_spectacular.openapi import AutoSchema


class DescribedOperation(AutoSchema):
    """Drops `Input` from the names of schemas: `EarnInput` becomes `EarnRequest`."""

    def get_serializer_name(self, serializer, direction):
        return super().get_serializer_name(serializer, direction).removesuffix("Input")


def tidy(result, generator, request, public):
    """Remove redundant parts, and describe lists in queries (a hook of drf-spectacular).

    Requests and responses have separate schemas, so `readOnly` would only repeat the direction.
    """
    result = _without_read_only(result)
    for path in result["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                if parameter["schema"].get("type") == "array":
                    parameter |= {"style": "form", "explode": False}
    schemas = result["components"]["schemas"]
    used = _referred_to(result["paths"], schemas)
    result["components"]["schemas"] = {name: schemas[name] for name in sorted(used)}
    return result


def _without_read_only(node):
    if isinstance(node, list):
        return [_without_read_only(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_read_only(value) for key, value in node.items() if key != "readOnly"}


def _referred_to(node, schemas: dict) -> set[str]:
    """Return the names of the schemas that a part refers to, directly or through others."""
    found, pending = set(), [node]
    while pending:
        part = pending.pop()
        if isinstance(part, list):
            pending += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix("#/components/schemas/")
            if name and name not in found:
                found |= {name}
                pending.append(schemas[name])
            pending += part.values()
    return found
