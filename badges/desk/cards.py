"""The badges of a customer as cards: what each is, how it stands, what could be done with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges import reads
from badges.desk.eligibility import OPEN, REFUSED, LimitUse, Verdict
from badges.desk.picker import STANDINGS, Standing, standing
from badges.desk.pictures import Picture, picture_of
from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeMeta, Definition, EarnedBadge, Enrolment, Limit, Status
from badges.reads import Holding, Listed
from badges.services.earn import preview_earns
from badges.services.enrol import preview_enrolments
from badges.services.requests import Origin

PAGE_SIZE = 12
SHOWN_CLAIMS = 3
LIVE = STANDINGS[Status.LIVE]


class Tab(Enum):
    """The four lists of the page (contract, 6.1)."""

    ENROL = ("enrol", Listed.ENROLABLE, gettext_lazy("Available to enrol"), "how_to_reg")
    ISSUE = ("issue", Listed.EARNABLE, gettext_lazy("Available to issue"), "add_circle")
    ISSUED = ("issued", Listed.HELD, gettext_lazy("Issued"), "verified")
    EXPIRED = ("expired", Listed.LAPSED, gettext_lazy("Expired"), "history")

    def __init__(self, slug, listed, label, icon):
        self.slug, self.listed, self.label, self.icon = slug, listed, label, icon

    @classmethod
    def named(cls, slug: str) -> "Tab | None":
        return next((tab for tab in cls if tab.slug == slug), None)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One badge as it is to one customer.

    `had` is what the customer was given of it, if anything; `fact` what an enrolment or an issue
    would write now, or None when `verdict` says no.
    """

    badge: BadgeMeta
    had: Holding | None
    standing: Standing
    picture: Picture
    verdict: Verdict
    fact: EarnedBadge | Enrolment | None
    limits: list[LimitUse]

    @property
    def refused(self) -> bool:
        return self.verdict.state == REFUSED

    @property
    def may_enrol(self) -> bool:
        """Whether an enrolment from now on is what is missing."""
        return self.verdict.code == ErrorCode.ENROLMENT_REQUIRED and self.standing == LIVE

    @property
    def enrolled_until(self) -> datetime | None:
        enrolment = getattr(self.fact, "enrolment", None)
        return enrolment and enrolment.expires_at

    @property
    def claims(self) -> list:
        return [claim for claim in self.badge.claims.all() if claim.active]

    @property
    def first_claims(self) -> list:
        return self.claims[:SHOWN_CLAIMS]

    @property
    def more_claims(self) -> int:
        return max(len(self.claims) - SHOWN_CLAIMS, 0)


class Had(Sequence):
    """Badges of which a customer has something active or, for `active` False, nothing any more.

    The last one issued comes first; a slice of them is read only when it is asked for.
    """

    def __init__(self, holdings: Mapping[str, Holding], *, active: bool):
        had = [
            (each.last_earned_at, badge_id)
            for badge_id, each in holdings.items()
            if each.standing and bool(each.active) == active
        ]
        self.ids = [badge_id for _at, badge_id in sorted(had, reverse=True)]

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, places):
        found = BadgeMeta.objects.with_everything().in_bulk(self.ids[places])
        return [found[badge_id] for badge_id in self.ids[places]]


def listed_on(
    tab: Tab,
    customer_id: int,
    holdings: Mapping[str, Holding],
    now: datetime,
    used_up: Iterable[str],
) -> Sequence[BadgeMeta]:
    """Return the badges of a tab; the one to issue from has those that cannot be issued at its end.

    A badge that cannot be issued, for a limit that is `used_up` or else, says why instead of being
    hidden.
    """
    if tab == Tab.ISSUE:
        return reads.every_badge_of(customer_id, now=now, used_up=used_up)
    if tab == Tab.ENROL:
        return reads.enrolable_badges_of(customer_id, now=now)
    return Had(holdings, active=tab == Tab.ISSUED)


def cards_of(
    tab: Tab,
    customer_id: int,
    badges: Sequence[BadgeMeta],
    holdings: Mapping[str, Holding],
    used: Mapping[str, Mapping[Limit, int]],
    *,
    origin: Origin,
    now: datetime,
) -> list[Card]:
    """Return a card for each badge, in as many queries for many badges as for one.

    `used` is how much of each of their limits is used up.
    """
    definitions = [badge.definition() for badge in badges]
    call = {"origin": origin, "customer_id": customer_id, "badges": definitions, "now": now}
    if tab == Tab.ENROL:
        found = preview_enrolments(**call)
        can, cannot = _("Can be enrolled"), _("Cannot be enrolled")
    else:
        found = preview_earns(**call, used=used)
        can, cannot = _("Can be issued"), _("Cannot be issued now")
    return [
        Card(
            badge=badge,
            had=holdings.get(badge.pk),
            standing=standing(definition, now),
            picture=picture_of(badge),
            verdict=said(found[badge.pk].outcome.refusal, can, cannot),
            fact=found[badge.pk].outcome.fact,
            limits=_limits(definition, used[badge.pk], now),
        )
        for badge, definition in zip(badges, definitions, strict=True)
    ]


def said(refusal: BadgeError | None, can: str, cannot: str) -> Verdict:
    """Return a verdict without its facts, for which a card has its own places."""
    if refusal is None:
        return Verdict(state=OPEN, title=can)
    return Verdict(state=REFUSED, title=cannot, text=refusal.message, code=int(refusal.code))


def _limits(badge: Definition, used: Mapping[Limit, int], now: datetime) -> list[LimitUse]:
    return [LimitUse(limit=limit, used=used[limit]) for limit in badge.limits_at(now)]
