"""Timetables as transit networks publish them (GTFS): what runs on the morning of one school Tuesday.

Reference: https://gtfs.org/documentation/schedule/reference/. A trip that breaks it is left out, and a repair says so.
"""

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from functools import cache
from itertools import chain, count, islice
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.archives import TIMETABLE
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.readers import REPAIRS, Batch, Head, log
from tikub_lab.tables.texts import opened, parsed

TABLES = ("territory/stops", "territory/feeds", "territory/trips", "territory/connections", "territory/transfers")
UNTIL = 12 * 3600
"""What arrives later than noon is not kept."""
MOST_RUNS = 200_000  # trips that frequencies may stand for
CHUNK = 100  # of 2,048 rows, a batch
DAY = pd.Timedelta(days=1)
WEEK = "monday tuesday wednesday thursday friday saturday sunday"
COLUMNS = {  # of each file: those that it must have, others that are read
    "stops": ("stop_id", "stop_name stop_lat stop_lon parent_station"),
    "routes": ("route_id route_type", "route_short_name route_long_name"),
    "trips": ("route_id service_id trip_id", "trip_headsign"),
    "stop_times": ("trip_id stop_id stop_sequence", "arrival_time departure_time pickup_type drop_off_type"),
    "calendar": (f"service_id start_date end_date {WEEK}", ""),
    "calendar_dates": ("service_id date exception_type", ""),
    "frequencies": ("trip_id start_time end_time headway_secs", ""),
    "transfers": ("from_stop_id to_stop_id", "transfer_type min_transfer_time from_trip_id from_route_id"),
}
NEEDED = ("stops", "routes", "trips", "stop_times")


def is_gtfs(head: Head) -> bool:
    with zipfile.ZipFile(head.path) as archive:
        return TIMETABLE in {PurePosixPath(name).name for name in archive.namelist()}


def read_gtfs(path: Path) -> Iterator[Batch]:
    """Read a feed: the day that follows « jour- » in the file's name, else the first school Tuesday with service."""
    said = re.search(r"jour[-_=]?(20\d\d-?\d\d-?\d\d)", path.name)
    feed = re.sub(r"[-_.]*(jour[-_=]?)?20\d\d-?\d\d-?\d\d", "", path.name).removesuffix(".zip") or "gtfs"
    lines = count(1)
    with tempfile.TemporaryDirectory(prefix="tikub-gtfs-") as folder, connect() as db:
        db.execute(f"SET temp_directory={quoted(folder)}")
        _extract(path, Path(folder), db)
        calendar, dates, often = (
            db.execute(f"FROM {name}").df() for name in ("calendar", "calendar_dates", "frequencies")
        )
        _check(path, calendar, dates, often)
        used = {*db.execute("SELECT DISTINCT service_id FROM trips").df()["service_id"]}
        first, last, day = _days(path, said and pd.Timestamp(said[1]), calendar, dates, used)
        ran = [(name, 86_400 * back) for back in (0, 1) for name in _services(calendar, dates, day - back * DAY)]
        db.register("services", pd.DataFrame(ran, columns=["service_id", "back"]))
        db.execute(f"SET VARIABLE until = {UNTIL}; {Path(__file__).with_suffix('.sql').read_text(encoding='utf-8')}")
        frames = {name: db.execute(f"FROM kept_{name}").df() for name in ("stops", "trips", "transfers")}
        about = {"reseau": feed, "jour": day, "debut": first, "fin": last, "periode": period_of(day)}
        counts = {"arrets": len(frames["stops"]), "trajets": len(frames["trips"])}
        frames["feeds"] = pd.DataFrame([about | counts])
        tables = {f"territory/{name}": _lined(frame, lines, feed, day) for name, frame in frames.items()}
        faults = db.execute("FROM faults ORDER BY line").df()
        faults["id"] = "stop_times.txt, line " + faults["line"].astype("str")
        repairs = log(REPAIRS, [faults.assign(line=0, replacement="trip left out")])
        yield Batch(sum(map(len, tables.values())), tables, repairs=repairs)
        found = db.execute("FROM kept_connections")
        while len(part := found.fetch_df_chunk(CHUNK)):
            yield Batch(len(part), {"territory/connections": _lined(part, lines, feed, day)})


def _lined(frame: pd.DataFrame, lines: Iterator[int], feed: str, day: pd.Timestamp) -> pd.DataFrame:
    """Give rows their number and day, and ids the name of their feed."""
    named = {name: f"{feed}:" + frame[name] for name in ("arret", "trajet", "de", "vers") if name in frame}
    days = {"jour": day} if "trajet" in frame else {}
    return frame.assign(**named, **days, _line=[*islice(lines, len(frame))], _rows=1).astype({"_line": "int64"})


def _extract(path: Path, folder: Path, db: Any) -> None:
    """Make a view of each file: wanted columns, in whatever order, and the line; of a missing file an empty one."""
    with zipfile.ZipFile(path) as archive:
        held = {PurePosixPath(name).name: name for name in archive.namelist()}
        for name, (must, may) in COLUMNS.items():
            raw, text, names = folder / "raw", folder / f"{name}.csv", [*must.split(), *may.split()]
            header: list[str] = []
            if f"{name}.txt" in held:
                with archive.open(held[f"{name}.txt"]) as source, raw.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
                with opened(raw) as lines, text.open("w", encoding="utf-8", newline="") as copy:
                    header = [cell.strip().lower() for cell in next(parsed([lines.readline()], ",", path), [])]
                    shutil.copyfileobj(lines, copy, 1 << 20)
            lacks = [column for column in must.split() if column not in header]
            if lacks and (header or name in NEEDED):
                has = ", ".join(header) or "nothing, or the file is missing"
                raise UsageError(f"{path}: {name}.txt, line 1: no column {', '.join(lacks)}; there is {has}.")
            if header and text.stat().st_size:
                columns = {f"c{at}": "VARCHAR" for at in range(len(header))}
                rows = f"""read_csv({quoted(text)}, columns={columns}, header=false, auto_detect=false, delim=',',
                    quote='"', escape='"', null_padding=true, parallel=false)"""
            else:
                header, rows = [], "(SELECT 0) WHERE false"
            cells = [f"coalesce(trim(c{header.index(each)}), '')" if each in header else "''" for each in names]
            said = ", ".join(f"{cell} AS {each}" for cell, each in zip(cells, names, strict=True))
            db.execute(f"CREATE VIEW {name} AS SELECT row_number() OVER () + 1 AS line, {said} FROM {rows}")


def _check(path: Path, calendar: pd.DataFrame, dates: pd.DataFrame, often: pd.DataFrame) -> None:
    """Refuse days that are none, and frequencies that are none or too many."""
    days = [("calendar", calendar, "start_date"), ("calendar", calendar, "end_date"), ("calendar_dates", dates, "date")]
    for name, frame, column in days:
        bad = frame[pd.to_datetime(frame[column], format="%Y%m%d", errors="coerce").isna()]
        for line, value in bad[["line", column]].head(1).itertuples(index=False):
            raise UsageError(f"{path}: {name}.txt, line {line}: {column} is {value!r}; a day is written 20260310.")
    if calendar.empty and dates.empty:
        raise UsageError(f"{path}: calendar.txt and calendar_dates.txt say of no day what runs. Download it again.")
    names, runs = ["start_time", "end_time", "headway_secs"], 0.0
    for line, *said in often[["line", *names]].itertuples(index=False):
        if not all(re.fullmatch(r"\d{1,3}:[0-5]\d:[0-5]\d", each) for each in said[:2]) or not re.fullmatch(
            r"[1-9]\d{0,5}", said[2]
        ):
            raise UsageError(f"{path}: frequencies.txt, line {line}: {said} are not two times and a number of seconds.")
        start, end = map(pd.Timedelta, said[:2])
        runs += (end - start) / pd.Timedelta(seconds=int(said[2]))
    if runs > MOST_RUNS:
        raise UsageError(f"{path}: frequencies.txt stands for {runs:,.0f} trips; at most {MOST_RUNS:,} are taken.")


def _services(calendar: pd.DataFrame, dates: pd.DataFrame, day: pd.Timestamp) -> set[str]:
    """Return the services that run on a day."""
    written = f"{day:%Y%m%d}"
    regular = calendar[
        (calendar["start_date"] <= written) & (calendar["end_date"] >= written)
        & (calendar[WEEK.split()[day.day_of_week]] == "1")
    ]  # fmt: skip
    odd = dates[dates["date"] == written]
    added, removed = (odd.loc[odd["exception_type"] == kind, "service_id"] for kind in ("1", "2"))
    return {*regular["service_id"], *added} - {*removed}


@cache
def holidays() -> tuple[set[pd.Timestamp], pd.Timestamp, pd.Timestamp]:
    """Read the days without school that ``holidays.csv`` knows, and from when to when it knows them."""
    off = pd.read_csv(Path(__file__).with_name("holidays.csv"), parse_dates=["debut", "fin"])
    days = (pd.date_range(start, end, inclusive="left") for start, end in zip(off["debut"], off["fin"], strict=True))
    return {*chain(*days)}, off["debut"].min(), off["fin"].max()


def period_of(day: pd.Timestamp) -> str:
    """Say whether there is school in zone B on a day.

    >>> [period_of(pd.Timestamp(day)) for day in ("2026-03-10", "2026-04-14", "2035-03-06")]
    ['jour scolaire', 'vacances ou jour férié', 'vacances non connues']
    """
    off, first, end = holidays()
    if day in off or day.day_of_week > 4:
        return "vacances ou jour férié"
    return "jour scolaire" if first <= day < end else "vacances non connues"


def _days(
    path: Path, said: pd.Timestamp | None, calendar: pd.DataFrame, dates: pd.DataFrame, used: set[str]
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """Return the first and the last day that the feed covers, and the day to keep."""
    days = [*calendar["start_date"], *calendar["end_date"], *dates.loc[dates["exception_type"] == "1", "date"]]
    if not days:
        raise UsageError(f"{path}: calendar_dates.txt only says when nothing runs. Download it again.")
    first, last = pd.Timestamp(min(days)), pd.Timestamp(max(days))
    every = pd.date_range(first, min(last, first + 1100 * DAY))
    ranks = ("jour scolaire", "vacances non connues", "vacances ou jour férié")
    order = sorted(every, key=lambda day: (day.day_of_week != 1, ranks.index(period_of(day)), day))
    for day in order if said is None else [said]:
        if _services(calendar, dates, day) & used:
            return first, last, day
    when = "any day" if said is None else f"{said:%Y-%m-%d}"
    raise UsageError(f"{path}: nothing runs on {when}; the feed covers {first:%Y-%m-%d} to {last:%Y-%m-%d}.")
