"""Meters that do not measure: values that stay the same or repeat, zeros, gaps, and readings said to be estimated.

Two readings may be the same by chance. How often that happens is taken from the meter itself, near the run and over
all, a run counting once however long; a run is a fault where a chance one of its length would be rare.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tikub_lab.energy.alerts.series import Series
from tikub_lab.energy.days import Booleans, Days, stretches
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


class Least(NamedTuple):
    """Readings in a row under which nothing is said, by what they are; copies are those of so many readings before."""

    said: int
    same: int
    zero: int
    gap: int
    copied: int
    copies: int


LEAST = {"relevé": Least(3, 3, 3, 3, 7, 7), "facture": Least(2, 2, 1, 1, 12, 2)}


@dataclass(frozen=True)
class Run:
    """Readings in a row, and how many runs of this length the meter would show by chance.

    ``how`` is "constant", "zero", "copy", "flagged" or "missing": gaps are facts, and have no chance.
    """

    how: str
    first: int
    last: int
    chance: float = float("nan")

    def __len__(self) -> int:
        return self.last - self.first


def days_without(series: Series, days: Days, most: float, odds: float) -> list[Run]:
    """Find the faults of daily readings, as places on the days from the first to the last.

    ``most`` is how many such runs by chance a meter and year are accepted, ``odds`` how often a reading is estimated.
    """
    first, last = int(series.start.min()), int(series.end.max())
    line, flagged = np.full(last - first, np.nan), np.zeros(last - first, dtype=bool)
    line[series.start - first], flagged[series.start - first] = series.kwh, series.flagged
    span, known = slice(first - days.first, last - days.first), np.flatnonzero(~np.isnan(line))
    kinds, cold = days.kinds[span][known], days.at(series.station)[span][known]
    least = LEAST["relevé"]
    # A day without a reading ends no run of equal values.
    same = [
        *repeated(line[known], 1, most, least.same),
        *zeros(line[known], kinds, cold, most, least.zero, series.heats),
    ]
    same = [replace(run, first=int(known[run.first]), last=int(known[run.last - 1]) + 1) for run in same]
    return _apart([*said(flagged, odds, 365.0, most, least.said), *same, *_others(line, most, least)], len(line))


def bills_without(series: Series, most: float, odds: float) -> list[Run]:
    """Find the faults of bills, as places among them; the zeros of a month are held against that of other years."""
    middle = ((series.start + series.end) // 2).astype("datetime64[D]")
    month = middle.astype("datetime64[M]").astype(np.int64) % 12
    least, anywhere = LEAST["facture"], np.full(len(series), np.nan)
    same = [*repeated(series.kwh, 1, most, least.same), *zeros(series.kwh, month, anywhere, most, least.zero)]
    found = [*said(series.flagged, odds, 12.0, 4 * most, least.said), *same, *_others(series.kwh, most, least)]
    return _apart(found, len(series))


def _others(kwh: Floats, most: float, least: Least) -> list[Run]:
    gaps = [Run("missing", *one) for one in stretches(np.isnan(kwh)) if one[1] - one[0] >= least.gap]
    return [*repeated(kwh, least.copied, most, least.copies), *gaps]


def _apart(found: Sequence[Run], size: int) -> list[Run]:
    """Keep runs that do not overlap, those found first before others."""
    kept: list[Run] = []
    for run in found:
        if not inside(kept, size)[run.first : run.last].any():
            kept.append(run)
    return sorted(kept, key=lambda run: run.first)


def inside(runs: Sequence[Run], size: int) -> Booleans:
    """Tell which readings are in a run."""
    found = np.zeros(size, dtype=bool)
    for run in runs:
        found[run.first : run.last] = True
    return found


def repeated(kwh: Floats, lag: int, most: float, least: int = 1) -> list[Run]:
    """Find values that repeat the one before (lag 1), from the first of them, or so many before, the copies alone.

    Fewer than `most` runs by chance and at least so many readings are told. Zeros are no copies.
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
        there = int(((starts >= around.start) & (starts < around.stop)).sum())
        pairs = ((len(runs), int(known.sum())), (there, int(known[around].sum())))
        odds = max(many / (max(of - (right - left), 0) + 2) for many, of in pairs)
        chance = float(known.sum() * min(odds, 1.0) ** (right - left))
        how, first = ("constant", left) if lag == 1 else ("copy", left + lag)
        if chance <= most and right + lag - first >= least:
            found.append(Run(how, first, right + lag, chance))
    return found


def zeros(kwh: Floats, kinds: Integers, cold: Floats, most: float, least: int = 3, heats: bool = False) -> list[Run]:
    """Find zeros in a row where days that are alike, of the same kind and as cold, have none.

    At least so many zeros must be odd in themselves; where a meter heats, nothing is said of mild days, on which a
    boiler may be off. A meter that always counts nothing on such days, as one of heating in summer, has none.
    """
    found = []
    empty = kwh == 0
    for first, last in stretches(empty):
        span = np.arange(first, last)
        others = np.setdiff1d(np.flatnonzero(~np.isnan(kwh)), span)
        with np.errstate(invalid="ignore"):
            near = ~(np.abs(cold[span][:, None] - cold[others]) > ALIKE)
        alike = near & (kinds[span][:, None] == kinds[others])
        enough = alike.sum(axis=1) >= 3
        if heats:
            enough &= ~(cold[span] >= OFF)
        if enough.sum() < least or enough.mean() < JUDGED:
            continue
        used = alike[enough].any(axis=0)
        odds = (empty[others][used].sum() + 1) / (used.sum() + 2)
        chance = len(kwh) * float(odds) ** int(enough.sum())
        if odds < 0.5 and chance <= most:
            found.append(Run("zero", first, last, chance))
    return found


def said(flagged: Booleans, odds: float, a_year: float, most: float, least: int) -> list[Run]:
    """Find readings in a row that are said to be estimated, more of them than chance brings to a meter in a year."""
    runs = [Run("flagged", left, right, a_year * odds ** (right - left)) for left, right in stretches(flagged)]
    return [run for run in runs if len(run) >= least and run.chance <= most]


def likelier(value: float, first: tuple[float, float], other: tuple[float, float]) -> float:
    """Weigh two stories of a value, each what it expects and its standard deviation: by how much the first is likelier.

    In logarithms, by Student's t with 4 degrees: neither story is ruled out by one odd value.
    """

    def likely(expected: float, spread: float) -> float:
        far = (value - expected) / max(spread, 1e-9)
        return -2.5 * float(np.log1p(far * far / 4)) - float(np.log(max(spread, 1e-9)))

    return likely(*first) - likely(*other)
