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

FEWEST = {True: 10, False: 3}
"""Days of a kind, or bills that hold some, under which it has no load of its own."""
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


def grid_of(series: Series, days: Days, warm: bool) -> Grid:
    """Lay out the days of a meter, no balance point being known yet; `warm` leaves out days without a temperature."""
    first, last = int(series.start.min()), int(series.end.max())
    span = slice(first - days.first, last - days.first)
    cold, covered = days.at(series.station)[span], days.covered[span]
    calendar = bool(covered.mean() > 0.5)
    known = covered if calendar else np.ones(last - first, dtype=bool)
    return Grid(
        first=first,
        cold=cold if warm else np.full(last - first, np.nan),
        degrees=np.zeros(last - first),
        kinds=days.kinds[span],
        period=days.period[span] if calendar else np.full(last - first, -1),
        term=days.term[span],
        names=days.names,
        known=known & ~np.isnan(cold) if warm else known,
        calendar=calendar,
        start=series.start - first,
        end=series.end - first,
        daily=series.origin == "relevé",
    )


def usual(grid: Grid, rows: Booleans, works: Sequence[int] = ()) -> tuple[Floats, tuple[str, ...]]:
    """Return the daily regressors of usual use that some readings can tell, and their names.

    A base and a slope for each kind of day; of bills, weekends have a base only, as all bills have nearly as many.
    Works that end within the readings, on these days of the grid, have a base and a slope after them.
    """
    columns = {"base": np.ones(len(grid.kinds)), "pente": grid.degrees}
    for kind in (WEEKEND, HOLIDAY):
        columns[f"base/{KINDS[kind]}"] = (grid.kinds == kind).astype(np.float64)
        if grid.daily or kind == HOLIDAY:
            columns[f"pente/{KINDS[kind]}"] = (grid.kinds == kind) * grid.degrees
    for day in works:
        if APART <= day <= len(grid.kinds) - APART:
            after = np.arange(len(grid.kinds)) >= day
            columns |= {f"base/travaux {day}": after.astype(np.float64), f"pente/travaux {day}": after * grid.degrees}
    daily = np.column_stack(list(columns.values()))
    enough = (grid.sums(daily)[rows] > 0).sum(axis=0) >= FEWEST[grid.daily]
    enough[0] = True
    return daily[:, enough], tuple(name for name, told in zip(columns, enough, strict=True) if told)


def heated(grid: Grid, since: int = 0) -> list[Family]:
    """Return as candidates the holidays, and the weekends between two of them, that end after a day of the grid.

    Labels are the name of holidays, their first day and that after the last.
    """
    if not grid.degrees.sum() > 0 or not grid.calendar:
        return []
    least, found = SHARE * grid.degrees.sum() * min(1.0, 365 / len(grid.degrees)), []
    weekends = np.where(grid.kinds == WEEKEND, grid.term, -1)
    # all bills have nearly as many weekends
    for name, owner in ((HOLIDAYS, grid.period), (WEEKENDS, weekends))[: 2 if grid.daily else 1]:
        every = np.unique(owner[owner >= 0]).tolist()
        spans = {one: np.flatnonzero(owner == one)[[0, -1]].tolist() for one in every}
        judged = [one for one in every if grid.degrees[owner == one].sum() >= least and spans[one][1] >= since]
        if len(every) > 1 and judged:
            titles = dict(enumerate(grid.names)) if name == HOLIDAYS else {}
            labels = tuple((titles.get(one, ""), spans[one][0], spans[one][1] + 1) for one in judged)
            # Sets of two or more, but not all: a meter heated in most of its holidays is usual in the few others.
            sizes = range(2, len(judged)) if grid.daily and len(judged) <= MOST else ()
            sets = tuple(one for size in sizes for one in combinations(range(len(judged)), size))
            columns = grid.degrees[:, None] * (owner[:, None] == np.array(judged))
            found.append(Family(name, columns, labels, together=sets))
    return found


def shape(day: Integers, change: int, ramp: int) -> Floats:
    """Return how much of a drift is there on each day: 0 before it, 1 once it is whole."""
    since = (day - change).astype(np.float64)
    return np.asarray(since >= 0 if ramp == 0 else np.clip(since / ramp, 0.0, 1.0), dtype=np.float64)


def drifts(grid: Grid, since: int = 0) -> list[Family]:
    """Return as candidates days from one of the grid on after which the base rises, at once or slowly.

    Also those after which the base falls, or the slope: no fault, but where there is a fall that is not taken up, what
    comes before it or after looks odd.
    """
    size, least = len(grid.kinds), LEAST[grid.daily]
    first, last = max(since, least), size - least
    days = np.arange(size)
    changes = range(first, last + 1, max(7, (last - first) // STEPS))
    rises = [(change, ramp) for ramp in RAMPS for change in changes if change + ramp // 2 <= last]
    falls = [(change, 0) for change in range(least, size - least, max(14, size // 60))]
    less = [-of * (days >= change) for of in (np.ones(size), grid.degrees) for change, _ in falls]
    return [
        Family(name, np.column_stack([np.empty((size, 0)), *columns]), tuple(labels), name == DRIFT)
        for name, labels, columns in ((DRIFT, rises, [shape(days, *one) for one in rises]), ("baisse", 2 * falls, less))
    ]
