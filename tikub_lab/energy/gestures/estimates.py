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
from tikub_lab.energy.consumption import require_readings
from tikub_lab.energy.days import HOLIDAY, KINDS, LESSONS, WEEKEND, Days
from tikub_lab.energy.gestures.words import OF_AREA
from tikub_lab.energy.heating import HEATS
from tikub_lab.energy.occupancy.days import Designer, by_step, days_of
from tikub_lab.energy.occupancy.use import Use, fit
from tikub_lab.energy.periods import DAY, Floats
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once

ENOUGH = {"relevé": 300, "facture": 20}
"""Daily readings of the year from which a meter is read by day; bills of three years stand in for it below."""
ELECTRIC = "électricité"
Year = Mapping[Any, Mapping[Any, float]]
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
        Tables ``energy/sites``, ``meters``, ``readings``, ``weather`` and ``calendar``; of the readings, best those of
        :func:`tikub_lab.energy.trusted`, without the days of a meter that did not measure.
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
        « facture », or missing), ``jours``, ``kwh`` (of the year, by its model), ``faute`` (French; empty where it is
        measured).

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
    known = by_step(rows[(rows["origine"] == "facture") | (rows["debut"].dt.year == year)])
    found: list[tuple[object, ...]] = []
    told: list[tuple[object, ...]] = []
    in_service: list[Any] = list(about.itertuples(index=False))
    for meter in in_service:
        use, step, count, fault = _model(meter, known, maker)
        total = np.nan
        if use is not None and not fault:
            year_of = _of_year(days, str(meter.station), year, use.point)
            total = sum(
                use.value("base", kind) * own["count"] + use.value("slope", kind) * own["degrees"]
                for kind, own in year_of.items()
            )
            found.extend(_rows(meter, use, step, year_of))
        told.append((meter.code_uai, meter.compteur_id, meter.energie, meter.usage, step, count, total, fault))
    columns = ["code_uai", "compteur_id", "energie", "usage", "pas", "jours", "kwh", "faute"]
    figures = dict.fromkeys(COLUMNS[6:], "float64")
    return pd.DataFrame(found, columns=COLUMNS).astype(figures), pd.DataFrame(told, columns=columns)


def _model(meter: Any, known: dict[str, dict[str, pd.DataFrame]], maker: Designer) -> tuple[Use | None, Any, int, str]:
    """Fit a meter by its days, else by its bills: the model, its step, the days that it has, and why there is none."""
    for step, fewest in ENOUGH.items():
        rows = known[step].get(meter.compteur_id)
        if rows is not None and len(rows) >= fewest:
            begin, end, kwh = (rows[name].to_numpy() for name in ("debut", "fin", "kwh"))
            design = maker.design(begin, end, kwh, str(meter.station))
            use = fit(design)
            fault = "" if use and use.passes else "ses relevés ne suivent aucun modèle assez bon"
            return use, step, int(design.days.sum()), fault
    return None, None, 0, "trop peu de relevés"


def _of_year(days: Days, station: str, year: int, point: float) -> Year:
    """Say what the days of a year ask of a meter with such a balance point, by kind of day.

    ``below`` are the days of heating, by which degree days grow with the balance point; ``one_degree`` what one degree
    less takes off them, ``band`` how that grows.
    """
    begin, end = (pd.Timestamp(one, 1, 1).value // DAY - days.first for one in (year, year + 1))
    cold = pd.Series(days.cold[station][begin:end]).interpolate(limit_direction="both")
    depth, less = ((at - cold).clip(lower=0.0).fillna(0.0) for at in (point, point - 1))
    of_days = {"count": 1.0, "degrees": depth, "below": depth > 0, "one_degree": depth - less}
    table = pd.DataFrame(of_days | {"band": (depth > 0) & (less == 0)}).astype("float64")
    sums = table.groupby(days.kinds[begin:end]).sum().reindex(range(len(KINDS)), fill_value=0.0)
    return sums.set_axis(list(KINDS)).to_dict("index")


def _rows(meter: Any, use: Use, step: str, year: Year) -> Iterator[tuple[object, ...]]:
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


def _contrasts(meter: Any, use: Use, step: str, year: Year) -> Iterator[tuple[str, Floats, Floats | None]]:
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
