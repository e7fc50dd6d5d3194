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
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows

NEEDED = {"NUM_POSTE", "AAAAMMJJ", "TN", "TX"}
FIELDS = {"TN": "tmin", "TM": "tmoy", "TX": "tmax"}
BOUNDS = 60.0
"""Degrees Celsius that no station of these tables has gone beyond."""


def is_daily(head: Head) -> bool:
    """Recognise the file by the names of its columns."""
    return set(head.columns) >= NEEDED


def read(path: Path) -> Iterator[Batch]:
    r"""Read daily weather in runs of rows.

    A day without a mean gets that of its extremes; a value beyond 60 °C is blanked.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "Q_00.csv")
    ...     _ = file.write_text("NUM_POSTE;NOM_USUEL;LAT;LON;ALTI;AAAAMMJJ;TN;TX;TM\n1;X;48;-2;9;20250101;1.0;5.0;\n")
    ...     (batch,) = read(file)
    >>> batch.tables["energy/weather"][["station", "jour", "tmin", "tmoy", "tmax"]].to_numpy().tolist()
    [['00000001', '2025-01-01', 1.0, 3.0, 5.0]]
    """
    found, numbered = Gathering(), rows(path)
    labels = next(numbered)[1]
    for line, cells in numbered:
        if len(cells) != len(labels):
            found.reject(line, None, ("", f"{len(cells)} cells", "row-width"))
        else:
            _row(line, dict(zip(labels, cells, strict=True)), found)
        yield from found.batches()
    yield from found.batches(last=True)


def _row(line: int, row: dict[str, str], found: Gathering) -> None:
    station = row["NUM_POSTE"].zfill(8)
    broken: list[tuple[str, str, str]] = []
    known: dict[str, float | None] = {}
    for label, name in FIELDS.items():
        try:
            known[name] = values.number(row.get(label, ""))
        except ValueError:
            broken.append((label, row[label], "number"))
    try:
        begin = values.day(row["AAAAMMJJ"]).isoformat()
    except ValueError:
        broken.append(("AAAAMMJJ", row["AAAAMMJJ"], "day"))
    if broken:
        found.reject(line, station, *broken)
        return
    _blank(line, station, known, found)
    if all(value is None for value in known.values()):
        found.reject(line, station, ("TM", "", "no-temperature"))
        return
    low, high = known["tmin"], known["tmax"]
    if low is not None and high is not None and low > high:
        found.reject(line, station, ("TN", f"{low} > {high}", "tmin-above-tmax"))
        return
    if known["tmoy"] is None and low is not None and high is not None:
        known["tmoy"] = (low + high) / 2
        found.repair(line, station, "TM", "", "mean-of-extremes", f"{known['tmoy']:g}")
    for label in FIELDS:
        if row.get(f"Q{label}", "") == "2":
            found.repair(line, station, label, row[label], "doubtful", row[label])
    found.keep("energy/weather", line, station=station, jour=begin, **known)
    found.imply("energy/stations", line, station=station, **_place(line, station, row, found))


def _blank(line: int, station: str, known: dict[str, float | None], found: Gathering) -> None:
    for label, name in FIELDS.items():
        value = known[name]
        if value is not None and abs(value) > BOUNDS:
            found.repair(line, station, label, f"{value:g}", "out-of-range", "")
            known[name] = None


def _place(line: int, station: str, row: dict[str, str], found: Gathering) -> dict[str, str | float | None]:
    """Say where a station is; what can't be read stays empty, as its temperatures don't hang on it."""
    place: dict[str, str | float | None] = {"lib_station": row.get("NOM_USUEL") or None}
    for label, name, most in (("LON", "longitude", 180), ("LAT", "latitude", 90), ("ALTI", "altitude", 9000)):
        try:
            value = values.number(row.get(label, ""))
        except ValueError:
            value = math.inf
        place[name] = value if value is None or abs(value) <= most else None
        if value is not None and place[name] is None:
            found.repair(line, station, label, row[label], "out-of-range", "")
    return place
