"""A plan of works: which measures on which lycées in which year, within a budget, and how far it is from the best one.

**What is decided.** Each proposed measure is done once or not at all, in one of the years of works, within what
budgets and exclusions leave (:attr:`Problem.limits`). The money of a year is spent in it; savings begin the
year after, and last for the measure's ``duree_vie`` or up to the horizon.

A measure is not done again at the end of its life, so that the horizon decides much. Without a discount a kWh of 2030
is as good as one of 2040: a plan for kWh or CO2 does first what would outlive the horizon, and may leave to the last
years what lives shorter, even the cheapest; a plan for euros is in more of a hurry.

**How savings of one site add up.** Two measures of 30 % do not save 60 %: the second works on what the first has left.
Measures of one site and energy multiply: together they save 1 − ∏(1 − p) of its use, year by year, each as long as it
lives. So the sum never exceeds the use. This is a convention, and a mild one where measures work on different parts of
the use (a lamp, a clock); it is cautious there, and too kind where one makes the other useless: those belong in
``exclut``. Energies of a site do not touch each other: that lamps heat is not counted.

**How it is solved.** Each site and energy has one set of measures and years, whose worth is exact
(:mod:`tikub_lab.energy.planning.program`). No plan is worth more than the bound, which is that of the program's
relaxation, or of HiGHS where it chose among all the sets that could be better. A plan is called optimal only where the
gap between the two is closed; where it is not, the gap is told. The best greedy plan is the one to beat: so there is a
plan however short the time.
"""

import math
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.energy.planning.greedy import METHODS, greedy
from tikub_lab.energy.planning.problem import Problem, Rules, prepare
from tikub_lab.energy.planning.program import LEAST, Program
from tikub_lab.errors import UsageError
from tikub_lab.methods.waiting import waiting
from tikub_lab.show.french import number, percent

PROVEN = 1e-6
"""Relative gap under which there is none: HiGHS reckons in floating point, with tolerances of 1e-6 and 1e-7."""
WIDEST, WIDER = 2**16, 16
"""Sets of a site and energy that a search follows at most, and how many times more when one follows too few."""
SPREAD = 0.02
"""What a set may lose to be among those HiGHS chooses from, at first, as a share of the mean of a site and energy."""
HALF = 0.5
"""Share of the gap asked for that HiGHS may leave among the sets it is given."""
SUMS = ["cout", "kwh", "euros", "kgco2e", "valeur_nette"]


@dataclass(frozen=True)
class Plan:
    """A plan, what it is worth, and what is proven of it.

    Attributes
    ----------
    problem : Problem
    when : array of n int
        Position of the year of each measure of ``problem.measures``, -1 for one that is not done.
    bound : float
        No plan that keeps the rules is worth more, in the objective: kWh, discounted € or kgCO2e over the horizon.
    seconds : float
        Spent.
    timed_out : bool
        Whether the time was up before the gap asked for was reached.
    """

    problem: Problem = field(repr=False)
    when: Integers = field(repr=False)
    bound: float = math.inf
    seconds: float = 0.0
    timed_out: bool = False

    @cached_property
    def value(self) -> float:
        """In the objective, by multiplication."""
        return self.problem.value(self.when)

    @property
    def gap(self) -> float:
        """What may be lacking to the optimum, as a share of the bound."""
        lacking = max(self.bound - self.value, 0.0)
        return lacking / abs(self.bound) if self.bound else (0.0 if lacking == 0 else math.inf)

    @property
    def proven(self) -> bool:
        """Whether no plan is better, as far as floating point tells."""
        return self.gap <= PROVEN

    @cached_property
    def works(self) -> pd.DataFrame:
        """The works by year and lycée, one row a measure.

        What measures of one site and energy save together in a year is shared among those alive in proportion to −ln(1
        − p), so that it adds up and does not depend on an order. ``kwh_an`` is the mean of the years that count,
        ``kwh_seule`` what it would save if it were done alone, ``euros`` at each year's price, not discounted,
        ``valeur_nette`` € saved less cost, both discounted; not numbers where a price or factor is unknown.
        """
        problem, done = self.problem, np.flatnonzero(self.when >= 0)
        group, cost, when = problem.group[done], problem.cost[done], self.when[done]
        years = np.arange(len(problem.rules.counted))
        end = np.minimum(when + problem.life[done], len(years))
        alive = (years >= when[:, None]) & (years < end[:, None])
        rate = np.where(alive, -np.log1p(-problem.share[done])[:, None], 0.0)
        sums = np.zeros((len(problem.use), len(years)))
        np.add.at(sums, group, rate)
        together = sums[group]
        kwh = np.divide(rate, together, out=np.zeros_like(rate), where=together > 0) * problem.saved(self.when)[group]

        def worth(each: Floats, late: Floats | float = 1.0) -> Floats:  # a year without savings needs no price
            return np.asarray(np.where(kwh > 0, kwh * each[group] * late, 0.0).sum(axis=1))

        table = problem.measures.loc[done, ["travaux_id", "code_uai", "mesure", "energie", "cout"]].copy()
        table.insert(0, "annee", problem.rules.first + when)
        table["annees_comptees"] = end - when
        table["kwh_an"] = kwh.sum(axis=1) / np.maximum(end - when, 1)
        table["kwh"] = kwh.sum(axis=1)
        table["kwh_seule"] = problem.use[group] * problem.share[done] * (end - when)
        table["euros"], table["kgco2e"] = worth(problem.prices), worth(problem.emissions)
        table["valeur_nette"] = worth(problem.prices, problem.deflator[1:]) - cost * problem.deflator[when]
        return table.sort_values(["annee", "code_uai", "travaux_id"], ignore_index=True)

    @cached_property
    def path(self) -> pd.DataFrame:
        """What the stock uses, year by year up to the horizon, all else being as in the year of the uses."""
        rules, saved = self.problem.rules, self.problem.saved(self.when)
        found = pd.DataFrame({"annee": np.append(rules.first, rules.counted), "reference": self.problem.stock})
        found["economie"] = np.append(0.0, saved.sum(axis=0))
        found["kwh"] = found["reference"] - found["economie"]
        found["part"] = found["economie"] / found["reference"].where(found["reference"] > 0)
        for name, worth in (("euros", self.problem.prices), ("kgco2e", self.problem.emissions)):
            found[name] = np.append(0.0, np.where(saved > 0, saved * worth, 0.0).sum(axis=0))
        return found

    @cached_property
    def totals(self) -> dict[str, float]:
        """Sums of the works, and how many are without a price (``sans_prix``) or a factor (``sans_facteur``)."""
        table = self.works
        found = {"nombre": float(len(table)), "lycees": float(table["code_uai"].nunique())}
        found |= {name: float(table[name].sum()) for name in SUMS}
        missing = {"sans_prix": "euros", "sans_facteur": "kgco2e"}
        return found | {name: float(table[column].isna().sum()) for name, column in missing.items()}

    @property
    def proof(self) -> str:
        """What is proven, in French."""
        if self.proven:
            return "Optimum prouvé : aucun plan qui respecte ces règles ne vaut davantage."
        late = f" (calcul arrêté au bout de {number(self.seconds)} s)" if self.timed_out else ""
        size = percent(math.ceil(self.gap * 1e4) / 1e4, 2) if math.isfinite(self.gap) else "une part inconnue"
        return f"Plan à moins de {size} du meilleur possible{late}."


@bundled
@waiting()
def plan(
    works: pd.DataFrame,
    uses: pd.DataFrame,
    prices: pd.DataFrame,
    factors: pd.DataFrame,
    rules: Rules,
    time_limit: float = 60.0,
    gap: float = 1e-3,
) -> Plan:
    """Choose the works within yearly budgets: the best plan, or one within a gap of it that is known.

    Parameters
    ----------
    works : DataFrame
        Table ``energy/works``: ``travaux_id``, ``code_uai``, ``mesure``, ``energie``, ``cout`` (€),
        ``economie_attendue`` (kWh a year), ``duree_vie`` (years), ``statut``, ``exclut``. Those « proposé » are chosen
        from.
    uses : DataFrame
        One year's ``code_uai``, ``energie``, ``usage``, ``kwh``, best of an average climate: see
        :func:`tikub_lab.energy.consumption.by_site`.
    prices, factors : DataFrame
        Tables ``energy/prices`` and ``energy/factors``: see :func:`tikub_lab.energy.valuation.valued`.
    rules : Rules
    time_limit : float
        Seconds for all; HiGHS is given what is left, and looks at its clock between steps.
    gap : float
        Relative gap that is good enough; 0 asks for the optimum itself.

    Raises
    ------
    UsageError
        A column that is missing, a measure given twice, uses of several years, a time or a gap that makes no sense.

    Examples
    --------
    >>> works = pd.DataFrame({"travaux_id": ["T1", "T2", "T3"], "code_uai": "0000001B", "mesure": ["a", "b", "c"],
    ...     "energie": "gaz", "cout": [50e3, 40e3, 20e3], "economie_attendue": [30e3, 30e3, 10e3], "duree_vie": 30,
    ...     "statut": "proposé", "exclut": None})
    >>> uses = pd.DataFrame({"code_uai": ["0000001B"], "energie": ["gaz"], "usage": ["chauffage"], "kwh": [1e5]})
    >>> prices = pd.DataFrame({"energie": ["gaz"], "annee": [2025], "euros_kwh": [0.1], "statut": ["marché"]})
    >>> factors = pd.DataFrame({"energie": ["gaz"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [227.0],
    ...     "pouvoir_calorifique": ["PCI"], "statut": ["confirmé"]})
    >>> found = plan(works, uses, prices, factors, Rules(2026, (45e3, 45e3), 2035, realisation=1.0), gap=0)
    >>> found.works[["travaux_id", "annee"]].to_numpy().tolist(), found.proven
    ([['T2', 2026], ['T1', 2027]], True)
    >>> round(found.path["economie"].iloc[-1])  # 51 % of 100 MWh, not 60
    51000
    """
    return solve(prepare(works, uses, prices, factors, rules), time_limit, gap)


def solve(problem: Problem, time_limit: float = 60.0, gap: float = 1e-3, start: Integers | None = None) -> Plan:
    """Find a plan; where ``start`` is one already known that keeps the rules, never less than it."""
    if not time_limit > 0 or not 0 <= gap < 1:
        raise UsageError(f"time_limit={time_limit!r}, gap={gap!r}: some seconds, and a share from 0 to below 1.")
    begin = time.perf_counter()
    plans = [greedy(problem, method) for method in METHODS]
    plans += [start] if start is not None and not problem.broken(start) else []
    best = max(plans, key=problem.value)
    value, program = problem.value(best), Program(problem)
    prices, floor, width = np.zeros(len(program.most)), np.zeros(len(problem.use)), 1
    bound, stop = math.inf, max(gap, PROVEN)

    def left() -> float:
        return time_limit - (time.perf_counter() - begin)

    def close() -> bool:
        return bound - value <= stop * abs(bound)

    while True:
        sets, above, _ = program.search(prices, floor + LEAST * program.unit, width)
        bound = min(bound, above)
        if close() or left() <= 0:
            break
        if len(sets.group):
            solved = program.relax(sets, left())
            if solved is None:
                break
            prices, floor = solved
        elif width < WIDEST:
            width *= WIDER
        else:
            break
    spread = SPREAD * abs(bound) / max(len(floor), 1)
    while not close() and left() > 0:
        last = spread >= above - value
        sets, _, other = program.search(prices, floor - spread, WIDEST)
        when, among = program.choose(sets, left(), HALF * gap)
        bound = min(bound, max(among, other))
        if when is not None and not problem.broken(when) and (worth := problem.value(when)) > value:
            best, value = when, worth
        if last:
            break
        spread *= WIDER
    seconds = time.perf_counter() - begin
    # the plan's own worth is a bound too: what is above it is rounding
    return Plan(problem, best, max(bound, value), seconds, not close() and left() <= 0)


def compare(found: Plan) -> pd.DataFrame:
    """Hold a plan against what people would do, by the same rules.

    Returns
    -------
    DataFrame
        « optimum » (the plan itself, proven or not), then each of
        :data:`tikub_lab.energy.planning.greedy.METHODS`: ``methode``, ``libelle``, ``valeur`` (in the objective),
        ``nombre``, ``cout``, ``kwh``, ``euros`` (saved, not discounted), ``kgco2e``, ``valeur_nette`` (€),
        ``gain`` and ``gain_part`` (what the plan has more in the objective, and as a share of the method's).
    """
    plans = {"optimum": ("plan optimisé", found)}
    for name, label in METHODS.items():
        plans[name] = label, Plan(found.problem, greedy(found.problem, name))
    table = pd.DataFrame(
        [{"methode": name, "libelle": label, "valeur": one.value} | one.totals for name, (label, one) in plans.items()]
    )
    table = table[["methode", "libelle", "valeur", "nombre", *SUMS]].astype({"nombre": "int64"})
    gain = found.value - table["valeur"]
    return table.assign(gain=gain, gain_part=gain / table["valeur"].abs().where(table["valeur"] != 0))
