"""What is sealed of each table, and the bytes that stand for a row.

They are those of PostgreSQL's `record_send`: the number of fields, then for each the number of its
type, its length and its value, big-endian; a text is UTF-8, a number has 8 bytes, a moment is
microseconds since 2000 in UTC, a JSON value the text of its `jsonb`. PostgreSQL so writes whole
ranges at once; elsewhere Python does (`check_export.packed`), to the same byte.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from django.db import connection, models

from badges.audit.check_export import MOMENT, NUMBER, TEXT, TYPES, packed
from badges.models import (
    BadgeRevision,
    EarnedBadge,
    Enrolment,
    ErasedRow,
    RefusedItem,
    RequestLog,
)

KEY_SIZE = 12
TYPE_NAMES = {number: name for name, number in TYPES.items()}
CASTS = {TEXT: "text", NUMBER: "int8", MOMENT: "timestamptz"}
FACT = (
    "id",
    "badge_id",
    "customer_id",
    "event_at",
    "expires_at",
    "owner_type",
    "reference_id",
    "request_id",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of sealed row: its columns, and the column of the request that caused it."""

    name: str
    model: type[models.Model]
    columns: tuple[str, ...]
    request: str = "request_id"

    def field(self, column: str) -> models.Field:
        return self.model._meta.get_field(column)

    def caused_by(self, after: int | None, until: int) -> models.QuerySet:
        """Return the rows that requests with after < id <= until caused, by their keys."""
        rows = self.model.objects.filter(**{f"{self.request}__lte": until}).order_by("pk")
        return rows if after is None else rows.filter(**{f"{self.request}__gt": after})

    @property
    def table(self) -> str:
        return self.model._meta.db_table


# The order of the leaves of a seal. Whatever is added here is sealed from the next seal on; what
# stands here must not change, or everything sealed before seems altered.
KINDS = (
    Kind(
        "request",
        RequestLog,
        (
            "id",
            "operation",
            "channel",
            "integrator_id",
            "user_id",
            "request_id",
            "fingerprint",
            "content",
            "reason",
            "badge_id",
            "customer_id",
            "outcome",
            "code",
            "errors",
            "received_at",
            "recorded_at",
        ),
        request="id",
    ),
    Kind("refused_item", RefusedItem, ("id", "request_id", "customer_id", "code", "message")),
    Kind("enrolment", Enrolment, (*FACT, "enrolled_at")),
    Kind("earned_badge", EarnedBadge, (*FACT, "earned_at", "enrolment_id", "reissue_of_id")),
    Kind("enrolment_revoked", Enrolment, ("id", "revoked_at", "revocation_id"), "revocation_id"),
    Kind("badge_revoked", EarnedBadge, ("id", "revoked_at", "revocation_id"), "revocation_id"),
    Kind("revision", BadgeRevision, ("id", "badge_id", "version", "request_id", "snapshot")),
    Kind("erased_row", ErasedRow, ("id", "request_id", "kind", "key", "leaf", "replaced_by")),
)

Key: TypeAlias = tuple[int, bytes]
"""A row of a seal: the place of its kind in KINDS, and its primary key as KEY_SIZE bytes."""


def rows_of(after: int | None, until: int) -> Iterator[tuple[Key, bytes]]:
    """Yield the key and bytes of every row that requests with after < id <= until caused."""
    written = _rows_by_postgresql if connection.vendor == "postgresql" else _rows_here
    for place, kind in enumerate(KINDS):
        for pk, row in written(kind, after, until):
            yield (place, key_of(pk)), row


def bytes_of(after: int | None, until: int) -> Iterator[bytes]:
    """Yield the bytes of `rows_of` in its order, in as large pieces as the database gives them."""
    if connection.vendor != "postgresql":
        yield from (row for _key, row in rows_of(after, until))
        return
    for kind in KINDS:
        with connection.cursor() as cursor:
            rows, values = _query(kind, after, until)
            cursor.execute(f"SELECT string_agg(packed, '') FROM ({rows}) AS rows", values)  # noqa: S608 - our own names
            yield cursor.fetchone()[0] or b""


def key_of(pk: int | str) -> bytes:
    """Return a primary key as bytes: the number, or the id of 24 hex digits."""
    return pk.to_bytes(KEY_SIZE, signed=True) if isinstance(pk, int) else bytes.fromhex(pk)


def pk_of(key: Key) -> int | str:
    """Return the primary key that `key_of` made bytes of."""
    place, packed = key
    is_number = isinstance(KINDS[place].model._meta.pk, models.BigAutoField)
    return int.from_bytes(packed, signed=True) if is_number else packed.hex()


def bytes_of_row(kind: Kind, row: Iterable) -> bytes:
    """Return the bytes of a row, whose values are in the order of the columns of its kind."""
    fields = [
        (_type_of(kind.field(name)), _plain(kind.field(name), value))
        for name, value in zip(kind.columns, row, strict=True)
    ]
    return packed([(TEXT, kind.name), *fields])


def type_name(kind: Kind, column: str) -> str:
    """Return the name of the type of a column, as exports tell it."""
    return TYPE_NAMES[_type_of(kind.field(column))]


def value_of(kind: Kind, column: str, value):
    """Return a value as exports write it: a moment as ISO 8601 in UTC, JSON as its text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _plain(kind.field(column), value)


def _plain(field: models.Field, value):
    if value is not None and isinstance(field, models.JSONField):
        return json.dumps(_in_order(value), ensure_ascii=False)
    return value


def _type_of(field: models.Field) -> int:
    field = getattr(field, "target_field", field)
    if isinstance(field, models.DateTimeField):
        return MOMENT
    return NUMBER if isinstance(field, models.IntegerField) else TEXT


def _in_order(value):
    """Return a JSON value with the keys of its objects in the order of PostgreSQL's jsonb."""
    if isinstance(value, list):
        return [_in_order(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return {key: _in_order(value[key]) for key in keys}


def _rows_here(kind: Kind, after: int | None, until: int) -> Iterator[tuple[int | str, bytes]]:
    rows = kind.caused_by(after, until).values_list("pk", *kind.columns)
    for pk, *row in rows.iterator():
        yield pk, bytes_of_row(kind, row)


def _rows_by_postgresql(kind: Kind, after: int | None, until: int) -> list[tuple[int | str, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(*_query(kind, after, until))
        return cursor.fetchall()


def _query(kind: Kind, after: int | None, until: int) -> tuple[str, dict]:
    """Return the query for the primary keys and bytes of the rows of one kind, and its values."""
    fields = [kind.field(name) for name in kind.columns]
    columns = ", ".join(f"{field.column}::{CASTS[_type_of(field)]}" for field in fields)
    since = "" if after is None else f"AND {kind.request} > %(after)s"
    return (
        f"""SELECT id, record_send(ROW('{kind.name}'::text, {columns})) AS packed
        FROM {kind.table} WHERE {kind.request} <= %(until)s {since} ORDER BY id""",  # noqa: S608 - nothing but our own names
        {"after": after, "until": until},
    )
