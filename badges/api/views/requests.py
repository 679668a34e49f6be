"""Receipts of requests."""

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound

from badges.api.paging import page_of
from badges.api.schema import operations as schema
from badges.api.serializers.queries import PageQuery
from badges.api.serializers.receipts import ReceiptItem, ReceiptOutput
from badges.api.views.base import BadgesViewSet
from badges.models import RequestLog


class ReceiptViewSet(BadgesViewSet):
    """The receipts of the calling integrator's requests."""

    rights = {"retrieve": "badges.view_receipt"}
    lookup_field = "request_id"
    lookup_url_kwarg = "requestId"
    lookup_value_regex = "(?s:.+)"  # also line feeds: a request id is any string

    @extend_schema(**schema.RECEIPT)
    def retrieve(self, request, requestId):
        own = RequestLog.objects.accepted().filter(integrator=request.user)
        # PostgreSQL rejects a query with a NUL.
        receipt = None if "\0" in requestId else own.filter(request_id=requestId).first()
        if receipt is None:
            raise NotFound("There is no accepted request with this id.")
        page = page_of(receipt.outcomes(), **PageQuery.of(request))
        outcomes = page.response_data("outcomes", ReceiptItem)
        return self.success(ReceiptOutput(receipt).data | outcomes)
