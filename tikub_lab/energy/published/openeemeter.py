"""The sample files of OpenEEmeter (eemeter, openeemeter, opendsm): meters, hourly temperatures, and their metadata.

A meter's file has ``start,value`` and nothing else: what energy it counts and in which unit is in ``metadata.json``,
and so its rows stand in the tables once that file is imported too, before, after or with it. Each row lasts until the
next one; of days and bills the last row only marks the end, as it does in eemeter. A temperature file has ``dt,tempF``
or ``dt,tempC``; times without a zone are universal, as eemeter takes them, and °F become °C. Meters and stations have
the names of their files.
"""

import json
import statistics
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from tikub_lab.energy.published import values
from tikub_lab.energy.published.layout import Format, Layout, Row, batches
from tikub_lab.energy.published.values import FUELS, KWH, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Head

MAX_ROWS = 2_000_000
MAX_METADATA = 2**24
HOUR, DAY = 3600, 86400
METER, TEMPERATURES = (
    Layout(name, lambda found, _: len(found) == 2, ",", exact=True)
    for name in ("openeemeter-meter", "openeemeter-temperature")
)


def _is_temperature(head: Head) -> bool:
    """Recognise a temperature file by its columns, with the number of the row before them or not."""
    return [label for label in head.columns if label] in (["dt", "tempF"], ["dt", "tempC"])


def _is_metadata(head: Head) -> bool:
    """Recognise the metadata by the names of its fields."""
    start = head.text.lstrip()
    return start.startswith("{") and '"meter_data_filename"' in start and '"interpretation"' in start


def _meter(path: Path) -> Iterator[Row]:
    """Read a meter's file: steps of an hour or less, days, or bills, as the usual distance between rows says."""
    held = list[tuple[int, datetime, str, float | None]]()  # no more of a row: there may be millions
    for row in METER.rows(path):
        if row.broken:
            row.broken = row.broken[:1]
            yield row
        else:
            held.append((row.line, row.values["start"], row.texts["start"], row.values["value"]))
        if len(held) > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files.")
    held.sort(key=lambda point: point[1])
    times = [int(start.timestamp()) for _, start, _, _ in held]
    usual = int(statistics.median([after - before for before, after in pairwise(times) if after > before] or [0]))
    for place, (line, start, text, value) in enumerate(held):
        row = Row(line)
        if 0 < usual <= HOUR:
            debut, minutes = values.iso(times[place]), usual // 60
            row.keep("energy/loads", debut=debut, minutes=minutes, kwh=value, brut=True)
        elif usual < DAY * 9 // 10:
            row.refuse("start", text, "step" if usual else "step-unknown")
        else:
            following = next((one for _, one, _, _ in held[place + 1 : place + 3] if one > start), None)
            if following is not None:
                begin, end = values.nearest_midnight(start), values.nearest_midnight(following)
                origin = "relevé" if usual <= 1.5 * DAY else "facture"
                row.reading(begin, (end - begin).days, kwh=value, origine=origin, brut=True)
            elif value is None:
                row.keep("staged/ends")
            else:
                row.refuse("start", text, "no-end")
        yield row


def _temperature(row: Row) -> None:
    if row.broken:
        row.broken = row.broken[:1]
        return
    label = "tempF" if "tempF" in row.values else "tempC"
    value = row.values[label]
    if value is not None and label == "tempF":
        value = (value - 32.0) / 1.8
    if value is not None and abs(value) > 60:
        row.repair(label, row.texts[label], "out-of-range", "")
        value = None
    row.keep("energy/temperatures", heure=values.iso(int(row.values["dt"].timestamp())), temperature=value)


def _metadata(path: Path) -> Iterator[Row]:
    """Read what meters count; ``line`` is a meter's place in the file."""
    if path.stat().st_size > MAX_METADATA:
        raise UsageError(f"{path}: metadata of more than {MAX_METADATA // 2**20} MiB. Keep the meters that you import.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path}: not readable as JSON ({error}). Download it again.") from None
    for line, (key, about) in enumerate(content.items(), 1):
        row, told = Row(line), about if isinstance(about, dict) else {}
        name, file, unit, what = (
            str(told.get(field) or "") for field in ("id", "meter_data_filename", "unit", "interpretation")
        )
        if name and file and unit.lower() in KWH and plain(what) in FUELS:
            cells: dict[str, Any] = {"energie": FUELS[plain(what)], "fichier": file, "facteur": KWH[unit.lower()]}
            row.keep("staged/list", compteur=name, **cells)
        else:
            row.meter = {"compteur": key}
            row.refuse("unit", json.dumps(about)[:200], "metadata")
        yield row


FORMATS = {
    "openeemeter-meter": Format(lambda head: head.columns == ["start", "value"], lambda path: batches(_meter(path))),
    "openeemeter-metadata": Format(_is_metadata, lambda path: batches(_metadata(path))),
    "openeemeter-temperature": Format(_is_temperature, TEMPERATURES.format(_temperature).read),
}
