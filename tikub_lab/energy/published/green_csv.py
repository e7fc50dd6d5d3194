"""Green Button in CSV, as utilities let customers download it.

A preamble (name, address, account, service), then ``TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES``, the unit
in a column or with the label: ``USAGE (kWh)``. An end of 00:59 or 01:00 is the same. Notes tell estimated values. The
files have no time zone: French legal time is taken. The variant with IMPORT and EXPORT columns is not read.
"""

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

from tikub_lab.energy.published import values
from tikub_lab.energy.published.batches import Gathering, daily, who
from tikub_lab.energy.published.values import KWH, plain
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import Row, rows

ENERGIES = {"electric usage": "électricité", "natural gas usage": "gaz", "gas usage": "gaz"}
_SLASHES = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?")
DAY = 1440


def is_header(cells: list[str]) -> bool:
    """Tell the row of labels.

    Examples
    --------
    >>> is_header(["TYPE", "DATE", "START TIME", "END TIME", "USAGE (kWh)", "COST", "NOTES"])
    True
    """
    found = [plain(cell) for cell in cells]
    return found[:4] == ["type", "date", "start time", "end time"] and any(one.startswith("usage") for one in found)


def is_green_button(head: Head) -> bool:
    """Recognise the CSV by its row of labels, after whatever preamble."""
    return any(map(is_header, head.rows))


def read(path: Path) -> Iterator[Batch]:
    r"""Read the CSV in runs of rows.

    Days and months of dates with slashes are told apart by the whole file: one number beyond 12 is enough.

    Examples
    --------
    >>> import tempfile
    >>> text = (
    ...     "Service,S1\n\nTYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n"
    ...     "Electric usage,2025-01-01,00:00,00:59,1.5,kWh,$0.2,\n"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "a.csv")
    ...     _ = file.write_text(text)
    ...     (batch,) = read(file)
    >>> batch.tables["energy/loads"][["compteur", "debut", "minutes", "kwh"]].to_numpy().tolist()
    [['S1', '2024-12-31T23:00:00Z', 60, 1.5]]
    """
    month_first = _month_first(path)
    found, clock = Gathering(), values.Clock()
    about, labels = dict[str, str](), list[str]()
    for line, cells in rows(path, ","):
        if not labels:
            if is_header(cells):
                labels = [plain(cell) for cell in cells]
            elif len(cells) > 1:
                about[plain(cells[0])] = cells[1]
            continue
        _row(line, _named(labels, cells), about, month_first, clock, found)
        yield from found.batches()
    yield from found.batches(last=True)


def _named(labels: list[str], cells: list[str]) -> dict[str, str]:
    """Name the cells; « USAGE (kWh) » is usage, and its unit. Notes at the end may be absent."""
    row = dict(zip(labels, cells, strict=False))
    for label in labels:
        if label.startswith("usage ") and label in row:
            row |= {"usage": row[label], "units": label.removeprefix("usage ")}
    return row


def _month_first(path: Path) -> bool | None:
    """Tell whether 1/2/2025 is in January, by all dates of the file; None where nothing tells."""
    high = [0, 0]
    numbered: Iterator[Row] = rows(path, ",")
    for _, cells in numbered:
        found = _SLASHES.fullmatch(cells[1]) if len(cells) > 4 else None
        if found:
            high = [max(high[0], int(found[1])), max(high[1], int(found[2]))]
    if (high[0] > 12) == (high[1] > 12):
        return None
    return high[1] > 12


def _row(
    line: int,
    row: dict[str, str],
    about: dict[str, str],
    month_first: bool | None,
    clock: values.Clock,
    found: Gathering,
) -> None:
    meter = who(about.get("service") or about.get("account number") or "")
    name, energy = str(meter["compteur"] or ""), ENERGIES.get(plain(row.get("type", "")))
    unit = row.get("units", "").lower()
    broken: list[tuple[str, str, str]] = []
    date, begin, length = None, 0, 0
    try:
        date = _date(row.get("date", ""), month_first)
        begin, end = _minutes(row.get("start time", "")), _minutes(row.get("end time", ""))
        length = (end - begin + (end % 5 == 4)) % DAY or DAY
    except ValueError as error:
        rule = str(error) if str(error) == "date-order" else "moment"
        broken.append(("DATE", f"{row.get('date')} {row.get('start time')} {row.get('end time')}", rule))
    if energy is None:
        broken.append(("TYPE", row.get("type", ""), "quantity"))
    if unit not in KWH:
        broken.append(("UNITS", unit, "gas-coefficient" if energy == "gaz" and unit in ("ccf", "m3") else "unit"))
    try:
        value = values.number(row.get("usage", ""), comma=False)
    except ValueError:
        broken.append(("USAGE", row.get("usage", ""), "number"))
    if broken or date is None:
        found.reject(line, name or None, *broken)
        return
    kwh = None if value is None else value * KWH[unit]
    estimated = True if "estimat" in row.get("notes", "").lower() else None
    if length == DAY and begin == 0:
        found.keep("energy/readings", line, **meter, **daily(date), kwh=kwh, estime=estimated, origine="relevé")
    elif length > 60:
        found.reject(line, name or None, ("END TIME", row.get("end time", ""), "step"))
        return
    else:
        try:
            moment = datetime.datetime.combine(date, datetime.time(begin // 60, begin % 60))
            debut = values.iso(clock.seconds(name, moment))
        except ValueError:
            found.reject(line, name or None, ("START TIME", row["start time"], "moment"))
            return
        found.keep("energy/loads", line, **meter, debut=debut, minutes=length, kwh=kwh, estime=estimated)
    found.imply("energy/meters", line, **meter, energie=energy)


def _date(text: str, month_first: bool | None) -> datetime.date:
    found = _SLASHES.fullmatch(text)
    if not found:
        return values.day(text)
    if month_first is None:
        raise ValueError("date-order")
    month, date = (found[1], found[2]) if month_first else (found[2], found[1])
    return datetime.date(int(found[3]), int(month), int(date))


def _minutes(text: str) -> int:
    found = _TIME.fullmatch(text)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        raise ValueError(text)
    return 60 * int(found[1]) + int(found[2])
