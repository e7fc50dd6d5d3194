"""Tables as text that a French spreadsheet opens as it stands."""

import datetime
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from tikub_lab.show.french import missing


def spreadsheet(
    frame: pd.DataFrame, headings: Mapping[str, str], identifiers: Collection[str] = (), fictitious: bool = False
) -> str:
    r"""Write a table as CSV for a French spreadsheet.

    A byte order mark, semicolons, French headings, decimal commas with all the digits that a number has, dates as
    2026-03-12, « oui » and « non ». A text that a spreadsheet would take for a formula is preceded by an apostrophe.

    Parameters
    ----------
    frame : DataFrame
    headings : mapping of column to heading
        Which columns, in this order; those that the table lacks are left out.
    identifiers : collection of columns
        Numbers that are names: written as they are, so that they join.
    fictitious : bool
        Whether to add a column that says that the data is.

    Examples
    --------
    >>> frame = pd.DataFrame({"uid": ["001"], "objet": ["=1+1"], "part": [0.0123]})
    >>> spreadsheet(frame, {"objet": "Objet", "part": "Part", "uid": "Identifiant"}).splitlines()
    ['\ufeffObjet;Part;Identifiant', "'=1+1;0,0123;001"]
    """
    names = [name for name in headings if name in frame.columns]
    table = frame[names].assign(**{name: frame[name].astype("string") for name in identifiers if name in names})
    table = table.map(_cell).rename(columns=headings)
    if fictitious:
        table["Données fictives"] = "oui"
    return "\ufeff" + table.to_csv(sep=";", index=False, lineterminator="\r\n")


def one_line(value: Any) -> str:
    """Write a value on one line, without control characters; nothing where it is missing."""
    return "" if missing(value) else " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(value)).split())


def _cell(value: Any) -> str:
    if missing(value):
        return ""
    if pd.api.types.is_bool(value):
        return "oui" if value else "non"
    if isinstance(value, datetime.datetime):  # a Timestamp is one; its hour is written where it has some
        return f"{value:%Y-%m-%d}" if value.time() == datetime.time() else f"{value:%Y-%m-%d %H:%M}"
    if pd.api.types.is_number(value) or isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, list | tuple | set):
        value = ", ".join(map(str, value))
    text = one_line(value)
    return f"'{text}" if text[:1] in "=+-@" and text else text


def _number(value: Any) -> str:
    """Write a number with all its digits, but without those that a computer adds: 0.1 + 0.2 is 0,3."""
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",")
    text = f"{float(value):.15g}" if isinstance(value, float) or hasattr(value, "dtype") else str(value)
    return (f"{Decimal(text):f}" if "e" in text else text).replace(".", ",")
