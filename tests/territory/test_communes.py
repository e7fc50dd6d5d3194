"""Communes: the sample's territory, and what completes a list of communes."""

import pandas as pd
import pytest
import shapely

from data.make import territory as made
from tikub_lab import tables, territory
from tikub_lab.show import maps
from tikub_lab.tables.check import check
from tikub_lab.tables.identifiers import siren
from tikub_lab.tables.schema import read_schema

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
    for code, rings in maps.outlines().items():
        inside = shapes[towns.index[towns["departement"] == code]].to_numpy()
        assert shapely.coverage_is_valid(inside)
        land = shapely.union_all([shapely.Polygon(ring) for ring in rings])
        assert shapely.union_all(inside).symmetric_difference(land).area < 0.003 * land.area
        epcis = shapes[towns.loc[towns["departement"] == code, "code_epci"].unique()].to_numpy()
        assert shapely.union_all(epcis).equals(shapely.union_all(inside))
