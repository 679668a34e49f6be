"""The state of a session for the script of a page, and the end of a session. F3, B52, B54"""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tests.desk.conftest import ISSUE
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

STATE, LOG_IN = "/desk/session/", "/admin/login/"
ENDED = "Your session has ended"
HTMX = {"HX-Request": "true"}
LOGIN = {"username": "maria", "password": PASSWORD}


def end_session(browser):
    browser.get(ISSUE)
    Session.objects.all().delete()


def test_the_state_has_the_user_and_both_ends(desk, member_care, settings):
    answer = desk.get(STATE)

    state = answer.json()
    assert (state["user"], state["name"]) == (str(member_care.pk), "maria")
    assert state["seconds_left"] > settings.SESSION_IDLE_TIMEOUT - 60
    assert state["seconds_left"] <= settings.SESSION_IDLE_TIMEOUT
    assert state["seconds_left"] < state["seconds_to_limit"] <= settings.SESSION_ABSOLUTE_TIMEOUT
    assert "no-store" in answer["Cache-Control"]


def test_the_token_of_the_state_is_accepted_after_a_new_sign_in(member_care):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member_care)

    token = browser.get(STATE).json()["csrf_token"]

    answer = browser.post(ISSUE, {"csrfmiddlewaretoken": token}, headers=HTMX)
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_state_of_an_ended_session_is_401(desk, method):
    end_session(desk)
    assert getattr(desk, method)(STATE).status_code == 401


@pytest.mark.parametrize("address", ["/desk/requests/tail/", "/desk/find/", "/admin/auth/user/"])
def test_a_script_of_an_ended_session_gets_401_and_no_page(desk, address):
    end_session(desk)

    answer = desk.get(address, headers=HTMX)

    assert answer.status_code == 401
    assert not {"HX-Refresh", "HX-Redirect", "Location"} & set(answer.headers)


def test_a_form_of_an_ended_session_gets_401(desk, filled):
    end_session(desk)
    assert desk.post(ISSUE, filled(), headers=HTMX).status_code == 401


def test_a_script_follows_a_redirect_with_the_whole_page(desk, filled):
    answer = desk.post(ISSUE, filled(), headers=HTMX)
    assert answer.status_code == 200
    assert answer["HX-Redirect"].startswith("/desk/receipts/")
    assert "Location" not in answer


@pytest.mark.parametrize("address", [f"{ISSUE}?badge=1", "/admin/password_change/"])
def test_the_log_in_page_says_that_the_session_has_ended_and_keeps_the_address(desk, address):
    end_session(desk)

    page = desk.get(address, follow=True)

    assert ENDED in page.text
    answer = desk.post(page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"], LOGIN)
    assert answer.url == address


def test_the_first_log_in_and_a_log_out_mention_no_ended_session(client, member_care):
    assert ENDED not in client.get(ISSUE, follow=True).text
    client.post(f"{LOG_IN}?next={ISSUE}", LOGIN)
    client.post("/admin/logout/")
    assert ENDED not in client.get(ISSUE, follow=True).text


def test_a_signed_in_user_is_led_on_from_the_log_in_page(desk):
    assert desk.get(f"{LOG_IN}?next={ISSUE}").url == ISSUE
    assert desk.get(f"{LOG_IN}?next=https://elsewhere.example/").url == "/desk/"
    assert 'id="login-form"' in desk.get(f"{LOG_IN}?again=1").text
