"""Revoking many earned badges in one request, and issuing one again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from badges.errors import BadgeError
from badges.models import (
    EarnedBadge,
    EarnTally,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RefusedItem,
    RequestLog,
    RequestOutcome,
)
from badges.services.customers.imports import ImportedBadge, import_earned
from badges.services.customers.limits import rebuild_tally
from badges.services.customers.revoke import (
    MAX_BADGES,
    preview_revoke,
    revoke_earned,
    revoke_many,
    revoke_request,
)
from badges.services.earning.earn import earn_badges
from badges.services.earning.preview import preview_earn
from tests.conftest import refused
from tests.factories import (
    CUSTOMER,
    FAR_AHEAD,
    LOYALTY,
    NOW,
    BadgeMetaFactory,
    EarnedBadgeFactory,
    RequestLogFactory,
)
from tests.waiting import TIMEOUT

pytestmark = pytest.mark.django_db

UNKNOWN = "f" * 24
DONE = None


@pytest.fixture
def revoke(desk_origin):
    """Return a function that revokes earned badges at NOW by their ids."""

    def ask(*facts, request_id="take-back", **given):
        ids = [getattr(fact, "pk", fact) for fact in facts]
        call = {"origin": desk_origin, "request_id": request_id, "now": NOW} | given
        return revoke_many(earned_badge_ids=ids, **call)

    return ask


@pytest.fixture
def give(desk_origin):
    """Return a function that issues a badge to customers in one request and returns the request."""

    def ask(badge, customer_ids, request_id="list-1"):
        call = {"origin": desk_origin, "badge_id": badge.pk, "now": NOW}
        return earn_badges(customer_ids=customer_ids, request_id=request_id, **call).request

    return ask


def standing():
    return sorted(EarnedBadge.objects.not_revoked().values_list("customer_id", flat=True))


def codes_of(outcomes):
    return [(each.customer_id, each.refusal and each.refusal.code) for each in outcomes]


def test_issued_badges_of_several_customers_and_badges_are_revoked_in_one_request(
    revoke, desk_origin
):
    facts = [EarnedBadgeFactory(customer_id=customer) for customer in (3, 1, 2)]
    other = EarnedBadgeFactory(customer_id=4)

    outcomes = revoke(*facts).outcomes

    assert codes_of(outcomes) == [(3, None), (1, None), (2, None)]
    assert standing() == [other.customer_id]
    request = RequestLog.objects.get(operation=Operation.REVOKE_EARN)
    assert (request.user, request.reason) == (desk_origin.user, "Called in")
    assert (request.badge_id, request.customer_id) == (None, None)
    for fact in facts:
        fact.refresh_from_db()
        assert (fact.revoked_at, fact.revocation) == (NOW, request)


def test_the_request_names_its_only_badge_and_customer(revoke, live_badge):
    facts = EarnedBadgeFactory.create_batch(2, badge=live_badge)

    request = revoke(*facts).request

    assert (request.badge_id, request.customer_id) == (live_badge.pk, CUSTOMER)


def test_badges_that_cannot_be_revoked_are_reported_and_recorded(revoke):
    fact, gone = EarnedBadgeFactory(), EarnedBadgeFactory(customer_id=7, revoked=True)
    first = gone.revocation

    result = revoke(fact, gone, UNKNOWN, fact)

    assert codes_of(result.outcomes) == [(CUSTOMER, None), (7, 814), (0, 814)]
    kept = RefusedItem.objects.filter(request=result.request).values_list("customer_id", "message")
    assert [*kept] == [
        (7, f"{gone.pk} is revoked already."),
        (0, f"There is no issued badge {UNKNOWN}."),
    ]
    gone.refresh_from_db()
    assert gone.revocation == first


def test_a_call_that_revokes_nothing_is_refused_and_does_not_use_its_request_id(revoke):
    gone, fact = EarnedBadgeFactory(revoked=True), EarnedBadgeFactory()
    with refused(814):
        revoke(gone, UNKNOWN)
    assert not RefusedItem.objects.exists()
    assert RequestLog.objects.get(operation=Operation.REVOKE_EARN).outcome == RequestOutcome.REFUSED

    revoke(fact)
    assert standing() == []


@pytest.mark.parametrize(
    ("ids", "code"), [([], 1051), ([f"{n:024x}" for n in range(MAX_BADGES + 1)], 2003)]
)
def test_a_call_for_none_or_too_many_is_refused(revoke, ids, code):
    with refused(code):
        revoke(*ids)


def test_the_same_request_id_revokes_once(revoke):
    first, second = EarnedBadgeFactory(), EarnedBadgeFactory(customer_id=2)
    revoke(first)

    for facts, identical in ([first], True), ([second], False):
        with pytest.raises(BadgeError) as refusal:
            revoke(*facts)
        assert (refusal.value.code, refusal.value.identical) == (809, identical)
    assert standing() == [2]


def test_a_preview_agrees_with_the_revocation_and_writes_nothing(revoke):
    fact, gone = EarnedBadgeFactory(), EarnedBadgeFactory(revoked=True)
    ids = [fact.pk, gone.pk, UNKNOWN]
    before = RequestLog.objects.count()

    foreseen = preview_revoke(ids)

    assert (RequestLog.objects.count(), standing()) == (before, [CUSTOMER])
    assert codes_of(foreseen) == codes_of(revoke(*ids).outcomes)
    assert [each.existing for each in foreseen] == [None, gone, None]


@pytest.mark.parametrize("level", LimitLevel)
def test_a_revocation_frees_the_limits(revoke, give, level):
    badge = BadgeMetaFactory(limits=[Limit(level, LimitKind.FIXED_VALUE, 2)])
    both = [CUSTOMER, CUSTOMER + 1]
    give(badge, both, "first")
    give(badge, both if level == LimitLevel.CUSTOMER else [], "second")
    assert give_code(give, badge) == (2001 if level == LimitLevel.CUSTOMER else 2002)

    revoke(*EarnedBadge.objects.all())

    assert give_code(give, badge) is None
    kept = list(EarnTally.objects.values_list("day", "by_event_day", "by_earned_day"))
    if level == LimitLevel.BADGE:
        rebuild_tally(badge.pk)
        counted = EarnTally.objects.values_list("day", "by_event_day", "by_earned_day")
        assert kept == list(counted)


def give_code(give, badge):
    """Issue once more, and return the code of the refusal."""
    request = give(badge, [CUSTOMER], f"again-{RequestLog.objects.count()}")
    return RefusedItem.objects.filter(request=request).values_list("code", flat=True).first()


def test_everything_that_a_request_issued_is_revoked_and_nothing_else(
    give, revoke, desk_origin, live_badge
):
    request = give(live_badge, [1, 2, 3])
    give(live_badge, [1, 9], "list-2")
    revoke(EarnedBadge.objects.get(request=request, customer_id=2), request_id="one")

    result = revoke_request(origin=desk_origin, request_id="all", issued_by=request.pk, now=NOW)

    assert codes_of(result.outcomes) == [(1, None), (3, None)]
    assert standing() == [1, 9]
    assert result.request.badge_id == live_badge.pk
    for request_id, code in ("all", 809), ("more", 814):
        with refused(code):
            revoke_request(origin=desk_origin, request_id=request_id, issued_by=request.pk)


@pytest.mark.parametrize("operation", [Operation.CLAIM, Operation.REVOKE_EARN])
def test_a_request_that_issues_nothing_has_nothing_to_revoke(desk_origin, operation):
    row = RequestLogFactory(operation=operation)
    EarnedBadgeFactory(request=row)
    with refused(814):
        revoke_request(origin=desk_origin, request_id="all", issued_by=row.pk)
    assert standing() == [CUSTOMER]


def test_an_import_of_several_badges_is_revoked_with_its_tallies(desk_origin):
    limit = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 99)
    badges = [BadgeMetaFactory(limits=[limit]), BadgeMetaFactory(limits=[limit])]
    items = [ImportedBadge(badge.pk, n, NOW, FAR_AHEAD) for badge in badges for n in (1, 2, 3)]
    imported = import_earned(origin=desk_origin, request_id="old", items=items, now=NOW).request

    revoke_request(origin=desk_origin, request_id="all", issued_by=imported.pk, now=NOW)

    assert standing() == []
    assert set(EarnTally.objects.values_list("by_event_day", "by_earned_day")) == {(0, 0)}


def test_the_query_count_of_a_revocation_is_constant(revoke, give, desk_origin, live_badge):
    few, many = give(live_badge, [1, 2], "few"), give(live_badge, range(1, 2001), "many")
    counts = []
    for request in few, many:
        with CaptureQueriesContext(connection) as queries:
            revoke_request(origin=desk_origin, request_id=f"all-{request.pk}", issued_by=request.pk)
        counts.append(len(queries))
    for size in 2, 200:
        facts = [
            EarnedBadgeFactory(badge=live_badge, customer_id=5),
            *EarnedBadgeFactory.create_batch(size - 1, badge=live_badge),
        ]
        with CaptureQueriesContext(connection) as queries:
            revoke(*facts, request_id=f"ids-{size}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[2] == counts[3]
    assert standing() == []


class TestReissuing:
    def test_reissuing_a_badge_points_to_the_revoked_one(self, earn, revoke, live_badge):
        first = earn(live_badge)
        revoke(first)

        again = earn(live_badge, reissue_of=first.pk)

        assert EarnedBadge.objects.get(reissue_of=first) == again
        assert [*first.reissues.all()] == [again]

    @pytest.mark.parametrize(
        "fact", [{}, {"revoked": True, "customer_id": 5}, {"revoked": True, "badge": None}]
    )
    def test_reissuing_an_active_or_foreign_badge_is_refused(
        self, earn, live_badge, api_origin, fact
    ):
        badge = BadgeMetaFactory() if "badge" in fact else live_badge
        fact = EarnedBadgeFactory(**(fact | {"badge": badge}))
        call = {"customer_ids": [CUSTOMER], "owner": LOYALTY, "now": NOW}

        with refused(2005):
            earn(live_badge, reissue_of=fact.pk)
        preview = preview_earn(
            origin=api_origin, badge_id=live_badge.pk, reissue_of=fact.pk, **call
        )

        assert preview.outcome.refusal.code == 2005
        assert EarnedBadge.objects.count() == 1

    def test_reissuing_an_unknown_badge_is_refused(self, earn, live_badge):
        with refused(2005):
            earn(live_badge, reissue_of=UNKNOWN)

    def test_reissuing_a_badge_applies_the_rules(self, earn, revoke):
        badge = BadgeMetaFactory(
            claimed=True, limits=[Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)]
        )
        first = earn(badge)
        revoke(first)
        earn(badge)
        with refused(2001):
            earn(badge, reissue_of=first.pk)


def run_concurrently(calls):
    """Start all calls at the same time, each on its own connection. Return their results."""
    start = Barrier(len(calls))

    def answer(call):
        try:
            start.wait(timeout=TIMEOUT)
            call()
        except BadgeError as refusal:
            return int(refusal.code)
        else:
            return DONE
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(answer, calls))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limits", [[], [Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 9)]])
def test_a_badge_revoked_concurrently_is_revoked_once(desk_origin, give, limits):
    badge = BadgeMetaFactory(limits=limits)
    give(badge, [CUSTOMER])
    fact = EarnedBadge.objects.get()
    named = {"badge_id": badge.pk, "customer_id": CUSTOMER, "earned_badge_id": fact.pk}
    many = [
        lambda n=n: revoke_many(
            origin=desk_origin, request_id=f"take-{n}", earned_badge_ids=[fact.pk]
        )
        for n in range(6)
    ]
    singles = [lambda: revoke_earned(origin=desk_origin, **named)] * 6

    answers = run_concurrently(many + singles)

    assert answers.count(DONE) == 1
    assert answers.count(814) == 11
    revocations = RequestLog.objects.accepted().filter(operation=Operation.REVOKE_EARN)
    fact.refresh_from_db()
    assert fact.revocation == revocations.get()
    assert set(EarnTally.objects.values_list("by_event_day", flat=True)) <= {0}


@pytest.mark.django_db(transaction=True)
def test_overlapping_lists_are_revoked_without_a_deadlock(desk_origin, give):
    limit = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, 99)
    badges = [BadgeMetaFactory(limits=[limit]) for _ in range(4)]
    for number, badge in enumerate(badges):
        give(badge, [1, 2, 3], f"list-{number}")
    ids = list(EarnedBadge.objects.values_list("pk", flat=True))
    lists = [
        lambda n=n: revoke_many(
            origin=desk_origin,
            request_id=f"take-{n}",
            earned_badge_ids=(ids if n % 2 else ids[::-1])[n:],
        )
        for n in range(6)
    ]
    earns = [lambda n=n: give(badges[n % 4], [7], f"more-{n}") for n in range(8)]

    answers = run_concurrently(lists + earns)

    assert set(answers[:6]) <= {DONE, 814}
    assert answers[6:] == [DONE] * 8
    assert standing() == [7] * 8
    assert sum(EarnTally.objects.values_list("by_event_day", flat=True)) == 8


@pytest.mark.django_db(transaction=True)
def test_a_revocation_sent_concurrently_is_accepted_once(desk_origin, give):
    badge = BadgeMetaFactory()
    issued_by = give(badge, range(1, 50)).pk
    call = {"origin": desk_origin, "request_id": "same", "issued_by": issued_by}

    answers = run_concurrently([lambda: revoke_request(**call)] * 8)

    assert (answers.count(DONE), answers.count(809)) == (1, 7)
    assert standing() == []
