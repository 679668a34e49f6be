"""People in front of the admin, and the form of a badge as a browser posts it."""

import pytest
from django.urls import reverse

ROLES = ["member_care", "supervisor", "auditor"]


@pytest.fixture
def as_role(client, request, db):
    """Log in the person of a fixture and return their browser."""

    def log_in(name):
        client.force_login(request.getfixturevalue(name))
        return client

    return log_in


@pytest.fixture
def at_work(as_role):
    """The browser of the supervisor, who may edit."""
    return as_role("supervisor")


def page(name, *args):
    return reverse(f"admin:badges_{name}", args=args)


def badge_post(limits=(), images=(), **changes):
    """Return what the browser posts for a direct badge of 2030, with the changes."""
    post = {
        "name": "Explorer",
        "description": "For the curious",
        "earn_type": "EARN",
        "active": "on",
        "starts_at_0": "2030-01-01",
        "starts_at_1": "00:00:00",
        "expires_at_0": "2031-01-01",
        "expires_at_1": "00:00:00",
        "owners": ["Loyalty"],
        "earned_expiry_kind": "NEVER",
        **rows("limits", limits),
        **rows("images", images),
    }
    return post | changes


def rows(prefix, forms):
    """Return the fields of a formset; a form with an `id` is a row that exists already."""
    post = {
        f"{prefix}-TOTAL_FORMS": len(forms),
        f"{prefix}-INITIAL_FORMS": sum("id" in form for form in forms),
    }
    for number, form in enumerate(forms):
        post |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return post


def changed(badge, **changes):
    """Return what the browser posts for a badge that has begun, with the changes."""
    post = badge_post(
        name=badge.name,
        expires_at_0=f"{badge.expires_at:%Y-%m-%d}",
        expires_at_1=f"{badge.expires_at:%H:%M:%S}",
        seen_version=badge.version,
    )
    for fixed in ("earn_type", "starts_at_0", "starts_at_1"):
        del post[fixed]
    return post | changes
