"""Delimited text as published: encoding and delimiter found, every cell kept as written, ragged rows too."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.texts import MAX_CELL, csv_reader, decode, delimiter_of, encoding_of

MAX_BYTES = 2**30
_SAMPLE_BYTES = 2**18


@dataclass(frozen=True)
class Delimited:
    """A delimited file: its labels, its cells by position, and the cells beyond the labels (row, column, value).

    A cell is missing only where a record is too short: an empty one is ``""``.
    """

    path: Path
    labels: tuple[str, ...]
    cells: pd.DataFrame
    extra: pd.DataFrame
    encoding: str
    delimiter: str


def read_delimited(path: Path | str, delimiter: str | None = None) -> Delimited:
    r"""Read a delimited text file without losing a cell.

    Raises
    ------
    UsageError
        When the file is missing, is empty, is larger than 1 GiB, is binary, or has a cell of more than 1 Mi characters
        (most often a quote that is never closed).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lycées.csv"
    >>> _ = path.write_bytes("uai;nom\n0350029S;Lycée «A»\n0350030T\n".encode("cp1252"))
    >>> table = read_delimited(path)
    >>> table.encoding, table.delimiter, table.labels
    ('cp1252', ';', ('uai', 'nom'))
    >>> table.cells.values.tolist()
    [['0350029S', 'Lycée «A»'], ['0350030T', nan]]
    """
    path = Path(path)
    data, encoding = _utf8(path)
    if not data or data.isspace():
        raise UsageError(f"{path}: empty file. A delimited file starts with a line of labels.")
    delimiter = delimiter or delimiter_of(data[:_SAMPLE_BYTES].decode("utf-8", errors="ignore"))
    labels = tuple(next(_records(data, delimiter, path)))
    cells = _fast_cells(data, len(labels), delimiter) if labels else None
    extra = _extra_frame([])
    if cells is None:
        cells, extra = _ragged_cells(data, len(labels), delimiter, path)
    return Delimited(path, labels, cells, extra, encoding, delimiter)


def _utf8(path: Path) -> tuple[bytes, str]:
    """Return a file's text as UTF-8, and its encoding."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(
                f"{path}: larger than {MAX_BYTES:,} bytes, the most that is read of such a file. Split it."
            )
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: not readable ({error.strerror}).") from None
    encoding = encoding_of([data])
    if not encoding:
        raise UsageError(f"{path}: not a text file (it holds zero bytes). A delimited file is text, such as CSV.")
    data = data.removeprefix(codecs.BOM_UTF8)
    return (data if encoding in ("utf-8", "utf-8-sig") else decode(data).encode()), encoding


def _records(data: bytes, delimiter: str, path: Path) -> Iterator[list[str]]:
    reader = csv_reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline=""), delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}. Is a quote left open before that line?") from None


def _fast_cells(data: bytes, width: int, delimiter: str) -> pd.DataFrame | None:
    """Read cells by Arrow, or return None for a file that only the standard reader reads whole.

    Arrow refuses ragged rows, knows no limit to a cell, and reads a blank line as a row of empty cells.
    """
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import csv as arrow_csv

    names = [f"f{position}" for position in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            # one thread: more are slower where few cores are free, for the memory that each takes
            read_options=arrow_csv.ReadOptions(
                autogenerate_column_names=True, block_size=4 * MAX_CELL, use_threads=False
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string())),
        )
    except pa.ArrowInvalid:
        return None
    if any((compute.max(compute.binary_length(column)).as_py() or 0) > MAX_CELL for column in table.columns):
        return None
    cells = pd.DataFrame(
        {position: pd.array(column.slice(1), dtype="str") for position, column in enumerate(table.columns)}
    )
    if cells.empty:
        return cells
    blank = cells[0] == ""
    if blank.any() and (cells[blank] == "").all(axis=1).any():
        return None
    return cells


def _ragged_cells(data: bytes, width: int, delimiter: str, path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows: list[list[str | None]] = []
    extra: list[tuple[int, int, str]] = []
    records = _records(data, delimiter, path)
    next(records)
    for row, record in enumerate(records):
        extra.extend((row, column, value) for column, value in enumerate(record[width:], width))
        rows.append([*record[:width], *[None] * (width - len(record))])
    columns: list[tuple[str | None, ...]] = list(zip(*rows, strict=True)) if rows else [()] * width
    cells = pd.DataFrame({position: pd.array(column, dtype="str") for position, column in enumerate(columns)})
    cells.index = pd.RangeIndex(len(rows))
    return cells, _extra_frame(extra)


def _extra_frame(cells: list[tuple[int, int, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=["row", "column", "value"])
    return frame.astype({"row": "int64", "column": "int64", "value": "str"})
