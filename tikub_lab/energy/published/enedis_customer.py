"""What the customer's account of Enedis gives since 2025: load curves and daily totals, in CSV or in a workbook.

Load curves have « Début;Fin;Valeur (en kW) », as users reported it; daily totals « Date;Valeur (en kWh) » are assumed
to look alike. Both are to be confirmed on a genuine file. The meter's number stands in a row above, or nowhere: the
file's name then is the meter's.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.layout import Column, Layout, Line, numbers
from tikub_lab.energy.published.values import KWH
from tikub_lab.tables.readers import Batch

_LABELS = (["debut", "fin"], ["date"])
LAYOUT = Layout(
    {
        "Date": Column(("date",), values.day, "day"),
        "Début": Column(("debut",), values.written, "moment"),
        "Fin": Column(("fin",), values.written, "moment"),
        "Valeur": numbers("valeur en *"),
    },
    lambda found, labels: "Valeur" in found and [one for one in labels if one][:-1] in _LABELS,
    ";",
)


def read(path: Path) -> Iterator[Batch]:
    """Read the export in runs of rows."""
    return LAYOUT.batches(path, partial(_row, values.Clock(), values.Clock()))


def _row(begins: values.Clock, ends: values.Clock, found: Gathering, line: Line) -> None:
    points = [cell for cells in line.above for cell in cells if values.is_point(cell)]
    meter = who(points[-1] if points else "")
    found.imply("energy/meters", line.at, **meter, energie="électricité")
    name, told, unit = str(meter["compteur"]), line.values, line.labels["Valeur"].removeprefix("valeur en ")
    if not line.broken and "Date" not in told:
        try:
            start, end = begins.seconds(name, told["Début"]), ends.seconds(name, told["Fin"])
        except ValueError:
            line.broken.append(("Début", line.texts["Début"], "moment"))
    if not line.broken and "Date" in told and unit not in KWH:
        line.broken.append(("Valeur", unit, "unit"))
    if line.broken:
        found.reject(line.at, meter["compteur"], *line.broken)
    elif "Date" in told:
        found.reading(line.at, meter, told["Date"], 1, values.energy(told["Valeur"], unit))
    else:
        found.load(line.at, meter, start, (end - start) // 60, told["Valeur"], unit, text=line.texts["Valeur"])
