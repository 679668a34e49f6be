"""The search box of the header: shortcuts, suggestions by keyboard and mouse, and phones."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import log_in
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, RequestLogFactory

pytestmark = pytest.mark.django_db(transaction=True)

BOX = "#desk-find-text"
LIST = "#desk-suggestions"


@pytest.fixture
def page(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/badges/")
    return page


def chosen(page):
    """Return the text of the option that the box names as the active one."""
    return page.evaluate(
        """() => {
            const box = document.querySelector("[data-desk-find]");
            const option = document.getElementById(box.getAttribute("aria-activedescendant"));
            return option?.ariaSelected === "true" ? option.innerText : null;
        }"""
    )


@pytest.mark.parametrize("shortcut", ["/", "Control+k"])
@pytest.mark.parametrize("address", ["/desk/issue/", "/admin/badges/claim/"])
def test_a_shortcut_opens_the_search_with_recent_customers(page, supervisor, shortcut, address):
    """F7 and F8: the same shortcuts everywhere, in the admin too."""
    RequestLogFactory(user=supervisor, integrator=None, customer_id=1703)
    page.goto(address)
    page.wait_for_load_state("load")
    if shortcut == "/":
        page.locator("h1").first.click()
        page.evaluate("document.activeElement.blur()")

    page.keyboard.press(shortcut)

    expect(page.locator(BOX)).to_be_focused()
    expect(page.locator(LIST)).to_contain_text("Customer 1703")
    expect(page.locator(BOX)).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#desk-suggested-said")).to_contain_text("suggestions")


def test_a_suggestion_is_chosen_by_keyboard(page, shoot):
    badge = BadgeMetaFactory(name="Green Shopper")
    page.keyboard.press("Control+k")
    page.keyboard.type("green")
    expect(page.locator(LIST)).to_contain_text("Green Shopper")

    page.keyboard.press("ArrowDown")
    assert "Green Shopper" in chosen(page)
    shoot(page, "search-suggestions")
    page.keyboard.press("ArrowUp")
    assert chosen(page) is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/desk/badges/{badge.pk}/")


def test_escape_closes_the_suggestions_then_empties_the_box(page):
    BadgeMetaFactory(name="Green Shopper")
    page.keyboard.press("Control+k")
    page.keyboard.type("green")
    expect(page.locator(LIST)).to_contain_text("Green Shopper")

    page.keyboard.press("Escape")
    expect(page.locator(LIST)).to_be_hidden()
    expect(page.locator(BOX)).to_have_value("green")
    expect(page.locator(BOX)).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Escape")
    expect(page.locator(BOX)).to_have_value("")
    expect(page.locator(BOX)).to_be_focused()


def test_the_action_to_issue_fills_in_the_customer(page):
    EarnedBadgeFactory(customer_id=1703)
    page.keyboard.press("Control+k")
    page.keyboard.type("#1703")
    page.get_by_role("option", name="Issue to 1703").click()

    page.wait_for_selector("#id_customer_id")
    expect(page.locator("#id_customer_id")).to_have_value("1703")
    assert "1703" not in page.url


def test_enter_without_a_choice_searches(page):
    EarnedBadgeFactory(customer_id=1703)
    page.keyboard.press("Control+k")
    page.keyboard.type("customer 1703")
    page.keyboard.press("Enter")

    page.wait_for_url("**/desk/customers/1703/")


def test_a_slash_is_typed_into_other_fields(page):
    page.goto("/desk/badges/new/")
    page.locator("#id_name").press_sequentially("A/B")

    expect(page.locator("#id_name")).to_have_value("A/B")


def test_the_search_page_of_a_phone_has_suggestions(open_page, supervisor, shoot):
    BadgeMetaFactory(name="Green Shopper")
    page = open_page(width=320)
    log_in(page, "simon", "/desk/")
    page.keyboard.press("/")
    page.wait_for_url("**/desk/find/")
    page.locator("#id_text").press_sequentially("green")

    expect(page.locator(LIST)).to_contain_text("Green Shopper")
    shoot(page, "search-phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
