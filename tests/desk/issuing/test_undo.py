"""Undo on the receipt of a new issue: a revocation, with its permission (6.22)."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from badges.models import EarnedBadge, Operation, RequestLog
from tests.desk.conftest import ISSUE
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

TOAST = "data-desk-toast"


@pytest.fixture
def issued(desk, filled):
    """Issue a badge, and return its receipt."""
    return desk.post(ISSUE, filled(), follow=True)


def undo(client, receipt):
    """Send the form of the toast."""
    given = receipt.context["undo"]
    fields = {name: given[name] for name in ("request_id", "because", "reason")}
    address = f"/desk/requests/{receipt.context['row'].pk}/revoke/?send"
    return client.post(address, fields | {"confirm": "yes"})


def issued_by(user, **request):
    """Return the receipt of a badge that a user issued."""
    request = RequestLogFactory(**({"user": user, "received_at": timezone.now()} | request))
    return f"/desk/receipts/{EarnedBadgeFactory(request=request).request_id}/"


def test_a_new_issue_is_revoked_by_undo(desk, member_care, issued):
    assert TOAST in issued.text

    response = undo(desk, issued)

    revocation = RequestLog.objects.get(operation=Operation.REVOKE_EARN)
    assert EarnedBadge.objects.get().revocation == revocation
    assert response["Location"] == f"/desk/receipts/{revocation.pk}/"
    assert revocation.user == member_care
    assert revocation.reason == "Issued in error: Undone right after issuing"


def test_a_second_undo_opens_the_same_receipt(desk, issued):
    first = undo(desk, issued)

    assert undo(desk, issued)["Location"] == first["Location"]
    assert RequestLog.objects.accepted().count() == 2


def test_a_list_is_undone_as_a_whole(desk, filled):
    receipt = desk.post(ISSUE, filled(customer_id="1 2 3"), follow=True)

    undo(desk, receipt)

    assert not EarnedBadge.objects.not_revoked().exists()


def test_a_revoked_badge_is_not_undone_again(desk, issued):
    undo(desk, issued)

    assert TOAST not in desk.get(f"/desk/receipts/{issued.context['row'].pk}/").text


def test_undo_is_offered_for_half_a_minute(desk, member_care):
    before = timezone.now() - timedelta(seconds=31)

    assert TOAST in desk.get(issued_by(member_care)).text
    assert TOAST not in desk.get(issued_by(member_care, received_at=before)).text


def test_undo_is_not_offered_to_a_colleague(desk):
    assert TOAST not in desk.get(issued_by(UserFactory())).text


def test_undo_requires_the_permission_to_revoke(client):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)

    assert TOAST not in client.get(issued_by(user)).text
