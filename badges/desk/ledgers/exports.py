"""Views of the exports, which users request on the page of a ledger and download once."""

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
from badges.desk.access import show, staff_page
from badges.desk.errors import forbidden
from badges.desk.ledgers.export_table import TABLE
from badges.desk.ledgers.forms import LedgerForm, RequestForm
from badges.desk.ledgers.history import BY_SLUG
from badges.desk.ledgers.request_list import LEDGER as REQUESTS
from badges.desk.parts.pager import Pager, first_page, next_page
from badges.desk.parts.picker import Pill
from badges.desk.tables.table import Sort
from badges.errors import BadgeError, ErrorCode
from badges.forms import origin_of
from badges.models import Export, ExportFormat, ExportState
from badges.services.record.exports import begin_export, stream_export

RIGHT = "badges.export_ledgers"
SHOWN = 50
STATE_PILLS = {
    ExportState.READY: Pill("info", "download", ExportState.READY.label),
    ExportState.RUNNING: Pill("info", "hourglass_top", ExportState.RUNNING.label),
    ExportState.FINISHED: Pill("good", "check_circle", ExportState.FINISHED.label),
    ExportState.FAILED: Pill("warn", "link_off", ExportState.FAILED.label),
}
# The seconds after which a client may retry a download that could not begin.
RETRY_AFTER = {ErrorCode.TOO_MANY_REQUESTS: 10, ErrorCode.UNAVAILABLE: 60}
MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.JSONL: "application/jsonl",
}


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """The page of an exported ledger: its form, its permission and its URL."""

    form: type[LedgerForm]
    right: str
    address: str


def find_source(slug: str) -> ExportSource | None:
    """Return the page of a ledger, or None if there is no such ledger."""
    if slug == REQUESTS:
        address = reverse("desk:requests")
        return ExportSource(form=RequestForm, right="badges.view_requestlog", address=address)
    kind = BY_SLUG.get(slug)
    if kind is None:
        return None
    return ExportSource(form=kind.form, right=kind.right, address=kind.address)


def _source_of(export: Export) -> ExportSource:
    """Return the page of the ledger of an export. Raises Http404 if there is no such ledger."""
    source = find_source(export.ledger)
    if source is None:
        raise Http404
    return source


@require_safe
@staff_page(RIGHT)
def index(request):
    """List the exports, by default with the newest first."""
    sort = TABLE.sort_of(request.GET.get("sort", ""))
    rows = _exports().order_by("-pk" if sort.descending else "pk")
    if (start := request.GET.get("beyond", "")).isdecimal() and len(start) <= 18:
        rows = rows.filter(**{"pk__lt" if sort.descending else "pk__gt": int(start)})
    found = list(rows[: SHOWN + 1])
    described = [_described(export) for export in found[:SHOWN]]
    table = TABLE.show(request.user, described, key=lambda row: row["export"].pk, sort=sort)
    context = {
        "title": _("Exports"),
        "exports": described,
        "table": table,
        "pager": _pager(sort, start, found[SHOWN - 1].pk if len(found) > SHOWN else None),
        "is_newest": not start,
    }
    return show(request, "desk/ledgers/exports.html", context)


def _pager(sort: Sort, start: str, last: int | None) -> Pager:
    """Return the links to the first page, unless it is shown, and to the page after `last`."""
    first = _("Newest") if sort.descending else _("Oldest")
    following = _("Older") if sort.descending else _("Newer")
    return Pager(
        label=_("Pages"),
        before=[first_page(f"?sort={sort}", first)] if start else [],
        after=[next_page(f"?sort={sort}&beyond={last}", following)] if last else [],
    )


@require_POST
@staff_page(RIGHT)
def new(request):
    """Create an export of the rows that match the filters of a page."""
    page = find_source(request.POST.get("ledger", ""))
    if page is None:
        messages.error(request, _("There is no such ledger."))
        return redirect("desk:exports")
    if not request.user.has_perm(page.right):
        return forbidden(request)
    form = page.form(request.POST)
    chosen = request.POST.get("format", "")
    if not form.is_valid() or chosen not in ExportFormat:
        messages.error(request, _("Nothing was exported. Fix the highlighted filter first."))
        return redirect(page.address)
    export = begin_export(
        origin=origin_of(request),
        ledger=request.POST["ledger"],
        format=ExportFormat(chosen),
        query=form.fixed_query_string,
    )
    return redirect("desk:export", export.pk)


@never_cache
@require_safe
@staff_page(RIGHT)
def receipt(request, pk):
    """Show the progress of one export, and the properties of its file."""
    return show(request, "desk/ledgers/export.html", _titled(request, pk))


@never_cache
@require_safe
@staff_page(RIGHT)
def progress(request, pk):
    """Return the progress of an export, as a fragment of its page."""
    return render(request, "desk/ledgers/_export.html", _whole(request, pk))


@require_POST
@staff_page(RIGHT)
def download(request, pk):
    """Send the file to the user who requested it."""
    export = _one(pk)
    page = _source_of(export)
    if export.request.user_id != request.user.pk:
        messages.error(request, _("The file goes to who asked for it. Ask for one of your own."))
        return redirect("desk:export", pk)
    if not request.user.has_perm(page.right):
        return forbidden(request)
    form = page.form(QueryDict(export.query))
    if not form.is_valid():  # an integrator or badge has another name by now
        messages.error(request, _("These filters make no sense any more. Ask for it again."))
        return redirect("desk:export", pk)
    try:
        pieces = stream_export(export, origin=origin_of(request), filters=form.filters)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
        if refusal.code in RETRY_AFTER:
            return _show_later(request, pk, refusal.code)
        return redirect("desk:export", pk)
    name = f"badgeadmin-{export.ledger}-{export.request_id}.{export.format.lower()}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
    media_type = MEDIA_TYPES[ExportFormat(export.format)]
    return StreamingHttpResponse(pieces, content_type=media_type, headers=headers)


def _show_later(request, pk: int, code: ErrorCode):
    """Return the page of an export that could not begin, and that must not retry by itself."""
    context = _titled(request, pk) | {"is_later": True}
    answer = show(request, "desk/ledgers/export.html", context, status=code.http_status)
    answer["Retry-After"] = RETRY_AFTER[code]
    return answer


def _titled(request, pk: int):
    return {"title": _("Export %(id)d") % {"id": pk}, **_whole(request, pk)}


def _exports():
    return Export.objects.select_related("request__user")


def _one(pk: int) -> Export:
    if pk > 2**63 - 1:
        raise Http404
    return get_object_or_404(_exports(), pk=pk)


def _whole(request, pk: int) -> dict:
    """Return an export with its filters in words, and whether it is the user's own."""
    export = _one(pk)
    form = _source_of(export).form(QueryDict(export.query))
    return _described(export) | {
        "chips": form.chips if form.is_valid() else [],
        "is_own": export.request.user_id == request.user.pk,
    }


def _described(export: Export) -> dict:
    """Return an export with its state, and the URL of its page."""
    state = export.state(timezone.now())
    return {
        "export": export,
        "ledger": contents.LEDGERS[export.ledger].label,
        "pill": STATE_PILLS[state],
        "is_ready": state == ExportState.READY,
        "is_running": state == ExportState.RUNNING,
        "is_finished": state == ExportState.FINISHED,
        "address": f"{_source_of(export).address}?{export.query}",
    }
