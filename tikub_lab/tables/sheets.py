"""Tables as rows of text, whatever they come in: CSV of any encoding, a sheet of a workbook, Parquet, GeoJSON."""

import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tikub_lab.errors import UsageError
from tikub_lab.tables.answers import records_of
from tikub_lab.tables.archives import MAX_RATIO, WORKBOOK, honest
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.texts import decode, delimiter_of, parsed, records

PREAMBLE = 40
"""Rows in which a header is looked for: exports begin with a title, a name, an account."""
README = "LISEZMOI"
"""The sheet of a template that says what its columns mean."""
PARQUET = b"PAR1"
"""The first bytes of a Parquet file."""
MAX_SHEET = 256 * 2**20
"""Bytes that a workbook may expand to: its texts are held in memory."""
MOST_COLUMNS = 1_000
LONGEST_HEADING = 1_000
"""Cells of a row, and signs of a cell, in which headings are looked for."""
_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
Row = tuple[int, list[str]]
"""A row's number in a spreadsheet, from 1, and its cells."""


def first_rows(path: Path, start: bytes) -> list[list[str]]:
    """Return the first rows of a table, as far as the beginning of the file shows them; else none."""
    found: list[list[str]] = []
    one = start.startswith(PARQUET) or is_features(start)
    if one or is_workbook(path, start):
        with suppress(Exception):  # whatever is made of a damaged file
            found += [cells for _, cells in islice(rows(path), 1 if one else PREAMBLE)]
        return found
    text = decode(start)
    with suppress(UsageError):  # a quote left open: what comes before it is known
        for record in islice(parsed(io.StringIO(text, newline=""), delimiter_of(text)), PREAMBLE):
            found.append([cell[:LONGEST_HEADING].strip() for cell in record[:MOST_COLUMNS]])
    return found


def rows(path: Path, delimiter: str | None = None) -> Iterator[Row]:
    """Give the rows of a table that are not blank, without spaces around their cells."""
    for line, cells in written(path, delimiter):
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield line, stripped


def written(path: Path, delimiter: str | None = None) -> Iterator[Row]:
    """Give all rows, with cells as they are written."""
    with path.open("rb") as file:
        start = file.read(4_000)
    if start.startswith(PARQUET):
        return _parquet(path)
    if is_features(start):
        return objects(path)
    return _sheet(path) if is_workbook(path, start) else enumerate(records(path, delimiter), 1)


def _parquet(path: Path) -> Iterator[Row]:
    """Give the names of the columns as row 0, then the rows, values as DuckDB writes them."""
    yield 0, list(pq.read_schema(path).names)
    with connect() as connection:
        connection.execute("SET TimeZone='UTC'")
        found = connection.execute(f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet({quoted(path)})")
        for line, cells in enumerate(iter(found.fetchone, None), 1):
            yield line, [cell or "" for cell in cells]


def is_features(start: bytes) -> bool:
    """Tell GeoJSON by its beginning."""
    return start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{" and b'"FeatureCollection"' in start[:4_000]


def objects(path: Path) -> Iterator[Row]:
    """Give the names of the properties of JSON records as row 1, then the records."""
    records = records_of(path)
    head = list(islice(records, 100))  # a record may lack what others have
    names = list(dict.fromkeys(name for record in head for name in record))
    yield 1, names
    for line, record in enumerate(chain(head, records), 2):
        yield line, [_text(record.get(name)) for name in names]


def is_workbook(path: Path, start: bytes) -> bool:
    """Tell a workbook (.xlsx) by the parts that the zip holds."""
    if start.startswith(b"PK\x03\x04"):
        with suppress(zipfile.BadZipFile, OSError, ValueError, NotImplementedError), zipfile.ZipFile(path) as archive:
            return WORKBOOK in archive.namelist()
    return False


def has_numbers(path: Path) -> bool:
    """Tell files in which a number may be one, not a text: workbooks and GeoJSON."""
    with path.open("rb") as file:
        start = file.read(4_000)
    return is_features(start) or is_workbook(path, start)


def _sheet(path: Path) -> Iterator[Row]:
    """Give the rows of the first sheet that has any, as text: ISO dates, decimal points, vrai and faux."""
    with _opened(path) as book:
        for sheet in book.worksheets:
            found = False
            sheet.reset_dimensions()
            for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                texts = [_text(cell) for cell in cells]
                found = found or any(texts)
                yield line, texts
            if found:
                return


def overlooked(path: Path) -> Iterator[tuple[int, str, str, str, str, str]]:
    """Give repairs of what a workbook has and its rows do not: further sheets with any, formulas never computed.

    A template's own sheet has none of the table's rows.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if not is_workbook(path, start):
        return
    with _opened(path) as book:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what a file says of them need not be true
        filled = [sheet for sheet in book.worksheets if any(any(map(_text, cells)) for cells in sheet.values)]
        yield from ((0, "", "", sheet.title, "sheet-left-out", "") for sheet in filled[1:] if sheet.title != README)
        if filled and _has_formulas(path):
            with _opened(path, computed=False) as formulas:
                written = formulas[filled[0].title]
                written.reset_dimensions()
                for cells in zip(filled[0].rows, written.rows, strict=False):
                    for cell, formula in zip(*cells, strict=False):  # where one gave an empty text, the type is str
                        if formula.data_type == "f" and cell.value is None and cell.data_type == "n":
                            value = f"{formula.coordinate}: {formula.value}"[:200]
                            yield formula.row, "", "", value, "formula-not-computed", ""


def _has_formulas(path: Path) -> bool:
    """Tell whether any sheet has a formula, without reading cells."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(_FORMULA.search(archive.read(name)) for name in sheets)


@contextmanager
def _opened(path: Path, computed: bool = True) -> Iterator[Any]:
    try:
        openpyxl = import_module("openpyxl")  # an extra, without types
    except ImportError:
        raise UsageError(
            f"{path}: a workbook; reading it needs openpyxl (pip install 'tikub-lab[xlsx]'). "
            "Or save it as CSV (UTF-8) and import that file."
        ) from None
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
        if total > MAX_SHEET or not honest(total, path.stat().st_size):
            raise UsageError(
                f"{path}: a workbook of {total / 2**20:,.0f} MiB once expanded; at most {MAX_SHEET // 2**20} MiB and "
                f"{MAX_RATIO} times its size are taken. Save it as CSV."
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as a style that is missing: it changes no value
            book = openpyxl.load_workbook(path, read_only=True, data_only=computed)
        with closing(book):
            yield book
    except UsageError:
        raise
    except Exception as error:  # whatever openpyxl makes of a damaged file
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(f"{path}: a workbook that is not readable ({reason}). Save it again, or as CSV.") from None


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
