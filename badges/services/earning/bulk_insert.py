"""Insert the earned badges of a list in one statement, without model instances."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from badges.database import Parameter
from badges.services.earning import columns
from badges.services.earning.command import Earned
from badges.services.earning.inserts import adapt_for_sqlite

# The columns that have the same value in all rows of a request. Other texts would need quotes in an
# array literal.
SHARED = ("earned_at", "owner_type", "reference_id", "request_id", "reissue_of_id")
# The columns that differ between rows, with their types.
OWN = {name: kind for name, kind in columns.EARNED.items() if name not in SHARED}
SHARED_VALUES = ", ".join(f"%({name})s" for name in SHARED)
OWN_VALUES = ", ".join(f"%({name})s" for name in OWN)
ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in OWN.items())

INSERT = f"INSERT INTO badges_earnedbadge ({', '.join([*OWN, *SHARED])})"
POSTGRESQL = f"{INSERT} SELECT *, {SHARED_VALUES} FROM unnest({ARRAYS})"  # noqa: S608 - names alone
PORTABLE = f"{INSERT} VALUES ({OWN_VALUES}, {SHARED_VALUES})"


def insert_earned(rows: Sequence[Earned]) -> None:
    """Insert earned badges of one request, with the same processing time and owner."""
    if not rows:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL, _values(rows[0], SHARED) | _arrays(rows))
        else:
            given = [adapt_for_sqlite(_values(row, columns.EARNED)) for row in rows]
            cursor.executemany(PORTABLE, given)


def _values(row: Earned, names: Iterable[str]) -> dict[str, Parameter]:
    return {name: getattr(row, name) for name in names}


def _arrays(rows: Sequence[Earned]) -> dict[str, Parameter]:
    """Return each column as a PostgreSQL array literal; ids and datetimes need no quotes in it."""
    return {name: _array([getattr(row, name) for row in rows]) for name in OWN}


def _array(values: list[Parameter]) -> str:
    literals = {value: _literal(value) for value in set(values)}
    return f"{{{','.join([literals[value] for value in values])}}}"


def _literal(value: Parameter) -> str:
    if value is None:
        return "NULL"
    return value.isoformat() if isinstance(value, datetime) else str(value)
