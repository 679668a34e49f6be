"""POST /badgeMeta/customer/issueBulk and revokeIssue: enrol customers and revoke enrolments."""

from datetime import UTC, datetime

import pytest

from badges.models import EarnedBadge, Enrolment, RefusedItem, RequestLog
from tests.api.conftest import TRIGGER, codes, references
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

ENROL = "/api_gateway/v1/badges/badgeMeta/customer/issueBulk"
REVOKE = "/api_gateway/v1/badges/badgeMeta/customer/revokeIssue"


@pytest.fixture
def body(enrolled_badge):
    def make(**changes):
        good = {
            "badgeMetaId": enrolled_badge.pk,
            "customers": [1, 2],
            "requestId": "req12",
            "triggeredBy": TRIGGER,
        }
        return {name: value for name, value in (good | changes).items() if value != "LEFT OUT"}

    return make


def test_customers_are_enrolled(api, body, enrolled_badge):
    answer = api.post(ENROL, body(issueEventDate="2026-03-01T00:00:00Z"))

    assert answer.status_code == 200
    data = answer.json()["data"]
    facts = {fact.customer_id: fact for fact in Enrolment.objects.all()}
    assert data["issuedBadges"] == [
        {"customerId": 1, "issuedId": facts[1].pk, "status": "ACTIVE", "error": None},
        {"customerId": 2, "issuedId": facts[2].pk, "status": "ACTIVE", "error": None},
    ]
    assert facts[1].event_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert data["expiresOn"] == enrolled_badge.expires_at.timestamp()
    assert (data["requestId"], data["triggeredBy"]) == ("req12", TRIGGER)
    assert (facts[1].owner_type, facts[1].reference_id) == ("Loyalty", "123694")


def test_a_trigger_is_not_needed_and_membercare_is_not_recorded(api, body):
    answer = api.post(ENROL, body(triggeredBy="LEFT OUT"))

    assert answer.json()["data"]["triggeredBy"] is None
    assert set(Enrolment.objects.values_list("owner_type", "reference_id")) == {("", "")}


def test_an_enrolled_customer_is_refused_with_the_active_enrolment(api, body, enrolled_badge):
    standing = EnrolmentFactory(badge=enrolled_badge, customer_id=1)

    answer = api.post(ENROL, body())

    assert answer.status_code == 200
    first, second = answer.json()["data"]["issuedBadges"]
    assert (first["issuedId"], first["status"]) == (standing.pk, "ACTIVE")
    assert first["error"]["code"] == 1040
    assert second["error"] is None
    assert Enrolment.objects.filter(customer_id=1).count() == 1
    assert RefusedItem.objects.get().code == 1040


@pytest.mark.parametrize(
    ("changes", "status", "code", "reference"),
    [
        ({"badgeMetaId": "0" * 24}, 404, 404, "badgeMetaId"),
        ({"badgeMetaId": "LEFT OUT"}, 400, 715, "badgeMetaId"),
        ({"customers": "LEFT OUT"}, 400, 812, "customers"),
        ({"requestId": None}, 400, 804, "requestId"),
        ({"triggeredBy": {"ownerType": "Loyalty"}}, 400, 717, "triggeredBy.referenceId"),
        ({"issueEventDateISO": "2019-12-31T00:00:00Z"}, 400, 816, "issueEventDateISO"),
        ({"issueEventDate": "2099-12-31T00:00:00Z"}, 400, 750, "issueEventDate"),
        ({"issueEventDate": 1715070653447}, 400, 400, "issueEventDate"),
    ],
)
def test_an_invalid_enrolment_is_refused(api, body, changes, status, code, reference):
    answer = api.post(ENROL, body(**changes))

    assert answer.status_code == status
    assert (codes(answer), references(answer)) == ([code], [reference])
    assert not Enrolment.objects.exists()


def test_an_enrolment_for_a_direct_badge_is_refused(api, body, live_badge):
    assert codes(api.post(ENROL, body(badgeMetaId=live_badge.pk))) == [400]


def test_an_enrolment_for_an_inactive_badge_is_refused(api, body):
    badge = BadgeMetaFactory(enrolled=True, inactive=True)

    assert codes(api.post(ENROL, body(badgeMetaId=badge.pk))) == [815]


def test_all_enrolments_of_customers_are_revoked(api, enrolled_badge):
    first = EnrolmentFactory(
        badge=enrolled_badge, customer_id=1, expires_at=datetime(2026, 3, 5, tzinfo=UTC)
    )
    second = EnrolmentFactory(
        badge=enrolled_badge, customer_id=1, event_at=datetime(2026, 3, 6, tzinfo=UTC)
    )
    earned = EarnedBadgeFactory(badge=enrolled_badge, customer_id=1, enrolment=first)
    body = {"badgeMetaId": enrolled_badge.pk, "customers": [1, 2]}

    answer = api.post(REVOKE, body)

    assert answer.status_code == 200
    items = answer.json()["data"]["revokedIssuedBadges"]
    assert [(item["customerId"], item["issuedId"]) for item in items] == [
        (1, first.pk),
        (1, second.pk),
        (2, None),
    ]
    assert [item["error"] and item["error"]["code"] for item in items] == [None, None, 404]
    assert answer.json()["data"]["requestId"] is None
    request = RequestLog.objects.get(operation="REVOKE_ENROLMENT")
    assert set(Enrolment.objects.values_list("revocation", flat=True)) == {request.pk}
    earned.refresh_from_db()
    assert earned.revoked_at is None


def test_only_the_named_enrolments_are_revoked(api, enrolled_badge):
    mine = EnrolmentFactory(badge=enrolled_badge, customer_id=1)
    other = EnrolmentFactory(badge=enrolled_badge, customer_id=2)
    wanted = [
        {"customerId": 1, "issueId": mine.pk},
        {"customerId": 1, "issueId": other.pk},
    ]

    answer = api.post(
        REVOKE, {"badgeMetaId": enrolled_badge.pk, "customers": [2], "revokeIssuals": wanted}
    )

    items = answer.json()["data"]["revokedIssuedBadges"]
    assert [item["error"] and item["error"]["code"] for item in items] == [None, 404]
    assert list(Enrolment.objects.not_revoked()) == [other]


def test_revoking_an_enrolment_twice_is_refused(api, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge, customer_id=1, revoked=True)

    answer = api.post(REVOKE, {"badgeMetaId": enrolled_badge.pk, "customers": [1]})

    assert answer.json()["data"]["revokedIssuedBadges"][0]["error"]["code"] == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({}, 400, 1051),
        ({"customers": [], "revokeIssuals": None}, 400, 1051),
        ({"customers": list(range(1, 22))}, 400, 2003),
        ({"customers": [{}] * 21}, 400, 2003),
        ({"revokeIssuals": [{}] * 21}, 400, 2003),
        ({"customers": [1], "badgeMetaId": "0" * 24}, 404, 404),
        ({"customers": ["x"]}, 400, 400),
        ({"revokeIssuals": [{"customerId": 1}]}, 400, 400),
        ({"revokeIssuals": [1]}, 400, 400),
    ],
)
def test_an_invalid_revocation_of_enrolments_is_refused(api, enrolled_badge, changes, status, code):
    EnrolmentFactory(badge=enrolled_badge, customer_id=1)

    answer = api.post(REVOKE, {"badgeMetaId": enrolled_badge.pk} | changes)

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert Enrolment.objects.not_revoked().count() == 1


def test_a_customer_with_a_revoked_enrolment_may_not_earn(api, earn_body, enrolled_badge):
    EnrolmentFactory(badge=enrolled_badge)
    api.post(REVOKE, {"badgeMetaId": enrolled_badge.pk, "customers": [1001]})

    assert codes(api.earn(earn_body(badgeMetaId=enrolled_badge.pk))) == [811]
    assert not EarnedBadge.objects.exists()
