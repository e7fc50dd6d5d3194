"""How sure a saving is: confidence intervals for one meter and for many together.

Residuals of a daily model are alike from one day to the next, and larger on cold days. ASHRAE Guideline 14 corrects its
fractional savings uncertainty for the first by n' = n (1 - r) / (1 + r), r being the correlation from day to day, and
holds the scatter to be the same all year and the model's balance points to be known. Here the saving is written as what
it is, a weighted sum of the residuals' errors of both periods, and its variance worked out from their autocorrelation:

- parameters, balance points included, are uncertain: each fitted day weighs as the reporting period's weather wants it;
- scatter follows the predicted use where the residuals do;
- autocorrelation is an autoregression whose order (0 to 7 days) the residuals choose, corrected for what the fit
  took out of them: without this, intervals are too narrow (Kendall's bias);
- the quantile is Student's, with the freedom that so many dependent days leave.

With r alone, known parameters and even scatter this is the Guideline's formula. A block bootstrap was left aside: it
needs blocks of weeks, of which a year has too few for an interval of 90 %. Bills are too few for any autocorrelation:
their errors are held to be independent, and the freedom is n less the parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tikub_lab.energy.memory import ORDERS, memory
from tikub_lab.energy.periods import DAY, Floats, Integers
from tikub_lab.energy.savings import Savings
from tikub_lab.errors import UsageError
from tikub_lab.show.french import number

FLOOR = 0.05
"""Least scatter of a day, as a share of the mean one."""


@dataclass(frozen=True)
class Interval:
    """A saving with its confidence interval.

    Attributes
    ----------
    saving, low, high : float
        kWh; the bounds are not numbers where there are too few periods.
    share, share_low, share_high : float
        The same, as shares of what would have been used.
    level : float
        Confidence level, two-sided.
    error : float
        Standard error of the saving, kWh.
    freedom : float
        Degrees of freedom of the quantile.
    autocorrelation : float
        Of the residuals from one day to the next; 0 for bills, not a number for several meters.
    predicted : float
        What would have been used, kWh.
    meters : int
    """

    saving: float
    low: float
    high: float
    share: float
    share_low: float
    share_high: float
    level: float
    error: float
    freedom: float
    autocorrelation: float
    predicted: float
    meters: int = 1

    @property
    def established(self) -> bool:
        """Whether the interval leaves zero out."""
        return bool(self.low > 0 or self.high < 0)

    @property
    def sentence(self) -> str:
        """What can be said, in French."""
        if math.isnan(self.low):
            return "Économie non chiffrable : trop peu de relevés pour en dire la précision."
        low, high = number(self.share_low * 100, 1), number(self.share_high * 100, 1)
        told = f"entre {low} et {high} %, au niveau de confiance de {number(self.level * 100)} %"
        if not self.established:
            return f"Ni économie ni hausse établie : {told}."
        word = "Économie" if self.saving > 0 else "Hausse"
        size = number(abs(self.share) * 100, 1)
        if self.saving < 0:
            told = told.replace(f"entre {low} et {high}", f"économie entre {low} et {high}")
        return f"{word} de {size} % ({told})."


def interval(savings: Savings, level: float = 0.9) -> Interval:
    """Give a saving its confidence interval.

    Parameters
    ----------
    savings : Savings
        From :func:`tikub_lab.energy.savings.metered`. Give it the kinds of days where use follows a calendar: without
        them the calendar counts as scatter, and intervals are wider than need be.
    level : float
        Two-sided confidence level, between 0 and 1.

    Returns
    -------
    Interval

    Raises
    ------
    UsageError
        A level that is not between 0 and 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from tikub_lab.energy.caltrack import fit
    >>> from tikub_lab.energy.savings import metered
    >>> days = pd.date_range("2024-01-01", "2026-01-01")
    >>> wave = np.arange(len(days))
    >>> usage = pd.Series(100 + 5 * np.sin(wave * wave), index=days)  # scatter without memory
    >>> outside = pd.Series(10.0, index=days)
    >>> found = interval(metered(fit(usage[:"2025-01-01"], outside), 0.9 * usage["2025-01-01":], outside))
    >>> found.sentence
    'Économie de 10,1 % (entre 9,7 et 10,5 %, au niveau de confiance de 90 %).'
    """
    _check(level)
    variance, freedom, correlation = _daily(savings) if savings.baseline.kind == "daily" else _billing(savings)
    return _interval(savings.saving, savings.predicted, variance, freedom, correlation, level, 1)


def portfolio(savings: Mapping[str, Savings], level: float = 0.9) -> Interval:
    """Give the sum of many savings its confidence interval.

    The errors of meters that share a region's weather and calendar are not independent: they are taken to be correlated
    as the residuals of their baselines are, on the days that these have in common. Bills are held to be independent.

    Parameters
    ----------
    savings : mapping of Savings by meter
        One kWh counts as one, whatever its meter.
    level : float

    Returns
    -------
    Interval
        Meters whose own error can't be told make that of the sum untold.
    """
    _check(level)
    alone = [_daily(one) if one.baseline.kind == "daily" else _billing(one) for one in savings.values()]
    errors = np.sqrt(np.array([variance for variance, _, _ in alone]))
    freedom = np.array([free for _, free, _ in alone])
    daily = np.array([one.baseline.kind == "daily" for one in savings.values()], dtype=bool)
    variance = float((errors[~daily] ** 2).sum()) if len(errors) else 0.0
    if daily.any():
        series = [one for one, is_daily in zip(savings.values(), daily, strict=True) if is_daily]
        variance += float(((_aligned(series) @ errors[daily]) ** 2).sum())
    spread = float((errors**4 / np.maximum(freedom, 1e-9)).sum()) if len(errors) else 0.0
    free = max(float((errors**2).sum()) ** 2 / spread, float(freedom.min())) if spread > 0 else math.inf
    total = sum(one.saving for one in savings.values())
    predicted = sum(one.predicted for one in savings.values())
    return _interval(total, predicted, variance, free, math.nan, level, len(savings))


def _check(level: float) -> None:
    if not 0 < level < 1:
        raise UsageError(f"level={level!r}: a confidence level is between 0 and 1, such as 0.9.")


def _interval(
    saving: float, predicted: float, variance: float, freedom: float, correlation: float, level: float, meters: int
) -> Interval:
    from scipy.stats import t  # here, as it takes a second to load

    error = math.sqrt(variance)
    half = float(t.ppf(0.5 + level / 2, freedom)) * error if freedom > 0 else math.nan
    base = predicted if predicted > 0 else math.nan
    low, high = saving - half, saving + half
    return Interval(
        saving, low, high, saving / base, low / base, high / base, level, error, freedom, correlation, predicted, meters
    )


def _design(savings: Savings) -> tuple[Floats, Floats]:
    """Everything that was fitted, balance points too: both periods' regressors, on a common scale."""
    model = savings.model
    matrix = np.hstack([model.matrix, model.points])
    reporting = np.hstack([model.reporting, model.points_reporting])
    scale = np.sqrt((matrix**2).sum(axis=0))
    scale[scale == 0] = 1.0
    return matrix / scale, reporting / scale


def _billing(savings: Savings) -> tuple[float, float, float]:
    """Variance of the saving, its degrees of freedom and no autocorrelation, from bills."""
    sample = savings.baseline.sample
    matrix, reporting = _design(savings)
    if sample is None or not len(matrix):
        return math.nan, 0.0, 0.0
    rank = int(np.linalg.matrix_rank(matrix))
    freedom = float(len(matrix) - rank)
    if freedom <= 0:
        return math.nan, 0.0, 0.0
    days = (savings.end - savings.start) / DAY
    scatter = float((sample.weights * savings.model.residual**2).sum()) / freedom
    gram = np.linalg.pinv((matrix * sample.weights[:, None]).T @ matrix, hermitian=True)
    wanted = days @ reporting
    return scatter * float(wanted @ gram @ wanted + days.sum()), freedom, 0.0


def _daily(savings: Savings) -> tuple[float, float, float]:
    """Variance of the saving, its degrees of freedom and the autocorrelation of residuals, from days."""
    sample, model = savings.baseline.sample, savings.model
    matrix, reporting = _design(savings)
    count = len(matrix)
    fitted = int(np.linalg.matrix_rank(matrix)) if count else 0
    if sample is None or count - fitted < 2 * ORDERS:
        return math.nan, 0.0, 0.0
    days = (savings.end - savings.start) / DAY
    weights = matrix @ np.linalg.pinv(matrix.T @ matrix, hermitian=True) @ (days @ reporting)
    use, use_reporting = model.matrix @ model.coefficients, model.reporting @ model.coefficients
    scatter, scatter_reporting = _scatter(model.residual, use, use_reporting)
    first = min(int(sample.start[0]), int(savings.start[0]) if len(savings.start) else int(sample.start[0]))
    place, place_reporting = (_places(start, first) for start in (sample.start, savings.start))
    size = 1 + int(max(place.max(), place_reporting.max(initial=0)))
    variance, correlation, freedom = memory(model.residual, scatter, matrix, place, size)
    line = np.zeros(size)
    np.add.at(line, place, weights * scatter)
    np.add.at(line, place_reporting, -days * scatter_reporting)
    spectrum = np.abs(np.fft.rfft(line, 2 * size)) ** 2
    products = np.fft.irfft(spectrum)[:size]
    total = variance * float(products[0] + 2 * products[1:] @ correlation[1:size])
    return max(total, 0.0), float(freedom), float(correlation[1])


def _places(start: Integers, first: int) -> Integers:
    """Give each day its number; one of 23 or 25 hours is a day."""
    return (start - first + DAY // 2) // DAY


def _scatter(residual: Floats, use: Floats, use_reporting: Floats) -> tuple[Floats, Floats]:
    """Scatter of each day, up to a factor: its square is linear in the square of the predicted use, never negative."""
    square, load = residual**2, use**2
    level, slope = float(square.mean()), 0.0
    around = load - load.mean()
    if level <= 0:
        return np.ones(len(use)), np.ones(len(use_reporting))
    if (spread := float(around @ around)) > 0:
        slope = max(float(around @ square) / spread, 0.0)
        slope = min(slope, level / float(load.mean()))  # beyond, days without use would have less than no scatter
    rest = level - slope * float(load.mean())
    found = tuple(np.sqrt(np.maximum(rest + slope * one**2, FLOOR**2 * level)) for one in (use, use_reporting))
    return found[0], found[1]


def _aligned(series: list[Savings]) -> Floats:
    """Residuals of daily baselines, one column a meter of length one, on the days that any of them has."""
    days = [
        (one.baseline.sample.start if one.baseline.sample is not None else np.empty(0, int)) // DAY for one in series
    ]
    every = np.unique(np.concatenate(days))
    found = np.zeros((len(every), len(series)))
    for column, (one, own) in enumerate(zip(series, days, strict=True)):
        values = one.model.residual
        length = math.sqrt(float(values @ values))
        found[np.searchsorted(every, own), column] = values / length if length > 0 else 0.0
    return found
