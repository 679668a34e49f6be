"""The idle timeout and the absolute limit of sessions. B54"""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from badgeadmin.sessions import STARTED_AT
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

HOME, LOG_IN = "/desk/issue/", "/admin/login/"
TAIL = "/desk/requests/tail/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def lengths(settings):
    settings.SESSION_IDLE_TIMEOUT = 1_000
    settings.SESSION_ABSOLUTE_TIMEOUT = 5_000


@pytest.fixture
def browser(client, member_care):
    client.force_login(member_care)
    return client


def pass_time(browser, seconds):
    """Let a session be as old as if time had passed."""
    ends_at = Session.objects.get().expire_date
    session = browser.session
    session[STARTED_AT] -= seconds
    session.save()
    Session.objects.update(expire_date=ends_at - timedelta(seconds=seconds))


def seconds_left():
    return (Session.objects.get().expire_date - timezone.now()).total_seconds()


@pytest.mark.parametrize(
    ("ages", "is_ended"), [([900], False), ([1_001], True), ([600, 600], False)]
)
def test_a_session_ends_without_a_use(browser, ages, is_ended):
    for age in ages:
        pass_time(browser, age)
        answer = browser.get(HOME)

    assert (answer.status_code == 302) is is_ended


def test_a_use_extends_a_session_up_to_its_limit(browser):
    for _time in range(8):
        pass_time(browser, 600)
        assert browser.get(HOME).status_code == 200
    assert seconds_left() < 201  # 4,800 of 5,000 seconds have passed

    pass_time(browser, 300)

    assert browser.get(HOME).url == f"{LOG_IN}?next={HOME}"


def test_polling_does_not_extend_a_session(browser):
    for _time in range(2):
        pass_time(browser, 400)
        assert browser.get(TAIL, headers=HTMX).status_code in (200, 204)
    assert seconds_left() < 201

    pass_time(browser, 300)

    assert browser.get(HOME).status_code == 302


def test_a_preview_while_typing_extends_a_session(browser):
    pass_time(browser, 600)
    browser.post(f"{HOME}preview/", headers=HTMX)
    assert seconds_left() > 990


def test_requests_in_quick_succession_do_not_write_the_session(browser):
    browser.get(HOME)
    before = Session.objects.get()

    browser.get(HOME)

    assert Session.objects.get().expire_date == before.expire_date


def test_a_new_sign_in_starts_the_limit_anew(browser):
    pass_time(browser, 900)
    started_at = browser.session[STARTED_AT]

    browser.post(LOG_IN, {"username": "maria", "password": PASSWORD})

    assert browser.session[STARTED_AT] > started_at + 800


def test_a_lowered_limit_ends_running_sessions(browser, settings):
    pass_time(browser, 600)
    settings.SESSION_ABSOLUTE_TIMEOUT = 300

    browser.get(HOME)

    assert browser.get(HOME).status_code == 302


def test_the_cookie_outlives_the_session_but_does_not_extend_it(member_care, settings):
    browser = Client()
    browser.post(LOG_IN, {"username": "maria", "password": PASSWORD})
    assert browser.cookies["sessionid"]["max-age"] == settings.SESSION_COOKIE_AGE
    assert seconds_left() <= settings.SESSION_IDLE_TIMEOUT
