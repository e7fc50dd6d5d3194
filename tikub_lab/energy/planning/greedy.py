"""Plans made the way that people make them: one measure after the other, the best first by some ratio."""

import heapq
import itertools
from collections.abc import Iterator

import numpy as np

from tikub_lab.energy.planning.problem import CENT, Floats, Integers, Problem
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
    draft = _Draft(problem)
    if method == "gain":
        return draft.by_gain()
    for one in _order(problem, method).tolist():
        year = next(draft.years(one), None)
        if year is not None and draft.gain(one, year) > 0:
            draft.place(one, year)
    return draft.when


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


class _Draft:
    """A plan in the making: what is placed so far, whether one more measure fits, and what it would add."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.rows = problem, problem.limits[0]
        self.when = np.full(len(problem), -1)
        self.left = problem.limits[1].copy()
        order = np.argsort(problem.group, kind="stable")
        bounds = np.searchsorted(problem.group[order], np.arange(len(problem.use) + 1))
        self.members = [order[left:right] for left, right in itertools.pairwise(bounds)]

    def fits(self, one: int, year: int) -> bool:
        own = self.problem.column(one, year)
        return bool((self.rows.data[own] <= self.left[self.rows.indices[own]] + CENT / 2).all())

    def years(self, one: int) -> Iterator[int]:
        return (year for year in range(len(self.problem.rules.budgets)) if self.fits(one, year))

    def place(self, one: int, year: int) -> None:
        own = self.problem.column(one, year)
        self.left[self.rows.indices[own]] -= self.rows.data[own]
        self.when[one] = year

    def gain(self, one: int, year: int) -> float:
        """Return what a measure adds to the objective, from those of its own site and energy alone."""
        problem, when = self.problem, self.when
        group = int(problem.group[one])
        left = np.ones(problem.weight.shape[1])
        for other in self.members[group][when[self.members[group]] >= 0].tolist():
            left[when[other] : when[other] + problem.life[other]] *= 1 - problem.share[other]
        span = slice(year, year + int(problem.life[one]))
        kwh: Floats = problem.use[group] * problem.share[one] * left[span]
        return float(problem.weight[group][span] @ kwh - problem.charge[year] * problem.cost[one])

    def by_gain(self) -> Integers:
        """Take again and again what brings most for a euro. What is done lessens gains: an old figure is a ceiling."""
        queue = [(-np.inf, one) for one in range(len(self.problem)) if self.when[one] < 0]
        heapq.heapify(queue)
        while queue:
            _, one = heapq.heappop(queue)
            gain, year = max(((self.gain(one, year), -year) for year in self.years(one)), default=(0.0, 0))
            ratio = gain / max(self.problem.cost[one], 1.0)
            if ratio <= 0:
                continue  # what does not fit now never will, and what brings nothing won't bring more
            if not queue or ratio >= -queue[0][0]:
                self.place(one, -year)
            else:
                heapq.heappush(queue, (-ratio, one))
        return self.when
