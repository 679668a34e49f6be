"""Fixtures of the desk: a logged-in user, and the fields of a form."""

import re

import pytest
from django.urls import reverse

from badges.desk.parts.forms import new_request_id
from badges.desk.parts.pasted import MAX_PASTED
from badges.models import EarnedBadge, new_id
from badges.models.ids import MAX_CUSTOMER_ID
from tests.factories import NOW

ISSUE = "/desk/issue/"
PREVIEW = "/desk/issue/preview/"
BADGES = "/desk/issue/badges/"


@pytest.fixture
def desk(client, member_care):
    """Return a client that is logged in as a member of MemberCare."""
    client.force_login(member_care)
    return client


@pytest.fixture
def filled(live_badge):
    """Return a function that returns the fields of a valid form, with the changes.

    The form confirms that its customers may be new (CONTRACT.md, 6.2).
    """

    def fill(**changes):
        fields = {
            "customer_id": "1001",
            "badge_id": live_badge.pk,
            "event_at": "",
            "reason": "Called in",
            "search": "",
            "request_id": new_request_id(),
        }
        fields |= changes
        return {"new_customers": numbers_in(fields["customer_id"])} | fields

    return fill


@pytest.fixture
def receipt_of():
    """Return a function that returns the address of an earned badge's receipt."""
    return lambda earned: reverse("desk:receipt", args=[earned.request_id])


def numbers_in(text):
    """Return the customer numbers in a text, as a tick confirms them."""
    words = re.split(r"[\s,;]+", text)
    numbers = [word for word in words if re.fullmatch("[0-9]{1,19}", word)]
    return " ".join(each for each in numbers[:MAX_PASTED] if 0 < int(each) <= MAX_CUSTOMER_ID)


def give(badge, request, customer_ids):
    """Write one issued badge for each customer, as a list does."""
    EarnedBadge.objects.bulk_create(
        EarnedBadge(
            pk=new_id(NOW),
            badge=badge,
            request=request,
            customer_id=customer_id,
            event_at=NOW,
            earned_at=NOW,
            expires_at=badge.expires_at,
        )
        for customer_id in customer_ids
    )
