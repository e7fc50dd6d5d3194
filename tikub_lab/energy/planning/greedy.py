"""Plans made the way that people make them: one measure after the other, the best first by some ratio."""

import numpy as np

from tikub_lab.energy.periods import Integers
from tikub_lab.energy.planning.problem import CENT, PAIR, Problem
from tikub_lab.energy.planning.program import gains
from tikub_lab.methods.scope import one_of

METHODS = {
    "kwh": "le moins cher au kWh d'abord",
    "retour": "le retour le plus court d'abord",
    "lycee": "lycée par lycée, le plus gros consommateur d'abord",
    "gain": "le meilleur gain par euro d'abord, recompté à chaque pas",
}

EQUAL = 1e-9
"""Relative difference under which two years bring the same, and the earlier one is taken."""


def greedy(problem: Problem, method: str) -> Integers:
    """Make a plan, as :meth:`Problem.value` takes it, one measure at a time, by the same rules as the optimum.

    Measures come in the method's order, each in the first year that has room for it; one that brings the objective
    nothing there is passed over, as is one that a measure already placed excludes. « gain » is the best of its kind:
    it knows the objective, the years and what is already done at the site, and takes what brings most for a euro. The
    others go by announced savings of one year, and prices of the first one.
    """
    one_of("method", method, METHODS)
    (rows, most), years = problem.limits, len(problem.rules.budgets)
    room, when = most + CENT / 2, np.full(len(problem), -1)
    left = problem.weight * problem.use[:, None]
    gain = gains(problem.share[:, None], problem.life[:, None], left[problem.group], years)[:, 0] - problem.charge

    def fits(one: int) -> np.ndarray:
        return np.asarray((rows[:, one * years : (one + 1) * years].toarray() <= room[:, None]).all(axis=0))

    def place(one: int, year: int) -> None:
        nonlocal room
        own = np.flatnonzero(problem.group == problem.group[one])
        when[one], rest = year, left[problem.group[one]]
        room = room - rows[:, one * years + year].toarray()[:, 0]
        rest[year : year + problem.life[one]] *= 1 - problem.share[one]
        again = gains(problem.share[own], problem.life[own], rest, years) - problem.charge[own]
        gain[own] = np.where(when[own, None] < 0, np.minimum(gain[own], again), -np.inf)

    if method != "gain":
        for one in _order(problem, method).tolist():
            free = np.flatnonzero(fits(one))
            if len(free) and gain[one, free[0]] > 0:
                place(one, free[0])
        return when
    while (best := gain.max(axis=1)).max(initial=0.0) > 0:
        one = int((best / np.maximum(problem.cost, 1.0)).argmax())
        year = int((gain[one] >= best[one] * (1 - EQUAL)).argmax())
        if (free := fits(one))[year]:
            place(one, year)
        else:  # what does not fit now never will
            gain[one, ~free] = -np.inf
    return when


def _order(problem: Problem, method: str) -> Integers:
    kwh = problem.announced
    with np.errstate(divide="ignore", invalid="ignore"):
        a_kwh = np.where(kwh > 0, problem.cost / kwh, np.inf)
        if method == "kwh":
            return np.argsort(a_kwh, kind="stable")
        if method == "retour":
            saved = kwh * np.nan_to_num(problem.prices[:, 0])[problem.group]
            return np.argsort(np.where(saved > 0, problem.cost / saved, np.inf), kind="stable")
    used = (
        problem.measures.assign(kwh=problem.use[problem.group]).drop_duplicates(PAIR).groupby("code_uai")["kwh"].sum()
    )
    return np.lexsort([a_kwh, -problem.measures["code_uai"].map(used).to_numpy(float)])
