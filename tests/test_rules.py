"""The rules: situations and their refusals, without a database."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    Definition,
    EarnType,
    Expiry,
    ExpiryKind,
    Limit,
    LimitKind,
    LimitLevel,
    Owner,
    Unit,
)
from badges.rules import (
    check_customer,
    check_definition,
    check_earn,
    check_enrolment,
    check_named,
    check_new_claim,
    check_no_overlap,
)

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)

LOYALTY = Owner("Loyalty", "123694")
DIRECT = Definition(
    id="6a00000000000000000000aa",
    version=1,
    name="Welcome",
    earn_type=EarnType.EARN,
    active=True,
    starts_at=START,
    expires_at=END,
    earned_expiry=Expiry(ExpiryKind.NEVER),
    enrolment_expiry=None,
    owners=frozenset({"Loyalty"}),
    claims=frozenset({LOYALTY}),
    limits=(),
)
ENROLLED = replace(
    DIRECT, earn_type=EarnType.ISSUE_EARN, enrolment_expiry=Expiry(ExpiryKind.WITH_BADGE)
)
INACTIVE = replace(DIRECT, active=False)
UPCOMING = replace(DIRECT, starts_at=NOW + INSTANT)
EXPIRED = replace(DIRECT, expires_at=NOW)
UNCLAIMED = replace(DIRECT, claims=frozenset())

GOOD_EARN = {"badge": DIRECT, "now": NOW, "event_at": NOW, "owner": LOYALTY, "exempt": False}
GOOD_ENROLMENT = {"badge": ENROLLED, "now": NOW, "event_at": NOW}


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param({}, id="plain"),
        pytest.param({"event_at": START}, id="at the very start"),
        pytest.param({"event_at": END - INSTANT, "now": END - INSTANT}, id="just before the end"),
        pytest.param({"event_at": NOW + DAY}, id="24 hours ahead"),
        pytest.param({"badge": EXPIRED, "event_at": NOW - INSTANT}, id="expired, past event"),
        pytest.param({"now": START, "event_at": START}, id="the badge begins now"),
        pytest.param(
            {"badge": UNCLAIMED, "owner": None, "exempt": True}, id="MemberCare without a claim"
        ),
        pytest.param({"exempt": True}, id="MemberCare with a claim"),
        pytest.param({"badge": ENROLLED, "event_at": START - DAY}, id="before the badge, enrolled"),
        pytest.param({"badge": ENROLLED, "event_at": NOW + DAY}, id="24 hours ahead, enrolled"),
    ],
)
def test_an_earn_is_allowed(situation):
    check_earn(**(GOOD_EARN | situation))


@pytest.mark.parametrize(
    ("situation", "code", "field"),
    [
        ({"badge": INACTIVE}, ErrorCode.BADGE_NOT_LIVE, None),
        ({"badge": UPCOMING}, ErrorCode.BADGE_NOT_LIVE, None),
        ({"badge": UPCOMING, "event_at": NOW - DAY}, ErrorCode.BADGE_NOT_LIVE, None),
        ({"badge": replace(EXPIRED, active=False)}, ErrorCode.BADGE_NOT_LIVE, None),
        ({"event_at": NOW + DAY + INSTANT}, ErrorCode.EVENT_IN_FUTURE, "event_at"),
        ({"owner": None}, ErrorCode.OWNER_TYPE_MISSING, "owner"),
        ({"badge": UNCLAIMED}, ErrorCode.CLAIM_REQUIRED, "owner"),
        ({"owner": Owner("Loyalty", "123695")}, ErrorCode.CLAIM_REQUIRED, "owner"),
        ({"owner": Owner("Journeys", "123694")}, ErrorCode.CLAIM_REQUIRED, "owner"),
        ({"owner": Owner("loyalty", "123694")}, ErrorCode.CLAIM_REQUIRED, "owner"),
        ({"badge": UNCLAIMED, "exempt": True}, ErrorCode.CLAIM_REQUIRED, "owner"),
        ({"event_at": START - INSTANT}, ErrorCode.OUTSIDE_WINDOW, "event_at"),
        ({"badge": EXPIRED}, ErrorCode.OUTSIDE_WINDOW, "event_at"),
        ({"event_at": END, "now": END - DAY}, ErrorCode.OUTSIDE_WINDOW, "event_at"),
    ],
)
def test_an_earn_is_refused(situation, code, field):
    with pytest.raises(BadgeError) as refusal:
        check_earn(**(GOOD_EARN | situation))
    assert (refusal.value.code, refusal.value.field) == (code, field)


# The faults of an earn, in the order in which they are checked.
FAULTS_OF_AN_EARN = [
    (ErrorCode.BADGE_NOT_LIVE, {"active": False}, {}),
    (ErrorCode.EVENT_IN_FUTURE, {"expires_at": NOW - DAY}, {"event_at": NOW + 2 * DAY}),
    (ErrorCode.CLAIM_REQUIRED, {"claims": frozenset()}, {}),
    (ErrorCode.OUTSIDE_WINDOW, {"expires_at": NOW - DAY}, {}),
]


@pytest.mark.parametrize("first", range(len(FAULTS_OF_AN_EARN)))
def test_the_first_error_of_an_earn_takes_precedence(first):
    situation, columns = dict(GOOD_EARN), {}
    for _code, of_badge, of_call in FAULTS_OF_AN_EARN[first:]:
        columns |= of_badge
        situation |= of_call
    with pytest.raises(BadgeError) as refusal:
        check_earn(**(situation | {"badge": replace(DIRECT, **columns)}))
    assert refusal.value.code is FAULTS_OF_AN_EARN[first][0]


def limit(level, max_earns=1, kind=LimitKind.FIXED_VALUE, **window):
    return Limit(level, kind, max_earns, **window)


OF_CUSTOMER = limit(LimitLevel.CUSTOMER, 3)
OF_CUSTOMER_WEEKLY = limit(LimitLevel.CUSTOMER, 1, LimitKind.ROLLING_WINDOW, unit=Unit.WEEKS)
OF_BADGE = limit(LimitLevel.BADGE, 5)
LIMITED = replace(DIRECT, limits=(OF_BADGE, OF_CUSTOMER, OF_CUSTOMER_WEEKLY))


@pytest.mark.parametrize(
    ("used", "code"),
    [
        ({}, None),
        ({OF_CUSTOMER: 2, OF_BADGE: 4}, None),
        ({OF_CUSTOMER: 3}, ErrorCode.CUSTOMER_LIMIT_REACHED),
        ({OF_CUSTOMER: 4}, ErrorCode.CUSTOMER_LIMIT_REACHED),
        ({OF_CUSTOMER_WEEKLY: 1}, ErrorCode.CUSTOMER_LIMIT_REACHED),
        ({OF_BADGE: 5}, ErrorCode.BADGE_LIMIT_REACHED),
        ({OF_BADGE: 6}, ErrorCode.BADGE_LIMIT_REACHED),
        ({OF_CUSTOMER: 3, OF_BADGE: 5}, ErrorCode.CUSTOMER_LIMIT_REACHED),
    ],
)
def test_a_used_limit_refuses_and_the_customer_limit_takes_precedence(used, code):
    assert code_of(check_customer, LIMITED, enrolled=False, used=Counter(used)) == code


@pytest.mark.parametrize(
    ("badge", "enrolled", "code"),
    [
        (DIRECT, False, None),
        (ENROLLED, True, None),
        (ENROLLED, False, ErrorCode.ENROLMENT_REQUIRED),
    ],
)
def test_only_a_badge_with_enrolment_requires_one(badge, enrolled, code):
    assert code_of(check_customer, badge, enrolled=enrolled, used=Counter()) == code


def test_a_missing_enrolment_takes_precedence_over_a_limit():
    badge = replace(ENROLLED, limits=(OF_CUSTOMER,))
    used = Counter({OF_CUSTOMER: 3})
    assert code_of(check_customer, badge, enrolled=False, used=used) == 811


@pytest.mark.parametrize(
    ("badge", "by_id", "code"),
    [
        (DIRECT, True, None),
        (DIRECT, False, None),
        (None, True, ErrorCode.NOT_FOUND),
        (None, False, ErrorCode.BADGE_ID_MISSING),
    ],
)
def test_a_badge_that_is_not_found_is_unknown_or_omitted(badge, by_id, code):
    assert code_of(check_named, badge, by_id=by_id) == code


def ending_on(moment):
    """Return a badge whose enrolments all end on one date."""
    return replace(ENROLLED, enrolment_expiry=Expiry(ExpiryKind.FIXED_DATE, at=moment))


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        ({}, None),
        ({"event_at": START}, None),
        ({"event_at": NOW + DAY}, None),
        ({"badge": replace(ENROLLED, claims=frozenset(), owners=frozenset())}, None),
        ({"badge": replace(ENROLLED, expires_at=NOW), "event_at": NOW - INSTANT}, None),
        ({"badge": replace(ENROLLED, active=False)}, ErrorCode.BADGE_NOT_LIVE),
        ({"badge": replace(ENROLLED, starts_at=NOW + INSTANT)}, ErrorCode.BADGE_NOT_LIVE),
        ({"badge": INACTIVE}, ErrorCode.BADGE_NOT_LIVE),
        ({"badge": DIRECT}, ErrorCode.INVALID_INPUT),
        ({"badge": DIRECT, "event_at": NOW + 2 * DAY}, ErrorCode.INVALID_INPUT),
        ({"event_at": NOW + DAY + INSTANT}, ErrorCode.EVENT_IN_FUTURE),
        ({"event_at": END + 2 * DAY}, ErrorCode.EVENT_IN_FUTURE),
        ({"event_at": START - INSTANT}, ErrorCode.OUTSIDE_WINDOW),
        ({"badge": replace(ENROLLED, expires_at=NOW)}, ErrorCode.OUTSIDE_WINDOW),
        ({"badge": ending_on(NOW + INSTANT)}, None),
        ({"badge": ending_on(NOW)}, ErrorCode.OUTSIDE_WINDOW),
    ],
)
def test_an_enrolment_is_allowed_or_refused(situation, code):
    assert code_of(check_enrolment, **(GOOD_ENROLMENT | situation)) == code


def test_periods_that_overlap_are_refused():
    assert code_of(check_no_overlap, False) is None
    assert code_of(check_no_overlap, True) == ErrorCode.ENROLMENT_OVERLAPS


def rolling_months(length):
    return (limit(LimitLevel.BADGE, 2, LimitKind.ROLLING_WINDOW, unit=Unit.MONTHS, length=length),)


CENTURY_AGO = datetime(1926, 3, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({}, None, None),
        ({"starts_at": CENTURY_AGO}, None, None),
        ({"expires_at": START + INSTANT}, None, None),
        ({"starts_at": NOW + DAY, "expires_at": NOW + 2 * DAY}, None, None),
        ({"owners": frozenset()}, ErrorCode.OWNER_NEEDED, "owners"),
        ({"expires_at": START}, ErrorCode.ENDS_BEFORE_START, "expires_at"),
        ({"expires_at": START - INSTANT}, ErrorCode.ENDS_BEFORE_START, "expires_at"),
        ({"starts_at": CENTURY_AGO - INSTANT}, ErrorCode.START_TOO_EARLY, "starts_at"),
        (
            {"enrolment_expiry": Expiry(ExpiryKind.NEVER)},
            ErrorCode.INVALID_INPUT,
            "enrolment_expiry_kind",
        ),
        ({"earn_type": EarnType.ISSUE_EARN}, ErrorCode.INVALID_INPUT, "enrolment_expiry_kind"),
        ({"owners": frozenset(), "expires_at": START}, ErrorCode.OWNER_NEEDED, "owners"),
        ({"owners": frozenset(["Loyalty", "Membercare"])}, ErrorCode.OWNER_NOT_ALLOWED, "owners"),
        ({"expires_at": datetime(9001, 1, 1, tzinfo=UTC)}, ErrorCode.INVALID_INPUT, "expires_at"),
        ({"limits": (OF_CUSTOMER, OF_CUSTOMER)}, ErrorCode.INVALID_INPUT, "customer_limits"),
        ({"limits": rolling_months(1_200)}, None, None),
        ({"limits": rolling_months(1_201)}, ErrorCode.INVALID_INPUT, "badge_limits"),
    ],
)
def test_a_new_definition_is_allowed_or_refused(changes, code, field):
    new = replace(UNCLAIMED, **changes)
    assert refusal_of(check_definition, new, old=None, now=NOW) == (code, field)


WINDOW = limit(LimitLevel.CUSTOMER, 2, LimitKind.FIXED_WINDOW, unit=Unit.MONTHS, length=1)
WINDOW_OF_BADGE = replace(WINDOW, level=LimitLevel.BADGE)
ROLLING = limit(LimitLevel.CUSTOMER, 2, LimitKind.ROLLING_WINDOW, unit=Unit.DAYS, length=3)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        pytest.param({}, {"name": "Hello", "active": False}, None, id="name and switch"),
        pytest.param({}, {"expires_at": NOW + INSTANT}, None, id="end moved, still ahead"),
        pytest.param({}, {"expires_at": NOW}, 724, id="end moved to now"),
        pytest.param({"expires_at": NOW}, {"name": "Hello"}, None, id="over, end untouched"),
        pytest.param({"expires_at": NOW}, {"expires_at": END}, None, id="over, extended"),
        pytest.param({}, {"expires_at": START}, 720, id="end before start"),
        pytest.param({}, {"starts_at": START + DAY}, 723, id="start of a live badge"),
        pytest.param(
            {"expires_at": NOW}, {"starts_at": START + DAY}, 723, id="start of an expired badge"
        ),
        pytest.param(
            {"starts_at": NOW + DAY}, {"starts_at": NOW - DAY}, None, id="upcoming, into the past"
        ),
        pytest.param(
            {"earn_type": EarnType.ISSUE_EARN, "enrolment_expiry": Expiry(ExpiryKind.NEVER)},
            {"earn_type": EarnType.EARN, "enrolment_expiry": None},
            1020,
            id="earn type",
        ),
        pytest.param({}, {"owners": frozenset({"Journeys"})}, 738, id="owner with a claim"),
        pytest.param(
            {"claims": frozenset()}, {"owners": frozenset({"Journeys"})}, None, id="owner unclaimed"
        ),
        pytest.param({"limits": (WINDOW,)}, {"limits": (ROLLING,)}, 826, id="fixed to rolling"),
        pytest.param({"limits": (ROLLING,)}, {"limits": (WINDOW,)}, 826, id="rolling to fixed"),
        pytest.param({"limits": (OF_CUSTOMER,)}, {"limits": (WINDOW,)}, 826, id="total to fixed"),
        pytest.param({"limits": (OF_CUSTOMER,)}, {"limits": (ROLLING,)}, None, id="total, rolling"),
        pytest.param({}, {"limits": (WINDOW,)}, None, id="first limit"),
        pytest.param(
            {"limits": (WINDOW,)}, {"limits": (WINDOW, ROLLING)}, None, id="another kind beside"
        ),
        pytest.param(
            {"limits": (WINDOW, ROLLING)}, {"limits": (ROLLING,)}, None, id="one kind dropped"
        ),
        pytest.param({"limits": (WINDOW,)}, {"limits": ()}, None, id="limit dropped"),
        pytest.param(
            {"limits": (WINDOW,)}, {"limits": (replace(WINDOW, max_earns=9),)}, None, id="raised"
        ),
        pytest.param(
            {"limits": (WINDOW_OF_BADGE,)},
            {"limits": (WINDOW_OF_BADGE, ROLLING)},
            None,
            id="other level",
        ),
        pytest.param(
            {"limits": (WINDOW,), "starts_at": NOW + DAY},
            {"limits": (ROLLING,)},
            None,
            id="upcoming, fixed to rolling",
        ),
    ],
)
def test_a_change_is_allowed_or_refused(before, after, code):
    old = replace(DIRECT, **before)
    new = replace(old, **after)
    assert code_of(check_definition, new, old=old, now=NOW) == code


@pytest.mark.parametrize(
    ("badge", "owner", "code"),
    [
        (DIRECT, LOYALTY, None),
        (UPCOMING, LOYALTY, None),
        (EXPIRED, LOYALTY, None),
        (INACTIVE, LOYALTY, ErrorCode.BADGE_NOT_LIVE),
        (DIRECT, Owner("Journeys", "123694"), ErrorCode.OWNER_NOT_ALLOWED),
        (INACTIVE, Owner("Journeys", "123694"), ErrorCode.BADGE_NOT_LIVE),
    ],
)
def test_only_an_owner_may_claim_and_only_an_active_badge(badge, owner, code):
    assert code_of(check_new_claim, badge, owner) == code


def code_of(rule, *args, **kwargs):
    return refusal_of(rule, *args, **kwargs)[0]


def refusal_of(rule, *args, **kwargs):
    """Return the code and the field of the refusal, or None for both."""
    try:
        rule(*args, **kwargs)
    except BadgeError as refusal:
        return refusal.code, refusal.field
    return None, None
