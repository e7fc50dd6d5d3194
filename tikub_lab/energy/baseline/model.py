"""What a meter would use: change-point models of use against outside temperature, by CalTRACK 2.0.

Use per day is a base load, plus a slope for each degree below a heating balance point, plus one for each degree above
a cooling balance point, as far as the data say so: four models, the best by adjusted R² among those that make sense.
The results are eemeter 3.2.0's (model and balance points the same, coefficients within 1e-9); all candidates of a meter
are worked out at once instead of one after the other. Method: https://docs.caltrack.org, sections 2 and 3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from tikub_lab.energy.baseline import quality
from tikub_lab.energy.baseline.design import (
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
from tikub_lab.energy.baseline.search import Data, Found, Rules, search

Kind = Literal["daily", "billing"]

POINTS = tuple(range(30, 91))
"""CalTRACK's balance points, °F (3.2.1): -1.1 to 32.2 °C."""
_PARAMETERS = {"intercept_only": 1, "hdd_only": 3, "cdd_only": 3, "cdd_hdd": 5}


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

    Attributes
    ----------
    status : {"SUCCESS", "NO MODEL", "NO DATA"}
    model : {"intercept_only", "hdd_only", "cdd_only", "cdd_hdd"} or None
    intercept : float
        Base load, kWh a day.
    beta_hdd, beta_cdd : float
        Slopes, kWh per degree and day in `unit`; not a number where the model has none.
    heating_balance_point, cooling_balance_point : float
        In `unit`; not a number where the model has none.
    r2_adj : float
        Adjusted R² (weighted by days for bills); 0 for a model without temperature.
    cv_rmse, nmbe : float
        ASHRAE Guideline 14, of period totals, as shares. See :mod:`tikub_lab.energy.baseline.quality`.
    n, missing : int
        Periods fitted, and those left out for want of usage or of temperatures.
    kind : {"daily", "billing"}
    unit : {"C", "F"}
    qualified, disqualified, not_attempted : int
        Candidate models: fit to use, dropped for a negative coefficient, not tried for want of degree days.
    sample : Sample
        What it was fitted on, for residuals and intervals.
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


def fit(
    usage: pd.Series | pd.DataFrame,
    temperature: pd.Series | pd.DataFrame,
    *,
    kind: Kind | None = None,
    unit: Unit = "C",
    cooling: bool = True,
    balance_points: Sequence[float] | None = None,
    min_nonzero: int | None = None,
    min_total: float = 20.0,
    longest: float | None = BILLING_MATCH,
) -> Baseline:
    """Fit the baseline model of one meter.

    Parameters
    ----------
    usage : Series or DataFrame
        kWh by period: a Series indexed by the start of each, whose last row only marks the end, or a DataFrame with
        ``debut``, ``fin`` (excluded) and ``kwh``.
    temperature : Series or DataFrame
        Hourly or daily outside temperatures, in `unit`: a Series indexed by time, or daily rows ``jour``, ``tmoy``.
    kind : {"daily", "billing"}, optional
        None tells by the median length of periods. Bills are weighted by their days.
    unit : {"C", "F"}
        Unit of temperatures, balance points and slopes.
    cooling : bool
        Whether to try models with cooling: False for gas (CalTRACK 3.2.1).
    balance_points : sequence of float, optional
        Candidates, in `unit`; None takes each degree Fahrenheit from 30 to 90, whatever the unit.
    min_nonzero : int, optional
        Days that must have degree days: 10, or 0 for bills.
    min_total : float
        Degree days that must be there in all, °F·day.
    longest : float, optional
        Days of a bill that are matched with temperatures: 35, as in eemeter. Daily periods are not concerned.

    Returns
    -------
    Baseline
        Its status tells "NO DATA" and "NO MODEL"; neither raises.

    Raises
    ------
    UsageError
        Dates or units that can't be read.

    Examples
    --------
    >>> hours = pd.date_range("2025-01-01", periods=366)
    >>> outside = pd.Series(10 - 8 * np.cos(np.arange(366) / 58), index=hours)
    >>> usage = 100 + 12 * (15 - outside).clip(lower=0)
    >>> found = fit(usage, outside, balance_points=range(5, 25))
    >>> found.model, found.heating_balance_point, round(found.intercept), round(found.beta_hdd)
    ('hdd_only', 15.0, 100, 12)
    """
    periods, clock = read_periods(usage), read_clock(temperature, unit)
    kind = kind or kind_of(periods)
    design = design_of(periods, thermal(periods, clock, reach_of(kind, longest)), kind)
    rules = rules_of(kind, cooling, min_nonzero, min_total)
    return fit_group([design], kind, unit, rules, points_of(balance_points, unit))[0]


def kind_of(periods: Periods) -> Kind:
    """Tell days from bills."""
    return "billing" if len(periods) and float(np.median(periods.days)) > 1.5 else "daily"


def reach_of(kind: Kind, longest: float | None) -> float | None:
    """Return the days of a period that are matched with temperatures; days are whole."""
    return longest if kind == "billing" else None


def rules_of(kind: Kind, cooling: bool, min_nonzero: int | None, min_total: float) -> Rules:
    """Return the rules of days or of bills."""
    fewest = min_nonzero if min_nonzero is not None else (0 if kind == "billing" else 10)
    return Rules(fewest, min_total, cooling)


def points_of(balance_points: Sequence[float] | None, unit: Unit) -> Floats:
    """Return the candidate balance points, °F."""
    if balance_points is None:
        return np.array(POINTS, dtype=float)
    return np.array(sorted({fahrenheit(float(point), unit) for point in balance_points}))


def design_of(periods: Periods, found: Thermal, kind: Kind) -> tuple[Sample, int]:
    """Keep the periods that have usage and temperatures, and count the others."""
    usable = ~np.isnan(periods.value) & (found.kept > 0)
    owner = np.repeat(np.arange(len(periods)), found.kept)
    kept = Thermal(found.rows[usable], found.valid[usable], found.kept[usable], found.mean[usable[owner]])
    usage = periods.value[usable] / periods.days[usable]
    weights = kept.kept.astype(float) if kind == "billing" else np.ones(len(usage))
    sample = Sample(periods.start[usable], periods.end[usable], usage, weights, kept)
    return sample, len(periods) - len(usage)


def fit_group(
    designs: list[tuple[Sample, int]], kind: Kind, unit: Unit, rules: Rules, points: Floats
) -> list[Baseline]:
    """Fit meters that have the same periods and temperatures."""
    first = designs[0][0]
    if not len(first.usage):
        return [Baseline("NO DATA", missing=missing, kind=kind, unit=unit) for _, missing in designs]
    heating, cooling = first.thermal.degree_days(points, points)
    data = Data(heating, cooling, points, points, first.weights)
    found = search(data, np.stack([sample.usage for sample, _ in designs], axis=1), rules)
    return [_baseline(*design, one, data, kind, unit) for design, one in zip(designs, found, strict=True)]


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


def _baseline(sample: Sample, missing: int, found: Found, data: Data, kind: Kind, unit: Unit) -> Baseline:
    shared = Baseline(
        "NO MODEL", n=len(sample.usage), missing=missing, kind=kind, unit=unit, qualified=found.qualified,
        disqualified=found.disqualified, not_attempted=found.not_attempted, sample=sample,
    )  # fmt: skip
    if found.model is None:
        return shared
    predicted = np.full(len(sample.usage), found.coefficients[0])
    slopes, points, left = [math.nan, math.nan], [math.nan, math.nan], list(found.coefficients[1:])
    sides = (found.heating, data.heating, data.heating_points), (found.cooling, data.cooling, data.cooling_points)
    for side, (column, days, candidates) in enumerate(sides):
        if column is not None:
            slope, point = left.pop(0), float(candidates[column])
            predicted += slope * days[:, column]
            slopes[side] = slope * 1.8 if unit == "C" else slope
            points[side] = (point - 32.0) / 1.8 if unit == "C" else point
    length = (sample.end - sample.start) / DAY
    cv_rmse, nmbe = quality.quality(sample.usage * length, predicted * length, _PARAMETERS[found.model])
    return replace(
        shared,
        status="SUCCESS",
        model=found.model,
        intercept=found.coefficients[0],
        beta_hdd=slopes[0],
        beta_cdd=slopes[1],
        heating_balance_point=points[0],
        cooling_balance_point=points[1],
        r2_adj=found.r2_adj,
        cv_rmse=cv_rmse,
        nmbe=nmbe,
    )
