"""A base load that drifts: what a meter's use would look like if its base rose from some day on, at once or slowly."""

import numpy as np

from tikub_lab.energy.alerts.grid import Grid
from tikub_lab.energy.alerts.model import Family
from tikub_lab.energy.days import Booleans
from tikub_lab.energy.periods import Floats, Integers

NAME = "dérive de la base"
FALL = "baisse"
RAMPS = (0, 30, 60, 120)
"""Days in which a drift reaches its full size: at once, in a month, two or four."""
LEAST = {True: 28, False: 61}
"""Days that must be read before a change and after it: four weeks of days, two bills."""
STEPS = 52
"""Days of change that are tried, about."""


def shape(day: Integers, change: int, ramp: int) -> Floats:
    """Return how much of a drift is there on each day: 0 before it, 1 once it is whole.

    Examples
    --------
    >>> shape(np.arange(5), 1, 2).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    since = (day - change).astype(np.float64)
    whole = since >= 0 if ramp == 0 else np.clip(since / ramp, 0.0, 1.0)
    return np.asarray(whole, dtype=np.float64)


def families(grid: Grid, rows: Booleans, usual: Floats | None, since: int = 0) -> list[Family]:
    """Return the candidates of a meter: days on which its base rises, and days on which its use or base falls.

    Parameters
    ----------
    grid : Grid
    rows : array of m bool
        Readings to explain.
    usual : array of n floats or None
        Use on each day as a first fit has it. A fall is no fault, but where there is one that is not taken up, what
        comes before it or after looks odd. None: no falls.
    since : int
        First day on the grid on which a change may be found.
    """
    size = len(grid.kinds)
    least = LEAST[grid.daily]
    first, last = max(since, least), size - least
    days = np.arange(size)
    changes = np.arange(first, last + 1, max(7, (last - first) // STEPS)) if last >= first else np.empty(0, np.int64)
    labels = [(int(change), ramp) for ramp in RAMPS for change in changes if change + ramp // 2 <= last]
    columns = np.column_stack([shape(days, *label) for label in labels]) if labels else np.empty((size, 0))
    found = [Family(NAME, grid.sums(columns)[rows], True, tuple(labels))]
    if usual is not None:
        every = np.arange(least, size - least, max(14, size // 60))
        less = [(-base * (days >= change)) for base in (usual, np.ones(size)) for change in every]
        falls = np.column_stack(less) if less else np.empty((size, 0))
        what = tuple((int(change), which) for which in (0, 1) for change in every)
        found.append(Family(FALL, grid.sums(falls)[rows], True, what, fault=False))
    return found
