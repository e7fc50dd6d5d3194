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
from tikub_lab.tables.database import connect, quoted
from tikub_lab.tables.readers import REPAIRS, Batch, Head, log
from tikub_lab.tables.texts import opened, parsed

TABLES = ("territory/stops", "territory/feeds", "territory/trips", "territory/connections", "territory/transfers")
UNTIL = 12 * 3600
"""What arrives later than noon is not kept."""
MOST_RUNS = 200_000  # trips that frequencies may stand for
CHUNK = 100  # of 2,048 rows, a batch
DAYS = "monday tuesday wednesday thursday friday saturday sunday"
COLUMNS = {  # of each file: those that it must have, others that are read
    "stops": ("stop_id", "stop_name stop_lat stop_lon parent_station"),
    "routes": ("route_id route_type", "route_short_name route_long_name"),
    "trips": ("route_id service_id trip_id", "trip_headsign"),
    "stop_times": ("trip_id stop_id stop_sequence", "arrival_time departure_time pickup_type drop_off_type"),
    "calendar": (f"service_id start_date end_date {DAYS}", ""),
    "calendar_dates": ("service_id date exception_type", ""),
    "frequencies": ("trip_id start_time end_time headway_secs", ""),
    "transfers": ("from_stop_id to_stop_id", "transfer_type min_transfer_time from_trip_id from_route_id"),
}
NEEDED = ("stops", "routes", "trips", "stop_times")
_TIME = r"^\d{1,3}:[0-5]\d:[0-5]\d$"
_MODES = """CASE WHEN kind IN (0, 900) THEN 'tram' WHEN kind IN (1, 401) THEN 'métro' WHEN kind = 2 OR kind // 100 = 1
THEN 'train' WHEN kind IN (3, 11) OR kind // 100 IN (2, 7, 8) THEN 'car ou bus' WHEN kind = 4 OR kind // 100 IN (10, 12)
THEN 'bateau' ELSE 'autre' END"""
"""Route types, the extended ones too."""
_SQL = f"""
CREATE MACRO seconds(t) AS CASE WHEN regexp_full_match(t, '{_TIME[1:-1]}') THEN split_part(t, ':', 1)::INT * 3600
    + split_part(t, ':', 2)::INT * 60 + split_part(t, ':', 3)::INT END;
CREATE TABLE running AS SELECT t.*, back FROM trips t JOIN services USING (service_id);
CREATE TABLE passages AS SELECT s.*, seconds(arrival_time) AS a, seconds(departure_time) AS d, row_number()
    OVER (PARTITION BY trip_id ORDER BY try_cast(stop_sequence AS BIGINT), line) AS n
    FROM stop_times s SEMI JOIN running USING (trip_id);
CREATE TABLE faults AS
    SELECT trip_id, line, 'arrival_time' AS field, arrival_time AS value, 'gtfs-time' AS rule FROM passages
        WHERE arrival_time <> '' AND a IS NULL UNION ALL
    SELECT trip_id, line, 'departure_time', departure_time, 'gtfs-time' FROM passages
        WHERE departure_time <> '' AND d IS NULL UNION ALL
    SELECT trip_id, line, 'stop_sequence', stop_sequence, 'gtfs-sequence' FROM passages
        WHERE try_cast(stop_sequence AS BIGINT) IS NULL UNION ALL
    SELECT trip_id, line, 'stop_id', stop_id, 'gtfs-unknown-stop' FROM passages ANTI JOIN stops USING (stop_id)
        UNION ALL
    SELECT trip_id, min(line), 'trip_id', trip_id, 'gtfs-unknown-trip' FROM stop_times ANTI JOIN trips USING (trip_id)
        GROUP BY trip_id;
CREATE TABLE filled AS
    WITH sound AS (SELECT *, coalesce(a, d) AS a0, coalesce(d, a) AS d0 FROM passages ANTI JOIN faults USING (trip_id)),
    near AS (SELECT *, last_value(d0 IGNORE NULLS) OVER prior AS left_at,
            first_value(a0 IGNORE NULLS) OVER later AS due,
            last_value(CASE WHEN d0 IS NOT NULL THEN n END IGNORE NULLS) OVER prior AS since,
            first_value(CASE WHEN a0 IS NOT NULL THEN n END IGNORE NULLS) OVER later AS until
        FROM sound WINDOW prior AS (PARTITION BY trip_id ORDER BY n),
            later AS (PARTITION BY trip_id ORDER BY n ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING))
    SELECT * REPLACE (coalesce(a0, between_them) AS a, coalesce(d0, between_them) AS d) FROM (
        SELECT *, left_at + (due - left_at) * (n - since) // nullif(until - since, 0) AS between_them FROM near);
INSERT INTO faults SELECT trip_id, line, 'arrival_time', arrival_time, if(a IS NULL, 'gtfs-no-time', 'gtfs-order')
    FROM (SELECT *, lag(d) OVER (PARTITION BY trip_id ORDER BY n) AS earlier FROM filled)
    WHERE a IS NULL OR d < a OR a < earlier;
CREATE TABLE hops AS SELECT trip_id, n, stop_id AS de, lead(stop_id) OVER trip AS vers, d, lead(a) OVER trip AS a,
    pickup_type <> '1' AS montee, lead(drop_off_type) OVER trip <> '1' AS descente
    FROM filled ANTI JOIN faults USING (trip_id) WINDOW trip AS (PARTITION BY trip_id ORDER BY n)
    QUALIFY vers IS NOT NULL;
"""
_RUNS = """
CREATE TABLE runs AS
    WITH first AS (SELECT trip_id, min(d) AS leaves FROM hops GROUP BY trip_id),
    again AS (SELECT trip_id, unnest(range(seconds(start_time), seconds(end_time), headway_secs::INT)) AS starts
        FROM frequencies)
    SELECT trip_id, route_id, trip_headsign, coalesce(starts - leaves, 0) - back AS shift,
        trip_id || coalesce('@' || starts, '') || CASE WHEN back > 0 THEN '-1' ELSE '' END AS trajet
    FROM running JOIN first USING (trip_id) LEFT JOIN again USING (trip_id);
CREATE TABLE connections AS SELECT trajet, n AS rang, de, vers, d + shift AS depart, a + shift AS arrivee, montee,
    descente FROM hops JOIN runs USING (trip_id) WHERE depart >= 0 AND arrivee <= {until};
"""
_STOPS = """SELECT s.stop_id AS arret, s.stop_name AS nom, {lon} AS longitude, {lat} AS latitude
FROM stops s LEFT JOIN stops p ON s.parent_station = p.stop_id ORDER BY s.line"""
_TRIPS = f"""SELECT trajet, coalesce(nullif(route_short_name, ''), route_long_name) AS ligne, {_MODES} AS mode,
nullif(trip_headsign, '') AS destination FROM runs SEMI JOIN connections USING (trajet)
JOIN (SELECT *, try_cast(route_type AS INT) AS kind FROM routes) USING (route_id) ORDER BY trajet"""
_TRANSFERS = """WITH members AS (SELECT stop_id AS member, stop_id FROM stops UNION ALL
    SELECT stop_id, parent_station FROM stops WHERE parent_station <> '')
SELECT f.member AS de, t.member AS vers, min(CASE WHEN transfer_type = '2' THEN try_cast(min_transfer_time AS INT) END)
    AS secondes FROM transfers JOIN members f ON f.stop_id = from_stop_id JOIN members t ON t.stop_id = to_stop_id
WHERE from_trip_id = '' AND from_route_id = '' AND (transfer_type = '3' OR transfer_type = '2'
    AND try_cast(min_transfer_time AS INT) >= 0) GROUP BY ALL ORDER BY ALL"""


def is_gtfs(head: Head) -> bool:
    with zipfile.ZipFile(head.path) as archive:
        return {f"{name}.txt" for name in NEEDED} <= {PurePosixPath(name).name for name in archive.namelist()}


def read_gtfs(path: Path) -> Iterator[Batch]:
    """Read a feed: the day that follows « jour- » in the file's name, else the first school Tuesday with service."""
    said = re.search(r"jour[-_=]?(20\d\d-?\d\d-?\d\d)", path.name)
    feed = re.sub(r"[-_.]*(jour[-_=]?)?20\d\d-?\d\d-?\d\d", "", path.name).removesuffix(".zip") or "gtfs"
    lines = count(1)
    with tempfile.TemporaryDirectory(prefix="tikub-gtfs-") as folder, connect() as db:
        db.execute(f"SET temp_directory={quoted(folder)}")
        _extract(path, Path(folder), db)
        calendar, dates = (db.execute(f"FROM {name}").df() for name in ("calendar", "calendar_dates"))
        _check_days(path, calendar, dates)
        used = {*db.execute("SELECT DISTINCT service_id FROM trips").df()["service_id"]}
        first, last, day, period = _day(path, said and pd.Timestamp(said[1]), calendar, dates, used)
        ran = [
            (name, back * 86_400)
            for back in (0, 1)
            for name in _services(calendar, dates, day - pd.Timedelta(days=back))
        ]
        db.register("services", pd.DataFrame(ran, columns=["service_id", "back"]))
        db.execute(_SQL)
        _check_frequencies(path, db)
        db.execute(_RUNS.format(until=UNTIL))
        coordinates = {
            name: f"coalesce(try_cast(s.{column} AS DOUBLE), try_cast(p.{column} AS DOUBLE))"
            for name, column in (("lon", "stop_lon"), ("lat", "stop_lat"))
        }
        stops, trips, transfers = (
            db.execute(query).df() for query in (_STOPS.format(**coordinates), _TRIPS, _TRANSFERS)
        )
        said_of = {"reseau": feed, "jour": day, "debut": first, "fin": last, "periode": period}
        feeds = pd.DataFrame([{**said_of, "arrets": len(stops), "trajets": len(trips)}])
        repairs = db.execute(
            "SELECT 0 AS line, 'stop_times.txt, line ' || line AS id, field, value, rule, 'trip left out' AS "
            "replacement FROM faults ORDER BY faults.line"
        ).df()
        frames = dict(zip(TABLES, (stops, feeds, trips, None, transfers), strict=True))
        frames = {name: _lined(frame, lines, feed, day) for name, frame in frames.items() if frame is not None}
        yield Batch(sum(map(len, frames.values())), frames, repairs=log(REPAIRS, [repairs]))
        found = db.execute("FROM connections ORDER BY trajet, rang")
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
                raise UsageError(
                    f"{path}: {name}.txt, line 1: no column {', '.join(lacks)}; it has {', '.join(header)}."
                )
            if header and text.stat().st_size:
                columns = {f"c{at}": "VARCHAR" for at in range(len(header))}
                rows = f"""read_csv({quoted(text)}, columns={columns}, header=false, auto_detect=false, delim=',',
                    quote='"', escape='"', null_padding=true, parallel=false)"""
            else:
                header, rows = [], "(SELECT 0) WHERE false"
            cells = [f"coalesce(trim(c{header.index(each)}), '')" if each in header else "''" for each in names]
            said = ", ".join(f"{cell} AS {each}" for cell, each in zip(cells, names, strict=True))
            db.execute(f"CREATE VIEW {name} AS SELECT row_number() OVER () + 1 AS line, {said} FROM {rows}")


def _check_days(path: Path, calendar: pd.DataFrame, dates: pd.DataFrame) -> None:
    for name, frame, columns in (
        ("calendar", calendar, ["start_date", "end_date"]),
        ("calendar_dates", dates, ["date"]),
    ):
        for column in columns:
            bad = frame[pd.to_datetime(frame[column], format="%Y%m%d", errors="coerce").isna()]
            for line, value in bad[["line", column]].head(1).itertuples(index=False):
                raise UsageError(f"{path}: {name}.txt, line {line}: {column} is {value!r}; a day is written 20260310.")
    if calendar.empty and dates.empty:
        raise UsageError(f"{path}: calendar.txt and calendar_dates.txt say of no day what runs. Download it again.")


def _check_frequencies(path: Path, db: Any) -> None:
    for line, *said in db.execute(
        "SELECT line, start_time, end_time, headway_secs FROM frequencies WHERE seconds(start_time) IS NULL "
        "OR seconds(end_time) IS NULL OR coalesce(try_cast(headway_secs AS INT), 0) <= 0 LIMIT 1"
    ).fetchall():
        raise UsageError(f"{path}: frequencies.txt, line {line}: {said} are not two times and a number of seconds.")
    (runs,) = db.execute(
        "SELECT sum(greatest(0, seconds(end_time) - seconds(start_time)) // headway_secs::INT) FROM frequencies"
    ).fetchone()
    if (runs or 0) > MOST_RUNS:
        raise UsageError(f"{path}: frequencies.txt stands for {runs:,} trips; at most {MOST_RUNS:,} are taken.")


def _services(calendar: pd.DataFrame, dates: pd.DataFrame, day: pd.Timestamp) -> set[str]:
    """Return the services that run on a day."""
    written = f"{day:%Y%m%d}"
    regular = calendar[
        (calendar["start_date"] <= written) & (calendar["end_date"] >= written)
        & (calendar[DAYS.split()[day.day_of_week]] == "1")
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


def _day(
    path: Path, said: pd.Timestamp | None, calendar: pd.DataFrame, dates: pd.DataFrame, used: set[str]
) -> tuple[pd.Timestamp, pd.Timestamp, pd.Timestamp, str]:
    """Return the first and the last day that the feed covers, the day to keep, and what is known of it."""
    days = [*calendar["start_date"], *calendar["end_date"], *dates.loc[dates["exception_type"] == "1", "date"]]
    first, last = pd.Timestamp(min(days)), pd.Timestamp(max(days))
    every = pd.date_range(first, min(last, first + pd.Timedelta(days=1100)))
    ranks = {"jour scolaire": 0, "vacances non connues": 1, "vacances ou jour férié": 2}
    order = sorted(every, key=lambda day: (day.day_of_week != 1, ranks[period_of(day)], day))
    for day in order if said is None else [said]:
        if _services(calendar, dates, day) & used:
            return first, last, day, period_of(day)
    when = "no day" if said is None else f"{said:%Y-%m-%d}"
    raise UsageError(f"{path}: nothing runs on {when}; the feed covers {first:%Y-%m-%d} to {last:%Y-%m-%d}.")
