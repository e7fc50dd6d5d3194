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
from tikub_lab.energy.planning.choice import prepare
from tikub_lab.energy.planning.greedy import METHODS, greedy
from tikub_lab.energy.planning.problem import Integers, Problem, Rules
from tikub_lab.energy.planning.program import LEAST, Program
from tikub_lab.energy.planning.tables import path_table, totals, works_table
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


@dataclass(frozen=True)
class Plan:
    """A plan, what it is worth, and what is proven of it.

    Attributes
    ----------
    problem : Problem
    when : array of n int
        Position of the year of each measure of ``problem.measures``, -1 for one that is not done.
    value : float
        In the objective (kWh, discounted € or kgCO2e over the horizon), by multiplication.
    bound : float
        No plan that keeps the rules is worth more.
    seconds : float
        Spent.
    timed_out : bool
        Whether the time was up before the gap asked for was reached.
    """

    problem: Problem = field(repr=False)
    when: Integers = field(repr=False)
    value: float
    bound: float
    seconds: float
    timed_out: bool

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
        """See :func:`tikub_lab.energy.planning.tables.works_table`."""
        return works_table(self.problem, self.when)

    @cached_property
    def path(self) -> pd.DataFrame:
        """See :func:`tikub_lab.energy.planning.tables.path_table`."""
        return path_table(self.problem, self.when)

    @cached_property
    def totals(self) -> dict[str, float]:
        """See :func:`tikub_lab.energy.planning.tables.totals`."""
        return totals(self.problem, self.when)

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
    """Choose the works: :func:`prepare`, then :func:`solve`.

    Parameters
    ----------
    works, uses, prices, factors : DataFrame
        As for :func:`tikub_lab.energy.planning.choice.prepare`.
    rules : Rules
    time_limit, gap
        As for :func:`solve`.

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
    """Find the best plan, or one within a gap of it that is known.

    Parameters
    ----------
    problem : Problem
        From :func:`tikub_lab.energy.planning.choice.prepare`.
    time_limit : float
        Seconds for all; HiGHS is given what is left, and looks at its clock between steps.
    gap : float
        Relative gap that is good enough; 0 asks for the optimum itself.
    start : array of n int, optional
        A plan already known, as ``Plan.when``: never less is found, if it keeps the rules.

    Returns
    -------
    Plan

    Raises
    ------
    UsageError
        A time or a gap that makes no sense.
    """
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
    return Plan(problem, best, value, max(bound, value), seconds, not close() and left() <= 0)


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
    problem = found.problem
    plans = {"optimum": ("plan optimisé", found.when)}
    plans |= {name: (label, greedy(problem, name)) for name, label in METHODS.items()}
    rows = []
    for name, (label, when) in plans.items():
        value, sums = problem.value(when), totals(problem, when)
        share = (found.value - value) / abs(value) if value else math.nan
        some = [sums[key] for key in ("nombre", "cout", "kwh", "euros", "kgco2e", "valeur_nette")]
        rows.append([name, label, value, *some, found.value - value, share])
    columns = ["methode", "libelle", "valeur", "nombre", "cout", "kwh", "euros", "kgco2e", "valeur_nette"]
    return pd.DataFrame(rows, columns=[*columns, "gain", "gain_part"]).astype({"nombre": "int64"})
