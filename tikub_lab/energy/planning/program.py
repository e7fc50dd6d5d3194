"""The plan of works as an integer program that chooses one set of measures and years for each site and energy.

Savings of one site and energy multiply, those of two add up: a set has a worth that is exact, and only budgets bind
sets to each other. This is the master program of Dantzig and Wolfe (*Decomposition principle for linear programs*,
1960). Its relaxation gives each rule a price, the best sets at these prices are searched, and its bound holds once none
is missing. All the sets that lose little at these prices are then listed, and HiGHS chooses among them: a plan with any
other set is below the bound by what that set loses.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.energy.planning.problem import CENT, THOUSAND, Problem

SCALE = 1e6
"""What the objective is in the program, at most. HiGHS's tolerances are absolute: this makes them small."""
LEAST = 1e-3
"""What a set must bring more than the one it replaces, in the program's unit."""


@dataclass(frozen=True)
class Sets:
    """Sets of measures and years, each of one site and energy (``group``), and what each is worth in the objective.

    ``cells`` has a row for each measure and year of works, and a column for each set.
    """

    cells: sparse.csc_matrix
    worth: Floats
    group: Integers


def gains(share: Floats, life: Integers, left: Floats, years: int) -> Floats:
    """Work out what measures add to the objective, by year of works, where ``left`` (…, K) is not saved by others."""
    sums = np.concatenate([np.zeros((*left.shape[:-1], 1)), np.cumsum(left, axis=-1)], axis=-1)
    end = np.minimum(np.arange(years) + life[..., None], left.shape[-1])
    return share[..., None] * (np.take_along_axis(sums[..., None, :], end, axis=-1) - sums[..., None, :years])


class Program:
    """The choice among sets; ``unit`` is what one of the program's objective is in the plan's."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.limits, self.most = problem.limits
        self.years, count, groups = len(problem.rules.budgets), len(problem), len(problem.use)
        self.unit = float((problem.weight * problem.use[:, None]).sum()) / SCALE or 1.0
        self.known = Sets(sparse.csc_matrix((self.limits.shape[1], 0)), np.empty(0), np.empty(0, np.int64))
        sizes = np.bincount(problem.group, minlength=groups)
        order, slot = np.argsort(problem.group, kind="stable"), np.empty(count, np.int64)
        slot[order] = np.arange(count) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        # each group has room for as many measures as the largest: one that can't be done fills it up
        self.members = np.full((groups, sizes.max(initial=0)), count)
        self.members[problem.group, slot] = np.arange(count)
        self.share, self.life = np.append(problem.share, 0.0), np.append(problem.life, 0)
        self.charge = np.full((count + 1, self.years), np.inf)
        fits = problem.cost[:, None] / THOUSAND <= self.most[: self.years] + CENT
        self.charge[:-1] = np.where(fits, problem.charge, np.inf)
        self.clash = np.zeros((count + 1, sizes.max(initial=0)), dtype=bool)
        left, right = problem.conflicts[np.ptp(problem.group[problem.conflicts], axis=1) == 0].T
        self.clash[left, slot[right]] = self.clash[right, slot[left]] = True

    def search(self, prices: Floats, floor: Floats, width: int) -> tuple[Sets, float, float]:
        """List the sets that are worth more than a floor of each group at prices of the rules, by branch and bound.

        A measure brings less, the more is done already: what is left to decide brings at most what each of its
        measures brings now. All groups go on together, one measure at a time; of a group those ``width`` sets are
        followed that promise most. Also told is what no plan is worth more than: any at all, and any that has a set
        above zero that is not listed.
        """
        problem = self.problem
        price = self.charge.copy()
        price[:-1] += (self.limits.T @ prices).reshape(-1, self.years)
        group, counted = np.arange(len(problem.use)), np.arange(problem.weight.shape[1])
        gained, left = np.zeros(len(group)), problem.weight * problem.use[:, None]
        when = np.full(self.members.shape, -1)
        other = np.full(len(group), -np.inf)  # what sets that are not listed may gain
        for step in range(self.members.shape[1]):
            todo = self.members[group, step:]
            gain = gains(self.share[todo], self.life[todo], left, self.years) - price[todo]
            later = np.maximum(gain[:, 1:].max(axis=2, initial=0.0), 0).sum(axis=1)
            gain[(self.clash[todo[:, 0]] & (when >= 0)).any(axis=1), 0] = -np.inf
            options = np.hstack([np.zeros((len(group), 1)), gain[:, 0]])
            hope = options + (gained + later)[:, None]
            node, year = np.nonzero(hope > floor[group][:, None])
            order = np.lexsort((-hope[node, year], group[node]))
            first = np.searchsorted(group[node[order]], group[node[order]])
            kept = order[np.arange(len(order)) - first < width]
            node, year = node[kept], year[kept]
            gained = gained[node] + options[node, year]
            hope[node, year] = -np.inf
            np.maximum.at(other, group, hope.max(axis=1))
            group, when, year, one = group[node], when[node], year - 1, todo[node, 0]
            when[:, step] = year
            saves = (counted >= year[:, None]) & (counted < (year + self.life[one])[:, None]) & (year >= 0)[:, None]
            left = left[node] * np.where(saves, 1 - self.share[one][:, None], 1.0)
        sets, places = np.nonzero(when >= 0)
        cells = self.members[group[sets], places] * self.years + when[sets, places]
        chosen = sparse.csc_matrix((np.ones(len(sets)), (cells, sets)), shape=(self.limits.shape[1], len(group)))
        best = np.maximum(other, 0)
        np.maximum.at(best, group, gained)
        bound = float(self.most @ prices + best.sum())
        found = Sets(chosen, gained + prices @ (self.limits @ chosen), group)
        return found, bound, float((bound - best + other).max(initial=-np.inf))

    def relax(self, more: Sets, seconds: float) -> tuple[Floats, Floats] | None:
        """Add sets and solve the relaxation: the price of each rule, and what each group's best set gains at these."""
        known = self.known
        cells = sparse.hstack([known.cells, more.cells], format="csc")
        sets = Sets(cells, np.append(known.worth, more.worth), np.append(known.group, more.group))
        self.known = sets
        matrix, most = self._rows(sets)
        found = linprog(-sets.worth / self.unit, matrix, most, options={"time_limit": max(seconds, 0.01)})
        if found.status != 0:
            return None
        prices = np.maximum(-found.ineqlin.marginals * self.unit, 0)
        return prices[: len(self.most)], prices[len(self.most) :]

    def choose(self, sets: Sets, seconds: float, gap: float) -> tuple[Integers | None, float]:
        """Choose among sets by HiGHS: the best plan found, and what no plan of these sets is worth more than."""
        matrix, most = self._rows(sets)
        with _silent():
            found = milp(
                -sets.worth / self.unit,
                integrality=np.ones(len(sets.worth)),
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(matrix, ub=most),
                options={"time_limit": max(seconds, 0.01), "mip_rel_gap": gap},
            )
        dual = found.get("mip_dual_bound")
        bound = -dual * self.unit if dual is not None else np.inf
        if found.x is None:
            return None, bound
        done = (sets.cells @ np.round(found.x)).reshape(-1, self.years)
        return np.where(done.any(axis=1), done.argmax(axis=1), -1), bound

    def _rows(self, sets: Sets) -> tuple[sparse.csr_matrix, Floats]:
        """Write the rules over sets, and that each group has one of them or none."""
        count, groups = len(sets.group), len(self.problem.use)
        of_group = sparse.csr_matrix((np.ones(count), (sets.group, np.arange(count))), shape=(groups, count))
        return sparse.vstack([self.limits @ sets.cells, of_group], format="csr"), np.append(self.most, np.ones(groups))


@contextmanager
def _silent() -> Iterator[None]:
    """Keep off pages a line that HiGHS writes to the process's output when it repairs a solution, asked to or not."""
    output, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(output, 1)
        os.close(output)
        os.close(nowhere)
