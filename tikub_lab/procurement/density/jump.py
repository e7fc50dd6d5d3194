"""Is there a jump of the density at a point? The manipulation test of Cattaneo, Jansson and Ma.

Amounts that avoid a threshold leave a heap below it and a gap above it: the density jumps. The test estimates the
density on both sides with a polynomial of order p + 1, within bandwidths that are best for order p: the higher order
takes away the bias that such bandwidths leave, so that the statistic is standard normal when there is no jump.

M. D. Cattaneo, M. Jansson, X. Ma, « Simple Local Polynomial Density Estimators », Journal of the American Statistical
Association 115 (2020), 1449-1455; the same, « Manipulation Testing Based on Density Discontinuity », Stata Journal 18
(2018), 234-261. Written from the definitions; compared in the tests to rddensity 3.0, the authors' own program.
"""

from dataclasses import dataclass
from math import erfc, isfinite, sqrt

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tikub_lab.errors import UsageError
from tikub_lab.methods.scope import one_of
from tikub_lab.procurement.density.bandwidths import Bandwidths, bandwidths
from tikub_lab.procurement.density.fit import Fit, Sorted
from tikub_lab.procurement.density.kernels import KERNELS

MODELS, VARIANCES, SELECTIONS = (
    ("unrestricted", "restricted"),
    ("jackknife", "plugin"),
    ("comb", "each", "diff", "sum"),
)
HIGHEST_ORDER = 7


@dataclass(frozen=True)
class Jump:
    """Result of the test.

    Attributes
    ----------
    left, right, difference : float
        Estimated densities below and above the point, and right less left.
    left_error, right_error, difference_error : float
        Their standard errors.
    statistic, p_value : float
        Difference over its standard error, and its two-sided probability under no jump. Negative: fewer above.
    left_bandwidth, right_bandwidth : float
        In the units of the values.
    candidates : Bandwidths or None
        The four that the choice was made from; None where bandwidths were given.
    count, left_count, right_count : int
        Observations: all, below the point, at or above it.
    left_used, right_used : int
        Observations within the bandwidths.
    tied : bool
        Whether values occur more than once, which was taken into account.
    missing : int
        Values that were not numbers, left out.
    """

    left: float
    right: float
    difference: float
    left_error: float
    right_error: float
    difference_error: float
    statistic: float
    p_value: float
    left_bandwidth: float
    right_bandwidth: float
    candidates: Bandwidths | None
    count: int
    left_count: int
    right_count: int
    left_used: int
    right_used: int
    tied: bool
    missing: int


def jump(
    values: ArrayLike,
    cutoff: float = 0.0,
    *,
    order: int = 2,
    model: str = "unrestricted",
    kernel: str = "triangular",
    variance: str = "jackknife",
    select: str = "comb",
    bandwidth: float | tuple[float, float] | None = None,
    ties: bool = True,
    bounded: bool = True,
) -> Jump:
    """Test whether the density of values jumps at a point.

    Parameters
    ----------
    values : array of float, shape (n,)
        In any order; what is not a number is left out and counted.
    cutoff : float
        The point; a value equal to it counts as above.
    order : int
        p, from 1 to 7: bandwidths are best for it, estimates have order p + 1.
    model : {"unrestricted", "restricted"}
        Whether each side is fitted alone or both share all but the slope.
    kernel : {"triangular", "epanechnikov", "uniform"}
        Weights within the bandwidth.
    variance : {"jackknife", "plugin"}
        How standard errors are estimated. The plug-in formula of the restricted model leaves out, as the authors'
        program does, the covariance between the two sides' sums.
    select : {"comb", "each", "diff", "sum"}
        Which bandwidth, see :meth:`~tikub_lab.procurement.density.bandwidths.Bandwidths.chosen`.
    bandwidth : float or (float, float), optional
        To use instead, for both sides or for the left and the right.
    ties : bool
        Give equal values one rank. Without it, rounded values make the standard errors too small.
    bounded : bool
        Keep bandwidths within the data, with enough observations on each side.

    Returns
    -------
    Jump
        Estimates are not a number where the values within the bandwidths do not determine the polynomial.

    Raises
    ------
    UsageError
        An option outside its list, a bandwidth that is not positive, values all on one side of the point, or two
        bandwidths with the restricted model or with « each » in it.

    Examples
    --------
    Evenly spaced values, then three times as many below one half as above:

    >>> even = (np.arange(1000) + 0.5) / 1000
    >>> abs(jump(even, 0.5).difference) < 0.01
    True
    >>> uneven = np.concatenate([even[:500], even[:500] + 0.0003, even[:500] + 0.0006, even[500:]])
    >>> found = jump(uneven, 0.5)
    >>> round(found.left, 2), round(found.right, 2), found.p_value < 0.001
    (1.5, 0.5, True)
    """
    _check(order, model, kernel, variance, select)
    raw = np.asarray(values, dtype=np.float64).reshape(-1)
    known = raw[~np.isnan(raw)]
    below = int((known < cutoff).sum())
    if not 0 < below < len(known):
        side = "below" if below else "at or above"
        raise UsageError(
            f"cutoff={cutoff}: all {len(known)} values are {side} it; a jump needs values on both sides. "
            "Choose another point or more values."
        )
    data = Sorted.of(known - cutoff, ties)
    fit = Fit(kernel, model, variance)
    candidates = None
    if bandwidth is None:
        candidates = bandwidths(data, order, fit, bounded)
        left, right = candidates.chosen(select, model)
    else:
        left, right = _given(bandwidth, model)
    found = fit.at(data, left, right, order + 1)
    error = np.sqrt(found.variance)
    statistic = float(found.density[2] / error[2]) if error[2] > 0 else float("nan")
    inside = data.values[(data.values >= -left) & (data.values <= right)]
    return Jump(
        left=float(found.density[0]),
        right=float(found.density[1]),
        difference=float(found.density[2]),
        left_error=float(error[0]),
        right_error=float(error[1]),
        difference_error=float(error[2]),
        statistic=statistic,
        p_value=erfc(abs(statistic) / sqrt(2)) if isfinite(statistic) else float("nan"),
        left_bandwidth=left,
        right_bandwidth=right,
        candidates=candidates,
        count=len(known),
        left_count=below,
        right_count=len(known) - below,
        left_used=int((inside < 0).sum()),
        right_used=int((inside >= 0).sum()),
        tied=bool(ties and (np.diff(data.values) == 0).any()),
        missing=len(raw) - len(known),
    )


def _check(order: int, model: str, kernel: str, variance: str, select: str) -> None:
    options = (
        ("model", model, MODELS),
        ("kernel", kernel, tuple(KERNELS)),
        ("variance", variance, VARIANCES),
        ("select", select, SELECTIONS),
    )
    for name, value, allowed in options:
        one_of(name, value, allowed)
    if select == "each" and model == "restricted":
        raise UsageError("select='each' gives two bandwidths, the restricted model needs one: take comb, diff or sum.")
    if order not in range(1, HIGHEST_ORDER + 1):
        raise UsageError(f"order={order}: give a whole number from 1 to {HIGHEST_ORDER}; 2 is usual.")


def _given(bandwidth: float | tuple[float, float], model: str) -> tuple[float, float]:
    pair = bandwidth if isinstance(bandwidth, tuple) else (bandwidth, bandwidth)
    if len(pair) != 2 or not all(isfinite(width) and width > 0 for width in pair):
        raise UsageError(f"bandwidth={bandwidth}: give one positive number, or two (left, right).")
    if model == "restricted" and pair[0] != pair[1]:
        raise UsageError(f"bandwidth={bandwidth}: the restricted model needs the same bandwidth on both sides.")
    return float(pair[0]), float(pair[1])


def holm(p_values: pd.Series) -> pd.Series:
    """Adjust probabilities for the number of tests, after Holm (1979); missing ones are not counted.

    S. Holm, « A Simple Sequentially Rejective Multiple Test Procedure », Scandinavian Journal of Statistics 6 (1979):
    the smallest is multiplied by the number of tests m, the next by m - 1, and so on, never below the one before.

    Examples
    --------
    >>> holm(pd.Series([0.01, 0.04, None, 0.03])).round(2).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    known = p_values.astype("float64").dropna().sort_values()
    steps = known * np.arange(len(known), 0, -1)
    return steps.cummax().clip(upper=1.0).reindex(p_values.index)
