"""Post accepted earns to the record in one statement (design, 7).

An earn is decided on what a process knows: the definition of a badge, the rights of an integrator.
It is posted only while both still stand, which the statement itself asks; whoever is left out goes
the long way, where a request id speaks first and a refusal leaves its row (`services.earn`).

Nobody waits in a circle: who holds a badge never waits for a request id. Here a request id that
another transaction is about to use leaves its posting out (`requests.reserve`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import msgspec
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from badges.models import Channel, Operation, RequestOutcome
from badges.services.requests import REQUEST_IDS
from badges.services.statements import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The two rows of an accepted earn, and what has to stand still for them."""

    pk: str
    badge_id: str
    badge_version: int
    customer_id: int
    event_at: datetime
    earned_at: datetime
    expires_at: datetime
    owner_type: str
    reference_id: str
    enrolment_id: str | None
    request_id: str
    fingerprint: str
    content: str
    reason: str
    channel: Channel
    integrator_id: int | None
    stamp: int | None
    token_id: int | None
    user_id: int | None


REQUEST = {
    "operation": f"'{Operation.EARN.value}'",
    "channel": "channel",
    "integrator_id": "integrator_id",
    "user_id": "user_id",
    "request_id": "wanted.request_id",
    "fingerprint": "fingerprint",
    "content": "content",
    "reason": "reason",
    "badge_id": "badge_id",
    "customer_id": "customer_id",
    "outcome": f"'{RequestOutcome.ACCEPTED.value}'",
    "errors": "'[]'",
    "received_at": "earned_at",
    "recorded_at": "recorded_at",
}
FACT = {
    "id": "pk",
    "badge_id": "badge_id",
    "customer_id": "customer_id",
    "event_at": "event_at",
    "expires_at": "expires_at",
    "owner_type": "owner_type",
    "reference_id": "reference_id",
    "request_id": "request.id",
    "earned_at": "earned_at",
    "enrolment_id": "enrolment_id",
}
TYPES = {
    "pk": "bpchar",
    "badge_id": "bpchar",
    "badge_version": "integer",
    "customer_id": "bigint",
    "event_at": "timestamptz",
    "earned_at": "timestamptz",
    "expires_at": "timestamptz",
    "owner_type": "text",
    "reference_id": "text",
    "enrolment_id": "bpchar",
    "request_id": "text",
    "fingerprint": "text",
    "content": "text",
    "reason": "text",
    "channel": "text",
    "integrator_id": "bigint",
    "stamp": "bigint",
    "token_id": "bigint",
    "user_id": "bigint",
    "recorded_at": "timestamptz",
}
GIVEN = [name for name in TYPES if name != "recorded_at"]
_given = attrgetter(*GIVEN)
ONCE = f"ON CONFLICT (request_id) WHERE outcome = '{RequestOutcome.ACCEPTED.value}' DO NOTHING"
KNOWN_CALLER = f"""(integrator_id IS NULL OR EXISTS (
    SELECT 1 FROM badges_integrator caller
    WHERE caller.id = integrator_id AND caller.stamp = wanted.stamp
)) AND (token_id IS NULL OR EXISTS (
    SELECT 1 FROM {get_access_token_model()._meta.db_table} token
    WHERE token.id = token_id AND token.expires > recorded_at
))"""  # noqa: S608 - the name of a table

POSTGRESQL = f"""
WITH wanted AS MATERIALIZED (%s), badge AS (
    SELECT id, version FROM badges_badgemeta WHERE id IN (SELECT badge_id FROM wanted)
    FOR KEY SHARE SKIP LOCKED
), request AS (
    INSERT INTO badges_requestlog ({", ".join(REQUEST)})
    SELECT {", ".join(REQUEST.values())}
    FROM wanted JOIN badge ON badge.id = badge_id AND badge.version = badge_version
    WHERE pg_try_advisory_xact_lock({REQUEST_IDS}, hashtext(wanted.request_id)) AND {KNOWN_CALLER}
    {ONCE} RETURNING id, request_id
)
INSERT INTO badges_earnedbadge ({", ".join(FACT)})
SELECT {", ".join(FACT.values())} FROM request JOIN wanted ON wanted.request_id = request.request_id
RETURNING id, request_id
"""  # noqa: S608 - names of columns alone
ONE = POSTGRESQL % (
    "SELECT " + ", ".join(f"%({name})s::{kind} AS {name}" for name, kind in TYPES.items())
)
MANY = POSTGRESQL % (
    "SELECT * FROM json_to_recordset(%(wanted)s::json) AS each("
    + ", ".join(f"{name} {kind}" for name, kind in TYPES.items())
    + ")"
)

WANTED = "SELECT " + ", ".join(f"%({name})s AS {name}" for name in TYPES)
PORTABLE_REQUEST = f"""
WITH wanted AS ({WANTED})
INSERT INTO badges_requestlog ({", ".join(REQUEST)})
SELECT {", ".join(REQUEST.values())} FROM wanted
JOIN badges_badgemeta badge ON badge.id = badge_id AND badge.version = badge_version
WHERE {KNOWN_CALLER}
{ONCE} RETURNING id
"""  # noqa: S608
PORTABLE_FACT = f"""
WITH wanted AS ({WANTED}), request AS (SELECT %(request)s AS id)
INSERT INTO badges_earnedbadge ({", ".join(FACT)})
SELECT {", ".join(FACT.values())} FROM wanted, request
"""  # noqa: S608


def post(postings: Sequence[Posting]) -> dict[str, int]:
    """Write what still stands, in one transaction; return the numbers of the requests by fact id.

    Whoever is missing was left out, and nothing of it was written. No two may have one request id.
    """
    if connection.vendor == "postgresql":
        return dict(posted_at_once(postings).fetchall())
    with transaction.atomic(), connection.cursor() as cursor:
        rows = [_row(posting) for posting in postings]
        return dict(filter(None, (_post_one(cursor, row) for row in rows)))


def posted_at_once(postings: Sequence[Posting]) -> CursorWrapper:
    """Run the one statement of PostgreSQL; the rows to fetch are ids of facts and requests."""
    rows = [_row(posting) for posting in postings]
    if len(rows) == 1:
        return run(ONE, rows[0])
    return run(MANY, {"wanted": msgspec.json.encode(rows).decode()})


def _row(posting: Posting) -> dict:
    return dict(zip(GIVEN, _given(posting), strict=True), recorded_at=timezone.now())


def _post_one(cursor: CursorWrapper, row: dict) -> tuple[str, int] | None:
    given = adapted(row)
    cursor.execute(PORTABLE_REQUEST, given)
    found = cursor.fetchone()
    if found is None:
        return None
    cursor.execute(PORTABLE_FACT, given | {"request": found[0]})
    return row["pk"], found[0]


def adapted(given: dict) -> dict:
    """Return values as SQLite takes them."""
    adapt = connection.ops.adapt_datetimefield_value
    return {
        name: adapt(value) if isinstance(value, datetime) else value
        for name, value in given.items()
    }
