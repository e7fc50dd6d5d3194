"""The search over balance points: every candidate model of many meters at once, in closed form.

CalTRACK 2.0 (3.2 to 3.4) tries usage against nothing, against heating degree days, cooling degree days, or both, for
each balance point or pair of them, drops candidates with too few degree days or a negative coefficient, and keeps the
highest adjusted R². With usage and degree days centred, the least squares of one or two variables have a solution in
a line: the sums of products are made once for all balance points, and meters that share their days and temperatures
share them too.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

MODELS = ("intercept_only", "hdd_only", "cdd_only", "cdd_hdd")

NEAR = 1e-9
"""Candidates this close to the best adjusted R² are worked out again by orthogonal decomposition."""
TIE = 1e-13
"""Adjusted R² that only rounding tells apart: the first candidate is kept, the simplest one then the lowest points."""
SINGULAR = 1e-12
"""Share of variance left to one kind of degree days by the other under which their pair can't be told apart."""
CHUNK = 64
"""Meters whose candidates are held at a time, so that arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Rules:
    """What makes a candidate worth trying.

    Attributes
    ----------
    min_nonzero : int
        Periods with degree days, at least (CalTRACK 3.2.2.1): 10, or 0 for bills.
    min_total : float
        Degree days in all, °F·day, at least: 20.
    cooling : bool
        Whether models with cooling are tried: not for gas.
    """

    min_nonzero: int = 10
    min_total: float = 20.0
    cooling: bool = True


@dataclass(frozen=True)
class Data:
    """Usable periods of meters that share their days and temperatures.

    Attributes
    ----------
    heating, cooling : array (n periods, balance points)
        Degree days per day.
    heating_points, cooling_points : array
        Balance points of the columns, °F, increasing.
    weights : array of n floats
        1 a day; for bills, the days kept.
    """

    heating: Floats
    cooling: Floats
    heating_points: Floats
    cooling_points: Floats
    weights: Floats


@dataclass(frozen=True)
class Found:
    """The model kept for one meter.

    Attributes
    ----------
    model : str or None
        One of `MODELS`; None where no candidate qualifies.
    coefficients : tuple of float
        Intercept, then the slopes: heating, cooling, as far as the model has them.
    heating, cooling : int or None
        Columns of the balance points.
    r2_adj : float
    qualified, disqualified, not_attempted : int
        How many candidates there were of each.
    """

    model: str | None
    coefficients: tuple[float, ...]
    heating: int | None
    cooling: int | None
    r2_adj: float
    qualified: int
    disqualified: int
    not_attempted: int


@dataclass(frozen=True)
class _Moments:
    """Centred sums of products, made once for all meters of a group, and the candidates in the order of preference."""

    size: int
    mean_h: Floats
    mean_c: Floats
    centred_h: Floats
    centred_c: Floats
    shh: Floats
    scc: Floats
    h: Integers
    c: Integers
    pair_h: Integers
    pair_c: Integers
    pair_hc: Floats
    determinant: Floats
    tried: int


def search(data: Data, usage: Floats, rules: Rules) -> list[Found]:
    """Find the best model of each meter.

    Parameters
    ----------
    data : Data
    usage : array (n periods, m meters)
        Use per day, nothing missing.
    rules : Rules

    Returns
    -------
    list of m Found
    """
    moments = _moments(data, rules)
    found: list[Found] = []
    for start in range(0, usage.shape[1], CHUNK):
        found.extend(_search_chunk(data, moments, usage[:, start : start + CHUNK]))
    return found


def _moments(data: Data, rules: Rules) -> _Moments:
    weights = data.weights[:, None]
    size, all_weight = len(data.weights), float(data.weights.sum())
    means, centred, variance, columns = [], [], [], []
    for degree_days, used in ((data.heating, True), (data.cooling, rules.cooling)):
        enough = ((weights * degree_days).sum(axis=0) >= rules.min_total) & (
            (degree_days > 0).sum(axis=0) >= rules.min_nonzero
        )
        mean = (weights * degree_days).sum(axis=0) / all_weight
        around = degree_days - mean
        spread = (weights * around**2).sum(axis=0)
        # Two coefficients need three periods, and a variable that moves.
        enough &= used & (size >= 3) & (spread > 1e-20 * np.maximum(mean, 1.0) ** 2 * all_weight)
        means.append(mean)
        centred.append(around)
        variance.append(spread)
        columns.append(np.flatnonzero(enough))
    h, c = columns
    # Cooling outside, heating inside: the order in which ties are settled.
    pair_c, pair_h = np.meshgrid(c, h, indexing="ij") if size >= 4 else (np.empty(0, int), np.empty(0, int))
    pair_c, pair_h = pair_c.ravel(), pair_h.ravel()
    allowed = data.heating_points[pair_h] <= data.cooling_points[pair_c]
    pair_c, pair_h = pair_c[allowed], pair_h[allowed]
    cross = (centred[0] * weights).T @ centred[1] if len(pair_h) else np.zeros((len(means[0]), len(means[1])))
    product = variance[0][pair_h] * variance[1][pair_c]
    determinant = product - cross[pair_h, pair_c] ** 2
    solvable = determinant > SINGULAR * product
    pair_c, pair_h, determinant = pair_c[solvable], pair_h[solvable], determinant[solvable]
    return _Moments(
        size=size,
        mean_h=means[0],
        mean_c=means[1],
        centred_h=centred[0],
        centred_c=centred[1],
        shh=variance[0],
        scc=variance[1],
        h=h,
        c=c,
        pair_h=pair_h,
        pair_c=pair_c,
        pair_hc=cross[pair_h, pair_c],
        determinant=determinant,
        tried=_candidates(data, rules),
    )


def _candidates(data: Data, rules: Rules) -> int:
    """Count the candidates that the balance points make, tried or not."""
    heating, cooling = data.heating_points, data.cooling_points
    pairs = int((heating[:, None] <= cooling[None, :]).sum())
    return 1 + len(heating) + (len(cooling) + pairs if rules.cooling else 0)


def _search_chunk(data: Data, moments: _Moments, usage: Floats) -> list[Found]:
    weights = data.weights[:, None]
    mean = (weights * usage).sum(axis=0) / data.weights.sum()
    around = usage - mean
    total = (weights * around**2).sum(axis=0)
    # A flat meter has no variance to explain: what is left of it is rounding.
    flat = total <= (4 * np.finfo(float).eps * np.abs(mean)) ** 2 * data.weights.sum()
    adjusted, qualified = _scores(moments, weights * around, mean, np.where(flat, 1.0, total))
    adjusted[1:, flat] = -np.inf
    adjusted[~qualified] = -np.inf
    best = adjusted.max(axis=0)
    attempts = len(adjusted)
    counts = qualified.sum(axis=0)
    found = []
    for meter in range(usage.shape[1]):
        numbers = (int(counts[meter]), attempts - int(counts[meter]), moments.tried - attempts)
        if not np.isfinite(best[meter]):
            found.append(Found(None, (), None, None, np.nan, *numbers))
            continue
        near = np.flatnonzero(adjusted[:, meter] >= best[meter] - NEAR)
        fits = [_refit(data, moments, int(place), usage[:, meter]) for place in near]
        top = max(fit[-1] for fit in fits)
        found.append(Found(*next(fit for fit in fits if fit[-1] >= top - TIE), *numbers))
    return found


def _scores(moments: _Moments, weighted: Floats, mean: Floats, total: Floats) -> tuple[Floats, Booleans]:
    """Score each candidate (rows, in order of preference) and meter: adjusted R², and whether its signs are right."""
    size, h, c, pair_h, pair_c = moments.size, moments.h, moments.c, moments.pair_h, moments.pair_c
    shy, scy = moments.centred_h.T @ weighted, moments.centred_c.T @ weighted
    ends = np.cumsum([1, len(h), len(c), len(pair_h)])
    adjusted, qualified = np.zeros((ends[-1], len(mean))), np.ones((ends[-1], len(mean)), dtype=bool)
    qualified[0] = mean >= 0
    for rows, columns, sxy, sxx, means in (
        (slice(1, ends[1]), h, shy, moments.shh, moments.mean_h),
        (slice(ends[1], ends[2]), c, scy, moments.scc, moments.mean_c),
    ):
        slope = sxy[columns] / sxx[columns, None]
        explained = slope * sxy[columns] / total
        adjusted[rows] = 1 - (size - 1) / max(size - 2, 1) * (1 - explained)
        qualified[rows] = (slope >= 0) & (mean - slope * means[columns, None] >= 0)
    if len(pair_h):
        rows, shy, scy = slice(ends[2], ends[3]), shy[pair_h], scy[pair_c]
        cross, determinant = moments.pair_hc[:, None], moments.determinant[:, None]
        heating = (moments.scc[pair_c, None] * shy - cross * scy) / determinant
        cooling = (moments.shh[pair_h, None] * scy - cross * shy) / determinant
        adjusted[rows] = 1 - (size - 1) / (size - 3) * (1 - (heating * shy + cooling * scy) / total)
        intercept = mean - heating * moments.mean_h[pair_h, None] - cooling * moments.mean_c[pair_c, None]
        qualified[rows] = (heating >= 0) & (cooling >= 0) & (intercept >= 0)
    return adjusted, qualified


def _refit(
    data: Data, moments: _Moments, place: int, usage: Floats
) -> tuple[str, tuple[float, ...], int | None, int | None, float]:
    """Fit one candidate by orthogonal decomposition, which loses no digits to the closed form."""
    heating, cooling = _columns(moments, place)
    model = MODELS[(heating is not None) + 2 * (cooling is not None)]
    columns = [np.ones(len(usage))]
    if heating is not None:
        columns.append(data.heating[:, heating])
    if cooling is not None:
        columns.append(data.cooling[:, cooling])
    mean = float((data.weights * usage).sum() / data.weights.sum())
    if len(columns) == 1:
        return model, (mean,), None, None, 0.0
    root = np.sqrt(data.weights)
    matrix = np.stack(columns, axis=1) * root[:, None]
    scale = np.sqrt((matrix**2).sum(axis=0))
    scaled, *_ = np.linalg.lstsq(matrix / scale, usage * root, rcond=None)
    coefficients = scaled / scale
    left = float(((usage * root - matrix @ coefficients) ** 2).sum())
    total = float((data.weights * (usage - mean) ** 2).sum())
    r2_adj = 1 - (len(usage) - 1) / (len(usage) - len(columns)) * left / total
    return model, tuple(float(value) for value in coefficients), heating, cooling, r2_adj


def _columns(moments: _Moments, place: int) -> tuple[int | None, int | None]:
    """Return the heating and cooling columns of a candidate."""
    if place == 0:
        return None, None
    place -= 1
    if place < len(moments.h):
        return int(moments.h[place]), None
    place -= len(moments.h)
    if place < len(moments.c):
        return None, int(moments.c[place])
    place -= len(moments.c)
    return int(moments.pair_h[place]), int(moments.pair_c[place])
