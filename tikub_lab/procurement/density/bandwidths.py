"""Bandwidths for the density on either side of a point, which make the mean squared error small.

Cattaneo, Jansson and Ma, « Manipulation Testing Based on Density Discontinuity », Stata Journal 18 (2018), 234-261,
section 2.5: variance and bias are estimated at pilot bandwidths, which would be best for a normal distribution; the
bandwidth then balances them. Bounds keep enough observations, and enough distinct ones, on both sides.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

import numpy as np
from numpy.polynomial.hermite_e import hermeval

from tikub_lab.procurement.density.fit import Fit, Sorted, both
from tikub_lab.procurement.density.kernels import Matrix, bias_constant, pilot_constant, two_sided

ENOUGH = 20
"""Observations (and distinct ones) that a bandwidth keeps on each side, beside the number of coefficients."""


@dataclass(frozen=True)
class Bandwidths:
    """Best bandwidths for the left density, the right one, their difference and their sum."""

    left: float
    right: float
    difference: float
    sum: float

    def chosen(self, select: str, model: str) -> tuple[float, float]:
        """Return the bandwidths on the left and on the right.

        « each » takes each side's own, « diff » and « sum » one for both; « comb » the median of the three on each
        side, or in the restricted model the smaller of the last two.
        """
        if select == "each":
            return self.left, self.right
        if select in ("diff", "sum"):
            one = self.difference if select == "diff" else self.sum
            return one, one
        if model == "restricted":
            smaller = min(self.difference, self.sum)
            return smaller, smaller
        middle = [sorted((own, self.difference, self.sum))[1] for own in (self.left, self.right)]
        return middle[0], middle[1]


def bandwidths(data: Sorted, order: int, fit: Fit, bounded: bool = True) -> Bandwidths:
    """Choose bandwidths.

    Parameters
    ----------
    data : Sorted
        All observations, with some on both sides of zero.
    order : int
        p, the order of the polynomial whose error is to be small.
    fit : Fit
        Kernel, model and estimate of the variance.
    bounded : bool
        Keep within the range of the data and keep at least :data:`ENOUGH` + p + 1 observations, and as many distinct
        ones, on each side.
    """
    n = len(data.values)
    reach = _Reach(data)
    wide = _pilot(data, order + 2, order + 1)
    near = _pilot(data, order, 1)
    if bounded:
        wide = reach.at_least(min(wide, reach.largest), ENOUGH + order + 3)
        near = reach.at_least(min(near, reach.largest), ENOUGH + order + 1)
    higher = fit.at(data, wide, wide, order + 2, order + 1).derivative
    local = fit.at(data, near, near, order)
    variance = n * near * local.variance
    bias = _bias(order, fit, local.density, higher)
    with np.errstate(divide="ignore", invalid="ignore"):
        best = (variance / bias**2 / (2 * order * n)) ** (1 / (2 * order + 1))
    best = np.where(np.isnan(best), 0.0, best)
    if bounded:
        least = ENOUGH + order + 1
        best = np.minimum(best, [reach.left, reach.right, reach.largest, reach.largest])
        low_left, low_right = reach.needed(least)
        best = np.maximum(best, [low_left, low_right, max(low_left, low_right), max(low_left, low_right)])
    return Bandwidths(*(float(value) for value in best))


def _pilot(data: Sorted, order: int, derivative: int) -> float:
    """Return the best bandwidth for a derivative's estimate if the observations were normal.

    Their density's derivatives are Hermite polynomials times the density. The derivative of the distribution function
    that the bias depends on is the (order + 1)-th.
    """
    n, spread = len(data.values), float(np.std(data.values, ddof=1))
    at = float(np.mean(data.values)) / spread
    normal = exp(-at * at / 2) / sqrt(2 * pi)
    # ratio of the density to the square of its derivative of that order, in units of the standard deviation
    hermite = float(hermeval(at, [0.0] * order + [1.0]))
    with np.errstate(divide="ignore"):
        shape = float(np.float64(1.0) / np.float64(hermite**2 * normal))
    exponent = 2 * order + 1
    factor = (2 * derivative - 1) / (2 * (order + 1 - derivative))
    return float(spread * (factor * shape * pilot_constant(order, derivative) / n) ** (1 / exponent))


def _bias(order: int, fit: Fit, density: Matrix, higher: Matrix) -> Matrix:
    """Return the leading constants of the bias: left, right, difference, sum."""
    if fit.model != "restricted":
        constant = float(bias_constant(order, 1, fit.kernel))
        return both(float(higher[0]) * constant * (-1) ** order, float(higher[1]) * constant)
    s, _, c, mirror = two_sided(order, fit.kernel)
    left, right = float(density[0]), float(density[1])
    inverse = np.linalg.inv(right * s + left * mirror @ s @ mirror)
    pull = inverse @ (higher[0] * (right * c + (-1) ** (order + 1) * left * mirror @ c))
    return both(float(pull[1]), float(pull[2]))


class _Reach:
    """How far from the point observations are, each side nearest first."""

    def __init__(self, data: Sorted) -> None:
        values, distinct = data.values, np.unique(data.values)
        self._all = (-values[values < 0][::-1], values[values >= 0])
        self._distinct = (-distinct[distinct < 0][::-1], distinct[distinct >= 0])
        self.left, self.right = abs(float(values[0])), float(values[-1])
        self.largest = max(self.left, self.right)

    def needed(self, count: int) -> tuple[float, float]:
        """Return the smallest distances on the left and right that keep so many observations, distinct ones too."""
        both_sides = zip(self._all, self._distinct, strict=True)
        left, right = (max(float(side[min(count, len(side)) - 1]) for side in pair) for pair in both_sides)
        return left, right

    def at_least(self, width: float, count: int) -> float:
        """Widen a bandwidth to keep so many observations on both sides."""
        return max(width, *self.needed(count))
