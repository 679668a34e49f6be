"""What an export of a ledger holds: its rows as the page lists them, batch by batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from badges.audit import history, leaves
from badges.audit.filters import Filter, requests
from badges.audit.reading import Found, Place, read
from badges.models import Channel, Operation, OwnerType, RequestLog, RequestOutcome

AT_ONCE = 1000


class Column(NamedTuple):
    """One column: where its value is, its name for people, and the words for values of a list."""

    path: str
    label: str
    words: type | None = None


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """One ledger: how it is searched, its columns, and as what its rows are sealed."""

    slug: str
    label: str
    model: type[Model]
    sealed_as: str
    columns: tuple[Column, ...]
    reads: Callable[[Filter], Callable[..., Found]]

    @property
    def kind(self) -> leaves.Kind:
        return next(kind for kind in leaves.KINDS if kind.name == self.sealed_as)


class Batch(NamedTuple):
    """The keys of the next rows that match, newest first, and the last place that was looked at."""

    pks: list
    place: Place | None


def batches(ledger: Ledger, asked: Filter) -> Iterator[Batch]:
    """Yield all that a filter lets pass, as the page lists it, at the same cost for each batch."""
    place, reads = None, ledger.reads(asked)
    while True:
        found = reads(place=place, size=AT_ONCE)
        place = found.stopped_at or (found.keys[-1] if found.keys else place)
        yield Batch(found.pks, place)
        if not found.more:
            return


def rows_of(ledger: Ledger, pks: list) -> list[tuple]:
    """Return the values of the columns of some rows, in the order of their keys."""
    paths = [column.path for column in ledger.columns]
    found = ledger.model.objects.filter(pk__in=pks).order_by().values_list("pk", *paths)
    by_pk = {pk: values for pk, *values in found.iterator(chunk_size=AT_ONCE)}
    return [_in_words(ledger, by_pk[pk]) for pk in pks]


def _in_words(ledger: Ledger, values: list) -> tuple:
    return tuple(
        str(column.words(value).label) if column.words and value else value
        for column, value in zip(ledger.columns, values, strict=True)
    )


def moment_at(place: Place | None) -> datetime | None:
    """Return when what lies at a place came about."""
    if place is None or isinstance(place[0], datetime):
        return place and place[0]
    received = RequestLog.objects.filter(pk=place[0])
    return received.values_list("received_at", flat=True).first()


def _cause(prefix: str) -> tuple[Column, ...]:
    """Return who asked for something, through which door, and with which request."""
    return (
        Column(f"{prefix}channel", _("channel"), Channel),
        Column(f"{prefix}integrator__name", _("integrator")),
        Column(f"{prefix}user__username", _("user")),
        Column(f"{prefix}request_id", _("request id")),
        Column(f"{prefix}id", _("number in the log")),
        Column(f"{prefix}reason", _("reason")),
    )


BADGE = (Column("badge_id", _("badge id")), Column("badge__name", _("badge")))
FACT = (
    Column("customer_id", _("customer")),
    *BADGE,
    Column("event_at", _("event date")),
    Column("expires_at", _("expires")),
    Column("owner_type", _("owner"), OwnerType),
    Column("reference_id", _("reference id")),
    Column("revoked_at", _("revoked")),
)
ISSUED = (Column("id", _("issued badge")), Column("earned_at", _("issued")), *FACT)
ENROLLED = (Column("id", _("enrolment")), Column("enrolled_at", _("enrolled")), *FACT)


def _of_book(slug: str, label: str, book: history.Book, sealed_as: str, columns) -> Ledger:
    return Ledger(
        slug=slug,
        label=label,
        model=book.model,
        sealed_as=sealed_as,
        columns=(*columns, *_cause(f"{book.cause}__")),
        reads=lambda asked: partial(book.read, asked),
    )


REQUESTS = Ledger(
    slug="requests",
    label=_("Request log"),
    model=RequestLog,
    sealed_as="request",
    columns=(
        Column("received_at", _("received")),
        Column("recorded_at", _("recorded")),
        Column("outcome", _("outcome"), RequestOutcome),
        Column("code", _("code")),
        Column("operation", _("operation"), Operation),
        *_cause(""),
        *BADGE,
        Column("customer_id", _("customer")),
        Column("fingerprint", _("fingerprint")),
    ),
    reads=lambda asked: partial(read, requests(asked)),
)
LEDGERS = {
    ledger.slug: ledger
    for ledger in [
        REQUESTS,
        _of_book("issued", _("Issued"), history.ISSUED, "earned_badge", ISSUED),
        _of_book("enrolments", _("Enrolments"), history.ENROLMENTS, "enrolment", ENROLLED),
        _of_book("revoked", _("Revoked badges"), history.REVOKED, "badge_revoked", ISSUED),
        _of_book(
            "revoked-enrolments",
            _("Revoked enrolments"),
            history.REVOKED_ENROLMENTS,
            "enrolment_revoked",
            ENROLLED,
        ),
        _of_book(
            "definitions",
            _("Badge definitions"),
            history.DEFINITIONS,
            "revision",
            (
                Column("request__received_at", _("changed")),
                *BADGE,
                Column("version", _("version")),
                Column("request__operation", _("operation"), Operation),
                Column("snapshot", _("definition")),
            ),
        ),
    ]
}
