r"""Import by schema: any CSV, Parquet file or workbook that has the columns of a table is a published file of it.

Headings are names or titles of the schema, in any order, whatever their capitals, accents and signs. A column is read
in one style of dates and numbers, which all its values decide; where two stay possible it is read as French, and a
repair says so. A value that is changed leaves a repair too; one that can't be kept is blanked where it may be missing,
and else its row is rejected.
"""

import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import UsageError
from tikub_lab.tables.casts import among, identifier
from tikub_lab.tables.check import prepare
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Fit, Head, Reader, log
from tikub_lab.tables.schema import Field, Schema, read_schema
from tikub_lab.tables.sheets import PREAMBLE, written
from tikub_lab.tables.styles import DATES, MACROS, canonical

SIZE = 50_000
"""Rows held at once."""
_TYPES = "string large_string string_view integer floating decimal boolean date timestamp null"
_PLAIN = [getattr(pa.types, f"is_{kind}") for kind in _TYPES.split()]
"""What columns of Parquet may be: text, numbers, dates and booleans, which have one way to be written."""


class Column(NamedTuple):
    """A field of the schema, where it stands in a file, and its heading there."""

    field: Field
    place: int
    heading: str


def schema_readers(schemas: Path, dates: str | None = None, decimal: str | None = None) -> tuple[Reader, ...]:
    """Make a reader for each table that has a schema; by default each column shows how it writes dates and numbers."""
    if dates not in (None, *DATES):
        raise UsageError(f"--dates {dates!r}: allowed are {', '.join(DATES)}.")
    if decimal not in (None, ",", "."):
        raise UsageError(f"--decimal {decimal!r}: allowed are a comma and a point.")
    found = []
    for path in sorted(schemas.rglob("*.json")):
        table, schema = path.relative_to(schemas).with_suffix("").as_posix(), read_schema(path)
        found.append(
            Reader(
                f"schema:{table}",
                f"{table} (CSV, Parquet, xlsx with its columns)",
                (table,),
                partial(_recognises, schema=schema),
                partial(_read, table=table, schema=schema, dates=dates, decimal=decimal),
                fit=partial(fit, schema=schema),
            )
        )
    return tuple(found)


def folded(heading: str) -> str:
    """Leave out what does not matter in a heading: capitals, accents, spaces and signs."""
    text = unicodedata.normalize("NFKD", heading.casefold().replace("œ", "oe"))
    return "".join(letter for letter in text if letter.isalnum())


def _columns(headings: Sequence[str], schema: Schema) -> list[Column]:
    """Find the fields that headings name; of several columns with one field, the first is meant."""
    titles = [folded(field.title) for field in schema.fields]
    known = {title: field for title, field in zip(titles, schema.fields, strict=True) if titles.count(title) == 1}
    known |= {folded(field.name): field for field in schema.fields}
    found: dict[str, Column] = {}
    for place, heading in enumerate(headings):
        field = known.get(folded(heading)) if folded(heading) else None
        if field is not None:
            found.setdefault(field.name, Column(field, place, heading))
    return list(found.values())


def _header(rows: Sequence[Sequence[str]], schema: Schema) -> tuple[int, list[Column]]:
    """Find the header among the first rows: titles above it lack some column that the table needs."""
    known = [_columns(cells, schema) for cells in rows]
    whole = [place for place, columns in enumerate(known) if schema.needed <= {one.field.name for one in columns}]
    place = whole[0] if whole else max(range(len(rows)), key=lambda place: len(known[place]), default=-1)
    return place, known[place] if place >= 0 else []


def fit(head: Head, schema: Schema) -> Fit:
    """Say how well the columns of a file fit a table."""
    columns = _header([head.columns] if head.start.startswith(b"PAR1") else head.rows, schema)[1]
    names = {column.field.name for column in columns}
    return Fit(len(names), len(names) / len(schema.fields), tuple(sorted(schema.needed - names)))


def _recognises(head: Head, schema: Schema) -> bool:
    rows = [head.columns] if head.start.startswith(b"PAR1") else head.rows
    place, columns = _header(rows, schema)
    if place < 0 or not schema.needed <= {column.field.name for column in columns}:
        return False
    return 2 * len(columns) > sum(map(bool, map(folded, rows[place])))


def _read(path: Path, table: str, schema: Schema, dates: str | None, decimal: str | None) -> Iterator[Batch]:
    import duckdb

    with tempfile.TemporaryDirectory() as spill, connect(Path(spill)) as connection:
        try:
            notes = _canonical(connection, path, schema, dates, decimal)
            yield Batch(0, {}, repairs=log(REPAIRS, [pd.DataFrame(notes, columns=list(REPAIRS))]))
            last = connection.execute("SELECT coalesce(max(_line), 0) FROM read").fetchall()[0][0]
            for start in range(0, last + 1, SIZE):
                yield _batch(connection, table, f"BETWEEN {start} AND {start + SIZE - 1}")
        except (duckdb.Error, pa.ArrowException) as error:
            raise UsageError(f"{path}: not readable ({str(error).splitlines()[0]}). Export it again.") from None
        except UsageError as error:
            place = "" if str(path) in str(error) else f"{path}: "
            raise UsageError(f"{place}{error}") from None


def _batch(connection: Any, table: str, lines: str) -> Batch:
    def frame(query: str) -> pd.DataFrame:
        return connection.sql(query).to_arrow_table().to_pandas()

    kept = frame(
        f"SELECT 1 AS _rows, * EXCLUDE (_extra) FROM read WHERE _extra IS NULL AND _line {lines} ORDER BY _line"
    )
    wide = frame(f"SELECT * FROM wide WHERE line {lines} ORDER BY line")
    repairs = frame(f"SELECT * FROM repairs WHERE line {lines} ORDER BY line")
    return Batch(len(kept) + len(wide), {table: kept}, log(REJECTS, [wide]), log(REPAIRS, [repairs]))


def _canonical(
    connection: Any, path: Path, schema: Schema, dates: str | None, decimal: str | None
) -> list[tuple[Any, ...]]:
    """Make the tables read, wide (rows with too many cells) and repairs; return what is said of whole columns.

    Values are in the form of the schema where they can be. What is not, and what breaks another rule, is found by the
    check that every import passes.
    """
    prepare(connection)
    connection.execute(MACROS)
    header, fields, left_out = _load(connection, path, schema)
    notes = [(header, "", heading, heading, "column-left-out", "") for heading in left_out]
    cells, read, changed = [], [], []
    for field in fields:
        column = identifier(field.name)
        text = f"cleaned({column})"
        cells.append(f"CASE WHEN {text} IN {among(field.missing_values)} THEN NULL ELSE {text} END AS {column}")
    connection.execute(f"CREATE TABLE cells AS SELECT _line, _extra, {', '.join(cells)} FROM raw")
    key = f"coalesce(c.{identifier((schema.primary_key or schema.names)[0])}, '')"
    for field in fields:
        column = identifier(field.name)
        expression, said = canonical(connection, field, schema, dates, decimal)
        notes += [(header, "", field.name, *note) for note in said]
        read.append(f"{expression} AS {column}")
        if field.type in ("string", "list"):
            how = "spelling" if field.constraints.get("enum") else "identifier"
            changed.append(
                f"SELECT _line AS line, {key} AS id, {quoted(field.name)} AS field, left(r.{column}, 200) AS value, "
                f"CASE WHEN contains(r.{column}, chr(65533)) THEN 'unreadable-character' "
                f"WHEN c.{column} = cleaned(r.{column}) THEN 'spaces' ELSE '{how}' END AS rule, "
                f"c.{column} AS replacement FROM raw r JOIN read c USING (_line) "
                f"WHERE c.{column} <> r.{column} OR contains(r.{column}, chr(65533))"
            )
    nothing = "SELECT 0 AS line, '' AS id, '' AS field, '' AS value, '' AS rule, '' AS replacement WHERE false"
    connection.execute(f"""
        CREATE TABLE read AS SELECT _line, _extra, {", ".join(read)} FROM cells;
        CREATE TABLE wide AS SELECT _line AS line, {key} AS id, '' AS field, left(_extra, 200) AS value,
            'extra-cell' AS rule, 'A row has as many cells as the header.' AS message
            FROM read c WHERE _extra IS NOT NULL;
        CREATE TABLE repairs AS {" UNION ALL ".join([nothing, *changed])}
    """)
    return notes


def _load(connection: Any, path: Path, schema: Schema) -> tuple[int, list[Field], list[str]]:
    """Make the table ``raw`` of a file's texts; return the header's line, the fields found, the headings left out."""
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return _load_parquet(connection, path, schema)
    rows = written(path)
    beginning = list(islice(rows, PREAMBLE))
    place, columns = _header([cells for _, cells in beginning], schema)
    header, headings = beginning[place]
    places = {column.place for column in columns}
    left_out = {at: heading.strip() for at, heading in enumerate(headings) if at not in places and heading.strip()}
    blank = [at for at, heading in enumerate(headings) if not heading.strip()]
    names = ["_line", "_extra", *(column.field.name for column in columns)]
    connection.execute(
        f"CREATE TABLE raw ({', '.join(f'{identifier(name)} VARCHAR' for name in names)})".replace(
            "VARCHAR", "BIGINT", 1
        )
    )
    found = chain(beginning[place + 1 :], rows)
    while part := list(islice(found, SIZE)):
        texts: list[list[Any]] = []
        for line, cells in part:
            if not any(cell and not cell.isspace() for cell in cells):
                continue  # a blank line is no row
            left_out |= {at: f"column {at + 1}" for at in blank if at < len(cells) and cells[at].strip()}
            extra = next((cell for cell in cells[len(headings) :] if cell.strip()), None)
            row = [cells[one.place] if one.place < len(cells) else None for one in columns]
            texts.append([line, extra, *row])
        if texts:
            parts = pa.table(list(map(pa.array, zip(*texts, strict=True))), names=names)
            connection.register("_part", parts)
            connection.execute("INSERT INTO raw SELECT * FROM _part")
    return header, [column.field for column in columns], [left_out[at] for at in sorted(left_out)]


def _load_parquet(connection: Any, path: Path, schema: Schema) -> tuple[int, list[Field], list[str]]:
    kinds = {field.name: field.type for field in pq.read_schema(path)}
    columns = _columns(list(kinds), schema)
    for column in columns:
        kind = kinds[column.heading]
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not any(test(kind) for test in _PLAIN):
            raise UsageError(
                f"{path}: column {column.heading!r} is of type {kind}, which is no text, number, date or boolean. "
                "Write it as text, then import it again."
            )
    read = ", ".join(f"{identifier(one.heading)}::VARCHAR AS {identifier(one.field.name)}" for one in columns)
    there = ", ".join(f"{identifier(heading)}::VARCHAR" for heading in kinds)
    connection.execute(
        f"CREATE TABLE raw AS SELECT file_row_number + 1 AS _line, NULL::VARCHAR AS _extra, {read} "
        f"FROM read_parquet({quoted(path)}, file_row_number=true) WHERE coalesce({there}, '') <> ''"
    )
    known = {column.heading for column in columns}
    return 0, [column.field for column in columns], [heading for heading in kinds if heading not in known]
