"""Log every request: accepted ones with their effects, refused ones after the rollback."""

import hmac
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypedDict, Unpack

import msgspec
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from badges import rules
from badges.errors import BadgeError, ErrorCode
from badges.models import (
    Channel,
    Integrator,
    IssueReason,
    Operation,
    OwnerType,
    RequestLog,
    RequestOutcome,
    StatedReason,
)

MAX_REFUSED_CONTENT = 10_000
# The first key of the advisory locks of request ids; the second key is a hash of the id.
REQUEST_ID_LOCKS = 809
# The limit of an integrator cannot include all of these: it names only claimable owner types.
ALL_OWNER_TYPES = tuple(OwnerType)

_canonical = msgspec.json.Encoder(order="sorted", enc_hook=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The channel and the actor of a request, and its content and reason for the audit.

    `token_id` is the OAuth token of an integrator that the credential cache authenticated; the fast
    path checks that this token is still valid. `because` is the id of an `IssueReason`.
    """

    channel: Channel
    integrator: Integrator | None = None
    token_id: int | None = None
    user: User | None = None
    content: str = ""
    reason: str = ""
    because: str | None = None
    case_number: str = ""

    @property
    def states_reason(self) -> bool:
        """Whether the request gives a reason from the list, or a case number."""
        return bool(self.because or self.case_number)

    @property
    def integrator_id(self) -> int | None:
        return self.integrator.pk if self.integrator else None

    @property
    def user_id(self) -> int | None:
        return self.user.pk if self.user else None

    @property
    def stamp(self) -> int | None:
        """The version of the integrator's credentials and rights, as they were read."""
        return self.integrator.stamp if self.integrator else None

    @property
    def number(self) -> int | None:
        """The id of the integrator or user, as in `created_by`; None for a command."""
        actor = self.integrator or self.user
        return None if actor is None else actor.pk

    @property
    def actor(self) -> str:
        """The name of the integrator or user, or "command line"."""
        return str(self.integrator or self.user or "command line")


class RequestColumns(TypedDict, total=False):
    """Further columns of a request in the log."""

    badge_id: str | None
    customer_id: int | None
    fingerprint: str


def fingerprint(**parts: object) -> str:
    """Return a keyed hash of the meaning of a request, independent of its spelling.

    The key is not in the database, so trying numbers does not reveal the customer of a hash. A
    request that was logged with another SECRET_KEY, or by an older version without a key, has a
    different fingerprint: its repetition is refused, and never executed twice.
    """
    key = _fingerprint_key(settings.SECRET_KEY)
    return hmac.digest(key, _canonical.encode(parts), "sha256").hex()


@cache
def _fingerprint_key(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"badges: fingerprints of requests", "sha256")


@contextmanager
def logged_request(
    operation: Operation,
    *,
    origin: Origin,
    now: datetime,
    request_id: str | None = None,
    owners: Iterable[str] = ALL_OWNER_TYPES,
    **columns: Unpack[RequestColumns],
) -> Iterator[RequestLog]:
    """Run the block in one transaction with its accepted row; log a refusal after the rollback.

    The row is inserted first, so that the request id is checked before everything else: the id of
    an accepted request raises 809, and a concurrent request with the same id waits for the first to
    end. `columns` holds further columns of the row.

    `owners` are the owner types that the operation concerns. An integrator that is limited to owner
    types is refused (403) if one of them is outside its limit. Without `owners` the operation
    concerns every owner type, so that all limited integrators are refused. The iterable is read
    inside the transaction and only for limited integrators: a generator can lock the rows that it
    reads.
    """
    outcome = RequestOutcome.ACCEPTED
    row = _new_row(operation, origin, request_id, received_at=now, outcome=outcome, **columns)
    try:
        with transaction.atomic():
            _accept(row)
            _state_reason(row, origin)
            rules.check_may_act_for(origin.integrator, owners)
            yield row
    except BadgeError as refusal:
        if refusal.code == ErrorCode.DUPLICATE_REQUEST:
            _show_original(refusal, row)
        _refuse(row, origin, [{"code": refusal.code, "message": refusal.message_on_record}])
        refusal.recorded = True
        raise


def record_refusal(
    operation: Operation,
    *,
    origin: Origin,
    errors: list[dict[str, Any]],
    request_id: str | None = None,
) -> None:
    """Log a request that an entry point refused before it reached a service.

    `errors` are those of the response.
    """
    row = _new_row(operation, origin, request_id, received_at=timezone.now())
    _refuse(row, origin, errors)


def lock_request_id(request_id: str) -> None:
    """Lock a request id until the transaction ends; wait if another transaction has locked it.

    `inserts` never waits for this lock: it leaves out earns whose request id is locked here.
    """
    if connection.vendor != "postgresql":  # SQLite: the transaction already locks the database
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [REQUEST_ID_LOCKS, request_id]
        )


def _new_row(
    operation: Operation, origin: Origin, request_id: str | None, **columns: Any
) -> RequestLog:
    return RequestLog(
        operation=operation,
        channel=origin.channel,
        integrator=origin.integrator,
        user=origin.user,
        content=origin.content,
        reason=origin.reason,
        request_id=request_id,
        **columns,
    )


def _accept(row: RequestLog) -> None:
    if row.request_id is not None:
        lock_request_id(row.request_id)
    try:
        row.save(force_insert=True)
    except IntegrityError as error:
        # The only unique constraint besides the primary key. The exception ends the transaction.
        raise BadgeError(ErrorCode.DUPLICATE_REQUEST, "request_id") from error


def _show_original(refusal: BadgeError, row: RequestLog) -> None:
    """Attach the original request to the refusal if the same actor made it."""
    original = RequestLog.objects.accepted().filter(request_id=row.request_id).first()
    if original is not None and original.is_by(row):
        refusal.original = original
        refusal.identical = original.fingerprint == row.fingerprint


def _state_reason(row: RequestLog, origin: Origin) -> None:
    """Record the reason and the case number of a request. Raises BadgeError: 400.

    A refused request may state a reason that is not active any more, or none.
    """
    if not origin.states_reason:
        return
    reason = IssueReason.objects.filter(pk=origin.because).first() if origin.because else None
    is_accepted = row.outcome == RequestOutcome.ACCEPTED
    if origin.because and is_accepted and not (reason and reason.active):
        message = _("This reason is not in the list any more. Choose another one.")
        raise BadgeError(ErrorCode.INVALID_INPUT, "because", message)
    StatedReason(
        request=row,
        customer_id=row.customer_id,
        reason=reason,
        words=reason.name if reason else "",
        case_number=origin.case_number,
    ).save(force_insert=True)


def _refuse(row: RequestLog, origin: Origin, errors: list[dict[str, Any]]) -> None:
    row.pk = None
    if row.operation == Operation.CREATE_BADGE:
        row.badge = None  # the badge was not created
    row.outcome = RequestOutcome.REFUSED
    row.code = errors[0]["code"]
    row.errors = errors
    row.content = row.content[:MAX_REFUSED_CONTENT]
    with transaction.atomic():
        row.save(force_insert=True)
        _state_reason(row, origin)
