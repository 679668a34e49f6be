"""Periods of filters: typed in the zone of the viewer, and the same for every viewer (F1, F25)."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from badges.models import Preferences, SavedFilter
from badges.services.access.preferences import choose_time_zone
from badges.services.request_log import Origin
from tests.factories import RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

LOG = "/desk/requests/"
NEW_YORK, KOLKATA, APIA = "America/New_York", "Asia/Kolkata", "Pacific/Apia"
# A day of 25 hours in New York, which begins in summer time.
SUNDAY = {"since": "2026-11-01", "until": "2026-11-01"}
BEFORE, FIRST, LAST, AFTER = (
    datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 1, 4, 0, tzinfo=UTC),
    datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC),
    datetime(2026, 11, 2, 5, 0, tzinfo=UTC),
)


@pytest.fixture
def browser(client, auditor):
    client.force_login(auditor)
    Preferences.objects.create(user=auditor, time_zone=NEW_YORK)
    return client


@pytest.fixture
def rows():
    return [RequestLogFactory(received_at=at) for at in (BEFORE, FIRST, LAST, AFTER)]


def listed(browser, query):
    return {row.pk for row in browser.get(LOG, query).context["rows"]}


def test_a_day_of_a_filter_is_a_day_of_its_zone(browser, rows):
    assert listed(browser, SUNDAY | {"zone": NEW_YORK}) == {rows[1].pk, rows[2].pk}


def test_the_fields_of_a_period_name_the_zone_and_send_it(browser, rows):
    page = browser.get(LOG, SUNDAY | {"zone": NEW_YORK}).text

    assert "From (New York time)" in page
    assert f'<input type="hidden" name="zone" value="{NEW_YORK}"' in page
    assert 'name="since" value="2026-11-01T00:00"' in page
    assert 'name="until" value="2026-11-01T23:59"' in page
    assert "1 Nov 2026, 00:00" in page  # the chip, in the form of all times


def test_a_link_means_the_same_period_in_every_zone(browser, rows, client):
    colleague = UserFactory(username="kim", role="Auditor")
    Preferences.objects.create(user=colleague, time_zone=KOLKATA)
    client.force_login(colleague)

    answer = client.get(LOG, SUNDAY | {"zone": NEW_YORK})

    assert {row.pk for row in answer.context["rows"]} == {rows[1].pk, rows[2].pk}
    assert 'name="since" value="2026-11-01T09:30"' in answer.text
    assert f'<input type="hidden" name="zone" value="{KOLKATA}"' in answer.text


def test_a_query_without_a_zone_is_in_utc(browser, rows):
    assert listed(browser, SUNDAY) == {row.pk for row in rows[:2]}


def test_a_saved_view_keeps_its_zone(browser, rows, auditor):
    browser.post(f"{LOG}filters/", SUNDAY | {"zone": NEW_YORK, "name": "Sunday"})
    choose_time_zone(origin=Origin(channel="MEMBERCARE", user=auditor), time_zone=APIA)

    saved = SavedFilter.objects.get()

    assert parse_qs(saved.query)["zone"] == [NEW_YORK]
    assert listed(browser, dict(parse_qs(saved.query))) == {rows[1].pk, rows[2].pk}


def test_the_zone_is_no_filter(browser, rows):
    answer = browser.get(LOG, {"zone": NEW_YORK, "outcome": "ACCEPTED"})

    assert urlsplit(f"?{answer.context['form'].query_string}").query == "outcome=ACCEPTED"


@pytest.mark.parametrize(
    "query",
    [
        SUNDAY | {"zone": "Nowhere/City"},
        {"since": "2027-03-14T02:30", "zone": NEW_YORK},  # the clocks skip it
        {"since": "2026-13-45", "zone": NEW_YORK},
        {"until": "9999-12-31", "zone": NEW_YORK},
    ],
)
def test_an_invalid_period_lists_nothing_and_is_no_error(browser, rows, query):
    answer = browser.get(LOG, query)

    assert answer.status_code == 200
    assert not answer.context["rows"]


def test_a_day_whose_midnight_is_skipped_has_its_later_beginning(browser):
    row = RequestLogFactory(received_at=datetime(2026, 9, 6, 4, 30, tzinfo=UTC))

    # In Santiago the day begins at 01:00, which is 04:00 UTC.
    query = {"since": "2026-09-06", "until": "2026-09-06", "zone": "America/Santiago"}
    assert listed(browser, query) == {row.pk}
