"""Daily weather as Météo-France publishes it (« données climatologiques de base quotidiennes »), CSV or gzip of it.

Columns ``NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;…;TN;QTN;…;TX;QTX;…;TM;QTM…``, as its list of fields says: TN and TX
the extremes under shelter, TM the mean of hourly temperatures, in °C. Codes of quality: 0 and 1 validated, 9 filtered,
2 doubtful, being checked: kept, and noted in the log of repairs. A day without a mean gets that of its extremes.
"""

import math

from tikub_lab.energy.published import values
from tikub_lab.energy.published.layout import Layout, Row

TEMPERATURES = {"TN": "tmin", "TM": "tmoy", "TX": "tmax"}
BOUNDS = 60.0
"""Degrees Celsius that no station of these tables has gone beyond."""
PLACES = {"LON": ("longitude", 180), "LAT": ("latitude", 90), "ALTI": ("altitude", 9000)}
"""What is said of a station, and how far from zero it may be."""


def _judge(row: Row) -> None:
    texts, known = row.texts, dict[str, float | None]()
    row.meter = {"compteur": (station := texts["NUM_POSTE"].zfill(8))}  # what logs name
    if row.broken:
        return
    for label, name in TEMPERATURES.items():
        known[name] = value = row.values.get(label)
        if value is not None and abs(value) > BOUNDS:
            row.repair(label, f"{value:g}", "out-of-range", "")
            known[name] = None
    low, high = known["tmin"], known["tmax"]
    if all(value is None for value in known.values()):
        return row.refuse("TM", "", "no-temperature")
    if low is not None and high is not None:
        if low > high:
            return row.refuse("TN", f"{low} > {high}", "tmin-above-tmax")
        if known["tmoy"] is None:
            known["tmoy"] = (low + high) / 2
            row.repair("TM", "", "mean-of-extremes", f"{known['tmoy']:g}")
    for label in TEMPERATURES:
        if texts.get(f"Q{label}") == "2":
            row.repair(label, texts.get(label, ""), "doubtful", texts.get(label, ""))
    row.keep("energy/weather", station=station, jour=row.values["AAAAMMJJ"].isoformat(), **known)
    place: dict[str, float | None] = {}
    for label, (name, most) in PLACES.items():  # its temperatures don't hang on where a station is
        try:
            value = values.number(texts.get(label, ""))
        except ValueError:
            value = math.inf
        place[name] = value if value is None or abs(value) <= most else None
        if value is not None and place[name] is None:
            row.repair(label, texts[label], "out-of-range", "")
    row.keep("energy/stations", station=station, lib_station=texts.get("NOM_USUEL") or None, **place)


_NEEDED = {"NUM_POSTE", "AAAAMMJJ", "TN", "TX"}
FORMATS = {
    "meteo-france-daily": Layout("meteo-france-daily", lambda found, _: found >= _NEEDED, exact=True).format(_judge)
}
