"""Days that are counted in UTC in every zone say so: charts and the windows of limits (F1)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from badges.desk.parts.charts import beginning_of_days
from badges.desk.parts.descriptions import meaning
from badges.models import Limit, LimitKind, LimitLevel, Preferences, Unit, Weekday
from tests.factories import BadgeMetaFactory

pytestmark = pytest.mark.django_db

KOLKATA = ZoneInfo("Asia/Kolkata")


def test_a_chart_says_when_its_days_begin():
    with translation.override("en"):
        assert beginning_of_days() == "A day begins at 00:00 UTC."
        with timezone.override(KOLKATA):
            expected = "A day begins at 00:00 UTC, which is 05:30 Kolkata time."
            assert beginning_of_days() == expected


def test_the_window_of_a_limit_has_its_days_in_utc_in_every_zone():
    weekly = Limit(
        level=LimitLevel.CUSTOMER,
        kind=LimitKind.FIXED_WINDOW,
        max_earns=3,
        unit=Unit.WEEKS,
        length=1,
        first_weekday=Weekday.MONDAY,
    )
    badge = BadgeMetaFactory(limits=[weekly])
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)

    with translation.override("en"), timezone.override(ZoneInfo("America/New_York")):
        (sentence,) = [text for text in meaning(badge.definition(), at) if "The window" in text]

    assert ">2 Mar 2026<" in sentence
    assert ">8 Mar 2026<" in sentence
    assert sentence.endswith("(UTC).")


@pytest.mark.parametrize(("zone", "is_said"), [("", False), ("Asia/Kolkata", True)])
def test_the_form_of_a_badge_says_that_limits_count_days_in_utc(client, supervisor, zone, is_said):
    Preferences.objects.create(user=supervisor, time_zone=zone)
    client.force_login(supervisor)

    page = client.get("/desk/badges/new/").text

    assert ("counted in UTC, not in your time zone" in page) == is_said
