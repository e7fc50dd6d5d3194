"""What a report is about: the rows that its parameters leave, their period, and a clear word where nothing is left."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError, nearest


def one_of(name: str, value: Any, known: Iterable[Any], problem: str = "it is not known") -> None:
    """Refuse a parameter whose value is none of those known.

    Examples
    --------
    >>> one_of("by", "yaer", ["year", "buyer"])
    Traceback (most recent call last):
    tikub_lab.errors.UsageError: by='yaer': it is not known. Did you mean 'year'? Known: year, buyer.
    """
    names = list(dict.fromkeys(known))
    if value in names:
        return
    texts = list(map(str, names))
    if str(value) in texts:  # in the other of two types
        text = isinstance(names[texts.index(str(value))], str)
        right = f"{str(value)!r}, a text" if text else f"{value}, a number"
        raise UsageError(f"{name}={value!r}: write {name}={right}.")
    more = f" … ({len(texts)} in all)" if len(texts) > 12 else ""
    raise UsageError(
        f"{name}={value!r}: {problem}.{nearest(str(value), texts)} Known: {', '.join(texts[:12]) or 'none'}{more}."
    )


def only(table: pd.DataFrame, name: str, value: str | None, column: str, problem: str, begins: int = 0) -> pd.DataFrame:
    """Keep the rows that have a parameter's value in a column, all without one; a UsageError where none is left.

    With ``begins`` the column only has to begin with it, and so many of its first characters name what there is.

    Examples
    --------
    >>> only(pd.DataFrame({"code": ["452", "15", None]}), "famille", "45", "code", "no such family", 2)["code"].tolist()
    ['452']
    """
    if value is None:
        return table
    texts = table[column].astype("str")
    has = texts.str.startswith(value) if begins and isinstance(value, str) else texts == value
    rows = table[has.fillna(False).astype(bool)]
    if rows.empty:
        one_of(name, value, (texts.str[:begins] if begins else texts).value_counts().index, problem)
    return rows


def during(table: pd.DataFrame, column: str, annee_debut: int | None, annee_fin: int | None) -> pd.DataFrame:
    """Keep the rows whose day is in these years, both included; a UsageError where none is left.

    Examples
    --------
    >>> days = pd.DataFrame({"jour": pd.to_datetime(["2024-03-01", "2025-03-01", None])})
    >>> len(during(days, "jour", 2025, None)), len(during(days, "jour", None, None))
    (1, 3)
    """
    years, bounds = table[column].dt.year, {"annee_debut": annee_debut, "annee_fin": annee_fin}
    said = ", ".join(f"{name}={year!r}" for name, year in bounds.items() if year is not None)
    first, last = (-np.inf if annee_debut is None else annee_debut), (np.inf if annee_fin is None else annee_fin)
    if isinstance(first, str) or isinstance(last, str):
        raise UsageError(f"{said}: a year is a number, such as 2024.")
    if first > last:
        raise UsageError(f"{said}: the first year is after the last; give them the other way round.")
    rows = table[years.between(first, last)] if said else table
    if table.empty:
        raise UsageError(f"The table of {column!r} has no row: what was imported was rejected, or there was none.")
    if years.isna().all():
        raise UsageError(f"No row has a day in {column!r}, by which years are told.")
    if rows.empty:
        span = f"its years are {years.min():.0f} to {years.max():.0f}"
        raise UsageError(f"{said}: no row of this selection is of these years; {span}.")
    return rows


def period(days: pd.Series, written: Callable[[Any], str]) -> str:
    """Say from when to when days go, each written as the caller does.

    Examples
    --------
    >>> period(pd.to_datetime(pd.Series(["2024-03-01", "2025-04-02"])), "{:%d/%m/%Y}".format)
    'du 01/03/2024 au 02/04/2025'
    """
    first, last = days.min(), days.max()
    return f"le {written(first)}" if first == last else f"du {written(first)} au {written(last)}"
