"""The sample files of OpenEEmeter (eemeter, openeemeter, opendsm): meters, hourly temperatures, and their metadata.

A meter's file has ``start,value`` and nothing else: what energy it counts and in which unit is in ``metadata.json``,
and so its rows stand in the tables once that file is imported too, before, after or with it. Each row lasts until the
next one; of days and bills the last row only marks the end, as it does in eemeter. A temperature file has ``dt,tempF``
or ``dt,tempC``; times without a zone are universal, as eemeter takes them, and °F become °C.
"""

import json
import statistics
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.errors import UsageError
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

MAX_ROWS = 2_000_000
MAX_METADATA = 2**24
UNIVERSAL = "+00:00"
HOUR, DAY = 3600, 86400


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
    r"""Read a meter's file: steps of an hour or less, days, or bills, as the usual distance between rows says.

    Raises
    ------
    UsageError
        For a file that is no table or has more than :data:`MAX_ROWS` rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("start,value\n2025-01-01T00:00:00+01:00,5\n2025-01-02T00:00:00+01:00,nan\n")
    ...     (batch,) = read_meter(file)
    >>> batch.tables["energy/readings"][["debut", "fin", "kwh", "origine"]].to_numpy().tolist()
    [['2025-01-01', '2025-01-02', 5.0, 'relevé']]
    """
    found = Gathering()
    points: list[tuple[int, int, str, float | None]] = []
    for line, cells in _body(path):
        point = _point(line, cells, found, "start", "value")
        if point is not None:
            points.append(point)
        if len(points) > MAX_ROWS:
            raise UsageError(f"{path}: more than {MAX_ROWS:,} rows. Cut it into several files.")
    points.sort(key=lambda one: one[1])
    gaps = [after[1] - before[1] for before, after in pairwise(points)]
    usual = int(statistics.median([gap for gap in gaps if gap] or [0]))
    for place, point in enumerate(points):
        if 0 < usual <= HOUR:
            _step(found, point, usual // 60)
        elif usual < DAY * 9 // 10:
            found.reject(point[0], None, ("start", point[2], "step" if usual else "step-unknown"))
        else:
            following = next((one for one in points[place + 1 : place + 3] if one[1] > point[1]), None)
            _period(found, point, following, "relevé" if usual <= 1.5 * DAY else "facture")
        yield from found.batches()
    yield from found.batches(last=True)


def _body(path: Path) -> Iterator[tuple[int, list[str]]]:
    numbered = rows(path, ",")
    next(numbered)
    return numbered


def _point(
    line: int, cells: list[str], found: Gathering, when: str, what: str
) -> tuple[int, int, str, float | None] | None:
    """Read a moment and a value; a moment without a zone is universal."""
    if len(cells) != 2:
        found.reject(line, None, ("", f"{len(cells)} cells", "row-width"))
        return None
    try:
        moment = values.written(cells[0] if values.written(cells[0]).tzinfo else cells[0] + UNIVERSAL)
    except ValueError:
        found.reject(line, None, (when, cells[0], "moment"))
        return None
    try:
        return line, int(moment.timestamp()), cells[0], values.number(cells[1], comma=False)
    except ValueError:
        found.reject(line, None, (what, cells[1], "number"))
        return None


def _step(found: Gathering, point: tuple[int, int, str, float | None], minutes: int) -> None:
    line, seconds, _, value = point
    found.keep("energy/loads", line, debut=values.iso(seconds), minutes=minutes, kwh=value, estime=None, brut=True)


def _period(
    found: Gathering,
    point: tuple[int, int, str, float | None],
    following: tuple[int, int, str, float | None] | None,
    origin: str,
) -> None:
    line, _, text, value = point
    if following is None and value is None:
        found.keep("staged/ends", line)
        return
    if following is None:
        found.reject(line, None, ("start", text, "no-end"))
        return
    begin, end = (values.nearest_midnight(values.written(one)) for one in (text, following[2]))
    found.keep(
        "energy/readings", line, debut=begin.isoformat(), fin=end.isoformat(), kwh=value, estime=None, origine=origin,
        brut=True,
    )  # fmt: skip


def read_temperature(path: Path) -> Iterator[Batch]:
    r"""Read hourly temperatures; the station has the name of the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text("dt,tempF\n2025-01-01T00:00:00-06:00,50\n")
    ...     (batch,) = read_temperature(file)
    >>> batch.tables["energy/temperatures"][["heure", "temperature"]].to_numpy().tolist()
    [['2025-01-01T06:00:00Z', 10.0]]
    """
    found, numbered = Gathering(), rows(path, ",")
    labels = next(numbered)[1]
    column = labels.index("dt")
    for line, cells in numbered:
        point = _point(line, cells[column:] if len(cells) == len(labels) else cells[:1], found, "dt", labels[-1])
        if point is not None:
            value = point[3]
            if value is not None and labels[-1] == "tempF":
                value = (value - 32.0) / 1.8
            if value is not None and abs(value) > 60:
                found.repair(line, None, labels[-1], cells[-1], "out-of-range", "")
                value = None
            found.keep("energy/temperatures", line, heure=values.iso(point[1]), temperature=value)
        yield from found.batches()
    yield from found.batches(last=True)


def read_metadata(path: Path) -> Iterator[Batch]:
    """Read what meters count; ``line`` is a meter's place in the file.

    Raises
    ------
    UsageError
        For a file that is not JSON, or larger than 16 MiB.
    """
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
