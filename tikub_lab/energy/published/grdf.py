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
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.layout import Column, Layout, Line, numbers
from tikub_lab.energy.published.values import plain
from tikub_lab.tables.readers import Batch

NO_DATA = "absence de donnees"
SILENT = {"publiee", "informative", "informatif", "provisoire", "definitive", "definitif"}
"""Qualities that say nothing of whether a figure is estimated."""


def _is_header(found: set[str], labels: list[str]) -> bool:
    """Tell the row of labels: a date of reading, and an energy or a volume; or a month, and a volume."""
    dated = bool({"date de releve", "journee gaziere"} & set(labels)) and bool({"energy", "volume"} & found)
    return dated or {"month", "volume"} <= found


LAYOUT = Layout(
    {
        "date": Column(("date de releve", "journee gaziere", "date"), values.day, "day"),
        "month": Column(("periode",)),
        "energy": numbers("energie consommee kwh", "consommation kwh", "energie kwh"),
        "volume": numbers("volume consomme m3", "volume brut consomme m3", "consommation m3"),
        "factor": numbers("coefficient de conversion", "coefficient de conversion kwh m3"),
        "quality": Column(
            ("qualification du releve", "qualification", "type de releve", "nature du releve", "nature"), plain
        ),
        "point": Column(("n pce", "pce", "numero pce", "numero de pce", "identifiant pce", "n de pce")),
    },
    _is_header,
)


def read(path: Path) -> Iterator[Batch]:
    """Read the export in runs of rows."""
    return LAYOUT.batches(path, _row)


def _point_above(rows: list[list[str]]) -> str:
    """Find the PCE in a row above the labels, next to a word that says so."""
    told = [cells for cells in rows if any("pce" in plain(cell).split() for cell in cells)]
    words = (word for cells in told for cell in cells for word in cell.replace(":", " ").split())
    return next((word for word in words if values.is_point(word)), "")


def _row(found: Gathering, line: Line) -> None:
    told = line.values
    meter = who(line.texts.get("point") or _point_above(line.above))
    if "date" not in line.texts:
        try:
            told["date"], days = values.month(line.texts["month"])
        except ValueError:
            line.broken.append(("month", line.texts["month"], "month"))
    else:
        days = 1
    quality = told.get("quality", "")
    try:
        estimated = None if quality == NO_DATA else values.flag(quality)
    except ValueError:
        estimated = None
        if quality not in SILENT:
            found.repair(line.at, meter["compteur"], "quality", line.texts["quality"], "flag", "")
    kwh, volume, factor = (told.get(name) for name in ("energy", "volume", "factor"))
    if not line.broken and kwh is None and volume is not None and factor is None:
        line.broken.append(("factor", "", "gas-coefficient"))
    if line.broken:
        found.reject(line.at, meter["compteur"], *line.broken)
        return
    if kwh is None and volume is not None:
        kwh = volume * factor
    found.reading(line.at, meter, told["date"], days, kwh, estimated)
    found.imply("energy/meters", line.at, **meter, energie="gaz")
