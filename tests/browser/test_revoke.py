"""By keyboard, in both themes: issue to a list, revoke all, and issue one again."""

import pytest

from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel
from tests.browser.actions import RECEIPT, choose, confirm, fits, log_in, tab_to, wait_for_focus
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def once_only(member_care, live_badge):
    """Create a badge with a limit of one per customer, which customer 1002 has reached."""
    once = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    badge = BadgeMetaFactory(name="Once in a lifetime", limits=[once])
    EarnedBadgeFactory(badge=badge, customer_id=1002)
    return badge


def wait_for_text(page, words):
    page.get_by_text(words).first.wait_for()
    assert fits(page)


@on_desktop_and_phone
def test_a_list_is_issued_revoked_and_partly_reissued(open_page, shoot, once_only, theme, width):
    page = open_page(width=width, theme=theme)
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001 1002; 1003", "once")
    wait_for_text(page, "2 can be issued, 1 cannot")
    shoot(page, f"issue-list-{theme}-{width}")
    confirm(page)
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    wait_for_text(page, "2 issued, 1 refused")
    shoot(page, f"receipt-list-{theme}-{width}")
    tab_to(page, "each.matches('a') && each.textContent.includes('Revoke everything')")
    page.keyboard.press("Enter")

    page.wait_for_url("**/revoke/")
    wait_for_text(page, "2 will be revoked")
    shoot(page, f"revoke-{theme}-{width}")
    page.wait_for_selector(".desk-total:focus")
    tab_to(page, "each.name == 'because'")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    wait_for_text(page, "2 badges revoked")
    shoot(page, f"receipt-revoked-{theme}-{width}")
    assert [*EarnedBadge.objects.not_revoked().values_list("customer_id", flat=True)] == [1002]
    tab_to(page, "each.matches('a') && each.textContent.includes('Issue again')")
    page.keyboard.press("Enter")

    page.wait_for_url("**/issue/?reissue_of=*")
    wait_for_text(page, "This is issued again for")
    wait_for_focus(page, "event_at")
    shoot(page, f"issue-again-{theme}-{width}")
    page.keyboard.press("Control+Enter")

    page.wait_for_url(RECEIPT)
    wait_for_text(page, "Issued again for")
    again = EarnedBadge.objects.get(reissue_of__isnull=False)
    assert (again.customer_id, again.reissue_of.customer_id) == (1001, 1001)


def test_an_invalid_reason_has_the_focus_and_its_error(open_page, member_care):
    fact = EarnedBadgeFactory()
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    page.goto(f"/desk/revoke/?earned={fact.pk}")
    page.get_by_label("Other").check()
    page.keyboard.press("Control+Enter")

    page.wait_for_selector("#id_reason_error")
    wait_for_focus(page, "reason")
    assert EarnedBadge.objects.not_revoked().exists()


def test_presets_fill_in_the_date(open_page, member_care, once_only):
    page = open_page()
    log_in(page, "maria", "/desk/issue/")
    choose(page, "1001", "welc")
    page.get_by_role("button", name="A week ago").press("Enter")
    assert page.locator("#id_event_at").input_value() != ""

    page.get_by_role("button", name="Now").press("Enter")

    assert page.locator("#id_event_at").input_value() == ""
    assert not EarnedBadge.objects.filter(customer_id=1001).exists()


def test_revoking_works_without_scripts(open_page, member_care):
    fact = EarnedBadgeFactory()
    page = open_page(javascript=False)
    log_in(page, "maria", "/desk/issue/")
    page.goto("/desk/revoke/")
    page.locator("#id_pasted").fill(fact.pk)
    page.locator("[data-desk-submit]").click()
    page.get_by_label("Fraud").check()

    page.get_by_role("button", name="Revoke 1 badge").click()

    page.wait_for_url(RECEIPT)
    assert "1 badge revoked" in page.locator("#desk-receipt-title").inner_text()
