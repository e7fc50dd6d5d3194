"""Tell whether a baseline is good enough, by ASHRAE Guideline 14.

CV(RMSE) is the scatter of residuals against mean use, NMBE their mean.
"""

import math
from typing import NamedTuple

import numpy as np

from tikub_lab.energy.periods import Floats
from tikub_lab.show.french import number


class Limit(NamedTuple):
    """The largest CV(RMSE) and NMBE accepted, as shares."""

    cv_rmse: float
    nmbe: float


LIMITS = {"billing": Limit(0.15, 0.05), "daily": Limit(0.30, 0.10)}
"""Limits by kind of data, 2014 edition: of months, and of hours; it says nothing of days."""


def quality(observed: Floats, predicted: Floats, parameters: int) -> tuple[float, float]:
    """CV(RMSE) and NMBE of period totals, kWh; not numbers where n <= p or mean use is 0.

    ``sqrt(sum(e^2) / (n - p)) / mean`` and ``sum(e) / ((n - p) mean)``, e being observed less predicted and p the
    parameters: coefficients and balance points, which were also chosen to fit.
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
    """Say in French whether a model keeps to the Guideline."""
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
