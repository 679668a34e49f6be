"""Each filter of the request log, alone and combined, and the index that serves it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from badges.audit.filters import MAX_REORDERING, Filter, requests
from badges.audit.reading import read
from badges.models import Channel, Operation, RequestLog
from tests.factories import (
    NOW,
    BadgeMetaFactory,
    IntegratorFactory,
    RequestLogFactory,
    UserFactory,
    refused_requests,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def log(unguarded):
    """Return five requests by name, one minute apart, and the values for the filters."""
    badge, other = BadgeMetaFactory(), BadgeMetaFactory()
    engine, maria = IntegratorFactory(), UserFactory()
    api = {"channel": Channel.API, "integrator": engine}
    desk = {"channel": Channel.MEMBERCARE, "user": maria}
    rows = {
        "plain": RequestLogFactory(badge=badge, customer_id=1, **api),
        "refused": RequestLogFactory(badge=badge, customer_id=1, refused=True, **api),
        "again": RequestLogFactory(
            badge=badge, customer_id=2, request_id="same", refused=True, code=2001, **desk
        ),
        "desk": RequestLogFactory(badge=other, customer_id=2, request_id="same", **desk),
        "list": RequestLogFactory(badge=other, operation=Operation.EARN_BULK, **api),
    }
    for number, row in enumerate(rows.values()):
        RequestLog.objects.filter(pk=row.pk).update(received_at=NOW + number * MINUTE)
    known = {"badge": badge.pk, "engine": engine.pk, "maria": maria.pk, "pk": rows["desk"].pk}
    return rows, known


def names(log, **filters):
    rows, known = log
    values = {name: known.get(value, value) for name, value in filters.items()}
    name_of = {row.pk: name for name, row in rows.items()}
    return [name_of[pk] for pk in read(requests(Filter(**values))).pks]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "list desk again refused plain"),
        ({"outcome": "REFUSED"}, "again refused"),
        ({"outcome": "ACCEPTED"}, "list desk plain"),
        ({"code": 2001}, "again"),
        ({"operation": "EARN"}, "desk again refused plain"),
        ({"operation": "EARN_BULK"}, "list"),
        ({"channel": "API"}, "list refused plain"),
        ({"channel": "MEMBERCARE"}, "desk again"),
        ({"integrator_id": "engine"}, "list refused plain"),
        ({"user_id": "maria"}, "desk again"),
        ({"badge_id": "badge"}, "again refused plain"),
        ({"customer_id": 1}, "refused plain"),
        ({"request_id": "same"}, "desk again"),
        ({"request_id": "sam"}, ""),
        ({"number": "pk"}, "desk"),
        ({"since": NOW + 3 * MINUTE}, "list desk"),
        ({"until": NOW + MINUTE}, "plain"),
        ({"since": NOW + MINUTE, "until": NOW + 3 * MINUTE}, "again refused"),
        ({"since": NOW + 5 * MINUTE}, ""),
        ({"until": NOW}, ""),
        ({"outcome": "REFUSED", "channel": "API"}, "refused"),
        ({"outcome": "ACCEPTED", "badge_id": "badge"}, "plain"),
        ({"code": 2001, "integrator_id": "engine"}, ""),
        ({"customer_id": 2, "user_id": "maria", "outcome": "ACCEPTED"}, "desk"),
        ({"channel": "API", "since": NOW + MINUTE}, "list refused"),
        ({"request_id": "same", "until": NOW + 3 * MINUTE}, "again"),
        ({"number": "pk", "outcome": "REFUSED"}, ""),
    ],
)
def test_a_filter_finds_requests(log, filters, found):
    assert " ".join(names(log, **filters)) == found


def test_a_period_ignores_the_order_of_recording():
    """Concurrent requests may be recorded in a different order than they were received."""
    received = [5, 1, 4, 2, 3, 0]
    rows = [RequestLogFactory(received_at=NOW + each * MINUTE) for each in received]

    found = read(requests(Filter(since=NOW + 2 * MINUTE, until=NOW + 4 * MINUTE)))

    assert found.pks == [rows[4].pk, rows[3].pk]


def test_a_period_in_a_long_log_reads_an_index():
    """The bounds on the id exclude all rows before and after the period but the nearest."""
    for day in (1, 2, 3):
        refused_requests(MAX_REORDERING + 500, received_at=datetime(2026, 3, day, tzinfo=UTC))
    first = RequestLog.objects.earliest("pk").pk

    period = Filter(since=datetime(2026, 3, 2, tzinfo=UTC), until=datetime(2026, 3, 3, tzinfo=UTC))
    ids = requests(period).rows.order_by("pk").values_list("pk", flat=True)

    each = MAX_REORDERING + 500
    assert (ids.first(), ids.last()) == (first + each, first + 2 * each - 1)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "badges_requestlog_pkey"),
        ({"outcome": "ACCEPTED", "channel": "API", "operation": "EARN"}, "badges_requestlog_pkey"),
        ({"outcome": "REFUSED"}, "request_by_outcome"),
        ({"channel": "MEMBERCARE"}, "request_by_channel"),
        ({"operation": "EARN_BULK"}, "request_by_operation"),
        ({"code": 815}, "request_by_code"),
        ({"customer_id": 7}, "request_by_customer"),
        ({"request_id": "x"}, "request_by_request_id"),
        ({"user_id": 1}, "request_by_user"),
        ({"integrator_id": 1}, "request_by_integrator"),
        ({"badge_id": "a" * 24}, "request_by_badge"),
        ({"code": 815, "integrator_id": 1, "outcome": "REFUSED"}, "request_by_code"),
        ({"outcome": "REFUSED", "channel": "API", "badge_id": "a" * 24}, "request_by_outcome"),
    ],
)
def test_an_index_has_the_requests_in_order(needs_postgresql, filters, index):
    search = requests(Filter(**filters))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = search.rows.order_by("-pk")[:51].explain()

    assert index in plan
    assert "Sort" not in plan
    assert "Filter" not in plan
