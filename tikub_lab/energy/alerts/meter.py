"""Look at one meter: its usual use, what departs from it, and the readings that do not measure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tikub_lab.energy.alerts import drift, faults, occupancy
from tikub_lab.energy.alerts.findings import Finding, Told, nature_of
from tikub_lab.energy.alerts.grid import Grid, grid_of, regressors, usual
from tikub_lab.energy.alerts.model import CLIP, explain
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans, Days

NEAR_WORKS = 45
"""Days from the end of works within which a change of the base is theirs."""
AROUND = np.arange(-2.0, 2.01, 0.25)
"""Degrees from a balance point that are tried."""


@dataclass(frozen=True)
class Watched:
    """A meter that was looked at.

    Attributes
    ----------
    series : Series
    findings : tuple of Finding
    told : Told or None
        Its model.
    reason : str
        Why there is none.
    trials : int
        Estimates of bills, each of which could never have been mended.
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
    """Look at a meter.

    Parameters
    ----------
    series : Series
        Daily readings, or bills of which estimated ones stand with the one that mends them.
    runs : sequence of Run
        Of daily readings: their faults, as places on the days from the first to the last.
    days : Days
    balance : float
        Balance point, °C; not a number for none.
    works : sequence of int
        Days from 1970 on which works ended.
    since : int
        Day from 1970 from which holidays and changes are judged.
    level : float
        As for :func:`tikub_lab.energy.alerts.model.explain`.
    """
    grid = grid_of(series, days, balance)
    if grid.daily:
        grid = _nearer(series, runs, days, grid, balance, works)
    rows = _rows(series, runs, grid)
    if rows.sum() < 24:
        return _without(series, runs, grid, "Trop peu de relevés connus, ou températures absentes.")
    ended = [day - grid.first for day in works]
    daily, sums, names = usual(grid, rows, ended)
    place = grid.start[rows] if grid.daily else None
    first = explain(series.kwh[rows], sums, [], place)
    if first is None:
        return _without(series, runs, grid, "Trop peu de relevés pour un modèle.")
    judged = max(since - grid.first, 0)
    families = drift.families(grid, rows, np.maximum(daily @ first.coefficients, 0), judged)
    if series.heats:
        families += occupancy.families(grid, rows, judged)
    model = explain(series.kwh[rows], sums, families, place, level)
    if model is None:
        return _without(series, runs, grid, "Trop peu de relevés pour un modèle.")
    found = Told(series, grid, rows, daily, names, model)
    drifts = [place for place, one in enumerate(model.departures) if one.family.name == drift.NAME]
    tested = [found.drift(drifts)] if drifts else []
    heated = (occupancy.HOLIDAYS, occupancy.WEEKENDS)
    tested += [found.heating(place) for place, one in enumerate(model.departures) if one.family.name in heated]
    kept = [one for one in tested if not (one.nature == drift.NAME and _explained(one.start, works))]
    return Watched(series, (*kept, *(found.unmeasured(run) for run in runs)), found)


def _rows(series: Series, runs: Sequence[faults.Run], grid: Grid) -> Booleans:
    """Tell which readings are known, of days that are known, without a fault of measuring."""
    odd = ~grid.known
    for run in runs:
        odd[run.first : run.last] = True
    return np.asarray(~np.isnan(series.kwh) & (grid.sums(odd.astype(float)[:, None])[:, 0] == 0), dtype=bool)


def _nearer(
    series: Series, runs: Sequence[faults.Run], days: Days, grid: Grid, balance: float, works: Sequence[int]
) -> Grid:
    """Look for a better balance point, near that of days of lessons: mild days, whose scatter is small, tell most."""
    rows = _rows(series, runs, grid)
    ended = [day - grid.first for day in works]
    first = explain(series.kwh[rows], usual(grid, rows, ended)[1], [], grid.start[rows]) if rows.sum() >= 24 else None
    if first is None or np.isnan(balance):
        return grid
    best, found = np.inf, grid
    use = series.kwh[rows] / first.scatter
    for point in balance + AROUND:
        tried = grid_of(series, days, float(point))
        matrix = tried.sums(regressors(tried, ended)[0])[rows] / first.scatter[:, None]
        coefficients, *_ = np.linalg.lstsq(matrix, use, rcond=None)
        left = float(np.minimum((use - matrix @ coefficients) ** 2, CLIP**2).sum())
        if left < best:
            best, found = left, tried
    return found


def _explained(start: int, works: Sequence[int]) -> bool:
    return any(abs(start - day) <= NEAR_WORKS for day in works)


def _without(series: Series, runs: Sequence[faults.Run], grid: Grid, reason: str) -> Watched:
    """Tell faults of measuring without what was to be expected."""
    found = [
        Finding(
            series, nature_of(run), grid.first + run.first, grid.first + run.last,
            np.full(len(run), np.nan), float("nan"), run.chance, how=run.how,
        )
        for run in runs
    ]  # fmt: skip
    return Watched(series, tuple(found), reason=reason)
