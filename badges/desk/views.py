"""Staff pages: read the form, ask one service, show what came of it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from badges.desk import eligibility, lists
from badges.desk.access import part_of_form, show, staff_page
from badges.desk.forms import IssueForm, PrefillForm
from badges.desk.home import overview
from badges.desk.picker import pick
from badges.errors import BadgeError, ErrorCode
from badges.models import Channel, EarnedBadge, RequestLog
from badges.services.earn import earn_badge, earn_badges, preview_earn, preview_earn_many
from badges.services.requests import Origin


@require_safe
@login_required
def home(request):
    """How it goes, for those who may see everything; the others go to their first page."""
    if not request.user.has_perm("badges.view_requestlog"):
        allowed = request.user.has_perm("badges.earn_badge")
        return redirect("desk:issue" if allowed else "admin:index")
    context = {"title": _("Home"), "home": overview(request.user, timezone.now())}
    return show(request, "desk/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("badges.earn_badge")
def issue(request):
    """The form to issue a badge to a customer, or to each of several."""
    if request.method != "POST":
        form = _fresh_form(request)
        return _show_form(request, form, _first_verdict(request, form))
    form = IssueForm(request.POST)
    if not form.is_valid():
        focused = form.focus_on_fault()
        return _show_form(request, form, eligibility.of_form(form), focus_panel=not focused)
    try:
        receipt_pk = _issue(request, form)
    except BadgeError as refusal:
        return _refused(request, form, refusal)
    return redirect("desk:receipt", receipt_pk)


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


def _issue(request, form):
    """Issue what the form asks for, and return the key of its request."""
    call = {
        "origin": form.origin(request.user),
        "request_id": form.cleaned_data["request_id"],
        **form.wish,
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
        "again": form.reissued and _revoked(form.reissued),
    }
    return show(request, "desk/issue.html", context)


def _picker(form):
    text = form.cleaned_data.get("search", "") if form.is_bound else ""
    return pick(text, form.chosen_badge_id, timezone.now())


def _fresh_form(request):
    """A new form, with what the link names: a badge, the customer of a receipt, or a revoked one.

    The latter is issued again, to its customer.
    """
    prefill = PrefillForm(request.GET)
    prefill.is_valid()
    named = prefill.cleaned_data
    form = IssueForm(initial=_again(request, named) or _initial(request, named))
    known = "event_at" if form.reissued else "search"
    form.focus(known if form.initial.get("customer_id") else "customer_id")
    return form


def _first_verdict(request, form):
    """What the panel says at once: of what is issued again everything is known."""
    if not form.reissued:
        return eligibility.WAITING
    now = timezone.now()
    found = preview_earn(
        origin=Origin(channel=Channel.MEMBERCARE, user=request.user), now=now, **form.initial
    )
    return eligibility.of_preview(found, now)


def _initial(request, named):
    initial = {"badge_id": named.get("badge")}
    receipt_pk = named.get("customer_of")
    if receipt_pk and request.user.has_perm("badges.view_requestlog"):
        accepted = RequestLog.objects.accepted().filter(pk=receipt_pk)
        initial["customer_id"] = accepted.values_list("customer_id", flat=True).first()
    return initial


def _again(request, named):
    if not (named.get("reissue_of") and request.user.has_perm("badges.view_earnedbadge")):
        return None
    fact = _revoked(named["reissue_of"])
    return fact and {
        "badge_id": fact.badge_id,
        "customer_id": fact.customer_id,
        "reissue_of": fact.pk,
    }


def _revoked(earned_badge_id):
    """The revoked badge of an id, or None."""
    revoked = EarnedBadge.objects.filter(pk=earned_badge_id, revoked_at__isnull=False)
    return revoked.select_related("badge", "revocation").defer("revocation__content").first()


def _verdict(request, form):
    if not form.is_valid():
        return eligibility.of_form(form)
    now = timezone.now()
    found = _preview(request, form, now)
    return (lists if form.for_several else eligibility).of_preview(found, now)


def _preview(request, form, now):
    return preview_earn_many(
        origin=form.origin(request.user),
        customer_ids=form.customer_ids,
        reissue_of=form.reissued,
        now=now,
        **form.wish,
    )


def _refused(request, form, refusal):
    """Lead to the receipt when the very same was issued before, else say why it was refused."""
    if refusal.original and refusal.identical:
        messages.info(request, _("This was already issued; nothing was issued again."))
        return redirect("desk:receipt", refusal.original.pk)
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        return _show_form(request, form, eligibility.of_used_form(refusal), focus_panel=True)
    now = timezone.now()
    found = _preview(request, form, now)
    verdict = eligibility.of_refusal(refusal, found, now)
    form.add_refusal(refusal)
    return _show_form(request, form, verdict, focus_panel=not form.focus_on_fault())
