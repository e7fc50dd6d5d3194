"""The connection scan against brute force over all trips of random networks, and by hand on six stops."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from tests.territory.feeds import SIX, feed
from tikub_lab.methods.distance import haversine
from tikub_lab.territory import scan
from tikub_lab.territory.gtfs import read_gtfs

NETWORKS = 200
NONE = pd.DataFrame(
    {"de": pd.Series(dtype="str"), "vers": pd.Series(dtype="str"), "secondes": pd.Series(dtype="Int64")}
)


def random_network(seed):
    """Draw a few stops near one another, trips over them at whole minutes, transfers, and places to go to."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(2, 9))
    stops = pd.DataFrame({"arret": [f"S{n}" for n in range(count)], "longitude": draw.uniform(-4.0, -3.96, count),
                          "latitude": draw.uniform(48.0, 48.02, count)})  # fmt: skip
    stops.loc[draw.uniform(size=count) < 0.1, "longitude"] = np.nan
    rows = []
    for trip in range(int(draw.integers(1, 14))):
        at = int(draw.integers(-20, 100)) * 60 + 25_000
        visited = draw.integers(0, count, int(draw.integers(2, 6)))
        for rank in range(len(visited) - 1):
            leaves = at + int(draw.integers(0, 3)) * 60
            at = leaves + int(draw.integers(0, 12)) * 60  # none, too: a hop may take no time
            rows.append((f"T{trip}", rank + 1, f"S{visited[rank]}", f"S{visited[rank + 1]}", leaves, at,
                         draw.uniform() < 0.85, draw.uniform() < 0.85))  # fmt: skip
    names = ["trajet", "rang", "de", "vers", "depart", "arrivee", "montee", "descente"]
    connections = pd.DataFrame(rows, columns=names)
    pairs = {
        (int(a), int(b)): int(s) for a, b, s in draw.integers(0, [count, count, 900], (int(draw.integers(0, 4)), 3))
    }
    said = [(f"S{a}", f"S{b}", None if seconds < 200 else seconds) for (a, b), seconds in pairs.items()]
    transfers = pd.DataFrame(said, columns=["de", "vers", "secondes"]).astype({"secondes": "Int64"}) if said else NONE
    due = np.where(draw.uniform(size=(count, 3)) < 0.4, draw.integers(27_000, 31_000, (count, 3)), scan.NEVER)
    return stops, connections.sample(frac=1, random_state=seed), transfers, due.astype(np.int32)


def brute_force(stops, connections, transfers, due):
    """Say which hops lead there, as often as that changes, with distances and transfers taken one by one."""
    rows = connections.to_dict("records")
    places = stops.set_index("arret")[["longitude", "latitude"]].T.to_dict("list")
    said = {(row["de"], row["vers"]): row["secondes"] for row in transfers.to_dict("records")}

    @cache
    def change(off, on):
        if (off, on) in said:
            return None if pd.isna(said[off, on]) else max(int(said[off, on]), 1)
        if off == on:
            return scan.CHANGE
        km = 1.3 * haversine(*map(np.float64, (*places[off], *places[on])))
        return max(scan.CHANGE, int(np.ceil(km / 4 * 3600))) if km <= 1 else None

    def goes_on(row, then):
        if then["trajet"] == row["trajet"] and then["rang"] == row["rang"] + 1:
            return True
        wait = change(row["vers"], then["de"]) if row["descente"] and then["montee"] else None
        return wait is not None and row["arrivee"] + wait <= then["depart"]

    number = {name: at for at, name in enumerate(stops["arret"])}
    leaves = np.full(due.shape, scan.NEVER)
    for to in range(due.shape[1]):
        good = {at for at, row in enumerate(rows) if row["descente"] and row["arrivee"] <= due[number[row["vers"]], to]}
        size = -1
        while size != len(good):
            size = len(good)
            good |= {at for at, row in enumerate(rows) if at not in good and any(goes_on(row, rows[o]) for o in good)}
        for at in good:
            if rows[at]["montee"]:
                stop = number[rows[at]["de"]]
                leaves[stop, to] = max(leaves[stop, to], rows[at]["depart"])
    return leaves


@pytest.mark.parametrize("block", range(8))
def test_random_networks_against_brute_force(block):
    reached = changed = 0
    for seed in range(block, NETWORKS, 8):
        stops, connections, transfers, due = random_network(seed)
        timetable = scan.Timetable.of(stops, connections, transfers)
        leaves, by = scan.latest(timetable, due)
        np.testing.assert_array_equal(leaves, brute_force(stops, connections, transfers, due), err_msg=f"seed {seed}")
        taken = connections.iloc[by[by >= 0]]
        assert (taken["depart"].to_numpy() == leaves[by >= 0]).all()
        assert taken["montee"].all()
        reached, changed = reached + (leaves > scan.NEVER).sum(), changed + len(transfers)
    assert reached > 100
    assert changed > 20


@pytest.fixture
def six(tmp_path):
    tables = {}
    for batch in read_gtfs(feed(tmp_path / "six.zip", SIX)):
        tables |= batch.tables
    return tables["territory/stops"], tables["territory/connections"]


def test_six_stops_by_hand(six):
    """C and D are 556 m apart: 723 m on foot, 651 s. One gets off the coach at C at 7:20 and is at D at 7:30:51."""
    stops, connections = six
    foot = scan.changes(stops, NONE)
    assert foot.seconds[(foot.here == 2) & (foot.there == 3)].tolist() == [651]
    due = np.full((6, 1), scan.NEVER)
    due[4] = 8 * 3600
    leaves, _ = scan.latest(scan.Timetable.of(stops, connections, NONE), due)
    assert leaves[:, 0].tolist() == [scan.NEVER] * 3 + [27_000, scan.NEVER, scan.NEVER]  # the train is missed by 51 s
    sooner = connections.assign(arrivee=connections["arrivee"].where(connections["vers"] != "six:C", 26_349))
    leaves, _ = scan.latest(scan.Timetable.of(stops, sooner, NONE), due)
    assert leaves[:, 0].tolist() == [25_200, 25_800, scan.NEVER, 27_000, scan.NEVER, scan.NEVER]
    due = np.where(np.arange(6)[:, None] == 1, np.int32(25_000), scan.NEVER)
    leaves, _ = scan.latest(scan.Timetable.of(stops, connections, NONE), due)
    assert leaves[0, 0] == 600  # Monday's night, ten past midnight


def test_without_service_nobody_leaves(six):
    stops, connections = six
    leaves, by = scan.latest(scan.Timetable.of(stops, connections.head(0), NONE), np.full((6, 2), 28_800, np.int32))
    assert (leaves == scan.NEVER).all()
    assert (by == -1).all()


def test_walks_are_all_pairs_within_one_kilometre():
    draw = np.random.default_rng(1)
    one, other = (pd.DataFrame(draw.uniform([-4.03, 48.0], [-4.0, 48.02], (60, 2)), columns=["longitude", "latitude"])
                  for _ in range(2))  # fmt: skip
    one.loc[3, "latitude"] = np.nan
    found = scan.walks(one, other)
    km = haversine(*(frame[axis].to_numpy()[shape] for frame, shape in ((one, np.s_[:, None]), (other, np.s_[:]))
                     for axis in ("longitude", "latitude")))  # fmt: skip
    pairs = np.argwhere(np.nan_to_num(km, nan=9.0) * 1.3 <= 1)
    assert [*zip(found.here.tolist(), found.there.tolist(), strict=True)] == [*map(tuple, pairs.tolist())]
    assert (found.seconds <= 900).all()
