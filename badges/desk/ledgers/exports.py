"""Exports: asked for on the page of a ledger, sent once, and what became of each."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from badges.audit import exports as contents
from badges.desk.access import forbidden, show, staff_page
from badges.desk.ledgers.forms import LedgerForm, RequestForm
from badges.desk.ledgers.history import BY_SLUG
from badges.desk.ledgers.requests import LEDGER as REQUESTS
from badges.desk.picker import Standing
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import Export, ExportFormat, ExportState
from badges.services.exports import begin_export, deliver

RIGHT = "badges.export_ledgers"
SHOWN = 50
STANDINGS = {
    ExportState.READY: Standing("info", "download", ExportState.READY.label),
    ExportState.RUNNING: Standing("info", "hourglass_top", ExportState.RUNNING.label),
    ExportState.FINISHED: Standing("good", "check_circle", ExportState.FINISHED.label),
    ExportState.BROKEN_OFF: Standing("warn", "link_off", ExportState.BROKEN_OFF.label),
}
MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.JSONL: "application/jsonl",
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """The page that an export comes from: its form, the right to it, and its address."""

    form: type[LedgerForm]
    right: str
    address: str


def source(slug: str) -> Source | None:
    """Return the page of a ledger, None if there is no such ledger."""
    if slug == REQUESTS:
        address = reverse("desk:requests")
        return Source(form=RequestForm, right="badges.view_requestlog", address=address)
    kind = BY_SLUG.get(slug)
    return kind and Source(form=kind.form, right=kind.right, address=kind.address)


@require_safe
@staff_page(RIGHT)
def index(request):
    """What was exported, the newest first."""
    rows = _exports()
    if (before := request.GET.get("before", "")).isdecimal() and len(before) <= 18:
        rows = rows.filter(pk__lt=int(before))
    shown = list(rows[: SHOWN + 1])
    context = {
        "title": _("Exports"),
        "exports": [_shown(export) for export in shown[:SHOWN]],
        "older": shown[SHOWN - 1].pk if len(shown) > SHOWN else None,
        "is_newest": not before,
    }
    return show(request, "desk/ledgers/exports.html", context)


@require_POST
@staff_page(RIGHT)
def new(request):
    """Ask for a file of exactly what the filters of a page let pass."""
    page = source(request.POST.get("ledger", ""))
    if page is None:
        messages.error(request, _("There is no such ledger."))
        return redirect("desk:exports")
    if not request.user.has_perm(page.right):
        return forbidden(request)
    form = page.form(request.POST)
    chosen = request.POST.get("format", "")
    if not form.is_valid() or chosen not in ExportFormat:
        messages.error(request, _("Nothing is exported while a filter makes no sense."))
        return redirect(page.address)
    export = begin_export(
        origin=origin_of(request),
        ledger=request.POST["ledger"],
        format=ExportFormat(chosen),
        query=form.query_string,
    )
    return redirect("desk:export", export.pk)


@never_cache
@require_safe
@staff_page(RIGHT)
def receipt(request, pk):
    """One export: how far it is, and what the file was."""
    return show(request, "desk/ledgers/export.html", {"title": _("Export"), **_whole(request, pk)})


@never_cache
@require_safe
@staff_page(RIGHT)
def progress(request, pk):
    """How far an export is, as a part of its page."""
    return render(request, "desk/ledgers/_export.html", _whole(request, pk))


@require_POST
@staff_page(RIGHT)
def download(request, pk):
    """Send the file to whoever asked for it."""
    export = _one(pk)
    page = source(export.ledger)
    if export.request.user_id != request.user.pk:
        messages.error(request, _("The file goes to who asked for it. Ask for one of your own."))
        return redirect("desk:export", pk)
    if not request.user.has_perm(page.right):
        return forbidden(request)
    form = page.form(QueryDict(export.query))
    if not form.is_valid():  # an integrator or badge that was named since by another name
        messages.error(request, _("These filters make no sense any more. Ask for it again."))
        return redirect("desk:export", pk)
    try:
        pieces = deliver(export, origin=origin_of(request), asked=form.asked)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:export", pk)
    name = f"badgeadmin-{export.ledger}-{export.request_id}.{export.format.lower()}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    media_type = MEDIA_TYPES[ExportFormat(export.format)]
    return StreamingHttpResponse(pieces, content_type=media_type, headers=headers)


def _exports():
    return Export.objects.select_related("request__user")


def _one(pk: int) -> Export:
    if pk > 2**63 - 1:
        raise Http404
    return get_object_or_404(_exports(), pk=pk)


def _whole(request, pk: int) -> dict:
    """Return an export with its filters in words, and whether the reader may have its file."""
    export = _one(pk)
    form = source(export.ledger).form(QueryDict(export.query))
    return _shown(export) | {
        "chips": form.chips if form.is_valid() else [],
        "is_own": export.request.user_id == request.user.pk,
    }


def _shown(export: Export) -> dict:
    """Return an export with where it stands, and the page it is of."""
    state = export.state(timezone.now())
    return {
        "export": export,
        "ledger": contents.LEDGERS[export.ledger].label,
        "standing": STANDINGS[state],
        "is_ready": state == ExportState.READY,
        "is_running": state == ExportState.RUNNING,
        "is_finished": state == ExportState.FINISHED,
        "address": f"{source(export.ledger).address}?{export.query}",
    }
