"""Daily weather as Météo-France publishes it (« données climatologiques de base quotidiennes »), CSV or gzip of it.

Columns ``NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;…;TN;QTN;…;TX;QTX;…;TM;QTM…``, as its list of fields says: TN and TX
the extremes under shelter, TM the mean of hourly temperatures, in °C. Codes of quality: 0 and 1 validated, 9 filtered,
2 doubtful, being checked: kept, and noted in the log of repairs.
"""

import math
from collections.abc import Iterator
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering
from tikub_lab.energy.published.layout import Column, Layout, Line, numbers
from tikub_lab.tables.readers import Batch

TEMPERATURES = {"TN": "tmin", "TM": "tmoy", "TX": "tmax"}
BOUNDS = 60.0
"""Degrees Celsius that no station of these tables has gone beyond."""
PLACES = {"LON": ("longitude", 180), "LAT": ("latitude", 90), "ALTI": ("altitude", 9000)}
"""What is said of a station, and how far from zero it may be."""
_TEXTS = ("NUM_POSTE", "NOM_USUEL", *PLACES, "QTN", "QTM", "QTX")
LAYOUT = Layout(
    {
        **{name: numbers(name.lower()) for name in TEMPERATURES},
        "AAAAMMJJ": Column(("aaaammjj",), values.day, "day"),
        **{name: Column((name.replace("_", " ").lower(),)) for name in _TEXTS},
    },
    lambda found, _: found >= {"NUM_POSTE", "AAAAMMJJ", "TN", "TX"},
    exact=True,
)


def read(path: Path) -> Iterator[Batch]:
    """Read daily weather in runs of rows.

    A day without a mean gets that of its extremes; a value beyond 60 °C is blanked.
    """
    return LAYOUT.batches(path, _row)


def _row(found: Gathering, line: Line) -> None:
    texts, station = line.texts, line.texts["NUM_POSTE"].zfill(8)
    if line.broken:
        found.reject(line.at, station, *line.broken)
        return
    known: dict[str, float | None] = {}
    for label, name in TEMPERATURES.items():
        value = line.values.get(label)
        if value is not None and abs(value) > BOUNDS:
            found.repair(line.at, station, label, f"{value:g}", "out-of-range", "")
            value = None
        known[name] = value
    low, high = known["tmin"], known["tmax"]
    if all(value is None for value in known.values()):
        found.reject(line.at, station, ("TM", "", "no-temperature"))
        return
    if low is not None and high is not None:
        if low > high:
            found.reject(line.at, station, ("TN", f"{low} > {high}", "tmin-above-tmax"))
            return
        if known["tmoy"] is None:
            known["tmoy"] = (low + high) / 2
            found.repair(line.at, station, "TM", "", "mean-of-extremes", f"{known['tmoy']:g}")
    for label in TEMPERATURES:
        if texts.get(f"Q{label}", "") == "2":
            found.repair(line.at, station, label, texts[label], "doubtful", texts[label])
    found.keep("energy/weather", line.at, station=station, jour=line.values["AAAAMMJJ"].isoformat(), **known)
    place: dict[str, str | float | None] = {"lib_station": texts.get("NOM_USUEL") or None}
    for label, (name, most) in PLACES.items():  # its temperatures don't hang on where a station is
        try:
            value = values.number(texts.get(label, ""))
        except ValueError:
            value = math.inf
        place[name] = value if value is None or abs(value) <= most else None
        if value is not None and place[name] is None:
            found.repair(line.at, station, label, texts[label], "out-of-range", "")
    found.imply("energy/stations", line.at, station=station, **place)
