"""What alerts look at: the readings of one meter and one origin, and what their days were: temperature and kind."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tikub_lab.energy.days import HOLIDAY, KINDS, WEEKEND, Booleans, Days, cold_of, date_of, kinds_of, numbers, of_zone
from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.errors import UsageError

SHORTEST = 5
"""Days under which a time without lessons is no holidays that heating would be set back for."""
BRIDGED = 3
"""Missing temperatures in a row that are read off the line between their neighbours."""


@dataclass(frozen=True)
class Series:
    """The readings of one meter and one origin, in order.

    Attributes
    ----------
    meter, energy, usage, origin : str
    site, station : str or None
    start, end : arrays of n int
        First day, and day after the last.
    kwh : array of n floats
        Not a number where unknown.
    flagged : array of n bool
        Whether it is said to be estimated.
    """

    meter: str
    site: str | None
    station: str | None
    energy: str
    usage: str
    origin: str
    start: Integers
    end: Integers
    kwh: Floats
    flagged: Booleans

    def __len__(self) -> int:
        return len(self.kwh)

    @property
    def heats(self) -> bool:
        """Whether it may heat: a meter of unknown use may."""
        return self.usage != "autres"


def days_of(readings: pd.DataFrame, weather: pd.DataFrame, calendar: pd.DataFrame, zone: str = "B") -> Days:
    """Tell what the days of some readings were.

    Parameters
    ----------
    readings, weather, calendar : DataFrame
        Tables ``energy/readings``, ``energy/weather``, ``energy/calendar``.
    zone : str
        Of school holidays; a calendar without zones is taken whole.

    Returns
    -------
    Days
        From the first of a month before the readings (holidays that have begun are whole) to their end.
    """
    if readings.empty:
        return Days(0, np.empty(0, dtype=np.int64), {})
    first, last = int(numbers(readings["debut"]).min()) - 31, int(numbers(readings["fin"]).max())
    rest, public = of_zone(calendar, zone)
    kinds = kinds_of(rest, public, first, last)
    begin, end = numbers(rest["debut"]) - first, numbers(rest["fin"]) - first
    covered = np.zeros(len(kinds), dtype=bool)
    if len(rest):
        covered[max(int(begin.min()), 0) : max(int(end.max()), 0)] = True
        before = int(begin.min())
        covered[max(before - 62, 0) : max(before, 0)] = before > 0  # a calendar begins with holidays
    period, names = _periods(rest[~public], kinds, begin[~public], end[~public])
    ended = np.zeros(len(kinds) + 1, dtype=np.int64)
    for which in range(len(names)):
        ended[int(np.flatnonzero(period == which)[-1]) + 1] += 1
    term = np.where((kinds == KINDS.index(WEEKEND)), np.cumsum(ended)[:-1], -1)
    return Days(first, kinds, cold_of(weather, first, last, BRIDGED), covered, period, term, names)


def _periods(rest: pd.DataFrame, kinds: Integers, begin: Integers, end: Integers) -> tuple[Integers, tuple[str, ...]]:
    """Give numbers to the holidays of some length, in order, those that touch being one."""
    period = np.full(len(kinds), -1)
    names: list[str] = []
    holiday = kinds == KINDS.index(HOLIDAY)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], holiday.astype(np.int64), [0]])))
    labels = rest["libelle"] if "libelle" in rest else pd.Series("vacances", index=rest.index)
    for left, right in edges.reshape(-1, 2).tolist():
        overlap = np.minimum(end, right) - np.maximum(begin, left)
        longest = int(overlap.argmax())
        if end[longest] - begin[longest] >= SHORTEST:
            period[left:right] = len(names)
            names.append(str(labels.iloc[longest]))
    return period, tuple(names)


def series_of(readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, origin: str) -> Iterator[Series]:
    """Go through the meters that have readings of an origin.

    Parameters
    ----------
    readings, meters, sites : DataFrame
        Tables ``energy/readings``, ``energy/meters``, ``energy/sites``.
    origin : {"relevé", "facture"}
        Of « relevé », the rows of one day; of « facture », all.

    Raises
    ------
    UsageError
        Readings of a meter that is not in the table of meters, or that overlap.
    """
    rows = readings[(readings["origine"] == origin).to_numpy(dtype=bool)]
    about = meters.merge(sites[["code_uai", "station"]], on="code_uai", how="left").set_index("compteur_id")
    start, end = numbers(rows["debut"]), numbers(rows["fin"])
    wanted = (end - start == 1) if origin == "relevé" else (end > start)
    kwh = rows["kwh"].to_numpy(np.float64, na_value=np.nan)
    flagged = rows["estime"].fillna(False).to_numpy(dtype=bool)
    name = rows["compteur_id"].to_numpy(object)
    order = np.lexsort((start, name))
    order = order[wanted[order]]
    bounds = np.flatnonzero(name[order][1:] != name[order][:-1]) + 1
    for part in np.split(order, bounds) if len(order) else []:
        meter = str(name[part[0]])
        if meter not in about.index:
            raise UsageError(f"Readings: meter {meter!r} is not in the table of meters; add its row to energy/meters.")
        if (start[part][1:] < end[part][:-1]).any():
            late = date_of(int(start[part][1:][start[part][1:] < end[part][:-1]][0]))
            raise UsageError(
                f"Readings of {meter!r} ({origin}): those of {late:%Y-%m-%d} overlap; give each day once an origin."
            )
        row = about.loc[meter]
        words = [None if pd.isna(row[key]) else str(row[key]) for key in ("code_uai", "station", "energie", "usage")]
        yield Series(
            meter, words[0], words[1], words[2] or "", words[3] or "", origin, start[part], end[part], kwh[part],
            flagged[part],
        )  # fmt: skip
