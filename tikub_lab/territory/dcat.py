"""A portal's catalogue in DCAT (RDF/XML), as Opendatasoft exports it: each distribution within its dataset."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import pandas as pd
from defusedxml import DTDForbidden
from defusedxml.ElementTree import iterparse

from tikub_lab.errors import UsageError
from tikub_lab.tables.package import workbench
from tikub_lab.tables.readers import REPAIRS, Batch, Head, log
from tikub_lab.tables.schema import read_schema
from tikub_lab.tables.texts import opened
from tikub_lab.territory.criteria import code_of, frequencies

Row = dict[str, str | None]
DATASETS = "territory/datasets"
DCAT = "http://www.w3.org/ns/dcat#"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FIELDS = {
    "titre": "title", "editeur": "publisher", "adresse": "landingPage", "licence": "license", "publie": "issued",
    "frequence": "accrualPeriodicity", "couverture_temporelle": "temporal", "couverture_spatiale": "spatial",
    "modifie": "modified", "themes": "theme", "mots_cles": "keyword",
}  # fmt: skip
"""Columns, and the property of Dublin Core or DCAT that each is read from."""
FORMATS = {
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "vnd.ms-excel": "xls", "msword": "doc",
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "vnd.google-earth.kml+xml": "kml",
}  # fmt: skip
"""Media types whose name is not that of a format."""


def is_dcat(head: Head) -> bool:
    """Recognise RDF that speaks of DCAT."""
    return head.root == "RDF" and DCAT in head.text


def read_dcat(path: Path) -> Iterator[Batch]:
    """Read one state of a catalogue; its day is that in the name of the file, as it stands nowhere else.

    Raises
    ------
    UsageError
        A name without a day; a file that stops short, has no dataset, or whose distributions stand apart.
    """
    date = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)", path.name)
    if not date:
        raise UsageError(f"{path}: a catalogue without its day. Name the file, unzipped, as portail_2026-05-15.rdf.")
    names = read_schema(workbench() / "data" / "schemas" / f"{DATASETS}.json").names
    portal, found = _parsed(path)
    rows = [{"releve": "-".join(date.groups()), "catalogue": portal, **row} for row in found]
    odd = [
        (line, row["jeu_id"] or "", "frequence", row["frequence"], "unknown-frequency", row["frequence"])
        for line, row in enumerate(rows, 1) if row["frequence"] and row["frequence"] not in frequencies().index
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(names), dtype="str").assign(_line=range(1, len(rows) + 1), _rows=1)
    repairs = log(REPAIRS, [pd.DataFrame(odd, columns=[*REPAIRS])])
    yield Batch(len(rows), {DATASETS: frame}, repairs=repairs)


def _parsed(path: Path) -> tuple[str, list[Row]]:
    """Return the catalogue's name and its datasets, if the file is whole."""
    portal, found = "", list[Row]()
    with opened(path) as file:
        try:
            for _, element in iterparse(file, forbid_dtd=True):
                if element.tag == f"{{{DCAT}}}Dataset":
                    found.append(_row(element, path))
                    element.clear()
                elif _local(element) == "homepage" and not portal:
                    portal = re.sub(r"^https?://|/$", "", _said(element))
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            raise UsageError(
                f"{path}: not complete XML: {error} after {len(found)} datasets. Download it again."
            ) from None
    if not found:
        raise UsageError(f"{path}: no dcat:Dataset element. Export the catalogue as DCAT in RDF/XML, nested.")
    return portal or path.stem, found


def _row(element: Element, path: Path) -> Row:
    values = {column: _all(element, name) for column, name in FIELDS.items()}
    row: Row = {column: next(iter(said), None) for column, said in values.items()}
    row |= {column: " | ".join(values[column]) or None for column in ("themes", "mots_cles")}
    for column in ("publie", "modifie"):
        row[column] = _day(row[column])
    name = (_all(element, "identifier") or [element.get(f"{RDF}about", "")])[0]
    row["jeu_id"] = name.rstrip("/").rpartition("/")[2] or None
    row["description"] = plain(" ".join(_all(element, "description"))) or None
    row["frequence"] = code_of(row["frequence"] or "") or None
    apart = [child for child in element if _local(child) == "distribution" and not len(child)]
    if apart:
        raise UsageError(
            f"{path}: the distributions of {name} stand apart from it, which is not read. Export them nested."
        )
    files = [child[0] for child in element if _local(child) == "distribution"]
    kinds = {_format(file) for file in files} - {""}
    row["formats"] = " | ".join(sorted(kinds)) or None
    row["ressources"] = str(len(files))
    row["documentees"] = str(sum(bool(_all(file, "description")) for file in files))
    return row


def plain(text: str) -> str:
    """Return the text of a description without its HTML.

    Examples
    --------
    >>> plain("<p>L&#x27;état civil,<br/>depuis 2020&nbsp;</p>")
    "L'état civil, depuis 2020"
    """
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).strip()


def _format(file: Element) -> str:
    said = next(iter(_all(file, "format") or _all(file, "mediaType")), "").rstrip("/").rpartition("/")[2].lower()
    return FORMATS.get(said, said)


def _day(text: str | None) -> str | None:
    """Return the day in Paris on which a moment was; another text as it is, for the check to reject."""
    try:
        when = pd.Timestamp(text or "")
    except ValueError:
        return text
    return str((when.tz_convert("Europe/Paris") if when.tz else when).date()) if text else None


def _all(element: Element, name: str) -> list[str]:
    return [said for child in element if _local(child) == name and (said := _said(child))]


def _said(element: Element) -> str:
    """Return what a property says: its texts, whatever node they are in, else the address that it refers to."""
    texts = [text for each in element.iter() if (text := (each.text or "").strip())]
    refers = [each.get(f"{RDF}{name}", "") for each in (element, *element[:1]) for name in ("resource", "about")]
    return "/".join(texts) or next(filter(None, refers), "")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
