"""The sealed columns of each table, and the format of a sealed row.

The format is that of PostgreSQL's `record_send`: the number of fields, then for each field the OID
of its type, its length and its value, big-endian. A text is UTF-8, a number has 8 bytes, a datetime
is microseconds since 2000 in UTC, and a JSON value is the text of its `jsonb`. PostgreSQL can
therefore pack whole ranges in one query. On other databases Python packs the same bytes
(`check_export.packed`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from django.db import connection, models
from django.db.models.expressions import RawSQL
from psycopg import Cursor

from badges.audit.batches import batches_of
from badges.audit.check_export import DATETIME, NUMBER, TEXT, TYPES, WHOLE, packed
from badges.models import (
    BadgeRevision,
    EarnedBadge,
    Enrolment,
    ErasedRow,
    RefusedItem,
    RequestLog,
    StatedReason,
)

KEY_SIZE = 12
TYPE_NAMES = {number: name for name, number in TYPES.items()}
CASTS = {TEXT: "text", NUMBER: "int8", DATETIME: "timestamptz"}
FACT_COLUMNS = (
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
class SealedTable:
    """One kind of sealed row: its columns, and the column of the request that caused it.

    An erasure may replace only the values of `erasable` columns.
    """

    name: str
    model: type[models.Model]
    columns: tuple[str, ...]
    request: str = "request_id"
    erasable: tuple[str, ...] = ()

    def field(self, column: str) -> "models.Field[Any, Any]":
        field = self.model._meta.get_field(column)
        if not isinstance(field, models.Field):
            raise TypeError(f"{column} is no column of {self.name}.")
        return field

    def parts(self, version: int) -> tuple[tuple[str, ...], ...]:
        """Return the columns of each part of a row that is hashed separately in this version."""
        if version == WHOLE:
            return (self.columns,)
        kept = tuple(name for name in self.columns if name not in self.erasable)
        return kept, self.erasable

    def caused_by(self, after: int | None, until: int) -> models.QuerySet[models.Model]:
        """Return the rows that requests with after < id <= until caused, ordered by key."""
        rows = self.model._default_manager.filter(**{f"{self.request}__lte": until}).order_by("pk")
        return rows if after is None else rows.filter(**{f"{self.request}__gt": after})


# The order of the leaves of a seal. A new entry is sealed from the next seal on. Existing entries
# must not change, or all rows sealed before would seem altered. Other erasable columns require a
# new version of the leaves.
SEALED_TABLES = (
    SealedTable(
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
        erasable=("customer_id", "content", "reason", "fingerprint", "errors"),
    ),
    SealedTable(
        "refused_item",
        RefusedItem,
        ("id", "request_id", "customer_id", "code", "message"),
        erasable=("customer_id", "message"),
    ),
    SealedTable("enrolment", Enrolment, (*FACT_COLUMNS, "enrolled_at"), erasable=("customer_id",)),
    SealedTable(
        "earned_badge",
        EarnedBadge,
        (*FACT_COLUMNS, "earned_at", "enrolment_id", "reissue_of_id"),
        erasable=("customer_id",),
    ),
    SealedTable(
        "enrolment_revoked", Enrolment, ("id", "revoked_at", "revocation_id"), "revocation_id"
    ),
    SealedTable(
        "badge_revoked", EarnedBadge, ("id", "revoked_at", "revocation_id"), "revocation_id"
    ),
    SealedTable("revision", BadgeRevision, ("id", "badge_id", "version", "request_id", "snapshot")),
    SealedTable(
        "erased_row", ErasedRow, ("id", "request_id", "kind", "key", "leaf", "replaced_by")
    ),
    SealedTable(
        "stated_reason",
        StatedReason,
        ("id", "request_id", "customer_id", "reason_id", "words", "case_number"),
        erasable=("customer_id", "case_number"),
    ),
)

# A row of a seal: the index of its table in SEALED_TABLES, and its primary key as KEY_SIZE bytes.
Key: TypeAlias = tuple[int, bytes]

# The bytes of a row, in the parts that the version of its leaf hashes separately.
Row: TypeAlias = tuple[bytes, ...]


def rows_of(after: int | None, until: int, version: int) -> Iterator[tuple[Key, Row]]:
    """Yield the key and bytes of every row that requests with after < id <= until caused."""
    for index, table in enumerate(SEALED_TABLES):
        for pk, row in _packed_rows(table, table.caused_by(after, until), version):
            yield (index, key_of(pk)), row


def rows_by_key(keys: Iterable[Key], version: int) -> Iterator[tuple[Key, Row]]:
    """Yield the key and bytes of the existing rows with these keys."""
    for index, table in enumerate(SEALED_TABLES):
        for batch in batches_of(pk_of(key) for key in keys if key[0] == index):
            rows = table.model._default_manager.filter(pk__in=batch)
            for pk, row in _packed_rows(table, rows.order_by("pk"), version):
                yield (index, key_of(pk)), row


def bytes_of(after: int | None, until: int, version: int) -> Iterator[bytes]:
    """Yield the bytes of `rows_of` in order, in the chunks that the database returns."""
    if connection.vendor != "postgresql":
        for _key, row in rows_of(after, until, version):
            yield from row
        return
    for table in SEALED_TABLES:
        packed_rows = RawSQL(" || ".join(_packed_by_postgresql(table, version)), [])  # noqa: S611 - our own names
        rows = table.caused_by(after, until).annotate(packed=packed_rows).values("packed")
        sql, values = rows.query.sql_with_params()
        aggregated = f"SELECT string_agg(packed, '') FROM ({sql}) AS rows"  # noqa: S608 - as Django wrote it
        yield from (piece or b"" for (piece,) in _fetched(aggregated, values))


def key_of(pk: int | str) -> bytes:
    """Return a primary key as bytes: the number, or the id of 24 hex digits."""
    return pk.to_bytes(KEY_SIZE, signed=True) if isinstance(pk, int) else bytes.fromhex(pk)


def pk_of(key: Key) -> int | str:
    """Return the primary key that `key_of` converted to bytes."""
    index, packed = key
    is_number = isinstance(SEALED_TABLES[index].model._meta.pk, models.BigAutoField)
    return int.from_bytes(packed, signed=True) if is_number else packed.hex()


def bytes_of_row(table: SealedTable, row: Mapping[str, Any], version: int) -> Row:
    """Return the bytes of a row, given as a mapping of column names to values."""
    return tuple(_packed(table, names, row) for names in table.parts(version))


def type_name(table: SealedTable, column: str) -> str:
    """Return the name of the type of a column in exports."""
    return TYPE_NAMES[_type_of(table.field(column))]


def value_of(table: SealedTable, column: str, value: Any) -> str | int | None:
    """Return a value as exports write it: a datetime as ISO 8601 in UTC, JSON as its text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    plain: str | int | None = _plain_value(table.field(column), value)
    return plain


def _plain_value(field: "models.Field[Any, Any]", value: Any) -> Any:
    if value is not None and isinstance(field, models.JSONField):
        return json.dumps(_sort_keys(value), ensure_ascii=False)
    return value


def _type_of(field: "models.Field[Any, Any]") -> int:
    field = getattr(field, "target_field", field)
    if isinstance(field, models.DateTimeField):
        return DATETIME
    return NUMBER if isinstance(field, models.IntegerField) else TEXT


def _sort_keys(value: Any) -> Any:
    """Return a JSON value with the keys of its objects in the order of PostgreSQL's jsonb."""
    if isinstance(value, list):
        return [_sort_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return {key: _sort_keys(value[key]) for key in keys}


def _packed(table: SealedTable, names: Iterable[str], row: Mapping[str, Any]) -> bytes:
    fields = [
        (_type_of(table.field(name)), _plain_value(table.field(name), row[name])) for name in names
    ]
    return packed([(TEXT, table.name), *fields])


def _packed_rows(
    table: SealedTable, rows: models.QuerySet[models.Model], version: int
) -> Iterable[tuple[int | str, Row]]:
    pack_rows = _rows_by_postgresql if connection.vendor == "postgresql" else _rows_by_python
    return pack_rows(table, rows, version)


def _rows_by_python(
    table: SealedTable, rows: models.QuerySet[models.Model], version: int
) -> Iterator[tuple[int | str, Row]]:
    for pk, *row in rows.values_list("pk", *table.columns).iterator():
        yield pk, bytes_of_row(table, dict(zip(table.columns, row, strict=True)), version)


def _rows_by_postgresql(
    table: SealedTable, rows: models.QuerySet[models.Model], version: int
) -> Iterator[tuple[int | str, Row]]:
    parts = {
        f"part_{number}": RawSQL(packed_by_database, [])  # noqa: S611 - our own names
        for number, packed_by_database in enumerate(_packed_by_postgresql(table, version))
    }
    sql, values = rows.annotate(**parts).values_list("pk", *parts).query.sql_with_params()
    for pk, *row in _fetched(sql, values):
        yield pk, tuple(row)


def _fetched(sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a query in binary format, because bytes as text take twice as long.

    Django's own cursors bind values on the client and cannot request this format.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        return cursor.execute(sql, values, prepare=False, binary=True).fetchall()


def _packed_by_postgresql(table: SealedTable, version: int) -> list[str]:
    """Return an SQL expression for each part of a row."""
    expressions = []
    for names in table.parts(version):
        fields = [table.field(name) for name in names]
        columns = [f"{field.column}::{CASTS[_type_of(field)]}" for field in fields]
        values = ", ".join([f"'{table.name}'::text", *columns])
        expressions.append(f"record_send(ROW({values}))")
    return expressions
