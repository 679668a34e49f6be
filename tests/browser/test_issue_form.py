"""The form to issue by mouse, keyboard and phone: the list of badges, slow answers, and Undo."""

import pytest

from badges.models import EarnedBadge
from tests.browser.actions import RECEIPT, choose, fits, log_in, wait_for_focus
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db(transaction=True)

CLOSED = ".desk-picker[data-desk-collapsed]"
NUMBER_OF_CHOICES = """
[...document.querySelectorAll("#desk-badges li")].filter(each => each.checkVisibility()).length
"""
WIDTH_OF_SPINNER = """
(button => button && parseFloat(getComputedStyle(button, "::before").width))(
    document.querySelector("[data-desk-submit]")
)
"""


@pytest.fixture
def shelf(member_care, live_badge):
    """Create badges to choose from; customer 1001 has another one."""
    for number in range(4):
        BadgeMetaFactory(name=f"Explorer {number}")
    EarnedBadgeFactory(customer_id=1001)


def hold(page, path):
    """Hold the requests of a page to a path, and return the list of them."""
    held = []
    page.route(f"**{path}", lambda route: held.append(route))
    return held


def test_the_list_closes_around_the_badge_that_is_clicked(open_page, shoot, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_customer_id").fill("1001")
    shoot(page, "issue-open")
    page.get_by_label("Welcome").click()
    page.wait_for_selector(CLOSED)
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    shoot(page, "issue-closed")
    assert page.evaluate(NUMBER_OF_CHOICES) == 1

    page.get_by_role("button", name="Change badge").click()

    wait_for_focus(page, "search")
    assert page.evaluate(NUMBER_OF_CHOICES) == 6


def test_the_list_stays_open_while_the_arrow_keys_choose(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_search").press("ArrowDown")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        assert page.locator(CLOSED).count() == 0
    page.keyboard.press("Tab")

    page.wait_for_selector(CLOSED)


def test_enter_in_the_customer_field_checks_and_begins_no_line(open_page, shelf):
    """F37: Shift and Enter begin a new line of a list."""
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    field = page.locator("#id_customer_id")
    field.press("End")
    field.press("Enter")
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    assert field.input_value() == "1001"

    field.press("Shift+Enter")
    page.keyboard.type("1002")

    assert field.input_value() == "1001\n1002"


def test_a_slow_check_shows_the_new_number_instead_of_the_old_verdict(open_page, shoot, shelf):
    """F40: for seconds, the verdict on 1001 stayed beside another number."""
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.wait_for_selector("#desk-panel >> text=Customer 1001 would receive")
    held = hold(page, "/desk/issue/preview/")

    page.locator("#id_customer_id").fill("1002")

    page.wait_for_selector("#desk-panel[aria-busy=true] >> text=Checking 1002 …")
    shoot(page, "issue-checking")
    assert page.get_by_text("Customer 1001 would receive").count() == 0
    for route in held:
        route.continue_()
    page.wait_for_selector("#desk-panel[aria-busy=false] >> text=No record of customer 1002")


def test_a_slow_issue_shows_that_it_is_on_its_way(open_page, shelf):
    """F41: nothing was seen until the receipt came."""
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    held = hold(page, "/desk/issue/?send")

    page.keyboard.press("Control+Enter")

    page.wait_for_function(f"{WIDTH_OF_SPINNER} > 10")
    for route in held:
        route.continue_()
    page.wait_for_url(RECEIPT)


@on_desktop_and_phone
def test_a_new_issue_is_undone_by_keyboard(open_page, shoot, shelf, theme, width):
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(RECEIPT)
    page.wait_for_selector("[data-desk-toast] [role=status]:has-text('Badge issued.')")
    page.wait_for_function("document.activeElement?.innerText.includes('next customer')")
    shoot(page, f"undo-{theme}-{width}")
    assert fits(page)

    for _ in range(2):  # over "Close"
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")

    page.wait_for_selector("text=1 badge revoked")
    assert not EarnedBadge.objects.not_revoked().filter(badge__name="Welcome").exists()


def test_undo_goes_away_and_stays_while_it_has_the_focus(open_page, shelf):
    page = open_page()
    page.clock.install()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(RECEIPT)
    toast = page.locator("[data-desk-toast]")
    toast.get_by_role("button", name="Undo").focus()
    page.clock.run_for(20_000)
    assert toast.is_visible()

    page.locator(".desk-buttons a").first.focus()
    page.clock.run_for(11_000)

    assert toast.count() == 0


def test_the_verdict_and_the_button_stay_in_view_on_a_phone(open_page, shoot, shelf):
    """F43: they were 1,850 pixels below the customer field."""
    page = open_page(width=390, height=844)
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_customer_id").fill("1001")
    page.get_by_label("Welcome").click()
    verdict = page.locator("#desk-bar-verdict")
    verdict.get_by_text("Can be issued").wait_for()
    shoot(page, "issue-phone")
    page.evaluate("scrollTo(0, 0)")

    for selector in ("#desk-bar-verdict", "[data-desk-submit]"):
        box = page.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 844
    tops = [
        page.locator(selector).bounding_box()["y"]
        for selector in ("#id_customer_id", "#id_event_at", "#id_reason", "#desk-badges")
    ]
    assert tops == sorted(tops)
    verdict.click()
    page.wait_for_function(
        "document.querySelector('#desk-check').getBoundingClientRect().top < innerHeight"
    )
