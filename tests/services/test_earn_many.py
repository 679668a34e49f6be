"""Giving a badge to many customers in one call."""

from datetime import timedelta

import pytest

from badges.models import (
    Channel,
    EarnedBadge,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    Owner,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.services.earn import earn_badges
from badges.services.requests import Origin
from tests.conftest import refused
from tests.factories import LOYALTY, NOW, BadgeMetaFactory, EnrolmentFactory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def give(api_origin):
    """Ask for a badge for many customers at NOW; whatever is not given is as it should be."""

    def ask(badge, customer_ids, **given):
        usual = {
            "origin": api_origin,
            "request_id": "list-1",
            "badge_id": badge.pk,
            "owner": LOYALTY,
            "now": NOW,
        }
        return earn_badges(customer_ids=customer_ids, **(usual | given)).outcomes

    return ask


def told(outcomes):
    """Return customers with their code, None for those that have the badge."""
    return [(each.customer_id, each.refusal and each.refusal.code) for each in outcomes]


def holders():
    return sorted(EarnedBadge.objects.values_list("customer_id", flat=True))


def test_every_customer_of_a_list_has_the_badge_from_one_request(live_badge, give):
    outcomes = give(live_badge, [3, 1, 2], event_at=NOW - DAY)

    assert told(outcomes) == [(3, None), (1, None), (2, None)]
    assert holders() == [1, 2, 3]
    request = RequestLog.objects.get()
    assert (request.operation, request.request_id) == (Operation.EARN_BULK, "list-1")
    assert (request.badge_id, request.customer_id) == (live_badge.pk, None)
    for outcome in outcomes:
        fact = EarnedBadge.objects.get(pk=outcome.fact.pk)
        assert (fact.request, fact.event_at, fact.earned_at) == (request, NOW - DAY, NOW)


def test_a_customer_named_twice_counts_once(live_badge, give):
    assert told(give(live_badge, [5, 4, 5, 5])) == [(5, None), (4, None)]
    assert holders() == [4, 5]


def test_only_customers_with_an_enrolment_have_the_badge(enrolled_badge, give):
    enrolment = EnrolmentFactory(badge=enrolled_badge, customer_id=2)
    outcomes = give(enrolled_badge, [1, 2, 3])
    assert told(outcomes) == [(1, 811), (2, None), (3, 811)]
    assert EarnedBadge.objects.get().enrolment == enrolment


def test_a_customer_limit_refuses_its_customer_alone(give):
    badge = BadgeMetaFactory(
        claimed=True, limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)]
    )
    give(badge, [2], request_id="before")
    assert told(give(badge, [1, 2, 3])) == [(1, None), (2, 2001), (3, None)]
    assert holders() == [1, 2, 3]


@pytest.mark.parametrize(
    "limit",
    [
        Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 3),
        Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 3, Unit.DAYS, 1),
        Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 3, Unit.MONTHS, 1),
    ],
)
def test_a_badge_limit_is_used_up_in_the_order_of_the_list(give, limit):
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    give(badge, [7], request_id="before")
    assert told(give(badge, [9, 3, 5, 1])) == [(9, None), (3, None), (5, 2002), (1, 2002)]
    assert holders() == [3, 7, 9]


def test_a_refused_customer_leaves_the_badge_limit_to_the_next(give):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 3),
        ],
    )
    give(badge, [1, 2], request_id="before")
    assert told(give(badge, [1, 3, 2, 4])) == [(1, 2001), (3, None), (2, 2001), (4, 2002)]
    assert holders() == [1, 2, 3]


def test_a_call_in_which_all_are_refused_is_accepted_and_uses_its_id_up(enrolled_badge, give):
    assert told(give(enrolled_badge, [1, 2])) == [(1, 811), (2, 811)]
    assert RequestLog.objects.get().outcome == RequestOutcome.ACCEPTED
    with refused(809):
        give(enrolled_badge, [1, 2])


@pytest.mark.parametrize(
    ("badge", "call", "code"),
    [
        ({"inactive": True}, {}, 815),
        ({}, {"event_at": NOW + 2 * DAY}, 750),
        ({}, {"owner": Owner("Journeys", "1")}, 810),
        ({}, {"owner": None}, 716),
        ({"expired": True}, {}, 816),
        ({}, {"badge_id": "0" * 24}, 404),
        ({}, {"badge_id": None, "owner": Owner("Loyalty", "nobody's")}, 715),
    ],
)
def test_what_concerns_all_refuses_the_whole_call(give, badge, call, code):
    badge = BadgeMetaFactory(claimed=True, **badge)
    with refused(code):
        give(badge, [1, 2], **call)
    assert not EarnedBadge.objects.exists()
    assert RequestLog.objects.get().code == code


def test_an_id_that_was_accepted_is_refused_whoever_the_customers(live_badge, give):
    give(live_badge, [1, 2])
    with refused(809):
        give(live_badge, [3])
    assert holders() == [1, 2]


def test_membercare_may_leave_the_owner_out(give, desk_origin):
    give(BadgeMetaFactory(), [1], origin=desk_origin, owner=None)
    assert EarnedBadge.objects.get().owner_type == "Membercare"
    with refused(716):
        origin = Origin(channel=Channel.API)
        give(BadgeMetaFactory(), [1], origin=origin, owner=None, request_id="list-2")


def test_ten_thousand_customers_go_into_one_call(give):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 9_999),
        ],
    )
    outcomes = give(badge, range(1, 10_001))
    assert EarnedBadge.objects.count() == 9_999
    assert told(outcomes)[-2:] == [(9_999, None), (10_000, 2002)]
