"""Primary, unique and foreign keys: rules across the rows of a table, and across tables."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables.check_columns import Column, Rows
from tikub_lab.tables.problems import HEADER_ROWS, Problem, Problems
from tikub_lab.tables.schema import Schema


def key_problems(columns: Mapping[str, Column], schema: Schema) -> Iterator[Problem]:
    """Yield the rows that break the keys of a schema, and its constraints ``unique``.

    Rules: ``unique``; ``primary-key`` (a key with a missing part, or one that an earlier row has); ``unique-key``
    (``uniqueKeys``, where rows with a missing part are left out, as in SQL); ``foreign-key`` (to the same table).
    The first of equal rows is not a problem. A key of which the table lacks a column is not checked: the header tells.
    """
    for field in schema.fields:
        if field.constraints.get("unique") and field.name in columns:
            yield _repeated([columns[field.name]], "unique", null_breaks=False)
    for key, rule in [(schema.primary_key, "primary-key"), *((key, "unique-key") for key in schema.unique_keys)]:
        if key and set(key) <= set(columns):
            yield _repeated([columns[name] for name in key], rule, null_breaks=rule == "primary-key")
    for reference in schema.foreign_keys:
        names = {*reference.fields, *reference.reference_fields}
        if not reference.resource and names <= set(columns):
            own = [columns[name] for name in reference.fields]
            other = [columns[name] for name in reference.reference_fields]
            lost = ~_values(own).isin(_values(other)) & _complete(own)
            yield _problem(own, np.flatnonzero(lost), "foreign-key")


def foreign_keys(frame: pd.DataFrame, schema: Schema, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Find the rows whose foreign keys do not exist in other tables.

    Parameters
    ----------
    frame : DataFrame
        Typed as its schema says, like the others: keys are compared as values.
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
    problems = Problems()
    for key in schema.foreign_keys:
        if key.resource and key.resource not in others:
            given = f"{nearest(key.resource, others)} Given: {', '.join(others) or 'none'}."
            raise UsageError(f"{schema.place}: foreignKeys refer to {key.resource!r}, not a table given.{given}")
        other = others[key.resource] if key.resource else frame
        for table, names in ((frame, key.fields), (other, key.reference_fields)):
            if absent := sorted(set(names) - set(table.columns)):
                raise UsageError(f"{schema.place}: foreignKeys use the column {absent[0]!r}, which the table has not.")
        own = frame[list(key.fields)]
        known_keys = pd.MultiIndex.from_frame(other[list(key.reference_fields)].astype(object))
        lost = ~pd.MultiIndex.from_frame(own.astype(object)).isin(known_keys) & own.notna().all(axis=1).to_numpy()
        rows = np.flatnonzero(lost)
        values = [", ".join(map(str, values)) for values in own.iloc[rows].itertuples(index=False)]
        problems.add(Problem(rows + HEADER_ROWS, ", ".join(key.fields), values, "foreign-key"))
    return problems.frame()


def _repeated(columns: list[Column], rule: str, null_breaks: bool) -> Problem:
    identities = pd.DataFrame({position: column.identities() for position, column in enumerate(columns)})
    null = (identities < 0).any(axis=1).to_numpy()
    repeated = identities.duplicated().to_numpy() & ~null
    return _problem(columns, np.flatnonzero(repeated | null if null_breaks else repeated), rule)


def _complete(columns: list[Column]) -> Rows:
    return np.logical_and.reduce([column.usable[column.codes] for column in columns])


def _values(columns: list[Column]) -> pd.Series:
    """Return the logical values of each row as tuples."""
    return pd.Series(list(zip(*([column.values[code] for code in column.codes] for column in columns), strict=True)))


def _problem(columns: list[Column], rows: Rows, rule: str) -> Problem:
    names = ", ".join(column.field.name for column in columns)
    texts = zip(*(column.text(rows) for column in columns), strict=True)
    return Problem(rows + HEADER_ROWS, names, [", ".join(parts) for parts in texts], rule)
