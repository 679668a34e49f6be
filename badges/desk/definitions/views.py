"""Views of the badge list, and of one badge: facts, claims, figures, history, activation."""

from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.definitions.badge_table import ORDERS, TABLE
from badges.desk.definitions.figures import group_digits, issued_recently, statistics
from badges.desk.definitions.forms import ClaimForm, FilterForm
from badges.desk.parts.descriptions import meaning
from badges.desk.parts.pager import (
    PAGE_SIZE,
    Pager,
    dated_pager,
    numbered_pager,
    paginate,
    url_of_order,
    url_of_page,
)
from badges.desk.parts.picker import STATUS_PILLS, pill_of
from badges.desk.parts.pictures import picture_of
from badges.desk.parts.problems import focus_on_fault
from badges.desk.parts.switching import switch_as_shown
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import Claim, Definition, Owner
from badges.paging import MAX_LISTED, count_of, count_rows, counted, is_cut
from badges.selectors.definitions import badge_without_claims, badges_like, claims_of
from badges.selectors.revisions import entries, revisions_of
from badges.services.catalogue import definitions
from badges.services.versions import version_of

REVISIONS_PER_PAGE = 10


@require_safe
@staff_page("badges.view_badgemeta")
def index(request):
    """List the badges that match the filter."""
    now, form = timezone.now(), FilterForm(request.GET)
    sort = TABLE.sort_of(request.GET.get("sort", ""))
    found = badges_like(
        now=now, sort=ORDERS[sort.column], descending=sort.descending, **form.arguments()
    )
    if form.text:
        found = found.named_like(form.text)
    found = found.prefetch_related(None).prefetch_related("images", "owners")
    claims = count_of(Claim, "badge", on_a_page=PAGE_SIZE, active=True)
    found = found.annotate(claim_count=claims)
    page, pager = paginate(found, request.GET)
    issued = issued_recently(page.object_list, now)
    rows = [
        {
            **describe_badge(badge, now),
            "issued": group_digits(issued.get(badge.pk, 0)),
            "claims": counted(badge.claim_count, PAGE_SIZE),
        }
        for badge in page
    ]
    context = {
        "title": _("Badges"),
        "form": form,
        "page": page,
        "pager": pager,
        "rows": rows,
        "table": TABLE.show(
            request.user,
            rows,
            key=lambda row: row["badge"].pk,
            sort=sort,
            url_of=partial(url_of_order, request.GET),
        ),
        "filtered": any(request.GET.get(name) for name in form.fields),
    }
    return show(request, "desk/definitions/list.html", context)


@require_safe
@staff_page("badges.view_badgemeta")
def detail(request, pk):
    """Show one badge."""
    return _show_badge(request, badge_or_404(pk))


@require_POST
@staff_page("badges.add_claim")
def claim(request, pk):
    """Claim a badge for the reference of a module."""
    badge = badge_or_404(pk)
    form = ClaimForm(request.POST, badge=badge)
    if form.is_valid():
        try:
            found, is_new = definitions.claim_badge(
                origin=origin_of(request), badge_id=pk, owner=form.owner
            )
        except BadgeError as refusal:
            form.show(refusal)
        else:
            message = _("%(claim)s can give it now.") if is_new else _("%(claim)s could before.")
            messages.success(request, message % {"claim": found})
            return redirect("desk:definition", pk)
    focus_on_fault(form)
    return _show_badge(request, badge, claim_form=form)


@require_POST
@staff_page("badges.change_claim")
def unclaim(request, pk):
    """Withdraw a claim."""
    badge_or_404(pk)
    owner = Owner(request.POST.get("owner_type", ""), request.POST.get("reference_id", ""))
    try:
        found = definitions.unclaim_badge(origin=origin_of(request), badge_id=pk, owner=owner)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The claim %(claim)s was removed.") % {"claim": found})
    return redirect("desk:definition", pk)


@require_form_methods
@staff_page("badges.change_badgemeta")
def switch(request, pk):
    """Show the consequences of activating or deactivating a badge, and do so on POST."""
    now, badge = timezone.now(), badge_or_404(pk)
    if request.method == "POST":
        switch_as_shown(
            request,
            partial(definitions.switch_badge, badge_id=pk),
            on=_("“%(badge)s” is active now.") % {"badge": badge},
            off=_("“%(badge)s” is inactive now.") % {"badge": badge},
        )
        return redirect("desk:definition", pk)
    claim_count = count_rows(claims_of(badge))
    context = {
        "version": version_of(badge),
        "active": badge.active,
        "back": reverse("desk:definition", args=[pk]),
        "title": _("Deactivate a badge") if badge.active else _("Activate a badge"),
        "subtitle": badge.name,
        **describe_badge(badge, now),
        "claim_count": claim_count,
        "claims_are_cut": is_cut(claim_count),
    }
    return show(request, "desk/definitions/switch.html", context)


def badge_or_404(pk):
    """Return a badge with its related rows, except for its claims."""
    try:
        return badge_without_claims(pk)
    except BadgeError:
        raise Http404 from None


def describe_badge(badge, now):
    """Return the state of a badge, with the parts that lists and pages show."""
    return {
        "badge": badge,
        "pill": pill_of(badge, now),
        "by_dates": STATUS_PILLS[badge.status(now)],
        "picture": picture_of(badge),
    }


def _show_badge(request, badge, claim_form=None):
    now = timezone.now()
    page = revisions_of(badge, request.GET.get("p"), size=REVISIONS_PER_PAGE)
    context = {
        **describe_badge(badge, now),
        "title": badge.name,
        "sentences": meaning(_without_claims(badge), now),
        **_page_of_claims(badge, request.GET),
        "figures": statistics(badge, now),
        "custom_values": [each for each in badge.custom_values.all() if each.field.active],
        "claim_form": claim_form or ClaimForm(badge=badge),
        "page": page,
        "pager": _pager_of_history(page, request.GET),
        "entries": entries(badge, list(page)),
    }
    return show(request, "desk/definitions/badge.html", context)


def _page_of_claims(badge, query) -> dict:
    claims = list(claims_of(badge)[:MAX_LISTED])
    page = Paginator(claims, PAGE_SIZE).get_page(query.get("claims"))
    note = _("Only the first are listed. The search box finds a claim by its whole reference.")
    pager = numbered_pager(
        page,
        query,
        parameter="claims",
        fragment="desk-claims",
        label=_("Pages of the claims"),
        note=note if is_cut(len(claims)) else "",
    )
    return {"claims": page, "pager_of_claims": pager}


def _pager_of_history(page, query) -> Pager:
    url = partial(url_of_page, query, parameter="p", fragment="desk-history")
    return dated_pager(
        newer=url(page.previous_page_number()) if page.has_previous() else "",
        older=url(page.next_page_number()) if page.has_next() else "",
        label=_("Pages of the history"),
    )


def _without_claims(badge) -> Definition:
    """Return the definition for the sentences, which do not mention claims."""
    owners = [owner.owner_type for owner in badge.owners.all()]
    limits = [limit.value for limit in badge.limits.all()]
    return badge.with_parts(owners=owners, limits=limits, claims=())
