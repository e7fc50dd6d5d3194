"""The published files of energy use and weather that can be imported: ``formats.csv`` has their names.

They stand in the order in which they are asked whether they know a file, those with looser labels last. What files of
one's own meters are under, « Données de consommation du client », is no licence: they may not be published as they are.
"""

import csv
from pathlib import Path

from tikub_lab.energy.published import bills, enedis, grdf, green_csv, green_xml, openeemeter, weather
from tikub_lab.energy.published.combine import combine_readings, combine_weather
from tikub_lab.tables.readers import Reader

TABLES = ("energy/readings", "energy/loads", "energy/meters")
WEATHER = ("energy/weather", "energy/temperatures", "energy/stations")
_FORMATS = {
    name: format
    for module in (openeemeter, weather, enedis, green_xml, green_csv, grdf, bills)
    for name, format in module.FORMATS.items()
}
_OUTSIDE = {"openeemeter-temperature", "meteo-france-daily"}
"""Formats of temperatures."""


def _reader(name: str, title: str, licence: str, publisher: str) -> Reader:
    tables, combine = (WEATHER, combine_weather) if name in _OUTSIDE else (TABLES, combine_readings)
    recognises, read = _FORMATS[name]
    return Reader(name, title, tables, recognises, read, combine, licence, publisher)


with Path(__file__).with_name("formats.csv").open(encoding="utf-8", newline="") as _file:
    READERS = tuple(_reader(**row) for row in csv.DictReader(_file))
