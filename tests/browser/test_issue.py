"""A badge is issued by keyboard alone, in both themes and widths, and without scripts."""

import pytest

from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel
from tests.browser.actions import RECEIPT, choose, fits, log_in, wait_for_focus
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelf(member_care, live_badge):
    """Create badges to choose from; one has a limit that customer 1001 has reached."""
    once = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    once_only = BadgeMetaFactory(name="Once in a lifetime", limits=[once])
    EarnedBadgeFactory(badge=once_only, customer_id=1001)
    BadgeMetaFactory(name="Winter explorer", enrolled=True, upcoming=True)
    BadgeMetaFactory(name="Early bird", expired=True)
    BadgeMetaFactory(name="Retired", inactive=True)


@on_desktop_and_phone
def test_a_badge_is_issued_by_keyboard(open_page, shoot, shelf, theme, width):
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    wait_for_focus(page, "customer_id")
    shoot(page, f"issue-empty-{theme}-{width}")
    choose(page, "1001", "welc")
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    shoot(page, f"issue-eligible-{theme}-{width}")
    assert fits(page)

    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    page.wait_for_load_state("load")
    shoot(page, f"receipt-{theme}-{width}")
    assert fits(page)
    assert page.locator("#desk-receipt-title").inner_text() == "Welcome"
    assert EarnedBadge.objects.filter(customer_id=1001, badge__name="Welcome").count() == 1


@on_desktop_and_phone
def test_a_refusal_is_shown_before_and_after_submission(open_page, shoot, shelf, theme, width):
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "once")
    page.wait_for_selector("#desk-panel >> text=Code 2001")

    page.keyboard.press("Control+Enter")

    page.wait_for_selector(".desk-verdict-head:focus")
    shoot(page, f"issue-refused-{theme}-{width}")
    assert fits(page)
    assert EarnedBadge.objects.count() == 1


def test_an_invalid_field_of_an_issue_has_the_focus_and_its_error(open_page, shoot, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "12a", "welc")
    page.wait_for_selector("#desk-panel >> text=digits only")

    page.keyboard.press("Control+Enter")

    page.wait_for_selector("#id_customer_id_error")
    wait_for_focus(page, "customer_id")
    shoot(page, "issue-wrong")
    assert page.locator("#id_customer_id").get_attribute("aria-invalid") == "true"
    assert not EarnedBadge.objects.filter(badge__name="Welcome").exists()


def test_submitting_again_after_back_opens_the_same_receipt(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    sent = page.locator("[name=request_id]").input_value()
    choose(page, "1001", "welc")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(RECEIPT)
    receipt = page.url

    page.go_back()
    page.wait_for_load_state("load")
    assert page.locator("[name=request_id]").input_value() == sent
    assert page.locator("#desk-badges :checked").count() == 0
    choose(page, "1001", "welc")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(receipt)
    page.wait_for_selector("text=already issued")
    assert EarnedBadge.objects.filter(badge__name="Welcome").count() == 1


def test_a_double_click_issues_one_badge_and_shows_the_receipt(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")

    page.locator("[data-desk-submit]").dblclick()

    page.wait_for_url(RECEIPT)
    assert page.get_by_text("already issued").count() == 0
    assert EarnedBadge.objects.filter(badge__name="Welcome").count() == 1


def test_the_zone_of_the_browser_changes_no_time(open_page, shelf):  # F1
    page = open_page(time_zone="Asia/Tokyo")
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.locator("#id_event_at").fill("2026-03-01T23:30")
    page.locator("#id_event_at").dispatch_event("change")

    time = page.locator("#desk-panel time[datetime='2026-03-01T23:30:00Z']")

    time.wait_for()
    assert time.get_attribute("title") == "1 Mar 2026, 23:30 UTC"
    assert time.inner_text() == "1 Mar 2026, 23:30"


def test_enter_in_a_field_of_an_issue_previews_without_issuing(open_page, shelf):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.locator("#id_customer_id").press("Enter")

    page.wait_for_selector("#desk-panel >> text=Can be issued")
    assert page.url.endswith("/desk/issue/")
    assert not EarnedBadge.objects.filter(badge__name="Welcome").exists()


def test_issuing_works_without_scripts(open_page, shoot, shelf):
    page = open_page(javascript=False)
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_customer_id").fill("1001")
    page.locator("#id_search").fill("welc")
    page.locator(".desk-form").get_by_role("button", name="Find").click()
    page.get_by_label("Welcome").check()
    page.locator(".desk-side").get_by_role("button", name="Check").click()
    assert "Can be issued" in page.locator("#desk-panel").inner_text()
    shoot(page, "issue-without-scripts")

    page.locator("[data-desk-submit]").click()

    page.wait_for_url(RECEIPT)
    assert page.locator("#desk-receipt-title").inner_text() == "Welcome"
