"""Custom checks: rules that Table Schema has no words for, written in a schema's ``custom_checks`` as Validata's are.

Each is ``{"name": NAME, "params": {…}}``. Checks of one column (``column``) look at each value by itself; checks of
several look at rows. Missing values are left to ``required``, and a row with a missing part is left out, except by
``one-of-required`` and ``cohesive-columns-value``, which are about what is missing.

=============================  ==================================================================================
``french-siret-value``         SIRET, with La Poste's exception
``french-siren-value``         SIREN
``french-rna-value``           number of the Répertoire national des associations
``french-uai-value``           UAI of a school, with its letter
``french-nir-value``           NIR ("numéro de sécurité sociale"), with its key
``french-gps-coordinates``     point in the bounding boxes of France, longitude first
``phone-number-value``         form of a French, international or short telephone number (not whether it is in service)
``year-interval-value``        ``2017/2018``; also ``2017`` with ``allow-year-only``: "yes" or "true"
``nomenclature-actes-value``   ``matière/…`` of the nomenclature of local acts (ACTES)
``one-of-required``            at least one of ``column1``, ``column2`` (or of ``columns``) has a value
``cohesive-columns-value``     ``column`` and ``othercolumns`` have values all together, or none
``compare-columns-value``      ``column`` ``op`` ``column2``, op one of <, <=, ==, >= and >
``sum-columns-value``          ``column`` is the sum of ``columns``
=============================  ==================================================================================
"""

import operator
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError, nearest
from tikub_lab.tables import identifiers
from tikub_lab.tables.check_columns import Column, Mask, Rows
from tikub_lab.tables.check_types import UNREADABLE, logical, reader
from tikub_lab.tables.problems import HEADER_ROWS, Problem
from tikub_lab.tables.schema import CustomCheck, Field, Schema

Params = Mapping[str, Any]

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}

FRANCE = (
    (-5.15, 41.33, 9.57, 51.09),  # metropolitan France
    (-61.82, 15.82, -60.99, 16.53),  # Guadeloupe
    (-61.24, 14.38, -60.80, 14.89),  # Martinique
    (-54.62, 2.10, -51.60, 5.78),  # Guyane
    (55.20, -21.41, 55.85, -20.86),  # La Réunion
    (44.98, -13.04, 45.32, -12.60),  # Mayotte
)
"""West, south, east and north of boxes around the parts of France, in degrees, as wide as the coasts."""

ACTES = (
    "commande publique",
    "urbanisme",
    "domaine et patrimoine",
    "fonction publique",
    "institutions et vie politique",
    "libertes publiques et pouvoirs de police",
    "finances locales",
    "domaines de competences par themes",
    "autres domaines de competences",
)
"""The subjects of the nomenclature of acts sent to the prefecture, without capitals or accents."""

_YEARS = re.compile(r"([0-9]{4})/([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")
_PHONE = re.compile(
    r"0[1-9](?:[ .-]?[0-9]{2}){4}|(?:\+|00)[1-9](?:[ .-]?[0-9]){6,13}|1[0-9]{1,2}|116[0-9]{3}|[1-9][0-9]{3}"
)


def custom_problems(columns: Mapping[str, Column], schema: Schema, blank: Mask) -> Iterator[Problem]:
    """Yield what breaks the custom checks of a schema.

    Parameters
    ----------
    columns : mapping of field name to Column
        Those that the table has. A check whose column is absent is skipped, as ``missing-label`` tells it already; of
        several columns, ``one-of-required`` takes an absent one for empty, and fails on row 1 when all are absent;
        ``cohesive-columns-value`` fails on row 1 when some are.
    schema : Schema
    blank : bool array of shape (rows,)
        Rows that are left out.
    """
    for check in schema.custom_checks:
        names = _names(check)
        present = [columns[name] for name in names if name in columns]
        absent = [name for name in names if name not in columns]
        if check.name in VALUES:
            if present:
                yield _value_problem(check, present[0])
            continue
        lonely = check.name == "one-of-required" and not present
        if lonely or (check.name == "cohesive-columns-value" and present and absent):
            yield Problem(np.array([HEADER_ROWS - 1]), ", ".join(absent), [""], check.name)
        elif present and (not absent or check.name == "one-of-required"):
            rows = np.flatnonzero(ROWS[check.name](present, check.params) & ~blank)
            texts = [", ".join(parts) for parts in zip(*(column.text(rows) for column in present), strict=True)]
            yield Problem(rows + HEADER_ROWS, ", ".join(names), texts, check.name)


def refuse_unknown(schema: Schema) -> None:
    """Refuse a schema whose custom checks are not known, or name columns that it has not.

    Raises
    ------
    UsageError
        The message lists the checks that exist.

    Examples
    --------
    >>> refuse_unknown(Schema.from_dict({"fields": [{"name": "a"}], "custom_checks": [{"name": "french-siret"}]}))
    Traceback (most recent call last):
    tikub_lab.errors.UsageError: schema: custom check 'french-siret' is not known. Did you mean 'french-siret-value'? \
Known: cohesive-columns-value, compare-columns-value, french-gps-coordinates, french-nir-value, french-rna-value, \
french-siren-value, french-siret-value, french-uai-value, nomenclature-actes-value, one-of-required, \
phone-number-value, sum-columns-value, year-interval-value.
    """
    known = sorted({*VALUES, *ROWS})
    for check in schema.custom_checks:
        where = f"{schema.place}: custom check {check.name!r}"
        if check.name not in known:
            raise UsageError(f"{where} is not known.{nearest(check.name, known)} Known: {', '.join(known)}.")
        names = _names(check)
        if len(names) < (1 if check.name in VALUES else 2):
            raise UsageError(f"{where} names too few columns in {dict(check.params)}.")
        for name in names:
            if name not in schema.names:
                raise UsageError(f"{where}: the schema has no field {name!r}.{nearest(name, schema.names)}")
        if check.name == "compare-columns-value" and check.params.get("op") not in OPERATORS:
            raise UsageError(f"{where}: op {check.params.get('op')!r} is not one of {', '.join(OPERATORS)}.")


def _names(check: CustomCheck) -> list[str]:
    """Return the columns of a check; Validata's schemas name them by any of these parameters."""
    names: list[str] = []
    for key in ("column", "column1", "column2", "othercolumns", "columns"):
        value = check.params.get(key, [])
        names += [value] if isinstance(value, str) else value
    return names


def _value_problem(check: CustomCheck, column: Column) -> Problem:
    usable = np.flatnonzero(column.usable)
    breaks = np.zeros(len(column.values), dtype=bool)
    breaks[usable] = ~VALUES[check.name]([column.values[position] for position in usable], check.params)
    rows = column.rows(breaks)
    return Problem(rows + HEADER_ROWS, column.field.name, column.text(rows), check.name)


def _identifier(valid: Callable[[pd.Series], pd.Series]) -> Callable[[list[Any], Params], Mask]:
    return lambda values, params: valid(pd.Series([str(value) for value in values], dtype="str")).to_numpy(dtype=bool)


def _each(valid: Callable[[Any, Params], bool]) -> Callable[[list[Any], Params], Mask]:
    return lambda values, params: np.array([valid(value, params) for value in values], dtype=bool)


def _in_france(value: Any, params: Params) -> bool:
    if isinstance(value, str):  # a text field that holds a point, as in "[-1.68, 48.11]"
        form = "array" if value.startswith("[") else "default"
        value = logical(reader(Field("", "geopoint", form)), value)
        if value is UNREADABLE:
            return False
    lon, lat = value
    return any(west <= lon <= east and south <= lat <= north for west, south, east, north in FRANCE)


def _year_interval(value: Any, params: Params) -> bool:
    if match := _YEARS.fullmatch(str(value)):
        return match[1] < match[2]
    alone = str(params.get("allow-year-only", "")).lower() in {"yes", "true"}
    return alone and _YEAR.fullmatch(str(value)) is not None


def _acte(value: Any, params: Params) -> bool:
    subject, slash, _ = unicodedata.normalize("NFD", str(value).lower()).partition("/")
    plain = "".join(letter for letter in subject if not unicodedata.combining(letter))
    return bool(slash) and plain.strip() in ACTES


def _empty(column: Column) -> Mask:
    return column.null[column.codes]


def _all_empty(columns: list[Column], params: Params) -> Mask:
    return np.logical_and.reduce([_empty(column) for column in columns])


def _partly_empty(columns: list[Column], params: Params) -> Mask:
    return np.logical_or.reduce([_empty(column) for column in columns]) & ~_all_empty(columns, params)


def _wrongly_compared(columns: list[Column], params: Params) -> Mask:
    compare = OPERATORS[params["op"]]

    def wrong(values: list[Any]) -> bool:
        try:
            return not compare(values[0], values[1])
        except TypeError:  # a date and a number, say, are not in any order
            return True

    return _combined(columns, wrong)


def _wrongly_summed(columns: list[Column], params: Params) -> Mask:
    def wrong(values: list[Any]) -> bool:
        try:
            return values[0] != sum(values[1:])
        except TypeError:
            return True

    return _combined(columns, wrong)


def _combined(columns: list[Column], breaks: Callable[[list[Any]], bool]) -> Mask:
    """Tell which rows break a rule on several values, asking once for each combination of values that occurs."""
    codes: Rows = columns[0].codes
    for column in columns[1:]:
        codes = pd.factorize(codes * len(column.values) + column.codes)[0]
    distinct, first = np.unique(codes, return_index=True)
    broken = np.zeros(int(distinct.max(initial=-1)) + 1, dtype=bool)
    for code, row in zip(distinct, first, strict=True):
        places = [column.codes[row] for column in columns]
        if all(column.usable[place] for column, place in zip(columns, places, strict=True)):
            broken[code] = breaks([column.values[place] for column, place in zip(columns, places, strict=True)])
    return broken[codes]


VALUES: dict[str, Callable[[list[Any], Params], Mask]] = {
    "french-siret-value": _identifier(identifiers.siret),
    "french-siren-value": _identifier(identifiers.siren),
    "french-rna-value": _identifier(identifiers.rna),
    "french-uai-value": _identifier(identifiers.uai),
    "french-nir-value": _identifier(identifiers.nir),
    "french-gps-coordinates": _each(_in_france),
    "phone-number-value": _each(lambda value, params: _PHONE.fullmatch(str(value)) is not None),
    "year-interval-value": _each(_year_interval),
    "nomenclature-actes-value": _each(_acte),
}
"""Checks of one column: which of some values are valid."""

ROWS: dict[str, Callable[[list[Column], Params], Mask]] = {
    "one-of-required": _all_empty,
    "cohesive-columns-value": _partly_empty,
    "compare-columns-value": _wrongly_compared,
    "sum-columns-value": _wrongly_summed,
}
"""Checks of several columns: which rows are broken."""
