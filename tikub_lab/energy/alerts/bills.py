"""Bills: those that are estimated and the one that mends them, and the balance point that a meter's bills tell."""

from dataclasses import dataclass, replace

import numpy as np

from tikub_lab.energy.alerts import faults
from tikub_lab.energy.alerts.grid import HOLIDAY, WEEKEND, grid_of
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans, Days

POINTS = np.arange(8.0, 20.5, 0.5)
"""Balance points that are tried, °C."""
MENDED = 3.0
"""Standard deviations that what an estimate was off must have, to tell whether the next bill made up for it."""


@dataclass(frozen=True)
class Merged:
    """Bills of which estimated ones stand with the one that mends them.

    Attributes
    ----------
    series : Series
        The bills, fewer.
    first, last : arrays of int
        Which of the bills each is made of: from ``first`` until before ``last``.
    """

    series: Series
    first: np.ndarray
    last: np.ndarray


def merged(series: Series, estimated: Booleans) -> Merged:
    """Put estimated bills together with the next that was read; of those that nothing mends, the sum is not known.

    Parameters
    ----------
    series : Series
    estimated : array of n bool
    """
    starts, ends = [], []
    place = 0
    while place < len(series):
        last = place
        while last < len(series) and estimated[last]:
            follows = last + 1 < len(series) and series.start[last + 1] == series.end[last]
            if not follows:
                break
            last += 1
        starts.append(place)
        ends.append(last + 1)
        place = last + 1
    first, after = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(series.kwh))])
    unknown = np.concatenate([[0], np.cumsum(np.isnan(series.kwh))])
    open_end = estimated[after - 1] if len(after) else np.zeros(0, dtype=bool)
    kwh = np.where((unknown[after] > unknown[first]) | open_end, np.nan, total[after] - total[first])
    whole = replace(
        series,
        start=series.start[first],
        end=series.end[after - 1],
        kwh=kwh,
        flagged=np.zeros(len(first), dtype=bool),
    )
    return Merged(whole, first, after)


def balance_point(series: Series, days: Days) -> float:
    """Find the balance point that explains bills best, each kind of day having its own base.

    Returns
    -------
    float
        °C; not a number where temperatures are not known.
    """
    grid = grid_of(series, days, float(POINTS[0]))
    rows = ~np.isnan(series.kwh) & (grid.sums(np.isnan(grid.cold).astype(float)[:, None])[:, 0] == 0)
    if rows.sum() < 12:
        return float("nan")
    cold = np.nan_to_num(grid.cold)
    kinds = [np.ones(len(cold)), *((grid.kinds == kind).astype(np.float64) for kind in (WEEKEND, HOLIDAY))]
    holiday = (grid.kinds == HOLIDAY).astype(np.float64)
    use = series.kwh[rows]
    weight = 1 / np.maximum(use, 0.2 * max(float(np.median(use)), 1e-9))
    best, found = np.inf, float("nan")
    for point in POINTS:
        degrees = np.maximum(point - cold, 0.0)
        matrix = grid.sums(np.column_stack([*kinds, degrees, degrees * holiday]))[rows] * weight[:, None]
        coefficients, *_ = np.linalg.lstsq(matrix, use * weight, rcond=None)
        left = use * weight - matrix @ coefficients
        if float(left @ left) < best:
            best, found = float(left @ left), float(point)
    return found


def never_mended(
    billed: float, expected: float, error: float, both: float, both_expected: float, both_error: float, rest: float
) -> float:
    """Weigh two stories of an estimated bill: nothing made up for it, or the next bill did.

    Parameters
    ----------
    billed, expected, error : float
        Of the estimated bills: what they say, what was to be expected, and its standard deviation.
    both, both_expected, both_error : float
        The same with the next bill.
    rest : float
        Standard deviation of the next bill alone.

    Returns
    -------
    float
        Logarithm of how much likelier it is that nothing did; 0 where the estimate was too good to tell.

    Examples
    --------
    >>> never_mended(150, 100, 5, 250, 200, 7, 5) > 3, never_mended(150, 100, 5, 200, 200, 7, 5) < -3
    (True, True)
    >>> never_mended(103, 100, 5, 203, 200, 7, 5)
    0.0
    """
    off, left = billed - expected, both - both_expected
    if not abs(off) > MENDED * max(error, both_error):
        return 0.0
    return faults.stuck_or_estimated(left, (off, rest), (0.0, both_error))
