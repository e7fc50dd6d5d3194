"""The search over balance points: every candidate model of many meters at once, in closed form.

With usage and degree days centred, the least squares of one or two variables have a solution in a line: the sums of
products are made once for all balance points, and meters that share their days and temperatures share them too.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tikub_lab.energy.periods import Floats, Integers, Thermal

LEAST_TOTAL, LEAST_DAYS = 20.0, 10
"""Degree days that must be there in all, °F·day, and days that must have some, except of bills (3.2.2.1)."""
NEAR = 1e-9
"""Candidates this close to the best adjusted R² are worked out again by orthogonal decomposition."""
TIE = 1e-13
"""Adjusted R² that only rounding tells apart: the first candidate is kept, the simplest one then the lowest points."""
SINGULAR = 1e-12
"""Share of variance left to one kind of degree days by the other under which their pair can't be told apart."""


class Found(NamedTuple):
    """The model kept for one meter: columns of its balance points, as far as it has them, and its coefficients.

    No coefficients where no candidate qualifies.
    """

    heating: int | None
    cooling: int | None
    r2_adj: float
    coefficients: Floats
    qualified: int


class Search:
    """Candidate models of meters that share days and temperatures, in the order of preference.

    A candidate is a column of heating and one of cooling degree days. The last column of each stands for none: it is 0
    and has a variance of 1, so that it explains nothing and models of one variable or none are worked out as pairs are.
    """

    def __init__(self, thermal: Thermal, weights: Floats, points: Floats, least_days: int, cooling: bool):
        self.points, self.weights, self.size = points, weights, len(weights)
        none, size, weight = len(points), len(weights), float(weights.sum())
        self.days = [np.pad(days, ((0, 0), (0, 1))) for days in thermal.degree_days(points, points)]
        self.mean, self.centred, self.variance, tried = list[Floats](), list[Floats](), list[Floats](), list[Integers]()
        for days, used in zip(self.days, (True, cooling), strict=True):
            total = self.weights @ days
            mean = total / weight
            around = days - mean
            spread = self.weights @ around**2
            # Two coefficients need three periods, and a variable that moves.
            enough = (total >= LEAST_TOTAL) & ((days > 0).sum(axis=0) >= least_days) & used & (size >= 3)
            enough &= spread > 1e-20 * np.maximum(mean, 1.0) ** 2 * weight
            spread[-1] = 1.0
            self.mean.append(mean)
            self.centred.append(around)
            self.variance.append(spread)
            tried.append(np.flatnonzero(enough[:-1]))
        h, c = tried
        # Cooling outside, heating inside: the order in which ties are settled. Three coefficients need four periods.
        pair_c, pair_h = (side.ravel() for side in np.meshgrid(c, h if size >= 4 else h[:0], indexing="ij"))
        allowed = points[pair_h] <= points[pair_c]
        h = np.concatenate([[none], h, np.full(len(c), none), pair_h[allowed]])
        c = np.concatenate([np.full(1 + len(tried[0]), none), c, pair_c[allowed]])
        cross = ((self.centred[0] * self.weights[:, None]).T @ self.centred[1])[h, c]
        product = self.variance[0][h] * self.variance[1][c]
        solvable = product - cross**2 > SINGULAR * product
        self.h, self.c, self.cross = h[solvable], c[solvable], cross[solvable]
        self.determinant = (product - cross**2)[solvable]
        pairs = int((points[:, None] <= points[None, :]).sum())
        self.made = 1 + none + (none + pairs if cooling else 0)

    def best(self, usage: Floats) -> list[Found]:
        """Find the best model of each meter (columns), use per day with nothing missing."""
        weights = self.weights[:, None]
        mean = (weights * usage).sum(axis=0) / self.weights.sum()
        around = usage - mean
        total = (weights * around**2).sum(axis=0)
        # A flat meter has no variance to explain: what is left of it is rounding.
        flat = total <= (4 * np.finfo(float).eps * np.abs(mean)) ** 2 * self.weights.sum()
        adjusted, qualified = self._scores(weights * around, mean, np.where(flat, 1.0, total))
        adjusted[1:, flat] = -np.inf
        adjusted[~qualified] = -np.inf
        best, counts = adjusted.max(axis=0), qualified.sum(axis=0)
        found: list[Found] = []
        for meter, top in enumerate(best):
            if np.isfinite(top):
                near = np.flatnonzero(adjusted[:, meter] >= top - NEAR)
                fits = {int(place): self._refit(int(place), usage[:, meter]) for place in near}
                most = max(r2_adj for r2_adj, _ in fits.values())
                place = next(place for place, (r2_adj, _) in fits.items() if r2_adj >= most - TIE)
                found.append(Found(*self._sides(place), *fits[place], int(counts[meter])))
            else:
                found.append(Found(None, None, math.nan, np.empty(0), int(counts[meter])))
        return found

    def _scores(self, weighted: Floats, mean: Floats, total: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Score each candidate (rows) and meter: adjusted R², and whether its signs are right."""
        h, c, none = self.h, self.c, len(self.points)
        by_h, by_c = (centred.T @ weighted for centred in self.centred)
        with_h, with_c = by_h[h], by_c[c]
        cross, determinant = self.cross[:, None], self.determinant[:, None]
        heating = (self.variance[1][c, None] * with_h - cross * with_c) / determinant
        cooling = (self.variance[0][h, None] * with_c - cross * with_h) / determinant
        explained = (heating * with_h + cooling * with_c) / total
        free = np.maximum(self.size - 1 - (h < none) - (c < none), 1)[:, None]
        adjusted = 1 - (self.size - 1) / free * (1 - explained)
        intercept = mean - heating * self.mean[0][h, None] - cooling * self.mean[1][c, None]
        adjusted[0] = 0.0
        return adjusted, (heating >= 0) & (cooling >= 0) & (intercept >= 0)

    def _sides(self, place: int) -> tuple[int | None, int | None]:
        """Return the columns of a candidate, None where it has none of a kind."""
        heating, cooling = (int(side[place]) if side[place] < len(self.points) else None for side in (self.h, self.c))
        return heating, cooling

    def regressors(self, heating: int | None, cooling: int | None) -> Floats:
        """Put together what a model regresses on: ones, and the degree days that it has."""
        columns = [days[:, at] for days, at in zip(self.days, (heating, cooling), strict=True) if at is not None]
        return np.stack([np.ones(self.size), *columns], axis=1)

    def _refit(self, place: int, usage: Floats) -> tuple[float, Floats]:
        """Fit one candidate by orthogonal decomposition, which loses no digits to the closed form."""
        weights, regressors = self.weights, self.regressors(*self._sides(place))
        mean = float((weights * usage).sum() / weights.sum())
        if regressors.shape[1] == 1:
            return 0.0, np.array([mean])
        root = np.sqrt(weights)
        matrix = regressors * root[:, None]
        scale = np.sqrt((matrix**2).sum(axis=0))
        scaled, *_ = np.linalg.lstsq(matrix / scale, usage * root, rcond=None)
        coefficients = scaled / scale
        left = float(((usage * root - matrix @ coefficients) ** 2).sum())
        total = float((weights * (usage - mean) ** 2).sum())
        return 1 - (self.size - 1) / (self.size - len(coefficients)) * left / total, coefficients
