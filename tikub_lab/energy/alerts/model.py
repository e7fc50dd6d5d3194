"""A meter's usual use, and what is beyond it: a regression that takes up one departure after the other.

Use is what a base and a slope for each kind of day say. Candidates are what could be added to it: heating in some
holidays, a base that rises from some day on. The one that the readings want most is taken up, scatter and memory of
the errors are worked out anew, and so on while the readings want one more. Errors are larger where use is, and days
remember the day before: rows are divided by their scatter and freed of their memory before anything is tested. A
candidate that was chosen among many is tested as one of so many (Bonferroni).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tikub_lab.energy.periods import Floats, Integers

ROUNDS = 4
FLOOR = 0.25
"""Share of the median use that scatter has where use is nothing."""
CLIP = 5.0
"""Standard deviations at which a reading is held to be no farther off."""
PLAIN = 2.0
"""Standard deviations beyond which errors in a row are rather a departure than memory."""
MOST = 8
"""Departures of a meter."""


@dataclass(frozen=True, eq=False)
class Family:
    """Candidates of a kind: daily ``columns`` (n, m), what each adds to the use of each day, up to a positive factor.

    One that is no ``fault`` is there so that nothing else is taken for one. Those whose places are ``together`` may be
    taken up together, by the same factor: where most of them are there, none stands out alone.
    """

    name: str
    columns: Floats
    labels: tuple[Any, ...]
    fault: bool = True
    together: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Departure:
    """A candidate that was taken up: its factor with its standard error, and how many there were to choose from."""

    family: Family
    place: int
    size: float
    error: float
    freedom: float

    @property
    def label(self) -> Any:
        return self.family.labels[self.place]

    def chance(self, inflation: float = 1.0) -> float:
        """Chance that such a departure shows where there is none; `inflation` of what t scatters by beside its due."""
        return float(chance(self.size / self.error / inflation, len(self.family.labels), self.freedom))


@dataclass(frozen=True)
class Fit:
    """Coefficients and what they say of each row, kWh; the ``share`` of it by which rows scatter, and its ``floor``.

    ``memory`` is the correlation of errors from one ``day`` to the next; rows without days have none.
    """

    coefficients: Floats
    fitted: Floats
    share: float
    floor: float
    memory: float
    day: Integers | None

    def scatter(self, use: Floats) -> Floats:
        """Tell the standard deviation of readings that should be of such use."""
        return self.share * np.hypot(use, self.floor)

    def clipped(self, use: Floats) -> Floats:
        """Return use, readings that are far off being brought nearer."""
        most = CLIP * self.scatter(self.fitted)
        return self.fitted + np.clip(use - self.fitted, -most, most)

    def white(self, values: Floats) -> Floats:
        """Divide rows by their scatter and free them of what they remember of the row before."""
        scaled = (values.T / self.scatter(self.fitted)).T
        if self.day is not None and self.memory > 0:
            kept = self.memory ** np.diff(self.day).astype(np.float64)
            scaled[1:] = ((scaled[1:].T - kept * scaled[:-1].T) / np.sqrt(1 - kept * kept)).T
        return scaled


@dataclass(frozen=True)
class Model:
    """The use of a meter, explained by ``daily`` regressors: first the usual ones, then one a departure.

    ``scores`` are the t of all faults on which none was taken up yet: mostly of none.
    """

    daily: Floats
    fit: Fit
    covariance: Floats
    departures: tuple[Departure, ...]
    scores: Floats

    @property
    def expected(self) -> Floats:
        """Use of each day, kWh."""
        return np.asarray(self.daily @ self.fit.coefficients)

    @property
    def usual(self) -> Floats:
        """Use of each day without departures, kWh."""
        return self.expected - self.added(range(len(self.departures)))

    def added(self, departures: Sequence[int]) -> Floats:
        """Sum what some departures add to the use of each day, kWh."""
        columns = self.daily.shape[1] - len(self.departures) + np.array(departures, dtype=np.int64)
        return np.asarray(self.daily[:, columns] @ self.fit.coefficients[columns])


def chance(t: Any, tests: Any, freedom: float) -> Any:
    """Bound the chance that the highest of so many t statistics reaches `t` where there is nothing.

    >>> chance(np.array([1.6448536, 1.6448536]), np.array([1, 2]), 1e9).round(4).tolist()
    [0.05, 0.1]
    """
    from scipy.special import stdtr  # here, as it takes a moment to load

    return np.minimum(1.0, tests * stdtr(max(freedom, 1.0), -t))


def explain(
    use: Floats, usual: Floats, families: Sequence[Family], total: Callable[[Floats], Floats], day: Integers | None,
    level: float = 0.01,
) -> Model | None:  # fmt: skip
    """Explain the use of a meter, kWh of each row, by daily regressors of usual use and departures from it.

    ``total`` adds daily columns up over rows; ``day`` numbers the rows for the memory of errors; those of bills (None)
    are held to be independent. A departure is taken up where its chance is under `level`; what to think of it is
    settled over all meters, later. None where there are too few rows, or no use at all.
    """
    if len(use) < 2 * usual.shape[1] + 4 or not np.any(use > 0):
        return None
    single = [((family, place),) for family in families for place in range(len(family.labels))]
    several = [tuple((family, place) for place in places) for family in families for places in family.together]
    groups = [*single, *several]
    every = [np.sum([family.columns[:, place] for family, place in group], axis=0) for group in groups]
    columns = total(np.column_stack([np.empty((len(usual), 0)), *every]))
    tests = np.array([len(one[0][0].labels) + (len(one) > 1) * len(one[0][0].together) for one in groups])
    daily, rows, chosen, scores = usual, total(usual), list[tuple[Family, int]](), None
    fit = _fitted(use, rows, day)
    while len(chosen) < MOST:
        t = _scores(use, rows, fit, columns)
        scores = t[: len(single)][[one[0][0].fault for one in single]] if scores is None else scores
        t[[any(one in chosen for one in group) for group in groups]] = -np.inf
        odds = chance(t, tests, len(use) - rows.shape[1])
        passed = np.flatnonzero(odds <= level)
        if not len(passed):
            break
        # Sets only where no candidate stands out alone.
        chosen += groups[passed[np.lexsort((-t[passed], odds[passed], passed >= len(single)))[0]]]
        daily = np.column_stack([usual, *(family.columns[:, place] for family, place in chosen)])
        rows = total(daily)
        fit = _fitted(use, rows, day)
    left, right = fit.white(rows), fit.white(fit.clipped(use) - fit.fitted)
    freedom = float(max(len(use) - np.linalg.matrix_rank(left), 1))
    covariance = np.asarray(np.linalg.pinv(left.T @ left, hermitian=True) * float(right @ right) / freedom)
    errors = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    found = zip(chosen, fit.coefficients[usual.shape[1] :].tolist(), errors[usual.shape[1] :].tolist(), strict=True)
    departures = tuple(Departure(*one, size, error, freedom) for one, size, error in found)
    return Model(daily, fit, covariance, departures, np.empty(0) if scores is None else scores[np.isfinite(scores)])


def beside(matrix: Floats, *values: Floats) -> list[Floats]:
    """Return what is left of columns once those of a matrix are taken out of them."""
    q, _ = np.linalg.qr(matrix)
    return [one - q @ (q.T @ one) for one in values]


def _fitted(use: Floats, rows: Floats, day: Integers | None) -> Fit:
    """Fit by least squares, weighted and clipped."""
    count, clipped = rows.shape[1], use
    fit = Fit(np.empty(0), use, 1.0, FLOOR * float(np.median(np.abs(use[use != 0]))), 0.0, day)
    for _ in range(ROUNDS):
        coefficients = np.linalg.lstsq(fit.white(rows), fit.white(clipped), rcond=None)[0].astype(np.float64)
        fitted = rows @ coefficients
        far = np.abs(use - fitted) / np.hypot(fitted, fit.floor)
        share = 1.4826 * float(np.median(far)) * np.sqrt(len(use) / max(len(use) - count, 1))
        fit = replace(fit, coefficients=coefficients, fitted=fitted, share=max(share, 1e-4))
        clipped = fit.clipped(use)
        if day is not None:
            fit = replace(fit, memory=_memory((use - fitted) / fit.scatter(fitted), day, count))
    return fit


def _memory(errors: Floats, day: Integers, parameters: int) -> float:
    """Estimate the correlation from one day to the next, with what the fit took out of it; odd days hardly count."""
    errors = np.clip(errors, -PLAIN, PLAIN)
    follow = np.diff(day) == 1
    if follow.sum() < 30:
        return 0.0
    early, late = errors[:-1][follow], errors[1:][follow]
    found = float((early * late).sum() / max(float((errors**2).mean()) * follow.sum(), 1e-12))
    return float(np.clip(found + (1 + parameters * (1 - found)) / len(errors), 0.0, 0.95))


def _scores(use: Floats, rows: Floats, fit: Fit, columns: Floats) -> Floats:
    """Return the t that each of some columns would have beside a fit."""
    left, candidates = fit.white(rows), fit.white(columns)
    right, free = beside(left, fit.white(fit.clipped(use) - fit.fitted), candidates)
    noise = float(np.sqrt(right @ right / max(len(use) - rows.shape[1], 1)))
    length, rest = (np.sqrt((one**2).sum(axis=0)) for one in (candidates, free))
    t = right @ free / np.maximum(rest, 1e-300) / max(noise, 1e-300)
    return np.where(rest > 1e-3 * length, t, -np.inf)
