"""The heating signature of each site: slope, base load and balance point, each with its standard error.

From daily readings the three are those of days of lessons: in a school use is low in July and August for want of
pupils, which a model of all days takes for heating. Bills can't leave weekends out, and their slopes are smaller; those
with many holidays are left out, and so that enough are left, three years are taken. A signature from bills is compared
with others from bills only, which is why each site has both where it can.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy import heating
from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.caltrack import Baseline, Sample, fit_many
from tikub_lab.energy.consumption import require_readings
from tikub_lab.energy.days import HOLIDAY, day_kinds, keep_days
from tikub_lab.energy.periods import DAY, Floats
from tikub_lab.energy.savings import regressors
from tikub_lab.methods.once import once

DAILY, BILLS = "relevés journaliers, jours de cours", "factures de trois ans, hors vacances"
POINTS = {DAILY: np.arange(400, 1101) / 50, BILLS: np.arange(80, 221) / 10}
"""Balance points that are tried, °C: so close together, as a tenth of a degree moves the base load by some percents."""
YEARS = 3
"""Years of bills, the last one being that asked for: a year has too few of them with hardly any holidays."""
CALM = 0.25
"""Largest share of holidays among the days of a bill."""
FEWEST = {DAILY: 100, BILLS: 9}
"""Days of lessons, or bills, that a signature needs."""

FEW, NO_COLD, POOR = "trop peu de relevés", "aucun effet du froid", "modèle insuffisant (guide ASHRAE 14)"
NO_AREA, NO_STATION = "surface inconnue", "station météo inconnue"

COLUMNS = ["code_uai", "source", "usage", "compteurs", "surface", "pente", "base", "equilibre", "pente_m2", "base_m2"]
COLUMNS += ["base_w_m2", "erreur_pente_m2", "erreur_base_m2", "erreur_equilibre", "n", "manquants", "r2", "cv_rmse"]
COLUMNS += ["nmbe", "conforme", "comparable", "manque", "verdict"]


@bundled
@once
def signatures(
    readings: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    year: int,
) -> pd.DataFrame:
    """Work out the heating signature of each site in one year.

    Parameters
    ----------
    readings, meters, sites, weather, calendar : DataFrame
        Tables ``energy/readings``, ``meters``, ``sites`` (``code_uai``, ``station``, ``surface_totale``), ``weather``
        and ``calendar``; of the readings, best those of :func:`tikub_lab.energy.trusted`.
    year : int

    Returns
    -------
    DataFrame
        One row a site that heats and source, sorted: ``code_uai``, ``source`` (days of lessons, or bills), ``usage``
        (« chauffage », or « mixte » where a meter counts other uses too), ``compteurs``, ``surface`` (m²), ``pente``
        (kWh per °C and day), ``base`` (kWh a day), ``equilibre`` (°C), ``pente_m2``, ``base_m2`` (the same a square
        metre), ``base_w_m2`` (W/m²), ``erreur_pente_m2``, ``erreur_base_m2``, ``erreur_equilibre`` (standard errors),
        ``n`` (days or bills; of the meter that has least), ``manquants``, ``r2``, ``cv_rmse``, ``nmbe``, ``conforme``
        (ASHRAE Guideline 14), ``comparable``, ``manque`` (why not, in French), ``verdict`` (of the model). Slopes and
        base loads of several meters add up; their balance point is the mean, weighted by slopes.

    Raises
    ------
    UsageError
        A year without any reading.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", "2025-12-31")
    >>> cold = 10 - 8 * np.cos(np.arange(365) / 58)
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmin": cold - 3, "tmoy": cold, "tmax": cold + 3})
    >>> readings = pd.DataFrame({"compteur_id": "G1", "debut": days, "fin": days + pd.Timedelta(days=1),
    ...                          "kwh": 50 + 20 * np.maximum(15 - cold, 0), "estime": False, "origine": "relevé"})
    >>> meters = pd.DataFrame({"compteur_id": ["G1"], "code_uai": ["A"], "usage": ["chauffage"],
    ...                        "mise_en_service": [pd.NaT], "retrait": [pd.NaT]})
    >>> sites = pd.DataFrame({"code_uai": ["A"], "station": ["S"], "surface_totale": [100.0]})
    >>> found = signatures(readings, meters, sites, weather, readings.head(0)[["debut", "fin"]], 2025)
    >>> found.loc[found["source"] == DAILY, ["pente_m2", "base_m2", "equilibre"]].round(3).to_numpy().tolist()
    [[0.2, 0.5, 15.0]]
    """
    own, rows = _of_year(readings, meters, sites, year)
    with_station = own["station"].isin(weather["station"].unique())
    stations = dict(zip(own.loc[with_station, "compteur_id"], own.loc[with_station, "station"], strict=True))
    rows = rows[rows["compteur_id"].isin(stations)]
    kinds = day_kinds(calendar, f"{year - YEARS}-07-01", f"{year + 1}-06-30")
    lessons = keep_days(rows[(rows["origine"] == "relevé") & (rows["debut"].dt.year == year)], kinds)
    # One origin a meter: a bill and a month of daily readings would overlap.
    billed = rows.loc[rows["origine"] == "facture", "compteur_id"].unique()
    bills = rows[(rows["origine"] == "facture") | ~rows["compteur_id"].isin(billed)]
    bills = _calm(heating.spans(bills), kinds, year)
    found = []
    for source, usage in ((DAILY, lessons), (BILLS, bills)):
        fits = fit_many(
            usage, weather, stations, kind="daily" if source == DAILY else "billing", cooling=False,
            balance_points=POINTS[source].tolist(), longest=float(heating.LONGEST),
        ) if len(usage) else {}  # fmt: skip
        found += [_site(str(site), source, one, fits, stations) for site, one in own.groupby("code_uai")]
    table = pd.DataFrame(found, columns=COLUMNS)
    whole = dict.fromkeys(("compteurs", "n", "manquants"), "int64") | dict.fromkeys(("conforme", "comparable"), "bool")
    texts = dict.fromkeys(("code_uai", "source", "usage", "manque", "verdict"), "str")
    table = table.astype(dict.fromkeys(COLUMNS, "float64") | whole | texts)
    return table.sort_values(["code_uai", "source"], ascending=[True, False], ignore_index=True)


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
        As for :func:`signatures`.
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
    heats = meters.loc[(meters["code_uai"] == uai) & meters["usage"].isin(heating.HEATS), "compteur_id"]
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


def errors(baseline: Baseline) -> Floats:
    """Work out the standard errors of a heating model's base load (kWh a day), slope (per °C) and balance point (°C).

    The three are taken as fitted together (the model is linear in each, around its values). For days, the scatter may
    follow use, and is widened for its memory from one day to the next, (1 + r) / (1 - r); for bills, errors are held
    to be even and independent. Not numbers for another model than ``hdd_only``, or too few periods.
    """
    sample, none = baseline.sample, np.full(3, np.nan)
    if baseline.model != "hdd_only" or sample is None or len(sample.usage) <= 3 or not baseline.beta_hdd > 0:
        return none
    degrees, moves = regressors(baseline, sample.thermal)
    matrix = np.hstack([degrees / [1, 1.8], baseline.beta_hdd * moves])
    residual = sample.usage - matrix[:, :2] @ np.array([baseline.intercept, baseline.beta_hdd])
    weights, free = sample.weights, len(residual) - 3
    scale = np.sqrt((matrix**2).sum(axis=0))
    if not (scale > 0).all():
        return none
    matrix = matrix / scale
    gram = np.linalg.pinv((matrix * weights[:, None]).T @ matrix, hermitian=True)
    if baseline.kind == "daily":
        pushed = matrix * (weights * residual)[:, None]
        covariance = gram @ (pushed.T @ pushed) @ gram * len(residual) / free * _widening(sample, residual)
    else:
        covariance = gram * float(weights @ residual**2) / free
    return np.sqrt(np.diag(covariance)) / scale


def _widening(sample: Sample, residual: Floats) -> float:
    """Return what the memory of residuals makes of a variance, from days that follow each other."""
    follows = np.flatnonzero(np.diff(sample.start) < 1.5 * DAY)
    square = float(residual @ residual) / len(residual)
    if len(follows) < 10 or square <= 0:
        return 1.0
    alike = float(np.mean(residual[follows] * residual[follows + 1])) / square
    alike = min(max(alike, 0.0), 0.95)
    return (1 + alike) / (1 - alike)


def _site(site: str, source: str, own: pd.DataFrame, fits: dict[str, Baseline], stations: dict[str, Any]) -> list[Any]:
    """Put the meters of one site together."""
    area = float(own["surface_totale"].iloc[0])
    area = area if area > 0 else math.nan
    usage = "chauffage" if (own["usage"] == "chauffage").all() else "mixte"
    known = [fits[meter] for meter in own["compteur_id"] if meter in fits]
    whole = len(known) == len(own)
    least = min(one.n for one in known) if whole else 0
    worst = max(known, key=lambda one: one.cv_rmse if not math.isnan(one.cv_rmse) else math.inf, default=None)
    slope, base, point, wrong = math.nan, math.nan, math.nan, np.full(3, np.nan)
    if whole and all(one.model == "hdd_only" and one.beta_hdd > 0 for one in known):
        slopes = np.array([one.beta_hdd for one in known])
        slope, base = float(slopes.sum()), float(sum(one.intercept for one in known))
        point = float(slopes @ np.array([one.heating_balance_point for one in known])) / slope
        each = np.array([errors(one) for one in known])
        each[:, 2] *= slopes / slope
        wrong = np.sqrt((each**2).sum(axis=0))
    passed = whole and all(one.conforme for one in known)
    reasons = (
        (not any(meter in stations for meter in own["compteur_id"]), NO_STATION),
        (least < FEWEST[source], FEW),
        (math.isnan(slope), NO_COLD),
        (not passed, POOR),
        (math.isnan(area), NO_AREA),
    )
    why = next((text for wrong_one, text in reasons if wrong_one), "")
    quality = (worst.r2_adj, worst.cv_rmse, worst.nmbe) if worst else (math.nan,) * 3
    return [
        site, source, usage, len(own), area, slope, base, point, slope / area, base / area,
        base / area * 1000 / 24, wrong[1] / area, wrong[0] / area, wrong[2], least,
        sum(one.missing for one in known), *quality, passed, not why, why, worst.verdict if worst else "Aucun modèle.",
    ]  # fmt: skip


def _of_year(
    readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, year: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the meters that heat in a year, with their site's station and area, and their readings."""
    first, after = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)
    require_readings(f"year={year}", readings, first, after)
    near = (readings["debut"] < after) & (readings["fin"] > pd.Timestamp(year - YEARS, 1, 1))
    names = ["compteur_id", "code_uai", "usage", "mise_en_service", "retrait"]
    own = meters.loc[meters["usage"].isin(heating.HEATS), names].dropna(subset=["code_uai"])
    gone, later = own["retrait"] <= first, own["mise_en_service"] >= after
    own = own[~gone & ~later].astype(dict.fromkeys(names[:3], "object"))
    of_sites = sites[["code_uai", "station", "surface_totale"]].astype({"code_uai": "object", "station": "object"})
    own = own.merge(of_sites, on="code_uai").sort_values(["code_uai", "compteur_id"], ignore_index=True)
    return own, readings[near & readings["compteur_id"].isin(own["compteur_id"])]


def _calm(bills: pd.DataFrame, kinds: pd.Series, year: int) -> pd.DataFrame:
    """Keep the bills of the last years that have hardly any holidays."""
    bills = bills[bills["annee"].between(year - YEARS + 1, year)]
    first = kinds.index[0]
    count = np.concatenate([[0], np.cumsum((kinds == HOLIDAY).to_numpy(dtype=bool))])
    left, right = (np.clip((bills[name] - first).dt.days.to_numpy(), 0, len(kinds)) for name in ("debut", "fin"))
    return bills[(count[right] - count[left]) <= CALM * bills["days"].to_numpy()]
