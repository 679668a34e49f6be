"""Run the statements of the hot path on PostgreSQL, with as little before it as can be.

Django's cursors never prepare a statement. Those of psycopg do, but take each on a way that serves
coroutines as well, which is a tenth of all that an earn costs; a statement that is a transaction of
its own goes straight to PostgreSQL's library here.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import count
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import Connection, Cursor, DataError, OperationalError, errors
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, PGresult, PipelineStatus

BIGINT = 20  # how PostgreSQL numbers this type
# psycopg has the connection forget all that is prepared, not only its own, when it sees a rollback.
NO_SUCH_STATEMENT = b"26000"
_numbers = count()


class Numbered(NamedTuple):
    """A statement with numbers for its values: its own name, its text, and those of its values."""

    name: bytes
    text: bytes
    values: tuple[str, ...]


class StraightCursor:
    """What Django needs of a cursor, for a statement with rows that is a transaction of its own.

    A connection prepares a statement when it first runs it; while it runs, the thread waits in the
    library. Values are texts, whole numbers, moments and None, by the names of psycopg's
    placeholders; a row has its numbers (bigint) as such, and all else as text.
    """

    # The names of the statements that each connection has prepared.
    _prepared: WeakKeyDictionary[Connection, set[bytes]] = WeakKeyDictionary()

    def __init__(self, psycopg_connection: Connection):
        self._library = psycopg_connection.pgconn
        self._known = self._prepared.setdefault(psycopg_connection, set())

    def execute(self, statement: str, given: Mapping) -> None:
        """Run a statement. Raises what psycopg does."""
        numbered = _numbered(statement)
        values = [_text_of(given[name]) for name in numbered.values]
        result = self._run(numbered, values)
        if result.error_field(DiagnosticField.SQLSTATE) == NO_SUCH_STATEMENT:
            self._known.discard(numbered.name)
            result = self._run(numbered, values)
        self._result = self._checked(result, ExecStatus.TUPLES_OK)

    def _run(self, numbered: Numbered, values: list[bytes | None]) -> PGresult:
        if numbered.name not in self._known:
            prepared = self._library.prepare(numbered.name, numbered.text)
            self._checked(prepared, ExecStatus.COMMAND_OK)
            self._known.add(numbered.name)
        return self._library.exec_prepared(numbered.name, values)

    def fetchall(self) -> list[tuple]:
        result = self._result
        columns = [(place, result.ftype(place) == BIGINT) for place in range(result.nfields)]
        return [
            tuple(_value_of(result.get_value(row, place), number) for place, number in columns)
            for row in range(result.ntuples)
        ]

    def close(self) -> None:
        """Do nothing: the result goes with the cursor."""

    def _checked(self, result: PGresult, expected: ExecStatus) -> PGresult:
        if result.status == expected:
            return result
        if self._library.status == ConnStatus.BAD:
            raise OperationalError(self._library.get_error_message())
        raise errors.error_from_result(result)


def run(statement: str, given=None) -> CursorWrapper:
    """Run a statement on PostgreSQL that is prepared when it is repeated; Django's own never are.

    Wrapped as Django wraps its own cursors, so that whatever watches queries sees this as well.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
    cursor = wrap(_kind_of_cursor(database)(database.connection))
    cursor.execute(statement, given)
    return cursor


def _kind_of_cursor(database: BaseDatabaseWrapper) -> type:
    is_straight = (
        database.connection.autocommit
        and database.connection.pgconn.pipeline_status == PipelineStatus.OFF
        and database.connection.prepare_threshold is not None  # a pooler may keep none
        and not database.queries_logged  # Django asks psycopg's cursors what they ran
    )
    return StraightCursor if is_straight else Cursor


@cache
def _numbered(statement: str) -> Numbered:
    names: list[str] = []

    def number(placeholder: re.Match) -> str:
        names.append(placeholder[1])
        return f"${len(names)}"

    text = re.sub(r"%\((\w+)\)s", number, statement)
    return Numbered(b"straight_%d" % next(_numbers), text.encode(), tuple(names))


def _value_of(text: bytes | None, is_number: bool) -> str | int | None:
    if text is None:
        return None
    return int(text) if is_number else text.decode()


def _text_of(value: str | int | datetime | None) -> bytes | None:
    """Return a value as PostgreSQL reads it. Raises DataError for what a text cannot have in it."""
    if isinstance(value, str):
        if "\0" in value:  # for the library the text would end there
            raise DataError("A text for PostgreSQL cannot have a NUL in it.")
        return value.encode()
    if value is None:
        return None
    return b"%d" % value if isinstance(value, int) else value.isoformat().encode()
