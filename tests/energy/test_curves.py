"""Load curves: worked by hand, the same at every step, judged on planted faults, and from Enedis's file to the page."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from data.make.energy import sample
from data.make.energy.loads import planted
from tests.energy.test_formats import PARIS, Bench
from tikub_lab import energy, show
from tikub_lab.energy import curves
from tikub_lab.energy.published.values import pseudonym

TABLES = ("sites", "meters", "calendar", "prices", "factors")
NATURES = {curves.NIGHTS: "nuit", curves.EARLY: "démarrage", curves.WORKED: "week-end", curves.SUMMERS: "été"}
FRESH = range(51, 61)
"""Seeds that thresholds were not chosen on: those were 1 to 12."""


def surveyed(tables, loads=None):
    return curves.survey(
        *(tables[f"energy/{name}"] for name in TABLES), tables["energy/loads"] if loads is None else loads
    )


# Worked by hand: a lycée with a meter or two, hours in whole kilowatts


CALENDAR = pd.DataFrame(
    {
        "debut": pd.to_datetime(["2025-01-01", "2025-02-10", "2025-05-01", "2025-07-05", "2025-12-20"]),
        "fin": pd.to_datetime(["2025-01-06", "2025-02-24", "2025-05-02", "2025-09-01", "2026-01-05"]),
        "nature": ["vacances", "vacances", "jour férié", "vacances", "vacances"],
        "libelle": ["Noël", "hiver", "1er mai", "été", "Noël"],
        "zone": "toutes",
    }
)
PRICES = pd.DataFrame({"energie": ["électricité"], "annee": [2025], "euros_kwh": [0.2], "statut": ["fictif"]})


def by_hand(night=10.0, first="2025-01-06", last="2025-12-31", minutes=60, rise=7, early=0.0, weekend=0.0, summer=10.0):
    """One lycée: 40 kW from ``rise`` to 18 h on days of lessons, else its base; less by a holiday's night, 5 kW."""
    times = pd.date_range(first, pd.Timestamp(last) + pd.Timedelta(days=1), freq=f"{minutes}min", tz=PARIS)[:-1]
    wall = times.tz_localize(None)
    day = wall.normalize()
    holiday = np.zeros(len(day), dtype=bool)
    for row in CALENDAR[CALENDAR["nature"] == "vacances"].itertuples():
        holiday |= (day >= row.debut) & (day < row.fin)
    closed = (day.day_of_week >= 5) | (day == "2025-05-01")
    hour = wall.hour + wall.minute / 60
    start = np.where(np.isin(wall.month, [11, 12, 1, 2, 3]), rise - early, rise)
    power = np.where((hour >= start) & (hour < 18), 40.0, night)
    power = np.where(closed, np.where((hour >= 9) & (hour < 17), 10 + weekend, 10.0), power)
    power = np.where(holiday, np.where(np.isin(wall.month, [7, 8]), summer, 5.0), power)
    rows = {"debut": times.tz_convert("UTC"), "minutes": minutes, "kwh": power * minutes / 60, "estime": False}
    return pd.DataFrame(rows)


def together(*lycees, boards=False):
    """Tables of some lycées, each a list of meters."""
    meters = [
        (f"E{site}{place}", f"L{site}", part) for site, parts in enumerate(lycees) for place, part in enumerate(parts)
    ]
    names = [f"L{site}" for site in range(len(lycees))]
    return {
        "energy/sites": pd.DataFrame({"code_uai": names, "internat": boards}),
        "energy/meters": pd.DataFrame(
            [(name, uai, "électricité", "autres") for name, uai, _ in meters],
            columns=["compteur_id", "code_uai", "energie", "usage"],
        ),
        "energy/calendar": CALENDAR,
        "energy/prices": PRICES,
        "energy/factors": pd.DataFrame(
            columns=["energie", "usage", "annee", "gco2e_kwh", "pouvoir_calorifique", "statut"]
        ),
        "energy/loads": pd.concat([part.assign(compteur_id=name) for name, _, part in meters], ignore_index=True),
    }


@pytest.mark.parametrize("minutes", [10, 15, 30, 60])
def test_a_curve_by_hand_at_every_step(minutes):
    """Two meters of one lycée, half of the power each; the days of 23 and 25 hours change nothing."""
    half = by_hand(minutes=minutes).assign(kwh=lambda table: table["kwh"] / 2)
    found = surveyed(together([half, half]))
    (row,) = found.sites.to_dict("records")
    assert [row[name] for name in ("base", "base_bas", "base_haut", "plein", "base_ete")] == [10, 10, 10, 40, 10]
    assert row["base_ferme"] == 5  # a tenth of its nights are those of February and Christmas
    assert (row["monte"], row["monte_hiver"], row["monte_reste"], row["descend"]) == (7, 7, 7, 18)
    assert (row["nuit"], row["week_end"], row["ete"]) == (0.25, 0, 1)
    hours = found.hours.set_index("heure")
    assert hours["cours"].tolist() == [10] * 7 + [40] * 11 + [10] * 6
    days = energy.day_kinds(CALENDAR[CALENDAR["nature"] == "vacances"], "2025-01-06", "2025-12-31")
    days["2025-05-01"] = "week-end"
    count = days.value_counts()
    summer = days[days == "vacances"].index.month.isin([7, 8]).sum()
    parts = {
        "nuits": count["cours"] * 12 * 10,  # from 19 h to 7 h
        "week_ends": count["week-end"] * 240
        - 10,  # an hour less in March; that which comes twice in October counts once
        "vacances": summer * 240 + (count["vacances"] - summer) * 120,
    }
    total = parts["week_ends"] + parts["vacances"] + count["cours"] * (11 * 40 + 13 * 10)
    for name, kwh in parts.items():
        assert row[name] == pytest.approx(kwh / total)


def test_findings_by_hand():
    """Five lycées, four of them with a fault: what is too much, in kWh and euros, beside the median of all."""
    usual = [by_hand(summer=4.0)]
    found = surveyed(
        together(
            usual,
            [by_hand(night=25.0, summer=4.0)],
            [by_hand(early=4.0, summer=4.0)],
            [by_hand(weekend=20.0, summer=4.0)],
            [by_hand(summer=12.0)],
        )
    ).findings.set_index("code_uai")
    days = energy.day_kinds(CALENDAR[CALENDAR["nature"] == "vacances"], "2025-01-06", "2025-12-31")
    days["2025-05-01"] = "week-end"
    count, cold = days.value_counts(), days.index.month.isin([11, 12, 1, 2, 3])
    summer = (days.eq("vacances") & days.index.month.isin([7, 8])).sum()
    expected = {
        "L1": (curves.NIGHTS, count["cours"] * 12 * (25 - 10)),
        "L2": (curves.EARLY, (days.eq("cours") & cold).sum() * 2 * 30),  # from 3 h to 5 h
        "L3": (curves.WORKED, count["week-end"] * 8 * 20),
        "L4": (curves.SUMMERS, summer * 24 * (12 - 4)),
    }
    assert set(found.index) == set(expected)
    for uai, (nature, kwh) in expected.items():
        assert found.loc[uai, "nature"] == nature
        assert found.loc[uai, "kwh"] == pytest.approx(kwh, rel=1e-6)
        assert found.loc[uai, "euros"] == pytest.approx(kwh * 0.2, rel=1e-6)
        assert found.loc[uai, "bas"] == found.loc[uai, "haut"] == found.loc[uai, "kwh"]  # all nights are the same
    assert "3 h, plus de trois heures avant" in found.loc["L2", "phrase"].replace("\xa0", " ")
    assert "25 kW tournent toujours, soit 62 %" in found.loc["L1", "phrase"].replace("\u202f", " ").replace("\xa0", " ")


def test_few_peers_few_days_and_holes():
    alone = surveyed(together([by_hand(night=30.0, summer=35.0)]))
    assert alone.findings["nature"].tolist() == [curves.SUMMERS]  # against itself: no peers, no kWh
    assert alone.findings["kwh"].isna().all()
    assert np.isnan(alone.sites["nuit_pairs"]).all()
    assert "comparables" not in alone.sites["phrase"].item()
    assert surveyed(together([by_hand(last="2025-01-30")])).sites.empty  # nineteen days of lessons
    assert len(surveyed(together([by_hand(last="2025-01-31")])).sites) == 1
    empty = surveyed(together([by_hand()]), by_hand().assign(compteur_id="X"))
    assert (len(empty.sites), len(empty.hours), len(empty.findings)) == (0, 0, 0)
    assert empty.hours.merge(empty.sites, on="code_uai").empty  # as the page does where no lycée has a curve
    table = by_hand(minutes=30)
    table.loc[(np.arange(len(table)) % 144 < 48) & (np.arange(len(table)) % 7 == 0), "kwh"] = (
        np.nan
    )  # a day in three, half of some hours is unknown
    (row,) = surveyed(together([table])).sites.to_dict("records")
    assert (row["base"], row["plein"], row["monte"]) == (10, 40, 7)


def test_nothing_used_and_a_use_that_is_not_known():
    """No power at night is no summer without a stop; a meter that counts nothing has no curve."""
    tables = together([by_hand(night=0.0, summer=0.0)])
    tables["energy/meters"]["usage"] = None
    found = surveyed(tables)
    assert (len(found.sites), len(found.findings)) == (1, 0)
    assert found.sites["nuit"].item() == 0
    assert np.isnan(found.sites["ete"]).all()
    summer = surveyed({**tables, "energy/loads": by_hand(night=2.0, summer=9.0).assign(compteur_id="E00")}).findings
    assert summer["usage"].isna().all()
    assert surveyed(tables, tables["energy/loads"].assign(kwh=0.0)).sites.empty


def test_a_night_that_does_not_differ_from_the_day_tells_no_hours():
    (row,) = surveyed(together([by_hand(night=24.0)])).sites.to_dict("records")
    assert np.isnan(row["monte"])
    assert "diffèrent trop peu" in row["phrase"]


@settings(max_examples=20, deadline=None)
@given(st.floats(1.0, 6.0), st.floats(18.5, 22.5))
def test_hours_are_found_within_a_few_minutes(rise, fall):
    """A step inside an hour: the hour's mean tells where."""
    edges = np.arange(24.0)
    share = np.clip(edges + 1 - rise, 0, 1) * np.clip(fall - edges, 0, 1)
    day = 10 + 30 * share
    found = [float(hours[0]) for hours in curves.crossings(day[None], 25.0)]
    assert found == pytest.approx([rise, fall], abs=0.26)


def test_the_interval_of_a_base_holds_it_nine_times_in_ten():
    """Five hours a night that are alike: nights count, not hours."""
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(400):
        nights = np.repeat(rng.normal(size=150), 5)
        _, low, high = curves.quantile(nights, 0.1, 150)
        inside += low <= -1.2816 <= high
    assert 0.86 <= inside / 400 <= 0.94


# Planted faults: thresholds were chosen on seeds 1 to 12


def graded(tables, seed):
    """Faults planted, those found, and findings of none; curves."""
    said = surveyed(tables).findings
    found = set(zip(said["compteur_id"], said["nature"].map(NATURES), strict=True))
    truth = planted(1.0, seed)
    faults = {pair for pair in zip(truth["compteur_id"], truth["defaut"], strict=True) if pair[1]}
    return len(faults), len(faults & found), len(found - faults), len(truth)


def test_planted_faults_are_found_and_no_others(energy_tables):
    from data.make.energy import SEED

    assert graded(energy_tables, SEED) == (6, 6, 0, 10)


@pytest.mark.proof
def test_rates_on_fresh_seeds_are_those_that_the_page_prints(root):
    results = [graded(sample(1.0, seed), seed) for seed in FRESH]
    faults, found, false, count = map(sum, zip(*results, strict=True))
    recall = binomtest(found, faults).proportion_ci(0.9, "exact")
    wrong = binomtest(false, count).proportion_ci(0.9, "exact")
    print(f"{found} of {faults} faults found ({recall.low:.3f} to {recall.high:.3f}), {false} false of {count} curves")
    assert recall.low > 0.9
    assert wrong.high < 0.05
    page = (root / "notebooks" / "energy_alerts.ipynb").read_text(encoding="utf-8")
    text = "".join("".join(cell["source"]) for cell in json.loads(page)["cells"])
    assert f"{found} des {faults} pannes plantées" in text
    assert f"({100 * recall.low:.0f} à {100 * recall.high:.0f} %, au niveau de confiance de 90 %)" in text
    assert f"sans fausse alerte sur {count} courbes ({100 * wrong.high:.0f} % au plus)" in text
    assert false == 0


# From Enedis's file


def test_from_the_file_of_enedis_to_the_section(tmp_path, root, energy_tables):
    """Ten-minute means in W of a real format, and a list of meters: the curve is the lycée's, with its hours."""
    prm, uai = "00000000000017", energy_tables["energy/sites"]["code_uai"].iloc[0]
    table = by_hand(first="2025-09-01", last="2025-10-31", minutes=10)
    times = table["debut"].dt.tz_convert(PARIS)
    rows = "".join(f"{time.isoformat()};{kwh * 6000:.0f}\n" for time, kwh in zip(times, table["kwh"], strict=True))
    curve = (
        "Identifiant PRM;Type de donnees;Grandeur physique;Grandeur metier;Etape metier;Unite;Pas en minutes\n"
        f"{prm};Courbe de charge;Energie active;Consommation;Comptage Brut;W;10\n\nHorodate;Valeur\n{rows}"
    )
    listed = f"Compteur;Point de livraison;Énergie;Code UAI;Usage\n{pseudonym(prm)};{prm};électricité;{uai};autres\n"
    bring = Bench(tmp_path, root)
    bring(curve__csv=curve, liste__csv=listed)
    tables = {**energy_tables, "energy/meters": bring.load("meters"), "energy/loads": bring.load("loads")}
    found = surveyed(tables)
    (row,) = found.sites.to_dict("records")
    assert (row["code_uai"], row["base"], row["plein"]) == (uai, pytest.approx(10), pytest.approx(40))
    assert (row["monte"], row["descend"]) == (pytest.approx(7, abs=0.01), pytest.approx(18, abs=0.01))
    shown = show.lines(found.hours, "Heure par heure", ["cours", "ferme"], "heure")
    assert "cours, au plus haut 40 à 7" in shown.facts["alt"]
