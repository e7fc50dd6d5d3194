"""Tables as rows of text, whatever they come in: CSV of any encoding, gzip of it, a sheet of a workbook."""

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError
from tikub_lab.tables.archives import MAX_RATIO, RATIO_FREE, WORKBOOK
from tikub_lab.tables.texts import csv_reader, decode, delimiter_of, records

PREAMBLE = 40
"""Rows in which a header is looked for: exports begin with a title, a name, an account."""
MAX_SHEET = 256 * 2**20
"""Bytes that a workbook may expand to: its texts are held in memory."""
MOST_COLUMNS = 1_000
LONGEST_HEADING = 1_000
"""Cells of a row, and signs of a cell, in which headings are looked for."""
Row = tuple[int, list[str]]
"""A row's number in a spreadsheet, from 1, and its cells."""


def first_rows(path: Path, start: bytes) -> list[list[str]]:
    """Return the first rows of a table, as far as the beginning of the file shows them; none of what is no table."""
    if is_workbook(path, start):
        try:
            return [cells for _, cells in islice(rows(path), PREAMBLE)]
        except UsageError:
            return []
    text, found = decode(start), list[list[str]]()
    try:
        for record in islice(csv_reader(io.StringIO(text, newline=""), delimiter_of(text)), PREAMBLE):
            found.append([cell[:LONGEST_HEADING].strip() for cell in record[:MOST_COLUMNS]])
    except csv.Error:  # a quote left open: what comes before it is known
        pass
    return found


def rows(path: Path, delimiter: str | None = None) -> Iterator[Row]:
    r"""Give the rows of a CSV (or gzip of one) or of a workbook that are not blank, without spaces around their cells.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_bytes("Énergie;kWh\n\ngaz;12,5\n".encode("cp1252"))
    ...     list(rows(file))
    [(1, ['Énergie', 'kWh']), (3, ['gaz', '12,5'])]
    """
    for line, cells in written(path, delimiter):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, stripped


def written(path: Path, delimiter: str | None = None) -> Iterator[Row]:
    """Give all rows, with cells as they are written."""
    with path.open("rb") as file:
        start = file.read(4)
    return _sheet(path) if is_workbook(path, start) else enumerate(records(path, delimiter), 1)


def is_workbook(path: Path, start: bytes) -> bool:
    """Tell a workbook (.xlsx) by the parts that the zip holds."""
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _sheet(path: Path) -> Iterator[Row]:
    """Give the rows of the first sheet that has any, as text: ISO dates, decimal points, vrai and faux."""
    try:
        openpyxl = import_module("openpyxl")  # an extra, without types
    except ImportError:
        raise UsageError(
            f"{path}: a workbook; reading it needs openpyxl (pip install 'tikub-lab[xlsx]'). "
            "Or save it as CSV (UTF-8) and import that file."
        ) from None
    try:
        _refuse_large(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                found = False
                sheet.reset_dimensions()  # what a file says of them need not be true
                for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    texts = [_text(cell) for cell in cells]
                    found = found or any(texts)
                    yield line, texts
                if found:
                    return
        finally:
            book.close()
    except UsageError:
        raise
    except Exception as error:  # whatever openpyxl makes of a damaged file
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(f"{path}: a workbook that is not readable ({reason}). Save it again, or as CSV.") from None


def _refuse_large(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > MAX_SHEET or total > max(RATIO_FREE, MAX_RATIO * path.stat().st_size):
        raise UsageError(
            f"{path}: a workbook of {total / 2**20:,.0f} MiB once expanded; at most {MAX_SHEET // 2**20} MiB and "
            f"{MAX_RATIO} times its size are taken. Save it as CSV."
        )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
