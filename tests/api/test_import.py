"""POST and PUT /import/customerBadges: past earns, imported without rules."""

from datetime import UTC, datetime

import pytest

from badges.models import Channel, EarnedBadge, Limit, LimitKind, LimitLevel, RequestLog
from tests.api.conftest import codes
from tests.factories import CUSTOMER, BadgeMetaFactory

pytestmark = pytest.mark.django_db

IMPORT = "/api_gateway/v1/badges/import/customerBadges"


@pytest.fixture
def item(live_badge):
    return {
        "badgeMetaId": live_badge.pk,
        "customerId": 1001,
        "earnEventDate": "2015-01-10T09:06:51Z",
        "earnExpiresOn": 1705828011,
    }


def test_each_item_has_its_envelope_in_order(api, item):
    answer = api.post(IMPORT, [item, item | {"customerId": 1002}], **{"X-CAP-REQUEST-ID": "b1"})

    assert answer.status_code == 200
    first, second = answer.json()
    earned = EarnedBadge.objects.get(customer_id=1001)
    assert first == {
        "data": {
            "badgeMetaId": item["badgeMetaId"],
            "customerId": 1001,
            "earnedBadgeId": earned.pk,
            "expiresOn": 1705828011.0,
            "expiresOnISO": "2024-01-21T09:06:51Z",
            "requestId": "b1_1",
            "issuedId": None,
        },
        "errors": [],
        "warnings": [],
    }
    assert second["data"]["requestId"] == "b1_2"
    assert earned.event_at == datetime(2015, 1, 10, 9, 6, 51, tzinfo=UTC)
    assert earned.owner_type == "Historical_Import"
    request = RequestLog.objects.get()
    assert (request.request_id, request.channel) == ("b1", Channel.IMPORT)


def test_a_batch_without_an_id_gets_one(api, item):
    answer = api.post(IMPORT, [item])

    batch_id = RequestLog.objects.get().request_id
    assert answer.json()[0]["data"]["requestId"] == f"{batch_id}_1"


def test_a_batch_is_imported_once(api, item):
    api.post(IMPORT, [item], **{"X-CAP-REQUEST-ID": "b1"})

    answer = api.post(IMPORT, [item], **{"X-CAP-REQUEST-ID": "b1"})

    assert (answer.status_code, codes(answer)) == (400, [809])
    assert EarnedBadge.objects.count() == 1


def test_an_invalid_item_is_refused_alone(api, item):
    items = [
        item | {"badgeMetaId": "0" * 24},
        item | {"customerId": "x"},
        {name: value for name, value in item.items() if name != "earnExpiresOn"},
        5,
        item,
    ]

    answers = api.post(IMPORT, items).json()

    found = [[error["code"] for error in answer["errors"]] for answer in answers]
    assert found == [[1054], [400], [400], [400], []]
    assert answers[2]["errors"][0]["reference"] == "earnExpiresOn"
    assert EarnedBadge.objects.count() == 1


@pytest.mark.parametrize("body", [[], {}, 5, [{}], [5], "x"])
def test_an_import_without_any_valid_item_is_refused(api, body):
    answer = api.post(IMPORT, body)

    assert answer.status_code == 400
    assert set(codes(answer)) <= {400, 715, 812}
    assert not EarnedBadge.objects.exists()
    assert RequestLog.objects.get().outcome == "REFUSED"


def test_imported_badges_count_for_limits(api, item, earn_body):
    limits = [Limit(level, LimitKind.FIXED_VALUE, 1) for level in LimitLevel]
    badge = BadgeMetaFactory(claimed=True, limits=limits)
    api.post(IMPORT, [item | {"badgeMetaId": badge.pk}, item | {"badgeMetaId": badge.pk}])

    assert EarnedBadge.objects.count() == 2  # limits do not apply to imports
    assert codes(api.earn(earn_body(badgeMetaId=badge.pk))) == [2001]
    assert codes(api.earn(earn_body(badgeMetaId=badge.pk, customerId=CUSTOMER + 1))) == [2002]


def test_an_import_accepts_put(api, item):
    answer = api.client.put(IMPORT, [item], content_type="application/json", headers=api.headers)

    assert answer.status_code == 200
    assert EarnedBadge.objects.count() == 1
