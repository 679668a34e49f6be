"""Groups and custom fields are created, used and disabled by keyboard, also without scripts."""

import pytest

from badges.models import BadgeGroup, BadgeMeta, CustomField
from tests.browser.actions import fits, log_in, press, tick, write
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db(transaction=True)

GROUPS = "/desk/groups/"
FIELDS = "/desk/fields/"


@on_desktop_and_phone
def test_a_group_is_created_used_and_disabled_by_keyboard(
    open_page, shoot, supervisor, width, theme
):
    badge = BadgeMetaFactory(name="Explorer")
    page = open_page(width=width, theme=theme)
    log_in(page, "simon", GROUPS)
    page.wait_for_selector("text=There is no group yet")
    shoot(page, f"groups-empty-{theme}-{width}")
    press(page, "New badge group")
    page.wait_for_url("**/new/")
    page.wait_for_load_state("load")
    write(page, "name", "Gold")
    write(page, "rank", "first")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#id_rank_error")
    page.wait_for_function("document.activeElement?.id == 'id_rank'")
    shoot(page, f"group-new-{theme}-{width}")
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.keyboard.press("Enter")

    page.wait_for_selector("text=No badge is in this group")
    assert fits(page)
    group = BadgeGroup.objects.get()
    page.goto(f"/desk/badges/{badge.pk}/edit/")
    page.locator("#id_group").focus()
    page.keyboard.type("Gold")
    press(page, "Save changes")
    page.wait_for_selector("#desk-name >> text=Explorer")
    assert BadgeMeta.objects.get().group == group
    press(page, "Gold")
    page.wait_for_selector(".desk-used >> text=Explorer")
    assert fits(page)
    shoot(page, f"group-{theme}-{width}")

    press(page, "Disable")
    page.wait_for_selector("text=Disable “Gold”?")
    page.wait_for_function("document.activeElement?.innerText == 'Cancel'")
    assert fits(page)
    shoot(page, f"group-switch-{theme}-{width}")
    press(page, "Disable")
    page.wait_for_selector(".desk-pills >> text=Disabled")
    page.goto(GROUPS)
    page.wait_for_selector(".desk-list >> text=Disabled")
    assert fits(page)
    shoot(page, f"groups-{theme}-{width}")
    assert (BadgeGroup.objects.get().active, BadgeMeta.objects.get().group) == (False, group)


@on_desktop_and_phone
def test_a_custom_field_is_created_used_and_disabled_by_keyboard(
    open_page, shoot, supervisor, width, theme
):
    badge = BadgeMetaFactory(name="Explorer")
    page = open_page(width=width, theme=theme)
    log_in(page, "simon", FIELDS)
    press(page, "New custom field")
    page.wait_for_url("**/new/")
    page.wait_for_load_state("load")
    write(page, "name", "Cost centre")
    tick(page, "INTEGER")
    page.locator("#id_is_mandatory").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#id_default_value_error")
    page.wait_for_function("document.activeElement?.id == 'id_default_value'")
    assert fits(page)
    shoot(page, f"field-new-{theme}-{width}")
    page.keyboard.type("4711")
    page.keyboard.press("Enter")

    page.wait_for_selector("text=No badge has a value in this field")
    field = CustomField.objects.get()
    page.goto(f"/desk/badges/{badge.pk}/edit/")
    write(page, f"custom_{field.pk}", "12")
    press(page, "Save changes")
    page.wait_for_selector("#desk-name >> text=Explorer")
    press(page, "Cost centre")
    page.wait_for_selector(".desk-used >> text=12")
    assert fits(page)
    shoot(page, f"field-{theme}-{width}")
    press(page, "Edit")
    page.wait_for_selector("text=The type of data never changes.")
    shoot(page, f"field-edit-{theme}-{width}")
    page.go_back()

    press(page, "Disable")
    page.wait_for_selector("text=for good?")
    assert fits(page)
    shoot(page, f"field-disable-{theme}-{width}")
    press(page, "Disable")
    page.wait_for_selector("text=has no fields of its own")
    press(page, "Disabled ones")
    page.wait_for_selector(".desk-list >> text=Cost centre")
    assert fits(page)
    shoot(page, f"fields-{theme}-{width}")
    assert not CustomField.objects.get().active
    assert BadgeMeta.objects.get().custom_values.get().value == "12"


def test_groups_and_custom_fields_are_created_without_scripts(open_page, supervisor):
    page = open_page(javascript=False)
    log_in(page, "simon", f"{GROUPS}new/")
    page.locator("#id_name").fill("Gold")
    page.locator("#id_rank").fill("1")
    page.get_by_role("button", name="Create group").click()
    page.get_by_role("link", name="Disable").click()
    page.get_by_role("button", name="Disable").click()
    assert page.locator(".desk-pills").get_by_text("Disabled").is_visible()
    page.goto(f"{FIELDS}new/")
    page.locator("#id_name").fill("Terms")
    page.locator("[value=STRING]").check()
    page.get_by_role("button", name="Create field").click()
    assert page.locator("#desk-name").inner_text() == "Terms"
    assert not BadgeGroup.objects.get().active
    assert CustomField.objects.get().active


def test_a_group_created_in_another_tab_appears_in_the_next_preview(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/badges/new/")
    write(page, "name", "Explorer")
    with page.context.expect_page() as opened:
        press(page, "Create a group (opens in a new tab)")
    tab = opened.value
    tab.wait_for_load_state("load")
    write(tab, "name", "Gold")
    write(tab, "rank", "1")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=No badge is in this group")
    tab.close()
    press(page, "Check")

    page.wait_for_selector("#id_group >> option:has-text('Gold')", state="attached")
    assert page.locator("#id_name").input_value() == "Explorer"
