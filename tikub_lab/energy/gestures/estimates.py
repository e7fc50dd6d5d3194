"""What each lycée's own readings say that its gestures could change: kWh used in some days, and what they are held to.

A measure has a numerator, the kWh that a gesture is about (heating on weekends, electricity in holidays …), and a
denominator, what it is compared by: the kWh of the same days if they were days of lessons, or the floor area. Each kWh
of a lycée belongs to one measure at most, so that gestures may be added up.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.consumption import require_readings
from tikub_lab.energy.days import HOLIDAY, LESSONS, WEEKEND, Days
from tikub_lab.energy.heating import spans
from tikub_lab.energy.occupancy.days import Designer, days_of
from tikub_lab.energy.occupancy.use import ALL, Use, fit
from tikub_lab.energy.periods import DAY, Floats
from tikub_lab.energy.quality import passes
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once

ENOUGH_DAYS = 300
"""Daily readings of the year from which a meter is read by day; bills of three years stand in for it below."""
ENOUGH_BILLS = 20
STUCK = 5
"""Days in a row of one and the same value: a meter that repeats itself, or readings made up."""
MILD = 12.0
"""°C of the daily mean below which a meter that heats and shows nothing for days is taken to be broken."""
ELECTRIC = "électricité"
COLUMNS = [
    "code_uai", "geste", "compteur_id", "energie", "usage", "pas", "numerateur", "denominateur", "variance_n",
    "variance_d", "covariance", "liberte", "equilibre",
]  # fmt: skip


@bundled
@once
def measures(
    sites: pd.DataFrame,
    meters: pd.DataFrame,
    readings: pd.DataFrame,
    weather: pd.DataFrame,
    calendar: pd.DataFrame,
    year: int,
    zone: str = "B",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Work out the measures of all lycées in a year, from daily readings where there are enough, else from bills.

    Parameters
    ----------
    sites, meters, readings, weather, calendar : DataFrame
        Tables ``energy/sites``, ``meters``, ``readings``, ``weather`` and ``calendar``.
    year : int
        Calendar year; bills are those of it and of the two before.
    zone : str
        Of school holidays.

    Returns
    -------
    measures : DataFrame
        One row a meter and gesture: ``code_uai``, ``geste``, ``compteur_id``, ``energie``, ``usage``, ``pas``,
        ``numerateur`` (kWh a year), ``denominateur`` (kWh a year, or m² of the lycée; missing for « un_degre »), their
        ``variance_n``, ``variance_d`` and ``covariance``, ``liberte``, ``equilibre`` (balance point, °C).
    meters : DataFrame
        One row a meter in service: ``code_uai``, ``compteur_id``, ``energie``, ``usage``, ``pas`` (« relevé »,
        « facture », or missing), ``jours``, ``ecartes`` (days left out as stuck or broken), ``kwh`` (of the year, by
        its model), ``faute`` (French; empty where it is measured).

    Raises
    ------
    UsageError
        A year of which no meter has a reading, or a calendar that tells of nothing.
    """
    if not 1900 < year < 2200:
        raise UsageError(f"year={year}: give the calendar year of the readings, such as 2025.")
    first, last = pd.Timestamp(year - 2, 1, 1), pd.Timestamp(year, 12, 31)
    require_readings(f"year={year}", readings, f"{year}-01-01", f"{year + 1}-01-01")
    margin = pd.Timedelta(days=40)
    about = meters.merge(sites[["code_uai", "station", "surface_totale"]], on="code_uai")
    gone = (about["retrait"] <= last) | (about["mise_en_service"] > pd.Timestamp(year, 1, 1))
    about = about[~gone.fillna(False)]
    days = days_of(weather, calendar, (first - margin).date(), (last + margin).date(), zone)
    maker = Designer(days)
    rows = readings[readings["compteur_id"].isin(about["compteur_id"])]
    rows = rows[(rows["fin"] > first) & (rows["debut"] <= last)]
    opens = pd.Timestamp(year, 1, 1).value // DAY
    if days.first > opens or days.first + len(days.kinds) < opens + 366:
        rows = rows.head(0)  # the calendar does not tell what the days of the year were
    by_day = _daily(rows, year)
    joined = spans(rows[rows["origine"] == "facture"])
    by_bill: dict[Any, pd.DataFrame] = dict(tuple(joined[joined["fin"] > first].groupby("compteur_id", observed=True)))
    rows_of: list[tuple[object, ...]] = []
    known: list[tuple[object, ...]] = []
    in_service: list[Any] = list(about.itertuples(index=False))
    for meter in in_service:
        use, step, count, dropped, fault = _model(meter, by_day, by_bill, maker)
        total = np.nan
        if use is not None and not fault:
            year_of = _Year(days, str(meter.station), year, use.point)
            total = year_of.total(use)
            rows_of.extend(_rows(meter, use, step, year_of))
        known.append(
            (meter.code_uai, meter.compteur_id, meter.energie, meter.usage, step, count, dropped, total, fault)
        )
    columns = ["code_uai", "compteur_id", "energie", "usage", "pas", "jours", "ecartes", "kwh", "faute"]
    figures = dict.fromkeys(COLUMNS[6:], "float64")
    return pd.DataFrame(rows_of, columns=COLUMNS).astype(figures), pd.DataFrame(known, columns=columns)


def _daily(rows: pd.DataFrame, year: int) -> dict[Any, pd.DataFrame]:
    """Return the daily readings of the year by meter, those estimated left out."""
    own = rows[(rows["origine"] == "relevé") & (rows["debut"].dt.year == year) & rows["kwh"].notna()]
    own = own[((own["fin"] - own["debut"]) == pd.Timedelta(days=1)) & ~own["estime"].fillna(False).astype(bool)]
    return dict(tuple(own.groupby("compteur_id", observed=True)))


def _model(
    meter: Any, by_day: dict[Any, pd.DataFrame], by_bill: dict[Any, pd.DataFrame], maker: Designer
) -> tuple[Use | None, str | None, int, int, str]:
    """Fit a meter by its days, else by its bills."""
    name, station = meter.compteur_id, str(meter.station)
    days, dropped = by_day.get(name), 0
    if days is not None:
        start = days["debut"].to_numpy().astype("datetime64[D]").astype(np.int64)
        order = np.argsort(start, kind="stable")
        start, kwh = start[order], days["kwh"].to_numpy(float)[order]
        cold = maker.days.cold.get(station, np.full(len(maker.days.kinds), np.nan))[start - maker.days.first]
        heats = meter.usage != "autres"
        wrong = unlikely(start, kwh, cold, heats)
        dropped = int(wrong.sum())
        if len(start) - dropped >= ENOUGH_DAYS:
            design = maker.design(start[~wrong], start[~wrong] + 1, kwh[~wrong], station)
            return *_judged(fit(design, [("weekend", "holiday"), ALL]), "daily", len(design)), dropped, ""
    bills = by_bill.get(name)
    if bills is None or len(bills) < ENOUGH_BILLS:
        return None, None, 0, dropped, "trop peu de relevés"
    start, end = (bills[one].to_numpy().astype("datetime64[D]").astype(np.int64) for one in ("debut", "fin"))
    design = maker.design(start, end, bills["kwh"].to_numpy(float), station)
    use, step, count = _judged(fit(design), "billing", int(design.days.sum()))
    return use, step, count, dropped, "" if use is not None else "ses relevés ne suivent aucun modèle assez bon"


def _judged(use: Use | None, kind: str, count: int) -> tuple[Use | None, str, int]:
    fine = use is not None and passes(kind, use.cv_rmse, use.nmbe)
    return use if fine else None, "relevé" if kind == "daily" else "facture", count


def unlikely(start: np.ndarray, kwh: Floats, cold: Floats, heats: bool) -> np.ndarray:
    """Find the daily readings that a working meter hardly gives: one value for days, or nothing while it is cold.

    Parameters
    ----------
    start : array of n int
        Days, increasing.
    kwh, cold : arrays of n floats
        Use, and the daily mean temperature, °C.
    heats : bool
        Whether the meter heats: then it may rest in summer.

    Examples
    --------
    >>> unlikely(np.arange(8), np.array([5.0, 7, 7, 7, 7, 7, 6, 0]), np.full(8, 15.0), True).astype(int).tolist()
    [0, 1, 1, 1, 1, 1, 0, 0]
    """
    if not len(start):
        return np.zeros(0, dtype=bool)
    opens = np.concatenate([[True], (np.diff(kwh) != 0) | (np.diff(start) != 1)])
    run = np.cumsum(opens) - 1
    stuck = np.bincount(run)[run] >= STUCK
    rests = (kwh == 0) & heats & ~(cold < MILD)
    return stuck & ~rests


class _Year:
    """What the days of one year ask of a meter with such a balance point: days and degree days of each kind.

    ``below`` are the days of heating, by which degree days grow with the balance point; ``one_degree`` what one degree
    less takes off them, ``band`` how that grows.
    """

    def __init__(self, days: Days, station: str, year: int, point: float) -> None:
        begin, end = (pd.Timestamp(one, 1, 1).value // DAY - days.first for one in (year, year + 1))
        kinds = days.kinds[begin:end]
        line = pd.Series(days.cold[station][begin:end]).interpolate(limit_direction="both")
        cold = np.asarray(line, dtype=np.float64)
        depth = np.maximum(point - cold, 0) if not np.isnan(point) else np.zeros(len(kinds))
        less = np.maximum(point - 1 - cold, 0) if not np.isnan(point) else depth
        self.count = {name: float((kinds == place).sum()) for place, name in enumerate((LESSONS, WEEKEND, HOLIDAY))}
        self.degrees = {
            name: float(depth[kinds == place].sum()) for place, name in enumerate((LESSONS, WEEKEND, HOLIDAY))
        }
        self.below = {
            name: float((depth[kinds == place] > 0).sum()) for place, name in enumerate((LESSONS, WEEKEND, HOLIDAY))
        }
        self.one_degree, self.band = (
            {name: float(values[kinds == place].sum()) for place, name in enumerate((LESSONS, WEEKEND, HOLIDAY))}
            for values in (depth - less, (depth > 0) & (less == 0))
        )

    def total(self, use: Use) -> float:
        """Return what the year asks for in all, kWh."""
        return sum(
            use.value("base", kind) * self.count[kind] + use.value("slope", kind) * self.degrees[kind]
            for kind in (LESSONS, WEEKEND, HOLIDAY)
        )


def _rows(meter: Any, use: Use, step: str | None, year: _Year) -> Iterator[tuple[object, ...]]:
    """Give the measures that a meter's use and model allow, with their errors."""
    covariance, free = use.covariance()
    area = float(meter.surface_totale)
    of_meter = (meter.compteur_id, meter.energie, meter.usage, step)
    for name, top, bottom in _contrasts(meter, use, step, year):
        below = np.zeros(len(top)) if bottom is None else bottom
        count = len(use.coefficients)  # the balance point, if any, comes after them
        per_area = area if name in ("eau_chaude", "electricite_hiver") else np.nan
        yield (
            meter.code_uai, name, *of_meter, float(top[:count] @ use.coefficients),
            per_area if bottom is None else float(below[:count] @ use.coefficients), float(top @ covariance @ top),
            float(below @ covariance @ below), float(top @ covariance @ below), free, use.point,
        )  # fmt: skip


def _contrasts(meter: Any, use: Use, step: str | None, year: _Year) -> Iterator[tuple[str, Floats, Floats | None]]:
    """Give each measure as weights of the coefficients, and of a move of the balance point."""
    usage = meter.usage

    def heat(kind: str, amount: float, move: float) -> Floats:
        weights = use.contrast("slope", kind) * amount
        return np.append(weights, use.value("slope", kind) * move) if use.place >= 0 else weights

    def base(kind: str, amount: float) -> Floats:
        weights = use.contrast("base", kind) * amount
        return np.append(weights, 0.0) if use.place >= 0 else weights

    degrees, below, count = year.degrees, year.below, year.count
    if usage in ("chauffage", "mixte") and "heat" in use.terms:
        if "heat weekend" in use.terms:
            yield (
                "chauffage_weekend", heat(WEEKEND, degrees[WEEKEND], below[WEEKEND]),
                heat(LESSONS, degrees[WEEKEND], below[WEEKEND]),
            )  # fmt: skip
        # What the holidays would take with the slope of the rest of the year: of its weekdays and weekends together.
        rest = max(degrees[LESSONS] + degrees[WEEKEND], 1e-9)
        due = [heat(kind, degrees[HOLIDAY], below[HOLIDAY]) * degrees[kind] / rest for kind in (LESSONS, WEEKEND)]
        yield "chauffage_vacances", heat(HOLIDAY, degrees[HOLIDAY], below[HOLIDAY]), due[0] + due[1]
        # Bills know one slope for weekdays and weekends: with them, the degree is one of all days outside holidays.
        kinds = (LESSONS, WEEKEND) if step == "facture" else (LESSONS,)
        parts = [heat(kind, year.one_degree[kind], year.band[kind]) for kind in kinds]
        yield "un_degre", parts[0] if len(parts) == 1 else parts[0] + parts[1], None
    if usage == "chauffage":
        yield "eau_chaude", base(HOLIDAY, count[HOLIDAY]), None
    if meter.energie == ELECTRIC:
        for name, kind, needed in (("weekend", WEEKEND, "weekend"), ("vacances", HOLIDAY, "holiday")):
            if needed in use.terms:
                yield f"electricite_{name}", base(kind, count[kind]), base(LESSONS, count[kind])
        if usage == "autres":
            yield "electricite_hiver", heat(LESSONS, degrees[LESSONS], below[LESSONS]), None
