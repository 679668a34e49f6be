"""By keyboard: a badge is created and a secret copied; no page overflows."""

import pytest

from badges.models import BadgeMeta
from tests.browser.actions import fits, log_in, press, tick, write
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/desk/badges/"


@on_desktop_and_phone
def test_a_badge_is_created_by_keyboard(open_page, shoot, supervisor, theme, width):
    page = open_page(width=width, theme=theme)
    log_in(page, "simon", LIST)
    press(page, "New badge")
    page.wait_for_url("**/desk/badges/new/")
    page.wait_for_load_state("load")
    write(page, "name", "Explorer")
    tick(page, "EARN")
    page.locator("#id_starts_at").fill("2030-01-01T00:00")
    page.locator("#id_expires_at").fill("2031-01-01T00:00")
    tick(page, "Loyalty")
    tick(page, "RELATIVE")
    write(page, "earned_expiry_count", "6")
    page.locator("#id_earned_expiry_unit").focus()
    page.keyboard.type("calendar")
    page.keyboard.press("Tab")
    page.wait_for_selector("#desk-panel >> text=expires after 6 months")
    shoot(page, f"definition-new-{theme}-{width}")
    assert fits(page)

    press(page, "Create badge")

    page.wait_for_selector("#desk-name >> text=Explorer")
    shoot(page, f"definition-{theme}-{width}")
    assert fits(page)
    write(page, "reference_id", "summer")
    page.keyboard.press("Enter")
    page.wait_for_selector(".desk-claims >> text=summer")
    press(page, "Deactivate")
    page.wait_for_selector("text=Deactivate “Explorer”?")
    assert page.evaluate("document.activeElement?.innerText") == "Cancel"
    press(page, "Deactivate")
    page.wait_for_selector(".desk-pills >> text=Inactive")
    badge = BadgeMeta.objects.get()
    assert (badge.earned_expiry_count, badge.earned_expiry_unit) == (6, "MONTHS")
    assert (badge.active, badge.version, badge.claims.get().reference_id) == (False, 3, "summer")


def test_enter_in_a_field_of_a_badge_previews_without_saving(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    write(page, "name", "Explorer")
    page.keyboard.press("Enter")

    page.wait_for_selector("#desk-panel >> text=Not yet complete")
    assert page.locator("#id_name").input_value() == "Explorer"
    assert not BadgeMeta.objects.exists()


def test_an_invalid_field_of_a_badge_has_the_focus_and_its_error(open_page, supervisor):
    BadgeMetaFactory(name="Explorer")
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    write(page, "name", "Explorer")
    press(page, "Create badge")

    page.wait_for_selector("#id_name_error >> text=Another badge has this name.")
    page.wait_for_function("document.activeElement?.id == 'id_name'")


def test_fields_that_do_not_apply_to_a_choice_are_hidden(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    tick(page, "NEVER")
    assert not page.locator("#id_earned_expiry_count").is_visible()
    tick(page, "ISSUE_EARN")
    assert page.get_by_text("Enrolment expires").is_visible()
    tick(page, "RELATIVE")
    assert page.locator("#id_earned_expiry_count").is_visible()


def test_a_badge_is_created_without_scripts(open_page, supervisor):
    page = open_page(javascript=False)
    log_in(page, "simon", "/desk/badges/new/")
    page.locator("#id_name").fill("Explorer")
    page.locator("[name=earn_type][value=EARN]").check()
    page.locator("#id_starts_at").fill("2030-01-01T00:00")
    page.locator("#id_expires_at").fill("2031-01-01T00:00")
    page.locator("[value=Loyalty]").check()
    page.locator("[name=earned_expiry_kind][value=NEVER]").check()
    page.locator(".desk-side").get_by_role("button", name="Check").click()
    assert "never expires" in page.locator("#desk-panel").inner_text()

    page.get_by_role("button", name="Create badge").click()

    assert page.locator("#desk-name").inner_text() == "Explorer"


def test_a_secret_is_copied_to_the_clipboard(open_page, shoot, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/integrators/new/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    write(page, "name", "Journeys")
    press(page, "Create integrator")
    page.wait_for_selector("#client-secret")
    shoot(page, "integrator-secret")
    page.locator("[data-desk-copy='#client-secret']").focus()
    page.keyboard.press("Enter")

    page.wait_for_selector("text=Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#client-secret").inner_text()
