"""The cycles of fixed windows (CONTRACT.md, 2.15)."""

from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from badges.api.fields import (
    CustomerIdField,
    EpochField,
    IsoDateTimeField,
    MappedChoiceField,
    TextField,
)
from badges.api.serializers.constraints import Days, constraint_type
from badges.api.serializers.queries import (
    PageQuery,
    Pagination,
    QueryDateTimeField,
    QueryFlagField,
)
from badges.errors import ErrorCode
from badges.models import LimitKind, LimitLevel
from badges.services.catalogue.windows import reference_id

FIXED_WINDOWS = [constraint_type(level, LimitKind.FIXED_WINDOW) for level in LimitLevel]


class CycleQuery(PageQuery):
    """The parameters of the list of cycles (CONTRACT.md, 2.15).

    Counts of a customer's limits require a customer.
    """

    missing = {
        "badgeMetaId": [(ErrorCode.BADGE_ID_MISSING, "badgeMetaId")],
        "customerId": [(ErrorCode.CUSTOMER_ID_MISSING, "customerId")],
    }

    badgeMetaId = TextField(source="badge_id", max_length=100)
    constraintType = MappedChoiceField(
        {
            "BADGE": (LimitLevel.BADGE,),
            "CUSTOMER": (LimitLevel.CUSTOMER,),
            "ALL": (LimitLevel.CUSTOMER, LimitLevel.BADGE),
        },
        source="levels",
        default=(LimitLevel.CUSTOMER, LimitLevel.BADGE),
        help_text="Default: `ALL`.",
    )
    customerId = CustomerIdField(
        source="customer_id",
        required=False,
        help_text="Required with `includeEarnCount`, unless the constraint type is `BADGE`.",
    )
    fixedWindowCycleReferenceId = serializers.UUIDField(source="reference", required=False)
    includeEarnCount = QueryFlagField(source="with_counts", default=False)
    startDate = QueryDateTimeField(
        source="since", required=False, help_text="Default: the start of the badge."
    )
    endDate = QueryDateTimeField(
        source="until", required=False, help_text="Default: the end of the badge."
    )

    def validate(self, attrs):
        counts_customer = attrs["with_counts"] and LimitLevel.CUSTOMER in attrs["levels"]
        if counts_customer and "customer_id" not in attrs:
            text = serializers.Field.default_error_messages["required"]
            raise serializers.ValidationError({"customerId": text}, code="required")
        if "since" in attrs and "until" in attrs and attrs["since"] > attrs["until"]:
            raise serializers.ValidationError({"endDate": _("It must not be before startDate.")})
        return attrs


class CycleOutput(Days):
    """One cycle of a fixed window."""

    fixedWindowCycleReferenceId = serializers.SerializerMethodField()
    constraintType = serializers.SerializerMethodField()
    earnCount = serializers.IntegerField(required=False, help_text="With `includeEarnCount`.")

    def get_fixedWindowCycleReferenceId(self, cycle) -> UUID:
        return str(reference_id(cycle.limit))

    @extend_schema_field(serializers.ChoiceField(FIXED_WINDOWS))
    def get_constraintType(self, cycle):
        return constraint_type(cycle.limit.level, cycle.limit.kind)

    def to_representation(self, cycle):
        output, counts = super().to_representation(cycle), self.context["counts"]
        return output if counts is None else output | {"earnCount": counts[cycle]}


class CyclesOutput(serializers.Serializer):
    """The parameters of the query; `customerId` only if the earns of a customer were counted."""

    badgeMetaId = serializers.CharField(source="badge_id")
    orgId = serializers.SerializerMethodField()
    startDate = EpochField(source="since")
    startDateISO = IsoDateTimeField(source="since")
    endDate = EpochField(source="until")
    endDateISO = IsoDateTimeField(source="until")
    customerId = serializers.IntegerField(source="customer_id", required=False)

    def get_orgId(self, selected) -> int:
        return settings.ORG_ID

    def to_representation(self, selected):
        output = super().to_representation(selected)
        if output["customerId"] is None:
            del output["customerId"]
        return output


class CyclePage(CyclesOutput):
    """A page of the cycles of a badge's fixed windows."""

    fixedWindowCycles = CycleOutput(many=True)
    pagination = Pagination()
