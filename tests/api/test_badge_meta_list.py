"""GET /badgeMeta: filters, order, pages and counts."""

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from badges.models import Limit, LimitKind, LimitLevel, Owner, RequestLog
from tests.api.conftest import BADGES, codes, references
from tests.factories import (
    BadgeMetaFactory,
    ClaimFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
)

pytestmark = pytest.mark.django_db


def listed(api, **query) -> list[str]:
    """Return the names of the badges in a response."""
    return [badge["name"] for badge in page(api, **query)["metaBasicDetails"]]


def page(api, **query) -> dict:
    answer = api.get(f"{BADGES}?{urlencode(query)}")
    assert answer.status_code == 200
    envelope = answer.json()
    assert (envelope["errors"], envelope["warnings"]) == ([], [])
    return envelope["data"]


def test_an_item_of_the_badge_list_has_exactly_its_fields(api, live_badge):
    live_badge.limits.create(level="BADGE", kind="FIXED_VALUE", max_earns=1)

    (item,) = page(api)["metaBasicDetails"]

    assert item == {
        "id": live_badge.pk,
        "orgId": 1,
        "name": "Welcome",
        "badgeGroupId": None,
        "badgeGroupName": None,
        "badgeRank": None,
        "description": None,
        "startOn": 1577836800.0,
        "startOnISO": "2020-01-01T00:00:00Z",
        "expiresOn": 4102444800.0,
        "expiresOnISO": "2100-01-01T00:00:00Z",
        "status": "LIVE",
        "images": [],
        "tags": [],
        "earnType": "EARN",
        "earnedBadgeExpiry": {"expiryType": "NEVER"},
        "ownership": {
            "restrictedToOwners": ["Loyalty"],
            "claims": [{"ownerType": "Loyalty", "referenceId": "123694", "isActive": True}],
        },
        "issuedCount": 0,
        "earnedCount": 0,
        "createdOn": live_badge.created_at.timestamp(),
        "createdOnISO": live_badge.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": None,
        "lastUpdatedOn": live_badge.updated_at.timestamp(),
        "lastUpdatedOnISO": live_badge.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lastUpdatedBy": None,
        "customFields": {},
        "active": True,
    }


def test_the_badge_list_without_badges_is_an_empty_page(api):
    assert page(api) == {
        "metaBasicDetails": [],
        "pagination": {"page": 0, "size": 10, "total": 0, "totalPages": 0},
    }


class TestFilters:
    @pytest.fixture(autouse=True)
    def badges(self):
        BadgeMetaFactory(name="plain", claimed=[Owner("Loyalty", "1"), Owner("Loyalty", "2")])
        BadgeMetaFactory(name="enrolled", enrolled=True, owners=["Loyalty", "Journeys"])
        BadgeMetaFactory(name="upcoming", upcoming=True, claimed=[Owner("Journeys", "1")])
        unclaimed = BadgeMetaFactory(name="expired", expired=True, inactive=True)
        ClaimFactory(badge=unclaimed, active=False)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, {"plain", "enrolled", "upcoming", "expired"}),
            ({"status": "LIVE"}, {"plain", "enrolled"}),
            ({"status": "UPCOMING"}, {"upcoming"}),
            ({"status": "EXPIRED"}, {"expired"}),
            ({"status": "ENDED"}, {"expired"}),
            ({"status": "ENDED,UPCOMING,EXPIRED"}, {"expired", "upcoming"}),
            ({"earnType": "EARN"}, {"plain", "upcoming", "expired"}),
            ({"earnType": "ISSUE_EARN"}, {"enrolled"}),
            ({"badgeType": "ISSUE_EARN"}, {"enrolled"}),
            ({"badgeType": "ISSUE_EARN", "earnType": "EARN"}, {"plain", "upcoming", "expired"}),
            ({"action": "ACTIVATED"}, {"plain", "enrolled", "upcoming"}),
            ({"action": "DE_ACTIVATED"}, {"expired"}),
            ({"action": "DEACTIVATED"}, {"expired"}),
            ({"owner": "Journeys"}, {"enrolled"}),
            ({"owner": "Milestones"}, set()),
            ({"claimedBy": "Loyalty"}, {"plain"}),
            ({"claimedBy": "Journeys"}, {"upcoming"}),
            ({"claimedBy": "Loyalty", "unclaimed": "true"}, set()),
            ({"unclaimed": "true"}, {"enrolled", "expired"}),
            ({"unclaimed": "false"}, {"plain", "enrolled", "upcoming", "expired"}),
            ({"name": "PI"}, {"expired"}),
            ({"name": "%"}, set()),
            ({"startOn": "2020-01-01T00:00:01Z"}, {"upcoming"}),
            ({"startOn": "2020-01-01T00:00:00Z"}, {"plain", "enrolled", "upcoming", "expired"}),
            ({"startOn": "2099-01-01T05:30:00+05:30"}, {"upcoming"}),
            ({"startOn": "4070908800"}, {"upcoming"}),
            ({"expiresOn": "2021-01-01T00:00:00Z"}, {"expired"}),
            ({"expiresOn": "2020-12-31"}, set()),
            (
                {"status": "LIVE,EXPIRED", "owner": "Loyalty", "action": "ACTIVATED", "name": "l"},
                {"plain", "enrolled"},
            ),
        ],
    )
    def test_filters_of_the_badge_list_return_only_matching_badges(self, api, query, names):
        found = listed(api, **query)

        assert set(found) == names
        assert len(found) == len(names)
        assert page(api, **query)["pagination"]["total"] == len(names)


class TestOrder:
    @pytest.fixture(autouse=True)
    def badges(self):
        for pk, name, year in [
            ("a" * 24, "one", 2023),
            ("b" * 24, "two", 2021),
            ("c" * 24, "3", 2022),
        ]:
            BadgeMetaFactory(pk=pk, name=name, starts_at=datetime(year, 1, 1, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({}, ["one", "two", "3"]),
            ({"sortOn": "ID"}, ["one", "two", "3"]),
            ({"order": "DESC"}, ["3", "two", "one"]),
            ({"sortOn": "NAME"}, ["3", "one", "two"]),
            ({"sortOn": "NAME", "order": "DESC"}, ["two", "one", "3"]),
            ({"sortOn": "START_DATE"}, ["two", "3", "one"]),
            ({"sortOn": "START_DATE", "order": "ASC"}, ["two", "3", "one"]),
        ],
    )
    def test_the_order_of_the_badge_list_is_the_requested_one(self, api, query, names):
        assert listed(api, **query) == names

    @pytest.mark.parametrize(
        ("query", "names", "pagination"),
        [
            ({"size": 2}, ["one", "two"], (0, 2, 2)),
            ({"size": 2, "page": 1}, ["3"], (1, 2, 2)),
            ({"size": 2, "page": 2}, [], (2, 2, 2)),
            ({"size": 3}, ["one", "two", "3"], (0, 3, 1)),
            ({"limit": 1}, ["one"], (0, 1, 3)),
            ({"limit": 1, "size": 2}, ["one", "two"], (0, 2, 2)),
            ({"size": 100, "page": 10**6}, [], (10**6, 100, 1)),
        ],
    )
    def test_pages_of_the_badge_list_are_numbered_from_0(self, api, query, names, pagination):
        number, size, pages = pagination

        assert listed(api, **query) == names
        assert page(api, **query)["pagination"] == {
            "page": number,
            "size": size,
            "total": 3,
            "totalPages": pages,
        }


def test_the_badge_list_counts_active_rows(api):
    enrolled, plain = BadgeMetaFactory(enrolled=True), BadgeMetaFactory()
    enrolment = EnrolmentFactory(badge=enrolled)
    EnrolmentFactory(badge=enrolled, customer_id=2, revoked=True)
    EarnedBadgeFactory(badge=enrolled, enrolment=enrolment)
    for customer_id in (1, 2, 3):
        EarnedBadgeFactory(badge=plain, customer_id=customer_id)
    EarnedBadgeFactory(badge=plain, revoked=True)

    counts = {
        item["id"]: (item["issuedCount"], item["earnedCount"])
        for item in page(api)["metaBasicDetails"]
    }

    assert counts == {enrolled.pk: (1, 1), plain.pk: (0, 3)}


def test_the_query_count_of_the_badge_list_is_constant(api, django_assert_num_queries):
    limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    for _badge in range(30):
        EarnedBadgeFactory(badge=BadgeMetaFactory(claimed=True, limits=[limit]))

    # The integrator, the total, the page, its five parts, and the two counts.
    for size in (2, 30):
        with django_assert_num_queries(10):
            assert len(listed(api, size=size)) == size


@pytest.mark.parametrize(
    ("query", "reference"),
    [
        ("page=-1", "page"),
        ("page=1000001", "page"),
        ("page=1.0", "page"),
        ("page=x", "page"),
        ("page=", "page"),
        ("page=%D9%A3", "page"),
        (f"page={10**18}", "page"),
        (f"page={10**40}", "page"),
        ("page=1&page=2", "page"),
        ("size=0", "size"),
        ("size=101", "size"),
        ("size=-5", "size"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("status=live", "status"),
        ("status=LIVE,,UPCOMING", "status"),
        ("status=", "status"),
        ("status=LIVE&status=UPCOMING", "status"),
        ("earnType=Earn", "earnType"),
        ("badgeType=x", "badgeType"),
        ("action=ON", "action"),
        ("owner=LOYALTY", "owner"),
        ("owner=Membercare", "owner"),
        ("claimedBy=x", "claimedBy"),
        ("unclaimed=1", "unclaimed"),
        ("unclaimed=TRUE", "unclaimed"),
        ("name=", "name"),
        ("name=%00", "name"),
        (f"name={'x' * 256}", "name"),
        ("startOn=yesterday", "startOn"),
        ("startOn=2026-13-01", "startOn"),
        ("startOn=1715070653447", "startOn"),
        ("startOn=0001-01-01T00:00:00%2B14:00", "startOn"),
        ("startOn=%00", "startOn"),
        (f"expiresOn={'9' * 400}", "expiresOn"),
        ("sortOn=name", "sortOn"),
        ("order=UP", "order"),
    ],
)
def test_an_invalid_parameter_of_the_badge_list_is_named(api, live_badge, query, reference):
    answer = api.get(f"{BADGES}?{query}")

    assert answer.status_code == 400
    assert set(zip(codes(answer), references(answer), strict=True)) == {(400, reference)}
    assert not RequestLog.objects.exists()


def test_the_refusal_of_an_unknown_value_lists_the_allowed_ones(api):
    answer = api.get(f"{BADGES}?sortOn=RANK")

    assert answer.json()["errors"][0]["message"] == "Must be one of: ID, NAME, START_DATE."


def test_all_invalid_parameters_are_reported_together(api):
    answer = api.get(f"{BADGES}?page=x&size=0&order=UP")

    assert set(references(answer)) == {"page", "size", "order"}


@pytest.mark.parametrize("query", ["name=%ED%A0%80", "name=%F0%9F%8F%85", "name=%5C", "other=%00"])
def test_unusual_texts_find_no_badge(api, query):
    assert api.get(f"{BADGES}?{query}").status_code == 200
