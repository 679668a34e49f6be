"""The actions on the selected rows of a ledger."""

from django.urls import reverse
from django.utils.translation import gettext as _

from badges.desk.tables.table import Action


def actions_of(user, *, of_issued_badges: bool = False) -> list[Action]:
    """Return the actions that the permissions of a user allow."""
    actions = []
    if of_issued_badges and user.has_perm("badges.revoke_badge"):
        actions.append(Action(label=_("Revoke"), icon="undo", url=reverse("desk:revoke")))
    if user.has_perm("badges.export_ledgers"):
        url = reverse("desk:export-new")
        export = Action(label=_("Export"), icon="download", url=url, name="format", value="CSV")
        actions.append(export)
    return actions
