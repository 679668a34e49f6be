"""The time zone of pages: the organisation's, or the one that a person chooses (F1)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from badges.models import Operation, Preferences, RequestLog
from badges.times import time_element
from tests.factories import EarnedBadgeFactory, RequestLogFactory, UserFactory

pytestmark = pytest.mark.django_db

PAGE = "/desk/time-zone/"
# Two hours after midnight in UTC, and before the change of the clocks in New York.
AT = datetime(2026, 11, 1, 2, 5, tzinfo=UTC)


@pytest.fixture
def timeline():
    """Return the page of a badge that a customer earned at AT."""
    earned = EarnedBadgeFactory(
        customer_id=1703, event_at=AT, earned_at=AT, request=RequestLogFactory(received_at=AT)
    )
    return f"/desk/receipts/{earned.request_id}/"


def test_times_are_shown_in_the_time_zone_of_the_organisation(desk, timeline, settings):
    settings.TIME_ZONE = "America/New_York"

    page = desk.get(timeline).text

    assert (
        '<time datetime="2026-11-01T02:05:00Z" title="1 Nov 2026, 02:05 UTC">31 Oct 2026, 22:05<'
    ) in page
    assert "Time zone: New York time" in page


def test_a_person_chooses_another_time_zone_for_themselves(desk, member_care, timeline, client):
    answer = desk.post(PAGE, {"time_zone": "Asia/Kolkata"}, follow=True)

    assert "All times are now shown in Kolkata time." in answer.text
    assert ">1 Nov 2026, 07:35<" in desk.get(timeline).text
    assert Preferences.objects.get().user == member_care
    assert RequestLog.objects.filter(operation=Operation.SAVE_PREFERENCES).count() == 1
    client.force_login(UserFactory(username="mona", role="MemberCare"))
    assert ">1 Nov 2026, 02:05<" in client.get(timeline).text


def test_the_page_offers_zones_by_region_and_the_one_of_the_organisation(desk, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    Preferences.objects.create(user=UserFactory(), time_zone="Asia/Tokyo")

    page = desk.get(PAGE).text

    assert '<option value="" selected>Berlin time, as in the whole organisation<' in page
    assert '<optgroup label="Asia">' in page
    assert '<option value="Asia/Kolkata">Kolkata (UTC+05:30)<' in page
    assert "US/Pacific" not in page


def test_the_zone_of_the_organisation_can_be_chosen_again(desk, timeline):
    desk.post(PAGE, {"time_zone": "Asia/Kolkata"})
    desk.post(PAGE, {"time_zone": ""})

    assert ">1 Nov 2026, 02:05<" in desk.get(timeline).text


@pytest.mark.parametrize("zone", ["Nowhere/City", "../../etc/passwd", "x" * 300, "\0"])
def test_an_unknown_zone_is_refused_at_the_field(desk, zone):
    answer = desk.post(PAGE, {"time_zone": zone})

    assert answer.status_code == 200
    assert "Select a valid choice." in answer.text
    assert not Preferences.objects.exists()


def test_a_stored_zone_that_is_unknown_breaks_no_page(desk, member_care, timeline):
    Preferences.objects.create(user=member_care, time_zone="Mars/Olympus")

    assert ">1 Nov 2026, 02:05<" in desk.get(timeline).text
    assert desk.get(PAGE).status_code == 200


def test_the_page_requires_a_login(client):
    assert client.get(PAGE).url == f"/admin/login/?next={PAGE}"


@pytest.mark.parametrize(
    ("zone", "first", "second"),
    [
        ("America/New_York", "1 Nov 2026, 01:30", "1 Nov 2026, 01:30"),
        ("Asia/Kolkata", "1 Nov 2026, 11:00", "1 Nov 2026, 12:00"),
        ("Pacific/Apia", "1 Nov 2026, 18:30", "1 Nov 2026, 19:30"),
    ],
)
def test_the_repeated_hour_of_a_clock_change_has_two_times_in_utc(zone, first, second):
    shown = []
    with timezone.override(ZoneInfo(zone)), translation.override("en"):
        for hour in (5, 6):
            shown.append(time_element(datetime(2026, 11, 1, hour, 30, tzinfo=UTC)))

    assert [f">{first}<" in shown[0], f">{second}<" in shown[1]] == [True, True]
    assert ["05:30 UTC" in shown[0], "06:30 UTC" in shown[1]] == [True, True]


def test_a_chosen_zone_costs_no_query(desk, member_care, timeline):
    with CaptureQueriesContext(connection) as before:
        desk.get(timeline)
    Preferences.objects.create(user=member_care, time_zone="Asia/Kolkata")
    with CaptureQueriesContext(connection) as after:
        desk.get(timeline)

    assert len(after) == len(before)
