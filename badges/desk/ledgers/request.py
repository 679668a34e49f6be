"""Everything of one request: as it was received, as it was answered, and what came of it."""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.functions import Length, Substr
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from badges.audit.reading import as_text, beyond, place_in
from badges.desk.access import show, staff_page
from badges.desk.find import timeline_url
from badges.desk.ledgers.history import KINDS
from badges.desk.lists import refused
from badges.desk.numbers import grouped
from badges.desk.receipts import RECEIPTS
from badges.desk.timeline import FACT_STANDINGS
from badges.models import RequestLog, RequestOutcome, Seal
from badges.services.revoke import issued_badges

SHOWN = 50
SHOWN_ATTEMPTS = 20
SHOWN_CONTENT = 20_000
# The order of an index: by their ids alone, rows of one request are looked for among all of them.
BY_CUSTOMER = ("customer_id", "pk")


@dataclass(frozen=True, kw_only=True)
class Results:
    """The first rows of one kind that a request brought about, and where all of them are listed."""

    label: str
    icon: str
    facts: list
    all_of_them: str


@require_safe
@staff_page("badges.view_requestlog")
def detail(request, pk):
    """Everything of one request."""
    row = _row(pk)
    if row is None:
        raise Http404
    accepted = row.outcome == RequestOutcome.ACCEPTED
    context = {
        "title": _("Request"),
        "row": row,
        "content": row.shown,
        "cut": max(row.length - SHOWN_CONTENT, 0),
        "arranged": arranged(row.shown) if row.length <= SHOWN_CONTENT else "",
        "took": grouped(_milliseconds(row.recorded_at - row.received_at)),
        "seal": _seal_of(row) if request.user.has_perm("badges.view_seal") else None,
        "has_receipt": accepted and row.operation in RECEIPTS,
        "results": _results(row, request.user) if accepted else [],
        "refused": _refused(row, request.GET.get("refused", "")) if accepted else None,
        "attempts": _attempts(row),
        "revocable": request.user.has_perm("badges.revoke_badge")
        and issued_badges(row.pk).standing().exists(),
    }
    return show(request, "desk/ledgers/request.html", context)


def arranged(content: str) -> str:
    """Return JSON with its members one below the other; nothing when that would not be the same.

    A member that is named twice or a number of thousands of digits is shown as it came alone.
    """
    try:
        value = json.loads(content, object_pairs_hook=_members, parse_constant=_no_json)
        text = json.dumps(value, ensure_ascii=False, indent=2)
        text.encode()
    except (ValueError, RecursionError):
        return ""
    return text


def _row(pk: int):
    """Return a request with the beginning of its content, however long that is."""
    if pk > 2**63 - 1:
        return None
    rows = RequestLog.objects.select_related("badge", "integrator", "user").defer("content")
    shown = Substr("content", 1, SHOWN_CONTENT)
    return rows.annotate(shown=shown, length=Length("content")).filter(pk=pk).first()


def _seal_of(row: RequestLog) -> Seal | None:
    return Seal.objects.defer("leaves").holding(row.pk)


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
    """Return what a request brought about, as far as the user may see it."""
    found = []
    for kind in KINDS:
        if row.operation not in kind.book.operations or not user.has_perm(kind.right):
            continue
        rows = kind.book.model.objects.filter(**{kind.book.cause: row}).select_related("badge")
        order = ("pk",) if kind.is_of_definitions else BY_CUSTOMER
        first = list(rows.order_by(*order)[: SHOWN + 1])
        more = f"{kind.address}?number={row.pk}"
        if first:
            found.append(
                Results(
                    label=kind.label,
                    icon=kind.icon,
                    facts=[_shown(fact, kind) for fact in first[:SHOWN]],
                    all_of_them=more if len(first) > SHOWN or kind.is_of_definitions else "",
                )
            )
    return found


def _shown(fact, kind) -> dict:
    if kind.is_of_definitions:
        return {"badge": fact.badge, "version": fact.version}
    return {
        "badge": fact.badge,
        "fact": fact,
        "standing": FACT_STANDINGS[fact.status(timezone.now())],
        "timeline": timeline_url(fact),
    }


def _refused(row: RequestLog, after: str) -> dict:
    """Return the customers of a list who were refused, beyond one that was shown before."""
    items = row.refused_items.order_by(*BY_CUSTOMER)
    if place := place_in(after, BY_CUSTOMER, hex_ids=False):
        items = items.filter(beyond(BY_CUSTOMER, place, newer=True))
    first = list(items[: SHOWN + 1])
    shown = first[:SHOWN]
    return {
        "rows": [refused(item.customer_id, item.code, item.message) for item in shown],
        "next": as_text((shown[-1].customer_id, shown[-1].pk)) if len(first) > SHOWN else None,
    }


def _attempts(row: RequestLog) -> dict | None:
    """Return the newest attempts with the same request id, this one among them or not."""
    if not row.request_id:
        return None
    same = RequestLog.objects.filter(request_id=row.request_id).order_by("-pk")
    first = list(same.defer("content", "errors")[: SHOWN_ATTEMPTS + 1])
    return {"rows": first[:SHOWN_ATTEMPTS], "more": len(first) > SHOWN_ATTEMPTS}
