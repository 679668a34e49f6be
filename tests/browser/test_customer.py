"""A customer on the phone, with the keyboard alone: find, view, enrol, issue, find the issue."""

import re

import pytest

from badges.models import EarnedBadge, Enrolment
from tests.browser.actions import RECEIPT, fits, log_in, wait_for_focus
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db(transaction=True)

CUSTOMER = re.compile(r"/desk/customers/1001/")


@pytest.fixture
def shelf(member_care, live_badge, enrolled_badge):
    """Create a badge that customer 1001 has, and one that is inactive."""
    EarnedBadgeFactory(badge=live_badge, customer_id=1001)
    BadgeMetaFactory(name="Retired", inactive=True)


def find(page, text):
    """Search for a text with the keyboard shortcut, from any page."""
    page.evaluate("document.activeElement?.blur()")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement?.name == 'text'")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def press(page, selector):
    """Focus a button or link and press Enter."""
    page.locator(selector).first.focus()
    page.keyboard.press("Enter")


@on_desktop_and_phone
def test_a_customer_is_found_and_enrolled_by_keyboard(
    open_page, shoot, shelf, enrolled_badge, theme, width
):
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")
    if width < 768:
        press(page, ".desk-finder-link")
        page.wait_for_url("**/desk/find/")
        page.wait_for_load_state("load")
        page.wait_for_function("document.activeElement?.name == 'text'")
    find(page, "1001")
    page.wait_for_url(CUSTOMER)
    page.wait_for_load_state("load")
    assert page.locator("[aria-current=page]", has_text="Issued").count() == 1
    assert fits(page)
    shoot(page, f"customer-issued-{theme}-{width}")

    press(page, "a[href$='tab=issue']")
    page.wait_for_selector("text=Cannot be issued now, and why")
    assert page.get_by_text("Code 815").is_visible()
    assert fits(page)
    shoot(page, f"customer-issue-{theme}-{width}")

    press(page, "a[href$='tab=enrol']")
    page.wait_for_selector("article >> text=Can be enrolled")
    press(page, "a[href$='/enrol/']")
    page.wait_for_selector("#desk-panel >> text=Can be enrolled")
    page.wait_for_function("document.activeElement?.name == 'event_at'")
    assert fits(page)
    shoot(page, f"enrol-{theme}-{width}")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    page.wait_for_selector("text=customer 1001 enrolled")
    page.wait_for_function("document.activeElement?.innerText.includes('Issue it')")
    assert fits(page)
    shoot(page, f"enrolment-receipt-{theme}-{width}")
    assert Enrolment.objects.get().badge == enrolled_badge

    press(page, "a:has-text('Timeline')")
    page.wait_for_selector(".desk-entry >> text=Enrolled")
    assert fits(page)
    shoot(page, f"timeline-{theme}-{width}")
    press(page, ".desk-entry-acts a")
    page.wait_for_url(RECEIPT)


def test_the_issue_link_of_a_card_opens_the_prefilled_form(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")
    find(page, "1001")
    page.wait_for_url(CUSTOMER)
    press(page, "article >> text=Issue again")

    page.wait_for_selector("#desk-panel >> text=Can be issued")
    assert "1001" not in page.url
    page.locator("[data-desk-submit]").focus()
    page.keyboard.press("Enter")

    page.wait_for_url(RECEIPT)
    assert EarnedBadge.objects.filter(badge__name="Welcome").count() == 2


def test_the_date_of_an_enrolment_is_validated_before_submission(open_page, shelf, enrolled_badge):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")
    page.goto(f"/desk/customers/1001/badges/{enrolled_badge.pk}/enrol/")
    page.locator("#id_event_at").fill("2019-01-01T00:00")
    page.locator("#id_event_at").dispatch_event("change")

    page.wait_for_selector("#desk-panel >> text=Code 816")
    assert not Enrolment.objects.exists()


def test_an_issued_badge_is_found_in_the_timeline(open_page, shelf):
    earned = EarnedBadge.objects.get()
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")

    find(page, earned.pk)

    page.wait_for_selector(f"#at-{earned.pk}:focus")


def test_a_slash_in_a_field_does_not_focus_the_search_box(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")
    page.locator("#id_reason").focus()
    page.keyboard.type("a/b")

    assert page.locator("#id_reason").input_value() == "a/b"


def test_finding_and_enrolling_work_without_scripts(open_page, shelf, enrolled_badge):
    page = open_page(javascript=False)
    log_in(page, "maria", "/desk/issue/")
    page.wait_for_selector("#id_customer_id")
    page.locator("#desk-find-text").fill("1001")
    page.locator("#desk-find-text").press("Enter")
    page.wait_for_url(CUSTOMER)
    page.get_by_role("link", name="Available to enrol").click()
    page.get_by_role("link", name=re.compile("Enrol.*Summer")).click()
    page.locator(".desk-side").get_by_role("button", name="Check").click()
    assert "Can be enrolled" in page.locator("#desk-panel").inner_text()

    page.locator("[data-desk-submit]").click()

    page.wait_for_selector("text=customer 1001 enrolled")
    assert Enrolment.objects.count() == 1
