"""Bills, and lists of meters, from tables of one's own in CSV or in a workbook: columns are known by their labels.

A table with a meter, a beginning, an end and kWh is one of bills. One with a meter and an energy, without periods, is a
list of meters: it names delivery points, says which lycée they serve, what they count, and in which unit where their
own files don't. Capitals, accents and signs
don't matter in labels.

The end of a bill may be its last day or the day after it. The label says which (« fin (exclue) », « fin (incluse) »),
or else the bills of the file do: the next one begins the day after, or on the same day. Where neither tells, a bill
from the first to the last day of a month includes its end, another one excludes it, and the log of repairs says so.
"""

import datetime
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, Meter, who
from tikub_lab.energy.published.layout import Column, Layout, Line, numbers
from tikub_lab.energy.published.values import ENERGIES, KWH, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.identifiers import uai
from tikub_lab.tables.readers import Batch

MAX_ROWS = 500_000
EXCLUDED, INCLUDED = "fin exclue", "fin incluse"
USES = {"chauffage": "chauffage", "autres": "autres", "mixte": "mixte"}


def _energy(text: str) -> str | None:
    found = ENERGIES.get(plain(text))
    if text and found is None:
        raise ValueError(text)
    return found


def _code(text: str) -> str | None:
    code = text.upper() or None
    if code is not None and not bool(uai(pd.Series([code], dtype="str")).iloc[0]):
        raise ValueError(text)
    return code


def _factor(text: str) -> float | None:
    unit = text.lower() or None
    if unit is not None and unit not in KWH:
        raise ValueError(text)
    return KWH[unit] if unit else None


_METER = {
    "compteur": Column(("compteur", "compteur id", "identifiant du compteur", "n compteur", "numero de compteur")),
    "point": Column(("point de livraison", "point livraison", "pdl", "prm", "pce", "rae", "ref acheminement")),
    "energie": Column(("energie", "fluide", "type d energie"), _energy, "energy"),
}
_BILL = {
    "debut": Column(
        ("debut", "date debut", "date de debut", "debut de periode", "du", "periode du"), values.day, "day"
    ),
    "fin": Column(
        ("fin", "date fin", "date de fin", "fin de periode", "au", "periode au", EXCLUDED, INCLUDED), values.day, "day"
    ),
    "kwh": numbers("kwh", "consommation kwh", "conso kwh", "consommation en kwh", "energie kwh", "quantite kwh"),
    "estime": Column(
        ("estime", "estimee", "type de releve", "nature du releve", "nature", "releve ou estime"), values.flag, "flag"
    ),
}


def _is_bills(found: set[str], labels: list[str]) -> bool:
    """Tell the labels of bills; with an origin they are those of the table of readings, which is read by its schema."""
    return found >= {"debut", "fin", "kwh"} and bool(found & {"compteur", "point"}) and "origine" not in labels


def _is_list(found: set[str], labels: list[str]) -> bool:
    """Tell the labels of a list of meters; with steps or days of actions they are those of a table with a schema."""
    others = {"pas", "pas des releves", "premier jour"} & set(labels)
    periods = {"debut", "fin", "kwh"} & set(BILLS.places(labels))
    return "energie" in found and bool(found & {"compteur", "point"}) and not (others or periods)


BILLS = Layout(_METER | _BILL, _is_bills)
METERS = Layout(
    {
        **_METER,
        "code_uai": Column(("code uai", "uai", "rne", "code rne"), _code, "uai"),
        "usage": Column(("usage",)),
        "unite": Column(("unite",), _factor, "unit"),
    },
    _is_list,
)


class Bill(NamedTuple):
    """A bill as it is written."""

    line: int
    meter: Meter
    begin: datetime.date
    end: datetime.date
    kwh: float | None
    estimated: bool | None
    energy: str | None


def read_bills(path: Path) -> Iterator[Batch]:
    """Read bills; ``line`` is a row's number in the spreadsheet."""
    bills = list[Bill]()
    label = ""

    def take(found: Gathering, line: Line) -> None:
        nonlocal label
        told, label = line.values, line.labels["fin"]
        meter = _meter(line)
        if {"debut", "fin"} <= set(told) and told["fin"] < told["debut"]:
            line.broken.append(("fin", f"{line.texts['debut']} {line.texts['fin']}", "period"))
        if line.broken:
            found.reject(line.at, meter["compteur"], *line.broken)
        else:
            known = (told.get(name) for name in ("kwh", "estime", "energie"))
            bills.append(Bill(line.at, meter, told["debut"], told["fin"], *known))
        if found.read + len(bills) > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files, by year.")

    def kept(found: Gathering) -> Iterator[None]:
        included = {EXCLUDED: False, INCLUDED: True}.get(label, _included(bills))
        for bill in bills:
            _keep(bill, included, found)
            yield

    return BILLS.batches(path, take, kept)


def _meter(line: Line) -> Meter:
    """Name the meter: its own name where there is one, beside its delivery point."""
    texts = line.texts
    named, point = who(texts.get("compteur", "")), who(texts.get("point", ""))
    if named["compteur"]:
        return {"compteur": named["compteur"], "point": named["point"] or point["point"]}
    if point["point"]:
        return point
    line.broken.insert(0, ("compteur", texts.get("compteur") or texts.get("point") or "", "meter-id"))
    return {"compteur": None, "point": None}


def _included(bills: list[Bill]) -> bool | None:
    """Tell by bills that follow one another whether an end is the last day; None where they don't agree or don't."""
    votes = {True: 0, False: 0}
    by_meter: dict[str | None, list[Bill]] = {}
    for bill in bills:
        by_meter.setdefault(bill.meter["compteur"], []).append(bill)
    for series in by_meter.values():
        for before, after in pairwise(sorted(series, key=lambda bill: bill.begin)):
            gap = (after.begin - before.end).days
            if gap in (0, 1):
                votes[gap == 1] += 1
    if not any(votes.values()) or min(votes.values()) * 10 > max(votes.values()):
        return None
    return votes[True] > votes[False]


def _keep(bill: Bill, included: bool | None, found: Gathering) -> None:
    line, meter = bill.line, bill.meter
    days = (bill.end - bill.begin).days
    if included is None:
        whole = bill.begin.day == 1 and (bill.end + datetime.timedelta(days=1)).day == 1
        taken = "included" if whole else "excluded"
        found.repair(line, meter["compteur"], "fin", bill.end.isoformat(), "end-assumed", taken)
        days += whole
    elif included:
        days += 1
    if days <= 0:
        found.reject(line, meter["compteur"], ("fin", f"{bill.begin} {bill.end}", "period"))
        return
    found.reading(line, meter, bill.begin, days, bill.kwh, bill.estimated, "facture")
    if bill.energy or meter["point"]:
        found.imply("energy/meters", line, **meter, energie=bill.energy)


def read_list(path: Path) -> Iterator[Batch]:
    """Read a list of meters."""
    return METERS.batches(path, _listed)


def _listed(found: Gathering, line: Line) -> None:
    meter, told = _meter(line), line.values
    if not line.texts["energie"]:
        line.broken.append(("energie", "", "energy"))
    if line.broken:
        found.reject(line.at, meter["compteur"], *line.broken)
        return
    said = told.get("usage", "")
    use = USES.get(plain(said))
    if said and use is None:
        found.repair(line.at, meter["compteur"], "usage", said, "enum", "")
    told = {"energie": told["energie"], "code_uai": told.get("code_uai"), "facteur": told.get("unite")}
    found.keep("staged/list", line.at, **meter, usage=use, **told)
