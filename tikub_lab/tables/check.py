"""Check tables against their Table Schema: rules become one SQL query, which DuckDB runs."""

import atexit
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables import identifiers
from tikub_lab.tables.casts import KINDS, among, identifier, is_text, literal, sql
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.frames import HEADER_ROWS
from tikub_lab.tables.schema import Field, Schema
from tikub_lab.tables.texts import records

DTYPES = {"row": "int64", "field": "str", "value": "str", "rule": "str"}
_NONE = pd.DataFrame(columns=list(DTYPES)).astype(DTYPES)
_BOUNDS = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
SIZE = 2_000
"""Records of a file that are read at once."""
_LENGTHS = {"minLength": ">=", "maxLength": "<="}


class Rule(NamedTuple):
    """What rows may break: columns, a name, a condition, and what it is about if not `values`."""

    columns: tuple[str, ...]
    name: str
    broken: str
    rows: str = ""


def check(source: Path | str | pd.DataFrame, schema: Schema, stored: bool = False) -> pd.DataFrame:
    """Find every problem of a table.

    Parameters
    ----------
    source : path or DataFrame
        A delimited text file of any encoding, a DataFrame of text, or one that is typed already, such as Parquet gives:
        its values are held against the same constraints.
    schema : Schema
        Table Schema v2, with Validata's ``custom_checks``.
    stored : bool
        Whether the table will be kept: numbers that memory has not, or not all digits of, break ``too-large``.

    Returns
    -------
    DataFrame with columns row, field, value, rule
        Empty for a valid table. ``row`` counts records from the header, which is 1; ``value`` is what is written there.
        Rules: of the header, ``missing-label``, ``extra-label`` and so on; ``blank-row`` (and then nothing else on its
        cells), ``missing-cell``, ``extra-cell``; ``type-error`` and the names of constraints; ``unique``,
        ``primary-key``, ``foreign-key`` (within the table); custom checks' own names.

    Raises
    ------
    UsageError
        When the source cannot be read, or the schema has a constraint that makes no sense.

    Examples
    --------
    >>> schema = Schema.from_dict({
    ...     "fields": [{"name": "siret", "type": "string", "constraints": {"required": True}},
    ...                {"name": "montant", "type": "number", "constraints": {"minimum": 1}}],
    ...     "custom_checks": [{"name": "french-siret-value", "params": {"column": "siret"}}]})
    >>> frame = pd.DataFrame({"siret": ["73282932000074", "", "123"], "montant": ["12.5", "0", "mille"]})
    >>> check(frame, schema).values.tolist()  # doctest: +NORMALIZE_WHITESPACE
    [[3, 'siret', '', 'required'], [3, 'montant', '0', 'minimum'],
     [4, 'montant', 'mille', 'type-error'], [4, 'siret', '123', 'french-siret-value']]
    """
    written, extra = not isinstance(source, pd.DataFrame), list[tuple[int, str, str, str]]()
    if isinstance(source, pd.DataFrame):
        labels, columns = tuple(map(str, source.columns)), [column for _, column in source.items()]
    else:
        labels, columns = _read(Path(source), extra)
    fields, odd = match_header(labels, schema)
    for check in schema.custom_checks:
        if check.name == "one-of-required" and not {field.name for field in fields} & set(check.columns):
            odd.append((1, ", ".join(check.columns), "", check.name))
    for column, field in zip(columns, fields, strict=False):
        odd += [] if written else _not_text(column, field)
    numbered = {str(at): field for at, field in enumerate(fields)}
    if not fields:
        return _frame(odd)
    with _database().cursor() as connection:
        connection.register("_cells", _table(dict(zip(numbered, columns, strict=True))))
        named = {field.name: name for name, field in reversed(numbered.items())}  # the first of repeated names
        rules = [rule for name, field in numbered.items() for rule in _cell_rules(name, field, written, stored)]
        rules += [Rule((), "blank-row", "_blank"), *_key_rules(schema, named), *_custom_rules(schema, named, numbered)]
        found = _run(connection, rules, numbered, _values(connection, "SELECT * FROM _cells", numbered))
    blank = set(found.loc[found["rule"] == "blank-row", "row"])
    odd += [problem for problem in extra if problem[0] not in blank]
    return pd.concat([_frame(odd), found]).sort_values("row", kind="stable", ignore_index=True) if odd else found


def _read(path: Path, extra: list[tuple[int, str, str, str]]) -> tuple[tuple[str, ...], list[pa.ChunkedArray]]:
    """Read labels and columns of a delimited file; a cell is missing where a record is too short."""
    labels = next(found := records(path), [])
    parts, row = [[pa.array([], pa.string())] for _ in labels], HEADER_ROWS
    while part := list(islice(found, SIZE)):
        extra += ((at, "", cell, "extra-cell") for at, cells in enumerate(part, row) for cell in cells[len(labels) :])
        for chunks, cells in zip(parts, zip_longest(labels, *part), strict=False):
            chunks.append(pa.array(cells[1:], pa.string()))
        row += len(part)
    if not labels and not any(cell.strip() for _, _, cell, _ in extra):
        raise UsageError(f"{path}: empty file. A delimited file starts with a line of labels.")
    return tuple(labels), list(map(pa.chunked_array, parts))


def _frame(problems: Sequence[tuple[int, str, str, str]]) -> pd.DataFrame:
    if not problems:
        return _NONE.copy(deep=False)
    return pd.DataFrame(problems, columns=list(DTYPES)).astype(DTYPES)


@cache
def _database() -> Any:
    """Return the database that checks share: to open one takes longer than most checks."""
    connection = connect()
    prepare(connection)
    atexit.register(_database.cache_clear)  # or else DuckDB complains of what is left when Python ends
    return connection


def prepare(connection: Any) -> None:
    """Give a connection what checks need: functions for what SQL has no words for, and UTC."""
    for name, valid in _FUNCTIONS.items():
        connection.create_function(name, valid, ["VARCHAR"], "BOOLEAN", type="arrow")
    connection.execute("SET TimeZone='UTC'")


def _run(connection: Any, rules: Sequence[Rule], columns: Mapping[str, Field], view: str) -> pd.DataFrame:
    """Find which rows break which rules: first all that break any, then what each breaks."""
    import duckdb  # not above: it starts threads, and forkservers import this module

    broken = [f"({rule.broken})" for rule in rules if not rule.rows]
    values, some = f"WITH _values AS NOT MATERIALIZED ({view})", f"FROM _values WHERE {' OR '.join(broken) or 'false'}"
    told = []
    for place, (names, rule, condition, rows) in enumerate(rules):
        field = ", ".join(columns[name].name for name in names)
        cells = ", ".join(f"coalesce({identifier(name)}::VARCHAR, '')" for name in names) or "''"
        told.append(
            f"SELECT _row AS row, {quoted(field)} AS field, concat_ws(', ', {cells}) AS value, "
            f"{quoted(rule)} AS rule, {place} AS place FROM {rows or '_broken'} WHERE {condition}"
        )
    try:
        if len(broken) == len(rules) and not connection.execute(f"{values} SELECT 1 {some} LIMIT 1").fetchone():
            return _frame([])  # to plan what each rule says takes longer than to see that thousands of rows break none
        query = f"{values}, _broken AS MATERIALIZED ({some}) {' UNION ALL '.join(told)} ORDER BY row, place"
        found = connection.execute(query).df()
    except duckdb.InvalidInputException as error:  # a pattern that is one of Python only
        raise UsageError(f"A pattern of the schema can't be used: {str(error).splitlines()[0]}.") from None
    return found[list(DTYPES)].astype(DTYPES)


def match_header(labels: Sequence[str], schema: Schema) -> tuple[list[Field], list[tuple[int, str, str, str]]]:
    """Find the field of each column (``any`` if unknown), by order or by name, and what is wrong."""
    if not any(labels):
        return [], [(1, "", "", "blank-header")]
    if schema.fields_match == "exact":
        fields = [*schema.fields[: len(labels)], *map(Field, labels[len(schema.fields) :])]
        found = []
        for place, (item, label) in enumerate(zip_longest(schema.fields, labels)):
            if item is None or label is None:
                found.append((1, label or item.name, label or "", "missing-label" if label is None else "extra-label"))
            elif label != item.name or label in labels[:place]:
                kind = "blank" if not label else "duplicate" if label in labels[:place] else "incorrect"
                found.append((1, item.name, label, f"{kind}-label"))
        return fields, found
    known, fields, found = {item.name: item for item in schema.fields}, [], []
    for place, label in enumerate(labels):
        repeated = label in labels[:place]  # the first of repeated columns is the field
        fields.append(Field(label) if repeated else known.get(label, Field(label)))
        if repeated or (label not in known and schema.fields_match not in {"subset", "partial"}):
            found.append((1, label, label, "duplicate-label" if repeated else "extra-label"))
    for name in schema.names:
        if name not in labels and (name in schema.needed or schema.fields_match not in {"superset", "partial"}):
            found.append((1, name, "", "missing-label"))
    if schema.fields_match == "partial" and not set(known) & set(labels):
        found.append((1, "", "", "unmatched-header"))
    return fields, found


def _not_text(column: pd.Series, field: Field) -> Iterator[tuple[int, str, str, str]]:
    """Give the values of a column of text that are something else, which become text too."""
    if column.dtype == object and field.type == "string":
        for row, value in enumerate(column, HEADER_ROWS):
            if not isinstance(value, str) and not pd.isna(value):
                yield row, field.name, str(value), "type-error"


def _table(columns: Mapping[str, Any]) -> pa.Table:
    """Return columns for DuckDB, with the number of each row."""
    arrays = {name: _arrow(column) for name, column in columns.items()}
    count = len(next(iter(arrays.values()), ()))
    return pa.table({"_row": pa.array(np.arange(count) + HEADER_ROWS), **arrays})


def _arrow(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        return column
    if hasattr(column, "geom_type"):
        column = column.map(lambda shape: json.dumps(shape.__geo_interface__), na_action="ignore")
    if column.dtype == object and len({type(value) for value in column.dropna()}) > 1:
        column = column.map(str, na_action="ignore")  # Arrow would make one of several types
    return pa.array(column, from_pandas=True)


def _valid(check: Callable[[pd.Series], pd.Series]) -> Callable[[pa.ChunkedArray], pa.Array]:
    return lambda texts: pa.array(check(texts.to_pandas().astype("str")), pa.bool_())


def is_geojson(text: str) -> bool:
    """Tell whether a text is a GeoJSON object (RFC 7946)."""
    try:
        value = json.loads(text)
        features = value["features"] if value["type"] == "FeatureCollection" else [value]
        for item in features:
            if value["type"] in ("Feature", "FeatureCollection"):
                if item["type"] != "Feature" or not isinstance(item["properties"], dict | None):
                    return False
                item = item["geometry"]
            if item is not None:
                parts = shapely.get_parts(shapely.get_parts(shapely.from_geojson(json.dumps(item))))
                if (shapely.get_num_coordinates(shapely.get_rings(parts)) == 3).any():
                    return False
    except (ValueError, TypeError, LookupError, RecursionError, shapely.errors.ShapelyError):
        return False
    return isinstance(features, list)


_FUNCTIONS = {name: _valid(getattr(identifiers, name)) for name in ("siret", "siren", "rna", "uai")}
_FUNCTIONS |= {"is_geojson": _valid(lambda texts: texts.map(is_geojson))}
"""What SQL has no words for, on texts, as functions of DuckDB."""


def _values(connection: Any, query: str, columns: Mapping[str, Field]) -> str:
    """Write a query with cells (``c NAME``, NULL where missing) and values (``v NAME``) beside."""
    kinds = {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}
    cells, read = [], []
    for name, field in columns.items():
        text = identifier(name) + ("::VARCHAR" if kinds[name].startswith("ENUM") else "")
        cell = f"CASE WHEN {text} IN {among(field.missing_values)} THEN NULL ELSE {text} END"
        cells.append(f"{cell if is_text(kinds[name]) else text} AS {_cell(name)}")
        read.append(f"{sql(field, _cell(name), kinds[name])} AS {_value(name)}")
    blank = ", ".join(f"{_cell(name)}::VARCHAR" for name in columns)
    read.append(f"coalesce({blank}) IS NULL AS _blank")
    return f"SELECT *, {', '.join(read)} FROM (SELECT *, {', '.join(cells)} FROM ({query}))"


def _cell(name: str) -> str:
    return identifier(f"c {name}")


def _value(name: str) -> str:
    """Name the value of a column's cell."""
    return identifier(f"v {name}")


def _cell_rules(name: str, field: Field, ragged: bool, stored: bool) -> Iterator[Rule]:
    """Give the rules of a column; on a blank row none of them is broken."""
    cell, value = _cell(name), _value(name)
    conditions = {"type-error": f"{cell} IS NOT NULL AND {value} IS NULL"}
    for rule, limit in field.constraints.items():
        if rule == "required" and limit:
            conditions[rule] = f"{cell} IS NULL"
        elif rule in _BOUNDS:
            conditions[rule] = f"NOT ({value} {_BOUNDS[rule]} {literal(field, rule, limit)})"
            conditions[rule] += f" OR isnan({value})" if field.type == "number" else ""  # NaN is within no bound
        elif rule in _LENGTHS:
            conditions[rule] = f"NOT (length({value}) {_LENGTHS[rule]} {limit})"
        elif rule == "pattern":
            conditions[rule] = f"NOT regexp_full_match({value}, {quoted(limit)})"
        elif rule == "enum":
            allowed = ", ".join(literal(field, rule, item) for item in limit)
            conditions[rule] = f"{value} NOT IN ({allowed})" if allowed else f"{value} IS NOT NULL"
    if stored and (limit := KINDS[field.type].limit):
        conditions["too-large"] = f"NOT abs({value}) < {limit}"
    if ragged:
        conditions["missing-cell"] = f"{identifier(name)} IS NULL"
    for rule, condition in conditions.items():
        yield Rule((name,), rule, f"NOT _blank AND ({condition})")


def _key_rules(schema: Schema, named: Mapping[str, str]) -> Iterator[Rule]:
    """Give the rules across rows, of which the first of equals breaks none, and of missing keys."""
    unique = [("unique", (field.name,)) for field in schema.fields if field.constraints.get("unique")]
    for rule, key_fields in [*unique, ("primary-key", schema.primary_key)]:
        names = tuple(named[name] for name in key_fields if name in named)
        if not names or len(names) < len(key_fields):
            continue
        read = ", ".join(map(_value, names))
        there = " AND ".join(f"{_value(name)} IS NOT NULL" for name in names)
        if rule == "primary-key":
            yield Rule(names, rule, f"NOT ({there})")
        first = f"SELECT {read}, min(_row) AS _first FROM _values WHERE {there} GROUP BY ALL HAVING count(*) > 1"
        yield Rule(names, rule, "_row > _first", f"_values JOIN ({first}) USING ({read})")
    for reference in schema.foreign_keys:
        if not reference.resource and {*reference.fields, *reference.reference_fields} <= named.keys():
            own, other = ([named[name] for name in part] for part in (reference.fields, reference.reference_fields))
            yield Rule(tuple(own), "foreign-key", _lost(own, f"SELECT {_texts(other)} FROM _values"), "_values")


def _texts(names: Iterable[str]) -> str:
    """Write values of columns as texts ``k0``, ``k1``…: keys are compared whatever type each table has."""
    return ", ".join(f"{_value(name)}::VARCHAR AS k{place}" for place, name in enumerate(names))


def _lost(names: Sequence[str], others: str | None) -> str:
    """Write the condition that a key is complete and not in a query of other ones, if there is one."""
    same = " AND ".join(f"{_value(name)}::VARCHAR = k{place}" for place, name in enumerate(names))
    there = " AND ".join(f"{_value(name)} IS NOT NULL" for name in names)
    return f"{there} AND NOT EXISTS (SELECT 1 FROM ({others}) WHERE {same})" if others else there


def _custom_rules(schema: Schema, named: Mapping[str, str], columns: Mapping[str, Field]) -> Iterator[Rule]:
    """Give the custom checks; those of absent columns are passed over, as ``missing-label`` tells it."""
    for name, fields, op in ((check.name, check.columns, check.op) for check in schema.custom_checks):
        names = tuple(named[field] for field in fields if field in named)
        if name == "one-of-required" and names:  # an absent column has no value
            condition = " AND ".join(f"{_cell(one)} IS NULL" for one in names)
        elif len(names) < len(fields):
            continue
        elif name == "compare-columns-value":
            kinds = {KINDS[columns[one].type].sql.replace("HUGEINT", "DOUBLE") for one in names}
            read = [_value(one) for one in names]
            condition = f"NOT ({read[0]} {op} {read[1]})"
            if len(kinds - {"SMALLINT"}) > 1:  # a date and a number, say, are not in any order
                condition = f"{read[0]} IS NOT NULL AND {read[1]} IS NOT NULL"
        else:
            condition = f"NOT {name.split('-')[1]}({_value(names[0])}::VARCHAR)"
        yield Rule(names, name, f"NOT _blank AND ({condition})")


def foreign_keys(frame: pd.DataFrame, schema: Schema, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Find the rows whose foreign keys do not exist in other tables, as `check` returns them.

    Rows with a missing part are left out, as in SQL.
    """
    tables = {"": frame, **others}
    if not schema.foreign_keys:
        return _frame([])
    for key in schema.foreign_keys:
        if key.resource not in tables:
            given = f"{nearest(key.resource, others)} Given: {', '.join(others) or 'none'}."
            raise UsageError(f"{schema.place}: foreignKeys refer to {key.resource!r}, not a table given.{given}")
        for table, names in ((frame, key.fields), (tables[key.resource], key.reference_fields)):
            if absent := sorted(set(names) - set(table.columns)):
                raise UsageError(f"{schema.place}: foreignKeys use the column {absent[0]!r}, which the table has not.")
    columns = {name: schema.field(name) for key in schema.foreign_keys for name in key.fields}
    with _database().cursor() as connection:
        queries = {}
        for number, name in enumerate({"", *(key.resource for key in schema.foreign_keys)}):
            connection.register(f"_table{number}", _table({str(field): tables[name][field] for field in tables[name]}))
            queries[name] = f"SELECT * FROM _table{number}"
        rules = list(_unmet(connection, schema, queries))
        return _run(connection, rules, columns, _values(connection, queries[""], columns))


def _unmet(connection: Any, schema: Schema, queries: Mapping[str, str]) -> Iterator[Rule]:
    """Give the rules that complete foreign keys are in their tables; both are read alike."""
    for key in schema.foreign_keys:
        read = dict(zip(key.reference_fields, map(schema.field, key.fields), strict=True))
        other = queries.get(key.resource)
        keys = other and f"SELECT {_texts(read)} FROM ({_values(connection, other, read)})"
        yield Rule(key.fields, "foreign-key", _lost(key.fields, keys))


def missing_partners(tables: Mapping[str, tuple[Path, Schema]]) -> list[dict[str, Any]]:
    """Count by key the rows that name what another table has not; all tables are Parquet."""
    found = []
    with _database().cursor() as connection:
        files = {name: f"SELECT * FROM read_parquet({quoted(path)})" for name, (path, _) in tables.items()}
        for name, (_, schema) in sorted(tables.items()):
            rules = _unmet(connection, schema, {**files, "": files[name]})
            for key, rule in zip(schema.foreign_keys, rules, strict=True):
                rows = _values(connection, files[name], {field: schema.field(field) for field in key.fields})
                example = f"min(concat_ws(', ', {', '.join(map(_value, key.fields))}))"
                query = f"SELECT count(*), {example} FROM ({rows}) WHERE {rule.broken}"
                ((count, example),) = connection.execute(query).fetchall()
                if count:
                    named = {"table": name, "fields": ", ".join(key.fields), "reference": key.resource or name}
                    found.append({**named, "rows": count, "example": example})
    return found
