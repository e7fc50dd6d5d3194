"""The Région's plan: the same sites each year, one year's factors or each year's, and a reference that is asked for."""

import numpy as np
import pandas as pd
import pytest

from tikub_lab.energy.law.region import plan
from tikub_lab.errors import UsageError

FACTORS = pd.DataFrame(
    [
        ("gaz", "tous", 2017, 222.0, "PCI", "confirmé"),
        ("électricité", "autres", 2019, 100.0, None, "confirmé"),
        ("électricité", "autres", 2024, 50.0, None, "confirmé"),
    ],
    columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"],
)


def energies(*rows):
    names = ["code_uai", "annee", "energie", "kwh_ajuste", "complet"]
    table = pd.DataFrame(rows, columns=names)
    use = table["energie"].map({"gaz": "chauffage", "électricité": "autres"})
    return table.assign(kwh=table["kwh_ajuste"], usage=use)


TABLE = energies(
    ("A", 2019, "gaz", 1000.0, True),
    ("A", 2019, "électricité", 100.0, True),
    ("A", 2025, "gaz", 800.0, True),
    ("A", 2025, "électricité", 100.0, True),
    ("B", 2019, "gaz", 500.0, False),  # not complete: in no comparison
    ("B", 2025, "gaz", 500.0, True),
    ("C", 2025, "gaz", 900.0, True),  # opened since
)


def test_by_hand():
    found = plan(TABLE, FACTORS, 2019).set_index("annee")
    assert found[["sites", "sites_absents"]].values.tolist() == [[1, 2], [1, 2]]
    last = found.loc[2025]
    assert (last["kwh_reference"], last["kwh_ajuste"]) == (1000.0, 820.0)  # final energy: gas 0.9
    assert last["evolution"] == pytest.approx(-0.18)
    # 222 g over PCI is 200 g a kWh billed; electricity 50 g, in both years
    assert (last["kgco2e_reference"], last["kgco2e"]) == pytest.approx((205, 165))
    assert last["evolution_ges"] == pytest.approx(165 / 205 - 1)
    assert last["repere_energie"] == pytest.approx(-0.6 * 6 / 31)
    assert last["repere_ges"] == pytest.approx(-0.5 * 6 / 31)
    assert "−18 % d’énergie, −20 % de gaz à effet de serre (facteurs de 2025 partout)" in last["phrase"].replace(
        "\u202f", " "
    )


def test_factors_that_are_not_known_leave_no_figure():
    found = plan(TABLE, FACTORS.head(1), 2019).set_index("annee")  # electricity has none
    assert found["sites_ges"].tolist() == [0, 0]
    assert found[["kgco2e", "evolution_ges"]].isna().all(axis=None)
    assert found["evolution"].notna().all()
    assert "gaz à effet de serre" not in found.loc[2025, "phrase"]


def test_the_reference_is_a_year_that_is_known():
    with pytest.raises(UsageError, match="2019 to 2025"):
        plan(TABLE, FACTORS, 2018)
    with pytest.raises(UsageError, match="none"):
        plan(TABLE[:0], FACTORS, 2018)


def test_a_year_before_the_reference_is_left_out():
    assert plan(TABLE, FACTORS, 2025)["annee"].tolist() == [2025]
    assert plan(TABLE, FACTORS, 2025)["evolution"].tolist() == [0.0]
    assert np.isfinite(plan(TABLE, FACTORS, 2025)["kwh_ajuste"]).all()
