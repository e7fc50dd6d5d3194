"""Green Button in XML: the Energy Services Provider Interface (ESPI, NAESB REQ.21), as an Atom feed.

Entries refer to each other by links: the blocks of readings to a meter reading, that one to its ReadingType (unit,
power of ten, direction, commodity) and to its UsagePoint (electricity, gas, heat). They come in any order, so the file
is read twice: for the types first, for the values then. Times are seconds of universal time. Codes are those of the
ESPI schema, as public parsers have them; other names of elements are the same in any namespace.
"""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DTDForbidden
from defusedxml.ElementTree import iterparse

from tikub_lab.energy.published import values
from tikub_lab.energy.published.layout import Format, Row, batches, who
from tikub_lab.energy.published.values import KWH
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Head
from tikub_lab.tables.texts import opened

UNITS, COMMODITIES, SERVICES = (values.codes(f"espi-{kind}") for kind in ("unit", "commodity", "service"))
QUALITIES = values.flags("espi")
REVERSE = "19"
INDEXES = {"1", "3"}
"""Accumulation behaviours of a counter: bulk quantity, cumulative."""
HOUR, DAY = 3600, 86400


def _is_green_button(head: Head) -> bool:
    """Recognise the XML by the namespace of ESPI."""
    start = head.text
    return start.lstrip().startswith("<") and "http://naesb.org/espi" in start


def _key(links: list[str], kind: str) -> str:
    """Return the part of a link up to the resource of that kind, so that a block finds the meter that it is of."""
    found = (re.match(rf".*?/{kind}/[^/]+", link) for link in links)
    return next((match[0] for match in found if match), "")


@dataclass
class Feed:
    """What the entries of a feed say beside the readings."""

    types: dict[str, dict[str, str]] = field(default_factory=dict)
    type_of: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    offset: int | None = None

    def learn(self, entry: Element) -> None:
        """Note types, meters and the clock of an entry."""
        own = [link.get("href") or "" for link in entry.iterfind("{*}link[@rel='self']")][:1]
        for element in entry.iterfind(".//{*}ReadingType"):
            self.types[_key(own, "ReadingType")] = _texts(iter(element))
        if entry.find(".//{*}MeterReading") is not None:
            self.type_of[_key(own, "MeterReading")] = _key(_links(entry), "ReadingType")
        for element in entry.iterfind(".//{*}UsagePoint"):
            kind = element.findtext(".//{*}ServiceCategory/{*}kind") or ""
            self.services[_key(own, "UsagePoint")] = kind.strip()
        for element in entry.iterfind(".//{*}LocalTimeParameters/{*}tzOffset"):
            if re.fullmatch(r"-?\d{1,5}", told := (element.text or "").strip()):
                self.offset = int(told)

    def meaning(self, links: list[str]) -> tuple[str, dict[str, str] | None, str | None]:
        """Find the meter, the type and the energy of a block by its links; a feed with one of them needs no link."""
        point = _key(links, "UsagePoint")
        kind = self.types.get(self.type_of.get(_key(links, "MeterReading"), ""))
        if kind is None and len(self.types) == 1:
            (kind,) = self.types.values()
        service = self.services.get(point, next(iter(self.services.values())) if len(self.services) == 1 else "")
        energy = COMMODITIES.get((kind or {}).get("commodity", "")) or SERVICES.get(service)
        return point.rpartition("/")[2], kind, energy


def _judged(path: Path) -> Iterator[Row]:
    """Judge a feed; ``line`` is a reading's place in the file."""
    feed, line = Feed(), 0
    for entry in _entries(path, keep_readings=False):
        feed.learn(entry)
    for entry in _entries(path, keep_readings=True):
        point, kind, energy = feed.meaning(_links(entry))
        for reading in entry.iterfind(".//{*}IntervalBlock//{*}IntervalReading"):
            line += 1
            row = Row(line, _texts(reading.iter()), meter=who(point))
            _judge(row, kind, energy, feed.offset)
            yield row


def _entries(path: Path, keep_readings: bool) -> Iterator[Element]:
    done = 0
    with opened(path) as file:
        try:
            root: Element | None = None
            for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
                root = element if root is None else root
                name = _local(element)
                if event == "end" and name == "IntervalReading" and not keep_readings:
                    element.clear()
                if event == "end" and name == "entry":
                    done += 1
                    yield element
                    element.clear()
                    root.clear()
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            raise UsageError(f"{path}: not complete XML: {error} after {done} entries. Download it again.") from None


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _texts(elements: Iterator[Element]) -> dict[str, str]:
    return {_local(one): (one.text or "").strip() for one in elements}


def _links(entry: Element) -> list[str]:
    return [link.get("href") or "" for link in entry.iterfind("{*}link")]


def _judge(row: Row, kind: dict[str, str] | None, energy: str | None, offset: int | None) -> None:
    """Keep a step of an hour at most among load curves, whole days among readings."""
    texts, unit = row.texts, UNITS.get((kind or {}).get("uom", ""))
    if kind is None:
        return row.refuse("ReadingType", "", "reading-type")
    if unit is None or unit in ("m3", "ft3"):
        return row.refuse("uom", kind.get("uom", ""), "gas-coefficient" if unit else "unit")
    if kind.get("flowDirection") == REVERSE:
        return row.refuse("flowDirection", REVERSE, "quantity")
    if kind.get("accumulationBehaviour") in INDEXES:
        return row.refuse("accumulationBehaviour", kind["accumulationBehaviour"], "cumulative")
    try:
        start, length, value = int(texts["start"]), int(texts["duration"]), values.number(texts.get("value", ""), False)
    except (KeyError, ValueError):
        said = f"{texts.get('start')} {texts.get('duration')} {texts.get('value')}"
        return row.refuse("value", said, "number")
    scale = 10.0 ** int(kind.get("powerOfTenMultiplier") or 0)
    kwh = None if value is None else value * scale * (length / HOUR / 1000 if unit == "w" else KWH[unit])
    estimated = QUALITIES.get(texts.get("quality", ""))
    if energy:
        row.keep("energy/meters", **row.meter, energie=energy)
    if 60 <= length <= HOUR and length % 60 == 0:
        return row.load(start, length // 60, kwh, "kwh", estime=estimated)
    if length < DAY - HOUR:
        return row.refuse("duration", str(length), "step")
    try:
        begin, end = (values.nearest_midnight(_local_time(one, offset), 2) for one in (start, start + length))
    except ValueError:
        return row.refuse("start", str(start), "not-midnight")
    origin = "relevé" if length <= DAY + HOUR else "facture"
    row.reading(begin, (end - begin).days, kwh=kwh, estime=estimated, origine=origin)


def _local_time(seconds: int, offset: int | None) -> datetime.datetime:
    """Return the time on the feed's own clock where it tells its offset, else French legal time."""
    if offset is None:
        return datetime.datetime.fromtimestamp(seconds, values.PARIS)
    return datetime.datetime.fromtimestamp(seconds + offset, datetime.UTC)


FORMATS = {"green-button-xml": Format(_is_green_button, lambda path: batches(_judged(path)))}
