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
    """Readings in a row under which nothing is said, by what they are; copies are those of so many readings before.

    ``year`` is how many readings a year has, ``told`` how many times more runs said to be estimated are accepted.
    """

    said: int
    same: int
    zero: int
    gap: int
    copied: int
    copies: int
    year: float
    told: float


LEAST = {"relevé": Least(3, 3, 3, 3, 7, 7, 365.0, 1.0), "facture": Least(2, 2, 1, 1, 12, 2, 12.0, 4.0)}


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


def faults_of(series: Series, days: Days, most: float, odds: float) -> list[Run]:
    """Find the faults of readings, as places on the days from the first to the last, or among bills.

    ``most`` is how many such runs by chance a meter and year are accepted, ``odds`` how often a reading is estimated.
    The zeros of bills are held against the same month of other years.
    """
    least, place, heats = LEAST[series.origin], np.arange(len(series)), False
    if series.origin == "relevé":
        place, heats = series.start - series.start.min(), series.heats
        first = int(series.start.min()) - days.first
        span = slice(first, first + int(series.end.max() - series.start.min()))
        kinds, cold = days.kinds[span], days.at(series.station)[span]
    else:
        middle = ((series.start + series.end) // 2).astype("datetime64[D]")
        kinds, cold = middle.astype("datetime64[M]").astype(np.int64) % 12, np.full(len(series), np.nan)
    line, flagged = np.full(len(kinds), np.nan), np.zeros(len(kinds), dtype=bool)
    line[place], flagged[place] = series.kwh, series.flagged
    known = place[~np.isnan(series.kwh)] if series.origin == "relevé" else place  # a day without a reading ends no run
    same = [
        *repeated(line[known], 1, most, least.same),
        *zeros(line[known], kinds[known], cold[known], most, least.zero, heats),
    ]
    kept: list[Run] = []
    for run in (  # of those that overlap, the one found first
        *said(flagged, odds, least.year, least.told * most, least.said),
        *(replace(run, first=int(known[run.first]), last=int(known[run.last - 1]) + 1) for run in same),
        *repeated(line, least.copied, most, least.copies),
        *(Run("missing", *one) for one in stretches(np.isnan(line)) if one[1] - one[0] >= least.gap),
    ):
        if not inside(kept, len(line))[run.first : run.last].any():
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
