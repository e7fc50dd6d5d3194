"""The plan of works: against every plan there is, against another way of reckoning, by hand, and on the sample."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tikub_lab.energy import planning
from tikub_lab.energy.consumption import by_meter, by_site
from tikub_lab.energy.planning.choose import compare, plan, solve
from tikub_lab.energy.planning.greedy import METHODS, greedy
from tikub_lab.energy.planning.problem import Rules, prepare
from tikub_lab.energy.planning.program import Program
from tikub_lab.errors import UsageError

PRICE = {"gaz": 0.07, "électricité": 0.15, "bois": 0.05}
GRAMS = {"gaz": 227 / 1.11, "électricité": 64.0, "bois": 30.0}
PRICES = pd.DataFrame({"energie": list(PRICE), "annee": 2025, "euros_kwh": list(PRICE.values()), "statut": "fictif"})
FACTORS = pd.DataFrame(
    {
        "energie": ["gaz", "électricité", "bois"],
        "usage": ["tous", "autres", "tous"],
        "annee": 2021,
        "gco2e_kwh": [227.0, 64.0, 30.0],
        "pouvoir_calorifique": ["PCI", None, "PCI"],
        "statut": "confirmé",
    }
)


def works_of(*rows, **columns):
    """Works from (site, energie, cout, economie, duree) and further columns."""
    table = pd.DataFrame(rows, columns=["code_uai", "energie", "cout", "economie_attendue", "duree_vie"])
    names = [f"T{number}" for number in range(1, len(rows) + 1)]
    given_ = {"travaux_id": names, "mesure": "m", "statut": "proposé", "exclut": None} | columns
    return table.assign(**given_).astype({"duree_vie": "Int64"})


def uses_of(works, kwh=100_000.0):
    pairs = works[["code_uai", "energie"]].drop_duplicates(ignore_index=True)
    return pairs.assign(usage=np.where(pairs["energie"] == "électricité", "autres", "chauffage"), kwh=kwh)


def listed(works):
    return works if isinstance(works, list) else works.to_dict("records")


def worth(works, uses, rules, years):
    """What a plan is worth: no line of it is the package's. ``years``: year of works by travaux_id, for those done."""
    use = dict(zip(zip(uses["code_uai"], uses["energie"], strict=True), uses["kwh"], strict=True))
    rows = [row for row in listed(works) if row["travaux_id"] in years]
    total = 0.0
    for year in range(rules.first + 1, rules.horizon + 1):
        left = {}
        for row in rows:
            start, place = years[row["travaux_id"]], (row["code_uai"], row["energie"])
            if start < year <= start + row["duree_vie"]:
                share = min(row["economie_attendue"] * rules.realisation / use[place], 0.95)
                left[place] = left.get(place, 1.0) * (1 - share)
        for (site, energy), rest in left.items():
            kwh = use[site, energy] * (1 - rest)
            late = (1 + rules.discount) ** (year - rules.first)
            total += {
                "kwh": kwh,
                "euros": kwh * PRICE.get(energy, np.nan) / late,
                "kgco2e": kwh * GRAMS.get(energy, np.nan) / 1000,
            }[rules.objective]
    if rules.objective == "euros":
        total -= sum(row["cout"] / (1 + rules.discount) ** (years[row["travaux_id"]] - rules.first) for row in rows)
    return total


def allowed(works, rules, years):
    """Whether a plan keeps the rules, one after the other, in plain words."""
    rows = {row["travaux_id"]: row for row in listed(works)}
    purse = 0.0
    for year, budget in zip(rules.years, rules.budgets, strict=True):
        done = [name for name, when in years.items() if when == year]
        purse += budget - sum(rows[name]["cout"] for name in done)
        if purse < -0.005:
            return False
    for name in years:
        excluded = [one for one in str(rows[name]["exclut"] or "").split("|") if one]
        if any(other in years for other in excluded):
            return False
    return True


def years_of(problem, when):
    names = problem.measures["travaux_id"]
    return {names[place]: int(problem.rules.first + year) for place, year in enumerate(when) if year >= 0}


def every_plan(works, rules):
    rows = listed(works)
    for choice in itertools.product([None, *rules.years], repeat=len(rows)):
        years = {row["travaux_id"]: year for row, year in zip(rows, choice, strict=True) if year is not None}
        if allowed(rows, rules, years):
            yield years


@st.composite
def choices(draw):
    """Up to five measures on two sites, up to three years, every rule."""
    years = draw(st.integers(1, 3))
    count = draw(st.integers(1, 5 if years < 3 else 4))
    numbers = st.integers(1, 60)
    rows = [
        (draw(st.sampled_from("AB")), draw(st.sampled_from(["gaz", "gaz", "électricité", "bois"])),
         draw(numbers) * 1000.0, draw(numbers) * 1000.0, draw(st.sampled_from([1, 2, 4, 30])))
        for _ in range(count)
    ]  # fmt: skip
    excluded = [None] * count
    if count > 1 and draw(st.booleans()):
        one, two = draw(st.permutations(range(count)))[:2]
        excluded[one] = f"T{two + 1}"
    rules = Rules(
        first=2026,
        budgets=tuple(float(draw(st.integers(0, 70))) * 1000 for _ in range(years)),
        horizon=2026 + years + draw(st.integers(0, 6)),
        realisation=draw(st.sampled_from([0.6, 1.0, 1.8])),
        objective=draw(st.sampled_from(["kwh", "euros", "kgco2e"])),
        discount=draw(st.sampled_from([0.0, 0.04])),
    )
    return works_of(*rows, exclut=excluded), rules


@settings(max_examples=30)
@given(choices())
def test_no_plan_is_better(case):
    works, rules = case
    uses = uses_of(works)
    rows = listed(works)
    best = max(worth(rows, uses, rules, years) for years in every_plan(rows, rules))
    problem = prepare(works, uses, PRICES, FACTORS, rules)
    found = solve(problem, gap=0)
    years = years_of(problem, found.when)
    assert allowed(works, rules, years)
    assert not problem.broken(found.when)
    assert found.value == pytest.approx(best, rel=1e-6, abs=1e-3)
    assert worth(works, uses, rules, years) == pytest.approx(found.value, rel=1e-9, abs=1e-6)
    assert found.bound >= best - 1e-6 * abs(best) - 1e-3
    assert found.proven
    for method in METHODS:
        when = greedy(problem, method)
        assert allowed(works, rules, years_of(problem, when))
        assert problem.value(when) <= found.value + 1e-6 * abs(best) + 1e-3


@settings(max_examples=25)
@given(choices(), st.floats(0, 2e5))
def test_the_search_lists_every_set_above_a_floor(case, floor):
    """And each with its worth; what is not listed, as few are followed, is told by a bound."""
    works, rules = case
    problem = prepare(works, uses_of(works), PRICES, FACTORS, rules)
    rows, worths = listed(works), {}
    for years in every_plan(rows, rules):
        sites = {problem.group[row] for row, name in enumerate(problem.measures["travaux_id"]) if name in years}
        if len(sites) == 1 and (value := worth(rows, uses_of(works), rules, years)) > floor + 1:
            worths[tuple(years.get(name, -1) for name in problem.measures["travaux_id"])] = value
    program, free = Program(problem), np.zeros(len(problem.limits[1]))
    found, bound, _ = program.search(free, np.full(len(problem.use), floor), 10**6)
    done = found.cells.toarray().T.reshape(len(found.group), len(problem), len(rules.budgets))
    whens = np.where(done.any(axis=2), rules.first + done.argmax(axis=2), -1)
    known = dict(zip(map(tuple, whens.tolist()), found.worth, strict=True))
    assert len(known) == len(found.group)
    assert all(known[years] == pytest.approx(value) for years, value in worths.items())
    assert program.search(free, np.full(len(problem.use), floor), 1)[1] >= bound - 1e-6


@settings(max_examples=12)
@given(choices(), st.randoms(use_true_random=False))
def test_both_checks_of_the_rules_agree(case, random):
    works, rules = case
    problem = prepare(works, uses_of(works), PRICES, FACTORS, rules)
    for _ in range(20):
        when = np.array([random.randint(-1, len(rules.budgets) - 1) for _ in range(len(problem))])
        assert allowed(works, rules, years_of(problem, when)) == (not problem.broken(when))


def test_a_knapsack_by_dynamic_programming():
    """One year and one measure a site: nothing interacts, and the table of all budgets in k€ tells the optimum."""
    rng = np.random.default_rng(5)
    cost, saved = rng.integers(5, 60, 60), rng.integers(1, 60, 60)
    best = np.zeros(301)
    for weight, value in zip(cost.tolist(), saved.tolist(), strict=True):
        best[weight:] = np.maximum(best[weight:], best[:-weight] + value)
    works = works_of(
        *[(f"S{n}", "gaz", c * 1e3, s * 1e3, 10) for n, (c, s) in enumerate(zip(cost, saved, strict=True))]
    )
    for budget in (0, 40, 300):
        found = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (budget * 1e3,), 2027, 1.0), gap=0)
        assert found.value == pytest.approx(best[budget] * 1e3)
        assert found.proven


def test_a_bound_from_another_side():
    """Lagrange's: the budget has a price, and each site chooses among all its sets. Nothing is worth more."""
    rng = np.random.default_rng(6)
    rows = [
        (f"S{n // 4}", "gaz", float(rng.integers(5, 60)) * 1e3, float(rng.integers(5, 55)) * 1e3, 30)
        for n in range(160)
    ]
    works = works_of(*rows)
    rules = Rules(2026, (6e5,), 2036, 1.0)
    found = plan(works, uses_of(works), PRICES, FACTORS, rules, time_limit=20, gap=1e-3)
    sets = np.array(list(itertools.product([0, 1], repeat=4)))
    cost = works["cout"].to_numpy().reshape(-1, 4) @ sets.T
    left = np.prod(1 - sets[None] * works["economie_attendue"].to_numpy().reshape(-1, 1, 4) / 1e5, axis=2)
    bound = min(price * 6e5 + (1e6 * (1 - left) - price * cost).max(axis=1).sum() for price in np.linspace(0, 60, 2001))
    assert found.value <= bound
    assert found.value > 0.99 * bound
    assert found.gap <= 1e-3
    assert found.value == pytest.approx(worth(works, uses_of(works), rules, years_of(found.problem, found.when)))


def test_a_group_of_many_measures():
    """Nine on one site and energy: not all sets are followed at first, and the optimum is that of all 512 plans."""
    rng = np.random.default_rng(7)
    rows = [("A", "gaz", float(cost) * 1e3, float(saved) * 1e3, 5) for cost, saved in rng.integers(5, 40, (9, 2))]
    works, rules = works_of(*rows), Rules(2026, (100e3,), 2030, 1.0)
    rows, uses = listed(works), uses_of(works)
    best = max(worth(rows, uses, rules, years) for years in every_plan(rows, rules))
    found = plan(works, uses_of(works), PRICES, FACTORS, rules, gap=0)
    assert found.proven
    assert found.value == pytest.approx(best)


def test_savings_of_one_site_do_not_add_up():
    """Two measures of 30 % save 51 %, while both last: T2 lives two years. Worked by hand, kWh of 2027 to 2030."""
    works = works_of(("A", "gaz", 1.0, 30e3, 30), ("A", "gaz", 1.0, 30e3, 2), ("A", "électricité", 1.0, 30e3, 30))
    found = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (10.0,), 2030, 1.0), gap=0)
    assert found.path["economie"].tolist() == pytest.approx([0, 81e3, 81e3, 60e3, 60e3])
    table = found.works.set_index("travaux_id")
    assert table["kwh"].to_dict() == pytest.approx({"T1": 111e3, "T2": 51e3, "T3": 120e3})
    assert table["kwh_seule"].to_dict() == pytest.approx({"T1": 120e3, "T2": 60e3, "T3": 120e3})
    assert table["annees_comptees"].to_dict() == {"T1": 4, "T2": 2, "T3": 4}
    assert found.path["kwh"].tolist()[1] == pytest.approx(200e3 - 81e3)
    assert found.path["part"].tolist()[1] == pytest.approx(0.405)
    # by hand: 111 and 51 MWh of gas at 0.07 €, 120 of electricity at 0.15
    assert found.totals["euros"] == pytest.approx(162e3 * 0.07 + 120e3 * 0.15)
    assert found.totals["kgco2e"] == pytest.approx(162 * 227 / 1.11 + 120 * 64)


def test_a_saving_larger_than_the_use_is_cut_down():
    works = works_of(("A", "gaz", 1.0, 150e3, 30))
    found = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (10.0,), 2027, 1.0), gap=0)
    assert found.value == pytest.approx(95e3)


def test_net_value_by_hand():
    """20 MWh a year at 0.07 € for 2027 and 2028, at 10 %: 1400/1.1 + 1400/1.21, less 2000 in 2026."""
    works = works_of(("A", "gaz", 2000.0, 20e3, 2), ("B", "gaz", 3000.0, 20e3, 2))
    rules = Rules(2026, (10e3,), 2040, 1.0, "euros", discount=0.1)
    found = plan(works, uses_of(works), PRICES, FACTORS, rules, gap=0)
    assert found.works["travaux_id"].tolist() == ["T1"]  # the other one never pays for itself
    assert found.value == pytest.approx(1400 / 1.1 + 1400 / 1.21 - 2000)
    assert found.works["valeur_nette"].tolist() == pytest.approx([found.value])


def test_money_carried_over():
    works = works_of(("A", "gaz", 90e3, 20e3, 30))
    kept = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (50e3, 50e3), 2040, 1.0), gap=0)
    assert kept.works["annee"].tolist() == [2027]


def test_tables_add_up(energy_tables):
    problem = prepare(*sample_choice(energy_tables), Rules(2026, (2e6,) * 4, 2040, 0.9, "euros"))
    found = solve(problem, time_limit=20, gap=0.01)
    for table in (found.works, found.path):
        for name in {"kwh", "euros", "kgco2e", "cout"} & set(table) - ({"kwh"} if table is found.path else set()):
            assert table[name].sum() == pytest.approx(found.totals[name], rel=1e-9), name
    assert found.path["economie"].sum() == pytest.approx(found.totals["kwh"])
    assert found.works["valeur_nette"].sum() == pytest.approx(found.value)
    assert len(found.works) == found.totals["nombre"]
    spent = found.works.groupby("annee")["cout"].sum().reindex(range(2026, 2030), fill_value=0.0).cumsum()
    assert (spent <= np.cumsum([2e6] * 4) + 0.01).all()
    assert (found.works["kwh"] <= found.works["kwh_seule"] * (1 + 1e-9)).all()
    assert found.path["economie"].max() < found.path["reference"].max()


def sample_choice(tables):
    readings = tables["energy/readings"]
    recent = by_meter(readings[readings["debut"] >= "2024-11-01"])
    uses = by_site(recent, tables["energy/meters"])
    return tables["energy/works"], uses[uses["annee"] == 2025], tables["energy/prices"], tables["energy/factors"]


@pytest.mark.parametrize(
    "objective", ["kwh", *(pytest.param(aim, marks=pytest.mark.ci) for aim in ("euros", "kgco2e"))]
)
def test_the_sample_beats_what_people_do(energy_tables, objective):
    works, uses, prices, factors = sample_choice(energy_tables)
    found = plan(works, uses, prices, factors, Rules(2026, (5e6,) * 6, 2045, 0.9, objective), time_limit=30, gap=0.01)
    assert len(found.problem) == (works["statut"] == "proposé").sum()
    assert found.gap <= 0.01
    assert not found.problem.broken(found.when)
    table = compare(found).set_index("methode")
    assert table.loc["optimum", "valeur"] == found.value <= found.bound
    assert (table["gain"].drop(["optimum", "gain"]) > 0).all()
    assert table.loc["gain", "gain"] >= 0  # the best greedy plan may be within the gap asked for
    assert table.loc["kwh", "gain_part"] > 0.01
    if objective == "kwh":
        allowed_here = allowed(
            works.assign(exclut=works["exclut"].fillna("")), found.problem.rules, years_of(found.problem, found.when)
        )
        assert allowed_here
        # the fuel that kitchens burn apart is not what heating works save on
        heated = uses[(uses["usage"] != "autres") | (uses["energie"] == "électricité")]
        total = heated.groupby(["code_uai", "energie"], as_index=False)["kwh"].sum()
        again = worth(works, total, found.problem.rules, years_of(found.problem, found.when))
        assert again == pytest.approx(found.value, rel=1e-9)


def test_short_of_time_nothing_is_claimed(energy_tables):
    choice = sample_choice(energy_tables)
    found = plan(*choice, Rules(2026, (5e6,) * 6, 2045, 0.9), time_limit=1e-6)
    assert found.timed_out
    assert not found.proven
    assert 0 < found.gap < 1
    assert not found.problem.broken(found.when)
    assert found.value == max(found.problem.value(greedy(found.problem, method)) for method in METHODS)
    assert "du meilleur possible" in found.proof


def test_the_solver_is_given_what_time_is_left(monkeypatch):
    """By a clock that goes on by a tenth of a second each time that it is read."""
    asked = []
    for name in ("relax", "choose"):
        called = getattr(Program, name)

        def watched(self, sets, seconds, *more, called=called):
            asked.append(seconds)
            return called(self, sets, seconds, *more)

        monkeypatch.setattr(Program, name, watched)
    monkeypatch.setattr("tikub_lab.energy.planning.choose.time.perf_counter", itertools.count(0, 0.1).__next__)
    rows = [("A", "gaz", float(cost) * 1e3, 20e3, 9) for cost in range(3, 10)]
    problem = prepare(works_of(*rows), uses_of(works_of(*rows)), PRICES, FACTORS, Rules(2026, (11e3, 5e3), 2034, 0.8))
    solve(problem, time_limit=5, gap=0)
    assert len(asked) > 1
    assert asked == sorted(set(asked), reverse=True)
    assert asked[0] < 5
    assert asked[-1] > 0
    several = len(asked)
    asked.clear()
    cut_short = solve(problem, time_limit=0.25, gap=0)
    assert len(asked) < several
    assert cut_short.timed_out or cut_short.proven
    assert cut_short.value <= cut_short.bound


def knapsack_that_fools():
    """10 k€ for 6 → 7 MWh, 5 → 5 and 5 → 5: by ratio 7, the relaxation 11, the optimum 10."""
    works = works_of(("A", "gaz", 6e3, 7e3, 1), ("B", "gaz", 5e3, 5e3, 1), ("C", "gaz", 5e3, 5e3, 1))
    return prepare(works, uses_of(works), PRICES, FACTORS, Rules(2026, (10e3,), 2027, 1.0))


def test_the_gap_is_to_what_is_proven_not_to_what_is_found(monkeypatch):
    """A solver that proves 10 but gives nothing to show for it: the plan is the greedy one, three tenths below."""
    chosen = Program.choose
    monkeypatch.setattr(Program, "choose", lambda self, *asked: (None, chosen(self, *asked)[1]))
    found = solve(knapsack_that_fools(), gap=0)
    assert (found.value, found.bound) == (pytest.approx(7e3), pytest.approx(10e3))
    assert not found.proven
    assert "Plan à moins de 30,00" in found.proof


def test_a_solution_that_breaks_a_budget_is_not_taken(monkeypatch):
    """As one that HiGHS's tolerances let through might: it does all three."""
    chosen = Program.choose
    monkeypatch.setattr(Program, "choose", lambda self, *asked: (np.zeros(3, int), chosen(self, *asked)[1]))
    found = solve(knapsack_that_fools(), gap=0)
    assert found.works["travaux_id"].tolist() == ["T1"]  # the greedy one
    assert not found.proven


@pytest.mark.parametrize("method", list(METHODS))
def test_greedy_plans_keep_apart_what_excludes_and_leave_what_never_pays(method):
    works = works_of(
        ("A", "gaz", 1e3, 20e3, 9), ("A", "gaz", 2e3, 20e3, 9), ("B", "gaz", 9e4, 20e3, 9), exclut=[None, "T1", None]
    )
    rules = Rules(2026, (1e6,), 2035, 1.0, "euros")
    assert greedy(prepare(works, uses_of(works), PRICES, FACTORS, rules), method).tolist() == [0, -1, -1]


def test_heating_works_save_on_what_heats():
    """Gas of a kitchen, 60 MWh, is not touched: two measures of 20 MWh save half and half of 40 MWh's other half."""
    works = works_of(("A", "gaz", 1.0, 20e3, 9), ("A", "gaz", 1.0, 20e3, 9))
    uses = pd.DataFrame({"code_uai": "A", "energie": "gaz", "usage": ["chauffage", "autres"], "kwh": [40e3, 60e3]})
    found = plan(works, uses, PRICES, FACTORS, Rules(2026, (9.0,), 2027, 1.0), gap=0)
    assert found.value == pytest.approx(30e3)
    assert found.path["reference"].tolist() == [100e3, 100e3]


def test_more_money_is_never_worth_less():
    rng = np.random.default_rng(8)
    rows = [
        (f"S{n // 3}", "gaz", float(c) * 1e3, float(s) * 1e3, 9)
        for n, (c, s) in enumerate(rng.integers(5, 50, (12, 2)))
    ]
    works = works_of(*rows)
    values = [
        plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (budget * 1e3,) * 2, 2034, 0.8), gap=0).value
        for budget in (0, 20, 40, 80, 160, 320)
    ]
    assert values[0] == 0
    assert values == sorted(values)
    assert values[1] > 0


def test_nothing_to_choose_from():
    works = works_of(("A", "gaz", 1.0, 1.0, 1)).head(0)
    found = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (1e6,), 2030, 1.0))
    assert (found.value, found.gap, found.proven) == (0, 0, True)
    assert found.works.empty
    assert len(compare(found)) == 1 + len(METHODS)


def test_no_money():
    works = works_of(("A", "gaz", 1000.0, 20e3, 10), ("B", "gaz", 0.0, 10e3, 10))
    found = plan(works, uses_of(works), PRICES, FACTORS, Rules(2026, (0.0,), 2027, 1.0))
    assert found.works["travaux_id"].tolist() == ["T2"]  # it costs nothing
    assert found.proven


def test_what_is_left_out_is_told():
    works = works_of(
        *[("A", "gaz", 1e3, 1e3, 9)] * 4,
        ("A", "gaz", np.nan, 1e3, 9), ("A", "gaz", 1e3, np.nan, 9), ("A", "gaz", 1e3, 1e3, pd.NA),
        ("A", "fioul", 1e3, 0.0, 20), ("Z", "gaz", 1e3, 1e3, 9), ("A", "bois", 1e3, 1e3, 9),
        exclut=["T2", None, None, None, None, None, None, None, None, None],
        statut=["réalisé", *["proposé"] * 9],
    )  # fmt: skip
    uses = pd.DataFrame({"code_uai": "A", "energie": ["gaz", "bois"], "usage": "chauffage", "kwh": 1e5})
    unknown = FACTORS.assign(gco2e_kwh=[227.0, 64.0, np.nan], statut=["confirmé", "confirmé", "à demander"])
    rules = Rules(2026, (1e6,), 2030, 1.0, "kgco2e")
    found = plan(works, uses, PRICES, unknown, rules)
    assert found.works["travaux_id"].tolist() == ["T3", "T4"]
    assert found.problem.left_out.set_index("travaux_id")["motif"].to_dict() == {
        "T2": "exclue par des travaux réalisés",
        "T5": "coût inconnu",
        "T6": "économie inconnue",
        "T7": "durée de vie inconnue",
        "T8": "sans économie annoncée",
        "T9": "usage inconnu ou nul",
        "T10": "facteur d'émission inconnu",
    }
    # for kWh a factor is not needed: the measure is chosen, and its kgCO2e are not known, which is not zero
    free = plan(works, uses, PRICES, unknown, Rules(2026, (1e6,), 2030, 1.0))
    wood = free.works.set_index("travaux_id").loc["T10"]
    assert np.isnan(wood["kgco2e"])
    assert wood["kwh"] > 0
    assert free.totals["sans_facteur"] == 1
    assert free.path["kgco2e"].isna().tolist() == [False, True, True, True, True]
    free_of_price = Rules(2026, (1e6,), 2030, 1.0, "euros")
    few = plan(works, uses, PRICES[PRICES["energie"] != "bois"], unknown, free_of_price)
    assert few.problem.left_out.set_index("travaux_id").loc["T10", "motif"] == "prix de l'énergie inconnu"


def test_wrong_use():
    works = works_of(("A", "gaz", 1e3, 1e3, 9), ("A", "gaz", 1e3, 1e3, 9), exclut=["T2", None])
    uses = uses_of(works)
    good = {"first": 2026, "budgets": (1e6,), "horizon": 2030, "realisation": 1.0}

    def refused(match, works=works, uses=uses, **change):
        with pytest.raises(UsageError, match=match):
            planning.plan(works, uses, PRICES, FACTORS, planning.Rules(**(good | change)))

    refused("budgets", budgets=())
    refused("budgets", budgets=(-1.0,))
    refused("budgets", budgets=(np.nan,))
    refused("2027 or later", horizon=2026)
    refused("objective='kw'.*Did you mean 'kwh'", objective="kw")
    refused("realisation=3", realisation=3)
    refused("No work done so far shows one; give it.", realisation=float("nan"))
    refused("discount=3", discount=3)
    refused("no column cout", works=works.drop(columns="cout"))
    refused("no column kwh", uses=uses.drop(columns="kwh"))
    refused("'T1' stands there twice", works=works.assign(travaux_id="T1"))
    refused("years \\[2024, 2025\\]", uses=pd.concat([uses.assign(annee=2024), uses.assign(annee=2025)]))
    assert (
        prepare(works, uses.assign(kwh=-5.0), PRICES, FACTORS, Rules(**good)).left_out["motif"].tolist()
        == ["usage inconnu ou nul"] * 2
    )
    problem = prepare(works, uses, PRICES, FACTORS, Rules(**good))
    with pytest.raises(UsageError, match="method='kwhh'"):
        greedy(problem, "kwhh")
    with pytest.raises(UsageError, match="time_limit=0"):
        solve(problem, time_limit=0)


def test_what_the_relaxation_proves_is_told_without_the_integer_program(monkeypatch):
    """Money for one large measure and half of the others': 7 + 5 × 4 / 5 = 11 MWh at most, not 7 + 5 + 5."""
    monkeypatch.setattr(Program, "choose", lambda self, *asked: (None, np.inf))
    found = solve(knapsack_that_fools(), gap=0)
    assert found.bound == pytest.approx(11e3)
    assert "du meilleur possible" in found.proof
