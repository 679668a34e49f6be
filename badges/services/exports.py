"""Exports of the ledgers: asked for, sent once, and on record with what the file was."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from time import monotonic

from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from badges.audit import exports, proofs, sheets
from badges.audit.exports import Batch, Ledger
from badges.audit.filters import Filter
from badges.errors import BadgeError, ErrorCode
from badges.models import Export, ExportFormat, ExportState, Operation, RequestLog
from badges.models.exports import GONE_AFTER
from badges.services.requests import Origin, attempt

# So many exports are sent at the same time: each keeps a thread of the server busy.
SLOTS = (1, 2)
SECONDS_BETWEEN_SIGNS = 1.0


def begin_export(*, origin: Origin, ledger: str, format: ExportFormat, query: str) -> Export:
    """Record that somebody takes a ledger away, as the query string of its page filters it.

    Raises BadgeError: 404 when there is no such ledger.
    """
    asked = {"ledger": ledger, "format": format, "query": query}
    said = replace(origin, content=json.dumps(asked))
    with attempt(Operation.EXPORT, origin=said, now=timezone.now()) as request:
        if ledger not in exports.LEDGERS:
            raise BadgeError(ErrorCode.NOT_FOUND, "ledger", _("There is no such ledger."))
        return Export.objects.create(request=request, ledger=ledger, format=format)


def deliver(export: Export, *, origin: Origin, asked: Filter) -> Iterator[bytes]:
    """Take one of the places and return the file of an export, piece by piece.

    It holds no more than one batch of rows at a time. What was sent is on record when it is
    complete; when its reader goes away, the export is broken off. Raises BadgeError: 409 when it
    was delivered before, 429 when all places are taken.
    """
    _take_place(export)
    return _sent(export, origin, asked, translation.get_language())


def _sent(export: Export, origin: Origin, asked: Filter, language: str) -> Iterator[bytes]:
    """Yield the pieces, and keep how far it came; the request is over before the first one."""
    digest = hashlib.sha256()
    try:
        with translation.override(language):
            for piece in _pieces(export, asked):
                digest.update(piece)
                export.size += len(piece)
                yield piece
        _finish(export, origin, digest.hexdigest())
    finally:
        _free(export)


def _pieces(export: Export, asked: Filter) -> Iterator[bytes]:
    ledger = exports.LEDGERS[export.ledger]
    batches = _watched(export, ledger, asked)
    if export.format == ExportFormat.JSONL:
        lines = proofs.pieces(ledger.kind, (batch.pks for batch in batches))
        return (line.encode() for line in lines)
    header = [str(column.label) for column in ledger.columns]
    rows = (exports.rows_of(ledger, batch.pks) for batch in batches)
    if export.format == ExportFormat.CSV:
        return sheets.csv_pieces(header, rows)
    return sheets.xlsx_pieces(str(ledger.label), header, rows)


def _watched(export: Export, ledger: Ledger, asked: Filter) -> Iterable[Batch]:
    """Yield the batches, and say now and then how far the export came."""
    oldest = RequestLog.objects.order_by("pk").values_list("received_at", flat=True).first()
    export.first_at, export.last_at = asked.until or timezone.now(), asked.since or oldest
    said = 0.0
    for batch in exports.batches(ledger, asked):
        yield batch
        export.rows += len(batch.pks)
        if monotonic() - said >= SECONDS_BETWEEN_SIGNS:
            export.reached_at = exports.moment_at(batch.place)
            _say(export, "first_at", "last_at", "reached_at", "rows", "size")
            said = monotonic()


def _take_place(export: Export) -> None:
    """Take a free place, or one that was left without a word. Raises BadgeError: 409, 429."""
    now = timezone.now()
    Export.objects.filter(slot__isnull=False, seen_at__lt=now - GONE_AFTER).update(slot=None)
    waiting = Export.objects.filter(pk=export.pk, begun_at__isnull=True)
    for slot in SLOTS:
        try:
            with transaction.atomic():
                taken = waiting.update(slot=slot, begun_at=now, seen_at=now)
        except IntegrityError:  # somebody else has this place
            continue
        if not taken:
            message = _("This export was sent already. Ask for it again.")
            raise BadgeError(ErrorCode.KEY_IN_USE, None, message)
        export.refresh_from_db()
        return
    message = _("Other exports are under way. Wait until one of them is done.")
    raise BadgeError(ErrorCode.TOO_MANY_REQUESTS, None, message)


def _finish(export: Export, origin: Origin, sha256: str) -> None:
    now = timezone.now()
    export.sha256, export.finished_at = sha256, now
    sent = {"export": export.request_id, "rows": export.rows, "bytes": export.size}
    said = replace(origin, content=json.dumps(sent | {"sha256": sha256}))
    with attempt(Operation.FINISH_EXPORT, origin=said, now=now):
        _say(export, "rows", "size", "sha256", "finished_at")


def _say(export: Export, *columns: str) -> None:
    export.seen_at = timezone.now()
    export.save(update_fields=["seen_at", *columns])


def _free(export: Export) -> None:
    if export.state(timezone.now()) != ExportState.FINISHED:
        _say(export, "rows", "size")
    export.slot = None
    export.save(update_fields=["slot"])
