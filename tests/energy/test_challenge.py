"""The challenge: graded by the sample's truths, on daily meters, and on tables changed by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.make.energy import sample
from tests.energy.panels import meters_with_saving
from tikub_lab.energy.challenge.contest import by_month, challenge, period, position
from tikub_lab.energy.challenge.grouping import groups
from tikub_lab.energy.challenge.order import pairs
from tikub_lab.energy.valuation import valued
from tikub_lab.errors import UsageError

NAMES = ("sites", "meters", "readings", "weather", "calendar", "works")


def run(tables, name="2024-2025", **options):
    return challenge(*(tables[f"energy/{table}"] for table in NAMES), *period(name), **options)


@pytest.fixture(scope="module")
def found(energy_tables):
    return run(energy_tables)


@pytest.fixture(scope="module")
def scored(found, energy_tables):
    """The lycées with a score, each with the share that it truly saved."""
    table = found.table[found.table["classe"]].set_index("code_uai")
    return table.assign(vrai=pd.Series(truths(found, energy_tables["energy/truths"])))


def truths(found, planted):
    """What each lycée saved: its habits, less what heating in holidays and a drift took in the period."""
    start, end = pd.Timestamp(found.start), pd.Timestamp(found.end)
    by_meter, shares = dict(tuple(planted.groupby("compteur_id"))), {}
    for uai, meters in found.savings.items():
        saved = 0.0
        for meter, one in meters.items():
            for row in by_meter[meter].itertuples():
                if row.nature == "geste":
                    table = one.table
                    begun = table["debut"].where(table["debut"] > row.debut, row.debut)
                    inside = ((table["fin"] - begun) / (table["fin"] - table["debut"])).clip(0, 1)
                    saved += row.valeur * float((table["predit"] * inside).sum())
                elif row.nature == "chauffage en vacances" and row.fin <= end:
                    saved -= row.valeur
                elif row.nature == "dérive de la base":
                    rise = np.minimum(np.arange((row.fin - row.debut).days) / 90, 1.0)
                    saved -= row.valeur * rise[: max((end - row.debut).days, 0)].sum() / rise.sum()
        assert start < end
        shares[uai] = saved / sum(one.predicted for one in meters.values())
    return shares


def test_scores_cover_the_truths(scored):
    """Intervals of 90 % hold the truth of about 90 % of 109 lycées (one standard error: 2.9 points)."""
    held = (scored["part_bas"] <= scored["vrai"]) & (scored["vrai"] <= scored["part_haut"])
    assert len(scored) > 100
    assert 0.84 <= held.mean() <= 0.97
    assert abs((scored["part"] - scored["vrai"]).mean()) < 0.003
    assert (scored["part_haut"] - scored["part_bas"]).median() < 0.04  # wider ones would hold as well, and say nothing


def test_habits_are_found(scored, energy_tables):
    planted = energy_tables["energy/truths"].query("nature == 'geste'")["code_uai"].unique()
    assert len(planted) == 15
    own = scored.loc[scored.index.intersection(planted)]
    assert len(own) == 15
    assert (own["part_bas"] > 0).sum() >= 14
    assert (own["part"] - own["vrai"]).abs().mean() < 0.012
    assert own["phrase"][own["part_bas"] > 0].str.startswith("Baisse de").all()
    others = scored[scored["vrai"] == 0]
    assert others["etablie"].mean() < 0.17  # one in ten by chance


def test_nobody_is_ranked_against_the_truth(scored):
    apart = pairs(scored.assign(valeur=scored["part"]))
    assert len(apart) > 100
    truth = scored["vrai"]
    assert (truth[apart["premier"]].to_numpy() > truth[apart["second"]].to_numpy()).all()
    best = truth.groupby(scored["groupe"]).rank(ascending=False, method="min")
    worst = truth.groupby(scored["groupe"]).rank(ascending=False, method="max")
    assert ((scored["rang_min"] <= best) & (scored["rang_max"] >= worst)).all()


def test_everybody_is_listed_once(found, energy_tables):
    table = found.table
    assert sorted(table["code_uai"]) == sorted(energy_tables["energy/sites"]["code_uai"])
    out = table[~table["classe"]]
    assert (out["raison"].str.len() > 20).all()
    assert out["part"].isna().all()
    assert out["place"].eq("non classé").all()
    assert (table["raison"] == "").equals(table["classe"])
    assert table["effectif"].dropna().min() >= 5
    assert found.groups["effectif"].sum() == table["classe"].sum()
    apart = table[table["classe"]].groupby("groupe").size()
    assert found.groups.set_index("groupe")["effectif"].to_dict() == apart.to_dict()
    for group in found.groups.itertuples():
        own = table[table["classe"] & (table["groupe"] == group.groupe)]
        # every pair, by the places alone: who is surely behind so many others is ahead of those that count it so
        behind = (own["rang_min"] - 1).sum()
        assert behind == (own["effectif"] - own["rang_max"]).sum() == group.departagees
        assert group.paires == len(own) * (len(own) - 1) // 2
    assert found.groups["departagees"].sum() == len(pairs(table.assign(valeur=table["part"]).where(table["classe"])))


def test_works_are_not_the_users_doing(found, energy_tables):
    works = energy_tables["energy/works"].query("statut == 'réalisé'").set_index("code_uai")["date_fin"]
    late = works[works > "2023-09-02"].index
    table = found.table.set_index("code_uai")
    assert len(late) >= 2
    assert not table.loc[late, "classe"].any()
    assert table.loc[late, "raison"].str.contains("travaux").all()
    within = works[(works > "2021-09-01") & (works < "2023-09-01")]
    assert (table.loc[within.index, "reference_debut"] == within).all()
    assert table.loc[within.index, "classe"].mean() > 0.8


@pytest.fixture(scope="module")
def small():
    """Twelve lycées, and the weather and bills of a challenge and its past."""
    tables = sample(scale=0.01, seed=1)
    return tables | {
        "energy/weather": tables["energy/weather"].query("jour >= '2021-01-01'"),
        "energy/readings": tables["energy/readings"].query("debut >= '2021-01-01' and origine == 'facture'"),
    }


def test_works_in_and_around_a_challenge(small):
    """The same lycée with works at other dates: before its past, in it, too late, during the challenge, undated."""
    uai = small["energy/sites"]["code_uai"].iloc[0]
    one = small["energy/works"].head(1)
    reasons = {}
    for when in ("2019-01-01", "2022-09-01", "2024-02-01", "2024-11-01", None):
        works = one.assign(code_uai=uai, statut="réalisé", date_fin=pd.Timestamp(when) if when else pd.NaT, mesure="M")
        row = run(small | {"energy/works": works}).table.set_index("code_uai").loc[uai]
        reasons[when] = (row["classe"], row["raison"], f"{row['reference_debut']:%Y-%m-%d}")
    assert reasons["2019-01-01"] == (True, "", "2021-09-01")
    assert reasons["2022-09-01"] == (True, "", "2022-09-01")
    assert "moins d'un an avant le défi" in reasons["2024-02-01"][1]
    assert "pendant le défi" in reasons["2024-11-01"][1]
    assert "date n'est pas connue" in reasons[None][1]
    assert not any(reasons[when][0] for when in ("2024-02-01", "2024-11-01", None))
    proposed = works.assign(statut="proposé")
    assert run(small | {"energy/works": proposed}).table.set_index("code_uai").loc[uai, "classe"]


def test_meters_that_come_and_go(small):
    meters = small["energy/meters"].copy()
    uai = meters["code_uai"].iloc[0]
    for name, when, scored in (
        ("mise_en_service", "2024-11-01", False),
        ("mise_en_service", "2022-10-01", True),
        ("retrait", "2024-12-01", False),
    ):
        changed = meters.copy()
        changed.loc[changed.index[0], name] = pd.Timestamp(when)
        row = run(small | {"energy/meters": changed}).table.set_index("code_uai").loc[uai]
        assert row["classe"] == scored
        assert scored or "mis en service ou retiré" in row["raison"]


def test_months_and_places(found, scored):
    uai = scored.index[3]
    months = by_month(found, uai)
    assert months["mois"].tolist() == pd.date_range("2024-09-01", periods=12, freq="MS").tolist()
    assert (months["attendu"] - months["observe"]).tolist() == pytest.approx(months["economie"].tolist())
    total = sum(one.observed for one in found.savings[uai].values())
    assert months["observe"].sum() == pytest.approx(total, rel=0.06)  # bills cross the ends of the period
    shown = position(found, uai)
    assert list(shown.columns[:5]) == ["part", "part_bas", "part_haut", "sien", "lycee"]
    assert shown["sien"].sum() == 1
    assert shown.loc[shown["sien"], "lycee"].item() == "notre lycée"
    assert (shown["ecart"] == -shown["part"]).all()
    assert (shown["ecart_bas"] <= shown["ecart_haut"]).all()
    assert shown.loc[shown["sien"], "part"].item() == scored.loc[uai, "part"]
    assert len(shown) == scored.loc[uai, "effectif"]
    assert shown["part"].is_monotonic_decreasing
    out = found.table.loc[~found.table["classe"], "code_uai"].iloc[0]
    assert by_month(found, out).empty
    assert position(found, out).empty


def test_energies_add_up_and_have_a_value(found, scored, energy_tables):
    total = found.energies.groupby("code_uai")["kwh"].sum()
    assert total[scored.index].tolist() == pytest.approx(scored["economie"].tolist())
    priced = valued(found.energies, energy_tables["energy/prices"], energy_tables["energy/factors"])
    assert priced["euros"].notna().all()
    assert (np.sign(priced["euros"]) == np.sign(priced["kwh"])).all()


@pytest.fixture(scope="module")
def daily():
    """Six lycées with two years of days, of which the second has 10 % less, and the holidays of every year."""
    panel = meters_with_saving(6, 0.10, seed=3)
    long = panel.kwh.stack().rename("kwh").rename_axis(["debut", "compteur_id"]).reset_index()
    codes = {name: f"000{place}000A" for place, name in enumerate(panel.kwh.columns)}
    breaks = (("01-01", "01-06"), ("02-08", "02-24"), ("04-05", "04-22"), ("07-05", "09-01"), ("10-18", "11-03"))
    free = [(f"{year}-{a}", f"{year}-{b}") for year in range(2021, 2025) for a, b in breaks]
    free += [(f"{year}-12-20", f"{year + 1}-01-01") for year in range(2020, 2024)]
    weather = panel.temperature.stack().rename("tmoy").rename_axis(["jour", "station"]).reset_index()
    return {
        "energy/sites": pd.DataFrame(
            {
                "code_uai": codes.values(), "lib_etablissement": "Lycée (fictif)", "station": codes.keys(),
                "type_etablissement": "Lycée polyvalent", "internat": False,
            }
        ),
        "energy/meters": pd.DataFrame(
            {
                "compteur_id": codes.keys(), "code_uai": codes.values(), "energie": "gaz", "usage": "chauffage",
                "mise_en_service": pd.NaT, "retrait": pd.NaT,
            }
        ),
        "energy/readings": long.assign(fin=long["debut"] + pd.Timedelta(days=1), estime=False, origine="relevé"),
        "energy/weather": weather.assign(tmin=weather["tmoy"] - 3, tmax=weather["tmoy"] + 3),
        "energy/calendar": pd.DataFrame(free, columns=["debut", "fin"]).assign(nature="vacances", zone="B"),
        "energy/works": pd.DataFrame(
            {"code_uai": [], "statut": [], "date_fin": pd.to_datetime([]), "mesure": []}
        ),
    }  # fmt: skip


def test_days_where_both_periods_have_them(daily):
    found = run(daily, "2023", years=1)
    assert found.table["pas"].tolist() == ["relevé"] * 6
    assert (found.table["part_bas"] < 0.1).sum() + (found.table["part_haut"] > 0.1).sum() >= 10
    assert found.table["part"].mean() == pytest.approx(0.1, abs=0.01)
    assert found.table["place"].eq("à égalité avec les 5 autres").all()
    assert by_month(found, "0000000A")["observe"].sum() == pytest.approx(found.table["observe"].iloc[0], rel=0.01)


def test_days_that_are_too_few_or_estimated(daily):
    readings = daily["energy/readings"].copy()
    readings.loc[(readings["compteur_id"] == "M0001") & (readings["debut"] > "2023-10-01"), "kwh"] = np.nan
    readings.loc[(readings["compteur_id"] == "M0002") & (readings["debut"] < "2022-03-01"), "estime"] = True
    rng = np.random.default_rng(1)
    wild = readings["compteur_id"] == "M0003"
    readings.loc[wild, "kwh"] *= np.exp(rng.normal(0, 1.0, wild.sum()))
    table = run(daily | {"energy/readings": readings}, "2023", years=1).table.set_index("code_uai")
    assert table["classe"].sum() == 3
    assert "couvrent 0 jours du défi sur 365" in table.loc["0000000A", "raison"]
    assert not table.loc["0001000A", "classe"]
    assert "ASHRAE 14" in table.loc["0002000A", "raison"]
    assert table["place"][table["classe"]].tolist() == ["non classé"] * 3  # three are too few for a group


def test_a_small_meter_without_a_model_is_left_out_and_said(daily):
    meters = daily["energy/meters"]
    small = meters.head(1).assign(compteur_id="C0001", usage="autres")
    own = daily["energy/readings"].query("compteur_id == 'M0001'")
    rng = np.random.default_rng(2)
    for factor, scored in ((0.01, True), (0.5, False)):
        wild = own.assign(compteur_id="C0001", kwh=own["kwh"] * factor * np.exp(rng.normal(0, 1.0, len(own))))
        tables = daily | {
            "energy/meters": pd.concat([meters, small]), "energy/readings": pd.concat([daily["energy/readings"], wild])
        }  # fmt: skip
        row = run(tables, "2023", years=1).table.set_index("code_uai").loc["0000000A"]
        assert row["classe"] == scored
        assert "C0001" in (row["remarque"] if scored else row["raison"])


def test_empty_tables(energy_tables):
    for name in ("sites", "meters", "readings"):
        tables = energy_tables | {f"energy/{name}": energy_tables[f"energy/{name}"].head(0)}
        found = run(tables)
        assert not found.table["classe"].any()
        assert len(found.table) == (0 if name == "sites" else 115)
        assert found.groups.empty
        assert found.energies.empty
        assert (found.table["raison"] != "").all()


def test_small_groups_are_put_together():
    sizes = {("A", True): 5, ("A", False): 3, ("B", True): 6, ("B", False): 7, ("C", True): 2, ("D", False): 2}
    rows = [(kind, boarding) for (kind, boarding), size in sizes.items() for _ in range(size)]
    sites = pd.DataFrame(rows, columns=["type_etablissement", "internat"])
    found = groups(sites.assign(code_uai=[str(row) for row in range(len(sites))]))
    # A is one, C and D (4) take the smallest group, B with boarders, along
    assert found.groupby("groupe").size().to_dict() == {
        "A, avec et sans internat": 8, "B, sans internat": 7, "Autres lycées (B, C, D)": 10
    }  # fmt: skip
    assert found.groupby("groupe")["regroupe"].first().to_dict() == {
        "A, avec et sans internat": True, "B, sans internat": False, "Autres lycées (B, C, D)": True
    }  # fmt: skip
    unknown = sites.assign(code_uai="x", internat=None, type_etablissement=None)
    assert groups(unknown)["groupe"].unique().tolist() == ["type inconnu, internat inconnu"]


def test_periods():
    assert period("2024-2025") == (date(2024, 9, 1), date(2025, 9, 1))
    assert period("2025") == (date(2025, 1, 1), date(2026, 1, 1))
    for wrong in ("2024-2026", "25", "2024/2025", "", "abcd", "2024-2025-2026"):
        with pytest.raises(UsageError, match="school year such as"):
            period(wrong)


def test_wrong_use(found, energy_tables):
    tables = [energy_tables[f"energy/{name}"] for name in NAMES]
    with pytest.raises(UsageError, match="the end comes after the start"):
        challenge(*tables, date(2025, 1, 1), date(2025, 1, 1))
    with pytest.raises(UsageError, match="1 to 5 years"):
        challenge(*tables, *period("2025"), years=9)
    with pytest.raises(UsageError, match="level 90"):
        challenge(*tables, *period("2025"), level=90)
    with pytest.raises(UsageError, match="no meter has a reading of it"):
        run(energy_tables, "2026")
    with pytest.raises(UsageError, match="no such lycée"):
        by_month(found, "9999999Z")
