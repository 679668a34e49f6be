"""What the theme asks of us by dotted path: style, script and the sidebar (settings, UNFOLD)."""

from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _


def stylesheet(request):
    return static("badges/desk.css")


def admin_stylesheet(request):
    return static("badges/admin.css")


def script(request):
    return static("badges/desk.js")


def theme_script(request):
    return static("badges/theme.js")


def favicon(request):
    return static("badges/favicon.svg")


def navigation(request):
    """Return the groups of the sidebar, which are the cards of the overview page as well.

    Each item names the permission of its page, so nobody is shown a door that is locked for them.
    """
    return [
        {"title": _("Desk"), "items": [HOME, FIND, ISSUE, REVOKE]},
        {"title": _("Badges"), "items": [BADGES, BADGE_GROUPS, CUSTOM_FIELDS, CLAIMS]},
        {"title": _("Ledgers"), "items": [REQUESTS, HISTORY, FIGURES, EXPORTS, RECORD]},
        {"title": _("Access"), "items": [INTEGRATORS, USERS, GROUPS]},
    ]


def item(title, icon, url_name, permission, description):
    """Return one entry; it shows to those who have the permission."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(url_name),
        "permission": lambda request: request.user.has_perm(permission),
        "description": description,
    }


HOME = item(
    _("Home"),
    "home",
    "desk:home",
    "badges.view_requestlog",
    _("How much was issued and refused, and what needs attention."),
)
# Every page of the desk lies under its address; it is open on its own and as the admin's first.
HOME["active"] = lambda request: request.path in (str(HOME["link"]), reverse("admin:index"))
FIND = item(
    _("Find anything"),
    "search",
    "desk:find",
    "badges.view_earnedbadge",
    _("A customer, an issued badge, a request, a reference or a badge, from one box."),
)
ISSUE = item(
    _("Issue badge"),
    "workspace_premium",
    "desk:issue",
    "badges.earn_badge",
    _("Find a customer and give a badge, with the answer before the click."),
)
REVOKE = item(
    _("Revoke badges"),
    "undo",
    "desk:revoke",
    "badges.revoke_badge",
    _("Take issued badges back, one or many, after a look at what would happen."),
)
BADGES = item(
    _("Badges"),
    "military_tech",
    "desk:definitions",
    "badges.view_badgemeta",
    _("What can be earned: periods, owners, limits and their history."),
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
    _("What your organisation says of every badge in words of its own."),
)
CLAIMS = item(
    _("Claims"),
    "link",
    "admin:badges_claim_changelist",
    "badges.view_claim",
    _("Which campaign or programme may give which badge."),
)
REQUESTS = item(
    _("Request log"),
    "receipt_long",
    "desk:requests",
    "badges.view_requestlog",
    _("Every attempt to change something, accepted or refused."),
)
RECORD = item(
    _("Proof of the record"),
    "verified_user",
    "desk:record",
    "badges.view_seal",
    _("How far the record is sealed and verified, and what was altered."),
)
HISTORY = item(
    _("Issuance history"),
    "history",
    "desk:history",
    "badges.view_earnedbadge",
    _("Who was given which badge, when and by whom; enrolments, revocations, definitions."),
)
FIGURES = item(
    _("Figures"),
    "monitoring",
    "desk:figures",
    "badges.view_requestlog",
    _("What was asked, issued and refused, by day, door, cause and actor."),
)
EXPORTS = item(
    _("Exports"),
    "download",
    "desk:exports",
    "badges.export_ledgers",
    _("What was taken out of the ledgers, by whom, and what each file was."),
)
INTEGRATORS = item(
    _("Integrators"),
    "api",
    "desk:integrators",
    "badges.view_integrator",
    _("The systems that may call the API, and what they may do there."),
)
USERS = item(
    _("Users"),
    "person",
    "admin:auth_user_changelist",
    "auth.view_user",
    _("Members of staff and their roles."),
)
GROUPS = item(
    _("Groups"),
    "group",
    "admin:auth_group_changelist",
    "auth.view_group",
    _("Roles of staff and access groups of integrators."),
)
