"""Green Button in XML: the Energy Services Provider Interface (ESPI, NAESB REQ.21), as an Atom feed.

Entries refer to each other by links: the blocks of readings to a meter reading, that one to its ReadingType (unit,
power of ten, direction, commodity) and to its UsagePoint (electricity, gas, heat). They come in any order, so the file
is read twice: for the types first, for the values then. Times are seconds of universal time.

Codes are those of the ESPI schema (UnitSymbolKind, CommodityKind, QualityOfReading), as public parsers have them.
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
from tikub_lab.energy.published.batches import Gathering, Meter, who
from tikub_lab.energy.published.values import KWH
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.texts import opened

UNITS = {"31": "j", "72": "wh", "132": "btu", "169": "therm"}
POWER = "38"
VOLUMES = {"42", "119"}
COMMODITIES = {"1": "électricité", "2": "électricité", "7": "gaz", "11": "réseau de chaleur", "13": "réseau de chaleur"}
SERVICES = {"0": "électricité", "1": "gaz", "4": "réseau de chaleur"}
QUALITIES = dict.fromkeys(("8", "9", "12"), True) | dict.fromkeys(("0", "14", "17", "18", "19"), False)
"""Estimated by a day like it, by interpolation, projected; valid, raw, validated, verified, of revenue quality."""
REVERSE = "19"
INDEXES = {"1", "3"}
"""Accumulation behaviours of a counter: bulk quantity, cumulative."""
HOUR, DAY, SLACK = 3600, 86400, 7200
_PART = re.compile(r"/(UsagePoint|MeterReading|ReadingType)/([^/]+)")


def is_green_button(head: Head) -> bool:
    """Recognise the XML by the namespace of ESPI."""
    start = head.text
    return start.lstrip().startswith("<") and "http://naesb.org/espi" in start


@dataclass
class Feed:
    """What the entries of a feed say beside the readings."""

    types: dict[str, dict[str, str]] = field(default_factory=dict)
    type_of: dict[str, str] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    offset: int | None = None


def read(path: Path) -> Iterator[Batch]:
    """Read a feed in runs of readings; ``line`` is a reading's place in the file."""
    feed = Feed()
    for entry in _entries(path, keep_readings=False):
        _learn(entry, feed)
    found, line = Gathering(), 0
    for entry in _entries(path, keep_readings=True):
        for block in _all(entry, "IntervalBlock"):
            links = _links(entry)
            meter, kind, energy = _meaning(links, feed)
            for reading in _all(block, "IntervalReading"):
                line += 1
                _reading(line, reading, meter, kind, energy, feed, found)
                yield from found.batches()
    yield from found.batches(last=True)


def _entries(path: Path, keep_readings: bool) -> Iterator[Element]:
    done = 0
    with opened(path) as file:
        try:
            root: Element | None = None
            for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
                if root is None:
                    root = element
                name = _local(element)
                if event == "end" and name == "IntervalReading" and not keep_readings:
                    element.clear()
                if event == "end" and name == "entry":
                    done += 1
                    yield element
                    element.clear()
                    if root is not None:
                        root.clear()
        except DTDForbidden:
            raise UsageError(f"{path}: has a document type declaration (DTD), which is not read. Remove it.") from None
        except (ParseError, ValueError, LookupError, RecursionError) as error:
            raise UsageError(f"{path}: not complete XML: {error} after {done} entries. Download it again.") from None


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (one for one in element.iter() if _local(one) == name)


def _said(element: Element) -> dict[str, str]:
    """Return the texts of an element's children by name."""
    return {_local(child): (child.text or "").strip() for child in element}


def _links(entry: Element) -> list[str]:
    return [str(one.get("href") or "") for one in entry if _local(one) == "link"]


def _learn(entry: Element, feed: Feed) -> None:
    links = _links(entry)
    own = next((str(one.get("href")) for one in entry if _local(one) == "link" and one.get("rel") == "self"), "")
    for element in _all(entry, "ReadingType"):
        feed.types[_key(own, "ReadingType")] = _said(element)
    for _ in _all(entry, "MeterReading"):
        chosen = next((key for one in links if (key := _key(one, "ReadingType"))), "")
        feed.type_of[_key(own, "MeterReading")] = chosen
    for element in _all(entry, "UsagePoint"):
        category = next(_all(element, "ServiceCategory"), None)
        feed.services[_key(own, "UsagePoint")] = "" if category is None else _said(category).get("kind", "")
    for element in _all(entry, "LocalTimeParameters"):
        told = _said(element).get("tzOffset", "")
        feed.offset = int(told) if re.fullmatch(r"-?\d{1,5}", told) else feed.offset


def _key(link: str, kind: str) -> str:
    """Return the part of a link up to the resource of that kind, so that a block finds the meter that it is of."""
    place = next((one for one in _PART.finditer(link) if one[1] == kind), None)
    return link[: place.end()] if place else ""


def _meaning(links: list[str], feed: Feed) -> tuple[str, dict[str, str] | None, str | None]:
    """Find the meter, the type and the energy of a block by its links; a feed with one of them needs no link."""
    point = next((key for one in links if (key := _key(one, "UsagePoint"))), "")
    reading = next((key for one in links if (key := _key(one, "MeterReading"))), "")
    chosen = feed.types.get(feed.type_of.get(reading, ""))
    if chosen is None and len(feed.types) == 1:
        chosen = next(iter(feed.types.values()))
    service = feed.services.get(point, next(iter(feed.services.values()), "") if len(feed.services) == 1 else "")
    energy = COMMODITIES.get((chosen or {}).get("commodity", "")) or SERVICES.get(service)
    return point.rpartition("/")[2], chosen, energy


def _reading(
    line: int,
    reading: Element,
    point: str,
    kind: dict[str, str] | None,
    energy: str | None,
    feed: Feed,
    found: Gathering,
) -> None:
    meter = who(point)
    name, texts = meter["compteur"], {_local(one): (one.text or "").strip() for one in reading.iter()}
    wrong = _wrong(kind)
    try:
        start, length, value = int(texts["start"]), int(texts["duration"]), values.number(texts.get("value", ""), False)
    except (KeyError, ValueError):
        wrong = wrong or ("value", f"{texts.get('start')} {texts.get('duration')} {texts.get('value')}", "number")
    if wrong or kind is None:
        found.reject(line, name, wrong or ("ReadingType", "", "reading-type"))
        return
    unit, scale = kind.get("uom", ""), 10.0 ** int(kind.get("powerOfTenMultiplier") or 0)
    factor = length / HOUR / 1000 if unit == POWER else KWH[UNITS[unit]]
    kwh = None if value is None else value * scale * factor
    _keep(line, meter, start, length, kwh, QUALITIES.get(texts.get("quality", "")), feed, found)
    if energy:
        found.imply("energy/meters", line, **meter, energie=energy)


def _wrong(kind: dict[str, str] | None) -> tuple[str, str, str] | None:
    if kind is None:
        return ("ReadingType", "", "reading-type")
    unit = kind.get("uom", "")
    if unit in VOLUMES:
        return ("uom", unit, "gas-coefficient")
    if unit not in UNITS and unit != POWER:
        return ("uom", unit, "unit")
    if kind.get("flowDirection") == REVERSE:
        return ("flowDirection", REVERSE, "quantity")
    if kind.get("accumulationBehaviour") in INDEXES:
        return ("accumulationBehaviour", kind["accumulationBehaviour"], "cumulative")
    return None


def _keep(
    line: int,
    meter: Meter,
    start: int,
    length: int,
    kwh: float | None,
    estimated: bool | None,
    feed: Feed,
    found: Gathering,
) -> None:
    """Keep a step of an hour at most among load curves, whole days among readings."""
    if 60 <= length <= HOUR and length % 60 == 0:
        found.load(line, meter, start, length // 60, kwh, "kwh", estimated)
        return
    if length < DAY - HOUR:
        found.reject(line, meter["compteur"], ("duration", str(length), "step"))
        return
    try:
        begin, end = (values.nearest_midnight(_local_time(one, feed.offset), 2) for one in (start, start + length))
    except ValueError:
        found.reject(line, meter["compteur"], ("start", str(start), "not-midnight"))
        return
    origin = "relevé" if length <= DAY + HOUR else "facture"
    found.reading(line, meter, begin, (end - begin).days, kwh, estimated, origin)


def _local_time(seconds: int, offset: int | None) -> datetime.datetime:
    """Return the time on the feed's own clock where it tells its offset, else French legal time."""
    if offset is None:
        return datetime.datetime.fromtimestamp(seconds, values.PARIS)
    return datetime.datetime.fromtimestamp(seconds + offset, datetime.UTC)
