"""The sample files of OpenEEmeter (eemeter, openeemeter, opendsm): meters, hourly temperatures, and their metadata.

A meter's file has ``start,value`` and nothing else: what energy it counts and in which unit is in ``metadata.json``,
and so its rows stand in the tables once that file is imported too, before, after or with it. Each row lasts until the
next one; of days and bills the last row only marks the end, as it does in eemeter. A temperature file has ``dt,tempF``
or ``dt,tempC``; times without a zone are universal, as eemeter takes them, and °F become °C.
"""

import datetime
import json
import statistics
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering
from tikub_lab.energy.published.layout import Column, Layout, Line
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Batch, Head

MAX_ROWS = 2_000_000
MAX_METADATA = 2**24
HOUR, DAY = 3600, 86400
Point = tuple[int, datetime.datetime, str, float | None]
"""The number of a row, its moment as read and as written, and its value: all that is held of a row."""
NOBODY: dict[str, str | None] = {}
"""The meter has the name of its file."""


def _moment(text: str) -> datetime.datetime:
    """Read a moment; without a zone it is universal."""
    moment = values.written(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


NUMBER = partial(values.number, comma=False)
METER = Layout(
    {"start": Column(("start",), _moment, "moment"), "value": Column(("value",), NUMBER)},
    lambda found, _: len(found) == 2,
    ",",
    exact=True,
)
TEMPERATURES = Layout(
    {
        "dt": Column(("dt",), _moment, "moment"),
        "tempC": Column(("tempc",), NUMBER),
        "tempF": Column(("tempf",), NUMBER),
    },
    lambda found, _: len(found) == 2,
    ",",
    exact=True,
)


def is_meter(head: Head) -> bool:
    """Recognise a meter's file by its two columns."""
    return head.columns == ["start", "value"]


def is_temperature(head: Head) -> bool:
    """Recognise a temperature file by its columns, with the number of the row before them or not."""
    found = head.columns
    return [label for label in found if label] in (["dt", "tempF"], ["dt", "tempC"])


def is_metadata(head: Head) -> bool:
    """Recognise the metadata by the names of its fields."""
    start = head.text.lstrip()
    return start.startswith("{") and '"meter_data_filename"' in start and '"interpretation"' in start


def read_meter(path: Path) -> Iterator[Batch]:
    """Read a meter's file: steps of an hour or less, days, or bills, as the usual distance between rows says."""
    points = list[Point]()

    def take(found: Gathering, line: Line) -> None:
        if line.broken:
            found.reject(line.at, None, line.broken[0])
        else:
            points.append((line.at, line.values["start"], line.texts["start"], line.values["value"]))
        if len(points) > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files.")

    return METER.batches(path, take, partial(_kept, points))


def _kept(points: list[Point], found: Gathering) -> Iterator[None]:
    points.sort(key=lambda point: point[1])
    times = [int(start.timestamp()) for _, start, _, _ in points]
    usual = int(statistics.median([after - before for before, after in pairwise(times) if after > before] or [0]))
    for place, (line, start, text, value) in enumerate(points):
        if 0 < usual <= HOUR:
            debut, minutes = values.iso(times[place]), usual // 60
            found.keep("energy/loads", line, debut=debut, minutes=minutes, kwh=value, estime=None, brut=True)
        elif usual < DAY * 9 // 10:
            found.reject(line, None, ("start", text, "step" if usual else "step-unknown"))
        else:
            following = next((one for _, one, _, _ in points[place + 1 : place + 3] if one > start), None)
            if following is not None:
                begin, end = values.nearest_midnight(start), values.nearest_midnight(following)
                origin = "relevé" if usual <= 1.5 * DAY else "facture"
                found.reading(line, NOBODY, begin, (end - begin).days, value, None, origin, brut=True)
            elif value is None:
                found.keep("staged/ends", line)
            else:
                found.reject(line, None, ("start", text, "no-end"))
        yield


def read_temperature(path: Path) -> Iterator[Batch]:
    """Read hourly temperatures; the station has the name of the file."""
    return TEMPERATURES.batches(path, _temperature)


def _temperature(found: Gathering, line: Line) -> None:
    if line.broken:
        found.reject(line.at, None, line.broken[0])
        return
    label = "tempF" if "tempF" in line.values else "tempC"
    value = line.values[label]
    if value is not None and label == "tempF":
        value = (value - 32.0) / 1.8
    if value is not None and abs(value) > 60:
        found.repair(line.at, None, label, line.texts[label], "out-of-range", "")
        value = None
    heure = values.iso(int(line.values["dt"].timestamp()))
    found.keep("energy/temperatures", line.at, heure=heure, temperature=value)


def read_metadata(path: Path) -> Iterator[Batch]:
    """Read what meters count; ``line`` is a meter's place in the file."""
    if path.stat().st_size > MAX_METADATA:
        raise UsageError(f"{path}: metadata of more than {MAX_METADATA // 2**20} MiB. Keep the meters that you import.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path}: not readable as JSON ({error}). Download it again.") from None
    found = Gathering()
    for line, (name, about) in enumerate(content.items(), 1):
        cells = _about(about)
        if cells is None:
            found.reject(line, str(name), ("unit", json.dumps(about)[:200], "metadata"))
        else:
            found.keep("staged/list", line, **cells)
    yield from found.batches(last=True)


def _about(about: Any) -> dict[str, Any] | None:
    told = about if isinstance(about, dict) else {}
    name, file, unit = (str(told.get(key) or "") for key in ("id", "meter_data_filename", "unit"))
    energy = values.ENERGIES.get(plain(str(told.get("interpretation") or "")))
    if not (name and file and energy) or unit.lower() not in KWH:
        return None
    return {"compteur": name, "energie": energy, "fichier": file, "facteur": KWH[unit.lower()]}
