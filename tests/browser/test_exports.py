"""The filtered rows are exported by keyboard, with and without scripts; the page has the digest."""

import hashlib
from pathlib import Path

import pytest

from badges.models import Export
from tests.browser.actions import fits, log_in, tab_to
from tests.browser.conftest import on_desktop_and_phone
from tests.factories import PASSWORD, RequestLogFactory

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = "/desk/requests/?outcome=REFUSED"


@pytest.fixture
def refusals(auditor):
    RequestLogFactory.create_batch(3, refused=True)
    RequestLogFactory()


@on_desktop_and_phone
def test_the_filtered_rows_are_exported(open_page, shoot, refusals, width, theme):
    page = open_page(width=width, theme=theme)
    log_in(page, "anna", REFUSED)

    tab_to(page, "each.matches('button') && each.value == 'CSV'")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    page.wait_for_selector("text=Finished")
    shoot(page, f"export-{theme}-{width}")

    file = Path(download.value.path()).read_bytes()
    assert file.count(b"Refused") == 3
    assert page.locator(".desk-facts").inner_text().count(hashlib.sha256(file).hexdigest()) == 1
    assert fits(page)
    page.reload()
    page.wait_for_selector("text=Finished")
    assert Export.objects.count() == 1


def test_an_export_works_without_scripts(open_page, refusals):
    page = open_page(javascript=False)
    page.goto(f"/admin/login/?next={REFUSED}")
    page.locator("#id_username").fill("anna")
    page.locator("#id_password").fill(PASSWORD)
    page.keyboard.press("Enter")

    page.locator("button[value=JSONL]").press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").press("Enter")

    lines = Path(download.value.path()).read_text().splitlines()
    assert sum('"REFUSED"' in line for line in lines) == 3
