"""The lists of a customer's badges agree with the rules of the services."""

from datetime import timedelta

import pytest

from badges.errors import BadgeError
from badges.models import BadgeMeta, Channel
from badges.selectors.customer_badges import BadgeList, badges_of
from badges.services.customers.enrol import enrol_customers
from badges.services.earning.earn import earn_badge
from badges.services.request_log import Origin
from tests.factories import CUSTOMER, NOW, BadgeMetaFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DESK = Origin(channel=Channel.MEMBERCARE)


@pytest.fixture
def badges():
    """Create a badge for each situation that a list could treat wrongly."""
    periods = {
        "live": {},
        "starts now": {"starts_at": NOW},
        "starts soon": {"starts_at": NOW + HOUR},
        "ends now": {"expires_at": NOW},
        "ends soon": {"expires_at": NOW + HOUR},
        "inactive": {"active": False},
    }
    enrolments = {
        "none": None,
        "until now": {"expires_at": NOW},
        "until soon": {"expires_at": NOW + HOUR},
        "from now": {"event_at": NOW, "expires_at": NOW + HOUR},
        "from soon": {"event_at": NOW + HOUR / 2},
        "revoked": {"revoked": True},
        "another's": {"customer_id": CUSTOMER + 1},
    }
    expiries = {
        "with the badge": {},
        "never": {"enrolment_expiry_kind": "NEVER"},
        "over": {"enrolment_expiry_kind": "FIXED_DATE", "enrolment_expiry_at": NOW},
        "soon over": {"enrolment_expiry_kind": "FIXED_DATE", "enrolment_expiry_at": NOW + HOUR},
    }
    for period, dates in periods.items():
        BadgeMetaFactory(name=f"direct, {period}", **dates)
        for expiry, columns in expiries.items():
            for enrolment, fact in enrolments.items():
                name = f"{period}, enrolled: {enrolment}, enrolments end: {expiry}"
                badge = BadgeMetaFactory(name=name, enrolled=True, **dates, **columns)
                if fact is not None:
                    EnrolmentFactory(badge=badge, **fact)
    return list(BadgeMeta.objects.all())


def accepted(badges, ask):
    """Return the names of the badges that the service does not refuse."""
    names = set()
    for badge in badges:
        try:
            ask(badge)
        except BadgeError:
            continue
        names.add(badge.name)
    return names


def listed(which):
    found = badges_of(CUSTOMER, which, now=NOW)
    return set(found.values_list("name", flat=True))


def test_exactly_the_available_badges_can_be_earned(badges):
    def earn(badge):
        earn_badge(
            origin=DESK, request_id=badge.pk, customer_id=CUSTOMER, badge_id=badge.pk, now=NOW
        )

    available = listed(BadgeList.EARNABLE)
    live = set(BadgeMeta.objects.live(NOW).values_list("name", flat=True))

    assert available == accepted(badges, earn) & live
    assert available


def test_exactly_the_enrolable_badges_accept_an_enrolment(badges):
    def enrol(badge):
        (outcome,) = enrol_customers(
            origin=DESK, request_id=badge.pk, badge_id=badge.pk, customer_ids=[CUSTOMER], now=NOW
        ).outcomes
        if outcome.refusal:
            raise outcome.refusal

    enrolable = listed(BadgeList.ENROLABLE)

    assert enrolable == accepted(badges, enrol)
    assert enrolable
