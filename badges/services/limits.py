"""What counts against the limits of a badge: read, and kept, under the lock of the badge."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import TruncDate

from badges.models import Definition, EarnedBadge, EarnLimit, EarnTally, Limit, LimitLevel, Span
from badges.models.values import EVER, start_of_day

# SQLite joins no more than 500 questions to one.
MOST_QUESTIONS = 400

OPERATORS = {"": "= %s", "gt": "> %s", "gte": ">= %s", "lt": "< %s"}

ADD_DAYS = """
INSERT INTO badges_earntally AS tally (badge_id, day, by_event_day, by_earned_day, in_all)
%s
ON CONFLICT (badge_id, day) DO UPDATE SET
    by_event_day = tally.by_event_day + excluded.by_event_day,
    by_earned_day = tally.by_earned_day + excluded.by_earned_day,
    in_all = tally.in_all + excluded.in_all
"""


@dataclass(frozen=True, slots=True)
class Question:
    """A number to ask for: of rows within some bounds (lookups), or what a column adds up to."""

    model: type[EarnedBadge | EarnTally]
    bounds: dict[str, object]
    column: str | None = None

    def of_badge(self, badge_id: str) -> tuple[str, list]:
        """Return it in SQL for one badge, and the values in it."""
        what = f"coalesce(sum({self.column}), 0)" if self.column else "count(*)"
        conditions, values = ["badge_id = %s"], [badge_id]
        for lookup, value in self.bounds.items():
            column, _separator, kind = lookup.partition("__")
            is_null = value is None
            conditions.append(f"{column} IS NULL" if is_null else f"{column} {OPERATORS[kind]}")
            values += [] if is_null else [value]
        rows = f"{self.model._meta.db_table} WHERE {' AND '.join(conditions)}"
        return f"(SELECT {what} FROM {rows})", values  # noqa: S608 - names and operators alone


def used_by_customers(
    badge: Definition, customer_ids: list[int], *, event_at: datetime, now: datetime
) -> dict[int, Counter]:
    """Return for each customer how much of each customer limit is used up."""
    used = defaultdict(Counter)
    limits = badge.limits_at(event_at, LimitLevel.CUSTOMER)
    if not limits:
        return used
    counts = {
        f"limit_{place}": Count("pk", filter=Q(**_bounds(_span(limit, badge, event_at, now))))
        for place, limit in enumerate(limits)
    }
    held = EarnedBadge.objects.standing().of_customers(badge.id, customer_ids)
    for row in held.order_by().values("customer_id").annotate(**counts):
        for place, limit in enumerate(limits):
            used[row["customer_id"]][limit] = row[f"limit_{place}"]
    return used


def used_by_all(badge: Definition, *, event_at: datetime, now: datetime) -> Counter:
    """Return how much of each badge limit is used up, from the tallies of whole days."""
    return used_of_badges([badge], None, event_at=event_at, now=now)[badge.id]


def asked_for_one(
    badge: Definition, customer_id: int, *, event_at: datetime, now: datetime
) -> list[tuple[str, list]]:
    """Return in SQL what is used up of each of `badge.limits_at(event_at)`, and the values in it.

    For whoever asks for it in one statement with other things (`services.weighing`).
    """
    asked = []
    for limit in badge.limits_at(event_at):
        span = _span(limit, badge, event_at, now)
        parts = [
            question.of_badge(badge.id) for question in _questions(limit.level, span, customer_id)
        ]
        values = [value for _sql, values in parts for value in values]
        asked.append((" + ".join(sql for sql, _values in parts), values))
    return asked


def used_by_others(
    badge: Definition, earned: Iterable, *, event_at: datetime, now: datetime
) -> Counter:
    """Return how much of each badge limit is used up by what is just about to be written.

    `earned` are its rows, each with an `event_at` and an `earned_at`.
    """
    used = Counter()
    for limit in badge.limits_at(event_at, LimitLevel.BADGE):
        span = _span(limit, badge, event_at, now)
        used[limit] = sum(
            span.holds(event_at=each.event_at, earned_at=each.earned_at) for each in earned
        )
    return used


def limited(rows: QuerySet[EarnLimit]) -> list[Definition]:
    """Return the badges of some limits, as definitions that hold these limits and nothing else."""
    by_badge = defaultdict(list)
    for row in rows.select_related("badge"):
        by_badge[row.badge].append(row.value)
    return [
        badge.with_parts(owners=(), limits=found, claims=()) for badge, found in by_badge.items()
    ]


def used_of_badges(
    badges: Iterable[Definition], customer_id: int | None, *, event_at: datetime, now: datetime
) -> dict[str, Counter]:
    """Return by badge how much of each limit is used up, for one customer and for all together.

    Without a customer only what all use up together. Badges whose limits count the same span are
    counted together: it is one query, however many badges there are.
    """
    wanted = defaultdict(list)
    for badge in badges:
        for limit in badge.limits_at(event_at, LimitLevel.BADGE if customer_id is None else None):
            wanted[limit.level, _span(limit, badge, event_at, now)].append((badge.id, limit))
    counts = _counted_together(wanted, customer_id)
    used = defaultdict(Counter)
    for key, found in wanted.items():
        for badge_id, limit in found:
            used[badge_id][limit] = counts[key, badge_id]
    return used


def add_to_tally(badge: Definition, moments: Iterable[tuple[datetime, datetime]], by: int = 1):
    """Count earned badges, given as (event date, processing time), up or with `by` = -1 down."""
    if not badge.has_badge_limits:
        return
    days = defaultdict(lambda: [0, 0])
    for event_at, earned_at in moments:
        days[start_of_day(event_at).date()][0] += by
        days[start_of_day(earned_at).date()][1] += by
    _add_days(badge.id, days)


def rebuild_tally(badge_id: str) -> None:
    """Count the ledger anew, when a badge gets its first badge limit; under its exclusive lock."""
    EarnTally.objects.filter(badge_id=badge_id).delete()
    standing = EarnedBadge.objects.standing().filter(badge_id=badge_id).order_by()
    days = defaultdict(lambda: [0, 0])
    for place, column in enumerate(["event_at", "earned_at"]):
        by_day = standing.values(day=TruncDate(column, tzinfo=UTC)).annotate(earns=Count("pk"))
        for row in by_day:
            days[row["day"]][place] = row["earns"]
    _add_days(badge_id, days)


def _span(limit: Limit, badge: Definition, event_at: datetime, now: datetime) -> Span:
    return limit.span(event_at=event_at, now=now, badge_starts_at=badge.starts_at)


def _counted_together(wanted: Mapping[tuple, list], customer_id: int | None) -> Counter:
    """Return what counts, by level and span, and by badge; `wanted` has the badges of a span."""
    keys = list(wanted)
    questions = [
        rows.order_by().values("badge").values_list(Value(place), "badge", count)
        for place, (level, span) in enumerate(keys)
        for rows, count in _counted_in(
            level, span, {badge_id for badge_id, _limit in wanted[level, span]}, customer_id
        )
    ]
    counts = Counter()
    for start in range(0, len(questions), MOST_QUESTIONS):
        first, *others = questions[start : start + MOST_QUESTIONS]
        for place, badge_id, count in first.union(*others, all=True):
            counts[keys[place], badge_id] += count
    return counts


def _counted_in(
    level: LimitLevel, span: Span, badge_ids: set[str], customer_id: int | None
) -> Iterator[tuple[QuerySet, Count | Sum]]:
    """Yield the rows of some badges that count in a span, and how they are counted."""
    for question in _questions(level, span, customer_id):
        total = Sum(question.column) if question.column else Count("pk")
        rows = question.model.objects.filter(badge_id__in=badge_ids, **question.bounds)
        yield rows, total


def _questions(level: LimitLevel, span: Span, customer_id: int | None) -> Iterator[Question]:
    """Yield what there is to count in a span: the tallies of whole days for all customers.

    A rolling window begins in the middle of a day: the rest of that day is counted in the ledger.
    """
    standing = {"revoked_at": None}
    if level == LimitLevel.CUSTOMER:
        yield Question(EarnedBadge, standing | {"customer_id": customer_id} | _bounds(span))
    elif span.since is None:
        yield Question(EarnTally, {"day": EVER}, "in_all")
    elif span.by == "event_at":
        days = {"day__gte": span.since.date(), "day__lt": span.until.date()}
        yield Question(EarnTally, days, "by_event_day")
    else:
        next_day = start_of_day(span.since) + timedelta(days=1)
        rest = {"earned_at__gt": span.since, "earned_at__lt": next_day}
        yield Question(EarnTally, {"day__gte": next_day.date()}, "by_earned_day")
        yield Question(EarnedBadge, standing | rest)


def _bounds(span: Span) -> dict[str, datetime]:
    """Return what an earned badge has to fulfil to count in a span."""
    bounds = {}
    if span.since is not None:
        boundary = "gte" if span.by == "event_at" else "gt"
        bounds[f"{span.by}__{boundary}"] = span.since
    if span.until is not None:
        bounds[f"{span.by}__lt"] = span.until
    return bounds


def _add_days(badge_id: str, days: dict) -> None:
    """Add to the tallies, by event date and by processing time, and to their number in all.

    In one statement; rows that are missing come into being.
    """
    if not days:
        return
    rows = [(badge_id, day, *counts, 0) for day, counts in sorted(days.items())]
    rows.append((badge_id, EVER, 0, 0, sum(by_event_day for by_event_day, _ in days.values())))
    with connection.cursor() as cursor:
        cursor.execute(
            ADD_DAYS % ("VALUES " + ", ".join(["(%s, %s, %s, %s, %s)"] * len(rows))),
            [value for row in rows for value in row],
        )
