"""Fixed windows in the API: definitions, edits while they run, and their cycles."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from badges.models import EarnTally, Limit, LimitKind, LimitLevel, RequestLog, Unit
from badges.models.values import start_of_day
from badges.services.catalogue.windows import reference_id
from tests.api.conftest import BADGES, TRIGGER, codes, references
from tests.factories import CUSTOMER, BadgeMetaFactory, EarnedBadgeFactory

pytestmark = pytest.mark.django_db

DETAILS = f"{BADGES}/getFixedWindowDetails"
FIVE_DAYS = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 2, Unit.DAYS, 5)
MONTH = Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 9, Unit.MONTHS, 1)
STARTS_AT = datetime(2026, 4, 15, 8, 32, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 5, 7, 10, tzinfo=UTC)
UNKNOWN_ID = "0" * 24
DAY = timedelta(days=1)


def epoch(*parts) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.fixture
def badge():
    """Return a badge with two limits: two per customer in five days, nine per month over all.

    The badge is live from 15 April to 7 May 2026.
    """
    return BadgeMetaFactory(
        starts_at=STARTS_AT, expires_at=EXPIRES_AT, limits=[MONTH, FIVE_DAYS], claimed=True
    )


def details(api, badge, **query) -> dict:
    answer = api.get(f"{DETAILS}?{urlencode({'badgeMetaId': badge.pk, **query})}")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def days(data) -> list[tuple[str, str]]:
    """Return the first and last days of the cycles in a response, without the year."""
    return [
        (cycle["startDateISO"][5:10], cycle["endDateISO"][5:10])
        for cycle in data["fixedWindowCycles"]
    ]


BLOCKS = [
    ("04-15", "04-19"),
    ("04-20", "04-24"),
    ("04-25", "04-29"),
    ("04-30", "05-04"),
    ("05-05", "05-07"),
]
MONTHS = [("04-15", "04-30"), ("05-01", "05-07")]


class TestCycles:
    def test_cycles_are_returned_with_all_their_fields(self, api, badge):
        data = details(api, badge, constraintType="CUSTOMER", size=1)

        assert data == {
            "badgeMetaId": badge.pk,
            "orgId": 1,
            "startDate": STARTS_AT.timestamp(),
            "startDateISO": "2026-04-15T08:32:00Z",
            "endDate": EXPIRES_AT.timestamp(),
            "endDateISO": "2026-05-07T10:00:00Z",
            "fixedWindowCycles": [
                {
                    "fixedWindowCycleReferenceId": str(reference_id(FIVE_DAYS)),
                    "startDate": epoch(2026, 4, 15),
                    "startDateISO": "2026-04-15T00:00:00Z",
                    "endDate": epoch(2026, 4, 19),
                    "endDateISO": "2026-04-19T00:00:00Z",
                    "constraintType": "CUSTOMER_BADGE_FIXED_WINDOW",
                }
            ],
            "pagination": {"page": 0, "size": 1, "total": 5, "totalPages": 5},
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, BLOCKS + MONTHS),
            ({"constraintType": "ALL"}, BLOCKS + MONTHS),
            ({"constraintType": "CUSTOMER"}, BLOCKS),
            ({"constraintType": "BADGE"}, MONTHS),
            ({"size": 3, "page": 1}, [BLOCKS[3], BLOCKS[4], MONTHS[0]]),
            ({"size": 3, "page": 2}, [MONTHS[1]]),
            ({"size": 3, "page": 1_000_000}, []),
            ({"fixedWindowCycleReferenceId": reference_id(MONTH)}, MONTHS),
            ({"fixedWindowCycleReferenceId": reference_id(FIVE_DAYS)}, BLOCKS),
            ({"fixedWindowCycleReferenceId": UNKNOWN_ID + UNKNOWN_ID[:8]}, []),
            (
                {"fixedWindowCycleReferenceId": reference_id(MONTH), "constraintType": "CUSTOMER"},
                [],
            ),
            (
                {"startDate": "2026-04-24T23:59:59Z", "endDate": "2026-05-01"},
                [*BLOCKS[1:4], *MONTHS],
            ),
            ({"startDate": epoch(2026, 5, 6)}, [BLOCKS[4], MONTHS[1]]),
            ({"endDate": "2026-04-15T00:00:00Z"}, [BLOCKS[0], MONTHS[0]]),
            ({"startDate": "2026-05-07T23:59:59Z"}, [BLOCKS[4], MONTHS[1]]),
            ({"startDate": "2026-05-08T00:00:00Z"}, []),
            ({"startDate": "0001-01-01", "endDate": "9999-12-31"}, BLOCKS + MONTHS),
        ],
    )
    def test_cycles_are_the_requested_ones(self, api, badge, query, expected):
        assert days(details(api, badge, **query)) == expected

    def test_cycles_show_the_requested_period(self, api, badge):
        data = details(api, badge, startDate="2026-04-20T00:00:00+05:30", endDate=1777000000.5)

        assert data["startDateISO"] == "2026-04-19T18:30:00Z"
        assert data["endDate"] == 1777000000.5

    def test_cycles_of_a_badge_without_fixed_windows_are_none(self, api, live_badge):
        data = details(api, live_badge)

        assert data["fixedWindowCycles"] == []
        assert data["pagination"] == {"page": 0, "size": 10, "total": 0, "totalPages": 0}

    def test_daily_cycles_of_a_century_are_computed_lazily(
        self, api, django_assert_max_num_queries
    ):
        badge = BadgeMetaFactory(
            starts_at=datetime(1930, 1, 1, tzinfo=UTC),
            expires_at=datetime(2030, 1, 1, tzinfo=UTC),
            limits=[replace(FIVE_DAYS, length=1)],
        )
        with django_assert_max_num_queries(10):
            data = details(
                api, badge, size=100, page=365, includeEarnCount="true", customerId=CUSTOMER
            )

        assert data["pagination"] == {"page": 365, "size": 100, "total": 36525, "totalPages": 366}
        assert days(data)[0] == ("12-07", "12-07")
        assert len(data["fixedWindowCycles"]) == 25


class TestCounts:
    @pytest.fixture(autouse=True)
    def earned(self, badge):
        """Give two badges in the second block, one in the last, and one to another customer."""
        for day, customer_id in [(20, CUSTOMER), (24, CUSTOMER), (21, 7)]:
            self.give(badge, datetime(2026, 4, day, 23, 59, 59, tzinfo=UTC), customer_id)
        self.give(badge, datetime(2026, 5, 7, 9, tzinfo=UTC), CUSTOMER)
        EarnedBadgeFactory(badge=badge, event_at=STARTS_AT, revoked=True)

    @staticmethod
    def give(badge, event_at, customer_id):
        EarnedBadgeFactory(badge=badge, event_at=event_at, customer_id=customer_id)
        tally, _new = EarnTally.objects.get_or_create(badge=badge, day=event_at.date())
        tally.by_event_day += 1
        tally.save()

    def test_counts_of_cycles_are_by_event_date_per_customer_and_in_total(self, api, badge):
        data = details(api, badge, includeEarnCount="true", customerId=CUSTOMER)

        assert data["customerId"] == CUSTOMER
        assert [cycle["earnCount"] for cycle in data["fixedWindowCycles"]] == [0, 2, 0, 0, 1, 3, 1]

    def test_counts_of_cycles_of_all_customers_need_no_customer(self, api, badge):
        data = details(api, badge, includeEarnCount="true", constraintType="BADGE")

        assert "customerId" not in data
        assert [cycle["earnCount"] for cycle in data["fixedWindowCycles"]] == [3, 1]

    def test_counts_of_cycles_are_omitted_by_default(self, api, badge):
        data = details(api, badge, customerId=CUSTOMER)

        assert "customerId" not in data
        assert not any("earnCount" in cycle for cycle in data["fixedWindowCycles"])

    def test_counts_of_cycles_take_one_query_per_level(self, api, badge, django_assert_num_queries):
        for size in (2, 7):
            with django_assert_num_queries(7 if size == 7 else 6):
                details(api, badge, includeEarnCount="true", customerId=CUSTOMER, size=size)


def test_counts_of_cycles_agree_with_the_limits(api, earn_body):
    now = timezone.now()
    badge = BadgeMetaFactory(
        claimed=True, starts_at=now - 3 * DAY, expires_at=now + 3 * DAY, limits=[FIVE_DAYS, MONTH]
    )
    for _earn in range(2):
        assert api.earn(earn_body(badgeMetaId=badge.pk)).status_code == 200
    assert codes(api.earn(earn_body(badgeMetaId=badge.pk))) == [2001]

    data = details(api, badge, includeEarnCount="true", customerId=CUSTOMER)

    counts = {"CUSTOMER_BADGE_FIXED_WINDOW": 0, "BADGE_FIXED_WINDOW": 0}
    for cycle in data["fixedWindowCycles"]:
        counts[cycle["constraintType"]] += cycle["earnCount"]
    assert counts == {"CUSTOMER_BADGE_FIXED_WINDOW": 2, "BADGE_FIXED_WINDOW": 2}


@pytest.mark.parametrize(
    ("query", "code", "reference"),
    [
        ({"badgeMetaId": None}, 715, "badgeMetaId"),
        ({"badgeMetaId": ""}, 715, "badgeMetaId"),
        ({"includeEarnCount": "true"}, 812, "customerId"),
        ({"includeEarnCount": "true", "constraintType": "CUSTOMER"}, 812, "customerId"),
        ({"customerId": ""}, 812, "customerId"),
        ({"customerId": "0"}, 400, "customerId"),
        ({"customerId": "-1"}, 400, "customerId"),
        ({"customerId": 2**63}, 400, "customerId"),
        ({"customerId": "x"}, 400, "customerId"),
        ({"constraintType": "all"}, 400, "constraintType"),
        ({"includeEarnCount": "yes"}, 400, "includeEarnCount"),
        ({"fixedWindowCycleReferenceId": "x"}, 400, "fixedWindowCycleReferenceId"),
        ({"startDate": "soon"}, 400, "startDate"),
        ({"endDate": 1715070653447}, 400, "endDate"),
        ({"startDate": "2026-05-02", "endDate": "2026-05-01"}, 400, "endDate"),
        ({"page": -1}, 400, "page"),
        ({"page": 10**30}, 400, "page"),
        ({"size": 101}, 400, "size"),
        ({"badgeMetaId": "x" * 101}, 400, "badgeMetaId"),
        ({"badgeMetaId": "\0"}, 400, "badgeMetaId"),
    ],
)
def test_an_invalid_parameter_of_fixed_windows_is_refused(api, badge, query, code, reference):
    asked = {"badgeMetaId": badge.pk} | query
    asked = {name: value for name, value in asked.items() if value is not None}

    answer = api.get(f"{DETAILS}?{urlencode(asked)}")

    assert answer.status_code == 400
    assert set(zip(codes(answer), references(answer), strict=True)) == {(code, reference)}


@pytest.mark.parametrize("badge_id", [UNKNOWN_ID, "junk"])
def test_fixed_windows_of_an_unknown_badge_are_not_found(api, badge_id):
    answer = api.get(f"{DETAILS}?badgeMetaId={badge_id}")

    assert (answer.status_code, codes(answer)) == (404, [404])
    assert references(answer) == ["badgeMetaId"]


class TestEditing:
    @pytest.fixture
    def running(self):
        """Return a badge whose current cycle of five days began yesterday."""
        starts_at = start_of_day(timezone.now()) - 6 * DAY
        return BadgeMetaFactory(
            starts_at=starts_at, expires_at=starts_at + 365 * DAY, limits=[FIVE_DAYS], claimed=True
        )

    @staticmethod
    def shape(constraint):
        return constraint["refreshRate"], constraint["cycleStatus"], constraint["maxEarnLimit"]

    def edit(self, api, badge, *constraints):
        body = api.get(f"{BADGES}/{badge.pk}").json()["data"]
        body["customerConstraints"] = list(constraints)
        answer = api.put(BADGES, body)
        assert answer.status_code == 200, answer.content
        return answer.json()["data"]["customerConstraints"]

    def constraints(self, api, badge):
        return api.get(f"{BADGES}/{badge.pk}").json()["data"]["customerConstraints"]

    @staticmethod
    def days(length, most=2):
        return {
            "constraintType": "CUSTOMER_BADGE_FIXED_WINDOW",
            "durationType": "DAYS",
            "refreshRate": length,
            "maxEarnLimit": most,
        }

    def test_editing_fixed_windows_shows_the_running_cycle(self, api, running):
        (constraint,) = self.constraints(api, running)

        begins = running.starts_at + 5 * DAY
        assert self.shape(constraint) == (5, "ACTIVE", 2)
        assert constraint["referenceId"] == str(reference_id(FIVE_DAYS))
        assert constraint["startDate"] == running.starts_at.timestamp()
        assert constraint["endDate"] == (running.starts_at + 364 * DAY).timestamp()
        assert constraint["currentCycle"] == {
            "startDate": begins.timestamp(),
            "startDateISO": begins.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endDate": (begins + 4 * DAY).timestamp(),
            "endDateISO": (begins + 4 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def test_editing_the_length_of_a_fixed_window_applies_after_the_cycle(self, api, running):
        active, upcoming = self.edit(api, running, self.days(3, most=7))

        assert self.shape(active) == (5, "ACTIVE", 2)
        assert self.shape(upcoming) == (3, "UPCOMING", 7)
        handover = running.starts_at + 10 * DAY
        assert active["endDate"] == (handover - DAY).timestamp()
        assert upcoming["startDate"] == handover.timestamp()
        assert "currentCycle" in active
        assert "currentCycle" not in upcoming

    def test_editing_fixed_windows_shows_the_cycles_of_both(self, api, running):
        self.edit(api, running, self.days(3))

        cycles = details(api, running, size=5)["fixedWindowCycles"]

        lengths = [(cycle["endDate"] - cycle["startDate"]) / 86_400 + 1 for cycle in cycles]
        assert lengths == [5, 5, 3, 3, 3]
        assert all(one["endDate"] + 86_400 == two["startDate"] for one, two in pairwise(cycles))

    def test_editing_the_cap_of_a_fixed_window_applies_immediately(self, api, running):
        (constraint,) = self.edit(api, running, self.days(5, most=3))

        assert self.shape(constraint) == (5, "ACTIVE", 3)

    def test_editing_fixed_windows_accepts_both_windows_unchanged(self, api, running):
        before = self.edit(api, running, self.days(3))

        assert self.edit(api, running, *before) == before

    def test_editing_fixed_windows_again_replaces_the_upcoming_one(self, api, running):
        self.edit(api, running, self.days(3))

        after = self.edit(api, running, self.days(4))

        assert [self.shape(each) for each in after] == [(5, "ACTIVE", 2), (4, "UPCOMING", 2)]

    def test_editing_fixed_windows_back_removes_the_upcoming_one(self, api, running):
        active, _upcoming = self.edit(api, running, self.days(3))

        (after,) = self.edit(api, running, active)

        assert self.shape(after) == (5, "ACTIVE", 2)
        assert after["endDate"] == (running.starts_at + 364 * DAY).timestamp()

    def test_editing_fixed_windows_of_an_upcoming_badge_replaces_them(self, api):
        badge = BadgeMetaFactory(upcoming=True, limits=[FIVE_DAYS])

        (after,) = self.edit(api, badge, self.days(3))

        assert self.shape(after) == (3, "UPCOMING", 2)
        assert "currentCycle" not in after

    def test_editing_to_two_new_fixed_windows_of_a_unit_is_refused(self, api, running):
        body = api.get(f"{BADGES}/{running.pk}").json()["data"]
        before = running.snapshot()

        answer = api.put(BADGES, body | {"customerConstraints": [self.days(3), self.days(4)]})

        assert (codes(answer), references(answer)) == ([400], ["customerConstraints"])
        assert running.snapshot() == before

    def test_editing_fixed_windows_applies_to_earns(self, api, earn_body, running):
        self.edit(api, running, self.days(5, most=1))
        earn = {"badgeMetaId": running.pk, "triggeredBy": TRIGGER}

        assert api.earn(earn_body(**earn)).status_code == 200
        assert codes(api.earn(earn_body(**earn))) == [2001]
        assert RequestLog.objects.filter(code=2001).count() == 1
