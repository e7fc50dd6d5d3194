"""Gas consumption as a GRDF account exports it, in CSV or in a workbook.

Columns met in public parsers of that export: « Date de relevé », indexes, « Volume consommé (m3) », « Energie
consommée (kWh) », « Coefficient de conversion », « Température locale (°C) », a qualification (mesuré, estimé, corrigé,
absence de données), and sometimes « N° PCE ». Only the dates, the energy (or a volume with its coefficient) and the
qualification are read. An export by month has « Période » (« Janvier 2026 ») in place of the date. To be confirmed on
a genuine file: that one, « Consommation (kWh) » and « Type de relevé », and where the PCE stands in the rows above the
header.

The day is the gas day, from 6:00 to 6:00 the next morning: it is entered under the date that it begins on.
"""

from collections.abc import Iterator
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, daily, who
from tikub_lab.energy.published.values import plain
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

FIELDS = {
    "date": ("date de releve", "journee gaziere", "date"),
    "month": ("periode",),
    "energy": ("energie consommee kwh", "consommation kwh", "energie kwh"),
    "volume": ("volume consomme m3", "volume brut consomme m3", "consommation m3"),
    "factor": ("coefficient de conversion", "coefficient de conversion kwh m3"),
    "quality": ("qualification du releve", "qualification", "type de releve", "nature du releve", "nature"),
    "point": ("n pce", "pce", "numero pce", "numero de pce", "identifiant pce", "n de pce"),
}
NO_DATA = "absence de donnees"
SILENT = {"publiee", "informative", "informatif", "provisoire", "definitive", "definitif"}
"""Qualities that say nothing of whether a figure is estimated."""


def columns(cells: list[str]) -> dict[str, int]:
    """Find the columns that the reader knows, by their labels."""
    labels = [plain(cell) for cell in cells]
    return {
        name: next(labels.index(label) for label in known if label in labels)
        for name, known in FIELDS.items()
        if any(label in labels for label in known)
    }


def is_header(cells: list[str]) -> bool:
    """Tell the row of labels: a date of reading, and an energy or a volume; or a month, and a volume.

    Examples
    --------
    >>> is_header(["Date de relevé", "Volume consommé (m3)", "Energie consommée (kWh)"])
    True
    """
    found = columns(cells)
    labels = {plain(cell) for cell in cells}
    dated = bool({"date de releve", "journee gaziere"} & labels) and bool({"energy", "volume"} & set(found))
    return dated or {"month", "volume"} <= set(found)


def is_grdf(head: Head) -> bool:
    """Recognise the export by its row of labels, after whatever rows."""
    return any(map(is_header, head.rows))


def read(path: Path) -> Iterator[Batch]:
    r"""Read the export in runs of rows.

    Examples
    --------
    >>> import tempfile
    >>> text = "Date de relevé;Volume consommé (m3);Coefficient de conversion\n15/01/2025;10;11,2\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text(text)
    ...     (batch,) = read(file)
    >>> batch.tables["energy/readings"][["debut", "fin", "kwh"]].to_numpy().tolist()
    [['2025-01-15', '2025-01-16', 112.0]]
    """
    found, known, point = Gathering(), dict[str, int](), ""
    for line, cells in rows(path):
        if not known:
            if is_header(cells):
                known = columns(cells)
            elif not point:
                point = _point_above(cells)
            continue
        _row(line, {name: cells[place] if place < len(cells) else "" for name, place in known.items()}, point, found)
        yield from found.batches()
    yield from found.batches(last=True)


def _point_above(cells: list[str]) -> str:
    """Find the PCE in a row above the header, next to a label that says so."""
    if not any("pce" in plain(cell).split() for cell in cells):
        return ""
    words = [word for cell in cells for word in cell.replace(":", " ").split()]
    return next((word for word in words if values.is_point(word)), "")


def _row(line: int, row: dict[str, str], point: str, found: Gathering) -> None:
    meter = who(row.get("point") or point)
    quality = plain(row.get("quality", ""))
    broken: list[tuple[str, str, str]] = []
    known: dict[str, float | None] = {}
    for name in ("energy", "volume", "factor"):
        try:
            known[name] = values.number(row.get(name, ""))
        except ValueError:
            broken.append((name, row[name], "number"))
    try:
        span = daily(values.day(row["date"])) if "date" in row else daily(*values.month(row["month"]))
    except ValueError:
        broken.append(("date", row["date"], "day") if "date" in row else ("month", row["month"], "month"))
    try:
        estimated = None if quality == NO_DATA else values.flag(quality)
    except ValueError:
        estimated = None
        if quality not in SILENT:
            found.repair(line, meter["compteur"], "quality", row["quality"], "flag", "")
    if not broken and known["energy"] is None and known["volume"] is not None and known["factor"] is None:
        broken.append(("factor", "", "gas-coefficient"))
    if broken:
        found.reject(line, meter["compteur"], *broken)
        return
    kwh, volume, factor = known["energy"], known["volume"], known["factor"]
    if kwh is None and volume is not None and factor is not None:
        kwh = volume * factor
    found.keep("energy/readings", line, **meter, **span, kwh=kwh, estime=estimated, origine="relevé")
    found.imply("energy/meters", line, **meter, energie="gaz")
