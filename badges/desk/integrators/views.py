"""Views of the integrators."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db.models import OuterRef, Subquery, Sum
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from badges import shown_secrets
from badges.desk.access import keep_secret, require_form_methods, show, staff_page
from badges.desk.errors import forbidden
from badges.desk.integrators.forms import DeskIntegratorForm, RotationForm
from badges.desk.integrators.integrator_table import TABLE
from badges.desk.integrators.state import state_of
from badges.desk.parts.forms import SearchForm
from badges.desk.parts.pager import paginate, url_of_order
from badges.desk.parts.problems import focus_on_fault
from badges.edit_forms import SEEN
from badges.errors import BadgeError
from badges.forms import origin_of, posted_data
from badges.models import ActorCount, Integrator, RequestLog, SummaryCursor
from badges.models.values import start_of_day
from badges.services.access import integrators
from badges.services.versions import version_of


@require_safe
@staff_page("badges.view_integrator")
def index(request):
    """List the integrators with their state, their access and their recent calls.

    Calls are counted by whole days. Yesterday and today cover the last 24 hours, and more.
    """
    now = timezone.now()
    form = SearchForm(request.GET, label=_("Name or client id"))
    found = with_last_use(Integrator.objects.named_like(form.text))
    sort = TABLE.sort_of(request.GET.get("sort", ""))
    found = found.prefetch_related("access_groups").order_by(str(sort))
    page, pager = paginate(found, request.GET)
    today = start_of_day(now).date()
    calls = calls_on([today - timedelta(days=1), today], page)
    counted = bool(calls) or SummaryCursor.objects.exists()
    rows = [
        {
            "integrator": each,
            "state": state_of(each, now),
            "recent": calls.get(each.pk, {"calls": 0, "errors": 0}),
            "counted": counted,
        }
        for each in page
    ]
    context = {
        "title": _("Integrators"),
        "form": form,
        "filtered": bool(form.text),
        "page": page,
        "pager": pager,
        "counted": counted,
        "rows": rows,
        "table": TABLE.show(
            request.user,
            rows,
            key=lambda row: row["integrator"].pk,
            sort=sort,
            url_of=partial(url_of_order, request.GET),
        ),
    }
    return show(request, "desk/integrators/list.html", context)


@never_cache
@require_form_methods
@staff_page("badges.add_integrator")
def new(request):
    """Create an integrator, and redirect to the page with its secret."""
    form = DeskIntegratorForm(posted_data(request))
    if form.is_bound and form.is_valid():
        try:
            integrator, secret = integrators.create_integrator(
                origin=origin_of(request), **form.cleaned_data
            )
        except BadgeError as refusal:
            form.show(refusal)
        else:
            return redirect_to_secret(request, integrator, secret)
    focus_on_fault(form)
    context = {
        "title": _("New integrator"),
        "form": form,
        "send": _("Create integrator"),
        "back": reverse("desk:integrators"),
    }
    return show(request, "desk/integrators/form.html", context)


@require_form_methods
@staff_page("badges.view_integrator")
def edit(request, pk):
    """Show one integrator, with the form to change it for users with the permission."""
    integrator = get_object_or_404(with_last_use(Integrator.objects), pk=pk)
    may_change = request.user.has_perm("badges.change_integrator")
    if request.method == "POST" and not may_change:
        return forbidden(request)
    if request.method == "POST":
        form = DeskIntegratorForm(request.POST, instance=integrator)
        shown: DeskIntegratorForm | None = form
        if form.is_valid() and _updated(request, form):
            return redirect("desk:integrator", pk)
        focus_on_fault(form)
    else:
        shown = DeskIntegratorForm(instance=integrator) if may_change else None
    context = {
        "title": Integrator.objects.only("name").get(pk=pk).name,
        "subtitle": _("Integrator"),
        "integrator": integrator,
        "state": state_of(integrator, timezone.now()),
        "form": shown,
    }
    return show(request, "desk/integrators/integrator.html", context)


@never_cache
@require_form_methods
@staff_page("badges.change_integrator")
def rotate(request, pk):
    """Give an integrator a new secret, and redirect to the page with it."""
    integrator = get_object_or_404(Integrator, pk=pk)
    form = RotationForm(posted_data(request))
    if form.is_bound and form.is_valid():
        try:
            integrator, secret = integrators.rotate_secret(
                origin=origin_of(request),
                integrator_id=pk,
                overlap=form.cleaned_data["overlap"],
                seen=[request.POST.get(SEEN)],
            )
        except BadgeError as refusal:
            form.add_error(None, refusal.message)
            integrator.refresh_from_db()
        else:
            return redirect_to_secret(request, integrator, secret)
    context = {
        "title": _("New secret for %(name)s") % {"name": integrator},
        "integrator": integrator,
        "version": version_of(integrator),
        "form": form,
    }
    return show(request, "desk/integrators/rotate.html", context)


@never_cache
@require_form_methods
@staff_page("badges.view_integrator")
def secret(request, pk):
    """Show the secret that this session has just created; POST confirms that it was copied.

    The page can be loaded again until then, or until the secret expires.
    """
    integrator = get_object_or_404(Integrator, pk=pk)
    if request.method == "POST":
        shown_secrets.forget(request.session, _kind(pk))
        return redirect("desk:integrator", pk)
    created = shown_secrets.read(request.session, _kind(pk))
    if created is None:
        messages.warning(
            request, _("The secret is not shown any more. If it is lost, create a new one.")
        )
        return redirect("desk:integrator", pk)
    context = {
        "title": _("The secret of %(name)s") % {"name": integrator},
        "integrator": integrator,
        "secret": created["secret"],
        "has_docs": settings.API_DOCS != "off",
    }
    return keep_secret(show(request, "desk/integrators/secret.html", context))


@require_form_methods
@staff_page("badges.change_integrator")
def revoke(request, pk):
    """Ask for confirmation, and revoke the integrator on POST."""
    integrator = get_object_or_404(Integrator, pk=pk)
    if request.method == "POST":
        integrators.revoke_integrator(origin=origin_of(request), integrator_id=pk)
        messages.success(request, _("%(name)s is revoked.") % {"name": integrator})
        return redirect("desk:integrators")
    context = {
        "title": _("Revoke %(name)s") % {"name": integrator},
        "integrator": integrator,
        "back": reverse("desk:integrator", args=[pk]),
    }
    return show(request, "desk/integrators/revoke.html", context)


def redirect_to_secret(request, integrator, secret):
    """Keep the secret in the session for its page, and redirect to that page."""
    shown_secrets.keep(request.session, _kind(integrator.pk), {"secret": secret})
    return redirect("desk:integrator-secret", integrator.pk)


def with_last_use(found):
    """Annotate integrators with the time of their newest request, read from an index."""
    newest = RequestLog.objects.filter(integrator=OuterRef("pk")).order_by("-pk")
    return found.annotate(last_used_at=Subquery(newest.values("received_at")[:1]))


def calls_on(
    days: list[date], integrators: Iterable[Integrator]
) -> dict[int, Mapping[str, object]]:
    """Return by integrator the calls on some days that changed, or tried to change, data."""
    pks = [integrator.pk for integrator in integrators]
    rows = ActorCount.objects.filter(day__in=days, integrator_id__in=pks).order_by()
    sums = rows.values("integrator_id").annotate(calls=Sum("requests"), errors=Sum("refused"))
    return {row["integrator_id"]: row for row in sums}


def _kind(pk: int) -> str:
    return f"integrator-{pk}"


def _updated(request, form) -> bool:
    try:
        integrators.update_integrator(
            origin=origin_of(request), integrator_id=form.instance.pk, **form.arguments()
        )
    except BadgeError as refusal:
        form.show(refusal)
        return False
    messages.success(request, _("%(name)s was saved.") % {"name": form.instance})
    return True
