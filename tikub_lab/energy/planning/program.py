"""The plan of works as a mixed integer program: exact rules, and a bound from above on what measures save together.

What a set of measures saves of one site's use of an energy, 1 − ∏(1 − p), is a submodular function of the set: each
measure brings less, the more is done already. It is not linear, but lies under the linear functions of Nemhauser and
Wolsey (*Maximizing submodular set functions: formulations and analysis of algorithms*, 1981), one or two for each set,
that are equal to it at that set. The program has one value a group under such cuts, added where they are needed: its
optimum is never below the true one, and equal to it once the cuts of the plan found are in.
"""

from itertools import product

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from tikub_lab.energy.planning.problem import CENT, THOUSAND, Floats, Integers, Problem

Booleans = npt.NDArray[np.bool_]
SLACK = 1e-5
"""What a solution may say of a group above a cut, in the program's unit: HiGHS keeps rows to 1e-6."""
LARGEST = 8
"""Measures of a group up to which all its subsets are tried for a cut."""
SCALE = 1e6
"""The most that the objective can be in the program. HiGHS's tolerances are absolute: this makes them small."""


class Program:
    """Columns: whether measure i is done in year t (n x T), and what each group saves.

    ``unit`` is what one of the program's objective is in the plan's.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.years = len(problem.rules.budgets)
        sizes = np.bincount(problem.group, minlength=len(problem.use))
        self.members = [np.flatnonzero(problem.group == group) for group in np.flatnonzero(sizes > 1)]
        self.groups = np.flatnonzero(sizes > 1)
        self.cells = len(problem) * self.years
        self.width = self.cells + len(self.groups)
        alone = self._alone()
        top = float(alone.max(axis=1, initial=0.0).sum())
        self.unit = top / SCALE if top > 0 else 1.0
        self._profit = np.zeros(self.width)
        cost = problem.charge[None, :] * problem.cost[:, None]
        single = np.isin(problem.group, np.flatnonzero(sizes == 1))
        self._profit[: self.cells] = ((alone * single[:, None] - cost) / self.unit).ravel()
        self._profit[self.cells :] = 1.0
        self._upper = np.repeat([1.0, np.inf], [self.cells, len(self.groups)])
        rows, self._high = problem.limits
        self._rows = sparse.hstack([rows, sparse.csc_matrix((rows.shape[0], len(self.groups)))], format="csr")
        budget = self._high[len(problem) : len(problem) + self.years]
        self._upper[: self.cells][(problem.cost[:, None] / THOUSAND > budget + CENT).ravel()] = 0.0
        self._cuts: list[tuple[Integers, Floats, float]] = []
        # no plan saves more than each measure alone in its best year
        self.bound = float(np.maximum(alone - cost, 0).max(axis=1).sum()) if len(problem) else 0.0
        for place in range(len(self.groups)):
            self._add(place, np.zeros((len(problem), self.years)), np.inf)

    def solve(self, integer: bool, seconds: float, gap: float) -> OptimizeResult:
        """Run HiGHS.

        Parameters
        ----------
        integer : bool
            Or its relaxation.
        seconds, gap : float
            Limits of time and of relative gap.
        """
        kinds = np.zeros(self.width)
        kinds[: self.cells] = int(integer)
        matrix, high = self._rows, self._high
        low = np.where(np.arange(matrix.shape[0]) < len(self.problem), 0.0, -np.inf)
        if self._cuts:
            extra, limit = _stacked(self._cuts, self.width)
            matrix = sparse.vstack([matrix, extra], format="csr")
            low, high = np.append(low, np.full(len(limit), -np.inf)), np.append(high, limit)
        return milp(
            -self._profit,
            integrality=kinds,
            bounds=Bounds(np.zeros(self.width), self._upper),
            constraints=LinearConstraint(matrix, low, high),
            options={"time_limit": max(seconds, 0.01), "mip_rel_gap": gap},
        )

    def plan(self, columns: Floats) -> Integers:
        """Read the position of each measure's year out of a solution, -1 for one that is not done."""
        found = self.parts(columns)
        return (
            np.where(found.max(axis=1, initial=0) > 0.5, found.argmax(axis=1), -1) if len(found) else np.empty(0, int)
        )

    def parts(self, columns: Floats) -> Floats:
        """Read which part of each measure is done in which year: an array (n, T)."""
        return np.clip(columns[: self.cells], 0, 1).reshape(len(self.problem), self.years)

    def cut(self, columns: Floats) -> int:
        """Add the cuts that a solution breaks.

        Returns
        -------
        int
            How many.
        """
        done, said = self.parts(columns), columns[self.cells :]
        return sum(self._add(place, done, float(said[place])) for place in range(len(self.groups)))

    def rounded(self, columns: Floats, when: Integers) -> Floats:
        """Put a plan in a solution's place, with what the solution says of the groups."""
        found = columns.copy()
        done = np.flatnonzero(when >= 0)
        found[: self.cells] = 0.0
        found[done * self.years + when[done]] = 1.0
        return found

    def _alone(self) -> Floats:
        """Work out what each measure brings alone, by year of works."""
        problem = self.problem
        total = np.hstack([np.zeros((len(problem.use), 1)), np.cumsum(problem.weight, axis=1)])
        begin = np.arange(self.years)[None, :]
        end = np.minimum(begin + problem.life[:, None], total.shape[1] - 1)
        rows = problem.group[:, None]
        return (problem.use[problem.group] * problem.share)[:, None] * (total[rows, end] - total[rows, begin])

    def _add(self, place: int, done: Floats, said: float) -> bool:
        """Add the lowest cut of a group at a solution, if what the solution says of the group lies above it."""
        problem, members = self.problem, self.members[place]
        group, count = self.groups[place], problem.weight.shape[1]
        total = np.hstack([np.zeros((len(members), 1)), np.cumsum(done[members], axis=1)])
        ends = np.arange(1, count + 1)[None, :]
        begins = np.clip(ends - problem.life[members][:, None], 0, self.years)
        active = (np.take_along_axis(total, np.minimum(ends, self.years), 1) - np.take_along_axis(total, begins, 1)).T
        level, slope = _tangents(problem.share[members], _subsets(active))
        best = np.argmin(level[None, :] + active @ slope.T, axis=1)
        weight = problem.weight[group] * problem.use[group] / self.unit
        sums = np.vstack([np.zeros(len(members)), np.cumsum(weight[:, None] * slope[best], axis=0)])
        start = np.arange(self.years)
        stop = np.minimum(start[:, None] + problem.life[members][None, :], count)
        brought = (np.take_along_axis(sums, stop, 0) - sums[start]).T
        constant = float(weight @ level[best])
        constant = constant if abs(constant) > 1e-9 else 0.0  # rounding of a level of zero
        if said <= constant + float((brought * done[members]).sum()) + SLACK:
            return False
        columns = (members[:, None] * self.years + start).ravel()
        self._cuts.append((np.append(columns, self.cells + place), np.append(-brought.ravel(), 1.0), constant))
        return True


def _stacked(cuts: list[tuple[Integers, Floats, float]], width: int) -> tuple[sparse.csr_matrix, Floats]:
    begins = np.cumsum([0, *(len(columns) for columns, _, _ in cuts)])
    columns, values = (np.concatenate([cut[part] for cut in cuts]) for part in (0, 1))
    matrix = sparse.csr_matrix((values, columns, begins), shape=(len(cuts), width))
    return matrix, np.array([limit for _, _, limit in cuts])


def _subsets(active: Floats) -> Booleans:
    """List the sets of a group's measures whose cuts are tried: all, or of many those done most, year by year."""
    size = active.shape[1]
    if size <= LARGEST:
        return np.array(list(product([False, True], repeat=size)), dtype=bool)
    order = np.argsort(-active, axis=1, kind="stable")
    sets = np.zeros((len(active), size + 1, size), dtype=bool)
    for length in range(1, size + 1):
        sets[:, length] = sets[:, length - 1]
        np.put_along_axis(sets[:, length], order[:, length - 1 : length], True, axis=1)
    return np.unique(sets.reshape(-1, size), axis=0)


def _tangents(share: Floats, sets: Booleans) -> tuple[Floats, Floats]:
    """Nemhauser and Wolsey's two linear functions above 1 − ∏(1 − p), for each set: what they say of none, and of each.

    Both are equal to it at the set. The first holds measures outside the set to what they add to it, and those inside
    to what they add to all the others; the second, those outside to what they save alone, those inside to what they add
    to the rest of the set.
    """
    left = np.prod(np.where(sets, 1 - share, 1.0), axis=1)
    least = np.prod(1 - share) / (1 - share) * share
    inner = left[:, None] / (1 - share) * share
    slopes = [np.where(sets, least, left[:, None] * share), np.where(sets, inner, share)]
    levels = [1 - left - np.where(sets, slope, 0.0).sum(axis=1) for slope in slopes]
    return np.concatenate(levels), np.vstack(slopes)
