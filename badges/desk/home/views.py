"""The view of the home page, which every user has."""

from django.contrib.auth.decorators import login_required
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from badges.desk.access import show
from badges.desk.help.tour import is_tour_shown, stops_for
from badges.desk.home.overview import overview

PERMISSION = "badges.view_requestlog"


@require_safe
@login_required
def home(request):
    """Show the pages that the user may open and, with the permission, the figures of all badges.

    It is the page after the sign-in, so it requires only a login: `staff_page` would refuse users
    without the permission.
    """
    may_see = request.user.has_perm(PERMISSION)
    context = {
        "title": _("Home"),
        "home": overview(request.user, timezone.now()) if may_see else None,
        "has_role": bool(request.user.get_all_permissions()),
        "tour": stops_for(request.user) if is_tour_shown(request) else [],
    }
    return show(request, "desk/home/home.html", context)
