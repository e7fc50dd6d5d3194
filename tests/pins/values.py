"""What a pin holds: any result as plain values, on disk in small files, and the difference between two of them.

A result is made plain once (:func:`plain`): a table becomes a :class:`Frame` of columns, a dataclass its public fields
and properties, a date ISO text, anything missing None. Its own order is kept: where rows are ranked, the order is part
of the result. An index without a name and of whole numbers is left out, since no reader sees it.

Two numbers are equal when they agree to twelve significant digits, those of a column measured by its largest one:
the last bit of a sum differs from one processor to another, and nobody reads it. What is fitted or solved
(:data:`FITTED`) agrees to seven: with another processor's linear algebra the density test moved by 1e-9.
"""

import dataclasses
import enum
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import parquet

DIGITS = 12
_SOLVED = ("jump", "at_thresholds", "density", "fit", "fit_many", "gestures.measures")
FITTED = dict.fromkeys((*_SOLVED, "alerts.survey", "alerts.Survey"), 7)
"""Digits of what linear algebra gives, by public name: what moved under OPENBLAS_CORETYPE=Nehalem."""
NOTHING = 1e-12
"""What is fitted may miss zero by this, such as the bias of a model on its own sample."""
LONG = 150
"""Rows from which a table is a Parquet file of its own."""
TIMES = {"seconds"}
"""Fields that no two runs share."""


@dataclasses.dataclass
class Frame:
    """A table as lists of plain values, by column."""

    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*self.columns.values(), strict=True))


def plain(value: Any) -> Any:
    """Return a result as None, bool, int, float, str, list, dict or Frame; refuse what would not be compared."""
    if isinstance(value, pd.DataFrame):
        return _frame(value)
    if isinstance(value, pd.Series | pd.Index):
        return _frame(value.to_frame("valeur") if isinstance(value, pd.Series) else pd.DataFrame({"valeur": value}))
    if isinstance(value, np.ndarray):
        return _frame(pd.DataFrame(value).add_prefix("c")) if value.ndim <= 2 else [plain(part) for part in value]
    if isinstance(value, Mapping):
        return {str(_scalar(key)): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value))
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return _scalar(value)


def _fields(value: Any) -> dict[str, Any]:
    kind = type(value)
    names = [item.name for item in dataclasses.fields(value)]
    names += [name for name, part in vars(kind).items() if isinstance(part, property)]
    shown = [name for name in names if not name.startswith("_") and name not in TIMES]
    return {name: plain(item) for name in shown if not callable(item := getattr(value, name))}


def _frame(table: pd.DataFrame) -> Frame:
    named = any(name is not None for name in table.index.names)
    if named or not pd.api.types.is_integer_dtype(table.index.dtype):
        names = [name or f"index {place}" for place, name in enumerate(table.index.names)]
        table = table.set_axis(table.index.set_names([f"[{name}]" for name in names])).reset_index()
    if table.columns.duplicated().any():
        raise TypeError(f"Two columns of one name: {list(table.columns)}")
    return Frame({str(name): _column(table[name]) for name in table})


def _column(column: pd.Series) -> list[Any]:
    if pd.api.types.is_float_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        return [
            None if missing else _scalar(item) for item, missing in zip(column.tolist(), column.isna(), strict=True)
        ]
    return [plain(item) if isinstance(item, list | dict | np.ndarray) else _scalar(item) for item in column.tolist()]


def _scalar(value: Any) -> Any:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        if math.isnan(value):
            return None
        return str(float(value)) if math.isinf(value) else float(value)
    if isinstance(value, np.datetime64 | np.timedelta64):
        return _scalar(pd.Timestamp(value) if isinstance(value, np.datetime64) else pd.Timedelta(value))
    if isinstance(value, pd.Timestamp | datetime | date):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, str):
        return str(value)
    if isinstance(value, pd.Timedelta | pd.Period | pd.Interval):
        return str(value)
    raise TypeError(f"{type(value).__name__}: say how it is compared, in tests/pins/values.py")


# What may be kept of real data


def masked(value: Any) -> Any:
    """Return what tells that a result of real data is the same, without its rows: counts, sums and hashes."""
    if isinstance(value, Frame):
        return {"rows": len(value), **{name: _mask(column) for name, column in value.columns.items()}}
    if isinstance(value, dict):
        return {name: masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return _hidden(value) if isinstance(value, str) else value


SUMS = ("known", "sum", "squares", "ranked")
"""What stays of a column of numbers: how many, their sum, that of their squares, and one in which order counts."""


def _mask(column: list[Any]) -> str | dict[str, Any]:
    """Return the sums of a column of numbers, a hash of any other."""
    known = [item for item in column if item is not None]
    if all(isinstance(item, int | float) and not isinstance(item, bool) for item in known):
        weights = [rank * (item or 0) for rank, item in enumerate(column, 1)]
        sums = (len(known), math.fsum(known), math.fsum(item * item for item in known), math.fsum(weights))
        return dict(zip(SUMS, sums, strict=True))
    text = json.dumps(column, ensure_ascii=False, default=vars)
    return f"{len(known)} of {len(set(map(str, known)))} kinds {_hash(text)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _hidden(text: str) -> str:
    """Return the figures of a text and a hash of it; long runs of digits are identifiers, and stay out."""
    figures = re.findall(r"\d+(?:[ .,]\d+)*(?: ?[%€])?", re.sub(r"\d{9,}", "", text))
    return " ".join([*figures[:20], f"#{_hash(text)}"])


def hidden_lines(lines: list[str]) -> list[str]:
    """Return the lines of a page of real data, each as its figures and a hash."""
    return list(map(_hidden, lines))


# On disk


def write(pins: Mapping[str, Any], folder: Path) -> None:
    """Write results: one JSON file, a row a line, and beside it a Parquet file for each long table."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = {name: _stored(value, folder, name) for name, value in pins.items()}
    (folder / "results.json").write_text(_json(shown) + "\n", encoding="utf-8")


def _stored(value: Any, folder: Path, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _stored(item, folder, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_stored(item, folder, f"{name}.{place}") for place, item in enumerate(value)]
    if not isinstance(value, Frame):
        return value
    if len(value) < LONG:
        return {"columns": list(value.columns), "rows": [list(row) for row in value.rows()]}
    path = folder / (re.sub(r"[^\w.=,-]+", "_", name).strip("_") + ".parquet")
    if path.exists():
        raise ValueError(f"{path.name}: two results have this name")
    table = pd.DataFrame({name: _homogeneous(column) for name, column in value.columns.items()})
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False).replace_schema_metadata()
    parquet.write_table(arrow, path, compression="zstd", compression_level=19)
    return {"parquet": path.name}


def _homogeneous(column: list[Any]) -> pd.Series:
    kinds = {type(item) for item in column if item is not None}
    if kinds == {int}:
        return pd.Series(column, dtype="Int64")
    if kinds <= {int, float}:
        return pd.Series(column, dtype="float64")
    if kinds == {bool}:
        return pd.Series(column, dtype="boolean")
    return pd.Series([item if isinstance(item, str | None) else json.dumps(item) for item in column], dtype="str")


def read(folder: Path) -> dict[str, Any]:
    """Read what :func:`write` wrote."""
    path = folder / "results.json"
    return _loaded(json.loads(path.read_text(encoding="utf-8")), folder) if path.exists() else {}


def _loaded(value: Any, folder: Path) -> Any:
    if isinstance(value, list):
        return [_loaded(item, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"parquet"}:
        return _frame(pd.read_parquet(folder / value["parquet"]))
    if set(value) == {"columns", "rows"}:
        rows = value["rows"]
        return Frame({name: [row[place] for row in rows] for place, name in enumerate(value["columns"])})
    return {key: _loaded(item, folder) for key, item in value.items()}


def _json(value: Any, depth: int = 0) -> str:
    """Write JSON that a diff can be read in: what holds nothing but single values stands on one line."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(part, dict | list) for part in parts):
        return json.dumps(value, ensure_ascii=False)
    space = " " * (depth + 1)
    if isinstance(value, dict):
        inner = [f"{json.dumps(key, ensure_ascii=False)}: {_json(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(space + line for line in inner) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(space + _json(item, depth + 1) for item in value) + "\n" + " " * depth + "]"


# Differences


def differences(before: Any, after: Any, where: str = "", digits: int = DIGITS) -> Iterator[str]:
    """Say what differs, a line each: where, from what, to what."""
    if isinstance(before, Frame) and isinstance(after, Frame):
        yield from _frames(before, after, where, digits)
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            place = f"{where}.{name}" if where else name
            if name not in after:
                yield f"{place}: gone ({_short(before[name])})"
            elif name not in before:
                yield f"{place}: new ({_short(after[name])})"
            elif tuple(before) != SUMS or not same(before[name], after[name], _size(before, name), digits):
                yield from differences(before[name], after[name], place, digits)
    elif isinstance(before, list) and isinstance(after, list) and len(before) != len(after):
        yield f"{where}: {len(before)} values → {len(after)}: {_short(before)} → {_short(after)}"
    elif isinstance(before, list) and isinstance(after, list):
        scale = _scale([*before, *after])
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            if not same(old, new, scale, digits):
                yield from differences(old, new, f"{where}[{place}]", digits)
    elif not same(before, after, 0.0, digits):
        yield f"{where}: {_short(before)} → {_short(after)}"


def _size(sums: dict[str, Any], name: str) -> float:
    """How large a sum could be if nothing in it cancelled."""
    largest = math.sqrt(sums["known"] * sums["squares"])
    return {"sum": largest, "ranked": largest * sums["known"]}.get(name, 0.0)


def _frames(before: Frame, after: Frame, where: str, digits: int) -> Iterator[str]:
    if list(before.columns) != list(after.columns):
        gone, new = set(before.columns) - set(after.columns), set(after.columns) - set(before.columns)
        found = [f"{word} {sorted(names)}" for word, names in (("gone", gone), ("new", new)) if names]
        yield f"{where}: columns {', '.join(found) or 'in another order'}"
    names = [name for name in before.columns if name in after.columns]
    old, new = (Frame({name: table.columns[name] for name in names}) for table in (before, after))
    if len(old) != len(new):
        yield f"{where}: {len(old)} rows → {len(new)}"
        yield from _moved(old, new, where)
        return
    scales = {name: _scale([*old.columns[name], *new.columns[name]]) for name in names}
    wrong = {name: _unlike(old.columns[name], new.columns[name], scales[name], digits) for name in names}
    places = sorted({place for found in wrong.values() for place in found})
    if not places:
        return
    if not list(_moved(old, new, where)):
        yield f"{where}: the same rows to nine digits, in another order or with other digits"
        return
    for place in places[:6]:
        label = next((item for item in old.rows()[place] if isinstance(item, str)), "")
        cells = [
            f"{name} {_short(old.columns[name][place])} → {_short(new.columns[name][place])}"
            for name in names
            if place in wrong[name]
        ]
        yield f"{where}[{place}] {label}: {'; '.join(cells[:8])}"
    if len(places) > 6:
        counts = ", ".join(f"{name} {len(found)}" for name, found in wrong.items() if found)
        yield f"{where}: {len(places)} of {len(old)} rows differ ({counts})"


def _unlike(old: list[Any], new: list[Any], scale: float, digits: int) -> list[int]:
    return [place for place, pair in enumerate(zip(old, new, strict=True)) if not same(*pair, scale, digits)]


def _moved(old: Frame, new: Frame, where: str) -> Iterator[str]:
    """Rows that stand in one table only, whatever their order."""
    before, after = (Counter(map(_row, table.rows())) for table in (old, new))
    for sign, found in (("−", before - after), ("+", after - before)):
        rows = list(found.elements())
        yield from (f"{where} {sign} {_short(row)}" for row in rows[:4])
        if len(rows) > 4:
            yield f"{where} {sign} {len(rows) - 4} more"


def _row(row: tuple[Any, ...]) -> str:
    return " | ".join(f"{item:.9g}" if isinstance(item, float) else str(item) for item in row)


def _short(value: Any) -> str:
    text = f"{len(value)} rows" if isinstance(value, Frame) else str(value)
    return text if len(text) <= 160 else text[:159] + "…"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scale(values: list[Any]) -> float:
    return max((abs(item) for item in values if _number(item)), default=0.0)


def same(before: Any, after: Any, scale: float = 0.0, digits: int = DIGITS) -> bool:
    """Whether two plain values are equal: numbers to so many digits, of which ``scale`` is the size of their column."""
    if _number(before) and _number(after):
        free = NOTHING if digits < DIGITS else 0.0
        most = 5 * 10.0**-digits * max(abs(before), abs(after)) + 10.0**-DIGITS * scale
        return abs(before - after) <= max(most, free)
    if isinstance(before, Frame | dict | list) or isinstance(after, Frame | dict | list):
        return type(before) is type(after) and not any(differences(before, after, "", digits))
    return before is after or (type(before) is type(after) and before == after)
