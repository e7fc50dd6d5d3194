"""What a plan of works owes to its assumptions, and what works done say of them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tikub_lab.energy import planning
from tikub_lab.energy.planning.choose import plan
from tikub_lab.energy.planning.measured import realised
from tikub_lab.energy.planning.problem import Rules
from tikub_lab.energy.planning.stability import sensitivity
from tikub_lab.errors import UsageError

ENERGIES = ["gaz", "électricité"]
PRICES = pd.DataFrame({"energie": ENERGIES, "annee": 2025, "euros_kwh": [0.1, 0.2], "statut": "fictif"})
FACTORS = pd.DataFrame(
    {
        "energie": ENERGIES,
        "usage": "tous",
        "annee": 2021,
        "gco2e_kwh": [200.0, 60.0],
        "pouvoir_calorifique": None,
        "statut": "confirmé",
    }
)


def choice(*rows):
    """Works from (site, energie, cout, economie), all for ten years; each site uses 100 MWh of each energy."""
    works = pd.DataFrame(rows, columns=["code_uai", "energie", "cout", "economie_attendue"])
    names = [f"T{number}" for number in range(1, len(rows) + 1)]
    works = works.assign(travaux_id=names, mesure="m", statut="proposé", exclut=None, duree_vie=10)
    uses = works[["code_uai", "energie"]].drop_duplicates(ignore_index=True).assign(usage="autres", kwh=1e5)
    return works, uses, PRICES, FACTORS


def test_without_regret_by_hand():
    """One year of savings, no discount: a kWh is worth 0.10 € of gas, 0.20 of electricity.

    T1 pays at any price (20 MWh for 100 €); T2 costs 1,900 € for 2,000 € a year: not if gas is 20 % cheaper; T3 costs
    2,100 € for the same: only if gas is dearer, or meters show more; T4 never pays.
    """
    sites = [("A", "gaz", 100.0), ("B", "gaz", 1900.0), ("C", "gaz", 2100.0), ("D", "électricité", 9000.0)]
    tables = choice(*[(*site, 20e3) for site in sites])
    base = plan(*tables, Rules(2026, (1e5,), 2027, 1.0, "euros", discount=0.0), gap=0)
    assert base.works["travaux_id"].tolist() == ["T1", "T2"]
    found = sensitivity(base, prices=0.2, budget=1e4, realisation=(0.8, 1.2), gap=0)
    assert found.cases["cas"].tolist() == [
        "plan", "prix gaz moins", "prix gaz plus", "prix électricité moins", "prix électricité plus",
        "prix toutes énergies moins", "prix toutes énergies plus", "budget moins", "budget plus",
        "réalisation basse", "réalisation haute",
    ]  # fmt: skip
    cases = found.cases.set_index("cas")
    assert cases["nombre"].tolist() == [2, 1, 3, 2, 2, 1, 3, 2, 2, 1, 3]
    assert cases["communes"].tolist() == [2, 1, 2, 2, 2, 1, 2, 2, 2, 1, 2]
    # gas at 0.08: T1 alone brings 1,500, with T2 1,200
    assert cases.loc["prix gaz moins", ["valeur", "valeur_du_plan", "regret"]].tolist() == pytest.approx(
        [1500, 1200, 0.2]
    )
    assert cases["prouve"].all()
    stable = found.stability.set_index("travaux_id")
    assert stable["plans"].to_dict() == {"T1": 11, "T2": 8, "T3": 3, "T4": 0}
    assert stable["stabilite"].to_dict() == {
        "T1": "sans regret", "T2": "selon les cas", "T3": "selon les cas", "T4": "jamais",
    }  # fmt: skip
    assert stable["annee"].fillna(0).to_dict() == {"T1": 2026, "T2": 2026, "T3": 0, "T4": 0}
    assert "1 mesures sont dans tous les plans, 2 dans certains, 1 dans aucun" in found.sentence
    assert "garder ce plan ferait perdre au plus 20,0" in found.sentence


def test_more_money_and_less():
    """Measures of 100 k€ and 1 to 10 MWh, one a site: with 500 k€ the five best, with one million more all ten."""
    tables = choice(*[(f"S{n}", "gaz", 1e5, 1e3 * n) for n in range(1, 11)])
    base = plan(*tables, Rules(2026, (5e5,), 2027, 1.0), gap=0)
    assert base.value == pytest.approx(40e3)
    found = sensitivity(base, gap=0)
    assert found.cases["cas"].tolist() == ["plan", "budget plus"]  # a million less is not there, prices don't matter
    assert found.cases["valeur"].tolist() == pytest.approx([40e3, 55e3])
    half = sensitivity(base, budget=2e5, gap=0)
    assert half.cases.set_index("cas").loc["budget plus", "valeur"] == pytest.approx(49e3)
    less = half.cases.set_index("cas").loc["budget moins"]
    assert less["valeur"] == pytest.approx(27e3)
    assert np.isnan(less["valeur_du_plan"])  # the plan can't be paid for


def test_each_case_is_worth_what_its_problem_says():
    rows = [
        (site, energy, 1e3 * (1 + n), 1e3 * (9 - n))
        for n, (site, energy) in enumerate(itertools.product("ABC", ENERGIES))
    ]
    base = plan(*choice(*rows), Rules(2026, (5e3, 5e3), 2033, 0.9, "euros"), gap=0)
    found = sensitivity(base, prices=0.5, gap=0, budget=5e3).cases.set_index("cas")
    dear = plan(*choice(*rows)[:2], PRICES.assign(euros_kwh=[0.15, 0.2]), FACTORS, base.problem.rules, gap=0)
    assert found.loc["prix gaz plus", "valeur"] == pytest.approx(dear.value)
    assert found.loc["prix toutes énergies plus", "valeur"] >= found.loc["prix gaz plus", "valeur"]


def test_an_empty_choice():
    tables = choice()
    base = plan(*tables, Rules(2026, (2e6,), 2027, 1.0))
    found = sensitivity(base, realisation=(0.8, 1.0))
    assert found.stability.empty
    assert found.sentence.startswith("Sur 5 cas, 0 mesures")
    with pytest.raises(UsageError, match="prices=2"):
        sensitivity(base, prices=2)
    with pytest.raises(UsageError, match="budget=0"):
        sensitivity(base, budget=0)


def test_no_money_at_all():
    """Nothing is chosen; a budget that can't be lowered is raised."""
    base = plan(*choice(("A", "gaz", 1e3, 9e3)), Rules(2026, (0.0, 0.0), 2033, 0.9), gap=0)
    found = sensitivity(base, budget=5e3, gap=0)
    assert (base.totals["nombre"], base.proven) == (0, True)
    assert found.cases["cas"].tolist() == ["plan", "budget plus"]
    assert found.cases["nombre"].tolist() == [0, 1]


def test_realisation_by_hand():
    """350 kWh announced, 290 seen: 29/35. The rest by Cochran's formula, written out for three works."""
    done = pd.DataFrame(
        {"economie_attendue": [100.0, 200.0, 50.0, 0.0, np.nan], "economie_mesuree": [90.0, 150, 50, 3, 4]}
    )
    found = realised(done, level=0.8)
    ratio = 29 / 35
    squares = (90 - 100 * ratio) ** 2 + (150 - 200 * ratio) ** 2 + (50 - 50 * ratio) ** 2
    half = stats.t.ppf(0.9, 2) * math.sqrt(3 * squares / 2) / 350
    assert (found.share, found.low, found.high) == pytest.approx((ratio, ratio - half, ratio + half))
    assert (found.n, found.left_out) == (3, 2)
    assert found.sentence.replace("\u202f", " ").startswith("Sur 3 travaux, les compteurs montrent 83 % des")
    few = realised(done.head(2))
    assert math.isnan(few.low)
    assert "trop peu" in few.sentence
    none = realised(done.head(0))
    assert math.isnan(none.share)
    assert none.sentence.startswith("Aucuns travaux")
    with pytest.raises(UsageError, match="economie_mesuree"):
        planning.realised(done.drop(columns="economie_mesuree"))
    with pytest.raises(UsageError, match="level=90"):
        realised(done, level=90)


def test_realisation_covers_what_was_planted(energy_tables):
    """The sample's works save 75 to 120 % of what was announced, evenly drawn: the interval is in between."""
    truths = energy_tables["energy/truths"]
    saved = truths[truths["nature"] == "économie"].set_index("travaux_id")["valeur"]
    done = energy_tables["energy/works"].query("statut == 'réalisé'")
    found = realised(done.assign(economie_mesuree=done["travaux_id"].map(saved)))
    assert found.n == len(saved) == 25
    assert found.left_out == 3  # oil given up: no saving was announced
    assert 0.75 < found.low < found.share < found.high < 1.2


def test_realisation_covers_as_often_as_it_says():
    rng = np.random.default_rng(10)
    inside = 0
    for _ in range(400):
        said = rng.uniform(50, 150, 20)
        found = realised(pd.DataFrame({"economie_attendue": said, "economie_mesuree": said * rng.normal(0.9, 0.2, 20)}))
        inside += found.low <= 0.9 <= found.high
    assert 0.86 <= inside / 400 <= 0.94
