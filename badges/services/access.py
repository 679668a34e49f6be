"""Coming in and going: sign-ins of staff, tokens of integrators, and who was turned away."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from badges.errors import ErrorCode
from badges.models import Channel, Integrator, Operation, RequestLog
from badges.services.requests import Origin, attempt, record_refusal

MINUTE = timedelta(minutes=1)
MOST_TURNED_AWAY_IN_A_MINUTE = 60


def sign_in(
    *, origin: Origin, address: str, second_factor: str | None = None
) -> AbstractContextManager[RequestLog]:
    """Run the block, which lets a person in, in one transaction with its row.

    The row tells by which second factor they proved who they are, if by any.
    """
    told = {"second_factor": second_factor} if second_factor else {}
    return _row_of(Operation.SIGN_IN, origin, address=address, **told)


def sign_out(*, origin: Origin, address: str) -> AbstractContextManager[RequestLog]:
    """Run the block, which ends the session of a person, in one transaction with its row."""
    return _row_of(Operation.SIGN_OUT, origin, address=address)


def issue_token(*, origin: Origin, address: str) -> AbstractContextManager[RequestLog]:
    """Run the block, which stores the token of an integrator, in one transaction with its row."""
    return _row_of(Operation.ISSUE_TOKEN, origin, address=address)


def refuse_sign_in(*, username: str, address: str, message: str) -> None:
    """Record that somebody was not let in as `username`.

    Nobody has proved to be that person: the row is of no user. A name is kept only when it is
    somebody's, because people type passwords into its field. There is no bound as below: each of
    these attempts costs as much time as a slow hash takes.
    """
    told = {"username": _if_known(username, User.objects.all(), "username"), "address": address}
    _refuse(Operation.SIGN_IN, Channel.MEMBERCARE, told, message)


def refuse_integrator(operation: Operation, *, client_id: str, address: str, message: str) -> None:
    """Record that a caller of the API was turned away, whether a call or a token was asked for.

    Nobody has proved to be that integrator: the row is of none, and counts for none. The client id
    is kept only when it is somebody's. Turning away costs next to nothing, so that a flood of calls
    would fill the table: after the first ones of a minute, whoever they are of, none is recorded.
    """
    if _is_flooded():
        return
    known = _if_known(client_id, Integrator.objects.all(), "client_id")
    told = {"client_id": known, "address": address}
    _refuse(operation, Channel.API, told, message)


def _row_of(
    operation: Operation, origin: Origin, **told: str
) -> AbstractContextManager[RequestLog]:
    return attempt(operation, origin=replace(origin, content=json.dumps(told)), now=timezone.now())


def _if_known(name: str, rows: QuerySet, column: str) -> str | None:
    """Return a name that is somebody's; PostgreSQL takes no NUL, not even to look for it."""
    return name if "\0" not in name and rows.filter(**{column: name}).exists() else None


def _is_flooded() -> bool:
    refused = RequestLog.objects.filter(code=ErrorCode.NOT_AUTHENTICATED).order_by("-pk")
    newest = refused.values_list("recorded_at", flat=True)[:MOST_TURNED_AWAY_IN_A_MINUTE]
    moments = list(newest)
    full = len(moments) == MOST_TURNED_AWAY_IN_A_MINUTE
    return full and timezone.now() - moments[-1] < MINUTE


def _refuse(operation: Operation, channel: Channel, told: dict, message: str) -> None:
    errors = [{"code": int(ErrorCode.NOT_AUTHENTICATED), "message": str(message)}]
    origin = Origin(channel=channel, content=json.dumps(told))
    record_refusal(operation, origin=origin, errors=errors)
