"""The fields of a badge: stored values, responses, and invalid input."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badges.models import (
    BadgeMeta,
    Limit,
    LimitKind,
    LimitLevel,
    Unit,
)
from tests.api.conftest import BADGES, a_badge, codes, references, refused_codes

pytestmark = pytest.mark.django_db

CUSTOMER, BADGE = LimitLevel.CUSTOMER, LimitLevel.BADGE
FIXED, ROLLING, WINDOW = LimitKind.FIXED_VALUE, LimitKind.ROLLING_WINDOW, LimitKind.FIXED_WINDOW
OWNERS = "ownership.restrictedToOwners"


def limits_of(badge) -> list[Limit]:
    return [limit.value for limit in badge.limits.all()]


EXPIRIES = [
    ({"expiryType": "NEVER"}, {"expiryType": "NEVER"}),
    (
        {"expiryType": "RELATIVE", "relativeExpirytype": "WEEKS", "value": 2},
        {"expiryType": "RELATIVE", "relativeExpirytype": "WEEKS", "value": 2},
    ),
    (
        {"expiryType": "RELATIVE", "relativeExpiryType": "MONTHS", "value": 32767},
        {"expiryType": "RELATIVE", "relativeExpirytype": "MONTHS", "value": 32767},
    ),
    (
        {"expiryType": "ABSOLUTE", "type": "FIXED_DATE", "expiresOn": 1828754110},
        {
            "expiryType": "ABSOLUTE",
            "type": "FIXED_DATE",
            "expiresOn": 1828754110.0,
            "expiresOnISO": "2027-12-14T03:15:10Z",
            "expireWithBadgeMeta": False,
        },
    ),
    (
        {
            "expiryType": "ABSOLUTE",
            "type": "FIXED_DATE",
            "expiresOn": 5,
            "expiresOnISO": "2027-12-14T03:15:10Z",
        },
        {
            "expiryType": "ABSOLUTE",
            "type": "FIXED_DATE",
            "expiresOn": 1828754110.0,
            "expiresOnISO": "2027-12-14T03:15:10Z",
            "expireWithBadgeMeta": False,
        },
    ),
    (
        {"expiryType": "ABSOLUTE", "type": "WITH_BADGE_META", "expireWithBadgeMeta": True},
        {
            "expiryType": "ABSOLUTE",
            "type": "WITH_BADGE_META",
            "expiresOn": 3997296000.0,
            "expiresOnISO": "2096-09-01T00:00:00Z",
            "expireWithBadgeMeta": True,
        },
    ),
]


@pytest.mark.parametrize(("sent", "answered"), EXPIRIES)
def test_every_expiry_is_returned_and_may_be_sent_again(api, sent, answered):
    body = a_badge(earnType="ISSUE_EARN", earnedBadgeExpiry=sent, issuedBadgeExpiry=sent)
    data = api.post(BADGES, body).json()["data"]
    assert data["earnedBadgeExpiry"] == data["issuedBadgeExpiry"] == answered

    again = api.put(BADGES, data).json()["data"]
    assert again["earnedBadgeExpiry"] == again["issuedBadgeExpiry"] == answered


CONSTRAINTS = [
    (
        "customerConstraints",
        {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 2},
        [Limit(CUSTOMER, FIXED, 2)],
    ),
    (
        "badgeConstraints",
        {"constraintType": "BADGE_FIXED_VALUE", "maxEarnLimit": 2**31 - 1},
        [Limit(BADGE, FIXED, 2**31 - 1)],
    ),
    (
        "customerConstraints",
        {
            "constraintType": "CUSTOMER_BADGE_ROLLING_WINDOW",
            "maxEarnForDays": 1,
            "rollForDays": 2,
            "maxEarnForWeeks": 3,
            "rollForWeeks": 4,
            "maxEarnForMonths": 5,
            "rollForMonths": 6,
        },
        [
            Limit(CUSTOMER, ROLLING, 1, Unit.DAYS, 2),
            Limit(CUSTOMER, ROLLING, 3, Unit.WEEKS, 4),
            Limit(CUSTOMER, ROLLING, 5, Unit.MONTHS, 6),
        ],
    ),
    (
        "badgeConstraints",
        {
            "constraintType": "BADGE_ROLLING_WINDOW",
            "rollType": "DAYS",
            "rollValue": 7,
            "maxEarnLimit": 300,
        },
        [Limit(BADGE, ROLLING, 300, Unit.DAYS, 7)],
    ),
    ("customerConstraints", {"constraintType": "CUSTOMER_BADGE_NO_LIMIT"}, []),
    ("badgeConstraints", {"constraintType": "BADGE_NO_LIMIT"}, []),
]


@pytest.mark.parametrize(("name", "constraint", "limits"), CONSTRAINTS)
def test_every_constraint_becomes_limits_and_is_returned(api, name, constraint, limits):
    data = api.post(BADGES, a_badge(**{name: [constraint]})).json()["data"]

    assert limits_of(BadgeMeta.objects.get()) == limits
    assert data[name] == ([constraint] if limits else [])


@pytest.mark.parametrize(
    ("sent", "limit", "weekday"),
    [
        ({"durationType": "DAYS", "refreshRate": 5}, (Unit.DAYS, 5, None), None),
        ({"durationType": "DAILY", "refreshRate": 1}, (Unit.DAYS, 1, None), None),
        ({"durationType": "WEEKS"}, (Unit.WEEKS, 1, None), "MONDAY"),
        (
            {"durationType": "WEEKLY", "startDayOfTheWeek": "SUNDAY"},
            (Unit.WEEKS, 1, 6),
            "SUNDAY",
        ),
        ({"durationType": "WEEKS", "startDayOfTheWeek": 1}, (Unit.WEEKS, 1, 0), "MONDAY"),
        ({"durationType": "WEEKS", "startDayOfTheWeek": 7}, (Unit.WEEKS, 1, 6), "SUNDAY"),
        ({"durationType": "MONTHLY", "refreshRate": 1}, (Unit.MONTHS, 1, None), None),
        (
            {"durationType": "MONTHS", "startDayOfTheWeek": "FRIDAY"},
            (Unit.MONTHS, 1, None),
            None,
        ),
    ],
)
@pytest.mark.parametrize("level", LimitLevel)
def test_a_fixed_window_is_read_in_every_spelling(api, level, sent, limit, weekday):
    name, prefix = {
        CUSTOMER: ("customerConstraints", "CUSTOMER_BADGE"),
        BADGE: ("badgeConstraints", "BADGE"),
    }[level]
    window = {"constraintType": f"{prefix}_FIXED_WINDOW", "maxEarnLimit": 2}

    (shown,) = api.post(BADGES, a_badge(**{name: [window | sent]})).json()["data"][name]

    assert limits_of(BadgeMeta.objects.get()) == [Limit(level, WINDOW, 2, *limit)]
    assert shown["constraintType"] == f"{prefix}_FIXED_WINDOW"
    assert (shown["durationType"], shown["refreshRate"]) == limit[:2]
    assert (shown["startDayOfTheWeek"], shown["maxEarnLimit"]) == (weekday, 2)


def roll(unit, length):
    return CONSTRAINTS[3][1] | {"rollType": unit, "rollValue": length}


FIXED_VALUE = {"constraintType": "CUSTOMER_BADGE_FIXED_VALUE", "maxEarnLimit": 1}
ROLL = {"constraintType": "CUSTOMER_BADGE_ROLLING_WINDOW"}
CYCLE = {"constraintType": "CUSTOMER_BADGE_FIXED_WINDOW", "maxEarnLimit": 1}
IMAGE = {"name": "Medal", "url": "https://x.example/1", "tag": "EARNED"}
WRONG = [
    ("name", 5, "name"),
    ("name", "", "name"),
    ("name", "   ", "name"),
    ("name", "x" * 256, "name"),
    ("description", 5, "description"),
    ("description", "x" * 10_001, "description"),
    ("startOnISO", 1715070653, "startOnISO"),
    ("startOnISO", "yesterday", "startOnISO"),
    ("expiresOnISO", "", "expiresOnISO"),
    ("earnType", "earn", "earnType"),
    ("earnType", ["EARN"], "earnType"),
    ("earnedBadgeExpiry", "NEVER", "earnedBadgeExpiry"),
    ("earnedBadgeExpiry", {"expiryType": "SOON"}, "earnedBadgeExpiry.expiryType"),
    ("earnedBadgeExpiry", {"expiryType": "ABSOLUTE"}, "earnedBadgeExpiry.type"),
    (
        "earnedBadgeExpiry",
        {"expiryType": "ABSOLUTE", "type": "FIXED_DATE"},
        "earnedBadgeExpiry.expiresOn",
    ),
    (
        "earnedBadgeExpiry",
        {"expiryType": "RELATIVE", "relativeExpirytype": "DAYS"},
        "earnedBadgeExpiry.value",
    ),
    (
        "earnedBadgeExpiry",
        {"expiryType": "RELATIVE", "relativeExpirytype": "DAYS", "value": 0},
        "earnedBadgeExpiry.value",
    ),
    (
        "earnedBadgeExpiry",
        {"expiryType": "RELATIVE", "relativeExpirytype": "DAYS", "value": 32768},
        "earnedBadgeExpiry.value",
    ),
    (
        "earnedBadgeExpiry",
        {"expiryType": "RELATIVE", "relativeExpirytype": "YEARS", "value": 1},
        "earnedBadgeExpiry.relativeExpirytype",
    ),
    ("ownership", ["Loyalty"], "ownership"),
    ("ownership", {"restrictedToOwners": "Loyalty"}, OWNERS),
    ("ownership", {"restrictedToOwners": ["Loyalty", "LOYALTY"]}, f"{OWNERS}.1"),
    ("ownership", {"restrictedToOwners": [5]}, f"{OWNERS}.0"),
    ("active", 1, "active"),
    ("active", "true", "active"),
    ("active", None, "active"),
    ("isActive", "yes", "isActive"),
    ("images", [IMAGE, IMAGE], "images"),
    ("images", [IMAGE, IMAGE | {"tag": "LOST"}], "images.1.tag"),
    ("images", [IMAGE | {"url": "javascript:alert(1)"}], "images.0.url"),
    ("images", [IMAGE | {"url": "https://x.example/" + "x" * 2000}], "images.0.url"),
    ("images", [IMAGE | {"name": None}], "images.0.name"),
    ("benefits", [{}] * 11, "benefits"),
    ("benefits", ["COUPON"], "benefits.0"),
    ("benefits", [{"seriesId": 2**63}], "benefits.0"),
    ("benefits", [{"deep": [{"points": -1e300}]}], "benefits.0"),
    ("tags", [{"name": "x"}], "tags.0.value"),
    ("tags", {"name": "x"}, "tags"),
    ("customFields", {"terms": 5}, "customFields.terms"),
    ("customFields", ["terms"], "customFields"),
    ("badgeGroupId", 5, "badgeGroupId"),
    ("badgeRank", 1.5, "badgeRank"),
    ("badgeRank", "3", "badgeRank"),
    ("badgeRank", 2**31, "badgeRank"),
    ("badgeRank", True, "badgeRank"),
    ("defaultTillId", 2**63, "defaultTillId"),
    ("defaultTillId", 10**90, "defaultTillId"),
    ("customerConstraints", FIXED_VALUE, "customerConstraints"),
    ("customerConstraints", [{}], "customerConstraints.0.constraintType"),
    (
        "customerConstraints",
        [{"constraintType": "BADGE_FIXED_VALUE"}],
        "customerConstraints.0.constraintType",
    ),
    (
        "customerConstraints",
        [FIXED_VALUE, FIXED_VALUE | {"maxEarnLimit": 0}],
        "customerConstraints.1.maxEarnLimit",
    ),
    (
        "customerConstraints",
        [FIXED_VALUE | {"maxEarnLimit": 2**31}],
        "customerConstraints.0.maxEarnLimit",
    ),
    (
        "customerConstraints",
        [FIXED_VALUE | {"maxEarnLimit": None}],
        "customerConstraints.0.maxEarnLimit",
    ),
    ("customerConstraints", [ROLL | {"rollForDays": 1}], "customerConstraints.0.maxEarnForDays"),
    ("customerConstraints", [CYCLE], "customerConstraints.0.durationType"),
    (
        "customerConstraints",
        [CYCLE | {"durationType": "DAYS"}],
        "customerConstraints.0.refreshRate",
    ),
    (
        "customerConstraints",
        [CYCLE | {"durationType": "WEEKS", "refreshRate": 2}],
        "customerConstraints.0.refreshRate",
    ),
    (
        "customerConstraints",
        [CYCLE | {"durationType": "YEARS"}],
        "customerConstraints.0.durationType",
    ),
    (
        "customerConstraints",
        [CYCLE | {"durationType": "WEEKS", "startDayOfTheWeek": 0}],
        "customerConstraints.0.startDayOfTheWeek",
    ),
    (
        "customerConstraints",
        [CYCLE | {"durationType": "WEEKS", "startDayOfTheWeek": "Monday"}],
        "customerConstraints.0.startDayOfTheWeek",
    ),
    ("badgeConstraints", [roll("DAYS", 32768)], "badgeConstraints.0.rollValue"),
    ("badgeConstraints", [roll("YEARS", 1)], "badgeConstraints.0.rollType"),
]


@pytest.mark.parametrize(("name", "value", "reference"), WRONG)
def test_an_invalid_field_of_a_badge_is_named(api, name, value, reference):
    answer = api.post(BADGES, a_badge(**{name: value}))

    assert answer.status_code == 400
    assert (codes(answer), references(answer)) == ([400], [reference])
    assert not BadgeMeta.objects.exists()
    assert refused_codes() == [400]


def test_the_missing_parts_of_a_rolling_window_are_reported_together(api):
    answer = api.post(BADGES, a_badge(customerConstraints=[ROLL]))

    assert references(answer) == [
        "customerConstraints.0.maxEarnForDays",
        "customerConstraints.0.rollForDays",
    ]


def test_the_refusal_of_an_unknown_value_lists_the_allowed_ones(api):
    answer = api.post(BADGES, a_badge(earnType="GIVE"))

    assert answer.json()["errors"][0]["message"] == "Must be one of: EARN, ISSUE_EARN."


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    *a_badge(),
    *("startOn", "description", "images", "benefits", "tags", "customFields", "badgeRank"),
    *("customerConstraints", "badgeConstraints", "issuedBadgeExpiry", "defaultTillId"),
]


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.dictionaries(st.sampled_from(NAMES), anything, min_size=1, max_size=3))
def test_no_body_is_a_server_error(api, changes):
    answer = api.post(BADGES, a_badge(**changes))

    assert answer.status_code in (201, 400)
