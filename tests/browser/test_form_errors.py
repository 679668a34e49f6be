"""The errors of a form: a summary with links, the focus, and errors that go with a change."""

import pytest

from tests.browser.actions import fits, log_in, press, tick, wait_for_focus, write
from tests.browser.conftest import on_desktop_and_phone
from tests.desk.parts.pictures import INVALID_FILES, image_content

pytestmark = pytest.mark.django_db(transaction=True)

SUMMARY = ".desk-summary"
EARNED = "#id_picture-EARNED-upload"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    """Use an empty directory for uploads."""
    settings.MEDIA_ROOT = tmp_path / "media"


def choose_file(page, content):
    file = {"name": "medal.png", "mimeType": "image/png", "buffer": content}
    page.locator(EARNED).set_input_files(file)


@on_desktop_and_phone
def test_each_error_has_a_link_and_goes_when_its_field_changes(
    open_page, shoot, supervisor, theme, width
):
    """F12, F13: all errors at once, the focus on the first one, and none that is outdated."""
    page = open_page(width=width, theme=theme)
    log_in(page, "simon", "/desk/badges/new/")
    write(page, "name", "Explorer")
    tick(page, "EARN")
    page.locator("#id_starts_at").fill("2031-01-01T00:00")
    page.locator("#id_expires_at").fill("2030-01-01T00:00")
    choose_file(page, INVALID_FILES["a wide one"]())
    press(page, "Create badge")

    wait_for_focus(page, "expires_at")
    lines = page.locator(f"{SUMMARY} li")
    shoot(page, f"form-errors-{theme}-{width}")
    assert lines.count() == 4
    assert fits(page)
    assert page.locator("[name=picture-EARNED-name]").input_value() == ""  # F33
    lines.locator("text=must be square").focus()
    page.keyboard.press("Enter")
    wait_for_focus(page, "picture-EARNED-upload")

    choose_file(page, image_content())
    assert not page.get_by_text("must be square").first.is_visible()
    page.locator("#id_expires_at").fill("2032-01-01T00:00")
    assert not page.locator("#id_expires_at_error").is_visible()
    assert page.locator("#id_expires_at").get_attribute("aria-invalid") == "false"
    page.locator("#id_expires_at").fill("2030-01-01T00:00")
    assert page.locator("#id_expires_at_error").is_visible()
    page.locator("#id_expires_at").fill("2032-01-01T00:00")
    tick(page, "Loyalty")
    tick(page, "NEVER")
    assert not page.locator(SUMMARY).is_visible()
    press(page, "Create badge")
    page.wait_for_selector("#desk-name >> text=Explorer")


def test_a_limit_that_is_folded_in_again_is_left_out(open_page, shoot, supervisor):
    """F31: an open limit can be removed."""
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    page.locator("summary >> text=Add a limit").first.click()
    page.locator("#id_limits-0-max_earns").fill("3")
    shoot(page, "limit-open")
    page.locator("summary >> text=Remove this limit").first.click()
    page.locator("summary >> text=Add a limit").first.click()
    assert page.locator("#id_limits-0-max_earns").input_value() == ""


def test_a_new_colleague_sets_the_password_with_the_link(open_page, shoot, supervisor):
    """F23: from the form to the first login."""
    page = open_page()
    log_in(page, "simon", "/desk/people/")
    shoot(page, "people")
    press(page, "New person")
    page.wait_for_url("**/people/new/")
    page.wait_for_load_state("load")
    write(page, "username", "nina")
    page.get_by_label("MemberCare").check()
    shoot(page, "person-new")
    press(page, "Create person")
    page.wait_for_selector("#setup-link")
    shoot(page, "person-link")
    link = page.locator("#setup-link").inner_text()

    visitor = open_page()
    visitor.goto(link)
    visitor.wait_for_load_state("load")
    code = link.split("#")[1]
    assert visitor.locator("#id_code").input_value() == code
    assert code not in visitor.url
    wait_for_focus(visitor, "password1")
    shoot(visitor, "set-up")
    visitor.keyboard.type("another horse, another battery")
    visitor.keyboard.press("Tab")
    visitor.keyboard.type("another horse, another battery")
    visitor.keyboard.press("Enter")
    visitor.wait_for_url("**/admin/login/")
    visitor.wait_for_selector("text=Log in as “nina”")
    shoot(visitor, "set-up-done")
    visitor.wait_for_load_state("load")
    visitor.locator("#id_username").fill("nina")
    visitor.locator("#id_password").fill("another horse, another battery")
    visitor.keyboard.press("Enter")
    visitor.wait_for_url("**/desk/")


@pytest.mark.parametrize("width", [1280, 1440])
def test_an_event_date_is_not_cut(open_page, shoot, member_care, width):
    page = open_page(width=width, height=900)
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_event_at").fill("2026-12-31T00:00")
    shoot(page, f"issue-{width}")
    box = page.locator("#id_event_at").bounding_box()
    assert box["width"] >= 240  # F32: "12/31/2026, 12:00 AM" and the icon of the calendar
