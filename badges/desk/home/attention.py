"""Warnings of the home page: nearly full limits, ending badges, failing integrators, late tasks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from badges.desk.home.periodic import late_to_seal, waiting
from badges.desk.issuing.verdicts import LimitUse
from badges.desk.parts.links import Links
from badges.desk.parts.numbers import group_digits
from badges.desk.record.views import LATE
from badges.models import ActorCount, EarnLimit, LimitKind, LimitLevel
from badges.services.customers.limits import (
    cheapest_to_count,
    definitions_with_limits,
    used_of_badges,
)

DAY = timedelta(days=1)
ENDS_SOON = timedelta(days=7)
NEARLY_FULL = 0.9
MIN_REFUSALS = 10
REFUSAL_FACTOR = 2
# How many live badges, limits and tallies are read to find limits that are nearly used up.
MAX_BADGES = 300
MAX_LIMITS = 300
MAX_TALLIES = 900
# The integrators of two days, with their calls of nine days, have about five hundred rows.
MAX_REFUSED_INTEGRATORS = 25
MAX_WARNINGS = 8


@dataclass(frozen=True, kw_only=True)
class Running:
    """A badge whose limit over all customers is nearly used up."""

    name: str
    use: LimitUse
    link: str

    @property
    def used(self) -> str:
        return group_digits(self.use.used)

    @property
    def maximum(self) -> str:
        return group_digits(self.use.limit.max_earns)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A badge that ends within days."""

    name: str
    expires_at: datetime
    link: str


@dataclass(frozen=True, kw_only=True)
class Failing:
    """An integrator with a much higher share of refusals than in the week before."""

    name: str
    day: date
    refused: int
    share: int
    share_before: int
    link: str


@dataclass(frozen=True, kw_only=True)
class Behind:
    """A periodic task that is late."""

    title: str
    since: datetime
    link: str


@dataclass(frozen=True, kw_only=True)
class Attention:
    """All warnings of the home page.

    `limits_are_cut` and `integrators_are_cut` say that there are more limits, or more integrators
    with many refusals, than were examined.
    """

    running: list[Running]
    limits_are_cut: bool
    ending: list[Ending]
    failing: list[Failing]
    integrators_are_cut: bool
    behind: list[Behind]

    def __bool__(self):
        return bool(self.running or self.ending or self.failing or self.behind)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """A number of requests, and how many of them were refused."""

    requests: int = 0
    refused: int = 0

    def __add__(self, other: "Calls") -> "Calls":
        return Calls(requests=self.requests + other.requests, refused=self.refused + other.refused)

    @property
    def share(self) -> float:
        return self.refused / self.requests if self.requests else 0


class BadDay(NamedTuple):
    """The calls of an integrator on a bad day, and those of the seven days before it."""

    integrator_id: int
    day: date
    calls: Calls
    before: Calls


@dataclass(frozen=True, kw_only=True)
class BadDays:
    """The bad days of integrators; `is_cut` if only those with the most refusals were examined."""

    shown: list[BadDay]
    is_cut: bool


def attention(
    live: Sequence[Any],
    bad_days: BadDays,
    names: Mapping[int, str],
    *,
    is_cut: bool,
    now: datetime,
    links: Links,
) -> Attention:
    """Return the warnings.

    `live` has the live badges that end first, and `is_cut` says whether there may be more of them;
    `names` are those of the integrators with a bad day.
    """
    running, are_checked = _running(live, now, links)
    return Attention(
        running=running,
        limits_are_cut=is_cut or not are_checked,
        ending=_ending(live, now, links),
        failing=_failing(bad_days.shown, names, links),
        integrators_are_cut=bad_days.is_cut,
        behind=_behind(now, links),
    )


def most_refused_integrators(today: date) -> QuerySet:
    """Return the integrators with the most refusals of today and of yesterday, as a subquery.

    SQLite accepts a limit only in a nested query.
    """
    many = ActorCount.objects.filter(integrator_id__gt=0, refused__gte=MIN_REFUSALS)
    of_today, of_yesterday = (
        ActorCount.objects.filter(
            pk__in=many.filter(day=day).order_by("-refused").values("pk")[:MAX_REFUSED_INTEGRATORS]
        )
        .order_by()
        .values("integrator_id")
        for day in (today, today - DAY)
    )
    return of_today.union(of_yesterday)


def bad_days(recent: Iterable[dict], today: date) -> BadDays:
    """Return the bad days of integrators, whose calls of nine days are in `recent`.

    Yesterday counts as well: otherwise, all warnings would disappear at midnight.
    """
    calls: dict[int, dict[date, Calls]] = defaultdict(lambda: defaultdict(Calls))
    for row in recent:
        made = Calls(requests=row["of_requests"], refused=row["of_refused"])
        calls[row["integrator"]][row["day"]] += made
    found = [
        BadDay(pk, *worse)
        for pk, by_day in sorted(calls.items())
        if (worse := _worse(by_day, today))
    ]
    many = max(
        sum(by_day[day].refused >= MIN_REFUSALS for by_day in calls.values())
        for day in (today, today - DAY)
    )
    return BadDays(shown=found[:MAX_WARNINGS], is_cut=many >= MAX_REFUSED_INTEGRATORS)


def _behind(now: datetime, links: Links) -> list[Behind]:
    """Return the periodic tasks that a long transaction delays, or that no server runs."""
    found = waiting()
    tasks = [
        (_("Sealing is behind"), found.unsealed_since, late_to_seal(), links.record()),
        (_("Counting is behind"), found.uncounted_since, LATE, ""),
    ]
    return [
        Behind(title=title, since=since, link=link)
        for title, since, late, link in tasks
        if since is not None and now - since > late
    ]


def _running(live: Sequence[Any], now: datetime, links: Links) -> tuple[list[Running], bool]:
    """Return the badges closest to a limit, and whether all their limits were checked.

    Rolling windows free themselves, so skip them.
    """
    rows = EarnLimit.objects.filter(
        badge__in=[badge.pk for badge in live[:MAX_BADGES]],
        level=LimitLevel.BADGE,
        kind__in=[LimitKind.FIXED_VALUE, LimitKind.FIXED_WINDOW],
    )
    # The nested query reads no other badges: a join may scan those between the badges of a page.
    keys = rows.order_by().values("pk")[: MAX_LIMITS + 1]
    found = list(EarnLimit.objects.filter(pk__in=keys).order_by().select_related("badge"))
    checked = cheapest_to_count(found[:MAX_LIMITS], most_rows=MAX_TALLIES, now=now)
    badges = definitions_with_limits(checked)
    used = used_of_badges(badges, None, event_at=now, now=now)
    full = [
        Running(name=badge.name, use=use, link=links.badge(badge.id))
        for badge in badges
        for use in (LimitUse(limit=each, used=count) for each, count in used[badge.id].items())
        if use.used >= NEARLY_FULL * use.limit.max_earns
    ]
    full.sort(key=lambda each: (each.use.left / each.use.limit.max_earns, each.name))
    return full[:MAX_WARNINGS], len(checked) == len(found) and len(live) <= MAX_BADGES


def _ending(live: Iterable[Any], now: datetime, links: Links) -> list[Ending]:
    soon = [badge for badge in live if now < badge.expires_at <= now + ENDS_SOON]
    return [
        Ending(name=badge.name, expires_at=badge.expires_at, link=links.badge(badge.pk))
        for badge in soon[:MAX_WARNINGS]
    ]


def _failing(bad_days: Iterable[BadDay], names: Mapping[int, str], links: Links) -> list[Failing]:
    return [
        Failing(
            name=names[each.integrator_id],
            day=each.day,
            refused=each.calls.refused,
            share=round(100 * each.calls.share),
            share_before=round(100 * each.before.share),
            link=links.refused(each.day, each.day, actor=f"integrator:{each.integrator_id}"),
        )
        for each in bad_days
        if each.integrator_id in names
    ]


def _worse(by_day: dict[date, Calls], today: date) -> tuple[date, Calls, Calls] | None:
    """Return today, or else yesterday, if it was much worse than the seven days before it."""
    for day in (today, today - DAY):
        before = sum((by_day.get(day - back * DAY, Calls()) for back in range(1, 8)), Calls())
        of_day = by_day.get(day, Calls())
        if of_day.refused >= MIN_REFUSALS and of_day.share >= REFUSAL_FACTOR * before.share:
            return day, of_day, before
    return None
