"""Choosing a badge: search, order, and the selected badge."""

import pytest

from tests.desk.conftest import BADGES, ISSUE
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def shelf(db):
    """Create a badge of each status. Live badges come last in the alphabet."""
    return {
        "inactive": BadgeMetaFactory(name="A inactive", inactive=True),
        "upcoming": BadgeMetaFactory(name="B upcoming", upcoming=True),
        "expired": BadgeMetaFactory(name="C expired", expired=True),
        "live": BadgeMetaFactory(name="D live"),
    }


def names(response):
    return [choice.badge.name for choice in response.context["picker"].choices]


def test_the_picker_lists_live_badges_first_with_their_status(desk, shelf):
    response = desk.get(ISSUE)

    assert names(response) == ["D live", "C expired", "B upcoming", "A inactive"]
    for word in ("Live", "Expired", "Upcoming", "Inactive"):
        assert word in response.content.decode()


def test_the_picker_filters_by_text(desk, shelf, filled):
    response = desk.post(BADGES, filled(badge_id="", search="EXPI"), headers=HTMX)

    assert names(response) == ["C expired"]
    assert "<html" not in response.content.decode()


def test_the_picker_finds_a_badge_by_its_id(desk, shelf, filled):
    badge = shelf["upcoming"]

    assert names(desk.post(BADGES, filled(badge_id="", search=badge.pk), headers=HTMX)) == [
        badge.name
    ]


def test_the_picker_keeps_the_chosen_badge_on_top(desk, shelf, filled, live_badge):
    response = desk.post(BADGES, filled(search="EXPI"), headers=HTMX)

    assert names(response) == [live_badge.name, "C expired"]
    assert [choice.chosen for choice in response.context["picker"].choices] == [True, False]


def test_the_picker_shows_that_there_are_more_badges(desk):
    BadgeMetaFactory.create_batch(9)

    assert "6 of 9 badges are shown" in desk.get(ISSUE).content.decode()


def test_the_picker_without_a_match_has_a_message(desk, shelf, filled):
    page = desk.post(BADGES, filled(badge_id="", search="%_\\'"), headers=HTMX)

    assert names(page) == []
    assert "No badge matches" in page.content.decode()


def test_without_scripts_the_picker_reloads_the_page(desk, shelf, filled):
    response = desk.post(BADGES, filled(badge_id="", search="expi"))

    assert names(response) == ["C expired"]
    assert ">\n1001</textarea>" in response.content.decode()
