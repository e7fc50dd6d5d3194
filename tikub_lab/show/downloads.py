"""Files that a report offers beside its page: a calendar, a table for a spreadsheet."""

import base64
import datetime
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import words
from tikub_lab.show.french import missing, number
from tikub_lab.show.output import Shown, safe

KINDS = {  # by suffix: media type, and what a reader is told; nothing that a browser would run
    "ics": ("text/calendar", "agenda iCalendar"),
    "csv": ("text/csv", "tableau CSV"),
    "json": ("application/json", "JSON"),
    "geojson": ("application/geo+json", "GeoJSON"),
    "txt": ("text/plain", "texte"),
}

LARGEST = 2_000_000  # bytes of one file


def file(name: str, content: str | bytes, label: str) -> Shown:
    """Offer a file for download: a build writes it beside the page, JupyterLab hands it over from the notebook.

    Parameters
    ----------
    name : str
        Such as ``echeances.ics``: lower-case letters, digits and hyphens, then ics, csv, json, geojson or txt.
    content, label : str or bytes, str
        At most two million bytes; what the reader gets by it, the text of the link.

    Examples
    --------
    >>> print(file("seuils.csv", "seuil;montant", "Les seuils, pour un tableur").text)
    Les seuils, pour un tableur (tableau CSV, 1 ko) : seuils.csv
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    check(name, data, label)
    media, kind = KINDS[name.rpartition(".")[2]]
    about = f"{kind}, {number(max(len(data) / 1000, 1))} ko"
    encoded = base64.b64encode(data).decode("ascii")
    link = link_to(f"data:{media};base64,{encoded}", name, label, about)
    digest = hashlib.sha256(data).hexdigest()
    facts = {"name": name, "label": label, "about": about, "content": encoded, "sha256": digest}
    return Shown("file", link, f"{label} ({about}) : {name}", facts)


def download(
    frame: pd.DataFrame, name: str, label: str, columns: Sequence[str] | Mapping[str, str] | None = None
) -> Shown:
    """Offer a table as CSV for a French spreadsheet: headings from words, numbers whole, identifiers as they are.

    Parameters
    ----------
    frame, columns : as for ``show.table``
    name, label : str
        As for ``show.file``.

    Examples
    --------
    >>> ends = pd.DataFrame({"objet": ["Gaz"], "montant": [1234.5]})
    >>> download(ends, "echeances.csv", "Toutes les échéances").text
    'Toutes les échéances (tableau CSV, 1 ko) : echeances.csv'
    """
    from tikub_lab.tables.package import used

    names = list(frame.columns if columns is None else columns)
    words.need(frame, names, f"show.download of {name}")
    given = columns if isinstance(columns, Mapping) else {}
    headings = {str(column): given.get(column) or _heading(frame, column) for column in names}
    fictitious = any(item["origin"] == "sample" for item in used())
    return file(name, spreadsheet(frame.rename(columns=str), headings, fictitious=fictitious), label)


def _heading(frame: pd.DataFrame, column: str) -> str:
    found = words.word(column)
    unit = found.unit if words.is_number(frame[column]) and found.unit not in words.AS_THEY_ARE else ""
    return f"{found.heading} ({unit})" if unit and not unit.startswith("%") else found.heading


def check(name: str, content: bytes, label: str) -> None:
    """Refuse a file that may not be offered: a build asks again, as a notebook can write any output."""
    match = re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*\.([a-z]+)", name)
    if not match or len(name) > 60 or match[1] not in KINDS:
        raise UsageError(
            f"A file offered is named {name!r}; it needs lower-case letters, digits and hyphens, then one of "
            f"{', '.join('.' + suffix for suffix in KINDS)}, such as 'echeances.ics'."
        )
    if not label.strip():
        raise UsageError(f"The file {name} needs a label that says what the reader gets by it.")
    if len(content) > LARGEST:
        raise UsageError(
            f"The file {name} has {len(content):,} bytes; at most {LARGEST:,} are allowed: keep fewer rows."
        )


def link_to(address: str, name: str, label: str, about: str) -> str:
    return (
        f'<p class="tk file"><a href="{safe(address)}" download="{safe(name)}">{safe(label)}</a> '
        f"<small>({safe(about)})</small></p>"
    )


def spreadsheet(
    frame: pd.DataFrame, headings: Mapping[str, str], identifiers: Collection[str] = (), fictitious: bool = False
) -> str:
    r"""Write a table as CSV for a French spreadsheet.

    Semicolons, decimal commas, all digits, dates as 2026-03-12; an apostrophe before what looks like a formula.

    Parameters
    ----------
    frame, headings : DataFrame, mapping of column to heading
        Which columns, in this order; those that the table lacks are left out.
    identifiers, fictitious : collection of columns, bool
        Numbers that are names, written as they are; whether to add a column that says that the data is.

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
