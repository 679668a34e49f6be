"""The content of the home page: the numbers of issued badges and of refusals, and warnings."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, CharField, F, QuerySet, Sum, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.home.attention import (
    MAX_WARNINGS,
    Attention,
    BadDays,
    attention,
    bad_days,
    most_refused_integrators,
)
from badges.desk.parts.charts import Chart, beginning_of_days, channels_of
from badges.desk.parts.links import Links
from badges.desk.parts.numbers import group_digits
from badges.errors import ErrorCode
from badges.models import ActorCount, BadgeCount, BadgeMeta, DailyCount, Integrator
from badges.models.values import start_of_day
from badges.selectors.leaders import MOST_OF_A_DAY, Leaders, leaders
from badges.services.record import summaries

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

DAY = timedelta(days=1)
DAYS = 30
SHOWN_BADGES = 6
COUNTED_WHEN_OPENED = 1_000
MAX_BADGES = 1_000


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number, with a comparison in words and an icon, and the link to its list."""

    label: str
    icon: str
    number: int
    trend: str
    comparison: str
    link: str

    @property
    def text(self) -> str:
        return group_digits(self.number)


@dataclass(frozen=True, kw_only=True)
class Issued(Chart):
    """The number of badges issued on each day through each channel; the last day is today.

    `before` is the number in an equally long period before these days.
    """

    before: int


@dataclass(frozen=True, kw_only=True)
class TopBadge:
    """A badge that was issued often."""

    name: str
    issued: int
    link: str

    @property
    def text(self) -> str:
        return group_digits(self.issued)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A reason for refusals of today, of whole requests and of customers in accepted lists."""

    code: int
    text: "StrOrPromise"
    requests: int
    customers: int
    link: str

    @property
    def words(self) -> str:
        """Return the numbers of refusals in words."""
        requests = ngettext("%(count)s request", "%(count)s requests", self.requests)
        customers = ngettext(
            "%(count)s customer of a list", "%(count)s customers of lists", self.customers
        )
        parts = [(requests, self.requests), (customers, self.customers)]
        return ", ".join(words % {"count": group_digits(count)} for words, count in parts if count)


@dataclass(frozen=True, kw_only=True)
class Live:
    """The numbers of live badges now and 30 days ago, and the badges of `now` that end first.

    If `is_cut` is true, there may be more badges than were counted.
    """

    now: int
    then: int
    is_cut: bool
    first_to_end: list

    @classmethod
    def at(cls, now: datetime) -> "Live":
        """Return the numbers from the periods of the badges, in one query unless they are cut.

        The active flag of 30 days ago is not recorded; the current one is used.
        """
        then = now - DAYS * DAY
        badges = BadgeMeta.objects.filter(active=True, starts_at__lte=now).order_by(
            "expires_at", "pk"
        )
        rows = badges.values_list("pk", "name", "starts_at", "expires_at", named=True)
        found = list(rows.filter(expires_at__gt=then)[:MAX_BADGES])
        live = [row for row in found if now < row.expires_at]
        if len(found) == MAX_BADGES:
            if len(live) < MAX_WARNINGS:  # most of these badges have ended since
                live = list(rows.filter(expires_at__gt=now)[:MAX_WARNINGS])
            return cls(now=MAX_BADGES, then=MAX_BADGES, is_cut=True, first_to_end=live)
        before = sum(row.starts_at <= then for row in found)
        return cls(now=len(live), then=before, is_cut=False, first_to_end=live)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The content of the home page.

    `top_of_each_day` is the number of badges of each day among which the top ones were found, or
    None if no badge was left out.
    """

    figures: list[Figure]
    issued: Issued
    top: list[TopBadge]
    top_of_each_day: int | None
    causes: list[Cause]
    attention: Attention
    has_badges: bool


def overview(user, now: datetime) -> Overview:
    """Return the content of the home page for a user, including the newest requests."""
    summaries.catch_up(COUNTED_WHEN_OPENED)
    today = start_of_day(now).date()
    links = Links(user)
    counts = list(_counts(today))
    issued = _issued(counts, today, links)
    refused = [row for row in counts if row["refusal"]]
    bad = bad_days([row for row in counts if row["integrator"]], today)
    days = [today - back * DAY for back in range(DAYS)]
    most = leaders(BadgeCount.objects.all(), days, "badge_id", value="issued")
    top, names = _top_and_names(most, days, bad, links)
    live = Live.at(now)
    return Overview(
        figures=[
            _issued_today(issued, links),
            _issued_recently(issued, links),
            _active(live, links),
            _refused_today(refused, today, links),
        ],
        issued=issued,
        top=top,
        top_of_each_day=MOST_OF_A_DAY if most.is_cut else None,
        causes=_causes(refused, today, links),
        attention=attention(
            live.first_to_end, bad, names, is_cut=live.is_cut, now=now, links=links
        ),
        has_badges=bool(live.now) or BadgeMeta.objects.exists(),
    )


def _counts(today: date) -> QuerySet:
    """Return the badges issued by channel, the refusals by code, and calls by integrator.

    Only the rows of issued badges have a channel; they cover the last 30 days and the 30 days
    before. The refusals are those of today and yesterday. The calls are those of today and the
    eight days before by `most_refused_integrators`; no other row has an integrator. One UNION
    query, to stay within the query budget of the page.
    """
    zero, all_actors = Value(0), Value(0, output_field=BigIntegerField())
    requests, customers, refusals = Sum("requests"), Sum("customers"), Sum("refused")
    days = DailyCount.objects.of_badge().order_by()
    issued = days.issued().between(today - (2 * DAYS - 1) * DAY, today)
    refused = days.filter(code__gt=0).between(today - DAY, today)
    calls = ActorCount.objects.filter(
        day__in=[today - back * DAY for back in range(9)],
        integrator_id__in=most_refused_integrators(today),
    ).order_by()
    parts: list[tuple[QuerySet, Any, Any, Any, tuple[Any, ...]]] = [
        (issued, F("channel"), all_actors, zero, (requests, customers, zero)),
        (refused, Value(""), all_actors, F("code"), (requests, customers, requests)),
        (calls, Value(""), F("integrator_id"), zero, (requests, zero, refusals)),
    ]
    first, *others = (
        rows.values("day", channel_name=channel, integrator=integrator, refusal=refusal).annotate(
            **dict(zip(("of_requests", "of_customers", "of_refused"), sums, strict=True))
        )
        for rows, channel, integrator, refusal, sums in parts
    )
    return first.union(*others, all=True)


def _issued(counts: Iterable[dict], today: date, links: Links) -> Issued:
    days = [today - back * DAY for back in reversed(range(DAYS))]
    by_channel = {
        (row["day"], row["channel_name"]): row["of_customers"]
        for row in counts
        if row["channel_name"]
    }
    recent = Counter({key: count for key, count in by_channel.items() if key[0] >= days[0]})
    return Issued(
        slug="home-issued",
        icon="bar_chart",
        title=_("Issued per day"),
        description=_(
            "Badges issued on each of the last 30 days, by channel; the table has the same numbers"
        ),
        note=_("The last 30 days. %(days)s") % {"days": beginning_of_days()},
        nothing=_("Nothing was issued in the last 30 days."),
        days=days,
        series=channels_of(recent),
        counts=recent,
        before=sum(by_channel.values()) - recent.total(),
        link=lambda span, channel: links.issued(span.first, span.last, channel=channel or ""),
    )


def _issued_today(issued: Issued, links: Links) -> Figure:
    yesterday, today = issued.days[-2:]
    return Figure(
        label=_("Issued today"),
        icon="workspace_premium",
        number=issued.on(today),
        **_beside_yesterday(issued.on(today), issued.on(yesterday)),
        link=links.issued(today, today),
    )


def _issued_recently(issued: Issued, links: Links) -> Figure:
    first, last = issued.days[0], issued.days[-1]
    return Figure(
        label=_("Issued in 30 days"),
        icon="calendar_month",
        number=issued.counts.total(),
        **_beside_month(issued.counts.total(), issued.before),
        link=links.issued(first, last),
    )


def _active(live: Live, links: Links) -> Figure:
    more = live.now - live.then
    words = _("as many as 30 days ago")
    if live.is_cut:
        words = _("or more: no more are counted")
    elif more > 0:
        words = _("%(count)s more than 30 days ago")
    elif more < 0:
        words = _("%(count)s fewer than 30 days ago")
    return Figure(
        label=_("Active badges"),
        icon="military_tech",
        number=live.now,
        trend=_trend(0 if live.is_cut else more),
        comparison=words % {"count": group_digits(abs(more))},
        link=links.active_badges(),
    )


def _refused_today(refusals: Iterable[dict], today: date, links: Links) -> Figure:
    refused: Counter[date] = Counter()
    for row in refusals:
        refused[row["day"]] += row["of_requests"]
    return Figure(
        label=_("Refused today"),
        icon="block",
        number=refused[today],
        **_beside_yesterday(refused[today], refused[today - DAY]),
        link=links.refused(today, today),
    )


def _beside_yesterday(number: int, before: int) -> dict[str, str]:
    """Compare today, which is not over, with the whole of yesterday."""
    if number > before:
        text = _("more than all of yesterday (%(count)s)")
        return {"trend": "trending_up", "comparison": text % {"count": group_digits(before)}}
    text = _("so far · yesterday: %(count)s") % {"count": group_digits(before)}
    return {"trend": "schedule", "comparison": text}


def _beside_month(number: int, before: int) -> dict[str, str]:
    if not before:
        return {"trend": _trend(number), "comparison": _("none in the 30 days before")}
    percent = round(100 * abs(number - before) / before)
    if not percent:
        text = _("as many as in the 30 days before")
    elif number > before:
        text = _("%(percent)s %% more than in the 30 days before")
    else:
        text = _("%(percent)s %% fewer than in the 30 days before")
    more = number - before if percent else 0
    return {"trend": _trend(more), "comparison": text % {"percent": group_digits(percent)}}


def _trend(more: int) -> str:
    """Return the icon of a change."""
    if not more:
        return "trending_flat"
    return "trending_up" if more > 0 else "trending_down"


def _top_and_names(
    most: Leaders, days: list[date], bad: BadDays, links: Links
) -> tuple[list[TopBadge], dict[int, str]]:
    """Return the badges that were issued most, and the names of the integrators with a bad day.

    One query returns both, to stay within the query budget of the page.
    """
    candidates = [badge_id for (badge_id,) in most.keys[: 2 * SHOWN_BADGES]]
    counts = BadgeCount.objects.filter(day__in=days, badge__in=candidates).order_by()
    badges = counts.values_list("badge_id", "badge__name").annotate(Sum("issued"))
    integrators = Integrator.objects.filter(pk__in=[each.integrator_id for each in bad.shown])
    names = integrators.order_by().values_list(Cast("pk", CharField()), "name", Value(0))
    rows = sorted(badges.union(names, all=True), key=lambda row: (-row[2], row[0]))
    top = [
        TopBadge(name=name, issued=number, link=links.badge(badge_id))
        for badge_id, name, number in rows
        if number
    ]
    return top[:SHOWN_BADGES], {int(pk): name for pk, name, number in rows if not number}


def _causes(refusals: Iterable[dict], today: date, links: Links) -> list[Cause]:
    """Return the reasons for the refusals of today, the most frequent one first."""
    refused: dict[int, Counter[str]] = defaultdict(Counter)
    for row in refusals:
        if row["day"] == today:
            refused[row["refusal"]].update(
                requests=row["of_requests"], customers=row["of_customers"]
            )
    known = {code.value: code.message for code in ErrorCode}
    causes = [
        Cause(
            code=code,
            text=known.get(code, ""),
            requests=count["requests"],
            customers=count["customers"],
            link=links.refused(today, today, code=code) if count["requests"] else "",
        )
        for code, count in refused.items()
    ]
    return sorted(causes, key=lambda cause: (-cause.requests, -cause.customers, cause.code))
