"""GET /requests/{requestId}: the receipt of an accepted request."""

import pytest

from badges.models import EarnedBadge, RequestLog
from tests.api.conftest import TRIGGER, ApiClient, codes
from tests.factories import CUSTOMER, EnrolmentFactory, IntegratorFactory

pytestmark = pytest.mark.django_db

RECEIPTS = "/api_gateway/v1/badges/requests/"


def test_the_receipt_tells_what_an_earn_did(api, wish, live_badge):
    api.earn(wish(requestId=2132))

    answer = api.get(RECEIPTS + "2132")

    assert answer.status_code == 200
    earned, request = EarnedBadge.objects.get(), RequestLog.objects.get()
    data = answer.json()["data"]
    assert data["requestId"] == "2132"
    assert data["operation"] == "EARN"
    assert data["acceptedOn"] == request.received_at.timestamp()
    assert (data["badgeMetaId"], data["customerId"]) == (live_badge.pk, CUSTOMER)
    assert data["earnedBadgeId"] == earned.pk
    assert data["expiresOn"] == earned.expires_at.timestamp()
    assert data["triggeredBy"] == TRIGGER


@pytest.mark.parametrize("request_id", ["a/b", "ü ?", "..%2e"])
def test_any_request_id_has_its_receipt(api, wish, request_id):
    from urllib.parse import quote

    api.earn(wish(requestId=request_id))

    assert api.get(RECEIPTS + quote(request_id)).json()["data"]["requestId"] == request_id


def test_the_receipt_of_a_bulk_call_tells_what_became_of_each_customer(api, wish, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge, customer_id=2)
    body = wish(badgeMetaId=enrolled_badge.pk, customerIds=[3, 2, 1], requestId="bulk")
    api.post("/api_gateway/v1/badges/customer/earnBulk", body)

    data = api.get(RECEIPTS + "bulk?size=2").json()["data"]

    earned = EarnedBadge.objects.get()
    assert data["outcomes"] == [
        {"customerId": 1, "factId": None, "errorCode": 811},
        {"customerId": 2, "factId": earned.pk, "errorCode": None},
    ]
    assert data["failedCount"] == 2
    assert data["pagination"] == {"page": 0, "size": 2, "total": 3, "totalPages": 2}
    rest = api.get(RECEIPTS + "bulk?size=2&page=1").json()["data"]["outcomes"]
    assert [item["customerId"] for item in rest] == [3]


@pytest.mark.parametrize("query", ["page=-1", "page=x", "size=0", "size=101", "size=1&size=2"])
def test_a_page_that_is_none_is_refused(api, wish, query):
    api.earn(wish(requestId="mine"))

    answer = api.get(f"{RECEIPTS}mine?{query}")

    assert (answer.status_code, codes(answer)) == (400, [400])


def test_a_refused_request_has_no_receipt(api, wish):
    api.earn(wish(requestId="refused", badgeMetaId="0" * 24))

    answer = api.get(RECEIPTS + "refused")

    assert answer.status_code == 404
    assert codes(answer) == [404]


def test_the_receipt_is_for_its_own_integrator(api, wish):
    api.earn(wish(requestId="mine"))

    answer = ApiClient(IntegratorFactory().client_id).get(RECEIPTS + "mine")

    assert answer.status_code == 404


def test_a_reading_leaves_no_row(api, wish):
    api.get(RECEIPTS + "unknown")

    assert not RequestLog.objects.exists()


def test_a_receipt_needs_its_right(wish):
    without = IntegratorFactory(access_groups=[])

    assert ApiClient(without.client_id).get(RECEIPTS + "1").status_code == 403
