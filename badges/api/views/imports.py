"""Badges that customers earned before, in another system (contract, 2.16)."""

from collections.abc import Iterator
from uuid import uuid4

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from badges.api import envelope
from badges.api.fields import RequestIdField
from badges.api.schema import bulk as schema
from badges.api.serializers.bulk import ImportItem, items_of
from badges.api.serializers.operations import EarnOutput
from badges.api.views.base import BadgesViewSet
from badges.models import Channel, Operation
from badges.services.imports import import_earned
from badges.services.outcomes import Outcome

BATCH_HEADER = "X-CAP-REQUEST-ID"


class ImportViewSet(BadgesViewSet):
    """The answer is an array of envelopes, one for each item, in the order of the request."""

    rights = {"customer_badges": "badges.import_badge"}
    operations = {"customer_badges": Operation.IMPORT_EARNED}
    inputs = {"customer_badges": ImportItem}
    channel = Channel.IMPORT

    @extend_schema(methods=["POST"], operation_id="importBadges", **schema.IMPORT)
    @extend_schema(methods=["PUT"], operation_id="importBadgesByPut", **schema.IMPORT)
    @action(detail=False, methods=["post", "put"], url_path="customerBadges")
    def customer_badges(self, request):
        batch_id = self.batch_id()
        items = items_of(request.data)
        result = import_earned(
            origin=self.origin(),
            request_id=batch_id,
            items=[item.validated_data for item in items if item.is_valid()],
        )
        outcomes = iter(result.outcomes)
        answers = [
            self.answer(item, outcomes, f"{batch_id}_{place}")
            for place, item in enumerate(items, start=1)
        ]
        return Response(answers)

    def batch_id(self) -> str:
        """Return the request id of the whole call: from its header, or a new one."""
        return RequestIdField().run_validation(
            self.request.headers.get(BATCH_HEADER) or uuid4().hex
        )

    def answer(self, item: ImportItem, outcomes: Iterator[Outcome], request_id: str) -> dict:
        """Return the envelope of one item; every valid one has the next of the outcomes."""
        if not item.is_valid():
            return envelope.refused(envelope.invalid(item.errors))
        outcome = next(outcomes)
        if outcome.refusal:
            return envelope.refused([envelope.refusal(outcome.refusal, self)])
        return envelope.done(EarnOutput(outcome.fact, context={"request_id": request_id}).data)
