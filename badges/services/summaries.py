"""Counts of the request log by day: read on from where the last run stopped, each row once.

Of coming in, going and looking up nothing is counted: who was not let in was refused no badge.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC

from django.db import connection, transaction
from django.db.models import Count, F, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, TruncDate
from django.utils import timezone

from badges.models import (
    EVER,
    ActorCount,
    BadgeCount,
    DailyCount,
    EarnedBadge,
    Enrolment,
    Operation,
    RefusedItem,
    RequestLog,
    RequestOutcome,
    SummaryCursor,
)
from badges.services.settled import settled_until

AT_ONCE = 10_000
PATIENCE = 1.0
THE_CURSOR = 1
KEY = ["channel", "operation", "badge_id", "integrator_id"]
LISTS_OF_EARNED = [Operation.EARN_BULK, Operation.IMPORT_EARNED]
ROWS_IN_ONE_STATEMENT = 1_000
STATEMENTS_AT_ONCE = 3

# What the customers of an operation count as for its badge.
COUNTED_AS = {
    Operation.ENROL_BULK: "enrolled",
    Operation.EARN: "issued",
    Operation.EARN_BULK: "issued",
    Operation.IMPORT_EARNED: "issued",
    Operation.REVOKE_EARN: "revoked",
}

ADD_COUNTS = """
INSERT INTO {table} AS known ({columns}) VALUES {rows}
ON CONFLICT ({key}) DO UPDATE SET {sums}
"""


def catch_up(limit: int = AT_ONCE, *, patience: float = 0) -> int:
    """Count the next `limit` rows of the request log; return how many were counted.

    A row may be committed later than one with a higher id. While such rows may still come, this
    waits up to `patience` seconds for them (they are counted on top), and then stops before the
    first one. When another run is under way, this one counts nothing.
    """
    last, pks = _seen(limit)
    settled = settled_until(last, pks, patience=patience)
    if settled == last:
        return 0
    with transaction.atomic():
        return _add_counts(last, settled) if _moved(last, settled) else 0


def catch_up_entirely(at_once: int = AT_ONCE) -> int:
    """Count all that can be counted now; return how many rows that was.

    What is written meanwhile is left to the next time: a few rows cost as much as many.
    """
    counted = 0
    while rows := catch_up(at_once, patience=PATIENCE):
        counted += rows
        if rows < at_once:
            break
    return counted


def rebuild() -> int:
    """Count the request log anew, in batches; return how many rows there were."""
    with transaction.atomic():
        SummaryCursor.objects.select_for_update().first()
        SummaryCursor.objects.update(last_request=0)
        DailyCount.objects.all().delete()
        BadgeCount.objects.all().delete()
        ActorCount.objects.all().delete()
    return catch_up_entirely()


def _seen(limit: int) -> tuple[int, list[int]]:
    """Return the last id that was counted, and the next ones that are seen."""
    counted = Subquery(SummaryCursor.objects.values("last_request")[:1])
    rows = RequestLog.objects.annotate(last=Coalesce(counted, 0)).filter(pk__gt=F("last"))
    found = list(rows.order_by("pk").values_list("last", "pk")[:limit])
    return (found[0][0] if found else 0), [pk for _last, pk in found]


def _moved(last: int, settled: int) -> bool:
    """Move the cursor on; False when another run holds it or has moved it since.

    SQLite has no locks on rows: the transaction already holds the database.
    """
    if not last:
        SummaryCursor.objects.bulk_create([SummaryCursor(pk=THE_CURSOR)], ignore_conflicts=True)
    free = SummaryCursor.objects.select_for_update(skip_locked=True).filter(last_request=last)
    moved = SummaryCursor.objects.filter(pk__in=free.values("pk"))
    return bool(moved.update(last_request=settled, counted_at=timezone.now()))


def _add_counts(after: int, until: int) -> int:
    """Add the rows with after < id <= until to their days; return how many rows these are."""
    first, *others = _counts({"gt": after, "lte": until})
    counted = list(first.union(*others, all=True))
    changing = [row for row in counted if row["operation"] in Operation.changing()]
    _run(
        [
            *_added(DailyCount, ["day", *KEY, "code"], _daily(changing)),
            *_added(BadgeCount, ["day", "badge_id"], _of_badges(changing)),
            *_added(ActorCount, ["day", "integrator_id", "user_id"], _of_actors(changing)),
        ]
    )
    return sum(row["of_requests"] for row in counted)


def _daily(counted: Iterable[dict]) -> dict[tuple, Counter]:
    """Return the sums by the key of a DailyCount, of all badges too; what is none there is 0."""
    sums = defaultdict(Counter)
    for row in counted:
        kind = (row["integrator_id"] or 0, row["refusal"] or 0)
        for badge_id in {"", row["badge_id"] or ""}:
            place = (row["day"], row["channel"], row["operation"], badge_id, *kind)
            sums[place].update(requests=row["of_requests"], customers=row["of_customers"])
    return sums


def _of_badges(counted: Iterable[dict]) -> dict[tuple, Counter]:
    """Return the sums by the key of a BadgeCount, of all days too."""
    sums = defaultdict(Counter)
    for row in counted:
        column = COUNTED_AS.get(row["operation"]) if row["refusal"] is None else None
        if column and row["badge_id"] and row["of_customers"]:
            for day in (row["day"], EVER):
                sums[day, row["badge_id"]][column] += row["of_customers"]
    return sums


def _of_actors(counted: Iterable[dict]) -> dict[tuple, Counter]:
    """Return the sums by the key of an ActorCount; who is none there is 0."""
    sums = defaultdict(Counter)
    for row in counted:
        if asked := row["of_requests"]:
            place = (row["day"], row["integrator_id"] or 0, row["user_id"] or 0)
            refused = asked if row["refusal"] is not None else 0
            sums[place].update(requests=asked, refused=refused)
    return sums


def _run(statements: list[tuple[str, list]]) -> None:
    """Run statements that have nothing to do with each other, on PostgreSQL a few at once.

    A page that counts what is new pays for each round trip.
    """
    at_once = STATEMENTS_AT_ONCE if connection.vendor == "postgresql" else 1
    with connection.cursor() as cursor:
        for start in range(0, len(statements), at_once):
            *others, last = statements[start : start + at_once]
            parts = [f"part{number} AS ({text})" for number, (text, _) in enumerate(others)]
            head = f"WITH {', '.join(parts)} " if parts else ""
            values = [value for _text, given in (*others, last) for value in given]
            cursor.execute(head + last[0], values)


def _added(model, key: list[str], sums: Mapping[tuple, Counter]) -> Iterator[tuple[str, list]]:
    """Yield statements that add sums to the counts of a model; missing rows come into being."""
    names = [field.attname for field in model._meta.fields if field.attname not in ("id", *key)]
    added = ", ".join(f"{name} = known.{name} + excluded.{name}" for name in names)
    rows = [(*place, *(counted[name] for name in names)) for place, counted in sorted(sums.items())]
    for start in range(0, len(rows), ROWS_IN_ONE_STATEMENT):
        batch = rows[start : start + ROWS_IN_ONE_STATEMENT]
        row = f"({', '.join(['%s'] * len(batch[0]))})"
        statement = ADD_COUNTS.format(
            table=model._meta.db_table,
            columns=", ".join([*key, *names]),
            rows=", ".join([row] * len(batch)),
            key=", ".join(key),
            sums=added,
        )
        yield statement, [value for row in batch for value in row]


def _counts(ids: dict[str, int]) -> list[QuerySet]:
    """Return what the rows of these ids add up to: themselves, what they did, what they refused."""
    single = Q(operation=Operation.EARN, outcome=RequestOutcome.ACCEPTED)
    requests = (
        _range(RequestLog.objects, "pk", ids)
        .values(*KEY, "user_id", day=TruncDate("received_at", tzinfo=UTC), refusal=F("code"))
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
            f"{request}__user_id",
            day=TruncDate(f"{request}__received_at", tzinfo=UTC),
            refusal=code,
        )
        .annotate(of_requests=Value(0), of_customers=Count("pk"))
    )


def _range(rows, column: str, ids: dict[str, int]) -> QuerySet:
    return rows.filter(**{f"{column}__{end}": pk for end, pk in ids.items()}).order_by()
