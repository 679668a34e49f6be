"""Callbacks of the theme, named in settings.UNFOLD: the icon of the site and the sidebar."""

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def favicon(request):
    return static("badges/favicon.svg")


def navigation(request):
    """Return the groups of the sidebar, which are also the cards of the home page.

    Each item names the permission of its page, so that users see only the pages that they may open.
    """
    return [
        {"title": _("Desk"), "items": [HOME, FIND, ISSUE, REVOKE, HELP]},
        {"title": _("Badges"), "items": [BADGES, BADGE_GROUPS, CUSTOM_FIELDS, REASONS, CLAIMS]},
        {"title": _("Records"), "items": [REQUESTS, HISTORY, FIGURES, EXPORTS, RECORD]},
        {"title": _("Access"), "items": [INTEGRATORS, API_DOCS, PEOPLE, GROUPS]},
    ]


def item(title, icon, url_name, permission, description):
    """Return one entry, which is shown to users with the permission, or to all if it is empty."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(url_name),
        "permission": lambda request: not permission or request.user.has_perm(permission),
        "description": description,
    }


HOME = item(
    _("Home"),
    "home",
    "desk:home",
    "",
    _("Issued badges, refusals, and tasks that need attention."),
)
# The URL of the home page is a prefix of all URLs of the desk, so it has to match as a whole.
HOME["active"] = lambda request: request.path == str(HOME["link"])
FIND = item(
    _("Search"),
    "search",
    "desk:find",
    "badges.view_earnedbadge",
    _("Find a customer, a badge, a request, a reference, a colleague or a page."),
)
HELP = item(
    _("Help"),
    "help",
    "desk:help",
    "",
    _("Tasks step by step, the words of the screens, and keyboard shortcuts."),
)
ISSUE = item(
    _("Issue badge"),
    "workspace_premium",
    "desk:issue",
    "badges.earn_badge",
    _("Find a customer and issue a badge, with a preview of the result."),
)
REVOKE = item(
    _("Revoke badges"),
    "undo",
    "desk:revoke",
    "badges.revoke_badge",
    _("Revoke one or many issued badges, with a preview of the result."),
)
BADGES = item(
    _("Badges"),
    "military_tech",
    "desk:definitions",
    "badges.view_badgemeta",
    _("Definitions of badges: periods, owners, limits and their history."),
)
BADGE_GROUPS = item(
    _("Badge groups"),
    "stacks",
    "desk:groups",
    "badges.view_badgegroup",
    _("The ranked groups that badges are shown in."),
)
CUSTOM_FIELDS = item(
    _("Custom fields"),
    "list_alt",
    "desk:fields",
    "badges.view_customfield",
    _("Fields that your organisation defines for its badges."),
)
REASONS = item(
    _("Reasons for issuing"),
    "fact_check",
    "desk:reasons",
    "badges.view_issuereason",
    _("The reasons that staff choose from when they issue a badge."),
)
CLAIMS = item(
    _("Claims"),
    "link",
    "admin:badges_claim_changelist",
    "badges.view_claim",
    _("The campaigns and programmes that may give a badge."),
)
REQUESTS = item(
    _("Request log"),
    "receipt_long",
    "desk:requests",
    "badges.view_requestlog",
    _("Every attempt to change something, accepted or refused."),
)
RECORD = item(
    _("Audit integrity"),
    "verified_user",
    "desk:record",
    "badges.view_seal",
    _("The seals of the record, their verification, and altered rows."),
)
HISTORY = item(
    _("Issuance history"),
    "history",
    "desk:history",
    "badges.view_earnedbadge",
    _("Issued badges, enrolments, revocations and definitions, with their actors."),
)
FIGURES = item(
    _("Reports"),
    "monitoring",
    "desk:figures",
    "badges.view_requestlog",
    _("Requests, issued badges and refusals, by day, channel, cause and actor."),
)
EXPORTS = item(
    _("Exports"),
    "download",
    "desk:exports",
    "badges.export_ledgers",
    _("Exports of the ledgers, with their actors and files."),
)
INTEGRATORS = item(
    _("Integrators"),
    "api",
    "desk:integrators",
    "badges.view_integrator",
    _("The systems that may call the API, and their permissions."),
)
PEOPLE = item(
    _("People"),
    "person",
    "desk:people",
    "badges.manage_people",
    _("Your colleagues, their roles and how they log in."),
)
GROUPS = item(
    _("Groups"),
    "group",
    "admin:auth_group_changelist",
    "auth.view_group",
    _("Roles of staff and access groups of integrators."),
)
API_DOCS = item(
    _("API documentation"),
    "data_object",
    "swagger",
    "badges.view_integrator",
    _("The calls of the API with examples and error codes, to read and to try."),
)
API_DOCS["permission"] = lambda request: (
    settings.API_DOCS != "off" and request.user.has_perm("badges.view_integrator")
)
