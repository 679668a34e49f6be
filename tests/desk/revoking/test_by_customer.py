"""The page to revoke takes the number of a customer, and offers the customer's badges (F36)."""

import pytest
from django.contrib.auth.models import Permission

from badges.desk.revoking.views import SHOWN
from badges.models import EarnedBadge
from tests.factories import NOW, BadgeMetaFactory, EarnedBadgeFactory, UserFactory

pytestmark = pytest.mark.django_db

REVOKE = "/desk/revoke/"


def offered(response):
    return [earned.pk for earned in response.context["offered"]]


def test_a_customer_number_offers_the_unrevoked_badges_newest_first(desk):
    old, new = (
        EarnedBadgeFactory(badge=BadgeMetaFactory(name=name), earned_at=earned_at)
        for name, earned_at in (("Old", NOW.replace(year=2025)), ("New", NOW))
    )
    EarnedBadgeFactory(revoked=True)
    EarnedBadgeFactory(customer_id=1002)

    page = desk.post(REVOKE, {"pasted": " 1001 "})

    assert offered(page) == [new.pk, old.pk]
    assert page.text.index("New") < page.text.index("Old")
    assert EarnedBadge.objects.not_revoked().count() == 3


def test_ticked_badges_are_previewed(desk):
    first, second = EarnedBadgeFactory.create_batch(2)

    page = desk.post(REVOKE, {"customer": "1001", "earned": [second.pk]})

    assert "1 will be revoked" in page.text
    assert second.pk in page.text
    assert first.pk not in page.text


def test_at_least_one_badge_has_to_be_ticked(desk):
    earned = EarnedBadgeFactory()

    page = desk.post(REVOKE, {"customer": "1001"})

    assert "Tick at least one badge." in page.text
    assert offered(page) == [earned.pk]


def test_a_customer_without_badges_is_named(desk):
    page = desk.post(REVOKE, {"pasted": "1003"})

    assert "This customer has no badge that can be revoked." in page.text
    assert "1003" in page.text


def test_the_last_badges_of_many_are_offered(desk):
    EarnedBadgeFactory.create_batch(SHOWN + 1, badge=BadgeMetaFactory())

    page = desk.post(REVOKE, {"pasted": "1001"})

    assert len(offered(page)) == SHOWN
    assert f"Only the last {SHOWN} badges are listed." in page.text


@pytest.mark.parametrize("pasted", ["1001 1002", "0", str(2**63), "10a"])
def test_anything_else_is_an_invalid_id(desk, pasted):
    EarnedBadgeFactory()

    page = desk.post(REVOKE, {"pasted": pasted})

    assert "The id of an issued badge has 24 characters" in page.text
    assert "offered" not in page.context


def test_a_customer_number_is_read_from_no_url(desk):
    EarnedBadgeFactory()

    assert "offered" not in desk.get(REVOKE, {"pasted": "1001"}).context


def test_the_badges_of_a_customer_require_the_permission_to_view_them(client):
    EarnedBadgeFactory()
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="revoke_badge"))
    client.force_login(user)

    assert "offered" not in client.post(REVOKE, {"pasted": "1001"}).context
