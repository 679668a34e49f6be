"""Counts of the request log by day; each run continues where the last one stopped.

Sign-ins, sign-outs and look-ups are not counted: a failed sign-in is not a refused badge.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date
from itertools import product
from typing import Any, TypeAlias, TypedDict

from django.db import connection, transaction
from django.db.models import (
    CharField,
    Count,
    F,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Subquery,
    Value,
)
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
    ReasonCount,
    RefusedItem,
    RequestLog,
    RequestOutcome,
    SummaryCursor,
)
from badges.models.ids import ID_LENGTH
from badges.models.querysets import ModelT
from badges.services.record.watermark import committed_up_to

BATCH_SIZE = 10_000
WATERMARK_TIMEOUT = 1.0
CURSOR_ID = 1
KEY = ["channel", "operation", "badge_id", "integrator_id"]
# A single earn is counted by its request, which has the customer of the earned badge.
LISTS_OF_EARNED = [each for each in Operation.issuing() if each != Operation.EARN]
ROWS_PER_STATEMENT = 1_000
STATEMENTS_PER_TRIP = 3

# The column of BadgeCount that counts the customers of an operation.
BADGE_COUNT_COLUMNS: dict[str, str] = {
    Operation.ENROL_BULK: "enrolled",
    **dict.fromkeys(Operation.issuing(), "issued"),
    Operation.REVOKE_EARN: "revoked",
}

# The key of a row of counts, and its columns with what is added to them.
Sums: TypeAlias = Mapping[tuple[str | int | date, ...], Counter[str]]
Statement: TypeAlias = tuple[str, list[str | int | date]]

ADD_COUNTS = """
INSERT INTO {table} AS known ({columns}) VALUES {rows}
ON CONFLICT ({key}) DO UPDATE SET {sums}
"""


class CountedRow(TypedDict):
    """The number of requests and customers of one kind on one day; `refusal` is an error code.

    A row with `because` counts issued badges again, by the reason from the list.
    """

    channel: str
    operation: str
    badge_id: str | None
    integrator_id: int | None
    user_id: int | None
    day: date
    refusal: int | None
    because: str
    of_requests: int
    of_customers: int


def catch_up(limit: int = BATCH_SIZE, *, timeout: float = 0) -> int:
    """Count the next `limit` rows of the request log; return how many were counted.

    A row may be committed later than a row with a higher id. While such rows may still appear, wait
    up to `timeout` seconds for them (they are counted in addition to `limit`), and then stop before
    the first of them. If another run is in progress, count nothing.
    """
    last, pks = _next_ids(limit)
    watermark = committed_up_to(last, pks, timeout=timeout)
    if watermark == last:
        return 0
    with transaction.atomic():
        return _add_counts(last, watermark) if _move_cursor(last, watermark) else 0


def catch_up_all(batch_size: int = BATCH_SIZE) -> int:
    """Count all rows that can be counted now; return their number.

    Rows that arrive meanwhile are left to the next run: a few rows cost as much as many.
    """
    total = 0
    while rows := catch_up(batch_size, timeout=WATERMARK_TIMEOUT):
        total += rows
        if rows < batch_size:
            break
    return total


def rebuild() -> int:
    """Count the request log again, in batches; return the number of rows."""
    with transaction.atomic():
        SummaryCursor.objects.select_for_update().first()
        SummaryCursor.objects.update(last_request=0)
        DailyCount.objects.all().delete()
        BadgeCount.objects.all().delete()
        ActorCount.objects.all().delete()
        ReasonCount.objects.all().delete()
    return catch_up_all()


def _next_ids(limit: int) -> tuple[int, list[int]]:
    """Return the last counted id, and the next visible ids."""
    last_counted = Subquery(SummaryCursor.objects.values("last_request")[:1])
    rows = RequestLog.objects.annotate(last=Coalesce(last_counted, 0)).filter(pk__gt=F("last"))
    found = list(rows.order_by("pk").values_list("last", "pk")[:limit])
    return (found[0][0] if found else 0), [pk for _last, pk in found]


def _move_cursor(last: int, watermark: int) -> bool:
    """Advance the cursor; return False if another run has locked or advanced it.

    SQLite has no row locks: the transaction already locks the database.
    """
    if not last:
        SummaryCursor.objects.bulk_create([SummaryCursor(pk=CURSOR_ID)], ignore_conflicts=True)
    unlocked = SummaryCursor.objects.select_for_update(skip_locked=True).filter(last_request=last)
    cursors = SummaryCursor.objects.filter(pk__in=unlocked.values("pk"))
    return bool(cursors.update(last_request=watermark, counted_at=timezone.now()))


def _add_counts(after: int, until: int) -> int:
    """Add the rows with after < id <= until to the counts; return the number of these rows."""
    first, *others = _counts({"gt": after, "lte": until})
    rows: list[CountedRow] = list(first.union(*others, all=True))
    with_reason = [row for row in rows if row["because"]]
    changing = [
        row for row in rows if row["operation"] in Operation.changing() and not row["because"]
    ]
    _run(
        [
            *_upsert_statements(DailyCount, ["day", *KEY, "code"], _daily(changing)),
            *_upsert_statements(BadgeCount, ["day", "badge_id"], _of_badges(changing)),
            *_upsert_statements(
                ActorCount, ["day", "integrator_id", "user_id"], _of_actors(changing)
            ),
            *_upsert_statements(ReasonCount, ["day", "reason_id"], _of_reasons(with_reason)),
        ]
    )
    return sum(row["of_requests"] for row in rows)


def _daily(counts: Iterable[CountedRow]) -> Sums:
    """Return the sums by the key of DailyCount, with those of all badges and of all actors."""
    sums: dict[tuple[str | int | date, ...], Counter[str]] = defaultdict(Counter)
    for row in counts:
        badges, integrators = {"", row["badge_id"] or ""}, {0, row["integrator_id"] or 0}
        for badge_id, integrator_id in product(badges, integrators):
            key = (row["channel"], row["operation"], badge_id, integrator_id, row["refusal"] or 0)
            sums[row["day"], *key].update(
                requests=row["of_requests"], customers=row["of_customers"]
            )
    return sums


def _of_badges(counts: Iterable[CountedRow]) -> Sums:
    """Return the sums by the key of BadgeCount, with those of all days."""
    sums: dict[tuple[str | int | date, ...], Counter[str]] = defaultdict(Counter)
    for row in counts:
        column = BADGE_COUNT_COLUMNS.get(row["operation"]) if row["refusal"] is None else None
        if column and row["badge_id"] and row["of_customers"]:
            for day in (row["day"], EVER):
                sums[day, row["badge_id"]][column] += row["of_customers"]
    return sums


def _of_actors(counts: Iterable[CountedRow]) -> Sums:
    """Return the sums by the key of ActorCount; missing ids are 0."""
    sums: dict[tuple[str | int | date, ...], Counter[str]] = defaultdict(Counter)
    for row in counts:
        if requests := row["of_requests"]:
            key = (row["day"], row["integrator_id"] or 0, row["user_id"] or 0)
            refused = requests if row["refusal"] is not None else 0
            sums[key].update(requests=requests, refused=refused)
    return sums


def _of_reasons(counts: Iterable[CountedRow]) -> Sums:
    """Return the sums by the key of ReasonCount."""
    sums: dict[tuple[str | int | date, ...], Counter[str]] = defaultdict(Counter)
    for row in counts:
        sums[row["day"], row["because"]].update(issued=row["of_customers"])
    return sums


def _run(statements: list[Statement]) -> None:
    """Run independent statements, on PostgreSQL several in one round trip.

    A page that counts new rows waits for each round trip.
    """
    statements_per_trip = STATEMENTS_PER_TRIP if connection.vendor == "postgresql" else 1
    with connection.cursor() as cursor:
        for start in range(0, len(statements), statements_per_trip):
            *others, last = statements[start : start + statements_per_trip]
            parts = [f"part{number} AS ({text})" for number, (text, _) in enumerate(others)]
            head = f"WITH {', '.join(parts)} " if parts else ""
            values = [value for _text, parameters in (*others, last) for value in parameters]
            cursor.execute(head + last[0], values)


def _upsert_statements(model: type[Model], key: list[str], sums: Sums) -> Iterator[Statement]:
    """Yield statements that add sums to the counts of a model, or insert missing rows."""
    names = [field.attname for field in model._meta.fields if field.attname not in ("id", *key)]
    added = ", ".join(f"{name} = known.{name} + excluded.{name}" for name in names)
    rows = [(*key, *(counts[name] for name in names)) for key, counts in sorted(sums.items())]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        batch = rows[start : start + ROWS_PER_STATEMENT]
        row = f"({', '.join(['%s'] * len(batch[0]))})"
        statement = ADD_COUNTS.format(
            table=model._meta.db_table,
            columns=", ".join([*key, *names]),
            rows=", ".join([row] * len(batch)),
            key=", ".join(key),
            sums=added,
        )
        yield statement, [value for row in batch for value in row]


def _counts(ids: dict[str, int]) -> list[QuerySet[Model, Any]]:
    """Return querysets that count the requests of these ids, their facts and refused items."""
    single = Q(operation=Operation.EARN, outcome=RequestOutcome.ACCEPTED)
    requests = (
        _range(RequestLog.objects.all(), "pk", ids)
        .values(
            *KEY,
            "user_id",
            day=TruncDate("received_at", tzinfo=UTC),
            refusal=F("code"),
            because=_no_reason(),
        )
        .annotate(of_requests=Count("pk"), of_customers=Count("pk", filter=single))
    )
    lists = EarnedBadge.objects.filter(request__operation__in=LISTS_OF_EARNED)
    for_reasons = EarnedBadge.objects.filter(request__stated__reason__isnull=False)
    return [
        requests,
        _of_facts(lists, "request", ids),
        _of_facts(Enrolment.objects.all(), "request", ids),
        _of_facts(for_reasons, "request", ids, because=F("request__stated__reason_id")),
        _of_facts(EarnedBadge.objects.all(), "revocation", ids),
        _of_facts(Enrolment.objects.all(), "revocation", ids),
        _of_parts(
            RefusedItem.objects.all(), "request", ids, badge="request__badge_id", code=F("code")
        ),
    ]


def _no_reason() -> Cast:
    return Cast(Value(""), CharField(max_length=ID_LENGTH))


def _of_facts(
    facts: QuerySet[ModelT], request: str, ids: dict[str, int], *, because: F | None = None
) -> QuerySet[Model, Any]:
    no_code = Cast(Value(None), IntegerField())
    return _of_parts(facts, request, ids, badge="badge_id", code=no_code, because=because)


def _of_parts(
    parts: QuerySet[ModelT],
    request: str,
    ids: dict[str, int],
    *,
    badge: str,
    code: F | Cast,
    because: F | None = None,
) -> QuerySet[Model, Any]:
    """Return the number of customers by day, channel, operation, badge, actor and code."""
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
            because=because or _no_reason(),
        )
        .annotate(of_requests=Value(0), of_customers=Count("pk"))
    )


def _range(rows: QuerySet[ModelT], column: str, ids: dict[str, int]) -> QuerySet[ModelT]:
    conditions = {f"{column}__{end}": pk for end, pk in ids.items()}
    return rows.filter(**conditions).order_by()
