"""DECP as records, of 2019 and of 2022, streamed: JSON, XML, and the consolidated CSV of data.economie.gouv.fr.

JSON of 2019: ``{"marches": [{…}, …]}``. JSON of 2022: ``{"marches": {"marche": [{…}, …], "contrat-concession":
[{…}, …]}}``. Some publications have one object, or the same key several times, in the place of a list; each object is
then a record. XML: ``<marches>`` holds ``<marche>`` and ``<contrat-concession>`` elements in any order; one of them may
also be the root. The consolidated CSV has a row a contract, its firms side by side, and one amendment.
"""

import gc
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import errors

from defusedxml import DTDForbidden
from defusedxml.ElementTree import iterparse

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.fields import AMENDMENT_FIELDS, CONTRACT_FIELDS, LISTS
from tikub_lab.procurement.published.quality import judge
from tikub_lab.procurement.published.record import frames, split, text
from tikub_lab.procurement.published.rows import BATCH, runs, with_columns
from tikub_lab.procurement.published.streams import Stream, real
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.texts import opened

KINDS = ("marche", "contrat-concession")
Record = tuple[str | None, Any]
"""A record, and the name of what it stands in."""

_TEXT = r'\s*"(?:[^"\\]|\\.)*"\s*'
_SHAPE = re.compile(  # "marches" among the first keys, whose values before it are plain ones (such as "$schema")
    rf'\s*{{(?:{_TEXT}:(?:{_TEXT}|\s*[^\s"\[\]{{}}:,]+\s*),)*?\s*"marches"\s*:\s*'
    rf"(?:(?P<list>\[)|{{{_TEXT}:\s*(?P<objects>{{)|(?P<lists>{{))"
)
_TEXTS = json.JSONDecoder(
    parse_int=str, parse_float=lru_cache(10_000)(lambda number: text(real(number))), parse_constant=str
)
"""Numbers are read as columns have them."""


def _shaped(*shapes: str) -> Callable[[Head], bool]:
    """Recognise JSON by how it contains the contracts: in a list, in ``lists`` by kind, or as ``objects`` by kind."""
    return lambda head: (found := _SHAPE.match(head.text)) is not None and found.lastgroup in shapes


is_json_2019, is_json_2022 = _shaped("list", "objects"), _shaped("lists")


def _in_runs(records: Callable[[Path], Iterator[Record]], path: Path) -> Iterator[Batch]:
    """Judge the records of a file as they come, in runs of :data:`BATCH`."""
    numbered = ((line, *record) for line, record in enumerate(records(path), 1))
    while True:
        collects = gc.isenabled()
        gc.disable()  # records have no cycles, and looking for some took a quarter of an import
        try:
            raw = frames(islice(numbered, BATCH))
        finally:
            if collects:
                gc.enable()
        read = sum(len(raw[name]) for name in ("contracts", "concessions", "oddities"))
        if not read:
            return
        yield judge(raw, read)


def _json_records(path: Path) -> Iterator[Record]:
    with Stream(path, "contracts", _TEXTS) as file:
        for key in file.members():
            if key != "marches":
                file.value()
            elif file.peek() == "[":
                yield from ((None, record) for record in file.values())
            else:
                for kind in file.members():
                    yield from ((kind, record) for record in file.values() if kind in KINDS)


read_json = partial(_in_runs, _json_records)


def is_xml(head: Head) -> bool:
    """Recognise DECP in XML by its root element."""
    return head.root in ("marches", *KINDS)


def is_xml_2022(head: Head) -> bool:
    """Recognise the XML of 2022, by elements that 2019 does not have."""
    only = ("<typesPrix>", "<techniques>", "<modalitesExecution>", "<donneesAnnuelles>")
    return is_xml(head) and any(tag in head.text for tag in only)


_MENDED = {
    errors.codes[errors.XML_ERROR_INVALID_TOKEN]: "A bare & is written &amp;, a bare < is written &lt;.",
    errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY]: "XML knows no &nbsp; or &eacute;: write the character itself.",
    errors.codes[errors.XML_ERROR_TAG_MISMATCH]: "Close each element where it was opened.",
}
"""Faults of what is complete, by their code, and how they are mended."""


def _xml_records(path: Path) -> Iterator[Record]:
    """Give each element as it ends, and let go of it; document types are refused, so that no entity is expanded."""
    done = 0
    root: Any = None
    record: Any = None
    with opened(path) as file:
        try:
            for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    root = element if root is None else root
                    record = element if record is None and _local(element) in KINDS else record
                elif element is record:
                    done += 1
                    yield _local(element), as_value(element)
                    record = None
                    root.clear()
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            mended = _MENDED.get(getattr(error, "code", 0))  # downloaded again it would be the same
            fault = "complete, but no XML" if mended else "not complete XML"
            raise UsageError(
                f"{path}: {fault}: {error} after {done} contracts. {mended or 'Download it again.'}"
            ) from None


read_xml = partial(_in_runs, _xml_records)


def as_value(element: Element) -> Any:
    """Turn an element into what JSON has in its place: text, or an object whose repeated children are lists."""
    if not len(element):
        return (element.text or "").strip() or None
    value: dict[str, Any] = {}
    for child in element:
        name, inner = _local(child), as_value(child)
        if name not in value:
            value[name] = inner
        elif isinstance(value[name], list):
            value[name].append(inner)
        else:
            value[name] = [value[name], inner]
    return value


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


NATIONAL = {"id", "acheteur_id", "titulaire_id_1", "montant", "datenotification"}
"""Columns by which the consolidated CSV is known: names of the format of 2022 in small letters, numbered where there
are several, with ``modification`` behind those of the amendment."""
NOTHING = "CDL"
_PARTY = {"id": "id", "typeidentifiant": "typeIdentifiant", "denominationsociale": "denominationSociale"}
_CHANGE = {"idmodification": "id"} | {
    name.lower().removesuffix("modification") + "modification": name
    for name in AMENDMENT_FIELDS
    if name not in ("modification_id", "titulaires")
}
_CONTRACT = {name.lower(): name for name in (*CONTRACT_FIELDS, *LISTS.values())}


is_national = with_columns(NATIONAL, str.lower)


def read_national(path: Path) -> Iterator[Batch]:
    """Read the consolidated CSV in runs of rows."""
    for run in runs(path):
        records = ((line, "marche", record(cells)) for line, cells in run.rows())
        yield judge(frames(records), run.read, run.odd)


def record(cells: dict[str, str]) -> dict[str, Any]:
    """Make the record that a row of the consolidated CSV was.

    Examples
    --------
    >>> record({"acheteur_id": "2", "titulaire_id_1": "3", "titulaire_id_2": "CDL", "montantmodification": "4"})
    {'acheteur': {'id': '2'}, 'titulaires': [{'id': '3'}], 'modifications': [{'montant': '4'}]}
    """
    found: dict[str, Any] = {}
    parties: dict[str, dict[str, str]] = {}
    change: dict[str, str] = {}
    for column, cell in cells.items():
        name = column.lower()
        if cell == NOTHING:
            continue
        if (party := re.fullmatch(r"titulaire_([a-z]+)_(\d+)", name)) and party[1] in _PARTY:
            parties.setdefault(party[2], {})[_PARTY[party[1]]] = cell
        elif name in _CHANGE:
            change[_CHANGE[name]] = cell
        elif field := _CONTRACT.get(name):
            outer, _, inner = field.partition("_")
            if inner:
                found.setdefault(outer, {})[inner] = cell
            else:
                found[field] = split(cell) if field in LISTS or field in LISTS.values() else cell
    return found | {"titulaires": list(parties.values()), "modifications": [change] if change else []}
