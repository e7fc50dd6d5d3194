"""One meter and one origin of readings: its usual use, what departs from it, and what readings that fail stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tikub_lab.energy.alerts import faults
from tikub_lab.energy.alerts.grid import DRIFT, HOLIDAYS, WEEKENDS, Grid, drifts, grid_of, heated, usual
from tikub_lab.energy.alerts.model import CLIP, Departure, Model, beside, explain
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans, Days
from tikub_lab.energy.periods import Floats, Integers

NEAR_WORKS = 45
"""Days from the end of works within which a change of the base is theirs."""
FEWEST = 24
"""Readings under which a meter has no model."""
WARM = 12
"""Readings with temperatures under which it has no balance point."""
POINTS = np.arange(8.0, 20.5, 0.5)
"""Balance points that are tried, °C."""
IN_DOUBT = 2.0
"""Logarithm of likelihoods apart under which two stories are both told."""
NATURES = {"missing": faults.MISSING, "flagged": faults.ESTIMATED, "copy": faults.ESTIMATED}
"""What a fault of measuring is before its values are looked at; else a broken meter."""


@dataclass(frozen=True)
class Finding:
    """Something to look into, from its first day to the one after the last, from 1970.

    ``by_day`` are kWh too many, or unmeasured, on each day, not numbers where they can't be told, ``error`` the
    standard deviation of their sum, ``usual`` what these days would have used. ``chance`` is that of such a finding
    where there is nothing (tests), or how many a meter has (runs). ``size`` is of a drift its kWh a day in the end, of
    heating its share of that of days of lessons; ``doubt`` another nature that it may have; ``how`` as in a run;
    ``curve`` the row of a load curve that shows it.
    """

    series: Series
    nature: str
    start: int
    end: int
    by_day: Floats = field(repr=False)
    error: float
    chance: float
    departure: Departure | None = None
    how: str = ""
    name: str = ""
    size: float = float("nan")
    usual: float = float("nan")
    doubt: str = ""
    confirmed: bool = False
    curve: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def kwh(self) -> float:
        """Sum over its days."""
        return float(self.by_day.sum())


def unmeasured(series: Series, run: faults.Run, first: int, last: int, told: "Told | None" = None) -> Finding:
    """Tell a fault of measuring: what these days probably used, where a model of the meter knows them."""
    nature, unknown = NATURES.get(run.how, faults.BROKEN), np.full(last - first, np.nan)
    found = Finding(series, nature, first, last, unknown, float("nan"), run.chance, how=run.how)
    if told is None or first < told.grid.first or last - told.grid.first > len(told.grid.known):
        return found
    use, error = told.expected(np.arange(first, last) - told.grid.first)
    return replace(found, by_day=np.maximum(use, 0), error=error, usual=float(use.sum()))


@dataclass(frozen=True)
class Told:
    """A model of the known ``rows``, ready to tell what it found; ``names`` are those of its usual regressors."""

    series: Series
    grid: Grid
    rows: Booleans
    names: tuple[str, ...]
    model: Model

    def findings(self, works: Sequence[int]) -> list[Finding]:
        """Tell all departures that are faults; a drift that works explain is none."""
        departures = list(enumerate(self.model.departures))
        steps = [place for place, one in departures if one.family.name == DRIFT]
        drift = [self.drift(steps)] if steps else []
        drift = [one for one in drift if all(abs(one.start - day) > NEAR_WORKS for day in works)]
        return drift + [self.heating(place) for place, one in departures if one.family.name in (HOLIDAYS, WEEKENDS)]

    def drift(self, which: Sequence[int]) -> Finding:
        """Tell a drift; what rises in two steps is one, from the first of them."""
        grid, model = self.grid, self.model
        parts = [model.departures[place] for place in which]
        change = min(int(one.label[0]) for one in parts)
        by_day, between = model.added(which), 0.0
        if len(parts) == 1:
            by_day, between = self._all_days(which[0])
        columns = len(self.names) + np.array(which)
        wanted = model.daily[:, columns].sum(axis=0)
        error = float(np.sqrt(wanted @ model.covariance[np.ix_(columns, columns)] @ wanted))
        return Finding(
            self.series, DRIFT, grid.first + change, grid.first + len(grid.kinds), by_day[change:],
            float(np.hypot(error, between)), 1.0, max(parts, key=lambda one: one.size / one.error),
            size=float(by_day[-1]), usual=float(model.usual[change:].sum()),
        )  # fmt: skip

    def _all_days(self, which: int) -> tuple[Floats, float]:
        """Average over the days of change, as likely as the readings make each: kWh a day, and how its sum varies."""
        fit, grid = self.model.fit, self.grid
        family = self.model.departures[which].family
        others = np.delete(self.model.daily, len(self.names) + which, axis=1)
        left, candidates = (fit.white(grid.sums(daily)[self.rows]) for daily in (others, family.columns))
        right, columns = beside(left, fit.white(fit.clipped(self.series.kwh[self.rows])), candidates)
        square = (columns**2).sum(axis=0)
        size = right @ columns / np.maximum(square, 1e-300)
        known = (square > 1e-9 * square.max()) & (size > 0)
        rest = np.where(known, float(right @ right) - size**2 * square, np.inf)
        noise = float(rest.min()) / max(len(right) - left.shape[1] - 1, 1)
        weight = np.exp(-(rest - rest.min()) / (2 * noise))
        weight /= weight.sum()
        totals = family.columns.sum(axis=0) * size
        return family.columns @ (weight * size), float(np.sqrt(weight @ (totals - weight @ totals) ** 2))

    def heating(self, which: int) -> Finding:
        """Tell holidays, or weekends between two of them, that were heated."""
        grid, one, heat = self.grid, self.model.departures[which], self.model.daily[:, len(self.names) + which]
        (name, first, last), size = one.label, one.size
        if grid.daily:
            share, first, last = self._narrowed(size * heat, first, last)
            size *= share
        heat = heat[first:last]
        slope = dict(zip(self.names, self.model.fit.coefficients.tolist(), strict=False))
        lessons = slope.get("pente", float("nan"))
        usual = lessons + slope.get(f"pente/{'vacances' if one.family.name == HOLIDAYS else 'week-end'}", 0.0)
        return Finding(
            self.series, one.family.name, grid.first + first, grid.first + last, size * heat,
            one.error * float(heat.sum()), 1.0, one, size=(usual + size) / lessons if lessons > 0 else float("nan"),
            name=name, usual=float(self.model.usual[first:last][heat > 0].sum()),
        )  # fmt: skip

    def _narrowed(self, more: Floats, first: int, last: int) -> tuple[float, int, int]:
        """Find the days in a row, of some that used more, of which the likelihood wants it; by what share of it."""
        at, expected = self.grid.start[self.rows], self.model.expected
        over, weight = np.zeros(len(more)), np.zeros(len(more))
        over[at] = self.series.kwh[self.rows] - expected[at] + more[at]
        weight[at] = 1 / self.model.fit.scatter(expected[at]) ** 2
        total = np.concatenate([[0.0], np.cumsum((weight * more * (2 * over - more))[first:last])])
        end = int((total - np.minimum.accumulate(total)).argmax())
        begin = int(total[: end + 1].argmin())
        if end <= begin:
            return 1.0, first, last
        days = slice(first + begin, first + end)
        wanted = float((weight * more * over)[days].sum() / (weight * more * more)[days].sum())
        return wanted, days.start, days.stop

    def expected(self, days: Integers) -> tuple[Floats, float]:
        """Tell what was to be expected of some days in a row, and the standard deviation of its sum."""
        fit, grid = self.model.fit, self.grid
        full = self.model.daily[days]
        use = np.where(grid.known[days], full @ fit.coefficients, np.nan)
        known = ~np.isnan(use)
        length = 1.0 if grid.daily else float(np.median(grid.end - grid.start))
        spread = fit.scatter(use[known] * length) / np.sqrt(length)
        apart = np.abs(np.subtract.outer(days[known], days[known])).astype(np.float64)
        memory = fit.memory**apart if grid.daily else np.eye(int(known.sum()))
        wanted = full[known].sum(axis=0)
        return use, float(np.sqrt(max(spread @ memory @ spread + wanted @ self.model.covariance @ wanted, 0.0)))

    def unmeasured(self, run: faults.Run) -> Finding:
        """Tell a fault of daily readings: a value that repeats is that of a meter that is stuck, or an estimate."""
        finding = unmeasured(self.series, run, self.grid.first + run.first, self.grid.first + run.last, self)
        if run.how != "constant" or np.isnan(finding.usual):
            return finding
        # A meter that is stuck repeats what one day used; who estimates spreads what all these days used.
        value = float(self.series.kwh[np.searchsorted(self.grid.start, run.first)])
        use, alone = self.expected(np.array([run.first]))
        mean = finding.usual / len(run), finding.error / len(run)
        odds = faults.likelier(value, (float(use[0]), alone), mean)
        if odds > 0:  # the first of these values was read
            finding = replace(finding, start=finding.start + 1, by_day=finding.by_day[1:])
        nature, other = (faults.BROKEN, faults.ESTIMATED) if odds > 0 else (faults.ESTIMATED, faults.BROKEN)
        return replace(finding, nature=nature, doubt=other if abs(odds) < IN_DOUBT else "")


@dataclass(frozen=True)
class Watched:
    """A meter that was looked at, and the model of it, or the ``reason`` why there is none.

    ``trials`` counts its estimated bills, each of which could never have been mended.
    """

    series: Series
    findings: tuple[Finding, ...] = ()
    told: Told | None = None
    reason: str = ""
    trials: int = 0


def watch(
    series: Series, runs: Sequence[faults.Run], days: Days, works: Sequence[int], since: int, level: float
) -> Watched:
    """Look at the daily readings of a meter, or at bills of which estimated ones stand with the one that mends them.

    ``runs`` are the faults of daily readings, ``works`` the days from 1970 on which works ended, ``since`` that from
    which holidays and changes are judged, and ``level`` as for :func:`tikub_lab.energy.alerts.model.explain`.
    """
    first = int(series.start.min())
    ended, judged = [day - first for day in works], max(since - first, 0)
    grid, rows = _known(series, runs, days)
    if rows.sum() < FEWEST:
        return _without(series, runs, "Trop peu de relevés connus, ou températures absentes.")
    use = series.kwh[rows]
    plain, place = use, grid.start[rows] if grid.daily else None

    def total(columns: Floats) -> Floats:
        return grid.sums(columns)[rows]

    for _ in range(2):  # the balance point, then that of use without what departs from it
        grid = balanced(grid, rows, plain, ended)
        daily, names = usual(grid, rows, ended)
        families = drifts(grid, judged) + (heated(grid, judged) if series.heats else [])
        model = explain(use, daily, families, total, place, level)
        if model is None:
            return _without(series, runs, "Trop peu de relevés pour un modèle.")
        told = Told(series, grid, rows, names, model)
        if not model.departures:
            break
        plain = use - total((model.expected - model.usual)[:, None])[:, 0]
    return Watched(series, (*told.findings(works), *map(told.unmeasured, runs)), told)


def _without(series: Series, runs: Sequence[faults.Run], reason: str) -> Watched:
    first = int(series.start.min())
    found = (unmeasured(series, run, first + run.first, first + run.last) for run in runs)
    return Watched(series, tuple(found), reason=reason)


def _known(series: Series, runs: Sequence[faults.Run], days: Days) -> tuple[Grid, Booleans]:
    """Lay out the days of a meter, with temperatures where enough readings have them, and say which readings count."""
    for warm in (True, False):
        grid = grid_of(series, days, warm)
        odd = ~grid.known | faults.inside(runs, len(grid.known))
        rows = ~np.isnan(series.kwh) & (grid.sums(odd.astype(float)[:, None])[:, 0] == 0)
        if rows.sum() >= WARM:
            break
    return grid, rows


def balanced(grid: Grid, rows: Booleans, use: Floats, works: Sequence[int] = ()) -> Grid:
    """Choose the balance point, or none, that explains the use of some readings best by BIC; odd ones count less."""
    weight = 1 / np.maximum(use, 0.2 * max(float(np.median(use)), 1e-9))
    tried = [replace(grid, degrees=np.fmax(point - grid.cold, 0.0)) for point in (-np.inf, *POINTS)]
    left = []
    for one in tried:
        matrix = grid.sums(usual(one, rows, works)[0])[rows] * weight[:, None]
        coefficients, *_ = np.linalg.lstsq(matrix, use * weight, rcond=None)
        off = np.abs(use * weight - matrix @ coefficients)
        squares = float((np.minimum(off, CLIP * 1.4826 * np.median(off)) ** 2).sum())
        left.append(len(use) * np.log(max(squares, 1e-12)) + matrix.shape[1] * np.log(len(use)))
    return tried[int(np.argmin(left))]
