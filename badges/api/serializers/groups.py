"""Badge groups and custom fields (contract, 2.17 and 2.18)."""

from django.conf import settings
from rest_framework import serializers

from badges.api.fields import (
    EpochField,
    FlagField,
    IsoMomentField,
    MeaningField,
    NameField,
    OneOfField,
    TextField,
    WholeNumberField,
)
from badges.api.serializers.queries import OrderQuery, PageQuery, Pagination, QueryFlagField
from badges.errors import ErrorCode
from badges.models import RANKS, DataType


class GroupInput(serializers.Serializer):
    """Contract, 2.17."""

    missing = {"rank": [(ErrorCode.GROUP_RANK_MISSING, "rank")]}

    name = NameField(max_length=255, help_text="Unique among active groups, case-sensitive.")
    rank = WholeNumberField(**RANKS, help_text="Groups are shown with the lowest number first.")


class GroupUpdate(GroupInput):
    """Contract, 2.17. `isActive` left out stays as it is."""

    isActive = FlagField(source="active", required=False)


class DescribedOutput(serializers.Serializer):
    """What groups and custom fields share."""

    id = serializers.CharField()
    orgId = serializers.SerializerMethodField()
    name = serializers.CharField()
    createdBy = serializers.IntegerField(source="created_by", allow_null=True)
    createdOn = EpochField(source="created_at")
    createdOnISO = IsoMomentField(source="created_at")
    lastUpdatedBy = serializers.IntegerField(source="updated_by", allow_null=True)
    lastUpdatedOn = EpochField(source="updated_at")
    lastUpdatedOnISO = IsoMomentField(source="updated_at")
    isActive = serializers.BooleanField(source="active")

    def get_orgId(self, row) -> int:  # noqa: N802 - DRF derives it from the field
        return settings.ORG_ID


class GroupOutput(DescribedOutput):
    """A badge group."""

    rank = serializers.IntegerField()


class GroupListQuery(PageQuery, OrderQuery):
    """Contract, 2.17. By rank."""


class GroupPage(serializers.Serializer):
    """A page of groups."""

    badgeGroups = GroupOutput(many=True)
    pagination = Pagination()


class CustomFieldUpdate(serializers.Serializer):
    """Contract, 2.18. What is left out stays as it is; `dataType` cannot change."""

    missing = {"dataType": [(ErrorCode.DATA_TYPE_MISSING, "dataType")]}

    name = NameField(
        max_length=255, required=False, help_text="Unique among active fields, case-sensitive."
    )
    dataType = OneOfField(DataType.choices, source="data_type", required=False)
    isMandatory = FlagField(source="is_mandatory", required=False)
    defaultValue = TextField(
        source="default_value", max_length=1000, required=False, allow_null=True, allow_blank=True
    )
    isActive = FlagField(
        source="active", required=False, help_text="Only from true to false, and for good."
    )

    def validate_defaultValue(self, value):  # noqa: N802
        return value or ""


class CustomFieldInput(CustomFieldUpdate):
    """Contract, 2.18. A mandatory field needs a default."""

    name = NameField(max_length=255, help_text="Unique among active fields, case-sensitive.")
    dataType = OneOfField(DataType.choices, source="data_type")
    isActive = None


class CustomFieldOutput(DescribedOutput):
    """A custom field."""

    isMandatory = serializers.BooleanField(source="is_mandatory")
    defaultValue = serializers.SerializerMethodField()
    dataType = serializers.ChoiceField(DataType.choices, source="data_type")

    def get_defaultValue(self, field) -> str | None:  # noqa: N802
        return field.default_value or None


class CustomFieldListQuery(PageQuery):
    """Contract, 2.18. A disabled field is not shown anywhere but here, with `isActive=false`."""

    order = MeaningField({"ASC": False, "DESC": True}, source="descending", default=True)
    sortOn = MeaningField({"LAST_UPDATED_DATE": "updated_at"}, source="sort", default="updated_at")
    isActive = QueryFlagField(source="active", default=True)


class CustomFieldPage(serializers.Serializer):
    """A page of custom fields."""

    customFieldROList = CustomFieldOutput(many=True)
    pagination = Pagination()
