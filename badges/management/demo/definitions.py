"""The badges of the demo: both types, every status, and every kind of limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from badges.models import (
    EarnType,
    Expiry,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    OwnerType,
    Unit,
    Weekday,
)
from badges.models.values import start_of_day
from badges.services.catalogue.definitions import BadgeDraft

NEVER = Expiry(ExpiryKind.NEVER)
WITH_BADGE = Expiry(ExpiryKind.WITH_BADGE)
ALL_DAY = (7, 23)


def after(count: int, unit: Unit) -> Expiry:
    return Expiry(ExpiryKind.RELATIVE, unit, count)


def customer_limit(maximum: int, kind: LimitKind, length=None, unit=None, weekday=None) -> Limit:
    return Limit(LimitLevel.CUSTOMER, kind, maximum, unit, length, weekday)


def badge_limit(maximum: int, kind: LimitKind, length=None, unit=None) -> Limit:
    return Limit(LimitLevel.BADGE, kind, maximum, unit, length)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemoBadge:
    """A badge of the demo and its earns; days are relative to today, past days are negative.

    `share` is the relative number of its earns on a day, `stops_at` the maximum number of its
    earns, `switched_off` the day on which it becomes inactive, and `hours` the time of day of its
    earns. A badge with `one_per_customer` goes to one new customer after the other.
    """

    name: str
    description: str
    owner: Owner
    days: tuple[int, int]
    share: int
    expiry: Expiry
    enrolment: Expiry | None = None
    limits: Sequence[Limit] = ()
    hours: tuple[int, int] = ALL_DAY
    stops_at: int | None = None
    switched_off: int | None = None
    one_per_customer: bool = False

    def is_earned_on(self, day: int) -> bool:
        """Return whether customers earn the badge on a day; its first day is for preparing it."""
        begin, end = self.days
        return begin < day < end and (self.switched_off is None or day < self.switched_off)

    def draft(self, now: datetime, *, rank: int, active: bool = True) -> BadgeDraft:
        begin, end = (start_of_day(now) + timedelta(days=day) for day in self.days)
        values = {
            "name": self.name,
            "description": self.description,
            "earn_type": EarnType.ISSUE_EARN if self.enrolment else EarnType.EARN,
            "active": active,
            "starts_at": begin,
            "expires_at": end,
            "rank": rank,
            **_columns("earned", self.expiry),
            **_columns("enrolment", self.enrolment),
        }
        return BadgeDraft(values=values, owners=[self.owner.owner_type], limits=self.limits)


def _columns(prefix: str, expiry: Expiry | None) -> dict:
    if expiry is None:
        return {}
    return {
        f"{prefix}_expiry_kind": expiry.kind,
        f"{prefix}_expiry_unit": expiry.unit or "",
        f"{prefix}_expiry_count": expiry.count,
        f"{prefix}_expiry_at": expiry.at,
    }


EARLY_BIRD = DemoBadge(
    name="Early Bird",
    description="Bought something before nine in the morning.",
    owner=Owner(OwnerType.LOYALTY, "123694"),
    days=(-120, 730),
    share=20,
    expiry=after(6, Unit.MONTHS),
    hours=(6, 9),
)
NIGHT_OWL = DemoBadge(
    name="Night Owl",
    description="Ordered after nine in the evening; at most five in seven days.",
    owner=Owner(OwnerType.AUDIENCE_CAMPAIGNS, "NIGHT-7"),
    days=(-110, 365),
    share=12,
    expiry=after(3, Unit.MONTHS),
    limits=[customer_limit(5, LimitKind.ROLLING_WINDOW, 7, Unit.DAYS)],
    hours=(21, 24),
)
GREEN_SHOPPER = DemoBadge(
    name="Green Shopper",
    description="Brought a bag; at most three times from Monday to Sunday.",
    owner=Owner(OwnerType.LOYALTY_PROMOTION, "GREEN-BAGS"),
    days=(-110, 300),
    share=16,
    expiry=after(12, Unit.MONTHS),
    limits=[customer_limit(3, LimitKind.FIXED_WINDOW, 1, Unit.WEEKS, Weekday.MONDAY)],
)
FRIEND_FINDER = DemoBadge(
    name="Friend Finder",
    description="A friend joined; at most five in a calendar month.",
    owner=Owner(OwnerType.REFERRAL_CAMPAIGNS, "FRIENDS-2"),
    days=(-62, 400),
    share=9,
    expiry=NEVER,
    limits=[customer_limit(5, LimitKind.FIXED_WINDOW, 1, Unit.MONTHS)],
)
WELCOME_ABOARD = DemoBadge(
    name="Welcome Aboard",
    description="Joined the programme; once in a lifetime.",
    owner=Owner(OwnerType.JOURNEYS, "JOURNEY-100"),
    days=(-120, 900),
    share=7,
    expiry=NEVER,
    limits=[customer_limit(1, LimitKind.FIXED_VALUE)],
    one_per_customer=True,
)
MARATHON_READER = DemoBadge(
    name="Marathon Reader",
    description="Finished a book within eight weeks of signing up.",
    owner=Owner(OwnerType.MILESTONES, "READING-42"),
    days=(-105, 260),
    share=8,
    expiry=WITH_BADGE,
    enrolment=after(8, Unit.WEEKS),
    limits=[customer_limit(10, LimitKind.FIXED_VALUE)],
)
CITY_EXPLORER = DemoBadge(
    name="City Explorer",
    description="Visited a new place; for those who signed up, at most 400 a day in all.",
    owner=Owner(OwnerType.JOURNEYS, "JOURNEY-201"),
    days=(-80, 120),
    share=9,
    expiry=after(26, Unit.WEEKS),
    enrolment=WITH_BADGE,
    limits=[badge_limit(400, LimitKind.FIXED_WINDOW, 1, Unit.DAYS)],
)
FOUNDING_MEMBER = DemoBadge(
    name="Founding Member",
    description="One of the first five hundred members of the club.",
    owner=Owner(OwnerType.REWARDS_CATALOG, "FOUNDERS"),
    days=(-100, 200),
    share=4,
    expiry=NEVER,
    limits=[badge_limit(500, LimitKind.FIXED_VALUE)],
    stops_at=488,
)
GOLDEN_TICKET = DemoBadge(
    name="Golden Ticket",
    description="One of 250 tickets; all of them are gone.",
    owner=Owner(OwnerType.REWARDS_CATALOG, "GOLD-250"),
    days=(-95, 90),
    share=4,
    expiry=after(90, Unit.DAYS),
    limits=[badge_limit(250, LimitKind.FIXED_VALUE)],
    stops_at=250,
)
KIND_GESTURE = DemoBadge(
    name="Kind Gesture",
    description="Our way to say sorry; at most 300 in seven days in all.",
    owner=Owner(OwnerType.GOODWILL_MODULE, "GESTURE-1"),
    days=(-120, 365),
    share=1,
    expiry=after(30, Unit.DAYS),
    limits=[badge_limit(300, LimitKind.ROLLING_WINDOW, 7, Unit.DAYS)],
)
CITY_FESTIVAL = DemoBadge(
    name="City Festival",
    description="Was at the festival; the badge is over.",
    owner=Owner(OwnerType.LOYALTY_PROMOTION, "FESTIVAL"),
    days=(-100, -20),
    share=14,
    expiry=after(60, Unit.DAYS),
    limits=[customer_limit(2, LimitKind.FIXED_WINDOW, 1, Unit.DAYS)],
)
STEP_CHALLENGE = DemoBadge(
    name="Step Challenge",
    description="Walked ten thousand steps a day; the challenge is over.",
    owner=Owner(OwnerType.MILESTONES, "STEPS-7"),
    days=(-100, -35),
    share=6,
    expiry=NEVER,
    enrolment=WITH_BADGE,
)
PAPER_COLLECTOR = DemoBadge(
    name="Paper Collector",
    description="Collected paper coupons; switched off since the coupons are digital.",
    owner=Owner(OwnerType.LOYALTY, "PAPER-9"),
    days=(-120, 150),
    share=7,
    expiry=after(2, Unit.MONTHS),
    switched_off=-15,
)
LANTERN_PARADE = DemoBadge(
    name="Lantern Parade",
    description="Walks in the parade; begins in three weeks.",
    owner=Owner(OwnerType.LOYALTY_PROMOTION, "LANTERNS"),
    days=(21, 60),
    share=0,
    expiry=WITH_BADGE,
    limits=[
        customer_limit(1, LimitKind.FIXED_VALUE),
        badge_limit(1_000, LimitKind.FIXED_VALUE),
    ],
)

DEMO_BADGES = [
    EARLY_BIRD,
    NIGHT_OWL,
    GREEN_SHOPPER,
    FRIEND_FINDER,
    WELCOME_ABOARD,
    MARATHON_READER,
    CITY_EXPLORER,
    FOUNDING_MEMBER,
    GOLDEN_TICKET,
    KIND_GESTURE,
    CITY_FESTIVAL,
    STEP_CHALLENGE,
    PAPER_COLLECTOR,
    LANTERN_PARADE,
]
