"""Post earns that something has to be counted for: count, decide and write in one transaction.

On PostgreSQL that is two round trips. The first holds the badge and brings the facts of each wish,
the second writes what was decided on them and commits. Both forms tell the same conversation; that
of SQLite, and that inside another transaction, takes a trip for each statement.

Nobody waits in a circle: the badge and then the customer are waited for while nothing else is held,
and a request id is never waited for (`posting`).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from badges.models import Definition, Limit
from badges.models.values import EVER
from badges.querysets import held_if_unchanged
from badges.services import limits, posting
from badges.services.posting import Posting
from badges.services.statements import run
from badges.services.wishes import Wish

COVERING = """(
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
UNDER_WAY = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of one wish: its enrolment, and how much of each limit is used up."""

    enrolment_id: str | None
    used: Counter[Limit]


Decide = Callable[[Sequence[Facts]], Sequence[Posting]]


def weigh(badge: Definition, wishes: Sequence[Wish], decide: Decide) -> dict[str, int]:
    """Hold the badge, ask for the facts of the wishes, and post what `decide` makes of them.

    Return the numbers of the requests by fact id, as `posting.post` does; nothing is written of
    those that are missing, nor of any once the badge is not what it was. Each of the wishes is of
    one customer, several of different ones; only a badge with badge limits takes several.
    """
    if connection.vendor != "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            return _weigh_one_by_one(cursor, badge, wishes, decide)
    if connection.in_atomic_block:
        cursor = _weigh_at_once(badge, wishes, decide)
    else:
        with _pipeline():  # which ends with the answers to everything that was sent
            run("BEGIN")
            cursor = _weigh_at_once(badge, wishes, decide)
            run("COMMIT" if cursor else "ROLLBACK")
    return dict(cursor.fetchall()) if cursor else {}


def _weigh_at_once(badge: Definition, wishes: Sequence[Wish], decide: Decide):
    """Run the statements of PostgreSQL; what there is to fetch is that of `posted_at_once`."""
    held = run(*_hold(badge, wishes))
    asked = [run(*_question(badge, wish)) for wish in wishes]
    if held.fetchone() is None:
        return None
    facts = [
        _facts(badge, wish, cursor.fetchone()) for wish, cursor in zip(wishes, asked, strict=True)
    ]
    postings = decide(facts)
    if not postings:
        return None
    posted = posting.posted_at_once(postings)
    if badge.has_badge_limits:
        run(ADD_EARNED, [[each.pk for each in postings]])
    return posted


def _weigh_one_by_one(cursor, badge: Definition, wishes: Sequence[Wish], decide: Decide):
    cursor.execute(*_hold(badge, wishes))
    if cursor.fetchone() is None:
        return {}
    facts = []
    for wish in wishes:
        statement, values = _question(badge, wish)
        cursor.execute(statement, [_adapted(value) for value in values])
        facts.append(_facts(badge, wish, cursor.fetchone()))
    postings = decide(facts)
    posted = posting.post(postings)
    moments = [(each.event_at, each.earned_at) for each in postings if each.pk in posted]
    limits.add_to_tally(badge, moments)
    return posted


def _hold(badge: Definition, wishes: Sequence[Wish]) -> tuple[str, dict]:
    customer_id = wishes[0].customer_id
    return held_if_unchanged(badge.id, badge.version, customer_id, alone=badge.has_badge_limits)


def _question(badge: Definition, wish: Wish) -> tuple[str, list]:
    """Return one statement that brings the facts of a wish in a row, and the values in it."""
    parts = limits.asked_for_one(badge, wish.customer_id, event_at=wish.event_at, now=wish.now)
    if badge.needs_enrolment:
        values = [badge.id, wish.customer_id, wish.event_at, wish.event_at]
        parts.insert(0, (COVERING, values))
    sql = ", ".join(sql for sql, _values in parts) or "1"
    return f"SELECT {sql}", [value for _sql, values in parts for value in values]


def _facts(badge: Definition, wish: Wish, row: tuple) -> Facts:
    enrolment_id, *counts = row if badge.needs_enrolment else (None, *row)
    used = dict(zip(badge.limits_at(wish.event_at), counts, strict=False))
    return Facts(enrolment_id, Counter(used))


def _adapted(value):
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


@contextmanager
def _pipeline():
    """Send statements without waiting for the answers of those before; undo all if one fails."""
    connection.ensure_connection()
    raw = connection.connection
    try:
        with connection.wrap_database_errors, raw.pipeline():
            yield
    finally:
        if raw.pgconn.transaction_status in UNDER_WAY:
            raw.rollback()
