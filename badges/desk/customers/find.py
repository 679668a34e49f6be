"""The search for anything at the desk: by a whole id, a reference, or a part of a badge's name."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.customers.timeline import cursor_of
from badges.desk.parts.grouped_numbers import explain_grouped_numbers
from badges.desk.parts.pictures import Picture, picture_of
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

MAX_HITS = 8
MAX_ISSUED = 50


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One search result; an `exact` one matches a whole id."""

    title: str
    text: str
    url: str
    exact: bool = True
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The results of one kind; `more` is true if more were found than are shown."""

    title: str
    icon: str
    hits: list[Hit]
    more: bool = False


@dataclass(kw_only=True)
class Found:
    """The results of a search."""

    text: str
    groups: list[Group] = field(default_factory=list)

    @property
    def hits(self) -> list[Hit]:
        return [hit for group in self.groups for hit in group.hits]

    @property
    def only(self) -> Hit | None:
        """Return the only result, to redirect to its page, or None."""
        return self.hits[0] if len(self.hits) == 1 else None

    @property
    def explanation(self) -> str:
        """Return the reason if a number in groups of digits is not looked up as a customer."""
        return explain_grouped_numbers(self.text)


def find(text: str, user) -> Found:
    """Search for a text by indexed columns, in all rows that the user has permission to view.

    Names of badges are searched only if the text is not the id of an existing row.
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
    """Return the URL of a fact in the timeline of its badge."""
    page = reverse("desk:customer_badge", args=[fact.customer_id, fact.badge_id])
    return f"{page}?at={cursor_of(fact)}#at-{fact.pk}"


def _customers(text: str) -> Group:
    """Return the customer with an id; without any row of requests, the hit is not exact."""
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
    """Return the issued badge or the enrolment with an id."""
    hits = []
    kinds = {
        EarnedBadge: ("badges.view_earnedbadge", _("Issued badge")),
        Enrolment: ("badges.view_enrolment", _("Enrolment")),
    }
    for model, (right, name) in kinds.items():
        fact = _by_id(model, text) if user.has_perm(right) else None
        if fact is not None:
            about = {"what": name, "customer": fact.customer_id}
            description = _("%(what)s of customer %(customer)d") % about
            hits.append(_hit(fact.badge, text=description, url=timeline_url(fact)))
    return Group(title=_("Issued badges and enrolments"), icon="verified", hits=hits)


def _by_id(model: type[Model], text: str):
    badge_id = text.lower()
    found = model._default_manager.select_related("badge").prefetch_related("badge__images")
    return found.filter(pk=badge_id).first() if is_id(badge_id) else None


def _requests(text: str, user) -> Group:
    """Return the accepted request with an id, or the newest attempt if none was accepted."""
    sent = RequestLog.objects.filter(request_id=text).defer("content", "errors")
    request = None
    if user.has_perm("badges.view_requestlog"):
        request = sent.accepted().first() or sent.order_by("-pk").first()
    hits = []
    if request is not None:
        hits = [_request_hit(request, _("Request %(id)s") % {"id": request.request_id})]
    return Group(title=_("Requests"), icon="receipt_long", hits=hits)


def _request_hit(request: RequestLog, title: str) -> Hit:
    description = f"{request.get_operation_display()}: {request.get_outcome_display()}"
    url = reverse("desk:request", args=[request.pk])
    return Hit(title=title, text=description, url=url)


def _of_reference(text: str, user) -> list[Group]:
    """Return the badges claimed by a reference, and the badge issued last for each claim.

    The API issues only for claimed references. The desk stores the username of the actor as
    reference, and an import the id of its request; these texts find other results.
    """
    claims = Claim.objects.filter(reference_id=text).select_related("badge")
    claims = claims.prefetch_related("badge__images")
    issued = EarnedBadge.objects.all()
    known = claims.with_last_issued(issued, maximum=MAX_ISSUED, now=timezone.now())
    found = list(known.order_by("-active", "pk")[: MAX_HITS + 1])
    claimed = [claim for claim in found if claim.active] if _may_see_claims(user) else []
    return [
        Group(
            title=_("Claims"),
            icon="link",
            hits=[_claim_hit(claim) for claim in claimed[:MAX_HITS]],
            more=len(claimed) > MAX_HITS,
        ),
        _issued_for(found[:MAX_HITS], user),
    ]


def _may_see_claims(user) -> bool:
    return user.has_perm("badges.view_claim") and user.has_perm("badges.view_badgemeta")


def _claim_hit(claim: Claim) -> Hit:
    description = _("claimed by %(claim)s") % {"claim": claim}
    return _hit(claim.badge, text=description, url=_badge_url(claim.badge_id))


def _issued_for(claims: list[Claim], user) -> Group:
    """Return the badge issued last for each claim, if it was issued recently."""
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
    """Return the last request of a user at the desk; earns have the username as reference."""
    hits = []
    actor = User.objects.filter(username=text).first()
    if actor is not None and user.has_perm("badges.view_requestlog"):
        requests = RequestLog.objects.filter(user=actor, channel=Channel.MEMBERCARE)
        hits = [
            _request_hit(request, _("Last request of %(name)s at the desk") % {"name": actor})
            for request in requests.defer("content", "errors").order_by("-pk")[:1]
        ]
    return Group(title=_("Staff"), icon="badge", hits=hits)


def _badges(text: str, user) -> Group:
    """Return the badge with an id, or the badges with the text in their name."""
    found = []
    if user.has_perm("badges.view_badgemeta"):
        named = BadgeMeta.objects.named_like(text).prefetch_related("images")
        found = list(named.order_by("name")[: MAX_HITS + 1])
    hits = [
        _hit(
            badge,
            text=badge.get_earn_type_display(),
            url=_badge_url(badge.pk),
            exact=badge.pk == text.lower(),
        )
        for badge in found[:MAX_HITS]
    ]
    return Group(title=_("Badges"), icon="military_tech", hits=hits, more=len(found) > MAX_HITS)


def _hit(badge: BadgeMeta, **shown) -> Hit:
    return Hit(title=badge.name, picture=picture_of(badge), **shown)


def _badge_url(badge_id: str) -> str:
    return reverse("desk:definition", args=[badge_id])
