"""Importing published files: recognise, stage, combine, and put whole tables in their place.

An import
stages what each reader gives as Parquet parts under ``.sources/`` of the data package, rebuilds the tables from the
parts of *all* sources, so that their order does not matter, and then replaces tables, counts and hashes in one step.
"""

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables import journal
from tikub_lab.tables.readers import Reader


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
