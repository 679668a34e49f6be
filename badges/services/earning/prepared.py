"""Run the statements of the hot path on PostgreSQL with minimal overhead.

Django's cursors never prepare a statement. psycopg's cursors do, but pass each statement through
generators that also serve asyncio, which takes a tenth of the time of an earn. Here a statement
that is its own transaction calls libpq directly.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import Connection, Cursor, DataError, OperationalError, errors
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, PipelineStatus
from psycopg.pq.abc import PGresult

from badges.database import Parameter, is_pooled

BIGINT_OID = 20  # the OID of the type in PostgreSQL
# After a rollback psycopg deallocates all prepared statements of the connection, not only its own.
NO_SUCH_STATEMENT = b"26000"
ALREADY_PREPARED = b"42P05"


class PreparedStatement(NamedTuple):
    """A statement with numbered parameters: its name, its text, and the parameters' names.

    The name is derived from the text, so that processes that share a server session behind a
    connection pooler never use one name for different statements.
    """

    name: bytes
    text: bytes
    values: tuple[str, ...]


class LibpqCursor:
    """A cursor with the methods that Django needs, for a statement that is its own transaction.

    The statement returns rows. A connection prepares it on first use, unless there is a connection
    pooler in between. The thread blocks in libpq while it runs. Parameters are strings, integers,
    datetimes and None, named by psycopg's placeholders. In a row, bigint values are integers and
    all other values are strings.
    """

    # The names of the statements that each connection has prepared.
    _names_by_connection: WeakKeyDictionary[Connection, set[bytes]] = WeakKeyDictionary()

    def __init__(self, psycopg_connection: Connection):
        self._library = psycopg_connection.pgconn
        self._is_pooled = is_pooled(psycopg_connection)
        self._prepared_names = self._names_by_connection.setdefault(psycopg_connection, set())

    def execute(self, statement: str, given: Mapping[str, Parameter]) -> None:
        """Run a statement. Raises the same exceptions as psycopg."""
        prepared_statement = _prepared_statement(statement)
        values = [_encode(given[name]) for name in prepared_statement.values]
        self._result = self._checked(self._run(prepared_statement, values), ExecStatus.TUPLES_OK)

    def _run(self, prepared_statement: PreparedStatement, values: list[bytes | None]) -> PGresult:
        """Run a statement as a prepared one if the session allows it, else by its text."""
        for _time in range(0 if self._is_pooled else 2):
            result = self._run_prepared(prepared_statement, values)
            if _sqlstate(result) != NO_SUCH_STATEMENT:
                return result
            self._prepared_names.discard(prepared_statement.name)
        return self._library.exec_params(prepared_statement.text, values)

    def _run_prepared(self, statement: PreparedStatement, values: list[bytes | None]) -> PGresult:
        if statement.name not in self._prepared_names:
            prepared = self._library.prepare(statement.name, statement.text)
            if _sqlstate(prepared) != ALREADY_PREPARED:  # the name identifies the text
                self._checked(prepared, ExecStatus.COMMAND_OK)
            self._prepared_names.add(statement.name)
        return self._library.exec_prepared(
            statement.name,
            values,  # type: ignore[arg-type]  # None is NULL, as in exec_params
        )

    def fetchall(self) -> list[tuple[str | int | None, ...]]:
        result = self._result
        columns = [(index, result.ftype(index) == BIGINT_OID) for index in range(result.nfields)]
        return [
            tuple(_decode(result.get_value(row, index), number) for index, number in columns)
            for row in range(result.ntuples)
        ]

    def close(self) -> None:
        """Do nothing: the result is freed with the cursor."""

    def _checked(self, result: PGresult, expected: ExecStatus) -> PGresult:
        if result.status == expected:
            return result
        if self._library.status == ConnStatus.BAD:
            raise OperationalError(self._library.get_error_message())
        raise errors.error_from_result(result)


def execute_prepared(
    statement: str,
    given: Mapping[str, Parameter] | Sequence[Parameter | list[str]] | None = None,
) -> CursorWrapper:
    """Run a statement on PostgreSQL that is prepared when it is repeated, unlike Django's.

    The cursor is wrapped like Django's own cursors, so that query logs and execute wrappers see the
    statement.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
    cursor = wrap(_cursor_class(database)(database.connection))
    cursor.execute(statement, given)
    return cursor


def _cursor_class(database: BaseDatabaseWrapper) -> type:
    is_direct = (
        database.connection.autocommit
        and database.connection.pgconn.pipeline_status == PipelineStatus.OFF
        and not database.queries_logged  # Django reads the query from psycopg's cursors
    )
    return LibpqCursor if is_direct else Cursor


@cache
def _prepared_statement(statement: str) -> PreparedStatement:
    names: list[str] = []

    def number(placeholder: re.Match[str]) -> str:
        names.append(placeholder[1])
        return f"${len(names)}"

    text = re.sub(r"%\((\w+)\)s", number, statement)
    name = f"badgeadmin_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    return PreparedStatement(name.encode(), text.encode(), tuple(names))


def _sqlstate(result: PGresult) -> bytes | None:
    return result.error_field(DiagnosticField.SQLSTATE)


def _decode(text: bytes | None, is_number: bool) -> str | int | None:
    if text is None:
        return None
    return int(text) if is_number else text.decode()


def _encode(value: Parameter) -> bytes | None:
    """Return a value in PostgreSQL's text format. Raises DataError for a string with NUL."""
    if isinstance(value, str):
        if "\0" in value:  # libpq would end the text there
            raise DataError("A text for PostgreSQL cannot have a NUL in it.")
        return value.encode()
    if value is None:
        return None
    return b"%d" % value if isinstance(value, int) else value.isoformat().encode()
