"""Go through all meters: days with their faults of measuring, and bills with their estimates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tikub_lab.energy.alerts import bills, faults
from tikub_lab.energy.alerts.findings import Finding
from tikub_lab.energy.alerts.grid import LESSONS
from tikub_lab.energy.alerts.meter import Watched, watch
from tikub_lab.energy.alerts.series import Series, series_of
from tikub_lab.energy.caltrack import fit_many
from tikub_lab.energy.days import Booleans, Days
from tikub_lab.energy.periods import Integers

ENDED = {"relevé": 7, "facture": 45}
"""Days without a reading at the end after which one is missed."""
MUCH = 0.02
"""Chance above which an estimate that seems never to be mended is left in what tells of usual use."""
DOUBT = 2.0
"""Logarithm of likelihoods apart under which two stories are both told."""


@dataclass(frozen=True)
class Scope:
    """What is looked at.

    Attributes
    ----------
    readings, meters, sites : DataFrame
    days : Days
    works : mapping of lists of int
        Days on which works ended, by meter.
    chance, level, level_bills, years
        As in :class:`tikub_lab.energy.alerts.report.Rules`.
    """

    readings: pd.DataFrame
    meters: pd.DataFrame
    sites: pd.DataFrame
    days: Days
    works: Mapping[str, Sequence[int]]
    chance: float
    level: float
    level_bills: float
    years: int

    def series(self, origin: str) -> list[Series]:
        """List the meters of an origin; where one's readings stop before the others', an unknown one is added."""
        found = list(series_of(self.readings, self.meters, self.sites, origin))
        last = max((int(one.end.max()) for one in found), default=0)
        removed = set(self.meters.loc[self.meters["retrait"].notna(), "compteur_id"])
        return [
            one if one.meter in removed or last - one.end.max() < ENDED[origin] else _reaching(one, last)
            for one in found
        ]

    def most(self, found: Sequence[Series]) -> float:
        """Chance runs accepted of a meter a year, for each of the ways in which readings betray themselves."""
        sites = len({one.site for one in found})
        return self.chance / (len(found) / max(sites, 1)) / 4 if found else self.chance


def watch_days(scope: Scope) -> list[Watched]:
    """Look at daily readings."""
    found = scope.series("relevé")
    if not found:
        return []
    most = scope.most(found)
    odds = _odds([one.flagged for one in found])
    runs = [_daily_runs(one, scope.days, most, odds) for one in found]
    balance = _balances(found, runs, scope.days)
    return [
        watch(one, its, scope.days, point, scope.works.get(one.meter, ()), int(one.start.min()), scope.level)
        for one, its, point in zip(found, runs, balance, strict=True)
    ]


def _reaching(series: Series, last: int) -> Series:
    return _with(series, np.array([int(series.end.max())]), np.array([last])) if series.origin == "facture" else _with(
        series, np.array([last - 1]), np.array([last])
    )  # fmt: skip


def _with(series: Series, start: Integers, end: Integers) -> Series:
    """Add readings that are not known."""
    order = np.argsort(np.concatenate([series.start, start]), kind="stable")
    empty = np.full(len(start), np.nan)
    return replace(
        series,
        start=np.concatenate([series.start, start])[order],
        end=np.concatenate([series.end, end])[order],
        kwh=np.concatenate([series.kwh, empty])[order],
        flagged=np.concatenate([series.flagged, np.zeros(len(start), dtype=bool)])[order],
    )


def _odds(flagged: Sequence[Booleans]) -> float:
    """How often a reading is estimated, a run counting once."""
    runs = sum(len(faults.stretches(one)) for one in flagged)
    return (runs + 1) / (sum(len(one) for one in flagged) + 2)


def _daily_runs(series: Series, days: Days, most: float, odds: float) -> list[faults.Run]:
    first, last = int(series.start.min()), int(series.end.max())
    line, flagged = np.full(last - first, np.nan), np.zeros(last - first, dtype=bool)
    line[series.start - first], flagged[series.start - first] = series.kwh, series.flagged
    span = slice(first - days.first, last - days.first)
    cold = days.cold.get(series.station or "", np.full(len(days.kinds), np.nan))[span]
    least = faults.LEAST["relevé"]
    known = np.flatnonzero(~np.isnan(line))  # a day without a reading ends no run
    read = line[known]
    same = [run for run in faults.repeated(read, 1, most) if len(run) >= least]
    same += faults.zeros(read, days.kinds[span][known], cold[known], most, series.heats)
    found = [
        *faults.said(flagged, odds, 365.0, most, least),
        *(replace(run, first=int(known[run.first]), last=int(known[run.last - 1]) + 1) for run in same),
        *(run for run in faults.repeated(line, 7, most) if len(run) >= 7),
        *faults.gaps(~np.isnan(line), least),
    ]
    return _apart(found, last - first)


def _apart(found: Sequence[faults.Run], size: int) -> list[faults.Run]:
    """Keep runs that do not overlap, those found first before others."""
    taken = np.zeros(size, dtype=bool)
    kept = []
    for run in found:
        if not taken[run.first : run.last].any():
            taken[run.first : run.last] = True
            kept.append(run)
    return sorted(kept, key=lambda run: run.first)


def _balances(found: Sequence[Series], runs: Sequence[Sequence[faults.Run]], days: Days) -> list[float]:
    """Balance points of many meters, from their days of lessons that are sound."""
    parts = []
    for series, its in zip(found, runs, strict=True):
        place = series.start - int(series.start.min())
        sound = ~np.isnan(series.kwh)
        for run in its:
            sound &= ~((place >= run.first) & (place < run.last))
        sound &= days.kinds[series.start - days.first] == LESSONS
        sound &= np.isfinite(days.cold.get(series.station or "", np.full(len(days.kinds), np.nan)))[
            series.start - days.first
        ]
        start = series.start[sound].astype("datetime64[D]")
        parts.append(
            pd.DataFrame({"compteur_id": series.meter, "debut": start, "fin": start + 1, "kwh": series.kwh[sound]})
        )
    weather = pd.concat(
        [
            pd.DataFrame(
                {"station": name, "jour": (days.first + np.arange(len(line))).astype("datetime64[D]"), "tmoy": line}
            )
            for name, line in days.cold.items()
        ]
        or [pd.DataFrame({"station": [], "jour": pd.to_datetime([]), "tmoy": []})]
    )
    stations = {one.meter: one.station or "" for one in found}
    known = pd.concat([part for part in parts if len(part) >= 30] or parts[:0] or [pd.DataFrame()])
    fitted = fit_many(known, weather, stations, kind="daily", cooling=False) if len(known) else {}
    return [fitted[one.meter].heating_balance_point if one.meter in fitted else float("nan") for one in found]


def watch_bills(scope: Scope) -> list[Watched]:
    """Look at bills: the last year of them, and the estimates of the years before that tell what is usual."""
    every = scope.series("facture")
    last = max((int(one.end.max()) for one in every), default=0)
    since = last - 365
    begin = since - round(365.25 * scope.years)
    recent = [_last_years(one, begin) for one in every if (one.end > begin).any()]
    most = scope.most(recent)
    odds = _odds([one.flagged for one in recent])
    return [_bills_of(_whole(one), scope, since, most, odds) for one in recent]


def _last_years(series: Series, begin: int) -> Series:
    kept = series.start >= begin if (series.start >= begin).any() else series.end > begin
    return replace(
        series, start=series.start[kept], end=series.end[kept], kwh=series.kwh[kept], flagged=series.flagged[kept]
    )


def _whole(series: Series) -> Series:
    """Add the bills that are missing between two."""
    gap = np.flatnonzero(series.start[1:] > series.end[:-1])
    return _with(series, series.end[gap], series.start[gap + 1]) if len(gap) else series


def _bill_runs(series: Series, most: float, odds: float) -> list[faults.Run]:
    middle = ((series.start + series.end) // 2).astype("datetime64[D]")
    month = middle.astype("datetime64[M]").astype(np.int64) % 12
    nowhere = np.full(len(series), np.nan)
    least = faults.LEAST["facture"]
    found = [
        *faults.said(series.flagged, odds, 12.0, 4 * most, least),
        *(run for run in faults.repeated(series.kwh, 1, most) if len(run) >= least),
        *(run for run in faults.repeated(series.kwh, 12, most) if len(run) >= least),
        *faults.zeros(series.kwh, month, nowhere, most, least=1),
        *faults.gaps(~np.isnan(series.kwh), 1),
    ]
    return _apart(found, len(series))


def _bills_of(series: Series, scope: Scope, since: int, most: float, odds: float) -> Watched:
    """Look at the bills of a meter."""
    runs = _bill_runs(series, most, odds)
    estimated = series.flagged.copy()
    for run in runs:
        if run.how != "missing":
            estimated[run.first : run.last] = True
    merged = bills.merged(series, estimated)
    merged = _without(merged, [run.first for run in runs if run.how != "missing"])
    if not len(merged.series):
        return Watched(series, (), reason="Toutes les factures sont estimées.")
    alone = [faults.Run("flagged", *one) for one in faults.stretches(estimated)]
    known = {run.first for run in runs}
    every = [*runs, *(run for run in alone if run.first not in known)]
    for _ in range(2):  # what nothing made up for says nothing of what is usual
        point = bills.balance_point(merged.series, scope.days)
        seen = watch(merged.series, (), scope.days, point, scope.works.get(series.meter, ()), since, scope.level_bills)
        found = [_of_run(seen, series, run, merged) for run in every]
        lost = [
            run.first for run, one in zip(every, found, strict=True) if one.how == faults.UNMENDED and one.chance < MUCH
        ]
        if not lost:
            break
        merged = _without(merged, lost)
    told = [one for run, one in zip(every, found, strict=True) if run in runs or one.nature == faults.BROKEN]
    return replace(seen, series=series, findings=(*seen.findings, *told), trials=len(alone))


def _without(merged: bills.Merged, bill: Sequence[int]) -> bills.Merged:
    """Leave the sums that hold some bills out of what tells of usual use: the estimates may never have been mended."""
    kwh = merged.series.kwh.copy()
    kwh[np.searchsorted(merged.first, np.array(bill, dtype=np.int64), side="right") - 1] = np.nan
    return replace(merged, series=replace(merged.series, kwh=kwh))


def _of_run(seen: Watched, series: Series, run: faults.Run, merged: bills.Merged) -> Finding:
    """Tell of estimated bills what they stand for, and whether the next one made up for them."""
    first, last = int(series.start[run.first]), int(series.end[run.last - 1])
    nature = faults.MISSING if run.how == "missing" else faults.ESTIMATED
    plain = Finding(
        series, nature, first, last, np.full(last - first, np.nan), float("nan"), run.chance, how=run.how
    )  # fmt: skip
    told = seen.told
    if told is None:
        return plain
    size, shift = len(told.daily), told.grid.first
    if first < shift or last - shift > size:
        return plain
    use, error = told.expected(np.arange(first - shift, last - shift))
    found = replace(plain, by_day=np.maximum(use, 0), error=error, usual=float(use.sum()))
    holder = np.flatnonzero((merged.first <= run.first) & (merged.last >= run.last + 1))
    if run.how == "missing" or not len(holder):
        return found
    place = int(holder[0])
    start, end = int(merged.series.start[place]) - shift, int(merged.series.end[place]) - shift
    both, both_error = told.expected(np.arange(start, end))
    _, rest = told.expected(np.arange(last - shift, end))
    billed = float(series.kwh[run.first : run.last].sum())
    whole = float(series.kwh[merged.first[place] : merged.last[place]].sum())
    odds = bills.never_mended(billed, float(use.sum()), error, whole, float(both.sum()), both_error, rest)
    if run.chance != run.chance and odds > 0:  # alone: business as usual, unless nothing makes up for it
        # A ratio of likelihoods reaches k by chance at most once in k times.
        return replace(found, nature=faults.BROKEN, chance=float(np.exp(-odds)), how=faults.UNMENDED)
    if odds > 0:
        return replace(found, nature=faults.BROKEN, doubt="" if odds > DOUBT else faults.ESTIMATED)
    return found
