"""Temporary errors of both databases cause a 503 response and a new connection."""

import errno
from contextlib import closing

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import RequestFactory

from badges import outages
from badges.api.fast_earn import FastEarnMiddleware
from badges.models import EarnedBadge, RequestLog
from tests.api.conftest import EARN, ApiClient, basic, codes
from tests.api.conftest import earn_body as earn_body
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

TEMPORARY = [
    *("08000", "08006", "08P01", "25006", "25P03", "40001", "40P01", "53000", "53100", "53200"),
    *("53300", "53400", "55000", "55006", "55P03", "57000", "57014", "57P01", "57P02", "57P03"),
    *("57P05", "58000", "58030", "26000", "42P05"),
]
FAULTS = ["22001", "22P05", "23514", "23505", "25P02", "42501", "42601", "42P01", "P0001", "XX000"]
STATES = dict.fromkeys(TEMPORARY, True) | dict.fromkeys(FAULTS, False)


@pytest.fixture
def read_only(db, request):
    """Make the connection read-only, as after a failover."""
    if connection.vendor == "postgresql":
        request.getfixturevalue("needs_session")  # a pooler would keep the setting
    begin, end = {
        "postgresql": ("SET default_transaction_read_only = on", "RESET ALL"),
        "sqlite": ("PRAGMA query_only = on", "PRAGMA query_only = off"),
    }[connection.vendor]

    def switch(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement)

    yield lambda: switch(begin)
    connection.ensure_connection()
    switch(end)
    connection.close()


@pytest.fixture
def browser(client, member_care):
    client.raise_request_exception = False
    return client


def assert_will_be_replaced():
    """Check that the failed connection is closed before the next request."""
    connection.close_if_unusable_or_obsolete()
    assert connection.connection is None


def raise_in_postgresql(state):
    """Make PostgreSQL fail with a SQLSTATE, and return Django's error."""
    with pytest.raises(DatabaseError) as error, connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE 'broken' USING ERRCODE = '{state}'; END $$")
    return error.value


def test_outages_of_postgresql_are_recognised_by_sqlstate(needs_postgresql):
    judged = {state: outages.is_temporary(raise_in_postgresql(state)) for state in STATES}

    assert judged == STATES


@pytest.mark.parametrize(("state", "status"), [("57P01", 503), ("XX000", 500)])
def test_the_api_answers_by_sqlstate(needs_postgresql, integrator, earn_body, state, status):
    def fail(execute, sql, params, many, context):
        if "INSERT INTO badges_requestlog" in sql.replace('"', ""):
            raise raise_in_postgresql(state)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        answer = ApiClient(integrator.client_id).earn(earn_body())

    assert answer.status_code == status
    assert codes(answer) == [503 if status == 503 else 999999]
    assert ("Retry-After" in answer) == (status == 503)


def test_an_earn_on_a_read_only_database_is_answered_with_503(integrator, earn_body, read_only):
    read_only()
    answer = ApiClient(integrator.client_id).earn(earn_body())

    assert (answer.status_code, codes(answer)) == (503, [503])
    assert int(answer["Retry-After"]) >= 1
    assert_will_be_replaced()
    assert not EarnedBadge.objects.exists()


def test_an_earn_with_an_idempotency_key_on_a_read_only_database_is_answered_with_503(
    integrator, earn_body, read_only
):
    read_only()
    answer = ApiClient(integrator.client_id).earn(earn_body(), **{"Idempotency-Key": "once"})

    assert (answer.status_code, codes(answer)) == (503, [503])
    assert_will_be_replaced()


def test_the_fast_path_continues_with_a_new_connection(integrator, earn_body, read_only):
    body, headers = earn_body(), basic(integrator.client_id) | {"Host": "testserver"}
    fast_earn = FastEarnMiddleware(WSGIHandler())
    statuses = []

    def earn(body):
        request = RequestFactory().post(EARN, body, "application/json", headers=headers)
        answer = fast_earn(request.environ, lambda status, _headers: statuses.append(status))
        list(answer)

    earn(earn_body(requestId="known"))
    read_only()
    earn(body)

    assert statuses == ["200 OK", "200 OK"]  # the new connection leads to a writable server
    assert EarnedBadge.objects.count() == 2


@pytest.mark.parametrize("address", ["/admin/login/", "/admin/logout/"])
def test_an_outage_shows_a_page(browser, member_care, read_only, address):
    if address == "/admin/logout/":
        browser.force_login(member_care)
    read_only()
    answer = browser.post(address, {"username": "maria", "password": PASSWORD})

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Back in a moment" in answer.text
    assert_will_be_replaced()


def test_an_outage_of_the_token_endpoint_has_the_form_of_oauth(browser, integrator, read_only):
    read_only()
    answer = browser.post(
        "/o/token/", {"grant_type": "client_credentials"}, headers=basic(integrator.client_id)
    )

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json() == {"error": "temporarily_unavailable"}


def test_a_read_only_postgresql_is_not_ready(needs_postgresql, client, read_only):
    read_only()
    answer = client.get("/healthz")

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json() == {"status": "down", "database": "read-only"}
    assert_will_be_replaced()
    assert client.get("/healthz").status_code == 200


def test_a_missing_sqlite_file_is_not_ready(client, settings, monkeypatch, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no file of ours")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "gone" / "gone.sqlite3"))

    assert client.get("/healthz").status_code == 503


def pragma(cursor, setting):
    """Set or read a setting of SQLite, and return its value."""
    cursor.execute(f"PRAGMA {setting}")
    return cursor.fetchone()[0]


class TestSQLite:
    """Real errors of SQLite, through Django."""

    @pytest.fixture(autouse=True)
    def sqlite_alone(self, db):
        if connection.vendor != "sqlite":
            pytest.skip("this is PostgreSQL")
        yield
        connection.close()

    @pytest.fixture
    def write(self):
        def insert():
            with transaction.atomic():
                RequestLog.objects.filter(pk=0).update(reason="x")

        return insert

    def test_sqlite_with_a_lock_of_another_connection(self, write):
        with closing(connection.copy()) as other, other.cursor() as locking:
            locking.execute("BEGIN IMMEDIATE")
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 0")
            with pytest.raises(OperationalError) as error:
                write()
            locking.execute("ROLLBACK")

        assert outages.is_temporary(error.value)

    def test_sqlite_on_a_full_disk(self):
        with connection.cursor() as cursor:
            free_bytes = pragma(cursor, "freelist_count") * pragma(cursor, "page_size")
            pragma(cursor, "max_page_count = 1")  # SQLite uses the current number of pages instead
            with pytest.raises(OperationalError) as error:
                cursor.execute(f"CREATE TABLE fills AS SELECT zeroblob({free_bytes + 1_000_000})")
            pragma(cursor, f"max_page_count = {2**32 - 2}")  # the default

        assert outages.is_temporary(error.value)

    def test_sqlite_with_a_file_that_cannot_be_opened(self, tmp_path):
        other = connection.copy()
        other.settings_dict = other.settings_dict | {"NAME": str(tmp_path / "none" / "file")}
        with pytest.raises(OperationalError) as error:
            other.ensure_connection()

        assert outages.is_temporary(error.value)

    @pytest.mark.parametrize("statement", ["SELECT * FROM nowhere", "SELEC 1"])
    def test_sqlite_with_a_programming_error_is_not_temporary(self, statement):
        with pytest.raises(DatabaseError) as error, connection.cursor() as cursor:
            cursor.execute(statement)

        assert not outages.is_temporary(error.value)


@pytest.mark.parametrize(
    ("number", "temporary"),
    [(errno.ENOSPC, True), (errno.EROFS, True), (errno.EMFILE, True), (errno.ENOENT, False)],
)
def test_a_full_disk_is_temporary_and_a_missing_file_is_not(number, temporary):
    assert outages.is_temporary(OSError(number, "no")) is temporary


def test_errors_after_an_outage_in_a_transaction_are_part_of_it(read_only):
    read_only()
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        write_then_read()

    assert outages.is_temporary(error.value)


def write_then_read():
    """Fail in a transaction, then run a query, which Django refuses itself."""
    try:
        with transaction.atomic(savepoint=False):
            RequestLog.objects.update(reason="x")
    except DatabaseError:
        RequestLog.objects.exists()
