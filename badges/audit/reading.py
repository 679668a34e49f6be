"""Keyset pagination of a ledger; the cost of a page does not depend on the ledger's length."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import BooleanField, Case, F, Lookup, Model, Q, QuerySet, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from badges.models.ids import MAX_CUSTOMER_ID, is_id
from badges.times import EPOCH, MICROSECOND

PAGE_SIZE = 50
# The numbers of rows that a page examines in turn for its filters; the first fills most pages.
BATCHES = (200, 1_800, 8_000)
MAX_MICROSECONDS = 10**17  # in the year 5138

# The values of the key at which a page begins: numbers, ids and datetimes.
Cursor: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Search:
    """Rows in the order of `key`, some of which match.

    An index must contain `rows` in this order, so `rows` must have no other condition. `matches` is
    checked for each row.
    """

    rows: QuerySet[Model]
    key: tuple[str, ...]
    matches: Q = field(default_factory=Q)

    def examine(
        self, cursor: Cursor | None, *, newer: bool, limit: int
    ) -> Sequence[tuple[Any, ...]]:
        """Return the match flag and the key of each of the next rows beyond a cursor."""
        rows = self.rows if cursor is None else self.rows.filter(beyond(self.key, cursor, newer))
        matches: Value | Case = Value(True)
        if self.matches:
            flag = When(self.matches, then=Value(True))
            matches = Case(flag, default=Value(False), output_field=BooleanField())
        sign = "" if newer else "-"
        ordered = rows.order_by(*(f"{sign}{column}" for column in self.key))
        return list(ordered.annotate(matching=matches).values_list("matching", *self.key)[:limit])


@dataclass(frozen=True, kw_only=True)
class Found:
    """The keys of matching rows in the order of reading; `more` is whether others may follow.

    If the maximum number of rows was examined before the page was full, `stopped_at` is the last of
    them.
    """

    keys: list[Cursor]
    more: bool = False
    stopped_at: Cursor | None = None

    @property
    def pks(self) -> list[int | str]:
        return [key[-1] for key in self.keys]


def read(
    search: Search, *, cursor: Cursor | None = None, newer: bool = False, size: int = PAGE_SIZE
) -> Found:
    """Return the next matching rows that are older than a cursor, or newer, nearest first."""
    keys: list[Cursor] = []
    for limit in BATCHES if search.matches else (size + 1,):
        examined = search.examine(cursor, newer=newer, limit=limit)
        for matching, *key in examined:
            if matching and len(keys) == size:
                return Found(keys=keys, more=True)
            cursor = tuple(key)
            if matching:
                keys.append(cursor)
        if len(examined) < limit:
            return Found(keys=keys)
    return Found(keys=keys, more=True, stopped_at=cursor)


def beyond(key: Sequence[str], cursor: Cursor, newer: bool) -> Lookup:
    """Return the condition that a row comes after a cursor.

    The columns are compared as one row value, which lets an index scan start at the cursor. With
    one condition per column it would read all rows with the same first column.
    """
    compare = TupleGreaterThan if newer else TupleLessThan
    return compare(Tuple(*map(F, key)), cursor)


def encode_cursor(cursor: Cursor) -> str:
    """Return a cursor as text for a link."""
    return ".".join(
        str((value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value)
        for value in cursor
    )


def decode_cursor(text: str, key: Sequence[str], *, hex_ids: bool) -> Cursor | None:
    """Return the cursor in a link, or None if it is invalid; a key ends with the id."""
    parts = text.split(".")
    if len(parts) != len(key):
        return None
    *columns, ident = parts
    values: list[int | str | datetime | None] = [
        _value(part, column) for part, column in zip(columns, key[:-1], strict=True)
    ]
    values.append((ident if is_id(ident) else None) if hex_ids else _number(ident))
    return None if None in values else tuple(values)


def _value(part: str, column: str) -> int | str | datetime | None:
    if column == "badge_id":
        return part if is_id(part) else None
    number = _number(part)
    if not column.endswith("_at") or number is None:
        return number
    return EPOCH + number * MICROSECOND if number < MAX_MICROSECONDS else None


def _number(part: str) -> int | None:
    number = int(part) if re.fullmatch("[0-9]{1,19}", part) else None
    return None if number is None or number > MAX_CUSTOMER_ID else number
