"""The heating signature of a site as a chart needs it: days as points, the model as a broken line."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.days import day_kinds, keep_days
from tikub_lab.energy.heating import HEATS
from tikub_lab.energy.performance.signature import DAILY


@bundled
def picture(
    readings: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    signature: Mapping[str, Any],
    year: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay out the days of lessons of a site and its signature.

    Parameters
    ----------
    readings, meters, sites, weather, calendar : DataFrame
        As for :func:`tikub_lab.energy.performance.signature.signatures`.
    signature : mapping
        One of its rows.
    year : int

    Returns
    -------
    (points, curve) : DataFrames
        ``tmoy`` (°C) and ``kwh`` (a day, of all meters that heat); empty where the signature comes from bills, or is
        none. Days on which a meter has no figure are left out.

    Examples
    --------
    >>> days = pd.date_range("2025-01-06", periods=5)
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmoy": [1.0, 3, 5, 7, 20]})
    >>> readings = pd.DataFrame({"compteur_id": "G1", "debut": days, "fin": days + pd.Timedelta(days=1),
    ...                          "kwh": [150.0, 130, 110, 90, 10], "origine": "relevé"})
    >>> meters = pd.DataFrame({"compteur_id": ["G1"], "code_uai": ["A"], "usage": ["chauffage"]})
    >>> sites = pd.DataFrame({"code_uai": ["A"], "station": ["S"]})
    >>> own = {"code_uai": "A", "source": DAILY, "base": 10.0, "pente": 10.0, "equilibre": 15.0}
    >>> points, curve = picture(readings, meters, sites, weather, readings.head(0)[["debut", "fin"]], own, 2025)
    >>> len(points), curve.to_numpy().tolist()
    (5, [[1.0, 150.0], [15.0, 10.0], [20.0, 10.0]])
    """
    uai = signature["code_uai"]
    empty = pd.DataFrame({"tmoy": pd.Series(dtype="float64"), "kwh": pd.Series(dtype="float64")})
    if (
        signature["source"] != DAILY
        or not np.isfinite([signature[name] for name in ("base", "pente", "equilibre")]).all()
    ):
        return empty, empty
    heats = meters.loc[(meters["code_uai"] == uai) & meters["usage"].isin(HEATS), "compteur_id"]
    rows = readings[readings["compteur_id"].isin(heats) & (readings["origine"] == "relevé")]
    rows = rows[rows["debut"].dt.year == year]
    rows = keep_days(rows, day_kinds(calendar, f"{year}-01-01", f"{year}-12-31"))
    sums = rows.groupby("debut")["kwh"].agg(["sum", "count"])
    days = sums.loc[sums["count"] == rows["compteur_id"].nunique(), "sum"]
    outside = weather.loc[weather["station"] == sites.set_index("code_uai").at[uai, "station"]]
    points = pd.DataFrame({"tmoy": outside.set_index("jour")["tmoy"].reindex(days.index), "kwh": days}).dropna()
    if points.empty:
        return empty, empty
    low, high, turn = float(points["tmoy"].min()), float(points["tmoy"].max()), float(signature["equilibre"])
    at = np.unique([low, min(max(turn, low), high), high])
    use = signature["base"] + signature["pente"] * np.maximum(turn - at, 0.0)
    return points.reset_index(drop=True), pd.DataFrame({"tmoy": at, "kwh": use})
