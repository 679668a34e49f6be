"""Views to revoke issued badges: a preview, a reason, and the confirmation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.issuing import bulk_verdicts
from badges.desk.parts.numbers import first_rows
from badges.desk.parts.pasted import MAX_PASTED
from badges.desk.parts.problems import focus_on_fault
from badges.desk.revoking.forms import ReasonForm, SelectionForm
from badges.errors import BadgeError, ErrorCode
from badges.models import EarnedBadge, Operation, RequestLog
from badges.models.ids import customer_id_in
from badges.models.values import required
from badges.paging import MAX_LISTED
from badges.services.customers.outcomes import BulkResult
from badges.services.customers.revoke import (
    preview_revoke,
    revoke_many,
    revoke_request,
)

SHOWN = MAX_PASTED
SELECTIONS = {"earned", "pasted", "selected"}


@dataclass(kw_only=True)
class Plan:
    """The badges to revoke, the URL of the confirmation, and the service that revokes them.

    `selection` is what the user selected, as the request log stores it. `earned` has the ids that
    the confirmation sends again.
    """

    address: str
    selection: dict
    service: Callable[..., BulkResult]
    issued_by: RequestLog | None = None
    earned: list[str] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[bulk_verdicts.Row]:
        """Return a row for each selected badge, or for the first unrevoked badges of a request."""
        ids = self._unrevoked[:SHOWN] if self.issued_by else self.earned
        return [_row(outcome) for outcome in preview_revoke(ids)]

    @property
    def ready(self) -> int:
        if self.issued_by is None:
            return sum(row.tone == bulk_verdicts.TO_REVOKE for row in self.rows)
        return len(self._unrevoked)

    @property
    def already(self) -> int:
        if self.issued_by is None:
            return sum(row.tone == bulk_verdicts.REVOKED for row in self.rows)
        return len(self._issued) - len(self._unrevoked)

    @property
    def unknown(self) -> int:
        return sum(row.tone == bulk_verdicts.NOT_DONE for row in self.rows)

    @property
    def uncounted(self) -> bool:
        """Return whether the request issued more badges than the preview reads."""
        return self.issued_by is not None and len(self._issued) > MAX_LISTED

    @property
    def unseen(self) -> int:
        """Return the number of badges to revoke beyond the rows that are shown."""
        return self.ready - len(self.rows) if self.issued_by else 0

    @cached_property
    def _issued(self) -> list[tuple]:
        issued = required(self.issued_by).earnedbadge_set.values_list("pk", "revoked_at")
        return list(first_rows(issued))

    @property
    def _unrevoked(self) -> list[str]:
        return [pk for pk, revoked_at in self._issued if revoked_at is None]


@require_form_methods
@staff_page("badges.revoke_badge")
def revoke(request):
    """Revoke issued badges by their ids: show the form, then the preview, then revoke.

    A customer number instead of ids offers the badges of the customer.
    """
    if customer_id := _named_customer(request):
        return _offer(request, customer_id)
    given = request.POST if request.method == "POST" else request.GET
    selection_form = SelectionForm(given if SELECTIONS & given.keys() else None)
    if not selection_form.is_valid():
        selection_form.fields["pasted"].widget.attrs["autofocus"] = True
        context = {"title": _("Revoke badges"), "selection_form": selection_form}
        return show(request, "desk/revoke.html", context)
    ids = selection_form.earned_badge_ids
    plan = Plan(
        address=reverse("desk:revoke"),
        selection={"earned": ids},
        service=partial(revoke_many, earned_badge_ids=ids),
        earned=ids,
    )
    return _confirmed(request, plan)


@require_form_methods
@staff_page("badges.revoke_badge")
def revoke_issued_by(request, pk):
    """Revoke everything that one request issued: show the preview, then revoke."""
    rows = RequestLog.objects.accepted().select_related("badge", "user", "integrator", "stated")
    row = get_object_or_404(rows.defer("content"), pk=pk, operation__in=Operation.issuing())
    plan = Plan(
        address=reverse("desk:revoke_request", args=[pk]),
        selection={"issued_by": pk},
        service=partial(revoke_request, issued_by=pk),
        issued_by=row,
    )
    return _confirmed(request, plan)


def _named_customer(request):
    """Return the customer whose badges are to be offered, or None.

    The number is posted, so that it is in no URL. It is not read once badges are ticked.
    """
    if request.method != "POST" or request.POST.getlist("earned"):
        return None
    if not request.user.has_perm("badges.view_earnedbadge"):
        return None
    text = request.POST.get("customer") or request.POST.get("pasted", "")
    return customer_id_in(text.strip())


def _offer(request, customer_id):
    """Show the unrevoked badges of a customer, the newest first, to tick those to revoke."""
    earned = EarnedBadge.objects.not_revoked().of_customer(customer_id)
    newest = list(earned.select_related("badge").order_by("-earned_at", "-pk")[: SHOWN + 1])
    context = {
        "title": _("Revoke badges"),
        "customer_id": customer_id,
        "offered": newest[:SHOWN],
        "is_cut": len(newest) > SHOWN,
        "is_missing": "customer" in request.POST,
    }
    return show(request, "desk/revoke_choose.html", context)


def _confirmed(request, plan):
    """Revoke if the request is the confirmation, else ask for it."""
    if "confirm" not in request.POST:
        return _ask(request, plan, ReasonForm())
    reason_form = ReasonForm(request.POST)
    if not reason_form.is_valid():
        focus_on_fault(reason_form)
        return _ask(request, plan, reason_form)
    try:
        result = plan.service(
            origin=reason_form.origin(request.user, **plan.selection),
            request_id=reason_form.cleaned_data["request_id"],
        )
    except BadgeError as refusal:
        return _refused(request, plan, reason_form, refusal)
    return redirect("desk:receipt", result.request.pk)


def _refused(request, plan, reason_form, refusal):
    """Redirect to the receipt if the same badges were revoked before, else show the refusal."""
    if refusal.original and refusal.identical:
        messages.info(request, _("This was already revoked; nothing was revoked again."))
        return redirect("desk:receipt", refusal.original.pk)
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        reason_form = ReasonForm()
    return _ask(request, plan, reason_form, refusal=refusal)


def _ask(request, plan, reason_form, refusal=None):
    context = {
        "title": _("Revoke badges"),
        "subtitle": _("Check"),
        "plan": plan,
        "reason_form": reason_form,
        "refusal": refusal,
        "heading": _heading(plan),
    }
    return show(request, "desk/revoke_confirm.html", context)


def _heading(plan):
    if plan.uncounted:
        return _(
            "More than %(count)d badges were issued. "
            "All that have not been revoked yet will be revoked."
        ) % {"count": MAX_LISTED}
    ready, already, unknown = plan.ready, plan.already, plan.unknown
    return bulk_verdicts.totals(
        (ready, ngettext("%(count)s will be revoked", "%(count)s will be revoked", ready)),
        (already, ngettext("%(count)s already is", "%(count)s already are", already)),
        (unknown, ngettext("%(count)s is unknown", "%(count)s are unknown", unknown)),
    )


def _row(outcome):
    if outcome.fact:
        tone, label, fact = bulk_verdicts.TO_REVOKE, _("Will be revoked"), outcome.fact
    elif outcome.existing:
        tone, label, fact = bulk_verdicts.REVOKED, _("Revoked already"), outcome.existing
    else:
        text, code = outcome.refusal.message, int(outcome.refusal.code)
        return bulk_verdicts.Row(
            tone=bulk_verdicts.NOT_DONE, label=_("Unknown"), customer_id=None, text=text, code=code
        )
    return bulk_verdicts.Row(tone=tone, label=label, customer_id=fact.customer_id, fact=fact)
