"""The pages of the badge groups."""

from django.utils import timezone
from django.utils.translation import gettext_lazy

from badges.desk.groups_and_fields.forms import GroupForm
from badges.desk.groups_and_fields.pages import RankedPages
from badges.desk.parts.picker import pill_of
from badges.desk.parts.pictures import picture_of
from badges.models import BadgeGroup, BadgeMeta
from badges.selectors import definitions
from badges.services.catalogue.groups import create_group, update_group


class GroupPages(RankedPages):
    """The pages of the groups; a disabled group can be enabled again."""

    name = "group"
    model = BadgeGroup
    use = BadgeMeta
    form_class = GroupForm
    list_title = gettext_lazy("Badge groups")
    new_title = gettext_lazy("New badge group")
    create_label = gettext_lazy("Create group")
    uses_title = gettext_lazy("Badges in this group")
    disable_title = gettext_lazy("Disable a group")
    enable_title = gettext_lazy("Enable a group")

    all_rows = staticmethod(definitions.groups)
    find_row = staticmethod(definitions.group)
    uses_of = staticmethod(definitions.badges_of_group)
    create = staticmethod(create_group)
    update = staticmethod(update_group)

    def describe_use(self, use):
        return {"badge": use, "pill": pill_of(use, timezone.now()), "picture": picture_of(use)}
