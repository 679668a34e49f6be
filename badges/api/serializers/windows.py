"""The cycles of fixed windows (contract, 2.15)."""

from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from badges.api.fields import CustomerIdField, EpochField, IsoMomentField, MeaningField, TextField
from badges.api.serializers.constraints import Days, constraint_type
from badges.api.serializers.queries import (
    PageQuery,
    Pagination,
    QueryFlagField,
    QueryMomentField,
)
from badges.errors import ErrorCode
from badges.models import LimitLevel
from badges.services.windows import reference_id


class CycleQuery(PageQuery):
    """Contract, 2.15. What is asked of the customer level needs a customer when it is counted."""

    missing = {
        "badgeMetaId": [(ErrorCode.BADGE_ID_MISSING, "badgeMetaId")],
        "customerId": [(ErrorCode.CUSTOMER_ID_MISSING, "customerId")],
    }

    badgeMetaId = TextField(source="badge_id", max_length=100)
    constraintType = MeaningField(
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
    includeEarnCount = QueryFlagField(source="counted", default=False)
    startDate = QueryMomentField(
        source="since", required=False, help_text="Default: the start of the badge."
    )
    endDate = QueryMomentField(
        source="until", required=False, help_text="Default: the end of the badge."
    )

    def validate(self, attrs):
        of_customer = attrs["counted"] and LimitLevel.CUSTOMER in attrs["levels"]
        if of_customer and "customer_id" not in attrs:
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

    def get_fixedWindowCycleReferenceId(self, cycle) -> UUID:  # noqa: N802
        return str(reference_id(cycle.limit))

    def get_constraintType(self, cycle) -> str:  # noqa: N802
        return constraint_type(cycle.limit.level, cycle.limit.kind)

    def to_representation(self, cycle):
        shown, counts = super().to_representation(cycle), self.context["counts"]
        return shown if counts is None else shown | {"earnCount": counts[cycle]}


class CyclesOutput(serializers.Serializer):
    """What was asked for; `customerId` only when the badges of one were counted."""

    badgeMetaId = serializers.CharField(source="badge_id")
    orgId = serializers.SerializerMethodField()
    startDate = EpochField(source="since")
    startDateISO = IsoMomentField(source="since")
    endDate = EpochField(source="until")
    endDateISO = IsoMomentField(source="until")
    customerId = serializers.IntegerField(source="customer_id", required=False)

    def get_orgId(self, found) -> int:  # noqa: N802 - DRF derives it from the field
        return settings.ORG_ID

    def to_representation(self, found):
        shown = super().to_representation(found)
        if shown["customerId"] is None:
            del shown["customerId"]
        return shown


class CyclePage(CyclesOutput):
    """A page of the cycles of a badge's fixed windows."""

    fixedWindowCycles = CycleOutput(many=True)
    pagination = Pagination()
