"""Pages of a ledger in the order of a key, each at the same cost however long the ledger is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import BooleanField, Case, F, Lookup, Q, QuerySet, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from badges.models.ids import GREATEST_CUSTOMER_ID, is_id
from badges.moments import EPOCH, MICROSECOND

PAGE_SIZE = 50
# How many rows a page examines for its filters, a few at first: most pages are full with those.
BATCHES = (200, 1_800, 8_000)
MOST_MICROSECONDS = 10**17  # in the year 5138

# The values of a key, by which a page begins.
Place = tuple[int | str | datetime, ...]


@dataclass(frozen=True, kw_only=True)
class Search:
    """Rows in the order of `key`, of which some match.

    An index has to hold the `rows` in that order, so that they are narrowed by nothing else;
    `matches` is asked row by row.
    """

    rows: QuerySet
    key: tuple[str, ...]
    matches: Q = field(default_factory=Q)

    def examined(self, place: Place | None, *, newer: bool, most: int) -> Sequence[tuple]:
        """Return whether they match, and the keys, of the next rows beyond a place."""
        rows = self.rows if place is None else self.rows.filter(beyond(self.key, place, newer))
        matches = Value(True)
        if self.matches:
            flag = When(self.matches, then=Value(True))
            matches = Case(flag, default=Value(False), output_field=BooleanField())
        sign = "" if newer else "-"
        ordered = rows.order_by(*(f"{sign}{column}" for column in self.key))
        return list(ordered.annotate(matching=matches).values_list("matching", *self.key)[:most])


@dataclass(frozen=True, kw_only=True)
class Found:
    """The keys of matching rows as they were come upon; whether there may be `more` beyond.

    When it took too many rows to find them, `stopped_at` is the last one that was examined.
    """

    keys: list[Place]
    more: bool = False
    stopped_at: Place | None = None

    @property
    def pks(self) -> list[int | str]:
        return [key[-1] for key in self.keys]


def read(
    search: Search, *, place: Place | None = None, newer: bool = False, size: int = PAGE_SIZE
) -> Found:
    """Return the next matching rows that are older than a place, or newer ones, nearest first."""
    keys = []
    for most in BATCHES if search.matches else (size + 1,):
        examined = search.examined(place, newer=newer, most=most)
        for matching, *key in examined:
            if matching and len(keys) == size:
                return Found(keys=keys, more=True)
            place = tuple(key)
            if matching:
                keys.append(place)
        if len(examined) < most:
            return Found(keys=keys)
    return Found(keys=keys, more=True, stopped_at=place)


def beyond(key: Sequence[str], place: Place, newer: bool) -> Lookup:
    """Return the condition that a row comes after a place.

    The columns are compared as one row: that alone lets an index begin at the place, where a
    condition for each column would have it read all that has the first one in common.
    """
    compare = TupleGreaterThan if newer else TupleLessThan
    return compare(Tuple(*map(F, key)), place)


def as_text(place: Place) -> str:
    """Return a place as a link carries it."""
    return ".".join(
        str((value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value)
        for value in place
    )


def place_in(text: str, key: Sequence[str], *, hex_ids: bool) -> Place | None:
    """Return the place that a link names, or None for what is none; a key ends with the id."""
    parts = text.split(".")
    if len(parts) != len(key):
        return None
    *columns, ident = parts
    values = [_value(part, column) for part, column in zip(columns, key[:-1], strict=True)]
    values.append((ident if is_id(ident) else None) if hex_ids else _number(ident))
    return None if None in values else tuple(values)


def _value(part: str, column: str) -> int | datetime | None:
    number = _number(part)
    if not column.endswith("_at") or number is None:
        return number
    return EPOCH + number * MICROSECOND if number < MOST_MICROSECONDS else None


def _number(part: str) -> int | None:
    number = int(part) if re.fullmatch("[0-9]{1,19}", part) else None
    return None if number is None or number > GREATEST_CUSTOMER_ID else number
