"""Check tables against their Table Schema: rules become one query of SQL, which DuckDB runs over all rows."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables import identifiers
from tikub_lab.tables.casts import SQL, among, identifier, is_text, literal, sql
from tikub_lab.tables.database import quoted
from tikub_lab.tables.delimited import read_delimited
from tikub_lab.tables.frames import HEADER_ROWS
from tikub_lab.tables.schema import Field, Schema

DTYPES = {"row": "int64", "field": "str", "value": "str", "rule": "str"}
_BOUNDS = {"minimum": ">=", "maximum": "<=", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
_LENGTHS = {"minLength": ">=", "maxLength": "<="}
_NOTHING = "SELECT 0 AS key, '' AS field, '' AS value, '' AS rule, 0 AS place WHERE false"


class Rule(NamedTuple):
    """What rows may break: the columns concerned, a name, a condition, and what it is about if not `values`."""

    columns: tuple[str, ...]
    name: str
    broken: str
    rows: str = ""


def check(source: Path | str | pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Find every problem of a table.

    Parameters
    ----------
    source : path or DataFrame
        A delimited text file (see `tikub_lab.tables.delimited.read_delimited`), a DataFrame of text, or one that is
        typed already, such as Parquet gives: its values are held against the same constraints.
    schema : Schema
        Table Schema v2, with Validata's ``custom_checks``.

    Returns
    -------
    DataFrame with columns row, field, value, rule
        Empty for a valid table. ``row`` counts records from the header, which is 1; ``value`` is what is written there.
        Rules of the header: ``blank-header``, ``extra-label``, ``missing-label``, ``blank-label``, ``duplicate-label``,
        ``incorrect-label``, ``unmatched-header``; of a row: ``blank-row`` (and then nothing else on its cells),
        ``missing-cell``, ``extra-cell``; of a cell: ``type-error`` and the name of the constraint (``required``,
        ``pattern``, ``minimum``…); of keys: ``unique``, ``primary-key``, ``foreign-key`` (within the table; see
        `foreign_keys`); of custom checks their own names.

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
    odd: list[tuple[int, str, str, str]] = []
    if isinstance(source, pd.DataFrame):
        labels, extra = tuple(map(str, source.columns)), None
        columns = [source.iloc[:, at] for at in range(source.shape[1])]
    else:
        file = read_delimited(source)
        labels, extra = file.labels, file.extra
        columns = [file.cells.iloc[:, at] for at in range(file.cells.shape[1])]
    fields, odd = match_header(labels, schema)
    for check in schema.custom_checks:
        if check.name == "one-of-required" and not {field.name for field in fields} & set(check.columns):
            odd.append((1, ", ".join(check.columns), "", check.name))
    for column, field in zip(columns, fields, strict=False):
        odd += _not_text(column, field)
    numbered = {str(at): field for at, field in enumerate(fields)}
    cells = pa.table({"_row": pa.array(np.arange(len(columns[0]) if columns else 0) + HEADER_ROWS)} | {
        name: _arrow(column) for name, column in zip(numbered, columns, strict=False)
    })  # fmt: skip
    with duckdb.connect() as connection:
        connection.register("_cells", cells)
        found = run(
            connection, _problems(connection, "SELECT * FROM _cells", numbered, schema, "_row", extra is not None)
        )
    if extra is not None and fields:
        blank = set(found.loc[found["rule"] == "blank-row", "row"])
        rows = zip(extra["row"] + HEADER_ROWS, extra["value"], strict=True)
        odd += [(row, "", value, "extra-cell") for row, value in rows if row not in blank]
    found = pd.concat([pd.DataFrame(odd, columns=list(DTYPES)), found], ignore_index=True)
    return found.astype(DTYPES).sort_values("row", kind="stable", ignore_index=True)


def run(connection: Any, query: str) -> pd.DataFrame:
    """Return the problems that a query of `check_relation` or `references` finds, by row, in the order of the rules."""
    try:
        found = connection.execute(f"SELECT key AS row, field, value, rule FROM ({query}) ORDER BY key, place").df()
    except duckdb.InvalidInputException as error:  # a pattern that is one of Python only
        raise UsageError(f"A pattern of the schema can't be used: {str(error).splitlines()[0]}.") from None
    return found.astype(DTYPES)


def match_header(labels: tuple[str, ...], schema: Schema) -> tuple[list[Field], list[tuple[int, str, str, str]]]:
    """Find the field of each column (one of type ``any`` where the schema knows none), and problems of the header.

    Columns are matched by order for ``exact``, by name for the other values of ``fieldsMatch``.

    Examples
    --------
    >>> schema = Schema.from_dict({"fields": [{"name": "uai"}, {"name": "nom"}]})
    >>> match_header(("uai", "name", "x"), schema)[1]
    [(1, 'x', 'x', 'extra-label'), (1, 'nom', 'name', 'incorrect-label')]
    """
    if not any(labels):
        return [], [(1, "", "", "blank-header")]
    if schema.fields_match == "exact":
        count = len(schema.fields)
        fields = [*schema.fields[: len(labels)], *map(Field, labels[count:])]
        found = [(1, label, label, "extra-label") for label in labels[count:]]
        found += [(1, item.name, "", "missing-label") for item in schema.fields[len(labels) :]]
        for place, (item, label) in enumerate(zip(schema.fields, labels, strict=False)):
            if label != item.name or label in labels[:place]:
                kind = "incorrect" if label else "blank"
                found.append(
                    (1, item.name, label, f"{'duplicate' if label and label in labels[:place] else kind}-label")
                )
        return fields, found
    known, fields, found = {item.name: item for item in schema.fields}, [], []
    for place, label in enumerate(labels):
        repeated = label in labels[:place]  # the first of repeated columns is the field
        fields.append(Field(label) if repeated else known.get(label, Field(label)))
        if repeated or (label not in known and schema.fields_match not in {"subset", "partial"}):
            found.append((1, label, label, "duplicate-label" if repeated else "extra-label"))
    for name in schema.names:
        may_miss = schema.fields_match in {"superset", "partial"} and name not in schema.needed
        if name not in labels and not may_miss:
            found.append((1, name, "", "missing-label"))
    if schema.fields_match == "partial" and not set(known) & set(labels):
        found.append((1, "", "", "unmatched-header"))
    return fields, found


def _not_text(column: pd.Series, field: Field) -> Iterator[tuple[int, str, str, str]]:
    """Give the values of a column of text that are something else: in one of several types they become text too."""
    if column.dtype == object and field.type == "string":
        for row, value in enumerate(column, HEADER_ROWS):
            if not isinstance(value, str) and not pd.isna(value):
                yield row, field.name, str(value), "type-error"


def _arrow(column: pd.Series) -> pa.Array:
    if hasattr(column, "geom_type"):
        column = column.map(lambda shape: json.dumps(shape.__geo_interface__), na_action="ignore")
    if column.dtype == object and len({type(value) for value in column.dropna()}) > 1:
        column = column.map(str, na_action="ignore")  # Arrow would make one of several types
    return pa.array(column, from_pandas=True)


def _valid(check: Callable[[pd.Series], pd.Series]) -> Callable[[pa.ChunkedArray], pa.Array]:
    return lambda texts: pa.array(check(texts.to_pandas().astype("str")), pa.bool_())


def is_geojson(text: str) -> bool:
    """Tell whether a text is a GeoJSON object (RFC 7946).

    Examples
    --------
    >>> is_geojson('{"type": "Point", "coordinates": [-1.68, 48.11]}')
    True
    >>> is_geojson('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}')
    False
    """
    try:
        value = json.loads(text)
        features = value["features"] if value["type"] == "FeatureCollection" else [value]
        for item in features:
            if value["type"] in ("Feature", "FeatureCollection"):
                if item["type"] != "Feature" or not isinstance(item["properties"], dict | None):
                    return False
                item = item["geometry"]
            if item is not None:
                shape = shapely.from_geojson(json.dumps(item))
                if (shapely.get_num_coordinates(shapely.get_rings(shape)) == 3).any():
                    return False
    except (ValueError, TypeError, LookupError, RecursionError, shapely.errors.ShapelyError):
        return False
    return isinstance(features, list)


_FUNCTIONS = {
    "siret": _valid(identifiers.siret),
    "siren": _valid(identifiers.siren),
    "rna": _valid(identifiers.rna),
    "uai": _valid(identifiers.uai),
    "is_geojson": _valid(lambda texts: texts.map(is_geojson)),
}
"""What SQL has no words for, on texts, as functions of DuckDB."""


def check_relation(connection: Any, query: str, schema: Schema, key: str = "_row", more: Sequence[Rule] = ()) -> str:
    """Write the query that finds every problem of a relation in DuckDB; the caller runs it.

    Parameters
    ----------
    connection : DuckDB connection
        Functions that the query needs are registered on it, and its time zone is set to UTC.
    query : str
        A SELECT with a column ``key`` and those of the schema, text or typed. Those that it lacks are passed over.
    schema : Schema
    key : str
        A column of whole numbers that names a row, such as its line.
    more : sequence of Rule
        Rules beside those of the schema.

    Returns
    -------
    str
        A query with columns key, field, value, rule, and place, the order of the rules within a row.
    """
    kinds = _kinds(connection, query)
    columns = {field.name: field for field in schema.fields if field.name in kinds}
    return _problems(connection, query, columns, schema, key, more=more)


def _problems(
    connection: Any, query: str, columns: Mapping[str, Field], schema: Schema, key: str, ragged: bool = False,
    more: Sequence[Rule] = (),
) -> str:  # fmt: skip
    """Write the query for columns by their names in the relation; of several with one field, the first is meant."""
    if not columns:
        return _NOTHING
    prepare(connection)
    kinds = _kinds(connection, query)
    named = {field.name: name for name, field in reversed(list(columns.items()))}
    rules = [rule for name, field in columns.items() for rule in _cell_rules(name, field, kinds[name], ragged)]
    rules.append(Rule((), "blank-row", "_blank"))
    rules += [*_key_rules(schema, named, key), *_custom_rules(schema, named, columns), *more]
    return _told(rules, columns, key, values(query, columns, kinds))


def _told(rules: Sequence[Rule], columns: Mapping[str, Field], key: str, view: str) -> str:
    """Write the query that tells which rows break which rules: all that break any first, then each of them."""
    broken = " OR ".join(f"({rule.broken})" for rule in rules if not rule.rows)
    told = []
    for place, (names, rule, condition, rows) in enumerate(rules):
        field = ", ".join(columns[name].name for name in names)
        cells = ", ".join(f"coalesce({identifier(name)}::VARCHAR, '')" for name in names) or "''"
        told.append(
            f"SELECT {identifier(key)} AS key, {quoted(field)} AS field, concat_ws(', ', {cells}) AS value, "
            f"{quoted(rule)} AS rule, {place} AS place FROM {rows or '_broken'} WHERE {condition}"
        )
    some = f"SELECT * FROM _values WHERE {broken or 'false'}"
    tables = f"WITH _values AS NOT MATERIALIZED ({view}), _broken AS MATERIALIZED ({some})"
    return f"{tables} {' UNION ALL '.join(told)}"


def values(query: str, columns: Mapping[str, Field], kinds: Mapping[str, str]) -> str:
    """Write a query with the cells (``c NAME``, NULL where missing) and values (``v NAME``) of columns beside them."""
    cells, read = [], []
    for name, field in columns.items():
        text = identifier(name) + ("::VARCHAR" if kinds[name].startswith("ENUM") else "")
        cell = f"CASE WHEN {text} IN {among(field.missing_values)} THEN NULL ELSE {text} END"
        cells.append(f"{cell if is_text(kinds[name]) else text} AS {_cell(name)}")
        read.append(f"{sql(field, _cell(name), kinds[name])} AS {logical(name)}")
    blank = ", ".join(f"{_cell(name)}::VARCHAR" for name in columns)
    read.append(f"coalesce({blank}) IS NULL AS _blank")
    return f"SELECT *, {', '.join(read)} FROM (SELECT *, {', '.join(cells)} FROM ({query}))"


def prepare(connection: Any) -> None:
    """Give a connection what checks need: functions for what SQL has no words for, and UTC."""
    for name, valid in _FUNCTIONS.items():
        with suppress(duckdb.NotImplementedException):  # there already
            connection.create_function(name, valid, ["VARCHAR"], "BOOLEAN", type="arrow")
    connection.execute("SET TimeZone='UTC'")


def _kinds(connection: Any, query: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in connection.execute(f"DESCRIBE {query}").fetchall()}


def _cell(name: str) -> str:
    return identifier(f"c {name}")


def logical(name: str) -> str:
    """Name the value of a column's cell."""
    return identifier(f"v {name}")


def _cell_rules(name: str, field: Field, kind: str, ragged: bool) -> Iterator[Rule]:
    """Give the rules of a column; on a blank row none of them is broken."""
    cell, value = _cell(name), logical(name)
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
    if ragged:
        conditions["missing-cell"] = f"{identifier(name)} IS NULL"
    for rule, condition in conditions.items():
        yield Rule((name,), rule, f"NOT _blank AND ({condition})")


def _key_rules(schema: Schema, named: Mapping[str, str], key: str) -> Iterator[Rule]:
    """Give the rules across rows, and that parts of a primary key are there. The first of equal rows breaks none."""
    row = identifier(key)
    unique = [("unique", (field.name,)) for field in schema.fields if field.constraints.get("unique")]
    for rule, key_fields in [*unique, ("primary-key", schema.primary_key)]:
        names = tuple(named[name] for name in key_fields if name in named)
        if not names or len(names) < len(key_fields):
            continue
        read = ", ".join(map(logical, names))
        there = " AND ".join(f"{logical(name)} IS NOT NULL" for name in names)
        if rule == "primary-key":
            yield Rule(names, rule, f"NOT ({there})")
        first = f"SELECT {read}, min({row}) AS _first FROM _values WHERE {there} GROUP BY ALL HAVING count(*) > 1"
        yield Rule(names, rule, f"{row} > _first", f"_values JOIN ({first}) USING ({read})")
    for reference in schema.foreign_keys:
        if not reference.resource and {*reference.fields, *reference.reference_fields} <= named.keys():
            own, other = ([named[name] for name in part] for part in (reference.fields, reference.reference_fields))
            yield Rule(tuple(own), "foreign-key", lost(own, f"SELECT {_texts(other)} FROM _values"), "_values")


def _texts(names: Iterable[str]) -> str:
    """Write values of columns as texts ``k0``, ``k1``…: those of keys are compared whatever type each table has."""
    return ", ".join(f"{logical(name)}::VARCHAR AS k{place}" for place, name in enumerate(names))


def lost(names: Sequence[str], others: str) -> str:
    """Write the condition that a key is complete and not in a query of other ones."""
    same = " AND ".join(f"{logical(name)}::VARCHAR = k{place}" for place, name in enumerate(names))
    there = " AND ".join(f"{logical(name)} IS NOT NULL" for name in names)
    return f"{there} AND NOT EXISTS (SELECT 1 FROM ({others}) WHERE {same})"


def _custom_rules(schema: Schema, named: Mapping[str, str], columns: Mapping[str, Field]) -> Iterator[Rule]:
    """Give the custom checks; one whose column is absent is passed over, as ``missing-label`` tells it already."""
    for name, fields, op in ((check.name, check.columns, check.op) for check in schema.custom_checks):
        names = tuple(named[field] for field in fields if field in named)
        if name == "one-of-required" and names:  # an absent column has no value
            condition = " AND ".join(f"{_cell(one)} IS NULL" for one in names)
        elif len(names) < len(fields):
            continue
        elif name == "compare-columns-value":
            kinds = {SQL.get(columns[one].type, "VARCHAR").replace("HUGEINT", "DOUBLE") for one in names}
            read = [logical(one) for one in names]
            condition = f"NOT ({read[0]} {op} {read[1]})"
            if len(kinds - {"SMALLINT"}) > 1:  # a date and a number, say, are not in any order
                condition = f"{read[0]} IS NOT NULL AND {read[1]} IS NOT NULL"
        else:
            condition = f"NOT {name.split('-')[1]}({logical(names[0])}::VARCHAR)"
        yield Rule(names, name, f"NOT _blank AND ({condition})")


def references(connection: Any, query: str, schema: Schema, others: Mapping[str, str], key: str = "_row") -> str:
    """Write the query that finds the rows whose keys are not in other tables (queries); see `check_relation`."""
    connection.execute("SET TimeZone='UTC'")
    kinds = _kinds(connection, query)
    columns = {field.name: field for field in schema.fields if field.name in kinds}
    rules = []
    for names, resource, others_names in (
        (item.fields, item.resource, item.reference_fields) for item in schema.foreign_keys
    ):
        if resource in others and set(names) <= columns.keys():
            read = {other: columns[name] for name, other in zip(names, others_names, strict=True)}
            table = values(others[resource], read, _kinds(connection, others[resource]))
            rules.append(Rule(names, "foreign-key", lost(names, f"SELECT {_texts(others_names)} FROM ({table})")))
    return _told(rules, columns, key, values(query, columns, kinds)) if rules else _NOTHING


def missing_partners(connection: Any, relations: Mapping[str, str], schemas: Mapping[str, Schema]) -> pd.DataFrame:
    """Find the values of foreign keys that are in no other table.

    Parameters
    ----------
    connection : DuckDB connection
    relations, schemas : mapping of str
        By table: a SELECT, and its schema.

    Returns
    -------
    DataFrame with columns table, field, reference, value, rows
        ``rows``: how many have the value.
    """
    parts = []
    for table, schema in schemas.items():
        for item in schema.foreign_keys:
            one = dataclasses.replace(schema, foreign_keys=(item,))
            query = f"SELECT *, 0 AS _row FROM ({relations[table]})"
            found = references(connection, query, one, relations)
            parts.append(
                f"SELECT {quoted(table)} AS table, field, {quoted(item.resource)} AS reference, value, "
                f"count(*) AS rows FROM ({found}) GROUP BY ALL"
            )
    empty = "SELECT '' AS table, '' AS field, '' AS reference, '' AS value, 0 AS rows WHERE false"
    return connection.execute(" UNION ALL ".join([empty, *parts]) + " ORDER BY ALL").df()


def foreign_keys(frame: pd.DataFrame, schema: Schema, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Find the rows whose foreign keys do not exist in other tables.

    Parameters
    ----------
    frame : DataFrame
    schema : Schema
        Its ``foreignKeys`` are checked; rows with a missing part are left out, as in SQL.
    others : mapping of table name to DataFrame
        The tables that the keys refer to.

    Returns
    -------
    DataFrame with columns row, field, value, rule
        As `check` returns; the rule is ``foreign-key``.

    Raises
    ------
    UsageError
        When a key refers to a table that is not among the others, or to a column that it has not.

    Examples
    --------
    >>> key = {"fields": ["uid"], "reference": {"resource": "contracts", "fields": ["uid"]}}
    >>> schema = Schema.from_dict({"fields": [{"name": "uid"}], "foreignKeys": [key]})
    >>> suppliers, contracts = pd.DataFrame({"uid": ["a", "b", None]}), pd.DataFrame({"uid": ["a"]})
    >>> foreign_keys(suppliers, schema, {"contracts": contracts}).values.tolist()
    [[3, 'uid', 'b', 'foreign-key']]
    """
    tables = {"": frame, **others}
    for key in schema.foreign_keys:
        if key.resource not in tables:
            given = f"{nearest(key.resource, others)} Given: {', '.join(others) or 'none'}."
            raise UsageError(f"{schema.place}: foreignKeys refer to {key.resource!r}, not a table given.{given}")
        for table, names in ((frame, key.fields), (tables[key.resource], key.reference_fields)):
            if absent := sorted(set(names) - set(table.columns)):
                raise UsageError(f"{schema.place}: foreignKeys use the column {absent[0]!r}, which the table has not.")
    with duckdb.connect() as connection:
        queries = {}
        for number, (name, table) in enumerate(tables.items()):
            cells = {column: _arrow(table[column]) for column in table}
            rows = pa.array(np.arange(len(table)) + HEADER_ROWS)
            connection.register(f"_table{number}", pa.table({"_row": rows} | cells))
            queries[name] = f"SELECT * FROM _table{number}"
        return run(connection, references(connection, queries[""], schema, queries))
