"""CSV and XLSX exports for spreadsheets, in chunks; no text in them becomes a formula."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from io import StringIO
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as a legacy code page
# The last line of a CSV file begins with this, in every language. A file without it is truncated.
END = "END"
ROWS_OF_A_SHEET = 1_048_575  # besides the header
MAX_CELL_LENGTH = 32_767
CUT = " … (truncated: the cell is full; a CSV file has the whole text)"
FIRST_LONG_NUMBER = 10**15  # from here on a spreadsheet loses the last digits
CHUNK_SIZE = 256 * 1024
FIRST_OF_EXCEL = datetime(1900, 1, 1)  # without a zone, as all times of a workbook

# The signs that may begin a formula in a spreadsheet (OWASP, CSV injection). Some spreadsheets
# convert the fullwidth forms into the plain ones.
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
# Spreadsheets guess the separator or ask for it, and a quote counts only at the beginning of a
# cell. Hence a cell can begin at the start of the text and after each of these characters. A single
# sign between spaces, as in "called in - urgent", is not a formula.
_BEFORE_A_FORMULA = re.compile(
    rf"""^(?=["'\s]*{_SIGN}|[\t\r\n])"""
    rf"""|[;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029](?=["'\s]*{_SIGN})"""
    rf"""|\s(?=["']*{_SIGN}\S)"""
)

Cell: TypeAlias = str | int | datetime | dict[str, Any] | list[Any] | None
Batches: TypeAlias = Iterable[Sequence[Sequence[Cell]]]


def csv_chunks(header: Sequence[str], batches: Batches) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8) with datetimes as ISO 8601 in their own zone.

    The last line has the number of rows and the SHA-256 of everything above it.
    """
    first = BYTE_ORDER_MARK.encode() + _csv([header])
    yield first
    count, digest = 0, sha256(first)
    for rows in batches:
        chunk = _csv(rows)
        count += len(rows)
        digest.update(chunk)
        yield chunk
    end: list[Cell] = [END, count, "SHA-256", digest.hexdigest()]
    yield _csv([end + [None] * (len(header) - len(end))])


def xlsx_chunks(title: str, header: Sequence[str], batches: Batches) -> Iterator[bytes]:
    """Yield an XLSX file, which is written to disk before the first chunk.

    Datetimes are in their own zone, without an offset. Rows that do not fit on one sheet continue
    on the next. Raises OSError if the disk is full.
    """
    with TemporaryFile() as file:
        _write_book(file, title, header, batches)
        file.seek(0)
        while chunk := file.read(CHUNK_SIZE):
            yield chunk


def _csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return rows as CSV; all texts are quoted, and only numbers are not."""
    output = StringIO()
    lines = ([_text(value) for value in row] for row in rows)
    csv.writer(output, quoting=csv.QUOTE_NONNUMERIC).writerows(lines)
    return output.getvalue().encode()


def _text(value: Cell) -> str | int | None:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, dict | list):
        # Without spaces no apostrophe is added between its values, so it remains valid JSON.
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, int) and abs(value) >= FIRST_LONG_NUMBER:
        return str(value)
    return _escape_formula(value) if isinstance(value, str) else value


def _escape_formula(text: str) -> str:
    """Return a text with an apostrophe wherever a spreadsheet could detect a formula."""
    return _BEFORE_A_FORMULA.sub(r"\g<0>'", text)


def _write_book(file: IO[bytes], title: str, header: Sequence[str], batches: Batches) -> None:
    with TemporaryDirectory() as directory:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "tmpdir": directory,
        }
        # Not as a context manager, which would write the workbook even after an exception.
        output = _Output(file)
        book = Workbook(output, options)  # type: ignore[arg-type]  # a part of IO suffices
        try:
            _write_sheets(book, title, header, batches)
            book.close()
        except FileCreateError as error:
            raise OSError(f"The workbook was not written: {error}") from error
        finally:
            output.is_over = True
            _close_files(book)


class _Output:
    """The output file of a workbook, which ignores writes after the workbook has ended.

    After a failure, `zipfile` writes once more when it is garbage-collected, where its error could
    not be handled.
    """

    def __init__(self, file: IO[bytes]):
        self.file, self.is_over = file, False

    def write(self, data: bytes) -> int:
        return 0 if self.is_over else self.file.write(data)

    def seek(self, *position: int) -> int:
        return 0 if self.is_over else self.file.seek(*position)

    def tell(self) -> int:
        return 0 if self.is_over else self.file.tell()

    def flush(self) -> None:
        if not self.is_over:
            self.file.flush()


def _close_files(book: Workbook) -> None:
    """Close the files of a failed workbook; on a full disk this fails again."""
    for sheet in book.worksheets():
        for file in (sheet.row_data_fh, sheet.fh):
            with suppress(OSError):
                if file is not None:
                    file.close()


def _write_sheets(book: Workbook, title: str, header: Sequence[str], batches: Batches) -> None:
    formats = {
        "header": book.add_format({"bold": True, "bottom": 1}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    sheet: Worksheet | None = None
    line, number = ROWS_OF_A_SHEET, 0
    for rows in batches:
        for row in rows:
            if sheet is None or line == ROWS_OF_A_SHEET:
                number, line = number + 1, 0
                sheet = _new_sheet(book, f"{title[:25]} {number}", header, formats)
            line += 1
            for column, value in enumerate(row):
                _write_cell(sheet, line, column, value, formats)
    if sheet is None:
        _new_sheet(book, title[:25], header, formats)


def _new_sheet(
    book: Workbook, name: str, header: Sequence[str], formats: dict[str, Format]
) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 22)
    sheet.autofilter(0, 0, ROWS_OF_A_SHEET, len(header) - 1)
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, formats["header"])
    return sheet


def _write_cell(
    sheet: Worksheet, line: int, column: int, value: Cell, formats: dict[str, Format]
) -> None:
    """Write a value; a long number becomes text, because spreadsheets lose its last digits."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    naive = value.replace(tzinfo=None) if isinstance(value, datetime) else None
    if naive is not None and naive >= FIRST_OF_EXCEL:
        sheet.write_datetime(line, column, naive, formats["moment"])
    elif isinstance(value, int) and abs(value) < FIRST_LONG_NUMBER:
        sheet.write_number(line, column, value)
    elif value not in (None, ""):
        sheet.write_string(line, column, _truncate(str(value)))


def _truncate(text: str) -> str:
    """Return the text that fits into a cell; a truncated text says so."""
    return text if len(text) <= MAX_CELL_LENGTH else text[: MAX_CELL_LENGTH - len(CUT)] + CUT
