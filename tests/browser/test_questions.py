"""The panel asks before a doubtful issue; the answer is a tick, by keyboard and without scripts."""

import pytest
from django.utils import timezone

from badges.models import EarnedBadge
from tests.browser.actions import RECEIPT, choose, confirm, fits, log_in, wait_for_focus
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@on_desktop_and_phone
def test_an_unknown_customer_needs_a_tick(open_page, shoot, member_care, live_badge, theme, width):
    """F2: an unused number is not green, and Issue leads to the tick."""
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    choose(page, "17030", "welc")
    page.wait_for_selector("#desk-panel >> text=No record of customer 17030 yet")
    shoot(page, f"issue-unknown-{theme}-{width}")
    assert fits(page)

    page.keyboard.press("Control+Enter")
    wait_for_focus(page, "new_customers")
    assert not EarnedBadge.objects.exists()
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    assert EarnedBadge.objects.get().customer_id == 17030


def test_a_second_tab_is_asked_before_it_issues_again(open_page, shoot, member_care, live_badge):
    """F18: the form was checked before the other tab issued; the server asks."""
    EarnedBadgeFactory(customer_id=1001)
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.wait_for_selector("#desk-panel >> text=Can be issued")
    request = RequestLogFactory(user=UserFactory(username="petra"))
    EarnedBadgeFactory(badge=live_badge, request=request, earned_at=timezone.now())

    page.keyboard.press("Control+Enter")

    page.wait_for_selector("text=petra issued this badge to customer 1001 less than a minute ago")
    wait_for_focus(page, "recent")
    shoot(page, "issue-repeated")
    assert EarnedBadge.objects.filter(badge=live_badge).count() == 1
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    assert EarnedBadge.objects.filter(badge=live_badge).count() == 2


def test_a_list_shows_numbers_to_check_first(open_page, shoot, member_care, live_badge):
    """F19: new and repeated numbers are not between the others."""
    for customer_id in (1001, 1002):
        EarnedBadgeFactory(customer_id=customer_id)
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001 1002 17030 1002", "welc")
    page.wait_for_selector("#desk-panel >> text=Named 2 times, counted once")
    shoot(page, "issue-list-to-check")

    customers = page.locator("#desk-panel .desk-line-customer").all_inner_texts()
    assert [text.split()[-1] for text in customers] == ["17030", "1002", "1001"]
    confirm(page)
    page.keyboard.press("Control+Enter")
    page.wait_for_url(RECEIPT)


def test_a_question_is_answered_without_scripts(open_page, member_care, live_badge):
    page = open_page(javascript=False)
    log_in(page, "maria", "/desk/issue/")
    page.locator("#id_customer_id").fill("17030")
    page.get_by_label("Welcome").check()
    page.locator("[data-desk-submit]").click()
    page.get_by_label("The number is correct").check()

    page.locator("[data-desk-submit]").click()

    page.wait_for_url(RECEIPT)
    assert EarnedBadge.objects.get().customer_id == 17030
