"""Importing published files: recognise, stage, combine, and put whole tables in their place.

A use case says how its published files become tables with :class:`Reader` objects (its ``formats.READERS``). An import
stages what each reader gives as Parquet parts under ``.sources/`` of the data package, rebuilds the tables from the
parts of *all* sources, so that their order does not matter, and then replaces tables, counts and hashes in one step.
"""

import datetime
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables import journal
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
    """

    tables: dict[str, str]
    rejects: str
    kept: str


Staged = dict[str, list[tuple[int, Path]]]
"""Parquet parts of all sources by staged table, with the index of the source. Indices do not depend on import order."""


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


@dataclass
class Provenance:
    """What one source gave: ``read`` is ``kept`` plus ``rejected``, in source rows.

    ``rejects_by_rule`` counts source rows by rule; a row that breaks two rules counts in both. ``repairs_by_rule``
    counts values. ``unchanged`` says that the file had been imported before and nothing was done.
    """

    file: str
    sha256: str
    date: str
    reader: str
    read: int
    kept: int
    rejected: int
    rejects_by_rule: dict[str, int] = field(default_factory=dict)
    repairs_by_rule: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False


def all_readers() -> tuple[Reader, ...]:
    """Readers of every use case that has a ``formats`` module.

    Examples
    --------
    >>> "decp-2022-json" in {reader.name for reader in all_readers()}
    True
    """
    modules = [f"tikub_lab.{name}.formats" for name in USE_CASES]
    return tuple(reader for name in modules if find_spec(name) for reader in import_module(name).READERS)


def recognise(member: Member, readers: Sequence[Reader]) -> Reader:
    """Find the reader of a file from its content.

    Raises
    ------
    UsageError
        When no reader knows it; the message lists the known formats.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "any name")
    ...     _ = file.write_text('{"marches": {"marche": []}}')
    ...     recognise(Member("any name", file), all_readers()).title
    'DECP 2022 (JSON)'
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


def import_files(
    paths: Iterable[Path | str],
    into: Path | str,
    table: str | None = None,
    readers: Sequence[Reader] | None = None,
    schemas: Path | None = None,
) -> list[Provenance]:
    """Import published files into a data package.

    Parameters
    ----------
    paths : iterable of path
        Files of any format that a reader recognises, or zips of such files.
    into : path
        Folder of the data package; made where it is not there.
    table : str, optional
        Only readers that fill this table are asked.
    readers : sequence of Reader, optional
        Those of all use cases by default.
    schemas : path, optional
        Folder of Table Schemas; ``data/schemas`` of the workbench by default.

    Returns
    -------
    list of Provenance
        One a file of ``paths``, or several where a zip holds several. Nothing is changed for a file whose sha256 is
        already a source of the package.

    Raises
    ------
    UsageError
        For wrong or unsafe files, an unknown table, or another import under way. Nothing is written then, for no file.
    RunError
        When counts do not add up. Nothing is written then either.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "decp.json")
    ...     _ = file.write_text('{"marches": [{"id": "1", "montant": 5}]}')
    ...     (provenance,) = import_files([file], Path(folder, "package"))
    >>> provenance.reader, provenance.read, provenance.kept, provenance.rejected
    ('decp-2019-json', 1, 0, 1)
    """
    from tikub_lab.tables import staging
    from tikub_lab.tables.package import workbench

    readers = _filling(table, tuple(readers) if readers is not None else all_readers())
    files = [_existing(Path(path)) for path in paths]
    schemas = schemas or workbench() / "data" / "schemas"
    into = Path(into)
    made = [folder for folder in (into, *into.parents) if not folder.exists()]
    try:
        into.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{into}: no folder can be made there ({error.strerror}). Choose another with --into."
        ) from None
    try:
        with journal.lock(into):
            journal.recover(into)
            with journal.staging(into) as place:
                return staging.Import(into, place, schemas, readers, today()).run(files)
    except BaseException:
        _unmake(made)
        raise


def _filling(table: str | None, readers: tuple[Reader, ...]) -> tuple[Reader, ...]:
    if table is None:
        return readers
    tables = {name for reader in readers for name in reader.tables}
    if table not in tables:
        raise UsageError(
            f"No reader fills a table {table!r}.{nearest(table, tables)} Known: {', '.join(sorted(tables))}."
        )
    return tuple(reader for reader in readers if table in reader.tables)


def _existing(path: Path) -> Path:
    if not path.is_file():
        what = "a folder; name the files in it" if path.is_dir() else "no such file"
        raise UsageError(f"{path}: {what}.")
    return path


def _unmake(made: list[Path]) -> None:
    """Remove folders that a failed import made, if it left nothing in them but its lock."""
    for folder in made:
        (folder / journal.LOCK).unlink(missing_ok=True)
        try:
            folder.rmdir()
        except OSError:
            return


def today() -> str:
    """Today's date, UTC, in ISO form."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def stored(folder: Path) -> dict[str, Any]:
    """Read the descriptor of a data package, an empty one where there is none.

    Raises
    ------
    UsageError
        When it is not JSON.
    """
    path = folder / "datapackage.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path}: not readable as JSON ({error}). Restore it or import into another folder.") from None
