"""GET /customer/{customerId}: the badges that a customer can earn or has earned."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import (
    BadgeGroup,
    BadgeImage,
    CustomField,
    CustomValue,
    Limit,
    LimitKind,
    LimitLevel,
    RequestLog,
)
from tests.api.conftest import ApiClient, codes, references
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
)

pytestmark = pytest.mark.django_db

CUSTOMERS = "/api_gateway/v1/badges/customer/"
OTHER = CUSTOMER + 1
PAST = datetime(2026, 3, 2, tzinfo=UTC)


def march(day):
    return datetime(2026, 3, day, tzinfo=UTC)


@pytest.fixture
def listed(api):
    """Return a function that requests the badges of CUSTOMER and returns the items."""

    def ask(query="", customer=CUSTOMER):
        answer = api.get(f"{CUSTOMERS}{customer}?{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()["data"]["badges"]

    return ask


def names(items):
    """Return the names as a set, because badges of the same second have no defined order."""
    return {item["name"] for item in items}


def in_order(items):
    return [item["name"] for item in items]


def test_an_item_has_the_fields_and_spellings_of_the_contract(listed):
    badge = BadgeMetaFactory(
        name="Welcome",
        rank=3,
        tags=[{"name": "tier", "value": "gold"}],
        benefits=[{"benefitType": "COUPON", "seriesId": 1}],
        limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 7)],
        claimed=True,
    )
    BadgeImage.objects.create(badge=badge, tag="EARNED", name="Issued", url="https://x.test/1.png")
    color = CustomField.objects.create(name="color", data_type="STRING")
    gone = CustomField.objects.create(name="gone", data_type="STRING", active=False)
    CustomValue.objects.create(badge=badge, field=color, value="red")
    CustomValue.objects.create(badge=badge, field=gone, value="unseen")
    earned = EarnedBadgeFactory(badge=badge, event_at=march(1), earned_at=march(5))

    (item,) = listed()

    assert item == {
        "badgeMetaId": badge.pk,
        "orgId": settings.ORG_ID,
        "name": "Welcome",
        "description": None,
        "startOn": badge.starts_at.timestamp(),
        "startOnISO": "2020-01-01T00:00:00Z",
        "expiresOn": badge.expires_at.timestamp(),
        "expiresOnISO": "2100-01-01T00:00:00Z",
        "images": [
            {
                "name": "Issued",
                "fileSvcHandle": item["images"][0]["fileSvcHandle"],
                "url": "https://x.test/1.png",
                "tag": "EARNED",
            }
        ],
        "tags": [{"name": "tier", "value": "gold"}],
        "badgeGroupId": None,
        "badgeGroupName": None,
        "badgeRank": 3,
        "ownership": {
            "restrictedToOwners": ["Loyalty"],
            "claims": [
                {
                    "ownerType": "Loyalty",
                    "referenceId": LOYALTY.reference_id,
                    "isActive": True,
                }
            ],
        },
        "earnType": "EARN",
        "benefits": [{"benefitType": "COUPON", "seriesId": 1}],
        "customerConstraints": [
            {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 7}
        ],
        "badgeConstraints": [],
        "earnedBadgeId": earned.pk,
        "earnedCount": 1,
        "lastEarnedOnDate": march(5).timestamp(),
        "lastEarnedOnDateISO": "2026-03-05T00:00:00Z",
        "lastEarnEventDate": march(1).timestamp(),
        "lastEarnEventDateISO": "2026-03-01T00:00:00Z",
        "customFields": {"color": "red"},
        "active": True,
    }


def test_a_badge_that_was_never_earned_has_no_count_and_no_dates(listed):
    badge = BadgeMetaFactory(claimed=True)
    badge.claims.update(active=False)
    EarnedBadgeFactory(badge=badge, customer_id=OTHER)
    EarnedBadgeFactory(badge=badge, revoked=True)

    (item,) = listed()

    assert item["ownership"]["claims"] == []
    earned = {name: value for name, value in item.items() if "arned" in name or "lastEarn" in name}
    assert earned == {
        "earnedBadgeId": None,
        "earnedCount": None,
        "lastEarnedOnDate": None,
        "lastEarnedOnDateISO": None,
        "lastEarnEventDate": None,
        "lastEarnEventDateISO": None,
    }


def test_available_are_live_badges_without_enrolment_or_with_one_that_covers_now(listed):
    ahead = timezone.now() + timedelta(hours=1)
    BadgeMetaFactory(name="direct")
    EnrolmentFactory(badge__name="enrolled")
    BadgeMetaFactory(name="upcoming", upcoming=True)
    BadgeMetaFactory(name="expired", expired=True)
    BadgeMetaFactory(name="inactive", inactive=True)
    BadgeMetaFactory(name="not enrolled", enrolled=True)
    EnrolmentFactory(badge__name="another's enrolment", customer_id=OTHER)
    EnrolmentFactory(badge__name="enrolment revoked", revoked=True)
    EnrolmentFactory(badge__name="enrolment expired", expires_at=PAST)
    EnrolmentFactory(badge__name="enrolment ahead", event_at=ahead)

    assert names(listed()) == names(listed("badgeType=AVAILABLE")) == {"direct", "enrolled"}


def earned_in_every_way():
    EarnedBadgeFactory(badge__name="held", badge__inactive=True, badge__expired=True)
    both = EarnedBadgeFactory(badge__name="expired and held", expires_at=PAST).badge
    EarnedBadgeFactory(badge=both)
    EarnedBadgeFactory(badge__name="expired", expires_at=PAST)
    EarnedBadgeFactory(badge__name="revoked", revoked=True)
    EarnedBadgeFactory(badge__name="another's", customer_id=OTHER)
    BadgeMetaFactory(name="never earned")


def test_earned_are_active_badges_of_the_customer(listed):
    earned_in_every_way()

    assert names(listed("badgeType=EARNED")) == {"held", "expired and held"}
    assert names(listed("badgeType=EARNED&includeExpired=false")) == {"held", "expired and held"}


def test_earned_with_expired_ones_excludes_revoked_ones(listed):
    earned_in_every_way()

    items = listed("badgeType=EARNED&includeExpired=true")

    assert names(items) == {"held", "expired and held", "expired"}
    assert [item["name"] for item in items if item["earnedBadgeId"] is None] == ["expired"]


def test_a_count_excludes_revoked_ones_and_the_id_is_of_the_latest_active(listed):
    first = EarnedBadgeFactory(earned_at=march(4), event_at=march(9))
    latest = EarnedBadgeFactory(badge=first.badge, earned_at=march(6), event_at=march(2))
    EarnedBadgeFactory(badge=first.badge, earned_at=march(7), expires_at=march(8))
    EarnedBadgeFactory(badge=first.badge, earned_at=march(10), event_at=march(10), revoked=True)
    EarnedBadgeFactory(badge=first.badge, earned_at=march(11), customer_id=OTHER)

    (item,) = listed("badgeType=EARNED")

    assert item["earnedBadgeId"] == latest.pk
    assert item["earnedCount"] == 3
    assert item["lastEarnedOnDateISO"] == "2026-03-07T00:00:00Z"
    assert item["lastEarnEventDateISO"] == "2026-03-09T00:00:00Z"


def test_a_group_filters_the_list_until_it_is_disabled(listed):
    group = BadgeGroup.objects.create(name="Gold", rank=1)
    other = BadgeGroup.objects.create(name="Silver", rank=2)
    BadgeMetaFactory(name="in", group=group)
    BadgeMetaFactory(name="in another", group=other)
    BadgeMetaFactory(name="in none")

    (item,) = listed(f"groupId={group.pk}")
    assert (item["badgeGroupId"], item["badgeGroupName"]) == (group.pk, "Gold")
    assert listed("groupId=unknown") == []

    group.active = False
    group.save()
    assert listed(f"groupId={group.pk}") == []
    assert {item["name"]: item["badgeGroupName"] for item in listed()} == {
        "in": None,
        "in another": "Silver",
        "in none": None,
    }


def test_rank_sorts_by_group_then_rank_then_end(listed):
    groups = {
        name: BadgeGroup.objects.create(name=name, rank=rank, active=active)
        for name, rank, active in [("A", 2, True), ("B", 1, True), ("C", 1, True), ("D", 0, False)]
    }
    soon, late = datetime(2090, 1, 1, tzinfo=UTC), datetime(2095, 1, 1, tzinfo=UTC)
    for name, group, rank, ends in [
        ("ungrouped, ends soon", None, None, soon),
        ("ungrouped, ends late", None, None, late),
        ("group disabled, rank 1", "D", 1, soon),
        ("ungrouped, rank 2", None, 2, soon),
        ("A, rank 5", "A", 5, soon),
        ("B, ends late", "B", None, late),
        ("B, ends soon", "B", None, soon),
        ("C, rank 1", "C", 1, soon),
        ("B, rank 9", "B", 9, soon),
        ("B, rank 2", "B", 2, soon),
    ]:
        BadgeMetaFactory(name=name, group=groups.get(group), rank=rank, expires_at=ends)

    assert in_order(listed("sortOn=RANK")) == [
        "B, rank 2",
        "B, rank 9",
        "B, ends late",
        "B, ends soon",
        "C, rank 1",
        "A, rank 5",
        "group disabled, rank 1",
        "ungrouped, rank 2",
        "ungrouped, ends late",
        "ungrouped, ends soon",
    ]


def test_the_first_page_of_available_badges_begins_with_enrolments_and_then_the_newest(listed):
    for number in (2, 1, 3):
        BadgeMetaFactory(name=f"direct {number}")
    for number in (1, 3, 2):
        badge = BadgeMetaFactory(name=f"enrolled {number}", enrolled=True)
        EnrolmentFactory(badge=badge, enrolled_at=march(10 + number))

    assert in_order(listed()) == [
        "enrolled 3",
        "enrolled 2",
        "enrolled 1",
        "direct 3",
        "direct 1",
        "direct 2",
    ]


@pytest.mark.parametrize("query", ["badgeType=EARNED", "badgeType=EARNED&includeExpired=true"])
def test_the_first_page_of_earned_badges_begins_with_the_last_earned(listed, query):
    for day in (2, 12, *range(3, 12)):
        EarnedBadgeFactory(badge__name=str(day), earned_at=march(day), event_at=march(1))

    assert in_order(listed(query)) == [str(day) for day in range(12, 2, -1)]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("LAST_EARNED_ON_DATE", ["b", "a", "never"]),
        ("LAST_EARNED_EVENT_DATE", ["a", "b", "never"]),
    ],
)
def test_the_last_earned_comes_first_and_the_never_earned_last(listed, sort, expected):
    BadgeMetaFactory(name="never")
    EarnedBadgeFactory(badge__name="a", earned_at=march(3), event_at=march(2))
    b = EarnedBadgeFactory(badge__name="b", earned_at=march(4), event_at=march(1)).badge
    EarnedBadgeFactory(badge=b, earned_at=march(9), event_at=march(9), revoked=True)

    assert in_order(listed(f"sortOn={sort}")) == expected


def test_a_page_of_customer_badges_has_its_parameters_and_the_total(api):
    for rank, name in enumerate("abcde"):
        BadgeMetaFactory(name=name, rank=rank)

    def page(query):
        data = api.get(f"{CUSTOMERS}{CUSTOMER}?sortOn=RANK&{query}").json()["data"]
        return in_order(data["badges"]), data["pagination"]

    whole = {"page": 0, "size": 10, "total": 5, "totalPages": 1}
    assert page("") == (list("abcde"), whole)
    assert page("limit=2") == (["a", "b"], {"page": 0, "size": 2, "total": 5, "totalPages": 3})
    second = {"page": 1, "size": 2, "total": 5, "totalPages": 3}
    assert page("size=2&page=1") == (["c", "d"], second)
    assert page("limit=2&page=9")[0] == []


def test_the_query_count_of_customer_badges_is_constant(api):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            answer = api.get(f"{CUSTOMERS}{CUSTOMER}?badgeType=EARNED&size=100")
        return len(answer.json()["data"]["badges"]), len(queries)

    def give(count):
        group = BadgeGroup.objects.create(name=f"Group {count}", rank=1)
        field = CustomField.objects.create(name=f"Field {count}", data_type="STRING")
        for _ in range(count):
            badge = BadgeMetaFactory(group=group, claimed=True)
            CustomValue.objects.create(badge=badge, field=field, value="x")
            EarnedBadgeFactory.create_batch(3, badge=badge)
            EarnedBadgeFactory(badge=badge, customer_id=OTHER)

    give(1)
    first = cost()
    give(20)

    assert first == (1, 8)  # the integrator, the count, the page and its five parts
    assert cost() == (21, 8)


WRONG = {
    "badgeType": ["", "available", "EXPIRED", "%00", "A" * 5000],
    "includeExpired": ["", "1", "True", "yes", "null"],
    "sortOn": ["", "rank", "EXPIRES_ON", "%ED%A0%80"],
    "limit": ["", "0", "-1", "101", "1.5", "ten", "1" * 30, "%D9%A3", "%20" + "5", "1_0"],
    "size": ["0", "101", "1e1", "1" * 5000],
    "page": ["-1", "x", "1000001", "1" * 30],
    "groupId": ["", "%00", "x" * 101],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_an_invalid_parameter_of_customer_badges_is_named(api, name, value):
    answer = api.get(f"{CUSTOMERS}{CUSTOMER}?{name}={value}")

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], [name])


def test_the_refusal_of_an_unknown_value_lists_the_allowed_ones(api):
    answer = api.get(f"{CUSTOMERS}{CUSTOMER}?badgeType=ALL")

    assert "AVAILABLE, EARNED" in answer.json()["errors"][0]["message"]


def test_unknown_parameters_of_customer_badges_are_ignored(listed):
    BadgeMetaFactory(name="a")

    assert names(listed("%00=1&lastEarnedOnDate=x&%ED%A0%80=2&groupid=1")) == {"a"}
    assert listed("groupId=%ED%A0%80") == []


@pytest.mark.parametrize(
    "customer",
    ["0", "-1", "9223372036854775808", str(10**30), "1.0", "abc", "a@b.test", "%D9%A3", "%00",
     "1%0A", "%ED%A0%80", "%201", "+1", "1" * 5000],
)  # fmt: skip
def test_the_customer_of_customer_badges_is_a_number(api, customer):
    answer = api.get(f"{CUSTOMERS}{customer}")

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], ["customerId"])


def test_any_number_is_a_customer(listed):
    EarnedBadgeFactory(customer_id=2**63 - 1)

    assert len(listed("badgeType=EARNED", customer=2**63 - 1)) == 1
    assert listed("badgeType=EARNED", customer=1) == []


@pytest.mark.parametrize("kind", ["email", "mobile", "externalId", "cardNumber", "unknown"])
def test_customer_badges_identify_customers_by_number_only(api, kind):
    api.headers["X-CAP-CUSTOMER-IDENTIFIER"] = kind

    answer = api.get(f"{CUSTOMERS}a@b.test")

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([1028], [None])


def test_reading_customer_badges_requires_its_permission_and_writes_nothing(api):
    other = ApiClient(IntegratorFactory(access_groups=[]).client_id)

    assert other.get(f"{CUSTOMERS}{CUSTOMER}").status_code == 403
    assert api.get(f"{CUSTOMERS}x").status_code == 400
    assert api.post(f"{CUSTOMERS}{CUSTOMER}", {}).status_code == 405
    assert not RequestLog.objects.exists()
