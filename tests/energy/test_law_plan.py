"""The Région's plan: the same sites each year, one year's factors, and a reference that is asked for."""

import pandas as pd
import pytest

from tikub_lab.energy import law
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


def told(table, factors, year, reference):
    return law.followed(table, factors, year, reference).replace("\u202f", " ")


def test_by_hand():
    """A alone is complete in both years: 820 of 1,000 final kWh; 165 of 205 kg, by the factors of 2025 in both.

    222 g over PCI is 200 g a kWh billed; electricity 50 g. Six years of 31 make 12 and 10 %.
    """
    assert told(TABLE, FACTORS, 2025, 2019) == (
        "De 2019 à 2025, pour 1 lycée\xa0: −18 % d’énergie, −20 % de gaz à effet de serre (facteurs de 2025 partout). "
        "Une baisse régulière jusqu’à 2050 donnerait −12 % et −10 %."
    )


def test_factors_that_are_not_known_leave_no_figure():
    said = told(TABLE, FACTORS.head(1), 2025, 2019)  # electricity has none
    assert "−18 % d’énergie. Une baisse" in said
    assert "gaz à effet de serre" not in said


def test_the_reference_is_a_year_that_is_known():
    with pytest.raises(UsageError, match="2019 to 2025"):
        law.followed(TABLE, FACTORS, 2025, 2018)
    with pytest.raises(UsageError, match="none"):
        law.followed(TABLE[:0], FACTORS, 2025, 2018)


def test_the_year_of_reference_and_those_before_it():
    assert told(TABLE, FACTORS, 2025, 2025).startswith("2025\xa0: année de référence du plan, choisie ici")
    for year in (2019, 2024):
        assert told(TABLE, FACTORS, year, 2025) == f"{year} : le suivi du plan commence en 2025."
