"""One column of a table by its distinct values: each is read and compared once, however many rows hold it."""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tikub_lab.errors import UsageError
from tikub_lab.tables.check_types import UNREADABLE, all_logical, logical, reader
from tikub_lab.tables.schema import Field

Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]

_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": operator.ge,
    "maximum": operator.le,
    "exclusiveMinimum": operator.gt,
    "exclusiveMaximum": operator.lt,
}
_LENGTHS: dict[str, Callable[[int, int], bool]] = {"minLength": operator.ge, "maxLength": operator.le}


@dataclass
class Column:
    """A column, factorised.

    Attributes
    ----------
    codes : array of shape (rows,)
        Which distinct value each row holds.
    written, values : list
        The distinct values as they stand in the source, and read (of use where `usable` only).
    null, broken : bool array of shape (distinct values,)
        Which are missing values, and which are not of the field's type.
    """

    field: Field
    codes: Rows
    written: list[Any]
    values: list[Any]
    null: Mask
    broken: Mask

    @classmethod
    def of(cls, series: pd.Series, field: Field) -> "Column":
        """Read a column: text, or values already of the field's type."""
        codes, written = _factorised(series)
        missing = set(field.missing_values)
        null = np.array([isinstance(cell, str) and cell in missing for cell in written] + [True])
        written = [*written, None]
        codes = np.where(codes < 0, len(written) - 1, codes)
        if _plain_text(series, field):
            return cls(field, codes, written, written, null, np.zeros(len(written), dtype=bool))
        there = np.flatnonzero(~null).tolist()
        values: list[Any] = [None] * len(written)
        for place, value in zip(there, all_logical(reader(field), [written[place] for place in there]), strict=True):
            values[place] = value
        broken = np.array([value is UNREADABLE for value in values])
        return cls(field, codes, written, values, null, broken)

    @property
    def usable(self) -> Mask:
        """Which distinct values are of the type and not missing."""
        return ~(self.null | self.broken)

    def rows(self, distinct: Mask) -> Rows:
        """Return the positions of the rows that hold some of the distinct values."""
        return np.flatnonzero(distinct[self.codes]) if distinct.any() else np.empty(0, dtype=np.intp)

    def text(self, rows: Rows) -> list[str]:
        """Return what stands in some rows, as text; ``""`` where nothing does."""
        return ["" if self.written[code] is None else str(self.written[code]) for code in self.codes[rows]]

    def identities(self) -> Rows:
        """Return a number for the logical value of each row: the same for equal values, -1 where there is none."""
        if self.values is self.written:  # text: distinct as it stands
            return np.where(self.usable, np.arange(len(self.values)), -1)[self.codes]
        known: dict[Any, int] = {}
        numbers = np.full(len(self.values), -1, dtype=np.intp)
        for position in np.flatnonzero(self.usable):
            numbers[position] = known.setdefault(_hashable(self.values[position]), len(known))
        return numbers[self.codes]


def broken_constraints(column: Column) -> Iterator[tuple[str, Mask]]:
    """Yield each rule that distinct values of a column break, with those values.

    The rule of a constraint is its name in the schema (``required``, ``pattern``, ``minimum``…; ``categories`` for the
    property of that name). A value that is not of the type breaks ``type-error``, and no constraint.
    """
    yield "type-error", column.broken
    if column.field.constraints.get("required"):
        yield "required", column.null
    usable = np.flatnonzero(column.usable)
    values = [column.values[place] for place in usable.tolist()]
    for rule, keeps in _predicates(column.field):
        breaks = np.zeros(len(column.values), dtype=bool)
        breaks[usable] = [not keeps(value) for value in values]
        yield rule, breaks


def _predicates(field: Field) -> Iterator[tuple[str, Callable[[Any], bool]]]:
    for rule, limit in field.constraints.items():
        if rule in _BOUNDS:
            yield rule, _bound(_BOUNDS[rule], _constant(field, rule, limit))
        elif rule in _LENGTHS:
            yield rule, _length(_LENGTHS[rule], limit)
        elif rule == "pattern":
            yield rule, _matching(re.compile(limit))
        elif rule == "enum":
            yield rule, _among([_constant(field, rule, item) for item in limit])
        elif rule == "jsonSchema":
            yield rule, _json_schema(field, limit)
    if field.categories is not None:
        yield "categories", _among([_constant(field, "categories", item) for item in field.categories])


def _constant(field: Field, rule: str, limit: Any) -> Any:
    """Read a value of the schema as the field's cells are read."""
    value = logical(reader(field), limit)
    if value is UNREADABLE:
        raise UsageError(f"field {field.name!r}: {rule} {limit!r} is not of the field's type, {field.type}.")
    return value


def _bound(compare: Callable[[Any, Any], bool], limit: Any) -> Callable[[Any], bool]:
    def keeps(value: Any) -> bool:
        try:
            return compare(value, limit)
        except InvalidOperation:  # NaN is within no bound
            return False

    return keeps


def _length(compare: Callable[[int, int], bool], limit: int) -> Callable[[Any], bool]:
    return lambda value: compare(len(value), limit)


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _among(allowed: list[Any]) -> Callable[[Any], bool]:
    keys = {_hashable(value) for value in allowed}
    return lambda value: _hashable(value) in keys


def _json_schema(field: Field, schema: Any) -> Callable[[Any], bool]:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    kind = validator_for(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise UsageError(f"field {field.name!r}: jsonSchema is not a JSON Schema ({error.message}).") from None
    return kind(schema).is_valid


def _hashable(value: Any) -> Any:
    """Return a value that is equal for equal values and can be hashed; JSON's true is not its 1."""
    if isinstance(value, dict):
        return dict, frozenset((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, list):
        return list, tuple(_hashable(item) for item in value)
    return (bool, value) if isinstance(value, bool) else value


def _plain_text(series: pd.Series, field: Field) -> bool:
    """Tell whether the cells of a column are their own logical values, and need not be read."""
    kind = getattr(series.dtype, "categories", series).dtype
    return field.type == "string" and field.format == "default" and isinstance(kind, pd.StringDtype)


def _factorised(series: pd.Series) -> tuple[Rows, list[Any]]:
    """Return codes (-1: nothing there) and distinct values; every row its own value where values cannot be hashed."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return np.asarray(series.cat.codes, dtype=np.intp), series.cat.categories.tolist()
    try:
        codes, distinct = series.factorize()
    except TypeError:
        cells = series.tolist()
        absent = np.array([cell is None or cell is pd.NA for cell in cells], dtype=bool)
        return np.where(absent, -1, np.arange(len(cells), dtype=np.intp)), cells
    return np.asarray(codes, dtype=np.intp), list(distinct.tolist())
