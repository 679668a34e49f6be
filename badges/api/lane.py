"""The short way of an earn: answered before the framework, when nothing speaks against it.

Nine of ten calls of the API are a plain earn by a caller that is known, and that is accepted. It
is read, decided and answered here, by the functions that every other way uses too: the strict
parser, `services.earn`, the output and envelope of the endpoint. Whatever is not as plain as that
goes on to Django with its body as it came, and nothing was written of it: other addresses, other
forms of input, callers to be verified, refusals. What is answered is the same on both ways.
"""

from io import BytesIO
from typing import Annotated, Literal

import msgspec
from django.conf import settings
from django.core.signals import request_started
from django.db import DatabaseError, InterfaceError
from django.http.request import split_domain_port, validate_host
from django.urls import reverse
from rest_framework.exceptions import APIException

from badgeadmin.telemetry import tell
from badges.api import callers, envelope, pace
from badges.api.fields import LONGEST_REQUEST_ID, IsoMomentField
from badges.api.parsers import strict_json, text_of
from badges.api.serializers.operations import earned_on_wire
from badges.api.views.customers import CustomerViewSet
from badges.models import Channel, Owner, OwnerType
from badges.models.ids import GREATEST_CUSTOMER_ID
from badges.services.at_once import earn_at_once
from badges.services.requests import Origin
from badges.services.wishes import wish_for_one

MOST_BYTES = 16 * 1024
JSON = {"application/json", "application/json; charset=utf-8"}
# Headers that mean more than a plain earn.
SPECIAL = ("HTTP_IDEMPOTENCY_KEY", "HTTP_X_CAP_CUSTOMER_IDENTIFIER", "HTTP_CONTENT_ENCODING")
HEADERS = [
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
]
RIGHT = CustomerViewSet.rights["earn"]
MOMENT = IsoMomentField()
ROUTE = "api_gateway/v1/badges/customer/earn"

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
RequestId = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REQUEST_ID)]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
)


class PlainTrigger(msgspec.Struct):
    """`triggeredBy` in the form that nearly everybody sends."""

    ownerType: Literal[tuple(value for value, _label in OwnerType.claimable())]  # noqa: N815
    referenceId: Text  # noqa: N815


class PlainEarn(msgspec.Struct):
    """The body of an earn in the form that nearly everybody sends.

    Narrower than `EarnInput`, never wider: what fits means the same there.
    """

    badgeMetaId: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]  # noqa: N815
    customerId: Annotated[int, msgspec.Meta(ge=1, le=GREATEST_CUSTOMER_ID)]  # noqa: N815
    requestId: RequestId  # noqa: N815
    triggeredBy: PlainTrigger  # noqa: N815
    earnEventDate: str | None = None  # noqa: N815
    earnEventDateISO: str | None = None  # noqa: N815


class EarnLane:
    """A WSGI application that takes the short way where it can, and else asks the one behind it."""

    def __init__(self, application):
        self._application = application
        self._path = reverse("customer-earn")
        self._hosts: set[str] = set()

    def __call__(self, environ, start_response):
        answer = self._answer(environ) if self._is_plain(environ) else None
        if answer is None:
            return self._application(environ, start_response)
        start_response("200 OK", [*HEADERS, ("Content-Length", str(len(answer)))])
        return [answer]

    def _is_plain(self, environ) -> bool:
        return (
            environ["PATH_INFO"] == self._path
            and environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") in JSON
            and 0 < int(environ.get("CONTENT_LENGTH") or 0) <= MOST_BYTES
            and not any(header in environ for header in SPECIAL)
            and self._is_known_host(environ.get("HTTP_HOST", ""))
            and (not settings.HTTPS or environ.get("HTTP_X_FORWARDED_PROTO") == "https")
        )

    def _is_known_host(self, host: str) -> bool:
        """Whether Django would take the Host header; remembered, as there are a few."""
        if host in self._hosts:
            return True
        name, _port = split_domain_port(host)
        if not name or not validate_host(name, settings.ALLOWED_HOSTS):
            return False
        self._hosts.add(host)
        return True

    def _answer(self, environ) -> bytes | None:
        header = environ.get("HTTP_AUTHORIZATION", "")
        caller = callers.recall(header)
        if caller is None or not caller.integrator.has_right(RIGHT):
            return None
        if pace.calls.wait(caller.integrator.pk):
            return None
        environ[pace.GRANTED] = True
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        environ["wsgi.input"] = BytesIO(body)
        request_started.send(EarnLane, environ=environ)
        try:
            answer = _earned(body, caller, environ)
        except (DatabaseError, InterfaceError):
            answer = None
        if answer is None:
            callers.forget(header)
        return answer


def _earned(body: bytes, caller: callers.Caller, environ: dict) -> bytes | None:
    """Return the answer of an accepted earn, or None."""
    try:
        wish = msgspec.convert(strict_json(body), PlainEarn)
        event_at, iso = _moment(wish.earnEventDate), _moment(wish.earnEventDateISO)
    except (APIException, msgspec.ValidationError):
        return None
    asked = wish_for_one(
        origin=Origin(
            channel=Channel.API,
            integrator=caller.integrator,
            token_id=caller.token_id,
            content=text_of(body),
        ),
        request_id=str(wish.requestId),
        customer_id=wish.customerId,
        badge_id=wish.badgeMetaId,
        owner=Owner(wish.triggeredBy.ownerType, wish.triggeredBy.referenceId),
        event_at=iso or event_at,
    )
    earned = earn_at_once(asked)
    if earned is None:
        return None
    actor = f"integrator:{caller.integrator.pk}"
    tell(environ, route=ROUTE, actor=actor, request_id=asked.request_id, earns=True)
    return envelope.encoder.encode(envelope.done(earned_on_wire(earned, wish.requestId)))


def _moment(text: str | None):
    return None if text is None else MOMENT.to_internal_value(text)
