"""DECP in XML, of 2019 and of 2022, streamed: each contract is released as soon as it is read.

``<marches>`` holds ``<marche>`` and ``<contrat-concession>``
elements in any order; one of them may also be the root. Document
type declarations are refused, so that no entity can be expanded.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.parsers.expat import errors

from defusedxml import DTDForbidden
from defusedxml.ElementTree import iterparse

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.decp_json import KINDS, Record, in_runs
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.texts import opened

_ONLY_2022 = ("<typesPrix>", "<techniques>", "<modalitesExecution>", "<donneesAnnuelles>")


def is_decp(head: Head) -> bool:
    """Recognise DECP in XML by its root element.

    Examples
    --------
    >>> is_decp(Head(Path("a"), b"<?xml version='1.0'?><!-- x --><marches><marche/></marches>"))
    True
    """
    return head.root in ("marches", *KINDS)


def is_2022(head: Head) -> bool:
    """Recognise the XML of 2022, by elements that 2019 does not have."""
    return is_decp(head) and any(tag in head.text for tag in _ONLY_2022)


_MENDED = {
    errors.codes[errors.XML_ERROR_INVALID_TOKEN]: "A bare & is written &amp;, a bare < is written &lt;.",
    errors.codes[errors.XML_ERROR_UNDEFINED_ENTITY]: "XML knows no &nbsp; or &eacute;: write the character itself.",
    errors.codes[errors.XML_ERROR_TAG_MISMATCH]: "Close each element where it was opened.",
}
"""Faults of what is complete, by their code, and how they are mended."""


def read(path: Path) -> Iterator[Batch]:
    """Read an XML file in runs of records."""
    yield from in_runs(_records(path))


def _records(path: Path) -> Iterator[Record]:
    done = 0
    with opened(path) as file:
        try:
            open_record: Element | None = None
            root: Element | None = None
            for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
                name = _local(element.tag)
                if event == "start":
                    root = element if root is None else root
                    if open_record is None and name in KINDS:
                        open_record = element
                elif open_record is not None and element is open_record:
                    done += 1
                    yield name, as_value(open_record)
                    open_record = None
                    if root is not None:
                        root.clear()
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            code = getattr(error, "code", None)
            if code in _MENDED:  # downloaded again it would be the same
                raise UsageError(
                    f"{path}: complete, but no XML: {error} after {done} contracts. {_MENDED[code]}"
                ) from None
            raise UsageError(f"{path}: not complete XML: {error} after {done} contracts. Download it again.") from None


def as_value(element: Element) -> Any:
    """Turn an element into what JSON has in its place: text, or an object whose repeated children are lists.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> as_value(fromstring("<a><id>1</id><t><x>2</x><x>3</x></t><e/></a>"))
    {'id': '1', 't': {'x': ['2', '3']}, 'e': None}
    """
    if not len(element):
        return (element.text or "").strip() or None
    value: dict[str, Any] = {}
    for child in element:
        name, inner = _local(child.tag), as_value(child)
        if name not in value:
            value[name] = inner
        elif isinstance(value[name], list):
            value[name].append(inner)
        else:
            value[name] = [value[name], inner]
    return value


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
