"""Badge groups and custom fields."""

from drf_spectacular.utils import extend_schema

from badges.api import envelope
from badges.api.paging import page_of
from badges.api.schema import groups as schema
from badges.api.serializers.groups import (
    CustomFieldInput,
    CustomFieldListQuery,
    CustomFieldOutput,
    CustomFieldUpdate,
    GroupInput,
    GroupListQuery,
    GroupOutput,
    GroupUpdate,
)
from badges.api.views.base import BadgesViewSet
from badges.listings import custom_field, custom_fields, group, groups
from badges.models import Operation
from badges.services.groups import (
    create_custom_field,
    create_group,
    update_custom_field,
    update_group,
)


class GroupViewSet(BadgesViewSet):
    """Ranked groups, in which badges are shown."""

    rights = {
        "create": "badges.add_badgegroup",
        "update": "badges.change_badgegroup",
        "retrieve": "badges.view_badgegroup",
        "list": "badges.view_badgegroup",
    }
    operations = {"create": Operation.CREATE_GROUP, "update": Operation.UPDATE_GROUP}
    inputs = {"create": GroupInput, "update": GroupUpdate}
    lookup_url_kwarg = "groupId"
    lookup_value_regex = "[^/]+"

    @extend_schema(request=GroupInput, **schema.CREATE_GROUP)
    def create(self, request):
        given = self.given()
        created = create_group(origin=self.origin(), **given)
        return envelope.success(GroupOutput(created).data)

    @extend_schema(request=GroupUpdate, **schema.UPDATE_GROUP)
    def update(self, request, groupId):  # noqa: N803 - the path's name in the contract
        given = self.given()
        changed = update_group(origin=self.origin(), group_id=groupId, **given)
        return envelope.success(GroupOutput(changed).data)

    @extend_schema(**schema.READ_GROUP)
    def retrieve(self, request, groupId):  # noqa: N803
        return envelope.success(GroupOutput(group(groupId)).data)

    @extend_schema(**schema.LIST_GROUPS)
    def list(self, request):
        asked = GroupListQuery.of(request)
        found = groups(descending=asked.pop("descending"))
        return envelope.success(page_of(found, **asked).under("badgeGroups", GroupOutput))


class CustomFieldViewSet(BadgesViewSet):
    """Fields of the organisation's own, which badges have values for."""

    rights = {
        "create": "badges.add_customfield",
        "update": "badges.change_customfield",
        "retrieve": "badges.view_customfield",
        "list": "badges.view_customfield",
    }
    operations = {
        "create": Operation.CREATE_CUSTOM_FIELD,
        "update": Operation.UPDATE_CUSTOM_FIELD,
    }
    inputs = {"create": CustomFieldInput, "update": CustomFieldUpdate}
    lookup_url_kwarg = "fieldId"
    lookup_value_regex = "[^/]+"

    @extend_schema(request=CustomFieldInput, **schema.CREATE_FIELD)
    def create(self, request):
        given = self.given()
        created = create_custom_field(origin=self.origin(), **given)
        return envelope.success(CustomFieldOutput(created).data, status=201)

    @extend_schema(request=CustomFieldUpdate, **schema.UPDATE_FIELD)
    def update(self, request, fieldId):  # noqa: N803
        given = self.given()
        changed = update_custom_field(origin=self.origin(), field_id=fieldId, **given)
        return envelope.success(CustomFieldOutput(changed).data)

    @extend_schema(**schema.READ_FIELD)
    def retrieve(self, request, fieldId):  # noqa: N803
        return envelope.success(CustomFieldOutput(custom_field(fieldId)).data)

    @extend_schema(**schema.LIST_FIELDS)
    def list(self, request):
        asked = CustomFieldListQuery.of(request)
        pages = {"page": asked.pop("page"), "size": asked.pop("size")}
        page = page_of(custom_fields(**asked), **pages)
        return envelope.success(page.under("customFieldROList", CustomFieldOutput))
