"""Words: the heading and unit of a column, how its values are written, by its name, and templates of both.

They are looked up in the call, in ``words.csv`` of the use cases whose tables were loaded, in the Table Schemas of
these tables, then in the ``words.csv`` and the schemas of all: what else is imported changes no page.
"""

import csv
import datetime
import re
import string
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, partial
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.show import french
from tikub_lab.show.french import NNBSP, number, plain
from tikub_lab.show.output import safe

Form = Callable[[Any], str] | str  # a function, or what stands behind a colon in a sentence: "€", "%1", "kWh"

AS_THEY_ARE = ("année", "identifiant")  # units of numbers that count nothing: 2025 is no 2 025
SCALES = re.compile(r"(€|kWh|kgCO2e)((?: HT| TTC|/an| par an)?)$")


class Word(NamedTuple):
    """What a column is called, and its unit: as written, or « année », « identifiant »."""

    heading: str
    unit: str = ""


def word(name: object) -> Word:
    """Look a column up by its name; of one that nothing describes, the name itself."""
    from tikub_lab.tables.package import open_package, used
    from tikub_lab.tables.schema import read_schemas

    name, tables = str(name), used()
    loaded = {item["table"].partition("/")[0] for item in tables}
    if near := _named(name, loaded):
        return near
    try:
        schemas = read_schemas(open_package().schemas())
    except UsageError:  # a notebook far from any workbench has its own words only
        schemas = {}
    found = {table: _word(item) for table, schema in schemas.items() for item in schema.fields if item.name == name}
    for item in tables:
        if item["table"] in found:
            return found[item["table"]]
    if far := _named(name, {*_homes()} - loaded):
        return far
    if known := list(found.values()):  # what most tables call it, in the fewest letters
        return min(known, key=lambda found: (-known.count(found), len(found.heading), found))
    return Word(name.replace("_", " "), "année" if re.fullmatch(r"(?i)ann[eé]e.*|year", name) else "")


def _word(field: Any) -> Word:
    unit = "année" if field.type == "year" else field.raw.get("unit") or field.unit
    return Word(field.title.removesuffix(f" ({field.unit})") or field.name, unit)


@cache
def _homes() -> dict[str, Path]:
    """Return ``words.csv`` of each use case."""
    return {path.parent.name: path for path in sorted(Path(__file__).parents[1].glob("*/words.csv"))}


def _named(name: str, use_cases: Collection[str]) -> Word | None:
    """Return what ``words.csv`` of some use cases says of a name."""
    sheets = (_sheet(path) for use_case, path in _homes().items() if use_case in use_cases)
    return next((sheet[name] for sheet in sheets if name in sheet), None)


@cache
def _sheet(path: Path) -> dict[str, Word]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["name"]: Word(row["heading"], row["unit"] or "") for row in csv.DictReader(file)}


def need(frame: pd.DataFrame, columns: list[Any], what: str) -> None:
    """Refuse columns that a frame lacks, in one line that says which it has."""
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(f"{what} takes a DataFrame or a Series; found {type(frame).__name__}.")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise UsageError(f"{what}: the column {twice!r} comes twice. Rename one.")
    for name in columns:
        if name not in frame.columns:
            has = ", ".join(map(str, frame.columns)) or "none"
            raise UsageError(f"{what}: no column {name!r}.{nearest(str(name), map(str, frame.columns))} It has {has}.")


@dataclass(frozen=True)
class Measure:
    """How the values of one column are written, all in one unit.

    ``write`` gives the value alone, ``unit`` is what a heading adds, ``size`` what values are divided by, ``right``
    whether they stand at the right of a table's cell, ``counts`` whether they are whole numbers of no unit.
    """

    heading: str
    write: Callable[[Any], str]
    unit: str = ""
    size: float = 1.0
    right: bool = True
    counts: bool = False

    def alone(self) -> "Measure":
        """Return how a value is written where no column has to line up: 152, not 152,0."""
        return replace(self, write=lambda value: french.trimmed(self.write(value)))

    @property
    def full_heading(self) -> str:
        return f"{self.heading} ({self.unit})" if self.unit else self.heading

    def full(self, value: Any) -> str:
        text = self.write(value)
        return text + NNBSP + self.unit if self.unit and text != french.MISSING else text


def measure(
    values: Any, name: object, labels: Mapping[str, str] | None = None, forms: Mapping[str, Form] | None = None,
    unit: str | None = None,
) -> Measure:  # fmt: skip
    """Decide how the values of a column are written."""
    known = word(name)
    heading = (labels or {}).get(str(name), known.heading)
    series = pd.Series(values)
    numeric, form = is_number(series), (forms or {}).get(str(name))
    if callable(form):
        return Measure(heading, form, right=numeric)
    unit = form or (unit if unit is not None else known.unit if numeric else "")
    if not numeric:
        return Measure(heading, partial(written, spec=form) if form else text_of, right=is_time(series))
    if unit in AS_THEY_ARE or unit[:1] in ("%", ".") or (form and not is_unit(form)):  # a noun agrees
        return Measure(heading, partial(written, spec=unit))
    floats = pd.to_numeric(series, errors="coerce").astype("float64").to_numpy()
    floats = np.abs(floats[np.isfinite(floats) & (floats != 0)])
    scales = SCALES.match(unit)
    if not scales:
        whole = bool((floats == np.floor(floats)).all())
        digits = 0 if whole else 1 if floats.max() >= 1 else french.decimals(floats.max(), 2)
        return Measure(heading, lambda value: plain(value, digits), unit, counts=whole and not unit)
    middle, most = (float(np.median(floats)), float(floats.max())) if len(floats) else (0.0, 0.0)
    size, scaled = french.unit_for(middle, scales[1])
    if round(most / size) >= 1e7:  # over seven digits without decimals
        size, scaled = french.unit_for(most / 1000, scales[1])
    digits = 0 if size == 1 and (floats >= 10).all() else _digits(floats / size)
    digits = max(0, min(digits, 7 - len(f"{most / size:.0f}")))

    def write(value: Any) -> str:
        return plain(value if french.missing(value) else float(value) / size, digits)

    return Measure(heading, write, scaled + scales[2], size)


def _digits(shown: np.ndarray) -> int:
    """Return the decimals that three digits of the middle value need, or fewer where these say it all."""
    if not len(shown):
        return 0
    most = min(french.decimals(float(np.median(shown)), 3), 2)
    return next((few for few in range(most) if np.allclose(shown, np.round(shown, few), rtol=0, atol=1e-9)), most)


def is_number(series: pd.Series) -> bool:
    """Say whether a column holds numbers: none of them booleans, ``Decimal`` allowed."""
    if series.dtype == object:
        known = series.dropna()
        return len(known) > 0 and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in known)
    return pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype)


def is_time(series: pd.Series) -> bool:
    known = series.dropna()
    return len(known) > 0 and isinstance(known.iloc[0], datetime.date | pd.Period)


def text_of(value: Any) -> str:
    """Write a value that nothing describes: numbers, dates and booleans the French way."""
    if french.missing(value):
        return french.MISSING
    if pd.api.types.is_bool(value):  # Python's, NumPy's or of a column that may have missing ones
        return "oui" if value else "non"
    if isinstance(value, pd.Period):
        return french.month(value, short=True) if value.freqstr.startswith("M") else str(value)
    if isinstance(value, datetime.date):  # a Timestamp is one
        return f"{value:%d/%m/%Y}"
    if isinstance(value, list | tuple | set):
        return ", ".join(map(text_of, value))
    return plain(value) if _is_value(value) else str(value)


def _is_value(value: Any) -> bool:
    return pd.api.types.is_number(value) or isinstance(value, Decimal)


def written(value: Any, spec: str) -> str:
    """Write one value: ``€``, ``%1``, ``kWh``, ``kgCO2e``, ``jour``, ``mois``, ``année``, ``.1``, a unit, or a noun."""
    if french.missing(value):
        return french.MISSING
    time = isinstance(value, datetime.date | pd.Period | str | np.datetime64)
    if spec in ("jour", "mois") and time:
        try:
            return french.day(value) if spec == "jour" else french.month(value)
        except ValueError:
            raise UsageError(f"{value!r} is no date; `:{spec}` writes a date, or a number of {spec}.") from None
    if isinstance(value, bool) or not _is_value(value):
        if not spec:
            return text_of(value)
        raise UsageError(f"`:{spec}` writes a number; found {value!r}.")
    value = float(str(value))  # Decimal and NumPy too
    if spec in AS_THEY_ARE and (spec != "année" or value >= 1000):  # « de 2025 », but « 3 années »
        return f"{value:.15g}"
    if scales := SCALES.match(spec):
        return french.scaled(value, scales[1]) + scales[2].replace(" ", NNBSP)
    if match := re.fullmatch(r"([%.])(\d?)", spec):
        return (french.percent if match[1] == "%" else number)(value, int(match[2] or 0))
    if is_unit(spec):
        return plain(value) + NNBSP + spec
    return french.counted(value, spec) if spec else plain(value)


def is_unit(spec: str) -> bool:
    """Tell a unit, « kWh/m² », « °C », « t », from a noun, « marché ».

    >>> [is_unit(spec) for spec in ("m²", "kWh/m²", "t", "ha", "marché", "œil|yeux", "PME|PME", "heure")]
    [True, True, True, True, False, False, False, False]
    """
    letters = re.fullmatch(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*", spec)
    return "|" not in spec and bool(spec) and (not letters or len(spec) < 3 or bool(re.search(r"\w[A-Z]", spec)))


def short(text: object, longest: int) -> str:
    text = str(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,;") + "…"


def fill(template: str, values: Mapping[str, Any], strong: bool = False) -> tuple[str, str]:
    """Fill a template; return it as HTML and as plain text.

    ``{name}`` is written as the column of that name would be, ``{name:form}`` as :func:`written` says. ``**…**`` sets
    words in bold; with ``strong``, where there are none, each value is, beside other words.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"The template {short(template, 60)!r}: {error}. Write {{{{ for a brace.") from None
    marked = template.count("**") > 1
    strong = strong and not marked and any(sign.isalpha() for literal, *_ in parts for sign in literal)
    html, text, bold = "", "", False
    for literal, name, spec, conversion in parts:
        # A neighbour stands for a value, so that « {x} % » and « l'{x} » are seen; values are never typeset.
        said = french.typeset(f"{'x' if html else ' '}{literal}{' ' if name is None else 'x'}")[1:-1]
        for place, piece in enumerate(said.split("**") if marked else [said]):
            if place:
                bold = not bold
                html += "<b>" if bold else "</b>"
            html, text = html + escape(piece, quote=False), text + piece
        if name is not None:
            value = re.sub("[\x00\x01]", " ", _value(name, spec or "", conversion, values))
            begins = text.rstrip()[-1:] in ("", ".", "!", "?")
            value = value.capitalize() if begins and value.startswith("aucun") else value
            heavy = strong and not (spec or "").startswith("|")  # the number, not its verb
            html, text = html + (f"<b>{safe(value)}</b>" if heavy else safe(value)), text + value
    return html + "</b>" * bold, text


def heading(template: str, values: Mapping[str, Any]) -> str:
    """Fill the template of a title, which begins with a capital whatever its first value."""
    return french.capital(fill(template, values)[1])


def _value(name: str, spec: str, conversion: str | None, values: Mapping[str, Any]) -> str:
    if conversion or "{" in spec or (name not in values and not name.replace("_", "").isalnum()):
        found = f"{{{name}!{conversion}}}" if conversion else f"{{{name}}}"
        raise UsageError(f"A template takes plain names in braces, {{nom}} or {{montant:€}}; found {found}.")
    if name not in values:
        near, given = nearest(name, map(str, values)), ", ".join(map(str, values)) or "none"
        raise UsageError(f"The template needs a value for {{{name}}};{near} given: {given}.")
    value = values[name]
    unit = word(name).unit if not spec and is_number(pd.Series([value])) else ""
    return written(value, spec or unit)
