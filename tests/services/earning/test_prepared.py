"""Statements prepared through libpq give the same results as psycopg's cursors."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg import connect

from badges.models import SummaryCursor
from badges.services.earning.prepared import LibpqCursor, execute_prepared

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("needs_postgresql")]

AT = datetime(2026, 1, 15, 10, 0, 0, 5, tzinfo=UTC)
SPELLED = f"""
SELECT %(name)s::text, %(number)s::bigint, %(at)s::timestamptz = '{AT}', %(name)s::text
"""
INSERT = """
INSERT INTO badges_summarycursor (id, last_request, counted_at) VALUES (7, %(last)s, now())
RETURNING id
"""
INSERT_ONCE = INSERT.replace("RETURNING", "ON CONFLICT DO NOTHING RETURNING")


def is_direct(cursor):
    return isinstance(cursor.cursor, LibpqCursor)


def prepared():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'badgeadmin%%'")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("name", "number"), [("Zoë 'x' %s \\ {}", 2**63 - 1), ("", -1), (None, None)]
)
def test_parameters_are_passed_unchanged(name, number):
    cursor = execute_prepared(SPELLED, {"name": name, "number": number, "at": AT})

    assert is_direct(cursor)
    ((text, counted, is_same, again),) = cursor.fetchall()
    assert (text, counted, is_same, again) == (name, number, "t", name)


def test_every_row_is_returned():
    cursor = execute_prepared(
        "SELECT number FROM generate_series(1, %(last)s::bigint) AS number", {"last": 3}
    )

    assert cursor.fetchall() == [(1,), (2,), (3,)]


def test_a_statement_is_prepared_once_on_a_connection(needs_session):
    for last in range(3):
        execute_prepared(INSERT_ONCE, {"last": last})
    assert prepared() == 1

    connection.close()
    execute_prepared(INSERT_ONCE, {"last": 4})
    assert prepared() == 1
    assert SummaryCursor.objects.get(pk=7).last_request == 0


def test_a_deallocated_statement_is_prepared_again(needs_session):
    execute_prepared(INSERT_ONCE, {"last": 1})
    with transaction.atomic():
        for _time in range(10):  # until psycopg has prepared it as well
            execute_prepared(INSERT_ONCE, {"last": 2})
        connection.connection.rollback()
    assert prepared() == 0

    execute_prepared("SELECT %(name)s::text", {"name": "ab"})
    execute_prepared(INSERT_ONCE, {"last": 3})
    assert prepared() == 2


def test_a_database_error_is_a_django_error_and_keeps_the_connection():
    execute_prepared(INSERT, {"last": 1})
    with pytest.raises(IntegrityError, match="badges_summarycursor_pkey"):
        execute_prepared(INSERT, {"last": 2})
    with pytest.raises(DataError, match="NUL"):
        execute_prepared("SELECT %(name)s::text", {"name": "a\0b"})

    assert execute_prepared("SELECT %(name)s::text", {"name": "ab"}).fetchall() == [("ab",)]
    assert SummaryCursor.objects.get(pk=7).last_request == 1


def test_a_closed_connection_is_a_retryable_error(needs_session):
    execute_prepared(INSERT, {"last": 1})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()
    with connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", session)

    with pytest.raises(OperationalError):
        execute_prepared("SELECT %(name)s::text", {"name": "ab"})
    connection.close_if_unusable_or_obsolete()
    assert execute_prepared("SELECT %(name)s::text", {"name": "ab"}).fetchall() == [("ab",)]


def test_a_prepared_statement_is_part_of_the_transaction():
    with transaction.atomic():
        assert not is_direct(execute_prepared(INSERT, {"last": 1}))
        transaction.set_rollback(True)

    assert not SummaryCursor.objects.exists()


@pytest.fixture
def pooled():
    """Use a connection with the setting that marks a pooler."""
    connection.ensure_connection()
    connection.connection.prepare_threshold = None
    yield
    connection.close()


def test_no_statement_is_prepared_behind_a_pooler(pooled):
    assert is_direct(execute_prepared(INSERT, {"last": 1}))
    assert execute_prepared("SELECT %(name)s::text", {"name": "ab"}).fetchall() == [("ab",)]
    assert prepared() == 0


def test_a_statement_prepared_by_another_client_is_run(needs_session):
    execute_prepared(INSERT_ONCE, {"last": 1})
    LibpqCursor._names_by_connection.clear()  # as for another client of the same session

    execute_prepared(INSERT_ONCE, {"last": 2})
    assert prepared() == 1


def test_a_prepared_statement_is_passed_to_execute_wrappers():
    with CaptureQueriesContext(connection) as seen:
        execute_prepared(INSERT, {"last": 12})

    assert "INSERT INTO badges_summarycursor" in seen[0]["sql"]
