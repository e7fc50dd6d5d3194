"""Meters that do not measure: values that stay the same or repeat, zeros, gaps, and readings said to be estimated.

Two readings may be the same by chance. How often that happens is taken from the meter itself, near the run and over
all, a run counting once however long; a run is a fault where a chance one of its length would be rare.
"""

from dataclasses import dataclass

import numpy as np

from tikub_lab.energy.days import Booleans
from tikub_lab.energy.periods import Floats, Integers

BROKEN, ESTIMATED, MISSING = "compteur en panne", "relevés estimés", "relevés manquants"
UNMENDED = "unmended"
"""How one estimated bill is told of which nothing makes up."""
NEAR = 60
"""Readings on each side of a run that tell how often two are the same there."""
ALIKE = 2.0
"""°C within which two days of the same kind are alike."""
OFF = 14.0
"""°C from which a meter that heats may well count nothing."""
JUDGED = 0.3
"""Share of the zeros in a row that must be odd in themselves."""
LEAST = {"relevé": 3, "facture": 2}
"""Readings in a row under which nothing is said."""


@dataclass(frozen=True)
class Run:
    """Readings in a row.

    Attributes
    ----------
    how : {"constant", "zero", "copy", "flagged", "missing"}
    first, last : int
        Place of the first, and of the one after the last.
    chance : float
        How many runs of this length this meter would show by chance; not a number for gaps, which are facts.
    """

    how: str
    first: int
    last: int
    chance: float = float("nan")

    def __len__(self) -> int:
        return self.last - self.first


def stretches(true: Booleans) -> list[tuple[int, int]]:
    """Return where runs of true values begin and end (excluded).

    Examples
    --------
    >>> stretches(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(np.int64), [0]])))
    return [(int(left), int(right)) for left, right in edges.reshape(-1, 2)]


def repeated(kwh: Floats, lag: int, most: float) -> list[Run]:
    """Find values that repeat: the one before (lag 1), or the one a week or a year before.

    Parameters
    ----------
    kwh : array of n floats
    lag : int
        Readings between a value and its copy.
    most : float
        Number of such runs by chance under which one is told.

    Returns
    -------
    list of Run
        Of lag 1, from the first of the equal values; else the copies alone. Zeros are no copies.

    Examples
    --------
    >>> values = np.array([3.0, 9, 4, 7, 7, 7, 7, 7, 7, 5, 8, 2, 6])
    >>> [(run.how, run.first, run.last) for run in repeated(values, 1, 0.05)]
    [('constant', 3, 9)]
    """
    if len(kwh) <= lag:
        return []
    same = (kwh[lag:] == kwh[:-lag]) & (kwh[lag:] != 0)
    known = ~np.isnan(kwh[lag:] - kwh[:-lag])
    found = []
    runs = stretches(same)
    starts = np.array([left for left, _ in runs], dtype=np.int64)
    for left, right in runs:
        around = slice(max(0, left - NEAR), right + NEAR)
        everywhere = (len(runs), int(known.sum()) - (right - left))
        there = (
            int(((starts >= around.start) & (starts < around.stop)).sum()),
            int(known[around].sum()) - (right - left),
        )
        odds = max(many / (max(of, 0) + 2) for many, of in (everywhere, there))
        chance = known.sum() * min(odds, 1.0) ** (right - left)
        if chance <= most:
            how, first = ("constant", left) if lag == 1 else ("copy", left + lag)
            found.append(Run(how, first, right + lag, float(chance)))
    return found


def zeros(kwh: Floats, kinds: Integers, cold: Floats, most: float, heats: bool = False, least: int = 3) -> list[Run]:
    """Find zeros in a row where days that are alike have none.

    Parameters
    ----------
    kwh : array of n floats
    kinds : array of n int
        Days of different kinds are not alike (for bills: months of the year).
    cold : array of n floats
        Days are alike within 2 °C; not a number: any temperature will do.
    most : float
        As in :func:`repeated`.
    heats : bool
        Whether nothing is said of mild days, on which a boiler may be off.
    least : int
        Zeros that must be odd in themselves.

    Returns
    -------
    list of Run
        A meter that always counts nothing on such days, as one of heating in summer, has none.
    """
    found = []
    empty = kwh == 0
    for first, last in stretches(empty):
        inside = np.arange(first, last)
        others = np.flatnonzero(~np.isnan(kwh) & ~((np.arange(len(kwh)) >= first) & (np.arange(len(kwh)) < last)))
        with np.errstate(invalid="ignore"):
            near = ~(np.abs(cold[inside][:, None] - cold[others]) > ALIKE)
        alike = near & (kinds[inside][:, None] == kinds[others])
        enough = alike.sum(axis=1) >= 3
        if heats:
            enough &= ~(cold[inside] >= OFF)
        if enough.sum() < least or enough.mean() < JUDGED:
            continue
        used = alike[enough].any(axis=0)
        odds = (empty[others][used].sum() + 1) / (used.sum() + 2)
        chance = len(kwh) * float(odds) ** int(enough.sum())
        if odds < 0.5 and chance <= most:
            found.append(Run("zero", first, last, chance))
    return found


def gaps(known: Booleans, least: int) -> list[Run]:
    """Find readings that are not there.

    Examples
    --------
    >>> gaps(np.array([True, False, False, True, False]), 2)
    [Run(how='missing', first=1, last=3, chance=nan)]
    """
    return [Run("missing", *one) for one in stretches(~known) if one[1] - one[0] >= least]


def said(flagged: Booleans, odds: float, a_year: float, most: float, least: int) -> list[Run]:
    """Find readings in a row that are said to be estimated, more of them than chance brings.

    Parameters
    ----------
    flagged : array of n bool
    odds : float
        How often one is estimated, over all meters, a run counting once.
    a_year : float
        Readings a year.
    most : float
        Runs a meter and year by chance under which one is told.
    least : int
        Readings in a row under which nothing is said.

    Examples
    --------
    >>> many = np.array([False, True, True, True, False, True])
    >>> [(run.first, run.last) for run in said(many, 0.04, 12, 0.1, 2)]
    [(1, 4)]
    """
    runs = [Run("flagged", left, right, a_year * odds ** (right - left)) for left, right in stretches(flagged)]
    return [run for run in runs if len(run) >= least and run.chance <= most]


def stuck_or_estimated(value: float, first: tuple[float, float], mean: tuple[float, float]) -> float:
    """Weigh two stories of values that stay the same: the meter repeats its last one, or they were estimated.

    A meter that is stuck repeats what one day used; who estimates spreads what all these days used.

    Parameters
    ----------
    value : float
        What is repeated.
    first, mean : tuple of two floats
        What was to be expected of the first of these days, and of their mean, each with its standard deviation.

    Returns
    -------
    float
        Logarithm of how much likelier it is that the meter is stuck.

    Examples
    --------
    >>> stuck_or_estimated(120.0, (119.0, 5.0), (95.0, 3.0)) > 0 > stuck_or_estimated(96.0, (119.0, 5.0), (95.0, 3.0))
    True
    """

    def likely(place: float, spread: float) -> float:
        # Student's t with 4 degrees: neither story is ruled out by one odd value.
        far = (value - place) / max(spread, 1e-9)
        return -2.5 * float(np.log1p(far * far / 4)) - float(np.log(max(spread, 1e-9)))

    return likely(*first) - likely(*mean)
