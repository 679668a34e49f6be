"""What became of requests."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound

from badges.api import envelope
from badges.api.paging import page_of
from badges.api.schema import operations as schema
from badges.api.serializers.operations import ReceiptItem, ReceiptOutput
from badges.api.serializers.queries import PageQuery
from badges.api.views.base import BadgesViewSet
from badges.models import RequestLog


class ReceiptViewSet(BadgesViewSet):
    """What became of the requests of the calling integrator."""

    rights = {"retrieve": "badges.view_receipt"}
    lookup_field = "request_id"
    lookup_url_kwarg = "requestId"
    lookup_value_regex = ".+"

    @extend_schema(parameters=[PageQuery], **schema.RECEIPT)
    def retrieve(self, request, requestId):  # noqa: N803 - the path's name in the contract
        own = RequestLog.objects.accepted().filter(integrator=request.user)
        receipt = own.filter(request_id=requestId).first()
        if receipt is None:
            raise NotFound("There is no accepted request with this id.")
        page = page_of(receipt.outcomes(), **PageQuery.of(request))
        outcomes = page.under("outcomes", ReceiptItem)
        return envelope.success(ReceiptOutput(receipt).data | outcomes)
