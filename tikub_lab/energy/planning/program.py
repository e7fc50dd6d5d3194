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

from tikub_lab.energy.planning.problem import Problem
from tikub_lab.energy.planning.rules import Floats, Integers

Booleans = npt.NDArray[np.bool_]
Block = tuple[sparse.csr_matrix, Floats | None, Floats]
"""Rows with their lower and upper bounds."""
SLACK = 1e-5
"""What a solution may say of a group above a cut, in the program's unit: HiGHS keeps rows to 1e-6."""
LARGEST = 8
"""Measures of a group up to which all its subsets are tried for a cut."""
SCALE = 1e6
"""The most that the objective can be in the program. HiGHS's tolerances are absolute: this makes them small."""


class Program:
    """Columns: whether measure i is done in year t (n x T), what each group saves, whether a site has works in a year.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    unit : float
        What one of the program's objective is in the plan's.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.years = len(problem.rules.budgets)
        sizes = np.bincount(problem.group, minlength=len(problem.use))
        self.members = [np.flatnonzero(problem.group == group) for group in np.flatnonzero(sizes > 1)]
        self.groups = np.flatnonzero(sizes > 1)
        limited = problem.rules.sites_a_year is not None or problem.rules.years_a_site is not None
        self.first_site = len(problem) * self.years + len(self.groups)
        self.width = self.first_site + (problem.sites * self.years if limited else 0)
        alone = self._alone()
        top = float(alone.max(axis=1, initial=0.0).sum())
        self.unit = top / SCALE if top > 0 else 1.0
        self._profit = np.zeros(self.width)
        cost = problem.charge[None, :] * problem.cost[:, None]
        single = np.isin(problem.group, np.flatnonzero(sizes == 1))
        self._profit[: len(problem) * self.years] = ((alone * single[:, None] - cost) / self.unit).ravel()
        self._profit[len(problem) * self.years : self.first_site] = 1.0
        self._upper = np.ones(self.width)
        self._upper[len(problem) * self.years : self.first_site] = np.inf
        self._rows, self._low, self._high = self._rules(limited)
        self._cuts: list[tuple[Integers, Floats, float]] = []
        # no plan saves more than each measure alone in its best year
        self.bound = float(np.maximum(alone - cost, 0).max(axis=1).sum()) if len(problem) else 0.0
        if len(problem.imposed):
            self.bound += float(np.minimum((alone - cost)[problem.imposed].max(axis=1), 0).sum())
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
        kinds[: len(self.problem) * self.years] = int(integer)
        matrix, low, high = self._rows, self._low, self._high
        if self._cuts:
            extra, limit = _stacked(self._cuts, self.width)
            matrix = sparse.vstack([matrix, extra], format="csr")
            low, high = np.concatenate([low, np.full(len(limit), -np.inf)]), np.concatenate([high, limit])
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
        count = len(self.problem)
        return np.clip(columns[: count * self.years], 0, 1).reshape(count, self.years)

    def cut(self, columns: Floats) -> int:
        """Add the cuts that a solution breaks.

        Returns
        -------
        int
            How many.
        """
        done, start = self.parts(columns), len(self.problem) * self.years
        said = columns[start : self.first_site]
        return sum(self._add(place, done, float(said[place])) for place in range(len(self.groups)))

    def forbid(self, when: Integers) -> None:
        """Forbid a plan that breaks a budget by a rounding, and those with all that is in it."""
        done = np.flatnonzero(when >= 0)
        self._cuts.append((done * self.years + when[done], np.ones(len(done)), len(done) - 1.0))

    def rounded(self, columns: Floats, when: Integers) -> Floats:
        """Put a plan in a solution's place, with what the solution says of the groups."""
        found = columns.copy()
        done = np.flatnonzero(when >= 0)
        found[: len(self.problem) * self.years] = 0.0
        found[done * self.years + when[done]] = 1.0
        return found

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.width, self._rows.shape[0] + len(self._cuts)

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
        own = len(problem) * self.years + place
        self._cuts.append((np.append(columns, own), np.append(-brought.ravel(), 1.0), constant))
        return True

    def _rules(self, limited: bool) -> tuple[sparse.csr_matrix, Floats, Floats]:
        """Write down once, not together, within budgets, and the limits of measures and sites."""
        problem, years, rules = self.problem, self.years, self.problem.rules
        count = len(problem)
        rest = sparse.csr_matrix((count, self.width - count * years))
        once = sparse.hstack([sparse.kron(sparse.eye(count), np.ones((1, years))), rest], format="csr")
        each = sparse.hstack(
            [sparse.kron(np.ones((1, count)), sparse.eye(years)), sparse.csr_matrix((years, rest.shape[1]))]
        )
        money = sparse.kron(problem.cost[None, :] / 1000, sparse.eye(years))
        budget = np.asarray(rules.budgets) / 1000
        if rules.carry:
            money, budget = sparse.csr_matrix(np.tril(np.ones((years, years)))) @ money, np.cumsum(budget)
        room = np.flatnonzero((problem.cost[:, None] / 1000 > budget[None, :] + 1e-5).ravel())
        self._upper[room] = 0.0
        low = np.zeros(count)
        low[problem.imposed] = 1.0
        blocks: list[Block] = [(once, low, np.ones(count))]
        blocks.append((sparse.hstack([money, sparse.csr_matrix((years, rest.shape[1]))]), None, budget))
        if len(problem.conflicts):
            pairs = once[problem.conflicts[:, 0]] + once[problem.conflicts[:, 1]]
            blocks.append((pairs, None, np.ones(len(problem.conflicts))))
        if rules.works_a_year is not None:
            blocks.append((each, None, np.full(years, float(rules.works_a_year))))
        if limited:
            blocks += self._sites()
        matrix = sparse.vstack([rows for rows, _, _ in blocks], format="csr")
        lows = [np.full(rows.shape[0], -np.inf) if least is None else least for rows, least, _ in blocks]
        return matrix, np.concatenate(lows), np.concatenate([high for _, _, high in blocks])

    def _sites(self) -> list[Block]:
        """Tie measures to their site's years of works, and limit these."""
        problem, years, rules = self.problem, self.years, self.problem.rules
        cells = len(problem) * years
        own = self.first_site + (problem.site[:, None] * years + np.arange(years)).ravel()
        rows = np.tile(np.arange(cells), 2)
        values = np.repeat([1.0, -1.0], cells)
        tied = sparse.csr_matrix((values, (rows, np.append(np.arange(cells), own))), shape=(cells, self.width))
        found: list[Block] = [(tied, None, np.zeros(cells))]
        empty = (problem.sites, years, self.first_site)
        if rules.sites_a_year is not None:
            block = sparse.kron(np.ones((1, empty[0])), sparse.eye(years))
            whole = sparse.hstack([sparse.csr_matrix((years, empty[2])), block], format="csr")
            found.append((whole, None, np.full(years, float(rules.sites_a_year))))
        if rules.years_a_site is not None:
            block = sparse.kron(sparse.eye(empty[0]), np.ones((1, years)))
            whole = sparse.hstack([sparse.csr_matrix((empty[0], empty[2])), block], format="csr")
            found.append((whole, None, np.full(empty[0], float(rules.years_a_site))))
        return found


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
