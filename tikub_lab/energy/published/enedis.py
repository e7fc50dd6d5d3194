"""Load curves, daily indexes and daily totals of Enedis, in CSV: three headings.

- Exports of a customer's account, as met in public parsers and their tests: sections that each begin with two rows
  about the meter. Powers in watts are means over a step; the energy of a step is power times length.
- The flat flux (R63, and what the portal SGE gives): each row says meter, quantity, unit and step. Columns as met in
  public parsers and their tests, with accents or without: ``Identifiant PRM;Date de début;Date de fin;Grandeur
  physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;Nature;Pas…``.
- What the customer's account gives since 2025, a workbook too: load curves « Début;Fin;Valeur (en kW) », as users
  reported it; daily totals « Date;Valeur (en kWh) » are assumed to look alike. The meter's number stands in a row
  above, or nowhere: the file's name then is the meter's.

Whether a time marks the beginning or the end of its step is not written in the first two, and both occur (beginning for
large meters, end for Linky). Exports are of whole days: a series that runs from midnight to the step before midnight is
stamped at the beginning, one that runs from the first step to midnight at the end. Where neither can be told, the
beginning is taken and the log of repairs says so (``stamp-assumed``).

To be confirmed on a genuine file: sections of daily totals (« Énergie quotidienne », « Consommation quotidienne »), the
layouts since 2025, and XML of R50, which is not read.
"""

import datetime
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.layout import Format, Layout, Meter, Row, batches, who
from tikub_lab.energy.published.values import KWH, energy, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import Row as Numbered
from tikub_lab.tables.sheets import rows

STEPS = (1, 2, 5, 10, 15, 20, 30, 60)
"""Minutes that a step may have where no column says it."""
HELD_SHORTER, HELD_LONGER = 2, 6
"""Distances in a row that make a step shorter, or longer, than the usual one."""
MAX_SECTION = 600_000
"""Rows of a section of an account's export: eleven years of ten minutes."""
NATURES = values.flags("enedis")
ACTIVE = ("ea", "pa", "energie active", "puissance active")


def _is_account(head: Head) -> bool:
    """Recognise an account's export: a first row of names that begins with the PRM and tells the type of data."""
    return [plain(cell) for cell in head.columns][:2] == ["identifiant prm", "type de donnees"]


def _account(path: Path) -> Iterator[Row]:
    """Judge an account's export, section by section; ``line`` is a row's number in a spreadsheet."""
    for about, labels, section in _sections(path):
        kind, meter = _kind(about), who(about.get("identifiant prm", ""))
        word = labels[1].rpartition(" ")[2] if len(labels) > 1 else ""
        unit = plain(about.get("unite", "")) or (word if word in KWH else "")
        place = labels.index("eas t") if kind == "index" and "eas t" in labels else 1
        read = partial(_cells, meter, place, kind="day" if kind == "daily" else "moment")
        curve = _curve(section, read, unit, about.get("pas en minutes", ""))
        before = -math.inf
        for row in curve if kind == "curve" else map(read, section):
            if not kind:
                row.broken = (("Type de donnees", about.get("type de donnees", ""), "quantity"),)
            elif kind == "daily" and not row.broken:
                _total(row, "Horodate", "Unite", unit)
            elif kind == "index" and not row.broken:
                before = _index(row, unit, before)
            if kind and row.line == section[0][0]:
                row.keep("energy/meters", **meter, energie="électricité")
            yield row


def _cells(meter: Meter, place: int, numbered: Numbered, kind: str) -> Row:
    """Read the cells of a row; sections hold cells, as what is read of them is four times as large."""
    line, cells = numbered
    row = Row(line, meter=meter)
    row.read("Horodate", cells[0], kind)
    row.read("Valeur", cells[place] if len(cells) > place else "", "number")
    return row


def _sections(path: Path) -> Iterator[tuple[dict[str, str], list[str], list[Numbered]]]:
    """Give what the two rows of a section say of the meter, its labels, and its rows of data."""
    about, names, labels, section = dict[str, str](), list[str](), list[str](), list[Numbered]()
    reading = False  # whether rows are data, not a calendar of tariffs
    for line, cells in rows(path, ";"):
        first = plain(cells[0])
        if first == "identifiant prm":
            yield about, labels, section
            about, names, labels, section, reading = {}, [plain(cell) for cell in cells], [], [], False
        elif names and not about:
            about = dict(zip(names, cells, strict=False))
        elif first in ("horodate", "date"):
            labels, reading = [plain(cell) for cell in cells], True
        elif first == "periode":
            reading = False
        elif reading:
            section.append((line, cells))
            if len(section) > MAX_SECTION:
                raise UsageError(f"{path}: more than {MAX_SECTION:,} rows for one meter. Export fewer years at a time.")
    yield about, labels, section


def _kind(about: dict[str, str]) -> str:
    """Return « curve », « index », « daily », or "" for what is no consumption of active energy."""
    what, physical, business = (
        plain(about.get(name, "")) for name in ("type de donnees", "grandeur physique", "grandeur metier")
    )
    if business not in ("", "consommation", "cons", "soutirage") or physical not in ("", *ACTIVE):
        return ""
    kinds = dict.fromkeys(("energie quotidienne", "consommation quotidienne"), "daily") | {"index": "index"}
    return "curve" if "courbe de charge" in what else kinds.get(what, "")


def _curve(section: list[Numbered], read: Callable[..., Row], unit: str, stated: str) -> Iterator[Row]:
    """Read a section twice: the first time for its step, and for whether times mark the beginning or the end."""
    clock, times = values.Clock(), list[int | None]()
    for row in map(read, section):
        _clocked(row, clock)
        times.append(None if row.broken else row.values["seconds"])
    moments, steps, ends = [time for time in times if time is not None], dict[int, int](), None
    for numbered, seconds in zip(section, times, strict=True):
        if seconds is None:
            _clocked(row := read(numbered), clock)
        else:
            row = read(numbered, kind="")  # its time is known
            if ends is None:
                ends = _stamped_at_end(moments, row)
                steps = _steps(moments, ends)
            minutes = int(stated) if stated.isdigit() else steps.get(seconds, 0)
            row.load(seconds, minutes, row.values["Valeur"], unit, ends)
        yield row


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


def _stamped_at_end(moments: Sequence[int], row: Row) -> bool:
    """Tell whether times mark the end of their steps, by which end of the series is at midnight."""
    clocks = [datetime.datetime.fromtimestamp(one, values.PARIS) for one in (min(moments), max(moments))]
    first, last = (one.time() == datetime.time() for one in clocks)
    if first == last:
        span = "..".join(one.strftime("%H:%M") for one in clocks)
        row.repair("Horodate", span, "stamp-assumed", "beginning of the step")
    return last and not first


def _index(row: Row, unit: str, before: float) -> float:
    """Keep the total index of a midnight, and return the last one known: use is the difference to the next one."""
    moment = row.values["Horodate"]
    try:
        begin = values.nearest_midnight(moment.astimezone(values.PARIS) if moment.tzinfo else moment, 2)
    except ValueError:
        row.refuse("Horodate", row.texts["Horodate"], "not-midnight")
        return before
    if unit not in KWH:
        row.refuse("Unite", unit, "unit")
        return before
    kwh = energy(row.values["Valeur"], unit)
    if kwh is not None and kwh < before:
        row.repair("EAS T", row.texts["Valeur"], "index-lower", "consumption before it unknown")
    row.keep("staged/indexes", **row.meter, jour=begin.isoformat(), kwh=kwh, estime=None)
    return before if kwh is None else kwh


def _total(row: Row, day: str, field: str, unit: str) -> None:
    """Keep the energy of a day."""
    if unit in KWH:
        row.reading(row.values[day], 1, kwh=energy(row.values["Valeur"], unit))
    else:
        row.refuse(field, unit, "unit")


FLAT = Layout("enedis-flat", lambda found, _: len(found - {"Nature", "Pas"}) == 6, exact=True)


def _flat(path: Path) -> Iterator[Batch]:
    """Read the flat flux twice: the first time for where each meter's series begins and ends."""
    clock, spans = values.Clock(), dict[str, tuple[int, int]]()
    for row in FLAT.each(path, partial(_meant, clock)):
        if not row.broken:
            seconds = row.values["seconds"]
            first, last = spans.get(row.name, (seconds, seconds))
            spans[row.name] = min(first, seconds), max(last, seconds)
    return batches(FLAT.each(path, partial(_step, values.Clock(), spans, {})))


def _meant(clock: values.Clock, row: Row) -> None:
    """Name the meter of a row and tell its time, and note what else makes it unusable."""
    told, texts = row.values, row.texts
    row.meter = who(texts["Identifiant PRM"])
    if row.meter["point"] is None:
        row.refuse("Identifiant PRM", texts["Identifiant PRM"], "meter-id")
    if told["Grandeur physique"] not in ACTIVE or told["Grandeur métier"] not in ("cons", "consommation"):
        row.refuse("Grandeur", f"{texts['Grandeur physique']} {texts['Grandeur métier']}", "quantity")
    if not row.broken:
        _clocked(row, clock)


def _clocked(row: Row, clock: values.Clock) -> None:
    """Tell the moment of a row in seconds."""
    if "Horodate" in row.values:
        try:
            row.values["seconds"] = clock.seconds(row.name, row.values["Horodate"])
        except ValueError:
            row.broken = (("Horodate", row.texts["Horodate"], "moment"), *row.broken)


def _step(clock: values.Clock, spans: dict[str, tuple[int, int]], ends: dict[str, bool], row: Row) -> None:
    _meant(clock, row)
    if row.broken:
        return
    told, name = row.values, row.name
    if name not in ends:
        ends[name] = _stamped_at_end(spans[name], row)
        row.keep("energy/meters", **row.meter, energie="électricité")
    estimated = NATURES.get(told.get("Nature", "").upper())
    row.load(told["seconds"], told.get("Pas", 0), told["Valeur"], told["Unité"], ends[name], estime=estimated)


CUSTOMER = Layout(
    "enedis-customer",
    lambda found, labels: "Valeur" in found and [one for one in labels if one][:-1] in (["debut", "fin"], ["date"]),
    ";",
)


def _customer(path: Path) -> Iterator[Batch]:
    return batches(CUSTOMER.each(path, partial(_since_2025, values.Clock(), values.Clock())))


def _since_2025(begins: values.Clock, ends: values.Clock, row: Row) -> None:
    points = [cell for cells in row.above for cell in cells if values.is_point(cell)]
    row.meter, told = who(points[-1] if points else ""), row.values
    unit = row.labels["Valeur"].removeprefix("valeur en ")
    row.keep("energy/meters", **row.meter, energie="électricité")
    if row.broken:
        return
    if "Date" in told:
        return _total(row, "Date", "Valeur", unit)
    try:
        start, end = begins.seconds(row.name, told["Début"]), ends.seconds(row.name, told["Fin"])
    except ValueError:
        return row.refuse("Début", row.texts["Début"], "moment")
    row.load(start, (end - start) // 60, told["Valeur"], unit)


FORMATS = {
    "enedis-account": Format(_is_account, lambda path: batches(_account(path))),
    "enedis-flat": Format(FLAT.recognises, _flat),
    "enedis-customer": Format(CUSTOMER.recognises, _customer),
}
