"""Who may do what: the built-in roles of people and the access groups of integrators.

`migrate` keeps the built-in groups exactly as this table says; other groups are nobody's but the
administrator's.
"""

VIEWS = ["view_badgemeta", "view_claim", "view_enrolment", "view_earnedbadge", "view_requestlog"]
EDITS = ["add_badgemeta", "change_badgemeta", "add_claim", "change_claim"]
INTEGRATORS = ["view_integrator", "add_integrator", "change_integrator"]

ROLES = {
    "MemberCare": [*VIEWS, "earn_badge"],
    "Supervisor": [*VIEWS, *EDITS, *INTEGRATORS, "earn_badge"],
    "Auditor": [*VIEWS, "view_badgerevision", "view_integrator"],
    "Default": ["earn_badge", "view_receipt"],
}


def install_roles(**kwargs):
    """Make the built-in groups and give them exactly the permissions of the table."""
    from django.contrib.auth.models import Group, Permission

    for name, codenames in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="badges", codename__in=codenames)
        )
