"""The pace of sites: Sen's interval against enumeration and scipy, verdicts by hand and by simulation."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import theilslopes

from tikub_lab.energy.law.trend import MISSED, REACHED, UNKNOWN, UNSURE, inversions, outlook, pace, sen
from tikub_lab.errors import UsageError

SITE = "0000001B"


def usable(uses, first=2018, uai=SITE):
    return pd.DataFrame({"code_uai": uai, "annee": range(first, first + len(uses)), "kwh_m2": uses})


def look(uses, target, milestone=2030, **options):
    now = pd.DataFrame(
        {"code_uai": [SITE], "echeance": milestone, "kwh_m2": [float(uses[-1])], "kwh_m2_objectif": [float(target)]}
    )
    return outlook(now, pace(usable(uses), 2018 + len(uses) - 1, **options)).iloc[0]


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_inversions_by_enumeration(n):
    orders = list(itertools.permutations(range(n)))
    counts = np.bincount([sum(a > b for a, b in itertools.combinations(order, 2)) for order in orders])
    np.testing.assert_allclose(inversions(n) * len(orders), counts, atol=1e-9)


def test_the_interval_covers_as_often_as_it_says():
    # Exact: of all orders of n values, how often the true slope (0) lies between the ends
    for n, level in ((5, 0.9), (6, 0.9), (6, 0.6)):
        year = np.arange(n, dtype=float)
        inside = 0
        for order in itertools.permutations(range(n)):
            # no two slopes are equal, nor zero: a tiny curve takes ties away
            _, low, high = sen(year, np.array(order) + 1e-3 * np.sqrt(np.array(order) + 0.5), level)
            inside += low <= 0 <= high
        share = inside / np.prod(np.arange(1, n + 1))
        assert level <= share < 1
        below = np.cumsum(inversions(n))
        assert share == pytest.approx(1 - 2 * max(value for value in below if value <= (1 - level) / 2))


def test_the_slope_is_scipys():
    rng = np.random.default_rng(5)
    for n in (4, 7, 12):
        year = np.sort(rng.choice(np.arange(2005, 2026), n, replace=False)).astype(float)
        use = rng.normal(size=n)
        slope, low, high = sen(year, use)
        assert slope == pytest.approx(theilslopes(use, year)[0])
        assert low <= slope <= high


def test_too_few_years_have_no_interval():
    assert np.isnan(sen(np.arange(3.0), np.arange(3.0))[1])
    assert not np.isnan(sen(np.arange(4.0), np.arange(4.0))[1])  # 2 of 24 orders are outside: 91.7 %
    found = look([120, 118, 116], 80)
    assert found["rythme"] == UNKNOWN
    assert found["pente"] == -2
    assert pd.isna(found["annee_atteinte"])


def test_one_odd_year_does_not_move_the_pace():
    steady = [130 - 2.0 * year for year in range(8)]
    odd = [*steady[:3], 250.0, *steady[4:]]
    assert pace(usable(odd), 2025)["pente"][0] == pytest.approx(-2)


def test_only_the_last_years_count():
    uses = [500.0, 400, 300, 100, 99, 98, 97, 96]
    assert pace(usable(uses), 2025, last=5)[["n", "premiere", "pente"]].values.tolist() == [[5.0, 2021.0, -1.0]]
    assert pace(usable(uses), 2023)["derniere"].tolist() == [2023]


def test_verdicts_by_hand():
    # Exactly -2 a year from 130 in 2018: 116 in 2025, 106 in 2030, 86 in 2040
    uses = [130 - 2.0 * year for year in range(8)]
    assert look(uses, 107)["rythme"] == REACHED
    assert look(uses, 105)["rythme"] == MISSED
    assert look(uses, 105)[["projete", "annee_atteinte"]].tolist() == [106.0, 2031]
    assert look(uses, 90, 2040)["annee_atteinte"] == 2038
    assert look([*uses[:-1], 106.0], 106)["annee_atteinte"] is pd.NA  # there already
    flat = look([100, 103, 98, 101, 99, 102, 97, 100], 99)
    assert flat["rythme"] == UNSURE
    assert pd.isna(flat["annee_atteinte"])
    rising = look([100.0, 101, 102, 103, 104, 105, 106, 107], 90)
    assert (rising["rythme"], pd.isna(rising["annee_atteinte"])) == (MISSED, True)


def test_a_step_is_not_carried_on():
    # Works in 2023: the line runs below the target by 2025, use doesn't
    found = look([130, 129, 128, 127, 101, 100.5, 100, 99.5], 99)
    assert found["pente_haut"] < 0
    assert found["projete"] < 99
    assert pd.isna(found["annee_atteinte"])


def test_wrong_verdicts_are_rare():
    """True pace -1 a year, noise 2: of 400 sites, at most the interval's 5 % (and luck) are told the wrong thing."""
    rng = np.random.default_rng(11)
    year = np.arange(2018, 2026)
    true = 120 - (year - 2018)
    tables = [usable(true + 2 * rng.normal(size=8), uai=f"S{site:03}") for site in range(400)]
    paces = pace(pd.concat(tables), 2025)
    inside = paces["pente_bas"].le(-1) & paces["pente_haut"].ge(-1)
    assert 0.87 < inside.mean() < 0.97
    now = pd.DataFrame({"code_uai": paces["code_uai"], "echeance": 2040, "kwh_m2": 113.0})
    # in 2040 the truth is 98: 1 below a target of 99, 1 above one of 97
    above, below = (outlook(now.assign(kwh_m2_objectif=target), paces)["rythme"] for target in (97.0, 99.0))
    assert (above == REACHED).mean() < 0.08
    assert (below == MISSED).mean() < 0.08
    assert (outlook(now.assign(kwh_m2_objectif=130.0), paces)["rythme"] == REACHED).mean() > 0.9


def test_sentences_say_the_pace_and_its_certainty():
    text = look([130 - 2.0 * year for year in range(8)], 105)["phrase_rythme"].replace("\u202f", " ")
    assert "De 2018 à 2025, −1,6 % par an (entre −1,6 % et −1,6 %)" in text
    assert "manqué à ce rythme. Ce niveau serait atteint en 2031." in text
    assert "on ne peut pas dire" in look([100, 103, 98, 101, 99, 102, 97, 100], 99)["phrase_rythme"]
    assert "0,0 % par an" in look([100.0, 100, 100, 100, 100, 100], 90)["phrase_rythme"].replace("\u202f", " ")


def test_errors_and_empty_tables():
    table = usable([1.0, 2, 3, 4])
    with pytest.raises(UsageError, match="level"):
        pace(table, 2021, level=1)
    with pytest.raises(UsageError, match="two years"):
        pace(table, 2021, last=1)
    with pytest.raises(UsageError, match="twice"):
        pace(pd.concat([table, table]), 2021)
    none = pace(table[:0], 2021)
    assert none.empty
    now = pd.DataFrame({"code_uai": [SITE], "echeance": 2030, "kwh_m2": [1.0], "kwh_m2_objectif": [1.0]})
    assert outlook(now, none)["rythme"].tolist() == [UNKNOWN]
    assert outlook(now[:0], none).empty
