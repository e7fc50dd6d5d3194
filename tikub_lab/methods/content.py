"""What a value holds, as bytes of a hash: tables by their names, types and values, plain values by theirs."""

import dataclasses
import datetime
import enum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

PLAIN = {str, int, float, bool, bytes, type(None), datetime.date, datetime.datetime, datetime.timedelta, range}


def feed(key: Any, value: Any) -> None:
    """Put a value into a hash, with its type; what can't be told by its value raises."""
    kind = type(value)
    key.update(f"{kind.__module__}.{kind.__qualname__}\0".encode())
    if isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
        frame = value if isinstance(value, pd.DataFrame) else value.to_frame()
        columns = [*map(frame.index.get_level_values, range(frame.index.nlevels)), *(c for _, c in frame.items())]
        names = [list(frame.columns), list(frame.columns.names), list(frame.index.names)]
        feed(key, [frame.attrs, *names, [_kind(column) for column in columns]])
        table = pa.Table.from_arrays([*map(_values, columns)], [*map(str, range(len(columns)))]).combine_chunks()
        for batch in table.to_batches():  # the same bytes for a slice and its copy
            key.update(batch.serialize())
    elif kind in PLAIN or isinstance(value, (np.generic, pd.Timestamp, pd.Timedelta, enum.Enum)):
        key.update(repr(value).encode("utf-8", "surrogatepass") + b"\0")
    elif kind in (list, tuple, dict):
        key.update(f"{len(value)}\0".encode())
        for item in value.items() if kind is dict else value:
            feed(key, item)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        feed(key, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    else:
        raise TypeError(f"no key for a {kind.__name__}: pass tables and plain values.")


def _kind(column: Any) -> list[Any]:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return [str(dtype), dtype.ordered, dtype.categories]
    if column.dtype == object and (held := pd.api.types.infer_dtype(column)) not in {"string", "bytes", "empty"}:
        raise TypeError(f"no key for a column of {held} objects ({column.name}): give it a type.")
    return [str(dtype), str(column.crs) if str(dtype) == "geometry" else ""]


def _values(column: Any) -> Any:
    column = column.to_wkb() if str(column.dtype) == "geometry" else column
    return pa.array(getattr(column.array, "codes", column.array), from_pandas=True)
