"""The workings of an import: stage each source as Parquet parts, then rebuild whole tables from the parts of all.

:mod:`tikub_lab.tables.imports` has the words (Reader, Batch, Provenance) and the one function to call.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables import journal
from tikub_lab.tables.archives import Member, members
from tikub_lab.tables.imports import Provenance, all_readers, stored
from tikub_lab.tables.package import sha256_of
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Reader, log, recognise
from tikub_lab.tables.rebuild import Group, Source, as_json

SOURCES = ".sources"


class Import:
    """One import into one data package; see :func:`tikub_lab.tables.imports.import_files`."""

    def __init__(self, into: Path, place: Path, schemas: Path, readers: Sequence[Reader], date: str):
        self.into, self.place, self.schemas, self.readers, self.date = into, place, schemas, readers, date
        self.by_name = {reader.name: reader for reader in [*all_readers(), *readers]}
        folders = sorted(into.glob(f"{SOURCES}/*/*/source.json"))
        self.sources = [Source.stored(path.parent) for path in folders]

    def run(self, files: Sequence[Path]) -> list[Provenance]:
        """Stage the files that are new, rebuild and replace the tables that they touch."""
        shas, fresh = [], []
        known = {source.provenance.sha256 for source in self.sources}
        for path in files:
            sha = sha256_of(path)
            shas.append((sha, sha in known))
            if sha not in known:
                known.add(sha)
                fresh += list(self._stage(path, sha))
        replaced: dict[str, Path] = {}
        self.sources += fresh
        if fresh:
            current = self._rebuild({self._reader(source).tables[0] for source in fresh}, replaced)
            for source in fresh:
                replaced[f"{SOURCES}/{source.folder.parent.name}"] = source.folder.parent
            journal.commit(self.into, replaced)
        else:
            current = self._stored_provenances()
        return [replace(item, unchanged=unchanged) for sha, unchanged in shas for item in current if item.sha256 == sha]

    def _reader(self, source: Source) -> Reader:
        name = source.provenance.reader
        if name not in self.by_name:
            raise UsageError(f"{self.into}: holds a source read by {name!r}, which this version does not know.")
        return self.by_name[name]

    def _stored_provenances(self) -> list[Provenance]:
        found: list[Provenance] = []
        for main in sorted({self._reader(source).tables[0] for source in self.sources}):
            text = (self.into / f"{main}.provenance.json").read_text(encoding="utf-8")
            found += [Provenance(**item) for item in json.loads(text)["sources"]]
        return found

    def _stage(self, path: Path, sha: str) -> Iterator[Source]:
        scratch = self.place / "members"
        scratch.mkdir(exist_ok=True)
        for number, member in enumerate(members(path, scratch), 1):
            reader = recognise(member, self.readers)
            folder = self.place / "sources" / sha[:16] / f"{number:04d}"
            folder.mkdir(parents=True)
            file = path.name if member.path == path else f"{path.name}/{member.name}"
            counts = _write_parts(reader, Member(file, member.path), folder)
            provenance = Provenance(file, sha, self.date, reader.name, *counts)
            (folder / "source.json").write_text(as_json(asdict(provenance)), encoding="utf-8")
            yield Source(folder, provenance)

    def _rebuild(self, mains: set[str], replaced: dict[str, Path]) -> list[Provenance]:
        """Write the tables of the readers concerned and the descriptor; note in ``replaced`` what goes where."""
        descriptor = stored(self.into)
        resources = {item["name"]: item for item in descriptor.get("resources", [])}
        provenances: list[Provenance] = []
        for main in sorted(mains):
            sources = [source for source in self.sources if self._reader(source).tables[0] == main]
            sources.sort(key=lambda source: (source.provenance.file, source.provenance.sha256))
            readers = [self._reader(source) for source in sources]
            tables = list(dict.fromkeys(name for reader in readers for name in reader.tables))
            for name in tables:
                if resources.get(name, {}).get("origin", "import") != "import":
                    raise UsageError(
                        f"{self.into}: its table {name!r} is of origin {resources[name]['origin']!r}, not imported. "
                        "Choose another folder with --into."
                    )
            group = Group(self.place, self.schemas, main, tables, sources, readers)
            written, counted = group.write(replaced)
            resources |= written
            provenances += counted
        descriptor = {
            "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
            "name": "tikub-import",
            "title": "Données importées",
            **descriptor,
            "created": max(resource["created"] for resource in resources.values()),
            "resources": [resources[name] for name in sorted(resources)],
        }
        path = self.place / "datapackage.json"
        path.write_text(as_json(descriptor), encoding="utf-8")
        replaced["datapackage.json"] = path
        return provenances


def _write_parts(reader: Reader, member: Member, folder: Path) -> tuple[int, int, int, dict[str, int], dict[str, int]]:
    """Write what a reader gives as Parquet parts; return rows read, kept and rejected, and counts by rule."""
    read = kept = rejected = 0
    rejects_by_rule: Counter[str] = Counter()
    repairs_by_rule: Counter[str] = Counter()
    with ExitStack() as stack:
        writers: dict[str, pq.ParquetWriter] = {}

        def put(name: str, frame: Any) -> None:
            table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            if name not in writers:
                path = folder / f"{name}.parquet"
                path.parent.mkdir(exist_ok=True)
                writers[name] = stack.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
            writers[name].write_table(table)

        put("log/rejects", log(REJECTS))
        put("log/repairs", log(REPAIRS))
        for batch in _batches(reader, member):
            for name, frame in batch.tables.items():
                put(name, frame)
                kept += int(frame["_rows"].sum()) if "_rows" in frame else 0
            put("log/rejects", log(REJECTS, [batch.rejects]))
            put("log/repairs", log(REPAIRS, [batch.repairs]))
            read += batch.rows_read
            rejected += batch.rejects["line"].nunique()
            rejects_by_rule.update(batch.rejects.drop_duplicates(["line", "rule"])["rule"])
            repairs_by_rule.update(batch.repairs["rule"])
    if kept + rejected != read:
        raise RunError(
            f"{member.name}: {read} rows read, but {kept} kept and {rejected} rejected. Nothing was written."
        )
    return read, kept, rejected, _sorted(rejects_by_rule), _sorted(repairs_by_rule)


def _batches(reader: Reader, member: Member) -> Iterator[Batch]:
    """Read a file, naming it as its owner does where the reader knows its expanded copy only."""
    try:
        yield from reader.read(member.path)
    except UsageError as error:
        raise UsageError(str(error).replace(str(member.path), member.name)) from None


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return {rule: int(counts[rule]) for rule in sorted(counts)}
