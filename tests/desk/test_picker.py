"""Finding a badge: the list narrows, useful ones come first, the choice stays."""

import pytest

from tests.desk.conftest import BADGES, ISSUE
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def shelf(db):
    """A badge of every standing, the useful ones last in the alphabet."""
    return {
        "inactive": BadgeMetaFactory(name="A inactive", inactive=True),
        "upcoming": BadgeMetaFactory(name="B upcoming", upcoming=True),
        "expired": BadgeMetaFactory(name="C expired", expired=True),
        "live": BadgeMetaFactory(name="D live"),
    }


def names(response):
    return [choice.badge.name for choice in response.context["picker"].choices]


def test_live_badges_come_first_each_with_its_standing(desk, shelf):
    response = desk.get(ISSUE)

    assert names(response) == ["D live", "C expired", "B upcoming", "A inactive"]
    for word in ("Live", "Expired", "Upcoming", "Inactive"):
        assert word in response.content.decode()


def test_typing_narrows_the_list(desk, shelf, filled):
    response = desk.post(BADGES, filled(badge_id="", search="EXPI"), headers=HTMX)

    assert names(response) == ["C expired"]
    assert "<html" not in response.content.decode()


def test_a_badge_is_found_by_its_id(desk, shelf, filled):
    badge = shelf["upcoming"]

    assert names(desk.post(BADGES, filled(badge_id="", search=badge.pk), headers=HTMX)) == [
        badge.name
    ]


def test_the_chosen_badge_stays_on_top_whatever_is_sought(desk, shelf, filled, live_badge):
    response = desk.post(BADGES, filled(search="EXPI"), headers=HTMX)

    assert names(response) == [live_badge.name, "C expired"]
    assert [choice.chosen for choice in response.context["picker"].choices] == [True, False]


def test_a_long_list_says_that_there_is_more(desk):
    BadgeMetaFactory.create_batch(9)

    assert "6 of 9 badges are shown" in desk.get(ISSUE).content.decode()


def test_no_match_says_what_to_do(desk, shelf, filled):
    page = desk.post(BADGES, filled(badge_id="", search="%_\\'"), headers=HTMX)

    assert names(page) == []
    assert "No badge matches" in page.content.decode()


def test_without_scripts_find_shows_the_whole_page(desk, shelf, filled):
    response = desk.post(BADGES, filled(badge_id="", search="expi"))

    assert names(response) == ["C expired"]
    assert ">\n1001</textarea>" in response.content.decode()
