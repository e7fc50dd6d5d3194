"""The data package: which tables there are, where they come from, and how to load one.

The descriptor is a Data Package v2 (https://datapackage.org/standard/data-package/). Each resource names its Table
Schema (a file of its own), its origin, source, licence and sha256, and nothing is loaded that does not match its hash.
"""

import csv
import hashlib
import json
import os
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables.schema import Schema, aliases, read_json, read_schema, read_schemas, validate

if TYPE_CHECKING:
    import pandas as pd

Origin = Literal["sample", "import", "portal", "absent"]
DESCRIPTOR = "datapackage.json"


@dataclass(frozen=True)
class Resource:
    """One table of a data package, as its descriptor describes it.

    ``name`` is the use case, then the table; ``origin`` says whether it is fictitious and shipped, a published file
    that someone had, or a download; ``sources`` are the titles of what it was made from.
    """

    name: str
    title: str
    path: Path
    schema_path: Path
    origin: Origin
    licence: str
    sha256: str
    rows: int | None
    date: str
    sources: tuple[str, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def schema(self) -> Schema:
        """The Table Schema, read on first use."""
        return read_schema(self.schema_path)

    def used(self) -> dict[str, Any]:
        """Return what a report says of a table that it read: enough to find the same data again."""
        return {
            "table": self.name,
            "title": self.title,
            "origin": self.origin,
            "licence": self.licence,
            "date": self.date,
            "sources": list(self.sources),
            "sha256": self.sha256,
            "rows": self.rows,
            "schema_sha256": sha256_of(self.schema_path),
        }


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def workbench(start: Path | None = None) -> Path:
    """Find the workbench: ``TIKUB_HOME``, else the nearest folder from here upwards with ``data/datapackage.json``."""
    home = os.environ.get("TIKUB_HOME")
    start = Path(home) if home else (start or Path.cwd())
    candidates = [start] if home else [start, *start.resolve().parents]
    for folder in candidates:
        if (folder / "data" / DESCRIPTOR).is_file():
            return folder.resolve()
    where = f"TIKUB_HOME={home}" if home else f"{start} or a folder above it"
    raise UsageError(
        f"No workbench here: {where} has no data/{DESCRIPTOR}. Go to the workbench's folder or set TIKUB_HOME to it."
    )


class Package:
    """A data package: a folder with ``datapackage.json``. Opening and reading it writes nothing."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        path = self.root / DESCRIPTOR
        absent = (
            f"{root}: no {DESCRIPTOR} there, so it is not a data package. "
            f"Make one with `tikub data import FILE --into {root}` or `tikub data sample`."
        )
        self.raw: dict[str, Any] = read_json(path, absent)
        validate(self.raw, "data-package.json", str(path))
        self.resources = {raw["name"]: self._resource(raw) for raw in self.raw["resources"]}

    def _resource(self, raw: dict[str, Any]) -> Resource:
        licences = raw.get("licenses") or self.raw.get("licenses") or []
        return Resource(
            name=raw["name"],
            title=raw.get("title", raw["name"]),
            path=self.root / raw["path"],
            schema_path=self.root / raw["schema"],
            origin=raw["origin"],
            licence=", ".join(str(item.get("title") or item.get("name")) for item in licences),
            sha256=str(raw.get("hash", "")).removeprefix("sha256:"),
            rows=raw.get("rows"),
            date=str(raw.get("created") or self.raw.get("created") or "")[:10],
            sources=tuple(str(item.get("title")) for item in raw.get("sources", [])),
            raw=raw,
        )

    def _absent(self, name: str) -> Resource:
        """Describe a table that is not here, as one without rows, by its schema if there is one."""
        schema, nothing = read_schemas(self.schemas()).get(name), Path(os.devnull)
        path, title = (Path(schema.place), schema.title) if schema else (nothing, "")
        return Resource(name, title or name, nothing, path, "absent", "", sha256_of(nothing), 0, "")

    def named(self, name: str) -> str:
        """Return the name under which a table is here, for one of its aliases."""
        if name in self.resources:
            return name
        schemas = {item.name: item.schema for item in self.resources.values() if item.schema_path.is_file()}
        own = (known for known, schema in schemas.items() if name in schema.raw.get("aliases", ()))
        return next(own, None) or aliases(self.schemas()).get(name, name)

    def resource(self, name: str) -> Resource:
        """Return the description of one table, asked for by its name or an alias."""
        try:
            return self.resources[self.named(name)]
        except KeyError:
            known = ", ".join(self.resources) or "none"
            step = nearest(name, [*self.resources, *aliases(self.schemas())])
            if name in read_schemas(self.schemas()):
                step = f" Import a file of it; `tikub data template {name}` writes its headings."
            raise UsageError(f"No table {name!r} in {self.root}.{step} Known tables: {known}.") from None

    def verify(self, name: str) -> Resource:
        """Compare a table's file with the hash that the descriptor states, and return its description."""
        item = self.resource(name)
        if not item.path.is_file():
            raise UsageError(
                f"{item.path}: the file of table {name!r} is missing. Start again, as an import may have replaced "
                "it meanwhile; else import the data again."
            )
        found = sha256_of(item.path)
        if found != item.sha256:
            raise UsageError(
                f"{item.path}: sha256 is {found[:12]}…, {DESCRIPTOR} says {item.sha256[:12] or 'nothing'}…. The file "
                "was changed outside the workbench: import it again (or `tikub data sample` for the sample)."
            )
        return item

    def used(self, name: str) -> dict[str, Any]:
        """Return what a report says of a table, whether the package has it or not."""
        name = self.named(name)
        return (self.resources.get(name) or self._absent(name)).used()

    def _note(self, name: str) -> None:
        """Note a table that was read or asked for, also in the file that a build named."""
        item = self.used(name)
        home, usual = os.environ.get("TIKUB_HOME"), os.environ.get("TIKUB_DATA")
        if home and self.root != Path(usual or Path(home, "data")).resolve():
            inside = self.root.is_relative_to(Path(home).resolve())
            item["package"] = str(self.root.relative_to(Path(home).resolve())) if inside else "/"
        _used[item["table"]] = item
        if trace := os.environ.get("TIKUB_TRACE"):
            with Path(trace).open("a", encoding="utf-8") as file:
                file.write(json.dumps(item, ensure_ascii=False) + "\n")

    def schemas(self) -> Path:
        """Return the folder of all Table Schemas; a package of imports has only its own."""
        try:
            return workbench() / "data" / "schemas"
        except UsageError:
            return self.root / "schemas"

    def load(self, name: str, optional: bool = False) -> "pd.DataFrame":
        """Return a table as :func:`load` does, and note that it was used, or asked for and missing."""
        if barred:
            raise TypeError(f"{barred[-1]} loads {name!r}, but its result is kept: give it the table instead.")
        name = self.named(name)
        if name not in self.resources and (optional or os.environ.get("TIKUB_TRACE")):
            self._note(name)  # that it was absent, too, is what a report depends on
        if optional and name not in self.resources:
            item = self._absent(name)
            if item.schema_path == item.path:
                raise UsageError(
                    f"No table {name!r}, and no schema of that name: it can't be left empty. Check its name."
                )
            return read(item)
        item = self.verify(name)
        ahead = _ahead.get(_identity(item))
        # Copy-on-write: what the caller changes is its own, what it does not change is not copied.
        frame = read(item) if ahead is None else ahead.copy(deep=False)
        self._note(name)
        return frame

    def values(self, name: str, column: str) -> list[Any]:
        """Return a column's distinct values (of CSV: text), sorted, without loading the table."""
        item = self.verify(name)
        self._note(name)
        names = item.schema.names
        if column not in names:
            raise UsageError(
                f"Table {item.name!r} has no column {column!r}.{nearest(column, names)} It has {', '.join(names)}."
            )
        if item.path.suffix == ".csv":
            with item.path.open(encoding="utf-8", newline="") as file:
                place, rows = names.index(column), csv.reader(file)
                next(rows, None)
                return sorted({row[place] for row in rows if len(row) > place and row[place]})
        if item.path.suffix == ".parquet":
            from pyarrow import parquet

            found = parquet.read_table(item.path, columns=[column]).column(0).unique().drop_null()
            return sorted(found.to_pylist())
        return sorted(read(item)[column].dropna().unique().tolist())


_ahead: dict[tuple[str, str], "pd.DataFrame"] = {}
"""Tables read before they are asked for, by the hashes of file and schema."""

MAX_AHEAD = 64_000_000
"""Bytes of files read ahead in all."""


def _identity(item: Resource) -> tuple[str, str]:
    return item.sha256, sha256_of(item.schema_path)


def read_ahead(package: Package) -> None:
    """Read tables, in order until :data:`MAX_AHEAD`, so that a forkserver's forks need not.

    It starts no thread.
    """
    left = MAX_AHEAD
    for name, item in package.resources.items():
        size = item.path.stat().st_size
        if size <= left:
            left -= size
            package.verify(name)
            _ahead[_identity(item)] = read(item, threads=False)


def read(item: Resource, threads: bool = True) -> "pd.DataFrame":
    """Read a table's file as a typed DataFrame; do not look at its hash, nor note that it was used."""
    import pandas as pd

    from tikub_lab.tables.frames import read_csv, typed

    if item.origin == "absent":
        return typed(pd.DataFrame(columns=list(item.schema.names), dtype="str"), item.schema)
    suffix = item.path.suffix
    if suffix == ".csv":
        return read_csv(item.path, item.schema)
    if suffix == ".parquet":
        return typed(pd.read_parquet(item.path, use_threads=threads), item.schema)
    if suffix in {".geojson", ".json"}:
        import geopandas

        return typed(geopandas.read_file(item.path), item.schema)
    raise UsageError(f"{item.path}: format {suffix!r} is not one that tables have; allowed: .csv, .parquet, .geojson.")


barred: list[str] = []
"""Functions under way whose results are kept (:mod:`tikub_lab.methods.once`): they may load nothing."""

_used: dict[str, dict[str, Any]] = {}
"""What is known of each table that was loaded in this process."""


def used() -> list[dict[str, Any]]:
    """Return what is known of each table that was loaded in this process, in order of first use."""
    return list(_used.values())


def open_package(data: Path | str | None = None) -> Package:
    """Open a data package: by default that of ``TIKUB_DATA`` (set by ``--data``), else ``data/`` of the workbench."""
    folder = Path(data or os.environ.get("TIKUB_DATA") or workbench() / "data")
    path = folder / DESCRIPTOR
    return copy(_opened(folder, folder.resolve(), path.stat().st_mtime_ns if path.is_file() else 0))


@lru_cache(maxsize=4)
def _opened(folder: Path, *_state: Any) -> Package:
    return Package(folder)


def load(name: str, data: Path | str | None = None, optional: bool = False) -> "pd.DataFrame":
    """Load one table of the data package as a typed DataFrame.

    Parameters
    ----------
    name : str
        Use case and table, such as ``"procurement/contracts"``.
    data : path, optional
        Folder of the data package; see :func:`open_package`.
    optional : bool
        Whether a table that the package lacks is one without rows, rather than an error.

    Returns
    -------
    DataFrame of shape (rows, fields), or GeoDataFrame for GeoJSON
        Typed by the table's schema: integers nullable (``Int64``), numbers ``float64``, booleans nullable, dates
        ``datetime64[s]``, enumerations categorical, text ``str``.

    Raises
    ------
    UsageError
        Unknown table (the nearest name is suggested), missing file, or a file that does not match its hash.

    Examples
    --------
    >>> contracts = load("procurement/contracts")
    >>> str(contracts["dureeMois"].dtype), str(contracts["dateNotification"].dtype)
    ('Int64', 'datetime64[s]')
    """
    return open_package(data).load(name, optional)
