"""Timetables: a feed of six stops by hand, what the reference allows, and what is wrong, named by file, line, value."""

import io
import zipfile

import pandas as pd
import pytest

from tests.territory.feeds import SIX, STOPS, feed
from tikub_lab.errors import UsageError
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.territory import gtfs
from tikub_lab.use_cases import readers

TIMES = SIX["stop_times"]


@pytest.fixture
def read(tmp_path):
    """Read a feed as the reader gives it: tables by their short name, and repairs."""

    def read(name="six.zip", **changes):
        batches = [*gtfs.read_gtfs(feed(tmp_path / name, SIX, **changes))]
        tables = {table: [] for table in gtfs.TABLES}
        for batch in batches:
            for table, frame in batch.tables.items():
                tables[table].append(frame)
        found = {name.partition("/")[2]: pd.concat(frames) for name, frames in tables.items() if frames}
        return {"connections": pd.DataFrame(columns=["trajet"])} | found | {"repairs": batches[0].repairs}

    return read


def hops(tables):
    rows = tables["connections"].sort_values(["trajet", "rang"])
    return [tuple(row) for row in rows[["trajet", "de", "vers", "depart", "arrivee"]].to_numpy()]


T1 = [("six:T1", "six:A", "six:B", 25_200, 25_800), ("six:T1", "six:B", "six:C", 25_800, 26_400)]
T2 = [("six:T2", "six:D", "six:E", 27_000, 27_900)]
NIGHT = [("six:T3-1", "six:A", "six:B", 600, 23_400)]


def test_six_stops_by_hand(read):
    """The time at B lies between its neighbours'; Monday's night, written beyond 24:00, runs on Tuesday morning."""
    found = read()
    assert hops(found) == T1 + T2 + NIGHT
    assert found["feeds"].iloc[0][["reseau", "jour", "debut", "fin", "periode", "arrets", "trajets"]].tolist() == [
        "six", *map(pd.Timestamp, ("2026-02-03", "2026-02-01", "2026-07-03")), "jour scolaire", 6, 3,
    ]  # fmt: skip
    assert found["trips"].set_index("trajet")[["ligne", "mode"]].loc["six:T2"].tolist() == ["Ligne du nord", "train"]
    assert found["stops"].set_index("arret").loc["six:E", ["nom", "latitude"]].tolist() == ["Arrêt E, quai", 48.3]
    assert found["transfers"].empty
    assert found["repairs"].empty


def test_import_keeps_all_of_it(tmp_path, root):
    days, more = ("2026-03-10", "2026-03-17"), SIX["calendar_dates"]
    paths = [feed(tmp_path / f"six_jour-{day}.zip", SIX, calendar_dates=more + f"X,{day[:4]}0101,1\n" * at)
             for at, day in enumerate(days)]  # fmt: skip
    found = import_files(paths, tmp_path / "data", readers(), schemas=root / "data" / "schemas")
    assert [(item.reader, item.read, item.kept + item.rejected) for item in found] == [("gtfs", 14, 14)] * 2
    package = open_package(tmp_path / "data")
    assert package.load("territory/connections")["jour"].dt.day.value_counts().to_dict() == {10: 4, 17: 4}
    assert len(package.load("territory/stops")) == 6


def test_columns_in_any_order_quoted_with_a_byte_order_mark(read):
    rows = [line.split(",") for line in TIMES.splitlines()]
    text = "\r\n".join(",".join(f'"{cell}"' for cell in reversed(row)) for row in rows)
    assert hops(read(stop_times="\ufeff" + text, transfers="from_stop_id,to_stop_id\n")) == T1 + T2 + NIGHT


def test_text_that_is_not_utf8(tmp_path):
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in SIX.items():
            archive.writestr(f"gtfs/{name}.txt", text.encode("cp1252"))
    (batch, *_) = gtfs.read_gtfs(path)
    assert batch.tables["territory/stops"]["nom"].iloc[0] == "Arrêt A"


def test_optional_columns_and_files_missing(read):
    short = "\n".join(",".join(line.split(",")[:5]) for line in TIMES.splitlines())
    assert hops(read(stop_times=short, calendar_dates=None)) == T1 + T2 + NIGHT


@pytest.mark.parametrize(
    ("name", "changes", "day"),
    [
        ("six_jour-20260303.zip", {"calendar_dates": None}, "2026-03-03"),
        ("six-20260110.zip", {}, "2026-02-03"),  # the day of its publication is not the day asked for
        ("six.zip", {"calendar": SIX["calendar"].replace("20260201", "20260210")}, "2026-02-10"),
        ("six.zip", {"calendar": SIX["calendar"].replace("20260201", "20260211")}, "2026-03-10"),  # holidays, removed
        (
            "six.zip",
            {"calendar": None, "calendar_dates": "service_id,date,exception_type\nS,20260805,1\n"},
            "2026-08-05",
        ),
    ],
)
def test_which_day(read, name, changes, day):
    found = read(name, **changes)["feeds"].iloc[0]
    assert str(found["jour"].date()) == day
    assert found["periode"] == ("vacances ou jour férié" if "08" in day[5:7] else "jour scolaire")
    assert found["reseau"] == "six"


def test_a_day_without_service(read):
    with pytest.raises(UsageError, match="nothing runs on 2026-03-01; the feed covers 2026-02-01 to 2026-07-03"):
        read("six_jour-2026-03-01.zip")
    with pytest.raises(UsageError, match="nothing runs on any day"):
        read(calendar=SIX["calendar"].replace(",1", ",0"), calendar_dates=None)


def test_what_runs_in_the_afternoon_only(tmp_path, root):
    """A boat on Saturdays: its day is the first one, and nothing of it is in the morning."""
    path = feed(
        tmp_path / "boat.zip", SIX, trips="route_id,service_id,trip_id\nR1,S,T1\n", calendar_dates=None,
        routes="route_id,route_type\nR1,4\n", calendar="service_id,monday,tuesday,wednesday,thursday,friday,saturday,"
        "sunday,start_date,end_date\nS,0,0,0,0,0,1,0,20250401,20250930\n",
        stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence\nT1,14:00:00,14:00:00,A,0\nT1,15:00:00,,B,1\n",
    )  # fmt: skip
    import_files([path], tmp_path / "data", readers(), schemas=root / "data" / "schemas")
    package = open_package(tmp_path / "data")
    assert [len(package.load(f"territory/{name}")) for name in ("stops", "trips", "connections")] == [6, 0, 0]
    assert package.load("territory/feeds")[["jour", "periode"]].astype("str").to_numpy().tolist() == [
        ["2025-04-05", "vacances ou jour férié"]
    ]


def test_a_year_whose_holidays_are_not_known(read):
    calendar = SIX["calendar"].replace("20260201", "20350201").replace("20260703", "20350703")
    assert read(calendar=calendar)["feeds"]["periode"].tolist() == ["vacances non connues"]


def test_frequencies(read):
    found = read(frequencies="trip_id,start_time,end_time,headway_secs\nT1,06:00:00,07:00:00,1800\n")
    starts = [(trip, left) for trip, de, _, left, _ in hops(found) if de == "six:A"]
    assert starts == [("six:T1@21600", 21_600), ("six:T1@23400", 23_400), ("six:T3-1", 600)]
    with pytest.raises(UsageError, match=r"frequencies.txt, line 2: \['06:00:00', '07:00:00', '0'\]"):
        read(frequencies="trip_id,start_time,end_time,headway_secs\nT1,06:00:00,07:00:00,0\n")
    with pytest.raises(UsageError, match=r"stands for 3,599,999 trips; at most 200,000"):
        read(frequencies="trip_id,start_time,end_time,headway_secs\nT1,00:00:00,999:59:59,1\n")


def test_transfers_of_a_station_are_those_of_its_stops(read):
    text = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\nC,G,2,240\nC,D,3,\nA,B,0,\nD,D,2,60\n"
    found = read(transfers=text)["transfers"]
    said = {(de, vers): seconds for de, vers, seconds in found[["de", "vers", "secondes"]].fillna(-1).to_numpy()}
    assert said == {("six:C", "six:G"): 240, ("six:C", "six:E"): 240, ("six:C", "six:D"): -1, ("six:D", "six:D"): 60}


def test_nobody_gets_on_or_off(read):
    found = read(stop_times=TIMES.replace("A,1,0,1", "A,1,1,0").replace("C,3,1,0", "C,3,0,1"))
    rows = found["connections"].set_index(["trajet", "de"])[["montee", "descente"]]
    assert rows.loc[("six:T1", "six:A")].tolist() == [False, True]
    assert rows.loc[("six:T1", "six:B")].tolist() == [True, False]


@pytest.mark.parametrize("kind", ["0 tram", "1 métro", "2 train", "106 train", "3 car ou bus", "715 car ou bus",
                                  "4 bateau", "1200 bateau", "7 autre", "x autre"])  # fmt: skip
def test_modes(read, kind):
    number, mode = kind.split(" ", 1)
    assert read(routes=SIX["routes"].replace(",3\n", f",{number}\n"))["trips"]["mode"].iloc[0] == mode


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("07:30:00,07:30:00,D", "7h30,7h30,D", ("line 5", "arrival_time", "7h30", "gtfs-time")),
        ("07:45:00,07:45:00,E", "07:15:00,07:15:00,E", ("line 6", "arrival_time", "07:15:00", "gtfs-order")),
        ("07:45:00,07:45:00,E", ",,E", ("line 6", "arrival_time", "", "gtfs-no-time")),
        (",E,20", ",X,20", ("line 6", "stop_id", "X", "gtfs-unknown-stop")),
        (",E,20", ",E,last", ("line 6", "stop_sequence", "last", "gtfs-sequence")),
    ],
)
def test_a_trip_that_breaks_the_reference_is_left_out_and_said(read, old, new, said):
    assert old in TIMES
    found = read(stop_times=TIMES.replace(old, new))
    assert hops(found) == T1 + NIGHT
    first = found["repairs"].iloc[0]
    assert (first["id"].partition(", ")[2], first["field"], first["value"], first["rule"]) == said


def test_a_trip_that_no_file_knows(read):
    found = read(stop_times=TIMES + "T9,08:00:00,08:00:00,A,1,0,0\n")
    assert found["repairs"][["id", "value", "rule"]].to_numpy().tolist() == [
        ["stop_times.txt, line 9", "T9", "gtfs-unknown-trip"]
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stops": STOPS.replace("stop_id", "id")}, r"stops.txt, line 1: no column stop_id; there is id, stop_name"),
        ({"stops": ""}, r"stops.txt, line 1: no column stop_id; there is nothing"),
        ({"routes": None}, r"routes.txt, line 1: no column route_id, route_type; there is nothing, or"),
        ({"calendar": None, "calendar_dates": None}, r"say of no day what runs"),
        ({"calendar": SIX["calendar"].replace("20260201", "01/02/2026", 1)},
         r"calendar.txt, line 2: start_date is '01/02/2026'; a day is written 20260310"),
        ({"calendar_dates": "service_id,date,exception_type\nS,2026,2\n"}, r"calendar_dates.txt, line 2: date is"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file(read, changes, said):
    with pytest.raises(UsageError, match=said):
        read(**changes)


def test_hostile_zips_are_refused(tmp_path, root):
    schemas, path = root / "data" / "schemas", tmp_path / "six.zip"
    for name, content in (("../stops.txt", b"x"), ("shapes.txt", b"0" * 30_000_000)):
        feed(path, SIX)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        with pytest.raises(UsageError, match=r"a path outside itself|would expand"):
            import_files([path], tmp_path / "data", readers(), schemas=schemas)
    half = io.BytesIO(feed(path, SIX).read_bytes()[:-200]).getvalue()
    path.write_bytes(half)
    with pytest.raises(UsageError, match="damaged or cut short"):
        import_files([path], tmp_path / "data", readers(), schemas=schemas)


def test_a_row_that_is_cut_short_names_its_line(read):
    found = read(stop_times=TIMES + 'T2,"08:00:00')
    assert found["repairs"][["id", "field", "value"]].to_numpy().tolist() == [
        ["stop_times.txt, line 9", name, ""] for name in ("stop_sequence", "stop_id")
    ]
    assert hops(found) == T1 + NIGHT
