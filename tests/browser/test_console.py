"""A request that ends because the user leaves the page is no fault of the page; others are."""

import pytest

from tests.browser.actions import log_in
from tests.browser.conftest import is_complaint

LOOK_UP = "**/desk/requests/badges/*"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("error", "htmx:sendAbort", False),
        ("error", "htmx:afterRequest", False),
        ("error", "htmx:sendError", True),
        ("error", "htmx:responseError", True),
        ("error", "Uncaught TypeError: htmx:sendAbort is not a function", True),
        ("warning", "anything", True),
        ("log", "anything", False),
    ],
)
def test_only_errors_of_the_console_are_complaints(kind, text, expected):
    assert is_complaint(kind, text) is expected


@pytest.mark.django_db(transaction=True)
def test_leaving_a_page_during_a_request_is_no_complaint(open_page, auditor):
    page = open_page()
    log_in(page, "anna", "/desk/requests/")
    page.route(LOOK_UP, lambda route: None)  # no response
    page.locator(".ledger-filters summary").click()
    with page.expect_request(LOOK_UP):
        page.locator("#id_badge").type("sum")

    page.goto("/desk/exports/")

    page.wait_for_load_state("load")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/desk/", "/admin/login/"])
def test_htmx_evaluates_nothing_and_adds_no_style(open_page, auditor, path):
    page = open_page()
    if path == "/desk/":
        log_in(page, "anna", path)
    else:
        page.goto(path)
    page.wait_for_load_state("load")

    assert (
        page.evaluate("[htmx.config.allowEval, htmx.config.includeIndicatorStyles]") == [False] * 2
    )
    assert page.locator("style").evaluate_all("found => found.map(each => each.id)") == [
        "unfold-theme-colors"
    ]
