"""Go through all meters: days with their faults of measuring, and bills with their estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts import faults
from tikub_lab.energy.alerts.meter import IN_DOUBT, Finding, Told, Watched, unmeasured, watch
from tikub_lab.energy.alerts.series import Series, series_of
from tikub_lab.energy.days import Booleans, Days, stretches
from tikub_lab.energy.periods import Integers

ENDED = {"relevé": 7, "facture": 45}
"""Days without a reading at the end after which one is missed."""
MUCH = 0.02
"""Chance above which an estimate that seems never to be mended is left in what tells of usual use."""
MENDED = 3.0
"""Standard deviations that what an estimate was off must have, to tell whether the next bill made up for it."""


@dataclass(frozen=True)
class Rules:
    """What is accepted, and what is worth an alert.

    Attributes
    ----------
    fdr, fdr_bills : float
        False discovery rate over all meters, of each nature that is tested, for days and for bills: 0.05 says that of
        a hundred alerts on drifts or on heating, five are false on average. Bills tell less, and are given more.
    chance : float
        Readings in a row that are chance, a site and year.
    worth : float
        Share of what the days would have used under which an excess is not told.
    level, level_bills : float
        Chance under which a departure is taken into a meter's model, for days and for bills.
    zone : str
        Of school holidays.
    years : int
        Years of bills before the last one that tell what is usual.
    """

    fdr: float = 0.05
    fdr_bills: float = 0.1
    chance: float = 0.1
    worth: float = 0.03
    level: float = 0.001
    level_bills: float = 0.05
    zone: str = "B"
    years: int = 3


Works = Mapping[str, Sequence[int]]
"""Days on which works ended, by meter."""


def every_series(readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, origin: str) -> list[Series]:
    """List the meters of an origin; where one's readings stop before the others', an unknown one is added."""
    found = list(series_of(readings, meters, sites, origin))
    last = max((int(one.end.max()) for one in found), default=0)
    removed = set(meters.loc[meters["retrait"].notna(), "compteur_id"])
    for place, one in enumerate(found):
        end = int(one.end.max())
        if one.meter not in removed and last - end >= ENDED[origin]:
            found[place] = one.missing(np.array([last - 1 if origin == "relevé" else end]), np.array([last]))
    return found


def _accepted(found: Sequence[Series], rules: Rules) -> tuple[float, float]:
    """Chance runs accepted of a meter a year, for each of four ways in which readings betray themselves.

    And how often a reading is estimated, a run counting once.
    """
    sites = len({one.site for one in found})
    runs = sum(len(stretches(one.flagged)) for one in found)
    return rules.chance / (len(found) / max(sites, 1)) / 4, (runs + 1) / (sum(map(len, found)) + 2)


def watch_days(found: Sequence[Series], days: Days, works: Works, rules: Rules) -> list[Watched]:
    """Look at daily readings."""
    if not found:
        return []
    most, odds = _accepted(found, rules)
    return [
        watch(
            one, faults.faults_of(one, days, most, odds), days, works.get(one.meter, ()), int(one.start.min()),
            rules.level,
        )
        for one in found
    ]  # fmt: skip


def watch_bills(found: Sequence[Series], days: Days, works: Works, rules: Rules) -> list[Watched]:
    """Look at bills: the last year of them, and the estimates of the years before that tell what is usual."""
    since = max((int(one.end.max()) for one in found), default=0) - 365
    begin = since - round(365.25 * rules.years)
    recent = []
    for one in found:
        if (one.end > begin).any():
            kept = one.take(one.start >= begin if (one.start >= begin).any() else one.end > begin)
            gap = np.flatnonzero(kept.start[1:] > kept.end[:-1])
            recent.append((kept, kept.missing(kept.end[gap], kept.start[gap + 1])))
    most, odds = _accepted([kept for kept, _ in recent], rules) if recent else (0.0, 0.0)
    return [_bills_of(one, days, works.get(one.meter, ()), since, most, odds, rules.level_bills) for _, one in recent]


def merged(series: Series, estimated: Booleans, lost: Sequence[int] = ()) -> tuple[Series, Integers, Integers]:
    """Put estimated bills together with the next that was read, each made of the bills from first to last.

    Of those that nothing mends the sum is not known; nor is one that holds lost bills, which may never be mended.
    """
    joined = estimated[:-1] & (series.start[1:] == series.end[:-1])
    first = np.flatnonzero(np.concatenate([[True], ~joined]))
    last = np.append(first[1:], len(series))
    kwh = np.where(estimated[last - 1], np.nan, np.add.reduceat(series.kwh, first))
    kwh[np.searchsorted(first, np.array(lost, dtype=np.int64), side="right") - 1] = np.nan
    flagged = np.zeros(len(first), dtype=bool)
    return replace(series, start=series.start[first], end=series.end[last - 1], kwh=kwh, flagged=flagged), first, last


def _bills_of(
    series: Series, days: Days, works: Sequence[int], since: int, most: float, odds: float, level: float
) -> Watched:
    """Look at the bills of a meter."""
    runs = faults.faults_of(series, days, most, odds)
    wrong = [run for run in runs if run.how != "missing"]
    estimated = series.flagged | faults.inside(wrong, len(series))
    alone = [faults.Run("flagged", *one) for one in stretches(estimated)]
    known = {run.first for run in runs}
    every = [*runs, *(run for run in alone if run.first not in known)]
    lost = {run.first for run in wrong}
    for _ in range(2):  # what nothing made up for says nothing of what is usual
        usable, begins, ends = merged(series, estimated, sorted(lost))
        seen = watch(usable, (), days, works, since, level)
        found = [_of_run(seen.told, series, run, begins, ends) for run in every]
        pairs = zip(every, found, strict=True)
        more = {run.first for run, one in pairs if one.how == faults.UNMENDED and one.chance < MUCH}
        if not more:
            break
        lost |= more
    told = [one for run, one in zip(every, found, strict=True) if run in runs or one.nature == faults.BROKEN]
    return replace(seen, series=series, findings=(*seen.findings, *told), trials=len(alone))


def _of_run(told: Told | None, series: Series, run: faults.Run, begins: Integers, ends: Integers) -> Finding:
    """Tell of estimated bills what they stand for, and whether the next one made up for them."""
    first, last = int(series.start[run.first]), int(series.end[run.last - 1])
    found = unmeasured(series, run, first, last, told)
    if run.how == "missing":
        return found
    found = replace(found, nature=faults.ESTIMATED)
    holder = np.flatnonzero((begins <= run.first) & (ends >= run.last + 1))
    if told is None or np.isnan(found.error) or not len(holder):
        return found
    own = slice(int(begins[holder[0]]), int(ends[holder[0]]))
    start, end = int(series.start[own][0]), int(series.end[own][-1])
    both, both_error = told.expected(np.arange(start, end) - told.grid.first)
    _, rest = told.expected(np.arange(last, end) - told.grid.first)
    billed, whole = float(series.kwh[run.first : run.last].sum()), float(series.kwh[own].sum())
    odds = never_mended(billed, found.usual, found.error, whole, float(both.sum()), both_error, rest)
    if run.chance != run.chance and odds > 0:  # alone: business as usual, unless nothing makes up for it
        # A ratio of likelihoods reaches k by chance at most once in k times.
        return replace(found, nature=faults.BROKEN, chance=float(np.exp(-odds)), how=faults.UNMENDED)
    if odds > 0:
        return replace(found, nature=faults.BROKEN, doubt="" if odds > IN_DOUBT else faults.ESTIMATED)
    return found


def never_mended(
    billed: float, expected: float, error: float, both: float, both_expected: float, both_error: float, rest: float
) -> float:
    """Weigh two stories of an estimated bill: nothing made up for it, or the next bill did.

    What it says, what was to be expected, and its standard deviation; the same with the next bill; and the standard
    deviation of the next bill alone. In logarithms; 0 where the estimate was too good to tell.
    """
    off, left = billed - expected, both - both_expected
    if not abs(off) > MENDED * max(error, both_error):
        return 0.0
    return faults.likelier(left, (off, rest), (0.0, both_error))
