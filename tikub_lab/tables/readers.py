"""What an import is made of: a file's head, batches of judged rows, and the readers that give them.

A use case says how its published files become tables with :class:`Reader` objects (its ``formats.READERS``).
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.archives import Member

HEAD_BYTES = 256 * 1024
REJECTS = {"line": "int64", "id": "str", "field": "str", "value": "str", "rule": "str", "message": "str"}
"""Columns of rejects: one row a broken rule."""
REPAIRS = {"line": "int64", "id": "str", "field": "str", "value": "str", "rule": "str", "replacement": "str"}
"""Columns of repairs: one row a value that was mended, blanked or marked."""


def log(columns: dict[str, str], rows: Sequence[pd.DataFrame] = ()) -> pd.DataFrame:
    """Put frames of rejects or repairs together, with the same columns and types even when there are none.

    Examples
    --------
    >>> log(REJECTS).columns.tolist()
    ['line', 'id', 'field', 'value', 'rule', 'message']
    """
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    filled = [frame[list(columns)] for frame in rows if len(frame)]
    return pd.concat(filled, ignore_index=True).astype(columns) if filled else empty


@dataclass(frozen=True)
class Head:
    """The beginning of a file, all that recognition may look at (and its path, for formats that begin at the end)."""

    path: Path
    start: bytes

    @classmethod
    def of(cls, path: Path) -> "Head":
        """Read the first 256 KiB."""
        with path.open("rb") as file:
            return cls(path, file.read(HEAD_BYTES))

    @cached_property
    def text(self) -> str:
        """The beginning as text, whatever its encoding; characters cut at the end are left out."""
        if self.start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.start.decode("utf-16", errors="ignore")
        return self.start.decode("utf-8-sig", errors="replace")


@dataclass
class Batch:
    """A run of source rows, judged.

    Attributes
    ----------
    rows_read : int
        Source rows in this run: contracts of JSON and XML, lines of tabular files.
    tables : dict of str to DataFrame
        Staged rows by table. Each has ``_line``, the position of its record in the source (a spreadsheet's row number
        for tabular files); frames whose rows stand for source rows also have ``_rows``, how many.
    rejects, repairs : DataFrame
        Columns :data:`REJECTS` and :data:`REPAIRS`. A source row with any reject is in none of the tables.
    """

    rows_read: int
    tables: dict[str, pd.DataFrame]
    rejects: pd.DataFrame = field(default_factory=lambda: log(REJECTS))
    repairs: pd.DataFrame = field(default_factory=lambda: log(REPAIRS))


@dataclass(frozen=True)
class Combined:
    """What cross-row rules make of all sources: SQL queries over the connection that they were given.

    Attributes
    ----------
    tables : dict of str to str
        A query a final table, with the columns of its schema, and ``_position`` and ``_place``: rows are written in
        order of them, a range of positions at a time, so that no table is ever sorted whole.
    rejects : str
        A query with ``source_index, line, id, field, value, rule, message``: one row a source row that is left out.
    kept : str
        A query with ``source_index, rows``: source rows that stand in the final tables.
    implied : tuple of str
        Tables whose rows stand for no source row: what published files of the table itself say completes them.
    """

    tables: dict[str, str]
    rejects: str
    kept: str
    implied: tuple[str, ...] = ()


Staged = dict[str, list[Path]]
"""Parquet files by staged table; see :func:`tikub_lab.tables.database.union`. Sources are in order of their names, and
among those of one name in that of imports, so that order matters only there."""


@dataclass(frozen=True)
class Reader:
    """How published files of one format become tables.

    Attributes
    ----------
    name, title : str
        Such as ``decp-2022-json`` and « DECP 2022 (JSON) ».
    tables : tuple of str
        The tables that it may fill; the first is the main one, beside which counts and rejects are written.
    recognises : callable
        From the content only, never from the name.
    read : callable
        Streams batches; its memory does not grow with the file.
    combine : callable, optional
        ``combine(connection, staged) -> Combined``. Readers of the same tables share one. The connection has a table
        ``_sources``: ``source_index``, ``file``, ``reader``, and ``publication``, a name that no other source has. By
        default parts are put one after the other, the last row of each primary key staying.
    licence, publisher : str
        Of files of this format, when nothing else is known.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    recognises: Callable[[Head], bool]
    read: Callable[[Path], Iterator[Batch]]
    combine: Callable[[Any, Staged], Combined] | None = None
    licence: str = "Licence Ouverte 2.0"
    publisher: str = ""


def recognise(member: Member, readers: Sequence[Reader]) -> Reader:
    """Find the reader of a file from its content.

    Raises
    ------
    UsageError
        When no reader knows it; the message lists the known formats.

    Examples
    --------
    >>> import tempfile
    >>> reader = Reader("greeting", "Greetings", (), lambda head: head.text.startswith("hello"), lambda path: iter(()))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "any name")
    ...     _ = file.write_text("hello")
    ...     recognise(Member("any name", file), [reader]).title
    'Greetings'
    """
    head = Head.of(member.path)
    if not head.start.strip():
        raise UsageError(f"{member.name}: empty file. Download it again.")
    for reader in readers:
        if reader.recognises(head):
            return reader
    known = "; ".join(reader.title for reader in readers)
    if zipfile.is_zipfile(member.path):
        raise UsageError(
            f"{member.name}: a spreadsheet of no known table. Save it as CSV (UTF-8), then import that file; or name "
            f"its columns as one of these formats does: {known}."
        )
    raise UsageError(f"{member.name}: no known format. Known formats, and a zip of any of them: {known}.")
