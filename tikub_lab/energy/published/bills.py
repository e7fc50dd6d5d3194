"""Bills, and lists of meters, from tables of one's own in CSV or in a workbook: columns are known by their labels.

A table with a meter, a beginning, an end and kWh is one of bills. One with a meter and an energy, without periods, is a
list of meters: it names delivery points, says which lycée they serve, and what they count. Capitals, accents and signs
don't matter in labels; :data:`LABELS` has those that are known.

The end of a bill may be its last day or the day after it. The label says which (« fin (exclue) », « fin (incluse) »),
or else the bills of the file do: the next one begins the day after, or on the same day. Where neither tells, a bill
from the first to the last day of a month includes its end, another one excludes it, and the log of repairs says so.
"""

import datetime
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.values import ENERGIES, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.identifiers import uai
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

MAX_ROWS = 500_000
EXCLUDED, INCLUDED = "fin exclue", "fin incluse"
LABELS: dict[str, tuple[str, ...]] = {
    "compteur": ("compteur", "compteur id", "identifiant du compteur", "n compteur", "numero de compteur"),
    "point": ("point de livraison", "point livraison", "pdl", "prm", "pce", "rae", "ref acheminement"),
    "debut": ("debut", "date debut", "date de debut", "debut de periode", "du", "periode du"),
    "fin": (
        "fin", "date fin", "date de fin", "fin de periode", "au", "periode au", EXCLUDED, INCLUDED,
    ),
    "kwh": ("kwh", "consommation kwh", "conso kwh", "consommation en kwh", "energie kwh", "quantite kwh"),
    "estime": ("estime", "estimee", "type de releve", "nature du releve", "nature", "releve ou estime"),
    "energie": ("energie", "fluide", "type d energie"),
    "code_uai": ("code uai", "uai", "rne", "code rne"),
    "usage": ("usage",),
}  # fmt: skip
"""Labels of each column, as :func:`~tikub_lab.energy.published.values.plain` writes them; the first that is there."""
USES = {"chauffage": "chauffage", "autres": "autres", "mixte": "mixte"}


def columns(cells: list[str]) -> dict[str, int]:
    """Find the columns that are known, by their labels.

    Examples
    --------
    >>> columns(["Compteur", "Début", "Fin", "kWh", "Estimé ?"])
    {'compteur': 0, 'debut': 1, 'fin': 2, 'kwh': 3, 'estime': 4}
    """
    labels = [plain(cell) for cell in cells]
    return {
        name: next(labels.index(label) for label in known if label in labels)
        for name, known in LABELS.items()
        if any(label in labels for label in known)
    }


def is_bills_header(cells: list[str]) -> bool:
    """Tell the labels of bills; with an origin they are those of the table of readings, which is read by its schema."""
    found = set(columns(cells))
    return found >= {"debut", "fin", "kwh"} and bool(found & {"compteur", "point"}) and not _plain(cells) & {"origine"}


def is_list_header(cells: list[str]) -> bool:
    """Tell the labels of a list of meters; with their steps they are those of the table, read by its schema."""
    found, others = set(columns(cells)), _plain(cells) & {"pas", "pas des releves"}
    return "energie" in found and bool(found & {"compteur", "point"}) and not others | found & {"debut", "fin", "kwh"}


def _plain(cells: list[str]) -> set[str]:
    return {plain(cell) for cell in cells}


def is_bills(head: Head) -> bool:
    """Recognise bills by their labels, after whatever rows."""
    return any(map(is_bills_header, head.rows))


def is_list(head: Head) -> bool:
    """Recognise a list of meters by its labels, after whatever rows."""
    return any(map(is_list_header, head.rows))


def read_bills(path: Path) -> Iterator[Batch]:
    r"""Read bills; ``line`` is a row's number in the spreadsheet.

    Raises
    ------
    UsageError
        For a file that is no table, or of more than :data:`MAX_ROWS` rows.

    Examples
    --------
    >>> import tempfile
    >>> text = "Compteur;Début;Fin;kWh;Estimé\nG1;01/01/2025;31/01/2025;1 200,5;non\nG1;01/02/2025;28/02/2025;x;oui\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "factures.csv")
    ...     _ = file.write_text(text)
    ...     (batch,) = read_bills(file)
    >>> batch.tables["energy/readings"][["debut", "fin", "kwh", "estime"]].to_numpy().tolist()
    [['2025-01-01', '2025-02-01', 1200.5, False]]
    >>> batch.rejects[["line", "field", "value", "rule"]].to_numpy().tolist()
    [[3, 'kwh', 'x', 'number']]
    """
    found, bills, label = Gathering(), list[Bill](), ""
    for line, row, labels in _named(path, is_bills_header):
        label = label or next((one for one in (EXCLUDED, INCLUDED) if one in labels), "")
        bill = _bill(line, row, found)
        if bill is not None:
            bills.append(bill)
        if found.read + len(bills) > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files, by year.")
    included = {EXCLUDED: False, INCLUDED: True}.get(label, _included(bills))
    for bill in bills:
        _keep(bill, included, found)
        yield from found.batches()
    yield from found.batches(last=True)


Bill = tuple[int, dict[str, str | None], datetime.date, datetime.date, float | None, bool | None, str | None]
"""Line, meter, beginning, end as written, kWh, whether it is estimated, energy."""


def _named(path: Path, is_header: Callable[[list[str]], bool]) -> Iterator[tuple[int, dict[str, str], list[str]]]:
    known: dict[str, int] = {}
    labels: list[str] = []
    for line, cells in rows(path):
        if known:
            yield line, {name: cells[at] if at < len(cells) else "" for name, at in known.items()}, labels
        elif is_header(cells):
            known, labels = columns(cells), [plain(cell) for cell in cells]


def _meter(row: dict[str, str]) -> dict[str, str | None]:
    """Name the meter: its own name where there is one, beside its delivery point."""
    named, point = who(row.get("compteur", "")), who(row.get("point", ""))
    if named["compteur"] is None:
        return point if point["point"] else {"compteur": None, "point": None}
    return {"compteur": named["compteur"], "point": named["point"] or point["point"]}


def _bill(line: int, row: dict[str, str], found: Gathering) -> Bill | None:
    meter, broken = _meter(row), list[tuple[str, str, str]]()
    if meter["compteur"] is None:
        broken.append(("compteur", row.get("compteur") or row.get("point") or "", "meter-id"))
    days: list[datetime.date] = []
    for name in ("debut", "fin"):
        try:
            days.append(values.day(row[name]))
        except ValueError:
            broken.append((name, row[name], "day"))
    if len(days) == 2 and days[1] < days[0]:
        broken.append(("fin", f"{row['debut']} {row['fin']}", "period"))
    kwh, estimated = None, None
    try:
        kwh = values.number(row["kwh"])
    except ValueError:
        broken.append(("kwh", row["kwh"], "number"))
    try:
        estimated = values.flag(row.get("estime", ""))
    except ValueError:
        broken.append(("estime", row["estime"], "flag"))
    energy = ENERGIES.get(plain(row.get("energie", "")))
    if row.get("energie") and energy is None:
        broken.append(("energie", row["energie"], "energy"))
    if broken:
        found.reject(line, meter["compteur"], *broken)
        return None
    return line, meter, days[0], days[1], kwh, estimated, energy


def _included(bills: list[Bill]) -> bool | None:
    """Tell by bills that follow one another whether an end is the last day; None where they don't agree or don't."""
    votes = {True: 0, False: 0}
    by_meter: dict[str | None, list[Bill]] = {}
    for bill in bills:
        by_meter.setdefault(bill[1]["compteur"], []).append(bill)
    for some in by_meter.values():
        some.sort(key=lambda bill: bill[2])
        for before, after in pairwise(some):
            gap = (after[2] - before[3]).days
            if gap in (0, 1):
                votes[gap == 1] += 1
    if not any(votes.values()) or min(votes.values()) * 10 > max(votes.values()):
        return None
    return votes[True] > votes[False]


def _keep(bill: Bill, included: bool | None, found: Gathering) -> None:
    line, meter, begin, end, kwh, estimated, energy = bill
    following = end + datetime.timedelta(days=1)
    if included is None:
        whole = begin.day == 1 and following.day == 1
        taken = "included" if whole else "excluded"
        found.repair(line, meter["compteur"], "fin", end.isoformat(), "end-assumed", taken)
        end = following if whole else end
    elif included:
        end = following
    if end <= begin:
        found.reject(line, meter["compteur"], ("fin", f"{begin} {bill[3]}", "period"))
        return
    found.keep(
        "energy/readings", line, **meter, debut=begin.isoformat(), fin=end.isoformat(), kwh=kwh, estime=estimated,
        origine="facture",
    )  # fmt: skip
    if energy or meter["point"]:
        found.imply("energy/meters", line, **meter, energie=energy)


def read_list(path: Path) -> Iterator[Batch]:
    """Read a list of meters."""
    found = Gathering()
    for line, row, _ in _named(path, is_list_header):
        meter, broken = _meter(row), list[tuple[str, str, str]]()
        energy, code = ENERGIES.get(plain(row["energie"])), row.get("code_uai", "").upper() or None
        if meter["compteur"] is None:
            broken.append(("compteur", row.get("compteur") or row.get("point") or "", "meter-id"))
        if energy is None:
            broken.append(("energie", row["energie"], "energy"))
        if code is not None and not bool(uai(pd.Series([code], dtype="str")).iloc[0]):
            broken.append(("code_uai", code, "uai"))
        if broken:
            found.reject(line, meter["compteur"], *broken)
        else:
            said = row.get("usage", "").strip()
            use = USES.get(plain(said))
            if said and use is None:
                found.repair(line, meter["compteur"], "usage", said, "enum", "")
            found.keep("staged/list", line, **meter, energie=energy, code_uai=code, usage=use)
        yield from found.batches()
    yield from found.batches(last=True)
