"""An export is exactly what was filtered, sent once, disarmed, and on record with its digest."""

import csv
import hashlib
import json
import zipfile
from datetime import timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from badges.audit.exports import LEDGERS
from badges.audit.filters import Filter
from badges.models import Channel, Export, ExportFormat, ExportState, Operation, RequestLog
from badges.models.exports import GONE_AFTER
from badges.services.exports import SLOTS, begin_export, deliver
from badges.services.requests import Origin
from badges.services.seals import seal_entirely
from tests.conftest import refused
from tests.factories import EarnedBadgeFactory, RequestLogFactory

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
    """Return a function that exports a ledger and gives the whole file."""

    def whole(ledger="requests", format=ExportFormat.CSV, **asked):
        export = begin(ledger, format)
        return b"".join(deliver(export, origin=origin, asked=Filter(**asked)))

    return whole


def rows_of(file):
    text = file.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


@pytest.mark.parametrize("format", ExportFormat)
@pytest.mark.parametrize("ledger", LEDGERS)
def test_every_ledger_is_written_in_every_format(record, fetch, ledger, format):
    file = fetch(ledger, format)

    export = Export.objects.get()
    assert export.rows > 0
    assert export.state(timezone.now()) == ExportState.FINISHED
    assert (export.size, export.sha256) == (len(file), hashlib.sha256(file).hexdigest())


def test_it_holds_what_is_filtered_in_the_order_of_the_page(fetch):
    rows = RequestLogFactory.create_batch(5, refused=True)
    RequestLogFactory()

    exported = rows_of(fetch(outcome="REFUSED"))

    assert [int(row["number in the log"]) for row in exported] == [row.pk for row in reversed(rows)]
    assert {(row["outcome"], row["code"]) for row in exported} == {("Refused", "815")}


def test_it_goes_through_more_rows_than_it_holds_at_once(fetch, monkeypatch):
    monkeypatch.setattr("badges.audit.exports.AT_ONCE", 3)
    RequestLogFactory.create_batch(8, refused=True)

    assert len(rows_of(fetch(outcome="REFUSED"))) == 8


def test_a_moment_is_utc_in_iso_8601_and_a_number_whole(fetch):
    fact = EarnedBadgeFactory(customer_id=2**62 + 1)

    (row,) = rows_of(fetch("issued"))

    assert row["event date"] == "2026-03-01T00:00:00Z"
    assert (row["customer"], row["issued badge"]) == (str(2**62 + 1), fact.pk)


@pytest.mark.parametrize("reason", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1"])
@pytest.mark.parametrize("format", [ExportFormat.CSV, ExportFormat.XLSX])
def test_no_text_is_a_formula(fetch, reason, format):
    RequestLogFactory(reason=reason)

    file = fetch(format=format)

    if format == ExportFormat.CSV:
        assert reason not in [row["reason"] for row in rows_of(file)]
        assert f"'{reason}" in [row["reason"] for row in rows_of(file)]
    else:
        texts, sheet = opened(file)
        assert reason in texts
        assert "<f>" not in sheet


def opened(file):
    """Return the texts of an XLSX file, and its first sheet."""
    with zipfile.ZipFile(BytesIO(file)) as book:
        names = book.namelist()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        shared = book.read("xl/sharedStrings.xml") if "xl/sharedStrings.xml" in names else b"<a/>"
    cells = [*ElementTree.fromstring(sheet).iterfind(CELLS)]  # noqa: S314 - our own file
    cells += ElementTree.fromstring(shared).iterfind(CELLS)  # noqa: S314
    return [cell.text for cell in cells], sheet


def test_a_sheet_that_is_full_goes_on_on_the_next(fetch, monkeypatch):
    monkeypatch.setattr("badges.audit.sheets.ROWS_OF_A_SHEET", 2)
    RequestLogFactory.create_batch(3, refused=True)

    with zipfile.ZipFile(BytesIO(fetch(format=ExportFormat.XLSX, outcome="REFUSED"))) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2


def test_json_lines_carry_their_proofs(audit_files, fetch):
    RequestLogFactory(refused=True)
    seal_entirely()

    lines = [json.loads(line) for line in fetch(format=ExportFormat.JSONL).splitlines()]

    assert [line["row"]["code"] for line in lines if line.get("proof")] == [815]
    assert "head" in lines[-1]


def test_who_asked_and_what_was_sent_is_in_the_log(fetch, auditor):
    RequestLogFactory(refused=True)

    fetch(outcome="REFUSED")

    began, ended = RequestLog.objects.filter(user=auditor).order_by("pk")
    assert (began.operation, ended.operation) == (Operation.EXPORT, Operation.FINISH_EXPORT)
    assert json.loads(began.content)["ledger"] == "requests"
    export = Export.objects.get()
    said = {"export": began.pk, "rows": 1, "bytes": export.size, "sha256": export.sha256}
    assert json.loads(ended.content) == said


def test_a_ledger_that_is_none_is_refused_on_record(begin):
    with refused(404):
        begin("nothing")
    assert not Export.objects.exists()
    assert RequestLog.objects.get().outcome == "REFUSED"


def test_it_is_sent_once(begin, origin):
    export = begin()
    b"".join(deliver(export, origin=origin, asked=Filter()))

    with refused(409):
        deliver(export, origin=origin, asked=Filter())


def test_no_more_are_sent_at_once_than_there_are_places(begin, origin):
    under_way = [deliver(begin(), origin=origin, asked=Filter()) for _slot in SLOTS]

    with refused(429):
        deliver(begin(), origin=origin, asked=Filter())

    b"".join(under_way[0])
    assert b"".join(deliver(begin(), origin=origin, asked=Filter()))


def test_one_that_was_left_is_broken_off_and_frees_its_place(begin, origin):
    export = begin()
    pieces = deliver(export, origin=origin, asked=Filter())
    next(pieces)

    pieces.close()

    export.refresh_from_db()
    assert export.slot is None
    assert not export.sha256
    assert not RequestLog.objects.filter(operation=Operation.FINISH_EXPORT).exists()
    with refused(409):
        deliver(export, origin=origin, asked=Filter())


def test_a_place_that_nobody_was_seen_in_for_long_is_free_again(begin, origin):
    for _slot in SLOTS:
        deliver(begin(), origin=origin, asked=Filter())
    long_ago = timezone.now() - GONE_AFTER - timedelta(seconds=1)
    Export.objects.update(seen_at=long_ago)

    assert b"".join(deliver(begin(), origin=origin, asked=Filter()))
    states = [export.state(timezone.now()) for export in Export.objects.order_by("pk")]
    assert states == [ExportState.BROKEN_OFF, ExportState.BROKEN_OFF, ExportState.FINISHED]


def test_rows_are_not_asked_for_one_by_one(fetch, django_assert_max_num_queries):
    RequestLogFactory.create_batch(60, refused=True)

    with django_assert_max_num_queries(30):
        fetch(outcome="REFUSED")
