"""What a lycée's meter uses on days of lessons, on weekends and in holidays: one model for daily readings and bills.

Use per day is a base load and a heating slope below a balance point, each of them different on weekends and in
holidays. A bill has days of all kinds: what enters is the share of each kind among its days, and the degree days that
fell on them. Without this, a summer without pupils is taken for a summer without cold, and a model of monthly bills
misses ASHRAE Guideline 14 where it need not.

Which of these terms a meter's bills can tell is chosen by the Bayesian information criterion (Schwarz 1978), as is the
balance point; candidates with a negative base or slope are not kept. A public holiday is a day of weekend.

A bill of January is off by more kilowatt-hours than one of July. Where the residuals say so, periods weigh by the
inverse square of their use: else the calm summers would pass for precision of the winters.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tikub_lab.energy.caltrack import Kind
from tikub_lab.energy.days import HOLIDAY, KINDS, LESSONS, WEEKEND
from tikub_lab.energy.occupancy.days import Design
from tikub_lab.energy.periods import DAY, Floats, Periods
from tikub_lab.energy.quality import passes, quality
from tikub_lab.energy.savings import Model, Savings, laid_out
from tikub_lab.energy.uncertainty import of_days

FLOOR = 0.2
"""Where scatter follows use, least scatter of a period: that of this share of the mean use."""
NESTED: dict[Kind, Sequence[tuple[str, ...]]] = {
    "daily": (("weekend", "holiday"), ("weekend", "holiday", "heat", "heat weekend", "heat holiday")),
    "billing": (
        (), ("holiday",), ("weekend", "holiday"), ("heat",), ("heat", "holiday"), ("weekend", "holiday", "heat"),
        ("holiday", "heat", "heat holiday"), ("weekend", "holiday", "heat", "heat holiday"),
    ),
}  # fmt: skip
"""The terms that days and bills may tell. Bills know no slope of weekends: every month has as many of them."""


@dataclass(frozen=True)
class Use:
    """A fitted model.

    ``terms`` are those of `NESTED` that it has, ``coefficients`` the base of days of lessons, then theirs; ``point`` is
    the balance point (°C; not a number without heating), ``place`` its place among the design's (-1 for none).
    ``matrix`` and ``shift`` have the regressors and how use moves with the balance point, ``residual`` is in kWh a
    day, ``scatter`` what residuals scatter by, up to a factor; ``cv_rmse`` and ``nmbe`` are those of the periods'
    totals.
    """

    terms: tuple[str, ...]
    coefficients: Floats
    point: float
    place: int
    cv_rmse: float
    nmbe: float
    matrix: Floats = field(repr=False)
    shift: Floats = field(repr=False)
    residual: Floats = field(repr=False)
    scatter: Floats = field(repr=False)
    design: Design = field(repr=False)

    @property
    def passes(self) -> bool:
        """Whether it keeps to ASHRAE Guideline 14."""
        return passes(self.design.kind, self.cv_rmse, self.nmbe)

    def contrast(self, what: str, kind: str) -> Floats:
        """Weights of the coefficients that make the « base » or the « slope » of a kind of day."""
        own = {LESSONS: "", WEEKEND: "weekend", HOLIDAY: "holiday"}[kind]
        wanted = {"base": ("", own), "slope": ("heat", f"heat {own}")}[what]
        return np.array([float(term in wanted) for term in ("", *self.terms)])

    def value(self, what: str, kind: str) -> float:
        """Return the base (kWh a day) or slope (kWh per °C and day) of a kind of day; 0 where there is none."""
        return float(self.contrast(what, kind) @ self.coefficients)

    def covariance(self) -> tuple[Floats, float]:
        """Covariance of the coefficients and of the balance point, and the degrees of freedom that are left.

        The balance point comes last, in °C, where the model has one. Errors of days in a row are alike
        (:func:`tikub_lab.energy.uncertainty.of_days`); those of bills are independent.
        """
        days, day = self.design.days, self.design.start
        matrix = np.hstack([self.matrix, self.shift]) * (np.sqrt(days) / self.scatter)[:, None]
        bread = np.linalg.pinv(matrix.T @ matrix, hermitian=True)
        count, fitted = matrix.shape
        variance, free = of_days(self.residual / self.scatter, day, fitted)
        if self.design.kind == "billing":
            free = float(max(count - fitted, 1))
            variance = float((days * (_left_out(self) / self.scatter) ** 2).sum()) / free
        return bread * variance + self._between_points(matrix), free

    def _between_points(self, matrix: Floats) -> Floats:
        """Add what is not known for want of candidates between two balance points: half a step either way, evenly."""
        count = matrix.shape[1]
        if not self.shift.size or len(self.design.points) < 2:
            return np.zeros((count, count))
        moved, *_ = np.linalg.lstsq(matrix[:, :-1], -matrix[:, -1], rcond=None)
        along = np.append(moved, 1.0)
        return np.outer(along, along) * float(np.diff(self.design.points).max()) ** 2 / 12


def fit(design: Design) -> Use | None:
    """Fit the model of one meter, choosing its terms.

    None where no set of them leaves two degrees of freedom and makes sense.
    """
    even = np.ones(len(design))
    found = _search(design, NESTED[design.kind], even)
    if found is None:
        return None
    use = np.maximum(design.usage - found.residual, 0.0)
    follows = np.sqrt(use**2 + (FLOOR * max(float(use.mean()), 1e-9)) ** 2)
    if _likelihood(found.residual, follows, design.days) <= _likelihood(found.residual, even, design.days):
        return found
    return _search(design, [found.terms], follows) or found


def _likelihood(residual: Floats, scatter: Floats, days: Floats) -> float:
    """Logarithm of the likelihood of residuals that scatter so, up to a constant."""
    square = float((days * (residual / scatter) ** 2).sum())
    return -len(residual) / 2 * math.log(max(square, np.finfo(float).tiny)) - float(np.log(scatter).sum())


def _search(design: Design, nested: Sequence[tuple[str, ...]], scatter: Floats) -> Use | None:
    """Choose terms and balance point, periods being weighted by their days and their scatter."""
    weights, best = design.days / scatter**2, None
    for terms in nested:
        free = len(design) - len(terms) - 1 - ("heat" in terms)
        if free < 2:
            continue
        matrix = _matrix(design, terms)
        root = np.sqrt(weights)[:, None]
        scaled, target = matrix * root, (design.usage * root[:, 0])
        gram = scaled.transpose(0, 2, 1) @ scaled
        moment = scaled.transpose(0, 2, 1) @ target
        # A ridge far below what is read keeps terms that no period has from stopping the others.
        ridge = 1e-12 * gram.diagonal(axis1=1, axis2=2)[..., None] + np.finfo(float).tiny
        sums = gram + ridge * np.eye(gram.shape[1])
        solved = np.asarray(np.linalg.solve(sums, moment[..., None])[..., 0], dtype=np.float64)
        square = ((target - (scaled @ solved[..., None])[..., 0]) ** 2).sum(axis=1)
        square = np.where(_makes_sense(solved, terms), square, np.inf)
        place = int(square.argmin())
        if not np.isfinite(square[place]):
            continue
        floor = 1e-24 * float(target @ target) + np.finfo(float).tiny
        score = len(design) * math.log(max(square[place], floor)) + (len(design) - free) * math.log(len(design))
        if best is None or score < best[0] - 1e-9:
            best = (score, terms, place, solved[place], matrix[place])
    if best is None:
        return None
    _, terms, place, coefficients, columns = best
    return _use(design, terms, place if "heat" in terms else -1, coefficients, columns, scatter)


def saved(use: Use, after: Design) -> Savings:
    """Work out what was saved in a reporting period, as :func:`tikub_lab.energy.savings.metered` does."""
    before, matrix = use.design, _matrix(after, use.terms)[max(use.place, 0)]
    predicted = matrix @ use.coefficients
    # Scatter is set against that of the challenge's days, whose own errors then count as many days as there are.
    weights = before.days / use.scatter**2
    if len(after) and (use.scatter != 1).any():
        floor = FLOOR * max(float((before.usage - use.residual).mean()), 1e-9)
        expected = np.maximum(predicted, 0.0)
        weights *= float((after.days * (expected**2 + floor**2)).sum()) / float(after.days.sum())
    periods = Periods(after.start * DAY, after.end * DAY, after.usage * after.days)
    table = laid_out(periods, periods.value, predicted * after.days)
    model = Model(
        use.coefficients, use.matrix, use.shift, _left_out(use), before.start, weights, matrix, _shift(after, use),
        after.days, before.kind == "daily",
    )  # fmt: skip
    return Savings(table, model)


def _left_out(use: Use) -> Floats:
    """Return what each period is missed by when left out of the fit, on the scale that intervals divide by.

    Terms and balance point were chosen on the same bills, which flatters the residuals: those of periods left out
    (PRESS; Allen, Technometrics 16, 1974) are what a year to come is missed by.
    """
    matrix = np.hstack([use.matrix, use.shift]) * np.sqrt(use.design.days)[:, None] / use.scatter[:, None]
    left, size, _ = np.linalg.svd(matrix, full_matrices=False)
    own = left[:, size > size.max(initial=0.0) * 1e-10]
    leverage = np.minimum((own**2).sum(axis=1), 0.95)
    free = max(len(matrix) - own.shape[1], 0)
    return use.residual / (1 - leverage) * math.sqrt(free / max(len(matrix), 1))


def _matrix(design: Design, terms: tuple[str, ...]) -> Floats:
    """Regressors at each balance point, or at none: shape (points or 1, n, k)."""
    count = len(design.points) if "heat" in terms else 1
    columns = {
        "": np.ones((count, len(design))),
        "weekend": np.broadcast_to(design.shares[:, 1], (count, len(design))),
        "holiday": np.broadcast_to(design.shares[:, 2], (count, len(design))),
    }
    if "heat" in terms:
        columns["heat"] = design.degrees.sum(axis=0).T
        columns["heat weekend"], columns["heat holiday"] = design.degrees[1].T, design.degrees[2].T
    return np.stack([columns[term] for term in ("", *terms)], axis=2)


def _makes_sense(solved: Floats, terms: tuple[str, ...]) -> np.ndarray:
    """Whether every base and slope is positive or nothing; shape (points or 1,)."""
    place = {term: column for column, term in enumerate(("", *terms))}
    fine = solved[:, 0] >= 0
    for term, root in (("weekend", ""), ("holiday", ""), ("heat weekend", "heat"), ("heat holiday", "heat")):
        if term in place:
            fine &= solved[:, place[term]] + solved[:, place[root]] >= 0
    return fine & (solved[:, place["heat"]] > 0) if "heat" in place else fine


def _shift(design: Design, use: Use) -> Floats:
    if use.place < 0:
        return np.empty((len(design), 0))
    slopes = [use.value("slope", kind) for kind in KINDS]
    moved = sum(slope * design.below[kind][:, use.place] for kind, slope in enumerate(slopes))
    return np.asarray(moved, dtype=float)[:, None]


def _use(
    design: Design, terms: tuple[str, ...], place: int, coefficients: Floats, columns: Floats, scatter: Floats
) -> Use:
    fitted = columns @ coefficients
    cv_rmse, nmbe = quality(design.usage * design.days, fitted * design.days, len(coefficients) + (place >= 0))
    point = float(design.points[place]) if place >= 0 else math.nan
    nothing = np.empty((len(design), 0))
    residual = design.usage - fitted
    use = Use(terms, coefficients, point, place, cv_rmse, nmbe, columns, nothing, residual, scatter, design)
    return replace(use, shift=_shift(design, use))
