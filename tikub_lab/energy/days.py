"""What a day is in a school, of lessons, of weekend or of holidays, and how cold it was.

Days are counted from 1 January 1970. A public holiday outside school holidays is a day of weekend: clocks that know
the school calendar know it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.energy.periods import DAY, Floats, Integers

LESSONS, WEEKEND, HOLIDAY = "cours", "week-end", "vacances"
KINDS = (LESSONS, WEEKEND, HOLIDAY)
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Days:
    """What each day was, from the first on, without a gap.

    ``kinds`` are places in :data:`KINDS`; ``cold`` is the daily mean temperature by station, °C. Alerts also know
    whether the calendar tells of a day (``covered``), which of the holidays in ``names`` it belongs to (``period``),
    and a weekend to which stretch between holidays (``term``); -1 for none.
    """

    first: int
    kinds: Integers
    cold: Mapping[str, Floats]
    covered: Booleans = field(default_factory=lambda: np.empty(0, dtype=bool))
    period: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    term: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    names: tuple[str, ...] = ()

    def at(self, station: str | None) -> Floats:
        """Daily mean temperatures of a station; not numbers where it is not known."""
        return self.cold.get(station or "", np.full(len(self.kinds), np.nan))

    def named(self) -> pd.Series:
        """Return the kind of each day, in words, by date."""
        days = pd.date_range(date_of(self.first), periods=len(self.kinds))
        return pd.Series(np.array(KINDS, dtype=object)[self.kinds], index=days, dtype="str")


def numbers(dates: pd.Series) -> Integers:
    """Count days from 1 January 1970."""
    return pd.DatetimeIndex(pd.to_datetime(dates)).values.astype("datetime64[D]").astype(np.int64)


def date_of(day: int) -> pd.Timestamp:
    """Return the date of a day counted from 1 January 1970."""
    return pd.Timestamp(int(day), unit="D")


def stretches(true: Booleans) -> list[tuple[int, int]]:
    """Return where runs of true values begin and end (excluded)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], true.astype(np.int64), [0]])))
    return [(int(left), int(right)) for left, right in edges.reshape(-1, 2)]


def of_zone(calendar: pd.DataFrame, zone: str) -> tuple[pd.DataFrame, Booleans]:
    """Keep the holidays of a zone (of a calendar without zones, all), and say which of them are public ones."""
    rest = calendar[calendar["zone"].isin([zone, "toutes"])] if "zone" in calendar else calendar
    nature = rest["nature"] if "nature" in rest else pd.Series("vacances", index=rest.index)
    return rest, (nature == "jour férié").to_numpy(dtype=bool)


def kinds_of(rest: pd.DataFrame, public: Booleans, first: int, last: int) -> Integers:
    """Tell the kind of each day, a place in :data:`KINDS`, of what :func:`of_zone` gives; the last day is excluded."""
    days = np.arange(first, last)
    kinds = np.where((days + 3) % 7 >= 5, 1, 0)  # 1 January 1970 was a Thursday
    begin, end = numbers(rest["debut"]) - first, numbers(rest["fin"]) - first
    for left, right in zip(begin[~public], end[~public], strict=True):
        kinds[max(left, 0) : max(right, 0)] = 2
    for left, right in zip(begin[public], end[public], strict=True):
        span = slice(max(left, 0), max(right, 0))
        kinds[span] = np.where(kinds[span] == 0, 1, kinds[span])
    return kinds


def cold_of(weather: pd.DataFrame, first: int, last: int, bridged: int = 0) -> dict[str, Floats]:
    """Lay daily mean temperatures out by station, °C; a few missing in a row are read off the line around them."""
    found = {}
    for station, rows in weather[["station", "jour", "tmoy"]].groupby("station", observed=True):
        place = numbers(rows["jour"]) - first
        inside = (place >= 0) & (place < last - first)
        line = np.full(last - first, np.nan)
        line[place[inside]] = rows["tmoy"].to_numpy(np.float64, na_value=np.nan)[inside]
        if bridged:
            line = pd.Series(line).interpolate(limit=bridged, limit_area="inside").to_numpy()
        found[str(station)] = line
    return found


def day_kinds(calendar: pd.DataFrame, first: object, last: object, zone: str = "B") -> pd.Series:
    """Tell what each day is in a school: lessons, weekend, or holiday.

    Parameters
    ----------
    calendar : DataFrame
        ``debut`` and ``fin`` (excluded), ``nature`` and ``zone``: table ``energy/calendar``. Without ``zone`` all rows
        count, without ``nature`` all are school holidays.
    first, last : dates
        Days to tell, both included.
    zone : str
        Of school holidays.

    Returns
    -------
    Series of str by date
        « cours », « week-end » (public holidays among lessons too), « vacances » (weekends within them too).

    Examples
    --------
    >>> calendar = pd.DataFrame({"debut": pd.to_datetime(["2025-02-08"]), "fin": pd.to_datetime(["2025-02-24"])})
    >>> day_kinds(calendar, "2025-02-07", "2025-03-01").value_counts().to_dict()
    {'vacances': 16, 'cours': 6, 'week-end': 1}
    """
    start, end = (pd.Timestamp(str(day)).value // DAY for day in (first, last))
    return Days(start, kinds_of(*of_zone(calendar, zone), start, end + 1), {}).named()


def keep_days(usage: pd.DataFrame, kinds: pd.Series, keep: tuple[str, ...] = (LESSONS,)) -> pd.DataFrame:
    """Keep the daily readings of some kinds of days, from :func:`day_kinds`, to fit a baseline on them alone.

    In a school use is low in July and August for want of pupils, not for want of cold. A model of all days takes that
    for heating: base load, slope and balance point to be compared between sites are those of days of lessons.
    """
    wanted = kinds.reindex(pd.DatetimeIndex(usage["debut"]).normalize()).isin(keep).to_numpy(dtype=bool)
    single = ((usage["fin"] - usage["debut"]) < pd.Timedelta(days=1.5)).to_numpy(dtype=bool)
    return usage[wanted & single]
