"""Delimited text as columns: every cell kept as written, ragged rows too."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from tikub_lab.errors import UsageError
from tikub_lab.tables.texts import HEAD_BYTES, MAX_CELL, decode, delimiter_of, opened, parsed

MAX_BYTES = 2**30


class Delimited(NamedTuple):
    """A delimited file: its labels, its cells by position, and the cells beyond the labels (row, column, value).

    A cell is missing only where a record is too short: an empty one is ``""``.
    """

    labels: tuple[str, ...]
    cells: pd.DataFrame
    extra: pd.DataFrame
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
    >>> table.delimiter, table.labels, table.cells.values.tolist()
    (';', ('uai', 'nom'), [['0350029S', 'Lycée «A»'], ['0350030T', nan]])
    """
    path = Path(path)
    with opened(path) as file:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: larger than {MAX_BYTES:,} bytes, the most that is read at once. Split it.")
        data = file.read().encode()
    if not data or data.isspace():
        raise UsageError(f"{path}: empty file. A delimited file starts with a line of labels.")
    delimiter = delimiter or delimiter_of(decode(data[:HEAD_BYTES]))
    records = parsed(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), delimiter, path)
    labels, extra = tuple(next(records)), list[tuple[int, int, str]]()
    cells = _fast(data, len(labels), delimiter) if labels else None
    if cells is None:
        cells = _ragged(records, len(labels), extra)
    beyond = pd.DataFrame(extra, columns=["row", "column", "value"])
    return Delimited(labels, cells, beyond.astype({"row": "int64", "column": "int64", "value": "str"}), delimiter)


def _fast(data: bytes, width: int, delimiter: str) -> pd.DataFrame | None:
    """Read cells by Arrow, or return None for what only the standard reader reads whole.

    Arrow refuses ragged rows and those longer than two blocks, and reads a blank line as a row of empty cells.
    """
    from pyarrow import csv

    names = list(map(str, range(width)))
    # one thread: more are slower where few cores are free, for the memory that each takes
    options = csv.ReadOptions(use_threads=False, block_size=MAX_CELL // 2, column_names=names, skip_rows_after_names=1)
    cut = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False)
    kept = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()))
    try:
        table = csv.read_csv(pa.BufferReader(data), options, cut, kept)
    except pa.ArrowInvalid:
        return None
    cells = pd.DataFrame({place: pd.array(column, dtype="str") for place, column in enumerate(table.columns)})
    return None if (cells[cells[0] == ""] == "").all(axis=1).any() else cells


def _ragged(records: Iterable[list[str]], width: int, extra: list[tuple[int, int, str]]) -> pd.DataFrame:
    rows: list[list[str | None]] = []
    for row, record in enumerate(records):
        extra += [(row, column, value) for column, value in enumerate(record[width:], width)]
        rows.append([*record[:width], *[None] * (width - len(record))])
    return pd.DataFrame(rows, columns=range(width), dtype="str")
