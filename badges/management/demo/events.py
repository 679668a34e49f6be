"""Three months of demo data, written by calls of the services."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from badges.errors import BadgeError
from badges.management.demo import definitions
from badges.management.demo.definitions import DEMO_BADGES, DemoBadge
from badges.models import Channel, Integrator, IssueReason, new_id
from badges.models.values import start_of_day
from badges.services.catalogue import definitions as definition_services
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.notes import add_note
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.record.filters import save_filter
from badges.services.request_log import Origin

EARNS = 20_000
DAYS = 90
FIRST_CUSTOMER = 1_001
CUSTOMERS = 2_000
UNKNOWN_CUSTOMER = 900_001
RATE_BY_WEEKDAY = [0.85, 0.8, 0.9, 1.0, 1.25, 1.5, 1.1]
GROWTH = 0.9
SINGLE_EARN_SHARE = 0.11
MIN_LIST = 20
BY_STAFF_A_DAY = 5
# Reasons of the list, each with a comment.
REASONS = [
    ("Goodwill", "Apology for a late delivery"),
    ("Technical fault", "The app was down at the till"),
    ("Purchase not tracked", "Receipt shown at the counter"),
    ("Purchase not tracked", "Card was left at home"),
    ("Other", "Complaint settled by phone"),
]
FIRST_CASE = 4_100
DAYS_BETWEEN_NOTES = 3
NOTES = [
    "Prefers to be called in the afternoon.",
    "Asked how to see the badges in the app; sent the link to the guide.",
    "Two accounts of one household: check the number before issuing.",
    "Complained about a late delivery; answered, and a badge was issued.",
]
VIEWS = {
    "Refused last week": "outcome=REFUSED&period=last-week",
    "Changes of today": "period=today",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """The actors of the demo data."""

    integrator: Integrator
    clerk: User
    supervisor: User


class DemoEvents:
    """The events up to `now`, with about `earns` earned badges."""

    def __init__(self, *, actors: Actors, now: datetime, earns: int):
        self.actors = actors
        self.now = now
        self.random = Random(20_000)  # noqa: S311 - demo data, not a secret
        self.badge_ids: dict[DemoBadge, str] = {}
        self.enrolled: dict[DemoBadge, dict[int, datetime]] = defaultdict(dict)
        self.remaining = {
            demo_badge: demo_badge.stops_at for demo_badge in DEMO_BADGES if demo_badge.stops_at
        }
        self.reason_ids = dict(IssueReason.objects.values_list("name", "pk"))
        self.waiting: Counter[DemoBadge] = Counter()
        self.new_customers = 0
        self.requests = 0
        self.refusals = 0
        self.last_request_id = ""
        self.earns_by_day = self._rate(earns)

    def create_all(self) -> None:
        """Create the badges, then the events of each day in the order of their times."""
        for rank, demo_badge in enumerate(DEMO_BADGES, start=1):
            self._prepare(demo_badge, rank)
        for day in range(-DAYS, 1):
            for dt, event in sorted(self._events(day), key=itemgetter(0)):
                if dt <= self.now:
                    event(dt)
        for name, query in VIEWS.items():
            save_filter(
                origin=self._desk(user=self.actors.supervisor),
                ledger="requests",
                name=name,
                query=query,
                shared=True,
            )

    def _rate(self, earns: int) -> dict[int, float]:
        """Return the number of earns of each day, with a weekly pattern and growth."""
        weights = {}
        for day in range(-DAYS, 1):
            weekday_rate = RATE_BY_WEEKDAY[self._midnight(day).weekday()]
            growth = 1 + GROWTH * (day + DAYS) / DAYS
            weights[day] = weekday_rate * growth * self.random.uniform(0.9, 1.1)
        return {day: earns * weight / sum(weights.values()) for day, weight in weights.items()}

    def _midnight(self, day: int) -> datetime:
        return start_of_day(self.now) + timedelta(days=day)

    def _time(self, day: int, hours: tuple[int, int] = definitions.ALL_DAY) -> datetime:
        begin, end = hours
        return (
            self._midnight(day)
            + timedelta(seconds=self.random.randrange(begin, end) * 3600)
            + (timedelta(milliseconds=self.random.randrange(3_600_000)))
        )

    def _prepare(self, demo_badge: DemoBadge, rank: int) -> None:
        dt = self._time(-DAYS - 3, (9, 17))
        badge = definition_services.create_badge(
            origin=self._desk(user=self.actors.supervisor),
            draft=demo_badge.draft(self.now, rank=rank),
            now=dt,
        )
        self.badge_ids[demo_badge] = badge.pk
        definition_services.claim_badge(
            origin=self._api(),
            badge_id=badge.pk,
            owner=demo_badge.owner,
            now=dt + timedelta(minutes=20),
        )

    def _events(self, day: int) -> Iterator[tuple]:
        """Yield the events of a day, each as a time and a function that is called with the time."""
        current_badges = [demo_badge for demo_badge in DEMO_BADGES if demo_badge.is_earned_on(day)]
        shares = sum(demo_badge.share for demo_badge in current_badges)
        for demo_badge in current_badges:
            yield from self._earn_events(
                demo_badge, day, self.earns_by_day[day] * demo_badge.share / shares
            )
            if demo_badge.enrolment and (day % 4 == 0 or not self.enrolled[demo_badge]):
                yield self._time(day, (5, 6)), partial(self._enrol, demo_badge)
        for demo_badge in DEMO_BADGES:
            if demo_badge.switched_off == day:
                yield self._time(day, (9, 17)), partial(self._switch_off, demo_badge)
        for _ in range(BY_STAFF_A_DAY):
            yield self._time(day, (8, 20)), self._earn_by_staff
        if day % DAYS_BETWEEN_NOTES == 0:
            yield self._time(day, (8, 20)), self._note
        yield self._time(day), self._refused

    def _earn_events(self, demo_badge: DemoBadge, day: int, count: float) -> Iterator[tuple]:
        single = round(count * SINGLE_EARN_SHARE)
        for _ in range(single):
            yield self._time(day, demo_badge.hours), partial(self._earn, demo_badge)
        self.waiting[demo_badge] += round(count) - single
        if self.waiting[demo_badge] >= MIN_LIST or day == 0:
            yield self._time(day, demo_badge.hours), partial(self._earn_many, demo_badge)

    def _earn(self, demo_badge: DemoBadge, dt: datetime) -> None:
        for customer_id in self._customers(demo_badge, 1, dt):
            delay = timedelta(minutes=self.random.randrange(45))
            event_at = None if demo_badge.enrolment else dt - delay
            if self._request_earn(
                dt, demo_badge=demo_badge, customer_id=customer_id, event_at=event_at
            ):
                self._count(demo_badge, 1)

    def _earn_many(self, demo_badge: DemoBadge, dt: datetime) -> None:
        customer_ids = self._customers(demo_badge, self.waiting.pop(demo_badge), dt)
        if not customer_ids:
            return
        request_id = self._request_id(dt)
        arguments: dict[str, Any] = {
            "badge_id": self.badge_ids[demo_badge],
            "owner": demo_badge.owner,
            "request_id": request_id,
        }
        result = earn_badges(
            origin=self._api(**arguments, customer_ids=customer_ids),
            customer_ids=customer_ids,
            now=dt,
            **arguments,
        )
        self._count(demo_badge, len(result.facts))

    def _enrol(self, demo_badge: DemoBadge, dt: datetime) -> None:
        """Enrol customers without an enrolment; staff send about half of the lists."""
        enrolled = self.enrolled[demo_badge]
        customer_ids = [
            customer_id for customer_id in self._sample(120) if enrolled.get(customer_id, dt) <= dt
        ]
        arguments: dict[str, Any] = {
            "badge_id": self.badge_ids[demo_badge],
            "request_id": self._request_id(dt),
        }
        origin = self.random.choice([self._api(**arguments, customers=customer_ids), self._desk()])
        result = enrol_customers(
            origin=origin,
            customer_ids=customer_ids,
            owner=demo_badge.owner if origin.integrator else None,
            now=dt,
            **arguments,
        )
        for fact in result.facts:
            enrolled[fact.customer_id] = fact.expires_at

    def _switch_off(self, demo_badge: DemoBadge, dt: datetime) -> None:
        definition_services.update_badge(
            origin=self._desk(user=self.actors.supervisor, reason="The coupons are digital now"),
            badge_id=self.badge_ids[demo_badge],
            draft=demo_badge.draft(self.now, rank=DEMO_BADGES.index(demo_badge) + 1, active=False),
            now=dt,
        )

    def _earn_by_staff(self, dt: datetime) -> None:
        demo_badge = self.random.choice(
            [definitions.KIND_GESTURE, definitions.KIND_GESTURE, definitions.GREEN_SHOPPER]
        )
        (customer_id,) = self._customers(demo_badge, 1, dt)
        user = self.random.choice([self.actors.clerk] * 4 + [self.actors.supervisor])
        origin = self._reasoned(self.random.choice(REASONS), user=user)
        self._request_earn(dt, demo_badge=demo_badge, customer_id=customer_id, origin=origin)

    def _note(self, dt: datetime) -> None:
        (customer_id,) = self._sample(1)
        add_note(
            origin=self._desk(),
            request_id=self._form_id(),
            customer_id=customer_id,
            text=self.random.choice(NOTES),
            now=dt,
        )

    def _refused(self, dt: datetime) -> None:
        """Send a request that the rules refuse; the reasons take turns."""
        stranger = UNKNOWN_CUSTOMER + self.refusals
        reasons: list[dict[str, Any]] = [
            {"owner": definitions.PAPER_COLLECTOR.owner},  # 810
            {"owner": definitions.LANTERN_PARADE.owner},  # 810
            {"demo_badge": definitions.MARATHON_READER, "customer_id": stranger},  # 811
            {"demo_badge": definitions.CITY_EXPLORER, "customer_id": stranger},  # 811
            {"demo_badge": definitions.LANTERN_PARADE},  # 815
            {
                "demo_badge": definitions.LANTERN_PARADE,
                "origin": self._reasoned(REASONS[2]),
            },  # 815
            {"event_at": self._midnight(-200)},  # 816
            {"event_at": dt + timedelta(days=3)},  # 750
            {"demo_badge": definitions.WELCOME_ABOARD},  # 2001
            {
                "demo_badge": definitions.WELCOME_ABOARD,
                "origin": self._reasoned(REASONS[1]),
            },  # 2001
            {"request_id": self.last_request_id},  # 809
            {"badge_id": new_id()},  # 404
        ]
        if self.remaining[definitions.GOLDEN_TICKET] <= 0:
            reasons += [{"demo_badge": definitions.GOLDEN_TICKET}] * 3  # 2002
        reason = reasons[self.refusals % len(reasons)]
        self.refusals += 1
        # Welcome Aboard is refused for customers who have it already.
        customer_id = FIRST_CUSTOMER + self.random.randrange(self.new_customers or 1)
        arguments: dict[str, Any] = {
            "demo_badge": definitions.EARLY_BIRD,
            "customer_id": customer_id,
        }
        self._request_earn(dt, **arguments | reason)

    def _request_earn(
        self, dt: datetime, *, demo_badge: DemoBadge, origin: Origin | None = None, **more
    ) -> bool:
        """Request one earn; return whether it was accepted."""
        arguments: dict[str, Any] = {
            "badge_id": self.badge_ids[demo_badge],
            "owner": None if origin else demo_badge.owner,
            "request_id": self._form_id() if origin else self._request_id(dt),
        } | more
        with suppress(BadgeError):
            earn_badge(origin=origin or self._api(**arguments), now=dt, **arguments)
            self.last_request_id = arguments["request_id"]
            return True
        return False

    def _customers(self, demo_badge: DemoBadge, count: int, dt: datetime) -> list[int]:
        """Return at most `count` customers who may earn the badge."""
        count = min(count, self.remaining.get(demo_badge, count))
        if demo_badge.one_per_customer:
            first = FIRST_CUSTOMER + self.new_customers
            self.new_customers = min(self.new_customers + count, CUSTOMERS)
            return list(range(first, FIRST_CUSTOMER + self.new_customers))
        if not demo_badge.enrolment:
            return self._sample(count)
        enrolled = [enrolled for enrolled, until in self.enrolled[demo_badge].items() if until > dt]
        return self.random.sample(enrolled, min(count, len(enrolled)))

    def _sample(self, count: int) -> list[int]:
        """Return distinct customers; some of them are more likely than others."""
        indexes = (int(CUSTOMERS * self.random.random() ** 1.4) for _ in range(count))
        return list(dict.fromkeys(FIRST_CUSTOMER + index for index in indexes))

    def _count(self, demo_badge: DemoBadge, accepted: int) -> None:
        if demo_badge in self.remaining:
            self.remaining[demo_badge] -= accepted

    def _request_id(self, dt: datetime) -> str:
        self.requests += 1
        return f"loyalty-{dt:%Y%m%d}-{self.requests:05d}"

    def _form_id(self) -> str:
        """Return the request id of a form."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def _reasoned(self, reason: tuple[str, str], user: User | None = None) -> Origin:
        """Return the origin of a request with a reason of the list; half have a case number."""
        name, comment = reason
        case = FIRST_CASE + self.random.randrange(2_000)
        return replace(
            self._desk(user=user, reason=comment),
            because=self.reason_ids.get(name),
            case_number=f"MC-{case}" if case % 2 else "",
        )

    def _desk(self, user: User | None = None, reason: str = "") -> Origin:
        return Origin(channel=Channel.MEMBERCARE, user=user or self.actors.clerk, reason=reason)

    def _api(self, **arguments) -> Origin:
        content = json.dumps(wire_body(**arguments)) if arguments else ""
        return Origin(channel=Channel.API, integrator=self.actors.integrator, content=content)


def wire_body(*, badge_id, request_id, owner=None, event_at=None, **customers) -> dict:
    """Return the body that an integrator would have sent."""
    names = {"customer_id": "customerId", "customer_ids": "customerIds"}
    body = {"badgeMetaId": badge_id, "requestId": request_id}
    body |= {names.get(name, name): value for name, value in customers.items()}
    if event_at:
        body["earnEventDateISO"] = event_at.isoformat()
    if owner:
        body["triggeredBy"] = {"ownerType": owner.owner_type, "referenceId": owner.reference_id}
    return body
