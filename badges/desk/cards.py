"""The badges of a customer as cards: what each is, how it stands, what could be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges import reads
from badges.desk.eligibility import OPEN, REFUSED, LimitUse, Verdict
from badges.desk.picker import STANDINGS, Standing, standing
from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeMeta, Definition, EarnedBadge, Enrolment, ImageTag, Status
from badges.reads import Listed
from badges.services import limits
from badges.services.earn import preview_earns
from badges.services.enrol import preview_enrolments
from badges.services.requests import Origin

PAGE_SIZE = 12
SHOWN_CLAIMS = 3
HUES = 6
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

    `fact` is what an enrolment or an issue would write now, or None when `verdict` says no.
    """

    badge: BadgeMeta
    standing: Standing
    picture: str
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

    @property
    def hue(self) -> int:
        """Which of the drawn pictures stands for the badge while it has none."""
        return hue_of(self.badge)


def listed_on(tab: Tab, customer_id: int, now: datetime) -> QuerySet[BadgeMeta]:
    """Return the badges of a tab; the one to issue from has those that cannot be issued at its end.

    A badge that cannot be issued says why instead of being hidden.
    """
    if tab == Tab.ISSUE:
        return reads.every_badge_of(customer_id, now=now)
    if tab == Tab.ENROL:
        return reads.badges_of(customer_id, tab.listed, now=now, sort="name")
    found = reads.badges_of(
        customer_id, tab.listed, now=now, sort="last_earned_at", descending=True
    )
    latest = EarnedBadge.objects.filter(pk=OuterRef("earned_badge_id"))
    return found.annotate(valid_until=Subquery(latest.values("expires_at")[:1]))


def cards_of(
    tab: Tab, customer_id: int, badges: Sequence[BadgeMeta], *, origin: Origin, now: datetime
) -> list[Card]:
    """Return a card for each badge, in as many queries for many badges as for one."""
    definitions = [badge.definition() for badge in badges]
    if tab == Tab.ENROL:
        used = limits.used_of_badges(definitions, customer_id, event_at=now, now=now)
        found = preview_enrolments(
            origin=origin, customer_id=customer_id, badges=definitions, now=now
        )
        can, cannot = _("Can be enrolled"), _("Cannot be enrolled")
    else:
        found = preview_earns(origin=origin, customer_id=customer_id, badges=definitions, now=now)
        used = {badge_id: preview.used for badge_id, preview in found.items()}
        can, cannot = _("Can be issued"), _("Cannot be issued now")
    return [
        Card(
            badge=badge,
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


def picture_of(badge: BadgeMeta) -> str:
    """Return the address of the picture of the badge as earned, or of any it has, or nothing.

    Only what the policy of our pages lets a browser fetch.
    """
    images = sorted(badge.images.all(), key=lambda image: image.tag != ImageTag.EARNED)
    addresses = [image.address for image in images]
    return next((given for given in addresses if given.startswith(("https://", "/"))), "")


def hue_of(badge: BadgeMeta) -> int:
    return int(badge.pk[-4:], 16) % HUES


def _limits(badge: Definition, used: dict, now: datetime) -> list[LimitUse]:
    return [LimitUse(limit=limit, used=used[limit]) for limit in badge.limits_at(now)]
