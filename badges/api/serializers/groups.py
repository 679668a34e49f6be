"""Badge groups and custom fields (CONTRACT.md, 2.17 and 2.18)."""

from django.conf import settings
from rest_framework import serializers

from badges.api.fields import (
    EpochField,
    IsoDateTimeField,
    MappedChoiceField,
    NameField,
    StrictBooleanField,
    StrictChoiceField,
    TextField,
    WholeNumberField,
)
from badges.api.serializers.queries import OrderQuery, PageQuery, Pagination, QueryFlagField
from badges.api.serializers.twins import READ_ONLY_FIELDS, TwinsSerializer
from badges.errors import ErrorCode
from badges.models import RANKS, DataType


class GroupInput(TwinsSerializer):
    """A group of badges."""

    response_only_fields = READ_ONLY_FIELDS
    missing = {"rank": [(ErrorCode.GROUP_RANK_MISSING, "rank")]}

    name = NameField(max_length=255, help_text="Unique among active groups, case-sensitive.")
    rank = WholeNumberField(**RANKS, help_text="Groups are sorted by rank in ascending order.")


class GroupUpdate(GroupInput):
    """A group of badges. If `isActive` is omitted, it does not change."""

    isActive = StrictBooleanField(source="active", required=False)


class DescribedOutput(serializers.Serializer):
    """The common fields of groups and custom fields."""

    id = serializers.CharField()
    orgId = serializers.SerializerMethodField()
    name = serializers.CharField()
    createdBy = serializers.IntegerField(source="created_by", allow_null=True)
    createdOn = EpochField(source="created_at")
    createdOnISO = IsoDateTimeField(source="created_at")
    lastUpdatedBy = serializers.IntegerField(source="updated_by", allow_null=True)
    lastUpdatedOn = EpochField(source="updated_at")
    lastUpdatedOnISO = IsoDateTimeField(source="updated_at")
    isActive = serializers.BooleanField(source="active")

    def get_orgId(self, row) -> int:
        return settings.ORG_ID


class GroupOutput(DescribedOutput):
    """A badge group."""

    rank = serializers.IntegerField()


class GroupListQuery(PageQuery, OrderQuery):
    """The parameters of the list of groups, which is sorted by rank (CONTRACT.md, 2.17)."""


class GroupPage(serializers.Serializer):
    """A page of groups."""

    badgeGroups = GroupOutput(many=True)
    pagination = Pagination()


class CustomFieldUpdate(TwinsSerializer):
    """A custom field. Omitted properties do not change, and `dataType` cannot change."""

    response_only_fields = READ_ONLY_FIELDS
    missing = {"dataType": [(ErrorCode.DATA_TYPE_MISSING, "dataType")]}

    name = NameField(
        max_length=255, required=False, help_text="Unique among active fields, case-sensitive."
    )
    dataType = StrictChoiceField(DataType.choices, source="data_type", required=False)
    isMandatory = StrictBooleanField(source="is_mandatory", required=False)
    defaultValue = TextField(
        source="default_value", max_length=1000, required=False, allow_null=True, allow_blank=True
    )
    isActive = StrictBooleanField(
        source="active", required=False, help_text="Can change only from true to false."
    )

    def validate_defaultValue(self, value):
        return value or ""


class CustomFieldInput(CustomFieldUpdate):
    """A custom field. A mandatory field needs a default value."""

    name = NameField(max_length=255, help_text="Unique among active fields, case-sensitive.")
    dataType = StrictChoiceField(DataType.choices, source="data_type")
    isActive = None


class CustomFieldOutput(DescribedOutput):
    """A custom field."""

    isMandatory = serializers.BooleanField(source="is_mandatory")
    defaultValue = serializers.SerializerMethodField()
    dataType = serializers.ChoiceField(DataType.choices, source="data_type")

    def get_defaultValue(self, field) -> str | None:
        return field.default_value or None


class CustomFieldListQuery(PageQuery):
    """The parameters of the list of custom fields (CONTRACT.md, 2.18).

    Only `isActive=false` lists disabled fields.
    """

    order = MappedChoiceField({"ASC": False, "DESC": True}, source="descending", default=True)
    sortOn = MappedChoiceField(
        {"LAST_UPDATED_DATE": "updated_at"}, source="sort", default="updated_at"
    )
    isActive = QueryFlagField(source="active", default=True)


class CustomFieldPage(serializers.Serializer):
    """A page of custom fields."""

    customFieldROList = CustomFieldOutput(many=True)
    pagination = Pagination()
