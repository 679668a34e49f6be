"""A page whose CSRF token became stale by a sign-in in another tab."""

import pytest
from django.test import Client

from badges.models import RequestLog
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

LOG_IN = "/admin/login/"
STALE = "a" * 32


@pytest.fixture
def browser(member_care):
    browser = Client(enforce_csrf_checks=True)
    browser.get(LOG_IN)
    return browser


def sign_in(browser, token, **more):
    fields = {"username": "maria", "password": PASSWORD, "csrfmiddlewaretoken": token}
    return browser.post(LOG_IN, fields | more)


@pytest.mark.parametrize(
    ("wanted", "address"),
    [("/desk/find/", "/desk/find/"), ("https://elsewhere.example/", "/desk/"), ("", "/desk/")],
)
def test_a_sign_in_in_a_second_tab_redirects(browser, wanted, address):
    token = browser.cookies["csrftoken"].value
    assert sign_in(browser, token).status_code == 302

    answer = sign_in(browser, token, next=wanted)

    assert (answer.status_code, answer.url) == (302, address)
    assert RequestLog.objects.count() == 1


@pytest.mark.parametrize("is_in", [True, False])
@pytest.mark.parametrize("address", ["/desk/issue/", LOG_IN, "/i18n/setlang/", "/admin/logout/"])
def test_the_csrf_failure_page_explains_and_links(browser, member_care, is_in, address):
    if is_in:
        browser.force_login(member_care)
    if is_in and address == LOG_IN:
        return
    referer = {"Referer": "http://testserver/desk/find/"}

    answer = browser.post(address, {"csrfmiddlewaretoken": STALE}, headers=referer)

    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert 'href="http://testserver/desk/find/"' in answer.text
    assert "BadgeAdmin" in answer.text
    assert not RequestLog.objects.exists()


def test_a_sign_in_in_a_second_tab_keeps_the_page_that_was_requested(browser):
    token = browser.cookies["csrftoken"].value
    sign_in(browser, token)

    post = {"username": "maria", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = browser.post(f"{LOG_IN}?next=/desk/find/", post)

    assert (answer.status_code, answer.url) == (302, "/desk/find/")


def test_the_csrf_failure_page_links_to_no_other_host(browser):
    referer = {"Referer": "https://elsewhere.example/"}
    answer = browser.post("/desk/issue/", {}, headers=referer)
    assert "elsewhere" not in answer.text
    assert 'href="/desk/"' in answer.text


def test_the_csrf_failure_of_a_script_keeps_the_page(browser, member_care):
    browser.force_login(member_care)

    answer = browser.post("/desk/issue/preview/", {}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Trigger"]) == (403, "desk:stale")
    assert "HX-Refresh" not in answer
