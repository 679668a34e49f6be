"""A time is displayed as it was typed, in every zone of a browser, across clock changes (F1)."""

from datetime import UTC, datetime

import pytest

from badges.models import EarnedBadge, Preferences
from tests.browser.actions import RECEIPT, choose, log_in
from tests.factories import EarnedBadgeFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

NEW_YORK, KOLKATA, APIA = "America/New_York", "Asia/Kolkata", "Pacific/Apia"


@pytest.mark.parametrize("browser_zone", [NEW_YORK, KOLKATA, APIA])
def test_a_typed_event_date_is_displayed_as_typed(
    open_page, settings, member_care, live_badge, browser_zone
):
    # The clocks of New York were set forward on 8 March 2026 at 07:00 UTC.
    settings.TIME_ZONE = NEW_YORK
    typed = {
        "2026-03-07T23:30": ("7 Mar 2026, 23:30", datetime(2026, 3, 8, 4, 30, tzinfo=UTC)),
        "2026-03-08T23:30": ("8 Mar 2026, 23:30", datetime(2026, 3, 9, 3, 30, tzinfo=UTC)),
    }
    for number in (1, 2):  # known customers, whose number needs no confirmation
        EarnedBadgeFactory(badge__name=f"Earlier {number}", customer_id=f"100{number}")
    page = open_page(time_zone=browser_zone)
    log_in(page, "maria", "/desk/issue/")
    for number, (text, (words, at)) in enumerate(typed.items(), 1):
        page.goto("/desk/issue/")
        choose(page, f"100{number}", "welc")
        page.get_by_label("Event date (New York time)").fill(text)
        page.get_by_label("Event date (New York time)").dispatch_event("change")
        shown = page.locator(f"#desk-panel time[datetime='{at:%Y-%m-%dT%H:%M:%SZ}']")
        shown.wait_for()
        assert shown.inner_text() == words
        page.locator("[data-desk-submit]").click()

        page.wait_for_url(RECEIPT)

        assert page.get_by_text(words, exact=True).first.is_visible()
        assert EarnedBadge.objects.get(customer_id=f"100{number}", badge=live_badge).event_at == at
        receipt = page.url

    colleague = open_page(time_zone=APIA)
    Preferences.objects.create(user=UserFactory(username="kim", role="Auditor"), time_zone=KOLKATA)
    log_in(colleague, "kim", receipt)
    time = colleague.locator("time[datetime='2026-03-09T03:30:00Z']").first
    assert time.inner_text() == "9 Mar 2026, 09:00"
    assert time.get_attribute("title") == "9 Mar 2026, 03:30 UTC"


@pytest.mark.parametrize("browser_zone", [NEW_YORK, KOLKATA, APIA])
def test_the_buttons_fill_in_the_time_of_the_page(
    open_page, settings, member_care, live_badge, browser_zone
):
    settings.TIME_ZONE = KOLKATA
    page = open_page(time_zone=browser_zone)
    page.clock.install(time=datetime(2026, 3, 9, 20, 0, tzinfo=UTC))
    log_in(page, "maria", "/desk/issue/")

    page.get_by_role("button", name="Yesterday").click()

    # 20:00 UTC is 01:30 of the next day in Kolkata.
    assert page.locator("#id_event_at").input_value() == "2026-03-09T01:30"
