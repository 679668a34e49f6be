"""The list of badges, and the page of one: facts, claims, figures, history, the switch."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from badges.desk.access import show, staff_page
from badges.desk.definitions.figures import grouped, issued_lately, statistics
from badges.desk.definitions.forms import ClaimForm, FilterForm
from badges.desk.picker import STANDINGS, standing
from badges.desk.pictures import picture_of
from badges.desk.words import meaning
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.history import entries, revisions_of
from badges.listings import badge_with_everything, badges_like
from badges.models import Owner
from badges.services import definitions

BADGES_PER_PAGE = 20
REVISIONS_PER_PAGE = 10


@require_safe
@staff_page("badges.view_badgemeta")
def index(request):
    """All badges, narrowed by the filter."""
    now, form = timezone.now(), FilterForm(request.GET)
    found = badges_like(now=now, sort="name", **form.asked())
    if form.text:
        found = found.named_like(form.text)
    found = found.prefetch_related(None).prefetch_related("images", "owners", "claims")
    page = Paginator(found, BADGES_PER_PAGE).get_page(request.GET.get("page"))
    issued = issued_lately(page.object_list, now)
    context = {
        "title": _("Badges"),
        "form": form,
        "page": page,
        "rows": [
            {**facts_of(badge, now), "issued": grouped(issued.get(badge.pk, 0))} for badge in page
        ],
        "filtered": any(request.GET.get(name) for name in form.fields),
    }
    return show(request, "desk/definitions/list.html", context)


@require_safe
@staff_page("badges.view_badgemeta")
def detail(request, pk):
    """Everything about one badge."""
    return _show_badge(request, badge_or_404(pk))


@require_POST
@staff_page("badges.add_claim")
def claim(request, pk):
    """Claim a badge for a module's reference."""
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
            told = _("%(claim)s can give it now.") if is_new else _("%(claim)s could before.")
            messages.success(request, told % {"claim": found})
            return redirect("desk:definition", pk)
    for name in list(form.errors)[:1]:
        if name in form.fields:
            form.fields[name].widget.attrs["autofocus"] = True
    return _show_badge(request, badge, claim_form=form)


@require_POST
@staff_page("badges.change_claim")
def unclaim(request, pk):
    """Take a claim back."""
    badge_or_404(pk)
    owner = Owner(request.POST.get("owner_type", ""), request.POST.get("reference_id", ""))
    try:
        found = definitions.unclaim_badge(origin=origin_of(request), badge_id=pk, owner=owner)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The claim %(claim)s was taken back.") % {"claim": found})
    return redirect("desk:definition", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("badges.change_badgemeta")
def switch(request, pk):
    """Ask before a badge is activated or deactivated, and say what follows from it."""
    now, badge = timezone.now(), badge_or_404(pk)
    if request.method == "POST":
        active = request.POST.get("active") == "yes"
        definitions.switch_badge(origin=origin_of(request), badge_id=pk, active=active)
        told = _("“%(badge)s” is active now.") if active else _("“%(badge)s” is inactive now.")
        messages.success(request, told % {"badge": badge})
        return redirect("desk:definition", pk)
    context = {
        "title": _("Deactivate a badge") if badge.active else _("Activate a badge"),
        **facts_of(badge, now),
    }
    return show(request, "desk/definitions/switch.html", context)


def badge_or_404(pk):
    """Return a badge with everything it has."""
    try:
        return badge_with_everything(pk)
    except BadgeError:
        raise Http404 from None


def facts_of(badge, now):
    """Return how a badge stands, with the parts that lists and pages show."""
    return {
        "badge": badge,
        "standing": standing(badge, now),
        "by_dates": STANDINGS[badge.status(now)],
        "picture": picture_of(badge),
        "claims": [claim for claim in badge.claims.all() if claim.active],
    }


def _show_badge(request, badge, claim_form=None):
    now = timezone.now()
    page = revisions_of(badge, request.GET.get("p"), size=REVISIONS_PER_PAGE)
    context = {
        **facts_of(badge, now),
        "title": badge.name,
        "sentences": meaning(badge.definition(), now),
        "figures": statistics(badge, now),
        "custom_values": [each for each in badge.custom_values.all() if each.field.active],
        "claim_form": claim_form or ClaimForm(badge=badge),
        "page": page,
        "entries": entries(badge, list(page)),
    }
    return show(request, "desk/definitions/badge.html", context)
