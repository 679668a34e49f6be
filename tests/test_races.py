"""Many at once: real threads, real transactions, on whatever database DATABASE_URL names."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import monotonic

import pytest
from django.db import connection, transaction

from badges.errors import BadgeError, ErrorCode
from badges.models import (
    Channel,
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
from badges.services.definitions import (
    BadgeDraft,
    claim_badge,
    create_badge,
    unclaim_badge,
    update_badge,
)
from badges.services.earn import earn_badge, earn_badges
from badges.services.enrol import enrol_customers
from badges.services.limits import rebuild_tally
from badges.services.requests import Origin
from tests.factories import CUSTOMER, LOYALTY, NOW, BadgeMetaFactory, IntegratorFactory
from tests.services.test_definitions import SPRING

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 32
DONE = None


def answer_of(call, start=None):
    """Run a call on a connection of its own; return DONE or the code of its refusal.

    Anything that is no refusal goes through: a deadlock or a locked database fails the test.
    """
    try:
        if start:
            start.wait(timeout=30)
        call()
    except BadgeError as refusal:
        return refusal.code
    else:
        return DONE
    finally:
        connection.close()


def together(calls):
    """Start all calls at one moment and return their answers."""
    start = Barrier(len(calls))
    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(lambda call: answer_of(call, start), calls))


def wait_until_blocked(number):
    """Return when so many connections wait for a lock (PostgreSQL)."""
    deadline = monotonic() + 20
    blocked = 0
    while blocked < number:
        assert monotonic() < deadline
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            (blocked,) = cursor.fetchone()


@pytest.fixture
def origin(transactional_db):
    return Origin(channel=Channel.API, integrator=IntegratorFactory())


@pytest.fixture
def giving(origin):
    """Return a call that earns a badge when it is called; the numbers make the request ids."""

    def make(badge, number, **given):
        usual = {
            "origin": origin,
            "request_id": f"earn-{number}",
            "customer_id": CUSTOMER,
            "badge_id": badge.pk,
            "owner": LOYALTY,
            "now": NOW,
        }
        return lambda: earn_badge(**(usual | given))

    return make


def limited(level, kind, max_earns, *window):
    limit = Limit(level, kind, max_earns, *window)
    return BadgeMetaFactory(claimed=True, limits=[limit])


def refused_codes():
    refused = RequestLog.objects.filter(outcome=RequestOutcome.REFUSED)
    return sorted(refused.values_list("code", flat=True))


def test_one_request_sent_many_times_at_once_is_accepted_once(giving):
    badge = BadgeMetaFactory(claimed=True)

    answers = together([giving(badge, "same")] * MANY)

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
def test_a_limit_is_exact_under_a_rush(giving, level, window):
    badge = limited(level, *window)
    of_customer = level == LimitLevel.CUSTOMER

    customers = [CUSTOMER if of_customer else 1 + number for number in range(MANY)]
    earns = [giving(badge, each, customer_id=customer) for each, customer in enumerate(customers)]

    answers = together(earns)

    code = 2001 if of_customer else 2002
    assert answers.count(DONE) == 3
    assert answers.count(code) == MANY - 3
    assert EarnedBadge.objects.count() == 3
    assert refused_codes() == [code] * (MANY - 3)


def test_customers_of_a_badge_without_badge_limits_do_not_refuse_each_other(giving):
    badge = limited(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)
    answers = together([giving(badge, number, customer_id=1 + number // 2) for number in range(16)])
    assert (answers.count(DONE), answers.count(2001)) == (8, 8)
    assert sorted(EarnedBadge.objects.values_list("customer_id", flat=True)) == [*range(1, 9)]


def test_lists_and_single_earns_share_the_limits(giving, origin):
    badge = BadgeMetaFactory(
        claimed=True,
        limits=[
            Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1),
            Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 12),
        ],
    )
    lists = [
        lambda number=number: earn_badges(
            origin=origin,
            request_id=f"list-{number}",
            customer_ids=range(1, 9),
            badge_id=badge.pk,
            owner=LOYALTY,
            now=NOW,
        )
        for number in range(4)
    ]
    singles = [giving(badge, number, customer_id=1 + number) for number in range(16)]

    together(lists + singles)

    customers = list(EarnedBadge.objects.values_list("customer_id", flat=True))
    assert len(customers) == len(set(customers)) == 12


@pytest.mark.parametrize("same_request", [True, False])
def test_one_customer_is_enrolled_once(origin, same_request):
    badge = BadgeMetaFactory(enrolled=True)
    outcomes = []

    def enrol(number):
        result = enrol_customers(
            origin=origin,
            request_id="same" if same_request else f"enrol-{number}",
            badge_id=badge.pk,
            customer_ids=[CUSTOMER],
            owner=LOYALTY,
            now=NOW,
        )
        outcomes.extend(result.outcomes)

    answers = together([lambda number=number: enrol(number) for number in range(8)])

    assert Enrolment.objects.count() == 1
    assert answers.count(DONE) == (1 if same_request else 8)
    codes = [each.refusal.code for each in outcomes if each.refusal]
    assert codes == ([] if same_request else [1040] * 7)


@pytest.mark.parametrize("level", LimitLevel)
@pytest.mark.parametrize("before", [None, 20])
def test_a_limit_set_while_earns_run_is_never_exceeded_afterwards(giving, origin, level, before):
    limits = [Limit(level, LimitKind.FIXED_VALUE, before)] if before else []
    badge = BadgeMetaFactory(claimed=True, limits=limits)
    giving(badge, "warm")()
    draft = BadgeDraft(
        values={}, owners=["Loyalty"], limits=[Limit(level, LimitKind.FIXED_VALUE, 5)]
    )
    at_the_edit = []

    def edit():
        update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
        at_the_edit.append(EarnedBadge.objects.count())

    answers = together([*(giving(badge, number) for number in range(16)), edit])

    assert answers[-1] is DONE
    earned = EarnedBadge.objects.count()
    assert earned == 1 + answers[:-1].count(DONE)
    assert earned <= max(5, *at_the_edit)
    # What came in before the edit counts, so no further one is accepted once five are reached.
    later = together([giving(badge, f"later-{number}") for number in range(8)])
    assert EarnedBadge.objects.count() == max(5, earned)
    assert later.count(DONE) == max(0, 5 - earned)


@pytest.mark.parametrize("limits_before", [0, 1])
def test_earns_that_waited_for_an_edit_go_on_without_a_deadlock(
    needs_postgresql, giving, origin, limits_before
):
    limits = [Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 5)]
    badge = BadgeMetaFactory(claimed=True, limits=limits[:limits_before])
    giving(badge, "warm")()
    draft = BadgeDraft(values={}, owners=["Loyalty"], limits=limits[limits_before:])
    # By their claim they take the long way, where each waits for the lock on a connection of its
    # own; the short way lets those of one process wait for each other before they get there.
    by_claim = {"badge_id": None}
    earns = [giving(badge, number, customer_id=1 + number % 4, **by_claim) for number in range(8)]

    with ThreadPoolExecutor(len(earns)) as threads:
        with transaction.atomic():
            update_badge(origin=origin, badge_id=badge.pk, draft=draft, now=NOW)
            running = [threads.submit(answer_of, earn) for earn in earns]
            wait_until_blocked(len(earns))
        answers = [each.result() for each in running]

    assert answers.count(DONE) == (8 if limits_before else 4)
    assert EarnedBadge.objects.count() == 1 + answers.count(DONE)


def test_the_tally_is_right_after_a_rush_with_edits(giving, origin):
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
        giving(badge, number, customer_id=1 + number % 5, event_at=NOW - timedelta(days=number))
        for number in range(20)
    ]

    assert together(edits + earns) == [DONE] * 23

    update_badge(origin=origin, badge_id=badge.pk, draft=drafts[0], now=NOW)
    kept = list(EarnTally.objects.order_by("day").values("day", "by_event_day", "by_earned_day"))
    rebuild_tally(badge.pk)
    counted = EarnTally.objects.order_by("day").values("day", "by_event_day", "by_earned_day")
    assert kept == list(counted)
    assert sum(day["by_earned_day"] for day in kept) == EarnedBadge.objects.count() == 20


def test_no_earn_is_accepted_after_a_badge_was_switched_off(giving, origin):
    badge = BadgeMetaFactory(claimed=True)
    giving(badge, "warm")()
    off = BadgeDraft(values={"active": False}, owners=["Loyalty"])
    at_the_switch = []

    def switch_off():
        update_badge(origin=origin, badge_id=badge.pk, draft=off, now=NOW)
        at_the_switch.append(EarnedBadge.objects.count())

    earns = [giving(badge, number, customer_id=1 + number) for number in range(16)]
    answers = together([*earns, switch_off])

    assert set(answers) <= {DONE, 815}
    assert at_the_switch == [EarnedBadge.objects.count()]
    assert together([giving(badge, "late")]) == [815]


def test_no_earn_is_accepted_after_its_claim_was_taken_back(giving, origin):
    badge = BadgeMetaFactory(claimed=True)
    giving(badge, "warm")()
    at_the_end = []

    def unclaim():
        unclaim_badge(origin=origin, badge_id=badge.pk, owner=LOYALTY, now=NOW)
        at_the_end.append(EarnedBadge.objects.count())

    answers = together([*(giving(badge, number) for number in range(16)), unclaim])

    assert set(answers) <= {DONE, 810}
    assert at_the_end == [EarnedBadge.objects.count()]


def test_edits_and_claims_of_one_badge_take_turns(origin):
    badge = BadgeMetaFactory(name="Spring", owners=["Loyalty", "Journeys"])
    draft = BadgeDraft(values={"description": "Edited"}, owners=["Loyalty", "Journeys"])
    call = {"origin": origin, "badge_id": badge.pk, "now": NOW}

    answers = together(
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
    answers = together([lambda: create_badge(origin=origin, draft=SPRING, now=NOW)] * 8)
    assert (answers.count(DONE), answers.count(725)) == (1, 7)
    assert RequestLog.objects.accepted().count() == 1
    assert refused_codes() == [725] * 7
