"""Complete journeys by keyboard alone, and parts of the theme that are made for the mouse."""

import pytest

from badges.models import EarnedBadge, Integrator
from tests.browser.actions import RECEIPT, confirm, tab_to, type_credentials, wait_for_focus
from tests.factories import BadgeMetaFactory, IntegratorFactory

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = 390


def log_in(page, username, address):
    page.goto(f"/admin/login/?next={address}")
    page.wait_for_load_state("load")
    wait_for_focus(page, "username")
    type_credentials(page, username)
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    page.wait_for_load_state("load")


def go(page, words, kind="a"):
    """Follow a link or press a button with this text, using Tab and Enter."""
    tab_to(page, f"each.matches('{kind}') && each.textContent.includes('{words}')")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def has_focus(page, words):
    """Wait until the focused element has this text in its label or content."""
    page.wait_for_function(
        """words => {
            const each = document.activeElement;
            return [each.ariaLabel, each.textContent].some(text => text?.includes(words));
        }""",
        arg=words,
    )


@pytest.mark.parametrize("width", [1440, PHONE])
def test_a_badge_is_issued_by_keyboard_from_the_home_page(
    open_page, member_care, live_badge, width
):
    page = open_page(width=width)
    log_in(page, "maria", "/desk/")
    page.wait_for_selector(".home-figures")

    if width == PHONE:
        tab_to(page, "each.matches('.desk-finder-link')")
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk/find/")
    else:
        page.keyboard.press("/")
    wait_for_focus(page, "text")
    page.keyboard.type("1001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/customers/1001/")
    page.wait_for_load_state("load")
    go(page, "Issue: Welcome", "button")

    page.wait_for_selector("#desk-panel >> text=Can be issued once you confirm")
    confirm(page)
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    assert EarnedBadge.objects.get().customer_id == 1001


def test_an_integrator_is_created_rotated_and_revoked_by_keyboard(open_page, supervisor):
    page = open_page()
    log_in(page, "simon", "/desk/integrators/")
    go(page, "New integrator")
    tab_to(page, "each.id == 'id_name'")
    page.keyboard.type("Journeys")
    go(page, "Create integrator", "button")
    page.wait_for_selector("#client-secret")
    first = page.locator("#client-secret").inner_text()

    go(page, "I have copied it", "button")
    go(page, "New secret")
    go(page, "Make a new secret", "button")

    page.wait_for_selector("#client-secret")
    assert page.locator("#client-secret").inner_text() != first
    go(page, "I have copied it", "button")
    go(page, "Revoke", "#content a")
    go(page, "Revoke at once", "button")
    page.wait_for_selector("text=Journeys is revoked.")
    assert not Integrator.objects.get().active


def test_the_skip_link_passes_the_menu(open_page, member_care):
    page = open_page()
    log_in(page, "maria", "/desk/customers/1001/")
    page.locator("#nav-sidebar a").first.focus()
    page.keyboard.press("Shift+Tab")
    has_focus(page, "Skip to the content")
    assert page.locator(".skip-link").bounding_box()["width"] > 100

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('#main') !== null")


def test_the_menu_opens_on_a_phone(open_page, member_care):
    page = open_page(width=PHONE)
    log_in(page, "maria", "/desk/")
    tab_to(page, "each.ariaLabel == 'Menu'")
    page.keyboard.press("Enter")

    page.wait_for_function("document.activeElement.closest('#nav-sidebar') !== null")
    go(page, "Revoke badges")

    page.wait_for_url("**/desk/revoke/")


def test_a_user_logs_out_by_keyboard(open_page, member_care):
    page = open_page()
    log_in(page, "maria", "/desk/")
    assert page.locator("#logout-form").is_hidden()
    tab_to(page, "each.matches('summary') && each.textContent.includes('maria')")
    page.keyboard.press("Space")
    page.wait_for_selector("#logout-form")

    page.keyboard.press("Escape")

    page.locator("#logout-form").wait_for(state="hidden")
    has_focus(page, "maria")
    page.keyboard.press("Enter")
    go(page, "Log out", "button")
    page.wait_for_selector("text=Log in again")


def test_a_list_is_filtered_by_keyboard(open_page, supervisor):
    BadgeMetaFactory(name="Retired", inactive=True)
    IntegratorFactory()
    page = open_page()
    log_in(page, "simon", "/admin/badges/badgemeta/")
    tab_to(page, "each.role == 'button' && each.textContent.includes('Filters')")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('#changelist-filter') !== null")

    page.keyboard.press("Escape")

    page.locator("#changelist-filter").wait_for(state="hidden")
    has_focus(page, "Filters")
