"""German in a browser: selected by keyboard or without scripts; the longer texts fit."""

import pytest
from django.utils import timezone

from badges.models import Limit, LimitKind, LimitLevel
from tests.browser.actions import fits, tab_to
from tests.conftest import refused
from tests.factories import PASSWORD, BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = {
    "home": "/desk/",
    "find": "/desk/find/",
    "customer": "/desk/customers/1001/?tab=issue",
    "timeline": "/desk/customers/1001/badges/{badge}/",
    "issue": "/desk/issue/?badge={badge}",
    "revoke": "/desk/revoke/",
    "confirm": "/desk/revoke/?earned={earned}",
    "badges": "/desk/badges/",
    "badge": "/desk/badges/{badge}/",
    "edit": "/desk/badges/{badge}/edit/",
    "integrators": "/desk/integrators/",
    "integrator": "/desk/integrators/{integrator}/",
    "admin": "/admin/badges/claim/",
}


@pytest.fixture
def places(supervisor, earn, integrator):
    """Create data for the main pages and return their addresses."""
    limits = [
        Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 2),
        Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 12_345),
    ]
    badge = BadgeMetaFactory(name="Early bird", claimed=True, limits=limits)
    BadgeMetaFactory(name="Enrol first", enrolled=True)
    BadgeMetaFactory(name="Switched off", inactive=True)
    earned = EarnedBadgeFactory(badge=badge)
    earn(badge, now=timezone.now())
    with refused(2001):
        earn(badge, now=timezone.now())
    known = {"badge": badge.pk, "earned": earned.pk, "integrator": integrator.pk}
    return {name: address.format(**known) for name, address in PAGES.items()}


def log_in(page, language="Deutsch"):
    page.goto("/admin/login/?next=/desk/")
    page.get_by_role("button", name=language).click()
    page.wait_for_selector(f"html[lang={language[:2].lower()}]")
    page.locator("#id_username").fill("simon")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".home-figures")
    page.wait_for_load_state("load")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_german_pages_fit_the_window(open_page, shoot, places, width):
    page = open_page(width=width)
    log_in(page)

    wide = {}
    for name, address in places.items():
        page.goto(address)
        page.wait_for_load_state("load")
        shoot(page, f"german-{name}-{width}")
        wide[name] = not fits(page)

    assert [name for name, is_wide in wide.items() if is_wide] == []


def test_the_language_is_chosen_by_keyboard(open_page, places):
    page = open_page()
    log_in(page, "English")
    page.goto(places["badge"])

    page.locator(".user-menu > summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Deutsch").wait_for()
    tab_to(page, "each.innerText === 'Deutsch'")
    page.keyboard.press("Enter")

    page.wait_for_selector("html[lang=de]")
    assert page.url.endswith(places["badge"])
    assert page.locator("#main time").first.inner_text() == "1. Jan. 2020"
    assert page.get_by_role("heading", name="Was es bedeutet").is_visible()


def test_escape_closes_the_menu_and_keeps_the_focus(open_page, places):
    page = open_page()
    log_in(page)
    summary = page.locator(".user-menu > summary")
    choice = page.get_by_role("button", name="English")

    summary.focus()
    page.keyboard.press("Enter")
    choice.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")

    assert choice.is_hidden()
    assert summary.evaluate("each => each === document.activeElement")


def test_the_language_is_chosen_without_scripts(open_page, places):
    page = open_page(javascript=False)
    log_in(page)

    page.locator(".user-menu > summary").click()
    page.get_by_role("button", name="English").click()

    page.wait_for_selector("html[lang=en]")
    assert page.get_by_text("Issued today").is_visible()


def test_the_chart_is_in_german(open_page, places):
    page = open_page()
    log_in(page)
    page.goto(places["home"])
    page.locator("[data-chart]").wait_for()

    chart = page.locator("[data-chart]")
    labels = chart.evaluate("canvas => Chart.getChart(canvas).data.labels")

    assert all(label.split(" ")[0].endswith(".") for label in labels)
