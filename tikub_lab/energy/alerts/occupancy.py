"""Heating when nobody is there: what a meter's use would look like if some holidays or weekends were heated more.

A meter is held against itself: what heating takes a degree in these holidays against what it takes in its others. One
that heats in all of them, or on all weekends, as a boarding school may, has another pattern, not a fault; that pattern
is told apart, against lycées that are like it: see :mod:`tikub_lab.energy.alerts.habits`.
"""

from itertools import combinations

import numpy as np

from tikub_lab.energy.alerts.grid import WEEKEND, Grid
from tikub_lab.energy.alerts.model import Family
from tikub_lab.energy.days import Booleans

HOLIDAYS, WEEKENDS = "chauffage en vacances", "chauffage le week-end"
MOST = 6
"""Holidays, or stretches of weekends, of which all sets are tried."""
SHARE = 0.02
"""Of a year's degree days, those that holidays or weekends must have for heating in them to be told."""


def families(grid: Grid, rows: Booleans, since: int = 0) -> list[Family]:
    """Return the candidates of a meter: its holidays, and its weekends between two holidays.

    Parameters
    ----------
    grid : Grid
    rows : array of m bool
        Readings to explain.
    since : int
        First day on the grid of what is judged; what is before it tells what is usual.
    """
    degrees = np.nan_to_num(grid.degrees)
    if not degrees.sum() > 0 or not grid.calendar:
        return []
    found = []
    stretches = [(HOLIDAYS, grid.period)]
    if grid.daily:  # all bills have nearly as many weekends
        stretches.append((WEEKENDS, np.where(grid.kinds == WEEKEND, grid.term, -1)))
    for name, owner in stretches:
        numbers = [int(one) for one in np.unique(owner[owner >= 0])]
        own = {one: degrees * (owner == one) for one in numbers}
        least = SHARE * degrees.sum() * min(1.0, 365 / len(degrees))
        judged = [one for one in numbers if own[one].sum() >= least and np.flatnonzero(owner == one)[-1] >= since]
        if len(numbers) > 1 and judged:
            sums = grid.sums(np.column_stack([own[one] for one in judged]))[rows]
            found.append(Family(name, sums, False, tuple(judged), together=_sets(len(judged)) if grid.daily else ()))
    return found


def _sets(count: int) -> tuple[tuple[int, ...], ...]:
    """List sets of two or more, but not all: a meter heated in most of its holidays is usual in the few others."""
    if count > MOST:
        return ()
    return tuple(one for size in range(2, count) for one in combinations(range(count), size))
