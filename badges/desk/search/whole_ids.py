"""Search by a whole id or reference: customers, issued badges, requests and claims."""

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.customers.links import customer_url, timeline_url
from badges.desk.search.hits import (
    MAX_HITS,
    Group,
    Hit,
    badge_hit,
    badge_url,
)
from badges.desk.search.typed import Typed
from badges.models import (
    Claim,
    EarnedBadge,
    Enrolment,
    RefusedItem,
    RequestLog,
    is_id,
)

MAX_ISSUED = 50


def of_whole_id(typed: Typed, user) -> list[Group]:
    """Return the rows with this id or reference that the user has permission to view."""
    return [
        _facts(typed, user),
        _customers(typed),
        _requests(typed, user),
        *_of_reference(typed, user),
    ]


def _customers(typed: Typed) -> Group:
    """Return the customer with an id; without any row of requests, the hit is not exact."""
    hits = []
    if number := typed.customer_id:
        known = _is_known(number)
        words = _("Badges, timeline and actions") if known else _("Nothing is recorded yet")
        title = _("Customer %(id)d") % {"id": number}
        hits = [Hit(title=title, text=words, url=customer_url(number), exact=known)]
    return Group(title=_("Customers"), icon="person", hits=hits)


def _is_known(customer_id: int) -> bool:
    recorded = (EarnedBadge, Enrolment, RequestLog, RefusedItem)
    return any(model.objects.filter(customer_id=customer_id).exists() for model in recorded)


def _facts(typed: Typed, user) -> Group:
    """Return the issued badge or the enrolment with an id."""
    hits = []
    kinds = {
        EarnedBadge: ("badges.view_earnedbadge", _("Issued badge")),
        Enrolment: ("badges.view_enrolment", _("Enrolment")),
    }
    for model, (right, name) in kinds.items():
        fact = _by_id(model, typed.text) if user.has_perm(right) else None
        if fact is not None:
            about = {"what": name, "customer": fact.customer_id}
            description = _("%(what)s of customer %(customer)d") % about
            hits.append(badge_hit(fact.badge, text=description, url=timeline_url(fact)))
    return Group(title=_("Issued badges and enrolments"), icon="verified", hits=hits)


def _by_id(model: type[Model], text: str):
    badge_id = text.lower()
    found = model._default_manager.select_related("badge").prefetch_related("badge__images")
    return found.filter(pk=badge_id).first() if is_id(badge_id) else None


def _requests(typed: Typed, user) -> Group:
    """Return the accepted request with an id, or the newest attempt if none was accepted."""
    request = _request(typed) if user.has_perm("badges.view_requestlog") else None
    hits = []
    if request is not None:
        title = _("Request %(id)s") % {"id": request.request_id}
        description = f"{request.get_operation_display()}: {request.get_outcome_display()}"
        url = reverse("desk:request", args=[request.pk])
        hits = [Hit(title=title, text=description, url=url)]
    return Group(title=_("Requests"), icon="receipt_long", hits=hits)


def _request(typed: Typed) -> RequestLog | None:
    """Return the request; of refused ones, any number can have an id, but only in one spelling."""
    log = RequestLog.objects.defer("content", "errors")
    accepted = log.accepted().filter(request_id__in=typed.spellings)
    return accepted.first() or log.filter(request_id=typed.text).order_by("-pk").first()


def _of_reference(typed: Typed, user) -> list[Group]:
    """Return the badges claimed by a reference, and the badge issued last for each claim.

    The API issues only for claimed references. The desk stores the username of the actor as
    reference, and an import the id of its request; these texts find other results.
    """
    claims = Claim.objects.with_reference(typed.text).select_related("badge")
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
    return badge_hit(claim.badge, text=description, url=badge_url(claim.badge_id))


def _issued_for(claims: list[Claim], user) -> Group:
    """Return the badge issued last for each claim, if it was issued recently."""
    ids = [claim.last_issued_id for claim in claims if claim.last_issued_id]
    may_see = ids and user.has_perm("badges.view_earnedbadge")
    facts = EarnedBadge.objects.in_bulk(ids) if may_see else {}
    hits = [
        badge_hit(
            claim.badge,
            text=_("issued last for %(claim)s, to customer %(customer)d")
            % {"claim": claim, "customer": facts[claim.last_issued_id].customer_id},
            url=timeline_url(facts[claim.last_issued_id]),
        )
        for claim in claims
        if claim.last_issued_id in facts
    ]
    return Group(title=_("Issued last for this reference"), icon="verified", hits=hits)
