"""Does the density of values jump at zero? The manipulation test of Cattaneo, Jansson and Ma.

Amounts that avoid a threshold leave a heap below it and a gap above it. On each side a cubic is fitted to the empirical
distribution function, whose slope at zero is the density; the bandwidths are best for a quadratic, so that the cubic
takes away the bias that they leave and the statistic is standard normal where there is no jump.

M. D. Cattaneo, M. Jansson, X. Ma, « Simple Local Polynomial Density Estimators », Journal of the American Statistical
Association 115 (2020), 1449-1455; the same, « Manipulation Testing Based on Density Discontinuity », Stata Journal 18
(2018), 234-261. These are the default options of the authors' program rddensity 3.0, to which the tests compare it
(triangular kernel, jackknife errors, bandwidth « comb »).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, factorial, pi, sqrt

import numpy as np
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import ArrayLike, NDArray

from tikub_lab.errors import UsageError

Values = NDArray[np.float64]

ORDER = 2
"""Order of the polynomial for which bandwidths are best; the test is made one order above."""
ENOUGH = 20
"""Values, and distinct ones, that a bandwidth keeps on each side, beside the number of coefficients."""


@dataclass(frozen=True)
class Jump:
    """Densities below and above, their difference over its standard error, its probability by chance, bandwidths."""

    left: float
    right: float
    statistic: float
    p_value: float
    left_bandwidth: float
    right_bandwidth: float


def jump(values: ArrayLike) -> Jump:
    """Test whether the density of values jumps at zero, which counts as above; what is not a number is left out.

    Estimates are not a number where the values within a bandwidth do not determine the polynomial.
    """
    known = np.asarray(values, dtype=np.float64)
    ordered = np.sort(known[~np.isnan(known)])
    if not (ordered < 0).any() or not (ordered >= 0).any():
        raise UsageError(f"all {len(ordered)} values are on one side: a jump needs values on both.")
    widths = _bandwidths(ordered)
    fits = [_fit(ordered, side, width, ORDER + 1) for side, width in enumerate(widths)]
    (left, right), variance = (fit[0] for fit in fits), sum(fit[1] for fit in fits)
    statistic = (right - left) / sqrt(variance) if variance > 0 else float("nan")
    return Jump(left, right, statistic, erfc(abs(statistic) / sqrt(2)), *widths)


def _fit(ordered: Values, side: int, width: float, order: int, power: int = 1) -> tuple[float, float, float]:
    """Fit the distribution function of one side within a bandwidth by weighted least squares.

    Returns the slope at zero, its jackknife variance, and the coefficient of a power; equal values have one rank.
    """
    inside = (ordered >= 0) & (ordered <= width) if side else (ordered < 0) & (ordered >= -width)
    near, pairs = ordered[inside], len(ordered) - 1
    if len(np.unique(near)) <= order:
        return (float("nan"),) * 3
    scaled = near / width
    design = np.vander(scaled, order + 1, increasing=True)
    weighted = design * ((1 - np.abs(scaled)) / width)[:, None]
    inverse = np.linalg.inv(weighted.T @ design)
    rank = (np.searchsorted(ordered, near, "right") - 1) / pairs
    found = inverse @ (weighted.T @ rank)
    # what a value adds to the slope: the weights of all that come after the first of its equals
    sums = np.cumsum(weighted, axis=0)
    influence = (sums[-1] - sums[np.searchsorted(near, near)]) @ inverse[1] / pairs
    return float(found[1] / width), float(influence @ influence / width**2), float(found[power] / width**power)


def _bandwidths(ordered: Values) -> tuple[float, float]:
    """Balance variance and bias, estimated at pilot bandwidths; on each side the median of three candidates.

    The candidates are best for the side's own density, for the difference of both, and for their sum.
    """
    sides = (-ordered[ordered < 0][::-1], ordered[ordered >= 0])
    reach = [float(side[-1]) for side in sides]

    def least(count: int) -> list[float]:
        return [max(float(each[min(count, len(each)) - 1]) for each in (side, np.unique(side))) for side in sides]

    def pilot(order: int, power: int, count: int) -> float:
        return max(min(_normal(ordered, order, power), max(reach)), *least(count))

    wide, near = pilot(ORDER + 2, ORDER + 1, ENOUGH + ORDER + 3), pilot(ORDER, 1, ENOUGH + ORDER + 1)
    _, constant = _constants(ORDER, 1, lambda power: 1 / ((power + 1) * (power + 2)))
    bias = np.array([_fit(ordered, side, wide, ORDER + 2, ORDER + 1)[2] for side in (0, 1)]) * constant
    spread = np.array([_fit(ordered, side, near, ORDER)[1] for side in (0, 1)])
    bias = np.r_[bias, bias[1] - bias[0], bias.sum()]
    spread = np.r_[spread, [spread.sum()] * 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        best = (near * spread / bias**2 / (2 * ORDER)) ** (1 / (2 * ORDER + 1))
    low = least(ENOUGH + ORDER + 1)
    best = np.nan_to_num(best, nan=0.0, posinf=np.inf)
    best = np.maximum(np.minimum(best, [*reach, max(reach), max(reach)]), [*low, max(low), max(low)])
    left, right = (float(np.median([own, best[2], best[3]])) for own in best[:2])
    return left, right


def _normal(ordered: Values, order: int, power: int) -> float:
    """Give the bandwidth that would be best for a coefficient if values were normal and the kernel uniform.

    The derivatives of a normal density are Hermite polynomials times it.
    """
    spread = float(np.std(ordered, ddof=1))
    at = float(ordered.mean()) / spread
    variance, bias = _constants(order, power, lambda exponent: 0.5 / (exponent + 1))
    with np.errstate(divide="ignore"):
        shape = 1 / (np.float64(hermeval(at, [0.0] * order + [1.0])) ** 2 * exp(-at * at / 2) / sqrt(2 * pi))
    ratio = variance / bias**2 * factorial(order + 1) ** 2
    factor = (2 * power - 1) / (2 * (order + 1 - power))
    return float(spread * (factor * shape * ratio / len(ordered)) ** (1 / (2 * order + 1)))


def _constants(order: int, power: int, moment: Callable[[int], float]) -> tuple[float, float]:
    """Give the asymptotic variance and bias of a coefficient from the kernel's moments ``∫ u^k K(u) du`` on [0, 1].

    The variance is that of the uniform kernel of height one half, for which alone it is asked.
    """
    powers = range(order + 1)
    row = np.linalg.inv([[moment(i + j) for j in powers] for i in powers])[power]
    # ∫∫ min(u, v) u^i v^j K(u) K(v) du dv
    ranks = np.array([[(1 / (i + 2) + 1 / (j + 2)) / (i + j + 3) / 4 for j in powers] for i in powers])
    return float(row @ ranks @ row), float(row @ [moment(i + order + 1) for i in powers])
