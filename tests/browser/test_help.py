"""The list of shortcuts, and the tour of the home page step by step."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import fits, log_in
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db(transaction=True)

DIALOG = "#desk-shortcuts"


def test_the_question_mark_opens_the_list_of_shortcuts(open_page, member_care, shoot):
    page = open_page()
    log_in(page, "maria", "/admin/badges/claim/")

    page.keyboard.press("?")
    expect(page.locator(DIALOG)).to_be_visible()
    shoot(page, "shortcuts")
    page.keyboard.press("Escape")

    expect(page.locator(DIALOG)).to_be_hidden()


def test_the_menu_opens_the_list_of_shortcuts(open_page, member_care):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    page.locator(".user-menu summary").press("Enter")

    page.get_by_role("link", name="Keyboard shortcuts").press("Enter")

    expect(page.locator(DIALOG)).to_be_visible()
    assert page.url.endswith("/desk/issue/")


def test_a_question_mark_is_typed_into_a_field(open_page, member_care):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")

    page.locator("#id_search").press_sequentially("a?")

    expect(page.locator("#id_search")).to_have_value("a?")
    expect(page.locator(DIALOG)).to_be_hidden()


def test_the_tour_goes_step_by_step_and_is_dismissed_for_good(open_page, member_care, shoot):
    page = open_page()
    log_in(page, "maria", "/desk/")
    tour = page.locator("[data-desk-tour]")
    expect(tour.locator("li:visible")).to_have_count(1)
    expect(page.locator(".desk-finder-box.desk-tour-here")).to_be_visible()
    expect(tour.get_by_role("button", name="Back")).to_be_disabled()

    tour.get_by_role("button", name="Next").press("Enter")
    expect(tour.get_by_role("status")).to_contain_text("Step 2 of 5")
    expect(page.locator("#nav-sidebar a.desk-tour-here")).to_contain_text("Issue badge")
    shoot(page, "tour")
    for _step in range(3):
        tour.get_by_role("button", name="Next").press("Enter")
    expect(tour.get_by_role("button", name="Do not show this again")).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_load_state("load")
    expect(page.locator("[data-desk-tour]")).to_have_count(0)


def test_the_help_page_and_the_tour_fit_a_phone(open_page, member_care, shoot):
    page = open_page(width=320, theme="dark")
    log_in(page, "maria", "/desk/")
    assert fits(page)
    shoot(page, "tour-phone")

    page.goto("/desk/help/")
    shoot(page, "help-phone")
    assert fits(page)


def test_the_tour_shows_all_steps_without_scripts(open_page, member_care):
    page = open_page(javascript=False)
    log_in(page, "maria", "/desk/")

    expect(page.locator("[data-desk-tour] li:visible")).to_have_count(5)


def test_the_hint_of_a_column_opens_by_mouse_and_by_keyboard(open_page, member_care, earn, shoot):
    earn(BadgeMetaFactory(claimed=True))
    page = open_page()
    log_in(page, "maria", "/desk/requests/")
    tip = page.locator(".desk-tip", has_text="Who made the request")
    head = page.get_by_role("columnheader", name="Actor")

    head.hover()
    expect(tip).to_be_visible()
    shoot(page, "tip")
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    head.focus()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")

    expect(tip).to_be_hidden()
    expect(head).to_have_accessible_description("Who made the request, and through which channel.")
