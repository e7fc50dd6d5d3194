"""Degree days by the two methods in use in France, from the lowest and the highest temperature of each day.

« Météo » is what a weather service publishes: the base less the half-sum of the extremes, never below zero. The energy
profession's own method (COSTIC, the one of operating contracts) sees that a day whose mean is above the base still has
cold hours: it tells three cases apart. Both are worked out by the day; a sum says how many of its days are missing.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.errors import UsageError

Method = Literal["meteo", "pro"]
Floats = npt.NDArray[np.float64]

BASE = 18.0
"""°C: 19 °C inside, less the degree that people, lamps and the sun give."""
# A day that crosses the base: the share of the half-sum that counts, at the edge and per unit of depth below it.
EDGE, DEPTH = 0.08, 0.42


def daily(tmin: npt.ArrayLike, tmax: npt.ArrayLike, base: float = BASE, method: Method = "meteo") -> Floats:
    """Degree days of each day.

    Parameters
    ----------
    tmin, tmax : array of n floats
        Lowest and highest temperature of the day, °C.
    base : float
        Temperature from which a building is heated , °C.
    method : {"meteo", "pro"}
        « Météo »: ``max(0, base - (tmin + tmax) / 2)``. « Pro » (COSTIC, three cases): the same where the whole day is
        below the base, 0 where it is at or above, else ``(base - tmin) * (0.08 + 0.42 (base - tmin) / (tmax - tmin))``.

    Returns
    -------
    array of n floats
        Degree days, °C·day; not a number where a temperature is missing.

    Raises
    ------
    UsageError
        A method that is not known, or a day whose lowest temperature is above the highest.

    Examples
    --------
    >>> daily([2, 14, 19], [10, 22, 30]).tolist()
    [12.0, 0.0, 0.0]
    >>> daily([2, 14, 19], [10, 22, 30], method="pro").round(2).tolist()  # the second day has cold hours
    [12.0, 1.16, 0.0]
    """
    if method not in ("meteo", "pro"):
        raise UsageError(f"method={method!r}: degree days are worked out by 'meteo' or 'pro'.")
    low, high = np.asarray(tmin, float), np.asarray(tmax, float)
    if (wrong := np.flatnonzero(low > high)).size:
        place = int(wrong[0])
        raise UsageError(
            f"Day {place}: lowest temperature {low.flat[place]:g} above the highest, {high.flat[place]:g}. "
            "Give tmin, then tmax, or correct the weather."
        )
    half = base - (low + high) / 2
    if method == "meteo":
        return np.maximum(half, 0.0)
    below = base - low
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = below * (EDGE + DEPTH * below / (high - low))
    found = np.where(base >= high, half, np.where(below <= 0, 0.0, crossing))
    return np.where(np.isnan(low) | np.isnan(high), np.nan, found)


def by_month(weather: pd.DataFrame, base: float = BASE, method: Method = "meteo") -> pd.DataFrame:
    """Degree days of each station and calendar month.

    Parameters
    ----------
    weather : DataFrame
        Columns ``station``, ``jour``, ``tmin`` and ``tmax`` (°C), one row a day: table ``energy/weather``.
    base, method
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
    table = _daily_table(weather, base, method)
    table["mois"] = table["jour"].dt.to_period("M").dt.start_time
    found = _sums(table, "mois")
    found["manquants"] = found["mois"].dt.days_in_month.astype("int64") - found["jours"]
    return found[["station", "mois", "dju", "jours", "manquants"]]


def _daily_table(weather: pd.DataFrame, base: float, method: Method) -> pd.DataFrame:
    if len(twice := weather[weather.duplicated(["station", "jour"])]):
        row = twice.iloc[0]
        raise UsageError(
            f"Weather: station {row['station']!r} has {row['jour']:%Y-%m-%d} twice; keep one row a day and station."
        )
    found = weather[["station", "jour"]].copy()
    low, high = (weather[name].astype("float64").to_numpy() for name in ("tmin", "tmax"))
    found["dj"] = daily(low, high, base, method)
    return found


def _sums(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum the days known by station and period; a period without one has 0 days, and no figure."""
    groups = table.groupby(["station", by], sort=True, observed=True)["dj"]
    found = pd.DataFrame({"dju": groups.sum(min_count=1), "jours": groups.count().astype("int64")})
    return found.reset_index()
