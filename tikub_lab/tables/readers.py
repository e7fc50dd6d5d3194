"""What an import is made of: a file's head, batches of judged rows, and the readers that give them.

A use case says how its published files become tables with :class:`Reader` objects (its ``formats.READERS``).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.archives import Member
from tikub_lab.tables.sheets import first_rows, is_workbook, rows
from tikub_lab.tables.texts import HEAD_BYTES, decode

_SIGNS = {
    b"par1": "a Parquet file that is damaged, or of no known table. Download it again",
    b"\xd0\xcf\x11\xe0": "a spreadsheet in the old form (.xls). Save it as .xlsx or CSV (UTF-8), then import that file",
    **dict.fromkeys((b"<!doctype html", b"<html"), "a web page, not the data: open the link that it was saved from, or "
                    "download the file itself"),
}  # fmt: skip
REJECTS = {"line": "int64", "id": "str", "field": "str", "value": "str", "rule": "str", "message": "str"}
"""Columns of rejects: one row a broken rule."""
REPAIRS = {"line": "int64", "id": "str", "field": "str", "value": "str", "rule": "str", "replacement": "str"}
"""Columns of repairs: one row a value that was mended, blanked or marked."""


_empty = cache(lambda *columns: pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns}))  # asked often


def log(columns: dict[str, str], rows: Sequence[pd.DataFrame] = ()) -> pd.DataFrame:
    """Put frames of rejects or repairs together, typed even when there are none."""
    filled = [frame[list(columns)] for frame in rows if len(frame)]
    return pd.concat(filled, ignore_index=True).astype(columns) if filled else _empty(*columns.items()).copy(deep=False)


@dataclass(frozen=True)
class Head:
    """The beginning of a file, for recognition (and its path, for formats that begin at the end)."""

    path: Path
    start: bytes

    @classmethod
    def of(cls, path: Path) -> "Head":
        """Read the first 256 KiB."""
        with path.open("rb") as file:
            return cls(path, file.read(HEAD_BYTES))

    @cached_property
    def text(self) -> str:
        """The beginning as text, whatever its encoding; "" for binary files."""
        return decode(self.start)

    @cached_property
    def rows(self) -> list[list[str]]:
        """The first rows of a table, their cells stripped; of Parquet, the names of its columns."""
        return first_rows(self.path, self.start)

    @cached_property
    def columns(self) -> list[str]:
        """The first row."""
        return self.rows[0] if self.rows else []

    @cached_property
    def root(self) -> str:
        """The name of the root element of XML, after comments, instructions and a document type; else ""."""
        names: list[str] = []

        def first(name: str, _: Any) -> None:
            names.append(name)
            raise StopIteration  # nothing below it is read; expat itself limits what entities expand to

        parser = expat.ParserCreate()
        parser.StartElementHandler = first
        with suppress(expat.ExpatError, StopIteration):
            parser.Parse(self.text.lstrip("\ufeff \t\r\n"))
        return names[0].rpartition(":")[2] if names else ""


@dataclass
class Batch:
    """A run of source rows (contracts of JSON and XML, lines of tabular files), judged.

    Staged rows have ``_line``, the position of their record in the source; frames whose rows stand for source rows also
    have ``_rows``, how many. A source row with any reject is in none of the tables.
    """

    rows_read: int
    tables: dict[str, pd.DataFrame]
    rejects: pd.DataFrame = field(default_factory=lambda: log(REJECTS))
    repairs: pd.DataFrame = field(default_factory=lambda: log(REPAIRS))


@dataclass(frozen=True)
class Combined:
    """What cross-row rules make of all sources: SQL queries over the connection that they were given.

    ``tables``: a query a final table, with the columns of its schema, ``_position`` and ``_place``, in whose order rows
    are written, a range of positions at a time. ``rejects``: ``source_index, line, id, field, value, rule, message``,
    one row a source row that is left out. ``kept``: ``source_index, rows``, source rows that stand. ``implied``: tables
    whose rows stand for no source row, completed by what published files of the table itself say. ``repairs``:
    ``source_index`` and the columns of repairs, of values that are mended here.
    """

    tables: dict[str, str]
    rejects: str
    kept: str
    implied: tuple[str, ...] = ()
    repairs: str = ""


Staged = dict[str, list[Path]]
"""Parquet files by staged table; see :func:`tikub_lab.tables.database.union`. Sources are in order of their names, and
among those of one name in that of imports, so that order matters only there."""


class Fit(NamedTuple):
    """How well a file fits a table: known columns, their share, what it lacks, if most are known."""

    known: int
    share: float
    lacks: tuple[str, ...]
    most: bool


@dataclass(frozen=True)
class Reader:
    """How published files of one format become tables.

    ``tables`` are those that it may fill, the first being the main one, beside which counts and rejects are written.
    ``recognises`` looks at the content only, never at the name; what it raises means no. ``read`` streams batches; its
    memory does not grow with the file. ``combine(connection, staged)`` is shared by readers of the same tables; without
    it parts are put one after the other, the last row of each primary key staying. ``uses`` are tables of other readers
    that ``combine`` looks at: when they change it is asked again. ``fit`` says how well a file's
    columns fit, for readers by schema: they are asked after all others, and the best one reads.
    """

    name: str
    title: str
    tables: tuple[str, ...]
    recognises: Callable[[Head], bool]
    read: Callable[[Path], Iterator[Batch]]
    combine: Callable[[Any, Staged], Combined] | None = None
    licence: str = "Licence Ouverte 2.0"
    publisher: str = ""
    fit: Callable[[Head], Fit] | None = None
    uses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Let recognition say yes or no and nothing else, whatever a file holds."""
        recognises = self.recognises

        def surely(head: Head) -> bool:
            with suppress(Exception):  # csv, values, recursion, memory: all of them mean no
                return bool(recognises(head))
            return False

        object.__setattr__(self, "recognises", surely)


def recognise(member: Member, readers: Sequence[Reader]) -> Reader:
    """Find the reader of a file from its content, or say what is known and what is nearest."""
    head = Head.of(member.path)
    if not head.start.strip():
        raise UsageError(f"{member.name}: empty file. Download it again.")
    found = [reader for reader in readers if reader.recognises(head)]
    for reader in found:
        if reader.fit is None:
            return reader
    fits = [(reader.fit(head), reader) for reader in readers if reader.fit]
    if len(fits) == 1 and not fits[0][0].lacks:
        return fits[0][1]  # the only table asked for: other columns are left out, however many
    fits = [pair for pair in fits if pair[1] in found or not found]
    top = max((fit for fit, _ in fits), default=Fit(0, 0, (), False))
    best = [reader for fit, reader in fits if fit[:2] == top[:2]]
    if len(best) > 1 and found:
        tables = " and ".join(reader.tables[0] for reader in best)
        raise UsageError(f"{member.name}: its columns fit {tables} equally well. Say which with --as TABLE.")
    if found:
        return best[0]
    kind = next((kind for start, kind in _SIGNS.items() if head.start.lstrip().lower().startswith(start)), "")
    if is_workbook(member.path, head.start):
        next(rows(member.path), None)  # what makes it unreadable is said there
        kind = "a spreadsheet of no known table. Save it as CSV (UTF-8) and import that (only the first sheet is read)"
    said = [f"{member.name}: {kind or 'no known format'}."]
    if top.known > 1:
        nearest = next(reader.tables[0] for fit, reader in fits if fit == top)
        said.append(f"Nearest table: {nearest}, which needs {_few(top.lacks) or 'fewer other columns'} too; "
                    f"`tikub data template {nearest}` writes its headings.")  # fmt: skip
    elif not kind:
        way = {"{": "JSON", "[": "JSON", "<": "XML"}.get(head.text.lstrip("\ufeff \t\r\n")[:1], "CSV")
        others = {"JSON", "XML", "CSV", "Parquet"} - {way}
        titles = [reader.title for reader in readers if reader.fit is None]
        known = [title for title in titles if way in title or not any(other in title for other in others)]
        said.append(f"Known formats in {way}: {'; '.join(known) or 'none'}; or the columns of a table.")
    raise UsageError(" ".join(said))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
