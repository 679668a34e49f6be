"""The counts by day equal the request log, even with concurrent runs and late commits."""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from importlib import import_module
from threading import Barrier, Event
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.models import F

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
from badges.services.customers import revoke
from badges.services.customers.enrol import enrol_customers
from badges.services.customers.imports import ImportedBadge, import_earned
from badges.services.earning.earn import earn_badges
from badges.services.record import summaries
from tests.conftest import in_thread, refused
from tests.factories import LOYALTY, NOW, BadgeMetaFactory, RequestLogFactory
from tests.waiting import TIMEOUT, wait_until

pytestmark = pytest.mark.django_db

ONCE = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, 1)


@pytest.fixture
def history(earn, api_origin, desk_origin):
    """Create requests of three days: all operations on facts, from API and desk, and refusals."""
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
        ImportedBadge(badge.pk if badge else "f" * 24, customer, NOW, NOW + timedelta(days=9))
        for badge, customer in [(once, 501), (summer, 501), (summer, 502), (None, 503)]
    ]
    import_earned(origin=api_origin, request_id="import", items=before, now=NOW)
    taken = {"origin": desk_origin, "now": NOW}
    revoke.revoke_earned(
        badge_id=once.pk, customer_id=held.customer_id, earned_badge_id=held.pk, **taken
    )
    wanted = [revoke.EnrolmentToRevoke(1), revoke.EnrolmentToRevoke(2), revoke.EnrolmentToRevoke(9)]
    revoke.revoke_enrolments(badge_id=summer.pk, enrolments=wanted, **taken)


def counted():
    """Return the stored counts by their key."""
    return {
        (row.day, row.channel, row.operation, row.code, row.badge_id, row.integrator_id): (
            row.requests,
            row.customers,
        )
        for row in DailyCount.objects.all()
    }


def recounted():
    """Return the counts from the ledgers, row by row, with the totals of all badges and actors."""
    requests, customers = Counter(), Counter()

    def keys(request, badge_id, code=0):
        kind = (request.channel, request.operation, code)
        return [
            (day_of(request), *kind, badge, integrator)
            for badge in {"", badge_id or ""}
            for integrator in {0, request.integrator_id or 0}
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
    """Return the stored counts of badges by their key."""
    return {
        (row.day, row.badge_id): (row.enrolled, row.issued, row.revoked)
        for row in BadgeCount.objects.all()
    }


def recounted_of_badges():
    """Return the counts of badges from the ledgers, fact by fact."""
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
    """Return the stored counts of actors by their key."""
    return {
        (row.day, row.integrator_id, row.user_id): (row.requests, row.refused)
        for row in ActorCount.objects.all()
    }


def recounted_of_actors():
    """Return the counts of actors from the request log."""
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
def test_each_operation_counts_its_customers(history, operation, code, requests, customers):
    summaries.catch_up()

    rows = DailyCount.objects.of_badge().filter(operation=operation, code=code)
    assert sum(row.requests for row in rows) == requests
    assert sum(row.customers for row in rows) == customers


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_many_small_runs_count_the_same(history, limit):
    assert summaries.catch_up(limit) == limit
    assert summaries.catch_up_all(limit) == RequestLog.objects.count() - limit
    assert counted() == recounted()
    assert counted_of_badges() == recounted_of_badges()


def test_a_run_without_new_rows_counts_nothing(history):
    summaries.catch_up()
    before = counted()

    assert summaries.catch_up() == 0
    assert counted() == before


def test_an_empty_log_counts_nothing(db):
    assert summaries.catch_up() == 0
    assert not DailyCount.objects.exists()
    assert not SummaryCursor.objects.exists()


def test_the_day_of_a_count_is_that_of_the_request_in_utc(db):
    before_midnight = NOW.replace(hour=23, minute=59)
    RequestLogFactory(received_at=before_midnight)
    RequestLogFactory(received_at=before_midnight + timedelta(minutes=1))

    summaries.catch_up()

    assert [row.day.day for row in DailyCount.objects.of_badge().order_by("day")] == [15, 16]


def test_a_recount_equals_the_stored_counts(history):
    summaries.catch_up(3)
    DailyCount.objects.update(requests=99)
    BadgeCount.objects.update(issued=99)
    ActorCount.objects.update(requests=99)

    assert summaries.rebuild() == RequestLog.objects.count()
    assert counted() == recounted()
    assert counted_of_badges() == recounted_of_badges()
    assert counted_of_actors() == recounted_of_actors()


def test_the_counts_of_an_older_version_are_completed(history):
    summaries.catch_up()
    right = counted()
    integrators = DailyCount.objects.exclude(integrator_id=0)
    for row in integrators:
        kind = {"day": row.day, "channel": row.channel, "operation": row.operation}
        of_all = DailyCount.objects.filter(
            **kind, code=row.code, badge_id=row.badge_id, integrator_id=0
        )
        of_all.update(
            requests=F("requests") - row.requests, customers=F("customers") - row.customers
        )
    DailyCount.objects.filter(requests=0, customers=0).delete()
    assert counted() != right

    migration = import_module("badges.migrations.0024_add_counts_of_all_actors")
    migration.count_all_actors(apps, SimpleNamespace(connection=connection))

    assert counted() == right


def test_the_query_count_of_counting_is_constant(
    history, django_assert_num_queries, django_assert_max_num_queries
):
    summaries.catch_up(1)
    with django_assert_max_num_queries(10) as few:
        summaries.catch_up(2)
    with django_assert_num_queries(len(few)):
        summaries.catch_up()


class TestConcurrentCounting:
    """Real transactions on separate connections."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_concurrent_counting_counts_every_row_once(self, history):
        start = Barrier(4)

        def count(_number):
            start.wait(timeout=TIMEOUT)
            try:
                return sum(iter(lambda: summaries.catch_up(3), 0))
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(count, range(4)))

        summaries.catch_up()
        assert counted() == recounted()

    def test_concurrent_counting_skips_a_run_in_progress(self, needs_postgresql, history):
        summaries.catch_up(1)
        with ThreadPoolExecutor(1) as threads, transaction.atomic():
            summaries.catch_up(2)
            assert threads.submit(in_thread, summaries.catch_up).result(timeout=TIMEOUT) == 0

        summaries.catch_up()
        assert counted() == recounted()

    @pytest.mark.parametrize("ends_well", [True, False])
    def test_concurrent_counting_includes_rows_committed_late(self, needs_postgresql, ends_well):
        edit(request_id="first")
        summaries.catch_up()
        edit(request_id="early")
        inserted, go_on = Event(), Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                assert go_on.wait(timeout=TIMEOUT)
                transaction.set_rollback(not ends_well)

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=TIMEOUT)
            for _number in range(3):
                edit()
            while_it_runs = [summaries.catch_up(), summaries.catch_up()]
            go_on.set()
            late.result(timeout=TIMEOUT)

        assert while_it_runs == [1, 0]
        assert summaries.catch_up() == (4 if ends_well else 3)
        assert counted() == recounted()

    def test_concurrent_counting_waits_briefly_for_late_rows(self, needs_postgresql):
        inserted = Event()

        def commit_late():
            with transaction.atomic():
                edit(request_id="late")
                inserted.set()
                wait_until(another_connection_queries_writers)

        with ThreadPoolExecutor(1) as threads:
            late = threads.submit(in_thread, commit_late)
            assert inserted.wait(timeout=TIMEOUT)
            edit(request_id="early")
            assert summaries.catch_up(timeout=30) == 2
            late.result(timeout=TIMEOUT)

        assert counted() == recounted()

    def test_concurrent_counting_does_not_wait_for_readers(self, needs_postgresql):
        reading, go_on = Event(), Event()

        def read():
            with transaction.atomic():
                list(RequestLog.objects.all())
                list(SummaryCursor.objects.all())
                reading.set()
                assert go_on.wait(timeout=TIMEOUT)

        with ThreadPoolExecutor(1) as threads:
            reader = threads.submit(in_thread, read)
            assert reading.wait(timeout=TIMEOUT)
            edit()
            lose_an_id()
            edit()
            counted_rows = summaries.catch_up()
            go_on.set()
            reader.result(timeout=TIMEOUT)

        assert counted_rows == 2


def edit(**columns):
    """Create a request that gave no badge."""
    return RequestLogFactory(operation=Operation.UPDATE_BADGE, **columns)


def lose_an_id():
    """Leave a gap in the ids, as every rollback does."""
    with transaction.atomic():
        edit()
        transaction.set_rollback(True)


def another_connection_queries_writers():
    """Return whether another connection has queried the concurrent writers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()",
            ["%virtualtransaction FROM pg_locks%"],
        )
        return cursor.fetchone()[0]
