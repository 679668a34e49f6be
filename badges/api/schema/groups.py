"""The OpenAPI description of badge groups and custom fields."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from badges.api.schema.base import ETAG, IF_MATCH, enveloped, refusals
from badges.api.schema.definitions import BODY_ERRORS
from badges.api.serializers.groups import (
    CustomFieldListQuery,
    CustomFieldOutput,
    CustomFieldPage,
    GroupListQuery,
    GroupOutput,
    GroupPage,
)
from badges.errors import ErrorCode

HEX = {"type": "string", "pattern": "^[0-9a-f]{24}$"}
GROUP_ID = OpenApiParameter("groupId", HEX, OpenApiParameter.PATH)
FIELD_ID = OpenApiParameter("fieldId", HEX, OpenApiParameter.PATH)
GROUP = OpenApiExample("Gold", request_only=True, value={"name": "Gold", "rank": 1})
FIELD = OpenApiExample(
    "Terms and conditions",
    request_only=True,
    value={
        "name": "terms",
        "dataType": "STRING",
        "isMandatory": True,
        "defaultValue": "As published",
    },
)
GROUP_ERRORS = (*BODY_ERRORS, ErrorCode.GROUP_RANK_MISSING, ErrorCode.GROUP_NAME_TAKEN)
FIELD_ERRORS = (
    *BODY_ERRORS,
    ErrorCode.FIELD_NAME_TAKEN,
    ErrorCode.DATA_TYPE_MISSING,
    ErrorCode.DEFAULT_NEEDED,
    ErrorCode.DEFAULT_NOT_NUMERIC,
)

CREATE_GROUP: dict[str, Any] = {
    "operation_id": "createGroup",
    "summary": "Create a badge group",
    "tags": ["group"],
    "examples": [GROUP],
    "responses": {
        200: enveloped("GroupCreatedEnvelope", GroupOutput()),
        **refusals(*GROUP_ERRORS),
    },
}
UPDATE_GROUP: dict[str, Any] = {
    "operation_id": "updateGroup",
    "summary": "Change, disable or enable a badge group",
    "description": "Badges of a disabled group are returned without a group.",
    "tags": ["group"],
    "parameters": [GROUP_ID, IF_MATCH, ETAG],
    "examples": [GROUP],
    "responses": {
        200: enveloped("GroupUpdatedEnvelope", GroupOutput()),
        **refusals(*GROUP_ERRORS, ErrorCode.NOT_FOUND, ErrorCode.CHANGED_MEANWHILE),
    },
}
READ_GROUP: dict[str, Any] = {
    "operation_id": "getGroup",
    "summary": "Read a badge group",
    "tags": ["group"],
    "parameters": [GROUP_ID, ETAG],
    "responses": {
        200: enveloped("GroupEnvelope", GroupOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}
LIST_GROUPS: dict[str, Any] = {
    "operation_id": "listGroups",
    "summary": "List badge groups by rank, including disabled groups",
    "tags": ["group"],
    "parameters": [GroupListQuery],
    "responses": {
        200: enveloped("GroupsEnvelope", GroupPage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
CREATE_FIELD: dict[str, Any] = {
    "operation_id": "createCustomField",
    "summary": "Create a custom field",
    "tags": ["customField"],
    "examples": [FIELD],
    "responses": {
        201: enveloped("CustomFieldCreatedEnvelope", CustomFieldOutput()),
        **refusals(*FIELD_ERRORS, ErrorCode.TOO_MANY_ITEMS),
    },
}
UPDATE_FIELD: dict[str, Any] = {
    "operation_id": "updateCustomField",
    "summary": "Change or disable a custom field",
    "description": (
        "Omitted properties do not change. The data type cannot change. A disabled field cannot be "
        "enabled again, and badges are returned without it."
    ),
    "tags": ["customField"],
    "parameters": [FIELD_ID, IF_MATCH, ETAG],
    "examples": [FIELD],
    "responses": {
        200: enveloped("CustomFieldUpdatedEnvelope", CustomFieldOutput()),
        **refusals(*FIELD_ERRORS, ErrorCode.NOT_FOUND, ErrorCode.CHANGED_MEANWHILE),
    },
}
READ_FIELD: dict[str, Any] = {
    "operation_id": "getCustomField",
    "summary": "Read an active custom field",
    "tags": ["customField"],
    "parameters": [FIELD_ID, ETAG],
    "responses": {
        200: enveloped("CustomFieldEnvelope", CustomFieldOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}
LIST_FIELDS: dict[str, Any] = {
    "operation_id": "listCustomFields",
    "summary": "List custom fields",
    "tags": ["customField"],
    "parameters": [CustomFieldListQuery],
    "responses": {
        200: enveloped("CustomFieldsEnvelope", CustomFieldPage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
