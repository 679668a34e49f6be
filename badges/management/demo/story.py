"""Three months of the demo's programme, told through the services: only they write."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from random import Random
from uuid import UUID

from django.contrib.auth.models import User

from badges.errors import BadgeError
from badges.management.demo import cast
from badges.management.demo.cast import CAST, Part
from badges.models import Channel, Integrator, new_id
from badges.models.values import start_of_day
from badges.services import definitions
from badges.services.earn import earn_badge, earn_badges
from badges.services.enrol import enrol_customers
from badges.services.requests import Origin

EARNS = 20_000
DAYS = 90
FIRST_CUSTOMER = 1_001
CUSTOMERS = 2_000
STRANGERS = 900_001
PACE_BY_WEEKDAY = [0.85, 0.8, 0.9, 1.0, 1.25, 1.5, 1.1]
GROWTH = 0.9
ALONE = 0.11
SHORTEST_LIST = 20
BY_STAFF_A_DAY = 5
REASONS = [
    "Apology for a late delivery",
    "The app was down at the till",
    "Receipt shown at the counter",
    "Card was left at home",
    "Complaint settled by phone",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """Who acts in the story."""

    integrator: Integrator
    clerk: User
    supervisor: User


class Story:
    """One telling of the story up to `now`, with about `earns` earned badges."""

    def __init__(self, *, actors: Actors, now: datetime, earns: int):
        self.actors = actors
        self.now = now
        self.chance = Random(20_000)  # noqa: S311 - a story, not a secret
        self.badge_ids = {}
        self.enrolled = defaultdict(dict)
        self.left = {part: part.stops_at for part in CAST if part.stops_at}
        self.waiting = Counter()
        self.newcomers = 0
        self.requests = 0
        self.refusals = 0
        self.last_request_id = ""
        self.pace = self._pace(earns)

    def tell(self) -> None:
        """Prepare the badges, then play day by day, every day in the order of its hours."""
        for rank, part in enumerate(CAST, start=1):
            self._prepare(part, rank)
        for day in range(-DAYS, 1):
            for moment, scene in sorted(self._scenes(day), key=itemgetter(0)):
                if moment <= self.now:
                    scene(moment)

    def _pace(self, earns: int) -> dict[int, float]:
        """Return how many badges are earned on each day: weeks have a rhythm, and it grows."""
        weights = {}
        for day in range(-DAYS, 1):
            rhythm = PACE_BY_WEEKDAY[self._midnight(day).weekday()]
            growth = 1 + GROWTH * (day + DAYS) / DAYS
            weights[day] = rhythm * growth * self.chance.uniform(0.9, 1.1)
        return {day: earns * weight / sum(weights.values()) for day, weight in weights.items()}

    def _midnight(self, day: int) -> datetime:
        return start_of_day(self.now) + timedelta(days=day)

    def _moment(self, day: int, hours: tuple[int, int] = cast.ALL_DAY) -> datetime:
        begin, end = hours
        return (
            self._midnight(day)
            + timedelta(seconds=self.chance.randrange(begin, end) * 3600)
            + (timedelta(milliseconds=self.chance.randrange(3_600_000)))
        )

    def _prepare(self, part: Part, rank: int) -> None:
        moment = self._moment(-DAYS - 3, (9, 17))
        badge = definitions.create_badge(
            origin=self._desk(user=self.actors.supervisor),
            draft=part.draft(self.now, rank=rank),
            now=moment,
        )
        self.badge_ids[part] = badge.pk
        definitions.claim_badge(
            origin=self._api(),
            badge_id=badge.pk,
            owner=part.owner,
            now=moment + timedelta(minutes=20),
        )

    def _scenes(self, day: int) -> Iterator[tuple]:
        """Yield what happens on a day, as a moment and what is done at it."""
        on_stage = [part for part in CAST if part.plays_on(day)]
        shares = sum(part.share for part in on_stage)
        for part in on_stage:
            yield from self._earns(part, day, self.pace[day] * part.share / shares)
            if part.enrolment and (day % 4 == 0 or not self.enrolled[part]):
                yield self._moment(day, (5, 6)), partial(self._enrol, part)
        for part in CAST:
            if part.switched_off == day:
                yield self._moment(day, (9, 17)), partial(self._switch_off, part)
        for _ in range(BY_STAFF_A_DAY):
            yield self._moment(day, (8, 20)), self._by_staff
        yield self._moment(day), self._refused

    def _earns(self, part: Part, day: int, count: float) -> Iterator[tuple]:
        alone = round(count * ALONE)
        for _ in range(alone):
            yield self._moment(day, part.hours), partial(self._earn, part)
        self.waiting[part] += round(count) - alone
        if self.waiting[part] >= SHORTEST_LIST or day == 0:
            yield self._moment(day, part.hours), partial(self._earn_many, part)

    def _earn(self, part: Part, moment: datetime) -> None:
        for customer_id in self._customers(part, 1, moment):
            late = timedelta(minutes=self.chance.randrange(45))
            event_at = None if part.enrolment else moment - late
            if self._ask(moment, part=part, customer_id=customer_id, event_at=event_at):
                self._count(part, 1)

    def _earn_many(self, part: Part, moment: datetime) -> None:
        customer_ids = self._customers(part, self.waiting.pop(part), moment)
        if not customer_ids:
            return
        request_id = self._request_id(moment)
        asked = {"badge_id": self.badge_ids[part], "owner": part.owner, "request_id": request_id}
        result = earn_badges(
            origin=self._api(**asked, customer_ids=customer_ids),
            customer_ids=customer_ids,
            now=moment,
            **asked,
        )
        self._count(part, len(result.facts))

    def _enrol(self, part: Part, moment: datetime) -> None:
        """Enrol customers who are not; every second list comes from the staff."""
        known = self.enrolled[part]
        customer_ids = [
            customer_id
            for customer_id in self._sample(120)
            if known.get(customer_id, moment) <= moment
        ]
        asked = {"badge_id": self.badge_ids[part], "request_id": self._request_id(moment)}
        origin = self.chance.choice([self._api(**asked, customers=customer_ids), self._desk()])
        result = enrol_customers(
            origin=origin,
            customer_ids=customer_ids,
            owner=part.owner if origin.integrator else None,
            now=moment,
            **asked,
        )
        for fact in result.facts:
            known[fact.customer_id] = fact.expires_at

    def _switch_off(self, part: Part, moment: datetime) -> None:
        definitions.update_badge(
            origin=self._desk(user=self.actors.supervisor, reason="The coupons are digital now"),
            badge_id=self.badge_ids[part],
            draft=part.draft(self.now, rank=CAST.index(part) + 1, active=False),
            now=moment,
        )

    def _by_staff(self, moment: datetime) -> None:
        part = self.chance.choice([cast.KIND_GESTURE, cast.KIND_GESTURE, cast.GREEN_SHOPPER])
        (customer_id,) = self._customers(part, 1, moment)
        user = self.chance.choice([self.actors.clerk] * 4 + [self.actors.supervisor])
        origin = self._desk(user=user, reason=self.chance.choice(REASONS))
        self._ask(moment, part=part, customer_id=customer_id, origin=origin)

    def _refused(self, moment: datetime) -> None:
        """Ask for what the rules refuse, for one reason after the other."""
        reasons = [
            {"owner": cast.PAPER_COLLECTOR.owner},  # 810
            {"owner": cast.LANTERN_PARADE.owner},  # 810
            {"part": cast.MARATHON_READER, "customer_id": STRANGERS},  # 811
            {"part": cast.CITY_EXPLORER, "customer_id": STRANGERS + 1},  # 811
            {"part": cast.LANTERN_PARADE},  # 815
            {"part": cast.LANTERN_PARADE, "origin": self._desk(reason=REASONS[2])},  # 815
            {"event_at": self._midnight(-200)},  # 816
            {"event_at": moment + timedelta(days=3)},  # 750
            {"part": cast.WELCOME_ABOARD},  # 2001
            {"part": cast.WELCOME_ABOARD, "origin": self._desk(reason=REASONS[1])},  # 2001
            {"request_id": self.last_request_id},  # 809
            {"badge_id": new_id()},  # 404
        ]
        if self.left[cast.GOLDEN_TICKET] <= 0:
            reasons += [{"part": cast.GOLDEN_TICKET}] * 3  # 2002
        reason = reasons[self.refusals % len(reasons)]
        self.refusals += 1
        asked = {"part": cast.EARLY_BIRD, "customer_id": FIRST_CUSTOMER}
        self._ask(moment, **asked | reason)

    def _ask(self, moment: datetime, *, part: Part, origin: Origin | None = None, **more) -> bool:
        """Ask for one earn; return whether it was accepted."""
        asked = {
            "badge_id": self.badge_ids[part],
            "owner": None if origin else part.owner,
            "request_id": str(UUID(int=self.chance.getrandbits(128), version=4))
            if origin
            else self._request_id(moment),
        } | more
        with suppress(BadgeError):
            earn_badge(origin=origin or self._api(**asked), now=moment, **asked)
            self.last_request_id = asked["request_id"]
            return True
        return False

    def _customers(self, part: Part, count: int, moment: datetime) -> list[int]:
        """Return up to so many customers who may earn the badge."""
        count = min(count, self.left.get(part, count))
        if part.once:
            first = FIRST_CUSTOMER + self.newcomers
            self.newcomers = min(self.newcomers + count, CUSTOMERS)
            return list(range(first, FIRST_CUSTOMER + self.newcomers))
        if not part.enrolment:
            return self._sample(count)
        enrolled = [known for known, until in self.enrolled[part].items() if until > moment]
        return self.chance.sample(enrolled, min(count, len(enrolled)))

    def _sample(self, count: int) -> list[int]:
        """Return customers, some of them more eager than others, each once."""
        drawn = (int(CUSTOMERS * self.chance.random() ** 1.4) for _ in range(count))
        return list(dict.fromkeys(FIRST_CUSTOMER + place for place in drawn))

    def _count(self, part: Part, accepted: int) -> None:
        if part in self.left:
            self.left[part] -= accepted

    def _request_id(self, moment: datetime) -> str:
        self.requests += 1
        return f"loyalty-{moment:%Y%m%d}-{self.requests:05d}"

    def _desk(self, user: User | None = None, reason: str = "") -> Origin:
        return Origin(channel=Channel.MEMBERCARE, user=user or self.actors.clerk, reason=reason)

    def _api(self, **asked) -> Origin:
        content = json.dumps(wire_body(**asked)) if asked else ""
        return Origin(channel=Channel.API, integrator=self.actors.integrator, content=content)


def wire_body(*, badge_id, request_id, owner=None, event_at=None, **customers) -> dict:
    """Return the body an integrator would have sent."""
    names = {"customer_id": "customerId", "customer_ids": "customerIds"}
    body = {"badgeMetaId": badge_id, "requestId": request_id}
    body |= {names.get(name, name): value for name, value in customers.items()}
    if event_at:
        body["earnEventDateISO"] = event_at.isoformat()
    if owner:
        body["triggeredBy"] = {"ownerType": owner.owner_type, "referenceId": owner.reference_id}
    return body
