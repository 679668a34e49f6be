"""Responses of the API are in UTC in every time zone (F1)."""

import pytest

from badges.models import EarnedBadge
from tests.api.conftest import BADGES, EARN, TRIGGER
from tests.factories import CUSTOMER

pytestmark = pytest.mark.django_db


def test_the_time_zone_of_the_organisation_changes_no_response(api, live_badge, settings):
    before = api.get(BADGES).json()
    settings.TIME_ZONE = "Pacific/Apia"

    after = api.get(BADGES).json()
    body = {"requestId": "1", "customerId": CUSTOMER, "badgeMetaId": live_badge.pk}
    api.post(EARN, body | {"triggeredBy": TRIGGER, "earnEventDateISO": "2026-03-03"})

    assert after == before
    assert f"{EarnedBadge.objects.get().event_at:%Y-%m-%dT%H:%M%z}" == "2026-03-03T00:00+0000"
