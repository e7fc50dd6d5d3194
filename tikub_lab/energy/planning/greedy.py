"""Plans made the way that people make them: one measure after the other, the best first by some ratio."""

import heapq
import itertools
from dataclasses import replace

import numpy as np

from tikub_lab.energy.planning.problem import Problem
from tikub_lab.energy.planning.program import Program
from tikub_lab.energy.planning.rules import Floats, Integers, Ledger
from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of

METHODS = {
    "kwh": "le moins cher au kWh d'abord",
    "retour": "le retour le plus court d'abord",
    "lycee": "lycée par lycée, le plus gros consommateur d'abord",
    "gain": "le meilleur gain par euro d'abord, recompté à chaque pas",
}
TRIES = 10.0
"""Seconds for HiGHS to find room for the imposed measures, where placing them one by one did not."""


def greedy(problem: Problem, method: str) -> Integers:
    """Make a plan one measure at a time, by the same rules as the optimum.

    Imposed measures come first. Then measures in the method's order, each in the first year that has room for it; one
    that brings the objective nothing there is passed over, as is one that a measure already placed excludes. « gain »
    is the best of its kind: it knows the objective, the years and what is already done at the site, and updates them.

    Parameters
    ----------
    problem : Problem
    method : {"kwh", "retour", "lycee", "gain"}
        See :data:`METHODS`. The first three go by announced savings of one year, and prices of the first one.

    Returns
    -------
    array of n int
        Position of the year of each measure, -1 for one that is not done.

    Raises
    ------
    UsageError
        A method that is not known; imposed measures that can't be done by the rules.
    """
    one_of("method", method, METHODS)
    ledger = with_imposed(problem)
    gains = _Gains(problem)
    if method == "gain":
        return _by_gain(problem, ledger, gains)
    for one in _order(problem, method).tolist():
        year = next((year for year in range(len(problem.rules.budgets)) if ledger.fits(one, year)), None)
        if year is not None and gains.of(ledger.when, one, year) > 0:
            ledger.place(one, year)
    return ledger.when


def completed(problem: Problem, parts: Floats) -> Integers:
    """Make a plan of a relaxation's: what it does by more than half, as far as that fits, then the best gain by euro.

    Parameters
    ----------
    problem : Problem
    parts : array (n, T)
        Which part of each measure is done in which year.
    """
    ledger = _taken(problem, problem.ledger(), parts)
    if len(problem.imposed) and (ledger.when[problem.imposed] < 0).any():
        ledger = _taken(problem, with_imposed(problem), parts)
    return _by_gain(problem, ledger, _Gains(problem))


def _taken(problem: Problem, ledger: Ledger, parts: Floats) -> Ledger:
    rows, years = np.nonzero(parts > 0.5)
    for place in np.argsort(-parts[rows, years], kind="stable").tolist():
        if ledger.fits(int(rows[place]), int(years[place])):
            ledger.place(int(rows[place]), int(years[place]))
    return ledger


def with_imposed(problem: Problem) -> Ledger:
    """Place the imposed measures: the dearest first, each as early as it fits; by HiGHS where that fails.

    Raises
    ------
    UsageError
        If the rules leave no room for them, with their names.
    """
    ledger, imposed = problem.ledger(), problem.imposed
    names = problem.measures["travaux_id"].to_numpy(object)
    listed = set(imposed.tolist())
    for one, two in problem.conflicts.tolist():
        if one in listed and two in listed:
            raise UsageError(f"imposees: {names[one]} and {names[two]} exclude each other; take one off the list.")
    for one in imposed[np.argsort(-problem.cost[imposed], kind="stable")].tolist():
        year = next((year for year in range(len(problem.rules.budgets)) if ledger.fits(one, year)), None)
        if year is None:
            return _packed(problem, names)
        ledger.place(one, year)
    return ledger


def _packed(problem: Problem, names: np.ndarray) -> Ledger:
    """Look for years for the imposed measures alone, whatever they bring."""
    alone = problem.only(problem.imposed)
    program = Program(replace(alone, announced=np.zeros(len(alone))))
    found = program.solve(True, TRIES, 0.0)
    ledger = problem.ledger()
    fit = found.x is not None
    when = program.plan(found.x) if fit else np.full(len(alone), -1)
    for one, year in zip(problem.imposed.tolist(), when.tolist(), strict=True):
        if fit := fit and year >= 0 and ledger.fits(one, year):
            ledger.place(one, year)
    if fit:
        return ledger
    proof = "" if found.status == 2 else f" (no room found in {TRIES:.0f} s, which is no proof that there is none)"
    rules, cost = problem.rules, problem.cost[problem.imposed].sum()
    raise UsageError(
        f"imposees: {', '.join(names[problem.imposed])} can't all be done by these rules{proof}: they cost "
        f"{cost:,.0f} € of {sum(rules.budgets):,.0f} € in {rules.years[0]} to {rules.years[-1]}, carry={rules.carry}, "
        f"works_a_year={rules.works_a_year}, sites_a_year={rules.sites_a_year}, years_a_site={rules.years_a_site}. "
        "Raise a limit, or shorten the list."
    )


def _order(problem: Problem, method: str) -> Integers:
    kwh = problem.announced * problem.use[problem.group]
    with np.errstate(divide="ignore", invalid="ignore"):
        a_kwh = np.where(kwh > 0, problem.cost / kwh, np.inf)
        if method == "kwh":
            return np.argsort(a_kwh, kind="stable")
        if method == "retour":
            saved = kwh * np.nan_to_num(problem.prices[:, 0])[problem.group]
            return np.argsort(np.where(saved > 0, problem.cost / saved, np.inf), kind="stable")
    used = np.zeros(problem.sites)
    pairs = np.unique(np.stack([problem.site, problem.group]), axis=1)
    np.add.at(used, pairs[0], problem.use[pairs[1]])
    return np.lexsort([a_kwh, -used[problem.site]])


def _by_gain(problem: Problem, ledger: Ledger, gains: "_Gains") -> Integers:
    """Take again and again what brings most for a euro. What is done lessens gains only: an old figure is a ceiling."""

    def best(one: int) -> tuple[float, int]:
        years = [year for year in range(len(problem.rules.budgets)) if ledger.fits(one, year)]
        found = [(gains.of(ledger.when, one, year), -year) for year in years]
        gain, year = max(found, default=(0.0, 0))
        return gain / max(problem.cost[one], 1.0), -year

    queue = [(-np.inf, one) for one in range(len(problem)) if ledger.when[one] < 0]
    heapq.heapify(queue)
    while queue:
        _, one = heapq.heappop(queue)
        ratio, year = best(one)
        if ratio <= 0:
            continue  # what does not fit now never will, and what brings nothing won't bring more
        if not queue or ratio >= -queue[0][0]:
            ledger.place(one, year)
        else:
            heapq.heappush(queue, (-ratio, one))
    return ledger.when


class _Gains:
    """What one more measure adds to the objective, from the measures of its own site and energy alone."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        order = np.argsort(problem.group, kind="stable")
        bounds = np.searchsorted(problem.group[order], np.arange(len(problem.use) + 1))
        self.members = [order[left:right] for left, right in itertools.pairwise(bounds)]

    def of(self, when: Integers, one: int, year: int) -> float:
        """Return what doing a measure in a year adds to what is done."""
        problem = self.problem
        group = int(problem.group[one])
        left = np.ones(problem.weight.shape[1])
        for other in self.members[group][when[self.members[group]] >= 0].tolist():
            left[when[other] : when[other] + problem.life[other]] *= 1 - problem.share[other]
        span = slice(year, year + int(problem.life[one]))
        kwh: Floats = problem.use[group] * problem.share[one] * left[span]
        return float(problem.weight[group][span] @ kwh - problem.charge[year] * problem.cost[one])
