"""Tell whether a baseline is good enough, and whether there were enough data to make one.

Quality follows ASHRAE Guideline 14: CV(RMSE), the scatter of residuals against mean use, and NMBE, their mean. Data
sufficiency follows CalTRACK 2.0 (2.2.1, 2.2.4, 2.3.5, 2.3.6).
"""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from tikub_lab.energy.baseline.design import BILLING_MATCH, DAY, Clock, Floats, Periods, Unit, thermal
from tikub_lab.energy.baseline.design import read_clock as _read_clock
from tikub_lab.energy.baseline.design import read_periods as _read_periods
from tikub_lab.show.french import number


@dataclass(frozen=True)
class Limit:
    """The largest CV(RMSE) and NMBE accepted, as shares, where they come from, and whether that is settled."""

    cv_rmse: float
    nmbe: float
    source: str
    statut: str


LIMITS = {
    "billing": Limit(0.15, 0.05, "ASHRAE Guideline 14-2014, données mensuelles", "confirmé"),
    "daily": Limit(
        0.30, 0.10, "ASHRAE Guideline 14-2014, données horaires ; rien n'y est dit du pas journalier", "à confirmer"
    ),
}
"""Limits by kind of data, 2014 edition."""


def quality(observed: Floats, predicted: Floats, parameters: int) -> tuple[float, float]:
    """CV(RMSE) and NMBE of period totals.

    Parameters
    ----------
    observed, predicted : array of n floats
        kWh of each period.
    parameters : int
        Parameters of the model: coefficients and balance points, which were also chosen to fit.

    Returns
    -------
    (cv_rmse, nmbe) : floats
        ``sqrt(sum(e^2) / (n - p)) / mean`` and ``sum(e) / ((n - p) mean)``, e being observed less predicted; not a
        number where n <= p or mean use is 0.

    Examples
    --------
    >>> quality(np.array([10.0, 12.0, 8.0]), np.array([10.0, 10.0, 10.0]), 1)
    (0.2, 0.0)
    """
    free, mean = len(observed) - parameters, float(np.mean(observed)) if len(observed) else 0.0
    if free <= 0 or mean == 0:
        return math.nan, math.nan
    residual = observed - predicted
    return math.sqrt(float(residual @ residual) / free) / mean, float(residual.sum()) / free / mean


def passes(kind: str, cv_rmse: float, nmbe: float) -> bool:
    """Whether both figures keep to the limits of their kind of data; one that is not a number does not."""
    limit = LIMITS[kind]
    return bool(cv_rmse <= limit.cv_rmse and abs(nmbe) <= limit.nmbe)


def sentence(kind: str, cv_rmse: float, nmbe: float) -> str:
    """Say in French whether a model keeps to the Guideline.

    Examples
    --------
    >>> sentence("billing", 0.2, 0.0).replace(chr(0x202F), " ")
    'Modèle insuffisant au regard du guide ASHRAE 14 : CV(RMSE) de 20,0 % au-dessus de 15 %.'
    """
    limit = LIMITS[kind]
    if math.isnan(cv_rmse):
        return "Modèle insuffisant au regard du guide ASHRAE 14 : trop peu de relevés pour juger de sa précision."
    bias, scatter = number(nmbe * 100, 1), number(cv_rmse * 100, 1)
    most, most_bias = number(limit.cv_rmse * 100), number(limit.nmbe * 100)
    if passes(kind, cv_rmse, nmbe):
        return (
            f"Modèle conforme au guide ASHRAE 14 : CV(RMSE) de {scatter} % ({most} % au plus), "
            f"biais de {bias} % ({most_bias} % au plus)."
        )
    faults = [f"CV(RMSE) de {scatter} % au-dessus de {most} %"] if not cv_rmse <= limit.cv_rmse else []
    faults += [f"biais de {bias} % au-delà de {most_bias} %"] if not abs(nmbe) <= limit.nmbe else []
    return f"Modèle insuffisant au regard du guide ASHRAE 14 : {' et '.join(faults)}."


@dataclass(frozen=True)
class Sufficiency:
    """Whether a baseline period has the data that CalTRACK asks for.

    Attributes
    ----------
    status : {"PASS", "FAIL", "NO DATA"}
    reasons : tuple of str
        What is wrong, as CalTRACK's criteria name it: ``extra_data_after_requested_end_date``,
        ``extra_data_before_requested_start_date``, ``negative_meter_values``, ``incorrect_number_of_total_days``,
        ``too_many_days_with_missing_data``, ``..._meter_data``, ``..._temperature_data``.
    days : int
        Days from the first to the last, with the gaps to the dates asked for.
    valid_days, usage_days, temperature_days : int
        Days with both, with usage, with temperatures.
    negative, extreme : int
        Readings below zero (solar panels?), and above the median by more than three interquartile ranges: the latter
        are to be looked at and don't fail.
    """

    status: str
    reasons: tuple[str, ...]
    days: int = 0
    valid_days: int = 0
    usage_days: int = 0
    temperature_days: int = 0
    negative: int = 0
    extreme: int = 0

    @property
    def sentence(self) -> str:
        """The verdict in French."""
        if self.status == "NO DATA":
            return "Aucune donnée sur la période de référence."
        shown = [_REASONS[name].format(self) for name in self.reasons]
        return "Données suffisantes." if not shown else "Données insuffisantes : " + " ; ".join(shown) + "."


_REASONS = {
    "extra_data_after_requested_end_date": "relevés après la fin demandée",
    "extra_data_before_requested_start_date": "relevés avant le début demandé",
    "negative_meter_values": "{0.negative} relevés négatifs (production solaire ?)",
    "incorrect_number_of_total_days": "période de {0.days} jours",
    "too_many_days_with_missing_data": "{0.valid_days} jours complets sur {0.days}",
    "too_many_days_with_missing_meter_data": "{0.usage_days} jours de consommation sur {0.days}",
    "too_many_days_with_missing_temperature_data": "{0.temperature_days} jours de température sur {0.days}",
}


def sufficiency(
    usage: pd.Series | pd.DataFrame,
    temperature: pd.Series | pd.DataFrame,
    start: date | pd.Timestamp | None = None,
    end: date | pd.Timestamp | None = None,
    *,
    unit: Unit = "C",
    days: int = 365,
    coverage: float = 0.9,
    longest: float | None = BILLING_MATCH,
) -> Sufficiency:
    """Check a baseline period against CalTRACK's criteria of data sufficiency.

    Parameters
    ----------
    usage, temperature
        As for :func:`tikub_lab.energy.baseline.model.fit`.
    start, end : date, optional
        The period that was asked for; None takes that of the data.
    unit : {"C", "F"}
    days : int
        Exact length required.
    coverage : float
        Share of days that must be valid, and share of the temperatures that a period must exceed.
    longest : float, optional
        Days of a bill that are matched with temperatures.

    Returns
    -------
    Sufficiency

    Examples
    --------
    >>> span = pd.date_range("2025-01-01", periods=366)
    >>> sufficiency(pd.Series(5.0, index=span), pd.Series(12.0, index=span)).sentence
    'Données suffisantes.'
    """
    return sufficiency_of(_read_periods(usage), _read_clock(temperature, unit), start, end, days, coverage, longest)


def sufficiency_of(
    periods: Periods,
    clock: Clock,
    start: date | pd.Timestamp | None,
    end: date | pd.Timestamp | None,
    days: int,
    coverage: float,
    longest: float | None,
) -> Sufficiency:
    """Work out :func:`sufficiency` from periods and temperatures that are read."""
    matched = thermal(periods, clock, longest)
    known = ~np.isnan(periods.value)
    with np.errstate(invalid="ignore", divide="ignore"):
        warm = matched.valid / matched.rows > coverage
    if not (known & (matched.valid > 0)).any():
        return Sufficiency("NO DATA", ())
    first, last = int(periods.start[0]), int(periods.end[-1])
    before = 0 if start is None else (first - _moment(start)) // DAY
    after = 0 if end is None else (_moment(end) - last) // DAY
    total = (last - first) // DAY + max(before, 0) + max(after, 0)
    value, length = periods.value[known], periods.days
    low, middle, high = np.percentile(value, [25, 50, 75])
    counts = {
        "valid_days": int(length[known & warm].sum()),
        "usage_days": int(length[known].sum()),
        "temperature_days": int(length[warm].sum()),
    }
    negative = int((value < 0).sum())
    checks = {
        "extra_data_after_requested_end_date": after < 0,
        "extra_data_before_requested_start_date": before < 0,
        "negative_meter_values": negative > 0,
        "incorrect_number_of_total_days": total != days,
        "too_many_days_with_missing_data": counts["valid_days"] < coverage * total,
        "too_many_days_with_missing_meter_data": counts["usage_days"] < coverage * total,
        "too_many_days_with_missing_temperature_data": counts["temperature_days"] < coverage * total,
    }
    reasons = tuple(name for name, wrong in checks.items() if wrong)
    extreme = int((value > middle + 3 * (high - low)).sum())
    return Sufficiency("FAIL" if reasons else "PASS", reasons, int(total), **counts, negative=negative, extreme=extreme)


def _moment(moment: date | pd.Timestamp) -> int:
    return pd.Timestamp(moment).as_unit("ns").value
