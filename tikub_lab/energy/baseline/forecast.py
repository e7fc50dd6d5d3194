"""What a baseline says of other periods than its own."""

from dataclasses import replace

import numpy as np
import pandas as pd

from tikub_lab.energy.baseline.design import Clock, Integers, Periods, Thermal, read_clock, read_periods, thermal
from tikub_lab.energy.baseline.model import Baseline
from tikub_lab.errors import UsageError


def predict(
    baseline: Baseline, periods: pd.Series | pd.DataFrame | pd.DatetimeIndex, temperature: pd.Series | pd.DataFrame
) -> pd.DataFrame:
    """Work out what a baseline says of other periods.

    Parameters
    ----------
    baseline : Baseline
    periods : DatetimeIndex, Series or DataFrame
        Starts of periods, the last one being the end; or usage as for :func:`fit`.
    temperature
        As for :func:`fit`, in the unit of the baseline.

    Returns
    -------
    DataFrame
        One row a period: ``debut``, ``fin`` (excluded), ``jours``, ``predit`` (kWh), and its parts ``base``,
        ``chauffage``, ``climatisation``. A period with too few temperatures has no figure.

    Notes
    -----
    A period's load is the mean of its days times its length. eemeter multiplies by the days begun instead, which counts
    the 25-hour day of October twice; elsewhere both are the same.

    Raises
    ------
    UsageError
        A baseline without a model.
    """
    if isinstance(periods, pd.DatetimeIndex):
        periods = pd.Series(np.nan, index=periods)
    return predict_periods(baseline, read_periods(periods), read_clock(temperature, baseline.unit))


def predict_periods(baseline: Baseline, periods: Periods, clock: Clock) -> pd.DataFrame:
    """Work out :func:`predict` from periods and temperatures that are read."""
    if baseline.model is None:
        raise UsageError(f"Baseline: its status is {baseline.status!r}, it can't predict. {baseline.verdict}")
    found = whole(baseline, periods, clock)
    usable = found.kept > 0
    heat, cool = baseline.loads(found)
    table = pd.DataFrame({"debut": dates(periods.start, periods.zone), "fin": dates(periods.end, periods.zone)})
    table["jours"] = periods.days
    for name, load in (("base", np.full(len(heat), baseline.intercept)), ("chauffage", heat), ("climatisation", cool)):
        values = np.full(len(periods), np.nan)
        values[usable] = load
        table[name] = values * periods.days
    table["predit"] = table["base"] + table["chauffage"] + table["climatisation"]
    return table[["debut", "fin", "jours", "predit", "base", "chauffage", "climatisation"]]


def whole(baseline: Baseline, periods: Periods, clock: Clock) -> Thermal:
    """Match periods with temperatures: those that have enough of them for this model are kept.

    A model without temperature asks for one temperature, as in eemeter. A period longer than a day that the series
    covers by less than 90 % is not kept, even where the series ends in its midst (eemeter takes what there is).
    """
    found = thermal(periods, clock)
    if baseline.model == "intercept_only":
        kept = (found.valid > 0).astype(np.int64)
        return replace(found, kept=kept, mean=np.full(kept.sum(), np.nan))
    rows = periods.days * clock.per_day
    kept = np.where((rows > clock.per_day * 1.5) & (found.valid < 0.9 * rows), 0, found.kept)
    owner = np.repeat(np.arange(len(kept)), found.kept)
    return replace(found, kept=kept, mean=found.mean[kept[owner] > 0])


def dates(moments: Integers, zone: str | None) -> pd.DatetimeIndex:
    """Turn nanoseconds into dates, in the time zone that they came from."""
    index = pd.DatetimeIndex(moments.astype("datetime64[ns]"))
    return index if zone is None else index.tz_localize("UTC").tz_convert(zone)
