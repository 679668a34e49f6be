"""Viewsets: validate, call one service, wrap."""

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, NotFound
from rest_framework.viewsets import ViewSet

from badges.api import envelope, schema
from badges.api.fields import RequestIdField
from badges.api.serializers import EarnInput, EarnOutput, ReceiptOutput
from badges.errors import BadgeError
from badges.models import Channel, Operation, RequestLog
from badges.services.earn import earn_badge
from badges.services.requests import Origin, record_refusal


class BadgesViewSet(ViewSet):
    """What the endpoints share: the sender, the right of each action, the trace of refusals.

    `rights` names the permission of each action, `operations` what its refusals are recorded as,
    `inputs` its serializer.
    """

    content_negotiation_class = envelope.AlwaysJSON
    http_method_names = ["get", "head", "post", "put"]
    rights: dict[str, str] = {}
    operations: dict[str, Operation] = {}
    inputs: dict[str, type] = {}

    def input_class(self):
        return self.inputs.get(self.action)

    def origin(self) -> Origin:
        """Return the calling integrator with the body as received."""
        received = getattr(self.request, "received", b"")
        content = received.decode(errors="backslashreplace").replace("\0", "\\0")
        return Origin(channel=Channel.API, integrator=self.request.user, content=content)

    def handle_exception(self, exc):
        response = super().handle_exception(exc)
        if not isinstance(exc, BadgeError):  # those the service has recorded
            self._record(response)
        return response

    def _record(self, response):
        """Leave a refused row for an attempt of a known integrator that no service saw."""
        operation = self.operations.get(self.action)
        if operation and self.request.user.is_authenticated and response.status_code < 500:
            request_id = self._readable_request_id()
            record_refusal(
                operation,
                origin=self.origin(),
                errors=response.data["errors"],
                request_id=request_id,
            )

    def _readable_request_id(self) -> str | None:
        try:
            return RequestIdField().run_validation(self.request.data["requestId"])
        except (APIException, LookupError, TypeError):
            return None


class CustomerViewSet(BadgesViewSet):
    """What happens to customers."""

    rights = {"earn": "badges.earn_badge"}
    operations = {"earn": Operation.EARN}
    inputs = {"earn": EarnInput}

    @extend_schema(request=EarnInput, **schema.EARN)
    @action(detail=False, methods=["post"])
    def earn(self, request):
        given = EarnInput(data=request.data)
        given.is_valid(raise_exception=True)
        earned = earn_badge(origin=self.origin(), **given.validated_data)
        output = EarnOutput(earned, context={"request_id": request.data["requestId"]})
        return envelope.success(output.data)


class ReceiptViewSet(BadgesViewSet):
    """What became of the requests of the calling integrator."""

    rights = {"retrieve": "badges.view_receipt"}
    lookup_field = "request_id"
    lookup_url_kwarg = "requestId"
    lookup_value_regex = ".+"

    @extend_schema(**schema.RECEIPT)
    def retrieve(self, request, requestId):  # noqa: N803 - the path's name in the contract
        own = RequestLog.objects.accepted().filter(integrator=request.user)
        receipt = own.filter(request_id=requestId).first()
        if receipt is None:
            raise NotFound("There is no accepted request with this id.")
        return envelope.success(ReceiptOutput(receipt).data)
