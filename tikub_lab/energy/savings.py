"""What was saved: what a baseline says of the reporting period, less what was used in it (CalTRACK 3.5.1).

Without a calendar this is eemeter's metered saving. In a lycée use falls on weekends and in holidays, which no model of
temperature alone can see: a reporting year with more days of lessons looks like a loss. Given the kind of each day,
base load and slopes are fitted for each kind, at the same balance points, and the calendar no longer matters.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tikub_lab.energy.caltrack import Baseline, fahrenheit, whole
from tikub_lab.energy.consumption import first_day, split
from tikub_lab.energy.periods import DAY, Floats, Integers, Periods, Thermal, read_clock, read_periods
from tikub_lab.errors import UsageError

FEWEST = 10
"""Days of a kind under which it has no load of its own, but that of all days."""


@dataclass(frozen=True)
class Model:
    """A linear model of use per day: the baseline's, or one with a load for each kind of day.

    Of the n periods fitted: regressors (``matrix``), how use moves with each balance point (``points``), observed less
    predicted, kWh a day (``residual``), the ``day`` on which each begins, from 1970, and its weight. Of the m periods
    reported: ``reporting``, ``points_reporting`` and the length of each, ``days``.
    """

    coefficients: Floats
    matrix: Floats
    points: Floats
    residual: Floats
    day: Integers
    weights: Floats
    reporting: Floats
    points_reporting: Floats
    days: Floats
    daily: bool


@dataclass(frozen=True)
class Savings:
    """A saving, period by period and in all, of the periods that have both usage and temperatures, kWh.

    ``table`` has ``debut``, ``fin`` (excluded), ``jours``, ``observe``, ``predit`` and ``economie``; where one of both
    is missing, all three are.
    """

    table: pd.DataFrame
    model: Model = field(repr=False)

    @property
    def n(self) -> int:
        """Periods that have both."""
        return len(self.model.days)

    @property
    def observed(self) -> float:
        return float(self.table["observe"].sum())

    @property
    def predicted(self) -> float:
        return float(self.table["predit"].sum())

    @property
    def saving(self) -> float:
        return float(self.table["economie"].sum())


def metered(baseline: Baseline, usage: pd.DataFrame, weather: pd.DataFrame, kinds: pd.Series | None = None) -> Savings:
    """Work out the metered saving of a reporting period, positive where less was used than the baseline says.

    Parameters
    ----------
    baseline : Baseline
        Fitted on the period before the change.
    usage, weather : DataFrame
        The reporting period of one meter, as for :func:`tikub_lab.energy.caltrack.fit_many`.
    kinds : Series of str, optional
        The kind of each day, by date, for both periods, of daily readings only: see
        :func:`tikub_lab.energy.days.day_kinds`.

    Raises
    ------
    UsageError
        A baseline without a model; kinds for bills, or days without one.

    Examples
    --------
    >>> from tikub_lab.energy.caltrack import fit_many
    >>> days = pd.date_range("2024-01-01", "2025-12-31")
    >>> weather = pd.DataFrame({"station": "S", "jour": days, "tmoy": 10 - 8 * np.cos(np.arange(len(days)) / 58)})
    >>> readings = pd.DataFrame({"compteur_id": "C1", "debut": days, "fin": days + pd.Timedelta(days=1),
    ...                          "kwh": 100 + 12 * (15 - weather["tmoy"]).clip(lower=0)})
    >>> model = fit_many(readings[:366], weather, {"C1": "S"}, balance_points=range(5, 25))["C1"]
    >>> found = metered(model, readings[366:].assign(kwh=0.9 * readings["kwh"]), weather)
    >>> round(found.saving / found.predicted, 3)
    0.1
    """
    periods = read_periods(usage)
    clock = read_clock(weather, baseline.unit)
    found = whole(baseline, periods, clock)
    known = ~np.isnan(periods.value) & (found.kept > 0)
    model = _model(baseline, found.take(known), periods.start[known], periods.days[known], kinds)
    observed, predicted = np.where(known, periods.value, np.nan), np.full(len(periods), np.nan)
    predicted[known] = model.reporting @ model.coefficients * model.days
    return Savings(laid_out(periods, observed, predicted), model)


def laid_out(periods: Periods, observed: Floats, predicted: Floats) -> pd.DataFrame:
    """Lay a saving out by period."""
    start, end = (moments.astype("datetime64[ns]") for moments in (periods.start, periods.end))
    table = pd.DataFrame({"debut": start, "fin": end, "jours": periods.days, "observe": observed, "predit": predicted})
    return table.assign(economie=predicted - observed)


def by_month(savings: Savings) -> pd.DataFrame:
    """Divide a saving among calendar months, a bill that crosses their border by its days, kWh.

    ``mois`` (its first day), ``observe``, ``predit``, ``economie``.
    """
    table, names = savings.table, ["observe", "predit", "economie"]
    begin, end = (table[name].to_numpy().astype("datetime64[D]") for name in ("debut", "fin"))
    owner, month, left, right = split(begin, end, "M")
    parts = table[names].where(table["economie"].notna(), 0.0).iloc[owner]
    parts = parts.mul((right - left) / (end - begin)[owner], axis=0)
    parts["mois"] = first_day(month, "M").astype("datetime64[ns]")
    return parts.groupby("mois", as_index=False).sum()


def _model(baseline: Baseline, kept: Thermal, start: Integers, days: Floats, kinds: pd.Series | None) -> Model:
    sample = baseline.sample
    if sample is None or baseline.model is None:
        raise UsageError(
            f"Baseline: its status is {baseline.status!r}, it says nothing of a saving. {baseline.verdict}"
        )
    matrix, points = regressors(baseline, sample.thermal)
    reporting, points_reporting = regressors(baseline, kept)
    coefficients = np.array([baseline.intercept, *_slopes(baseline)])
    if kinds is not None:
        if baseline.kind != "daily":
            raise UsageError("kinds: a bill has days of all kinds; give kinds for daily readings only, or none.")
        before, after = _kinds_at(kinds, sample.start), _kinds_at(kinds, start)
        names, counts = np.unique(before.astype(str), return_counts=True)
        # The commonest kind is the base; each other one adds its own difference.
        own = [
            name
            for name, count in zip(names, counts, strict=True)
            if count >= FEWEST and name != names[counts.argmax()]
        ]
        matrix = np.hstack([matrix, *(matrix * (before == name)[:, None] for name in own)])
        reporting = np.hstack([reporting, *(reporting * (after == name)[:, None] for name in own)])
        used = (np.abs(matrix) > 0).sum(axis=0) >= FEWEST
        matrix, reporting = matrix[:, used], reporting[:, used]
        coefficients = np.asarray(np.linalg.lstsq(matrix, sample.usage, rcond=None)[0], dtype=np.float64)
    return Model(
        coefficients, matrix, points, sample.usage - matrix @ coefficients, sample.start // DAY, sample.weights,
        reporting, points_reporting, days, baseline.kind == "daily",
    )  # fmt: skip


def _slopes(baseline: Baseline) -> list[float]:
    """Slopes per °F, as far as the model has them."""
    scale = 1 / 1.8 if baseline.unit == "C" else 1.0
    return [slope * scale for slope in (baseline.beta_hdd, baseline.beta_cdd) if not math.isnan(slope)]


def regressors(baseline: Baseline, found: Thermal) -> tuple[Floats, Floats]:
    """Regressors of the usable periods, and the change of use with each balance point (shares of days beyond it)."""
    heating, cooling = baseline.heating_balance_point, baseline.cooling_balance_point
    low, high = (np.array([fahrenheit(point, baseline.unit)]) for point in (heating, cooling))
    hdd, cdd = found.degree_days(low, high)
    mean = found.mean[:, None]
    columns, moves = [np.ones((len(hdd), 1))], []
    if not math.isnan(heating):
        columns.append(hdd)
        moves.append(found.averages((mean < low).astype(float)))
    if not math.isnan(cooling):
        columns.append(cdd)
        moves.append(found.averages((mean > high).astype(float)))
    return np.hstack(columns), np.hstack(moves) if moves else np.empty((len(hdd), 0))


def _kinds_at(kinds: pd.Series, start: Integers) -> np.ndarray:
    days = pd.DatetimeIndex(start.astype("datetime64[ns]")).normalize()
    names = kinds.to_numpy(object)
    place = kinds.index.get_indexer(days)
    missing = place < 0
    missing[~missing] = pd.isna(names[place[~missing]])
    if missing.any():
        raise UsageError(
            f"kinds: {missing.sum()} days have none, the first {days[missing][0]:%Y-%m-%d}; "
            "give one for each day of both periods."
        )
    return names[place]
