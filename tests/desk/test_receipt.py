"""The receipt: what was issued, who may see it, and the ways on."""

import pytest
from django.contrib.auth.models import Permission

from badges.models import EarnedBadge, Operation
from tests.desk.conftest import ISSUE
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def earned(desk, filled):
    desk.post(ISSUE, filled(reason="Called in\nagain"))
    return EarnedBadge.objects.get()


def test_a_receipt_tells_everything(desk, earned, receipt_of):
    page = desk.get(receipt_of(earned)).content.decode()

    for text in (
        earned.badge.name,
        str(earned.customer_id),
        earned.pk,
        "maria",
        "MemberCare",
        "Called in<br>again",
        earned.request.request_id,
        f"{earned.expires_at:%Y-%m-%dT%H:%M:%SZ}",
    ):
        assert text in page


def test_the_ways_on_fill_in_the_form_without_a_customer_id_in_the_address(
    desk, earned, receipt_of
):
    page = desk.get(receipt_of(earned)).content.decode()
    ways = [f"{ISSUE}?badge={earned.badge_id}", f"{ISSUE}?customer_of={earned.request_id}"]
    same_badge, same_customer = [desk.get(way).context["form"] for way in ways]

    assert all(way in page for way in ways)
    assert same_badge.initial == {"badge_id": earned.badge_id}
    assert same_customer.initial == {"badge_id": "", "customer_id": 1001}


@pytest.mark.parametrize(
    "query",
    [
        "badge=nonsense",
        "badge=%00",
        "badge=ffffffffffffffffffffffff",
        "customer_of=x",
        "customer_of=-1",
        "customer_of=9223372036854775808",
        "customer_of=12345",
    ],
)
def test_a_link_that_names_nothing_gives_the_empty_form(desk, query):
    response = desk.get(f"{ISSUE}?{query}")

    assert response.status_code == 200
    assert not response.context["form"].initial.get("customer_id")


def test_an_auditor_may_read_a_receipt_but_not_go_on(client, auditor, receipt_of):
    client.force_login(auditor)

    page = client.get(receipt_of(EarnedBadgeFactory())).content.decode()

    assert "Receipt" in page
    assert "next customer" not in page


def test_links_need_their_right(client, receipt_of):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)
    earned = EarnedBadgeFactory()

    page = client.get(receipt_of(earned)).content.decode()

    assert f"/admin/badges/badgemeta/{earned.badge_id}" not in page
    assert f"/admin/badges/earnedbadge/{earned.pk}" not in page


def test_a_revoked_badge_says_so(desk, receipt_of):
    page = desk.get(receipt_of(EarnedBadgeFactory(revoked=True))).content.decode()

    assert "Revoked" in page


@pytest.mark.parametrize(
    "request_row",
    [
        {"refused": True},
        {"operation": Operation.CREATE_BADGE},
        {"operation": Operation.CLAIM},
    ],
)
def test_a_request_of_another_kind_has_no_receipt(desk, request_row):
    row = RequestLogFactory(**request_row)

    assert desk.get(f"/desk/receipts/{row.pk}/").status_code == 404


@pytest.mark.parametrize("number", [0, 2**63, 10**40])
def test_an_unknown_request_has_no_receipt(desk, number):
    assert desk.get(f"/desk/receipts/{number}/").status_code == 404


def test_a_receipt_needs_its_right(client, receipt_of):
    client.force_login(UserFactory())

    assert client.get(receipt_of(EarnedBadgeFactory())).status_code == 403
