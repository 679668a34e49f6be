"""Counts against the limits of a badge, read and maintained under the lock of the badge."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Protocol, TypeAlias

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import TruncDate

from badges.database import Parameter
from badges.models import Definition, EarnedBadge, EarnLimit, EarnTally, Limit, LimitLevel, Span
from badges.models.values import EVER, required, start_of_day

# The earned badges that limits count, as the key of their count.
LevelSpan: TypeAlias = tuple[LimitLevel, Span]
# The numbers of earned badges by event date and by processing time, by day.
CountsByDay: TypeAlias = dict[date, list[int]]

# SQLite allows no more than 500 terms in a compound SELECT.
MAX_COMPOUND_SELECTS = 400

OPERATORS = {"": "= %s", "gt": "> %s", "gte": ">= %s", "lt": "< %s"}

ADD_DAYS = """
INSERT INTO badges_earntally AS tally (badge_id, day, by_event_day, by_earned_day, in_all)
%s
ON CONFLICT (badge_id, day) DO UPDATE SET
    by_event_day = tally.by_event_day + excluded.by_event_day,
    by_earned_day = tally.by_earned_day + excluded.by_earned_day,
    in_all = tally.in_all + excluded.in_all
"""


class Times(Protocol):
    """A row that is about to be written, with the times at which limits look."""

    @property
    def event_at(self) -> datetime: ...
    @property
    def earned_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class CountQuery:
    """A count of the rows within some bounds (lookups), or the sum of a column over them."""

    model: type[EarnedBadge | EarnTally]
    bounds: Mapping[str, Parameter]
    column: str | None = None

    def of_badge(self, badge_id: str) -> tuple[str, list[Parameter]]:
        """Return the SQL expression for one badge, and its parameters."""
        aggregate = f"coalesce(sum({self.column}), 0)" if self.column else "count(*)"
        conditions = ["badge_id = %s"]
        values: list[Parameter] = [badge_id]
        for lookup, value in self.bounds.items():
            column, _separator, kind = lookup.partition("__")
            is_null = value is None
            conditions.append(f"{column} IS NULL" if is_null else f"{column} {OPERATORS[kind]}")
            values += [] if is_null else [value]
        rows = f"{self.model._meta.db_table} WHERE {' AND '.join(conditions)}"
        return f"(SELECT {aggregate} FROM {rows})", values  # noqa: S608 - names and operators alone


def used_by_customers(
    badge: Definition, customer_ids: Collection[int], *, event_at: datetime, now: datetime
) -> dict[int, Counter[Limit]]:
    """Return, for each customer, how many earns count against each customer limit."""
    used: dict[int, Counter[Limit]] = defaultdict(Counter)
    limits = badge.limits_at(event_at, LimitLevel.CUSTOMER)
    if not limits:
        return used
    counts = {
        f"limit_{index}": Count("pk", filter=Q(**_span(limit, badge, event_at, now).lookups()))
        for index, limit in enumerate(limits)
    }
    earned = EarnedBadge.objects.not_revoked().of_customers(badge.id, customer_ids)
    rows = earned.order_by().values("customer_id").annotate(**counts)
    for customer_id, *numbers in rows.values_list("customer_id", *counts):
        used[customer_id] = Counter(dict(zip(limits, numbers, strict=True)))
    return used


def used_by_all(badge: Definition, *, event_at: datetime, now: datetime) -> Counter[Limit]:
    """Return how many earns count against each badge limit, from the tallies of whole days."""
    return used_of_badges([badge], None, event_at=event_at, now=now)[badge.id]


def count_expressions(
    badge: Definition, customer_id: int, *, event_at: datetime, now: datetime
) -> list[tuple[str, list[Parameter]]]:
    """Return, for each of `badge.limits_at(event_at)`, its count in SQL and the parameters.

    `services.earning.locked_insert` selects these expressions in one statement with other columns.
    """
    expressions = []
    for limit in badge.limits_at(event_at):
        span = _span(limit, badge, event_at, now)
        parts = [
            query.of_badge(badge.id) for query in _count_queries(limit.level, span, customer_id)
        ]
        values = [value for _sql, values in parts for value in values]
        expressions.append((" + ".join(sql for sql, _values in parts), values))
    return expressions


def used_by_pending(
    badge: Definition, earned: Collection[Times], *, event_at: datetime, now: datetime
) -> Counter[Limit]:
    """Return how many of the rows about to be written count against each badge limit.

    `earned` are these rows.
    """
    used: Counter[Limit] = Counter()
    for limit in badge.limits_at(event_at, LimitLevel.BADGE):
        span = _span(limit, badge, event_at, now)
        used[limit] = sum(
            span.contains(event_at=each.event_at, earned_at=each.earned_at) for each in earned
        )
    return used


def cheapest_to_count(
    rows: Iterable[EarnLimit], *, most_rows: int, now: datetime
) -> list[EarnLimit]:
    """Return the limits that can be counted together by reading at most this number of rows.

    Those that need the fewest rows come first. `rows` are badge limits, with their badges.
    """
    chosen: list[EarnLimit] = []
    total = 0
    for read, row in sorted(((_rows_of(row, now), row) for row in rows), key=itemgetter(0)):
        total += read
        if total > most_rows:
            break
        chosen.append(row)
    return chosen


def definitions_with_limits(rows: Iterable[EarnLimit]) -> list[Definition]:
    """Return the badges of some limits, as definitions that have only these limits."""
    by_badge = defaultdict(list)
    for row in rows:
        by_badge[row.badge].append(row.value)
    return [
        badge.with_parts(owners=(), limits=limits, claims=()) for badge, limits in by_badge.items()
    ]


def used_of_badges(
    badges: Iterable[Definition], customer_id: int | None, *, event_at: datetime, now: datetime
) -> dict[str, Counter[Limit]]:
    """Return by badge how many earns count against each limit.

    Without a customer only the badge limits are counted. Badges whose limits count the same span
    are counted together, so that the number of badges does not add queries.
    """
    limits_by_span: dict[LevelSpan, list[tuple[str, Limit]]] = defaultdict(list)
    for badge in badges:
        for limit in badge.limits_at(event_at, LimitLevel.BADGE if customer_id is None else None):
            limits_by_span[limit.level, _span(limit, badge, event_at, now)].append(
                (badge.id, limit)
            )
    counts = _count_together(limits_by_span, customer_id)
    used: dict[str, Counter[Limit]] = defaultdict(Counter)
    for key, badge_limits in limits_by_span.items():
        for badge_id, limit in badge_limits:
            used[badge_id][limit] = counts[key, badge_id]
    return used


def add_to_tally(
    badge: Definition, times: Iterable[tuple[datetime, datetime]], by: int = 1
) -> None:
    """Add earned badges, as (event date, processing time), to the tally; `by` = -1 subtracts."""
    if not badge.has_badge_limits:
        return
    days: CountsByDay = defaultdict(lambda: [0, 0])
    for event_at, earned_at in times:
        days[start_of_day(event_at).date()][0] += by
        days[start_of_day(earned_at).date()][1] += by
    _add_days(badge.id, days)


def rebuild_tally(badge_id: str) -> None:
    """Count the ledger again, when a badge gets its first badge limit.

    Call it under the exclusive lock of the badge.
    """
    EarnTally.objects.filter(badge_id=badge_id).delete()
    rows = EarnedBadge.objects.not_revoked().filter(badge_id=badge_id).order_by()
    days: CountsByDay = defaultdict(lambda: [0, 0])
    for index, column in enumerate(["event_at", "earned_at"]):
        by_day = rows.values(day=TruncDate(column, tzinfo=UTC)).annotate(earns=Count("pk"))
        for row in by_day:
            days[row["day"]][index] = row["earns"]
    _add_days(badge_id, days)


def _rows_of(row: EarnLimit, now: datetime) -> int:
    """Return the number of tallies of a limit: one for each day of its window until tomorrow.

    No event date is later than tomorrow.
    """
    span = row.value.span(event_at=now, now=now, badge_starts_at=row.badge.starts_at)
    if span.since is None:
        return 1
    until = start_of_day(now) + timedelta(days=2)
    return (min(span.until or until, until) - span.since).days


def _span(limit: Limit, badge: Definition, event_at: datetime, now: datetime) -> Span:
    return limit.span(event_at=event_at, now=now, badge_starts_at=badge.starts_at)


def _count_together(
    limits_by_span: Mapping[LevelSpan, list[tuple[str, Limit]]], customer_id: int | None
) -> Counter[tuple[LevelSpan, str]]:
    """Return the counts by level, span and badge; `limits_by_span` has the badges of each span."""
    keys = list(limits_by_span)
    queries = [
        rows.order_by().values("badge").values_list(Value(index), "badge", count)
        for index, (level, span) in enumerate(keys)
        for rows, count in _count_querysets(
            level, span, {badge_id for badge_id, _limit in limits_by_span[level, span]}, customer_id
        )
    ]
    counts: Counter[tuple[LevelSpan, str]] = Counter()
    for start in range(0, len(queries), MAX_COMPOUND_SELECTS):
        first, *others = queries[start : start + MAX_COMPOUND_SELECTS]
        for index, badge_id, count in first.union(*others, all=True):
            counts[keys[index], badge_id] += count
    return counts


def _count_querysets(
    level: LimitLevel, span: Span, badge_ids: set[str], customer_id: int | None
) -> Iterator[tuple[QuerySet[EarnedBadge] | QuerySet[EarnTally], Count | Sum]]:
    """Yield querysets of the rows that count in a span, each with its aggregate."""
    for query in _count_queries(level, span, customer_id):
        total = Sum(query.column) if query.column else Count("pk")
        rows = query.model.objects.filter(badge_id__in=badge_ids, **query.bounds)
        yield rows, total


def _count_queries(level: LimitLevel, span: Span, customer_id: int | None) -> Iterator[CountQuery]:
    """Yield the counts of a span: for all customers, from the tallies of whole days.

    A rolling window begins in the middle of a day: the rest of that day is counted in the ledger.
    """
    not_revoked: dict[str, Parameter] = {"revoked_at": None}
    if level == LimitLevel.CUSTOMER:
        of_customer = {**not_revoked, "customer_id": customer_id, **span.lookups()}
        yield CountQuery(EarnedBadge, of_customer)
    elif span.since is None:
        yield CountQuery(EarnTally, {"day": EVER}, "in_all")
    elif span.by == "event_at":
        days = {"day__gte": span.since.date(), "day__lt": required(span.until).date()}
        yield CountQuery(EarnTally, days, "by_event_day")
    else:
        next_day = start_of_day(span.since) + timedelta(days=1)
        rest = replace(span, until=next_day).lookups()
        yield CountQuery(EarnTally, {"day__gte": next_day.date()}, "by_earned_day")
        yield CountQuery(EarnedBadge, {**not_revoked, **rest})


def _add_days(badge_id: str, days: CountsByDay) -> None:
    """Add counts to the tallies: by event date, by processing time, and in total.

    One statement updates the rows and inserts missing ones.
    """
    if not days:
        return
    rows: list[tuple[Parameter, ...]] = [
        (badge_id, day, *counts, 0) for day, counts in sorted(days.items())
    ]
    rows.append((badge_id, EVER, 0, 0, sum(by_event_day for by_event_day, _ in days.values())))
    with connection.cursor() as cursor:
        cursor.execute(
            ADD_DAYS % ("VALUES " + ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))),
            [value for row in rows for value in row],
        )
