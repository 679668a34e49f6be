"""Counts of the request log by day: read on from where the last run stopped, each row once."""

import time
from datetime import UTC

from django.db import connection, transaction
from django.db.models import Count, F, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, TruncDate

from badges.models import (
    DailyCount,
    EarnedBadge,
    Enrolment,
    Operation,
    RefusedItem,
    RequestLog,
    RequestOutcome,
    SummaryCursor,
)

AT_ONCE = 10_000
PATIENCE = 1.0
PAUSE = 0.01
THE_CURSOR = 1
KEY = ["channel", "operation", "badge_id", "integrator_id"]
LISTS_OF_EARNED = [Operation.EARN_BULK, Operation.IMPORT_EARNED]

# The columns of the counts, in the order of `_counts`; what is none there is empty or 0 here.
ADD_COUNTS = """
WITH counted (channel, operation, badge_id, integrator_id, day, code, requests, customers)
AS ({counts})
INSERT INTO badges_dailycount AS known
    (day, channel, operation, code, badge_id, integrator_id, requests, customers)
SELECT day, channel, operation, coalesce(code, 0), coalesce(badge_id, ''),
    coalesce(integrator_id, 0), sum(requests), sum(customers)
FROM counted WHERE true GROUP BY 1, 2, 3, 4, 5, 6
ON CONFLICT (day, channel, operation, code, badge_id, integrator_id) DO UPDATE SET
    requests = known.requests + excluded.requests,
    customers = known.customers + excluded.customers
"""

# Whoever inserts a row holds this lock from before its id is drawn until after the commit is seen.
WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE relation = 'badges_requestlog'::regclass AND mode = 'RowExclusiveLock'
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND pid IS DISTINCT FROM pg_backend_pid()
"""


def catch_up(limit: int = AT_ONCE, *, patience: float = 0) -> int:
    """Count the next `limit` rows of the request log; return how many were counted.

    A row may be committed later than one with a higher id. While such rows may still come, this
    waits up to `patience` seconds for them (they are counted on top), and then stops before the
    first one. When another run is under way, this one counts nothing.
    """
    last, pks = _seen(limit)
    settled = _settled(last, pks, patience) if pks else last
    if settled == last:
        return 0
    with transaction.atomic():
        cursor = _held_cursor()
        if cursor is None or cursor.last_request >= settled:
            return 0
        counted = _range(RequestLog.objects, "pk", {"gt": cursor.last_request, "lte": settled})
        _add_counts(cursor.last_request, settled)
        cursor.last_request = settled
        cursor.save()
        return counted.count()


def catch_up_entirely(at_once: int = AT_ONCE) -> int:
    """Count until there is nothing left that can be counted now; return how many rows it took."""
    return sum(iter(lambda: catch_up(at_once, patience=PATIENCE), 0))


def rebuild() -> int:
    """Count the request log anew, in batches; return how many rows there were."""
    with transaction.atomic():
        SummaryCursor.objects.select_for_update().first()
        SummaryCursor.objects.update(last_request=0)
        DailyCount.objects.all().delete()
    return catch_up_entirely()


def _seen(limit: int) -> tuple[int, list[int]]:
    """Return the last id that was counted, and the next ones that are seen."""
    counted = Subquery(SummaryCursor.objects.values("last_request")[:1])
    rows = RequestLog.objects.annotate(last=Coalesce(counted, 0)).filter(pk__gt=F("last"))
    found = list(rows.order_by("pk").values_list("last", "pk")[:limit])
    return (found[0][0] if found else 0), [pk for _last, pk in found]


def _settled(last: int, pks: list[int], patience: float) -> int:
    """Return up to which of these ids, all that are seen after `last`, no other one can appear.

    An id below the highest one was drawn before that one was seen. Once all who were inserting
    then have ended, nothing below can appear; until then, nothing can where no id is missing.
    """
    writers = _writers()
    deadline = time.monotonic() + patience
    while writers and time.monotonic() < deadline:
        time.sleep(PAUSE)
        writers &= _writers()
    if not writers:
        return pks[-1]
    return max((pk for place, pk in enumerate(pks, last + 1) if pk == place), default=last)


def _writers() -> set[str]:
    """Return the transactions, other than this one, that may have drawn ids of the request log."""
    if connection.vendor != "postgresql":  # SQLite has one writer: ids are committed in order
        return set()
    with connection.cursor() as cursor:
        cursor.execute(WRITERS)
        return {transaction_id for (transaction_id,) in cursor.fetchall()}


def _held_cursor() -> SummaryCursor | None:
    """Return the cursor, which nobody else moves until the transaction ends; None if another does.

    SQLite has no locks on rows: the transaction already holds the database.
    """
    free = SummaryCursor.objects.select_for_update(skip_locked=True).filter(pk=THE_CURSOR)
    cursor = free.first()
    if cursor is None and not SummaryCursor.objects.exists():
        SummaryCursor.objects.bulk_create([SummaryCursor(pk=THE_CURSOR)], ignore_conflicts=True)
        cursor = free.first()
    return cursor


def _add_counts(after: int, until: int) -> None:
    """Add the rows with after < id <= until to their days, all in one statement."""
    first, *others = _counts({"gt": after, "lte": until})
    sql, values = first.union(*others, all=True).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(ADD_COUNTS.format(counts=sql), values)


def _counts(ids: dict[str, int]) -> list[QuerySet]:
    """Return what the rows of these ids add up to: themselves, what they did, what they refused."""
    single = Q(operation=Operation.EARN, outcome=RequestOutcome.ACCEPTED)
    requests = (
        _range(RequestLog.objects, "pk", ids)
        .values(*KEY, day=TruncDate("received_at", tzinfo=UTC), refusal=F("code"))
        .annotate(of_requests=Count("pk"), of_customers=Count("pk", filter=single))
    )
    lists = EarnedBadge.objects.filter(request__operation__in=LISTS_OF_EARNED)
    return [
        requests,
        _of_facts(lists, "request", ids),
        _of_facts(Enrolment.objects, "request", ids),
        _of_facts(EarnedBadge.objects, "revocation", ids),
        _of_facts(Enrolment.objects, "revocation", ids),
        _of_parts(RefusedItem.objects, "request", ids, badge="request__badge_id", code=F("code")),
    ]


def _of_facts(facts, request: str, ids: dict[str, int]) -> QuerySet:
    nothing = Cast(Value(None), IntegerField())
    return _of_parts(facts, request, ids, badge="badge_id", code=nothing)


def _of_parts(parts, request: str, ids: dict[str, int], *, badge: str, code) -> QuerySet:
    """Return the customers of requests by their day, door, operation, badge and code."""
    return (
        _range(parts, f"{request}_id", ids)
        .values(
            f"{request}__channel",
            f"{request}__operation",
            badge,
            f"{request}__integrator_id",
            day=TruncDate(f"{request}__received_at", tzinfo=UTC),
            refusal=code,
        )
        .annotate(of_requests=Value(0), of_customers=Count("pk"))
    )


def _range(rows, column: str, ids: dict[str, int]) -> QuerySet:
    return rows.filter(**{f"{column}__{end}": pk for end, pk in ids.items()}).order_by()
