"""Plans made the way that people make them: one measure after the other, the best first by some ratio."""

import heapq
import itertools

import numpy as np

from tikub_lab.energy.planning.problem import CENT, Problem
from tikub_lab.energy.planning.rules import Floats, Integers
from tikub_lab.methods.scope import one_of

METHODS = {
    "kwh": "le moins cher au kWh d'abord",
    "retour": "le retour le plus court d'abord",
    "lycee": "lycée par lycée, le plus gros consommateur d'abord",
    "gain": "le meilleur gain par euro d'abord, recompté à chaque pas",
}


def greedy(problem: Problem, method: str) -> Integers:
    """Make a plan one measure at a time, by the same rules as the optimum.

    Measures come in the method's order, each in the first year that has room for it; one that brings the objective
    nothing there is passed over, as is one that a measure already placed excludes. « gain » is the best of its kind:
    it knows the objective, the years and what is already done at the site, and updates them.

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
        A method that is not known.
    """
    one_of("method", method, METHODS)
    ledger = _Ledger(problem)
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
    ledger = _Ledger(problem)
    rows, years = np.nonzero(parts > 0.5)
    for place in np.argsort(-parts[rows, years], kind="stable").tolist():
        if ledger.fits(int(rows[place]), int(years[place])):
            ledger.place(int(rows[place]), int(years[place]))
    return _by_gain(problem, ledger, _Gains(problem))


class _Ledger:
    """A plan in the making: what is placed so far, and whether one more measure fits."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.rows = problem, problem.limits[0]
        self.when = np.full(len(problem), -1)
        self.left = problem.limits[1].copy()

    def fits(self, one: int, year: int) -> bool:
        own = self.problem.column(one, year)
        return bool((self.rows.data[own] <= self.left[self.rows.indices[own]] + CENT / 2).all())

    def place(self, one: int, year: int) -> None:
        own = self.problem.column(one, year)
        self.left[self.rows.indices[own]] -= self.rows.data[own]
        self.when[one] = year


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


def _by_gain(problem: Problem, ledger: _Ledger, gains: "_Gains") -> Integers:
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
