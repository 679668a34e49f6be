"""Pages of a ledger have every row exactly once, and each page reads a bounded number of rows."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from badges.audit.reading import BATCHES, Search, decode_cursor, encode_cursor, read
from badges.models import EarnedBadge, RequestLog
from tests.audit.paging import all_keys
from tests.bench.plans import recorded
from tests.factories import NOW, EarnedBadgeFactory, RequestLogFactory, refused_requests

pytestmark = pytest.mark.django_db

BY_ID = Search(rows=RequestLog.objects.all(), key=("pk",))
NEVER = Search(rows=RequestLog.objects.all(), key=("pk",), matches=Q(code=1))


def keys_of(search, *, newer=False, cursor=None, size=3):
    """Return the keys of all pages in order."""

    def read_page(cursor):
        return read(search, cursor=cursor, newer=newer, size=size)

    return all_keys(read_page, cursor=cursor)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
def test_every_row_is_on_one_page_in_both_directions(count):
    keys = [(row.pk,) for row in RequestLogFactory.create_batch(count)]

    assert keys_of(BY_ID) == keys[::-1]
    assert keys_of(BY_ID, newer=True, cursor=(0,)) == keys


def test_rows_with_equal_datetimes_are_on_one_page_each():
    search = Search(rows=EarnedBadge.objects.all(), key=("earned_at", "pk"))
    facts = [EarnedBadgeFactory(earned_at=NOW) for _number in range(5)]
    facts += [EarnedBadgeFactory(earned_at=NOW.replace(hour=hour)) for hour in (11, 13)]
    keys = sorted((fact.earned_at, fact.pk) for fact in facts)

    assert keys_of(search, size=2) == keys[::-1]
    assert keys_of(search, size=2, newer=True, cursor=(NOW.replace(hour=1), "")) == keys


def test_rows_added_while_paging_move_nothing():
    keys = [(row.pk,) for row in RequestLogFactory.create_batch(5)]
    first = read(BY_ID, size=2)
    added = RequestLogFactory()

    older = keys_of(BY_ID, cursor=first.keys[-1])
    newer = keys_of(BY_ID, newer=True, cursor=first.keys[0])

    assert [*first.keys, *older] == keys[::-1]
    assert newer == [(added.pk,)]


def test_only_matching_rows_are_found():
    rows = [RequestLogFactory(refused=number % 3 == 0) for number in range(9)]
    search = Search(rows=RequestLog.objects.all(), key=("pk",), matches=Q(outcome="REFUSED"))

    assert keys_of(search, size=2) == [(rows[number].pk,) for number in (6, 3, 0)]


@pytest.mark.parametrize(("count", "more"), [(2, False), (3, True)])
def test_a_page_has_a_flag_for_more_rows(count, more):
    RequestLogFactory.create_batch(count)

    found = read(BY_ID, size=2)

    assert (len(found.keys), found.more, found.stopped_at) == (2, more, None)


def test_a_search_for_few_rows_stops_and_continues():
    most = sum(BATCHES)
    refused_requests(1, code=1)
    refused_requests(most + 10, code=815)
    newest = RequestLog.objects.first().pk

    with CaptureQueriesContext(connection) as asked:
        found = read(NEVER)
    rest = read(NEVER, cursor=found.stopped_at)

    assert (found.keys, found.more) == ([], True)
    assert found.stopped_at == (newest - most + 1,)
    assert len(asked) == len(BATCHES)
    assert (len(rest.keys), rest.more, rest.stopped_at) == (1, False, None)


def test_a_page_without_a_search_examines_one_row_more_than_it_shows():
    RequestLogFactory.create_batch(8)

    with CaptureQueriesContext(connection) as asked:
        read(BY_ID, size=2)

    assert len(asked) == 1
    assert "LIMIT 3" in asked[0]["sql"]


@pytest.mark.parametrize(
    ("cursor", "key"),
    [
        ((7,), ("pk",)),
        ((7, 2**63 - 1, "b" * 24), ("request_id", "customer_id", "pk")),
        ((datetime(2026, 3, 15, 12, 0, 0, 1, tzinfo=UTC), "a" * 24), ("earned_at", "pk")),
    ],
)
def test_a_cursor_survives_a_link(cursor, key):
    assert decode_cursor(encode_cursor(cursor), key, hex_ids=len(key) > 1) == cursor


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1.2", "²", str(2**63), "\0", "1.", ".", "1.%s" % ("g" * 24), "1" * 300],
)
@pytest.mark.parametrize(
    ("key", "hex_ids"),
    [(("pk",), False), (("request_id", "pk"), True), (("earned_at", "pk"), True)],
)
def test_an_invalid_cursor_is_none(text, key, hex_ids):
    assert decode_cursor(text, key, hex_ids=hex_ids) is None


def test_a_cursor_beyond_all_calendars_is_none():
    assert decode_cursor(f"{'9' * 18}.{'a' * 24}", ("earned_at", "pk"), hex_ids=True) is None


def test_a_later_page_reads_no_row_of_earlier_ones(needs_postgresql):
    request = RequestLogFactory()
    facts = [EarnedBadgeFactory(request=request, customer_id=who) for who in range(1, 121)]
    search = Search(rows=EarnedBadge.objects.all(), key=("request_id", "customer_id", "pk"))
    by_customer = [(request.pk, fact.customer_id, fact.pk) for fact in facts]
    with connection.cursor() as cursor:
        for plan in ("seqscan", "bitmapscan", "sort"):  # the planner prefers these for so few rows
            cursor.execute(f"SET LOCAL enable_{plan} = off")

    for newer, next_ones in [(True, by_customer[61:71]), (False, by_customer[59:49:-1])]:
        with recorded() as queries:
            found = read(search, cursor=by_customer[60], newer=newer, size=10)
        assert (found.keys, found.more) == (next_ones, True)
        assert queries[0].rows <= 50  # it sorts a few rows at a time by id
