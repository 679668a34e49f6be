"""Exports of a ledger: its columns, and the rows of its page in batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Choices, Model, QuerySet
from django.utils.translation import gettext_lazy as _

from badges.audit import history, leaves
from badges.audit.filters import Filter, requests
from badges.audit.reading import Cursor, Found, read
from badges.errors import in_words
from badges.models import Channel, Operation, OwnerType, RequestLog, RequestOutcome
from badges.models.requests import name_in_attempt
from badges.time_zones import is_utc, zone_label

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BATCH_SIZE = 1000


class Column(NamedTuple):
    """A column: the path of its value, its label, and the words for the value, if it has any."""

    path: str
    label: "StrOrPromise"
    words: Callable[[Any], "StrOrPromise | datetime"] | None = None
    is_time: bool = False


@dataclass(frozen=True, kw_only=True)
class LedgerExport:
    """A ledger: its rows, its columns, and the name of its sealed table."""

    slug: str
    label: "StrOrPromise"
    model: type[Model]
    rows: Callable[[], QuerySet[Any]]
    sealed_as: str
    columns: tuple[Column, ...]
    reader: Callable[[Filter], Callable[..., Found]]

    def in_zone(self, zone: tzinfo) -> "LedgerExport":
        """Return the ledger with two columns for each time: one in a zone, and one in UTC."""
        columns = chain.from_iterable(_columns_in(zone, column) for column in self.columns)
        return replace(self, columns=tuple(columns))

    @property
    def sealed_table(self) -> leaves.SealedTable:
        return next(table for table in leaves.SEALED_TABLES if table.name == self.sealed_as)


class Batch(NamedTuple):
    """The keys of the next matching rows, newest first, and the last examined cursor."""

    pks: list[int | str]
    cursor: Cursor | None


def batches(ledger: LedgerExport, filters: Filter) -> Iterator[Batch]:
    """Yield the rows that match a filter, in the order of the page, at the same cost per batch."""
    cursor, reader = None, ledger.reader(filters)
    while True:
        page = reader(cursor=cursor, size=BATCH_SIZE)
        cursor = page.stopped_at or (page.keys[-1] if page.keys else cursor)
        yield Batch(page.pks, cursor)
        if not page.more:
            return


def rows_of(ledger: LedgerExport, pks: list[int | str]) -> list[tuple[Any, ...]]:
    """Return the values of the columns of the rows with these keys, in the order of the keys."""
    paths = list(dict.fromkeys(column.path for column in ledger.columns))
    rows = ledger.rows().filter(pk__in=pks).order_by().values_list("pk", *paths)
    by_pk = {
        pk: dict(zip(paths, values, strict=True))
        for pk, *values in rows.iterator(chunk_size=BATCH_SIZE)
    }
    return [_display_values(ledger, by_pk[pk]) for pk in pks]


def _display_values(ledger: LedgerExport, values: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(_display_value(column, values[column.path]) for column in ledger.columns)


def _display_value(column: Column, value: Any) -> Any:
    if column.words is None or not value:
        return value
    words = column.words(value)
    return words if isinstance(words, datetime) else str(words)


def _columns_in(zone: tzinfo, column: Column) -> Iterator[Column]:
    """Yield the column; that of a time in a zone and in UTC, each with the zone in its label."""
    if not column.is_time:
        yield column
        return
    if not is_utc(zone):
        label = f"{column.label} ({zone_label(zone)})"
        yield Column(column.path, label, lambda dt: dt.astimezone(zone))
    yield Column(column.path, f"{column.label} (UTC)")


def _label_of(choices: type[Choices]) -> "Callable[[Any], StrOrPromise]":
    return lambda value: choices(value).label


def datetime_at(cursor: Cursor | None) -> datetime | None:
    """Return the datetime of the row at a cursor, if there is one."""
    if cursor is None:
        return None
    if isinstance(cursor[0], datetime):
        return cursor[0]
    received = RequestLog.objects.filter(pk=cursor[0])
    return received.values_list("received_at", flat=True).first()


def _request_columns(prefix: str) -> tuple[Column, ...]:
    """Return the columns of the request that caused a row."""
    return (
        Column(f"{prefix}channel", _("channel"), _label_of(Channel)),
        Column(f"{prefix}integrator__name", _("integrator")),
        Column(f"{prefix}user__username", _("user")),
        Column(f"{prefix}request_id", _("request id")),
        Column(f"{prefix}id", _("number in the log")),
        Column(f"{prefix}stated__words", _("reason for issuing")),
        Column(f"{prefix}stated__case_number", _("case number")),
        Column(f"{prefix}reason", _("reason")),
    )


BADGE_COLUMNS = (Column("badge_id", _("badge id")), Column("badge__name", _("badge")))
FACT_COLUMNS = (
    Column("customer_id", _("customer")),
    *BADGE_COLUMNS,
    Column("event_at", _("event date"), is_time=True),
    Column("expires_at", _("expires"), is_time=True),
    Column("owner_type", _("owner"), _label_of(OwnerType)),
    Column("reference_id", _("reference id")),
    Column("revoked_at", _("revoked"), is_time=True),
)
ISSUED_COLUMNS = (
    Column("id", _("issued badge")),
    Column("earned_at", _("issued"), is_time=True),
    *FACT_COLUMNS,
)
ENROLLED_COLUMNS = (
    Column("id", _("enrolment")),
    Column("enrolled_at", _("enrolled"), is_time=True),
    *FACT_COLUMNS,
)


def _from_query(
    slug: str,
    label: "StrOrPromise",
    ledger_query: history.LedgerQuery,
    sealed_as: str,
    columns: tuple[Column, ...],
) -> LedgerExport:
    return LedgerExport(
        slug=slug,
        label=label,
        model=ledger_query.model,
        rows=ledger_query.model._default_manager.all,
        sealed_as=sealed_as,
        columns=(*columns, *_request_columns(f"{ledger_query.cause}__")),
        reader=lambda filters: partial(ledger_query.read, filters),
    )


REQUESTS = LedgerExport(
    slug="requests",
    label=_("Request log"),
    model=RequestLog,
    rows=RequestLog.objects.with_attempt,
    sealed_as="request",
    columns=(
        Column("received_at", _("received"), is_time=True),
        Column("recorded_at", _("recorded"), is_time=True),
        Column("outcome", _("outcome"), _label_of(RequestOutcome)),
        Column("code", _("code")),
        Column("code", _("cause"), in_words),
        Column("operation", _("operation"), _label_of(Operation)),
        *_request_columns(""),
        Column("attempt", _("name of the failed sign-in"), name_in_attempt),
        *BADGE_COLUMNS,
        Column("customer_id", _("customer")),
        Column("fingerprint", _("fingerprint")),
    ),
    reader=lambda filters: partial(read, requests(filters)),
)
LEDGERS = {
    ledger.slug: ledger
    for ledger in [
        REQUESTS,
        _from_query("issued", _("Issued"), history.ISSUED, "earned_badge", ISSUED_COLUMNS),
        _from_query(
            "enrolments", _("Enrolments"), history.ENROLMENTS, "enrolment", ENROLLED_COLUMNS
        ),
        _from_query(
            "revoked", _("Revoked badges"), history.REVOKED, "badge_revoked", ISSUED_COLUMNS
        ),
        _from_query(
            "revoked-enrolments",
            _("Revoked enrolments"),
            history.REVOKED_ENROLMENTS,
            "enrolment_revoked",
            ENROLLED_COLUMNS,
        ),
        _from_query(
            "definitions",
            _("Badge definitions"),
            history.DEFINITIONS,
            "revision",
            (
                Column("request__received_at", _("changed"), is_time=True),
                *BADGE_COLUMNS,
                Column("version", _("version")),
                Column("request__operation", _("operation"), _label_of(Operation)),
                Column("snapshot", _("definition")),
            ),
        ),
    ]
}
