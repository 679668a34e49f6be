"""Addresses and form data of badges at the desk."""

LIST = "/desk/badges/"
NEW = "/desk/badges/new/"


def limit_rows(*limits, initial=0):
    fields = {"limits-TOTAL_FORMS": str(len(limits)), "limits-INITIAL_FORMS": str(initial)}
    for index, limit in enumerate(limits):
        fields |= {f"limits-{index}-{name}": value for name, value in limit.items()}
    return fields


def badge_form(*limits, **changes):
    """Return the form fields for a new direct badge of 2030, with the changes."""
    fields = {
        "name": "Explorer",
        "description": "For the curious",
        "earn_type": "EARN",
        "active": "on",
        "starts_at": "2030-01-01T00:00",
        "expires_at": "2031-01-01T00:00",
        "owners": ["Loyalty"],
        "earned_expiry_kind": "NEVER",
        **limit_rows(*limits),
    }
    return fields | changes


def edit_form(badge, *limits, **changes):
    """Return the form fields for a badge that has begun, with the changes."""
    fields = badge_form(*limits, name=badge.name, seen_version=badge.version)
    fields["expires_at"] = f"{badge.expires_at:%Y-%m-%dT%H:%M}"
    for frozen in ("earn_type", "starts_at", "active"):
        del fields[frozen]
    return fields | changes


def page_of(badge, rest=""):
    return f"{LIST}{badge.pk}/{rest}"
