"""The receipt of an issue: its content, permissions, and links."""

import re
from itertools import chain

import pytest
from django.contrib.auth.models import Permission

from badges.desk.issuing.receipts import PAGE_SIZE
from badges.models import EarnedBadge, Operation, RefusedItem, RequestLog
from tests.desk.conftest import ISSUE, give
from tests.factories import NOW, EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def earned(desk, filled):
    desk.post(ISSUE, filled(reason="Called in\nagain"))
    return EarnedBadge.objects.get()


def test_a_receipt_of_an_issue_has_all_fields(desk, earned, receipt_of):
    page = desk.get(receipt_of(earned)).content.decode()

    for text in (
        earned.badge.name,
        str(earned.customer_id),
        earned.pk,
        "maria",
        "Staff desk",
        "Called in<br>again",
        earned.request.request_id,
        "Never expires",
        f'href="/desk/badges/{earned.badge_id}/"',
    ):
        assert text in page


def test_the_links_of_a_receipt_prefill_the_form_without_a_customer_id_in_the_address(
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
def test_an_invalid_link_opens_the_empty_issue_form(desk, query):
    response = desk.get(f"{ISSUE}?{query}")

    assert response.status_code == 200
    assert not response.context["form"].initial.get("customer_id")


def test_an_auditor_has_no_links_on_a_receipt(client, auditor, receipt_of):
    client.force_login(auditor)

    page = client.get(receipt_of(EarnedBadgeFactory())).content.decode()

    assert "Receipt" in page
    assert "next customer" not in page


def test_links_of_a_receipt_require_their_permission(client, receipt_of):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_requestlog"))
    client.force_login(user)
    earned = EarnedBadgeFactory()

    page = client.get(receipt_of(earned)).content.decode()

    assert f"/desk/badges/{earned.badge_id}" not in page
    assert f"#at-{earned.pk}" not in page


def test_a_receipt_shows_a_revoked_badge(desk, receipt_of):
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
def test_a_request_of_another_operation_has_no_receipt(desk, request_row):
    row = RequestLogFactory(**request_row)

    assert desk.get(f"/desk/receipts/{row.pk}/").status_code == 404


@pytest.mark.parametrize("number", [0, 2**63, 10**40])
def test_an_unknown_request_has_no_receipt(desk, number):
    assert desk.get(f"/desk/receipts/{number}/").status_code == 404


def test_a_receipt_requires_its_permission(client, receipt_of):
    client.force_login(UserFactory())

    assert client.get(receipt_of(EarnedBadgeFactory())).status_code == 403


def looked_up():
    return RequestLog.objects.filter(operation=Operation.READ_RECEIPT)


def test_a_recent_own_receipt_is_no_look_up(desk, earned, receipt_of):
    desk.get(receipt_of(earned))

    assert not looked_up().exists()


def test_the_look_up_of_another_users_receipt_is_recorded(
    client, auditor, desk, earned, receipt_of
):
    client.force_login(auditor)
    client.get(receipt_of(earned))

    row = looked_up().get()
    assert (row.user, row.customer_id, row.badge) == (auditor, 1001, earned.badge)


def test_a_refused_receipt_is_no_look_up(client, desk, earned, receipt_of):
    desk.get("/desk/receipts/0/")
    client.force_login(UserFactory())
    client.get(receipt_of(earned))

    assert not looked_up().exists()


class TestLongReceipt:
    """A receipt of several pages; each page starts after the last row of the one before."""

    @pytest.fixture
    def long(self, live_badge):
        """Return a request with two badges for each of 450 customers, and some refused items."""
        request = RequestLogFactory(operation=Operation.IMPORT_EARNED, badge=live_badge)
        give(live_badge, request, [1 + number // 2 for number in range(900)])
        RefusedItem.objects.bulk_create(
            RefusedItem(request=request, customer_id=customer_id, code=2001, message="")
            for customer_id in (100, 100, 100, 450)
        )
        return request

    def pages(self, desk, address):
        """Return the rows of every page, by following the links."""
        links, found = [""], []
        for link in links:  # grows by the link of each page to the next one
            page = desk.get(address + link)
            found.append([(row.customer_id, row.code) for row in page.context["rows"]])
            links += re.findall(r'rel="next" href="([^"]+)"', page.text)
            assert len(found) <= 5
        return found

    def test_a_long_receipt_shows_each_line_once(self, desk, long):
        found = self.pages(desk, f"/desk/receipts/{long.pk}/")

        issued = [(1 + number // 2, None) for number in range(900)]
        refused = [(100, 2001)] * 3 + [(450, 2001)]
        assert [len(rows) for rows in found] == [PAGE_SIZE] * 4 + [104]
        by_customer = sorted(issued + refused, key=lambda row: (row[0], row[1] is not None))
        assert list(chain(*found)) == by_customer

    def test_a_long_receipt_shows_each_revoked_one_once(self, desk, long):
        revocation = RequestLogFactory(operation=Operation.REVOKE_EARN)
        long.earnedbadge_set.update(revoked_at=NOW, revocation=revocation)

        found = self.pages(desk, f"/desk/receipts/{revocation.pk}/")

        assert list(chain(*found)) == [(1 + number // 2, None) for number in range(900)]

    def test_a_long_receipt_counts_exactly_up_to_its_bound(self, desk, long):
        assert "900 issued, 4 refused" in desk.get(f"/desk/receipts/{long.pk}/").text

        give(long.badge, long, [451])

        assert "more than 900 issued, 4 refused" in desk.get(f"/desk/receipts/{long.pk}/").text

    @pytest.mark.parametrize(
        "place",
        ["x", "1", "1.", "-1.1", "1.2.3", "9" * 19 + "." + "f" * 24, "9" * 19 + "." + "9" * 18],
    )
    def test_a_long_receipt_opens_at_any_cursor(self, desk, long, place):
        assert desk.get(f"/desk/receipts/{long.pk}/?from={place}").status_code == 200
