"""How alike the errors of a daily model are from one day to the next, seen through the residuals of its fit."""

import math

import numpy as np
import numpy.typing as npt

from tikub_lab.energy.periods import Floats, Integers

LEAST_ORDER, ORDERS = 2, 7
"""Days that an autoregression looks back, at least and at most."""
ROUNDS = 3
"""How often the memory of residuals and what the fit took out of it are worked out in turn."""


def memory(
    residual: Floats, scatter: Floats, matrix: Floats, place: Integers, size: int
) -> tuple[float, Floats, float]:
    """Estimate how errors vary and how long they remember, from the residuals of a fit.

    Products of residuals are compared with those of their scatter, so that calm days, of which the residuals are mostly
    errors of the fit, count for little. Fitting takes the slow part out of residuals, and their products are too small:
    by how much follows from the regressors once the autocorrelation is known. Both are worked out in turn.

    Parameters
    ----------
    residual, scatter : array of n floats
        Residuals of the fit, and the scatter expected of each, up to a factor.
    matrix : array (n, k)
        Regressors of the fit.
    place : array of n int
        Number of the day of each, increasing.
    size : int
        How many autocorrelations are wanted, at least.

    Returns
    -------
    variance : float
        Of errors, in units of the square of their scatter.
    correlation : array of floats
        From day 0 on.
    freedom : float
        Degrees of freedom of the sum of all autocovariances.
    """
    place = place - place.min()
    span = int(place.max()) + 1
    lags = np.arange(min(ORDERS, span - 1) + 1)
    expected, products = _products(scatter, place, lags), _products(residual, place, lags)
    seen = np.logical_and.accumulate(expected >= expected[0] / 2)  # lags must follow each other
    lags, expected = lags[seen], expected[seen]
    raw = products[seen] / expected
    correlation = np.zeros(max(size, span, ORDERS + 1))
    correlation[0] = 1.0
    if raw[0] <= 0:
        return 0.0, correlation, float(len(residual))
    gain = matrix @ np.linalg.pinv(matrix.T @ matrix, hermitian=True)
    weighted = scatter[:, None] * matrix
    scaled = np.fft.rfft(_on_days(weighted, place), 2 * span, axis=0)
    pairs = [_pairs(place, int(lag)) for lag in lags]
    square = scatter**2
    # Uneven scatter leaves fewer days that count; and so do the parameters.
    count = max(float(square.sum()) ** 2 / float((square**2).sum()) - matrix.shape[1], 2.0)
    covariance, order = raw, _autoregression(raw, count)
    for _ in range(ROUNDS):
        correlation = _extended(covariance, order, len(correlation))
        spread = scatter[:, None] * _spread(correlation[:span], scaled)[place]
        both = gain @ (matrix.T @ spread)
        lost = np.array([_lost(gain, spread, both, *pair) for pair in pairs]) / expected
        covariance = raw + raw[0] / max(1 - lost[0], 0.2) * lost
        order = _autoregression(covariance, count)
    correlation = _extended(covariance, order, len(correlation))
    return float(covariance[0]), correlation, _freedom(covariance, order, count)


def _products(values: Floats, place: Integers, lags: Integers) -> Floats:
    """Sum the products of the values of days so far apart."""
    line = _on_days(values, place)
    return np.array([line[lag:] @ line[: len(line) - lag] for lag in lags])


def _on_days(values: Floats, place: Integers) -> Floats:
    """Lay values out day by day, with nothing on days that have none."""
    line = np.zeros((int(place.max()) + 1, *values.shape[1:]))
    line[place] = values
    return line


def _spread(correlation: Floats, transformed: npt.NDArray[np.complex128]) -> Floats:
    """Multiply by the matrix of the correlations of all days, which is a convolution."""
    span = len(correlation)
    around = np.concatenate([correlation, [0.0], correlation[:0:-1]])
    return np.fft.irfft(np.fft.rfft(around)[:, None] * transformed, axis=0)[:span]


def _pairs(place: Integers, lag: int) -> tuple[Integers, Integers]:
    """Find the pairs of days so far apart."""
    later = np.minimum(np.searchsorted(place, place + lag), len(place) - 1)
    early = np.flatnonzero(place[later] == place + lag)
    return early, later[early]


def _lost(gain: Floats, spread: Floats, both: Floats, early: Integers, late: Integers) -> float:
    """Sum, over pairs of days, the covariances of errors less those of residuals."""
    crossed = gain[early] * (spread[late] - both[late]) + spread[early] * gain[late]
    return float(crossed.sum())


def _extended(covariance: Floats, order: Floats, size: int) -> Floats:
    """Autocorrelations at all lags: those known, then as the autoregression goes on."""
    found = np.zeros(size)
    known = min(len(order) + 1, size)
    found[:known] = covariance[:known] / covariance[0]
    for lag in range(known, size if len(order) else known):
        found[lag] = order @ found[lag - 1 : lag - 1 - len(order) : -1] if lag > len(order) else 0.0
        if lag > 10 * ORDERS and np.abs(found[lag - ORDERS : lag]).max() < 1e-6:
            break
    return found


def _autoregression(covariance: Floats, count: float) -> Floats:
    """Solve the Yule-Walker equations for each order (Levinson's recursion), and keep that of the least BIC.

    At least two days are looked back on: what is seen of one alone is too short a memory for errors that mix several.
    """
    best: Floats = np.empty(0)
    found, rest, least = best, float(covariance[0]), math.inf
    for order in range(1, len(covariance)):
        new = (float(covariance[order]) - float(found @ covariance[order - 1 : 0 : -1])) / rest
        if abs(new) >= 1:
            break
        found = np.append(found - new * found[::-1], new)
        rest *= 1 - new * new
        criterion = math.log(rest) * count + order * math.log(count)
        if criterion < least or order <= LEAST_ORDER:
            best, least = found, criterion
    return best


def _toeplitz(covariance: Floats, order: int) -> Floats:
    return covariance[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]


def _freedom(covariance: Floats, order: Floats, count: float) -> float:
    """Degrees of freedom of the long-run variance: twice its square over its own variance, by the delta method."""
    if not len(order):
        return count
    rest = 1 - float(order @ covariance[1 : len(order) + 1]) / covariance[0]
    ones = np.ones(len(order))
    sharp = float(ones @ np.linalg.pinv(_toeplitz(covariance, len(order)) / covariance[0], hermitian=True) @ ones)
    return float(count) / (1 + 2 * max(rest * sharp, 0.0) / max(1 - float(order.sum()), 0.05) ** 2)
