"""How many requests there are of each kind, by the counts of days, as links that ask for them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum

from badges.desk.ledgers.forms import CODES, RequestForm
from badges.desk.numbers import grouped
from badges.models import Channel, DailyCount, Operation, RequestOutcome
from badges.models.values import start_of_day

DAY = timedelta(days=1)
DAYS = 30
MOST_DAYS = 92
SHOWN_CODES = 8
NOT_COUNTED = ("number", "request_id", "customer_id", "user_id")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of requests: how many there are, and the query string that asks for them alone.

    A long `label` has a `short` form for those who see it.
    """

    label: str
    short: str
    number: int
    query: str
    chosen: bool

    @property
    def text(self) -> str:
        return grouped(self.number)


@dataclass(frozen=True, kw_only=True)
class Facet:
    """The kinds by one of the filters."""

    label: str
    kinds: list[Kind]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The kinds of some whole days (UTC), both inclusive."""

    first: date
    last: date
    facets: list[Facet]


def counts(form: RequestForm, now: datetime) -> Counts | None:
    """Return how many requests each choice would list, of the days that are asked for.

    These are the last 30 days unless the form says otherwise, at most 92; None when the form asks
    for what is not counted by day.
    """
    if form.asked.of(*NOT_COUNTED):
        return None
    first, last = _days(form.asked, start_of_day(now).date())
    rows = _rows(form.asked, first, last)
    named = {
        "outcome": RequestOutcome.choices,
        "channel": Channel.choices,
        "operation": Operation.choices,
        "code": CODES,
    }
    facets = [_facet(form, name, choices, rows) for name, choices in named.items()]
    return Counts(first=first, last=last, facets=[facet for facet in facets if facet.kinds])


def _days(asked, today: date) -> tuple[date, date]:
    last = min(today, (asked.until - timedelta(microseconds=1)).date()) if asked.until else today
    first = asked.since.date() if asked.since else last - (DAYS - 1) * DAY
    return max(first, last - (MOST_DAYS - 1) * DAY), last


def _rows(asked, first: date, last: date) -> list[dict]:
    """Return the counts of the days by everything that there is a choice of."""
    of_badge = DailyCount.objects.of_badge(**asked.of("badge_id"))
    rows = of_badge.between(first, last).filter(**asked.of("integrator_id"))
    kinds = rows.order_by().values("channel", "operation", "code").annotate(number=Sum("requests"))
    return [
        row | {"outcome": RequestOutcome.REFUSED if row["code"] else RequestOutcome.ACCEPTED}
        for row in kinds
        if row["number"]
    ]


def _facet(form: RequestForm, name: str, choices: Iterable, rows: list[dict]) -> Facet:
    """Return the choices of one filter, counted as far as the others let them pass."""
    others = form.asked.of(*({"outcome", "channel", "operation", "code"} - {name}))
    chosen = getattr(form.asked, name)
    number = Counter()
    for row in rows:
        if all(row[other] == value for other, value in others.items()):
            number[row[name]] += row["number"]
    kinds = [
        Kind(
            label=str(label),
            short=str(value) if name == "code" else "",
            number=number[value],
            query=form.with_query(**{name: "" if value == chosen else str(value)}),
            chosen=value == chosen,
        )
        for value, label in choices
        if value and (number[value] or value == chosen)
    ]
    if name == "code":
        kinds = sorted(kinds, key=lambda kind: (not kind.chosen, -kind.number))[:SHOWN_CODES]
    return Facet(label=form.fields[name].label, kinds=kinds)
