"""A failed export never looks complete: it raises an error, frees its slot and shows it."""

import json
import tempfile
from contextlib import closing, contextmanager

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from badges.audit import check_export, exports, heads, sheets
from badges.audit.filters import Filter
from badges.models import Channel, Export, ExportFormat, ExportState, Operation, RequestLog
from badges.services.record.exports import begin_export, stream_export
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.conftest import no_long_files, refused
from tests.factories import RequestLogFactory

ROWS = 9
REFUSALS = Filter(outcome="REFUSED")
EACH_FORMAT = pytest.mark.parametrize("format", ExportFormat)


@pytest.fixture
def origin(auditor):
    return Origin(channel=Channel.MEMBERCARE, user=auditor)


@pytest.fixture
def begin(origin, monkeypatch):
    """Return a function that begins an export of some rows, in batches of three."""
    monkeypatch.setattr(exports, "BATCH_SIZE", 3)
    monkeypatch.setattr(sheets, "CHUNK_SIZE", 1000)
    RequestLogFactory.create_batch(ROWS, refused=True)

    def ask(format):
        return begin_export(
            origin=origin, ledger="requests", format=format, query="outcome=REFUSED"
        )

    return ask


@pytest.fixture
def log_in(client, auditor):
    client.force_login(auditor)
    return client


def state_of(export):
    export.refresh_from_db()
    return export.state(timezone.now())


def finished():
    return RequestLog.objects.filter(operation=Operation.FINISH_EXPORT)


@pytest.mark.django_db(transaction=True)
class TestLostDatabase:
    @pytest.fixture
    def lose(self, needs_session):
        """Return a function that makes PostgreSQL terminate the connection of this thread."""

        def end():
            pid = connection.connection.info.backend_pid
            with closing(connection.copy()) as other, other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

        return end

    @EACH_FORMAT
    def test_an_export_with_a_lost_database_after_a_piece_was_sent(
        self, begin, origin, lose, format
    ):
        export = begin(format)
        pieces = stream_export(export, origin=origin, filters=REFUSALS)
        sent = [next(pieces)]
        lose()

        with pytest.raises(OperationalError):
            sent.extend(pieces)

        assert state_of(export) == ExportState.FAILED
        assert (export.slot, export.sha256) == (None, "")
        assert export.size == len(b"".join(sent))
        assert not finished().exists()
        last = b"".join(sent).splitlines()[-1]
        assert not last.startswith((b'"END"', b'{"end"'))

    @EACH_FORMAT
    def test_an_export_with_a_lost_database_before_anything_was_sent(
        self, begin, origin, lose, format
    ):
        export = begin(format)

        def lose_at_the_rows(execute, sql, params, many, context):
            if "fingerprint" in sql or '"id" IN' in sql:
                lose()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(lose_at_the_rows), pytest.raises(OperationalError):
            b"".join(stream_export(export, origin=origin, filters=REFUSALS))

        is_all_or_nothing = format == ExportFormat.XLSX
        assert state_of(export) == (ExportState.READY if is_all_or_nothing else ExportState.FAILED)
        assert export.slot is None
        assert not finished().exists()


@pytest.mark.django_db
class TestFullDisk:
    @pytest.fixture(params=["no folder", "no room"])
    def full(self, request, tmp_path, monkeypatch):
        """Return a context in which no temporary file of a workbook can be written."""
        if request.param == "no folder":

            @contextmanager
            def missing():
                with monkeypatch.context() as patch:
                    patch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
                    yield

            return missing
        request.getfixturevalue("needs_postgresql")  # SQLite could not write its own file either
        return no_long_files

    def test_an_export_with_a_full_disk_shows_a_page_and_can_be_repeated(self, begin, log_in, full):
        export = begin(ExportFormat.XLSX)
        address = reverse("desk:export-file", args=[export.pk])

        with full():
            answer = log_in.post(address)

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "Nothing was sent" in answer.text
        assert "data-export" not in answer.text
        assert state_of(export) == ExportState.READY
        assert export.slot is None
        assert b"".join(log_in.post(address).streaming_content)
        assert state_of(export) == ExportState.FINISHED

    def test_an_export_without_a_file_ignores_a_full_disk(self, begin, log_in, full):
        export = begin(ExportFormat.CSV)

        with full():
            assert b"END" in b"".join(
                stream_export(export, origin=origin_of(export), filters=REFUSALS)
            )


def origin_of(export):
    return Origin(channel=Channel.MEMBERCARE, user=export.request.user)


@pytest.mark.django_db
def test_a_waiting_export_is_not_polled_by_its_page(begin, log_in, origin):
    under_way = [
        stream_export(begin(ExportFormat.CSV), origin=origin, filters=REFUSALS)
        for _place in range(2)
    ]
    waiting = begin(ExportFormat.CSV)

    answer = log_in.post(reverse("desk:export-file", args=[waiting.pk]))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
    assert "data-export" not in answer.text
    assert all(b"".join(pieces) for pieces in under_way)


@pytest.mark.django_db
@pytest.mark.parametrize("lines", range(1, ROWS + 2))
def test_a_truncated_export_with_proofs_is_detected(audit_files, begin, origin, tmp_path, lines):
    seal_all()
    file = b"".join(stream_export(begin(ExportFormat.JSONL), origin=origin, filters=REFUSALS))
    path = tmp_path / "export.jsonl"
    path.write_bytes(file)
    assert check_export.read(path).check(heads.public_key()) == []

    path.write_bytes(b"".join(file.splitlines(keepends=True)[:-lines]))

    assert check_export.read(path).check(heads.public_key())


@pytest.mark.django_db
def test_missing_or_additional_rows_of_an_export_are_detected(audit_files, begin, origin, tmp_path):
    seal_all()  # creates the key that the check needs
    file = b"".join(stream_export(begin(ExportFormat.JSONL), origin=origin, filters=REFUSALS))
    first, *rows, end = file.splitlines(keepends=True)
    path = tmp_path / "export.jsonl"

    path.write_bytes(b"".join([first, *rows[1:], end]))
    faults = check_export.read(path).check(heads.public_key())
    assert faults == [f"the file has {ROWS - 1} rows instead of {ROWS}"]

    path.write_bytes(b"".join([first, *rows, end, rows[0]]))
    with pytest.raises(ValueError, match="follows the end"):
        check_export.read(path)


@pytest.mark.django_db
def test_an_empty_export_has_its_end_marker(begin, origin):
    nothing = Filter(outcome="REFUSED", code=404)
    ends = [
        b"".join(stream_export(begin(format), origin=origin, filters=nothing)).splitlines()[-1]
        for format in (ExportFormat.CSV, ExportFormat.JSONL)
    ]
    assert ends[0].startswith(b'"END",0,"SHA-256","')
    assert json.loads(ends[1]) == {"end": {"rows": 0}}


@pytest.mark.django_db
def test_the_page_of_a_failed_export_shows_the_failure(begin, log_in, origin):
    export = begin(ExportFormat.CSV)
    pieces = stream_export(export, origin=origin, filters=REFUSALS)
    next(pieces)
    pieces.close()

    assert "Failed" in log_in.get(reverse("desk:exports")).text
    page = log_in.get(reverse("desk:export", args=[export.pk])).text
    assert "The file is incomplete" in page
    with refused(409):
        stream_export(Export.objects.get(pk=export.pk), origin=origin, filters=REFUSALS)
