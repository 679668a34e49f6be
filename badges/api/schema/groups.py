"""How badge groups and custom fields are described."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from badges.api.schema.base import enveloped, refusals
from badges.api.schema.definitions import BODY
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
GROUP_REFUSALS = (*BODY, ErrorCode.GROUP_RANK_MISSING, ErrorCode.GROUP_NAME_TAKEN)
FIELD_REFUSALS = (
    *BODY,
    ErrorCode.FIELD_NAME_TAKEN,
    ErrorCode.DATA_TYPE_MISSING,
    ErrorCode.DEFAULT_NEEDED,
    ErrorCode.DEFAULT_NOT_NUMERIC,
)

CREATE_GROUP = {
    "operation_id": "createGroup",
    "summary": "Create a badge group",
    "tags": ["group"],
    "examples": [GROUP],
    "responses": {
        200: enveloped("GroupCreatedEnvelope", GroupOutput()),
        **refusals(*GROUP_REFUSALS),
    },
}
UPDATE_GROUP = {
    "operation_id": "updateGroup",
    "summary": "Change, disable or enable a badge group",
    "description": "The badges of a disabled group are shown without one.",
    "tags": ["group"],
    "parameters": [GROUP_ID],
    "examples": [GROUP],
    "responses": {
        200: enveloped("GroupUpdatedEnvelope", GroupOutput()),
        **refusals(*GROUP_REFUSALS, ErrorCode.NOT_FOUND),
    },
}
READ_GROUP = {
    "operation_id": "group",
    "summary": "Read a badge group",
    "tags": ["group"],
    "parameters": [GROUP_ID],
    "responses": {
        200: enveloped("GroupEnvelope", GroupOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}
LIST_GROUPS = {
    "operation_id": "groups",
    "summary": "List badge groups by rank, disabled ones too",
    "tags": ["group"],
    "parameters": [GroupListQuery],
    "responses": {
        200: enveloped("GroupsEnvelope", GroupPage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
CREATE_FIELD = {
    "operation_id": "createCustomField",
    "summary": "Create a custom field",
    "tags": ["customField"],
    "examples": [FIELD],
    "responses": {
        201: enveloped("CustomFieldCreatedEnvelope", CustomFieldOutput()),
        **refusals(*FIELD_REFUSALS),
    },
}
UPDATE_FIELD = {
    "operation_id": "updateCustomField",
    "summary": "Change or disable a custom field",
    "description": (
        "What is left out stays as it is. The type of data cannot change, and a disabled field "
        "stays disabled; badges are shown without it."
    ),
    "tags": ["customField"],
    "parameters": [FIELD_ID],
    "examples": [FIELD],
    "responses": {
        200: enveloped("CustomFieldUpdatedEnvelope", CustomFieldOutput()),
        **refusals(*FIELD_REFUSALS, ErrorCode.NOT_FOUND),
    },
}
READ_FIELD = {
    "operation_id": "customField",
    "summary": "Read an active custom field",
    "tags": ["customField"],
    "parameters": [FIELD_ID],
    "responses": {
        200: enveloped("CustomFieldEnvelope", CustomFieldOutput()),
        **refusals(ErrorCode.NOT_FOUND),
    },
}
LIST_FIELDS = {
    "operation_id": "customFields",
    "summary": "List custom fields",
    "tags": ["customField"],
    "parameters": [CustomFieldListQuery],
    "responses": {
        200: enveloped("CustomFieldsEnvelope", CustomFieldPage()),
        **refusals(ErrorCode.INVALID_INPUT),
    },
}
