"""GET /requests/{requestId}: the receipt of an accepted request."""

from urllib.parse import quote

import pytest

from badges.models import EarnedBadge, Enrolment, RequestLog
from tests.api.conftest import TRIGGER, ApiClient, codes
from tests.factories import CUSTOMER, EnrolmentFactory, IntegratorFactory

pytestmark = pytest.mark.django_db

RECEIPTS = "/api_gateway/v1/badges/requests/"


def test_the_receipt_of_an_earn_has_its_result(api, earn_body, live_badge):
    api.earn(earn_body(requestId=2132))

    answer = api.get(RECEIPTS + "2132")

    assert answer.status_code == 200
    earned, request = EarnedBadge.objects.get(), RequestLog.objects.get()
    data = answer.json()["data"]
    assert data["requestId"] == 2132
    assert data["operation"] == "EARN"
    assert data["acceptedOn"] == request.received_at.timestamp()
    assert (data["badgeMetaId"], data["customerId"]) == (live_badge.pk, CUSTOMER)
    assert data["earnedBadgeId"] == earned.pk
    assert data["expiresOn"] == earned.expires_at.timestamp()
    assert data["triggeredBy"] == TRIGGER


@pytest.mark.parametrize("request_id", [2132, "2132", "a", 10**40])
def test_the_receipt_keeps_the_type_of_the_request_id(api, earn_body, request_id):
    api.earn(earn_body(requestId=request_id))

    assert api.get(f"{RECEIPTS}{request_id}").json()["data"]["requestId"] == request_id


def test_the_receipt_of_an_earn_has_both_forms_of_its_event_date(api, earn_body):
    api.earn(earn_body(requestId="dated", earnEventDateISO="2026-03-01T10:00:00.25Z"))

    data = api.get(RECEIPTS + "dated").json()["data"]

    assert data["earnEventDate"] == 1772359200.25
    assert data["earnEventDateISO"] == "2026-03-01T10:00:00Z"


ANY_REQUEST_ID = [
    *("a/b", "ü ?", "..%2e", "..", "a;b", "%0A"),
    *("x\ny", "x\n", "\nx", "\n", "x\r\ny", "x\x0b\x0c", "x\x85y", "x\u2028y", "\t", "\x1f"),
]


@pytest.mark.parametrize("request_id", ANY_REQUEST_ID)
def test_any_request_id_has_its_receipt(api, earn_body, request_id):
    api.earn(earn_body(requestId=request_id))

    answer = api.get(RECEIPTS + quote(request_id, safe=""))

    assert answer.json()["data"]["requestId"] == request_id


@pytest.mark.parametrize("other", ["x\n", "\nx", "x\0", "x "])
def test_another_request_id_has_another_receipt(api, earn_body, other):
    api.earn(earn_body(requestId="x"))

    assert api.get(RECEIPTS + quote(other, safe="")).status_code in (400, 404)


@pytest.mark.parametrize("path", ["badgeMeta", "group", "import/customerBadges"])
def test_a_line_feed_after_the_address_is_part_of_the_request_id(api, path):
    answer = api.post(f"/api_gateway/v1/badges/{path}%0A", {})

    assert (answer.status_code, codes(answer)) == (404, [404])


def test_the_receipt_of_a_bulk_call_has_the_outcome_of_each_customer(
    api, earn_body, enrolled_badge
):
    EnrolmentFactory(badge=enrolled_badge, customer_id=2)
    body = earn_body(badgeMetaId=enrolled_badge.pk, customerIds=[3, 2, 1], requestId="bulk")
    api.post("/api_gateway/v1/badges/customer/earnBulk", body)

    data = api.get(RECEIPTS + "bulk?size=2").json()["data"]

    earned = EarnedBadge.objects.get()
    kept = {"earnedBadgeId": earned.pk, "issuedId": earned.enrolment_id}
    assert data["outcomes"] == [
        {"customerId": 1, "earnedBadgeId": None, "issuedId": None, "errorCode": 811},
        {"customerId": 2, "errorCode": None} | kept,
    ]
    assert data["failedCount"] == 2
    assert data["pagination"] == {"page": 0, "size": 2, "total": 3, "totalPages": 2}
    rest = api.get(RECEIPTS + "bulk?size=2&page=1").json()["data"]["outcomes"]
    assert [item["customerId"] for item in rest] == [3]


def test_the_receipt_of_a_list_has_the_common_fields(api, earn_body, live_badge):
    body = earn_body(customerIds=[1, 2], requestId=7, earnEventDateISO="2026-03-01T00:00:00Z")
    api.post("/api_gateway/v1/badges/customer/earnBulk", body)

    data = api.get(RECEIPTS + "7").json()["data"]

    assert data["requestId"] == 7
    assert data["triggeredBy"] == TRIGGER
    assert data["earnEventDateISO"] == "2026-03-01T00:00:00Z"
    assert data["expiresOn"] == EarnedBadge.objects.first().expires_at.timestamp()
    assert data["earnedBadgeId"] is data["issuedId"] is data["customerId"] is None


def test_the_receipt_of_a_list_without_facts_has_its_trigger(api, earn_body, enrolled_badge):
    more = {"triggeredBy": TRIGGER | {"unknown": [1]}}
    body = earn_body(badgeMetaId=enrolled_badge.pk, customerIds=[1, 2], requestId="none") | more
    api.post("/api_gateway/v1/badges/customer/earnBulk", body)

    data = api.get(RECEIPTS + "none").json()["data"]

    assert data["triggeredBy"] == TRIGGER
    assert data["earnEventDateISO"] is data["expiresOn"] is data["expiresOnISO"] is None
    assert data["failedCount"] == 2


@pytest.mark.parametrize("trigger", [TRIGGER, None])
def test_the_receipt_of_enrolments_names_them(api, earn_body, enrolled_badge, trigger):
    body = earn_body(
        badgeMetaId=enrolled_badge.pk, customers=[1], requestId="enrol", triggeredBy=trigger
    )
    api.post("/api_gateway/v1/badges/badgeMeta/customer/issueBulk", body)

    data = api.get(RECEIPTS + "enrol").json()["data"]

    enrolment = Enrolment.objects.get()
    assert data["triggeredBy"] == trigger
    assert data["expiresOn"] == enrolment.expires_at.timestamp()
    assert data["earnEventDateISO"] is None
    (item,) = data["outcomes"]
    assert (item["issuedId"], item["earnedBadgeId"]) == (enrolment.pk, None)


@pytest.mark.parametrize("query", ["page=-1", "page=x", "size=0", "size=101", "size=1&size=2"])
def test_an_invalid_page_of_a_receipt_is_refused(api, earn_body, query):
    api.earn(earn_body(requestId="mine"))

    answer = api.get(f"{RECEIPTS}mine?{query}")

    assert (answer.status_code, codes(answer)) == (400, [400])


def test_a_refused_request_has_no_receipt(api, earn_body):
    api.earn(earn_body(requestId="refused", badgeMetaId="0" * 24))

    answer = api.get(RECEIPTS + "refused")

    assert answer.status_code == 404
    assert codes(answer) == [404]


def test_a_receipt_is_visible_only_to_its_integrator(api, earn_body):
    api.earn(earn_body(requestId="mine"))

    answer = ApiClient(IntegratorFactory().client_id).get(RECEIPTS + "mine")

    assert answer.status_code == 404


def test_reading_a_receipt_writes_nothing(api, earn_body):
    api.get(RECEIPTS + "unknown")

    assert not RequestLog.objects.exists()


def test_reading_a_receipt_requires_its_permission(earn_body):
    without = IntegratorFactory(access_groups=[])

    assert ApiClient(without.client_id).get(RECEIPTS + "1").status_code == 403
