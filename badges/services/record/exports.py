"""Exports of the ledgers: requested, sent once, and logged with the hash of the file."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain
from time import monotonic

from django.db import DatabaseError, IntegrityError, InterfaceError, connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from badges import processes
from badges.audit import exports, proofs, sheets
from badges.audit.exports import Batch, LedgerExport
from badges.audit.filters import Filter
from badges.errors import BadgeError, ErrorCode
from badges.models import Export, ExportFormat, Operation, RequestLog
from badges.models.exports import GONE_AFTER
from badges.services.request_log import Origin, logged_request

# The slots limit concurrent exports, because each keeps a thread of the server busy.
SLOTS = (1, 2)
HEARTBEAT_INTERVAL = 1.0

log = logging.getLogger(__name__)


class _Heartbeat:
    """Saves the progress of an export at intervals, so that its slot is not released."""

    def __init__(self, export: Export):
        self._export, self._saved_at = export, 0.0

    @property
    def is_due(self) -> bool:
        return monotonic() - self._saved_at >= HEARTBEAT_INTERVAL

    def beat(self) -> None:
        self._export.seen_at = timezone.now()
        columns = ("seen_at", "first_at", "last_at", "reached_at", "rows", "size")
        self._export.save(update_fields=columns)
        self._saved_at = monotonic()


def begin_export(*, origin: Origin, ledger: str, format: ExportFormat, query: str) -> Export:
    """Log that a user requests an export of a ledger, filtered by the query string of its page.

    Raises BadgeError: 404 if there is no such ledger.
    """
    details = {"ledger": ledger, "format": format, "query": query}
    logged_origin = replace(origin, content=json.dumps(details))
    with logged_request(Operation.EXPORT, origin=logged_origin, now=timezone.now()) as request:
        if ledger not in exports.LEDGERS:
            raise BadgeError(ErrorCode.NOT_FOUND, "ledger", _("There is no such ledger."))
        return Export.objects.create(request=request, ledger=ledger, format=format)


def stream_export(export: Export, *, origin: Origin, filters: Filter) -> Iterator[bytes]:
    """Take a slot and return the file of an export in chunks.

    No more than one batch of rows is in memory, and the first chunk exists when this returns. The
    file is logged when it is complete. If the export fails later, the iterator raises, and the
    caller must abort the connection: an incomplete file must not look complete. Spreadsheets have
    their times in the current time zone and in UTC. Raises BadgeError:
    409 if the export was sent before, 429 if all slots are taken, 503 if the disk is full;
    DatabaseError. After 429, 503 and DatabaseError nothing was sent, and the export can be sent
    again.
    """
    _acquire_slot(export)
    ledger = exports.LEDGERS[export.ledger].in_zone(timezone.get_current_timezone())
    chunks = _stream(export, origin, ledger, filters, translation.get_language())
    try:
        next(chunks)
    except OSError as error:
        log.exception("An export was not written to the disk.")
        message = _(
            "The server could not write the file, perhaps because its disk is full. "
            "Nothing was sent: try again later."
        )
        raise BadgeError(ErrorCode.UNAVAILABLE, None, message) from error
    return chunks


def _stream(
    export: Export, origin: Origin, ledger: LedgerExport, filters: Filter, language: str
) -> Iterator[bytes]:
    """Yield an empty chunk once the first one exists, then the chunks, and save the progress."""
    digest, heartbeat = hashlib.sha256(), _Heartbeat(export)
    try:
        with translation.override(language):
            chunks = _chunks(export, ledger, filters, heartbeat)
            first = next(chunks)
            yield b""
            for chunk in chain([first], chunks):
                digest.update(chunk)
                export.size += len(chunk)
                yield chunk
                if heartbeat.is_due:  # an XLSX file is complete long before it is sent
                    heartbeat.beat()
        _finish(export, origin, digest.hexdigest())
    finally:
        _release_slot(export)


def _chunks(
    export: Export, ledger: LedgerExport, filters: Filter, heartbeat: _Heartbeat
) -> Iterator[bytes]:
    batches = _track_progress(export, ledger, filters, heartbeat)
    if export.format == ExportFormat.JSONL:
        lines = proofs.chunks(ledger.sealed_table, (batch.pks for batch in batches))
        return (line.encode() for line in lines)
    header = [str(column.label) for column in ledger.columns]
    rows = (exports.rows_of(ledger, batch.pks) for batch in batches)
    if export.format == ExportFormat.CSV:
        return sheets.csv_chunks(header, rows)
    return sheets.xlsx_chunks(str(ledger.label), header, rows)


def _track_progress(
    export: Export, ledger: LedgerExport, filters: Filter, heartbeat: _Heartbeat
) -> Iterable[Batch]:
    """Yield the batches, and save the progress of the export at intervals."""
    oldest = RequestLog.objects.order_by("pk").values_list("received_at", flat=True).first()
    export.first_at, export.last_at = filters.until or timezone.now(), filters.since or oldest
    for batch in exports.batches(ledger, filters):
        yield batch
        export.rows += len(batch.pks)
        if heartbeat.is_due:
            export.reached_at = exports.datetime_at(batch.cursor)
            heartbeat.beat()


def _acquire_slot(export: Export) -> None:
    """Take a free slot, or that of an export that was lost. Raises BadgeError: 409, 429."""
    now, process = timezone.now(), processes.current()
    _release_lost_slots(now)
    waiting = Export.objects.filter(pk=export.pk, begun_at__isnull=True)
    for slot in SLOTS:
        try:
            with transaction.atomic():
                taken = waiting.update(slot=slot, process=process, begun_at=now, seen_at=now)
        except IntegrityError:  # another export has this slot
            continue
        if not taken:
            message = _("This export was downloaded already. Start a new one.")
            raise BadgeError(ErrorCode.KEY_IN_USE, None, message)
        export.refresh_from_db()
        return
    message = _("Other exports are running. Wait until one of them has finished.")
    raise BadgeError(ErrorCode.TOO_MANY_REQUESTS, None, message)


def _release_lost_slots(now: datetime) -> None:
    """Release the slots of exports with an ended process or an outdated heartbeat."""
    ended = processes.ended()
    is_lost = Q(process__in=ended) | Q(seen_at__lt=now - GONE_AFTER)
    Export.objects.filter(is_lost, slot__isnull=False).update(slot=None)
    processes.forget(ended)


def _finish(export: Export, origin: Origin, sha256: str) -> None:
    now = timezone.now()
    details = {"export": export.request_id, "rows": export.rows, "bytes": export.size}
    logged_origin = replace(origin, content=json.dumps(details | {"sha256": sha256}))
    with logged_request(Operation.FINISH_EXPORT, origin=logged_origin, now=now):
        Export.objects.filter(pk=export.pk).update(
            rows=export.rows, size=export.size, sha256=sha256, seen_at=now, finished_at=now
        )
    export.sha256, export.finished_at = sha256, now


def _release_slot(export: Export) -> None:
    """Release the slot, on a new connection if the current one is lost.

    An export of which nothing was sent returns to its initial state.
    """
    if connection.errors_occurred and not connection.is_usable():
        connection.close()
    own_row = Export.objects.filter(pk=export.pk, process=export.process, begun_at=export.begun_at)
    try:
        if export.finished_at:
            own_row.update(slot=None)
        elif export.size:
            own_row.update(slot=None, seen_at=timezone.now(), rows=export.rows, size=export.size)
        else:
            own_row.update(slot=None, begun_at=None, seen_at=None, reached_at=None, rows=0)
    except (DatabaseError, InterfaceError):
        # The error that ended the export is raised. An outdated heartbeat releases the slot later.
        log.exception("The slot of an export was not released.")
