"""The counts by day equal the request log, whoever counts, and however late a row comes."""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from threading import Barrier, Event

import pytest
from django.db import connection, transaction

from badges.models import (
    EVER,
    ActorCount,
    BadgeCount,
    DailyCount,
    EarnedBadge,
    Enrolment,
    Limit,
    LimitKind,
    LimitLevel,
    Operation,
    RefusedItem,
    RequestLog,
    SummaryCursor,
)
from badges.services import revoke, summaries
from badges.services.earn import earn_badges
from badges.services.enrol import enrol_customers
from badges.services.imports import EarnedBefore, import_earned
from tests.conftest import in_thread, refused
from tests.factories import LOYALTY, NOW, BadgeMetaFactory, RequestLogFactory

pytestmark = pytest.mark.django_db

ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


@pytest.fixture
def history(earn, api_origin, desk_origin):
    """What happens in a programme: every operation on facts, both doors, refusals, three days."""
    once = BadgeMetaFactory(name="Once", claimed=True, limits=[ONCE])
    summer = BadgeMetaFactory(name="Summer", enrolled=True, claimed=True)
    held = earn(once, now=NOW - timedelta(days=1))
    earn(once, customer_id=7, origin=desk_origin, owner=None)
    with refused(2001):
        earn(once)
    with refused(404):
        earn(once, badge_id="0" * 24)
    call = {"origin": api_origin, "owner": LOYALTY, "now": NOW + timedelta(days=1)}
    ids = {"request_id": "list", "badge_id": once.pk, "customer_ids": [1001, 1002, 1003]}
    earn_badges(**call, **ids)
    enrolling = {"request_id": "enrol", "badge_id": summer.pk, "customer_ids": [1, 2]}
    enrol_customers(**call, **enrolling)
    enrol_customers(**call, **enrolling | {"request_id": "again", "customer_ids": [2, 3]})
    before = [
        EarnedBefore(badge.pk if badge else "f" * 24, customer, NOW, NOW + timedelta(days=9))
        for badge, customer in [(once, 501), (summer, 501), (summer, 502), (None, 503)]
    ]
    import_earned(origin=api_origin, request_id="import", items=before, now=NOW)
    taken = {"origin": desk_origin, "now": NOW}
    revoke.revoke_earned(
        badge_id=once.pk, customer_id=held.customer_id, earned_badge_id=held.pk, **taken
    )
    wanted = [revoke.EnrolmentToRevoke(1), revoke.EnrolmentToRevoke(2), revoke.EnrolmentToRevoke(9)]
    revoke.revoke_enrolments(badge_id=summer.pk, wanted=wanted, **taken)


def counted():
    """Return the counts as they are kept, by their key."""
    return {
        (row.day, row.channel, row.operation, row.code, row.badge_id, row.integrator_id): (
            row.requests,
            row.customers,
        )
        for row in DailyCount.objects.all()
    }


def recounted():
    """Return the counts as the ledgers have them, one row after the other, of all badges too."""
    requests, customers = Counter(), Counter()

    def keys(request, badge_id, code=0):
        kind = (request.channel, request.operation, code)
        return [
            (day_of(request), *kind, each, request.integrator_id or 0)
            for each in {"", badge_id or ""}
        ]

    for request in RequestLog.objects.all():
        requests.update(keys(request, request.badge_id, request.code or 0))
    for item in RefusedItem.objects.select_related("request"):
        customers.update(keys(item.request, item.request.badge_id, item.code))
    for facts in (EarnedBadge.objects.all(), Enrolment.objects.all()):
        for fact in facts.select_related("request", "revocation"):
            for request in filter(None, (fact.request, fact.revocation)):
                customers.update(keys(request, fact.badge_id))
    return {each: (requests[each], customers[each]) for each in requests | customers}


def counted_of_badges():
    """Return the counts of badges as they are kept, by their key."""
    return {
        (row.day, row.badge_id): (row.enrolled, row.issued, row.revoked)
        for row in BadgeCount.objects.all()
    }


def recounted_of_badges():
    """Return the counts of badges as the ledgers have them, one fact after the other."""
    sums = defaultdict(lambda: [0, 0, 0])
    for place, facts in enumerate((Enrolment.objects.all(), EarnedBadge.objects.all())):
        for fact in facts.select_related("request", "revocation"):
            for day in (day_of(fact.request), EVER):
                sums[day, fact.badge_id][place] += 1
    for fact in EarnedBadge.objects.filter(revoked_at__isnull=False):
        for day in (day_of(fact.revocation), EVER):
            sums[day, fact.badge_id][2] += 1
    return {each: tuple(counts) for each, counts in sums.items()}


def counted_of_actors():
    """Return the counts of actors as they are kept, by their key."""
    return {
        (row.day, row.integrator_id, row.user_id): (row.requests, row.refused)
        for row in ActorCount.objects.all()
    }


def recounted_of_actors():
    """Return the counts of actors as the request log has them."""
    sums = defaultdict(lambda: [0, 0])
    for request in RequestLog.objects.filter(operation__in=Operation.changing()):
        actor = (day_of(request), request.integrator_id or 0, request.user_id or 0)
        sums[actor][0] += 1
        sums[actor][1] += request.code is not None
    return {each: tuple(counts) for each, counts in sums.items()}


def day_of(request):
    return request.received_at.astimezone(UTC).date()


def test_the_counts_of_a_mixed_history_are_exact(history):
    rows = RequestLog.objects.count()

    assert summaries.catch_up() == rows
    assert counted() == recounted()
    assert counted_of_badges() == recounted_of_badges()
    assert counted_of_actors() == recounted_of_actors()
    assert {bool(integrator) for _day, integrator, _user in counted_of_actors()} == {True, False}
    assert {sum(counts) > 0 for counts in counted_of_badges().values()} == {True}
    assert DailyCount.objects.filter(code__in=[404, 2001, 1040, 1054]).count() >= 4


@pytest.mark.parametrize(
    ("operation", "code", "requests", "customers"),
    [
        (Operation.EARN, 0, 2, 2),
        (Operation.EARN, 2001, 1, 0),
        (Operation.EARN, 404, 1, 0),
        (Operation.EARN_BULK, 0, 1, 2),
        (Operation.EARN_BULK, 2001, 0, 1),
        (Operation.ENROL_BULK, 0, 2, 3),
        (Operation.ENROL_BULK, 1040, 0, 1),
        (Operation.IMPORT_EARNED, 0, 1, 3),
        (Operation.IMPORT_EARNED, 1054, 0, 1),
        (Operation.REVOKE_EARN, 0, 1, 1),
        (Operation.REVOKE_ENROLMENT, 0, 1, 2),
        (Operation.REVOKE_ENROLMENT, 404, 0, 1),
    ],
)
def test_each_operation_counts_who_got_or_lost_something(
    history, operation, code, requests, customers
):
    summaries.catch_up()

    rows = DailyCount.objects.of_badge().filter(operation=operation, code=code)
    assert sum(row.requests for row in rows) == requests
    assert sum(row.customers for row in rows) == customers


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_many_small_steps_count_the_same(history, limit):
    assert summaries.catch_up(limit) == limit
    assert summaries.catch_up_entirely(limit) == RequestLog.objects.count() - limit
    assert counted() == recounted()
    assert counted_of_badges() == recounted_of_badges()


def test_nothing_new_counts_nothing(history):
    summaries.catch_up()
    before = counted()

    assert summaries.catch_up() == 0
    assert counted() == before


def test_an_empty_log_counts_nothing(db):
    assert summaries.catch_up() == 0
    assert not DailyCount.objects.exists()
    assert not SummaryCursor.objects.exists()


def test_the_day_is_that_of_the_request_in_utc(db):
    before_midnight = NOW.replace(hour=23, minute=59)
    RequestLogFactory(received_at=before_midnight)
    RequestLogFactory(received_at=before_midnight + timedelta(minutes=1))

    summaries.catch_up()

    assert [row.day.day for row in DailyCount.objects.of_badge().order_by("day")] == [15, 16]


def test_a_new_count_is_the_same_as_the_one_kept(history):
    summaries.catch_up(3)
    DailyCount.objects.update(requests=99)
    BadgeCount.objects.update(issued=99)
    ActorCount.objects.update(requests=99)

    assert summaries.rebuild() == RequestLog.objects.count()
    assert counted() == recounted()
    assert counted_of_badges() == recounted_of_badges()
    assert counted_of_actors() == recounted_of_actors()


def test_counting_asks_as_often_for_many_rows_as_for_few(
    history, django_assert_num_queries, django_assert_max_num_queries
):
    summaries.catch_up(1)
    with django_assert_max_num_queries(10) as few:
        summaries.catch_up(2)
    with django_assert_num_queries(len(few)):
        summaries.catch_up()


class TestAtTheSameTime:
    """Real transactions on connections of their own."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_two_runs_count_every_row_once(self, history):
        start = Barrier(4)

        def count(_number):
            start.wait(timeout=30)
            try:
                return sum(iter(lambda: summaries.catch_up(3), 0))
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(count, range(4)))

        summaries.catch_up()
        assert counted() == recounted()

    def test_a_run_under_way_lets_the_others_pass(self, needs_postgresql, history):
        summaries.catch_up(1)
        with ThreadPoolExecutor(1) as threads, transaction.atomic():
            summaries.catch_up(2)
            assert threads.submit(in_thread, summaries.catch_up).result(timeout=30) == 0

        summaries.catch_up()
        assert counted() == recounted()

    @pytest.mark.parametrize("ends_well", [True, False])
    def test_a_row_that_comes_late_is_not_passed_over(self, needs_postgresql, ends_well):
        edit(request_id="first")
        summaries.catch_up()
        edit(request_id="early")
        inserted, go_on = Event(), Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                assert go_on.wait(timeout=30)
                transaction.set_rollback(not ends_well)

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=30)
            for _number in range(3):
                edit()
            while_it_runs = [summaries.catch_up(), summaries.catch_up()]
            go_on.set()
            late.result(timeout=30)

        assert while_it_runs == [1, 0]
        assert summaries.catch_up() == (4 if ends_well else 3)
        assert counted() == recounted()

    def test_a_run_waits_a_little_for_a_row_that_comes_late(self, needs_postgresql):
        inserted = Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                wait_until_somebody_asks_for_writers()

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=30)
            edit(request_id="early")
            assert summaries.catch_up(patience=30) == 2
            late.result(timeout=30)

        assert counted() == recounted()

    def test_who_inserts_nothing_is_not_waited_for(self, needs_postgresql):
        reading, go_on = Event(), Event()

        def read():
            with transaction.atomic():
                list(RequestLog.objects.all())
                list(SummaryCursor.objects.all())
                reading.set()
                assert go_on.wait(timeout=30)

        with ThreadPoolExecutor(1) as threads:
            reader = threads.submit(in_thread, read)
            assert reading.wait(timeout=30)
            edit()
            lose_an_id()
            edit()
            counted_rows = summaries.catch_up()
            go_on.set()
            reader.result(timeout=30)

        assert counted_rows == 2


def edit(**columns):
    """Leave a row that gave nobody a badge."""
    return RequestLogFactory(operation=Operation.UPDATE_BADGE, **columns)


def lose_an_id():
    """Leave a gap in the ids, as every refusal does."""
    with transaction.atomic():
        edit()
        transaction.set_rollback(True)


def wait_until_somebody_asks_for_writers():
    """Return once another connection has looked who is inserting."""
    with connection.cursor() as cursor:
        seen = 0
        while not seen:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND pid <> %s",
                ["%virtualtransaction FROM pg_locks%", connection.connection.info.backend_pid],
            )
            (seen,) = cursor.fetchone()
