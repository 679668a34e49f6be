"""Views of the request log: the list, its live tail, and suggestions for its fields."""

from functools import partial

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from badges.audit import filters
from badges.audit.reading import read
from badges.desk.access import show, staff_page
from badges.desk.ledgers import saved
from badges.desk.ledgers.counts import counts
from badges.desk.ledgers.fields import actors_like
from badges.desk.ledgers.forms import NameForm, RequestForm
from badges.desk.ledgers.pages import TIME, Page, in_order, page_of, pager_of
from badges.desk.ledgers.selections import actions_of
from badges.desk.parts.picker import Pill, pick
from badges.desk.tables import cells
from badges.desk.tables.table import Column, Sort, Table
from badges.models import RequestLog, RequestOutcome
from badges.times import time_element

LEDGER = "requests"
SHOWN_ACTORS = 6  # of each kind
OUTCOME_PILLS = {
    RequestOutcome.ACCEPTED: Pill("good", "check_circle", RequestOutcome.ACCEPTED.label),
    RequestOutcome.REFUSED: Pill("warn", "block", RequestOutcome.REFUSED.label),
}


def _received(row, links):
    return cells.link(links.request(row.pk), time_element(row.received_at), id=f"request-{row.pk}")


def _outcome(row, links):
    pill = cells.pill(OUTCOME_PILLS[RequestOutcome(row.outcome)])
    return cells.pair(pill, cells.code(row.code)) if row.code else pill


TABLE = Table(
    name=LEDGER,
    label=gettext_lazy("Request log"),
    right="badges.view_requestlog",
    route="desk:requests",
    sort=Sort(TIME, descending=True),
    columns=(
        Column(
            name=TIME,
            label=gettext_lazy("Received"),
            cell=_received,
            width="time",
            fixed=True,
            first_order=f"-{TIME}",
        ),
        Column(
            name="outcome",
            label=gettext_lazy("Outcome"),
            cell=_outcome,
            width="wide",
            hint=gettext_lazy("Whether the request was carried out; if not, the first error code."),
        ),
        Column(
            name="operation",
            label=gettext_lazy("Operation"),
            cell=lambda row, links: row.get_operation_display(),
        ),
        Column(
            name="actor",
            label=gettext_lazy("Actor"),
            cell=lambda row, links: cells.actor(row),
            hint=gettext_lazy("Who made the request, and through which channel."),
        ),
        Column(
            name="badge",
            label=gettext_lazy("Badge"),
            cell=lambda row, links: cells.badge(row.badge, links),
        ),
        Column(
            name="customer",
            label=gettext_lazy("Customer"),
            cell=lambda row, links: cells.customer(row.customer_id, links),
            width="number",
        ),
        Column(
            name="request_id",
            label=gettext_lazy("Request id"),
            cell=lambda row, links: cells.ident(row.request_id),
            width="id",
            hint=gettext_lazy(
                "The id under which the caller sent the request; it is accepted once."
            ),
        ),
        Column(
            name="reason",
            label=gettext_lazy("Reason"),
            cell=lambda row, links: cells.reason(row),
            shown=False,
        ),
        Column(
            name="case_number",
            label=gettext_lazy("Case number"),
            cell=lambda row, links: cells.case_number(row),
            width="id",
            shown=False,
            hint=gettext_lazy("The number of the ticket or complaint, as staff entered it."),
        ),
        Column(
            name="number",
            label=gettext_lazy("Number in the log"),
            cell=lambda row, links: f"{row.pk:d}",
            width="number",
            shown=False,
        ),
    ),
)


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
    context = _listed(request, form, int(seen)) | {"news": len(newer.keys)}
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
def share(request, pk):
    """Share a saved filter, or stop sharing it."""
    return saved.share_view(request, pk, address=reverse("desk:requests"))


@require_POST
@staff_page("badges.view_requestlog")
def delete(request, pk):
    """Delete a saved filter."""
    return saved.delete_view(request, pk, address=reverse("desk:requests"))


def _listed(request, form, seen: int | None = None) -> dict:
    """Return the requested page with its rows; an empty page if the form is invalid.

    Rows that are newer than `seen` are marked.
    """
    address = reverse("desk:requests")
    context = {"address": address, "form": form}
    if not form.is_valid():
        return context | {"page": Page(), "rows": []}
    sort = TABLE.sort_of(form.query.get("sort", ""))
    page = page_of(
        request.GET,
        form,
        partial(read, filters.requests(form.filters)),
        key=("pk",),
        ascending=not sort.descending,
    )
    rows = in_order(RequestLog.objects.for_list(), page.pks)
    return context | {
        "page": page,
        "pager": pager_of(page, form, address=address, sort=sort),
        "rows": rows,
        "table": TABLE.show(
            request.user,
            rows,
            key=lambda row: row.pk,
            sort=sort,
            url_of=lambda order: f"{address}?{form.with_query(sort=order)}",
            is_new=lambda row: seen is not None and row.pk > seen,
            actions=actions_of(request.user),
        ),
    }
