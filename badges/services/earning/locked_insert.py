"""Insert earns that need counts or an enrolment: lock, read, decide and write in one transaction.

On PostgreSQL this takes two round trips. The first locks the badge and reads the rule inputs of
each command; the second writes the decided earns and commits. On SQLite, and inside another
transaction, the same statements take a round trip each.

To prevent deadlocks, the badge and then the customer are locked before anything else, and a request
id is never waited for (`inserts`).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

from badges.database import Parameter, timeout_of_transaction
from badges.models import Definition, Limit
from badges.models.querysets import lock_statement
from badges.models.values import EVER
from badges.services.customers import limits
from badges.services.earning import inserts
from badges.services.earning.command import EarnCommand, Earned
from badges.services.earning.prepared import execute_prepared

COVERING_ENROLMENT = """(
SELECT id FROM badges_enrolment
WHERE badge_id = %s AND customer_id = %s AND revoked_at IS NULL
AND event_at <= %s AND expires_at > %s LIMIT 1
)"""
EARNED_BY_DAY = f"""
SELECT badge_id, day, sum(by_event_day), sum(by_earned_day), sum(in_all)
FROM badges_earnedbadge, LATERAL (VALUES
    ((event_at AT TIME ZONE 'UTC')::date, 1, 0, 0),
    ((earned_at AT TIME ZONE 'UTC')::date, 0, 1, 0),
    ('{EVER.isoformat()}'::date, 0, 0, 1)
) AS each (day, by_event_day, by_earned_day, in_all)
WHERE id = ANY(%s::bpchar[]) GROUP BY badge_id, day ORDER BY day
"""  # noqa: S608 - a date
ADD_EARNED = limits.ADD_DAYS % EARNED_BY_DAY
OPEN_TRANSACTION = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


@dataclass(frozen=True, slots=True)
class RuleInputs:
    """The inputs of the rules for one command: its enrolment, and the count of each limit."""

    enrolment_id: str | None
    used: Counter[Limit]


Decide = Callable[[Sequence[RuleInputs]], Sequence[tuple[EarnCommand, Earned]]]


def lock_count_insert(
    badge: Definition, commands: Sequence[EarnCommand], decide: Decide
) -> dict[str, int]:
    """Lock the badge, read the rule inputs, and insert the rows that `decide` returns.

    Return the primary keys of the requests by the id of the earned badge, as
    `inserts.insert_if_current` does. Nothing is written for an earn that is missing there, nor for
    any earn if the badge has changed. Each command has one customer, and no two have the same; only
    a badge with badge limits takes several commands.
    """
    if connection.vendor != "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            return _run_one_by_one(cursor, badge, commands, decide)
    if connection.in_atomic_block:
        inserted = _run_pipelined(badge, commands, decide)
    else:
        with _pipeline():  # its end waits for the results of all statements
            execute_prepared("BEGIN")
            if limit := timeout_of_transaction(connection):
                execute_prepared(*limit)
            inserted = _run_pipelined(badge, commands, decide)
            execute_prepared("COMMIT" if inserted else "ROLLBACK")
    return dict(inserted.fetchall()) if inserted else {}


def _run_pipelined(
    badge: Definition, commands: Sequence[EarnCommand], decide: Decide
) -> CursorWrapper | None:
    """Run the statements on PostgreSQL; return the cursor of `run_insert`, or None."""
    held = execute_prepared(*_lock_statement(badge, commands))
    count_cursors = [execute_prepared(*_count_statement(badge, command)) for command in commands]
    if held.fetchone() is None:
        return None
    inputs = [
        _read_inputs(badge, command, cursor.fetchone())
        for command, cursor in zip(commands, count_cursors, strict=True)
    ]
    earns = decide(inputs)
    if not earns:
        return None
    inserted = inserts.run_insert(earns)
    if badge.has_badge_limits:
        execute_prepared(ADD_EARNED, [[row.id for _command, row in earns]])
    return inserted


def _run_one_by_one(
    cursor: CursorWrapper, badge: Definition, commands: Sequence[EarnCommand], decide: Decide
) -> dict[str, int]:
    cursor.execute(*_lock_statement(badge, commands))
    if cursor.fetchone() is None:
        return {}
    inputs = []
    for command in commands:
        statement, values = _count_statement(badge, command)
        cursor.execute(statement, [_adapt(value) for value in values])
        inputs.append(_read_inputs(badge, command, cursor.fetchone()))
    earns = decide(inputs)
    inserted = inserts.insert_if_current(earns)
    times = [(row.event_at, row.earned_at) for _command, row in earns if row.id in inserted]
    limits.add_to_tally(badge, times)
    return inserted


def _lock_statement(
    badge: Definition, commands: Sequence[EarnCommand]
) -> tuple[str, dict[str, str | int]]:
    customer_id = commands[0].customer_id
    return lock_statement(badge.id, badge.version, customer_id, exclusive=badge.has_badge_limits)


def _count_statement(badge: Definition, command: EarnCommand) -> tuple[str, list[Parameter]]:
    """Return a statement that selects the inputs of a command in one row, and its parameters."""
    parts = limits.count_expressions(
        badge, command.customer_id, event_at=command.event_at, now=command.now
    )
    if badge.needs_enrolment:
        values: list[Parameter] = [
            badge.id,
            command.customer_id,
            command.event_at,
            command.event_at,
        ]
        parts.insert(0, (COVERING_ENROLMENT, values))
    sql = ", ".join(sql for sql, _values in parts) or "1"
    return f"SELECT {sql}", [value for _sql, values in parts for value in values]


def _read_inputs(badge: Definition, command: EarnCommand, row: tuple[Any, ...]) -> RuleInputs:
    enrolment_id, *counts = row if badge.needs_enrolment else (None, *row)
    used = dict(zip(badge.limits_at(command.event_at), counts, strict=False))
    return RuleInputs(enrolment_id, Counter(used))


def _adapt(value: Parameter) -> Parameter:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


@contextmanager
def _pipeline() -> Iterator[None]:
    """Send statements without waiting for earlier results; roll back all if one fails."""
    connection.ensure_connection()
    raw = connection.connection
    try:
        with connection.wrap_database_errors, raw.pipeline():
            yield
    finally:
        if raw.pgconn.transaction_status in OPEN_TRANSACTION:
            raw.rollback()
