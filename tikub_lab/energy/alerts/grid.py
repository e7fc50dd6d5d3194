"""The days of one meter and what its readings add up of them, whether they are days or bills."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import KINDS, Booleans, Days
from tikub_lab.energy.periods import Floats, Integers

FEWEST = 10
"""Days of a kind under which it has no load of its own."""
APART = 21
"""Days that works must be from the ends of readings to have a load before and after."""
LESSONS, WEEKEND, HOLIDAY = range(len(KINDS))


@dataclass(frozen=True)
class Grid:
    """The days from the first to the last reading.

    Attributes
    ----------
    first : int
    cold, degrees : arrays of n floats
        Mean temperature and degrees below the balance point; not numbers where unknown.
    kinds, period, term : arrays of n int
        As in :class:`tikub_lab.energy.days.Days`; kinds of days without a calendar are those of the week.
    names : tuple of str
        Of holidays.
    known : array of n bool
        Whether temperature and calendar are known.
    calendar : bool
        Whether holidays are known.
    start, end : arrays of m int
        Where readings begin and end on these days.
    daily : bool
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


def grid_of(series: Series, days: Days, balance: float) -> Grid:
    """Lay out the days of a meter.

    Parameters
    ----------
    series : Series
    days : Days
    balance : float
        °C; not a number for a meter that does not heat.
    """
    first, last = int(series.start.min()), int(series.end.max())
    span = slice(*days.places(np.array([first, last])).tolist())
    cold = days.cold.get(series.station or "", np.full(len(days.kinds), np.nan))[span]
    covered = days.covered[span]
    calendar = bool(covered.mean() > 0.5)
    if np.isnan(balance):
        degrees, warm = np.zeros(last - first), np.ones(last - first, dtype=bool)
    else:
        degrees, warm = np.maximum(balance - cold, 0.0), ~np.isnan(cold)
    return Grid(
        first=first,
        cold=cold,
        degrees=degrees,
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


def usual(grid: Grid, rows: Booleans, works: Sequence[int] = ()) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Return the daily regressors of usual use, and their sums over some readings.

    A base and a slope for each kind of day that the readings have; of bills, weekends have a base only, as all bills
    have nearly as many. Works that end within the readings have a base and a slope after them.

    Parameters
    ----------
    grid : Grid
    rows : array of m bool
        Readings to explain.
    works : sequence of int
        Days on which works ended, on the days of the grid.

    Returns
    -------
    daily : array (n days, k)
    sums : array (rows, k)
    names : tuple of k str
        « base », « pente », and those of kinds of days and of works after a stroke.
    """
    daily, names = regressors(grid, works)
    sums = grid.sums(daily)[rows]
    enough = (np.abs(sums) > 0).sum(axis=0) >= (FEWEST if grid.daily else 3)
    enough[0] = True
    kept = _independent(sums, enough)
    return daily[:, kept], sums[:, kept], tuple(names[place] for place in kept)


def regressors(grid: Grid, works: Sequence[int] = ()) -> tuple[Floats, list[str]]:
    """Return all daily regressors of usual use, those that the readings can't tell too, and their names."""
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


def _independent(sums: Floats, wanted: Booleans) -> Integers:
    """Keep the columns that add something to those before them."""
    found: list[int] = []
    basis = np.empty((len(sums), 0))
    for place in np.flatnonzero(wanted).tolist():
        column = sums[:, place]
        left = column - basis @ (basis.T @ column)
        left = left - basis @ (basis.T @ left)
        length = float(np.sqrt(left @ left))
        if length > 1e-6 * float(np.sqrt(column @ column)):
            found.append(place)
            basis = np.column_stack([basis, left / length])
    return np.array(found, dtype=np.int64)
