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
from tikub_lab.territory.criteria import code_of, frequencies, sheet

Row = dict[str, str | None]
DATASETS = "territory/datasets"
DCAT = "http://www.w3.org/ns/dcat#"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
FORMATS = {
    "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "vnd.ms-excel": "xls", "msword": "doc",
    "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "vnd.google-earth.kml+xml": "kml",
}  # fmt: skip
"""Media types whose name is not that of a format."""


def is_dcat(head: Head) -> bool:
    return head.root == "RDF" and DCAT in head.text


def read_dcat(path: Path) -> Iterator[Batch]:
    """Read one state of a catalogue; its day is that in the name of the file, as it stands nowhere else."""
    date = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)", path.name)
    if not date:
        raise UsageError(f"{path}: a catalogue without its day. Name the file, unzipped, as portail_2026-05-15.rdf.")
    names = read_schema(workbench() / "data" / "schemas" / f"{DATASETS}.json").names
    frame = pd.DataFrame(_rows(path), columns=list(names), dtype="str").assign(releve="-".join(date.groups()), _rows=1)
    frame["_line"] = frame.index + 1
    odd = frame[frame["frequence"].notna() & ~frame["frequence"].isin(frequencies().index)]
    odd = odd.rename(columns={"_line": "line", "jeu_id": "id", "frequence": "value"})[["line", "id", "value"]]
    repairs = odd.assign(field="frequence", rule="unknown-frequency", replacement=odd["value"])
    yield Batch(len(frame), {DATASETS: frame}, repairs=log(REPAIRS, [repairs]))


def _rows(path: Path) -> list[Row]:
    """Return the datasets of a file that is whole, each with the name of its portal."""
    portal, rows = path.stem, list[Row]()
    with opened(path) as file:
        try:
            for _, element in iterparse(file, forbid_dtd=True):
                if element.tag == f"{{{DCAT}}}Dataset":
                    rows.append({"catalogue": portal, **_row(element, path)})
                    element.clear()
                elif _local(element) == "homepage" and not rows:
                    portal = re.sub(r"^https?://|/$", "", _said(element))
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            raise UsageError(f"{path}: not complete XML: {error}. Download it again.") from None
    if not rows:
        raise UsageError(f"{path}: no dcat:Dataset element. Export the catalogue as DCAT in RDF/XML, nested.")
    return rows


def _row(element: Element, path: Path) -> Row:
    said = {field.champ: _all(element, str(field.propriete)) for field in sheet("fields").itertuples()}
    row: Row = {str(column): next(iter(values), None) for column, values in said.items()}
    row |= {column: " | ".join(said[column]) or None for column in ("themes", "mots_cles")}
    row |= {column: _day(row[column]) for column in ("publie", "modifie")}
    name = next(iter(_all(element, "identifier")), element.get(f"{RDF}about", ""))
    row["jeu_id"] = name.rstrip("/").rpartition("/")[2] or None
    row["description"] = _without_html(row["description"] or "") or None
    row["frequence"] = code_of(row["frequence"] or "") or None
    distributions = [child for child in element if _local(child) == "distribution"]
    if not all(map(len, distributions)):
        raise UsageError(f"{path}: distributions of {name} stand apart from it, which is not read. Export them nested.")
    files = [child[0] for child in distributions]
    row["formats"] = " | ".join(sorted({*map(_format, files)} - {""})) or None
    row["ressources"] = str(len(files))
    row["documentees"] = str(sum(bool(_all(file, "description")) for file in files))
    return row


def _without_html(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).strip()


def _format(file: Element) -> str:
    said = next(iter(_all(file, "format") or _all(file, "mediaType")), "").rstrip("/").rpartition("/")[2].lower()
    return FORMATS.get(said, said)


def _day(text: str | None) -> str | None:
    """Return the day in Paris on which a moment was; another text as it is, for the check to say so."""
    when = pd.to_datetime(text or "", format="ISO8601", errors="coerce")
    return text if pd.isna(when) else str((when.tz_convert("Europe/Paris") if when.tz else when).date())


def _all(element: Element, name: str) -> list[str]:
    return [said for child in element if _local(child) == name and (said := _said(child))]


def _said(element: Element) -> str:
    """Return what a property says: its texts, whatever node they are in, else the address that it refers to."""
    texts = [text for each in element.iter() if (text := (each.text or "").strip())]
    refers = [each.get(f"{RDF}{name}", "") for each in (element, *element[:1]) for name in ("resource", "about")]
    return "/".join(texts) or next(filter(None, refers), "")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
