"""Degree days by the two methods in use in France, from the lowest and the highest temperature of each day.

« Météo » is what a weather service publishes: the base less the half-sum of the extremes, never below zero. The energy
profession's own method (COSTIC, the one of operating contracts) sees that a day whose mean is above the base still has
cold hours: it tells three cases apart. Both are worked out by the day; a sum says how many of its days are missing.
"""

from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.errors import UsageError

Method = Literal["meteo", "pro"]
Kind = Literal["chauffage", "climatisation"]
Floats = npt.NDArray[np.float64]

BASE = 18.0
"""°C: 19 °C inside, less the degree that people, lamps and the sun give."""
SEASON = ((10, 1), (5, 20))
"""First and last day of the usual heating season, 232 days; the COSTIC's tables go from 1 September to 30 June."""

# A day that crosses the base: the share of the half-sum that counts, at the edge and per unit of depth below it.
EDGE, DEPTH = 0.08, 0.42


def daily(
    tmin: npt.ArrayLike, tmax: npt.ArrayLike, base: float = BASE, method: Method = "meteo", kind: Kind = "chauffage"
) -> Floats:
    """Degree days of each day.

    Parameters
    ----------
    tmin, tmax : array of n floats
        Lowest and highest temperature of the day, °C.
    base : float
        Temperature from which a building is heated (or cooled), °C.
    method : {"meteo", "pro"}
        « Météo »: ``max(0, base - (tmin + tmax) / 2)``. « Pro » (COSTIC, three cases): the same where the whole day is
        below the base, 0 where it is at or above, else ``(base - tmin) * (0.08 + 0.42 (base - tmin) / (tmax - tmin))``.
    kind : {"chauffage", "climatisation"}
        Cooling turns the same rules over.

    Returns
    -------
    array of n floats
        Degree days, °C·day; not a number where a temperature is missing.

    Raises
    ------
    UsageError
        A method or a kind that is not known, or a day whose lowest temperature is above the highest.

    Examples
    --------
    >>> daily([2, 14, 19], [10, 22, 30]).tolist()
    [12.0, 0.0, 0.0]
    >>> daily([2, 14, 19], [10, 22, 30], method="pro").round(2).tolist()  # the second day has cold hours
    [12.0, 1.16, 0.0]
    """
    if method not in ("meteo", "pro"):
        raise UsageError(f"method={method!r}: degree days are worked out by 'meteo' or 'pro'.")
    if kind not in ("chauffage", "climatisation"):
        raise UsageError(f"kind={kind!r}: degree days are of 'chauffage' or of 'climatisation'.")
    low, high = np.asarray(tmin, float), np.asarray(tmax, float)
    if (wrong := np.flatnonzero(low > high)).size:
        place = int(wrong[0])
        raise UsageError(
            f"Day {place}: lowest temperature {low.flat[place]:g} above the highest, {high.flat[place]:g}. "
            "Give tmin, then tmax, or correct the weather."
        )
    if kind == "climatisation":
        low, high, base = -high, -low, -base
    half = base - (low + high) / 2
    if method == "meteo":
        return np.maximum(half, 0.0)
    below = base - low
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = below * (EDGE + DEPTH * below / (high - low))
    found = np.where(base >= high, half, np.where(below <= 0, 0.0, crossing))
    return np.where(np.isnan(low) | np.isnan(high), np.nan, found)


def by_month(
    weather: pd.DataFrame, base: float = BASE, method: Method = "meteo", kind: Kind = "chauffage"
) -> pd.DataFrame:
    """Degree days of each station and calendar month.

    Parameters
    ----------
    weather : DataFrame
        Columns ``station``, ``jour``, ``tmin`` and ``tmax`` (°C), one row a day: table ``energy/weather``.
    base, method, kind
        As for :func:`daily`.

    Returns
    -------
    DataFrame
        ``station``, ``mois`` (its first day), ``dju`` (sum over the days known), ``jours`` (days known), ``manquants``
        (days of the month that have no row or no temperature).

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", "2025-01-30")
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmin": 0.0, "tmax": 10.0})
    >>> by_month(weather)[["dju", "jours", "manquants"]].to_numpy().tolist()
    [[390.0, 30.0, 1.0]]
    """
    table = _daily_table(weather, base, method, kind)
    table["mois"] = table["jour"].dt.to_period("M").dt.start_time
    found = _sums(table, "mois")
    found["manquants"] = found["mois"].dt.days_in_month.astype("int64") - found["jours"]
    return found[["station", "mois", "dju", "jours", "manquants"]]


def by_season(
    weather: pd.DataFrame,
    base: float = BASE,
    method: Method = "meteo",
    first: tuple[int, int] = SEASON[0],
    last: tuple[int, int] = SEASON[1],
) -> pd.DataFrame:
    """Heating degree days of each station and heating season.

    Parameters
    ----------
    weather : DataFrame
        As for :func:`by_month`.
    base, method
        As for :func:`daily`.
    first, last : (month, day)
        First and last day of the season, which crosses the new year: 1 October to 20 May unless said.

    Returns
    -------
    DataFrame
        ``station``, ``saison`` (« 2024-2025 »), ``debut``, ``fin`` (last day, included), ``dju``, ``jours``,
        ``manquants``: a season that the weather covers in part shows it there.

    Raises
    ------
    UsageError
        A season that does not cross the new year.

    Examples
    --------
    >>> days = pd.date_range("2024-09-01", "2025-06-30")
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmin": 0.0, "tmax": 10.0})
    >>> by_season(weather)[["saison", "dju", "jours", "manquants"]].to_numpy().tolist()
    [['2024-2025', 3016.0, 232, 0]]
    """
    if first <= last:
        raise UsageError(f"Season from {first} to {last}: (month, day) of its start must come after that of its end.")
    table = _daily_table(weather, base, method, "chauffage")
    day = table["jour"]
    key = day.dt.month * 100 + day.dt.day
    opening, closing = first[0] * 100 + first[1], last[0] * 100 + last[1]
    table["annee"] = day.dt.year - (key <= closing).astype("int64")
    found = _sums(table[(key >= opening) | (key <= closing)], "annee")
    years = found["annee"].astype("int64")
    found["saison"] = [f"{year}-{year + 1}" for year in years]
    found["debut"] = pd.to_datetime([date(year, *first) for year in years])
    found["fin"] = pd.to_datetime([_last_day(year + 1, last) for year in years])
    found["manquants"] = (found["fin"] - found["debut"]).dt.days + 1 - found["jours"]
    return found[["station", "saison", "debut", "fin", "dju", "jours", "manquants"]]


def _last_day(year: int, day: tuple[int, int]) -> date:
    """Return a day of a year, 28 February where a common year has no 29."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return date(year, 2, 28) if day == (2, 29) and not leap else date(year, *day)


def _daily_table(weather: pd.DataFrame, base: float, method: Method, kind: Kind) -> pd.DataFrame:
    if len(twice := weather[weather.duplicated(["station", "jour"])]):
        row = twice.iloc[0]
        raise UsageError(
            f"Weather: station {row['station']!r} has {row['jour']:%Y-%m-%d} twice; keep one row a day and station."
        )
    found = weather[["station", "jour"]].copy()
    low, high = (weather[name].astype("float64").to_numpy() for name in ("tmin", "tmax"))
    found["dj"] = daily(low, high, base, method, kind)
    return found


def _sums(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum the days known by station and period; a period without one has 0 days, and no figure."""
    groups = table.groupby(["station", by], sort=True, observed=True)["dj"]
    found = pd.DataFrame({"dju": groups.sum(min_count=1), "jours": groups.count().astype("int64")})
    return found.reset_index()
