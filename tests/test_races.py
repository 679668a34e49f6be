"""Races: real threads and real transactions, on the database of DATABASE_URL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    Channel,
    CustomField,
    EarnedBadge,
    EarnTally,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    RequestLog,
    RequestOutcome,
    Unit,
)
from badges.rules import MAX_ACTIVE_FIELDS
from badges.services.catalogue.definitions import (
    BadgeDraft,
    claim_badge,
    create_badge,
    unclaim_badge,
    update_badge,
)
from badges.services.catalogue.groups import create_custom_field
from badges.services.customers.confirmations import Confirmation, ConfirmationNeeded
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.limits import rebuild_tally
from badges.services.earning.earn import earn_badge, earn_badges
from badges.services.request_log import Origin
from tests.factories import (
    CUSTOMER,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    IntegratorFactory,
    badge_arguments,
    earn_arguments,
)
from tests.services.catalogue.drafts import SPRING
from tests.waiting import TIMEOUT, wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 32
DONE = None


def answer_of(call, start=None):
    """Run a call on its own connection. Return DONE or the code of its refusal.

    Other errors are raised: a deadlock or a locked database fails the test.
    """
    try:
        if start:
            start.wait(timeout=TIMEOUT)
        call()
    except BadgeError as refusal:
        return refusal.code
    else:
        return DONE
    finally:
        connection.close()


def run_concurrently(calls):
    """Start all calls at the same time and return their results."""
    start = Barrier(len(calls))
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(lambda call: answer_of(call, start), calls))


@pytest.fixture
def origin(transactional_db):
    return Origin(channel=Channel.API, integrator=IntegratorFactory())


@pytest.fixture
def make_earn(origin):
    """Return a function that makes earn calls; the numbers become request ids."""

    def make(badge, number, **changes):
        usual = earn_arguments(badge, origin, request_id=f"earn-{number}")
        return lambda: earn_badge(**(usual | changes))

    return make


def limited(level, kind, max_earns, *window):
    limit = Limit(level, kind, max_earns, *window)
    return BadgeMetaFactory(claimed=True, limits=[limit])


def refused_codes():
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    return sorted(refused.values_list("code", flat=True))


def test_a_request_sent_concurrently_is_accepted_once(make_earn):
    badge = BadgeMetaFactory(claimed=True)

    answers = run_concurrently([make_earn(badge, "same")] * MANY)

    assert answers.count(DONE) == 1
    assert answers.count(ErrorCode.DUPLICATE_REQUEST) == MANY - 1
    assert EarnedBadge.objects.count() == 1
    assert RequestLog.objects.accepted().count() == 1
    assert refused_codes() == [809] * (MANY - 1)


@pytest.mark.parametrize(
    "window",
    [
        (LimitKind.FIXED_VALUE, 3),
        (LimitKind.ROLLING_WINDOW, 3, Unit.DAYS, 1),
        (LimitKind.FIXED_WINDOW, 3, Unit.MONTHS, 1),
    ],
    ids=["total", "rolling", "fixed window"],
)
@pytest.mark.parametrize("level", LimitLevel)
def test_a_limit_is_exact_under_concurrent_earns(make_earn, level, window):
    badge = limited(level, *window)
    of_customer = level == LimitLevel.CUSTOMER

    customers = [CUSTOMER if of_customer else 1 + number for number in range(MANY)]
    earns = [
        make_earn(badge, each, customer_id=customer) for each, customer in enumerate(customers)
    ]

    answers = run_concurrently(earns)

    code = 2001 if of_customer else 2002
    assert answers.count(DONE) == 3
    assert answers.count(code) == MANY - 3
    assert EarnedBadge.objects.count() == 3
    assert refused_codes() == [code] * (MANY - 3)


def test_customers_of_a_badge_without_badge_limits_do_not_refuse_each_other(make_earn):
    badge = limited(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    answers = run_concurrently(
        [make_earn(badge, number, customer_id=1 + number // 2) for number in range(16)]
    )
    assert (answers.count(DONE), answers.count(2001)) == (8, 8)
    assert sorted(EarnedBadge.objects.values_list("customer_id", flat=True)) == [*range(1, 9)]


def test_lists_and_single_earns_share_the_limits(make_earn, origin):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 12),
        ],
    )
    lists = [
        lambda number=number: earn_badges(
            request_id=f"list-{number}", customer_ids=range(1, 9), **badge_arguments(badge, origin)
        )
        for number in range(4)
    ]
    singles = [make_earn(badge, number, customer_id=1 + number) for number in range(16)]

    run_concurrently(lists + singles)

    customers = list(EarnedBadge.objects.values_list("customer_id", flat=True))
    assert len(customers) == len(set(customers)) == 12


@pytest.mark.parametrize("level", [None, *LimitLevel])
def test_of_two_users_who_issue_the_same_badge_at_once_one_is_asked(desk_origin, level):
    """F18: neither a second tab nor a colleague gets past the question, with and without a list."""
    limits = [Limit(level, LimitKind.FIXED_VALUE, MANY)] if level else []
    badge = BadgeMetaFactory(limits=limits)
    asked = []

    def issue(number):
        call = badge_arguments(badge, desk_origin, request_id=f"desk-{number}", owner=None)
        call["confirmation"] = Confirmation(new_customers=frozenset([CUSTOMER, CUSTOMER + 1]))
        try:
            if number % 4:
                earn_badge(customer_id=CUSTOMER, **call)
            else:
                earn_badges(customer_ids=[CUSTOMER, CUSTOMER + 1], **call)
        except ConfirmationNeeded:
            asked.append(number)

    answers = run_concurrently([partial(issue, number) for number in range(8)])

    assert answers == [DONE] * 8
    assert len(asked) == 7
    assert EarnedBadge.objects.filter(customer_id=CUSTOMER).count() == 1
    assert RequestLog.objects.count() == 1


@pytest.mark.parametrize("same_request", [True, False])
def test_one_customer_is_enrolled_once(origin, same_request):
    badge = BadgeMetaFactory(enrolled=True)
    outcomes = []

    def enrol(number):
        result = enrol_customers(
            request_id="same" if same_request else f"enrol-{number}",
            customer_ids=[CUSTOMER],
            **badge_arguments(badge, origin),
        )
        outcomes.extend(result.outcomes)

    answers = run_concurrently([lambda number=number: enrol(number) for number in range(8)])

    assert Enrolment.objects.count() == 1
    assert answers.count(DONE) == (1 if same_request else 8)
    codes = [each.refusal.code for each in outcomes if each.refusal]
    assert codes == ([] if same_request else [1040] * 7)


@pytest.mark.parametrize("level", LimitLevel)
@pytest.mark.parametrize("before", [None, 20])
def test_a_limit_set_while_earns_run_is_never_exceeded_afterwards(make_earn, origin, level, before):
    limits = [Limit(level, LimitKind.FIXED_VALUE, before)] if before else []
    badge = BadgeMetaFactory(claimed=True, limits=limits)
    make_earn(badge, "warm")()
    draft = BadgeDraft(
        values={}, owners=["Loyalty"], limits=[Limit(level, LimitKind.FIXED_VALUE, 5)]
    )
    at_the_edit = []

    def edit():
        update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
        at_the_edit.append(EarnedBadge.objects.count())

    answers = run_concurrently([*(make_earn(badge, number) for number in range(16)), edit])

    assert answers[-1] is DONE
    earned = EarnedBadge.objects.count()
    assert earned == 1 + answers[:-1].count(DONE)
    assert earned <= max(5, *at_the_edit)
    # Earns before the edit count, so none is accepted once there are five.
    later = run_concurrently([make_earn(badge, f"later-{number}") for number in range(8)])
    assert EarnedBadge.objects.count() == max(5, earned)
    assert later.count(DONE) == max(0, 5 - earned)


@pytest.mark.parametrize("limits_before", [0, 1])
def test_earns_that_waited_for_an_edit_continue_without_a_deadlock(
    needs_postgresql, make_earn, origin, limits_before
):
    limits = [Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 5)]
    badge = BadgeMetaFactory(claimed=True, limits=limits[:limits_before])
    make_earn(badge, "warm")()
    draft = BadgeDraft(values={}, owners=["Loyalty"], limits=limits[limits_before:])
    # Earns by claim use the slow path, where each waits for the lock on its own connection. On the
    # fast path, the earns of one process would queue before the lock.
    by_claim = {"badge_id": None}
    earns = [
        make_earn(badge, number, customer_id=1 + number % 4, **by_claim) for number in range(8)
    ]

    with ThreadPoolExecutor(len(earns)) as threads:
        with transaction.atomic():
            update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
            running = [threads.submit(answer_of, earn) for earn in earns]
            wait_until_blocked(len(earns))
        answers = [each.result(TIMEOUT) for each in running]

    assert answers.count(DONE) == (8 if limits_before else 4)
    assert EarnedBadge.objects.count() == 1 + answers.count(DONE)


def test_the_tally_is_exact_after_concurrent_earns_and_edits(make_earn, origin):
    limit = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 100)
    badge = BadgeMetaFactory(claimed=True)
    drafts = [
        BadgeDraft(values={}, owners=["Loyalty"], limits=[limit][:size]) for size in (1, 0, 1)
    ]
    edits = [
        lambda draft=draft: update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
        for draft in drafts
    ]
    earns = [
        make_earn(badge, number, customer_id=1 + number % 5, event_at=NOW - timedelta(days=number))
        for number in range(20)
    ]

    assert run_concurrently(edits + earns) == [DONE] * 23

    update_badge(origin=origin, badge_id=badge.pk, draft=drafts[0], now=NOW)
    kept = list(EarnTally.objects.order_by("day").values("day", "by_event_day", "by_earned_day"))
    rebuild_tally(badge.pk)
    counted = EarnTally.objects.order_by("day").values("day", "by_event_day", "by_earned_day")
    assert kept == list(counted)
    assert sum(day["by_earned_day"] for day in kept) == EarnedBadge.objects.count() == 20


def test_no_earn_is_accepted_after_a_badge_was_deactivated(make_earn, origin):
    badge = BadgeMetaFactory(claimed=True)
    make_earn(badge, "warm")()
    off = BadgeDraft(values={"active": False}, owners=["Loyalty"])
    at_the_switch = []

    def switch_off():
        update_badge(origin=origin, badge_id=badge.pk, draft=off, now=NOW)
        at_the_switch.append(EarnedBadge.objects.count())

    earns = [make_earn(badge, number, customer_id=1 + number) for number in range(16)]
    answers = run_concurrently([*earns, switch_off])

    assert set(answers) <= {DONE, 815}
    assert at_the_switch == [EarnedBadge.objects.count()]
    assert run_concurrently([make_earn(badge, "late")]) == [815]


def test_no_earn_is_accepted_after_its_claim_was_revoked(make_earn, origin):
    badge = BadgeMetaFactory(claimed=True)
    make_earn(badge, "warm")()
    at_the_end = []

    def unclaim():
        unclaim_badge(origin=origin, badge_id=badge.pk, owner=LOYALTY, now=NOW)
        at_the_end.append(EarnedBadge.objects.count())

    answers = run_concurrently([*(make_earn(badge, number) for number in range(16)), unclaim])

    assert set(answers) <= {DONE, 810}
    assert at_the_end == [EarnedBadge.objects.count()]


def test_edits_and_claims_of_one_badge_are_serialised(origin):
    badge = BadgeMetaFactory(name="Spring", owners=["Loyalty", "Journeys"])
    draft = BadgeDraft(values={"description": "Edited"}, owners=["Loyalty", "Journeys"])
    call = {"origin": origin, "badge_id": badge.pk, "now": NOW}

    answers = run_concurrently(
        [
            *[lambda: update_badge(draft=draft, **call)] * 6,
            *[lambda: claim_badge(owner=LOYALTY, **call)] * 6,
        ]
    )

    assert answers == [DONE] * 12
    assert badge.claims.count() == 1
    badge.refresh_from_db()
    assert badge.version == 8
    assert [revision.version for revision in badge.revisions.all()] == [8, 7, 6, 5, 4, 3, 2]


def test_one_of_several_badges_with_the_same_name_is_created(origin):
    answers = run_concurrently([lambda: create_badge(origin=origin, draft=SPRING, now=NOW)] * 8)
    assert (answers.count(DONE), answers.count(725)) == (1, 7)
    assert RequestLog.objects.accepted().count() == 1
    assert refused_codes() == [725] * 7


def test_no_more_custom_fields_are_created_at_once_than_may_be_active(origin):
    CustomField.objects.bulk_create(
        CustomField(name=f"{number}", data_type="STRING") for number in range(MAX_ACTIVE_FIELDS - 3)
    )

    def create(number):
        create_custom_field(origin=origin, name=f"New {number}", data_type="STRING", now=NOW)

    answers = run_concurrently([partial(create, number) for number in range(8)])

    assert (answers.count(DONE), answers.count(2003)) == (3, 5)
    assert CustomField.objects.filter(active=True).count() == MAX_ACTIVE_FIELDS
