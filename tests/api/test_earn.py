"""POST /customer/earn: responses and rows."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from badges.models import (
    Channel,
    EarnedBadge,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RequestLog,
    RequestOutcome,
)
from tests.api.conftest import EARN, TRIGGER, ApiClient, codes, references
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    BadgeMetaFactory,
    EnrolmentFactory,
    IntegratorFactory,
)

pytestmark = pytest.mark.django_db

# The request on the page that was the origin of the contract, verbatim.
SAMPLE = """{
    "badgeMetaId": "66276dc68fe258516a88ff8e",
    "customerId": 62090013,
    "requestId": 2132,
    "triggeredBy": {
        "ownerType": "Loyalty",
        "referenceId": "123694"
    }
}"""


def refused() -> list[RequestLog]:
    return list(RequestLog.objects.filter(outcome=RequestOutcome.REFUSED))


@pytest.fixture
def sample_badge(db):
    return BadgeMetaFactory(pk="66276dc68fe258516a88ff8e", claimed=True)


def test_the_sample_of_the_contract_earns_a_badge(api, sample_badge):
    answer = api.earn(SAMPLE)

    assert answer.status_code == 200
    earned = EarnedBadge.objects.get()
    assert answer.json() == {
        "data": {
            "badgeMetaId": "66276dc68fe258516a88ff8e",
            "customerId": 62090013,
            "earnedBadgeId": earned.pk,
            "expiresOn": earned.expires_at.timestamp(),
            "expiresOnISO": earned.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requestId": 2132,
            "issuedId": None,
        },
        "errors": [],
        "warnings": [],
    }


def test_an_earn_writes_a_row_of_the_request_log(api, integrator, sample_badge):
    api.earn(SAMPLE)

    request = RequestLog.objects.get()
    assert request.outcome == RequestOutcome.ACCEPTED
    assert (request.operation, request.channel) == (Operation.EARN, Channel.API)
    assert (request.integrator, request.user) == (integrator, None)
    assert (request.request_id, request.customer_id) == ("2132", 62090013)
    assert request.badge == sample_badge
    assert request.content == SAMPLE
    assert EarnedBadge.objects.get().request == request


def test_the_expiry_is_written_to_the_microsecond(api, earn_body):
    moment = datetime(2071, 3, 4, 5, 6, 7, 123457, UTC)
    badge = BadgeMetaFactory(claimed=True, earned_expiry_kind="FIXED_DATE", earned_expiry_at=moment)

    answer = api.earn(earn_body(badgeMetaId=badge.pk))

    assert b'"expiresOn":3192671167.123457,' in answer.content
    assert answer.json()["data"]["expiresOnISO"] == "2071-03-04T05:06:07Z"


@pytest.mark.parametrize("request_id", [2132, "2132", -7, "a/b c", "x" * 100, "ü"])
def test_the_request_id_is_echoed_in_its_own_type(api, earn_body, request_id):
    assert api.earn(earn_body(requestId=request_id)).json()["data"]["requestId"] == request_id


@pytest.mark.parametrize(("given", "number"), [("23423", 23423), (2**63 - 1, 2**63 - 1)])
def test_a_customer_id_is_returned_as_a_number(api, earn_body, given, number):
    assert api.earn(earn_body(customerId=given)).json()["data"]["customerId"] == number
    assert EarnedBadge.objects.get().customer_id == number


def test_an_earn_of_an_enrolled_customer_names_the_enrolment(api, earn_body, enrolled_badge):
    enrolment = EnrolmentFactory(badge=enrolled_badge, customer_id=CUSTOMER)

    answer = api.earn(earn_body(badgeMetaId=enrolled_badge.pk))

    assert answer.json()["data"]["issuedId"] == enrolment.pk


def test_an_omitted_badge_is_found_through_its_claim(api, earn_body, live_badge):
    answer = api.earn(earn_body(badgeMetaId="LEFT OUT"))

    assert answer.json()["data"]["badgeMetaId"] == live_badge.pk


@pytest.mark.parametrize(
    ("dates", "event_at"),
    [
        ({"earnEventDate": "2024-05-07T08:30:53.447Z"}, datetime(2024, 5, 7, 8, 30, 53, 447000)),
        ({"earnEventDate": "2024-05-07T14:00:53+05:30"}, datetime(2024, 5, 7, 8, 30, 53)),
        ({"earnEventDate": "2024-05-07T08:30:53"}, datetime(2024, 5, 7, 8, 30, 53)),
        ({"earnEventDate": 1715070653}, datetime(2024, 5, 7, 8, 30, 53)),
        ({"earnEventDate": 1715070653.447744}, datetime(2024, 5, 7, 8, 30, 53, 447744)),
        (
            {"earnEventDate": 1715070653, "earnEventDateISO": "2024-05-08T00:00:00Z"},
            datetime(2024, 5, 8),
        ),
    ],
)
def test_the_event_date_has_the_formats_of_the_contract(api, earn_body, dates, event_at):
    assert api.earn(earn_body(**dates)).status_code == 200

    assert EarnedBadge.objects.get().event_at == event_at.replace(tzinfo=UTC)


def test_an_omitted_event_date_is_now(api, earn_body):
    before = timezone.now()
    api.earn(earn_body(earnEventDate=None))

    earned = EarnedBadge.objects.get()
    assert before <= earned.event_at == earned.earned_at <= timezone.now()


def situation_limit(level: LimitLevel):
    limit = Limit(level, LimitKind.FIXED_VALUE, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    return {"badgeMetaId": badge.pk}


REFUSALS = {
    716: (400, lambda: {"triggeredBy": {"referenceId": "1"}}, "triggeredBy.ownerType"),
    717: (400, lambda: {"triggeredBy": {"ownerType": "Loyalty"}}, "triggeredBy.referenceId"),
    804: (400, lambda: {"requestId": "LEFT OUT"}, "requestId"),
    812: (400, lambda: {"customerId": "LEFT OUT"}, "customerId"),
    400: (
        400,
        lambda: {"triggeredBy": {"ownerType": "LOYALTY", "referenceId": "1"}},
        "triggeredBy.ownerType",
    ),
    404: (404, lambda: {"badgeMetaId": "0" * 24}, "badgeMetaId"),
    715: (
        400,
        lambda: {
            "badgeMetaId": None,
            "triggeredBy": {"ownerType": "Journeys", "referenceId": "nobody's"},
        },
        "badgeMetaId",
    ),
    815: (409, lambda: {"badgeMetaId": BadgeMetaFactory(upcoming=True, claimed=True).pk}, None),
    750: (
        400,
        lambda: {"earnEventDate": (timezone.now() + timedelta(hours=25)).isoformat()},
        "earnEventDate",
    ),
    810: (
        409,
        lambda: {"triggeredBy": {"ownerType": "Loyalty", "referenceId": "other"}},
        "triggeredBy",
    ),
    816: (400, lambda: {"earnEventDate": "2019-12-31T23:59:59Z"}, "earnEventDate"),
    811: (409, lambda: {"badgeMetaId": BadgeMetaFactory(enrolled=True, claimed=True).pk}, None),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_has_its_code_and_writes_no_badge(api, earn_body, code):
    status, situation, reference = REFUSALS[code]

    answer = api.earn(earn_body(**situation()))

    assert answer.status_code == status
    assert codes(answer) == [code]
    assert references(answer) == [reference]
    assert not EarnedBadge.objects.exists()
    assert [request.code for request in refused()] == [code]


@pytest.mark.parametrize(("level", "code"), [(LimitLevel.CUSTOMER, 2001), (LimitLevel.BADGE, 2002)])
def test_an_earn_over_the_limit_is_answered_with_409(api, earn_body, level, code):
    limited = situation_limit(level)
    assert api.earn(earn_body(**limited)).status_code == 200

    answer = api.earn(earn_body(**limited))

    assert answer.status_code == 409
    assert codes(answer) == [code]
    assert EarnedBadge.objects.count() == 1


def test_all_missing_fields_of_an_earn_are_reported_together(api):
    answer = api.earn({})

    assert answer.status_code == 400
    assert codes(answer) == [812, 804, 716, 717]


def test_a_repeated_request_returns_the_original_to_its_integrator(api, earn_body):
    first = earn_body(requestId=2132)
    earned = api.earn(first).json()["data"]

    answer = api.earn(first | {"requestId": "2132"})

    assert answer.status_code == 400
    assert codes(answer) == [809]
    original = answer.json()["errors"][0]["original"]
    assert original == {
        "earnedBadgeId": earned["earnedBadgeId"],
        "customerId": CUSTOMER,
        "badgeMetaId": earned["badgeMetaId"],
        "acceptedOn": original["acceptedOn"],
        "identical": True,
    }
    assert original["acceptedOn"] == RequestLog.objects.accepted().get().received_at.timestamp()
    assert EarnedBadge.objects.count() == 1


def test_a_repeated_request_id_with_other_content_is_not_identical(api, earn_body):
    first = earn_body()
    api.earn(first)

    answer = api.earn(first | {"customerId": 5})

    assert answer.json()["errors"][0]["original"]["identical"] is False
    assert not EarnedBadge.objects.filter(customer_id=5).exists()


def test_a_repeated_request_id_of_another_integrator_reveals_nothing(api, earn_body):
    first = earn_body()
    api.earn(first)
    other = ApiClient(IntegratorFactory().client_id)

    answer = other.earn(first)

    assert codes(answer) == [809]
    assert "original" not in answer.json()["errors"][0]


def test_a_refused_request_may_be_sent_again(api, earn_body):
    badge = BadgeMetaFactory(inactive=True, claimed=True)
    request = earn_body(badgeMetaId=badge.pk)
    assert codes(api.earn(request)) == [815]
    badge.active, badge.version = True, badge.version + 1
    badge.save()

    assert api.earn(request).status_code == 200


def test_no_field_grants_the_exemption_of_membercare(api, earn_body):
    answer = api.earn(
        earn_body(
            triggeredBy={"ownerType": "Membercare", "referenceId": "maria"},
            channel="MEMBERCARE",
        )
    )

    assert codes(answer) == [400]
    assert not EarnedBadge.objects.exists()


def test_a_plain_earn_takes_two_queries(api, earn_body, django_assert_num_queries):
    api.earn(earn_body())  # caches the definition

    # The credentials and the insert. SQLite inserts the rows one by one, between two savepoints.
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 3 + 2):
        assert api.earn(earn_body()).status_code == 200


def test_an_earn_with_enrolment_and_limits_takes_eight_queries(
    api, earn_body, django_assert_max_num_queries
):
    badge = BadgeMetaFactory(
        enrolled=True,
        claimed=[LOYALTY],
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 9),
            Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 9, "DAYS", 7),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 9, "WEEKS", 1),
            Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 9, "MONTHS", 1),
        ],
    )
    EnrolmentFactory(badge=badge, customer_id=CUSTOMER)
    api.earn(earn_body(badgeMetaId=badge.pk))

    with django_assert_max_num_queries(8 + 2):
        assert api.earn(earn_body(badgeMetaId=badge.pk)).status_code == 200


def test_a_get_is_answered_with_405(api):
    answer = api.get(EARN)

    assert answer.status_code == 405
    assert codes(answer) == [405]


def test_the_body_may_be_in_any_encoding_of_utf8(api, earn_body):
    body = json.dumps(earn_body(requestId="grüße"), ensure_ascii=False).encode()

    assert api.earn(body).json()["data"]["requestId"] == "grüße"


def test_the_trigger_of_the_request_is_recorded(api, earn_body):
    api.earn(earn_body())

    earned = EarnedBadge.objects.get()
    assert {"ownerType": earned.owner_type, "referenceId": earned.reference_id} == TRIGGER
