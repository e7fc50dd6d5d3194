"""Tables between text and memory: typed DataFrames, read and written in one canonical form of CSV.

In memory, an enumeration is categorical and NaN a missing number; `casts.KINDS` has the other types.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables import casts
from tikub_lab.tables.atomic import write_atomic
from tikub_lab.tables.schema import Field, Schema

HEADER_ROWS = 2
"""The number of the first row of data: the header is row 1."""


def read_csv(path: Path | str, schema: Schema) -> pd.DataFrame:
    """Read a CSV file that is valid against its schema, such as `write_csv` makes, into the types of memory.

    One that is not is refused for the first thing that is wrong; `tikub_lab.tables.check` lists all.
    """
    ragged: list[int] = []

    def noted(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    # one thread: a process that others are forked from may have no other
    options = arrow.ReadOptions(use_threads=False, block_size=min(Path(path).stat().st_size + 1, 2**30))
    cut = arrow.ParseOptions(newlines_in_values=True, invalid_row_handler=noted)
    kept = arrow.ConvertOptions(column_types=dict.fromkeys(schema.names, pa.large_string()))
    try:
        table = arrow.read_csv(path, options, cut, kept)
    except pa.ArrowInvalid as error:
        raise RunError(f"{path}: not as tables are written ({error}). Make it again.") from None
    if (labels := tuple(table.column_names)) != schema.names:
        raise RunError(f"{path}: the columns are {', '.join(labels)}; expected {', '.join(schema.names)}.")
    if ragged:
        raise RunError(f"{path}, row {ragged[0]}: more or fewer cells than the header, which has {len(labels)}.")
    cells = {name: pd.array(column, dtype="str") for name, column in zip(labels, table.columns, strict=True)}
    return typed(pd.DataFrame(cells), schema, place=str(path))


def typed(frame: pd.DataFrame, schema: Schema, place: str = "table") -> pd.DataFrame:
    """Give columns the types of memory, whether they hold text or came typed, as from Parquet.

    Columns that are no field, such as a geometry, stay as they are.
    """
    result = frame.copy(deep=False)
    for field in schema.fields:
        if field.name in frame.columns:
            result[field.name] = _typed_column(frame[field.name], field, place)
    return result


def _typed_column(series: pd.Series, field: Field, place: str) -> pd.Series:
    dtype: Any = casts.KINDS[field.type].dtype or None
    if field.type == "string":
        allowed = field.constraints.get("enum")
        dtype = "str" if allowed is None else pd.CategoricalDtype(list(allowed))
    text = isinstance(series.dtype, pd.StringDtype)
    if text and (dtype is None or dtype == "str"):
        return series.mask(series.isin(list(field.missing_values)))
    if dtype is None or series.dtype == dtype:
        return series
    if not text and not isinstance(series.dtype, pd.CategoricalDtype):
        try:
            return series.astype(dtype)  # typed already, such as int64 for Int64
        except (TypeError, ValueError):  # the slower way says which value it is
            series = series.map(lambda cell: str(cell).removesuffix(".0"), na_action="ignore")
    codes, cells = pd.factorize(series)
    values = []
    for code, cell in enumerate(cells):  # in the order in which they first stand
        try:
            values.append(_read(cell, field))
        except ValueError:
            reason = "in its enumeration" if field.type == "string" else f"of type {field.type}"
            where = f"{place}, row {np.argmax(codes == code) + HEADER_ROWS}, field {field.name!r}"
            raise RunError(f"{where}: {str(cell)!r} is not {reason}.") from None
    return pd.Series([*values, None], dtype=object).astype(dtype).take(codes).set_axis(series.index)


def _read(cell: Any, field: Field) -> Any:
    """Return what a cell says, None if missing; refuse what is not of the type or has no room."""
    if cell in field.missing_values:
        return None
    value = casts.value(field, str(cell))
    if field.type == "string" and value not in field.constraints.get("enum", [value]):
        raise ValueError
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError
    return value


def write_csv(frame: pd.DataFrame, path: Path | str, schema: Schema) -> None:
    """Write a typed DataFrame as CSV, whole or not at all, the same bytes on any machine."""
    path, columns = Path(path), []
    for field in schema.fields:
        if field.name not in frame.columns:
            raise UsageError(f"{path}: the table has no column {field.name!r}, a field of its schema.")
        options = {"trueValues", "falseValues"} & set(field.raw)
        if options or (field.type in {"date", "datetime"} and field.format != "default"):
            raise UsageError(f"{path}: field {field.name!r} has options or a format; only default forms are written.")
        codes, distinct = pd.factorize(frame[field.name])
        cells = [*map(_WRITERS.get(field.type, str), distinct), ""]
        columns.append(np.array(cells, dtype=object)[codes])  # that of a missing value is -1, the last
    lines: list[str] = []
    csv.writer(SimpleNamespace(write=lines.append)).writerows([schema.names, *zip(*columns, strict=True)])
    text = "".join(line.removesuffix("\r\n") + "\n" for line in lines)  # with these ends it quotes all others
    write_atomic(path, text.encode("utf-8"))


_WRITERS: dict[str, Callable[[Any], str]] = {
    "integer": lambda value: str(int(value)),
    "year": lambda value: f"{int(value):04d}",
    "number": lambda value: repr(float(value)).removesuffix(".0").replace("inf", "INF"),
    "boolean": lambda value: "true" if value else "false",
    "date": lambda value: pd.Timestamp(value).date().isoformat(),
    "datetime": lambda value: pd.Timestamp(value).isoformat().replace("+00:00", "Z"),
}
