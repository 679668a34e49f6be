"""The base of the viewsets: the caller, the right of each action, the log of refusals."""

from http import HTTPStatus

from rest_framework.exceptions import APIException, Throttled
from rest_framework.viewsets import ViewSet

from badges.api import envelope, throttling
from badges.api.authentication import claimed_client_id
from badges.api.fields import RequestIdField
from badges.api.idempotency import IdempotentWrites
from badges.api.parsers import decode_body
from badges.api.serializers.twins import input_warnings
from badges.client_address import client_address
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, Operation
from badges.request_details import add_details
from badges.services.access.sign_in import refuse_integrator
from badges.services.request_log import Origin, record_refusal

NOT_RECORDED = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}
IDENTIFIER_HEADER = "X-CAP-CUSTOMER-IDENTIFIER"


class BadgesViewSet(IdempotentWrites, ViewSet):
    """The base of the viewsets: the caller, the right of each action, the log of refusals.

    `rights` names the permission of each action, `operations` the operation under which its
    refusals are logged, and `inputs` its serializer.
    """

    content_negotiation_class = envelope.AlwaysJSON
    http_method_names = ["get", "head", "post", "put"]
    rights: dict[str, str] = {}
    operations: dict[str, Operation] = {}
    inputs: dict[str, type] = {}
    channel = Channel.API
    body = None  # the body of a writing operation, once it is parsed
    body_warnings: list[dict] = []

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        if IDENTIFIER_HEADER in request.headers:
            raise BadgeError(ErrorCode.UNKNOWN_IDENTIFIER)

    def input_class(self):
        return self.inputs.get(self.action)

    def arguments(self) -> dict:
        """Return the arguments of the service from the body.

        Raises ValidationError with all faults of the body.
        """
        self.body = self.request.data
        serializer = self.inputs[self.action](data=self.body)
        serializer.is_valid(raise_exception=True)
        self.body_warnings = input_warnings(serializer, self.body)
        return serializer.validated_data

    @property
    def input_data(self):
        """The body of a writing operation, or the query parameters of a reading one."""
        return self.request.query_params if self.body is None else self.body

    def success(self, data, warnings=(), status=HTTPStatus.OK):
        """Return the response to an accepted call, with the warnings about its body."""
        return envelope.success(data, [*self.body_warnings, *warnings], status)

    def echo(self, arguments: dict) -> dict:
        """Return the request id in its JSON type and the trigger, which a response repeats."""
        return {"request_id": self.request.data.get("requestId"), "owner": arguments.get("owner")}

    def origin(self) -> Origin:
        """Return the origin of the request: the integrator and the body as received."""
        content = decode_body(getattr(self.request, "raw_body", b""))
        return Origin(channel=self.channel, integrator=self.request.user, content=content)

    def finalize_response(self, request, response, *args, **kwargs):
        """Add details of the result to the telemetry; none of them names a customer."""
        data = getattr(response, "data", None)
        errors = data.get("errors") if isinstance(data, dict) else None
        add_details(
            request.META,
            actor=f"integrator:{request.user.pk}" if request.user.is_authenticated else None,
            request_id=self._readable_request_id(),
            code=errors[0]["code"] if errors else None,
            earn_path="django" if self.operations.get(self.action) == Operation.EARN else None,
        )
        return super().finalize_response(request, response, *args, **kwargs)

    def handle_exception(self, exc):
        response = super().handle_exception(exc)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            seconds = throttling.wait_unauthenticated(self.request)
            if seconds:
                # Only failed authentication is throttled: other clients at this address may call.
                return super().handle_exception(Throttled(seconds))
        if not getattr(exc, "recorded", False):
            self._record(response)
        return response

    def _record(self, response):
        """Log a refused request that no service has logged.

        For an authenticated integrator this is an attempt to change something; a refused read
        changes nothing. An unauthenticated call is logged as a failed sign-in, regardless of the
        operation. Throttled calls are not logged: they were not processed, and a flood of them
        would fill the table.
        """
        operation = self.operations.get(self.action)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            refuse_integrator(
                Operation.SIGN_IN,
                client_id=claimed_client_id(self.request),
                address=client_address(self.request.META),
                message=response.data["errors"][0]["message"],
            )
        elif operation is not None and self._is_attempt(response.status_code):
            request_id = self._readable_request_id()
            record_refusal(
                operation,
                origin=self.origin(),
                errors=response.data["errors"],
                request_id=request_id,
            )

    def _is_attempt(self, status: int) -> bool:
        is_authenticated = self.request.user.is_authenticated
        return is_authenticated and status not in NOT_RECORDED

    def _readable_request_id(self) -> str | None:
        try:
            return RequestIdField().run_validation(self.request.data["requestId"])
        except (APIException, LookupError, TypeError):
            return None
