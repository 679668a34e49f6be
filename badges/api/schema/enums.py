"""One named schema for each list of choices, shared by all fields and parameters."""

from badges.api.serializers.constraints import constraint_type, constraint_types
from badges.api.serializers.receipts import WITH_RECEIPT
from badges.models import (
    CycleStatus,
    DataType,
    EarnType,
    FactStatus,
    ImageTag,
    LimitKind,
    LimitLevel,
    OwnerType,
    Status,
    Unit,
    Weekday,
)

NAMES = {
    "AbsoluteExpiryType": ["FIXED_DATE", "WITH_BADGE_META"],
    "Activation": ["ACTIVATED", "DE_ACTIVATED"],
    "BadgeConstraintType": constraint_types(LimitLevel.BADGE),
    "BadgeSort": ["ID", "NAME", "START_DATE"],
    "BadgeStatus": Status.values,
    "ConstraintKind": ["OVERALL", "ROLLING_WINDOW", "FIXED_WINDOW", "NONE"],
    "ConstraintLevel": LimitLevel.values,
    "CustomFieldSort": ["LAST_UPDATED_DATE"],
    "CustomerBadgeList": ["AVAILABLE", "EARNED"],
    "CustomerBadgeSort": ["RANK", "LAST_EARNED_ON_DATE", "LAST_EARNED_EVENT_DATE"],
    "CustomerConstraintType": constraint_types(LimitLevel.CUSTOMER),
    "CycleLevel": [*LimitLevel.values, "ALL"],
    "CycleStatus": CycleStatus.values,
    "DataType": DataType.values,
    "DateOperator": ["LESS_THAN", "GREATER_THAN"],
    "EarnSort": ["LAST_EARNED_ON_DATE", "LAST_EARNED_EVENT_DATE"],
    "EarnStatus": ["LIVE", "EXPIRED", "REVOKED"],
    "EarnType": EarnType.values,
    "ExpiryType": ["NEVER", "RELATIVE", "ABSOLUTE"],
    "FactStatus": FactStatus.values,
    "FixedWindowType": [constraint_type(level, LimitKind.FIXED_WINDOW) for level in LimitLevel],
    "ImageTag": ImageTag.values,
    "MemberActivation": ["ACTIVATED", "DEACTIVATED"],
    "MemberBadgeList": ["AVAILABLE_TO_ISSUE", "AVAILABLE", "EARNED", "EXPIRED"],
    "MemberBadgeSort": [
        *("EXPIRES_ON", "LAST_MODIFIED_DATE", "LAST_ISSUED_DATE", "LAST_EXPIRED_BADGE"),
        *("LAST_EARNED_ON_DATE", "LAST_EARNED_EVENT_DATE"),
    ],
    "OwnerType": [value for value, _label in OwnerType.claimable()],
    "ReceiptOperation": [str(operation) for operation in WITH_RECEIPT],
    "RecordedOwnerType": OwnerType.values,
    "SortOrder": ["ASC", "DESC"],
    "Unit": Unit.values,
    "Weekday": Weekday.names,
}
REPLACED = ("type", "enum", "minLength", "maxLength", "x-spec-enum-id")
BY_VALUES = {frozenset(values): name for name, values in NAMES.items()}


def share_enums(result, generator, request, public):
    """Replace lists of choices by references to named schemas (a hook of drf-spectacular)."""
    used: set[str] = set()
    result = _shared(result, used)
    schemas = result["components"]["schemas"]
    schemas |= {name: {"type": "string", "enum": [*NAMES[name]]} for name in used}
    result["components"]["schemas"] = dict(sorted(schemas.items()))
    return result


def _shared(node, used: set[str]):
    """Return a part of the description with references, and add their names to `used`."""
    if isinstance(node, list):
        return [_shared(each, used) for each in node]
    if not isinstance(node, dict):
        return node
    if not isinstance(node.get("enum"), list):
        return {key: _shared(value, used) for key, value in node.items()}
    name = _name_of(node["enum"])
    used |= {name}  # in place: the set belongs to the caller
    schema = {"$ref": f"#/components/schemas/{name}"}
    siblings = {key: node[key] for key in node if key not in REPLACED}
    if None in node["enum"]:
        return {"oneOf": [schema, {"type": "null"}], **siblings}
    return {"allOf": [schema], **siblings} if siblings else schema


def _name_of(values: list) -> str:
    try:
        return BY_VALUES[frozenset(values) - {None}]
    except KeyError:
        raise LookupError(f"NAMES has no name for the values {values}.") from None
