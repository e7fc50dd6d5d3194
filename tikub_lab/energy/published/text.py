"""Tables as text, whatever they come in: CSV of any encoding, gzip of it, a sheet of a workbook.

Sizes are bounded before anything is believed: what a gzip or a workbook expands to, and the length of a cell.
"""

import codecs
import csv
import datetime
import gzip
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from tikub_lab.errors import UsageError
from tikub_lab.tables.archives import MAX_RATIO, MAX_TOTAL, RATIO_FREE, encoding_of
from tikub_lab.tables.readers import HEAD_BYTES, Head

DELIMITERS = ";,\t|"
CELL_BYTES = 1 << 20
"""A longer cell is a quote that was never closed."""
PREAMBLE = 40
"""Rows in which a header is looked for: exports begin with a title, a name, an account."""
MAX_SHEET = 256 * 2**20
"""Bytes that a workbook may expand to: its texts are held in memory."""
Row = tuple[int, list[str]]
"""A row's number in a spreadsheet, from 1, and its cells without spaces around them."""


class _Expanded(io.RawIOBase):
    """The bytes of a gzip, no more of them than a file of that size can honestly hold."""

    def __init__(self, path: Path):
        self.path, self.size, self.given = path, path.stat().st_size, 0
        self.source = gzip.open(path, "rb")  # noqa: SIM115 (closed with this object)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.source.read(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UsageError(
                f"{self.path}: a gzip that is damaged or cut short ({error}). Download it again."
            ) from None
        self.given += len(data)
        if self.given > MAX_TOTAL or self.given > max(RATIO_FREE, MAX_RATIO * self.size):
            raise UsageError(
                f"{self.path}: expands beyond {MAX_RATIO} times its size or {MAX_TOTAL // 2**30} GiB. "
                "Expand it yourself if you trust it."
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.source.close()
        super().close()


def is_gzip(head: Head) -> bool:
    """Tell a gzip by its first bytes."""
    return head.start.startswith(b"\x1f\x8b")


def beginning(head: Head) -> str:
    """Return the beginning of a text file, of what a gzip holds too; "" for other binary files.

    Examples
    --------
    >>> beginning(Head(Path("a"), gzip.compress(b"start,value")))
    'start,value'
    """
    if is_gzip(head):
        try:
            start = zlib.decompressobj(wbits=31).decompress(head.start, HEAD_BYTES)
        except zlib.error:
            return ""
        return _text_of(Head(head.path, start))
    return _text_of(head)


def _text_of(head: Head) -> str:
    """Decode the beginning as the whole file will be: Windows-1252 where it is not UTF-8."""
    if head.start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head.text
    if b"\x00" in head.start[:4096]:
        return ""
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head.start)  # a character cut at the end is left out
    except UnicodeDecodeError:
        return head.start.decode("cp1252", errors="replace")


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a text file or a gzip of one, in UTF-8, UTF-16 or Windows-1252, as found."""
    if not is_gzip(Head.of(path)):
        with path.open(encoding=encoding_of(path), errors="replace", newline="") as file:
            yield file
        return
    with _Expanded(path) as found:
        encoding = _encoding(found)
    with _Expanded(path) as raw, io.TextIOWrapper(io.BufferedReader(raw), encoding, "replace", newline="") as file:
        yield file


def _encoding(file: io.RawIOBase) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    block = file.read(1 << 20) or b""
    if block.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:
        while block:
            decoder.decode(block)
            block = file.read(1 << 20) or b""
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def is_workbook(head: Head) -> bool:
    """Tell a workbook (.xlsx) by the parts that the zip holds."""
    if not head.start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(head.path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def first_rows(head: Head, count: int = PREAMBLE) -> list[list[str]]:
    """Return the first rows of a table in text or in a workbook, as far as the beginning of the file shows them."""
    if is_workbook(head):
        return [cells for _, cells in islice(sheet_rows(head.path), count)]
    lines = beginning(head).splitlines()[: count + 1]
    return [_cells(line) for line in lines[:count]]


def _cells(line: str) -> list[str]:
    delimiter = max(DELIMITERS, key=line.count)
    return [cell.strip() for cell in next(csv.reader([line[:CELL_BYTES]], delimiter=delimiter), [])]


def rows(path: Path, delimiter: str | None = None) -> Iterator[Row]:
    r"""Give the rows of a CSV (or gzip of one) or of a workbook that are not blank.

    Parameters
    ----------
    path : Path
    delimiter : str, optional
        By default the sign that most of the first rows have most often.

    Raises
    ------
    UsageError
        For a file that is damaged, too large or not a table; the message says where.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_bytes("Énergie;kWh\n\ngaz;12,5\n".encode("cp1252"))
    ...     list(rows(file))
    [(1, ['Énergie', 'kWh']), (3, ['gaz', '12,5'])]
    """
    head = Head.of(path)
    numbered = enumerate(_csv(path, delimiter or _delimiter(head)), 1) if not is_workbook(head) else sheet_rows(path)
    for line, cells in numbered:
        if any(cells):
            yield line, cells


def _delimiter(head: Head) -> str:
    """Return the sign that most of the first rows have most often: a title above may have commas in it."""
    lines = [line for line in beginning(head).splitlines()[:PREAMBLE] if any(sign in line for sign in DELIMITERS)]
    often = Counter(max(DELIMITERS, key=line.count) for line in lines).most_common(1)
    return often[0][0] if often else DELIMITERS[0]


def _csv(path: Path, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(CELL_BYTES)
    with opened(path) as file:
        records = csv.reader(file, delimiter=delimiter)
        try:
            for record in records:
                yield [cell.strip() for cell in record]
        except csv.Error as error:
            raise UsageError(
                f"{path}: not readable as CSV: {error}, line {records.line_num}. Export it again."
            ) from None


def sheet_rows(path: Path) -> Iterator[Row]:
    """Give the rows of the first sheet of a workbook that has any, as text: ISO dates, decimal points, vrai and faux.

    Raises
    ------
    UsageError
        When openpyxl is not installed, or the workbook is damaged or too large.
    """
    try:
        openpyxl = import_module("openpyxl")  # an extra, without types
    except ImportError:
        raise UsageError(
            f"{path}: a workbook; reading it needs openpyxl (pip install 'tikub-lab[xlsx]'). "
            "Or save it as CSV (UTF-8) and import that file."
        ) from None
    _refuse_large(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                found = False
                for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
                    texts = [_text(cell) for cell in cells]
                    found = found or any(texts)
                    yield line, texts
                if found:
                    return
        finally:
            book.close()
    except (ValueError, KeyError, OSError, zipfile.BadZipFile, zlib.error, SyntaxError) as error:
        raise UsageError(f"{path}: a workbook that is not readable ({error}). Save it again, or as CSV.") from None


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
    return str(value).strip()


def header_place(found: Sequence[list[str]], wanted: Any) -> int | None:
    """Return the position of the first row that ``wanted`` takes for a header, or None."""
    return next((place for place, cells in enumerate(found) if wanted(cells)), None)
