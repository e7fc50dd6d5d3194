"""The gestures of the sample's lycées, graded by the truths that were planted."""

import numpy as np
import pandas as pd
import pytest

from tikub_lab.energy.gestures.choice import gestures, three
from tikub_lab.energy.gestures.estimates import measures
from tikub_lab.errors import UsageError

NAMES = ("sites", "meters", "readings", "weather", "calendar")
YEAR = 2025


def run(tables):
    measured, meters = measures(*(tables[f"energy/{name}"] for name in NAMES), YEAR)
    sites, prices, factors = (tables[f"energy/{name}"] for name in ("sites", "prices", "factors"))
    return measured, meters, gestures(measured, meters, sites, prices, factors, YEAR)


@pytest.fixture(scope="module")
def found(energy_tables):
    return run(energy_tables)


@pytest.fixture(scope="module")
def graded(found, energy_tables):
    """Each measure beside what the planted models make of it, day by day; meters with a fault of readings left out."""
    planted = energy_tables["energy/truths"]
    faulty = planted[planted["nature"].isin(["dérive de la base", "compteur en panne", "relevés estimés"])]
    now = planted[(planted["debut"] <= "2025-01-01") & (planted["fin"] > "2025-01-01")]
    values = now.pivot_table(index="compteur_id", columns="nature", values="valeur")
    extra = planted[planted["nature"] == "chauffage en vacances"].groupby("compteur_id")["valeur"].sum()
    station = energy_tables["energy/sites"].set_index("code_uai")["station"]
    days = pd.date_range("2025-01-01", "2025-12-31")
    cold = energy_tables["energy/weather"].pivot_table(index="jour", columns="station", values="tmoy").loc[days]
    kind = pd.Series(np.where(days.day_of_week >= 5, 1, 0), index=days)
    calendar = energy_tables["energy/calendar"]
    for nature, code in (("jour férié", 1), ("vacances", 2), ("pont", 2)):
        for row in calendar[calendar["nature"] == nature].itertuples():
            kind[(days >= row.debut) & (days < row.fin)] = code
    table = found[0][~found[0]["compteur_id"].isin(faulty["compteur_id"]) & (found[0]["usage"] != "mixte")].copy()
    table["vrai"] = [
        _truth(row, values.loc[row.compteur_id], cold[station[row.code_uai]], kind, extra) for row in table.itertuples()
    ]
    return table


def _truth(row, own, cold, kind, extra):
    point, slope, base = own["point d'équilibre"], own["pente"], own["base"]
    left = np.array([1.0, own["week-end"], own["vacances"]])
    left_base = np.ones(3) if row.usage == "chauffage" else left
    heat = slope * left[kind] * np.maximum(point - cold, 0)
    less = slope * left[kind] * np.maximum(point - 1 - cold, 0)
    rest = pd.Series(base * left_base[kind], index=cold.index)
    classes = kind < 2 if row.pas == "facture" else kind == 0
    return {
        "chauffage_weekend": heat[kind == 1].sum(),
        "chauffage_vacances": heat[kind == 2].sum() + extra.get(row.compteur_id, 0.0),
        "un_degre": (heat - less)[classes].sum(),
        "eau_chaude": rest[kind == 2].sum(),
        "electricite_weekend": rest[kind == 1].sum(),
        "electricite_vacances": rest[kind == 2].sum(),
        "electricite_hiver": heat[kind == 0].sum(),
    }[row.geste]


def test_measures_are_the_planted_ones(graded):
    """Each within some per cent of what was planted, without a bias, and as near to it as its error says."""
    off = (graded["numerateur"] - graded["vrai"]) / graded["vrai"]
    z = (graded["numerateur"] - graded["vrai"]) / np.sqrt(graded["variance_n"])
    for name, most in (
        ("chauffage_weekend", 0.03), ("chauffage_vacances", 0.05), ("un_degre", 0.03), ("eau_chaude", 0.05),
        ("electricite_weekend", 0.03), ("electricite_vacances", 0.03), ("electricite_hiver", 0.12),
    ):  # fmt: skip
        own = graded["geste"] == name
        assert own.sum() > 80
        assert off[own].std() < most
        assert abs(off[own].median()) < 0.01
        assert z[own].abs().lt(1.645).mean() > 0.78
    assert z.abs().lt(1.645).mean() == pytest.approx(0.9, abs=0.03)


def test_heating_in_holidays_is_found(found, energy_tables):
    planted = energy_tables["energy/truths"].query("nature == 'chauffage en vacances'")["code_uai"].unique()
    table = found[2].query("geste == 'chauffage_vacances'").set_index("code_uai")
    assert len(planted) == 12
    assert (table.loc[planted, "etat"] == "à faire").sum() >= 11
    assert (table.loc[planted, "rang"] <= 2).sum() >= 11


def test_each_lycee_has_three_or_the_reason(found, energy_tables):
    counts = []
    for uai in energy_tables["energy/sites"]["code_uai"]:
        shown, text = three(found[2], uai)
        counts.append(len(shown))
        assert (len(shown) == 3) == (text == "")
        assert shown["kwh"].is_monotonic_decreasing
        assert (shown["kwh_bas"] > 0).all()
        assert (shown["kwh_bas"] < shown["kwh"]).all()
        assert shown[["euros", "kgco2e", "surete", "phrase", "vaut"]].notna().all().all()
        assert shown["phrase"].str.contains("de moins par an").all()
        assert len(shown) == 3 or text.startswith(("Aucun geste", "Un seul geste", "2 gestes"))
    assert np.mean(np.array(counts) == 3) > 0.8


def test_gestures_never_take_more_than_there_is(found):
    """They overlap nowhere: of the kWh of each kind of day, no two gestures count the same; together far from all."""
    _, meters, table = found
    total = meters.groupby("code_uai")["kwh"].sum()
    saved = table.groupby("code_uai")["kwh"].sum()
    assert (saved < 0.3 * total).all()
    assert table.groupby("code_uai")["part"].sum().max() < 0.3
    quarter = table.query("geste == 'electricite_vacances' and etat == 'déjà fait'")
    assert 20 <= len(quarter) <= 40  # a quarter of 115, by construction


def test_the_total_of_the_models_is_what_was_used(found, energy_tables):
    days = energy_tables["energy/readings"].query("origine == 'relevé'")
    used = days.groupby("compteur_id")["kwh"].sum()
    broken = energy_tables["energy/truths"].query("nature == 'compteur en panne'")["compteur_id"]
    meters = found[1][~found[1]["compteur_id"].isin(broken)].query("pas == 'relevé'").set_index("compteur_id")
    assert len(meters) > 150
    assert (meters["kwh"] / used[meters.index]).to_numpy() == pytest.approx(1, abs=0.03)


def test_a_lycee_without_daily_readings(found, energy_tables):
    sites, meters = energy_tables["energy/sites"], energy_tables["energy/meters"]
    gas = meters.query("energie == 'gaz' and usage == 'chauffage'")["code_uai"]
    uai = gas.iloc[0]
    own = meters.loc[meters["code_uai"] == uai, "compteur_id"]
    readings = energy_tables["energy/readings"]
    lost = readings["compteur_id"].isin(own) & (readings["origine"] == "relevé")
    _, known, table = run(energy_tables | {"energy/readings": readings[~lost]})
    assert set(known.loc[known["code_uai"] == uai, "pas"].dropna()) == {"facture"}
    row = table[table["code_uai"] == uai].set_index("geste")
    assert row.loc["chauffage_weekend", "etat"] == "sans mesure"
    assert "il faudrait un relevé par jour" in row.loc["chauffage_weekend", "phrase"]
    before = found[2][found[2]["code_uai"] == uai].set_index("geste")
    assert row.loc["chauffage_vacances", "valeur"] == pytest.approx(
        before.loc["chauffage_vacances", "valeur"], rel=0.25
    )
    assert row.loc["eau_chaude", "valeur"] == pytest.approx(before.loc["eau_chaude", "valeur"], rel=0.25)
    none = run(energy_tables | {"energy/readings": readings[~readings["compteur_id"].isin(own)]})[2]
    shown, text = three(none, uai)
    assert shown.empty
    assert text.startswith("Aucun geste n'est chiffré ici : les relevés ne disent rien")
    assert len(sites) == 115


def test_empty_tables(energy_tables):
    for name in ("sites", "meters", "readings"):
        measured, meters, table = run(energy_tables | {f"energy/{name}": energy_tables[f"energy/{name}"].head(0)})
        assert measured.empty
        assert len(meters) == (248 - 3 if name == "readings" else 0)
        assert table["kwh"].isna().all()
        assert set(table["etat"]) <= {"sans mesure", "non chiffré"}
        assert len(table) == (0 if name == "sites" else 115 * 9)


def test_wrong_use(energy_tables):
    tables = [energy_tables[f"energy/{name}"] for name in NAMES]
    with pytest.raises(UsageError, match="calendar year of the readings"):
        measures(*tables, 25)
    with pytest.raises(UsageError, match="no meter has a reading of it"):
        measures(*tables, 2030)


def test_a_meter_removed_in_the_year_is_not_of_it(energy_tables):
    meters = energy_tables["energy/meters"].head(3).copy()
    meters["retrait"] = pd.to_datetime(["2025-12-31", "2026-01-01", None])
    meters["mise_en_service"] = pd.NaT
    tables = [energy_tables[f"energy/{name}"] for name in ("readings", "weather", "calendar")]
    _, known = measures(energy_tables["energy/sites"], meters, tables[0].head(0), *tables[1:], 2025)
    assert known["compteur_id"].tolist() == meters["compteur_id"].tolist()[1:]
    assert known["faute"].tolist() == ["trop peu de relevés"] * 2
