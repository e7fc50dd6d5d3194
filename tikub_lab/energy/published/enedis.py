"""Load curves, daily indexes and daily totals of Enedis, in CSV.

Exports of a customer's account, as met in public parsers and their tests: sections that each begin with two rows about
the meter. (The flat flux, where each row says it all, is in :mod:`.enedis_flat`.) Powers in watts are means over a
step; the energy of a step is power times length.

Whether a time marks the beginning or the end of its step is not written in the files, and both occur (beginning for
large meters, end for Linky). Exports are of whole days: a series that runs from midnight to the step before midnight is
stamped at the beginning, one that runs from the first step to midnight at the end. Where neither can be told, the
beginning is taken and the log of repairs says so (``stamp-assumed``).

To be confirmed on a genuine file: sections of daily totals (« Énergie quotidienne », « Consommation quotidienne »), and
XML of R50, which is not read.
"""

import datetime
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Broken, Gathering, Meter, who
from tikub_lab.energy.published.values import KWH, energy, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

STEPS = (1, 2, 5, 10, 15, 20, 30, 60)
"""Minutes that a step may have where no column says it."""
HELD_SHORTER, HELD_LONGER = 2, 6
"""Distances in a row that make a step shorter, or longer, than the usual one."""
MAX_SECTION = 600_000
"""Rows of a section of an account's export: eleven years of ten minutes."""


def is_account(head: Head) -> bool:
    """Recognise an account's export: a first row of names that begins with the PRM and tells the type of data."""
    found = [plain(cell) for cell in head.columns]
    return found[:2] == ["identifiant prm", "type de donnees"]


class Point(NamedTuple):
    """A row of a section: time and value, each as written and as read."""

    line: int
    stamp: str
    time: Any
    text: str
    value: float | None


@dataclass
class Section:
    """A section of an account's export: what its two rows say of the meter, and its rows of data."""

    about: dict[str, str]
    labels: list[str] = field(default_factory=list)
    data: list[tuple[int, list[str]]] = field(default_factory=list)

    @property
    def meter(self) -> Meter:
        """The meter's names."""
        return who(self.about.get("identifiant prm", ""))

    @property
    def unit(self) -> str:
        """The unit, of the section or in the label: « Valeur (en Wh) »."""
        word = self.labels[1].rpartition(" ")[2] if len(self.labels) > 1 else ""
        return plain(self.about.get("unite", "")) or (word if word in KWH else "")

    def points(self, found: Gathering, when: Callable[[str], Any], rule: str, place: int = 1) -> Iterator[Point]:
        """Give the rows of which time and value are read; the others are rejected."""
        for line, cells in self.data:
            text = cells[place] if len(cells) > place else ""
            broken, time, value = list[Broken](), None, None
            try:
                time = when(cells[0])
            except ValueError:
                broken.append(("Horodate", cells[0], rule))
            try:
                value = values.number(text)
            except ValueError:
                broken.append(("Valeur", text, "number"))
            if broken:
                found.reject(line, self.meter["compteur"], *broken)
            else:
                yield Point(line, cells[0], time, text, value)

    @property
    def kind(self) -> str:
        """« curve », « index », « daily », or "" for what is no consumption of active energy."""
        told = {name: plain(self.about.get(name, "")) for name in ("type de donnees", "grandeur physique")}
        if plain(self.about.get("grandeur metier", "")) not in ("", "consommation", "cons", "soutirage"):
            return ""
        if told["grandeur physique"] not in ("", "energie active", "ea", "puissance active", "pa"):
            return ""
        if "courbe de charge" in told["type de donnees"]:
            return "curve"
        if told["type de donnees"] == "index":
            return "index"
        return "daily" if told["type de donnees"] in ("energie quotidienne", "consommation quotidienne") else ""


def read_account(path: Path) -> Iterator[Batch]:
    """Read an account's export; ``line`` is a row's number in a spreadsheet."""
    found = Gathering()
    for section in _sections(path):
        meter = section.meter
        if section.kind and section.data:
            found.imply("energy/meters", section.data[0][0], **meter, energie="électricité")
        reader = {"curve": _curve, "index": _indexes, "daily": _days}.get(section.kind, _refused)
        for _ in reader(section, found):
            yield from found.batches()
    yield from found.batches(last=True)


def _sections(path: Path) -> Iterator[Section]:
    section: Section | None = None
    names: list[str] = []
    reading = False  # whether rows are data, not a calendar of tariffs
    for line, cells in rows(path, ";"):
        first = plain(cells[0])
        if first == "identifiant prm":
            if section is not None:
                yield section
            section, names, reading = None, [plain(cell) for cell in cells], False
        elif section is None:
            section = Section(dict(zip(names, cells, strict=False)))
        elif first in ("horodate", "date"):
            section.labels, reading = [plain(cell) for cell in cells], True
        elif first == "periode":
            reading = False
        elif reading:
            section.data.append((line, cells))
            if len(section.data) > MAX_SECTION:
                raise UsageError(f"{path}: more than {MAX_SECTION:,} rows for one meter. Export fewer years at a time.")
    if section is not None:
        yield section


def _refused(section: Section, found: Gathering) -> Iterator[None]:
    what = section.about.get("type de donnees", "")
    for line, _ in section.data:
        found.reject(line, section.meter["compteur"], ("Type de donnees", what, "quantity"))
        yield


def _curve(section: Section, found: Gathering) -> Iterator[None]:
    meter, clock = section.meter, values.Clock()
    name, stated = str(meter["compteur"]), section.about.get("pas en minutes", "")
    points = list(section.points(found, lambda text: clock.seconds(name, values.written(text)), "moment"))
    moments = [point.time for point in points]
    ends = stamped_at_end(moments, name, points[0].line if points else 0, found)
    steps = _steps(moments, ends)
    for line, _, seconds, text, value in points:
        minutes = int(stated) if stated.isdigit() else steps.get(seconds, 0)
        found.load(line, meter, seconds, minutes, value, section.unit, None, ends, text)
        yield


def _steps(moments: Sequence[int], ends: bool) -> dict[int, int]:
    """Find the minutes of each row's step; none for a row that is off the grid of its step.

    The step is the distance to the row before (stamps at the end) or after, or failing that to the other one, where
    it is usual or several rows hold it: a row that is missing makes a distance longer, not a step.
    """
    times = sorted(set(moments))
    gaps = [(after - before) / 60 for before, after in pairwise(times)]
    common = Counter(gap for gap in gaps if gap in STEPS).most_common(1)
    if not common:
        return {}
    usual, held = int(common[0][0]), [0]
    for gap, alike in groupby(gaps):
        count = len(list(alike))
        enough = gap in STEPS and (gap == usual or count >= (HELD_LONGER if gap > usual else HELD_SHORTER))
        held += [int(gap) if enough else 0] * count
    held.append(0)
    sides = [(before, after) if ends else (after, before) for before, after in pairwise(held)]
    found = {time: first or other or usual for time, (first, other) in zip(times, sides, strict=True)}
    return {time: minutes for time, minutes in found.items() if time % (60 * minutes) == 0}


def stamped_at_end(moments: Sequence[int], name: str, line: int, found: Gathering) -> bool:
    """Tell whether times mark the end of their steps, by which end of the series is at midnight."""
    if not moments:
        return False
    clocks = [datetime.datetime.fromtimestamp(one, values.PARIS) for one in (min(moments), max(moments))]
    first, last = (one.time() == datetime.time() for one in clocks)
    if first == last:
        span = "..".join(one.strftime("%H:%M") for one in clocks)
        found.repair(line, name, "Horodate", span, "stamp-assumed", "beginning of the step")
    return last and not first


def _indexes(section: Section, found: Gathering) -> Iterator[None]:
    """Keep the total index of each midnight: what was used is the difference to the next one."""
    meter, unit, before = section.meter, section.unit, -math.inf
    name, place = meter["compteur"], section.labels.index("eas t") if "eas t" in section.labels else 1
    for line, stamp, moment, text, value in section.points(found, values.written, "moment", place):
        try:
            begin = values.nearest_midnight(moment.astimezone(values.PARIS) if moment.tzinfo else moment, 2)
        except ValueError:
            found.reject(line, name, ("Horodate", stamp, "not-midnight"))
        else:
            if unit not in KWH:
                found.reject(line, name, ("Unite", unit, "unit"))
                yield
                continue
            kwh = energy(value, unit)
            if kwh is not None and kwh < before:
                found.repair(line, name, "EAS T", text, "index-lower", "consumption before it unknown")
            before = before if kwh is None else kwh
            found.keep("staged/indexes", line, **meter, jour=begin.isoformat(), kwh=kwh, estime=None)
        yield


def _days(section: Section, found: Gathering) -> Iterator[None]:
    meter, unit = section.meter, section.unit
    for line, _, begin, _, value in section.points(found, values.day, "day"):
        if unit in KWH:
            found.reading(line, meter, begin, 1, energy(value, unit))
        else:
            found.reject(line, meter["compteur"], ("Unite", unit, "unit"))
        yield
