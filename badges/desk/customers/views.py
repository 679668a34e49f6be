"""Views of one customer: badges, timelines, enrolment."""

from dataclasses import replace

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from badges.desk.access import require_form_methods, show, staff_page
from badges.desk.customers import timeline
from badges.desk.customers.access import of_customer
from badges.desk.customers.cards import PAGE_SIZE, Tab, cards_of, listed_on, verdict_of
from badges.desk.customers.forms import EnrolForm
from badges.desk.customers.links import customer_url
from badges.desk.customers.notes import newest_notes
from badges.desk.issuing import verdicts
from badges.desk.issuing.questions import Checks
from badges.desk.ledgers.selections import actions_of
from badges.desk.parts.forms import new_request_id
from badges.desk.parts.pager import dated_pager, numbered_pager
from badges.desk.parts.picker import pill_of
from badges.desk.parts.pictures import picture_of
from badges.desk.parts.problems import focus_on_fault
from badges.errors import BadgeError, ErrorCode
from badges.forms import origin_of
from badges.models import BadgeMeta, Channel
from badges.offers import offers_to
from badges.selectors import customer_badges
from badges.services.access.preferences import choose_table
from badges.services.customers.confirmations import (
    ConfirmationNeeded,
    questions_about_enrolment,
)
from badges.services.customers.enrol import enrol_customers, preview_enrolment
from badges.services.request_log import Origin

# The name of the preference for the badges of a customer, and its values.
LAYOUT, CARDS, LIST = "customer-badges", "cards", "list"


@require_safe
@staff_page("badges.view_earnedbadge")
@of_customer
def customer(request, customer_id):
    """Show all badges that a customer has or can have, in four lists."""
    now = timezone.now()
    holdings = customer_badges.holdings_of(customer_id, now=now)
    offers = offers_to(customer_id, now=now)
    # If there are many badges, limits are counted only for the badges of the page.
    used, used_up = (
        (None, set()) if offers.is_cut else customer_badges.uses_of(customer_id, now=now)
    )
    totals = offers.totals(holdings, used_up)
    tab = Tab.named(request.GET.get("tab", "")) or _first_tab(totals)
    found = listed_on(tab, offers, holdings, used_up)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    origin = Origin(channel=Channel.MEMBERCARE, user=request.user)
    cards = cards_of(tab, customer_id, list(page), holdings, used, origin=origin, now=now)
    context = {
        "title": _("Customer %(id)d") % {"id": customer_id},
        "customer_id": customer_id,
        "totals": totals,
        "has_history": totals["issued"] or totals["enrolments"],
        "tab": tab,
        "is_cut": offers.is_cut and tab in (Tab.ISSUE, Tab.ENROL),
        "tabs": [(each, totals[each.listed]) for each in Tab],
        "pager": numbered_pager(page, QueryDict(f"tab={tab.slug}")),
        "cards": cards,
        "parts": _parts(tab, cards),
        "notes": newest_notes(customer_id)
        if request.user.has_perm("badges.view_customernote")
        else None,
        "layout": request.user.preferences.tables.get(LAYOUT, {}).get("density", CARDS),
        "request_id": new_request_id(),
    }
    return show(request, "desk/customer.html", context)


@require_safe
@staff_page("badges.view_earnedbadge")
@of_customer
def customer_badge(request, customer_id, badge_id):
    """Show the timeline of a customer and one badge."""
    now = timezone.now()
    badge = _badge(badge_id)
    context = (
        _of_badge(customer_id, badge, now)
        | {"title": badge.name, "subtitle": _("Customer %(id)d") % {"id": customer_id}}
        | _timeline(request, customer_id, badge_id, now)
    )
    return show(request, "desk/customer_badge.html", context)


@require_safe
@staff_page("badges.view_earnedbadge")
@of_customer
def customer_timeline(request, customer_id):
    """Show the timeline of a customer over all badges."""
    context = _timeline(request, customer_id, None, timezone.now()) | {
        "title": _("Timeline of customer %(id)d") % {"id": customer_id},
        "customer_id": customer_id,
        "names_badges": True,
    }
    return show(request, "desk/customer_timeline.html", context)


@require_POST
@staff_page("badges.view_earnedbadge")
@of_customer
def customer_layout(request, customer_id):
    """Remember whether the user wants cards or a list, and return to the page of the customer."""
    chosen = LIST if request.POST.get("layout") == LIST else CARDS
    choose_table(origin=origin_of(request), table=LAYOUT, density=chosen)
    tab = Tab.named(request.POST.get("tab", ""))
    return redirect(customer_url(customer_id) + (f"?tab={tab.slug}" if tab else ""))


@require_form_methods
@staff_page("badges.enrol_customer")
@of_customer
def enrol(request, customer_id, badge_id):
    """Show the form to enrol the customer for the badge, and enrol on POST."""
    if request.method != "POST":
        return _show_enrol(request, EnrolForm(), customer_id, badge_id)
    form = EnrolForm(request.POST)
    if not form.is_valid():
        focus_on_fault(form)
        return _show_enrol(request, form, customer_id, badge_id)
    try:
        result = enrol_customers(
            origin=form.origin(request.user),
            request_id=form.cleaned_data["request_id"],
            badge_id=badge_id,
            customer_ids=[customer_id],
            event_at=form.cleaned_data["event_at"],
            confirmation=form.confirmation,
        )
    except ConfirmationNeeded:
        return _show_enrol(request, form, customer_id, badge_id, focus_panel=True)
    except BadgeError as refusal:
        return _refused(request, form, refusal, customer_id, badge_id)
    if result.refused:
        return _show_refusal(request, form, result.refused[0].refusal, customer_id, badge_id)
    return redirect("desk:receipt", result.request.pk)


@staff_page("badges.enrol_customer")
@of_customer
def enrol_preview(request, customer_id, badge_id):
    """Return the verdict on the form: the panel alone for htmx, else the whole page."""
    if request.method != "POST":
        return redirect("desk:enrol", customer_id, badge_id)
    form = EnrolForm(request.POST)
    if request.htmx:
        context = _enrolling(request, form, customer_id, badge_id)
        context["panel"] = "desk/_enrol_panel.html"
        return render(request, "desk/_panel_update.html", context)
    return _show_enrol(request, form, customer_id, badge_id, focus_panel=True)


def _timeline(request, customer_id, badge_id, now):
    """Return the context of a page of a timeline."""
    page = timeline.page_of(
        customer_id,
        badge_id,
        now=now,
        start=timeline.Cursor.parse(request.GET.get("from", "")),
        holding=timeline.Cursor.parse(request.GET.get("at", "")),
    )
    pager = dated_pager(
        newest="" if page.newest else request.path,
        older=f"?from={page.older}" if page.older else "",
    )
    return {
        "page": page,
        "pager": pager,
        "request_id": new_request_id(),
        "actions": actions_of(request.user, of_issued_badges=True),
    }


def _first_tab(totals):
    """Return the tab of issued badges if the customer has any, else the tab to issue."""
    return Tab.ISSUED if totals[Tab.ISSUED.listed] else Tab.ISSUE


def _parts(tab, cards):
    """Return the cards under their headings; most tabs have one part without a heading."""
    if tab != Tab.ISSUE:
        return [("", cards)]
    parts = [
        (_("Can be issued now"), [card for card in cards if not card.refused]),
        (_("Cannot be issued now, and why"), [card for card in cards if card.refused]),
    ]
    return [(title, part) for title, part in parts if part]


def _badge(badge_id):
    badges = BadgeMeta.objects.with_terms().prefetch_related("images")
    badge = badges.filter(pk=badge_id).first()
    if badge is None:
        raise Http404
    return badge


def _of_badge(customer_id, badge, now):
    """Return the context that all pages of one customer and one badge share."""
    return {
        "customer_id": customer_id,
        "badge": badge,
        "pill": pill_of(badge, now),
        "picture": picture_of(badge),
    }


def _show_enrol(request, form, customer_id, badge_id, **context):
    badge = _badge(badge_id)
    if not form.is_bound:
        form.focus("event_at")
    context = (
        _of_badge(customer_id, badge, timezone.now())
        | {"title": _("Enrol for a badge"), "form": form}
        | {"subtitle": f"{badge.name}, {customer_id}"}
        | _enrolling(request, form, customer_id, badge_id)
        | context
    )
    return show(request, "desk/enrol.html", context)


def _enrolling(request, form, customer_id, badge_id):
    """Return the context with the verdict on an enrolment, and with the enrolment itself."""
    context = {"customer_id": customer_id}
    if form.is_bound and not form.is_valid():
        return context | {"verdict": verdicts.of_form(form)}
    event_at = form.cleaned_data["event_at"] if form.is_bound else None
    found = preview_enrolment(
        origin=Origin(channel=Channel.MEMBERCARE, user=request.user),
        customer_id=customer_id,
        badge_id=badge_id,
        event_at=event_at,
    )
    outcome = found.outcome
    verdict = verdict_of(outcome.refusal, _("Can be enrolled"), _("Cannot be enrolled"))
    return context | {
        "verdict": _with_questions(request, form, verdict, customer_id),
        "enrolment": outcome.fact,
        "overlapping": outcome.existing,
    }


def _with_questions(request, form, verdict, customer_id):
    """Add the questions about the customer, or remarks if the enrolment is refused."""
    checks = Checks(
        found=questions_about_enrolment([customer_id]),
        confirmation=form.confirmation,
        user=request.user,
        now=timezone.now(),
    )
    if verdict.state == verdicts.REFUSED:
        return replace(verdict, remarks=checks.remarks(customer_id))
    questions = checks.questions([customer_id])
    return verdicts.asking(verdict, questions, _("Can be enrolled once you confirm"))


def _refused(request, form, refusal, customer_id, badge_id):
    """Redirect to the receipt if the same request was accepted before, else show the refusal."""
    original = refusal.original if refusal.identical else None
    if original and original.enrolment_set.exists():
        messages.info(request, _("This was already enrolled; nothing was enrolled again."))
        return redirect("desk:receipt", original.pk)
    return _show_refusal(request, form, refusal, customer_id, badge_id)


def _show_refusal(request, form, refusal, customer_id, badge_id):
    """Show the form again, with a new request id if the old one is used up."""
    if refusal.code == ErrorCode.NOT_FOUND:
        raise Http404
    verdict = verdict_of(refusal, "", _("Cannot be enrolled"))
    if refusal.code in (ErrorCode.DUPLICATE_REQUEST, ErrorCode.ENROLMENT_OVERLAPS):
        form.id_to_send = new_request_id()
    if refusal.code == ErrorCode.DUPLICATE_REQUEST:
        text = _("Nothing was enrolled this time. Check the form and send it again.")
        verdict = replace(verdict, title=_("This form was already used"), text=text)
    form.add_refusal(refusal)
    focused = focus_on_fault(form)
    return _show_enrol(
        request, form, customer_id, badge_id, verdict=verdict, focus_panel=not focused
    )
