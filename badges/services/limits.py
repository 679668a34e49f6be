"""What counts against the limits of a badge: read, and kept, under the lock of the badge."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncDate

from badges.models import BadgeMeta, Definition, EarnedBadge, EarnTally, Limit, LimitLevel, Span
from badges.models.values import start_of_day

ADD_DAYS = """
INSERT INTO badges_earntally AS tally (badge_id, day, by_event_day, by_earned_day) VALUES %s
ON CONFLICT (badge_id, day) DO UPDATE SET
    by_event_day = tally.by_event_day + excluded.by_event_day,
    by_earned_day = tally.by_earned_day + excluded.by_earned_day
"""


def used_by_customers(
    badge: Definition, customer_ids: list[int], *, event_at: datetime, now: datetime
) -> dict[int, Counter]:
    """Return for each customer how much of each customer limit is used up."""
    used = defaultdict(Counter)
    limits = badge.limits_at(event_at, LimitLevel.CUSTOMER)
    if not limits:
        return used
    counts = {
        f"limit_{place}": Count("pk", filter=_counts(_span(limit, badge, event_at, now)))
        for place, limit in enumerate(limits)
    }
    held = EarnedBadge.objects.standing().of_customers(badge.id, customer_ids)
    for row in held.order_by().values("customer_id").annotate(**counts):
        for place, limit in enumerate(limits):
            used[row["customer_id"]][limit] = row[f"limit_{place}"]
    return used


def used_by_all(badge: Definition, *, event_at: datetime, now: datetime) -> Counter:
    """Return how much of each badge limit is used up, from the tallies of whole days."""
    limits = badge.limits_at(event_at, LimitLevel.BADGE)
    if not limits:
        return Counter()
    counts = [_tallied(_span(limit, badge, event_at, now)) for limit in limits]
    (row,) = BadgeMeta.objects.filter(pk=badge.id).values_list(*counts)
    return Counter(dict(zip(limits, row, strict=True)))


def used_of_badges(
    badges: Iterable[Definition], customer_id: int | None, *, event_at: datetime, now: datetime
) -> dict[str, Counter]:
    """Return by badge how much of each limit is used up, for one customer and for all together.

    Without a customer only what all use up together. Two queries, however many badges there are.
    """
    held = EarnedBadge.objects.standing().of_customer(customer_id).order_by()
    wanted = [
        (badge, limit, _span(limit, badge, event_at, now))
        for badge in badges
        for limit in badge.limits_at(event_at, LimitLevel.BADGE if customer_id is None else None)
    ]
    by_customer, by_all = [], []
    for place, (badge, limit, span) in enumerate(wanted):
        if limit.level == LimitLevel.CUSTOMER:
            counted = held.filter(_counts(span), badge_id=badge.id).values("badge")
            by_customer.append(counted.values_list(Value(place), Count("pk")))
        else:
            tallied = BadgeMeta.objects.filter(pk=badge.id).order_by()
            by_all.append(tallied.values_list(Value(place), _tallied(span)))
    used = defaultdict(Counter)
    for questions in filter(None, (by_customer, by_all)):
        for place, count in questions[0].union(*questions[1:], all=True):
            badge, limit, _ = wanted[place]
            used[badge.id][limit] = count
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


def _counts(span: Span) -> Q:
    """Return the condition that an earned badge counts in a span."""
    condition = Q()
    if span.since is not None:
        boundary = "gte" if span.by == "event_at" else "gt"
        condition &= Q(**{f"{span.by}__{boundary}": span.since})
    if span.until is not None:
        condition &= Q(**{f"{span.by}__lt": span.until})
    return condition


def _tallied(span: Span):
    """Return the count of a span as an expression over BadgeMeta.

    A rolling window begins in the middle of a day: the rest of that day is counted in the ledger.
    """
    if span.by == "event_at":
        days = Q()
        if span.since is not None:
            days = Q(day__gte=span.since.date(), day__lt=span.until.date())
        return _sum_of_days("by_event_day", days)
    next_day = start_of_day(span.since) + timedelta(days=1)
    rest_of_day = (
        EarnedBadge.objects.standing()
        .filter(badge=OuterRef("pk"), earned_at__gt=span.since, earned_at__lt=next_day)
        .order_by()
        .values("badge")
        .annotate(earns=Count("pk"))
        .values("earns")
    )
    whole_days = _sum_of_days("by_earned_day", Q(day__gte=next_day.date()))
    return whole_days + Coalesce(Subquery(rest_of_day), Value(0))


def _sum_of_days(column: str, days: Q):
    tallies = (
        EarnTally.objects.filter(days, badge=OuterRef("pk"))
        .order_by()
        .values("badge")
        .annotate(earns=Sum(column))
        .values("earns")
    )
    return Coalesce(Subquery(tallies, output_field=IntegerField()), Value(0))


def _add_days(badge_id: str, days: dict) -> None:
    """Add to the tallies in one statement; rows that are missing come into being."""
    if not days:
        return
    rows = [(badge_id, day, *counts) for day, counts in sorted(days.items())]
    with connection.cursor() as cursor:
        cursor.execute(
            ADD_DAYS % ", ".join(["(%s, %s, %s, %s)"] * len(rows)),
            [value for row in rows for value in row],
        )
