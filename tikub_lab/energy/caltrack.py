"""What a meter would use: change-point models of use against outside temperature, by CalTRACK 2.0.

Use per day is a base load, plus a slope for each degree below a heating balance point, plus one for each degree above
a cooling balance point, as far as the data say so: four models, the best by adjusted R² among those that make sense.
Candidates with too few degree days or a negative coefficient are dropped (3.2 to 3.4). The results are eemeter 3.2.0's
(model and balance points the same, coefficients within 1e-9). Method: https://docs.caltrack.org, sections 2 and 3.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from tikub_lab.energy import quality
from tikub_lab.energy.periods import (
    BILLING_MATCH,
    DAY,
    Clock,
    Floats,
    Integers,
    Periods,
    Thermal,
    Unit,
    read_clock,
    read_periods,
    thermal,
)
from tikub_lab.energy.search import LEAST_DAYS, Found, Search
from tikub_lab.errors import UsageError, nearest

Kind = Literal["daily", "billing"]

POINTS = tuple(range(30, 91))
"""CalTRACK's balance points, °F (3.2.1): -1.1 to 32.2 °C."""
_PARAMETERS = {"intercept_only": 1, "hdd_only": 3, "cdd_only": 3, "cdd_hdd": 5}
CHUNK = 64
"""Meters whose candidates are held at a time, so that arrays stay in the processor's cache."""


@dataclass(frozen=True)
class Sample:
    """The periods that a model was fitted on: starts and ends (ns), use per day, weights, and their temperatures."""

    start: Integers
    end: Integers
    usage: Floats
    weights: Floats
    thermal: Thermal


@dataclass(frozen=True)
class Baseline:
    """A fitted model of one meter.

    ``status`` is "SUCCESS", "NO MODEL" or "NO DATA"; ``model`` "intercept_only", "hdd_only", "cdd_only" or "cdd_hdd".
    The base load is in kWh a day, slopes in kWh per degree and day, they and balance points in `unit`; not numbers
    where the model has none. ``r2_adj`` is weighted by days for bills, 0 for a model without temperature; ``cv_rmse``
    and ``nmbe`` are ASHRAE Guideline 14's, of period totals, as shares. ``n`` periods were fitted, ``missing`` ones
    left out for want of usage or of temperatures. Candidates are counted: fit to use, dropped for a negative
    coefficient, not tried for want of degree days.
    """

    status: str
    model: str | None = None
    intercept: float = math.nan
    beta_hdd: float = math.nan
    beta_cdd: float = math.nan
    heating_balance_point: float = math.nan
    cooling_balance_point: float = math.nan
    r2_adj: float = math.nan
    cv_rmse: float = math.nan
    nmbe: float = math.nan
    n: int = 0
    missing: int = 0
    kind: Kind = "daily"
    unit: Unit = "C"
    qualified: int = 0
    disqualified: int = 0
    not_attempted: int = 0
    sample: Sample | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> int:
        """Coefficients and balance points of the model."""
        return _PARAMETERS[self.model] if self.model else 0

    @property
    def conforme(self) -> bool:
        """Whether CV(RMSE) and NMBE keep to ASHRAE Guideline 14."""
        return self.model is not None and quality.passes(self.kind, self.cv_rmse, self.nmbe)

    @property
    def verdict(self) -> str:
        """What to think of the model, in French."""
        if self.status == "NO DATA":
            return "Aucun modèle : aucun relevé n'a à la fois une consommation et des températures."
        if self.status == "NO MODEL":
            return (
                f"Aucun modèle : {self.disqualified} candidats écartés pour un coefficient négatif, "
                f"{self.not_attempted} faute de degrés-jours."
            )
        return quality.sentence(self.kind, self.cv_rmse, self.nmbe)


def fahrenheit(value: float, unit: Unit) -> float:
    """Turn a temperature into °F."""
    return value * 1.8 + 32.0 if unit == "C" else value


def fit_many(
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    stations: Mapping[str, str],
    *,
    kind: Kind | None = None,
    unit: Unit = "C",
    cooling: bool = True,
    balance_points: Sequence[float] | None = None,
    longest: float | None = BILLING_MATCH,
) -> dict[str, Baseline]:
    """Fit the baseline models of meters, those that share days and temperatures together.

    Parameters
    ----------
    readings : DataFrame
        ``compteur_id``, ``debut``, ``fin`` (excluded), ``kwh``: table ``energy/readings``.
    weather : DataFrame
        ``station``, ``jour``, ``tmoy`` (in `unit`): table ``energy/weather``, or temperatures of each hour.
    stations : mapping
        Station of each meter.
    kind : {"daily", "billing"}, optional
        None tells by the median length of a meter's periods. Bills are weighted by their days.
    unit : {"C", "F"}
        Unit of temperatures, balance points and slopes.
    cooling : bool
        Whether to try models with cooling: False for gas (CalTRACK 3.2.1).
    balance_points : sequence of float, optional
        Candidates, in `unit`; None takes each degree Fahrenheit from 30 to 90, whatever the unit.
    longest : float, optional
        Days of a bill that are matched with temperatures: 35, as in eemeter. Daily periods are not concerned.

    Returns
    -------
    dict of Baseline by ``compteur_id``, in the order of the readings
        Its status tells "NO DATA" and "NO MODEL"; neither raises.

    Raises
    ------
    UsageError
        A meter without a station, a station without weather, dates or units that can't be read.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", periods=365)
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmoy": 10 - 8 * np.cos(np.arange(365) / 58)})
    >>> readings = pd.DataFrame({"compteur_id": "C1", "debut": days, "fin": days + pd.Timedelta(days=1),
    ...                          "kwh": 100 + 12 * (15 - weather["tmoy"]).clip(lower=0)})
    >>> found = fit_many(readings, weather, {"C1": "S"}, balance_points=range(5, 25))["C1"]
    >>> found.model, found.heating_balance_point, round(found.intercept), round(found.beta_hdd)
    ('hdd_only', 15.0, 100, 12)
    """
    chosen = POINTS if balance_points is None else {fahrenheit(float(point), unit) for point in balance_points}
    points = np.array(sorted(chosen), dtype=float)
    clocks = {str(station): read_clock(rows, unit) for station, rows in weather.groupby("station", observed=True)}
    matched: dict[tuple[object, ...], Thermal] = {}
    groups: dict[tuple[object, ...], list[tuple[str, Baseline, Sample]]] = {}
    for meter, rows in readings.groupby("compteur_id", sort=False, observed=True):
        name, periods = str(meter), read_periods(rows)
        clock = clocks[_station(name, stations, clocks)]
        own: Kind = kind or ("billing" if len(periods) and float(np.median(periods.days)) > 1.5 else "daily")
        key = (id(clock), own, periods.start.tobytes(), periods.end.tobytes())
        if key not in matched:
            matched[key] = thermal(periods, clock, longest if own == "billing" else None)
        sample = _sample(periods, matched[key], own)
        blank = Baseline("NO DATA", missing=len(periods) - len(sample.usage), kind=own, unit=unit)
        groups.setdefault((*key, sample.start.tobytes()), []).append((name, blank, sample))
    found: dict[str, Baseline] = {}
    for members in groups.values():
        _, blank, first = members[0]
        if not len(first.usage):
            found |= {name: blank for name, blank, _ in members}
            continue
        least_days = 0 if blank.kind == "billing" else LEAST_DAYS
        search = Search(first.thermal, first.weights, points, least_days, cooling)
        for start in range(0, len(members), CHUNK):
            some = members[start : start + CHUNK]
            best = search.best(np.stack([sample.usage for _, _, sample in some], axis=1))
            for (name, blank, sample), one in zip(some, best, strict=True):
                found[name] = _described(replace(blank, n=len(sample.usage), sample=sample), one, search)
    return {str(meter): found[str(meter)] for meter in readings["compteur_id"].unique()}


def _station(meter: str, stations: Mapping[str, str], known: Iterable[str]) -> str:
    if meter not in stations:
        raise UsageError(f"Meter {meter!r} has no station; add it to the mapping of meters to stations.")
    station = stations[meter]
    if station not in known:
        raise UsageError(f"Meter {meter!r}: station {station!r} has no weather.{nearest(station, known)}")
    return station


def _sample(periods: Periods, found: Thermal, kind: Kind) -> Sample:
    """Keep the periods that have usage and temperatures."""
    usable = ~np.isnan(periods.value) & (found.kept > 0)
    kept = found.take(usable)
    usage = periods.value[usable] / periods.days[usable]
    weights = kept.kept.astype(float) if kind == "billing" else np.ones(len(usage))
    return Sample(periods.start[usable], periods.end[usable], usage, weights, kept)


def _described(blank: Baseline, found: Found, search: Search) -> Baseline:
    """Write the model down, in the unit of the baseline."""
    blank, sample = (
        replace(
            blank,
            status="NO MODEL",
            qualified=found.qualified,
            disqualified=len(search.h) - found.qualified,
            not_attempted=search.made - len(search.h),
        ),
        blank.sample,
    )
    if not len(found.coefficients) or sample is None:
        return blank
    slopes, points, left = [math.nan, math.nan], [math.nan, math.nan], found.coefficients[1:].tolist()
    for side, at in enumerate((found.heating, found.cooling)):
        if at is not None:
            slope, point = left.pop(0), float(search.points[at])
            slopes[side] = slope * 1.8 if blank.unit == "C" else slope
            points[side] = (point - 32.0) / 1.8 if blank.unit == "C" else point
    model = tuple(_PARAMETERS)[(found.heating is not None) + 2 * (found.cooling is not None)]
    length = (sample.end - sample.start) / DAY
    predicted = search.regressors(found.heating, found.cooling) @ found.coefficients
    cv_rmse, nmbe = quality.quality(sample.usage * length, predicted * length, _PARAMETERS[model])
    return replace(
        blank, status="SUCCESS", model=model, intercept=float(found.coefficients[0]), beta_hdd=slopes[0],
        beta_cdd=slopes[1], heating_balance_point=points[0], cooling_balance_point=points[1], r2_adj=found.r2_adj,
        cv_rmse=cv_rmse, nmbe=nmbe,
    )  # fmt: skip


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
    return replace(found, kept=kept, mean=found.mean[np.repeat(kept > 0, found.kept)])
