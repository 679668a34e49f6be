"""Every page shows the same picture of a badge: its own, or one drawn in its colour."""

import re

import pytest

from badges.models import BadgeImage, BadgeMeta
from tests.api.conftest import ApiClient
from tests.desk.definitions.forms import badge_form
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

ADDRESS = "https://a.example/medal.png"
PICTURE = re.compile(r'<span class="desk-picture desk-picture--(\d)[^"]*">(<img src="([^"]*)|<svg)')


@pytest.fixture(autouse=True)
def _picture_hosts(settings):
    settings.PICTURE_HOSTS = ["a.example", "b.example:8443"]


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def badge(db):
    """Return a badge whose key selects colour 4."""
    return BadgeMetaFactory(name="Medal", pk="0" * 20 + "0004")


@pytest.fixture
def pages(desk, badge):
    """Return the addresses of the pages that show the badge."""
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


def test_a_badge_without_a_picture_has_the_same_drawing_on_every_page(desk, badge, pages):
    for page in pages:
        found = pictures(desk, page)
        assert found, page
        assert {(hue, what) for hue, what, _address in found} == {("4", "<svg")}, page


def test_every_page_shows_the_picture_of_a_badge(desk, badge, pages):
    BadgeImage.objects.create(
        badge=badge, tag="UN_EARNED", name="x", url="https://a.example/no.png"
    )
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url=ADDRESS)

    for page in pages:
        assert pictures(desk, page)[0][2] == ADDRESS, page


def test_a_picture_of_an_allowed_host_is_preferred(desk, badge):
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url="http://a.example/x.png")
    BadgeImage.objects.create(badge=badge, tag="UN_EARNED", name="x", url=ADDRESS)

    (found,) = pictures(desk, f"/desk/badges/{badge.pk}/")

    assert found[2] == ADDRESS


def test_the_search_shows_the_picture_of_a_badge(desk, badge):
    BadgeMetaFactory(name="Another medal", pk="0" * 20 + "0005")

    shown = desk.post("/desk/find/", {"text": "medal"}, follow=True).text

    assert [hue for hue, *_rest in PICTURE.findall(shown)] == ["5", "4"]


def test_a_new_badge_keeps_its_colour_between_previews(desk):
    for _check in range(3):
        shown = desk.post("/desk/badges/new/?check", headers={"HX-Request": "true"}).text
        assert [hue for hue, *_rest in PICTURE.findall(shown)] == ["0"]


def test_an_enrolment_form_and_its_receipt_show_the_picture(desk, badge):
    enrolment = EnrolmentFactory(customer_id=1001, request__operation="ENROL_BULK")

    for page in (
        f"/desk/customers/1001/badges/{enrolment.badge_id}/enrol/",
        f"/desk/receipts/{enrolment.request_id}/",
    ):
        assert len(pictures(desk, page)) == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://other.example/x.png",
        "https://sub.a.example/x.png",
        "https://a.example.other.example/x.png",
        "https://a.example:8443/x.png",
        "https://b.example/x.png",
        "https://a.example@other.example/x.png",
        "https://other.example\\@a.example/x.png",
        "https://other.example#@a.example/x.png",
        "https://other.example?.a.example/x.png",
        "https:/a.example/x.png",
        "https://[a.example/x.png",
        "http://a.example/x.png",
        "//a.example/x.png",
        "/x.png",
        "data:image/png;base64,AA",
        "javascript:alert(1)",
    ],
)
def test_no_page_loads_a_picture_of_another_host(desk, badge, pages, address):
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url=address)

    for shown in pages:
        assert {what for _hue, what, _address in pictures(desk, shown)} == {"<svg"}, shown


@pytest.mark.parametrize("address", ["HTTPS://A.example/x.png", "https://b.example:8443/x.png"])
def test_an_allowed_host_is_matched_in_any_spelling(desk, badge, address):
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="x", url=address)

    (found,) = pictures(desk, f"/desk/badges/{badge.pk}/")
    assert found[2] == address


@pytest.mark.parametrize(
    "path", ["/desk/", "/admin/badges/claim/", "/admin/login/", "/desk/badges/"]
)
def test_the_content_security_policy_names_only_the_allowed_hosts(desk, settings, path):
    policy = desk.get(path)["Content-Security-Policy"]
    assert "img-src 'self' data: https://a.example https://b.example:8443;" in f"{policy};"

    settings.PICTURE_HOSTS = []
    assert "img-src 'self' data:;" in f"{desk.get(path)['Content-Security-Policy']};"


def test_a_picture_of_any_host_is_stored(desk, integrator):
    """Integrators show the pictures to customers, so hosts are restricted on our own pages only."""
    address = "https://other.example/x.png"
    asked = desk.post("/desk/badges/new/", badge_form(**{"picture-EARNED-url": address}))
    assert asked.status_code == 302
    badge = BadgeMeta.objects.get()
    assert badge.images.get().url == address

    api = ApiClient(integrator.client_id)
    known = api.get(f"/api_gateway/v1/badges/badgeMeta/{badge.pk}").json()["data"]
    assert [image["url"] for image in known["images"]] == [address]
    form = desk.get(f"/desk/badges/{badge.pk}/edit/").text
    assert "load pictures from its host." in form
