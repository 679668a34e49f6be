"""The view of the home page, and its content on the first page of the admin."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from badges.desk.access import show
from badges.desk.home.overview import overview

PERMISSION = "badges.view_requestlog"


@require_safe
@login_required
def home(request):
    """Show the home page, or redirect users without the permission to their first page.

    It is the page after the sign-in, so it requires only a login: `staff_page` would refuse users
    without the permission.
    """
    if not request.user.has_perm(PERMISSION):
        may_issue = request.user.has_perm("badges.earn_badge")
        return redirect("desk:issue" if may_issue else "admin:index")
    context = {"title": _("Home"), "home": overview(request.user, timezone.now())}
    return show(request, "desk/home/home.html", context)


def dashboard(request, context):
    """Add the overview to the first page of the admin, for users with the permission."""
    if request.user.has_perm(PERMISSION):
        context["home"] = overview(request.user, timezone.now())
    return context
