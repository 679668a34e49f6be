"""The picture of a badge is the same on every page: the one it has, or one drawn in its colour."""

import re

import pytest

from badges.models import BadgeImage
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

ADDRESS = "https://a.example/medal.png"
PICTURE = re.compile(r'<span class="desk-picture desk-picture--(\d)[^"]*">(<img src="([^"]*)|<svg)')


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def badge(db):
    """A badge whose key gives it the colour 4."""
    return BadgeMetaFactory(name="Medal", pk="0" * 20 + "0004")


@pytest.fixture
def pages(desk, badge):
    """Each page that shows the badge."""
    earned = EarnedBadgeFactory(badge=badge, customer_id=1001)
    desk.post("/desk/find/", {"text": "edal"})
    return [
        "/desk/badges/",
        f"/desk/badges/{badge.pk}/",
        f"/desk/badges/{badge.pk}/edit/",
        f"/desk/badges/{badge.pk}/switch/",
        "/desk/customers/1001/",
        f"/desk/customers/1001/badges/{badge.pk}/",
        "/desk/issue/",
        f"/desk/issue/?badge={badge.pk}",
        f"/desk/receipts/{earned.request_id}/",
    ]


def pictures(desk, page):
    return PICTURE.findall(desk.get(page).text)


def test_without_one_every_page_draws_the_same(desk, badge, pages):
    for page in pages:
        found = pictures(desk, page)
        assert found, page
        assert {(hue, what) for hue, what, _address in found} == {("4", "<svg")}, page


def test_with_one_every_page_shows_it(desk, badge, pages):
    BadgeImage.objects.create(
        badge=badge, tag="UN_EARNED", name="x", url="https://a.example/no.png"
    )
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url=ADDRESS)

    for page in pages:
        assert pictures(desk, page)[0][2] == ADDRESS, page


def test_an_address_that_may_not_be_fetched_gives_way_to_one_that_may(desk, badge):
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url="http://a.example/x.png")
    BadgeImage.objects.create(badge=badge, tag="UN_EARNED", name="x", url=ADDRESS)

    (found,) = pictures(desk, f"/desk/badges/{badge.pk}/")

    assert found[2] == ADDRESS


def test_what_is_found_shows_it(desk, badge):
    BadgeMetaFactory(name="Another medal", pk="0" * 20 + "0005")

    shown = desk.post("/desk/find/", {"text": "medal"}, follow=True).text

    assert [hue for hue, *_rest in PICTURE.findall(shown)] == ["5", "4"]


def test_a_new_badge_keeps_its_colour_from_check_to_check(desk):
    for _check in range(3):
        shown = desk.post("/desk/badges/new/?check", headers={"HX-Request": "true"}).text
        assert [hue for hue, *_rest in PICTURE.findall(shown)] == ["0"]


def test_an_enrolment_shows_it_before_and_on_its_receipt(desk, badge):
    enrolment = EnrolmentFactory(customer_id=1001, request__operation="ENROL_BULK")

    for page in (
        f"/desk/customers/1001/badges/{enrolment.badge_id}/enrol/",
        f"/desk/receipts/{enrolment.request_id}/",
    ):
        assert len(pictures(desk, page)) == 1
