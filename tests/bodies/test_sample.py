"""The fictitious sample of outside bodies: valid, reproducible, nobody's, and what it plants is in it."""

import pandas as pd
import pytest

from data.make.bodies import DAY, sample
from data.make.energy.book import draw
from tikub_lab.tables.check import check, foreign_keys
from tikub_lab.tables.schema import read_schema

TABLES = ("bodies", "seats", "mandates", "grants", "filings", "notices", "councillors", "agenda", "truths")


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_valid(root, bodies_tables, name):
    schema, table = read_schema(root / "data" / "schemas" / "bodies" / f"{name}.json"), bodies_tables[name]
    assert check(table, schema).empty
    others = {f"bodies/{other}": bodies_tables[other] for other in TABLES}
    assert foreign_keys(table, schema, others).empty


def test_the_shipped_files_are_drawn_again(root, bodies_tables):
    folder = root / "data" / "sample" / "bodies"
    assert {path.stem for path in folder.iterdir()} == {*TABLES}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3e6
    again = sample()
    for name, table in bodies_tables.items():
        pd.testing.assert_frame_equal(table, again[f"bodies/{name}"])


def test_names_say_that_they_are_fictitious(bodies_tables):
    names = [bodies_tables["bodies"]["nom"], bodies_tables["mandates"]["nom"], bodies_tables["councillors"]["nom"]]
    names += [bodies_tables["grants"]["nomBeneficiaire"], bodies_tables["grants"]["nomAttribuant"]]
    for each in names:
        assert each.str.lower().str.contains("(fictif)", regex=False).all()
    siren = bodies_tables["bodies"]["siren"].dropna()
    assert siren.str[:4].isin(["2100", "2200", "2300"]).all()
    assert not siren.duplicated().any()


def test_lycees_are_those_that_use_cases_share(bodies_tables):
    lycees = bodies_tables["bodies"].query("nature == 'lycée'")
    assert len(lycees) == 115
    assert {*lycees["organisme_id"]} == {*draw(1.0, 20261124).sites["code_uai"]}
    seats = bodies_tables["seats"]
    boards = seats[seats["organisme_id"].isin(lycees["organisme_id"])].groupby("organisme_id")
    assert (boards.size() == 2).all()
    assert (boards["exterieur"].sum() == 1).all()


def test_no_one_sits_before_the_other_left(bodies_tables):
    mandates = bodies_tables["mandates"]
    assert (mandates["fin"].isna() | (mandates["fin"] >= mandates["debut"])).all()
    assert mandates["debut"].max() < DAY
    assert not bodies_tables["seats"]["siege_id"].duplicated().any()
