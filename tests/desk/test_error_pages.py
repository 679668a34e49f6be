"""Error pages have the layout of the other pages, the menu and a way forward. F16"""

import pytest
from django.test import Client

from tests.desk.conftest import ISSUE

pytestmark = pytest.mark.django_db

MENU = 'id="nav-sidebar"'
MISSING = [
    "/desk/nowhere",
    "/desk/receipts/99999999/",
    "/desk/badges/zzz/",
    "/desk/customers/0/",
    "/admin/nowhere/",
]
BROKEN = "/desk/find/?q=%ff"


@pytest.mark.parametrize("address", MISSING)
@pytest.mark.parametrize(
    ("language", "text", "back"),
    [
        ("en", "There is no page at this address", "Back to the start"),
        ("de", "Unter dieser Adresse gibt es keine Seite", "Zurück zum Anfang"),
    ],
)
def test_a_missing_page_has_the_menu_and_a_link(desk, address, language, text, back):
    answer = desk.get(address, headers={"Accept-Language": language}, follow=True)

    assert answer.status_code == 404
    assert text in answer.text
    assert back in answer.text
    assert MENU in answer.text
    assert 'href="/desk/"' in answer.text


def test_a_missing_page_before_the_sign_in_has_no_menu(client):
    answer = client.get("/desk/nowhere/")

    assert answer.status_code == 404
    assert MENU not in answer.text
    assert 'href="/admin/login/"' in answer.text


@pytest.mark.parametrize("address", ["/nowhere", "/media/badges/none.png"])
def test_a_missing_page_elsewhere_is_plain(desk, address):
    answer = desk.get(address)
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
    assert "alpine" not in answer.text


def test_a_request_that_cannot_be_read_has_the_menu_and_a_link(desk):
    answer = desk.get(BROKEN)
    assert answer.status_code == 400
    assert "This request cannot be read" in answer.text
    assert MENU in answer.text


def test_a_request_that_cannot_be_read_before_the_sign_in_has_no_menu(client):
    answer = client.get(BROKEN)
    assert answer.status_code == 400
    assert MENU not in answer.text


def test_a_request_for_another_host_has_a_plain_page(client):
    answer = client.get("/desk/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "This request cannot be read" in answer.text


def test_too_many_fields_have_a_page_with_the_menu(desk, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    answer = desk.post(ISSUE, {f"field{number}": "" for number in range(5)})
    assert answer.status_code == 400
    assert MENU in answer.text


@pytest.mark.parametrize("is_in", [True, False])
def test_a_csrf_failure_has_the_menu_of_signed_in_users(member_care, is_in):
    browser = Client(enforce_csrf_checks=True)
    if is_in:
        browser.force_login(member_care)

    answer = browser.post(ISSUE, {})

    assert answer.status_code == 403
    assert "This page is out of date" in answer.text
    assert (MENU in answer.text) is is_in
