"""Revoke issued badges: a dry run that says what would happen, a reason, and the click."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from badges.desk import lists
from badges.desk.access import show, staff_page
from badges.desk.forms import DeskForm, EarnedIdField
from badges.desk.numbers import MOST_COUNTED, first_of
from badges.desk.pasted import MOST_PASTED, PastedField, check_number
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, RequestLog
from badges.services.outcomes import BulkResult
from badges.services.requests import Origin
from badges.services.revoke import (
    ISSUING,
    preview_revoke,
    revoke_many,
    revoke_request,
)

SHOWN = MOST_PASTED


class Because(TextChoices):
    """Why a badge is taken back; the values are kept in the request log."""

    ERROR = "Issued in error", gettext_lazy("Issued in error")
    CUSTOMER = "Customer request", gettext_lazy("Customer request")
    FRAUD = "Fraud", gettext_lazy("Fraud")
    TEST = "Test data", gettext_lazy("Test data")
    OTHER = "Other", gettext_lazy("Other")


class EarnedIdsField(forms.Field):
    """Ids of issued badges as a page posts them, one value each."""

    widget = forms.MultipleHiddenInput

    def clean(self, value):
        check_number(len(value))
        return [EarnedIdField().clean(each) for each in value]


class WhichForm(forms.Form):
    """The issued badges that are meant: ticked on a page, or pasted."""

    earned = EarnedIdsField(required=False)
    pasted = PastedField(
        EarnedIdField(),
        required=False,
        label=gettext_lazy("IDs of issued badges"),
        help_text=gettext_lazy("As on a receipt. Up to 200, pasted as they come."),
    )

    def clean(self):
        given = self.cleaned_data
        ids = list(dict.fromkeys([*given.get("earned", ()), *given.get("pasted", ())]))
        if not ids and not self.errors:
            self.add_error("pasted", _("Enter the id of an issued badge."))
        try:
            check_number(len(ids))
        except ValidationError as error:
            self.add_error("pasted", error)
        self.earned_badge_ids = ids


class WhyForm(DeskForm):
    """The reason, from a list and in words."""

    typed = ["because", "reason"]
    event_at = None

    because = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=Because.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a reason.")},
    )
    reason = forms.CharField(
        label=gettext_lazy("In words"),
        help_text=gettext_lazy("Kept for auditors. Needed when the reason is another one."),
        required=False,
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean(self):
        given = self.cleaned_data
        if given.get("because") == Because.OTHER and not given.get("reason"):
            self.add_error("reason", _("Say in words what the reason is."))

    def origin(self, user, **meant):
        """Who asks, for what as it was sent, and both parts of the reason."""
        typed = {name: self.data.get(name, "") for name in self.typed}
        parts = [self.cleaned_data["because"], self.cleaned_data["reason"]]
        return Origin(
            channel=Channel.MEMBERCARE,
            user=user,
            content=json.dumps(meant | typed, ensure_ascii=False),
            reason=": ".join(part for part in parts if part),
        )


@dataclass(kw_only=True)
class Plan:
    """What is to be revoked: where it is confirmed, and the service that does it.

    `meant` is what the request log keeps of it; `earned` what the confirmation sends again.
    """

    address: str
    meant: dict
    service: Callable[..., BulkResult]
    issued_by: RequestLog | None = None
    earned: list[str] = field(default_factory=list)

    @cached_property
    def rows(self) -> list[lists.Row]:
        """One for each that is named; of a request the first that stand."""
        ids = self._standing[:SHOWN] if self.issued_by else self.earned
        return [_row(outcome) for outcome in preview_revoke(ids)]

    @property
    def ready(self) -> int:
        if self.issued_by is None:
            return sum(row.tone == lists.DUE for row in self.rows)
        return len(self._standing)

    @property
    def already(self) -> int:
        if self.issued_by is None:
            return sum(row.tone == lists.OVER for row in self.rows)
        return len(self._issued) - len(self._standing)

    @property
    def unknown(self) -> int:
        return sum(row.tone == lists.NOT_DONE for row in self.rows)

    @property
    def uncounted(self) -> bool:
        """Whether the request issued more than is looked at before the click."""
        return self.issued_by is not None and len(self._issued) > MOST_COUNTED

    @property
    def unseen(self) -> int:
        """How many would be revoked beyond the rows that are shown."""
        return self.ready - len(self.rows) if self.issued_by else 0

    @cached_property
    def _issued(self) -> list[tuple]:
        issued = self.issued_by.earnedbadge_set.values_list("pk", "revoked_at")
        return list(first_of(issued))

    @property
    def _standing(self) -> list[str]:
        return [pk for pk, revoked_at in self._issued if revoked_at is None]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("badges.revoke_badge")
def revoke(request):
    """Issued badges by their ids: asked for, then shown as they would be revoked, then revoked."""
    given = request.POST if request.method == "POST" else request.GET
    which = WhichForm(given if {"earned", "pasted"} & given.keys() else None)
    if not which.is_valid():
        which.fields["pasted"].widget.attrs["autofocus"] = True
        return show(request, "desk/revoke.html", {"title": _("Revoke badges"), "which": which})
    ids = which.earned_badge_ids
    plan = Plan(
        address=reverse("desk:revoke"),
        meant={"earned": ids},
        service=partial(revoke_many, earned_badge_ids=ids),
        earned=ids,
    )
    return _confirmed(request, plan)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("badges.revoke_badge")
def revoke_issued_by(request, pk):
    """Everything that one request issued: shown as it would be revoked, then revoked."""
    rows = RequestLog.objects.accepted().select_related("badge", "user", "integrator")
    row = get_object_or_404(rows.defer("content"), pk=pk, operation__in=ISSUING)
    plan = Plan(
        address=reverse("desk:revoke_request", args=[pk]),
        meant={"issued_by": pk},
        service=partial(revoke_request, issued_by=pk),
        issued_by=row,
    )
    return _confirmed(request, plan)


def _confirmed(request, plan):
    """Revoke when this is the confirmation, else ask for it."""
    if "confirm" not in request.POST:
        return _ask(request, plan, WhyForm())
    why = WhyForm(request.POST)
    if not why.is_valid():
        why.focus_on_fault()
        return _ask(request, plan, why)
    try:
        result = plan.service(
            origin=why.origin(request.user, **plan.meant), request_id=why.cleaned_data["request_id"]
        )
    except BadgeError as refusal:
        return _refused(request, plan, why, refusal)
    return redirect("desk:receipt", result.request.pk)


def _refused(request, plan, why, refusal):
    """Lead to the receipt when the very same was revoked before, else say why it was refused."""
    if refusal.original and refusal.identical:
        messages.info(request, _("This was already revoked; nothing was revoked again."))
        return redirect("desk:receipt", refusal.original.pk)
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        why = WhyForm()
    return _ask(request, plan, why, refusal=refusal)


def _ask(request, plan, why, refusal=None):
    context = {
        "title": _("Revoke badges"),
        "plan": plan,
        "why": why,
        "refusal": refusal,
        "heading": _heading(plan),
    }
    return show(request, "desk/revoke_confirm.html", context)


def _heading(plan):
    if plan.uncounted:
        return _("More than %(count)d were issued. All that still stand will be revoked.") % {
            "count": MOST_COUNTED
        }
    ready, already, unknown = plan.ready, plan.already, plan.unknown
    return lists.totals(
        (ready, ngettext("%(count)s will be revoked", "%(count)s will be revoked", ready)),
        (already, ngettext("%(count)s already is", "%(count)s already are", already)),
        (unknown, ngettext("%(count)s is unknown", "%(count)s are unknown", unknown)),
    )


def _row(outcome):
    if outcome.fact:
        tone, label, fact = lists.DUE, _("Will be revoked"), outcome.fact
    elif outcome.stands:
        tone, label, fact = lists.OVER, _("Revoked already"), outcome.stands
    else:
        text, code = outcome.refusal.message, int(outcome.refusal.code)
        return lists.Row(
            tone=lists.NOT_DONE, label=_("Unknown"), customer_id=None, text=text, code=code
        )
    return lists.Row(tone=tone, label=label, customer_id=fact.customer_id, fact=fact)
