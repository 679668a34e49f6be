"""Without a database, API and pages answer 503 in their own format and write nothing."""

from contextlib import contextmanager

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.db.backends.signals import connection_created

from badges.database import DISPATCH_UID, set_statement_timeout
from badges.models import RequestLog

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[OperationalError, InterfaceError])
def away(request):
    """Return a context in which every query fails."""

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
def test_an_unavailable_database_shows_a_page(browser, away, address):
    with away():
        answer = browser.get(address)

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Back in a moment" in answer.text
    assert "connection is lost" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_a_form_during_an_outage_is_rolled_back(browser, away):
    with away():
        answer = browser.post("/desk/issue/", {"customer_id": "1"})

    assert answer.status_code == 503
    assert not RequestLog.objects.exists()


def test_an_unavailable_database_is_alive_but_not_ready(client, away):
    with away():
        assert client.get("/healthz").status_code == 503
        assert client.get("/healthz/live").json() == {"status": "up"}
    assert client.get("/healthz").status_code == 200


def test_the_server_has_a_statement_timeout(needs_session, settings):
    settings.DATABASE_STATEMENT_TIMEOUT = 1
    other = connection.copy()
    set_statement_timeout()
    try:
        with other.cursor() as cursor, pytest.raises(OperationalError, match="timeout"):
            cursor.execute("SELECT pg_sleep(60)")
    finally:
        connection_created.disconnect(dispatch_uid=DISPATCH_UID)
        other.close()
