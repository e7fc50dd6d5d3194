"""Gas consumption as a GRDF account exports it, in CSV or in a workbook.

Columns met in public parsers of that export: « Date de relevé », indexes, « Volume consommé (m3) », « Energie
consommée (kWh) », « Coefficient de conversion », « Température locale (°C) », a qualification (mesuré, estimé, corrigé,
absence de données), and sometimes « N° PCE ». Only the dates, the energy (or a volume with its coefficient) and the
qualification are read. An export by month has « Période » (« Janvier 2026 ») in place of the date. To be confirmed on
a genuine file: that one, « Consommation (kWh) » and « Type de relevé », and where the PCE stands in the rows above the
header.

The day is the gas day, from 6:00 to 6:00 the next morning: it is entered under the date that it begins on.
"""

from tikub_lab.energy.published import values
from tikub_lab.energy.published.layout import Layout, Row, who
from tikub_lab.energy.published.values import FLAGS, plain

QUALITIES = {**values.flags("grdf"), **FLAGS}


def _is_header(found: set[str], labels: list[str]) -> bool:
    """Tell the row of labels: a date of reading, and an energy or a volume; or a month, and a volume."""
    dated = bool({"date de releve", "journee gaziere"} & set(labels)) and bool({"energy", "volume"} & found)
    return dated or {"month", "volume"} <= found


def _point_above(above: list[list[str]]) -> str:
    """Find the PCE in a row above the labels, next to a word that says so."""
    told = [cells for cells in above if any("pce" in plain(cell).split() for cell in cells)]
    words = (word for cells in told for cell in cells for word in cell.replace(":", " ").split())
    return next((word for word in words if values.is_point(word)), "")


def _judge(row: Row) -> None:
    told, days = row.values, 1
    row.meter = who(row.texts.get("point") or _point_above(row.above))
    if "date" not in row.texts:
        try:
            told["date"], days = values.month(row.texts["month"])
        except ValueError:
            row.refuse("month", row.texts["month"], "month")
    quality = told.get("quality", "")
    if quality not in QUALITIES:
        row.repair("quality", row.texts["quality"], "flag", "")
    kwh, volume, factor = (told.get(name) for name in ("energy", "volume", "factor"))
    if not row.broken and kwh is None and volume is not None:
        if factor is None:
            row.refuse("factor", "", "gas-coefficient")
        else:
            kwh = volume * factor
    if not row.broken:
        row.reading(told["date"], days, kwh=kwh, estime=QUALITIES.get(quality))
        row.keep("energy/meters", **row.meter, energie="gaz")


FORMATS = {"grdf": Layout("grdf", _is_header).format(_judge)}
