"""What kilowatt-hours cost and emit: worked by hand, and by SQL on the sample's bills."""

import duckdb
import numpy as np
import pandas as pd
import pytest

from tikub_lab import energy, tables
from tikub_lab.energy.consumption import by_meter, by_site
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError

PRICES = pd.DataFrame(
    [("gaz", 2020, 0.04, "facturé"), ("gaz", 2022, 0.08, "fictif"), ("électricité", 2020, 0.10, "facturé")],
    columns=["energie", "annee", "euros_kwh", "statut"],
)
FACTORS = pd.DataFrame(
    [
        ("gaz", "tous", 2017, 222.0, "PCI", "confirmé"),
        ("fioul", "tous", 2017, 324.0, "PCI", "confirmé"),
        ("électricité", "chauffage", 2017, 147.0, None, "confirmé"),
        ("électricité", "chauffage", 2021, 79.0, None, "à confirmer"),
        ("électricité", "autres", 2021, 64.0, None, "confirmé"),
        ("électricité", "tous", 2024, np.nan, None, "à demander"),
    ],
    columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"],
)


def one(energy: str, use: str, year: int, kwh: float = 1000.0) -> pd.Series:
    table = pd.DataFrame({"energie": [energy], "usage": [use], "annee": [year], "kwh": [kwh]})
    return valued(table, PRICES, FACTORS).iloc[0]


@pytest.mark.parametrize(
    ("energy", "use", "year", "euros", "carbon"),
    [
        ("gaz", "chauffage", 2021, 40.0, 200.0),  # 222 g over PCI, billed over PCS: 222 / 1.11 = 200
        ("gaz", "chauffage", 2022, 80.0, 200.0),
        ("gaz", "autres", 2030, 80.0, 200.0),  # the last price holds on
        ("gaz", "autres", 2019, np.nan, 200.0),  # no price yet
        ("fioul", "chauffage", 2022, np.nan, 324.0),  # no price at all; billed as factors count
        ("électricité", "chauffage", 2020, 100.0, 147.0),
        ("électricité", "chauffage", 2021, 100.0, 79.0),
        ("électricité", "mixte", 2021, 100.0, 64.0),
        ("électricité", "autres", 2020, 100.0, np.nan),  # its factor begins in 2021
        ("électricité", "tous", 2025, 100.0, np.nan),  # known to be unknown
        ("bois", "chauffage", 2022, np.nan, np.nan),
        ("gaz", "chauffage", 2016, np.nan, np.nan),
    ],
)
def test_by_hand(energy, use, year, euros, carbon):
    found = one(energy, use, year)
    assert found["euros"] == pytest.approx(euros, nan_ok=True)
    assert found["kgco2e"] == pytest.approx(carbon, nan_ok=True)
    assert pd.isna(found["prix_statut"]) == np.isnan(euros)


def test_statuses_tell_what_was_used():
    assert one("gaz", "autres", 2023)[["prix_statut", "facteur_statut"]].tolist() == ["fictif", "confirmé"]
    assert one("électricité", "chauffage", 2022)["facteur_statut"] == "à confirmer"
    assert one("électricité", "tous", 2025)["facteur_statut"] == "à demander"


def test_rows_keep_their_order_index_and_columns():
    table = pd.DataFrame(
        {
            "energie": ["fioul", "gaz"],
            "usage": "chauffage",
            "annee": [2030, 2021],
            "kwh": [1.0, np.nan],
            "nom": ["x", "y"],
        },
        index=[7, 3],
    )
    found = valued(table, PRICES, FACTORS)
    assert found.index.tolist() == [7, 3]
    assert found["nom"].tolist() == ["x", "y"]
    assert found["kgco2e"].tolist()[0] == pytest.approx(0.324)
    assert np.isnan(found["euros"]).all()


def test_the_sample_by_sql():
    prices, factors = tables.load("energy/prices"), tables.load("energy/factors")
    used = by_site(by_meter(tables.load("energy/readings")), tables.load("energy/meters")).query("annee == 2025")
    found = valued(used, prices, factors)
    book, cost = duckdb.from_df(used[["energie", "kwh"]]), duckdb.from_df(prices.astype({"energie": "str"}))
    raw = book.join(cost.filter("annee = 2025"), "energie").sum("kwh * euros_kwh").fetchall()[0]
    assert found["euros"].sum() == pytest.approx(raw[0], rel=1e-12)
    gas = used.loc[used["energie"] == "gaz", "kwh"].sum()
    assert found.loc[found["energie"] == "gaz", "kgco2e"].sum() == pytest.approx(gas * 0.227 / 1.11, rel=1e-12)


def test_a_missing_column_is_told():
    with pytest.raises(UsageError, match="table has no column usage"):
        energy.valued(pd.DataFrame({"energie": [], "annee": [], "kwh": []}), PRICES, FACTORS)
