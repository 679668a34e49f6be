"""Who may do what: the built-in roles of people and the access groups of integrators.

`migrate` keeps the built-in groups exactly as this table says; other groups are nobody's but the
administrator's.
"""

VIEWS = [
    *("view_badgemeta", "view_badgegroup", "view_customfield", "view_claim"),
    *("view_enrolment", "view_earnedbadge", "view_requestlog"),
]
EDITS = ["add_badgemeta", "change_badgemeta", "add_claim", "change_claim"]
DESK = ["earn_badge", "enrol_customer", "revoke_badge", "revoke_enrolment"]
DISPLAY = [
    f"{verb}_{what}" for what in ("badgegroup", "customfield") for verb in ("view", "add", "change")
]
INTEGRATORS = ["view_integrator", "add_integrator", "change_integrator"]

ROLES = {
    "MemberCare": [*VIEWS, *DESK],
    "Supervisor": ["view_seal", *VIEWS, *EDITS, *DISPLAY, *INTEGRATORS, *DESK],
    "Auditor": [
        *VIEWS,
        *("view_badgerevision", "view_integrator", "view_seal"),
        *("add_verification", "export_ledgers"),
    ],
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
    """Make the built-in groups and give them exactly the permissions of the table.

    Half way through the migrations the request log cannot take a row yet: the last one does it.
    """
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Permission

    from badges.services.people import install_access_group

    if not _is_complete(kwargs.get("apps")):
        return
    if kwargs:  # called by `migrate`: Django, whose apps come later, would make them after this
        create_permissions(**kwargs)
    for name, codenames in ROLES.items():
        rights = Permission.objects.filter(content_type__app_label="badges", codename__in=codenames)
        install_access_group(name=name, permissions=rights.select_related("content_type"))


def _is_complete(apps) -> bool:
    """Whether the request log has the columns of today; a flush changes none."""
    from badges.models import RequestLog

    if apps is None:
        return True
    try:
        found = apps.get_model("badges", "RequestLog")
    except LookupError:
        return False
    then, now = ({field.column for field in row._meta.local_fields} for row in (found, RequestLog))
    return then == now
