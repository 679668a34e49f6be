"""The straight way of a statement to PostgreSQL: what psycopg's cursors would do, on both ways."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import connect

from badges.models import SummaryCursor
from badges.services.statements import StraightCursor, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("needs_postgresql")]

MOMENT = datetime(2026, 1, 15, 10, 0, 0, 5, tzinfo=UTC)
SPELLED = f"""
SELECT %(name)s::text, %(number)s::bigint, %(moment)s::timestamptz = '{MOMENT}', %(name)s::text
"""
INSERT = """
INSERT INTO badges_summarycursor (id, last_request, counted_at) VALUES (7, %(last)s, now())
RETURNING id
"""
INSERT_ONCE = INSERT.replace("RETURNING", "ON CONFLICT DO NOTHING RETURNING")


def is_straight(cursor):
    return isinstance(cursor.cursor, StraightCursor)


def prepared():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'straight%%'")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("name", "number"), [("Zoë 'x' %s \\ {}", 2**63 - 1), ("", -1), (None, None)]
)
def test_values_arrive_as_they_were_given(name, number):
    cursor = run(SPELLED, {"name": name, "number": number, "moment": MOMENT})

    assert is_straight(cursor)
    ((told, counted, is_same, again),) = cursor.fetchall()
    assert (told, counted, is_same, again) == (name, number, "t", name)


def test_every_row_is_there():
    cursor = run("SELECT number FROM generate_series(1, %(last)s::bigint) AS number", {"last": 3})

    assert cursor.fetchall() == [(1,), (2,), (3,)]


def test_a_statement_is_prepared_once_on_a_connection():
    for last in range(3):
        run(INSERT_ONCE, {"last": last})
    assert prepared() == 1

    connection.close()
    run(INSERT_ONCE, {"last": 4})
    assert prepared() == 1
    assert SummaryCursor.objects.get(pk=7).last_request == 0


def test_a_statement_that_was_forgotten_is_prepared_again():
    run(INSERT_ONCE, {"last": 1})
    with transaction.atomic():
        for _time in range(10):  # until psycopg has prepared it as well
            run(INSERT_ONCE, {"last": 2})
        connection.connection.rollback()
    assert prepared() == 0

    run("SELECT %(name)s::text", {"name": "ab"})
    run(INSERT_ONCE, {"last": 3})
    assert prepared() == 2


def test_what_the_database_refuses_is_an_error_of_django_and_spoils_nothing():
    run(INSERT, {"last": 1})
    with pytest.raises(IntegrityError, match="badges_summarycursor_pkey"):
        run(INSERT, {"last": 2})
    with pytest.raises(DataError, match="NUL"):
        run("SELECT %(name)s::text", {"name": "a\0b"})

    assert run("SELECT %(name)s::text", {"name": "ab"}).fetchall() == [("ab",)]
    assert SummaryCursor.objects.get(pk=7).last_request == 1


def test_a_connection_that_is_gone_is_an_error_that_can_be_tried_again():
    run(INSERT, {"last": 1})
    with connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

    with pytest.raises(OperationalError):
        run("SELECT %(name)s::text", {"name": "ab"})
    connection.close_if_unusable_or_obsolete()
    assert run("SELECT %(name)s::text", {"name": "ab"}).fetchall() == [("ab",)]


def test_in_a_transaction_it_goes_with_the_rest():
    with transaction.atomic():
        assert not is_straight(run(INSERT, {"last": 1}))
        transaction.set_rollback(True)

    assert not SummaryCursor.objects.exists()


def test_where_nothing_may_be_prepared_nothing_is():
    connection.ensure_connection()
    connection.connection.prepare_threshold = None
    try:
        assert not is_straight(run(INSERT, {"last": 1}))
    finally:
        connection.close()
    assert prepared() == 0


def test_whoever_watches_queries_sees_it():
    with CaptureQueriesContext(connection) as seen:
        run(INSERT, {"last": 12})

    assert "INSERT INTO badges_summarycursor" in seen[0]["sql"]
