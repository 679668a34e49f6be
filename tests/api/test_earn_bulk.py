"""POST /customer/earnBulk: one call, one row in the request log, one outcome per customer."""

import pytest

from badges.models import EarnedBadge, Limit, LimitKind, LimitLevel, RefusedItem, RequestLog
from tests.api.conftest import TRIGGER, codes, references
from tests.factories import LOYALTY, BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

EARN_BULK = "/api_gateway/v1/badges/customer/earnBulk"


@pytest.fixture
def body(live_badge):
    def make(**changes):
        good = {
            "badgeMetaId": live_badge.pk,
            "customerIds": [1, 2, 3],
            "requestId": "bulk-1",
            "triggeredBy": TRIGGER,
        }
        return {name: value for name, value in (good | changes).items() if value != "LEFT OUT"}

    return make


def test_every_customer_of_a_bulk_earn_has_the_badge(api, body, live_badge):
    answer = api.post(EARN_BULK, body())

    assert answer.status_code == 200
    data = answer.json()["data"]
    earned = {fact.customer_id: fact for fact in EarnedBadge.objects.all()}
    assert data["earnedBadgesList"] == [
        {"customerId": customer, "earnedBadgeId": earned[customer].pk} for customer in (1, 2, 3)
    ]
    assert (data["totalCount"], data["earnedCount"], data["failedCount"]) == (3, 3, 0)
    assert data["failedEarnBadgeErrorList"] == []
    assert data["badgeMetaId"] == live_badge.pk
    assert data["expiresOn"] == earned[1].expires_at.timestamp()
    assert data["triggeredBy"] == TRIGGER
    assert data["requestId"] == "bulk-1"
    assert RequestLog.objects.count() == 1


def test_a_refused_customer_does_not_stop_the_others(api, body):
    badge = BadgeMetaFactory(enrolled=True, claimed=[LOYALTY])
    EnrolmentFactory(badge=badge, customer_id=2)

    answer = api.post(EARN_BULK, body(badgeMetaId=badge.pk))

    data = answer.json()["data"]
    assert [item["customerId"] for item in data["earnedBadgesList"]] == [2]
    failed = data["failedEarnBadgeErrorList"]
    assert [(item["customerId"], item["errorCode"]) for item in failed] == [(1, 811), (3, 811)]
    assert all(item["errorMessage"] for item in failed)
    kept = RefusedItem.objects.values_list("request__request_id", "customer_id", "code")
    assert list(kept) == [("bulk-1", 1, 811), ("bulk-1", 3, 811)]


def test_a_badge_limit_is_used_in_the_order_of_the_list(api, body):
    limit = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 2)
    badge = BadgeMetaFactory(claimed=True, limits=[limit])

    answer = api.post(EARN_BULK, body(badgeMetaId=badge.pk, customerIds=[9, 7, 8]))

    data = answer.json()["data"]
    assert [item["customerId"] for item in data["earnedBadgesList"]] == [9, 7]
    assert [item["errorCode"] for item in data["failedEarnBadgeErrorList"]] == [2002]


def test_a_customer_limit_refuses_its_customer(api, body):
    limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    EarnedBadgeFactory(badge=badge, customer_id=2)

    data = api.post(EARN_BULK, body(badgeMetaId=badge.pk)).json()["data"]

    assert [item["errorCode"] for item in data["failedEarnBadgeErrorList"]] == [2001]
    assert data["earnedCount"] == 2


def test_a_customer_named_twice_counts_once_with_a_warning(api, body):
    answer = api.post(EARN_BULK, body(customerIds=[5, "5", 6, 5]))

    assert answer.json()["data"]["totalCount"] == 2
    assert [warning["code"] for warning in answer.json()["warnings"]] == [2004]
    assert EarnedBadge.objects.filter(customer_id=5).count() == 1


def test_a_repeated_bulk_earn_earns_nothing(api, body):
    api.post(EARN_BULK, body())

    answer = api.post(EARN_BULK, body())

    assert (answer.status_code, codes(answer)) == (400, [809])
    assert answer.json()["errors"][0]["original"]["identical"] is True
    assert EarnedBadge.objects.count() == 3


def test_bulk_and_single_earns_share_request_ids(api, body, earn_body):
    api.earn(earn_body(requestId="bulk-1"))

    assert codes(api.post(EARN_BULK, body())) == [809]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"badgeMetaId": "0" * 24}, 404),
        ({"triggeredBy": {"ownerType": "Loyalty", "referenceId": "other"}}, 810),
        ({"earnEventDate": "2019-01-01"}, 816),
        ({"issueEventDate": "2019-01-01"}, 816),
        ({"earnEventDate": "2099-01-01"}, 750),
    ],
)
def test_an_error_of_the_call_refuses_the_whole_bulk_earn(api, body, changes, code):
    answer = api.post(EARN_BULK, body(**changes))

    assert codes(answer) == [code]
    assert not EarnedBadge.objects.exists()
    assert RequestLog.objects.get().code == code


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"customerIds": []}, ([400], ["customerIds"])),
        ({"customerIds": "LEFT OUT"}, ([812], ["customerIds"])),
        ({"customerIds": 5}, ([400], ["customerIds"])),
        ({"customerIds": [1, 0, "x"]}, ([400, 400], ["customerIds.1", "customerIds.2"])),
        ({"customerIds": [2**63]}, ([400], ["customerIds.0"])),
        ({"customerIds": [True]}, ([400], ["customerIds.0"])),
        ({"customerIds": list(range(1, 20_002))}, ([400], ["customerIds"])),
        ({"requestId": "LEFT OUT"}, ([804], ["requestId"])),
    ],
)
def test_an_invalid_list_of_customers_is_refused(api, body, changes, expected):
    answer = api.post(EARN_BULK, body(**changes))

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == expected
    assert not EarnedBadge.objects.exists()


def test_the_query_count_of_a_bulk_earn_is_constant(api, body):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    api.post(EARN_BULK, body(requestId="warm"))
    with CaptureQueriesContext(connection) as few:
        api.post(EARN_BULK, body(requestId="few", customerIds=[1, 2]))
    with CaptureQueriesContext(connection) as many:
        answer = api.post(EARN_BULK, body(requestId="many", customerIds=list(range(1, 10_001))))

    assert answer.json()["data"]["earnedCount"] == 10_000
    assert len(many) == len(few)
    assert RequestLog.objects.filter(request_id="many").count() == 1
