"""Browsers for the admin, and the form data of a badge."""

import pytest
from django.urls import reverse

from tests.conftest import shown

ROLES = ["member_care", "supervisor", "auditor"]


@pytest.fixture
def as_role(client, request, db):
    """Return a function that logs in the user of a fixture and returns the client."""

    def log_in(name):
        client.force_login(request.getfixturevalue(name))
        return client

    return log_in


@pytest.fixture
def at_work(as_role):
    """Return the client of the supervisor, who may edit."""
    return as_role("supervisor")


def page(name, *args):
    return reverse(f"admin:badges_{name}", args=args)


def badge_post(limits=(), images=(), **changes):
    """Return the form data for a direct badge of 2030, with the changes."""
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
    """Return the fields of a formset. A form with an `id` is an existing row."""
    post = {
        f"{prefix}-TOTAL_FORMS": len(forms),
        f"{prefix}-INITIAL_FORMS": sum("id" in form for form in forms),
    }
    for number, form in enumerate(forms):
        post |= {f"{prefix}-{number}-{name}": value for name, value in form.items()}
    return post


def changed(badge, **changes):
    """Return the form data for a badge that has begun, with the changes."""
    post = badge_post(
        name=badge.name,
        expires_at_0=f"{badge.expires_at:%Y-%m-%d}",
        expires_at_1=f"{badge.expires_at:%H:%M:%S}",
        seen_version=badge.version,
    )
    for fixed in ("earn_type", "starts_at_0", "starts_at_1"):
        del post[fixed]
    return post | changes


def user_post(user, **changes):
    """Return the form data for a user, with the changes."""
    fields = {
        "username": user.username,
        "email": user.email,
        "is_active": "on",
        "is_staff": "on",
        "groups": [group.pk for group in user.groups.all()],
        **shown(user),
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}
