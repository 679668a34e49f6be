"""The files of an export for spreadsheets, piece by piece; no text in them is ever a formula."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from tempfile import TemporaryFile

import xlsxwriter

BYTE_ORDER_MARK = "\ufeff"  # without it Excel takes UTF-8 for an old code page
# What a spreadsheet may take for the beginning of a formula (OWASP, CSV injection); the wide forms
# are what some of them make plain.
DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
ROWS_OF_A_SHEET = 1_048_575  # beside the header
LONGEST_CELL = 32_767
PIECE = 256 * 1024
FIRST_OF_EXCEL = datetime(1900, 1, 1, tzinfo=UTC)

Batches = Iterable[Sequence[tuple]]


def csv_pieces(header: Sequence[str], batches: Batches) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8); moments are ISO 8601 in UTC."""
    yield BYTE_ORDER_MARK.encode() + _csv([header])
    for rows in batches:
        yield _csv([[_text(value) for value in row] for row in rows])


def xlsx_pieces(title: str, header: Sequence[str], batches: Batches) -> Iterator[bytes]:
    """Yield an XLSX file, which is written to the disk before its first piece; moments are in UTC.

    What does not fit on one sheet goes on on the next.
    """
    with TemporaryFile() as file:
        _write_book(file, title, header, batches)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _csv(rows: Iterable[Sequence]) -> bytes:
    written = StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()


def _text(value) -> str | int | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return _disarmed(_plain(value))


def _plain(value):
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _disarmed(value):
    """Return a text so that no spreadsheet takes it for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value


def _write_book(file, title: str, header: Sequence[str], batches: Batches) -> None:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {
            "header": book.add_format({"bold": True, "bottom": 1}),
            "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        sheet, line, number = None, ROWS_OF_A_SHEET, 0
        for rows in batches:
            for row in rows:
                if line == ROWS_OF_A_SHEET:
                    number, line = number + 1, 0
                    sheet = _new_sheet(book, f"{title[:25]} {number}", header, formats)
                line += 1
                for column, value in enumerate(row):
                    _write_cell(sheet, line, column, value, formats)
        if sheet is None:
            _new_sheet(book, title[:25], header, formats)


def _new_sheet(book, name: str, header: Sequence[str], formats: dict):
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 22)
    sheet.autofilter(0, 0, ROWS_OF_A_SHEET, len(header) - 1)
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, formats["header"])
    return sheet


def _write_cell(sheet, line: int, column: int, value, formats: dict) -> None:
    """Write a value: a long number as text, of which a spreadsheet would lose the last digits."""
    value = _plain(value)
    if isinstance(value, datetime) and value >= FIRST_OF_EXCEL:
        naive = value.astimezone(UTC).replace(tzinfo=None)
        sheet.write_datetime(line, column, naive, formats["moment"])
    elif isinstance(value, int) and abs(value) < 10**15:
        sheet.write_number(line, column, value)
    elif value not in (None, ""):
        sheet.write_string(line, column, str(value)[:LONGEST_CELL])
