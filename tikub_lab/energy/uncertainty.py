"""How sure a saving is: confidence intervals for one meter and for many together.

Residuals of a daily model are alike from one day to the next, and larger on cold days. ASHRAE Guideline 14 corrects its
fractional savings uncertainty for the first by n' = n (1 - r) / (1 + r), r being the correlation from day to day, and
holds the scatter to be the same all year and the model's balance points to be known. Here the saving is written as what
it is, a weighted sum of the errors of both periods:

- parameters, balance points included, are uncertain: each fitted day weighs as the reporting period's weather wants it;
- scatter follows the predicted use;
- errors of ten days in a row are taken as one: the sums of their residuals say what a day's error comes to where many
  are added up, however long they remember each other;
- the quantile is Student's, with the freedom that so many sums leave.

On 3 × 300 meters without change 92 % of 90 % intervals hold zero, as they do with an autoregression of the residuals,
which took 150 lines more for intervals 3 % narrower; on 3 × 3,000 others 88 to 89 % of those of the challenge's model.
Bills are too few for any memory: their errors are held to be independent, and the freedom is n less the parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.energy.savings import Model, Savings
from tikub_lab.errors import UsageError

FLOOR = 0.3
"""Scatter of a day without use, as a share of that of the mean one."""
BLOCK, WEIGHTED_BLOCK = 10, 14
"""Days in a row whose errors are taken as one, and where days weigh by their scatter: ten leave 86 to 87 % of intervals
of 90 % with zero in them, on meters without change."""


@dataclass(frozen=True)
class Interval:
    """A saving with its confidence interval: kWh, then as shares of what would have been used (``predicted``).

    Bounds are not numbers where there are too few periods; ``error`` is the standard error of the saving (kWh),
    ``freedom`` that of the quantile.
    """

    saving: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    error: float
    freedom: float
    predicted: float

    @property
    def established(self) -> bool:
        """Whether the interval leaves zero out."""
        return bool(self.low > 0 or self.high < 0)


def portfolio(savings: Mapping[str, Savings], level: float = 0.9) -> Interval:
    """Give the sum of some savings, or one, its confidence interval.

    The errors of meters that share a region's weather and calendar are not independent: they are taken to be correlated
    as the residuals of their baselines are, on the days that these have in common. Bills are held to be independent.

    Parameters
    ----------
    savings : mapping of Savings by meter
        From :func:`tikub_lab.energy.savings.metered`; one kWh counts as one, whatever its meter. Give that the kinds of
        days where use follows a calendar, which counts as scatter otherwise.
    level : float
        Two-sided, between 0 and 1.

    Returns
    -------
    Interval
        Meters whose own error can't be told make that of the sum untold.
    """
    from scipy.stats import t  # here, as it takes a second to load

    check_level(level)
    variances, freedom = np.array([_variance(one.model) for one in savings.values()]).reshape(-1, 2).T
    errors = np.sqrt(variances)
    daily = np.array([one.model.daily for one in savings.values()], dtype=bool)
    together = _aligned([one.model for one in savings.values() if one.model.daily]) @ errors[daily]
    variance = float((errors[~daily] ** 2).sum() + (together**2).sum())
    spread = float((errors**4 / np.maximum(freedom, 1e-9)).sum())
    free = max(float((errors**2).sum()) ** 2 / spread, float(freedom.min())) if spread > 0 else math.inf
    saving, predicted = (sum(getattr(one, name) for one in savings.values()) for name in ("saving", "predicted"))
    error, base = math.sqrt(variance), predicted if predicted > 0 else math.nan
    half = float(t.ppf(0.5 + level / 2, free)) * error if free > 0 else math.nan
    low, high = saving - half, saving + half
    return Interval(saving, low, high, saving / base, low / base, high / base, error, free, predicted)


def check_level(level: float) -> None:
    """Refuse a level of confidence that is none."""
    if not 0 < level < 1:
        raise UsageError(f"level={level!r}: a confidence level is between 0 and 1, such as 0.9.")


def of_days(residual: Floats, day: Integers, fitted: int, block: int = BLOCK) -> tuple[float, float]:
    """Variance of a day's error where many are added up, and its freedom, from residuals over their scatter."""
    sums = np.bincount(np.unique(day // block, return_inverse=True)[1], residual)
    free = len(sums) - fitted
    if free < 2:
        return math.nan, 0.0
    return float(sums @ sums) / len(residual) * len(sums) / free, float(free)


def _variance(model: Model) -> tuple[float, float]:
    """Variance of a saving, and its degrees of freedom."""
    # Everything that was fitted, balance points too, on a common scale.
    matrix, reporting = np.hstack([model.matrix, model.points]), np.hstack([model.reporting, model.points_reporting])
    if not len(matrix):
        return math.nan, 0.0
    scale = np.sqrt((matrix**2).sum(axis=0))
    matrix, reporting = (part / np.where(scale == 0, 1.0, scale) for part in (matrix, reporting))
    rank = int(np.linalg.matrix_rank(matrix))
    days, weights, free = model.days, model.weights, float(len(matrix) - rank)
    wanted = days @ reporting
    gram = np.linalg.pinv((matrix * weights[:, None]).T @ matrix, hermitian=True)
    if not model.daily:
        if free <= 0:
            return math.nan, 0.0
        scatter = float((weights * model.residual**2).sum()) / free
        return scatter * float(wanted @ gram @ wanted + days.sum()), free
    use, later = (np.maximum(part @ model.coefficients, 0.0) for part in (model.matrix, model.reporting))
    floor = FLOOR * max(float(use.mean()), np.finfo(float).tiny)
    before, after = np.hypot(use, floor), np.hypot(later, floor)
    variance, free = of_days(model.residual / before, model.day, rank, WEIGHTED_BLOCK if np.ptp(weights) else BLOCK)
    fitted = weights * (matrix @ gram @ wanted) * before
    return variance * float(fitted @ fitted + (days * after) @ (days * after)), free


def _aligned(models: list[Model]) -> Floats:
    """Residuals of daily baselines, one column a meter of length one, on the days that any of them has."""
    every = np.unique(np.concatenate([np.empty(0, np.int64), *(one.day for one in models)]))
    found = np.zeros((len(every), len(models)))
    for column, one in enumerate(models):
        length = math.sqrt(float(one.residual @ one.residual))
        found[np.searchsorted(every, one.day), column] = one.residual / length if length > 0 else 0.0
    return found
