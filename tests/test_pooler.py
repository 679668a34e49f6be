"""Behind a pooler in transaction mode everything works, and no session state is left behind."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from runpy import run_path
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections, transaction
from django.db.backends.signals import connection_created

from badges.database import DISPATCH_UID, is_pooled, set_statement_timeout
from badges.models import BadgeMeta, EarnedBadge, Limit, LimitKind, LimitLevel
from badges.services.earning.command import single_earn_command
from badges.services.earning.earn import earn_badge
from badges.services.earning.fast_path import try_fast_earn
from tests.conftest import need
from tests.factories import BadgeMetaFactory, earn_arguments
from tests.pgbouncer import pooled, program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("needs_session")]

CLIENTS, SESSIONS, EARNS = 12, 2, 10
COSTS = "SELECT current_setting('random_page_cost')"


@pytest.fixture
def pooler(needs_session):
    """Return the port of a PgBouncer with fewer sessions than there are clients."""
    need(program() is not None, "PgBouncer is not here (Debian: pgbouncer)")
    given = connection.get_connection_params()
    server = f"{given.get('host', '')}:{given['port']}" if given.get("port") else ""
    with pooled(f"postgres://{given.get('user', 'root')}@{server}/", sessions=SESSIONS) as url:
        yield urlsplit(url).port


@contextmanager
def through(port):
    """Use a connection through the pooler in this thread."""
    own = connection.copy()
    own.settings_dict |= {"HOST": "127.0.0.1", "PORT": port}
    before = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = own
    try:
        yield own
    finally:
        own.close()
        connections[DEFAULT_DB_ALIAS] = before


def value_of(sql, of=connection):
    with of.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.fixture
def earn_concurrently(pooler, api_origin):
    """Return a function that lets many clients earn a badge concurrently through the pooler."""

    def client(badge, number, customer_id, service):
        with through(pooler):
            for turn in range(EARNS):
                call = earn_arguments(badge, api_origin, customer_id=customer_id)
                service(request_id=f"{service.__name__} {number} {turn}", **call)
            connections[DEFAULT_DB_ALIAS].close()

    def earn(badge, service):
        with ThreadPoolExecutor(CLIENTS) as threads:
            ends = [
                threads.submit(client, badge, number, 1000 + number, service)
                for number in range(CLIENTS)
            ]
        for end in ends:
            end.result()

    return earn


def earn_on_fast_path(**arguments):
    assert try_fast_earn(single_earn_command(**arguments)) is not None


def badge_of(kind) -> BadgeMeta:
    each = Limit(LimitLevel.CUSTOMER, LimitKind.FIXED_VALUE, EARNS)
    everybody = Limit(LimitLevel.BADGE, LimitKind.FIXED_VALUE, CLIENTS * EARNS)
    return BadgeMetaFactory(
        name="Welcome",
        claimed=True,
        limits={"plain": [], "each": [each], "everybody": [everybody]}[kind],
    )


@pytest.mark.parametrize("kind", ["plain", "each", "everybody"])
@pytest.mark.parametrize("service", [earn_on_fast_path, earn_badge])
def test_concurrent_clients_earn_through_the_pooler(earn_concurrently, kind, service):
    earn_concurrently(badge_of(kind), service)

    assert EarnedBadge.objects.count() == CLIENTS * EARNS


def test_an_undetected_pooler_does_not_mix_up_statements(earn_concurrently, settings):
    settings.DATABASE_POOLER = "none"
    earn_concurrently(badge_of("plain"), earn_on_fast_path)

    assert EarnedBadge.objects.count() == CLIENTS * EARNS


@pytest.mark.parametrize("setting", ["detect", "transaction"])
def test_a_session_behind_a_pooler_is_not_changed(pooler, settings, setting):
    settings.DATABASE_POOLER = setting
    set_statement_timeout()
    try:
        with through(pooler) as own:
            assert is_pooled_after(own)
            assert own.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
            assert value_of(COSTS, own) == "4"
            assert value_of("SELECT current_setting('statement_timeout')", own) == "0"
    finally:
        connection_created.disconnect(dispatch_uid=DISPATCH_UID)


def is_pooled_after(own):
    own.ensure_connection()
    return is_pooled(own.connection)


def test_a_direct_session_is_configured_once():
    connection.close()

    assert not is_pooled_after(connection)
    assert value_of(COSTS) == "1.1"


def test_an_existing_plan_cache_mode_is_kept():
    own = connection.copy()
    own.settings_dict["OPTIONS"] |= {"options": "-c random_page_cost=2"}
    try:
        assert value_of(COSTS, own) == "2"
    finally:
        own.close()


def test_a_transaction_behind_a_pooler_has_its_own_statement_timeout(pooler, settings):
    settings.DATABASE_STATEMENT_TIMEOUT = 1
    set_statement_timeout()
    try:
        with through(pooler) as own:
            with pytest.raises(OperationalError, match="timeout"), transaction.atomic():
                value_of("SELECT pg_sleep(60)", own)
            for _session in range(SESSIONS):
                assert value_of("SELECT current_setting('statement_timeout')", own) == "0"
    finally:
        connection_created.disconnect(dispatch_uid=DISPATCH_UID)


def test_rows_behind_a_pooler_are_read_in_batches_without_a_server_side_cursor(pooler, live_badge):
    with through(pooler):
        assert [badge.pk for badge in BadgeMeta.objects.iterator(chunk_size=1)] == [live_badge.pk]


def test_an_unknown_kind_of_pooler_is_refused(monkeypatch, settings):
    monkeypatch.setenv("DATABASE_POOLER", "sometimes")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOLER"):
        run_path(str(settings.BASE_DIR / "badgeadmin" / "settings.py"))
