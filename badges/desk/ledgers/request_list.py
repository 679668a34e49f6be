"""Views of the request log: the list, its live tail, and suggestions for its fields."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from badges.audit import filters
from badges.audit.reading import read
from badges.desk.access import show, staff_page
from badges.desk.ledgers import saved
from badges.desk.ledgers.counts import counts
from badges.desk.ledgers.fields import actors_like
from badges.desk.ledgers.forms import NameForm, RequestForm
from badges.desk.ledgers.pages import Page, in_order, page_of, pager_of
from badges.desk.parts.picker import pick
from badges.models import RequestLog

LEDGER = "requests"
SHOWN_ACTORS = 6  # of each kind


@require_safe
@staff_page("badges.view_requestlog")
def index(request):
    """List the attempts to change data that match the filters."""
    form = RequestForm(request.GET)
    context = {
        "title": _("Request log"),
        "ledger": LEDGER,
        "name_form": NameForm(),
        "saved": saved.saved_filters(request, LEDGER),
        "counts": counts(form, timezone.now()) if form.is_valid() else None,
        **_listed(request, form),
    }
    return show(request, "desk/ledgers/requests.html", context)


@require_safe
@staff_page("badges.view_requestlog")
def tail(request):
    """Return the newest page if it has requests after `seen`, else an empty response (204)."""
    form = RequestForm(request.GET)
    seen = request.GET.get("seen", "")
    if not form.is_valid() or not seen.isdecimal() or len(seen) > 18:
        return HttpResponse(status=204)
    newer = read(filters.requests(form.filters), cursor=(int(seen),), newer=True)
    if not newer.keys:
        return HttpResponse(status=204)
    context = _listed(request, form) | {"news": len(newer.keys), "seen": int(seen)}
    return render(request, "desk/ledgers/_requests.html", context)


@require_safe
@staff_page("badges.view_badgemeta")
def badges(request):
    """Return the badges that match a text, for the list under the field."""
    found = pick(request.GET.get("badge", "")[:255].replace("\0", ""), None, timezone.now())
    return render(request, "desk/ledgers/_badges.html", {"picker": found})


@require_safe
@staff_page("badges.view_requestlog")
def actors(request):
    """Return the integrators and users that match a text, for the list under the field."""
    text = request.GET.get("actor", "")[:255].replace("\0", "")
    context = {"actors": actors_like(text, SHOWN_ACTORS)}
    return render(request, "desk/ledgers/_actors.html", context)


@require_POST
@staff_page("badges.view_requestlog")
def save(request):
    """Save the filters under a name."""
    return saved.save_view(request, RequestForm, ledger=LEDGER, address=reverse("desk:requests"))


@require_POST
@staff_page("badges.view_requestlog")
def delete(request, pk):
    """Delete a saved filter."""
    return saved.delete_view(request, pk, address=reverse("desk:requests"))


def _listed(request, form) -> dict:
    """Return the requested page with its rows; an empty page if the form is invalid."""
    address = reverse("desk:requests")
    context = {"address": address, "form": form}
    if not form.is_valid():
        return context | {"page": Page(), "rows": []}
    page = page_of(request.GET, form, partial(read, filters.requests(form.filters)), key=("pk",))
    return context | {
        "page": page,
        "pager": pager_of(page, form, address=address),
        "rows": in_order(RequestLog.objects.for_list(), page.pks),
    }
