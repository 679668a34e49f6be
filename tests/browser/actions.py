"""Actions of a user on a page by keyboard, and waits for their effects."""

import re
from urllib.parse import urlsplit

import pytest

from tests.factories import PASSWORD

RECEIPT = re.compile(r"/desk/receipts/\d+/$")


def choose(page, customer, text):
    """Fill in the form by keyboard, starting at the field that the page focuses."""
    wait_for_focus(page, "customer_id")
    page.keyboard.type(customer)
    page.keyboard.press("Tab")
    page.keyboard.type(text)
    page.wait_for_function("document.querySelectorAll('#desk-badges input').length == 1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")


def confirm(page, name="new_customers"):
    """Answer a question of the panel by keyboard."""
    page.locator(f"#desk-panel [name={name}]").press("Space")


def wait_for_focus(page, name):
    """Wait until the field with this name has the focus."""
    page.wait_for_function("name => document.activeElement?.name == name", arg=name)


def fits(page):
    """Return whether the page is not wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def tab_to(page, condition):
    """Press Tab until the focused element fulfils a condition in JavaScript."""
    for _ in range(60):
        if page.evaluate(f"(each => {condition})(document.activeElement ?? document.body)"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab leads to nothing with {condition}")


def log_in(page, username, address):
    """Open a page, and log in on the way to it by keyboard."""
    page.goto(address)
    page.wait_for_load_state("load")
    page.locator("#id_username").focus()
    type_credentials(page, username)
    path = urlsplit(address).path
    page.wait_for_url(lambda url: urlsplit(url).path == path)  # the login's query has it as well
    page.wait_for_load_state("load")


def type_credentials(page, username):
    """Type user name and password, starting at the field of the name."""
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def press(page, name):
    """Focus a link or a button and press Enter."""
    link, button = (page.get_by_role(role, name=name, exact=True) for role in ("link", "button"))
    link.or_(button).last.focus()
    page.keyboard.press("Enter")


def write(page, name, text):
    page.locator(f"#id_{name}").focus()
    page.keyboard.type(text)


def tick(page, value):
    page.locator(f"[value={value}]").first.focus()
    page.keyboard.press("Space")
