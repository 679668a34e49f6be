"""Log sign-ins and sign-outs of staff, tokens of integrators, and failed authentication."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from badges.errors import ErrorCode
from badges.models import Channel, Integrator, Operation, RequestLog
from badges.services.request_log import Origin, logged_request, record_refusal

MINUTE = timedelta(minutes=1)
MAX_LOGGED_REFUSALS_PER_MINUTE = 60


def sign_in(
    *, origin: Origin, address: str, second_factor: str | None = None
) -> AbstractContextManager[RequestLog]:
    """Run the block, which signs a user in, in one transaction with its row of the log.

    The row names the second factor that was used, if any.
    """
    details = {"second_factor": second_factor} if second_factor else {}
    return _logged_sign_in(Operation.SIGN_IN, origin, address=address, **details)


def sign_out(*, origin: Origin, address: str) -> AbstractContextManager[RequestLog]:
    """Run the block, which ends the session of a user, in one transaction with its log row."""
    return _logged_sign_in(Operation.SIGN_OUT, origin, address=address)


def issue_token(*, origin: Origin, address: str) -> AbstractContextManager[RequestLog]:
    """Run the block, which stores a token of an integrator, in one transaction with its log row."""
    details = {"address": address}
    return logged_request(
        Operation.ISSUE_TOKEN,
        origin=replace(origin, content=json.dumps(details)),
        now=timezone.now(),
        owners=(),  # a token gives no right that the integrator does not have
    )


def refuse_sign_in(*, username: str, address: str, message: str) -> None:
    """Log a failed sign-in as `username`.

    The row refers to no user, because the client is not authenticated. The name is logged only if
    such a user exists, because people type passwords into its field. The number of these rows is
    not limited: each attempt costs the time of a slow password hash.
    """
    details = {
        "username": _existing_value(username, User.objects.all(), "username"),
        "address": address,
    }
    _refuse(Operation.SIGN_IN, Channel.MEMBERCARE, details, message)


def refuse_integrator(operation: Operation, *, client_id: str, address: str, message: str) -> None:
    """Log a failed authentication at the API, for a call or for a token.

    The row refers to no integrator, because the client is not authenticated. The client id is
    logged only if such an integrator exists. A refusal takes very little time, so a flood of calls
    would fill the table: after MAX_LOGGED_REFUSALS_PER_MINUTE rows in a minute, of all clients of
    the API together, no more are logged.
    """
    if _is_flooded():
        return
    logged_client_id = _existing_value(client_id, Integrator.objects.all(), "client_id")
    details = {"client_id": logged_client_id, "address": address}
    _refuse(operation, Channel.API, details, message)


def _logged_sign_in(
    operation: Operation, origin: Origin, **details: str
) -> AbstractContextManager[RequestLog]:
    return logged_request(
        operation, origin=replace(origin, content=json.dumps(details)), now=timezone.now()
    )


def _existing_value(
    name: str, rows: QuerySet[User] | QuerySet[Integrator], column: str
) -> str | None:
    """Return the name if a row has it, else None; PostgreSQL refuses NUL, even in a query."""
    return name if "\0" not in name and rows.filter(**{column: name}).exists() else None


def _is_flooded() -> bool:
    refused = RequestLog.objects.filter(channel=Channel.API, code=ErrorCode.NOT_AUTHENTICATED)
    times = refused.order_by("-pk").values_list("recorded_at", flat=True)
    newest = list(times[:MAX_LOGGED_REFUSALS_PER_MINUTE])
    is_full = len(newest) == MAX_LOGGED_REFUSALS_PER_MINUTE
    return is_full and timezone.now() - newest[-1] < MINUTE


def _refuse(
    operation: Operation, channel: Channel, details: dict[str, str | None], message: str
) -> None:
    errors = [{"code": int(ErrorCode.NOT_AUTHENTICATED), "message": str(message)}]
    origin = Origin(channel=channel, content=json.dumps(details))
    record_refusal(operation, origin=origin, errors=errors)
