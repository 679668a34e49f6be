"""The pages of the badge groups."""

from functools import partial

from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from badges.desk.groups_and_fields.forms import GroupForm
from badges.desk.groups_and_fields.pages import RowPages
from badges.desk.parts.picker import Pill, pill_of
from badges.desk.parts.pictures import picture_of
from badges.desk.parts.switching import switch_as_shown
from badges.models import BadgeGroup, BadgeMeta
from badges.selectors import definitions
from badges.services.catalogue.groups import create_group, update_group
from badges.services.versions import version_of

ACTIVE = Pill("good", "check_circle", gettext_lazy("Active"))
DISABLED = Pill("off", "block", gettext_lazy("Disabled"))


class GroupPages(RowPages):
    """The pages of the groups; a disabled group can be enabled again."""

    name = "group"
    model = BadgeGroup
    use = BadgeMeta
    form_class = GroupForm
    new_title = gettext_lazy("New badge group")
    create_label = gettext_lazy("Create group")
    uses_title = gettext_lazy("Badges in this group")

    find_row = staticmethod(definitions.group)
    uses_of = staticmethod(definitions.badges_of_group)
    create = staticmethod(create_group)
    update = staticmethod(update_group)

    @property
    def urls(self) -> list:
        switch = self.form_page("change", self.switch)
        return [*super().urls, path("groups/<str:pk>/switch/", switch, name="group-switch")]

    def find(self, request):
        """Return all groups by rank, including disabled ones."""
        return definitions.groups(), {"title": _("Badge groups")}

    def describe(self, row):
        return {"group": row, "pill": ACTIVE if row.active else DISABLED}

    def describe_use(self, use):
        return {"badge": use, "pill": pill_of(use, timezone.now()), "picture": picture_of(use)}

    def switch(self, request, pk):
        """Show the consequences of disabling or enabling a group, and do so on POST."""
        group = self.row_or_404(pk)
        if request.method == "POST":
            switch_as_shown(
                request,
                partial(update_group, group_id=pk),
                on=_("“%(group)s” is enabled now.") % {"group": group},
                off=_("“%(group)s” is disabled now.") % {"group": group},
            )
            return redirect(self.url_of(group))
        title = _("Disable a group") if group.active else _("Enable a group")
        return self.confirm(
            request,
            group,
            "group_switch",
            title=title,
            active=group.active,
            version=version_of(group),
        )
