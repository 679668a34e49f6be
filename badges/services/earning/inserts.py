"""Insert accepted earns in one statement (CONTRACT.md, 7).

The decision uses data that the process has cached: the definition of a badge, and the rights of an
integrator. The statement inserts an earn only if both are still current. The slow path handles the
earns that are left out: it checks the request id first, and logs a refusal
(`services.earning.slow_path`).

To prevent deadlocks, a transaction that has locked a badge never waits for a request id: an earn is
left out if another transaction has locked its request id (`request_log.lock_request_id`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from badges.database import Parameter
from badges.models import Operation, RequestOutcome
from badges.services.earning import columns
from badges.services.earning.command import EarnCommand, Earned
from badges.services.earning.prepared import execute_prepared
from badges.services.request_log import REQUEST_ID_LOCKS

# The values of the columns in the statements: those in `pending` have the name of their column.
REQUEST_VALUES = {column: f"pending.{column}" for column in columns.REQUEST} | {
    "operation": f"'{Operation.EARN.value}'",
    "outcome": f"'{RequestOutcome.ACCEPTED.value}'",
    "errors": "'[]'",
    "received_at": "pending.earned_at",
}
EARNED_VALUES = {column: f"pending.{column}" for column in columns.EARNED} | {
    "request_id": "request.id",
}
# `request_id` in `pending` is that of the client, not the key of the request log.
TYPES = columns.EARNED | columns.REQUEST | columns.CHECKED
# The columns of `pending`, by the object that has their values.
OF_ROW = [name for name in columns.EARNED if name != "request_id"] + ["badge_version"]
OF_COMMAND = ["request_id", "fingerprint"]
OF_ORIGIN = ["stamp", "token_id"] + [
    name
    for name, value in REQUEST_VALUES.items()
    if value == f"pending.{name}" and name not in {*OF_ROW, *OF_COMMAND, "recorded_at"}
]
PENDING = (*OF_ROW, *OF_COMMAND, *OF_ORIGIN, "recorded_at")
_of_row, _of_command = attrgetter(*OF_ROW), attrgetter(*OF_COMMAND)
_of_origin = attrgetter(*OF_ORIGIN)

ON_CONFLICT = (
    f"ON CONFLICT (request_id) WHERE outcome = '{RequestOutcome.ACCEPTED.value}' DO NOTHING"
)
CREDENTIAL_IS_CURRENT = f"""(pending.integrator_id IS NULL OR EXISTS (
    SELECT 1 FROM badges_integrator caller
    WHERE caller.id = pending.integrator_id AND caller.stamp = pending.stamp
)) AND (pending.token_id IS NULL OR EXISTS (
    SELECT 1 FROM {get_access_token_model()._meta.db_table} token
    WHERE token.id = pending.token_id AND token.expires > pending.recorded_at
))"""  # noqa: S608 - the name of a table

POSTGRESQL = f"""
WITH pending AS MATERIALIZED (%s), badge AS (
    SELECT id, version FROM badges_badgemeta WHERE id IN (SELECT badge_id FROM pending)
    FOR KEY SHARE SKIP LOCKED
), request AS (
    INSERT INTO badges_requestlog ({", ".join(REQUEST_VALUES)})
    SELECT {", ".join(REQUEST_VALUES.values())}
    FROM pending JOIN badge ON badge.id = pending.badge_id AND badge.version = pending.badge_version
    WHERE pg_try_advisory_xact_lock({REQUEST_ID_LOCKS}, hashtext(pending.request_id))
    AND {CREDENTIAL_IS_CURRENT}
    {ON_CONFLICT} RETURNING id, request_id
)
INSERT INTO badges_earnedbadge ({", ".join(EARNED_VALUES)})
SELECT {", ".join(EARNED_VALUES.values())}
FROM request JOIN pending ON pending.request_id = request.request_id
RETURNING id, request_id
"""  # noqa: S608 - names of columns alone
INSERT_ONE = POSTGRESQL % (
    "SELECT " + ", ".join(f"%({name})s::{TYPES[name]} AS {name}" for name in PENDING)
)
INSERT_MANY = POSTGRESQL % (
    "SELECT * FROM json_to_recordset(%(pending)s::json) AS each("
    + ", ".join(f"{name} {TYPES[name]}" for name in PENDING)
    + ")"
)

PORTABLE_PENDING = "SELECT " + ", ".join(f"%({name})s AS {name}" for name in PENDING)
PORTABLE_REQUEST = f"""
WITH pending AS ({PORTABLE_PENDING})
INSERT INTO badges_requestlog ({", ".join(REQUEST_VALUES)})
SELECT {", ".join(REQUEST_VALUES.values())} FROM pending
JOIN badges_badgemeta badge ON badge.id = pending.badge_id AND badge.version = pending.badge_version
WHERE {CREDENTIAL_IS_CURRENT}
{ON_CONFLICT} RETURNING id
"""  # noqa: S608
PORTABLE_EARNED = f"""
WITH pending AS ({PORTABLE_PENDING}), request AS (SELECT %(request)s AS id)
INSERT INTO badges_earnedbadge ({", ".join(EARNED_VALUES)})
SELECT {", ".join(EARNED_VALUES.values())} FROM pending, request
"""  # noqa: S608


def insert_if_current(earns: Sequence[tuple[EarnCommand, Earned]]) -> dict[str, int]:
    """Insert the rows of accepted commands that are still current, in one transaction.

    Return the primary keys of the requests by the id of the earned badge. Nothing is written for an
    earn that is missing there. No two earns may have the same request id.
    """
    if connection.vendor == "postgresql":
        return dict(run_insert(earns).fetchall())
    with transaction.atomic(), connection.cursor() as cursor:
        return dict(filter(None, (_insert_one(cursor, *earn) for earn in earns)))


def run_insert(earns: Sequence[tuple[EarnCommand, Earned]]) -> CursorWrapper:
    """Run the statement on PostgreSQL; it returns ids of earned badges and of requests."""
    pending = [_values(command, row) for command, row in earns]
    if len(pending) == 1:
        return execute_prepared(INSERT_ONE, pending[0])
    return execute_prepared(INSERT_MANY, {"pending": msgspec.json.encode(pending).decode()})


def _values(command: EarnCommand, row: Earned) -> dict[str, Parameter]:
    """Return the parameters of one earn."""
    values = (*_of_row(row), *_of_command(command), *_of_origin(command.origin), timezone.now())
    return dict(zip(PENDING, values, strict=True))


def _insert_one(cursor: CursorWrapper, command: EarnCommand, row: Earned) -> tuple[str, int] | None:
    given = adapt_for_sqlite(_values(command, row))
    cursor.execute(PORTABLE_REQUEST, given)
    found = cursor.fetchone()
    if found is None:
        return None
    cursor.execute(PORTABLE_EARNED, given | {"request": found[0]})
    return row.id, found[0]


def adapt_for_sqlite(given: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return the values with datetimes adapted for SQLite."""
    adapt = connection.ops.adapt_datetimefield_value
    return {
        name: adapt(value) if isinstance(value, datetime) else value
        for name, value in given.items()
    }
