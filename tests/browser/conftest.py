"""A real browser and the live server. Any complaint of the browser's console fails the test."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import need
from tests.waiting import TIMEOUT

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

# Playwright's synchronous interface runs an event loop in this thread. Without this variable,
# Django refuses to use the database in such a thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# A user journey runs on a desktop and on a phone. `test_every_page` checks single pages in every
# size and in both themes.
on_desktop_and_phone = pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, which run separately (`pytest -m browser`)."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    need(find_spec("playwright") is not None, "playwright is not installed")
    need(CHROMIUM.exists(), f"no Chromium at {CHROMIUM} (CHROMIUM names another path)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, live_server):
    """Return a function that opens a page in a size and theme. Raise its complaints at the end."""
    complaints, contexts = [], []

    def open_one(width=1440, height=1000, theme="light", javascript=True, time_zone="Asia/Tokyo"):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            timezone_id=time_zone,
        )
        context.set_default_timeout(TIMEOUT * 1_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note(complaints, message))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def shoot(tmp_path):
    """Return a function that saves a picture of the page, under BADGEADMIN_SCREENSHOTS if set."""
    directory = Path(os.environ.get("BADGEADMIN_SCREENSHOTS", tmp_path))

    def keep(page, name):
        directory.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=directory / f"{name}.png", full_page=True)

    return keep


def _note(complaints, message):
    if is_complaint(message.type, message.text):
        complaints.append(message.text)


def is_complaint(kind, text):
    """Return whether a message of the console reports a problem.

    htmx logs two errors when the page itself aborts a request, because the user leaves it or sends
    another request. Other failures are logged with other texts as well (`htmx:sendError`).
    """
    return kind in ("error", "warning") and text not in ("htmx:sendAbort", "htmx:afterRequest")
