"""Bills, and lists of meters, from tables of one's own in CSV or in a workbook: columns are known by their labels.

A table with a meter, a beginning, an end and kWh is one of bills. One with a meter and an energy, without periods, is a
list of meters: it names delivery points, says which lycée they serve, what they count, and in which unit where their
own files don't. Capitals, accents and signs don't matter in labels.

The end of a bill may be its last day or the day after it. The label says which (« fin (exclue) », « fin (incluse) »),
or else the bills of the file do: the next one begins the day after, or on the same day. Where neither tells, a bill
from the first to the last day of a month includes its end, another one excludes it, and the log of repairs says so.
"""

import datetime
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from tikub_lab.energy.published.layout import Format, Layout, Row, batches, who
from tikub_lab.energy.published.values import plain
from tikub_lab.errors import UsageError

MAX_ROWS = 500_000
INCLUDED = {"fin exclue": False, "fin incluse": True}
USES = ("chauffage", "autres", "mixte")


def _is_bills(found: set[str], labels: list[str]) -> bool:
    """Tell the labels of bills; with an origin they are those of the table of readings, which is read by its schema."""
    return found >= {"debut", "fin", "kwh"} and bool(found & {"compteur", "point"}) and "origine" not in labels


def _is_list(found: set[str], labels: list[str]) -> bool:
    """Tell the labels of a list of meters; with steps or days of actions they are those of a table with a schema."""
    others = {"pas", "pas des releves", "premier jour"} & set(labels)
    periods = {"debut", "fin", "kwh"} & set(BILLS.places(labels))
    return "energie" in found and bool(found & {"compteur", "point"}) and not (others or periods)


BILLS, METERS = Layout("energy-bills", _is_bills), Layout("energy-meters", _is_list)


def _named(row: Row) -> None:
    """Name the meter: its own name where there is one, beside its delivery point."""
    texts = row.texts
    named, point = who(texts.get("compteur", "")), who(texts.get("point", ""))
    row.meter = named
    if point["point"] and not named["point"]:
        row.meter = {**point, "compteur": row.name or point["compteur"]}
    if not row.name:
        row.broken = (("compteur", texts.get("compteur") or texts.get("point") or "", "meter-id"), *row.broken)


def _bills(path: Path) -> Iterator[Row]:
    """Read bills; ``line`` is a row's number in the spreadsheet."""
    bills, label = deque[Row](), ""
    for read, row in enumerate(BILLS.rows(path), 1):
        told, label = row.values, row.labels["fin"]
        _named(row)
        if {"debut", "fin"} <= set(told) and told["fin"] < told["debut"]:
            row.refuse("fin", f"{row.texts['debut']} {row.texts['fin']}", "period")
        if row.broken:
            yield row
        else:
            row.texts = {}  # not needed any more, and there may be many
            bills.append(row)
        if read > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files, by year.")
    included = INCLUDED.get(label, _included(bills))
    while bills:
        row = bills.popleft()  # what it becomes is larger than what was read of it
        _keep(row, included)
        yield row


def _included(bills: Iterable[Row]) -> bool | None:
    """Tell by bills that follow one another whether an end is the last day; None where they don't agree or don't."""
    by_meter = defaultdict[str, list[Row]](list)
    for row in bills:
        by_meter[row.name].append(row)
    gaps = Counter(
        (after.values["debut"] - before.values["fin"]).days
        for series in by_meter.values()
        for before, after in pairwise(sorted(series, key=lambda row: row.values["debut"]))
    )
    if gaps[0] == gaps[1] or min(gaps[0], gaps[1]) * 10 > max(gaps[0], gaps[1]):
        return None
    return gaps[1] > gaps[0]


def _keep(row: Row, included: bool | None) -> None:
    begin, end = row.values["debut"], row.values["fin"]
    if included is None:
        included = begin.day == 1 and (end + datetime.timedelta(days=1)).day == 1
        row.repair("fin", end.isoformat(), "end-assumed", "included" if included else "excluded")
    days = (end - begin).days + included
    if days <= 0:
        return row.refuse("fin", f"{begin} {end}", "period")
    kwh, estimated, energy = (row.values.get(name) for name in ("kwh", "estime", "energie"))
    row.reading(begin, days, kwh=kwh, estime=estimated, origine="facture")
    if energy or row.meter["point"]:
        row.keep("energy/meters", **row.meter, energie=energy)


def _listed(row: Row) -> None:
    told, said = row.values, row.texts.get("usage", "")
    _named(row)
    if not row.texts["energie"]:
        row.refuse("energie", "", "energy")
    if row.broken:
        return
    use = plain(said) if plain(said) in USES else None
    if said and use is None:
        row.repair("usage", said, "enum", "")
    told = {"energie": told["energie"], "code_uai": told.get("code_uai"), "facteur": told.get("unite")}
    row.keep("staged/list", **row.meter, usage=use, **told)


FORMATS = {
    "energy-bills": Format(BILLS.recognises, lambda path: batches(_bills(path))),
    "energy-meters": METERS.format(_listed),
}
