"""Invalid UTF-8 in form fields and query parameters is refused by every view."""

import re

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from badges.models import RequestLog
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--x--\r\n'
NAMES = [
    *("username", "password", "next", "language", "q", "search", "name", "badge_id", "reason"),
    *("customer_id", "code", "action", "_selected_action", "old_password", "new_password1", "o"),
]


def addresses(patterns=None, prefix="/"):
    """Yield the address of every page of the project, with a value for each argument."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern).lstrip("^").rstrip("$")
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and "(" not in route:
            yield re.sub(r"<(int:)?[^>]*>", lambda kind: "1" if kind[1] else "a" * 24, route)


ADDRESSES = sorted({*addresses()} - {"/o/token/", "/o/token"})
API = [address for address in ADDRESSES if address.startswith("/api_gateway/")]
PAGES = sorted({*ADDRESSES} - {*API})


@pytest.fixture
def browser(client, db):
    client.force_login(UserFactory(username="root", is_superuser=True))
    client.raise_request_exception = False
    return client


def send_what_is_not_utf_8(browser, address):
    return [
        browser.get(f"{address}?q=%ff"),
        browser.post(address, "name=%ff", content_type=FORM),
        browser.post(address, b"name=\xff", content_type=FORM),
        browser.generic("POST", address, PART, "multipart/form-data; boundary=x"),
    ]


@pytest.mark.parametrize("address", PAGES)
def test_invalid_utf_8_is_refused_by_every_page(browser, address):
    answers = send_what_is_not_utf_8(browser, address)
    assert {answer.status_code for answer in answers} == {400}
    assert not RequestLog.objects.exists()


@pytest.mark.parametrize("address", API)
def test_invalid_utf_8_is_no_server_error_of_the_api(browser, address):
    answers = send_what_is_not_utf_8(browser, address)
    assert {answer.status_code // 100 for answer in answers} == {4}
    assert not RequestLog.objects.filter(outcome="ACCEPTED").exists()


@pytest.mark.parametrize("address", ADDRESSES)
def test_null_characters_are_no_server_error(browser, address):
    fields = dict.fromkeys(NAMES, "a\0b")
    answers = [
        browser.get(address, fields),
        browser.get(address, {"a\0b": "x"}),
        browser.post(address, fields),
    ]
    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []


def test_a_replacement_character_that_was_typed_is_text(browser):
    assert browser.get("/desk/find/", {"q": "\N{REPLACEMENT CHARACTER}"}).status_code == 200


def test_invalid_utf_8_shows_a_page_with_a_message(browser):
    page = browser.get("/desk/find/?q=%ff")
    assert "This request cannot be read" in page.text
    assert "Back to the start" in page.text
