"""An export has exactly the filtered rows, contains no formulas, and its digest is recorded."""

import csv
import hashlib
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from badges.audit.exports import LEDGERS
from badges.audit.filters import Filter
from badges.errors import ErrorCode
from badges.models import Channel, Export, ExportFormat, ExportState, Operation, RequestLog
from badges.models.exports import GONE_AFTER
from badges.services.access.sign_in import refuse_sign_in
from badges.services.record.exports import SLOTS, begin_export, stream_export
from badges.services.record.seals import seal_all
from badges.services.request_log import Origin
from tests.conftest import refused
from tests.factories import BadgeMetaFactory, EarnedBadgeFactory, RequestLogFactory

pytestmark = pytest.mark.django_db
CELLS = ".//{http://schemas.openxmlformats.org/spreadsheetml/2006/main}t"


@pytest.fixture
def origin(auditor):
    return Origin(channel=Channel.MEMBERCARE, user=auditor)


@pytest.fixture
def begin(origin):
    def ask(ledger="requests", format=ExportFormat.CSV, query=""):
        return begin_export(origin=origin, ledger=ledger, format=format, query=query)

    return ask


@pytest.fixture
def fetch(begin, origin):
    """Return a function that exports a ledger and returns the complete file."""

    def whole(ledger="requests", format=ExportFormat.CSV, **asked):
        export = begin(ledger, format)
        return b"".join(stream_export(export, origin=origin, filters=Filter(**asked)))

    return whole


def rows_of(file):
    *above, end = file.splitlines(keepends=True)
    text = b"".join(above).decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert end.decode().split(",")[:4] == [
        *('"END"', str(len(rows)), '"SHA-256"'),
        f'"{hashlib.sha256(b"".join(above)).hexdigest()}"',
    ]
    return rows


@pytest.mark.parametrize("format", ExportFormat)
@pytest.mark.parametrize("ledger", LEDGERS)
def test_every_ledger_is_written_in_every_format(record, fetch, ledger, format):
    file = fetch(ledger, format)

    export = Export.objects.get()
    assert export.rows > 0
    assert export.state(timezone.now()) == ExportState.FINISHED
    assert (export.size, export.sha256) == (len(file), hashlib.sha256(file).hexdigest())


def test_an_export_has_the_filtered_rows_in_the_order_of_the_page(fetch):
    rows = RequestLogFactory.create_batch(5, refused=True)
    RequestLogFactory()

    exported = rows_of(fetch(outcome="REFUSED"))

    assert [int(row["number in the log"]) for row in exported] == [row.pk for row in reversed(rows)]
    refusal = ("Refused", "815", str(ErrorCode.BADGE_NOT_LIVE.message))
    assert {(row["outcome"], row["code"], row["cause"]) for row in exported} == {refusal}


def test_an_export_has_the_name_that_was_tried(fetch, auditor):
    """F5: as on the page, a name is exported only if it is recorded."""
    for name in ("anna", "my password"):
        refuse_sign_in(username=name, address="192.0.2.1", message="Wrong.")
    RequestLogFactory(content='{"username": "a command"}')

    exported = rows_of(fetch())[::-1]

    assert [row["name of the failed sign-in"] for row in exported][:3] == ["anna", "", ""]
    assert {row["user"] for row in exported[:3]} == {""}


def test_an_export_reads_several_batches(fetch, monkeypatch):
    monkeypatch.setattr("badges.audit.exports.BATCH_SIZE", 3)
    RequestLogFactory.create_batch(8, refused=True)

    assert len(rows_of(fetch(outcome="REFUSED"))) == 8


def test_datetimes_are_utc_in_iso_8601_and_numbers_are_integers(fetch):
    fact = EarnedBadgeFactory(customer_id=2**62 + 1)

    (row,) = rows_of(fetch("issued"))

    assert row["event date (UTC)"] == "2026-03-01T00:00:00Z"
    assert (row["customer"], row["issued badge"]) == (str(2**62 + 1), fact.pk)


def test_an_export_has_each_time_in_the_zone_of_the_viewer_and_in_utc(fetch):  # F1
    at = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # the second 01:30 of this day in New York
    EarnedBadgeFactory(event_at=at, earned_at=at)

    with timezone.override(ZoneInfo("America/New_York")):
        (row,) = rows_of(fetch("issued"))
        texts, sheet = opened(fetch("issued", ExportFormat.XLSX))

    assert row["event date (New York time)"] == "2026-11-01T01:30:00-05:00"
    assert row["event date (UTC)"] == "2026-11-01T06:30:00Z"
    assert list(row).index("event date (UTC)") == list(row).index("event date (New York time)") + 1
    assert {"event date (New York time)", "event date (UTC)"} <= set(texts)
    for local in (datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 6, 30)):
        days = (local - datetime(1899, 12, 30)) / timedelta(days=1)
        assert f"<v>{days:.16G}</v>" in sheet


def test_the_zone_of_the_viewer_does_not_change_an_export_with_proofs(fetch):
    EarnedBadgeFactory()
    expected = fetch("issued", ExportFormat.JSONL)

    with timezone.override(ZoneInfo("Pacific/Apia")):
        assert fetch("issued", ExportFormat.JSONL) == expected


FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1", " =1", "'=1", '"=1', "\r@x"),
    *("a;=1+1;b", "a\t=1+1\tb", "a|=1+1|b", "a\n=1+1\nb", "a\r\n+1", "a =1+1", "a\u2028-1"),
    *("a;;@SUM(A1)", "a; =1", 'a;"=1;b', 'a;""=1', "a;'=1", "a;\uff1d1", "a;\t\n=1", ";-1"),
]
SIGNS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
SEPARATORS = [",", ";", "\t", "|", " ", ":", ";\t", ";,|\t", ";|\t "]


@pytest.mark.parametrize("separators", SEPARATORS)
def test_no_text_is_a_formula_with_any_separator(fetch, separators):
    for text in FORMULAS:
        RequestLogFactory(reason=text, request_id=text, badge=BadgeMetaFactory(name=text))

    file = fetch().decode("utf-8-sig")

    assert [cell for cell in cells(file, separators) if is_formula(cell)] == []


def cells(text, separators):
    """Yield the cells that a spreadsheet reads: a quote counts only at the start of a cell."""
    cell, is_quoted, is_new = "", False, True
    for char, following in zip(text, text[1:] + "\n", strict=True):
        if is_new and char == '"':
            is_quoted, is_new = True, False
        elif is_quoted and char == '"':
            is_quoted = following == '"' and not cell.endswith('"')
            cell += '"' if is_quoted else ""
        elif not is_quoted and (char in separators or char in "\r\n\u2028\u2029"):
            yield cell
            cell, is_new = "", True
        else:
            cell, is_new = cell + char, False


def is_formula(cell):
    """Return whether a cell begins with a formula character, before or after trimming."""
    trimmed = cell.strip().strip("\"'").strip() if not cell.startswith("'") else cell
    return trimmed.startswith(SIGNS) and len(trimmed) > 1


def test_a_workbook_has_unchanged_texts(fetch):
    for text in FORMULAS:
        RequestLogFactory(reason=text)

    texts, sheet = opened(fetch(format=ExportFormat.XLSX))

    assert {text for text in FORMULAS if "\r" not in text} <= set(texts)  # XML escapes it
    assert "<f>" not in sheet


@pytest.mark.parametrize(
    "reason", ["Called in - urgent", "2026-01-31", "a+b", "maria@example.org", "well-known", "1;2"]
)
def test_an_ordinary_text_is_not_changed(fetch, reason):
    RequestLogFactory(reason=reason)

    assert reason in [row["reason"] for row in rows_of(fetch())]


def test_every_text_is_quoted_and_only_numbers_are_not(fetch):
    RequestLogFactory(customer_id=2**62 + 1, request_id="7", refused=True)

    _header, line, _end = fetch(outcome="REFUSED").decode().splitlines()

    bare = re.sub(r'"[^"]*"', "", line).replace(",", "")
    assert bare.isdigit()
    assert f'"{2**62 + 1}"' in line


def test_json_columns_stay_json(record, fetch):
    for row in rows_of(fetch("definitions")):
        json.loads(row["definition"])


def test_a_text_too_long_for_a_cell_is_replaced_by_a_note(monkeypatch, fetch):
    monkeypatch.setattr("badges.audit.sheets.MAX_CELL_LENGTH", 100)
    RequestLogFactory(reason="x" * 101)

    texts, _sheet = opened(fetch(format=ExportFormat.XLSX))

    assert any("truncated" in (text or "") and len(text) == 100 for text in texts)


def opened(file):
    """Return the texts of an XLSX file, and its first sheet."""
    with zipfile.ZipFile(BytesIO(file)) as book:
        names = book.namelist()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        shared = book.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in names else b"<a/>"
    cells = [*ElementTree.fromstring(sheet).iterfind(CELLS)]  # noqa: S314 - our own file
    cells += ElementTree.fromstring(shared).iterfind(CELLS)  # noqa: S314
    return [cell.text for cell in cells], sheet


def test_a_full_sheet_continues_on_the_next(fetch, monkeypatch):
    monkeypatch.setattr("badges.audit.sheets.ROWS_OF_A_SHEET", 2)
    RequestLogFactory.create_batch(3, refused=True)

    with zipfile.ZipFile(BytesIO(fetch(format=ExportFormat.XLSX, outcome="REFUSED"))) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2


def test_json_lines_carry_their_proofs(audit_files, fetch):
    RequestLogFactory(refused=True)
    seal_all()

    lines = [json.loads(line) for line in fetch(format=ExportFormat.JSONL).splitlines()]

    assert [line["row"]["code"] for line in lines if line.get("proof")] == [815]
    assert "head" in lines[-1]
    assert lines[-1]["end"] == {"rows": len([line for line in lines if "row" in line])}


def test_an_export_is_recorded_with_its_actor_and_filter(fetch, auditor):
    RequestLogFactory(refused=True)

    fetch(outcome="REFUSED")

    began, ended = RequestLog.objects.filter(user=auditor).order_by("pk")
    assert (began.operation, ended.operation) == (Operation.EXPORT, Operation.FINISH_EXPORT)
    assert json.loads(began.content)["ledger"] == "requests"
    export = Export.objects.get()
    said = {"export": began.pk, "rows": 1, "bytes": export.size, "sha256": export.sha256}
    assert json.loads(ended.content) == said


def test_an_unknown_ledger_is_refused_and_recorded(begin):
    with refused(404):
        begin("nothing")
    assert not Export.objects.exists()
    assert RequestLog.objects.get().outcome == "REFUSED"


def test_an_export_is_sent_once(begin, origin):
    export = begin()
    b"".join(stream_export(export, origin=origin, filters=Filter()))

    with refused(409):
        stream_export(export, origin=origin, filters=Filter())


def test_concurrent_exports_are_limited_by_slots(begin, origin):
    under_way = [stream_export(begin(), origin=origin, filters=Filter()) for _slot in SLOTS]

    with refused(429):
        stream_export(begin(), origin=origin, filters=Filter())

    b"".join(under_way[0])
    assert b"".join(stream_export(begin(), origin=origin, filters=Filter()))
    under_way[1].close()


def test_an_export_releases_its_own_slot_only(begin, origin):
    export = begin()
    pieces = stream_export(export, origin=origin, filters=Filter())
    begun_again_at = export.begun_at + timedelta(seconds=1)
    Export.objects.update(begun_at=begun_again_at)

    pieces.close()

    export.refresh_from_db()
    assert (export.slot, export.begun_at) == (SLOTS[0], begun_again_at)


def test_an_abandoned_export_is_aborted_and_releases_its_slot(begin, origin):
    export = begin()
    pieces = stream_export(export, origin=origin, filters=Filter())
    next(pieces)

    pieces.close()

    export.refresh_from_db()
    assert export.slot is None
    assert not export.sha256
    assert not RequestLog.objects.filter(operation=Operation.FINISH_EXPORT).exists()
    with refused(409):
        stream_export(export, origin=origin, filters=Filter())


def test_a_slot_without_a_heartbeat_is_released(begin, origin):
    left = [stream_export(begin(), origin=origin, filters=Filter()) for _slot in SLOTS]
    for pieces in left:
        next(pieces)
    long_ago = timezone.now() - GONE_AFTER - timedelta(seconds=1)
    Export.objects.update(seen_at=long_ago)

    assert b"".join(stream_export(begin(), origin=origin, filters=Filter()))
    states = [export.state(timezone.now()) for export in Export.objects.order_by("pk")]
    assert states == [ExportState.FAILED, ExportState.FAILED, ExportState.FINISHED]


def test_an_export_does_not_query_row_by_row(fetch, django_assert_max_num_queries):
    RequestLogFactory.create_batch(60, refused=True)

    with django_assert_max_num_queries(30):
        fetch(outcome="REFUSED")
