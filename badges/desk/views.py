"""Staff pages: read the form, ask one service, show what came of it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from badges.desk import eligibility
from badges.desk.access import part_of_form, show, staff_page
from badges.desk.forms import IssueForm, PrefillForm
from badges.desk.picker import pick
from badges.errors import BadgeError, ErrorCode
from badges.models import EarnedBadge, Operation, RequestLog
from badges.services.earn import earn_badge, preview_earn


@require_safe
@login_required
def home(request):
    """Lead everybody to the first page they may use."""
    allowed = request.user.has_perm("badges.earn_badge")
    return redirect("desk:issue" if allowed else "admin:index")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("badges.earn_badge")
def issue(request):
    """The form to issue a badge to a customer."""
    if request.method != "POST":
        return _show_form(request, _fresh_form(request), eligibility.WAITING)
    form = IssueForm(request.POST)
    if not form.is_valid():
        focused = form.focus_on_fault()
        return _show_form(request, form, eligibility.of_form(form), focus_panel=not focused)
    try:
        earned = earn_badge(
            origin=form.origin(request.user),
            request_id=form.cleaned_data["request_id"],
            **form.wish,
        )
    except BadgeError as refusal:
        return _refused(request, form, refusal)
    return redirect("desk:receipt", earned.request_id)


@part_of_form
@staff_page("badges.earn_badge")
def preview(request):
    """What the form would do: the panel alone for htmx, else the whole page."""
    form = IssueForm(request.POST)
    verdict = _verdict(request, form)
    if request.htmx:
        return render(request, "desk/_panel.html", {"verdict": verdict})
    return _show_form(request, form, verdict, focus_panel=True)


@part_of_form
@staff_page("badges.earn_badge")
def badges(request):
    """The badges that match the search: the list alone for htmx, else the whole page."""
    form = IssueForm(request.POST)
    verdict = _verdict(request, form)
    if request.htmx:
        return render(request, "desk/_badges.html", {"form": form, "picker": _picker(form)})
    form.focus("search")
    return _show_form(request, form, verdict)


@require_safe
@staff_page("badges.view_requestlog")
def receipt(request, pk):
    """What one accepted request gave to whom."""
    requests = RequestLog.objects.accepted().filter(pk=pk, operation=Operation.EARN)
    earned = (
        EarnedBadge.objects.select_related("badge", "request__user", "request__integrator")
        .filter(request__in=requests)
        .first()
    )
    if earned is None:
        raise Http404
    return show(request, "desk/receipt.html", {"title": _("Receipt"), "earned": earned})


def _show_form(request, form, verdict, **context):
    context |= {
        "title": _("Issue badge"),
        "form": form,
        "verdict": verdict,
        "picker": _picker(form),
    }
    return show(request, "desk/issue.html", context)


def _picker(form):
    text = form.cleaned_data.get("search", "") if form.is_bound else ""
    return pick(text, form.chosen_badge_id, timezone.now())


def _fresh_form(request):
    """A new form, with the badge or the customer that the link names."""
    prefill = PrefillForm(request.GET)
    prefill.is_valid()
    receipt_pk = prefill.cleaned_data.get("customer_of")
    initial = {"badge_id": prefill.cleaned_data.get("badge")}
    if receipt_pk and request.user.has_perm("badges.view_requestlog"):
        accepted = RequestLog.objects.accepted().filter(pk=receipt_pk)
        initial["customer_id"] = accepted.values_list("customer_id", flat=True).first()
    form = IssueForm(initial=initial)
    form.focus("search" if initial.get("customer_id") else "customer_id")
    return form


def _verdict(request, form):
    if not form.is_valid():
        return eligibility.of_form(form)
    now = timezone.now()
    found = preview_earn(origin=form.origin(request.user), now=now, **form.wish)
    return eligibility.of_preview(found, now)


def _refused(request, form, refusal):
    """Lead to the receipt when the very same was issued before, else say why it was refused."""
    if refusal.original and refusal.identical:
        messages.info(request, _("This was already issued; nothing was issued again."))
        return redirect("desk:receipt", refusal.original.pk)
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        return _show_form(request, form, eligibility.of_used_form(refusal), focus_panel=True)
    now = timezone.now()
    found = preview_earn(origin=form.origin(request.user), now=now, **form.wish)
    verdict = eligibility.of_refusal(refusal, found, now)
    form.add_refusal(refusal)
    return _show_form(request, form, verdict, focus_panel=not form.focus_on_fault())
