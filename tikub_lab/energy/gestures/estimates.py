"""What each lycée's own readings say that its gestures could change: kWh used in some days, and what they are held to.

A measure has a numerator, the kWh that a gesture is about (heating on weekends, electricity in holidays …), and a
denominator, what it is compared by: the kWh of the same days if they were days of lessons, or the floor area. Each kWh
of a lycée belongs to one measure at most, so that gestures may be added up.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.bundle import bundled
from tikub_lab.energy.challenge.meters import measured_days
from tikub_lab.energy.consumption import require_readings
from tikub_lab.energy.days import HOLIDAY, KINDS, LESSONS, WEEKEND, Days, numbers
from tikub_lab.energy.gestures.known import OF_AREA
from tikub_lab.energy.heating import HEATS, spans
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
Year = Mapping[str, Mapping[str, float]]
"""What :func:`_of_year` gives, by kind of day."""
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
    daily = measured_days(rows[rows["debut"].dt.year == year])
    by_day: dict[Any, pd.DataFrame] = dict(tuple(daily.groupby("compteur_id", observed=True)))
    joined = spans(rows[rows["origine"] == "facture"])
    by_bill: dict[Any, pd.DataFrame] = dict(tuple(joined[joined["fin"] > first].groupby("compteur_id", observed=True)))
    found: list[tuple[object, ...]] = []
    known: list[tuple[object, ...]] = []
    in_service: list[Any] = list(about.itertuples(index=False))
    for meter in in_service:
        use, step, count, dropped, fault = _model(meter, by_day, by_bill, maker)
        total = np.nan
        if use is not None and not fault:
            year_of = _of_year(days, str(meter.station), year, use.point)
            total = sum(
                use.value("base", kind) * its["count"] + use.value("slope", kind) * its["degrees"]
                for kind, its in year_of.items()
            )
            found.extend(_rows(meter, use, step, year_of))
        about_it = (meter.code_uai, meter.compteur_id, meter.energie, meter.usage)
        known.append((*about_it, step, count, dropped, total, fault))
    columns = ["code_uai", "compteur_id", "energie", "usage", "pas", "jours", "ecartes", "kwh", "faute"]
    figures = dict.fromkeys(COLUMNS[6:], "float64")
    return pd.DataFrame(found, columns=COLUMNS).astype(figures), pd.DataFrame(known, columns=columns)


def _model(
    meter: Any, by_day: dict[Any, pd.DataFrame], by_bill: dict[Any, pd.DataFrame], maker: Designer
) -> tuple[Use | None, str | None, int, int, str]:
    """Fit a meter by its days, else by its bills."""
    name, station, dropped = meter.compteur_id, str(meter.station), 0
    if name in by_day:
        read = by_day[name].sort_values("debut", kind="stable")
        start, kwh = numbers(read["debut"]), read["kwh"].to_numpy(float)
        cold = maker.days.cold.get(station, np.full(len(maker.days.kinds), np.nan))[start - maker.days.first]
        fine = ~unlikely(start, kwh, cold, meter.usage != "autres")
        dropped = int((~fine).sum())
        if fine.sum() >= ENOUGH_DAYS:
            design = maker.design(start[fine], start[fine] + 1, kwh[fine], station)
            return _judged(fit(design, [("weekend", "holiday"), ALL]), "daily"), "relevé", len(design), dropped, ""
    bills = by_bill.get(name)
    if bills is None or len(bills) < ENOUGH_BILLS:
        return None, None, 0, dropped, "trop peu de relevés"
    design = maker.design(numbers(bills["debut"]), numbers(bills["fin"]), bills["kwh"].to_numpy(float), station)
    use = _judged(fit(design), "billing")
    fault = "" if use is not None else "ses relevés ne suivent aucun modèle assez bon"
    return use, "facture", int(design.days.sum()), dropped, fault


def _judged(use: Use | None, kind: str) -> Use | None:
    return use if use is not None and passes(kind, use.cv_rmse, use.nmbe) else None


def unlikely(start: np.ndarray, kwh: Floats, cold: Floats, heats: bool) -> np.ndarray:
    """Find the readings of increasing days that a working meter hardly gives: one value for days, or nothing in cold.

    A meter that heats may rest in summer, by the daily mean temperature.

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


def _of_year(days: Days, station: str, year: int, point: float) -> Year:
    """Say what the days of a year ask of a meter with such a balance point, by kind of day.

    ``below`` are the days of heating, by which degree days grow with the balance point; ``one_degree`` what one degree
    less takes off them, ``band`` how that grows.
    """
    begin, end = (pd.Timestamp(one, 1, 1).value // DAY - days.first for one in (year, year + 1))
    kinds, warmest = days.kinds[begin:end], -np.inf if np.isnan(point) else point
    cold = pd.Series(days.cold[station][begin:end]).interpolate(limit_direction="both").to_numpy(float)
    depth, less = (np.maximum(at - cold, 0) for at in (warmest, warmest - 1))
    of_days = {"count": np.ones(len(cold)), "degrees": depth, "below": depth > 0, "one_degree": depth - less}
    of_days["band"] = (depth > 0) & (less == 0)
    return {
        kind: {name: float(values[kinds == place].sum()) for name, values in of_days.items()}
        for place, kind in enumerate(KINDS)
    }


def _rows(meter: Any, use: Use, step: str | None, year: Year) -> Iterator[tuple[object, ...]]:
    """Give the measures that a meter's use and model allow, with their errors."""
    covariance, free = use.covariance()
    count = len(use.coefficients)  # the balance point, if any, comes after them
    for name, top, bottom in _contrasts(meter, use, step, year):
        below = np.zeros(len(top)) if bottom is None else bottom
        per_area = float(meter.surface_totale) if name in OF_AREA else np.nan
        yield (
            meter.code_uai, name, meter.compteur_id, meter.energie, meter.usage, step,
            float(top[:count] @ use.coefficients),
            per_area if bottom is None else float(below[:count] @ use.coefficients), float(top @ covariance @ top),
            float(below @ covariance @ below), float(top @ covariance @ below), free, use.point,
        )  # fmt: skip


def _contrasts(meter: Any, use: Use, step: str | None, year: Year) -> Iterator[tuple[str, Floats, Floats | None]]:
    """Give each measure as weights of the coefficients, and of a move of the balance point."""
    usage, moves = meter.usage, use.place >= 0

    def heat(kind: str, of: str, amount: str = "degrees", move: str = "below") -> Floats:
        weights, value = use.contrast("slope", kind) * year[of][amount], use.value("slope", kind)
        return np.append(weights, value * year[of][move]) if moves else weights

    def base(kind: str, of: str) -> Floats:
        weights = use.contrast("base", kind) * year[of]["count"]
        return np.append(weights, 0.0) if moves else weights

    if usage in HEATS and "heat" in use.terms:
        if "heat weekend" in use.terms:
            yield "chauffage_weekend", heat(WEEKEND, WEEKEND), heat(LESSONS, WEEKEND)
        # What the holidays would take with the slope of the rest of the year: of its weekdays and weekends together.
        rest = {kind: year[kind]["degrees"] for kind in (LESSONS, WEEKEND)}
        due = [heat(kind, HOLIDAY) * degrees / max(sum(rest.values()), 1e-9) for kind, degrees in rest.items()]
        yield "chauffage_vacances", heat(HOLIDAY, HOLIDAY), due[0] + due[1]
        # Bills know one slope for weekdays and weekends: with them, the degree is one of all days outside holidays.
        kinds = (LESSONS, WEEKEND) if step == "facture" else (LESSONS,)
        yield "un_degre", np.sum([heat(kind, kind, "one_degree", "band") for kind in kinds], axis=0), None
    if usage == "chauffage":
        yield "eau_chaude", base(HOLIDAY, HOLIDAY), None
    if meter.energie == ELECTRIC:
        for name, kind, needed in (("weekend", WEEKEND, "weekend"), ("vacances", HOLIDAY, "holiday")):
            if needed in use.terms:
                yield f"electricite_{name}", base(kind, kind), base(LESSONS, kind)
        if usage == "autres":
            yield "electricite_hiver", heat(LESSONS, LESSONS), None
