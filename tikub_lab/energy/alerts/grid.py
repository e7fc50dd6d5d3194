"""The days of one meter, what its readings add up of them, be they days or bills, and what its use is regressed on.

A meter is held against itself: what heating takes a degree in these holidays against what it takes in its others. One
that heats in all of them, or on all weekends, as a boarding school may, has another pattern, not a fault; that pattern
is told apart, against lycées that are like it: see :mod:`tikub_lab.energy.alerts.report`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tikub_lab.energy.alerts.model import Family
from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import KINDS, Booleans, Days
from tikub_lab.energy.periods import Floats, Integers

FEWEST = 10
"""Days of a kind under which it has no load of its own."""
APART = 21
"""Days that works must be from the ends of readings to have a load before and after."""
LESSONS, WEEKEND, HOLIDAY = range(len(KINDS))
HOLIDAYS, WEEKENDS, DRIFT = "chauffage en vacances", "chauffage le week-end", "dérive de la base"
MOST = 6
"""Holidays, or stretches of weekends, of which all sets are tried."""
SHARE = 0.02
"""Of a year's degree days, those that holidays or weekends must have for heating in them to be told."""
RAMPS = (0, 30, 60, 120)
"""Days in which a drift reaches its full size: at once, in a month, two or four."""
LEAST = {True: 28, False: 61}
"""Days that must be read before a change and after it: four weeks of days, two bills."""
STEPS = 52
"""Days of change that are tried, about."""


@dataclass(frozen=True)
class Grid:
    """The days from the ``first`` to the last reading: mean temperature and degrees below the balance point.

    Not numbers where unknown; kinds, holidays and terms are those of :class:`tikub_lab.energy.days.Days`, of the week
    alone without a ``calendar``. ``known`` tells of which days both are. Readings go from ``start`` to before ``end``.
    """

    first: int
    cold: Floats
    degrees: Floats
    kinds: Integers
    period: Integers
    term: Integers
    names: tuple[str, ...]
    known: Booleans
    calendar: bool
    start: Integers
    end: Integers
    daily: bool

    def sums(self, columns: Floats) -> Floats:
        """Add daily columns up over readings: array (m, columns)."""
        if self.daily:
            return columns[self.start]
        total = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])
        return total[self.end] - total[self.start]

    def free(self, name: str) -> Integers:
        """Tell which of its holidays, or stretches of weekends between two, each day belongs to; -1 for none."""
        return self.period if name == HOLIDAYS else np.where(self.kinds == WEEKEND, self.term, -1)


def grid_of(series: Series, days: Days, balance: float) -> Grid:
    """Lay out the days of a meter; its balance point, °C, is not a number where it does not heat."""
    first, last = int(series.start.min()), int(series.end.max())
    span = slice(first - days.first, last - days.first)
    cold, covered = days.at(series.station)[span], days.covered[span]
    calendar = bool(covered.mean() > 0.5)
    heats = not np.isnan(balance)
    warm = ~np.isnan(cold) if heats else np.ones(last - first, dtype=bool)
    return Grid(
        first=first,
        cold=cold,
        degrees=np.maximum(balance - cold, 0.0) if heats else np.zeros(last - first),
        kinds=days.kinds[span],
        period=days.period[span] if calendar else np.full(last - first, -1),
        term=days.term[span],
        names=days.names,
        known=warm & covered if calendar else warm,
        calendar=calendar,
        start=series.start - first,
        end=series.end - first,
        daily=series.origin == "relevé",
    )


def regressors(grid: Grid, works: Sequence[int] = ()) -> tuple[Floats, list[str]]:
    """Return all daily regressors of usual use, those that the readings can't tell too, and their names.

    A base and a slope for each kind of day; of bills, weekends have a base only, as all bills have nearly as many.
    Works that end within the readings, on these days of the grid, have a base and a slope after them.
    """
    degrees = np.nan_to_num(grid.degrees)
    one = np.ones(len(degrees))
    columns, names = [one, degrees], ["base", "pente"]
    for kind in (WEEKEND, HOLIDAY):
        its = (grid.kinds == kind).astype(np.float64)
        columns.append(its)
        names.append(f"base/{KINDS[kind]}")
        if grid.daily or kind == HOLIDAY:
            columns.append(its * degrees)
            names.append(f"pente/{KINDS[kind]}")
    for day in sorted(works):
        if APART <= day <= len(degrees) - APART:
            after = (np.arange(len(degrees)) >= day).astype(np.float64)
            columns += [after, after * degrees]
            names += ["base/travaux", "pente/travaux"]
    return np.column_stack(columns), names


def usual(grid: Grid, rows: Booleans, works: Sequence[int] = ()) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return the daily regressors that some readings can tell, their sums over these readings, and their names."""
    daily, names = regressors(grid, works)
    sums = grid.sums(daily)[rows]
    enough = (np.abs(sums) > 0).sum(axis=0) >= (FEWEST if grid.daily else 3)
    enough[0] = True
    kept = np.flatnonzero(enough)
    # On the diagonal stands what a column adds to those before it.
    added = np.abs(np.diag(np.linalg.qr(sums[:, kept], mode="r")))
    kept = kept[added > 1e-6 * np.sqrt((sums[:, kept] ** 2).sum(axis=0))]
    return daily[:, kept], sums[:, kept], tuple(names[place] for place in kept)


def heated(grid: Grid, rows: Booleans, since: int = 0) -> list[Family]:
    """Return as candidates the holidays, and the weekends between two of them, that end after a day of the grid."""
    degrees = np.nan_to_num(grid.degrees)
    if not degrees.sum() > 0 or not grid.calendar:
        return []
    least = SHARE * degrees.sum() * min(1.0, 365 / len(degrees))
    found = []
    for name in (HOLIDAYS, WEEKENDS) if grid.daily else (HOLIDAYS,):  # all bills have nearly as many weekends
        owner = grid.free(name)
        own = {int(one): degrees * (owner == one) for one in np.unique(owner[owner >= 0])}
        judged = [one for one in own if own[one].sum() >= least and np.flatnonzero(owner == one)[-1] >= since]
        if len(own) > 1 and judged:
            sums = grid.sums(np.column_stack([own[one] for one in judged]))[rows]
            # Sets of two or more, but not all: a meter heated in most of its holidays is usual in the few others.
            sizes = range(2, len(judged)) if grid.daily and len(judged) <= MOST else ()
            sets = tuple(one for size in sizes for one in combinations(range(len(judged)), size))
            found.append(Family(name, sums, False, tuple(judged), together=sets))
    return found


def shape(day: Integers, change: int, ramp: int) -> Floats:
    """Return how much of a drift is there on each day: 0 before it, 1 once it is whole."""
    since = (day - change).astype(np.float64)
    return np.asarray(since >= 0 if ramp == 0 else np.clip(since / ramp, 0.0, 1.0), dtype=np.float64)


def drifts(grid: Grid, rows: Booleans, use: Floats | None, since: int = 0) -> list[Family]:
    """Return as candidates days from one of the grid on after which the base rises, at once or slowly.

    Where use is given, as a first fit has it for each day, also those after which it, or its base, falls: no fault, but
    where there is a fall that is not taken up, what comes before it or after looks odd.
    """
    size, least = len(grid.kinds), LEAST[grid.daily]
    first, last = max(since, least), size - least
    days = np.arange(size)
    changes = range(first, last + 1, max(7, (last - first) // STEPS))
    rises = [(change, ramp) for ramp in RAMPS for change in changes if change + ramp // 2 <= last]
    tried = [(DRIFT, rises, [shape(days, *label) for label in rises])]
    if use is not None:
        every = range(least, size - least, max(14, size // 60))
        less = [-base * (days >= change) for base in (use, np.ones(size)) for change in every]
        tried.append(("baisse", [(change, which) for which in (0, 1) for change in every], less))
    return [
        Family(
            name, grid.sums(np.column_stack(columns or [np.empty((size, 0))]))[rows], True, tuple(labels), name == DRIFT
        )
        for name, labels, columns in tried
    ]
