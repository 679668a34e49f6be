"""POST /customer/revokeEarn: revoke one earned badge."""

import pytest

from badges.models import EarnedBadge, EarnTally, Limit, LimitKind, LimitLevel, RequestLog
from tests.api.conftest import codes, references
from tests.factories import CUSTOMER, BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db

REVOKE = "/api_gateway/v1/badges/customer/revokeEarn"


@pytest.fixture
def held(live_badge):
    return EarnedBadgeFactory(badge=live_badge)


@pytest.fixture
def body(held):
    return {
        "badgeMetaId": held.badge_id,
        "customerId": held.customer_id,
        "earnedBadgeId": held.pk,
    }


def test_an_issued_badge_is_revoked(api, body, held, integrator):
    answer = api.post(REVOKE, body)

    assert answer.status_code == 200
    assert answer.json()["data"] == body | {"isActive": False}
    held.refresh_from_db()
    assert held.revoked_at is not None
    assert held.revocation.integrator == integrator
    assert (held.revocation.operation, held.revocation.request_id) == ("REVOKE_EARN", None)


def test_a_revoked_badge_is_not_revoked_again(api, body, held):
    api.post(REVOKE, body)
    held.refresh_from_db()
    first = held.revocation_id

    answer = api.post(REVOKE, body)

    assert (answer.status_code, codes(answer)) == (409, [814])
    held.refresh_from_db()
    assert held.revocation_id == first


@pytest.mark.parametrize(
    ("changes", "status", "code", "reference"),
    [
        ({"customerId": 5}, 409, 814, "earnedBadgeId"),
        ({"earnedBadgeId": "0" * 24}, 409, 814, "earnedBadgeId"),
        ({"badgeMetaId": "0" * 24}, 404, 404, "badgeMetaId"),
        ({"badgeMetaId": None}, 400, 715, "badgeMetaId"),
        ({"customerId": None}, 400, 812, "customerId"),
        ({"customerId": "maria@example.com"}, 400, 400, "customerId"),
        ({"earnedBadgeId": None}, 400, 400, "earnedBadgeId"),
        ({"earnedBadgeId": 5}, 400, 400, "earnedBadgeId"),
    ],
)
def test_an_invalid_revocation_is_refused(api, body, held, changes, status, code, reference):
    answer = api.post(REVOKE, body | changes)

    assert answer.status_code == status
    assert (codes(answer), references(answer)) == ([code], [reference])
    held.refresh_from_db()
    assert held.revoked_at is None


@pytest.mark.parametrize("kind", ["email", "mobile", "externalId", "cardNumber", "nonsense"])
def test_a_revocation_identifies_customers_by_number_only(api, body, held, kind):
    answer = api.post(REVOKE, body, **{"X-CAP-CUSTOMER-IDENTIFIER": kind})

    assert (answer.status_code, codes(answer)) == (400, [1028])
    assert EarnedBadge.objects.not_revoked().count() == 1
    assert RequestLog.objects.filter(code=1028).count() == 1


@pytest.mark.parametrize("level", LimitLevel)
def test_a_revoked_badge_does_not_count_for_limits(api, earn_body, level):
    badge = BadgeMetaFactory(claimed=True, limits=[Limit(level, LimitKind.FIXED_VALUE, 1)])
    earned = api.earn(earn_body(badgeMetaId=badge.pk)).json()["data"]["earnedBadgeId"]
    assert api.earn(earn_body(badgeMetaId=badge.pk)).status_code == 409

    api.post(REVOKE, {"badgeMetaId": badge.pk, "customerId": CUSTOMER, "earnedBadgeId": earned})

    assert api.earn(earn_body(badgeMetaId=badge.pk)).status_code == 200
    assert sum(EarnTally.objects.values_list("by_event_day", flat=True)) in (0, 1)


def test_a_request_id_revokes_once(api, body):
    api.post(REVOKE, body | {"requestId": "take-back"})

    assert codes(api.post(REVOKE, body | {"requestId": "take-back"})) == [809]
