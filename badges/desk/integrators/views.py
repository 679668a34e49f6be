"""The pages of the integrators."""

from datetime import date, timedelta

from django.contrib import messages
from django.db.models import OuterRef, Q, Subquery, Sum
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from badges.desk.access import forbidden, show, staff_page
from badges.desk.integrators.forms import DeskIntegratorForm, RotationForm
from badges.desk.integrators.state import state_of
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import DailyCount, Integrator, RequestLog, SummaryCursor
from badges.models.values import start_of_day
from badges.services import integrators

METHODS = ["GET", "HEAD", "POST"]


@require_safe
@staff_page("badges.view_integrator")
def index(request):
    """All integrators: how they stand, what they may do, what they did lately.

    Calls are counted by whole days: those of yesterday and today are all of the last 24 hours, and
    some more.
    """
    now = timezone.now()
    found = list(with_last_use(Integrator.objects).prefetch_related("access_groups"))
    calls = calls_since(start_of_day(now).date() - timedelta(days=1))
    context = {
        "title": _("Integrators"),
        "counted": bool(calls) or SummaryCursor.objects.exists(),
        "rows": [
            {
                "integrator": each,
                "state": state_of(each, now),
                "lately": calls.get(each.pk, {"calls": 0, "errors": 0}),
            }
            for each in found
        ],
    }
    return show(request, "desk/integrators/list.html", context)


@never_cache
@require_http_methods(METHODS)
@staff_page("badges.add_integrator")
def new(request):
    """Make an integrator, and show its secret in this very answer."""
    form = DeskIntegratorForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            integrator, secret = integrators.create_integrator(
                origin=origin_of(request), **form.cleaned_data
            )
        except BadgeError as refusal:
            form.show(refusal)
        else:
            return _show_secret(request, integrator, secret)
    form.focus_on_fault()
    context = {"title": _("New integrator"), "form": form}
    return show(request, "desk/integrators/form.html", context)


@require_http_methods(METHODS)
@staff_page("badges.view_integrator")
def edit(request, pk):
    """One integrator: its facts, and for those who may the form to change it."""
    integrator = get_object_or_404(with_last_use(Integrator.objects), pk=pk)
    may_change = request.user.has_perm("badges.change_integrator")
    if request.method == "POST" and not may_change:
        return forbidden(request)
    if request.method == "POST":
        form = DeskIntegratorForm(request.POST, instance=integrator)
        if form.is_valid() and _updated(request, form):
            return redirect("desk:integrator", pk)
        form.focus_on_fault()
    else:
        form = DeskIntegratorForm(instance=integrator) if may_change else None
    context = {
        "title": Integrator.objects.only("name").get(pk=pk).name,
        "integrator": integrator,
        "state": state_of(integrator, timezone.now()),
        "form": form,
    }
    return show(request, "desk/integrators/integrator.html", context)


@never_cache
@require_http_methods(METHODS)
@staff_page("badges.change_integrator")
def rotate(request, pk):
    """Give an integrator a new secret, and show it in this very answer."""
    integrator = get_object_or_404(Integrator, pk=pk)
    form = RotationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            integrator, secret = integrators.rotate_secret(
                origin=origin_of(request), integrator_id=pk, overlap=form.cleaned_data["overlap"]
            )
        except BadgeError as refusal:
            form.add_error(None, refusal.message)
        else:
            return _show_secret(request, integrator, secret)
    context = {
        "title": _("New secret for %(name)s") % {"name": integrator},
        "integrator": integrator,
        "form": form,
    }
    return show(request, "desk/integrators/rotate.html", context)


@require_http_methods(METHODS)
@staff_page("badges.change_integrator")
def revoke(request, pk):
    """Ask, and shut an integrator out when the answer is posted."""
    integrator = get_object_or_404(Integrator, pk=pk)
    if request.method == "POST":
        integrators.revoke_integrator(origin=origin_of(request), integrator_id=pk)
        messages.success(request, _("%(name)s is revoked.") % {"name": integrator})
        return redirect("desk:integrators")
    context = {"title": _("Revoke %(name)s") % {"name": integrator}, "integrator": integrator}
    return show(request, "desk/integrators/revoke.html", context)


def with_last_use(found):
    """With when each made its newest request, found by index."""
    newest = RequestLog.objects.filter(integrator=OuterRef("pk")).order_by("-pk")
    return found.annotate(last_used_at=Subquery(newest.values("received_at")[:1]))


def calls_since(day: date) -> dict[int, dict[str, int]]:
    """Return by integrator the calls since a day that changed or wanted to change something."""
    counts = DailyCount.objects.of_badge().filter(day__gte=day, integrator_id__gt=0).order_by()
    rows = counts.values("integrator_id").annotate(
        calls=Sum("requests"), errors=Sum("requests", filter=Q(code__gt=0), default=0)
    )
    return {row["integrator_id"]: row for row in rows}


def _updated(request, form) -> bool:
    try:
        integrators.update_integrator(
            origin=origin_of(request),
            integrator=form.instance,
            access_groups=form.cleaned_data["access_groups"],
        )
    except BadgeError as refusal:
        form.show(refusal)
        return False
    messages.success(request, _("%(name)s was saved.") % {"name": form.instance})
    return True


def _show_secret(request, integrator, secret):
    """The secret is nowhere else, and never can be shown again."""
    context = {
        "title": _("The secret of %(name)s") % {"name": integrator},
        "integrator": integrator,
        "secret": secret,
    }
    answer = show(request, "desk/integrators/secret.html", context)
    answer["Cache-Control"] = "no-store"
    return answer
