"""GET /management/{customerId}/badge/{badgeId}: one badge of one customer, with statistics."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import Limit, LimitKind, LimitLevel, Unit, Weekday
from badges.models.values import add_months, start_of_day
from badges.services.catalogue.windows import reference_id
from badges.services.earning.earn import earn_badge
from tests.api.conftest import TRIGGER, ApiClient, codes, references
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LONG_AGO,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    EnrolmentFactory,
    IntegratorFactory,
)

pytestmark = pytest.mark.django_db

OTHER = CUSTOMER + 1
PAST = datetime(2026, 3, 2, tzinfo=UTC)
UNUSED = dict.fromkeys(f"currentEarnCount{unit}" for unit in ("", "Days", "Weeks", "Months"))
EMPTY = dict.fromkeys(
    ["rollType", "rollValue", "rollingWindowLimits", "refreshRate", "durationType",
     "startDayOfTheWeek", "cycleStatus", "maxEarnLimit", "fixedWindowCycle",
     "fixedWindowReferenceId"]
) | {"earnConstraintBlockStatistics": UNUSED}  # fmt: skip


def march(day):
    return datetime(2026, 3, day, tzinfo=UTC)


def path(badge, customer=CUSTOMER, query=""):
    return f"/api_gateway/v1/badges/management/{customer}/badge/{badge}?{query}"


@pytest.fixture
def details(api):
    """Return a function that requests a badge with its statistics."""

    def ask(badge, query="includeStatistics=true"):
        answer = api.get(path(badge.pk, query=query))
        assert answer.status_code == 200, answer.content
        return answer.json()["data"]

    return ask


@pytest.fixture
def give(api_origin):
    """Return a function that gives a badge to customers now, so that the limits count it."""

    def give(badge, *customers):
        for number, customer in enumerate(customers):
            earn_badge(
                origin=api_origin,
                request_id=f"{badge.pk}-{number}",
                customer_id=customer,
                badge_id=badge.pk,
                owner=LOYALTY,
            )

    return give


def both(name, moment):
    """Return a datetime in both formats of the API."""
    return {name: moment.timestamp(), f"{name}ISO": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def test_without_statistics_the_blocks_are_absent(details):
    badge = BadgeMetaFactory(name="Summer", enrolled=True, claimed=True, rank=3)
    EnrolmentFactory(badge=badge)
    earned = EarnedBadgeFactory(badge=badge, event_at=march(1), earned_at=march(5))
    EarnedBadgeFactory(badge=badge, expires_at=PAST)

    assert details(badge, "") == {
        "id": badge.pk,
        "name": "Summer",
        "description": None,
        **both("createdOn", badge.created_at),
        **both("lastUpdatedOn", badge.updated_at),
        **both("startsOn", LONG_AGO),
        **both("expiresOn", FAR_AHEAD),
        "action": "ACTIVATED",
        "badgeType": "ISSUE_EARN",
        "badgeStatus": "LIVE",
        "owner": ["Loyalty"],
        "claimedBy": ["Loyalty"],
        "images": [],
        "tags": [],
        "earnExpiry": {"expiryType": "NEVER"},
        "issueExpiry": {
            "expiryType": "ABSOLUTE",
            "type": "WITH_BADGE_META",
            **both("expiresOn", FAR_AHEAD),
            "expireWithBadgeMeta": True,
        },
        "badgeGroupId": None,
        "badgeGroupName": None,
        "badgeRank": 3,
        "issuedStatus": "ACTIVE",
        "earnedBadgeId": earned.pk,
        "activeEarnedCount": 1,
        **both("lastEarnedOn", march(5)),
        **both("lastEarnedOnDate", march(5)),
        **both("lastEarnEventDate", march(1)),
        "customFields": {},
    }


def test_a_badge_without_any_rows_of_the_customer(details):
    badge = BadgeMetaFactory(inactive=True, claimed=True)
    badge.claims.update(active=False)
    EarnedBadgeFactory(badge=badge, customer_id=OTHER)

    data = details(badge)

    assert (data["action"], data["claimedBy"]) == ("DE_ACTIVATED", [])
    assert (data["issueExpiry"], data["issuedStatus"]) == (None, None)
    assert (data["activeEarnedCount"], data["lastEarnedOn"]) == (0, None)
    assert data["issualDetails"] == {"issuedCount": 0, "issuals": []}
    assert data["earnDetails"] == {"earnCount": 0, "earns": []}
    unlimited = EMPTY | {"constraintType": "NONE"}
    assert data["customerConstraints"] == [unlimited | {"constraintLevel": "CUSTOMER"}]
    assert data["badgeConstraints"] == [unlimited | {"constraintLevel": "BADGE"}]


def test_every_enrolment_is_returned_with_its_status(details):
    badge = BadgeMetaFactory(enrolled=True)
    revoked = EnrolmentFactory(badge=badge, revoked=True, enrolled_at=march(3))
    EnrolmentFactory(badge=badge, expires_at=PAST, enrolled_at=march(4), owner_type="")
    EnrolmentFactory(badge=badge, enrolled_at=march(5))
    EnrolmentFactory(badge=badge, customer_id=OTHER)

    data = details(badge)

    issuals = data["issualDetails"]["issuals"]
    assert data["issualDetails"]["issuedCount"] == 3
    assert [issual["issuedStatus"] for issual in issuals] == ["ACTIVE", "EXPIRED", "REVOKED"]
    assert issuals[2] == {
        "issueId": revoked.pk,
        "issuedStatus": "REVOKED",
        **both("issuedOn", march(3)),
        **both("issueEventDate", march(1)),
        **both("issueExpiresOn", FAR_AHEAD),
        **both("revokedOn", NOW),
        "ownerType": "Loyalty",
        "ownerReferenceId": "123694",
    }


def test_every_issued_badge_is_returned_with_its_status(api, details, enrolled_badge):
    enrolment = EnrolmentFactory(badge=enrolled_badge)
    EarnedBadgeFactory(badge=enrolled_badge, revoked=True, earned_at=march(3))
    EarnedBadgeFactory(badge=enrolled_badge, expires_at=PAST, earned_at=march(4))
    EarnedBadgeFactory(badge=enrolled_badge, customer_id=OTHER)
    ahead = timezone.now() + timedelta(hours=1)
    earn_body = {"badgeMetaId": enrolled_badge.pk, "customerId": CUSTOMER, "requestId": 2132}
    given = api.earn(earn_body | {"earnEventDateISO": ahead.isoformat(), "triggeredBy": TRIGGER})
    given = given.json()["data"]

    data = details(enrolled_badge)

    earns = data["earnDetails"]["earns"]
    assert data["earnDetails"]["earnCount"] == 2
    assert data["activeEarnedCount"] == 1
    assert [earned["earnStatus"] for earned in earns] == ["LIVE", "EXPIRED", "REVOKED"]
    assert earns[2]["revokedOn"] == NOW.timestamp()
    assert earns[0] == {
        "earnedBadgeId": given["earnedBadgeId"],
        "earnStatus": "LIVE",
        "earnedOn": earns[0]["earnedOn"],
        "earnedOnISO": data["lastEarnedOnISO"],
        **both("earnEventDate", ahead),
        "earnExpiresOn": given["expiresOn"],
        "earnExpiresOnISO": given["expiresOnISO"],
        "revokedOn": None,
        "revokedOnISO": None,
        "issuedId": enrolment.pk,
        "ownerType": "Loyalty",
        "ownerReferenceId": "123694",
        "requestId": "2132",
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [2, 1]),
        ("&sortOn=LAST_EARNED_ON_DATE", [2, 1]),
        ("&sortOn=LAST_EARNED_EVENT_DATE", [1, 2]),
    ],
)
def test_the_last_issued_badge_comes_first(details, query, expected):
    badge = BadgeMetaFactory()
    facts = {
        EarnedBadgeFactory(badge=badge, earned_at=march(3), event_at=march(2)).pk: 1,
        EarnedBadgeFactory(badge=badge, earned_at=march(4), event_at=march(1)).pk: 2,
    }

    earns = details(badge, f"includeStatistics=true{query}")["earnDetails"]["earns"]

    assert [facts[earned["earnedBadgeId"]] for earned in earns] == expected


def test_totals_and_rolling_windows_report_their_usage(details, give):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 9),
            Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 8, Unit.DAYS, 2),
            Limit(LimitLevel.CUSTOMER, LimitKind.ROLLING_WINDOW, 7, Unit.MONTHS, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 99),
            Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 88, Unit.WEEKS, 3),
        ],
    )
    give(badge, CUSTOMER, CUSTOMER, OTHER)
    old = timezone.now() - timedelta(days=5)
    EarnedBadgeFactory(badge=badge, earned_at=old, event_at=old)
    EarnedBadgeFactory(badge=badge, revoked=True)

    data = details(badge)

    of_customer, of_badge = (EMPTY | {"constraintLevel": level} for level in ("CUSTOMER", "BADGE"))
    assert data["customerConstraints"] == [
        of_customer
        | {
            "constraintType": "OVERALL",
            "maxEarnLimit": 9,
            "earnConstraintBlockStatistics": UNUSED | {"currentEarnCount": 3},
        },
        of_customer
        | {
            "constraintType": "ROLLING_WINDOW",
            "rollingWindowLimits": {
                "maxEarnForDays": 8,
                "rollForDays": 2,
                "maxEarnForMonths": 7,
                "rollForMonths": 1,
            },
            "earnConstraintBlockStatistics": UNUSED
            | {"currentEarnCountDays": 2, "currentEarnCountMonths": 3},
        },
    ]
    counted = UNUSED | {"currentEarnCount": 3}  # the tally, which counts earns through the services
    assert data["badgeConstraints"] == [
        of_badge
        | {
            "constraintType": "OVERALL",
            "maxEarnLimit": 99,
            "earnConstraintBlockStatistics": counted,
        },
        of_badge
        | {
            "constraintType": "ROLLING_WINDOW",
            "rollType": "WEEKS",
            "rollValue": 3,
            "maxEarnLimit": 88,
            "earnConstraintBlockStatistics": counted,
        },
    ]


def test_a_fixed_window_reports_its_cycle_to_the_last_day(details, give):
    monthly = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 5, Unit.MONTHS, 1)
    badge = BadgeMetaFactory(claimed=True, limits=[monthly])
    give(badge, CUSTOMER, OTHER)
    first = start_of_day(timezone.now()).replace(day=1)
    last = add_months(first, 1) - timedelta(days=1)
    EarnedBadgeFactory(badge=badge, event_at=first - timedelta(seconds=1))

    (constraint,) = details(badge)["customerConstraints"]

    assert constraint == EMPTY | {
        "constraintLevel": "CUSTOMER",
        "constraintType": "FIXED_WINDOW",
        "refreshRate": 1,
        "durationType": "MONTHS",
        "cycleStatus": "ACTIVE",
        "maxEarnLimit": 5,
        "earnConstraintBlockStatistics": UNUSED | {"currentEarnCount": 1},
        "fixedWindowCycle": {
            **both("startDate", first),
            **both("endDate", last),
        },
        "fixedWindowReferenceId": str(reference_id(monthly)),
    }


def test_only_the_current_window_has_a_cycle_and_a_count(details):
    changed = start_of_day(timezone.now()) + timedelta(days=3)
    weekly = (LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 2, Unit.WEEKS, 1, Weekday.SUNDAY)
    days = (LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 1, Unit.DAYS, 10)
    limits = [Limit(*weekly, until=changed), Limit(*days, since=changed)]

    running, next_one = details(BadgeMetaFactory(limits=limits))["badgeConstraints"]

    assert (running["cycleStatus"], running["startDayOfTheWeek"]) == ("ACTIVE", "SUNDAY")
    assert running["fixedWindowCycle"] is not None
    assert running["earnConstraintBlockStatistics"]["currentEarnCount"] == 0
    assert (next_one["cycleStatus"], next_one["refreshRate"]) == ("UPCOMING", 10)
    assert next_one["fixedWindowCycle"] is None
    assert next_one["earnConstraintBlockStatistics"] == UNUSED


@pytest.mark.parametrize("status", ["upcoming", "expired"])
def test_a_window_does_not_run_outside_of_its_badge(details, status):
    limit = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_WINDOW, 1, Unit.DAYS, 3)

    (constraint,) = details(BadgeMetaFactory(limits=[limit], **{status: True}))[
        "customerConstraints"
    ]

    assert constraint["fixedWindowCycle"] is None
    assert constraint["earnConstraintBlockStatistics"] == UNUSED


def test_the_query_count_of_the_details_is_constant(api):
    limits = [
        Limit(level, kind, 1000, *window)
        for level in LimitLevel
        for kind, *window in [
            (LimitKind.FIXED_VALUE,),
            (LimitKind.ROLLING_WINDOW, Unit.DAYS, 5),
            (LimitKind.FIXED_WINDOW, Unit.WEEKS, 1),
        ]
    ]
    badge = BadgeMetaFactory(enrolled=True, claimed=True, limits=limits)
    EnrolmentFactory(badge=badge)
    EarnedBadgeFactory(badge=badge)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            assert api.get(path(badge.pk, query="includeStatistics=true")).status_code == 200
        return len(queries)

    first = cost()
    EarnedBadgeFactory.create_batch(20, badge=badge)
    EnrolmentFactory.create_batch(5, badge=badge, revoked=True)

    assert (first, cost()) == (11, 11)


@pytest.mark.parametrize("badge", ["0" * 24, "unknown", "A" * 24, "%00", "%ED%A0%80", "a" * 5000])
def test_the_details_of_an_unknown_badge_are_not_found(api, badge):
    answer = api.get(path(badge))

    assert answer.status_code == 404
    assert codes(answer) == [404]


@pytest.mark.parametrize(
    ("name", "value"),
    [("includeStatistics", value) for value in ("1", "", "TRUE")]
    + [("sortOn", value) for value in ("RANK", "%00")],
)
def test_an_invalid_parameter_of_the_details_is_named(api, live_badge, name, value):
    answer = api.get(path(live_badge.pk, query=f"{name}={value}"))

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], [name])


@pytest.mark.parametrize("customer", ["0", str(2**63), "abc", "%00"])
def test_the_customer_of_the_details_is_a_number(api, live_badge, customer):
    answer = api.get(path(live_badge.pk, customer=customer))

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], ["customerId"])


def test_the_details_identify_customers_by_number_only(api, live_badge):
    api.headers["X-CAP-CUSTOMER-IDENTIFIER"] = "email"

    assert codes(api.get(path(live_badge.pk, customer="a@b.test"))) == [1028]


def test_reading_the_details_requires_its_permission(live_badge):
    other = ApiClient(IntegratorFactory(access_groups=[]).client_id)

    assert other.get(path(live_badge.pk)).status_code == 403
