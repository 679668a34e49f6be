"""The home page in a browser: the chart, and its table, which one key opens."""

from datetime import timedelta

import pytest
from django.utils import timezone

from badges.models import Channel, Limit, LimitKind, LimitLevel
from badges.services.earning.earn import earn_badge
from badges.services.request_log import Origin
from tests.browser.actions import fits
from tests.browser.conftest import on_desktop_and_phone
from tests.conftest import refused
from tests.factories import LOYALTY, PASSWORD, BadgeMetaFactory

pytestmark = pytest.mark.django_db(transaction=True)

PIXELS = """canvas => {
    const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) colours.add([data[at], data[at + 1], data[at + 2]].join());
    }
    return [...colours];
}"""
MEMBERCARE = "213,94,0"
API = {"light": "0,114,178", "dark": "43,143,208"}


@pytest.fixture
def busy(supervisor, api_origin, earn):
    """Create a week of earns through the API and the desk, and a refusal today.

    One badge is close to its limit and to its end.
    """
    now = timezone.now()
    limit = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 20)
    rare = BadgeMetaFactory(
        name="Rare", claimed=True, limits=[limit], expires_at=now + timedelta(days=2)
    )
    desk = Origin(channel=Channel.MEMBERCARE, user=supervisor)
    for days in range(6):
        moment = now - timedelta(days=days)
        for customer_id in range(1, 4):
            earn(rare, customer_id=customer_id, now=moment)
        call = {"badge_id": rare.pk, "customer_id": 9, "request_id": f"desk-{days}"}
        if days < 2:
            earn_badge(origin=desk, now=moment, **call)
    with refused(2002):
        earn_badge(
            origin=api_origin,
            owner=LOYALTY,
            request_id="full",
            badge_id=rare.pk,
            customer_id=1,
            now=now,
        )


# The middle of today's bar of the API.
BAR = """canvas => {
    const { x, y, base } = Chart.getChart(canvas).getDatasetMeta(0).data.at(-1);
    return { x, y: (y + base) / 2 };
}"""


def open_home(page):
    page.goto("/admin/login/?next=/desk/")
    page.wait_for_load_state("load")
    page.locator("#id_username").fill("simon")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".home-figures")
    page.wait_for_load_state("load")


@on_desktop_and_phone
def test_the_chart_shows_both_channels(open_page, shoot, busy, theme, width):
    page = open_page(width=width, theme=theme)
    open_home(page)

    canvas = page.locator("[data-chart]")
    canvas.wait_for()
    page.wait_for_function("document.querySelector('[data-chart]').height > 100")
    shoot(page, f"home-{theme}-{width}")

    assert {API[theme], MEMBERCARE} <= set(canvas.evaluate(PIXELS))
    assert page.locator(".chart-table").is_hidden()
    assert fits(page)
    assert page.locator(".home-number").all_inner_texts() == ["4", "20", "1", "1"]


def test_the_table_is_opened_by_keyboard(open_page, busy):
    page = open_page()
    open_home(page)
    table, chart = page.get_by_role("button", name="Table"), page.locator("[data-chart]")
    chart.wait_for()

    page.get_by_role("button", name="Chart").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert chart.is_hidden()
    assert table.get_attribute("aria-pressed") == "true"
    assert page.locator(".chart-table tbody tr").first.locator("td").all_inner_texts() == [
        "3",
        "1",
        "4",
    ]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    chart.wait_for()
    assert page.locator(".chart-table").is_hidden()


def test_a_bar_opens_the_rows_behind_it(open_page, busy):
    page = open_page()
    open_home(page)
    canvas = page.locator("[data-chart]")
    canvas.wait_for()
    page.wait_for_function("document.querySelector('[data-chart]').height > 100")

    spot = canvas.evaluate(BAR)
    canvas.hover(position=spot)
    assert canvas.evaluate("each => each.style.cursor") == "pointer"
    canvas.click(position=spot)

    page.wait_for_url("**/desk/history/?channel=API&*")
    assert page.locator(".index-table tbody tr").count() == 3


def test_the_chart_follows_the_theme(open_page, busy):
    page = open_page(theme="light")
    open_home(page)
    canvas = page.locator("[data-chart]")
    canvas.wait_for()

    page.evaluate("document.documentElement.classList.add('dark')")

    page.wait_for_function(
        f"colour => ({PIXELS})(document.querySelector('[data-chart]')).includes(colour)",
        arg=API["dark"],
    )


def test_a_figure_opens_its_list_by_keyboard(open_page, busy):
    page = open_page()
    open_home(page)

    page.get_by_role("link", name="Refused today 1").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/desk/requests/?*outcome=REFUSED*")
    assert page.get_by_text("2002").count()


def test_the_table_is_shown_without_scripts(open_page, shoot, busy):
    page = open_page(javascript=False)
    open_home(page)
    shoot(page, "home-without-scripts")

    assert page.locator(".chart-table").is_visible()
    assert page.get_by_role("button", name="Chart").is_hidden()
    assert fits(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_home_page_has_the_chart_on_a_phone(open_page, shoot, busy, theme):
    page = open_page(theme=theme, width=390)
    open_home(page)

    page.locator("[data-chart]").wait_for()

    shoot(page, f"home-phone-{theme}")
    assert fits(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_empty_database_links_to_the_first_steps(open_page, shoot, supervisor, theme):
    page = open_page(theme=theme)
    open_home(page)
    shoot(page, f"home-fresh-{theme}")

    page.get_by_role("link", name="Create the first badge").focus()
    page.keyboard.press("Enter")

    page.wait_for_selector("#id_name")
