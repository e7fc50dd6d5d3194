"""One meter and one origin of readings: its usual use, what departs from it, and what readings that fail stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tikub_lab.energy.alerts import faults
from tikub_lab.energy.alerts.grid import (
    DRIFT,
    HOLIDAYS,
    WEEKENDS,
    Grid,
    drifts,
    grid_of,
    heated,
    regressors,
    shape,
    usual,
)
from tikub_lab.energy.alerts.model import CLIP, Departure, Explained, beside, explain
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans, Days
from tikub_lab.energy.periods import Floats, Integers

NEAR_WORKS = 45
"""Days from the end of works within which a change of the base is theirs."""
FEWEST = 24
"""Readings under which a meter has no model."""
AROUND = np.arange(-2.0, 2.01, 0.25)
"""Degrees from a balance point that are tried."""
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
    if told is None or first < told.grid.first or last - told.grid.first > len(told.daily):
        return found
    use, error = told.expected(np.arange(first, last) - told.grid.first)
    return replace(found, by_day=np.maximum(use, 0), error=error, usual=float(use.sum()))


@dataclass(frozen=True)
class Told:
    """A model of the known ``rows``, ready to tell what it found; ``names`` are those of the columns of ``daily``."""

    series: Series
    grid: Grid
    rows: Booleans
    daily: Floats
    names: tuple[str, ...]
    model: Explained

    @property
    def usual(self) -> Floats:
        """Use of each day without departures, kWh."""
        return np.asarray(self.daily @ self.model.fit.coefficients[: self.daily.shape[1]])

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
        days = np.arange(change, len(grid.kinds))
        shapes = np.column_stack([shape(days, *one.label) for one in parts])
        averaged, between = self._all_days(which)
        by_day = averaged[change:] if len(parts) == 1 else shapes @ np.array([one.size for one in parts])
        places, wanted = self.daily.shape[1] + np.array(which), shapes.sum(axis=0)
        error = float(np.sqrt(max(wanted @ model.covariance[np.ix_(places, places)] @ wanted, 1e-12)))
        first = max(parts, key=lambda one: one.t)
        return Finding(
            self.series, DRIFT, grid.first + change, grid.first + len(grid.kinds), by_day,
            float(np.hypot(error, between)), 1.0, replace(first, t=max(first.t, float(by_day.sum()) / error)),
            size=float(by_day[-1]), usual=float(self.usual[change:].sum()),
        )  # fmt: skip

    def _all_days(self, which: Sequence[int]) -> tuple[Floats, float]:
        """Average over the days of change, as likely as the readings make each: kWh a day, and how its sum varies."""
        fit, grid = self.model.fit, self.grid
        family = self.model.departures[which[0]].family
        others = [one.column for place, one in enumerate(self.model.departures) if place not in which]
        left = fit.white(np.column_stack([grid.sums(self.daily)[self.rows], *others]))
        use = fit.clipped(self.series.kwh[self.rows])
        right, columns = beside(left, fit.white(use), fit.white(family.columns))
        square, product = (columns**2).sum(axis=0), right @ columns
        size = product / np.maximum(square, 1e-300)
        rest = float(right @ right) - product * size
        known = (square > 1e-9 * square.max()) & (size > 0)
        noise = float(rest[known].min()) / max(len(right) - left.shape[1] - 1, 1)
        odds = np.where(known, np.exp(-(rest - rest[known].min()) / (2 * noise)), 0.0)
        days, likely = np.arange(len(grid.kinds)), np.flatnonzero(odds > 1e-3 * odds.sum())
        shapes = np.column_stack([shape(days, *family.labels[one]) for one in likely])
        weight = odds[likely] / odds[likely].sum()
        totals = shapes.sum(axis=0) * size[likely]
        spread = float(weight @ (totals - weight @ totals) ** 2)
        return shapes @ (weight * size[likely]), float(np.sqrt(spread))

    def heating(self, which: int) -> Finding:
        """Tell holidays, or weekends between two of them, that were heated."""
        grid, one = self.grid, self.model.departures[which]
        owner = grid.free(one.family.name) == one.label
        column = np.where(owner, np.nan_to_num(grid.degrees), 0.0)
        first, last = np.flatnonzero(owner)[[0, -1]].tolist()
        size, first, last = self._narrowed(column, one, first, last + 1)
        heat = column[first:last]
        slope = dict(zip(self.names, self.model.fit.coefficients.tolist(), strict=False))
        holidays = one.family.name == HOLIDAYS
        whole, more = slope.get("pente", 0.0), slope.get(f"pente/{'vacances' if holidays else 'week-end'}", 0.0)
        return Finding(
            self.series, one.family.name, grid.first + first, grid.first + last, size * heat,
            one.error * float(heat.sum()), 1.0, one, size=(whole + more + size) / whole if whole > 0 else float("nan"),
            name=grid.names[one.label] if holidays else "", usual=float(self.usual[first:last][heat > 0].sum()),
        )  # fmt: skip

    def _narrowed(self, column: Floats, one: Departure, first: int, last: int) -> tuple[float, int, int]:
        """Find the days of the holidays that were heated: those that the likelihood wants in a row."""
        size = one.size
        if not self.grid.daily:
            return size, first, last
        line, scatter = np.full(len(column), np.nan), np.full(len(column), np.nan)
        place, fit = self.grid.start[self.rows], self.model.fit
        line[place], scatter[place] = self.series.kwh[self.rows] - fit.fitted + size * one.column, fit.scatter
        want = np.nan_to_num((2 * size * column * line - (size * column) ** 2) / scatter**2)[first:last]
        total = np.concatenate([[0.0], np.cumsum(want)])
        end = int((total - np.minimum.accumulate(total)).argmax())
        begin = int(total[: end + 1].argmin())
        if end <= begin:
            return size, first, last
        first, last = first + begin, first + end
        heat = column[first:last] / scatter[first:last]
        weight = float(np.nansum(heat**2))
        if weight > 0:
            size = float(np.nansum(heat * line[first:last] / scatter[first:last])) / weight
        return size, first, last

    def expected(self, days: Integers) -> tuple[Floats, float]:
        """Tell what was to be expected of some days in a row, and the standard deviation of its sum."""
        fit, grid = self.model.fit, self.grid
        matrix = [self.daily[days]]
        for one in self.model.departures:
            column = np.zeros(len(days))
            if one.family.name == DRIFT:
                column = shape(days, *one.label)
            elif one.family.name == HOLIDAYS:
                column = (np.nan_to_num(grid.degrees) * (grid.period == one.label))[days]
            matrix.append(column[:, None])
        full = np.hstack(matrix)
        use = full @ fit.coefficients
        use[~grid.known[days]] = np.nan
        known = ~np.isnan(use)
        order = np.argsort(self.model.usual)
        length = 1.0 if grid.daily else float(np.median(grid.end - grid.start))
        spread = np.interp(use[known] * length, self.model.usual[order], fit.scatter[order]) / np.sqrt(length)
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
    series: Series,
    runs: Sequence[faults.Run],
    days: Days,
    balance: float,
    works: Sequence[int],
    since: int,
    level: float,
) -> Watched:
    """Look at the daily readings of a meter, or at bills of which estimated ones stand with the one that mends them.

    ``runs`` are the faults of daily readings, ``balance`` a balance point (°C, not a number for none), ``works`` the
    days from 1970 on which works ended, ``since`` that from which holidays and changes are judged, and ``level`` as for
    :func:`tikub_lab.energy.alerts.model.explain`.
    """
    again = True
    while True:
        grid = grid_of(series, days, balance)
        ended = [day - grid.first for day in works]
        odd = ~grid.known | faults.inside(runs, len(grid.known))
        rows = ~np.isnan(series.kwh) & (grid.sums(odd.astype(float)[:, None])[:, 0] == 0)
        if rows.sum() < FEWEST:
            return _without(series, runs, grid, "Trop peu de relevés connus, ou températures absentes.")
        use, (daily, sums, names) = series.kwh[rows], usual(grid, rows, ended)
        place = grid.start[rows] if grid.daily else None
        first = explain(use, sums, [], place)
        if first is None:
            return _without(series, runs, grid, "Trop peu de relevés pour un modèle.")
        if not (again and grid.daily) or np.isnan(balance):
            break
        again = False
        # The balance point is that of days of lessons: mild days, whose scatter is small, tell most of a better one.
        balance = best_point(series, days, balance + AROUND, rows, 1 / first.fit.scatter, ended)
    judged = max(since - grid.first, 0)
    families = drifts(grid, rows, np.maximum(daily @ first.fit.coefficients, 0), judged)
    families += heated(grid, rows, judged) if series.heats else []
    model = explain(use, sums, families, place, level) or first
    told = Told(series, grid, rows, daily, names, model)
    return Watched(series, (*told.findings(works), *map(told.unmeasured, runs)), told)


def best_point(
    series: Series, days: Days, points: Floats, rows: Booleans, weight: Floats, works: Sequence[int] = ()
) -> float:
    """Choose the balance point whose usual use explains some readings best, as they weigh."""
    use, left, grid = series.kwh[rows] * weight, [], grid_of(series, days, float(points[0]))
    for point in points:
        tried = replace(grid, degrees=np.maximum(point - grid.cold, 0.0))
        matrix = grid.sums(regressors(tried, works)[0])[rows] * weight[:, None]
        coefficients, *_ = np.linalg.lstsq(matrix, use, rcond=None)
        left.append(float(np.minimum((use - matrix @ coefficients) ** 2, CLIP**2).sum()))
    return float(points[int(np.argmin(left))])


def _without(series: Series, runs: Sequence[faults.Run], grid: Grid, reason: str) -> Watched:
    found = (unmeasured(series, run, grid.first + run.first, grid.first + run.last) for run in runs)
    return Watched(series, tuple(found), reason=reason)
