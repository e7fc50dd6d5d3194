"""The baselines of many meters, those that share their days and temperatures worked out together."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from tikub_lab.energy.baseline.design import BILLING_MATCH, Thermal, Unit, read_clock, read_periods, thermal
from tikub_lab.energy.baseline.model import (
    Baseline,
    Kind,
    Sample,
    design_of,
    fit_group,
    kind_of,
    points_of,
    reach_of,
    rules_of,
)
from tikub_lab.errors import UsageError, nearest


def fit_many(
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    stations: Mapping[str, str],
    *,
    kind: Kind | None = None,
    unit: Unit = "C",
    cooling: bool | Mapping[str, bool] = True,
    balance_points: Sequence[float] | None = None,
    longest: float | None = BILLING_MATCH,
) -> dict[str, Baseline]:
    """Fit the baseline models of many meters, those that share days and temperatures together.

    Parameters
    ----------
    readings : DataFrame
        ``compteur_id``, ``debut``, ``fin`` (excluded), ``kwh``: table ``energy/readings``.
    weather : DataFrame
        ``station``, ``jour``, ``tmoy``: table ``energy/weather``.
    stations : mapping
        Station of each meter.
    cooling : bool or mapping
        For all meters, or for each.
    kind, unit, balance_points, longest
        As for :func:`fit`.

    Returns
    -------
    dict of Baseline by ``compteur_id``, in the order of the readings.

    Raises
    ------
    UsageError
        A meter without a station, or a station without weather.

    Examples
    --------
    >>> import numpy as np
    >>> days = pd.date_range("2025-01-01", periods=365)
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmoy": 10 - 8 * np.cos(np.arange(365) / 58)})
    >>> readings = pd.DataFrame({"compteur_id": "C1", "debut": days, "fin": days + pd.Timedelta(days=1), "kwh": 5.0})
    >>> found = fit_many(readings, weather, {"C1": "S"})["C1"]
    >>> found.model, found.intercept, found.n
    ('intercept_only', 5.0, 365)
    """
    clocks = {
        str(station): read_clock(rows, unit)
        for station, rows in weather[["station", "jour", "tmoy"]].groupby("station", observed=True)
    }
    matched: dict[tuple[object, ...], Thermal] = {}
    groups: dict[tuple[object, ...], list[tuple[str, Sample, int]]] = {}
    for name, rows in readings[["compteur_id", "debut", "fin", "kwh"]].groupby(
        "compteur_id", sort=False, observed=True
    ):
        meter = str(name)
        station, periods = _station(meter, stations, clocks), read_periods(rows)
        own = kind or kind_of(periods)
        key = (station, own, periods.start.tobytes(), periods.end.tobytes())
        if key not in matched:
            matched[key] = thermal(periods, clocks[station], reach_of(own, longest))
        sample, missing = design_of(periods, matched[key], own)
        tried = cooling if isinstance(cooling, bool) else cooling[meter]
        groups.setdefault((*key, tried, sample.start.tobytes()), []).append((meter, sample, missing))
    found: dict[str, Baseline] = {}
    points = points_of(balance_points, unit)
    for group_key, members in groups.items():
        own, tried = ("billing" if group_key[1] == "billing" else "daily"), bool(group_key[4])
        designs = [(sample, missing) for _, sample, missing in members]
        fitted = fit_group(designs, own, unit, rules_of(own, tried, None, 20.0), points)
        found.update(zip((meter for meter, _, _ in members), fitted, strict=True))
    return {str(meter): found[str(meter)] for meter in readings["compteur_id"].unique()}


def _station(meter: str, stations: Mapping[str, str], known: Iterable[str]) -> str:
    if meter not in stations:
        raise UsageError(f"Meter {meter!r} has no station; add it to the mapping of meters to stations.")
    station = stations[meter]
    if station not in known:
        raise UsageError(f"Meter {meter!r}: station {station!r} has no weather.{nearest(station, known)}")
    return station
