"""The home page: how much was issued and refused, and what needs attention."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, F, FilteredRelation, Q, QuerySet, Sum, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.attention import Attention, attention
from badges.desk.charts import Chart, channels_of
from badges.desk.links import Links
from badges.desk.numbers import grouped
from badges.errors import ErrorCode
from badges.models import BadgeMeta, DailyCount, Status
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
class Issued(Chart):
    """How many badges were issued on each day through each door; the last day is today.

    `before` is how many there were in as many days before.
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
    counts = list(_counts(today))
    issued = _issued(counts, today)
    recent = [row for row in counts if not row["door"]]
    badges = list(_badges(today))
    return Overview(
        figures=[
            _issued_today(issued, links),
            _issued_lately(issued, links),
            _active(badges, now, links),
            _refused_today(recent, today, links),
        ],
        issued=issued,
        top=_top(badges, links),
        causes=_causes(recent, today, links),
        attention=attention(recent, badges, now=now, links=links),
        has_badges=bool(badges),
    )


def dashboard(request, context):
    """Add the overview to the first page of the admin, for those who may see it."""
    if request.user.has_perm("badges.view_requestlog"):
        context["home"] = overview(request.user, timezone.now())
    return context


def _counts(today: date) -> QuerySet:
    """Return by door what was issued lately and before, and without a door what was asked.

    The latter by integrator and code, today and yesterday and in the week before each. Both in one
    question: this page has others to ask.
    """
    days = DailyCount.objects.of_badge().order_by()
    nobody = Value(0, output_field=BigIntegerField())
    issued = days.issued().between(today - (2 * DAYS - 1) * DAY, today)
    asked = days.between(today - 8 * DAY, today)
    parts = [
        issued.values("day", door=F("channel"), integrator=nobody, refusal=F("code")),
        asked.values("day", door=Value(""), integrator=F("integrator_id"), refusal=F("code")),
    ]
    issued, asked = (
        part.annotate(of_requests=Sum("requests"), of_customers=Sum("customers")) for part in parts
    )
    return issued.union(asked, all=True)


def _issued(counts: Iterable[dict], today: date) -> Issued:
    days = [today - back * DAY for back in reversed(range(DAYS))]
    by_door = {(row["day"], row["door"]): row["of_customers"] for row in counts if row["door"]}
    lately = Counter({place: count for place, count in by_door.items() if place[0] >= days[0]})
    return Issued(
        slug="home-issued",
        icon="bar_chart",
        title=_("Issued per day"),
        description=_(
            "Badges issued on each of the last 30 days, by channel; the table has the same numbers"
        ),
        note=_("The last 30 days; a day begins at 00:00 UTC."),
        nothing=_("Nothing was issued in the last 30 days."),
        days=days,
        series=channels_of(lately),
        counts=lately,
        before=sum(by_door.values()) - lately.total(),
    )


def _badges(today: date) -> QuerySet[BadgeMeta]:
    """Return all badges with what is shown of them; `issued` is how often they were issued lately.

    One question instead of three: this page has others to ask.
    """
    days = Q(counts__day__range=(today - (DAYS - 1) * DAY, today))
    lately = FilteredRelation("counts", condition=days)
    badges = BadgeMeta.objects.only("name", "active", "starts_at", "expires_at")
    return badges.annotate(lately=lately, issued=Sum("lately__issued", default=0)).order_by()


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
    return Figure(
        label=_("Issued in 30 days"),
        icon="calendar_month",
        number=issued.counts.total(),
        **_beside_month(issued.counts.total(), issued.before),
        link=links.issued(first, last),
    )


def _active(badges: list[BadgeMeta], now: datetime, links: Links) -> Figure:
    """Whether one was switched off then is not known; its period is what is asked."""
    active, then = (
        sum(badge.active and badge.status(moment) == Status.LIVE for badge in badges)
        for moment in (now, now - DAYS * DAY)
    )
    more = active - then
    words = _("as many as 30 days ago")
    if more > 0:
        words = _("%(count)s more than 30 days ago")
    elif more < 0:
        words = _("%(count)s fewer than 30 days ago")
    return Figure(
        label=_("Active badges"),
        icon="military_tech",
        number=active,
        trend=_trend(more),
        comparison=words % {"count": grouped(abs(more))},
        link=links.active_badges(),
    )


def _refused_today(recent: list[dict], today: date, links: Links) -> Figure:
    refused = Counter()
    for row in recent:
        refused[row["day"]] += row["of_requests"] if row["refusal"] else 0
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


def _top(badges: Iterable[BadgeMeta], links: Links) -> list[TopBadge]:
    issued = [badge for badge in badges if badge.issued]
    return [
        TopBadge(name=badge.name, issued=badge.issued, link=links.badge(badge.pk))
        for badge in sorted(issued, key=lambda badge: (-badge.issued, badge.pk))[:SHOWN_BADGES]
    ]


def _causes(recent: Iterable[dict], today: date, links: Links) -> list[Cause]:
    """Return why it was refused today, the most frequent cause first."""
    refused = defaultdict(Counter)
    for row in recent:
        if row["day"] == today and row["refusal"]:
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
            link=links.refused(today, code=code) if count["requests"] else "",
        )
        for code, count in refused.items()
    ]
    return sorted(causes, key=lambda cause: (-cause.requests, -cause.customers, cause.code))
