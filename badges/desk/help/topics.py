"""The tasks of users, in steps; each topic is shown to users with its permission."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One task, with the page where it begins."""

    title: "StrOrPromise"
    icon: str
    right: str
    route: str
    steps: list["StrOrPromise"]

    @property
    def url(self) -> str:
        return reverse(self.route)


TOPICS = [
    Topic(
        title=_("Find a customer"),
        icon="search",
        right="badges.view_earnedbadge",
        route="desk:find",
        steps=[
            _("Press / or Ctrl+K on any page and type the customer number."),
            _("The customer's page lists what was issued, what can be issued, and why not."),
        ],
    ),
    Topic(
        title=_("Issue a badge"),
        icon="workspace_premium",
        right="badges.earn_badge",
        route="desk:issue",
        steps=[
            _("Enter a customer number, or paste up to 200, and choose the badge."),
            _("The panel tells you before you click whether it can be issued, and why not."),
            _("Press Ctrl+Enter. The receipt has everything that the customer may ask about."),
        ],
    ),
    Topic(
        title=_("Enrol a customer"),
        icon="how_to_reg",
        right="badges.enrol_customer",
        route="desk:find",
        steps=[
            _("Some badges can only be issued to customers who are enrolled."),
            _("Open the customer, choose the list of badges to enrol for, and press Enrol."),
        ],
    ),
    Topic(
        title=_("Revoke a badge"),
        icon="undo",
        right="badges.revoke_badge",
        route="desk:revoke",
        steps=[
            _("Open the receipt or the customer, or paste the ids of issued badges."),
            _("You see a preview before anything changes. Choose a reason, then confirm."),
            _("A revocation cannot be undone, but you can issue the badge again."),
        ],
    ),
    Topic(
        title=_("See what happened"),
        icon="receipt_long",
        right="badges.view_requestlog",
        route="desk:requests",
        steps=[
            _("The request log has every attempt to change something, accepted or refused."),
            _("Filter it by customer, badge, person or day, and save filters you need again."),
        ],
    ),
    Topic(
        title=_("Define a badge"),
        icon="military_tech",
        right="badges.add_badgemeta",
        route="desk:definitions",
        steps=[
            _("Give the badge a name, a period, its owners and its limits, or duplicate one."),
            _("Changes apply to what is issued from now on; issued badges stay as they are."),
            _("Deactivate a badge to stop it at once."),
        ],
    ),
    Topic(
        title=_("Connect a system"),
        icon="api",
        right="badges.add_integrator",
        route="desk:integrators",
        steps=[
            _("Create an integrator and copy its secret, which is shown only once."),
            _("Make a new secret from time to time; the old one can go on for a while."),
        ],
    ),
    Topic(
        title=_("Prove that nothing was altered"),
        icon="verified_user",
        right="badges.view_seal",
        route="desk:record",
        steps=[
            _("Every row of the request log is sealed soon after it is written."),
            _("A verification reads all seals and names each row that was changed later."),
        ],
    ),
    Topic(
        title=_("Export rows"),
        icon="download",
        right="badges.export_ledgers",
        route="desk:exports",
        steps=[
            _("Filter the request log or the history, then export it as CSV, XLSX or JSON Lines."),
            _("Each export is recorded, with a checksum that proves the file complete."),
        ],
    ),
    Topic(
        title=_("Manage colleagues"),
        icon="group",
        right="badges.manage_people",
        route="desk:people",
        steps=[
            _("Create the account of a colleague, choose the role, and hand over the link."),
            _("Deactivate accounts that are no longer needed; their requests stay in the log."),
        ],
    ),
]


def topics_for(user) -> list[Topic]:
    return [topic for topic in TOPICS if user.has_perm(topic.right)]
