"""Gestures, worked by hand: quarters, kilowatt-hours, states, money, and what is said of them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tikub_lab.energy.gestures.choice import gestures, three
from tikub_lab.energy.gestures.estimates import COLUMNS
from tikub_lab.energy.gestures.words import read, rounded, rule, worth
from tikub_lab.energy.legal import LAW
from tikub_lab.errors import UsageError

CODES = list("abcde")
PRICES = pd.DataFrame(
    {"energie": ["gaz", "électricité"], "annee": 2025, "euros_kwh": [0.05, 0.2], "statut": ["fictif", "marché"]}
)
FACTORS = pd.DataFrame(
    {
        "energie": ["gaz", "électricité"], "usage": "tous", "annee": 2021, "gco2e_kwh": [227.0, 60.0],
        "pouvoir_calorifique": ["PCI", None], "statut": ["confirmé", "à confirmer"],
    }
)  # fmt: skip


@pytest.fixture
def sites():
    return pd.DataFrame({"code_uai": CODES, "type_etablissement": "EREA", "internat": True, "surface_totale": 1000.0})


def measured(rows):
    """Rows of site, gesture, meter, numerator and denominator; each has an error of 10 kWh and a point of 15 °C."""
    table = pd.DataFrame(rows, columns=["code_uai", "geste", "compteur_id", "numerateur", "denominateur"])
    gas = table["compteur_id"].str.startswith("G")
    table["energie"] = np.where(gas, "gaz", "électricité")
    table["usage"], table["pas"] = np.where(gas, "chauffage", "autres"), "relevé"
    table["variance_n"], table["variance_d"], table["covariance"], table["liberte"] = 100.0, 0.0, 0.0, 1e9
    table["equilibre"] = 15.0
    return table[COLUMNS].astype(dict.fromkeys(COLUMNS[6:], "float64"))


def meters_of(table, total=10_000.0):
    found = table[["code_uai", "compteur_id", "energie", "usage", "pas"]].drop_duplicates("compteur_id")
    return found.assign(jours=365, kwh=total, faute="")


@pytest.fixture
def weekends(sites):
    """Five lycées whose weekends take 30, 40, 50, 60 and 90 % of a day of lessons, of 1,000 kWh: the quarter is 40."""
    shares = dict(zip(CODES, (0.3, 0.4, 0.5, 0.6, 0.9), strict=True))
    table = measured([(one, "electricite_weekend", f"E{one}", 1000 * share, 1000.0) for one, share in shares.items()])
    return gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025)


def row_of(table, uai, geste):
    return table[(table["code_uai"] == uai) & (table["geste"] == geste)].iloc[0]


def test_kilowatt_hours_by_hand(weekends):
    """E uses 900 kWh where the best quarter would use 0.4 × 1,000: 500 too many, ± 1.645 × 10, at 20 c and 60 g."""
    row = row_of(weekends, "e", "electricite_weekend")
    assert (row["etat"], row["rang"], row["surete"]) == ("à faire", 1, "sûr")
    assert (row["kwh"], row["euros"], row["kgco2e"]) == pytest.approx((500, 100, 30))
    assert (row["kwh_bas"], row["kwh_haut"]) == pytest.approx((500 - 16.449, 500 + 16.449), abs=1e-2)
    assert (row["part"], row["valeur"], row["repere"], row["pairs"]) == pytest.approx((0.05, 0.9, 0.4, 5))
    assert (row["prix_statut"], row["facteur_statut"]) == ("marché", "à confirmer")
    states = weekends[weekends["geste"] == "electricite_weekend"].set_index("code_uai")["etat"]
    assert states.to_dict() == {"a": "déjà fait", "b": "déjà fait", "c": "à faire", "d": "à faire", "e": "à faire"}
    done = row_of(weekends, "a", "electricite_weekend")
    assert np.isnan(done["kwh"])
    assert pd.isna(done["rang"])
    assert done["phrase"].startswith("Bravo : le week-end, l'électricité descend à 30")


def test_gas_is_counted_by_its_lower_value(sites):
    shares = dict(zip(CODES, (0.4, 0.4, 0.5, 0.6, 1.0), strict=True))
    table = measured([(one, "chauffage_weekend", f"G{one}", 1110 * share, 1110.0) for one, share in shares.items()])
    row = row_of(gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025), "e", "chauffage_weekend")
    assert row["kwh"] == pytest.approx(666)
    assert row["euros"] == pytest.approx(33.3)
    assert row["kgco2e"] == pytest.approx(600 * 0.227)


def test_a_gap_within_its_error_is_not_a_gesture(sites):
    """C uses 12 kWh more than the quarter: less than 1.645 × 10; D 20 more, of 20,000: not worth a line."""
    numbers = dict(zip(CODES, (400.0, 400.0, 412.0, 420.0, 900.0), strict=True))
    table = measured([(one, "electricite_weekend", f"E{one}", value, 1000.0) for one, value in numbers.items()])
    found = gestures(table, meters_of(table, 20_000.0), sites, PRICES, FACTORS, 2025)
    states = found[found["geste"] == "electricite_weekend"].set_index("code_uai")["etat"]
    assert states[["c", "d", "e"]].tolist() == ["pas net", "pas net", "à faire"]
    assert row_of(found, "c", "electricite_weekend")["phrase"].endswith("trop petit pour compter dessus.")
    found = gestures(table, meters_of(table, 9_000.0), sites, PRICES, FACTORS, 2025)
    assert row_of(found, "d", "electricite_weekend")["etat"] == "à faire"


def test_errors_of_both_parts_count(sites):
    """At a bar of 0.5, N - 0.5 D has a variance of 100 - 2 × 0.5 × 40 + 0.25 × 400 = 160."""
    numbers = dict(zip(CODES, (500.0, 500.0, 500.0, 700.0, 900.0), strict=True))
    table = measured([(one, "electricite_weekend", f"E{one}", value, 1000.0) for one, value in numbers.items()])
    table["variance_d"], table["covariance"] = 400.0, 40.0
    row = row_of(gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025), "e", "electricite_weekend")
    assert row["kwh_haut"] - row["kwh"] == pytest.approx(1.6449 * 160**0.5, rel=1e-4)


def test_one_degree_is_worth_its_own_slope(sites):
    table = measured([(one, "un_degre", f"G{one}", 300.0, np.nan) for one in CODES])
    table["equilibre"] = [13.0, 14.0, 15.0, 16.0, 17.0]
    found = gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025)
    row = row_of(found, "c", "un_degre")
    assert (row["kwh"], row["valeur"], row["repere"], row["surete"]) == (300, 15, 14, "à vérifier sur place")
    assert "19 °C au plus" in row["phrase"]
    assert "R. 241-26" in row["phrase"]
    assert found.query("geste == 'un_degre' and etat == 'déjà fait'")["code_uai"].tolist() == ["a", "b"]


def test_two_meters_share_their_lycee(sites):
    """E has 4 and 2 kWh/m² of hot water on two meters, its quarter 2: 4,000 kWh too many, two thirds of them of gas."""
    rows = [(one, "eau_chaude", f"G{one}", 2000.0, 1000.0) for one in "abcd"]
    rows += [("e", "eau_chaude", "Ge", 4000.0, 1000.0), ("e", "eau_chaude", "Ee", 2000.0, 1000.0)]
    table = measured(rows)
    found = gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025)
    row = row_of(found, "e", "eau_chaude")
    assert (row["valeur"], row["repere"], row["kwh"]) == pytest.approx((6, 2, 4000))
    assert row["euros"] == pytest.approx(4000 * (2 / 3 * 0.05 + 1 / 3 * 0.2))
    assert row["part"] == pytest.approx(4000 / 20_000)
    assert row["kwh_haut"] - row["kwh"] == pytest.approx(1.6449 * 200**0.5, rel=1e-4)


def test_what_is_not_known_is_empty(weekends, sites):
    table = measured([(one, "electricite_weekend", f"E{one}", 900.0 if one == "e" else 400.0, 1000.0) for one in CODES])
    found = gestures(table, meters_of(table), sites, PRICES.head(1), FACTORS.head(1), 2025)
    row = row_of(found, "e", "electricite_weekend")
    assert (row["kwh"], row["vaut"]) == (pytest.approx(500), "")
    assert np.isnan(row["euros"])
    assert np.isnan(row["kgco2e"])
    assert pd.isna(row["prix_statut"])
    few = gestures(table[table["code_uai"] != "a"], meters_of(table), sites, PRICES, FACTORS, 2025)
    assert row_of(few, "e", "electricite_weekend")["etat"] == "sans mesure"  # four are no peers
    assert row_of(weekends, "e", "un_degre")["phrase"].startswith("Les relevés ne permettent pas de le dire")


def test_three_and_why_not_more(sites):
    names = ("electricite_weekend", "electricite_vacances", "electricite_hiver", "un_degre")
    worth_of = {"electricite_weekend": 900.0, "electricite_vacances": 700.0, "electricite_hiver": 950.0}
    rows = [
        (one, name, f"E{one}", worth_of.get(name, 250.0) if one == "e" else 400.0, 1000.0)
        for one in CODES
        for name in names
    ]
    table = measured(rows)
    table["equilibre"] = np.where(table["code_uai"] == "e", 16.0, 15.0)
    found = gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025)
    shown, text = three(found, "e")
    assert shown["geste"].tolist() == ["electricite_hiver", "electricite_weekend", "electricite_vacances"]
    assert shown["kwh"].tolist() == pytest.approx([550, 500, 300])
    assert (shown["rang"].tolist(), text) == ([1, 2, 3], "")
    none, text = three(found, "a")
    assert none.empty
    assert text.startswith("Aucun geste n'est chiffré ici : on fait déjà bien (")
    assert "un degré de moins en classe" in text
    assert "les relevés ne disent rien" in text
    one, text = three(found[found["geste"].isin(["un_degre", "electricite_hiver"])].query("code_uai == 'e'"), "e", 5)
    assert len(one) == 2
    assert text == "2 gestes sont chiffrés ici."


@given(st.floats(1, 1e9))
def test_no_more_digits_than_two(value):
    assert rounded(value) == pytest.approx(value, rel=0.05)
    assert len(f"{int(rounded(value)):d}".rstrip("0")) <= 2 or rounded(value) < 100


def test_worth():
    row = {"etat": "à faire", "euros": 1643.0, "kgco2e": 4870.0}
    assert worth(row).replace("\u202f", " ") == "1 600 € et 4,9 t de CO₂e"
    assert worth(row | {"kgco2e": 87.4, "euros": np.nan}).replace("\u202f", " ") == "87 kg de CO₂e"
    assert worth(row | {"etat": "déjà fait"}) == ""


def test_rules_have_sources():
    table = LAW.table("geste", names=("geste", "cas"))
    assert set(table["geste"]) <= set(read("gestures.csv")["geste"])
    assert table[["reference", "source", "statut", "remarque"]].ne("").all().all()
    assert set(table["statut"]) == {"confirmé", "à confirmer"}
    assert not table.duplicated(["geste", "remarque"]).any()
    # From Friday evening to Monday morning is about 60 hours: the limit is that of 48 hours and more.
    assert table.loc[table["geste"] == "chauffage_weekend", "valeur"].tolist() == ["8", "16"]
    assert rule("chauffage_weekend").startswith("une salle inoccupée 48 heures ou plus, comme du vendredi soir")
    assert rule("chauffage_weekend").endswith("à 16 °C au plus (article R. 241-27 du code de l'énergie)")


def test_wrong_use(weekends, sites):
    table = measured([("a", "un_degre", "Ga", 1.0, np.nan)])
    with pytest.raises(UsageError, match="between 0 and 1"):
        gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025, level=90)
    with pytest.raises(UsageError, match="no such lycée"):
        three(weekends, "z")


def test_what_is_read_by_day_and_by_bill_says_both(sites):
    rows = [(one, "eau_chaude", f"G{one}", 2000.0, 1000.0) for one in CODES]
    rows += [("e", "eau_chaude", "He", 4000.0, 1000.0)]
    table = measured(rows)
    table.loc[table["compteur_id"] == "He", "pas"] = "facture"
    table.loc[table["compteur_id"] == "Ga", "pas"] = "facture"
    found = gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025)
    assert [row_of(found, uai, "eau_chaude")["pas"] for uai in "eab"] == ["facture et relevé", "facture", "relevé"]


@pytest.mark.parametrize("level", [0, 1])
def test_no_level_is_all_or_nothing(sites, level):
    table = measured([("a", "eau_chaude", "Ga", 1.0, 1.0)])
    with pytest.raises(UsageError, match="between 0 and 1"):
        gestures(table, meters_of(table), sites, PRICES, FACTORS, 2025, level)
