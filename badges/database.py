"""The configuration of new connections to PostgreSQL, direct or through a connection pooler.

A pooler such as PgBouncer may use another session of the server for each transaction. State of a
session is then unreliable: settings, prepared statements, and cursors that outlive a transaction. A
direct connection supports all of these, and is faster with them.
"""

from datetime import date
from typing import Literal, TypeAlias

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg import Connection
from psycopg.pq import TransactionStatus

DISPATCH_UID = "badges.database.timeout"  # identifies the receiver of the timeouts
Pooler = Literal["detect", "transaction", "none"]
# A parameter of a statement; a datetime is a date.
Parameter: TypeAlias = str | int | date | None

# Compares the process id of the session; a pooler reports a number of its own to the client.
IS_DIRECT = "SELECT pg_backend_pid() = %s"
# The value for solid-state disks, so that small tables are read by index too: foreign keys look up
# a badge for each row, and would scan all badges otherwise. A value set by an operator is kept.
LOWER_RANDOM_PAGE_COST = """
SELECT set_config(name, '1.1', false) FROM pg_settings
WHERE name = 'random_page_cost' AND source = 'default'
"""
SET_TIMEOUTS = """
SELECT set_config('statement_timeout', %(timeout)s, %(is_local)s),
    set_config('idle_in_transaction_session_timeout', %(timeout)s, %(is_local)s)
"""


def configure(sender, connection: BaseDatabaseWrapper, **kwargs) -> None:
    """Configure a new connection, direct or pooled; a receiver of `connection_created`."""
    if connection.vendor != "postgresql":
        return
    if _is_behind_pooler(connection):
        connection.connection.prepare_threshold = None
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
        return
    with connection.cursor() as cursor:
        cursor.execute(LOWER_RANDOM_PAGE_COST)


def is_pooled(connection: Connection) -> bool:
    """Return whether a session lasts no longer than a transaction."""
    return connection.prepare_threshold is None


def set_statement_timeout() -> None:
    """Limit the duration of statements, and of idle transactions, in this process.

    Only the server calls this: commands have no time limit.
    """
    connection_created.connect(_set_session_timeout, dispatch_uid=DISPATCH_UID)


def timeout_of_transaction(connection: BaseDatabaseWrapper) -> tuple[str, dict] | None:
    """Return the statement that must begin a transaction to limit it, or None if none is needed."""
    if _set_transaction_timeout in connection.execute_wrappers:
        return _timeout_statement(is_local=True)
    return None


def _is_behind_pooler(connection: BaseDatabaseWrapper) -> bool:
    if settings.DATABASE_POOLER != "detect":
        return settings.DATABASE_POOLER == "transaction"
    with connection.cursor() as cursor:
        cursor.execute(IS_DIRECT, [connection.connection.info.backend_pid])
        return cursor.fetchone() == (False,)


def _set_session_timeout(sender, connection: BaseDatabaseWrapper, **kwargs) -> None:
    if connection.vendor != "postgresql":  # SQLite has an option `timeout`
        return
    if not is_pooled(connection.connection):
        with connection.cursor() as cursor:
            cursor.execute(*_timeout_statement(is_local=False))
    elif _set_transaction_timeout not in connection.execute_wrappers:
        connection.execute_wrappers.append(_set_transaction_timeout)


def _set_transaction_timeout(execute, sql, params, many, context):
    """Set the timeouts of each transaction; the pooler limits other statements."""
    database = context["connection"]
    raw = database.connection
    if not raw.autocommit and raw.info.transaction_status == TransactionStatus.IDLE:
        with database.wrap_database_errors:
            raw.execute(*_timeout_statement(is_local=True))
    return execute(sql, params, many, context)


def _timeout_statement(*, is_local: bool) -> tuple[str, dict]:
    return SET_TIMEOUTS, {
        "timeout": f"{settings.DATABASE_STATEMENT_TIMEOUT}s",
        "is_local": is_local,
    }
