"""Hourly use as days, by CalTRACK: what samples of eemeter need to be compared with its models."""

import numpy as np
import pandas as pd

from tikub_lab.energy.periods import DAY_COVERAGE, HOUR


def daily_usage(hourly: pd.Series) -> pd.Series:
    """Add up hourly use into days; a day with half of its hours or less is missing, others are scaled up.

    Parameters
    ----------
    hourly : Series of kWh
        Hourly DatetimeIndex; the days are those of its time zone.

    Returns
    -------
    Series of kWh
        One value a day, and a last row without value that marks the end, as ``read_periods`` wants it
        (CalTRACK 2.2.2.1).

    Examples
    --------
    >>> hours = pd.date_range("2025-01-01", periods=36, freq="h")
    >>> daily_usage(pd.Series(1.0, index=hours)).tolist()  # twelve hours of the second day are not more than half
    [24.0, nan, nan]
    """
    days = pd.DatetimeIndex(hourly.index).normalize()
    if not len(days):
        return pd.Series(dtype="float64", index=days)
    zone = days.tz
    whole = pd.date_range(days.min().tz_localize(None), days.max().tz_localize(None) + pd.Timedelta(days=1), freq="D")
    whole = whole.tz_localize(zone) if zone is not None else whole
    groups = hourly.groupby(days)
    known, total = groups.count().reindex(whole, fill_value=0), groups.sum().reindex(whole)
    hours = pd.Series(np.append(np.diff(whole.as_unit("ns").asi8) / HOUR, np.nan), index=whole)
    share = known / hours
    return (total / share).where(share > DAY_COVERAGE)
