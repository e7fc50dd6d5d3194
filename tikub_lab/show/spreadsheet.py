"""Tables as text that a French spreadsheet opens as it stands."""

import csv
import io
import re
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd


def spreadsheet(
    frame: pd.DataFrame, headings: Mapping[str, str], identifiers: Collection[str] = (), fictitious: bool = False
) -> str:
    r"""Write a table as CSV for a French spreadsheet.

    A byte order mark, semicolons, French headings, decimal commas, dates as 2026-03-12. A text that a spreadsheet would
    take for a formula is preceded by an apostrophe. Identifiers are preceded by « n° », or a spreadsheet would round
    them as numbers.

    Parameters
    ----------
    frame : DataFrame
    headings : mapping of column to heading
        Which columns, in this order; those that the table lacks are left out.
    identifiers : collection of columns
        Long numbers that are names.
    fictitious : bool
        Whether to add a column that says that the data is.

    Returns
    -------
    str
        To be written as UTF-8.

    Examples
    --------
    >>> frame = pd.DataFrame({"uid": ["001"], "objet": ["=1+1"], "montant": [1234.5]})
    >>> headings = {"objet": "Objet", "montant": "Montant (€ HT)", "uid": "Identifiant"}
    >>> spreadsheet(frame, headings, ["uid"]).splitlines()
    ['\ufeffObjet;Montant (€ HT);Identifiant', "'=1+1;1234,5;n° 001"]
    """
    names = [name for name in headings if name in frame.columns]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([*(headings[name] for name in names), *(["Données"] if fictitious else [])])
    for row in frame[names].itertuples(index=False, name=None):
        cells = [_cell(value, name in identifiers) for name, value in zip(names, row, strict=True)]
        writer.writerow([*cells, *(["fictives"] if fictitious else [])])
    return "\ufeff" + buffer.getvalue()


def one_line(value: Any) -> str:
    r"""Write a value on one line, without control characters; nothing where it is missing.

    Examples
    --------
    >>> one_line("deux\n lignes"), one_line(None)
    ('deux lignes', '')
    """
    return "" if pd.isna(value) else " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", str(value)).split())


def _cell(value: Any, identifier: bool) -> str:
    if pd.isna(value):
        return ""
    if identifier:
        return f"n° {one_line(value)}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, int | float):
        return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    text = one_line(value)
    return f"'{text}" if text[:1] in "=+-@" and text else text
