"""Import published files: recognise, stage, combine, put whole tables in their place; and take one out.

What each reader gives is checked and staged as Parquet parts; tables are made again from the parts of *all* sources.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError, nearest, printable
from tikub_lab.tables.archives import COMPANIONS, Member, members
from tikub_lab.tables.by_schema import schema_readers
from tikub_lab.tables.check import missing_partners
from tikub_lab.tables.package import sha256_of, workbench
from tikub_lab.tables.readers import Reader, Staged, recognise
from tikub_lab.tables.rebuild import Group, database, merge
from tikub_lab.tables.schema import aliases, read_schema, read_schemas
from tikub_lab.tables.sources import Provenance, State, as_json, writing
from tikub_lab.tables.staging import Parts, stage

MOST_PARTS = 8
"""Parquet files of a staged table; one more, and they are put into one."""


def import_files(
    paths: Iterable[Path | str],
    into: Path | str,
    readers: Sequence[Reader],
    table: str | None = None,
    schemas: Path | None = None,
    dates: str | None = None,
    decimal: str | None = None,
    reader: str | None = None,
    download: Mapping[str, Any] | None = None,
) -> list[Provenance]:
    """Import published files, or zips of some, into the data package of a folder; all of them or none.

    Only readers that fill ``table``, or the one named, are asked; ``dates`` and ``decimal`` say how files by schema are
    written. A file that is a source already changes nothing, unless another of its name came later. ``download`` is
    what is known of files that came from a portal: they replace those of their names, unless it ``adds`` to them.
    """
    schemas = schemas or workbench() / "data" / "schemas"
    settings = {name: value for name, value in (("dates", dates), ("decimal", decimal)) if value}
    table = aliases(schemas).get(table or "", table)
    every = [*readers, *schema_readers(schemas, dates, decimal)]
    asked = [item for item in _filling(table, every) if reader in (None, item.name)]
    files = [_existing(Path(path)) for path in paths]
    with writing(Path(into)) as state:
        change = Change(state, schemas, every)
        if download and not download["adds"]:
            change.replace(files)
        there = [change.take(path, asked, table, settings) for path in files]
        change.downloaded(download, {sha for sha, _ in there})
        change.commit()
        return [
            replace(item, unchanged=stands) for sha, stands in there for item in state.sources if item.sha256 == sha
        ]


def forget(text: str, folder: Path | str, readers: Sequence[Reader], schemas: Path | None = None) -> list[Provenance]:
    """Take a published file out of a data package, by its name or the beginning of its sha256.

    Its files are removed at once, unlike those that an import replaces.
    """
    schemas = schemas or workbench() / "data" / "schemas"
    if not Path(folder).is_dir():
        raise UsageError(f"{folder}: no data package there.")
    with writing(Path(folder)) as state:
        files = {item.sha256: item.published for item in state.sources}
        meant = [sha for sha, name in files.items() if name == text]
        meant = meant or [sha for sha in files if len(text) >= 4 and sha.startswith(text.lower())]
        if len(meant) != 1:
            listed = ", ".join(f"{files[sha]} ({sha[:12]})" for sha in meant or list(files)[:20]) or "nothing"
            said = f"no imported file is {text!r}.{nearest(text, files.values())} It has"
            said = f"{len(meant)} files are {text!r}. Give the start of one's sha256:" if meant else said
            raise UsageError(f"{folder}: {said} {listed}.")
        change = Change(state, schemas, [*readers, *schema_readers(schemas)])
        change.drop(meant[0])
        change.commit()
        return change.gone


class Change:
    """One change of a data package: sources that come, sources that go, and the tables that they touch."""

    def __init__(self, state: State, schemas: Path, readers: Sequence[Reader]):
        self.state, self.schemas = state, read_schemas(schemas)
        self.readers = {reader.name: reader for reader in readers}
        self.parts, self.touched, self.gone = Parts(state.place), set[str](), list[Provenance]()
        self.noted = False

    def take(
        self, path: Path, asked: Sequence[Reader], table: str | None, settings: Mapping[str, str]
    ) -> tuple[str, bool]:
        """Stage a published file unless it is there and stands; return its sha256, and whether it does."""
        began, sha, sources = path.stat(), sha256_of(path), self.state.sources
        known = [item for item in sources if item.sha256 == sha]
        last = {item.published: item.sha256 for item in sources}  # the last one stays
        if known and all(
            last[item.published] == sha
            and table in (None, *item.tables)
            and all(item.settings.get(name) == value for name, value in settings.items())
            for item in known
        ):
            return sha, True
        name = printable(path.name)
        number = max((item.sequence for item in sources if item.published == name), default=0) + 1
        self.drop(sha)
        scratch = self.state.place / "members"
        scratch.mkdir(exist_ok=True)
        names, others = set[str](), list[str]()
        for place, member in enumerate(members(path, scratch)):
            try:
                reader = recognise(member, asked)
            except UsageError:
                if member.path == path or Path(member.name).suffix.lower() not in COMPANIONS:
                    raise
                others.append(member.name)
                continue
            file = f"{member.name} ({place})" if member.name in names else member.name
            names.add(file)
            tables = [*reader.tables]
            item = Provenance(file, sha, today(), reader.name, sequence=number, tables=tables, settings=dict(settings))
            schemas = {table: self.schemas[table] for table in tables}
            item.read = stage(reader, Member(file, member.path), item.key, self.parts, schemas)
            self.state.sources.append(item)
            self.touched |= {*tables}
        ended = path.stat()
        if (began.st_mtime_ns, began.st_size) != (ended.st_mtime_ns, ended.st_size):
            raise UsageError(f"{path}: changed while it was read. Nothing was imported; import it once it is whole.")
        if not names:
            raise UsageError(
                f"{path}: no data of a known format in it, only {', '.join(others)}. Expand it and import the files of "
                "the data: each is then told what it lacks."
            )
        self.parts.note([(0, "", "", other, "file-left-out", "") for other in others], self.state.sources[-1].key)
        return sha, False

    def drop(self, sha: str) -> None:
        """Leave a published file out."""
        gone = [item for item in self.state.sources if item.sha256 == sha]
        self.state.sources = [item for item in self.state.sources if item.sha256 != sha]
        self.gone += gone
        self.touched |= _tables(gone)

    def replace(self, paths: Iterable[Path]) -> None:
        """Leave out what has the names of new files, unless it is the same; who reads it reads on."""
        new = {printable(path.name): sha256_of(path) for path in paths}
        for sha, name in {item.sha256: item.published for item in self.state.sources}.items():
            if new.get(name, sha) != sha:
                self.state.replaced.add(sha)
                self.drop(sha)

    def downloaded(self, download: Mapping[str, Any] | None, shas: set[str]) -> None:
        """Note where files came from."""
        for item in self.state.sources if download is not None else ():
            if item.sha256 in shas:
                item.download, self.noted = dict(download or {}), True

    def commit(self) -> None:
        """Make the tables that are touched again, and let the new state count."""
        if not self.touched:
            if self.noted:
                self.state.commit()
            return
        state, groups = self.state, _groups(self.state.sources)
        uses = {name: reader.uses for name, reader in self.readers.items()}
        looks_at = [_tables(group).union(*(uses.get(item.reader, ()) for item in group)) for group in groups]
        again = [group for group, tables in zip(groups, looks_at, strict=True) if self.touched & tables]
        touched = self.touched.union(*map(_tables, again))
        resources = {name: item for name, item in state.resources.items() if name not in touched}
        state.logs = {name: path for name, path in state.logs.items() if name.split(".")[0] not in touched}
        with database(self.state.place / "spill") as connection:
            staged = self._staged(connection)
            for group in again:
                readers = [self._reader(item) for item in group]
                with connection.cursor() as cursor:
                    resources |= Group(cursor, state, self.schemas, group, readers, staged).write()
        state.parts = {name: [self._kept(path, name) for path in paths] for name, paths in staged.items()}
        self._provenance(resources, groups)
        state.descriptor = {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": "tikub-import",
            "title": "Données importées",
            **state.descriptor,
            "created": max((item["created"] for item in resources.values()), default=today()),
            "resources": [resources[name] for name in sorted(resources)],
        }
        state.commit()

    def _staged(self, connection: Any) -> Staged:
        """Return the files of every staged table: those that were there and new ones, or all in one."""
        fresh, gone, staged = self.parts.close(), [item.key for item in self.gone], {}
        for number, name in enumerate(sorted({*self.state.parts, *fresh})):
            paths = [self.state.folder / part for part in self.state.parts.get(name, ())] + fresh.get(name, [])
            if gone or len(paths) > MOST_PARTS:
                whole = self.state.place / f"{number}.parquet"
                merge(connection, paths, whole, gone)
                paths = [whole]
            staged[name] = paths
        return staged if self.state.sources else {}

    def _kept(self, path: Path, name: str) -> str:
        if path.is_relative_to(self.state.place):
            return self.state.add(path, f".sources/{name.replace('/', '-')}")
        return path.relative_to(self.state.folder).as_posix()

    def _reader(self, source: Provenance) -> Reader:
        if source.reader not in self.readers:
            raise UsageError(f"{self.state.folder}: {source.file} was read by {source.reader!r}, which is not known.")
        return self.readers[source.reader]

    def _provenance(self, resources: Mapping[str, dict[str, Any]], groups: Iterable[list[Provenance]]) -> None:
        """Write what every group of tables is made of, and which partners their rows miss."""
        tables = {}
        for name, item in resources.items():
            path, schema = (self.state.new.get(item[key], self.state.folder / item[key]) for key in ("path", "schema"))
            tables[name] = (path, read_schema(schema))
        missing = missing_partners(tables)
        mains = {name.removesuffix(".rejects.csv") for name in self.state.logs}
        for group in groups:
            (main,) = mains & _tables(group)
            text = {
                "table": main,
                "sources": [item.stored() for item in group],
                "missing_partners": [item for item in missing if item["table"] in _tables(group)],
            }
            path = self.state.place / f"{main.replace('/', '-')}.provenance.json"
            path.write_text(as_json(text), encoding="utf-8")
            self.state.logs[f"{main}.provenance.json"] = self.state.add(path, f".sources/{path.stem}")


def _groups(sources: Iterable[Provenance]) -> list[list[Provenance]]:
    """Put sources together that fill a table together, in order of name and sequence."""
    ordered = sorted(sources, key=lambda item: (item.file, item.sequence))
    joined: list[set[str]] = []
    for tables in {tuple(item.tables) for item in ordered}:
        near = [each for each in joined if each & {*tables}]
        joined = [each for each in joined if each not in near] + [{*tables}.union(*near)]
    return [[item for item in ordered if item.tables[0] in tables] for tables in sorted(joined, key=min)]


def _tables(group: Iterable[Provenance]) -> set[str]:
    return {table for item in group for table in item.tables}


def _filling(table: str | None, readers: Sequence[Reader]) -> list[Reader]:
    tables = {name for reader in readers for name in reader.tables}
    if table is not None and table not in tables:
        raise UsageError(
            f"No reader fills a table {table!r}.{nearest(table, tables)} Known: {', '.join(sorted(tables))}."
        )
    return [reader for reader in readers if table in (None, *reader.tables)]


def _existing(path: Path) -> Path:
    if not path.is_file():
        what = "a folder; name the files in it" if path.is_dir() else "no such file"
        raise UsageError(f"{path}: {what}.")
    return path


def today() -> str:
    """Today's date, UTC, in ISO form."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()
