"""Check a table against its Table Schema, on whole columns: every problem with its row, field, value and rule."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tikub_lab.tables.check_columns import Column, Mask, broken_constraints
from tikub_lab.tables.check_header import match_header
from tikub_lab.tables.check_keys import foreign_keys, key_problems
from tikub_lab.tables.delimited import read_delimited
from tikub_lab.tables.problems import HEADER_ROWS, Problem, Problems
from tikub_lab.tables.rules import custom_problems, refuse_unknown
from tikub_lab.tables.schema import Schema

__all__ = ["check", "foreign_keys"]


class _Table(NamedTuple):
    labels: tuple[str, ...]
    cells: pd.DataFrame
    extra: pd.DataFrame | None  # set for a delimited file: there, a cell that is not in `cells` is absent, not empty


def check(source: Path | str | pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Find every problem of a table.

    Parameters
    ----------
    source : path or DataFrame
        A delimited text file (see `tikub_lab.tables.delimited.read_delimited`), a DataFrame of text, or one that is
        typed already, such as Parquet gives: its values are held against the same constraints.
    schema : Schema
        Table Schema v2, with Validata's ``custom_checks`` and ours (`tikub_lab.tables.rules`).

    Returns
    -------
    DataFrame with columns row, field, value, rule
        Empty for a valid table. ``row`` counts records from the header, which is 1; ``value`` is what is written there.
        Rules of the header are those of `match_header`; of a row: ``blank-row`` (and then nothing else on its cells),
        ``missing-cell``, ``extra-cell``; of a cell: ``type-error`` and the name of the constraint (``required``,
        ``pattern``, ``minimum``…); of keys: ``unique``, ``primary-key``, ``unique-key``, ``foreign-key`` (within the
        table; see `foreign_keys`); of custom checks their own names.

    Raises
    ------
    UsageError
        When the source cannot be read, or the schema has a constraint or a custom check that makes no sense.

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
    refuse_unknown(schema)
    table = _table(source)
    header = match_header(table.labels, schema)
    problems = Problems()
    for item in header.problems:
        problems.add(Problem(np.array([HEADER_ROWS - 1]), item.field, [item.value], item.rule))
    columns = [Column.of(table.cells.iloc[:, position], field) for position, field in enumerate(header.fields)]
    named = {column.field.name: column for column in reversed(columns)}  # the first of repeated names
    blank = _blank_rows(columns)
    for position, column in enumerate(columns):
        problems.extend(_cell_problems(column, blank))
        if table.extra is not None:
            absent = np.flatnonzero(table.cells.iloc[:, position].isna().to_numpy() & ~blank)
            problems.add(Problem(absent + HEADER_ROWS, column.field.name, [""] * len(absent), "missing-cell"))
    problems.extend(_row_problems(table, blank))
    problems.extend(key_problems(named, schema))
    problems.extend(custom_problems(named, schema, blank))
    return problems.frame()


def _table(source: Path | str | pd.DataFrame) -> _Table:
    if isinstance(source, pd.DataFrame):
        return _Table(tuple(str(label) for label in source.columns), source, None)
    file = read_delimited(source)
    return _Table(file.labels, file.cells, file.extra)


def _blank_rows(columns: list[Column]) -> Mask:
    """Tell which rows have no value in any column."""
    if not columns:
        return np.zeros(0, dtype=bool)
    blank = columns[0].null[columns[0].codes]
    for column in columns[1:]:
        if not blank.any():
            break
        blank &= column.null[column.codes]
    return blank


def _cell_problems(column: Column, blank: Mask) -> Iterator[Problem]:
    for rule, distinct in broken_constraints(column):
        rows = column.rows(distinct)
        rows = rows[~blank[rows]]
        yield Problem(rows + HEADER_ROWS, column.field.name, column.text(rows), rule)


def _row_problems(table: _Table, blank: Mask) -> Iterator[Problem]:
    rows = np.flatnonzero(blank)
    yield Problem(rows + HEADER_ROWS, "", [""] * len(rows), "blank-row")
    if table.extra is not None and len(table.extra):
        extra = table.extra[~blank[table.extra["row"]]] if len(blank) else table.extra.iloc[:0]
        yield Problem(extra["row"].to_numpy() + HEADER_ROWS, "", extra["value"].tolist(), "extra-cell")
