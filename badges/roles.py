"""Who may do what: the built-in roles of people and the access groups of integrators.

`migrate` keeps the built-in groups exactly as this table says; other groups are nobody's but the
administrator's.
"""

VIEWS = ["view_badgemeta", "view_claim", "view_enrolment", "view_earnedbadge", "view_requestlog"]
EDITS = ["add_badgemeta", "change_badgemeta", "add_claim", "change_claim"]
DESK = ["earn_badge", "enrol_customer", "revoke_badge", "revoke_enrolment"]
DISPLAY = [
    f"{verb}_{what}" for what in ("badgegroup", "customfield") for verb in ("view", "add", "change")
]
INTEGRATORS = ["view_integrator", "add_integrator", "change_integrator"]

ROLES = {
    "MemberCare": [*VIEWS, *DESK],
    "Supervisor": [*VIEWS, *EDITS, *INTEGRATORS, *DESK],
    "Auditor": [*VIEWS, "view_badgerevision", "view_integrator"],
    "Default": [
        *DESK,
        *EDITS,
        *DISPLAY,
        "view_badgemeta",
        "import_badge",
        "view_earnedbadge",
        "view_receipt",
    ],
}


def install_roles(**kwargs):
    """Make the built-in groups and give them exactly the permissions of the table."""
    from django.contrib.auth.models import Group, Permission

    for name, codenames in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="badges", codename__in=codenames)
        )
