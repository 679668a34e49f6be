"""The form to issue: the list of badges around a chosen one, and the verdict beside the button."""

import pytest

from tests.desk.conftest import BADGES, ISSUE, PREVIEW
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
CLOSED = " data-desk-collapsed>"


def test_the_list_is_open_until_a_badge_is_chosen(desk, live_badge):
    assert CLOSED not in desk.get(ISSUE).text
    assert CLOSED in desk.get(f"{ISSUE}?badge={live_badge.pk}").text


@pytest.mark.parametrize("badge_id", ["", "nonsense", "f" * 24])
def test_the_list_stays_open_without_a_valid_choice(desk, filled, badge_id):
    assert CLOSED not in desk.post(PREVIEW, filled(badge_id=badge_id)).text


def test_the_list_is_opened_again_without_scripts(desk, filled):
    BadgeMetaFactory(name="Another")
    fields = filled()

    assert CLOSED in desk.post(PREVIEW, fields).text
    page = desk.post(BADGES, fields).text

    assert CLOSED not in page
    assert "Another" in page


@pytest.mark.parametrize(("customer_id", "state"), [("1001", "open"), ("x", "invalid")])
def test_a_check_updates_the_verdict_beside_the_button(desk, filled, customer_id, state):
    """F43: on a phone the panel is below the fold."""
    panel = desk.post(PREVIEW, filled(customer_id=customer_id), headers=HTMX).text

    assert f'class="desk-bar-verdict desk-bar-verdict--{state}" id="desk-bar-verdict"' in panel
    assert 'hx-swap-oob="true"' in panel
    assert panel.count("hx-swap-oob") == 1


def test_the_page_has_the_verdict_beside_the_button_once(desk, filled):
    page = desk.post(PREVIEW, filled()).text

    assert page.count('id="desk-bar-verdict"') == 1
    assert "hx-swap-oob" not in page
