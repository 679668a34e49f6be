"""The page of the API documentation, and a call from it."""

import pytest


@pytest.mark.django_db(transaction=True)
def test_a_call_without_credentials_shows_its_refusal(chromium, live_server):  # F20
    page = chromium.new_page(base_url=live_server.url)
    page.goto("/api/docs/")
    operation = page.locator("#operations-badge-listBadges")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    answer = operation.locator(".live-responses-table .response")
    assert "401" in answer.inner_text()
    assert "Valid credentials are needed." in answer.inner_text()
    page.close()
