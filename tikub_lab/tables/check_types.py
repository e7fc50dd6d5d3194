"""The logical values of Table Schema's types: what a cell must say, and the Python value that it says.

`reader` compiles a field to a function from one cell to its logical value, which raises `ValueError` where the cell is
not of the type. A cell is text (from a delimited file), or already a value (from a typed DataFrame).
"""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tikub_lab.tables.schema import Field

Read = Callable[[Any], Any]

TRUE_VALUES = ("true", "True", "TRUE", "1")
FALSE_VALUES = ("false", "False", "FALSE", "0")

_NUMBER_OPTIONS = {"decimalChar", "groupChar", "bareNumber"}
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:nan|-?inf)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_AROUND_NUMBER = re.compile(r"^[^-+\d]+|\D+$", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?")
_DATETIME = re.compile(_DATE.pattern + "T" + _TIME.pattern)
_YEAR = re.compile(r"[0-9]{4}")
_YEARMONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_DURATION = re.compile(
    r"(-?)P(?=[0-9T])(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"
    r"(?:T(?=[0-9])(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_MONTH_SECONDS = Decimal("2629746")  # a twelfth of the Gregorian calendar's mean year

_WORD = r"[^\s@.\"(),:;<>\[\]\\]+"
_LABEL = r"[^\W_](?:[^\W_]|-(?=[\w-])){0,62}"
_STRINGS = {
    "email": re.compile(rf"(?=.{{1,64}}@){_WORD}(?:\.{_WORD})*@(?:{_LABEL}\.)+[^\W\d_](?:[\w-]*[^\W_])"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"),
}


class Duration(NamedTuple):
    """Months and seconds; ordered by their sum with months of mean length, as the calendar's months differ."""

    order: Decimal
    months: int
    seconds: Decimal


class Geopoint(NamedTuple):
    """Longitude and latitude in degrees."""

    lon: Decimal
    lat: Decimal


def reader(field: Field) -> Read:
    """Return the function that reads one cell of a field.

    Parameters
    ----------
    field : Field

    Returns
    -------
    function of one cell
        Returns the logical value: `str`, `int`, `Decimal` (numbers are exact), `bool`, `date`, `datetime` (with a time
        zone; UTC where none is written), `time` as a `datetime` on 2000-01-01, years as `int`, months as ``(year,
        month)``, `Duration`, `Geopoint`, `dict`, `list`. Raises `ValueError` for a cell that is not of the type.

    Examples
    --------
    >>> read = reader(Field("prix", "number", raw={"decimalChar": ",", "groupChar": " ", "bareNumber": False}))
    >>> read("1 234,50 €")
    Decimal('1234.50')
    >>> reader(Field("jour", "date"))("2024-02-30")
    Traceback (most recent call last):
    ValueError: day is out of range for month
    """
    if field.type in _NUMBERS:
        read = _NUMBERS[field.type]
        return partial(_formatted, read, field) if _NUMBER_OPTIONS & field.raw.keys() else read
    if field.type == "list":
        return partial(_list, reader(Field(field.name, field.raw.get("itemType", "string"))), field)
    return partial(_READERS[field.type], field)


UNREADABLE = object()
"""Stands for the logical value of a cell that has none."""

_REFUSALS = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError)


def logical(read: Read, cell: Any) -> Any:
    """Return the logical value of a cell, or `UNREADABLE`."""
    try:
        return read(cell)
    except _REFUSALS:
        return UNREADABLE


def all_logical(read: Read, cells: list[Any]) -> list[Any]:
    """Return the logical values of cells, faster where none is `UNREADABLE`."""
    try:
        return [read(cell) for cell in cells]
    except _REFUSALS:
        return [logical(read, cell) for cell in cells]


def _string(field: Field, cell: Any) -> str:
    if not isinstance(cell, str):
        raise ValueError
    if field.format == "binary":
        base64.b64decode(cell, validate=True)
    elif field.format in _STRINGS:
        _matched(_STRINGS[field.format], cell)
    return cell


def _number(cell: Any) -> Decimal:
    if isinstance(cell, str):
        text = cell.strip()
        if _NUMBER.fullmatch(text):
            return Decimal(text)
        raise ValueError
    if isinstance(cell, bool | np.bool_):
        raise ValueError
    return Decimal(repr(float(cell))) if isinstance(cell, float | np.floating) else Decimal(cell)


def _integer(cell: Any) -> int:
    if isinstance(cell, str):
        return int(_matched(_INTEGER, cell.strip()).group())
    if isinstance(cell, bool | np.bool_) or cell != int(cell):
        raise ValueError
    return int(cell)


def _formatted(read: Read, field: Field, cell: Any) -> Any:
    """Read a number that is written by the options of its field."""
    if not isinstance(cell, str):
        return read(cell)
    text = cell.strip()
    if field.raw.get("bareNumber") is False:
        text = _AROUND_NUMBER.sub("", text)
    if group := field.raw.get("groupChar"):
        text = text.replace(str(group), "")
    point = str(field.raw.get("decimalChar") or ".")
    if point != ".":
        if "." in text:
            raise ValueError
        text = text.replace(point, ".")
    return read(text)


def _boolean(field: Field, cell: Any) -> bool:
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if cell in field.raw.get("trueValues", TRUE_VALUES):
        return True
    if cell in field.raw.get("falseValues", FALSE_VALUES):
        return False
    raise ValueError


def _date(field: Field, cell: Any) -> date:
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise ValueError
        return cell.date()
    if isinstance(cell, date):
        return cell
    if field.format == "default":
        year, month, day = _matched(_DATE, cell).groups()
        return date(int(year), int(month), int(day))
    return _moment(field, cell).date()


def _datetime(field: Field, cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return _zoned(cell)
    if field.format == "default":
        return _zoned(datetime.fromisoformat(_matched(_DATETIME, cell).group()))
    return _zoned(_moment(field, cell))


def _time(field: Field, cell: Any) -> datetime:
    if isinstance(cell, time):
        moment = cell
    elif field.format == "default":
        moment = time.fromisoformat(_matched(_TIME, cell).group())
    else:
        moment = _moment(field, cell).timetz()
    return _zoned(datetime.combine(date(2000, 1, 1), moment))


def _moment(field: Field, cell: Any) -> datetime:
    """Read a date or a time by the field's pattern, or by whatever means for the format ``any``."""
    if field.format == "any":
        from dateutil import parser  # type: ignore[import-untyped]

        return parser.parse(cell)
    return datetime.strptime(cell, field.format)


def _zoned(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _year(field: Field, cell: Any) -> int:
    if isinstance(cell, str):
        return int(_matched(_YEAR, cell).group())
    year = _integer(cell)
    if not 0 <= year <= 9999:
        raise ValueError
    return year


def _yearmonth(field: Field, cell: Any) -> tuple[int, int]:
    year, month = _matched(_YEARMONTH, cell).groups()
    return int(year), int(month)


def _duration(field: Field, cell: Any) -> Duration:
    if isinstance(cell, timedelta):
        seconds = Decimal(repr(cell.total_seconds()))
        return Duration(seconds, 0, seconds)
    minus, *parts = _matched(_DURATION, cell).groups()
    years, months, days, hours, minutes, rest = (Decimal(part or 0) * (-1 if minus else 1) for part in parts)
    total = int(years * 12 + months)
    seconds = days * 86400 + hours * 3600 + minutes * 60 + rest
    return Duration(total * _MONTH_SECONDS + seconds, total, seconds)


def _geopoint(field: Field, cell: Any) -> Geopoint:
    if field.format == "default" and isinstance(cell, str):
        lon, lat = (Decimal(_matched(_NUMBER, part.strip()).group()) for part in cell.split(","))
    else:
        pair = json.loads(cell) if isinstance(cell, str) else cell
        if isinstance(pair, dict):
            if field.format != "object" or len(pair) != 2:
                raise ValueError
            pair = (pair["lon"], pair["lat"])
        elif field.format == "object":
            raise ValueError
        if any(isinstance(part, str) for part in pair):
            raise ValueError
        lon, lat = (_number(part) for part in pair)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError
    return Geopoint(lon, lat)


def _json(kind: type, field: Field, cell: Any) -> Any:
    value = json.loads(cell) if isinstance(cell, str) else cell
    value = list(value) if kind is list and isinstance(value, tuple | np.ndarray) else value
    if not isinstance(value, kind):
        raise ValueError
    return value


def _list(read: Read, field: Field, cell: Any) -> list[Any]:
    items = cell.split(field.raw.get("delimiter", ",")) if isinstance(cell, str) else _json(list, field, cell)
    return [read(item) for item in items]


def _geojson(field: Field, cell: Any) -> dict[str, Any]:
    from tikub_lab.tables.check_geojson import is_geojson, is_topojson

    value = _json(dict, field, getattr(cell, "__geo_interface__", cell))
    if not (is_topojson if field.format == "topojson" else is_geojson)(value):
        raise ValueError
    return value


def _any(field: Field, cell: Any) -> Any:
    return cell


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError
    return match


_NUMBERS: dict[str, Read] = {"number": _number, "integer": _integer}

_READERS: dict[str, Callable[[Field, Any], Any]] = {
    "string": _string,
    "boolean": _boolean,
    "object": partial(_json, dict),
    "array": partial(_json, list),
    "datetime": _datetime,
    "date": _date,
    "time": _time,
    "year": _year,
    "yearmonth": _yearmonth,
    "duration": _duration,
    "geopoint": _geopoint,
    "geojson": _geojson,
    "any": _any,
}
