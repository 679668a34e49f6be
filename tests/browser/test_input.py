"""The input of a form survives the end of the session, a lost connection and a reload.

F3, F4, F14, B52, B54.
"""

import json

import pytest

from badges.models import EarnedBadge
from tests.browser.actions import RECEIPT, choose, fits, log_in, type_credentials
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, UserFactory
from tests.waiting import TIMEOUT

pytestmark = pytest.mark.django_db(transaction=True)

ISSUE = "/desk/issue/"
BAR = "[data-bar={}]:visible"
NUMBER = "#id_customer_id"


@pytest.fixture
def open_alone(chromium, live_server):
    """Return a function that opens a page whose console may report failed requests."""
    contexts = []

    def open_one(width=1440, theme="light"):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 1000},
            color_scheme=theme,
        )
        context.set_default_timeout(TIMEOUT * 1_000)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def known_customer(db):
    """Give customer 1001 another badge, so that the number is known."""
    EarnedBadgeFactory(badge=BadgeMetaFactory(name="Earlier"), customer_id=1001)


def issued():
    return EarnedBadge.objects.filter(badge__name="Welcome")


@pytest.fixture
def page(open_alone, member_care, live_badge):
    """Return the page of the form to issue a badge, with a customer, a badge and a reason."""
    page = open_alone()
    fill(page)
    return page


def fill(page):
    log_in(page, "maria", ISSUE)
    choose(page, "1001", "welc")
    page.locator("#id_reason").fill("Called twice")
    page.wait_for_selector("#desk-panel >> text=Can be issued")


def wait_for_bar(page, name):
    page.wait_for_selector(BAR.format(name))


def send(page):
    page.locator("[data-desk-submit]").click()


def stored(page):
    """Return the input of forms that the tab stores."""
    items = page.evaluate("Object.entries(sessionStorage)")
    return {key: json.loads(text) for key, text in items if key.startswith("desk-input ")}


def is_filled(page):
    """Return whether the form has everything that was typed."""
    return page.evaluate(
        """() => document.querySelector("#id_customer_id").value === "1001"
            && document.querySelector("#id_reason").value === "Called twice"
            && document.querySelectorAll("#desk-badges :checked").length === 1"""
    )


@on_desktop_and_phone
def test_the_form_stays_when_the_session_has_ended(
    open_alone, shoot, member_care, live_badge, width, theme
):
    page = open_alone(width=width, theme=theme)
    fill(page)
    page.context.clear_cookies(name="sessionid")

    page.locator(NUMBER).press_sequentially(" ")

    wait_for_bar(page, "ended")
    shoot(page, f"session-ended-{theme}-{width}")
    assert fits(page)
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Log in in a new tab").click()
    other = opened.value
    other.wait_for_load_state("load")
    other.locator("#id_username").focus()
    type_credentials(other, "maria")
    other.wait_for_url("**/desk/session/again/")
    shoot(other, f"session-again-{theme}-{width}")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    wait_for_bar(page, "back")

    page.locator(NUMBER).fill("1001")
    send(page)

    page.wait_for_url(RECEIPT)
    assert issued().get().request.reason == "Called twice"


def test_a_form_that_is_sent_after_the_session_has_ended_stays(page):
    page.context.clear_cookies(name="sessionid")

    send(page)

    wait_for_bar(page, "ended")
    assert is_filled(page)
    assert not issued().exists()


def test_input_is_restored_after_a_log_in_in_the_same_tab(page, shoot):
    page.context.clear_cookies(name="sessionid")
    request_id = page.locator("[name=request_id]").input_value()
    send(page)
    wait_for_bar(page, "ended")

    page.get_by_role("link", name="Log in here").click()
    page.wait_for_selector("#id_username")
    page.wait_for_load_state("load")
    page.locator("#id_username").focus()
    type_credentials(page, "maria")

    wait_for_bar(page, "restored")
    page.wait_for_function("document.querySelectorAll('#desk-badges :checked').length == 1")
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    shoot(page, "input-restored")
    assert is_filled(page)
    assert page.locator("[name=request_id]").input_value() == request_id
    send(page)
    page.wait_for_url(RECEIPT)
    assert issued().count() == 1
    assert stored(page) == {}


def test_another_user_does_not_see_the_input(page):
    UserFactory(username="nora", role="MemberCare")
    page.context.clear_cookies(name="sessionid")
    send(page)
    wait_for_bar(page, "ended")

    log_in(page, "nora", ISSUE)

    page.wait_for_load_state("load")
    assert page.locator(NUMBER).input_value() == ""
    assert stored(page) == {}


def test_a_form_is_not_sent_as_another_user(page):
    UserFactory(username="nora", role="MemberCare")
    page.context.clear_cookies(name="sessionid")
    other = page.context.new_page()
    log_in(other, "nora", ISSUE)

    page.bring_to_front()
    send(page)

    wait_for_bar(page, "other")
    assert "nora" in page.locator("#session-bar").inner_text()
    assert is_filled(page)
    assert not issued().exists()


def test_a_lost_connection_keeps_the_form_and_it_can_be_sent_again(page, shoot):
    page.context.set_offline(True)
    send(page)
    wait_for_bar(page, "offline")
    shoot(page, "offline")
    assert is_filled(page)
    page.context.set_offline(False)

    send(page)

    page.wait_for_url(RECEIPT)
    assert issued().count() == 1


def test_input_is_restored_when_the_page_is_loaded_again_and_can_be_discarded(page):
    page.reload()
    wait_for_bar(page, "restored")
    page.wait_for_function("document.querySelectorAll('#desk-badges :checked').length == 1")
    assert is_filled(page)

    page.get_by_role("button", name="Discard it").click()

    page.wait_for_function("document.querySelector('#id_customer_id').value == ''")
    assert stored(page) == {}


def test_leaving_a_form_warns_only_if_it_was_changed(open_alone, supervisor, live_badge):
    page, asked = open_alone(), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    log_in(page, "simon", f"/desk/badges/{live_badge.pk}/edit/")
    page.locator("#id_description").press("End")  # browsers ask only after a use of the page
    page.get_by_role("link", name="Badge groups").first.click()
    page.wait_for_url("**/desk/groups/")
    assert asked == []

    page.goto(f"/desk/badges/{live_badge.pk}/edit/")
    page.wait_for_load_state("load")
    page.locator("#id_description").press_sequentially("More")
    page.get_by_role("link", name="Badge groups").first.click()
    page.wait_for_function("true")

    assert asked == ["beforeunload"]
    assert page.url.endswith("/edit/")

    page.get_by_role("link", name="Leave without saving").click()
    page.wait_for_url(f"**/desk/badges/{live_badge.pk}/")
    assert asked == ["beforeunload"]
    assert stored(page) == {}


def test_passwords_are_never_stored_and_a_log_out_removes_input(open_alone, admin_user):
    page = open_alone()
    admin_user.set_password("correct horse, battery")
    page.goto("/admin/login/?next=/admin/auth/user/add/")
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill("password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/auth/user/add/")
    page.wait_for_load_state("load")
    page.locator("#id_username").fill("newcomer")
    page.locator("#id_password1").fill("a secret of nobody")
    ((_key, input_of_form),) = stored(page).items()
    assert ["username", "newcomer"] in input_of_form["fields"]
    assert "a secret of nobody" not in json.dumps(input_of_form)

    page.locator(".user-menu summary").press("Enter")
    page.get_by_role("button", name="Log out").click()

    page.wait_for_selector("text=Log in again")
    assert stored(page) == {}


def test_a_form_of_the_admin_stays_without_a_connection(open_alone, admin_user):
    page = open_alone()
    page.goto("/admin/login/?next=/admin/auth/group/add/")
    page.locator("#id_username").fill("admin")
    page.locator("#id_password").fill("password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/auth/group/add/")
    page.wait_for_load_state("load")
    page.locator("#id_name").fill("Night shift")
    page.context.set_offline(True)

    page.get_by_role("button", name="Save", exact=True).click()
    wait_for_bar(page, "offline")
    assert page.locator("#id_name").input_value() == "Night shift"
    page.context.set_offline(False)
    page.get_by_role("button", name="Save", exact=True).click()

    page.wait_for_url("**/admin/auth/group/")
    assert stored(page) == {}


def test_the_end_of_the_session_is_announced_and_can_be_postponed(
    open_alone, shoot, settings, member_care, live_badge
):
    settings.SESSION_IDLE_TIMEOUT = 8
    page = open_alone()
    log_in(page, "maria", ISSUE)
    wait_for_bar(page, "soon")
    shoot(page, "session-soon")

    page.get_by_role("button", name="Stay logged in").click()

    page.wait_for_selector("#session-bar", state="hidden")
    wait_for_bar(page, "soon")
    wait_for_bar(page, "ended")


def test_the_limit_of_the_session_is_announced(open_alone, settings, member_care, live_badge):
    settings.SESSION_IDLE_TIMEOUT = settings.SESSION_ABSOLUTE_TIMEOUT = 6
    page = open_alone()
    log_in(page, "maria", ISSUE)
    wait_for_bar(page, "limit")

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Log in in a new tab").click()

    opened.value.wait_for_selector("#id_username")


def test_the_log_in_page_says_that_the_session_has_ended(open_alone, member_care, live_badge):
    from django.contrib.sessions.models import Session

    page = open_alone()
    log_in(page, "maria", ISSUE)
    Session.objects.all().delete()

    page.goto(f"{ISSUE}?badge={live_badge.pk}")

    page.wait_for_selector("text=Your session has ended")
    page.locator("#id_username").focus()
    type_credentials(page, "maria")
    page.wait_for_url(f"**{ISSUE}?badge={live_badge.pk}")
