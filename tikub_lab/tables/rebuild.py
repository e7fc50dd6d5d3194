"""Whole tables from the staged parts of all sources: the second half of an import."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import RunError
from tikub_lab.tables.imports import Provenance
from tikub_lab.tables.package import sha256_of
from tikub_lab.tables.readers import REJECTS, REPAIRS, Combined, Reader, Staged
from tikub_lab.tables.schema import Schema, read_schema

MEMORY_LIMIT = "300MB"
"""What DuckDB may hold; the rest of a sort or join goes to files in the staging folder."""
ROW_GROUP = 50_000
LINE_BITS = 40
"""A row's ``_key`` is its source and its line in one number."""
SLICE = 200_000
"""Positions (contracts) that are sorted at once."""

_SQL = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
_ARROW = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(), "date": pa.date32()}
_LICENCES = {
    "Licence Ouverte 2.0": {
        "name": "etalab-2.0",
        "title": "Licence Ouverte 2.0",
        "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    }
}


@dataclass(frozen=True)
class Source:
    """A published file (or one file of a zip) as staged: where its parts are, and what came of reading it."""

    folder: Path
    provenance: Provenance

    @classmethod
    def stored(cls, folder: Path) -> "Source":
        """Read a source that an earlier import staged."""
        return cls(folder, Provenance(**json.loads((folder / "source.json").read_text(encoding="utf-8"))))

    @property
    def parts(self) -> dict[str, Path]:
        """Parquet parts by staged table."""
        return {
            path.relative_to(self.folder).with_suffix("").as_posix(): path
            for path in sorted(self.folder.glob("*/*.parquet"))
        }


@dataclass
class Group:
    """The tables that one set of readers fills together."""

    place: Path
    schemas: Path
    main: str
    tables: list[str]
    sources: list[Source]
    readers: list[Reader]

    def write(self, replaced: dict[str, Path]) -> tuple[dict[str, Any], list[Provenance]]:
        """Write tables, rejects, repairs and provenance as staged files; return resources by name and provenances."""
        with duckdb.connect() as connection:
            spill = self.place / "spill"
            connection.execute(f"SET memory_limit='{MEMORY_LIMIT}'; SET threads=2; SET preserve_insertion_order=false")
            connection.execute(f"SET temp_directory={_quoted(spill)}; SET enable_progress_bar=false")
            self._name_sources(connection)
            combine = self.readers[0].combine
            staged = self._staged()
            combined = combine(connection, staged) if combine else self._concatenated(staged)
            connection.execute(f"CREATE TEMP TABLE _rejected AS {combined.rejects}")
            kept = dict(connection.execute(combined.kept).fetchall())
            self._log(connection, "rejects", replaced)
            self._log(connection, "repairs", replaced)
            provenances = [self._count(connection, i, source, kept.get(i, 0)) for i, source in enumerate(self.sources)]
            written = {name: self._table(connection, name, query, replaced) for name, query in combined.tables.items()}
        self._new(f"{self.main}.provenance.json", replaced).write_text(
            as_json({"table": self.main, "sources": [_without_flag(item) for item in provenances]}), encoding="utf-8"
        )
        return written, provenances

    def _name_sources(self, connection: Any) -> None:
        """Make the table ``_sources``: index, file, reader, and a name that no other source has."""
        files = Counter(source.provenance.file for source in self.sources)
        rows = []
        for index, item in enumerate(source.provenance for source in self.sources):
            name = f"{item.file} ({item.sha256[:8]})" if files[item.file] > 1 else item.file
            rows.append((index, item.file, item.reader, name))
        connection.execute(
            "CREATE TEMP TABLE _sources (source_index BIGINT, file VARCHAR, reader VARCHAR, publication VARCHAR)"
        )
        connection.executemany("INSERT INTO _sources VALUES (?, ?, ?, ?)", rows)

    def _staged(self) -> Staged:
        staged: Staged = {}
        for index, source in enumerate(self.sources):
            for name, path in source.parts.items():
                staged.setdefault(name, []).append((index, path))
        return staged

    def _concatenated(self, staged: Staged) -> Combined:
        """Put parts one after the other, by default: of rows with the same primary key the last one stays."""
        schema = self._schema(self.main)
        columns = ", ".join(f'NULL::VARCHAR AS "{name}"' for name in schema.names)
        parts = f"SELECT 0 AS source_index, 0 AS _line, {columns} WHERE false"
        if self.main in staged:
            parts = f"{parts} UNION ALL BY NAME {union(staged[self.main])}"
        key = ", ".join(f'"{name}"' for name in schema.primary_key) or "source_index, _line"
        ranked = f"""SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY source_index DESC, _line DESC) AS _rank
            FROM ({parts})"""
        first = f'"{schema.primary_key[0]}"' if schema.primary_key else "NULL"
        return Combined(
            {
                self.main: f"""SELECT *, row_number() OVER (ORDER BY {key}) - 1 AS _position, 0 AS _place
                FROM ({ranked}) WHERE _rank = 1"""
            },
            f"""SELECT source_index, _line AS line, {first} AS id, '{key.replace('"', "")}' AS field, {first} AS value,
                'duplicate' AS rule, 'Another row has the same key.' AS message FROM ({ranked}) WHERE _rank > 1""",
            f"SELECT source_index, count(*) FROM ({ranked}) WHERE _rank = 1 GROUP BY ALL",
        )

    def _schema(self, name: str) -> Schema:
        return read_schema(self.schemas / f"{name}.json")

    def _new(self, target: str, replaced: dict[str, Path]) -> Path:
        path = self.place / "new" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        replaced[target] = path
        return path

    def _table(self, connection: Any, name: str, query: str, replaced: dict[str, Path]) -> dict[str, Any]:
        """Write one table as Parquet, typed by its schema, and describe it as a resource."""
        schema = self._schema(name)
        columns = ", ".join(f'CAST("{f.name}" AS {_SQL.get(f.type, "VARCHAR")}) AS "{f.name}"' for f in schema.fields)
        arrow = pa.schema([(f.name, _ARROW.get(f.type, pa.string())) for f in schema.fields])
        path = self._new(f"{name}.parquet", replaced)
        shutil.copyfile(self.schemas / f"{name}.json", self._new(f"schemas/{name}.json", replaced))
        rows = 0
        with pq.ParquetWriter(path, arrow, compression="zstd") as writer:
            for group in _row_groups(_in_order(connection, query, columns), arrow):
                writer.write_table(group, ROW_GROUP)
                rows += group.num_rows
        provenances = [source.provenance for source in self.sources]
        return {
            "name": name,
            "type": "table",
            "title": schema.title,
            "path": f"{name}.parquet",
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "schema": f"schemas/{name}.json",
            "origin": "import",
            "created": max(item.date for item in provenances),
            "licenses": [
                _LICENCES.get(title, {"title": title}) for title in sorted({reader.licence for reader in self.readers})
            ],
            "sources": [
                {"title": item.file, "sha256": item.sha256, "date": item.date, "reader": item.reader, "rows": item.read}
                for item in provenances
            ],
            "hash": f"sha256:{sha256_of(path)}",
            "bytes": path.stat().st_size,
            "rows": rows,
        }

    def _log(self, connection: Any, kind: str, replaced: dict[str, Path]) -> None:
        """Write ``.rejects.csv`` or ``.repairs.csv`` of all sources, less repairs of rows that fell out since."""
        parts = union([(i, source.folder / "log" / f"{kind}.parquet") for i, source in enumerate(self.sources)])
        columns = ", ".join(REJECTS if kind == "rejects" else REPAIRS)
        if kind == "rejects":
            rows = (
                f"SELECT source_index, {columns} FROM ({parts}) UNION ALL SELECT source_index, {columns} FROM _rejected"
            )
        else:
            rows = f"SELECT p.* FROM ({parts}) p ANTI JOIN _rejected r USING (source_index, line)"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW _{kind} AS {rows}")
        path = self._new(f"{self.main}.{kind}.csv", replaced)
        connection.execute(
            f"COPY (SELECT file, {columns} FROM _{kind} JOIN _sources USING (source_index) ORDER BY ALL) "
            f"TO {_quoted(path)} (FORMAT csv, HEADER)"
        )

    def _count(self, connection: Any, index: int, source: Source, kept: int) -> Provenance:
        """Count one source after the cross-row rules, and refuse counts that do not add up."""

        def by_rule(kind: str, what: str) -> dict[str, int]:
            query = f"SELECT rule, count({what}) FROM _{kind} WHERE source_index = {index} GROUP BY rule ORDER BY rule"
            return dict(connection.execute(query).fetchall())

        lines = f"SELECT count(DISTINCT line) FROM _rejects WHERE source_index = {index}"
        rejected = connection.execute(lines).fetchall()[0][0]
        old = source.provenance
        if kept + rejected != old.read:
            raise RunError(
                f"{old.file}: {old.read} rows read, but {kept} stand in the tables and {rejected} are rejected. "
                "Nothing was written; please report this file."
            )
        return replace(
            old,
            kept=kept,
            rejected=rejected,
            rejects_by_rule=by_rule("rejects", "DISTINCT line"),
            repairs_by_rule=by_rule("repairs", "*"),
        )


def union(parts: Sequence[tuple[int, Path]], columns: str = "*") -> str:
    """Write the SQL query that reads parts of several sources, each row with its ``source_index``.

    Examples
    --------
    >>> union([(0, Path("a.parquet"))])
    "SELECT 0 AS source_index, * FROM read_parquet('a.parquet')"
    """
    return " UNION ALL BY NAME ".join(
        f"SELECT {index} AS source_index, {columns} FROM read_parquet({_quoted(path)})" for index, path in parts
    )


def view(
    connection: Any, name: str, parts: Sequence[tuple[int, Path]], fields: Mapping[str, str], more: Iterable[str] = ()
) -> None:
    """Make a view of the parts of all sources with every field, ``_key``, and ``_place`` (order within a record)."""
    columns = ", ".join(f'NULL::VARCHAR AS "{field}"' for field in [*fields, *more])
    nothing = f"SELECT 0::BIGINT AS source_index, 0::BIGINT AS _line, 0::BIGINT AS _place, {columns} WHERE false"
    query = f"{nothing} UNION ALL BY NAME {union(parts)}" if parts else nothing
    connection.execute(
        f"CREATE TEMP VIEW {name} AS SELECT *, (source_index::BIGINT << {LINE_BITS}) + _line AS _key FROM ({query})"
    )


def _in_order(connection: Any, query: str, columns: str) -> Iterator[Any]:
    """Give the rows of a final table in order, sorting a range of positions at a time."""
    last = connection.execute(f"SELECT max(_position) FROM ({query})").fetchall()[0][0]
    for start in range(0, -1 if last is None else last + 1, SLICE):
        part = f"_position BETWEEN {start} AND {start + SLICE - 1} ORDER BY _position, _place"
        yield from connection.sql(f"SELECT {columns} FROM ({query}) WHERE {part}").to_arrow_reader(ROW_GROUP)


def _row_groups(batches: Iterable[Any], schema: Any) -> Iterator[Any]:
    """Cut what DuckDB gives in pieces of its own choice into equal row groups: same rows, same bytes."""
    held = schema.empty_table()
    for batch in batches:
        held = pa.concat_tables([held, pa.Table.from_batches([batch]).cast(schema)])
        while held.num_rows >= ROW_GROUP:
            yield held.slice(0, ROW_GROUP).combine_chunks()
            held = held.slice(ROW_GROUP)
    yield held.combine_chunks()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _without_flag(item: Provenance) -> dict[str, Any]:
    return {name: value for name, value in asdict(item).items() if name != "unchanged"}


def as_json(value: object) -> str:
    """Write a value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
