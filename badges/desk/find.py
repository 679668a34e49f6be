"""Find anything by what staff have at hand: whole ids, a reference, a part of a badge's name."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.pictures import Picture, picture_of
from badges.desk.timeline import place_of
from badges.models import (
    BadgeMeta,
    Channel,
    Claim,
    EarnedBadge,
    Enrolment,
    RefusedItem,
    RequestLog,
    is_id,
)
from badges.models.ids import customer_id_in

SHOWN = 8
LAST_ISSUED = 50


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One thing that was found; an `exact` one was named by its whole id."""

    title: str
    text: str
    url: str
    exact: bool = True
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was found of one kind; `more` says that there is more than is shown."""

    title: str
    icon: str
    hits: list[Hit]
    more: bool = False


@dataclass(kw_only=True)
class Found:
    """What was found for a text."""

    text: str
    groups: list[Group] = field(default_factory=list)

    @property
    def hits(self) -> list[Hit]:
        return [hit for group in self.groups for hit in group.hits]

    @property
    def only(self) -> Hit | None:
        """The one page to go to at once: of an exact id, or the only thing that matches."""
        return self.hits[0] if len(self.hits) == 1 else None


def find(text: str, user) -> Found:
    """Look a text up, each kind as far as the user may see it, by indexed columns alone.

    Names of badges are looked through only when the text is no id of anything known.
    """
    by_id = [
        _facts(text, user),
        _customers(text),
        _requests(text, user),
        *_of_reference(text, user),
        _of_staff(text, user),
    ]
    found = Found(text=text, groups=[group for group in by_id if group.hits])
    if not any(hit.exact for hit in found.hits):
        named = _badges(text, user)
        found.groups += [named] if named.hits else []
    return found


def customer_url(customer_id: int) -> str:
    return reverse("desk:customer", args=[customer_id])


def timeline_url(fact: EarnedBadge | Enrolment) -> str:
    """Return where the timeline of a fact's badge shows it."""
    page = reverse("desk:customer_badge", args=[fact.customer_id, fact.badge_id])
    return f"{page}?at={place_of(fact)}#at-{fact.pk}"


def _customers(text: str) -> Group:
    """Return the customer; every number is one, but one nobody heard of is no exact hit."""
    hits = []
    if number := customer_id_in(text):
        known = _is_known(number)
        words = _("Badges, timeline and actions") if known else _("Nothing is recorded yet")
        title = _("Customer %(id)d") % {"id": number}
        hits = [Hit(title=title, text=words, url=customer_url(number), exact=known)]
    return Group(title=_("Customers"), icon="person", hits=hits)


def _is_known(customer_id: int) -> bool:
    recorded = (EarnedBadge, Enrolment, RequestLog, RefusedItem)
    return any(model.objects.filter(customer_id=customer_id).exists() for model in recorded)


def _facts(text: str, user) -> Group:
    """Return the issued badge or the enrolment of an id."""
    hits = []
    kinds = {
        EarnedBadge: ("badges.view_earnedbadge", _("Issued badge")),
        Enrolment: ("badges.view_enrolment", _("Enrolment")),
    }
    for model, (right, words) in kinds.items():
        fact = _by_id(model, text) if user.has_perm(right) else None
        if fact is not None:
            about = {"what": words, "customer": fact.customer_id}
            told = _("%(what)s of customer %(customer)d") % about
            hits.append(_hit(fact.badge, text=told, url=timeline_url(fact)))
    return Group(title=_("Issued badges and enrolments"), icon="verified", hits=hits)


def _by_id(model: type[Model], text: str):
    sought = text.lower()
    found = model.objects.select_related("badge").prefetch_related("badge__images")
    return found.filter(pk=sought).first() if is_id(sought) else None


def _requests(text: str, user) -> Group:
    """Return the accepted request of an id, or the newest attempt when none was accepted."""
    sent = RequestLog.objects.filter(request_id=text).defer("content", "errors")
    request = None
    if user.has_perm("badges.view_requestlog"):
        request = sent.accepted().first() or sent.order_by("-pk").first()
    hits = []
    if request is not None:
        hits = [_request_hit(request, _("Request %(id)s") % {"id": request.request_id})]
    return Group(title=_("Requests"), icon="receipt_long", hits=hits)


def _request_hit(request: RequestLog, title: str) -> Hit:
    told = f"{request.get_operation_display()}: {request.get_outcome_display()}"
    url = reverse("desk:request", args=[request.pk])
    return Hit(title=title, text=told, url=url)


def _of_reference(text: str, user) -> list[Group]:
    """Return the badges that are claimed by a reference, and what was issued last for each claim.

    These are all references that the API can issue for. What was issued at the desk has the name
    of its actor as reference, and an import the id of its request: both are found by those.
    """
    claims = Claim.objects.filter(reference_id=text).select_related("badge")
    claims = claims.prefetch_related("badge__images")
    issued = EarnedBadge.objects.all()
    known = claims.with_last_issued(issued, most=LAST_ISSUED, now=timezone.now())
    found = list(known.order_by("-active", "pk")[: SHOWN + 1])
    claimed = [claim for claim in found if claim.active] if _may_see_claims(user) else []
    return [
        Group(
            title=_("Claims"),
            icon="link",
            hits=[_claim_hit(claim) for claim in claimed[:SHOWN]],
            more=len(claimed) > SHOWN,
        ),
        _issued_for(found[:SHOWN], user),
    ]


def _may_see_claims(user) -> bool:
    return user.has_perm("badges.view_claim") and user.has_perm("badges.view_badgemeta")


def _claim_hit(claim: Claim) -> Hit:
    told = _("claimed by %(claim)s") % {"claim": claim}
    return _hit(claim.badge, text=told, url=_badge_url(claim.badge_id))


def _issued_for(claims: list[Claim], user) -> Group:
    """Return for each claim the badge that was issued last for it, if it was lately."""
    ids = [claim.last_issued_id for claim in claims if claim.last_issued_id]
    may_see = ids and user.has_perm("badges.view_earnedbadge")
    facts = EarnedBadge.objects.in_bulk(ids) if may_see else {}
    hits = [
        _hit(
            claim.badge,
            text=_("issued last for %(claim)s, to customer %(customer)d")
            % {"claim": claim, "customer": facts[claim.last_issued_id].customer_id},
            url=timeline_url(facts[claim.last_issued_id]),
        )
        for claim in claims
        if claim.last_issued_id in facts
    ]
    return Group(title=_("Issued last for this reference"), icon="verified", hits=hits)


def _of_staff(text: str, user) -> Group:
    """Return what somebody asked for last at the desk: their name is the reference of it."""
    hits = []
    actor = User.objects.filter(username=text).first()
    if actor is not None and user.has_perm("badges.view_requestlog"):
        theirs = RequestLog.objects.filter(user=actor, channel=Channel.MEMBERCARE)
        hits = [
            _request_hit(request, _("Last request of %(name)s at the desk") % {"name": actor})
            for request in theirs.defer("content", "errors").order_by("-pk")[:1]
        ]
    return Group(title=_("Staff"), icon="badge", hits=hits)


def _badges(text: str, user) -> Group:
    """Return the badge of an id, or those whose name holds the text."""
    found = []
    if user.has_perm("badges.view_badgemeta"):
        named = BadgeMeta.objects.named_like(text).prefetch_related("images")
        found = list(named.order_by("name")[: SHOWN + 1])
    hits = [
        _hit(
            badge,
            text=badge.get_earn_type_display(),
            url=_badge_url(badge.pk),
            exact=badge.pk == text.lower(),
        )
        for badge in found[:SHOWN]
    ]
    return Group(title=_("Badges"), icon="military_tech", hits=hits, more=len(found) > SHOWN)


def _hit(badge: BadgeMeta, **shown) -> Hit:
    return Hit(title=badge.name, picture=picture_of(badge), **shown)


def _badge_url(badge_id: str) -> str:
    return reverse("desk:definition", args=[badge_id])
