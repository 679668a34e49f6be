"""The trace of every attempt: accepted with its effect, refused after the rollback."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, Integrator, Operation, RequestLog, RequestOutcome

KEPT_OF_A_REFUSED_CONTENT = 10_000
# The first number of the advisory locks of request ids; the second one is a hash of the id.
REQUEST_IDS = 809

_canonical = msgspec.json.Encoder(order="sorted", enc_hook=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who asks, through which door, in which words; everything an auditor wants of the sender.

    An integrator that came by an OAuth token, and is believed because it did before, names it.
    """

    channel: Channel
    integrator: Integrator | None = None
    token_id: int | None = None
    user: User | None = None
    content: str = ""
    reason: str = ""

    @property
    def number(self) -> int | None:
        """The number of the integrator or member of staff, as the wire tells who made a thing."""
        actor = self.integrator or self.user
        return actor and actor.pk

    @property
    def actor(self) -> str:
        """The name of whoever asks."""
        return str(self.integrator or self.user or "command line")


def fingerprint(**meant) -> str:
    """Return the SHA-256 of what a request means, whatever its spelling."""
    return hashlib.sha256(_canonical.encode(meant)).hexdigest()


@contextmanager
def attempt(
    operation: Operation, *, origin: Origin, now: datetime, request_id: str | None = None, **about
) -> Iterator[RequestLog]:
    """Run the block in one transaction with its accepted row; record a refusal after the rollback.

    The row is the first write, so a request id speaks first: 809 for one that was accepted before,
    and a twin under way waits for the first to end. `about` holds further columns of the row.
    """
    row = RequestLog(
        operation=operation,
        channel=origin.channel,
        integrator=origin.integrator,
        user=origin.user,
        content=origin.content,
        reason=origin.reason,
        request_id=request_id,
        received_at=now,
        outcome=RequestOutcome.ACCEPTED,
        **about,
    )
    try:
        with transaction.atomic():
            _accept(row)
            yield row
    except BadgeError as refusal:
        if refusal.code == ErrorCode.DUPLICATE_REQUEST:
            _show_original(refusal, row)
        _refuse(row, [{"code": refusal.code, "message": refusal.message_on_record}])
        refusal.recorded = True
        raise


def record_refusal(
    operation: Operation, *, origin: Origin, errors: list[dict], request_id: str | None = None
) -> None:
    """Record an attempt that a door refused before a service saw it; `errors` as answered."""
    row = RequestLog(
        operation=operation,
        channel=origin.channel,
        integrator=origin.integrator,
        user=origin.user,
        content=origin.content,
        reason=origin.reason,
        request_id=request_id,
        received_at=timezone.now(),
    )
    _refuse(row, errors)


def reserve(request_id: str) -> None:
    """Wait until nobody else is about to use the request id, and let nobody until the end.

    `posting` never waits for an id: it leaves out what is reserved here.
    """
    if connection.vendor != "postgresql":  # SQLite: the transaction already holds the database
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [REQUEST_IDS, request_id])


def _accept(row: RequestLog) -> None:
    if row.request_id is not None:
        reserve(row.request_id)
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        # The only unique constraint of the table but its key; the transaction ends with the raise.
        raise BadgeError(ErrorCode.DUPLICATE_REQUEST, "request_id") from error


def _show_original(refusal: BadgeError, row: RequestLog) -> None:
    """Tell the actor that made the first request of this id what it was; nobody else."""
    original = RequestLog.objects.accepted().filter(request_id=row.request_id).first()
    if original is not None and original.is_by(row):
        refusal.original = original
        refusal.identical = original.fingerprint == row.fingerprint


def _refuse(row: RequestLog, errors: list[dict]) -> None:
    row.pk = None
    if row.operation == Operation.CREATE_BADGE:
        row.badge = None  # it never came into being
    row.outcome = RequestOutcome.REFUSED
    row.code = errors[0]["code"]
    row.errors = errors
    row.content = row.content[:KEPT_OF_A_REFUSED_CONTENT]
    row.save(force_insert=True)
