"""Counts in long lists are bounded, and later pages continue the first."""

from datetime import timedelta

import pytest
from django.urls import reverse

from badges.models import (
    BadgeGroup,
    BadgeMeta,
    Claim,
    CustomField,
    CustomValue,
    Limit,
    LimitKind,
    LimitLevel,
)
from badges.offers import MAX_OFFERED
from badges.paging import BoundedPaginator
from tests.factories import (
    FAR_AHEAD,
    LONG_AGO,
    BadgeMetaFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def badge():
    """Create a badge with 60 claims, more than any list counts."""
    badge = BadgeMetaFactory(name="Claimed")
    Claim.objects.bulk_create(
        Claim(badge=badge, owner_type="Loyalty", reference_id=str(number)) for number in range(60)
    )
    return badge


@pytest.mark.parametrize(
    ("route", "shown"), [("desk:definitions", "45+"), ("admin:badges_badgemeta_changelist", "18+")]
)
def test_a_list_counts_no_more_claims_than_it_may_read(browser, badge, route, shown):
    ClaimFactory(badge=BadgeMetaFactory(name="Other"))

    page = browser.get(reverse(route)).content.decode()

    assert f">{shown}<" in "".join(page.split())
    assert ">1<" in "".join(page.split())


def test_the_lists_of_groups_and_fields_count_no_more_badges_than_they_may_read(browser):
    group = BadgeGroup.objects.create(name="Big", rank=1)
    field = CustomField.objects.create(name="Big", data_type="STRING")
    badges = [BadgeMetaFactory(group=group) for _number in range(50)]
    CustomValue.objects.bulk_create(
        CustomValue(badge=badge, field=field, value="x") for badge in badges
    )

    for route in ("desk:groups", "desk:fields"):
        assert "45+" in browser.get(reverse(route)).content.decode()


def test_later_pages_continue_the_first_in_the_same_order():
    for number in range(25):
        BadgeMetaFactory(name=f"Badge {number:02}")
    pages = BoundedPaginator(BadgeMeta.objects.order_by("-name"), 10)

    names = [badge.name for number in (1, 2, 3) for badge in pages.page(number)]

    assert names == [f"Badge {number:02}" for number in reversed(range(25))]


def test_of_many_badges_a_customer_is_offered_the_live_ones_that_end_first(browser):
    values = {"earn_type": "EARN", "earned_expiry_kind": "NEVER", "starts_at": LONG_AGO}
    days = [timedelta(days=number) for number in range(MAX_OFFERED + 50)]
    BadgeMeta.objects.bulk_create(
        BadgeMeta(name=f"Live {place:03}", expires_at=FAR_AHEAD + day, **values)
        for place, day in enumerate(reversed(days))
    )
    over = LONG_AGO.replace(year=2021)
    BadgeMeta.objects.create(name="A past one", expires_at=over, **values)
    used_up = BadgeMetaFactory(
        name="Used up",
        expires_at=FAR_AHEAD - timedelta(days=1),
        limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)],
    )
    EarnedBadgeFactory(badge=used_up)

    first = browser.get("/desk/customers/1001/?tab=issue")
    last = browser.get("/desk/customers/1001/?tab=issue&page=25")

    counts = {tab.slug: count for tab, count in first.context["tabs"]}
    assert counts["issue"] == MAX_OFFERED
    assert first.context["cards"][0].badge.name == "Live 051"  # lower numbers end later
    assert "There are too many badges to show" in first.content.decode()
    (card,) = [card for card in last.context["cards"] if card.badge == used_up]
    assert card.verdict.code == 2001
