"""Badge groups and custom fields."""

from drf_spectacular.utils import extend_schema

from badges.api.paging import page_of
from badges.api.preconditions import expected_versions, with_etag
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
from badges.models import Operation
from badges.selectors.definitions import custom_field, custom_fields, group, groups
from badges.services.catalogue.groups import (
    create_custom_field,
    create_group,
    update_custom_field,
    update_group,
)


class GroupViewSet(BadgesViewSet):
    """Groups of badges. Their rank sets the order in which they are shown."""

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
        arguments = self.arguments()
        created = create_group(origin=self.origin(), **arguments)
        return self.success(GroupOutput(created).data)

    @extend_schema(request=GroupUpdate, **schema.UPDATE_GROUP)
    def update(self, request, groupId):
        arguments = self.arguments()
        changed = update_group(
            origin=self.origin(), group_id=groupId, seen=expected_versions(request), **arguments
        )
        return with_etag(self.success(GroupOutput(changed).data), changed)

    @extend_schema(**schema.READ_GROUP)
    def retrieve(self, request, groupId):
        row = group(groupId)
        return with_etag(self.success(GroupOutput(row).data), row)

    @extend_schema(**schema.LIST_GROUPS)
    def list(self, request):
        query = GroupListQuery.of(request)
        rows = groups(descending=query.pop("descending"))
        return self.success(page_of(rows, **query).response_data("badgeGroups", GroupOutput))


class CustomFieldViewSet(BadgesViewSet):
    """Custom fields, for which each badge of the organisation can have a value."""

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
        arguments = self.arguments()
        created = create_custom_field(origin=self.origin(), **arguments)
        return self.success(CustomFieldOutput(created).data, status=201)

    @extend_schema(request=CustomFieldUpdate, **schema.UPDATE_FIELD)
    def update(self, request, fieldId):
        arguments = self.arguments()
        changed = update_custom_field(
            origin=self.origin(), field_id=fieldId, seen=expected_versions(request), **arguments
        )
        return with_etag(self.success(CustomFieldOutput(changed).data), changed)

    @extend_schema(**schema.READ_FIELD)
    def retrieve(self, request, fieldId):
        row = custom_field(fieldId)
        return with_etag(self.success(CustomFieldOutput(row).data), row)

    @extend_schema(**schema.LIST_FIELDS)
    def list(self, request):
        query = CustomFieldListQuery.of(request)
        pages = {"page": query.pop("page"), "size": query.pop("size")}
        page = page_of(custom_fields(**query), **pages)
        return self.success(page.response_data("customFieldROList", CustomFieldOutput))
