"""The second half of an import: whole tables from the staged parts of all sources."""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import RunError
from tikub_lab.tables.casts import KINDS
from tikub_lab.tables.database import connect, files, quoted, union, view
from tikub_lab.tables.package import sha256_of
from tikub_lab.tables.readers import REJECTS, REPAIRS, Combined, Reader, Staged
from tikub_lab.tables.schema import Schema
from tikub_lab.tables.sources import Provenance, State
from tikub_lab.tables.staging import PLAIN

ROW_GROUP = 50_000
NOTHING = Combined({}, "SELECT 0 AS source_index, 0 AS line, '' AS id, '' AS field, '' AS value, '' AS rule, "
                   "'' AS message WHERE false", "SELECT 0 AS source_index, 0 AS rows WHERE false")  # fmt: skip

_LICENCES = {
    "Licence Ouverte 2.0": {
        "name": "etalab-2.0",
        "title": "Licence Ouverte 2.0",
        "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    }
}


@contextmanager
def database(spill: Path) -> Iterator[Any]:
    """Open the database in which tables are made; what it can't do is one line."""
    import duckdb  # not above, see check.py

    with connect(spill) as connection:
        try:
            yield connection
        except duckdb.Error as error:
            full = "No space left on device" in str(error)
            why = "the disk is full" if full else str(error).splitlines()[0].partition(": {")[0]  # JSON of its own
            raise RunError(
                f"{spill.parents[1]}: the tables can't be made of their sources ({why}). "
                "Nothing was changed. Is there room in memory and on the disk?"
            ) from error


def merge(connection: Any, paths: Sequence[Path], into: Path, without: Iterable[str] = ()) -> None:
    """Put the files of a staged table into one, less the rows of some sources."""
    gone = ", ".join(map(quoted, ["", *without]))  # no source has the key ""
    _copy(connection, f"SELECT * FROM {files(paths)} WHERE _source NOT IN ({gone})", into)


def _copy(connection: Any, query: str, into: Path) -> None:
    """Write Parquet: same rows, same bytes."""
    form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
    connection.execute(f"COPY ({query}) TO {quoted(into)} ({form})")


@dataclass
class Group:
    """The tables that some sources fill together: their readers share a table, or lead to one that does.

    ``sources`` are in order of name and sequence, each with its reader in ``readers``.
    """

    connection: Any
    state: State
    schemas: Mapping[str, Schema]
    sources: list[Provenance]
    readers: list[Reader]
    staged: Staged

    @property
    def main(self) -> str:
        """The table beside which counts and logs are written."""
        return next((reader for reader in self.readers if reader.combine), self.readers[0]).tables[0]

    def write(self) -> dict[str, Any]:
        """Write tables and logs and count the sources anew; return resources by name."""
        self._name_sources()
        combine = next((reader.combine for reader in self.readers if reader.combine), None)
        combined = self._with_plain(combine(self.connection, self.staged) if combine else NOTHING)
        self.connection.execute(f"CREATE TEMP TABLE _rejected AS {combined.rejects}")
        self._log("rejects", REJECTS, "UNION ALL BY NAME FROM _rejected")
        mended = f"UNION ALL BY NAME ({combined.repairs})" if combined.repairs else ""
        self._log("repairs", REPAIRS, mended, "ANTI JOIN _rejected USING (source_index, line)")
        self._count(combined.kept)
        return {name: self._table(name, query) for name, query in combined.tables.items()}

    def _name_sources(self) -> None:
        """Make the table ``_sources``: index, key of its rows, file, reader, a name that no other has."""
        imports, rows = Counter(item.file for item in self.sources), []
        for index, item in enumerate(self.sources):
            row = {"source_index": index, "_source": item.key, "file": item.file, "reader": item.reader}
            repeated = imports[item.file] > 1
            name = f"{item.file} ({item.sha256[:8]})" if repeated else item.file
            rows.append({**row, "repeated": repeated, "publication": name})
        self.connection.register("_sources", pa.Table.from_pylist(rows))

    def _with_plain(self, combined: Combined) -> Combined:
        """Add rows of readers without a ``combine``: of those with one primary key the last stays."""
        tables, rejects = dict(combined.tables), [combined.rejects]
        kept = [f"SELECT * FROM ({combined.kept}) AS made(source_index, rows)"]
        for name in sorted({name for reader in self.readers if not reader.combine for name in reader.tables}):
            schema, ranked = self.schemas[name], f'"_ranked {name}"'
            view(self.connection, f'"_plain {name}"', self.staged.get(PLAIN + name, []), schema.names)
            rows = f'(SELECT source_index, _line, {_cast(schema)} FROM "_plain {name}")'
            key = ", ".join(f'"{each}"' for each in schema.primary_key or schema.names)
            made = f"(SELECT {_cast(schema)} FROM ({tables[name]}))" if name in tables else None
            free = f"({key}) NOT IN (SELECT ({key}) FROM {made})" if made and name not in combined.implied else "true"
            self.connection.execute(f"""
                CREATE TEMP TABLE {ranked} AS
                SELECT source_index, _line, {key}, {free} AND 1 = row_number() OVER (
                    PARTITION BY {key} ORDER BY source_index DESC, _line DESC
                ) AS stands FROM {rows}
            """)
            rows = (
                f"SELECT r.* FROM {rows} r SEMI JOIN (SELECT * FROM {ranked} WHERE stands) USING (source_index, _line)"
            )
            if made and name in combined.implied:
                columns = ", ".join(f'coalesce(p."{each}", m."{each}") AS "{each}"' for each in schema.names)
                rows = f"SELECT {columns} FROM ({rows}) p FULL JOIN {made} m USING ({key})"
            elif made:
                rows = f"SELECT {_cast(schema)} FROM ({rows}) UNION ALL FROM {made}"
            tables[name] = f"SELECT *, row({key}) AS _position, 0 AS _place FROM ({rows})"
            shown, fields = f"concat_ws(', ', {key})", key.replace('"', "")
            rejects.append(f"""SELECT source_index, _line AS line, {shown} AS id, '{fields}' AS field, {shown} AS value,
                'duplicate' AS rule, 'Another row has the same key.' AS message FROM {ranked} WHERE NOT stands""")
            kept.append(f"SELECT source_index, count(*) AS rows FROM {ranked} WHERE stands GROUP BY ALL")
        total = f"SELECT source_index, sum(rows)::BIGINT FROM ({' UNION ALL BY NAME '.join(kept)}) GROUP BY ALL"
        return replace(combined, tables=tables, rejects=" UNION ALL BY NAME ".join(rejects), kept=total)

    def _new(self, name: str) -> Path:
        return self.state.place / f"new-{name.replace('/', '-')}"

    def _table(self, name: str, query: str) -> dict[str, Any]:
        """Write one table as Parquet, typed by its schema, and describe it as a resource."""
        schema = self.schemas[name]
        path, described = self._new(f"{name}.parquet"), self._new(f"schemas/{name}.json")
        shutil.copyfile(schema.place, described)
        _copy(self.connection, f"SELECT {_cast(schema)} FROM ({query}) ORDER BY _position, _place", path)
        read = zip(self.sources, self.readers, strict=True)
        licences = {item.download.get("licence") or reader.licence for item, reader in read}
        return {
            "name": name,
            "type": "table",
            "title": schema.title,
            "path": self.state.add(path, name),
            "format": "parquet",
            "mediatype": "application/vnd.apache.parquet",
            "schema": self.state.add(described, f"schemas/{name}"),
            "origin": "portal" if all(item.download for item in self.sources) else "import",
            "created": max(item.date for item in self.sources),
            "licenses": [_LICENCES.get(title, {"title": title}) for title in sorted(licences)],
            "sources": [  # `imported` says more of each
                {"title": item.file, **({"path": item.download["url"]} if item.download else {})}
                for item in self.sources
            ],
            "hash": f"sha256:{sha256_of(path)}",
            "bytes": path.stat().st_size,
            "rows": pq.read_metadata(path).num_rows,
        }

    def _log(self, kind: str, columns: Iterable[str], more: str, rejected: str = "") -> None:
        """Write the rejects or repairs of all sources, less repairs of rows that fell out since."""
        rows = f"FROM ({union(self.staged[f'log/{kind}'])} {more}) {rejected}"
        self.connection.execute(f"CREATE TEMP VIEW _{kind} AS {rows}")
        path = self._new(f"{self.main}.{kind}.csv")
        cells = ", ".join(_harmless(name) if name != "line" else name for name in ("file", *columns))
        self.connection.execute(
            f"COPY (SELECT {cells} FROM _{kind} JOIN _sources USING (source_index) ORDER BY ALL) "
            f"TO {quoted(path)} (FORMAT csv, HEADER)"
        )
        stem = f".sources/{self.main.replace('/', '-')}.{kind}"
        self.state.logs[f"{self.main}.{kind}.csv"] = self.state.add(path, stem)

    def _count(self, query: str) -> None:
        """Count the sources after the rules across rows, and refuse counts that do not add up."""
        kept = dict(self.connection.execute(query).fetchall())
        counts: dict[tuple[str, int], dict[str, int]] = {}
        for kind, what in (("rejects", "DISTINCT line"), ("repairs", "*")):
            found = self.connection.execute(f"""
                SELECT source_index, coalesce(rule, ''), count({what}) FROM _{kind}
                GROUP BY GROUPING SETS ((source_index), (source_index, rule)) ORDER BY ALL
            """)
            for index, rule, count in found.fetchall():
                counts.setdefault((kind, index), {})[rule] = count
        for index, item in enumerate(self.sources):
            item.rejects_by_rule, item.repairs_by_rule = (
                counts.get((kind, index), {}) for kind in ("rejects", "repairs")
            )
            item.kept, item.rejected = kept.get(index, 0), item.rejects_by_rule.pop("", 0)
            item.repairs_by_rule.pop("", None)
            if item.kept + item.rejected != item.read:
                raise RunError(
                    f"{item.file}: {item.read} rows read, but {item.kept} kept and {item.rejected} rejected. Nothing "
                    "was written; please report this file."
                )


def _cast(schema: Schema) -> str:
    return ", ".join(f'CAST("{f.name}" AS {KINDS[f.type].stored}) AS "{f.name}"' for f in schema.fields)


def _harmless(column: str) -> str:
    """Write a column of a log so that no spreadsheet takes a cell for a formula; numbers are none."""
    formula = f"regexp_matches({column}, '^[=+@\\t\\r-]') AND try_cast(replace({column}, ',', '.') AS DOUBLE) IS NULL"
    return f"CASE WHEN {formula} THEN '''' || {column} ELSE {column} END AS {column}"
