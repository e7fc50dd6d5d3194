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
from tikub_lab.energy.periods import DAY, Floats, Integers, Thermal, dates, read_clock, read_periods
from tikub_lab.errors import UsageError

FEWEST = 10
"""Days of a kind under which it has no load of its own, but that of all days."""


@dataclass(frozen=True)
class Model:
    """A linear model of use per day: the baseline's, or one with a load for each kind of day.

    ``matrix`` (n periods fitted, k) and ``reporting`` (m, k) have the regressors of both periods, ``points`` and
    ``points_reporting`` how use moves with each balance point, ``residual`` (n) observed less predicted, kWh a day.
    """

    coefficients: Floats
    matrix: Floats
    reporting: Floats
    points: Floats
    points_reporting: Floats
    residual: Floats


@dataclass(frozen=True)
class Savings:
    """A saving, period by period and in all.

    Attributes
    ----------
    table : DataFrame
        One row a period: ``debut``, ``fin`` (excluded), ``jours``, ``observe``, ``predit``, ``economie`` (kWh). Where
        usage or temperatures are missing, all three are.
    observed, predicted, saving : float
        Sums over the periods that have both, kWh.
    n, missing : int
        Periods that have both, and those left out.
    baseline : Baseline
    kinds : bool
        Whether each kind of day has its own load.
    model : Model
    start, end : arrays of n int64
        The periods that have both, nanoseconds.
    """

    table: pd.DataFrame
    observed: float
    predicted: float
    saving: float
    n: int
    missing: int
    baseline: Baseline
    kinds: bool
    model: Model = field(repr=False)
    start: Integers = field(repr=False)
    end: Integers = field(repr=False)

    @property
    def share(self) -> float:
        """The saving as a share of what would have been used; not a number where that is not positive."""
        return self.saving / self.predicted if self.predicted > 0 else math.nan


def metered(
    baseline: Baseline,
    usage: pd.Series | pd.DataFrame,
    temperature: pd.Series | pd.DataFrame,
    kinds: pd.Series | None = None,
) -> Savings:
    """Work out the metered saving of a reporting period.

    Parameters
    ----------
    baseline : Baseline
        Fitted on the period before the change.
    usage, temperature
        The reporting period, as for :func:`tikub_lab.energy.caltrack.fit`.
    kinds : Series of str, optional
        The kind of each day, by date, for both periods, of daily readings only: see
        :func:`tikub_lab.energy.days.day_kinds`.

    Returns
    -------
    Savings
        Positive where less was used than the baseline says.

    Raises
    ------
    UsageError
        A baseline without a model; kinds for bills, or days without one.

    Examples
    --------
    >>> from tikub_lab.energy.caltrack import fit
    >>> days = pd.date_range("2024-01-01", "2026-01-01")
    >>> outside = pd.Series(10 - 8 * np.cos(np.arange(len(days)) / 58), index=days)
    >>> usage = 100 + 12 * (15 - outside).clip(lower=0)
    >>> model = fit(usage[:"2025-01-01"], outside, balance_points=range(5, 25))
    >>> round(metered(model, 0.9 * usage["2025-01-01":], outside).share, 3)
    0.1
    """
    periods = read_periods(usage)
    clock = read_clock(temperature, baseline.unit)
    found = whole(baseline, periods, clock)
    known = ~np.isnan(periods.value) & (found.kept > 0)
    owner = np.repeat(np.arange(len(periods)), found.kept)
    kept = Thermal(found.rows[known], found.valid[known], found.kept[known], found.mean[known[owner]])
    start, end = periods.start[known], periods.end[known]
    model = _model(baseline, kept, start, kinds, periods.zone)
    observed, predicted = np.where(known, periods.value, np.nan), np.full(len(periods), np.nan)
    predicted[known] = model.reporting @ model.coefficients * ((end - start) / DAY)
    table = pd.DataFrame(
        {
            "debut": dates(periods.start, periods.zone),
            "fin": dates(periods.end, periods.zone),
            "jours": periods.days,
            "observe": observed,
            "predit": predicted,
            "economie": predicted - observed,
        }
    )
    return Savings(
        table=table,
        observed=float(observed[known].sum()),
        predicted=float(predicted[known].sum()),
        saving=float((predicted - observed)[known].sum()),
        n=int(known.sum()),
        missing=int((~known).sum()),
        baseline=baseline,
        kinds=kinds is not None,
        model=model,
        start=start,
        end=end,
    )


def by_month(savings: Savings) -> pd.DataFrame:
    """Divide a saving among calendar months, a bill that crosses their border by its days.

    Returns
    -------
    DataFrame
        ``mois`` (its first day), ``observe``, ``predit``, ``economie`` (kWh), ``part`` (of predicted), ``jours`` (days
        with a figure), ``manquants`` (days of the table's periods without one).

    Examples
    --------
    >>> from tikub_lab.energy.caltrack import fit
    >>> bills = pd.Series(310.0, index=pd.date_range("2024-01-16", periods=14, freq="31D"))
    >>> outside = pd.Series(10.0, index=pd.date_range("2024-01-01", "2025-06-30"))
    >>> found = metered(fit(bills[:13], outside), 0.5 * bills[:3], outside)
    >>> by_month(found)[["observe", "economie", "jours"]].to_numpy().tolist()
    [[80.0, 80.0, 16.0], [145.0, 145.0, 29.0], [85.0, 85.0, 17.0]]
    """
    table = savings.table
    columns = ["mois", "observe", "predit", "economie", "part", "jours", "manquants"]
    if table.empty:
        return pd.DataFrame(columns=columns)
    pieces = []
    for place, (first, last) in enumerate(zip(table["debut"], table["fin"], strict=True)):
        months = pd.period_range(first.tz_localize(None), last.tz_localize(None), freq="M")
        edges = [first, *(month.start_time.tz_localize(first.tz) for month in months[1:]), last]
        for month, left, right in zip(months, edges[:-1], edges[1:], strict=True):
            if right > left:
                pieces.append((month.start_time, place, (right - left) / (last - first)))
    parts = pd.DataFrame(pieces, columns=["mois", "period", "share"])
    rows = table.iloc[parts["period"]].reset_index(drop=True)
    known = rows["economie"].notna()
    for name in ("observe", "predit", "economie"):
        parts[name] = rows[name].fillna(0.0).where(known, 0.0) * parts["share"]
    parts["jours"] = (rows["jours"] * parts["share"]).where(known, 0.0)
    parts["manquants"] = (rows["jours"] * parts["share"]).where(~known, 0.0)
    found = parts.groupby("mois", as_index=False)[["observe", "predit", "economie", "jours", "manquants"]].sum()
    found["part"] = found["economie"] / found["predit"].where(found["predit"] > 0)
    return found[columns].astype({"jours": "float64"})


def _model(baseline: Baseline, kept: Thermal, start: Integers, kinds: pd.Series | None, zone: str | None) -> Model:
    sample = baseline.sample
    if sample is None or baseline.model is None:
        raise UsageError(
            f"Baseline: its status is {baseline.status!r}, it says nothing of a saving. {baseline.verdict}"
        )
    plain, points = _regressors(baseline, sample.thermal)
    plain_reporting, points_reporting = _regressors(baseline, kept)
    if kinds is None:
        coefficients = np.array([baseline.intercept, *_slopes(baseline)])
        residual = sample.usage - plain @ coefficients
        return Model(coefficients, plain, plain_reporting, points, points_reporting, residual)
    if baseline.kind != "daily":
        raise UsageError("kinds: a bill has days of all kinds; give kinds for daily readings only, or none.")
    before, after = _kinds_at(kinds, sample.start, zone), _kinds_at(kinds, start, zone)
    names, counts = np.unique(before.astype(str), return_counts=True)
    own = [name for name, count in zip(names, counts, strict=True) if count >= FEWEST]
    # The commonest kind is the base; each other one adds its own difference.
    own.remove(max(own, key=lambda name: counts[list(names).index(name)])) if own else None
    matrix = np.hstack([plain, *(plain * (before == name)[:, None] for name in own)])
    reporting = np.hstack([plain_reporting, *(plain_reporting * (after == name)[:, None] for name in own)])
    used = (np.abs(matrix) > 0).sum(axis=0) >= FEWEST
    matrix, reporting = matrix[:, used], reporting[:, used]
    coefficients, *_ = np.linalg.lstsq(matrix, sample.usage, rcond=None)
    return Model(coefficients, matrix, reporting, points, points_reporting, sample.usage - matrix @ coefficients)


def _slopes(baseline: Baseline) -> list[float]:
    """Slopes per °F, as far as the model has them."""
    scale = 1 / 1.8 if baseline.unit == "C" else 1.0
    return [slope * scale for slope in (baseline.beta_hdd, baseline.beta_cdd) if not math.isnan(slope)]


def _regressors(baseline: Baseline, found: Thermal) -> tuple[Floats, Floats]:
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


def _kinds_at(kinds: pd.Series, start: Integers, zone: str | None) -> np.ndarray:
    days = dates(start, zone)
    days = (days if days.tz is None else days.tz_localize(None)).normalize()
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
