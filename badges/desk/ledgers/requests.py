"""The request log: the list, its live tail, and everything of one request."""

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
from badges.desk.ledgers.forms import NameForm, RequestForm
from badges.desk.ledgers.pages import Page, in_order, page_of
from badges.desk.picker import pick
from badges.models import RequestLog

LEDGER = "requests"


@require_safe
@staff_page("badges.view_requestlog")
def index(request):
    """Every attempt to change something, narrowed by the filters."""
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
    """The newest page again when there is more on it than was `seen`, else nothing."""
    form = RequestForm(request.GET)
    seen = request.GET.get("seen", "")
    if not form.is_valid() or not seen.isdecimal() or len(seen) > 18:
        return HttpResponse(status=204)
    newer = read(filters.requests(form.asked), place=(int(seen),), newer=True)
    if not newer.keys:
        return HttpResponse(status=204)
    context = _listed(request, form) | {"news": len(newer.keys), "seen": int(seen)}
    return render(request, "desk/ledgers/_requests.html", context)


@require_safe
@staff_page("badges.view_badgemeta")
def badges(request):
    """The badges that a text may mean, for the list under the field."""
    found = pick(request.GET.get("badge", "")[:255].replace("\0", ""), None, timezone.now())
    return render(request, "desk/ledgers/_badges.html", {"picker": found})


@require_POST
@staff_page("badges.view_requestlog")
def keep(request):
    """Keep the filters under a name."""
    return saved.keep(request, RequestForm, ledger=LEDGER, address=reverse("desk:requests"))


@require_POST
@staff_page("badges.view_requestlog")
def forget(request, pk):
    """Delete a filter that was kept."""
    return saved.forget(request, pk, address=reverse("desk:requests"))


def _listed(request, form) -> dict:
    """Return the page that is asked for, with its rows; nothing while the form is wrong."""
    context = {"address": reverse("desk:requests"), "form": form}
    if not form.is_valid():
        return context | {"page": Page(), "rows": []}
    page = page_of(request.GET, form, partial(read, filters.requests(form.asked)), key=("pk",))
    rows = RequestLog.objects.select_related("badge", "integrator", "user")
    return context | {"page": page, "rows": in_order(rows.defer("content", "errors"), page.pks)}
