"""What the viewsets share: the sender, the right of each action, the trace of refusals."""

from http import HTTPStatus

from rest_framework.exceptions import APIException, Throttled
from rest_framework.viewsets import ViewSet

from badgeadmin.telemetry import tell
from badges.api import envelope, pace
from badges.api.authentication import client_id_of
from badges.api.fields import RequestIdField
from badges.api.idempotency import IdempotentWrites
from badges.api.parsers import text_of
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, Operation
from badges.services.access import refuse_integrator
from badges.services.requests import Origin, record_refusal

NOT_LOOKED_AT = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
IDENTIFIER_HEADER = "X-CAP-CUSTOMER-IDENTIFIER"


class BadgesViewSet(IdempotentWrites, ViewSet):
    """What the endpoints share: the sender, the right of each action, the trace of refusals.

    `rights` names the permission of each action, `operations` what its refusals are recorded as,
    `inputs` its serializer.
    """

    content_negotiation_class = envelope.AlwaysJSON
    http_method_names = ["get", "head", "post", "put"]
    rights: dict[str, str] = {}
    operations: dict[str, Operation] = {}
    inputs: dict[str, type] = {}
    channel = Channel.API

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if IDENTIFIER_HEADER in request.headers:
            raise BadgeError(ErrorCode.UNKNOWN_IDENTIFIER)

    def input_class(self):
        return self.inputs.get(self.action)

    def given(self) -> dict:
        """Return the arguments of the service, from the body; 400 with every fault at once."""
        given = self.inputs[self.action](data=self.request.data)
        given.is_valid(raise_exception=True)
        return given.validated_data

    def echo(self, given: dict) -> dict:
        """Return what an answer repeats of its request: the id in its JSON type, the trigger."""
        return {"request_id": self.request.data.get("requestId"), "owner": given.get("owner")}

    def origin(self) -> Origin:
        """Return the calling integrator with the body as received."""
        content = text_of(getattr(self.request, "received", b""))
        return Origin(channel=self.channel, integrator=self.request.user, content=content)

    def finalize_response(self, request, response, *args, **kwargs):
        """Say to operators what became of it; whatever they see names no customer."""
        data = getattr(response, "data", None)
        errors = data.get("errors") if isinstance(data, dict) else None
        tell(
            request.META,
            actor=f"integrator:{request.user.pk}" if request.user.is_authenticated else None,
            request_id=self._readable_request_id(),
            code=errors[0]["code"] if errors else None,
            earns=self.operations.get(self.action) == Operation.EARN,
        )
        return super().finalize_response(request, response, *args, **kwargs)

    def handle_exception(self, exc):
        response = super().handle_exception(exc)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            seconds = pace.unproved.wait(self.request.META.get("REMOTE_ADDR", ""))
            if seconds:
                # Whoever proves to be somebody is heard, whoever else calls from that address.
                return super().handle_exception(Throttled(seconds))
        if not getattr(exc, "recorded", False):
            self._record(response)
        return response

    def _record(self, response):
        """Leave a refused row for an attempt that no service saw.

        Of a known integrator that is an attempt to change something; a read without the right to it
        changes nothing. Of anybody else it is one to come in, whatever was asked for. What came too
        fast was not looked at, and a flood of it would fill the table.
        """
        operation = self.operations.get(self.action)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            refuse_integrator(
                Operation.SIGN_IN,
                client_id=client_id_of(self.request),
                address=self.request.META.get("REMOTE_ADDR", ""),
                message=response.data["errors"][0]["message"],
            )
        elif self._is_attempt(operation, response.status_code):
            request_id = self._readable_request_id()
            record_refusal(
                operation,
                origin=self.origin(),
                errors=response.data["errors"],
                request_id=request_id,
            )

    def _is_attempt(self, operation: Operation | None, status: int) -> bool:
        is_of_somebody = self.request.user.is_authenticated
        return bool(operation) and is_of_somebody and status not in NOT_LOOKED_AT

    def _readable_request_id(self) -> str | None:
        try:
            return RequestIdField().run_validation(self.request.data["requestId"])
        except (APIException, LookupError, TypeError):
            return None
