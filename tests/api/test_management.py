"""GET /management/{customerId}: the lists of a customer's badges for staff."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import BadgeGroup, BadgeMeta, Owner, RequestLog
from tests.api.conftest import ApiClient, codes, references
from tests.factories import (
    CUSTOMER,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
)

pytestmark = pytest.mark.django_db

MANAGEMENT = "/api_gateway/v1/badges/management/"
OTHER = CUSTOMER + 1
PAST = datetime(2026, 3, 2, tzinfo=UTC)


def march(day):
    return datetime(2026, 3, day, tzinfo=UTC)


@pytest.fixture
def listed(api):
    """Return a function that requests the badges of CUSTOMER and returns the items."""

    def ask(query=""):
        answer = api.get(f"{MANAGEMENT}{CUSTOMER}?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()["data"]["customerBadges"]

    return ask


@pytest.fixture
def available(listed):
    """Return a function that requests the available badges, by default those within their dates."""
    return lambda query="": names(listed(f"badgeType=AVAILABLE&{query}"))


def names(items):
    """Return the names as a set, to ignore the order."""
    return {item["name"] for item in items}


def in_order(items):
    return [item["name"] for item in items]


def test_an_item_has_the_fields_and_spellings_of_the_contract(listed):
    group = BadgeGroup.objects.create(name="Gold", rank=1)
    badge = BadgeMetaFactory(name="Welcome", description="Hello", group=group, rank=3)
    earned = EarnedBadgeFactory(badge=badge, event_at=march(1), earned_at=march(5))

    (item,) = listed("badgeType=EARNED")

    whole_seconds = "%Y-%m-%dT%H:%M:%SZ"
    assert item == {
        "name": "Welcome",
        "description": "Hello",
        "badgeMetaId": badge.pk,
        "badgeType": "EARN",
        "badgeGroupId": group.pk,
        "badgeGroupName": "Gold",
        "badgeRank": 3,
        "createdOn": badge.created_at.timestamp(),
        "createdOnISO": badge.created_at.strftime(whole_seconds),
        "lastUpdatedOn": badge.updated_at.timestamp(),
        "lastUpdatedOnISO": badge.updated_at.strftime(whole_seconds),
        "images": [],
        "badgeStatus": "LIVE",
        "lastEarnedOn": march(5).timestamp(),
        "lastEarnedOnISO": "2026-03-05T00:00:00Z",
        "startsOn": badge.starts_at.timestamp(),
        "startsOnISO": "2020-01-01T00:00:00Z",
        "expiresOn": badge.expires_at.timestamp(),
        "expiresOnISO": "2100-01-01T00:00:00Z",
        "earnCount": 1,
        "ownership": {"restrictedToOwners": ["Loyalty"], "claims": []},
        "issueStatus": None,
        "earnedBadgeId": earned.pk,
        "lastEarnedOnDate": march(5).timestamp(),
        "lastEarnedOnDateISO": "2026-03-05T00:00:00Z",
        "lastEarnEventDate": march(1).timestamp(),
        "lastEarnEventDateISO": "2026-03-01T00:00:00Z",
        "active": True,
    }


def test_enrolable_are_badges_without_a_current_or_future_enrolment(listed):
    ahead = timezone.now() + timedelta(hours=1)
    BadgeMetaFactory(name="never enrolled", enrolled=True)
    EnrolmentFactory(badge__name="another's", customer_id=OTHER)
    EnrolmentFactory(badge__name="revoked", revoked=True)
    EnrolmentFactory(badge__name="expired", expires_at=PAST)
    EnrolmentFactory(badge__name="enrolled")
    EnrolmentFactory(badge__name="from soon on", event_at=ahead)
    BadgeMetaFactory(name="direct")
    BadgeMetaFactory(name="upcoming", enrolled=True, upcoming=True)
    BadgeMetaFactory(name="over", enrolled=True, expired=True)
    BadgeMetaFactory(name="inactive", enrolled=True, inactive=True)
    BadgeMetaFactory(
        name="enrolments are over",
        enrolled=True,
        enrolment_expiry_kind="FIXED_DATE",
        enrolment_expiry_at=PAST,
    )

    expected = {"never enrolled", "another's", "revoked", "expired"}
    assert names(listed()) == names(listed("badgeType=AVAILABLE_TO_ISSUE")) == expected


def test_available_are_direct_badges_and_enrolled_ones(available):
    BadgeMetaFactory(name="direct")
    EnrolmentFactory(badge__name="enrolled")
    BadgeMetaFactory(name="not enrolled", enrolled=True)
    BadgeMetaFactory(name="inactive", inactive=True)

    assert available() == {"direct", "enrolled"}


def test_earned_are_active_badges_and_expired_are_former_ones(listed):
    EarnedBadgeFactory(badge__name="held")
    both = EarnedBadgeFactory(badge__name="expired and held", expires_at=PAST).badge
    EarnedBadgeFactory(badge=both)
    EarnedBadgeFactory(badge__name="expired", badge__inactive=True, expires_at=PAST)
    again = EarnedBadgeFactory(badge__name="expired, then revoked", expires_at=PAST).badge
    EarnedBadgeFactory(badge=again, revoked=True)
    EarnedBadgeFactory(badge__name="revoked", expires_at=PAST, revoked=True)
    other = EarnedBadgeFactory(badge__name="expired, another's", expires_at=PAST).badge
    EarnedBadgeFactory(badge=other, customer_id=OTHER)
    BadgeMetaFactory(name="never earned", expired=True)

    assert names(listed("badgeType=EARNED")) == {"held", "expired and held"}
    assert names(listed("badgeType=EXPIRED")) == {
        "expired",
        "expired, then revoked",
        "expired, another's",
    }


@pytest.mark.parametrize(
    ("enrolments", "status"),
    [
        ([], None),
        ([{}], "ACTIVE"),
        ([{"customer_id": OTHER}], None),
        ([{"expires_at": PAST}], "EXPIRED"),
        ([{"revoked": True}], "REVOKED"),
        ([{"event_at": datetime(2099, 1, 1, tzinfo=UTC), "enrolled_at": PAST}], "UPCOMING"),
        ([{}, {"expires_at": PAST, "enrolled_at": march(9)}], "ACTIVE"),
        ([{"expires_at": PAST}, {"revoked": True, "enrolled_at": march(9)}], "REVOKED"),
    ],
)
def test_the_status_is_of_the_current_enrolment_or_the_last(listed, enrolments, status):
    badge = EarnedBadgeFactory(badge__enrolled=True).badge
    for enrolment in enrolments:
        EnrolmentFactory(badge=badge, **enrolment)

    assert [item["issueStatus"] for item in listed("badgeType=EARNED")] == [status]


def test_the_name_is_searched_case_insensitively(available):
    BadgeMetaFactory(name="Summer Gold")
    BadgeMetaFactory(name="Winter")

    assert available("name=gold") == {"Summer Gold"}
    assert available("name=%25") == available("name=_") == set()


def test_the_active_parameter_filters_the_list(listed):
    EarnedBadgeFactory(badge__name="on")
    EarnedBadgeFactory(badge__name="off", badge__inactive=True)

    assert names(listed("badgeType=EARNED&action=ACTIVATED")) == {"on"}
    assert names(listed("badgeType=EARNED&action=DEACTIVATED")) == {"off"}
    assert names(listed("badgeType=EARNED&action=DE_ACTIVATED")) == {"off"}


def test_the_status_filters_the_list(listed):
    EarnedBadgeFactory(badge__name="upcoming", badge__upcoming=True)
    EarnedBadgeFactory(badge__name="live", badge__inactive=True)
    EarnedBadgeFactory(badge__name="expired", badge__expired=True)

    for status in ("UPCOMING", "LIVE", "EXPIRED"):
        items = listed(f"badgeType=EARNED&badgeStatus={status}")
        assert [(item["name"], item["badgeStatus"]) for item in items] == [(status.lower(), status)]
    assert names(listed("badgeType=EARNED&badgeStatus=ENDED")) == {"expired"}
    assert names(listed("badgeType=EARNED&badgeStatus=LIVE,EXPIRED")) == {"live", "expired"}


def test_owner_and_claim_filter_the_list(available):
    claims = [Owner("Journeys", "1"), Owner("Journeys", "2")]
    BadgeMetaFactory(name="both", owners=["Loyalty", "Journeys"], claimed=claims)
    BadgeMetaFactory(name="owner", owners=["Journeys"])
    BadgeMetaFactory(name="neither", claimed=True)
    unclaimed = BadgeMetaFactory(name="unclaimed", claimed=claims)
    unclaimed.claims.update(active=False)

    assert available("owner=Journeys") == {"both", "owner"}
    assert available("claimedBy=Journeys") == {"both"}
    assert available("owner=Loyalty&claimedBy=Journeys") == {"both"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("startOn=2025-06-01T00:00:00Z", {"middle", "late"}),
        ("startOn=2025-06-01T00:00:00Z&startOnOperator=GREATER_THAN", {"late"}),
        ("startOn=2025-06-01T00:00:00Z&startOnOperator=LESS_THAN", {"early"}),
        ("startOn=2025-06-01T05:30:00%2B05:30&startOnOperator=LESS_THAN", {"early"}),
        ("startOn=2025-06-01&startOnOperator=LESS_THAN", {"early"}),
        ("expiresOn=2085-01-01T00:00:00Z", {"early", "middle"}),
        ("expiresOn=2085-01-01T00:00:00Z&expiresOnOperator=GREATER_THAN", {"late"}),
        ("expiresOn=2085-01-01T00:00:00Z&expiresOnOperator=LESS_THAN", {"early"}),
        ("expiresOn=2085-01-01T00:00:00Z&endOnOperator=LESS_THAN", {"early"}),
        (
            "expiresOn=2085-01-01T00:00:00Z&endOnOperator=LESS_THAN&expiresOnOperator=GREATER_THAN",
            {"late"},
        ),
        ("startOnOperator=LESS_THAN&endOnOperator=LESS_THAN", {"early", "middle", "late"}),
    ],
)
def test_dates_filter_the_list(available, query, expected):
    for name, year in [("early", 2024), ("middle", 2025), ("late", 2026)]:
        BadgeMetaFactory(
            name=name,
            starts_at=datetime(year, 6 if name == "middle" else 1, 1, tzinfo=UTC),
            expires_at=datetime(year + 60, 1, 1, tzinfo=UTC),
        )

    assert available(query) == expected


def test_a_group_filters_the_list(available):
    group = BadgeGroup.objects.create(name="Gold", rank=1)
    BadgeMetaFactory(name="in", group=group)
    BadgeMetaFactory(name="out")

    assert available(f"groupId={group.pk}") == {"in"}


SORTED = {
    "EXPIRES_ON": "abc",
    "LAST_MODIFIED_DATE": "cab",
    "LAST_ISSUED_DATE": "bca",
    "LAST_EXPIRED_BADGE": "acb",
    "LAST_EARNED_ON_DATE": "bac",
    "LAST_EARNED_EVENT_DATE": "cba",
}


def facts_in_every_order():
    """Create badges a, b and c in a different order for each sort key, and d without facts."""
    for name in "abc":
        place = {sort: expected.index(name) + 1 for sort, expected in SORTED.items()}
        badge = BadgeMetaFactory(
            name=name,
            enrolled=True,
            expires_at=datetime(2090 + place["EXPIRES_ON"], 1, 1, tzinfo=UTC),
        )
        changed_at = march(place["LAST_MODIFIED_DATE"])
        BadgeMeta.objects.filter(pk=badge.pk).update(updated_at=changed_at)
        EnrolmentFactory(badge=badge, enrolled_at=march(place["LAST_ISSUED_DATE"]))
        EarnedBadgeFactory(
            badge=badge,
            earned_at=march(place["LAST_EARNED_ON_DATE"]),
            event_at=march(place["LAST_EARNED_EVENT_DATE"]),
            expires_at=march(10 + place["LAST_EXPIRED_BADGE"]),
        )
        EarnedBadgeFactory(badge=badge, earned_at=march(1), event_at=march(1))
        EarnedBadgeFactory(badge=badge, customer_id=OTHER, earned_at=march(20))
    BadgeMetaFactory(name="d", expires_at=datetime(2090, 1, 1, tzinfo=UTC))
    BadgeMeta.objects.filter(name="d").update(updated_at=LONG_BEFORE)


LONG_BEFORE = datetime(2021, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("sort", SORTED)
def test_a_list_is_sorted_in_both_directions_with_missing_dates_last(listed, sort):
    facts_in_every_order()
    expected = list(SORTED[sort])
    own_column = sort in ("EXPIRES_ON", "LAST_MODIFIED_DATE")

    upwards = in_order(listed(f"badgeType=AVAILABLE&sortOn={sort}&order=ASC"))
    downwards = in_order(listed(f"badgeType=AVAILABLE&sortOn={sort}"))

    assert upwards == (["d", *expected] if own_column else [*expected, "d"])
    assert downwards == [*reversed(expected), "d"]


def test_by_default_the_list_is_sorted_by_end_descending(listed):
    facts_in_every_order()

    assert in_order(listed("badgeType=AVAILABLE&order=DESC")) == ["c", "b", "a", "d"]
    assert in_order(listed("badgeType=AVAILABLE")) == ["c", "b", "a", "d"]


def test_a_page_of_managed_badges_has_its_parameters_and_the_total(api):
    for year in range(5):
        BadgeMetaFactory(name=str(year), expires_at=datetime(2090 + year, 1, 1, tzinfo=UTC))

    data = api.get(f"{MANAGEMENT}{CUSTOMER}?badgeType=AVAILABLE&page=1&size=2").json()["data"]

    assert in_order(data["customerBadges"]) == ["2", "1"]
    assert data["pagination"] == {"page": 1, "size": 2, "total": 5, "totalPages": 3}


def test_the_query_count_of_managed_badges_is_constant(api):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(f"{MANAGEMENT}{CUSTOMER}?badgeType=EARNED&size=100")
        return len(answer.json()["data"]["customerBadges"]), len(queries)

    def give(count):
        for _ in range(count):
            badge = BadgeMetaFactory(enrolled=True, claimed=True)
            EnrolmentFactory(badge=badge)
            EarnedBadgeFactory.create_batch(3, badge=badge)

    give(1)
    first = cost()
    give(20)

    assert (first, cost()) == ((1, 9), (21, 9))


WRONG = {
    "badgeType": ["", "earned", "ALL", "%00"],
    "sortOn": ["", "RANK", "expires_on", "%ED%A0%80"],
    "order": ["", "desc", "UP"],
    "name": ["", "%00", "x" * 256],
    "action": ["", "true", "activated"],
    "badgeStatus": ["", "live", "LIVE,", "LIVE,ALL"],
    "owner": ["", "LOYALTY", "Membercare"],
    "claimedBy": ["", "loyalty", "Membercare"],
    "startOn": ["", "yesterday", "2024-13-01", "1715070653447", "%00", "9" * 400, "NaN", "Infinity",
                "0001-01-01T00:00:00%2B14:00", "99999-01-01T00:00:00Z"],
    "expiresOn": ["", "x", "1e999"],
    "startOnOperator": ["", "EQUALS"],
    "expiresOnOperator": ["", "<"],
    "endOnOperator": ["", "less_than"],
    "groupId": ["", "%00"],
    "page": ["-1", str(10**30)],
    "size": ["0", "101", "%00"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_invalid_parameter_of_managed_badges_is_named(api, name, value):
    answer = api.get(f"{MANAGEMENT}{CUSTOMER}?{name}={value}")

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], [name])


def test_all_invalid_parameters_of_managed_badges_are_reported_together(api):
    answer = api.get(f"{MANAGEMENT}{CUSTOMER}?size=0&order=up&startOn=x&owner=a&owner=b")

    assert codes(answer) == [400] * len(references(answer))
    assert references(answer) == ["owner"]  # repetition is checked before values
    answer = api.get(f"{MANAGEMENT}{CUSTOMER}?size=0&order=up&startOn=x")
    assert set(references(answer)) == {"size", "order", "startOn"}


@pytest.mark.parametrize("customer", ["0", str(2**63), "abc", "%00"])
def test_the_customer_of_managed_badges_is_a_number(api, customer):
    answer = api.get(MANAGEMENT + customer)

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], ["customerId"])


def test_managed_badges_identify_customers_by_number_only(api):
    api.headers["X-CAP-CUSTOMER-IDENTIFIER"] = "mobile"

    assert codes(api.get(MANAGEMENT + "919999999994")) == [1028]


def test_reading_managed_badges_requires_its_permission_and_writes_nothing():
    other = ApiClient(IntegratorFactory(access_groups=[]).client_id)

    assert other.get(f"{MANAGEMENT}{CUSTOMER}").status_code == 403
    assert not RequestLog.objects.exists()
