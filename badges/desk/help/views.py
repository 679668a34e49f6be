"""The help page, and the view to dismiss a hint."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from badges.desk.access import show
from badges.desk.help.glossary import glossary
from badges.desk.help.topics import topics_for
from badges.desk.help.tour import TOUR
from badges.forms import origin_of
from badges.services.access import preferences

HINTS = {TOUR}


@require_safe
@login_required
def help_page(request):
    """Explain the tasks that the user may do, the words of the screens, and the shortcuts."""
    context = {
        "title": _("Help"),
        "roles": list(request.user.groups.order_by("name").values_list("name", flat=True)[:10]),
        "topics": topics_for(request.user),
        "glossary": glossary(),
    }
    return show(request, "desk/help/help.html", context)


@require_POST
@login_required
def dismiss(request):
    """Hide a hint from the user for good; other names are ignored."""
    hint = request.POST.get("hint", "")
    if hint in HINTS:
        preferences.dismiss(origin=origin_of(request), hint=hint)
    return redirect("desk:home")
