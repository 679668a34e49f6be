"""Receipts: what one accepted request issued, enrolled or revoked, for whom, by whom and why."""

import re
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from badges.desk import lists
from badges.desk.access import show, staff_page
from badges.desk.find import timeline_url
from badges.desk.numbers import MOST_COUNTED, bounded, first_of
from badges.desk.pictures import picture_of
from badges.models import Channel, EarnedBadge, Enrolment, Operation, RefusedItem, RequestLog
from badges.services.look_ups import look_up_receipt
from badges.services.requests import Origin

ON_A_PAGE = 200
Line = EarnedBadge | Enrolment | RefusedItem
PLACE = re.compile(r"(\d{1,19})\.(?:([0-9a-f]{24})|(\d{1,18}))", re.ASCII)


@dataclass(frozen=True, order=True)
class Place:
    """Where a line of a list stands: by customer, what was done before what was refused."""

    customer_id: int
    is_refused: bool
    pk: str | int

    def __str__(self):
        return f"{self.customer_id}.{self.pk}"

    @classmethod
    def of(cls, line: Line) -> "Place":
        return cls(line.customer_id, isinstance(line, RefusedItem), line.pk)

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """Return the place that a link names, or None for what is none."""
        found = PLACE.fullmatch(text)
        if found is None:
            return None
        customer_id, fact, item = found.groups()
        return cls(int(customer_id), fact is None, fact or int(item))


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some lines of a list, and the place of the next one if there is any.

    `first` says that there is nothing before them.
    """

    lines: list[Line]
    next: Place | None
    first: bool


@require_safe
@staff_page("badges.view_requestlog")
def receipt(request, pk):
    """What became of one accepted request."""
    accepted = RequestLog.objects.accepted().select_related("badge", "user", "integrator")
    row = accepted.defer("content").filter(pk=pk).first()
    shown_by = row and RECEIPTS.get(row.operation)
    if not shown_by:
        raise Http404
    template, context = shown_by(row, Place.parse(request.GET.get("from", "")))
    look_up_receipt(origin=Origin(channel=Channel.MEMBERCARE, user=request.user), receipt=row)
    picture = picture_of(row.badge) if row.badge else None
    context |= {"title": _("Receipt"), "row": row, "picture": picture}
    return show(request, template, context)


def _of_one(row, _start):
    """A badge for one customer."""
    earned = (
        with_reissues(row.earnedbadge_set)
        .select_related("badge", "request__user", "request__integrator", "reissue_of__request")
        .first()
    )
    if earned is None:
        raise Http404
    return "desk/receipt.html", {"earned": earned, "timeline": timeline_url(earned)}


def _of_many(row, start):
    """A badge for many customers, or an import; also whether some of it may still stand."""
    issued, revoked = _counted(row.earnedbadge_set)
    words = ngettext("%(count)s issued", "%(count)s issued", issued)
    counted = bounded(issued, words, _("more than %(count)s issued"))
    return "desk/receipt_many.html", {
        **_of_outcomes(row, row.earnedbadge_set, counted, start),
        "stands": revoked < issued or issued > MOST_COUNTED,
    }


def _of_enrolment(row, start):
    """An enrolment of one customer, or of many."""
    enrolment = row.enrolment_set.first() if row.customer_id else None
    if enrolment is not None:
        return "desk/receipt_enrolled.html", {
            "enrolment": enrolment,
            "timeline": timeline_url(enrolment),
        }
    enrolled = first_of(row.enrolment_set).count()
    words = ngettext("%(count)s enrolled", "%(count)s enrolled", enrolled)
    counted = bounded(enrolled, words, _("more than %(count)s enrolled"))
    return "desk/receipt_many.html", _of_outcomes(row, row.enrolment_set, counted, start)


def _of_revocation(row, start):
    """What was revoked; what is issued again links both ways."""
    revoked = row.revoked_earnedbadges
    count = first_of(revoked).count()
    words = ngettext("%(count)s badge revoked", "%(count)s badges revoked", count)
    counted = bounded(count, words, _("more than %(count)s badges revoked"))
    facts = with_reissues(revoked).select_related("request")
    context = _of_revoked(row, facts, counted, start)
    return "desk/receipt_revoked.html", {**context, "reissuable": True}


def _of_revoked_enrolments(row, start):
    """The enrolments that were revoked; what was issued in them stays."""
    revoked = row.revoked_enrolments
    count = first_of(revoked).count()
    words = ngettext("%(count)s enrolment revoked", "%(count)s enrolments revoked", count)
    counted = bounded(count, words, _("more than %(count)s enrolments revoked"))
    return "desk/receipt_revoked.html", _of_revoked(row, revoked, counted, start)


def _of_outcomes(row, facts, counted, start):
    """Each customer of a request; `counted` is how many have a fact, and the words for it."""
    page = _page(start, facts.select_related("badge"), row.refused_items.all())
    refused = first_of(row.refused_items).count()
    words = ngettext("%(count)s refused", "%(count)s refused", refused)
    return {
        "page": page,
        "rows": [_line(line) for line in page.lines],
        "heading": lists.totals(counted, bounded(refused, words, _("more than %(count)s refused"))),
    }


def _of_revoked(row, facts, counted, start):
    """What was revoked, and what was not; `counted` is how much, and the words for it."""
    refused = lists.refused_items(row)
    page = _page(start, facts.select_related("badge"))
    return {
        "page": page,
        "rows": [_line(line) for line in page.lines],
        "refused": refused if page.first else [],
        "heading": lists.totals(
            counted, (len(refused), ngettext("%(count)s not", "%(count)s not", len(refused)))
        ),
    }


def with_reissues(facts):
    """With those that were issued in their place and stand."""
    standing = EarnedBadge.objects.standing().select_related("request").defer("request__content")
    return facts.prefetch_related(Prefetch("reissues", standing, to_attr="standing_reissues"))


def _counted(facts: QuerySet[EarnedBadge]) -> tuple[int, int]:
    """Return how many of the first facts there are, and how many of these are revoked."""
    found = first_of(facts).aggregate(issued=Count("pk"), revoked=Count("revoked_at"))
    return found["issued"], found["revoked"]


def _page(start: Place | None, *sources: QuerySet) -> Page:
    """Return the lines of some tables from `start` on, read by index alone however many are before.

    Each table gives at most a page: what one of them has beyond that comes after the page.
    """
    found = [
        line
        for rows in sources
        for line in _from(start, rows).order_by("customer_id", "pk")[: ON_A_PAGE + 1]
    ]
    found.sort(key=Place.of)
    more = found[ON_A_PAGE : ON_A_PAGE + 1]
    return Page(
        lines=found[:ON_A_PAGE], next=Place.of(more[0]) if more else None, first=start is None
    )


def _from(start: Place | None, rows: QuerySet) -> QuerySet:
    """Leave out what comes before `start`."""
    if start is None:
        return rows
    is_refused = rows.model is RefusedItem
    if is_refused == start.is_refused:
        same = Q(customer_id__gt=start.customer_id) | Q(pk__gte=start.pk)
        return rows.filter(same, customer_id__gte=start.customer_id)
    return rows.filter(**{f"customer_id__{'gte' if is_refused else 'gt'}": start.customer_id})


def _line(line: Line) -> lists.Row:
    if isinstance(line, RefusedItem):
        return lists.refused(line.customer_id, line.code)
    return lists.written(line)


RECEIPTS = {
    Operation.EARN: _of_one,
    Operation.EARN_BULK: _of_many,
    Operation.IMPORT_EARNED: _of_many,
    Operation.ENROL_BULK: _of_enrolment,
    Operation.REVOKE_EARN: _of_revocation,
    Operation.REVOKE_ENROLMENT: _of_revoked_enrolments,
}
