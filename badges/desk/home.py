"""The home page: how much was issued and refused, and what needs attention."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.attention import Attention, attention
from badges.desk.links import Links
from badges.desk.numbers import grouped
from badges.errors import ErrorCode
from badges.models import BadgeMeta, Channel, DailyCount
from badges.models.values import start_of_day
from badges.services import summaries

DAY = timedelta(days=1)
DAYS = 30
SHOWN_BADGES = 6
COUNTED_WHEN_OPENED = 1_000


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number, in words and an icon how it stands beside the one before, and its list."""

    label: str
    icon: str
    number: int
    trend: str
    comparison: str
    link: str

    @property
    def text(self) -> str:
        return grouped(self.number)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """How many badges were issued on each day through each door; the last day is today."""

    days: list[date]
    counts: Counter

    @property
    def channels(self) -> list[Channel]:
        """The doors something came through."""
        used = {channel for _day, channel in self.counts}
        return [channel for channel in Channel if channel in used]

    @property
    def totals(self) -> list[tuple[Channel, str]]:
        return [(each, grouped(sum(self._of(each)))) for each in self.channels]

    @property
    def rows(self) -> list[tuple[date, list[str], str]]:
        """The days as a table, the latest one first."""
        return [
            (
                day,
                [grouped(self.counts[day, each]) for each in self.channels],
                grouped(self.on(day)),
            )
            for day in reversed(self.days)
        ]

    @property
    def as_json(self) -> str:
        """The days as the chart reads them."""
        series = [
            {"channel": each.value, "label": str(each.label), "values": self._of(each)}
            for each in self.channels
        ]
        return json.dumps({"days": [str(day) for day in self.days], "series": series})

    def on(self, day: date) -> int:
        return sum(self.counts[day, channel] for channel in self.channels)

    def _of(self, channel: Channel) -> list[int]:
        return [self.counts[day, channel] for day in self.days]


@dataclass(frozen=True, kw_only=True)
class TopBadge:
    """A badge that was issued often."""

    name: str
    issued: int
    link: str

    @property
    def text(self) -> str:
        return grouped(self.issued)


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why requests were refused today, and customers of accepted lists."""

    code: int
    text: str
    requests: int
    customers: int
    link: str

    @property
    def words(self) -> str:
        """How much was refused."""
        requests = ngettext("%(count)s request", "%(count)s requests", self.requests)
        customers = ngettext(
            "%(count)s customer of a list", "%(count)s customers of lists", self.customers
        )
        parts = [(requests, self.requests), (customers, self.customers)]
        return ", ".join(words % {"count": grouped(count)} for words, count in parts if count)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Everything the home page shows."""

    figures: list[Figure]
    issued: Issued
    top: list[TopBadge]
    causes: list[Cause]
    attention: Attention
    has_badges: bool


def overview(user, now: datetime) -> Overview:
    """Return what the home page shows to a member of staff, with what happened just now."""
    summaries.catch_up(COUNTED_WHEN_OPENED)
    today = start_of_day(now).date()
    links = Links(user)
    issued = _issued(today)
    recent = list(_recent(today))
    badges = _badges(now)
    return Overview(
        figures=[
            _issued_today(issued, links),
            _issued_lately(issued, links),
            _active(badges, links),
            _refused_today(recent, today, links),
        ],
        issued=issued,
        top=_top(today, links),
        causes=_causes(recent, today, links),
        attention=attention(recent, now=now, links=links),
        has_badges=badges["known"] > 0,
    )


def dashboard(request, context):
    """Add the overview to the first page of the admin, for those who may see it."""
    if request.user.has_perm("badges.view_requestlog"):
        context["home"] = overview(request.user, timezone.now())
    return context


def _issued(today: date) -> Issued:
    days = [today - back * DAY for back in reversed(range(DAYS))]
    counts = DailyCount.objects.issued().between(days[0], today).order_by()
    issued = counts.values_list("day", "channel").annotate(issued=Sum("customers"))
    return Issued(
        days=days, counts=Counter({(day, channel): count for day, channel, count in issued})
    )


def _recent(today: date) -> QuerySet:
    """Return what was asked and refused today and yesterday, and in the week before each."""
    counts = DailyCount.objects.between(today - 8 * DAY, today).order_by()
    return counts.values("day", "integrator_id", "code").annotate(
        requests=Sum("requests"), customers=Sum("customers")
    )


def _badges(now: datetime) -> dict[str, int]:
    """Return how many badges are active, how many of these were DAYS ago, and how many there are.

    Whether one was switched off then is not known; its period is what is asked.
    """
    then = now - DAYS * DAY
    return BadgeMeta.objects.aggregate(
        now=Count("pk", filter=Q(active=True, starts_at__lte=now, expires_at__gt=now)),
        then=Count("pk", filter=Q(active=True, starts_at__lte=then, expires_at__gt=then)),
        known=Count("pk"),
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


def _issued_lately(issued: Issued, links: Links) -> Figure:
    first, last = issued.days[0], issued.days[-1]
    before = DailyCount.objects.issued().between(first - DAYS * DAY, first - DAY)
    return Figure(
        label=_("Issued in 30 days"),
        icon="calendar_month",
        number=issued.counts.total(),
        **_beside_month(
            issued.counts.total(), before.aggregate(issued=Sum("customers", default=0))["issued"]
        ),
        link=links.issued(first, last),
    )


def _active(badges: dict[str, int], links: Links) -> Figure:
    more = badges["now"] - badges["then"]
    words = _("as many as 30 days ago")
    if more > 0:
        words = _("%(count)s more than 30 days ago")
    elif more < 0:
        words = _("%(count)s fewer than 30 days ago")
    return Figure(
        label=_("Active badges"),
        icon="military_tech",
        number=badges["now"],
        trend=_trend(more),
        comparison=words % {"count": grouped(abs(more))},
        link=links.active_badges(),
    )


def _refused_today(recent: list[dict], today: date, links: Links) -> Figure:
    refused = Counter()
    for row in recent:
        refused[row["day"]] += row["requests"] if row["code"] else 0
    return Figure(
        label=_("Refused today"),
        icon="block",
        number=refused[today],
        **_beside_yesterday(refused[today], refused[today - DAY]),
        link=links.refused(today),
    )


def _beside_yesterday(number: int, before: int) -> dict[str, str]:
    """Compare a day that is not over with one that is."""
    if number > before:
        text = _("more than all of yesterday (%(count)s)")
        return {"trend": "trending_up", "comparison": text % {"count": grouped(before)}}
    text = _("so far; %(count)s in all of yesterday") % {"count": grouped(before)}
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
    return {"trend": _trend(more), "comparison": text % {"percent": grouped(percent)}}


def _trend(more: int) -> str:
    """Return the icon of a change."""
    if not more:
        return "trending_flat"
    return "trending_up" if more > 0 else "trending_down"


def _top(today: date, links: Links) -> list[TopBadge]:
    counts = DailyCount.objects.issued().between(today - (DAYS - 1) * DAY, today)
    issued = counts.exclude(badge_id="").order_by().values_list("badge_id")
    most = issued.annotate(issued=Sum("customers")).order_by("-issued", "badge_id")
    top = {badge_id: count for badge_id, count in most[:SHOWN_BADGES] if count}
    names = BadgeMeta.objects.filter(pk__in=top).values_list("pk", "name") if top else ()
    known = dict(names)
    return [
        TopBadge(name=known[badge_id], issued=count, link=links.badge(badge_id))
        for badge_id, count in top.items()
    ]


def _causes(recent: Iterable[dict], today: date, links: Links) -> list[Cause]:
    """Return why it was refused today, the most frequent cause first."""
    refused = defaultdict(Counter)
    for row in recent:
        if row["day"] == today and row["code"]:
            refused[row["code"]].update(requests=row["requests"], customers=row["customers"])
    known = {code.value: code.message for code in ErrorCode}
    causes = [
        Cause(
            code=code,
            text=known.get(code, ""),
            requests=count["requests"],
            customers=count["customers"],
            link=links.refused(today, code=code) if count["requests"] else "",
        )
        for code, count in refused.items()
    ]
    return sorted(causes, key=lambda cause: (-cause.requests, -cause.customers, cause.code))
