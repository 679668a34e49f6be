"""Receipts of accepted requests: the issued, enrolled or revoked rows, the actor, the reason."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from badges.desk.access import show, staff_page
from badges.desk.customers.links import timeline_url
from badges.desk.issuing import bulk_verdicts
from badges.desk.issuing.customer_texts import customer_text
from badges.desk.parts.forms import new_request_id
from badges.desk.parts.numbers import bounded_count, first_rows
from badges.desk.parts.pager import Pager, first_page, next_page
from badges.desk.parts.pictures import picture_of
from badges.desk.revoking.forms import UNDONE, Reason
from badges.models import (
    BadgeMeta,
    Channel,
    EarnedBadge,
    Enrolment,
    Operation,
    RefusedItem,
    RequestLog,
)
from badges.paging import MAX_LISTED
from badges.services.receipts import record_receipt_read
from badges.services.request_log import Origin

PAGE_SIZE = 200
UNDO_OFFERED = timedelta(seconds=30)
Line = EarnedBadge | Enrolment | RefusedItem
CURSOR = re.compile(r"(\d{1,19})\.(?:([0-9a-f]{24})|(\d{1,18}))", re.ASCII)


@dataclass(frozen=True, order=True)
class Cursor:
    """The position of a line in a list, which is ordered by customer, with refusals last."""

    customer_id: int
    is_refused: bool
    pk: str | int

    def __str__(self):
        return f"{self.customer_id}.{self.pk}"

    @classmethod
    def of(cls, line: Line) -> "Cursor":
        return cls(line.customer_id, isinstance(line, RefusedItem), line.pk)

    @classmethod
    def parse(cls, text: str) -> "Cursor | None":
        """Return the cursor of a link, or None if the text is not a cursor."""
        found = CURSOR.fullmatch(text)
        if found is None:
            return None
        customer_id, fact, item = found.groups()
        return cls(int(customer_id), fact is None, fact or int(item))


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some lines of a list, and the cursor of the next one if there is any.

    `first` is true if the page begins with the first line.
    """

    lines: list[Line]
    next: Cursor | None
    first: bool


@require_safe
@staff_page("badges.view_requestlog")
def receipt(request, pk):
    """Show the receipt of one accepted request."""
    accepted = RequestLog.objects.accepted().select_related("badge", "user", "integrator", "stated")
    row = accepted.defer("content").filter(pk=pk).first()
    if row is None or row.operation not in RECEIPTS:
        raise Http404
    receipt_of = RECEIPTS[row.operation]
    template, context = receipt_of(row, Cursor.parse(request.GET.get("from", "")))
    record_receipt_read(origin=Origin(channel=Channel.MEMBERCARE, user=request.user), receipt=row)
    picture = picture_of(row.badge) if row.badge else None
    context |= {"title": _("Receipt %(id)d") % {"id": pk}, "row": row, "picture": picture}
    context["undo"] = context.get("is_revocable") and _undo(request.user, row)
    return show(request, template, context)


def _of_one(row, _start):
    """Return the receipt of a badge for one customer, as a template and its context."""
    earned = (
        with_reissues(row.earnedbadge_set)
        .prefetch_related(Prefetch("badge", BadgeMeta.objects.with_terms()))
        .select_related(
            *("request__user", "request__integrator", "request__stated"),
            "reissue_of__request",
        )
        .first()
    )
    if earned is None:
        raise Http404
    return "desk/receipt.html", {
        "earned": earned,
        "timeline": timeline_url(earned),
        "is_revocable": earned.revoked_at is None,
        "text": customer_text(earned),
    }


def _undo(user, row):
    """Return the fields of the form that revokes the badges of a new request, or None.

    Only the user of the request is offered it, for UNDO_OFFERED, with the permission to revoke.
    """
    is_own = row.user_id == user.pk and timezone.now() - row.received_at < UNDO_OFFERED
    if not (is_own and user.has_perm("badges.revoke_badge")):
        return None
    return {
        "words": _("Badge issued.") if row.customer_id else _("Badges issued."),
        "request_id": new_request_id(),
        "because": Reason.ERROR.value,
        "reason": UNDONE,
    }


def _of_many(row, start):
    """Return the receipt of a badge for many customers, or of an import.

    `is_revocable` is true unless all of the badges are certainly revoked.
    """
    issued, revoked = _counted(row.earnedbadge_set)
    words = ngettext("%(count)s issued", "%(count)s issued", issued)
    counted = bounded_count(issued, words, _("more than %(count)s issued"))
    return "desk/receipt_many.html", {
        **_of_outcomes(row, row.earnedbadge_set, counted, start),
        "is_revocable": revoked < issued or issued > MAX_LISTED,
    }


def _of_enrolment(row, start):
    """Return the receipt of an enrolment of one customer, or of many."""
    enrolment = row.enrolment_set.first() if row.customer_id else None
    if enrolment is not None:
        return "desk/receipt_enrolled.html", {
            "enrolment": enrolment,
            "timeline": timeline_url(enrolment),
        }
    enrolled = first_rows(row.enrolment_set).count()
    words = ngettext("%(count)s enrolled", "%(count)s enrolled", enrolled)
    counted = bounded_count(enrolled, words, _("more than %(count)s enrolled"))
    return "desk/receipt_many.html", _of_outcomes(row, row.enrolment_set, counted, start)


def _of_revocation(row, start):
    """Return the receipt of revoked badges, with links to the badges issued in their place."""
    revoked = row.revoked_earnedbadges
    count = first_rows(revoked).count()
    words = ngettext("%(count)s badge revoked", "%(count)s badges revoked", count)
    counted = bounded_count(count, words, _("more than %(count)s badges revoked"))
    facts = with_reissues(revoked).select_related("request")
    context = _of_revoked(row, facts, counted, start)
    return "desk/receipt_revoked.html", {**context, "reissuable": True}


def _of_revoked_enrolments(row, start):
    """Return the receipt of revoked enrolments, whose issued badges are not revoked."""
    revoked = row.revoked_enrolments
    count = first_rows(revoked).count()
    words = ngettext("%(count)s enrolment revoked", "%(count)s enrolments revoked", count)
    counted = bounded_count(count, words, _("more than %(count)s enrolments revoked"))
    return "desk/receipt_revoked.html", _of_revoked(row, revoked, counted, start)


def _of_outcomes(row, facts, counted, start):
    """Return a row for each customer; `counted` is the number of facts, and its words."""
    page = _page(start, facts.select_related("badge"), row.refused_items.all())
    refused = first_rows(row.refused_items).count()
    words = ngettext("%(count)s refused", "%(count)s refused", refused)
    return {
        "pager": _pager(page),
        "rows": [_line(line) for line in page.lines],
        "heading": bulk_verdicts.totals(
            counted, bounded_count(refused, words, _("more than %(count)s refused"))
        ),
    }


def _of_revoked(row, facts, counted, start):
    """Return the revoked rows and the refusals; `counted` is the number, and its words."""
    refused = bulk_verdicts.refused_items(row)
    page = _page(start, facts.select_related("badge"))
    return {
        "pager": _pager(page),
        "rows": [_line(line) for line in page.lines],
        "refused": refused if page.first else [],
        "heading": bulk_verdicts.totals(
            counted, (len(refused), ngettext("%(count)s not", "%(count)s not", len(refused)))
        ),
    }


def with_reissues(facts):
    """Prefetch the badges that were issued in place of the facts and are not revoked."""
    reissues = EarnedBadge.objects.not_revoked().select_related("request").defer("request__content")
    return facts.prefetch_related(Prefetch("reissues", reissues, to_attr="unrevoked_reissues"))


def _counted(facts: QuerySet[EarnedBadge]) -> tuple[int, int]:
    """Return the number of the first facts, and how many of them are revoked."""
    found = first_rows(facts).aggregate(issued=Count("pk"), revoked=Count("revoked_at"))
    return found["issued"], found["revoked"]


def _page(start: Cursor | None, *sources: QuerySet) -> Page:
    """Return the lines of some tables from `start` on, read by index at the same cost per page.

    Each table is read for one page at most: its further lines come after the page in any case.
    """
    found = [
        line
        for rows in sources
        for line in _from(start, rows).order_by("customer_id", "pk")[: PAGE_SIZE + 1]
    ]
    found.sort(key=Cursor.of)
    more = found[PAGE_SIZE : PAGE_SIZE + 1]
    return Page(
        lines=found[:PAGE_SIZE], next=Cursor.of(more[0]) if more else None, first=start is None
    )


def _pager(page: Page) -> Pager:
    return Pager(
        label=_("Pages"),
        before=[] if page.first else [first_page("?")],
        after=[next_page(f"?from={page.next}")] if page.next else [],
    )


def _from(start: Cursor | None, rows: QuerySet) -> QuerySet:
    """Exclude the lines before `start`."""
    if start is None:
        return rows
    is_refused = rows.model is RefusedItem
    if is_refused == start.is_refused:
        same = Q(customer_id__gt=start.customer_id) | Q(pk__gte=start.pk)
        return rows.filter(same, customer_id__gte=start.customer_id)
    return rows.filter(**{f"customer_id__{'gte' if is_refused else 'gt'}": start.customer_id})


def _line(line: Line) -> bulk_verdicts.Row:
    if isinstance(line, RefusedItem):
        return bulk_verdicts.refused(line.customer_id, line.code)
    return bulk_verdicts.written(line)


RECEIPTS: dict[str, Callable[..., Any]] = {
    Operation.EARN: _of_one,
    Operation.EARN_BULK: _of_many,
    Operation.IMPORT_EARNED: _of_many,
    Operation.ENROL_BULK: _of_enrolment,
    Operation.REVOKE_EARN: _of_revocation,
    Operation.REVOKE_ENROLMENT: _of_revoked_enrolments,
}
