"""The page of one request: its content, its response, and the rows that it wrote."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models.functions import Length, Substr
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from badges.audit.reading import beyond, decode_cursor, encode_cursor
from badges.desk.access import show, staff_page
from badges.desk.customers.links import timeline_url
from badges.desk.customers.timeline import FACT_PILLS
from badges.desk.issuing.bulk_verdicts import refused
from badges.desk.issuing.receipts import RECEIPTS
from badges.desk.ledgers.history import LEDGER_PAGES
from badges.desk.parts.numbers import group_digits
from badges.desk.parts.pager import Pager, next_page
from badges.models import RequestLog, RequestOutcome, Seal
from badges.services.customers.revoke import issued_badges

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SHOWN = 50
SHOWN_ATTEMPTS = 20
SHOWN_CONTENT = 20_000
# The order of an index. With the id alone, the database would scan all rows for one request.
BY_CUSTOMER = ("customer_id", "pk")


@dataclass(frozen=True, kw_only=True)
class Results:
    """The first rows of one kind that a request wrote, and the link to all of them."""

    label: "StrOrPromise"
    icon: str
    facts: list
    all_of_them: str


@require_safe
@staff_page("badges.view_requestlog")
def detail(request, pk):
    """Show one request."""
    row = _row(pk)
    if row is None:
        raise Http404
    accepted = row.outcome == RequestOutcome.ACCEPTED
    context = {
        "title": _("Request %(id)s") % {"id": row.pk},
        "row": row,
        "content": row.shown,
        "cut": max(row.length - SHOWN_CONTENT, 0),
        "formatted": format_content(row.shown) if row.length <= SHOWN_CONTENT else "",
        "took": group_digits(_milliseconds(row.recorded_at - row.received_at)),
        "seal": _seal_of(row) if request.user.has_perm("badges.view_seal") else None,
        "has_receipt": accepted and row.operation in RECEIPTS,
        "results": _results(row, request.user) if accepted else [],
        "refused": _refused(row, request.GET.get("refused", "")) if accepted else None,
        "attempts": _attempts(row),
        "revocable": request.user.has_perm("badges.revoke_badge")
        and issued_badges(row.pk).not_revoked().exists(),
    }
    return show(request, "desk/ledgers/request.html", context)


def format_content(content: str) -> str:
    """Return JSON with one member per line, or an empty text if the meaning would change.

    Content with a duplicate member, or with a number with thousands of digits, is shown only as it
    was received.
    """
    try:
        value = json.loads(content, object_pairs_hook=_members, parse_constant=_no_json)
        text = json.dumps(value, ensure_ascii=False, indent=2)
        text.encode()
    except (ValueError, RecursionError):
        return ""
    return text


def _row(pk: int):
    """Return a request with the first part of its content, which may be very long."""
    if pk > 2**63 - 1:
        return None
    rows = RequestLog.objects.select_related("badge", "integrator", "user", "stated").defer(
        "content"
    )
    shown = Substr("content", 1, SHOWN_CONTENT)
    return rows.annotate(shown=shown, attempt=shown, length=Length("content")).filter(pk=pk).first()


def _seal_of(row: RequestLog) -> Seal | None:
    return Seal.objects.defer("leaves").covering(row.pk)


def _members(pairs: list[tuple]) -> dict:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is named twice")
    return members


def _no_json(name: str):
    raise ValueError(f"{name} is no JSON")


def _milliseconds(time: timedelta) -> int:
    return round(time / timedelta(milliseconds=1))


def _results(row: RequestLog, user) -> list[Results]:
    """Return the rows that a request wrote, as far as the user may view them."""
    found = []
    for kind in LEDGER_PAGES:
        if row.operation not in kind.book.operations or not user.has_perm(kind.right):
            continue
        rows = kind.book.model._default_manager.filter(**{kind.book.cause: row}).select_related(
            "badge"
        )
        order = ("pk",) if kind.is_of_definitions else BY_CUSTOMER
        first = list(rows.order_by(*order)[: SHOWN + 1])
        more = f"{kind.address}?number={row.pk}"
        if first:
            found.append(
                Results(
                    label=kind.label,
                    icon=kind.icon,
                    facts=[_described(fact, kind) for fact in first[:SHOWN]],
                    all_of_them=more if len(first) > SHOWN or kind.is_of_definitions else "",
                )
            )
    return found


def _described(fact, kind) -> dict:
    if kind.is_of_definitions:
        return {"badge": fact.badge, "version": fact.version}
    return {
        "badge": fact.badge,
        "fact": fact,
        "pill": FACT_PILLS[fact.status(timezone.now())],
        "timeline": timeline_url(fact),
    }


def _refused(row: RequestLog, after: str) -> dict:
    """Return the refused customers of a list beyond the cursor `after`."""
    items = row.refused_items.order_by(*BY_CUSTOMER)
    if cursor := decode_cursor(after, BY_CUSTOMER, hex_ids=False):
        items = items.filter(beyond(BY_CUSTOMER, cursor, newer=True))
    first = list(items[: SHOWN + 1])
    rows = first[:SHOWN]
    next_pages = []
    if len(first) > SHOWN:
        last = encode_cursor((rows[-1].customer_id, rows[-1].pk))
        next_pages = [next_page(f"?refused={last}#ledger-refused")]
    return {
        "rows": [refused(item.customer_id, item.code, item.message) for item in rows],
        "pager": Pager(label=_("Pages"), after=next_pages),
    }


def _attempts(row: RequestLog) -> dict | None:
    """Return the newest attempts with the same request id, with or without this one."""
    if not row.request_id:
        return None
    same = RequestLog.objects.filter(request_id=row.request_id).order_by("-pk")
    first = list(same.defer("content", "errors")[: SHOWN_ATTEMPTS + 1])
    return {"rows": first[:SHOWN_ATTEMPTS], "more": len(first) > SHOWN_ATTEMPTS}
