"""The ASGI application that the production server runs: the front and everything behind it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.urls import reverse

from badgeadmin.server.batches import Batches
from badgeadmin.server.bodies import BodyReader
from badgeadmin.server.front import Front
from badgeadmin.server.responses import Answer, encoded
from badgeadmin.server.slots import Slots
from badgeadmin.wsgi import application as wsgi_application
from badges.api import envelope
from badges.api.body_limits import body_limit
from badges.client_address import client_network
from badges.database import set_statement_timeout
from badges.services.earning.fast_path import MAX_GROUP_SIZE

set_statement_timeout()

# One more than the database is processing, so that neither waits for the other.
MAX_BATCHES = 2


def earn_answers(environs: Sequence[dict]) -> list[Answer | None]:
    """Return the responses of the fast path; None means that Django processes the request."""
    return [
        None if body is None else Answer.complete(HTTPStatus.OK, earn_headers, body)
        for body in wsgi_application.answers(environs)
    ]


queue_limits: dict[str, Any] = {
    "max_waiting": settings.MAX_QUEUED_REQUESTS,
    "timeout": settings.QUEUE_TIMEOUT,
}
slots = Slots(settings.MAX_CONCURRENT_REQUESTS, **queue_limits)
earn_headers = encoded(wsgi_application.headers)
application = Front(
    wsgi_application,
    slots=slots,
    bodies=BodyReader(
        timeout=settings.BODY_TIMEOUT,
        max_pending=settings.MAX_PENDING_BODIES,
        max_per_address=settings.MAX_PENDING_BODIES_PER_ADDRESS,
        max_buffered=settings.MAX_BUFFERED_BODIES,
    ),
    rejection=envelope.rejection,
    body_limit=body_limit,
    small_body=settings.SMALL_BODY,
    refuses_large_bodies=envelope.is_api,  # it authenticates a client before it reads the body
    client_address=client_network,
    without_slot=frozenset({reverse("healthz-live")}),
    batches=Batches(
        earn_answers, slots, max_size=MAX_GROUP_SIZE, max_running=MAX_BATCHES, **queue_limits
    ),
    may_batch=wsgi_application.may_answer,
)
