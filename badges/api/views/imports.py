"""The import of badges that customers earned in another system (CONTRACT.md, 2.16)."""

from collections.abc import Iterator
from uuid import uuid4

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from badges.api import envelope
from badges.api.fields import RequestIdField
from badges.api.schema import bulk as schema
from badges.api.serializers.bulk import ImportItem, parse_items
from badges.api.serializers.operations import EarnOutput
from badges.api.serializers.twins import input_warnings
from badges.api.views.base import BadgesViewSet
from badges.models import Channel, Operation
from badges.services.customers.imports import import_earned
from badges.services.customers.outcomes import Outcome

BATCH_HEADER = "X-CAP-REQUEST-ID"


class ImportViewSet(BadgesViewSet):
    """The response is an array of envelopes, one for each item, in the order of the request."""

    rights = {"customer_badges": "badges.import_badge"}
    operations = {"customer_badges": Operation.IMPORT_EARNED}
    inputs = {"customer_badges": ImportItem}
    channel = Channel.IMPORT

    @extend_schema(methods=["POST"], operation_id="importBadges", **schema.IMPORT)
    @extend_schema(
        methods=["PUT"], operation_id="importBadgesByPut", deprecated=True, **schema.IMPORT
    )
    @action(detail=False, methods=["post", "put"], url_path="customerBadges")
    def customer_badges(self, request):
        batch_id = self.batch_id()
        items = parse_items(request.data)
        result = import_earned(
            origin=self.origin(),
            request_id=batch_id,
            items=[item.validated_data for item in items if item.is_valid()],
        )
        outcomes = iter(result.outcomes)
        envelopes = [
            self.item_envelope(item, outcomes, f"{batch_id}_{index}")
            for index, item in enumerate(items, start=1)
        ]
        return Response(envelopes)

    def batch_id(self) -> str:
        """Return the request id of the whole call, from its header or newly created."""
        return RequestIdField().run_validation(self.request.headers.get(BATCH_HEADER, uuid4().hex))

    def item_envelope(self, item: ImportItem, outcomes: Iterator[Outcome], request_id: str) -> dict:
        """Return the envelope of one item; each valid item takes the next outcome."""
        if not item.is_valid():
            return envelope.failure_envelope(envelope.input_errors(item.errors))
        outcome = next(outcomes)
        if outcome.refusal:
            return envelope.failure_envelope(
                [envelope.refusal_error(outcome.refusal, self, item.initial_data)]
            )
        output = EarnOutput(outcome.fact, context={"request_id": request_id})
        return envelope.success_envelope(output.data, input_warnings(item, item.initial_data))
