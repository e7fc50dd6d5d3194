"""A meter's usual use, and what is beyond it: a regression that takes up one departure after the other.

Use is what a base and a slope for each kind of day say. Candidates are what could be added to it: heating in some
holidays, a base that rises from some day on. The one that the readings want most is taken up, scatter and memory of
the errors are worked out anew, and so on while the readings want one more. Errors are larger where use is, and days
remember the day before: rows are divided by their scatter and freed of their memory before anything is tested.

A candidate that was chosen among many, such as a day of change, is tested as what it is, the highest of a random path:
Davies' bound (Biometrika 64, 1977) on the chance that the path goes as high anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

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

    ``columns`` (n rows, m) are what each would add to the use of each row, up to a factor that is positive. On a
    ``path`` neighbours are alike (days of change), so that the highest is tested; else each is, m at once. One that is
    no ``fault`` is there so that nothing else is taken for one. Those whose places are ``together`` may be taken up
    together, by the same factor: where most of them are there, none stands out alone.
    """

    name: str
    columns: Floats
    path: bool
    labels: tuple[Any, ...]
    fault: bool = True
    together: tuple[tuple[int, ...], ...] = ()

    def members(self, place: int) -> tuple[int, ...]:
        """Candidates at a place: one, or after all single ones those that go together."""
        count = self.columns.shape[1]
        return (place,) if place < count else self.together[place - count]

    def column(self, place: int) -> Floats:
        """Sum what the candidates at a place would add, all by the same factor."""
        return np.asarray(self.columns[:, list(self.members(place))].sum(axis=1), dtype=np.float64)


Candidate = tuple[Family, int]


@dataclass(frozen=True)
class Departure:
    """A candidate that was taken up: its factor with its standard error, and what :func:`chance` asks for."""

    family: Family
    place: int
    size: float
    error: float
    t: float
    tests: float
    length: float
    freedom: float

    @property
    def label(self) -> Any:
        return self.family.labels[self.place]

    @property
    def column(self) -> Floats:
        return self.family.columns[:, self.place]

    def chance(self, inflation: float = 1.0) -> float:
        """Chance that such a departure shows where there is none; `inflation` of what t scatters by beside its due."""
        return chance(self.t / inflation, self.tests, self.length, self.freedom)


@dataclass(frozen=True)
class Fit:
    """Coefficients and what they say of each row, kWh; its standard deviation; the memory of errors from day to day."""

    coefficients: Floats
    fitted: Floats
    scatter: Floats
    memory: float
    day: Integers | None

    def clipped(self, use: Floats) -> Floats:
        """Return use, readings that are far off being brought nearer."""
        return self.fitted + np.clip(use - self.fitted, -CLIP * self.scatter, CLIP * self.scatter)

    def white(self, values: Floats) -> Floats:
        """Divide rows by their scatter and free them of what they remember of the row before."""
        scaled = (values.T / self.scatter).T
        if self.day is None or self.memory <= 0:
            return scaled
        kept = self.memory ** np.diff(self.day).astype(np.float64)
        scaled[1:] = ((scaled[1:].T - kept * scaled[:-1].T) / np.sqrt(1 - kept * kept)).T
        return scaled


@dataclass(frozen=True)
class Explained:
    """The use of a meter, explained: the fit, of the usual regressors first, and the departures, whose factors follow.

    ``usual`` is use without departures, ``scores`` the t of all candidates of paths before any was taken up: mostly of
    none.
    """

    fit: Fit
    usual: Floats
    departures: tuple[Departure, ...]
    covariance: Floats
    scores: Floats


def chance(t: float, tests: float, length: float, freedom: float) -> float:
    """Bound the chance that the highest of some t statistics, of such freedom, reaches `t` where there is nothing.

    ``tests`` counts separate tests (Bonferroni), or separate paths; ``length`` is the sum over paths of the angles
    between neighbours, in radians (Davies), 0 for separate tests.

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
    """Explain the use of a meter, kWh of each row, by regressors of usual use (n, k) and departures from it.

    ``day`` numbers the rows for the memory of errors; those of bills (None) are held to be independent. A departure is
    taken up where its chance is under `level`; what to think of it is settled over all meters, later. None where there
    are too few rows, or no use at all.
    """
    base = matrix.shape[1]
    if len(use) < 2 * base + 4 or not np.any(use > 0):
        return None
    chosen: list[Candidate] = []
    fit, scores = _fitted(use, matrix, day), None
    while len(chosen) < MOST:
        found, seen = _best(use, matrix, fit, families, chosen)
        scores = seen if scores is None else scores
        alone = [one for one in found if len(one[0].members(one[1])) == 1]
        sets = [one for one in found if one not in alone and all(family is not one[0] for family, _ in chosen)]
        tried: list[tuple[Departure, Fit]] = []
        for some in (alone, sets):  # sets only where no candidate stands out alone
            tried = tried or [_taken_up(use, matrix, one, fit) for one in some]
            tried = [(one, new) for one, new in tried if one.chance() <= level and one.size > 0]
        if not tried:
            break
        one, new = min(tried, key=lambda item: (item[0].chance(), -item[0].t))
        members = [place for place in one.family.members(one.place) if (one.family, place) not in chosen]
        chosen += [(one.family, place) for place in members]
        matrix = np.column_stack([matrix, *(one.family.columns[:, place] for place in members)])
        fit = new if len(members) == 1 else _fitted(use, matrix, day, new)
    departures, covariance = _departures(use, matrix, chosen, fit)
    usual = matrix[:, :base] @ fit.coefficients[:base]
    return Explained(fit, usual, tuple(departures), covariance, np.empty(0) if scores is None else scores)


def beside(matrix: Floats, *values: Floats) -> list[Floats]:
    """Return what is left of columns once those of a matrix are taken out of them."""
    q, _ = np.linalg.qr(matrix)
    return [one - q @ (q.T @ one) for one in values]


def _fitted(use: Floats, matrix: Floats, day: Integers | None, near: Fit | None = None) -> Fit:
    """Fit by least squares, weighted and clipped; `near` is a fit to start from."""
    clipped, count = use, matrix.shape[1]
    if near is None:
        typical = float(np.median(np.abs(use[use != 0])))
        fit = Fit(np.empty(0), use, np.maximum(np.abs(use), 0.2 * typical) * 0.1, 0.0, day)
    else:
        fit, clipped = near, near.clipped(use)
    for _ in range(ROUNDS if near is None else ROUNDS - 2):
        solved, *_ = np.linalg.lstsq(fit.white(matrix), fit.white(clipped), rcond=None)
        coefficients = np.asarray(solved, dtype=np.float64)
        fitted = matrix @ coefficients
        fit = Fit(coefficients, fitted, _scatter(use - fitted, fitted, count), fit.memory, day)
        clipped = fit.clipped(use)
        if day is not None:
            fit = replace(fit, memory=_memory((clipped - fitted) / fit.scatter, day, count))
    return fit


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
    use: Floats, matrix: Floats, fit: Fit, families: Sequence[Family], chosen: list[Candidate]
) -> tuple[list[Candidate], Floats]:
    """Find the candidate, and the set of them, of each family that is wanted most; return the t of all on paths."""
    left = fit.white(matrix)
    (right,) = beside(left, fit.white(fit.clipped(use) - fit.fitted))
    noise = float(np.sqrt(right @ right / max(len(use) - matrix.shape[1], 1)))
    found, scores = [], [np.empty(0)]
    for family in families:
        count = family.columns.shape[1]
        places = range(count + len(family.together))
        if not count:
            continue
        columns = fit.white(np.column_stack([family.columns, *map(family.column, places[count:])]))
        length = np.sqrt((columns**2).sum(axis=0))
        (columns,) = beside(left, columns)
        rest = np.sqrt((columns**2).sum(axis=0))
        t = np.where(rest > 1e-3 * length, right @ columns / np.maximum(rest, 1e-300), -np.inf) / max(noise, 1e-300)
        if family.path and family.fault:
            scores.append(t[np.isfinite(t)])
        taken = {place for other, place in chosen if other is family}
        if taken:
            t[[place for place in places if taken.intersection(family.members(place))]] = -np.inf
        for part in (slice(0, count), slice(count, None)):
            if t[part].max(initial=-np.inf) > (LOOK_PATH if family.path else LOOK):
                found.append((family, part.start + int(t[part].argmax())))
    return found, np.concatenate(scores)


def _taken_up(use: Floats, matrix: Floats, one: Candidate, near: Fit) -> tuple[Departure, Fit]:
    """Fit with a candidate, and test it there."""
    full = np.column_stack([matrix, one[0].column(one[1])])
    fit = _fitted(use, full, near.day, near)
    return _departures(use, full, [one], fit)[0][0], fit


def _departures(use: Floats, matrix: Floats, chosen: Sequence[Candidate], fit: Fit) -> tuple[list[Departure], Floats]:
    """Test the last columns of a fit."""
    left = fit.white(matrix)
    freedom = float(max(len(use) - np.linalg.matrix_rank(left), 1))
    right = fit.white(fit.clipped(use) - fit.fitted)
    covariance = np.linalg.pinv(left.T @ left, hermitian=True) * float(right @ right) / freedom
    first = matrix.shape[1] - len(chosen)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    found = []
    for number, (family, place) in enumerate(chosen, first):
        size, error = float(fit.coefficients[number]), float(errors[number])
        t = size / error if error > 0 else 0.0
        found.append(Departure(family, place, size, error, t, *_tests(family, place, left[:, :first], fit), freedom))
    return found, np.asarray(covariance, dtype=np.float64)


def _tests(family: Family, place: int, left: Floats, fit: Fit) -> tuple[float, float]:
    """Count what the candidates of a family amount to: separate tests, or paths of some length."""
    if not family.path:
        count = family.columns.shape[1]
        return float(count + (len(family.together) if place >= count else 0)), 0.0
    (columns,) = beside(left, fit.white(family.columns))
    columns = columns / np.maximum(np.sqrt((columns**2).sum(axis=0)), 1e-300)
    shapes = np.array([label[1] for label in family.labels])
    alike = shapes[1:] == shapes[:-1]
    turns = np.arccos(np.clip((columns[:, 1:] * columns[:, :-1]).sum(axis=0), -1, 1))
    return float(1 + (~alike).sum()), float(turns[alike].sum())
