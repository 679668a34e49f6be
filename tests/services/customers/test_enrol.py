"""Enrolments: their periods, which must not overlap for the same customer."""

from datetime import UTC, datetime, timedelta

import pytest

from badges.models import (
    BadgeMeta,
    EarnedBadge,
    Enrolment,
    ExpiryKind,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.services.customers.enrol import enrol_customers
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LONG_AGO,
    NOW,
    BadgeMetaFactory,
    EnrolmentFactory,
    badge_arguments,
)

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def enrol(api_origin):
    """Return a function that enrols at NOW through the API, with valid arguments by default."""

    def ask(badge, **given):
        usual = {"request_id": f"enrol-{RequestLog.objects.count()}", "customer_ids": [CUSTOMER]}
        return enrol_customers(**badge_arguments(badge, api_origin, **usual) | given).outcomes

    return ask


@pytest.fixture
def short_badge(db):
    """Return a badge whose enrolments last ten days."""
    return short_enrolments(ExpiryKind.RELATIVE, unit=Unit.DAYS, count=10)


def short_enrolments(kind, **parts):
    columns = {f"enrolment_expiry_{part}": value for part, value in parts.items()}
    return BadgeMetaFactory(enrolled=True, claimed=True, enrolment_expiry_kind=kind, **columns)


def codes_of(outcomes):
    return [(each.customer_id, each.refusal and each.refusal.code) for each in outcomes]


def test_an_enrolment_writes_one_fact_and_its_accepted_request(enrolled_badge, enrol, integrator):
    (outcome,) = enrol(enrolled_badge, request_id="req12", event_at=NOW - DAY)

    stored = Enrolment.objects.get()
    assert stored == outcome.fact
    assert (stored.badge_id, stored.customer_id) == (enrolled_badge.pk, CUSTOMER)
    assert (stored.event_at, stored.enrolled_at) == (NOW - DAY, NOW)
    assert stored.expires_at == FAR_AHEAD
    assert (stored.owner_type, stored.reference_id) == ("Loyalty", "123694")
    request = RequestLog.objects.get()
    assert stored.request == request
    assert (request.operation, request.outcome) == (Operation.ENROL_BULK, RequestOutcome.ACCEPTED)
    assert (request.request_id, request.integrator) == ("req12", integrator)
    assert (request.badge_id, request.customer_id) == (enrolled_badge.pk, CUSTOMER)
    assert not EarnedBadge.objects.exists()


def test_an_enrolment_begins_now_when_no_event_date_is_given(enrolled_badge, enrol):
    (outcome,) = enrol(enrolled_badge)
    assert outcome.fact.event_at == NOW


@pytest.mark.parametrize(
    ("expiry", "expires_at"),
    [
        ({"kind": ExpiryKind.NEVER}, datetime(2126, 1, 31, tzinfo=UTC)),
        (
            {"kind": ExpiryKind.RELATIVE, "unit": Unit.DAYS, "count": 2},
            datetime(2026, 2, 2, tzinfo=UTC),
        ),
        (
            {"kind": ExpiryKind.RELATIVE, "unit": Unit.MONTHS, "count": 1},
            datetime(2026, 2, 28, tzinfo=UTC),
        ),
        (
            {"kind": ExpiryKind.FIXED_DATE, "at": datetime(2026, 12, 1, tzinfo=UTC)},
            datetime(2026, 12, 1, tzinfo=UTC),
        ),
        ({"kind": ExpiryKind.WITH_BADGE}, FAR_AHEAD),
    ],
)
def test_an_enrolment_expires_counted_from_its_event_date(enrol, expiry, expires_at):
    (outcome,) = enrol(short_enrolments(**expiry), event_at=datetime(2026, 1, 31, tzinfo=UTC))
    assert outcome.fact.expires_at == expires_at


def test_customers_of_a_list_have_outcomes_in_its_order_and_count_once(short_badge, enrol):
    EnrolmentFactory(badge=short_badge, customer_id=2)
    outcomes = enrol(short_badge, customer_ids=[3, 2, 1, 3])
    assert codes_of(outcomes) == [(3, None), (2, 1040), (1, None)]
    assert sorted(Enrolment.objects.values_list("customer_id", flat=True)) == [1, 2, 3]
    assert RequestLog.objects.get(operation=Operation.ENROL_BULK).customer_id is None


@pytest.mark.parametrize(
    ("begins_after", "code"),
    [
        (timedelta(0), 1040),
        (INSTANT, 1040),
        (-INSTANT, 1040),
        (10 * DAY - INSTANT, 1040),
        (10 * DAY, None),
        (-10 * DAY + INSTANT, 1040),
        (-10 * DAY, None),
    ],
)
def test_periods_of_one_customer_may_touch_but_not_overlap(short_badge, enrol, begins_after, code):
    since = NOW - 100 * DAY
    enrol(short_badge, event_at=since)
    assert codes_of(enrol(short_badge, event_at=since + begins_after)) == [(CUSTOMER, code)]
    assert Enrolment.objects.count() == (1 if code else 2)


@pytest.mark.parametrize(
    "other", [{"revoked": True}, {"customer_id": CUSTOMER + 1}, {"badge": None}]
)
def test_a_period_that_does_not_count_is_no_obstacle(enrolled_badge, enrol, other):
    badge = other.get("badge", enrolled_badge) or BadgeMetaFactory(enrolled=True)
    EnrolmentFactory(**(other | {"badge": badge}))
    assert codes_of(enrol(enrolled_badge)) == [(CUSTOMER, None)]


@pytest.mark.parametrize(
    ("badge", "call", "code"),
    [
        pytest.param({"inactive": True}, {}, 815, id="inactive"),
        pytest.param({"upcoming": True}, {}, 815, id="upcoming"),
        pytest.param({"direct": True, "enrolled": False}, {}, 400, id="direct"),
        pytest.param({}, {"event_at": NOW + DAY + INSTANT}, 750, id="too far ahead"),
        pytest.param({}, {"event_at": LONG_AGO - INSTANT}, 816, id="before the start"),
        pytest.param({"expired": True}, {}, 816, id="over"),
        pytest.param({}, {"badge_id": "0" * 24}, 404, id="unknown"),
    ],
)
def test_a_refused_enrolment_writes_only_a_refused_row(enrol, badge, call, code):
    badge = BadgeMetaFactory(**({"enrolled": True} | badge))

    with refused(code):
        enrol(badge, request_id="req12", **call)

    assert not Enrolment.objects.exists()
    row = RequestLog.objects.get()
    assert (row.outcome, row.code, row.request_id) == (RequestOutcome.REFUSED, code, "req12")


def test_an_enrolment_that_would_end_before_its_start_is_refused(enrol):
    badge = short_enrolments(ExpiryKind.FIXED_DATE, at=NOW)
    with refused(816):
        enrol(badge)
    assert not Enrolment.objects.exists()
    assert codes_of(enrol(badge, event_at=NOW - INSTANT)) == [(CUSTOMER, None)]


def test_an_enrolment_requires_no_claim(enrol):
    badge = BadgeMetaFactory(enrolled=True, owners=["Journeys"])
    assert codes_of(enrol(badge, owner=Owner("Milestones", "7"))) == [(CUSTOMER, None)]


def test_an_enrolment_of_the_desk_is_recorded_as_membercare(enrolled_badge, enrol, desk_origin):
    (outcome,) = enrol(enrolled_badge, origin=desk_origin, owner=None)
    assert (outcome.fact.owner_type, outcome.fact.reference_id) == ("Membercare", "maria")


def test_an_expired_badge_accepts_an_enrolment_with_a_past_event_date(enrol):
    badge = BadgeMetaFactory(enrolled=True, expired=True)
    (outcome,) = enrol(badge, event_at=badge.expires_at - DAY)
    assert outcome.fact.expires_at == badge.expires_at


def test_a_call_in_which_all_overlap_is_accepted_and_uses_its_request_id(enrolled_badge, enrol):
    EnrolmentFactory(badge=enrolled_badge)
    assert codes_of(enrol(enrolled_badge, request_id="req12")) == [(CUSTOMER, 1040)]
    with refused(809):
        enrol(enrolled_badge, request_id="req12")


def test_a_deactivated_badge_accepts_no_enrolment(enrolled_badge, enrol):
    enrol(enrolled_badge, customer_ids=[1])
    BadgeMeta.objects.filter(pk=enrolled_badge.pk).update(version=2, active=False)
    with refused(815):
        enrol(enrolled_badge, customer_ids=[2])
    assert Enrolment.objects.get().customer_id == 1


def test_the_guides_case_of_a_late_enrolment(enrol, earn):
    """The badge is live from 1 to 15 October. On the 20th a customer is enrolled from the 10th."""
    badge = BadgeMetaFactory(
        enrolled=True,
        claimed=True,
        starts_at=datetime(2025, 10, 1, tzinfo=UTC),
        expires_at=datetime(2025, 10, 15, tzinfo=UTC),
        enrolment_expiry_kind=ExpiryKind.RELATIVE,
        enrolment_expiry_unit=Unit.DAYS,
        enrolment_expiry_count=2,
        earned_expiry_kind=ExpiryKind.RELATIVE,
        earned_expiry_unit=Unit.DAYS,
        earned_expiry_count=2,
    )
    today = datetime(2025, 10, 20, tzinfo=UTC)

    (enrolled,) = enrol(badge, event_at=datetime(2025, 10, 10, tzinfo=UTC), now=today)
    assert enrolled.fact.expires_at == datetime(2025, 10, 12, tzinfo=UTC)

    with refused(811):
        earn(badge, event_at=datetime(2025, 10, 14, tzinfo=UTC), now=today)
    fact = earn(badge, event_at=datetime(2025, 10, 11, tzinfo=UTC), now=today)
    assert fact.expires_at == datetime(2025, 10, 22, tzinfo=UTC)
    assert fact.enrolment == enrolled.fact
