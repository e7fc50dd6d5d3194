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
from tikub_lab.energy.published.layout import Format, Layout, Row, batches, who
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.tables.readers import Batch
from tikub_lab.tables.sheets import rows

SERVICES = values.codes("service")
DAY = 1440
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_STARTS = ["type", "date", "start time", "end time"]
LAYOUT = Layout("green-button-csv", lambda found, labels: labels[:4] == _STARTS and "USAGE" in found, ",")


def _read(path: Path) -> Iterator[Batch]:
    return batches(LAYOUT.each(path, partial(_judge, _month_first(path), values.Clock())))


def _month_first(path: Path) -> bool | None:
    """Tell whether 1/2/2025 is in January, by all dates of the file: a number beyond 12 is enough; None if none is."""
    dates = (_SLASHES.fullmatch(cells[1]) for _, cells in rows(path, ",") if len(cells) > 4)
    parts = [(int(date[1]) > 12, int(date[2]) > 12) for date in dates if date]
    first, second = (any(part[place] for part in parts) for place in (0, 1))
    return None if first == second else second


def _judge(month_first: bool | None, clock: values.Clock, row: Row) -> None:
    about = {plain(cells[0]): cells[1] for cells in row.above if len(cells) > 1}
    row.meter = who(about.get("service") or about.get("account number") or "")
    told, texts, energy, date = row.values, row.texts, SERVICES.get(row.values["TYPE"]), datetime.date.min
    unit = row.labels["USAGE"].removeprefix("usage").strip() or told.get("UNITS", "")
    slashes = _SLASHES.fullmatch(texts["DATE"])
    if slashes and month_first is None:
        row.refuse("DATE", texts["DATE"], "date-order")
    else:
        try:
            date = values.day("{1}/{0}/{2}".format(*slashes.groups()) if slashes and month_first else texts["DATE"])
        except ValueError:
            row.refuse("DATE", texts["DATE"], "day")
    if energy is None:
        row.refuse("TYPE", texts["TYPE"], "quantity")
    if unit not in KWH:
        volume = energy == "gaz" and unit in ("ccf", "m3")
        row.refuse("UNITS", unit, "gas-coefficient" if volume else "unit")
    if row.broken:
        return
    begin, end = told["START TIME"], told["END TIME"]
    length = (end - begin + (end % 5 == 4)) % DAY or DAY
    estimated = True if "estimat" in told.get("NOTES", "") else None
    if length == DAY and begin == 0:
        row.reading(date, 1, kwh=values.energy(told["USAGE"], unit), estime=estimated)
    elif length > 60:
        return row.refuse("END TIME", texts["END TIME"], "step")
    else:
        try:
            moment = datetime.datetime.combine(date, datetime.time(begin // 60, begin % 60))
            seconds = clock.seconds(row.name, moment)
        except ValueError:
            return row.refuse("START TIME", texts["START TIME"], "moment")
        row.load(seconds, length, told["USAGE"], unit, estime=estimated)
    row.keep("energy/meters", **row.meter, energie=energy)


FORMATS = {"green-button-csv": Format(LAYOUT.recognises, _read)}
