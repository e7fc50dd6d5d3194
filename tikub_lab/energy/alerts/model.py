"""A meter's usual use, and what is beyond it: a regression that takes up one departure after the other.

Use is what a base and a slope for each kind of day say. Candidates are what could be added to it: heating in some
holidays, a base that rises from some day on. The one that the readings want most is taken up, scatter and memory of
the errors are worked out anew, and so on while the readings want one more. Errors are larger where use is, and days
remember the day before: rows are divided by their scatter and freed of their memory before anything is tested.

A candidate that was chosen among many, such as a day of change, is tested as what it is, the highest of a random path:
Davies' bound (Biometrika 64, 1977) on the chance that the path goes as high anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tikub_lab.energy.periods import Floats, Integers

ROUNDS = 4
BINS = 4
"""Ranges of use whose scatter is told apart."""
CLIP = 5.0
"""Standard deviations at which a reading is held to be no farther off."""
LOOK, LOOK_PATH = 2.0, 2.5
"""t of the best candidate of a family under which it is not worth a fit: none would pass its test."""
MOST = 8
"""Departures of a meter."""


@dataclass(frozen=True, eq=False)
class Family:
    """Candidates of which one may be taken up at a time.

    Attributes
    ----------
    name : str
    columns : array (n rows, m)
        What each would add to the use of each row, up to a factor that is positive.
    path : bool
        Whether neighbours are alike (days of change), so that the highest is tested; else each is tested, m at once.
    labels : tuple of m objects
    fault : bool
        Whether it is a fault. Others are there so that nothing else is taken for one.
    together : tuple of tuples of int
        Places of candidates that may be taken up together: where most of them are there, none stands out alone.
    """

    name: str
    columns: Floats
    path: bool
    labels: tuple[object, ...]
    fault: bool = True
    together: tuple[tuple[int, ...], ...] = ()

    def members(self, place: int) -> tuple[int, ...]:
        """Candidates at a place: one, or after all single ones those that go together."""
        count = self.columns.shape[1]
        return (place,) if place < count else self.together[place - count]

    def column(self, place: int) -> Floats:
        """Sum what the candidates at a place would add, all by the same factor."""
        return np.asarray(self.columns[:, list(self.members(place))].sum(axis=1), dtype=np.float64)

    def every(self) -> Floats:
        """Columns of all places."""
        sums = [self.column(self.columns.shape[1] + place) for place in range(len(self.together))]
        return np.column_stack([self.columns, *sums])


@dataclass(frozen=True)
class Departure:
    """A candidate that was taken up.

    Attributes
    ----------
    family : Family
    place : int
        Which of its candidates.
    size, error : float
        Its factor, and standard error.
    t : float
    tests : float
        How many the family's candidates count for; see ``length``.
    length : float
        Of a path: half its expected number of crossings, times 2 pi.
    freedom : float
    """

    family: Family
    place: int
    size: float
    error: float
    t: float
    tests: float
    length: float
    freedom: float

    def chance(self, inflation: float = 1.0) -> float:
        """Chance that such a departure shows where there is none; `inflation` of what t scatters by beside its due."""
        return chance(self.t / inflation, self.tests, self.length, self.freedom)


@dataclass(frozen=True)
class Explained:
    """The use of a meter, explained.

    Attributes
    ----------
    coefficients : array of k floats
        Of the regressors of usual use.
    usual : array of n floats
        Use without departures, kWh.
    scatter : array of n floats
        Standard deviation of each row.
    memory : float
        Correlation of errors from one day to the next.
    departures : tuple of Departure
    covariance : array (k + departures, k + departures)
    scores : array of floats
        t of all candidates of paths before any was taken up: mostly of none.
    """

    coefficients: Floats
    usual: Floats
    scatter: Floats
    memory: float
    departures: tuple[Departure, ...]
    covariance: Floats = field(repr=False)
    scores: Floats = field(repr=False)


@dataclass(frozen=True)
class _Fit:
    coefficients: Floats
    fitted: Floats
    scatter: Floats
    memory: float


def chance(t: float, tests: float, length: float, freedom: float) -> float:
    """Bound the chance that the highest of some t statistics reaches `t` where there is nothing.

    Parameters
    ----------
    t : float
    tests : float
        Separate tests (Bonferroni), or separate paths.
    length : float
        Sum over paths of the angles between neighbours, in radians (Davies); 0 for separate tests.
    freedom : float
        Degrees of freedom of t.

    Examples
    --------
    >>> round(chance(1.6448536, 1, 0, 1e9), 4), round(chance(1.6448536, 2, 0, 1e9), 4)
    (0.05, 0.1)
    """
    from scipy.special import ndtri, stdtr  # here, as it takes a moment to load

    tail = float(stdtr(max(freedom, 1.0), -t))
    normal = float(-ndtri(tail)) if tail > 1e-300 else 37.0
    beyond = length * float(np.exp(-normal * normal / 2)) / (2 * np.pi)
    return min(1.0, tests * tail + beyond)


def explain(
    use: Floats, matrix: Floats, families: Sequence[Family], day: Integers | None, level: float = 0.01
) -> Explained | None:
    """Explain the use of a meter.

    Parameters
    ----------
    use : array of n floats
        kWh of each row.
    matrix : array (n, k)
        Regressors of usual use.
    families : sequence of Family
    day : array of n int or None
        Number of each day, for the memory of errors; None for bills, whose errors are held to be independent.
    level : float
        Chance under which a departure is taken up; what to think of it is settled over all meters, later.

    Returns
    -------
    Explained or None
        None where there are too few rows, or no use at all.
    """
    if len(use) < 2 * matrix.shape[1] + 4 or not np.any(use > 0):
        return None
    base = matrix.shape[1]
    chosen: list[tuple[Family, int]] = []
    fit = _fitted(use, matrix, day)
    scores = np.empty(0)
    while len(chosen) < MOST:
        found, seen = _best(use, matrix, fit, families, chosen, day)
        if not chosen:
            scores = seen
        alone = [one for one in found if len(one[0].members(one[1])) == 1]
        sets = [one for one in found if one not in alone and all(family is not one[0] for family, _ in chosen)]
        best = None
        for some in (alone, sets):  # sets only where no candidate stands out alone
            tried = [(*_taken_up(use, matrix, one, day, fit), one) for one in some]
            tried = [item for item in tried if item[0].chance() <= level and item[0].size > 0]
            if tried:
                best = min(tried, key=lambda item: (item[0].chance(), -item[0].t))
                break
        if best is None:
            break
        _, new, one = best
        members = [place for place in one[0].members(one[1]) if (one[0], place) not in chosen]
        chosen += [(one[0], place) for place in members]
        matrix = np.column_stack([matrix, *(one[0].columns[:, place] for place in members)])
        fit = new if len(members) == 1 else _fitted(use, matrix, day, new)
    return _told(use, matrix, base, chosen, fit, day, scores)


def whitened(values: Floats, fit_scatter: Floats, memory: float, day: Integers | None) -> Floats:
    """Divide rows by their scatter and free them of what they remember of the row before."""
    scaled = values / (fit_scatter if values.ndim == 1 else fit_scatter[:, None])
    if day is None or memory <= 0:
        return scaled
    kept = memory ** np.diff(day).astype(np.float64)
    rest = np.sqrt(1 - kept * kept)
    out = scaled.copy()
    if values.ndim == 1:
        out[1:] = (scaled[1:] - kept * scaled[:-1]) / rest
    else:
        out[1:] = (scaled[1:] - kept[:, None] * scaled[:-1]) / rest[:, None]
    return out


def _fitted(use: Floats, matrix: Floats, day: Integers | None, near: _Fit | None = None) -> _Fit:
    """Fit by least squares, weighted and clipped; `near` is a fit to start from."""
    typical = float(np.median(np.abs(use[use != 0])))
    scatter = np.maximum(np.abs(use), 0.2 * typical) * 0.1
    memory, clipped = 0.0, use
    if near is not None:
        scatter, memory = near.scatter, near.memory
        clipped = near.fitted + np.clip(use - near.fitted, -CLIP * scatter, CLIP * scatter)
    for _ in range(ROUNDS if near is None else ROUNDS - 2):
        left = whitened(matrix, scatter, memory, day)
        coefficients, *_ = np.linalg.lstsq(left, whitened(clipped, scatter, memory, day), rcond=None)
        fitted = matrix @ coefficients
        scatter = _scatter(use - fitted, fitted, matrix.shape[1])
        clipped = fitted + np.clip(use - fitted, -CLIP * scatter, CLIP * scatter)
        if day is not None:
            memory = _memory((clipped - fitted) / scatter, day, matrix.shape[1])
    return _Fit(np.asarray(coefficients, dtype=np.float64), np.asarray(fitted, dtype=np.float64), scatter, memory)


def _scatter(residual: Floats, fitted: Floats, parameters: int) -> Floats:
    """Tell the scatter of each row from that of rows of similar use: medians, so that a few odd rows do not count."""
    order = np.argsort(fitted, kind="stable")
    bins = max(1, min(BINS, len(order) // 10))
    rest = len(order) % bins  # of the rows of least use, a few are left out, so that all bins have as many
    table = order[rest:].reshape(bins, -1)
    use = fitted[table[:, table.shape[1] // 2]]
    size = 1.4826 * np.median(np.abs(residual[table]), axis=1)
    size *= np.sqrt(len(residual) / max(len(residual) - parameters, 1))
    overall = float(np.sqrt(np.mean(size**2)))
    least = max(1e-9, 0.02 * overall, 1e-4 * float(np.max(np.abs(fitted))))
    return np.maximum(np.interp(fitted, use, size), least)


def _memory(errors: Floats, day: Integers, parameters: int) -> float:
    """Estimate the correlation from one day to the next, with what the fit took out of it."""
    follow = np.diff(day) == 1
    if follow.sum() < 30:
        return 0.0
    early, late = errors[:-1][follow], errors[1:][follow]
    found = float((early * late).sum() / max(float((errors**2).mean()) * follow.sum(), 1e-12))
    return float(np.clip(found + (1 + parameters * (1 - found)) / len(errors), 0.0, 0.95))


def _best(
    use: Floats,
    matrix: Floats,
    fit: _Fit,
    families: Sequence[Family],
    chosen: list[tuple[Family, int]],
    day: Integers | None,
) -> tuple[list[tuple[Family, int]], Floats]:
    """Find the candidate, and the set of them, of each family that is wanted most; return the t of all on paths."""
    left = whitened(matrix, fit.scatter, fit.memory, day)
    clipped = np.clip(use - fit.fitted, -CLIP * fit.scatter, CLIP * fit.scatter)
    right = whitened(clipped, fit.scatter, fit.memory, day)
    q, _ = np.linalg.qr(left)
    right = right - q @ (q.T @ right)
    noise = float(np.sqrt(right @ right / max(len(use) - matrix.shape[1], 1)))
    found, scores = [], []
    for family in families:
        if not family.columns.shape[1]:
            continue
        columns = whitened(family.every(), fit.scatter, fit.memory, day)
        length = np.sqrt((columns**2).sum(axis=0))
        columns = columns - q @ (q.T @ columns)
        rest = np.sqrt((columns**2).sum(axis=0))
        t = np.where(rest > 1e-3 * length, right @ columns / np.maximum(rest, 1e-300), -np.inf) / max(noise, 1e-300)
        if family.path and family.fault:
            scores.append(t[np.isfinite(t)])
        for other, place in chosen:
            if other is family:
                t[[where for where in range(len(t)) if place in family.members(where)]] = -np.inf
        least, count = LOOK_PATH if family.path else LOOK, family.columns.shape[1]
        for first, part in ((0, t[:count]), (count, t[count:])):
            if len(part) and part.max() > least:
                found.append((family, first + int(part.argmax())))
    return found, np.concatenate(scores) if scores else np.empty(0)


def _taken_up(
    use: Floats, matrix: Floats, one: tuple[Family, int], day: Integers | None, near: _Fit
) -> tuple[Departure, _Fit]:
    """Fit with a candidate, and test it there."""
    family, place = one
    full = np.column_stack([matrix, family.column(place)])
    fit = _fitted(use, full, day, near)
    return _departures(use, full, [one], fit, day)[0][0], fit


def _departures(
    use: Floats, matrix: Floats, chosen: Sequence[tuple[Family, int]], fit: _Fit, day: Integers | None
) -> tuple[list[Departure], Floats]:
    """Test the last columns of a fit."""
    left = whitened(matrix, fit.scatter, fit.memory, day)
    clipped = np.clip(use - fit.fitted, -CLIP * fit.scatter, CLIP * fit.scatter)
    freedom = float(max(len(use) - np.linalg.matrix_rank(left), 1))
    right = whitened(clipped, fit.scatter, fit.memory, day)
    covariance = np.linalg.pinv(left.T @ left, hermitian=True) * float(right @ right) / freedom
    first, found = matrix.shape[1] - len(chosen), []
    for number, (family, place) in enumerate(chosen):
        error = float(np.sqrt(max(covariance[first + number, first + number], 0.0)))
        size = float(fit.coefficients[first + number])
        t = size / error if error > 0 else 0.0
        tests, length = _tests(family, place, left[:, :first], fit, day)
        found.append(Departure(family, place, size, error, t, tests, length, freedom))
    return found, np.asarray(covariance, dtype=np.float64)


def _tests(family: Family, place: int, left: Floats, fit: _Fit, day: Integers | None) -> tuple[float, float]:
    """Count what the candidates of a family amount to: separate tests, or paths of some length."""
    if not family.path:
        count = family.columns.shape[1]
        return float(count + (len(family.together) if place >= count else 0)), 0.0
    columns = whitened(family.columns, fit.scatter, fit.memory, day)
    q, _ = np.linalg.qr(left)
    columns = columns - q @ (q.T @ columns)
    columns = columns / np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-300)
    shapes = np.array([label[1] for label in family.labels])  # type: ignore[index]
    alike = shapes[1:] == shapes[:-1]
    turns = np.arccos(np.clip((columns[:, 1:] * columns[:, :-1]).sum(axis=0), -1, 1))
    return float(1 + (~alike).sum()), float(turns[alike].sum())


def _told(
    use: Floats,
    matrix: Floats,
    base: int,
    chosen: list[tuple[Family, int]],
    fit: _Fit,
    day: Integers | None,
    scores: Floats,
) -> Explained:
    departures, covariance = _departures(use, matrix, chosen, fit, day)
    usual = matrix[:, :base] @ fit.coefficients[:base]
    return Explained(fit.coefficients[:base], usual, fit.scatter, fit.memory, tuple(departures), covariance, scores)
