r"""Import by schema: any CSV, Parquet or workbook with the columns of a table is a published file of it.

Headings are names or titles of the schema, in any order, whatever their capitals, accents and signs. A column is read
in one style of dates and numbers, which all its values decide; where two stay possible it is read as French, and a
repair says so. A value that is changed leaves a repair too.
"""

import re
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tikub_lab.errors import UsageError
from tikub_lab.tables.casts import among, identifier
from tikub_lab.tables.check import prepare
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Fit, Head, Reader, log
from tikub_lab.tables.schema import Field, Schema, read_schemas
from tikub_lab.tables.sheets import PREAMBLE, Row, has_numbers, written
from tikub_lab.tables.styles import DATES, MACROS, NUMBER, SERIAL, canonical

SIZE = 50_000
"""Rows held at once."""
Style = tuple[str | None, str | None]  # how dates and numbers are written, where it isn't to be found out
_ERRORS = among(
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#VALEUR!", "#NOM?", "#NUL!", "#NOMBRE!"]
)
"""What a cell of a spreadsheet shows whose formula can't be computed, in English and French: no text of anybody's."""
_PLAIN = re.compile(r"(dictionary<values=)?((large_)?string|u?int|half|float|double|decimal|bool|date|timestamp|null)")


def schema_readers(schemas: Path, dates: str | None = None, decimal: str | None = None) -> tuple[Reader, ...]:
    """Make a reader for each table that has a schema; by default its columns show how they are written."""
    if dates not in (None, *DATES):
        raise UsageError(f"--dates {dates!r}: allowed are {', '.join(DATES)}.")
    if decimal not in (None, ",", "."):
        raise UsageError(f"--decimal {decimal!r}: allowed are a comma and a point.")
    return tuple(_reader(table, schema, dates, decimal) for table, schema in read_schemas(schemas).items())


def _reader(table: str, schema: Schema, dates: str | None, decimal: str | None) -> Reader:
    known, needed = _known(schema), schema.needed

    def fit(head: Head) -> Fit:
        place, columns = _header(head.rows, known, needed)
        headings = sum(map(bool, map(folded, head.rows[place]))) if columns else 0
        lacks = tuple(sorted(needed - columns.keys()))
        return Fit(len(columns), len(columns) / len(schema.fields), lacks, 2 * len(columns) > headings)

    return Reader(
        f"schema:{table}",
        f"{table} (CSV, Parquet, xlsx with its columns)",
        (table,),
        lambda head: (said := fit(head)).most and not said.lacks,
        lambda path: read_by_schema(path, table, schema, (dates, decimal)),
        fit=fit,
    )


@lru_cache(maxsize=20_000)  # each head is held against the columns of every table
def folded(heading: str) -> str:
    """Leave out what does not matter in a heading: capitals, accents, spaces and signs."""
    text = unicodedata.normalize("NFKD", heading.casefold().replace("œ", "oe"))
    return "".join(letter for letter in text if letter.isalnum())


def _known(schema: Schema) -> dict[str, str]:
    """Return the fields by their names and titles, folded; a title that two fields have names none."""
    titles = Counter(folded(field.title) for field in schema.fields)
    known = {folded(field.title): field.name for field in schema.fields if titles[folded(field.title)] == 1}
    return known | {folded(field.name): field.name for field in schema.fields}


def _columns(headings: Sequence[str], known: Mapping[str, str]) -> dict[str, int]:
    """Find where the fields stand that headings name; of several columns the first is meant."""
    found: dict[str, int] = {}
    for place, heading in enumerate(map(folded, headings)):
        if heading and heading in known:
            found.setdefault(known[heading], place)
    return found


def _header(rows: Sequence[Sequence[str]], known: Mapping[str, str], needed: Set[str]) -> tuple[int, dict[str, int]]:
    """Find the header among the first rows: titles above it lack some column that the table needs."""
    found = [_columns(cells, known) for cells in rows]
    whole = [place for place, columns in enumerate(found) if needed <= columns.keys()]
    place = whole[0] if whole else max(range(len(rows)), key=lambda place: len(found[place]), default=-1)
    return place, found[place] if found else {}


def lacking(path: Path, schema: Schema) -> list[str]:
    """Return the fields of which a file has no column."""
    rows = [cells for _, cells in islice(written(path), PREAMBLE)]
    columns = _header(rows, _known(schema), schema.needed)[1]
    return [name for name in schema.names if name not in columns]


def read_by_schema(
    path: Path, table: str, schema: Schema, style: Style = (None, None), rows: Callable[[Path], Iterator[Row]] = written
) -> Iterator[Batch]:
    """Read a file; ``rows`` gives them, under headings of the schema, where the file has others."""
    with tempfile.TemporaryDirectory() as spill, connect(Path(spill)) as connection:
        try:
            notes = _canonical(connection, schema, style, *_load(connection, path, schema, rows(path)))
        except UsageError as error:
            place = "" if str(path) in str(error) else f"{path}: "
            raise UsageError(f"{place}{error}") from None
        yield Batch(0, {}, repairs=log(REPAIRS, [pd.DataFrame(notes, columns=list(REPAIRS))]))
        last = connection.execute("SELECT coalesce(max(_line), 0) FROM read").fetchall()[0][0]
        for start in range(0, last + 1, SIZE):
            lines = f"BETWEEN {start} AND {start + SIZE - 1}"
            kept, wide, repairs = (
                connection.sql(f"FROM {name} WHERE {line} {lines} ORDER BY {line}").to_arrow_table().to_pandas()
                for name, line in (("kept", "_line"), ("wide", "line"), ("repairs", "line"))
            )
            yield Batch(len(kept) + len(wide), {table: kept}, log(REJECTS, [wide]), log(REPAIRS, [repairs]))


def _canonical(
    connection: Any, schema: Schema, style: Style, header: int, fields: list[Field], left_out: list[str]
) -> list[tuple[Any, ...]]:
    """Make the tables read, wide (too many cells) and repairs; say what holds of whole columns."""
    notes = [(header, "", heading, heading, "column-left-out", "") for heading in left_out]
    cells, read, changed = [], [], []
    for field in fields:
        column = identifier(field.name)
        text = f"cleaned({column})"
        cells.append(f"CASE WHEN {text} IN {among(field.missing_values)} THEN NULL ELSE {text} END AS {column}")
    connection.execute(f"CREATE TABLE cells AS SELECT _line, _extra, {', '.join(cells)} FROM raw")
    key = f"coalesce(c.{identifier((*schema.primary_key, *(field.name for field in fields))[0])}, '')"
    for field in fields:
        column = identifier(field.name)
        expression, said = canonical(connection, field, schema, *style)
        notes += [(header, "", field.name, *note) for note in said]
        texts = field.type in ("string", "list")
        read.append(f"CASE WHEN {texts} AND {column} IN {_ERRORS} THEN NULL ELSE {expression} END AS {column}")
        if texts or field.type == "date":
            how = "spelling" if field.constraints.get("enum") else "identifier" if texts else "number-read-as-day"
            day = f"c.{column} <> cleaned(r.{column}) AND regexp_full_match(cleaned(r.{column}), {quoted(SERIAL)})"
            other = f"c.{column} <> r.{column} OR contains(r.{column}, chr(65533)) OR cleaned(r.{column}) IN {_ERRORS}"
            changed.append(
                f"SELECT _line AS line, {key} AS id, {quoted(field.name)} AS field, left(r.{column}, 200) AS value, "
                f"CASE WHEN c.{column} IS NULL THEN 'spreadsheet-error' "
                f"WHEN contains(r.{column}, chr(65533)) THEN 'unreadable-character' "
                f"WHEN c.{column} = cleaned(r.{column}) THEN 'spaces' ELSE '{how}' END AS rule, "
                f"c.{column} AS replacement FROM raw r JOIN read c USING (_line) WHERE {other if texts else day}"
            )
    nothing = "SELECT 0 AS line, '' AS id, '' AS field, '' AS value, '' AS rule, '' AS replacement WHERE false"
    connection.execute(f"""
        CREATE TABLE read AS SELECT _line, _extra, {", ".join(read)} FROM cells;
        CREATE VIEW kept AS SELECT 1 AS _rows, * EXCLUDE (_extra) FROM read WHERE _extra IS NULL;
        CREATE VIEW wide AS SELECT _line AS line, {key} AS id, '' AS field, left(_extra, 200) AS value,
            'extra-cell' AS rule, 'A row has as many cells as the header.' AS message
            FROM read c WHERE _extra IS NOT NULL;
        CREATE TABLE repairs AS {" UNION ALL ".join([nothing, *changed])}
    """)
    return notes


def _load(connection: Any, path: Path, schema: Schema, rows: Iterator[Row]) -> tuple[int, list[Field], list[str]]:
    """Make the table ``raw``; return the header's line, the fields found, the headings left out."""
    prepare(connection)
    connection.execute(
        f"{MACROS} CREATE TEMP MACRO number_cell(x) AS {has_numbers(path)} AND regexp_full_match(x, {quoted(NUMBER)})"
    )
    beginning = list(islice(rows, PREAMBLE))
    place, columns = _header([cells for _, cells in beginning], _known(schema), schema.needed)
    header, headings = beginning[place]
    if header == 0:
        _refuse_types(path, columns)
    left_out = {at: heading.strip() for at, heading in enumerate(headings) if at not in columns.values()}
    blank = [at for at, heading in left_out.items() if not heading]  # left out only where it has cells
    left_out = {at: heading for at, heading in left_out.items() if heading}
    names = ["_line", "_extra", *columns]
    texts = ", ".join(f"{identifier(name)} VARCHAR" for name in names[1:])
    connection.execute(f"CREATE TABLE raw (_line BIGINT, {texts})")
    found = (row for row in chain(beginning[place + 1 :], rows) if any(cell and not cell.isspace() for cell in row[1]))
    while part := list(islice(found, SIZE)):
        for _, cells in part:
            left_out |= {at: f"column {at + 1}" for at in blank if at < len(cells) and cells[at].strip()}
        extra = [next(filter(str.strip, cells[len(headings) :]), None) for _, cells in part]
        kept = [[cells[at] if at < len(cells) else None for _, cells in part] for at in columns.values()]
        connection.register("_part", pa.table([[line for line, _ in part], extra, *kept], names=names))
        connection.execute("INSERT INTO raw SELECT * FROM _part")
    return header, list(map(schema.field, columns)), [left_out[at] for at in sorted(left_out)]


def _refuse_types(path: Path, columns: Mapping[str, int]) -> None:
    for field in map(pq.read_schema(path).field, columns.values()):
        if not _PLAIN.match(str(field.type)):
            raise UsageError(
                f"{path}: column {field.name!r} is of type {field.type}, which is no text, number, date or boolean. "
                "Write it as text, then import it again."
            )
