"""Receipts: what one accepted request issued or revoked, for whom, by whom and why."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from badges.desk import lists
from badges.desk.access import show, staff_page
from badges.models import EarnedBadge, Operation, RequestLog
from badges.services.revoke import issued_badges

ON_A_PAGE = 200


@require_safe
@staff_page("badges.view_requestlog")
def receipt(request, pk):
    """What became of one accepted request."""
    accepted = RequestLog.objects.accepted().select_related("badge", "user", "integrator")
    row = accepted.defer("content").filter(pk=pk).first()
    shown_by = row and RECEIPTS.get(row.operation)
    if not shown_by:
        raise Http404
    template, context = shown_by(row, request.GET.get("page"))
    return show(request, template, {"title": _("Receipt"), "row": row, **context})


def _of_one(row, _page):
    """A badge for one customer."""
    earned = (
        with_reissues(row.earnedbadge_set)
        .select_related("badge", "request__user", "request__integrator", "reissue_of__request")
        .first()
    )
    if earned is None:
        raise Http404
    return "desk/receipt.html", {"earned": earned}


def _of_many(row, page):
    """A badge for many customers, or an import; also how much of it stands."""
    issued = row.earnedbadge_set.count()
    refused = row.refused_items.count()
    outcomes = _page(row.outcomes(), issued + refused, page)
    context = {
        "page": outcomes,
        "rows": lists.of_outcomes(outcomes),
        "heading": lists.totals(
            (issued, ngettext("%(count)d issued", "%(count)d issued", issued)),
            (refused, ngettext("%(count)d refused", "%(count)d refused", refused)),
        ),
        "stands": issued_badges(row.pk).standing().exists(),
    }
    return "desk/receipt_many.html", context


def _of_revocation(row, page):
    """What was revoked; what is issued again links both ways."""
    revoked = row.revoked_earnedbadges
    count = revoked.count()
    facts = with_reissues(revoked).select_related("badge", "request").order_by("customer_id", "pk")
    refused = lists.refused_items(row)
    found = _page(facts, count, page)
    context = {
        "page": found,
        "rows": [lists.issued(fact) for fact in found],
        "refused": refused if found.number == 1 else [],
        "heading": lists.totals(
            (count, ngettext("%(count)d badge revoked", "%(count)d badges revoked", count)),
            (len(refused), ngettext("%(count)d not", "%(count)d not", len(refused))),
        ),
    }
    return "desk/receipt_revoked.html", context


def with_reissues(facts):
    """With those that were issued in their place and stand."""
    standing = EarnedBadge.objects.standing().select_related("request").defer("request__content")
    return facts.prefetch_related(Prefetch("reissues", standing, to_attr="standing_reissues"))


def _page(rows, count, number):
    paginator = Paginator(rows, ON_A_PAGE)
    paginator.count = count
    return paginator.get_page(number)


RECEIPTS = {
    Operation.EARN: _of_one,
    Operation.EARN_BULK: _of_many,
    Operation.IMPORT_EARNED: _of_many,
    Operation.REVOKE_EARN: _of_revocation,
}
