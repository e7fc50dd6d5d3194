"""Files that a report offers beside its page: a calendar, a table for a spreadsheet."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import words
from tikub_lab.show.french import number
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.spreadsheet import spreadsheet

KINDS = {
    "ics": ("text/calendar", "agenda iCalendar"),
    "csv": ("text/csv", "tableau CSV"),
    "json": ("application/json", "JSON"),
    "geojson": ("application/geo+json", "GeoJSON"),
    "txt": ("text/plain", "texte"),
}
"""What may be offered, by suffix: media type, and what a reader is told. Nothing that a browser would run."""

LARGEST = 2_000_000
"""Bytes of one file."""


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
    facts = {"name": name, "label": label, "about": about, "content": encoded}
    facts["sha256"] = hashlib.sha256(data).hexdigest()
    return Shown("file", link, f"{label} ({about}) : {name}", facts)


def download(
    frame: pd.DataFrame, name: str, label: str, columns: Sequence[str] | Mapping[str, str] | None = None
) -> Shown:
    """Offer a table as CSV for a French spreadsheet: headings from words, numbers whole, identifiers as they are.

    Parameters
    ----------
    frame, columns
        As for :func:`tikub_lab.show.table`.
    name, label : str
        As for :func:`tikub_lab.show.file`.

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
