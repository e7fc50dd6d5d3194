"""Who can be at a lycée before lessons: by hand on six stops, the sample, and what is missing."""

import pandas as pd
import pytest

from data.make import mobility as drawn
from data.make import territory as made
from tests.territory.feeds import SIX, feed
from tikub_lab import tables, territory
from tikub_lab.errors import UsageError
from tikub_lab.tables.check import check
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.schema import read_schema
from tikub_lab.territory import mobility
from tikub_lab.use_cases import readers

NAMES = ["feeds", "stops", "trips", "connections", "transfers"]
TOWNS = pd.DataFrame(
    {"code_commune": ["1", "2", "3", "4"], "nom": ["Près d'A", "Au lycée", "Loin", "Sans point"],
     "longitude": [-4.0, -4.0, -3.0, None], "latitude": [47.995, 48.203, 48.0, None],
     "population_15_17": pd.array([100, 50, 10, None], dtype="Int64")}
)  # fmt: skip
LYCEES = pd.DataFrame(
    {"code_uai": ["X", "Y"], "lib_etablissement": ["Lycée X", "Lycée Y"], "ville": ["Au lycée", "Nulle part"],
     "internat": pd.array([False, True], dtype="boolean"), "longitude": [-4.0, -3.5], "latitude": [48.203, 48.5]}
)  # fmt: skip


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Import the feed of six stops; give what runs as a notebook gets it."""
    folder = tmp_path_factory.mktemp("six")
    import_files([feed(folder / "six.zip", SIX)], folder / "data", readers())
    package = open_package(folder / "data")
    found = {name: package.load(f"territory/{name}") for name in NAMES}
    return mobility.Network(found["feeds"]["jour"].iloc[0], **found)


def test_by_hand(network):
    """From town 1 one walks 723 m to A, rides from 7:00 to 7:20, and walks 434 m (391 s) to lycée X: there by 7:27."""
    found = territory.journeys(network, LYCEES, TOWNS, "07:30").set_index(["code_commune", "code_uai"])
    assert found.index.tolist() == [("1", "X"), ("2", "X")]
    assert found.loc[("1", "X")].tolist() == [41, "6\u00a0h\u00a049", "7\u00a0h\u00a000", "Arrêt A", "36", "car ou bus"]
    assert found.loc[("2", "X"), ["minutes", "quitte", "mode"]].tolist() == [0, "7\u00a0h\u00a030", "à pied"]
    assert found.loc[("2", "X"), ["monte", "premier_arret", "ligne"]].isna().all()
    sooner = territory.journeys(network, LYCEES, TOWNS, "07:26")
    assert sooner["code_commune"].tolist() == ["2"], "31 seconds less than the walk takes"


def test_measures_by_hand(network):
    found = territory.journeys(network, LYCEES, TOWNS, "07:30")
    first, second = territory.reach(found, LYCEES, TOWNS).to_dict("records")
    assert [first[f"communes_{limit}"] for limit in territory.mobility.RANGES] == [1, 2, 2]
    assert (first["jeunes_30"], first["jeunes_45"], first["venus"]) == (50, 150, 1)
    assert (first["voisins"], first["part_45"]) == (50, 1), "town 1 is 23 km away"
    assert (second["communes_60"], second["venus"], second["voisins"]) == (0, 0, 0)
    assert pd.isna(second["part_60"])
    towns = territory.by_commune(found, LYCEES, TOWNS).set_index("nom")
    assert towns[["lycees_30", "lycees_45", "lycees_60"]].to_numpy().tolist() == [
        [0, 1, 1],
        [1, 1, 1],
        [0] * 3,
        [0] * 3,
    ]
    assert towns["proche"].fillna("").tolist() == ["Lycée X", "Lycée X", "", ""]
    assert towns["pension"].fillna("").tolist() == ["Lycée Y"] * 3 + [""]
    shares = territory.shares(towns)
    assert shares["communes"].tolist() == [1, 2, 2]
    assert shares["part"].round(4).tolist() == [0.3125, 0.9375, 0.9375]


def test_without_boarding_service_or_young_people(network):
    nothing = mobility.Network(network.jour, network.feeds, network.stops, network.trips.head(0),
                               network.connections.head(0), network.transfers)  # fmt: skip
    found = territory.journeys(nothing, LYCEES, TOWNS)
    assert found["mode"].tolist() == ["à pied"]
    none = TOWNS.assign(population_15_17=pd.array([None] * 4, dtype="Int64"))
    towns = territory.by_commune(found, LYCEES.assign(internat=pd.array([None, None], dtype="boolean")), none)
    assert towns["pension"].isna().all()
    assert territory.shares(towns)["part"].isna().all()
    table = territory.reach(found, LYCEES, none)
    assert table["part_60"].isna().all()
    assert table["jeunes_60"].fillna(-1).tolist() == [-1, 0], "not known of the first, nobody at the second"


@pytest.mark.parametrize("heure", ["8", "25:00", "12:01", "00:00", "08:60"])
def test_an_hour_that_is_none(network, heure):
    with pytest.raises(UsageError, match="a time is written 08:00, between 00:01 and 12:00"):
        territory.journeys(network, LYCEES, TOWNS, heure)


def test_a_day_that_was_not_imported():
    with pytest.raises(
        UsageError, match=r"jour=2025-03-12: no timetable of that day was imported; there is 2025-03-11\."
    ):
        territory.network("2025-03-12")
    assert territory.network("2025-03-11").jour == drawn.DAY


def test_one_lycee_for_its_sheet(monkeypatch):
    assert territory.access("0007614B")["venus"] == 8
    with pytest.raises(UsageError, match="no such lycée"):
        territory.access("0000000A")
    monkeypatch.setattr(mobility, "there", lambda *names: False)
    assert territory.access("0007614B") is None


@pytest.fixture(scope="module")
def again():
    return made.sample()


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_keeps_its_schema_and_is_drawn_again(root, name, again):
    schema = read_schema(root / "data" / "schemas" / "territory" / f"{name}.json")
    table = again[f"territory/{name}"]
    assert check(table, schema).empty
    pd.testing.assert_frame_equal(table.reset_index(drop=True), tables.load(f"territory/{name}"))


def test_what_is_planted_in_the_sample():
    network, lycees, communes = territory.network(), tables.load("territory/lycees"), territory.communes()
    assert network.stops["nom"].str.endswith("(fictif)").all()
    assert network.trips["ligne"].str.contains("fictif").all()
    assert set(network.trips["mode"]) == {"train", "car ou bus", "bateau"}
    found = territory.journeys(network, lycees, communes)
    ridden = found[found["monte"].notna()].merge(communes, on="code_commune")
    assert not set(ridden["nom"]) & {*drawn.UNSERVED, *drawn.LATE}
    assert {"Saint-Malo", "Vitré"} <= set(ridden.loc[ridden["mode"] == "train", "nom"])
