"""The fast path of an earn: the response is written before Django handles the request.

Nine of ten calls of the API are plain earns by a cached caller that are accepted. They are parsed,
decided and written here, by functions that Django's views use too: the strict parser,
`services.earning.fast_path`, the output and the envelope of the endpoint. Every other request goes
on to Django with its body unchanged and nothing written: other paths, other forms of input, callers
that must be verified, refusals. The response is the same in both cases.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from io import BytesIO
from typing import Annotated, Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec
from django.conf import settings
from django.core.signals import request_started
from django.db import Error
from django.http.request import split_domain_port, validate_host
from django.urls import reverse
from rest_framework.exceptions import APIException

from badges import outages
from badges.api import credential_cache, envelope, throttling
from badges.api.fields import MAX_REQUEST_ID_LENGTH, IsoDateTimeField
from badges.api.headers import unreadable_header
from badges.api.parsers import decode_body, strict_json
from badges.api.response_headers import middleware_headers
from badges.api.serializers.operations import earned_on_wire
from badges.api.views.customers import CustomerViewSet
from badges.models import Channel, Definition, Owner, OwnerType
from badges.models.ids import MAX_CUSTOMER_ID
from badges.request_details import add_details
from badges.services.earning.command import EarnCommand, Earned, single_earn_command
from badges.services.earning.fast_path import accepting_badge, earn_accepted, earn_batch
from badges.services.request_log import Origin

MAX_BYTES = 16 * 1024
MAX_HOSTS = 100  # cached; a pattern in ALLOWED_HOSTS accepts any number of them
JSON_TYPES = {"application/json", "application/json; charset=utf-8"}
# Requests with one of these headers go to Django.
SPECIAL_HEADERS = (
    "HTTP_IDEMPOTENCY_KEY",
    "HTTP_X_CAP_CUSTOMER_IDENTIFIER",
    "HTTP_CONTENT_ENCODING",
)
RESPONSE_HEADERS = [("Content-Type", "application/json"), ("Allow", "POST")]
EARN_RIGHT = CustomerViewSet.rights["earn"]
DATETIME_FIELD = IsoDateTimeField()
CALL = "badges.plain_earn"  # key in the WSGI environment of a parsed request
ROUTE = "api_gateway/v1/badges/customer/earn"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
RequestId = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_REQUEST_ID_LENGTH)]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
)

log = logging.getLogger(__name__)


class PlainTrigger(msgspec.Struct, forbid_unknown_fields=True):
    """`triggeredBy` in its usual form."""

    ownerType: Literal[  # type: ignore[valid-type]  # mypy does not compute values
        tuple(value for value, _label in OwnerType.claimable())
    ]
    referenceId: Text


class PlainEarn(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an earn in its usual form.

    It is narrower than `EarnInput`, never wider: a body that fits means the same there. A body that
    would cause a warning does not fit.
    """

    badgeMetaId: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    customerId: Annotated[int, msgspec.Meta(ge=1, le=MAX_CUSTOMER_ID)]
    requestId: RequestId
    triggeredBy: PlainTrigger
    earnEventDate: str | None = None
    earnEventDateISO: str | None = None


@dataclass(slots=True)
class PlainCall:
    """A plain earn by a cached caller, ready to be written."""

    environ: WSGIEnvironment
    actor: str
    request_id: str | int
    command: EarnCommand
    badge: Definition


class FastEarnMiddleware:
    """WSGI middleware that tries the fast path first, and else calls the inner application.

    A server may first pass several requests to `answers`, which writes them in one transaction.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._path = reverse("customer-earn")
        self.headers = [*RESPONSE_HEADERS, *middleware_headers(self._path)]
        self._is_known_host = lru_cache(maxsize=MAX_HOSTS)(_is_known_host)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call: PlainCall | None = environ.pop(CALL) if CALL in environ else self._parse_call(environ)
        answer = self._response_body(call, _earn(call)) if call else None
        if answer is None:
            return self._application(environ, start_response)
        start_response("200 OK", [*self.headers, ("Content-Length", str(len(answer)))])
        return [answer]

    def may_answer(self, environ: WSGIEnvironment) -> bool:
        """Return whether `answers` may have a response to a request."""
        return environ["PATH_INFO"] == self._path and environ["REQUEST_METHOD"] == "POST"

    def answers(self, environs: Sequence[WSGIEnvironment]) -> list[bytes | None]:
        """Return the bodies of the responses to accepted earns that need no lock, else None.

        The earns are written in as few transactions as possible. Nothing was written for a request
        with None, so that `__call__` can handle it.
        """
        for environ in environs:
            environ[CALL] = self._parse_call(environ)
        unlocked = [
            index
            for index, environ in enumerate(environs)
            if environ[CALL] and not environ[CALL].badge.needs_lock
        ]
        calls = [environs[index].pop(CALL) for index in unlocked]
        answers: list[bytes | None] = [None] * len(environs)
        results = earn_batch([(call.command, call.badge) for call in calls])
        for index, call, result in zip(unlocked, calls, results, strict=True):
            answers[index] = self._response_body(call, result)
            call.environ[CALL] = None
        return answers

    def _parse_call(self, environ: WSGIEnvironment) -> PlainCall | None:
        """Parse a request; return None if Django has to handle it."""
        if not self._is_eligible(environ):
            return None
        header = environ.get("HTTP_AUTHORIZATION", "")
        caller = credential_cache.recall(header)
        if caller is None or not caller.integrator.has_right(EARN_RIGHT):
            return None
        if throttling.calls.wait(caller.integrator.pk):
            return None
        environ[throttling.COUNTED] = True
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = BytesIO(body)
        request_started.send(FastEarnMiddleware, environ=environ)
        call = None
        try:
            call = _parse_body(body, caller, environ)
        except Error as error:
            outages.notice(error)
        if call is None:
            credential_cache.forget(header)
        return call

    @staticmethod
    def _response_body(call: PlainCall, result: Earned | Exception | None) -> bytes | None:
        """Return the body of the response, or None if nothing was written."""
        if isinstance(result, Earned):
            request_id = call.command.request_id
            details = {"actor": call.actor, "request_id": request_id, "earn_path": "fast"}
            add_details(call.environ, route=ROUTE, **details)
            return envelope.encoder.encode(
                envelope.success_envelope(earned_on_wire(result, call.request_id))
            )
        if isinstance(result, Exception) and not outages.notice(result):
            log.error("An earn failed on the fast path", exc_info=result)
        credential_cache.forget(call.environ.get("HTTP_AUTHORIZATION", ""))
        return None

    def _is_eligible(self, environ: WSGIEnvironment) -> bool:
        return (
            environ["PATH_INFO"] == self._path
            and environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") in JSON_TYPES
            and 0 < int(environ.get("CONTENT_LENGTH") or 0) <= MAX_BYTES
            and not any(header in environ for header in SPECIAL_HEADERS)
            and unreadable_header(environ) is None
            and self._is_known_host(environ.get("HTTP_HOST", ""))
            and (not settings.HTTPS or environ.get("HTTP_X_FORWARDED_PROTO") == "https")
        )


def _is_known_host(host: str) -> bool:
    """Return whether Django accepts the Host header."""
    name, _port = split_domain_port(host)
    return bool(name) and validate_host(name, settings.ALLOWED_HOSTS)


def _earn(call: PlainCall) -> Earned | Error | None:
    try:
        return earn_accepted(call.command, call.badge)
    except Error as error:
        return error


def _parse_body(
    body: bytes, caller: credential_cache.CachedCaller, environ: WSGIEnvironment
) -> PlainCall | None:
    """Return the earn in a body, or None if the fast path cannot decide it."""
    try:
        earn_body = msgspec.convert(strict_json(body), PlainEarn)
        if None not in (earn_body.earnEventDate, earn_body.earnEventDateISO):
            return None
        event_at = _parse_datetime(earn_body.earnEventDateISO or earn_body.earnEventDate)
    except (APIException, msgspec.ValidationError):
        return None
    command = single_earn_command(
        origin=Origin(
            channel=Channel.API,
            integrator=caller.integrator,
            token_id=caller.token_id,
            content=decode_body(body),
        ),
        request_id=str(earn_body.requestId),
        customer_id=earn_body.customerId,
        badge_id=earn_body.badgeMetaId,
        owner=Owner(earn_body.triggeredBy.ownerType, earn_body.triggeredBy.referenceId),
        event_at=event_at,
    )
    badge = accepting_badge(command)
    if badge is None:
        return None
    actor = f"integrator:{caller.integrator.pk}"
    return PlainCall(environ, actor, earn_body.requestId, command, badge)


def _parse_datetime(text: str | None) -> datetime | None:
    return None if text is None else DATETIME_FIELD.to_internal_value(text)
