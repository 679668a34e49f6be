"""The numbers of requests by kind, from the daily counts, with links that filter by the kind."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Sum

from badges.desk.ledgers.forms import CODES, RequestForm
from badges.desk.parts.numbers import group_digits
from badges.models import Channel, DailyCount, Operation, RequestOutcome
from badges.models.values import start_of_day

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY = timedelta(days=1)
DAYS = 30
MAX_DAYS = 92
SHOWN_CODES = 8
NOT_COUNTED = ("number", "pks", "request_id", "customer_id", "user_id")


@dataclass(frozen=True, kw_only=True)
class FacetValue:
    """One choice of a filter: the number of its requests, and the query string that selects it.

    The query string of a `chosen` one removes it.
    """

    label: str
    number: int
    query: str
    chosen: bool

    @property
    def text(self) -> str:
        return group_digits(self.number)


@dataclass(frozen=True, kw_only=True)
class Facet:
    """The choices of one filter."""

    label: "StrOrPromise | None"
    kinds: list[FacetValue]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The choices of all filters, counted over whole days (UTC), both inclusive."""

    first: date
    last: date
    facets: list[Facet]

    @property
    def in_one_line(self) -> list[FacetValue]:
        """Return the numbers that are shown while the others are folded: those of the outcomes."""
        return self.facets[0].kinds if self.facets else []


def counts(form: RequestForm, now: datetime) -> Counts | None:
    """Return the number of requests that each choice would list, over the days of the form.

    The default is the last 30 days, the maximum 92 days. Return None if the form has a filter that
    the daily counts do not support.
    """
    if form.filters.of(*NOT_COUNTED):
        return None
    first, last = _days(form.filters, start_of_day(now).date())
    rows = _rows(form.filters, first, last)
    named: dict[str, Iterable[tuple[Any, Any]]] = {
        "outcome": RequestOutcome.choices,
        "channel": Channel.choices,
        "operation": Operation.choices,
        "code": CODES,
    }
    facets = [_facet(form, name, choices, rows) for name, choices in named.items()]
    return Counts(first=first, last=last, facets=[facet for facet in facets if facet.kinds])


def _days(filters, today: date) -> tuple[date, date]:
    last = today
    if filters.until:
        last = min(today, (filters.until - timedelta(microseconds=1)).date())
    first = filters.since.date() if filters.since else last - (DAYS - 1) * DAY
    return max(first, last - (MAX_DAYS - 1) * DAY), last


def _rows(filters, first: date, last: date) -> list[dict]:
    """Return the counts of the days, grouped by all columns with choices."""
    rows = DailyCount.objects.of_badge(**filters.of("badge_id", "integrator_id"))
    rows = rows.between(first, last)
    kinds = rows.order_by().values("channel", "operation", "code").annotate(number=Sum("requests"))
    return [
        row | {"outcome": RequestOutcome.REFUSED if row["code"] else RequestOutcome.ACCEPTED}
        for row in kinds
        if row["number"]
    ]


def _facet(form: RequestForm, name: str, choices: Iterable, rows: list[dict]) -> Facet:
    """Return the choices of one filter, counted over the rows that match the other filters."""
    others = form.filters.of(*({"outcome", "channel", "operation", "code"} - {name}))
    chosen = getattr(form.filters, name)
    number: Counter[Any] = Counter()
    for row in rows:
        if all(row[other] == value for other, value in others.items()):
            number[row[name]] += row["number"]
    kinds = [
        FacetValue(
            label=str(label),
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
