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
from badges.services.earning.earn import earn_badges
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import NOW, BadgeMetaFactory, EnrolmentFactory, badge_arguments

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def give(api_origin):
    """Return a function that gives a badge to customers at NOW, with valid arguments by default."""

    def ask(badge, customer_ids, **given):
        usual = badge_arguments(badge, api_origin, request_id="list-1") | given
        return earn_badges(customer_ids=customer_ids, **usual).outcomes

    return ask


def codes_of(outcomes):
    """Return the customers with their code, or None for those that have the badge."""
    return [(each.customer_id, each.refusal and each.refusal.code) for each in outcomes]


def holders():
    return sorted(EarnedBadge.objects.values_list("customer_id", flat=True))


def test_every_customer_of_a_list_has_the_badge_from_one_request(live_badge, give):
    outcomes = give(live_badge, [3, 1, 2], event_at=NOW - DAY)

    assert codes_of(outcomes) == [(3, None), (1, None), (2, None)]
    assert holders() == [1, 2, 3]
    request = RequestLog.objects.get()
    assert (request.operation, request.request_id) == (Operation.EARN_BULK, "list-1")
    assert (request.badge_id, request.customer_id) == (live_badge.pk, None)
    for outcome in outcomes:
        fact = EarnedBadge.objects.get(pk=outcome.fact.pk)
        assert (fact.request, fact.event_at, fact.earned_at) == (request, NOW - DAY, NOW)


def test_a_customer_named_twice_counts_once(live_badge, give):
    assert codes_of(give(live_badge, [5, 4, 5, 5])) == [(5, None), (4, None)]
    assert holders() == [4, 5]


def test_only_customers_with_an_enrolment_have_the_badge(enrolled_badge, give):
    enrolment = EnrolmentFactory(badge=enrolled_badge, customer_id=2)
    outcomes = give(enrolled_badge, [1, 2, 3])
    assert codes_of(outcomes) == [(1, 811), (2, None), (3, 811)]
    assert EarnedBadge.objects.get().enrolment == enrolment


def test_a_customer_limit_refuses_its_customer_alone(give):
    badge = BadgeMetaFactory(
        claimed=True, limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)]
    )
    give(badge, [2], request_id="before")
    assert codes_of(give(badge, [1, 2, 3])) == [(1, None), (2, 2001), (3, None)]
    assert holders() == [1, 2, 3]


@pytest.mark.parametrize(
    "limit",
    [
        Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 3),
        Limit(LimitLevel.BADGE, LimitKind.ROLLING_WINDOW, 3, Unit.DAYS, 1),
        Limit(LimitLevel.BADGE, LimitKind.FIXED_WINDOW, 3, Unit.MONTHS, 1),
    ],
)
def test_a_badge_limit_is_used_in_the_order_of_the_list(give, limit):
    badge = BadgeMetaFactory(claimed=True, limits=[limit])
    give(badge, [7], request_id="before")
    assert codes_of(give(badge, [9, 3, 5, 1])) == [(9, None), (3, None), (5, 2002), (1, 2002)]
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
    assert codes_of(give(badge, [1, 3, 2, 4])) == [(1, 2001), (3, None), (2, 2001), (4, 2002)]
    assert holders() == [1, 2, 3]


def test_a_call_in_which_all_are_refused_is_accepted_and_uses_its_request_id(enrolled_badge, give):
    assert codes_of(give(enrolled_badge, [1, 2])) == [(1, 811), (2, 811)]
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
def test_an_error_of_all_customers_refuses_the_call(give, badge, call, code):
    badge = BadgeMetaFactory(claimed=True, **badge)
    with refused(code):
        give(badge, [1, 2], **call)
    assert not EarnedBadge.objects.exists()
    assert RequestLog.objects.get().code == code


def test_an_accepted_request_id_is_refused_for_any_customers(live_badge, give):
    give(live_badge, [1, 2])
    with refused(809):
        give(live_badge, [3])
    assert holders() == [1, 2]


def test_membercare_may_omit_the_owner(give, desk_origin):
    give(BadgeMetaFactory(), [1], origin=desk_origin, owner=None)
    assert EarnedBadge.objects.get().owner_type == "Membercare"
    with refused(716):
        origin = Origin(channel=Channel.API)
        give(BadgeMetaFactory(), [1], origin=origin, owner=None, request_id="list-2")


def test_a_call_may_have_ten_thousand_customers(give):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 9_999),
        ],
    )
    outcomes = give(badge, range(1, 10_001))
    assert EarnedBadge.objects.count() == 9_999
    assert codes_of(outcomes)[-2:] == [(9_999, None), (10_000, 2002)]
