"""Permissions: the built-in roles of users, and the access groups of integrators.

`migrate` resets the built-in groups to this table; administrators manage all other groups.
"""

VIEWS = [
    *("view_badgemeta", "view_badgegroup", "view_customfield", "view_claim"),
    *("view_enrolment", "view_earnedbadge", "view_requestlog", "view_issuereason"),
    "view_customernote",
]
EDITS = ["add_badgemeta", "change_badgemeta", "add_claim", "change_claim"]
DESK = ["earn_badge", "enrol_customer", "revoke_badge", "revoke_enrolment"]
NOTES = ["add_customernote"]
DISPLAY = [
    f"{action}_{model}"
    for model in ("badgegroup", "customfield")
    for action in ("view", "add", "change")
]
REASONS = ["add_issuereason", "change_issuereason"]
INTEGRATORS = ["view_integrator", "add_integrator", "change_integrator"]

ROLES = {
    "MemberCare": [*VIEWS, *DESK, *NOTES],
    "Supervisor": [
        *("view_seal", "manage_people", "remove_shared_filter"),
        *(*VIEWS, *EDITS, *DISPLAY, *REASONS, *INTEGRATORS, *DESK, *NOTES),
    ],
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
