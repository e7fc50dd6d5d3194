"""Communes: the sample's territory, published files, events; and the real ones in place."""

import gzip

import pandas as pd
import pytest
import shapely

from data.make import territory as made
from tikub_lab import tables, territory
from tikub_lab.errors import UsageError
from tikub_lab.show import maps
from tikub_lab.tables.check import check
from tikub_lab.tables.identifiers import siren
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.places import outlines
from tikub_lab.tables.schema import read_schema
from tikub_lab.use_cases import readers

NAMES = ["communes", "outlines"]


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_keeps_its_schema_and_is_drawn_again(root, name):
    schema = read_schema(root / "data" / "schemas" / "territory" / f"{name}.json")
    table = made.sample()[f"territory/{name}"]
    assert check(table, schema).empty
    pd.testing.assert_frame_equal(table.reset_index(drop=True), tables.load(f"territory/{name}"))


def test_the_sample_has_the_communes_of_its_lycees_and_says_what_is_invented():
    table = territory.communes().set_index("code_commune")
    lycees = tables.load("territory/lycees").drop_duplicates("code_commune").set_index("code_commune")
    assert (table["nom"].reindex(lycees.index) == lycees["ville"]).all()
    assert table["nom_epci"].str.endswith("(fictif)").all()
    assert siren(table["code_epci"]).all()
    assert table["code_epci"].str.startswith("2300").all(), "no département has the number 00"
    assert (table["population_15_17"] / table["population"]).between(0.029, 0.046).all()


def test_outlines_of_the_sample_fit_together():
    table = tables.load("territory/outlines")
    shapes = pd.Series(shapely.from_geojson(table["contour"].to_numpy(object)), table["territoire"])
    assert shapely.is_valid(shapes.to_numpy()).all()
    towns = territory.communes().set_index("code_commune")
    points = pd.Series(shapely.points(towns["longitude"], towns["latitude"]), towns.index)
    assert max(shapes[code].distance(point) for code, point in points.items()) < 0.02, "the coast is schematic"
    for code, rings in maps.schematic().items():
        inside = shapes[towns.index[towns["departement"] == code]].to_numpy()
        assert shapely.coverage_is_valid(inside)
        land = shapely.union_all([shapely.Polygon(ring) for ring in rings])
        assert shapely.union_all(inside).symmetric_difference(land).area < 0.003 * land.area
        epcis = shapes[towns.loc[towns["departement"] == code, "code_epci"].unique()].to_numpy()
        assert shapely.union_all(epcis).equals(shapely.union_all(inside))


# Published files


@pytest.fixture
def bring(tmp_path, root, monkeypatch):
    """Import files of some names and contents, and load from them."""

    def bring(**contents):
        for name, content in contents.items():
            (tmp_path / name.replace("_dot_", ".")).write_text(content, encoding="utf-8")
        paths = [tmp_path / name.replace("_dot_", ".") for name in contents]
        found = import_files(paths, tmp_path / "data", readers(), schemas=root / "data" / "schemas")
        monkeypatch.setenv("TIKUB_DATA", str(tmp_path / "data"))
        return found

    return bring


LIST = """[{"territoire": "22241", "type": "commune", "nom": "Plumieux", "departement": "22", "epci": "200067460"},
 {"territoire": "29083", "type": "commune", "nom": "Île-de-Sein", "departement": "29", "epci": null},
 {"territoire": "200067460", "type": "epci", "nom": "Loudéac Communauté", "departement": "22", "epci": null}]"""
SQUARE = '{"type": "MultiPolygon", "coordinates": [[[[-2.6, 48], [-2.4, 48], [-2.4, 48.2], [-2.6, 48.2], [-2.6, 48]]]]}'
SHAPES = f"""{{"type": "FeatureCollection", "features": [{{"type": "Feature", "geometry": {SQUARE},
 "properties": {{"territoire": "22241", "nom": "Plumieux", "type": "commune"}}}}]}}"""
CENSUS = "CODGEO;LIBGEO;P16_POP;P22_POP\n22241;Plumieux;900.2;1004.6\n29083;Île-de-Sein;;\n"
YOUNG = "CODGEO;P22_POP1517;P22_SCOL1517\n22241;40.4;39\n29083;3;3\n"


def test_a_territory_of_four_files(bring):
    found = bring(list_dot_json=LIST, shapes_dot_geojson=SHAPES, census_dot_csv=CENSUS, young_dot_csv=YOUNG)
    assert {item.reader: (item.kept, item.rejected) for item in found} == {
        "territory-communes": (2, 0), "territory-outlines": (1, 0), "territory-census": (2, 0),
    }  # fmt: skip
    table = territory.communes().set_index("code_commune")
    assert table.loc["22241", ["nom", "departement", "code_epci", "nom_epci"]].tolist() == [
        "Plumieux", "22", "200067460", "Loudéac Communauté",
    ]  # fmt: skip
    assert table.loc["22241", ["longitude", "latitude"]].tolist() == pytest.approx([-2.5, 48.1])
    assert table.loc["22241", ["population", "population_15_17"]].tolist() == [1005, 40], "the last census"
    assert table.loc["29083", ["code_epci", "longitude", "population"]].isna().all(), "nothing is invented"
    assert table.loc["29083", "population_15_17"] == 3


def test_communes_and_outlines_of_the_state_s_service(bring):
    whole = (
        '[{"nom": "Rennes", "code": "35238", "codeDepartement": "35", "codeEpci": "243500139", "population": 227830,'
    )
    whole += '"epci": {"code": "243500139", "nom": "Rennes Métropole"}, "centre": {"type": "Point", "coordinates": '
    bring(
        communes_dot_json=whole + "[-1.68, 48.11]}}]",
        contours_dot_geojson=SHAPES.replace('"territoire": "22241", "nom": "Plumieux", "type": "commune"',
                                            '"nom": "Rennes", "code": "35238"'),
    )  # fmt: skip
    table = territory.communes()
    assert table.iloc[0].drop("population_15_17").tolist() == [
        "35238", "Rennes", "35", "243500139", "Rennes Métropole", -1.68, 48.11, 227830,
    ]  # fmt: skip
    assert tables.load("territory/outlines")[["type", "territoire"]].to_numpy().tolist() == [["commune", "35238"]]


def test_maps_draw_imported_outlines_and_join_departements_from_communes(bring):
    bring(shapes_dot_geojson=SHAPES)
    ((code, rings),) = maps.outlines().items()
    assert code == "22", "not the schematic ones of the others"
    assert {tuple(round(each, 6) for each in point) for point in rings[0]} == {
        (-2.6, 48.0), (-2.4, 48.0), (-2.4, 48.2), (-2.6, 48.2),
    }  # fmt: skip
    assert maps.outlines("epci") == {}
    shown = maps.map(pd.DataFrame({"nom": ["X"], "longitude": [-2.5], "latitude": [48.1], "n": [1]}), "T", "n", "nom")
    assert shown.html.count('class="land"') == 1
    bring(list_dot_json=LIST)
    assert str(tables.list().loc["territory/outlines", "origin"]) == "import"


# Events


def heading(before, after, code, kind):
    names = (
        f"{kind}_{side},{code}_{side},TNCC_{side},NCC_{side},NCCENR_{side},LIBELLE_{side}" for side in (before, after)
    )
    return f"MOD,DATE_EFF,{','.join(names)}\n"


NEW = heading("AV", "AP", "COM", "TYPECOM")
OLD = heading("AVANT", "APRES", "ID_COMMUNE", "TYPE_COMMUNE")


def event(day, before, after, kinds=("COM", "COM"), mod=32):
    return f"{mod},{day},{kinds[0]},{before},0,X,X,Nom {before},{kinds[1]},{after},0,Y,Y,Nom {after}\n"


EVENTS = "".join([
    event("2016-01-01", "22027", "22209"), event("2016-01-01", "22209", "22209"),
    event("2016-01-01", "22209", "22209", ("COM", "COMD")), event("2016-01-01", "22027", "22027", ("COM", "COMD")),
    event("2019-01-01", "22209", "22241"), event("2019-01-01", "22043", "22241"), event("2019-01-01", "22241", "22241"),
    event("1973-01-01", "35001", "35002"), event("1973-01-01", "35001", "35001", ("COM", "COMA")),
    event("1990-01-01", "35001", "35001", ("COMA", "COM"), 21), event("1990-01-01", "35002", "35002", mod=21),
    event("2020-01-01", "56001", "56002", mod=20), event("2020-01-01", "56001", "56003", mod=20),
    event("2018-01-01", "56009", "56001"),
])  # fmt: skip


@pytest.mark.parametrize("head", [NEW, OLD])
def test_events_in_both_styles_of_headings(bring, head):
    (found,) = bring(mvt_dot_csv=head + EVENTS)
    assert (found.reader, found.kept, found.rejected) == ("territory-movements", 14, 0)
    moves = territory.movements()
    assert moves["nom_avant"].str.startswith("Nom ").all()
    assert str(moves["date_effet"].max().date()) == "2020-01-01"


@pytest.fixture
def moves(bring):
    bring(mvt_dot_csv=NEW + EVENTS)
    return territory.movements()


def test_mergers_chains_and_codes_that_live(moves):
    now = territory.current(pd.Series(["22027", "22043", "22209", "22241", "35001", "35002", "29019", None]), moves)
    assert now.tolist()[:7] == ["22241", "22241", "22241", "22241", "35001", "35002", "29019"]
    assert now.isna().tolist() == [False] * 7 + [True]
    assert territory.current(pd.Series(["22027"]), moves, alive=["22209"]).tolist() == ["22209"]


@pytest.mark.parametrize("code", ["56001", "56009"])
def test_a_split_is_not_guessed(moves, code):
    with pytest.raises(
        UsageError, match=rf"row b, code '{code}': commune 56001 was split into 56002, 56003 on 2020-01-01"
    ):
        territory.current(pd.Series(["22027", code], ["a", "b"]), moves)
    assert territory.current(pd.Series(["22027", code]), moves, split="missing").isna().tolist() == [False, True]


def test_mergers_that_are_shipped():
    codes = pd.Series(["22027", "22043", "22200", "22309", "35112", "22241", "22237", "22147", "35062"])
    assert territory.current(codes, territory.movements()).tolist() == [
        "22241", "22241", "22237", "22147", "35062", "22241", "22237", "22147", "35062",
    ]  # fmt: skip


@pytest.fixture
def real(opendata, tmp_path_factory, root, monkeypatch):
    """Read the package of the real communes, imported in place, once."""
    folder = opendata / "territory"
    names = ["communes.geojson.gz", "epcis.geojson", "departements.geojson", "territoires.json"]
    paths = [folder / f"lusk_{name}" for name in names]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"no real communes in {folder}")
    into = tmp_path_factory.getbasetemp() / "real-territory"
    if not into.exists():
        import_files(paths, into, readers(), schemas=root / "data" / "schemas")
    monkeypatch.setenv("TIKUB_DATA", str(into))


def test_the_real_communes(real):
    table = territory.communes()
    assert (len(table), table["code_epci"].nunique(), table["code_epci"].isna().sum()) == (1202, 61, 3)
    assert table[["longitude", "latitude"]].notna().all(axis=None)
    assert table["population"].isna().all(), "these files do not say it"
    moves = territory.movements()
    assert set(moves["code_apres"]) <= set(table["code_commune"])
    assert not set(moves["code_avant"]) & set(table["code_commune"])


def test_a_map_of_the_real_communes_is_light(real):
    shapes = outlines("commune")
    assert len(shapes) == 1202
    assert shapely.coverage_is_valid(shapes.to_crs(2154).to_numpy()), "neighbours keep one border"
    table = territory.communes().assign(nombre=range(1202))
    shown = maps.area_map(table, "Une carte", "nombre", "code_commune", name="nom")
    assert len(gzip.compress(shown.html.encode())) <= 30_000
    assert shown.html.count("<path") < 8, "a path a class, not a commune"
    assert "1\u202f201 valeurs" in shown.facts["alt"]
    assert len(gzip.compress(maps.map(table.head(20), "Une carte", "nombre", "nom").html.encode())) < 6_000
    assert maps.outlines().keys() == maps.schematic().keys()
    assert len(maps.outlines()["29"]) > 3, "islands"
