"""The ledgers in a browser, in any size and theme: filters, saved filters, live updates."""

import json
import re

import pytest
from django.utils import timezone

from badges.models import Channel, SavedFilter
from badges.services.record import summaries
from tests.browser.actions import fits
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import (
    PASSWORD,
    BadgeMetaFactory,
    BadgeRevisionFactory,
    EarnedBadgeFactory,
    RequestLogFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)

LOG = "/desk/requests/"
EVERY = 5_000  # milliseconds between two polls for new requests, as in ledgers.js


@pytest.fixture
def busy(integrator, auditor):
    """Create two badges, refused requests, some effects of requests, and a user of the desk."""
    now = timezone.now()
    badge = BadgeMetaFactory(name="Summer walker")
    BadgeMetaFactory(name="Winter explorer")
    BadgeRevisionFactory(badge=badge)
    maria = UserFactory(username="maria", role="MemberCare")
    api = {"integrator": integrator, "channel": Channel.API, "badge": badge, "received_at": now}
    for customer_id in range(1001, 1061):
        content = json.dumps({"badgeMetaId": badge.pk, "customerId": customer_id})
        refused = {} if customer_id % 4 else {"refused": True}
        row = RequestLogFactory(customer_id=customer_id, content=content, **refused, **api)
        if not refused:
            fact = {"badge": badge, "customer_id": customer_id, "event_at": now}
            EarnedBadgeFactory(request=row, **fact)
    desk = {"user": maria, "channel": Channel.MEMBERCARE, "reason": "Called in"}
    EarnedBadgeFactory(badge=badge, customer_id=7, request=RequestLogFactory(**desk))
    summaries.catch_up()
    return maria


def open_page_of(page, path):
    page.goto(f"/admin/login/?next={path}")
    page.wait_for_load_state("load")
    page.locator("#id_username").fill("anna")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#ledger-rows")
    page.wait_for_load_state("load")


def shown(page):
    return page.locator("#ledger-rows tbody tr").count()


def pretend_hidden(page, hidden):
    """Simulate the visibility change of a tab that is hidden or shown."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_filters_are_set_and_kept_by_keyboard(open_page, busy):
    page = open_page()
    open_page_of(page, LOG)
    assert shown(page) == 50

    page.locator(".ledger-filters summary").focus()
    page.keyboard.press("Enter")
    page.locator("#id_outcome").focus()
    page.keyboard.type("Refused")
    page.locator("#id_badge").focus()
    page.keyboard.type("summ")
    page.wait_for_selector("#ledger-badges option[value='Summer walker']", state="attached")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("outcome=REFUSED"))
    page.wait_for_load_state("load")
    assert shown(page) == 15
    assert page.get_by_role("link", name="Remove filter: Badge: Summer walker").is_visible()

    page.get_by_label("Save view as").focus()
    page.keyboard.type("Refused walkers")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Saved as")
    kept = SavedFilter.objects.get()
    assert (kept.user.username, kept.name) == ("anna", "Refused walkers")

    page.goto(LOG)
    page.wait_for_load_state("load")
    page.get_by_role("link", name="Refused walkers").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("outcome=REFUSED"))
    assert shown(page) == 15

    page.get_by_role("button", name="Delete the view “Refused walkers”").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("text=was deleted")
    assert not SavedFilter.objects.exists()


def test_new_requests_appear_while_the_page_is_visible(open_page, shoot, busy):
    page = open_page()
    page.clock.install()
    open_page_of(page, LOG)
    tails = []
    page.on("request", lambda request: tails.append(request) if "/tail/" in request.url else None)

    new = RequestLogFactory(request_id="seen-live")
    pretend_hidden(page, True)
    page.clock.run_for(2 * EVERY)  # fires every timer of this period without waiting
    assert tails == []

    pretend_hidden(page, False)
    page.wait_for_selector("text=seen-live")
    assert page.locator("#ledger-news").inner_text() == "1 new request"
    assert page.locator(".ledger-new").count() == 1
    shoot(page, "requests-live")

    live = page.get_by_role("button", name="Live", exact=True)
    live.focus()
    page.keyboard.press("Space")
    assert live.get_attribute("aria-pressed") == "false"
    asked = len(tails)
    pretend_hidden(page, False)
    assert len(tails) == asked

    page.locator(f"#request-{new.pk}").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{LOG}{new.pk}/")


def test_new_requests_do_not_move_the_focus(open_page, busy):
    page = open_page()
    open_page_of(page, LOG)
    first = page.locator("#ledger-rows tbody a").first
    ident = first.get_attribute("id")
    first.focus()

    RequestLogFactory(request_id="seen-live")
    pretend_hidden(page, False)
    page.wait_for_selector("text=seen-live")

    page.wait_for_function("id => document.activeElement?.id == id", arg=ident)


@on_desktop_and_phone
def test_every_page_of_a_ledger_fits_the_window(open_page, shoot, busy, theme, width):
    page = open_page(width=width, theme=theme)
    open_page_of(page, LOG)
    request = page.locator("#ledger-rows tbody a").nth(3).get_attribute("href")
    pages = {
        "requests": f"{LOG}?outcome=REFUSED&channel=API",
        "request": request,
        "history": "/desk/history/",
        "definitions": "/desk/history/definitions/",
        "nothing": f"{LOG}?request_id=none",
        "nonsense": f"{LOG}?customer_id=x",
    }
    shoot(page, f"requests-plain-{theme}-{width}")
    assert fits(page)
    for name, path in pages.items():
        page.goto(path)
        page.wait_for_load_state("load")
        shoot(page, f"{name}-{theme}-{width}")
        assert fits(page)


def test_the_ledgers_work_without_scripts(open_page, shoot, busy):
    page = open_page(javascript=False)
    open_page_of(page, LOG)
    assert page.get_by_role("button", name="Live", exact=True).is_hidden()

    page.get_by_role("link", name="Older").click()
    page.wait_for_url(re.compile("older="))
    shoot(page, "requests-without-scripts")
    assert shown(page) == 13  # the sign-in is one of them
    page.get_by_role("link", name="Newest").click()
    page.locator(".ledger-filters summary").click()
    page.locator("#id_badge").fill("walker")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(re.compile("badge=walker"))
    assert page.locator("#id_badge").input_value() == "Summer walker"
    assert shown(page) == 50


def test_rows_are_selected_by_keyboard_and_counted(open_page, shoot, busy):
    """F27"""
    page = open_page()
    open_page_of(page, "/desk/history/issued/")
    boxes = page.locator("#ledger-rows [name=selected]")
    bar = page.locator(".index-actions")
    assert bar.is_hidden()

    boxes.nth(0).focus()
    page.keyboard.press("Space")
    boxes.nth(2).check()
    assert bar.is_visible()
    assert "Selected: 2" in bar.inner_text()
    assert bar.get_by_role("button", name="Export 2").is_visible()
    shoot(page, "history-selected")

    page.get_by_label("Select all rows").check()
    assert f"Selected: {boxes.count()}" in bar.inner_text()
    page.get_by_label("Select all rows").uncheck()
    assert bar.is_hidden()


def test_columns_and_density_are_chosen_by_keyboard(open_page, shoot, busy):
    """F27"""
    page = open_page()
    open_page_of(page, LOG)
    standard = page.locator("#ledger-rows tbody tr").first.bounding_box()["height"]
    page.locator(".index-options summary").focus()
    page.keyboard.press("Enter")
    shoot(page, "requests-options")
    page.locator(".index-options").get_by_label("Compact").check()
    page.locator(".index-options").get_by_label("Request id").uncheck()
    page.locator(".index-options").get_by_role("button", name="Apply").click()
    page.wait_for_selector(".index--compact")
    page.wait_for_load_state("load")

    assert standard == pytest.approx(40, abs=1.5)
    height = page.locator("#ledger-rows tbody tr").first.bounding_box()["height"]
    assert height == pytest.approx(32, abs=1.5)
    assert "Request id" not in page.locator("#ledger-rows thead").inner_text()
    assert shown(page) == 50


def test_the_header_of_a_list_stays_in_view(open_page, shoot, busy):
    """F27"""
    page = open_page()
    open_page_of(page, LOG)
    page.locator("#ledger-rows tbody tr").nth(45).scroll_into_view_if_needed()
    page.wait_for_function(
        "() => scrollY > 300 || document.querySelector('#main')?.scrollTop > 300"
    )
    shoot(page, "requests-scrolled")
    head = page.locator("#ledger-rows thead th").nth(1).bounding_box()
    assert 0 <= head["y"] < 200


def test_a_list_is_printed_without_menu_and_filters(open_page, shoot, busy):
    """F27"""
    page = open_page()
    open_page_of(page, LOG)
    page.emulate_media(media="print")
    shoot(page, "requests-printed")

    for selector in ("#nav-sidebar", ".ledger-filters", ".ledger-export", ".index-options"):
        assert page.locator(selector).first.is_hidden()
    assert page.get_by_role("columnheader", name="Outcome").is_visible()
    assert page.locator("#ledger-rows tbody tr").first.is_visible()
