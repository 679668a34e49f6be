"""The badges of a customer as cards, with their state and the possible actions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.issuing.verdicts import OPEN, REFUSED, LimitUse, Verdict
from badges.desk.parts.picker import STATUS_PILLS, Pill, pill_of
from badges.desk.parts.pictures import Picture, picture_of
from badges.errors import BadgeError, ErrorCode
from badges.models import BadgeMeta, Claim, Definition, Enrolment, Limit, Status
from badges.offers import Offers
from badges.paging import count_of, max_count
from badges.selectors.customer_badges import BadgeList, Holding
from badges.services.customers.enrol import EnrolmentPreview, preview_enrolments
from badges.services.customers.limits import used_of_badges
from badges.services.earning.command import Earned
from badges.services.earning.preview import Preview, preview_earns
from badges.services.request_log import Origin

PAGE_SIZE = 12
SHOWN_CLAIMS = 3
CLAIMS = [f"claim_{index}" for index in range(SHOWN_CLAIMS)]
LIVE = STATUS_PILLS[Status.LIVE]
LIMIT_CODES = (ErrorCode.CUSTOMER_LIMIT_REACHED, ErrorCode.BADGE_LIMIT_REACHED)


class Tab(Enum):
    """The four lists of the page (CONTRACT.md, 6.1)."""

    ENROL = ("enrol", BadgeList.ENROLABLE, gettext_lazy("Available to enrol"), "how_to_reg")
    ISSUE = ("issue", BadgeList.EARNABLE, gettext_lazy("Available to issue"), "add_circle")
    ISSUED = ("issued", BadgeList.HELD, gettext_lazy("Issued"), "verified")
    EXPIRED = ("expired", BadgeList.LAPSED, gettext_lazy("Expired"), "history")

    def __init__(self, slug, listed, label, icon):
        self.slug, self.listed, self.label, self.icon = slug, listed, label, icon

    @classmethod
    def named(cls, slug: str) -> "Tab | None":
        return next((tab for tab in cls if tab.slug == slug), None)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One badge in relation to one customer.

    `holding` summarizes the badges issued to the customer, if any. `fact` is the row that an
    enrolment or an issue would write now, or None if `verdict` is a refusal.
    """

    badge: BadgeMeta
    holding: Holding | None
    pill: Pill
    picture: Picture
    verdict: Verdict
    fact: Earned | Enrolment | None
    limits: list[LimitUse]

    @property
    def refused(self) -> bool:
        return self.verdict.state == REFUSED

    @property
    def may_enrol(self) -> bool:
        """Return whether an enrolment from now on is the only thing that is missing."""
        return self.verdict.code == ErrorCode.ENROLMENT_REQUIRED and self.pill == LIVE

    @property
    def other_date_is_possible(self) -> bool:
        """Return whether the refusal depends on the event date, so that an earlier one may pass.

        The badge has expired, or each limit that is used up has a fixed window, and the badge began
        before it.
        """
        if self.verdict.code == ErrorCode.OUTSIDE_WINDOW:
            return True
        if self.verdict.code not in LIMIT_CODES:
            return False
        began_on = self.badge.starts_at.date()
        reached = [use for use in self.limits if not use.left]
        return all(use.days is not None and began_on < use.days[0] for use in reached)

    @property
    def enrolled_until(self) -> datetime | None:
        enrolment = getattr(self.fact, "enrolment", None)
        return enrolment and enrolment.expires_at

    @property
    def first_claims(self) -> list[Claim]:
        return self.badge.first_claims  # type: ignore[attr-defined]  # set by Cards

    @property
    def more_claims(self) -> int:
        claim_count: int = self.badge.claim_count  # type: ignore[attr-defined]  # set by Cards
        return max(claim_count - SHOWN_CLAIMS, 0)

    @property
    def claims_are_cut(self) -> bool:
        claim_count: int = self.badge.claim_count  # type: ignore[attr-defined]  # set by Cards
        return claim_count > max_count(PAGE_SIZE)


class Cards(Sequence):
    """Badges by their keys; a slice of them is read only on access."""

    def __init__(self, ids: list[str]):
        self.ids = ids

    def __len__(self):
        return len(self.ids)

    def __getitem__(self, index):
        claims = Claim.objects.active().filter(badge=OuterRef("pk"))
        first = claims.order_by("owner_type", "reference_id").values("pk")
        found = (
            BadgeMeta.objects.with_display_parts()
            .with_rules()
            .annotate(
                claim_count=count_of(Claim, "badge", on_a_page=PAGE_SIZE, active=True),
                **{name: Subquery(first[index : index + 1]) for index, name in enumerate(CLAIMS)},
            )
            .in_bulk(self.ids[index])
        )
        keys = [getattr(badge, name) for badge in found.values() for name in CLAIMS]
        first_claims = Claim.objects.in_bulk([key for key in keys if key])
        for badge in found.values():
            keys = [getattr(badge, name) for name in CLAIMS]
            badge.first_claims = [  # type: ignore[attr-defined]
                first_claims[key] for key in keys if key in first_claims
            ]
        return [found[badge_id] for badge_id in self.ids[index] if badge_id in found]


def _held(holdings: Mapping[str, Holding], *, active: bool) -> list[str]:
    """Return the badges that are active for the customer, or those that are no longer active.

    The badge that was issued last comes first.
    """
    held = [
        (each.last_earned_at, badge_id)
        for badge_id, each in holdings.items()
        if each.not_revoked and bool(each.active) == active
    ]
    return [badge_id for _at, badge_id in sorted(held, reverse=True)]


def listed_on(
    tab: Tab, offers: Offers, holdings: Mapping[str, Holding], used_up: Collection[str]
) -> Cards:
    """Return the badges of a tab.

    The tab for issuing puts the badges that cannot be issued at the end. It does not hide them,
    because their cards show the reason, for example a limit that is `used_up`.
    """
    if tab == Tab.ISSUE:
        return Cards(offers.to_issue(used_up))
    if tab == Tab.ENROL:
        return Cards(offers.to_enrol())
    return Cards(_held(holdings, active=tab == Tab.ISSUED))


def cards_of(
    tab: Tab,
    customer_id: int,
    badges: Sequence[BadgeMeta],
    holdings: Mapping[str, Holding],
    used: Mapping[str, Mapping[Limit, int]] | None,
    *,
    origin: Origin,
    now: datetime,
) -> list[Card]:
    """Return a card for each badge, with the same number of queries for any number of badges.

    `used` is the used part of each limit of these badges, or None if it is not counted yet. An
    issue at the desk needs no claim, so the claims of the badges are not read.
    """
    definitions = [_without_claims(badge) for badge in badges]
    if used is None:
        used = used_of_badges(definitions, customer_id, event_at=now, now=now)
    call: dict[str, Any] = {
        "origin": origin,
        "customer_id": customer_id,
        "badges": definitions,
        "now": now,
    }
    found: Mapping[str, EnrolmentPreview | Preview]
    if tab == Tab.ENROL:
        found = preview_enrolments(**call)
        can, cannot = _("Can be enrolled"), _("Cannot be enrolled")
    else:
        found = preview_earns(**call, used=used)
        can, cannot = _("Can be issued"), _("Cannot be issued now")
    return [
        Card(
            badge=badge,
            holding=holdings.get(badge.pk),
            pill=pill_of(definition, now),
            picture=picture_of(badge),
            verdict=verdict_of(found[badge.pk].outcome.refusal, can, cannot),
            fact=found[badge.pk].outcome.fact,
            limits=_limits(definition, used[badge.pk], now),
        )
        for badge, definition in zip(badges, definitions, strict=True)
    ]


def _without_claims(badge: BadgeMeta) -> Definition:
    owners = [owner.owner_type for owner in badge.owners.all()]
    limits = [limit.value for limit in badge.limits.all()]
    return badge.with_parts(owners=owners, limits=limits, claims=())


def verdict_of(refusal: BadgeError | None, can: str, cannot: str) -> Verdict:
    """Return a verdict without its facts, which a card shows elsewhere."""
    if refusal is None:
        return Verdict(state=OPEN, title=can)
    return Verdict(state=REFUSED, title=cannot, text=refusal.message, code=int(refusal.code))


def _limits(badge: Definition, used: Mapping[Limit, int], now: datetime) -> list[LimitUse]:
    return [LimitUse.at(now, badge, limit, used[limit]) for limit in badge.limits_at(now)]
