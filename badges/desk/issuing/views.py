"""Views to issue badges: validate the form, call one service, show the result."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from badges.desk.access import part_of_form, require_form_methods, show, staff_page
from badges.desk.issuing import bulk_verdicts, verdicts
from badges.desk.issuing.questions import Checks
from badges.desk.parts.forms import IssueForm, PrefillForm
from badges.desk.parts.picker import pick
from badges.desk.parts.problems import focus_on_fault
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, EarnedBadge, RequestLog
from badges.services.customers.confirmations import ConfirmationNeeded, questions_about_earn
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.earning.preview import preview_earn
from badges.services.request_log import Origin


@require_form_methods
@staff_page("badges.earn_badge")
def issue(request):
    """Show the form to issue a badge to one or several customers, and issue on POST."""
    if request.method != "POST":
        form = _fresh_form(request)
        return _show_form(request, form, _first_verdict(request, form))
    form = IssueForm(request.POST)
    if not form.is_valid():
        focused = focus_on_fault(form)
        return _show_form(request, form, verdicts.of_form(form), focus_panel=not focused)
    try:
        receipt_pk = _issue(request, form)
    except ConfirmationNeeded:
        return _show_form(request, form, _verdict(request, form), focus_panel=True)
    except BadgeError as refusal:
        return _refused(request, form, refusal)
    return redirect("desk:receipt", receipt_pk)


@part_of_form
@staff_page("badges.earn_badge")
def preview(request):
    """Return the verdict on the form: the panel alone for htmx, else the whole page."""
    form = IssueForm(request.POST)
    verdict = _verdict(request, form)
    if request.htmx:
        context = {"verdict": verdict, "panel": "desk/_panel.html"}
        return render(request, "desk/_panel_update.html", context)
    if "event_at" not in request.POST:
        return _show_linked_form(request, form, verdict)
    return _show_form(request, form, verdict, focus_panel=True)


@part_of_form
@staff_page("badges.earn_badge")
def badges(request):
    """Return the badges that match the search: the list alone for htmx, else the whole page."""
    form = IssueForm(request.POST)
    verdict = _verdict(request, form)
    if request.htmx:
        return render(request, "desk/_badges.html", {"form": form, "picker": _picker(form)})
    form.focus("search")
    return _show_form(request, form, verdict, is_choosing=True)


def _issue(request, form):
    """Issue the badge to the customers of the form, and return the key of the request."""
    call = {
        "origin": form.origin(request.user),
        "request_id": form.cleaned_data["request_id"],
        "confirmation": form.confirmation,
        **form.earn_arguments,
    }
    if form.for_several:
        return earn_badges(customer_ids=form.customer_ids, **call).request.pk
    (customer_id,) = form.customer_ids
    return earn_badge(customer_id=customer_id, reissue_of=form.reissued, **call).request_id


def _show_form(request, form, verdict, **context):
    context |= {
        "title": _("Issue badge"),
        "form": form,
        "verdict": verdict,
        "picker": _picker(form),
        "reissued": form.reissued and _revoked(form.reissued),
    }
    return show(request, "desk/issue.html", context)


def _show_linked_form(request, form, verdict):
    """Show the form that a button on the page of a customer opens, which sends no event date."""
    form.focus("event_at" if form.chosen_badge_id else "search")
    return _show_form(request, form, verdict)


def _picker(form):
    text = form.cleaned_data.get("search", "") if form.is_bound else ""
    return pick(text, form.chosen_badge_id, timezone.now())


def _fresh_form(request):
    """Return a new form, with the badge, the receipt's customer or the revoked badge of a link.

    A revoked badge is issued again to its customer.
    """
    prefill = PrefillForm(request.GET)
    prefill.is_valid()
    named = prefill.cleaned_data
    form = IssueForm(initial=_initial_of_reissue(request, named) or _initial(request, named))
    known = "event_at" if form.reissued else "search"
    form.focus(known if form.initial.get("customer_id") else "customer_id")
    return form


def _first_verdict(request, form):
    """Return the first content of the panel, which already has a preview of a reissue."""
    if not form.reissued:
        return verdicts.WAITING
    now = timezone.now()
    found = preview_earn(
        origin=Origin(channel=Channel.MEMBERCARE, user=request.user),
        customer_ids=[form.initial["customer_id"]],
        badge_id=form.initial["badge_id"],
        reissue_of=form.reissued,
        now=now,
    )
    return verdicts.of_preview(found, _checks(request, form, found, now))


def _initial(request, named):
    initial = {"badge_id": named.get("badge")}
    receipt_pk = named.get("customer_of")
    if receipt_pk and request.user.has_perm("badges.view_requestlog"):
        accepted = RequestLog.objects.accepted().filter(pk=receipt_pk)
        initial["customer_id"] = accepted.values_list("customer_id", flat=True).first()
    return initial


def _initial_of_reissue(request, named):
    if not (named.get("reissue_of") and request.user.has_perm("badges.view_earnedbadge")):
        return None
    fact = _revoked(named["reissue_of"])
    return fact and {
        "badge_id": fact.badge_id,
        "customer_id": fact.customer_id,
        "reissue_of": fact.pk,
    }


def _revoked(earned_badge_id):
    """Return the revoked badge with an id, or None."""
    revoked = EarnedBadge.objects.filter(pk=earned_badge_id, revoked_at__isnull=False)
    return revoked.select_related("badge", "revocation").defer("revocation__content").first()


def _verdict(request, form):
    if not form.is_valid():
        return verdicts.of_form(form)
    now = timezone.now()
    found = _preview(request, form, now)
    checks = _checks(request, form, found, now)
    return (bulk_verdicts if form.for_several else verdicts).of_preview(found, checks)


def _preview(request, form, now):
    return preview_earn(
        origin=form.origin(request.user),
        customer_ids=form.customer_ids,
        reissue_of=form.reissued,
        now=now,
        **form.earn_arguments,
    )


def _checks(request, form, found, now):
    """Return the questions about the customers of a preview, and the answers of the form."""
    customer_ids = [outcome.customer_id for outcome in found.outcomes]
    return Checks(
        found=questions_about_earn(found.badge and found.badge.id, customer_ids, now),
        repeated=form.repeated,
        confirmation=form.confirmation,
        user=request.user,
        now=now,
    )


def _refused(request, form, refusal):
    """Redirect to the receipt if the same badge was issued before, else show the refusal."""
    if refusal.original and refusal.identical:
        messages.info(request, _("This was already issued; nothing was issued again."))
        return redirect("desk:receipt", refusal.original.pk)
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        return _show_form(request, form, verdicts.of_used_form(refusal), focus_panel=True)
    now = timezone.now()
    found = _preview(request, form, now)
    verdict = verdicts.of_refusal(refusal, found, _checks(request, form, found, now))
    form.add_refusal(refusal)
    return _show_form(request, form, verdict, focus_panel=not focus_on_fault(form))
