"""The pages of the badge groups."""

from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from badges import listings
from badges.desk.access import show, staff_page
from badges.desk.display.editing import METHODS, ON_A_PAGE, edited, posted
from badges.desk.display.forms import GroupForm
from badges.desk.picker import Standing, standing
from badges.desk.pictures import picture_of
from badges.errors import BadgeError
from badges.forms import origin_of
from badges.models import BadgeGroup
from badges.services.groups import create_group, update_group

ACTIVE = Standing("good", "check_circle", gettext_lazy("Active"))
DISABLED = Standing("off", "block", gettext_lazy("Disabled"))


@require_safe
@staff_page("badges.view_badgegroup")
def index(request):
    """All groups by their rank, disabled ones too, with how many badges each has."""
    found = listings.groups().annotate(badge_count=Count("badges"))
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Badge groups"),
        "page": page,
        "rows": [{"group": group, "standing": standing_of(group)} for group in page],
    }
    return show(request, "desk/display/groups.html", context)


@require_safe
@staff_page("badges.view_badgegroup")
def detail(request, pk):
    """One group, and the badges in it."""
    now, group = timezone.now(), group_or_404(pk)
    found = listings.badges_of_group(group)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": group.name,
        "group": group,
        "standing": standing_of(group),
        "page": page,
        "rows": [
            {"badge": badge, "standing": standing(badge, now), "picture": picture_of(badge)}
            for badge in page
        ],
    }
    return show(request, "desk/display/group.html", context)


@require_http_methods(METHODS)
@staff_page("badges.add_badgegroup")
def new(request):
    """Make a group."""
    return edited(
        request,
        GroupForm(posted(request)),
        create_group,
        template="desk/display/group_form.html",
        page="desk:group",
        title=_("New badge group"),
        send=_("Create group"),
    )


@require_http_methods(METHODS)
@staff_page("badges.change_badgegroup")
def edit(request, pk):
    """Rename a group, or give it another rank."""
    group = group_or_404(pk)
    return edited(
        request,
        GroupForm(posted(request), instance=group),
        partial(update_group, group_id=pk),
        template="desk/display/group_form.html",
        page="desk:group",
        title=_("Edit %(name)s") % {"name": group},
        send=_("Save changes"),
        group=group,
    )


@require_http_methods(METHODS)
@staff_page("badges.change_badgegroup")
def switch(request, pk):
    """Ask before a group is disabled or enabled, and say what follows from it."""
    group = group_or_404(pk)
    if request.method == "POST":
        _switch(request, group)
        return redirect("desk:group", pk)
    context = {
        "title": _("Disable a group") if group.active else _("Enable a group"),
        "group": group,
        "badge_count": group.badges.count(),
    }
    return show(request, "desk/display/group_switch.html", context)


def standing_of(group: BadgeGroup) -> Standing:
    return ACTIVE if group.active else DISABLED


def group_or_404(pk) -> BadgeGroup:
    try:
        return listings.group(pk)
    except BadgeError:
        raise Http404 from None


def _switch(request, group):
    active = request.POST.get("active") == "yes"
    try:
        update_group(origin=origin_of(request), group_id=group.pk, active=active)
    except BadgeError as refusal:
        messages.error(request, refusal.message)
    else:
        told = _("“%(group)s” is enabled now.") if active else _("“%(group)s” is disabled now.")
        messages.success(request, told % {"group": group})
