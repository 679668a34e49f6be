"""Temporary errors: the same request may succeed later, for any caller.

A caller may retry: the request was not done, or it was done exactly once. Every other error of the
database is a fault of the program and remains an unexpected error.

PostgreSQL reports the cause as SQLSTATE, SQLite as a result code. The classes of Python's
exceptions are not sufficient: a read-only database raises InternalError, and OperationalError is
also raised for a table that does not exist.
"""

import errno
import sqlite3
from collections.abc import Iterator

from django.db import DEFAULT_DB_ALIAS, Error, InterfaceError, OperationalError, connections

RETRY_AFTER_SECONDS = 1
# Classes of SQLSTATE: connection, resources, operator intervention, and system errors.
TEMPORARY_CLASSES = ("08", "53", "57", "58")
TEMPORARY_STATES = {
    *("25006", "25P03", "25P04"),  # read-only (a standby), and transactions that took too long
    *("40001", "40003", "40P01"),  # serialization failure, completion unknown, deadlock
    *("55000", "55006", "55P03"),  # in recovery, in use, lock not available
    *("26000", "42P05"),  # a prepared statement of another session, behind a connection pooler
    "72000",  # snapshot too old
}
TEMPORARY_RESULTS = {
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM),
    *(sqlite3.SQLITE_READONLY, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL),
}
PRIMARY_RESULT = 0xFF  # the higher bits are details of the extended result code
# A file cannot be written, or the process cannot open another one.
TEMPORARY_ERRNOS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM),
}


def notice(error: BaseException | None) -> bool:
    """Return whether an error is temporary; if it is, replace the connection that raised it."""
    if not is_temporary(error):
        return False
    discard_connection()
    return True


def discard_connection() -> None:
    """Let the next request open a new connection, which may lead to another server.

    After a failover the old server still responds, and refuses every write. Django closes an
    expired connection between two requests, outside of any transaction.
    """
    connections[DEFAULT_DB_ALIAS].close_at = 0


def is_temporary(error: BaseException | None) -> bool:
    """Return whether an error, or one of its causes, is temporary.

    After a failure in a transaction Django refuses further queries with an error of its own.
    """
    if isinstance(error, OSError):
        return error.errno in TEMPORARY_ERRNOS
    return isinstance(error, Error) and any(map(_is_temporary, _with_causes(error)))


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_temporary(error: BaseException) -> bool:
    """Return whether one of Django's errors is temporary, by the error of the driver."""
    if not isinstance(error, Error):
        return False
    driver = error.__cause__
    if (state := getattr(driver, "sqlstate", None)) is not None:
        return state.startswith(TEMPORARY_CLASSES) or state in TEMPORARY_STATES
    if (result := getattr(driver, "sqlite_errorcode", None)) is not None:
        return result & PRIMARY_RESULT in TEMPORARY_RESULTS
    # Without an error code of a database, the connection failed.
    return isinstance(error, OperationalError | InterfaceError)
