"""Green Button in CSV, as utilities let customers download it.

A preamble (name, address, account, service), then ``TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES``, the unit
in a column or with the label: ``USAGE (kWh)``. An end of 00:59 or 01:00 is the same. Notes tell estimated values. The
files have no time zone: French legal time is taken. The variant with IMPORT and EXPORT columns is not read.
"""

import datetime
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, who
from tikub_lab.energy.published.layout import Column, Layout, Line
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.tables.readers import Batch
from tikub_lab.tables.sheets import rows

ENERGIES = {"electric usage": "électricité", "natural gas usage": "gaz", "gas usage": "gaz"}
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
DAY = 1440


def _minutes(text: str) -> int:
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        raise ValueError(text)
    return 60 * int(found[1]) + int(found[2])


LAYOUT = Layout(
    {
        "TYPE": Column(("type",), plain),
        "DATE": Column(("date",)),
        "START TIME": Column(("start time",), _minutes, "moment"),
        "END TIME": Column(("end time",), _minutes, "moment"),
        "USAGE": Column(("usage *", "usage"), partial(values.number, comma=False), "number"),
        "UNITS": Column(("units",), str.lower),
        "NOTES": Column(("notes",), str.lower),
    },
    lambda found, labels: labels[:4] == ["type", "date", "start time", "end time"] and "USAGE" in found,
    ",",
)


def read(path: Path) -> Iterator[Batch]:
    """Read the CSV in runs of rows.

    Days and months of dates with slashes are told apart by the whole file: one number beyond 12 is enough.
    """
    return LAYOUT.batches(path, partial(_row, _month_first(path), values.Clock()))


def _month_first(path: Path) -> bool | None:
    """Tell whether 1/2/2025 is in January, by all dates of the file; None where nothing tells."""
    high = [0, 0]
    for _, cells in rows(path, ","):
        found = _SLASHES.fullmatch(cells[1]) if len(cells) > 4 else None
        if found:
            high = [max(high[0], int(found[1])), max(high[1], int(found[2]))]
    if (high[0] > 12) == (high[1] > 12):
        return None
    return high[1] > 12


def _row(month_first: bool | None, clock: values.Clock, found: Gathering, line: Line) -> None:
    about = {plain(cells[0]): cells[1] for cells in line.above if len(cells) > 1}
    meter, told, texts = who(about.get("service") or about.get("account number") or ""), line.values, line.texts
    name, energy = str(meter["compteur"] or ""), ENERGIES.get(told["TYPE"])
    unit = line.labels["USAGE"].removeprefix("usage").strip() or told.get("UNITS", "")
    try:
        date = _date(texts["DATE"], month_first)
    except ValueError as error:
        line.broken.append(("DATE", texts["DATE"], "date-order" if str(error) == "date-order" else "day"))
    if energy is None:
        line.broken.append(("TYPE", texts["TYPE"], "quantity"))
    if unit not in KWH:
        volume = energy == "gaz" and unit in ("ccf", "m3")
        line.broken.append(("UNITS", unit, "gas-coefficient" if volume else "unit"))
    if line.broken:
        found.reject(line.at, name or None, *line.broken)
        return
    begin, end = told["START TIME"], told["END TIME"]
    length = (end - begin + (end % 5 == 4)) % DAY or DAY
    estimated = True if "estimat" in told.get("NOTES", "") else None
    if length == DAY and begin == 0:
        found.reading(line.at, meter, date, 1, values.energy(told["USAGE"], unit), estimated)
    elif length > 60:
        found.reject(line.at, name or None, ("END TIME", texts["END TIME"], "step"))
        return
    else:
        try:
            moment = datetime.datetime.combine(date, datetime.time(begin // 60, begin % 60))
            seconds = clock.seconds(name, moment)
        except ValueError:
            found.reject(line.at, name or None, ("START TIME", texts["START TIME"], "moment"))
            return
        found.load(line.at, meter, seconds, length, told["USAGE"], unit, estimated)
    found.imply("energy/meters", line.at, **meter, energie=energy)


def _date(text: str, month_first: bool | None) -> datetime.date:
    found = _SLASHES.fullmatch(text)
    if not found:
        return values.day(text)
    if month_first is None:
        raise ValueError("date-order")
    month, date = (found[1], found[2]) if month_first else (found[2], found[1])
    return datetime.date(int(found[3]), int(month), int(date))
