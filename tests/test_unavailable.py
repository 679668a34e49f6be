"""The database is away: every door says so in its own form, and nothing is half done."""

from contextlib import contextmanager

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.backends.signals import connection_created

from badges.health import PATIENCE, limit_patience
from badges.models import RequestLog

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[OperationalError, InterfaceError])
def away(request):
    """Return a context in which the driver can do nothing."""

    def refuse(execute, sql, params, many, context):
        raise request.param("the connection is lost")

    @contextmanager
    def context():
        with connection.execute_wrapper(refuse):
            yield

    return context


@pytest.fixture
def browser(client, member_care):
    client.force_login(member_care)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("address", ["/desk/", "/desk/issue/", "/admin/", "/admin/login/"])
def test_a_page_says_so(browser, away, address):
    with away():
        answer = browser.get(address)

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Back in a moment" in answer.text
    assert "connection is lost" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_form_that_was_sent_is_not_half_done(browser, away):
    with away():
        answer = browser.post("/desk/issue/", {"customer_id": "1"})

    assert answer.status_code == 503
    assert not RequestLog.objects.exists()


def test_it_is_alive_but_not_ready(client, away):
    with away():
        assert client.get("/healthz").status_code == 503
        assert client.get("/healthz/live").json() == {"status": "up"}
    assert client.get("/healthz").status_code == 200


def test_the_server_lets_no_statement_run_for_ever(needs_postgresql, settings):
    settings.DATABASE_PATIENCE = 1
    other = connection.copy()
    limit_patience()
    try:
        with other.cursor() as cursor, pytest.raises(OperationalError, match="timeout"):
            cursor.execute("SELECT pg_sleep(60)")
    finally:
        connection_created.disconnect(dispatch_uid=PATIENCE)
        other.close()
