"""What needs attention: limits nearly used up, badges that end, integrators that fail."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from badges.desk.eligibility import LimitUse
from badges.desk.links import Links
from badges.desk.numbers import grouped
from badges.models import BadgeMeta, EarnLimit, Integrator, LimitKind, LimitLevel, Status
from badges.models.values import start_of_day
from badges.services.limits import limited, used_of_badges

DAY = timedelta(days=1)
ENDS_SOON = timedelta(days=7)
NEARLY_FULL = 0.9
FEWEST_REFUSALS = 10
TIMES_AS_OFTEN = 2
CHECKED_LIMITS = 200
SHOWN = 8


@dataclass(frozen=True, kw_only=True)
class Running:
    """A badge whose limit for all customers together is nearly used up."""

    name: str
    use: LimitUse
    link: str

    @property
    def used(self) -> str:
        return grouped(self.use.used)

    @property
    def most(self) -> str:
        return grouped(self.use.limit.max_earns)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A badge that is over within days."""

    name: str
    expires_at: datetime
    link: str


@dataclass(frozen=True, kw_only=True)
class Failing:
    """An integrator that is refused much more often than in the week before."""

    name: str
    day: date
    refused: int
    share: int
    share_before: int
    link: str


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Everything that needs somebody to look at it."""

    running: list[Running]
    ending: list[Ending]
    failing: list[Failing]

    def __bool__(self):
        return bool(self.running or self.ending or self.failing)


@dataclass(frozen=True, kw_only=True)
class Calls:
    """How many requests there were, and how many of them were refused."""

    requests: int = 0
    refused: int = 0

    def __add__(self, other: "Calls") -> "Calls":
        return Calls(requests=self.requests + other.requests, refused=self.refused + other.refused)

    @property
    def share(self) -> float:
        return self.refused / self.requests if self.requests else 0


def attention(
    recent: Iterable[dict], badges: Iterable[BadgeMeta], *, now: datetime, links: Links
) -> Attention:
    """Return what needs attention.

    `recent` holds the requests of nine days by integrator, `badges` are all there are.
    """
    return Attention(
        running=_running(now, links),
        ending=_ending(badges, now, links),
        failing=_failing(recent, start_of_day(now).date(), links),
    )


def _running(now: datetime, links: Links) -> list[Running]:
    """Return the fullest badges; a rolling window frees itself, so it is not looked at."""
    rows = EarnLimit.objects.filter(
        badge__in=BadgeMeta.objects.live(now),
        level=LimitLevel.BADGE,
        kind__in=[LimitKind.FIXED_VALUE, LimitKind.FIXED_WINDOW],
    )
    badges = limited(rows.order_by("-pk")[:CHECKED_LIMITS])
    used = used_of_badges(badges, None, event_at=now, now=now)
    full = [
        Running(name=badge.name, use=use, link=links.badge(badge.id))
        for badge in badges
        for use in (LimitUse(limit=each, used=count) for each, count in used[badge.id].items())
        if use.used >= NEARLY_FULL * use.limit.max_earns
    ]
    return sorted(full, key=lambda each: (each.use.left / each.use.limit.max_earns, each.name))[
        :SHOWN
    ]


def _ending(badges: Iterable[BadgeMeta], now: datetime, links: Links) -> list[Ending]:
    live = [each for each in badges if each.active and each.status(now) == Status.LIVE]
    soon = [badge for badge in live if badge.expires_at <= now + ENDS_SOON]
    return [
        Ending(name=badge.name, expires_at=badge.expires_at, link=links.badge(badge.pk))
        for badge in sorted(soon, key=lambda badge: (badge.expires_at, badge.name))[:SHOWN]
    ]


def _failing(recent: Iterable[dict], today: date, links: Links) -> list[Failing]:
    """Return the integrators of a bad day; yesterday counts too, or midnight would forgive all."""
    calls = defaultdict(lambda: defaultdict(Calls))
    for row in recent:
        refused = row["of_requests"] if row["refusal"] else 0
        made = Calls(requests=row["of_requests"], refused=refused)
        calls[row["integrator"]][row["day"]] += made
    calls.pop(0, None)
    found = {pk: worse for pk, by_day in calls.items() if (worse := _worse(by_day, today))}
    names = dict(Integrator.objects.filter(pk__in=found).values_list("pk", "name") if found else ())
    return [
        Failing(
            name=names[pk],
            day=day,
            refused=of_day.refused,
            share=round(100 * of_day.share),
            share_before=round(100 * before.share),
            link=links.refused(day, actor=f"integrator:{pk}"),
        )
        for pk, (day, of_day, before) in found.items()
        if pk in names
    ][:SHOWN]


def _worse(by_day: dict[date, Calls], today: date) -> tuple[date, Calls, Calls] | None:
    """Return today, or else yesterday, when it was much worse than the seven days before it."""
    for day in (today, today - DAY):
        before = sum((by_day.get(day - back * DAY, Calls()) for back in range(1, 8)), Calls())
        of_day = by_day.get(day, Calls())
        if of_day.refused >= FEWEST_REFUSALS and of_day.share >= TIMES_AS_OFTEN * before.share:
            return day, of_day, before
    return None
