"""The heating part of meters, year by year, from their own bills: a base load per day and a slope per degree day.

Each year of a meter has its own base and slope, as works and habits change them; the balance point, which a dozen bills
tell badly, is one for all its years. A bill that was estimated is joined to the next one that was read, as CalTRACK
does (2.2.3.1), and left out where the two last over seventy days: an estimate alone says nothing of the weather.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tikub_lab.energy.days import cold_of, numbers
from tikub_lab.energy.periods import Floats

HEATS = ("chauffage", "mixte")
"""Uses of meters that heat."""
BALANCE_POINTS = np.arange(10.0, 20.25, 0.5)
"""°C, mean of the day, from which a building may begin to need heat."""
LONGEST = 70
"""Days of a bill that can tell heating from the rest."""
COVERAGE = 0.9
"""Share of a bill's days that must have a temperature."""
FEWEST = 6
"""Bills of a year below which it has no base and slope of its own."""
FEWEST_DAYS = 270
"""Days that they must cover: a summer, a winter, and something between."""

COLUMNS = ["compteur_id", "annee", "base", "pente", "equilibre", "n", "r2", "erreur_base"]


def models(readings: pd.DataFrame, weather: pd.DataFrame, stations: Mapping[str, str]) -> pd.DataFrame:
    """Fit the base load and the heating slope of each meter and year, bills weighing as their days.

    Bills are taken, and the months of daily readings where these know more days of the year. One row a meter and year
    that can be fitted: ``annee`` (of the middle of each bill), ``base`` (kWh a day, never negative), ``pente`` (kWh
    per degree and day, 0 where use does not rise with cold), ``equilibre`` (°C, one for all years of a meter), ``n``
    (bills), ``r2``, ``erreur_base`` (standard error, kWh a day, the balance point being held to be known).
    """
    rows, points = spans(readings), BALANCE_POINTS
    rows["station"] = rows["compteur_id"].map(dict(stations))
    rows = rows[rows["station"].isin(weather["station"].unique())].reset_index(drop=True)
    degrees = _degrees(rows, weather, points)
    known = ~np.isnan(degrees[:, 0]) if len(rows) else np.zeros(0, dtype=bool)
    rows, degrees = rows[known], degrees[known]
    counted = rows.groupby(["compteur_id", "annee"])["days"].transform
    enough = ((counted("count") >= FEWEST) & (counted("sum") >= FEWEST_DAYS)).to_numpy(dtype=bool)
    rows, degrees = rows[enough].reset_index(drop=True), degrees[enough]
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS, dtype="float64").astype({"compteur_id": "str"})
    return _fitted(rows, degrees, points)


def spans(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the periods of use that can tell heating from the rest.

    Bills of at most seventy days, estimates joined to the bill that mends them, or months of daily readings; one
    origin a meter and year. Bills that overlap are left out, as nobody knows which of them counts a day.
    """
    rows = readings[readings["origine"].isin(("facture", "relevé"))]
    rows = pd.DataFrame(
        {
            "compteur_id": rows["compteur_id"].to_numpy(object),
            "origine": rows["origine"].to_numpy(object),
            "debut": pd.DatetimeIndex(rows["debut"]).tz_localize(None).normalize().as_unit("s"),
            "fin": pd.DatetimeIndex(rows["fin"]).tz_localize(None).normalize().as_unit("s"),
            "kwh": rows["kwh"].to_numpy(float),
            "estime": rows["estime"].fillna(False).to_numpy(bool),
        }
    )
    rows["days"] = (rows["fin"] - rows["debut"]).dt.days
    rows = rows[rows["days"] > 0]
    single = rows["days"] == 1
    found = pd.concat([_joined(rows[~single]), _months(rows[single])], ignore_index=True)
    found = _apart(found)
    found = found[(found["days"] <= LONGEST) & found["kwh"].notna()]
    middle = found["debut"] + (found["fin"] - found["debut"]) / 2
    found["annee"] = middle.dt.year.astype("int64")
    known = found.groupby(["compteur_id", "annee", "origine"])["days"].transform("sum")
    rank = known + (found["origine"] == "facture") * 0.5  # bills, where both know as many days
    best = rank.groupby([found["compteur_id"], found["annee"]]).transform("max")
    found = found[rank == best].sort_values(["compteur_id", "annee", "debut"], ignore_index=True)
    return found[["compteur_id", "debut", "fin", "kwh", "days", "annee"]]


def _joined(rows: pd.DataFrame) -> pd.DataFrame:
    """Join each run of estimated bills to the bill that ends it; one that nothing ends has no figure."""
    rows = rows.sort_values(["compteur_id", "origine", "debut"], ignore_index=True)
    own = [rows["compteur_id"], rows["origine"]]
    # A run ends with a bill that was read: the next one opens another.
    opens = (~rows["estime"]).groupby(own).shift(fill_value=True)
    rows["run"] = opens.groupby(own).cumsum()
    key = ["compteur_id", "origine", "run"]
    found = rows.groupby(key, as_index=False).agg(
        debut=("debut", "min"),
        fin=("fin", "max"),
        kwh=("kwh", lambda values: values.sum(skipna=False)),
        days=("days", "sum"),
        ended=("estime", lambda values: not values.iloc[-1]),
    )
    whole = found["days"] == (found["fin"] - found["debut"]).dt.days  # neither a gap nor an overlap
    found["kwh"] = found["kwh"].where(whole & found["ended"].astype(bool))
    return found.drop(columns=["run", "ended"])


def _apart(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the periods of a meter and origin that overlap."""
    rows = rows.sort_values(["compteur_id", "origine", "debut", "fin"], ignore_index=True)
    own = [rows["compteur_id"], rows["origine"]]
    reached = rows["fin"].groupby(own).cummax().groupby(own).shift()
    late = rows["debut"] < reached
    following = rows["debut"].groupby(own).shift(-1)
    return rows[~(late | (following < rows["fin"]))]


def _months(rows: pd.DataFrame) -> pd.DataFrame:
    """Add daily readings up to months, but for months that miss (or estimate) over a tenth of their days."""
    rows = rows[rows["kwh"].notna() & ~rows["estime"]]
    rows = rows.assign(month=rows["debut"].dt.to_period("M").dt.start_time)
    found = rows.groupby(["compteur_id", "origine", "month"], as_index=False).agg(
        debut=("debut", "min"), fin=("fin", "max"), kwh=("kwh", "sum"), days=("days", "sum")
    )
    return found[found["days"] >= COVERAGE * found["month"].dt.days_in_month].drop(columns="month")


def _degrees(rows: pd.DataFrame, weather: pd.DataFrame, points: Floats) -> Floats:
    """Return degree days per day of each row at each balance point; no figure where days have no temperature.

    A day without a mean has the half-sum of its extremes.
    """
    found = np.full((len(rows), len(points)), np.nan)
    weather = weather.assign(tmoy=weather["tmoy"].fillna((weather["tmin"] + weather["tmax"]) / 2))
    known = numbers(weather["jour"])
    first, last = (known.min(), known.max() + 1) if len(known) else (0, 0)
    begin, end = (np.clip(numbers(rows[name]), first, last) for name in ("debut", "fin"))
    for station, cold in cold_of(weather, first, last).items():
        own = (rows["station"] == station).to_numpy()
        below = np.nan_to_num(np.maximum(points - cold[:, None], 0))
        total = np.vstack([np.zeros(len(points)), np.cumsum(below, axis=0)])
        count = np.concatenate([[0], np.cumsum(~np.isnan(cold))])
        left, right = begin[own] - first, end[own] - first
        days = count[right] - count[left]
        enough = days >= COVERAGE * rows["days"].to_numpy()[own]
        found[own] = np.where(enough[:, None], (total[right] - total[left]) / np.maximum(days, 1)[:, None], np.nan)
    return found


def _fitted(rows: pd.DataFrame, degrees: Floats, points: Floats) -> pd.DataFrame:
    """Fit each meter and year at each balance point by least squares weighted by days, and choose the meter's point."""
    meter, year = rows["compteur_id"].to_numpy(object), rows["annee"].to_numpy(np.int64)
    first = np.flatnonzero(np.r_[True, (meter[1:] != meter[:-1]) | (year[1:] != year[:-1])])
    weight = rows["days"].to_numpy(float)
    use = rows["kwh"].to_numpy(float) / weight

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, first, axis=0), dtype=float)

    w, wx, wxx = weight[:, None], weight[:, None] * degrees, weight[:, None] * degrees**2
    days, sx, sxx = total(w), total(wx), total(wxx)
    sy, sxy, syy = total(w * use[:, None]), total(wx * use[:, None]), total(w * use[:, None] ** 2)
    spread = sxx - sx**2 / days
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(spread > 1e-9 * np.maximum(sxx, 1e-9), (sxy - sx * sy / days) / spread, 0.0)
        slope = np.maximum(slope, 0.0)
        base = (sy - slope * sx) / days
        # A base below zero means nothing: the line then goes through the origin.
        through = base < 0
        slope = np.where(through, np.maximum(np.where(sxx > 0, sxy / sxx, 0.0), 0.0), slope)
        base = np.where(through, 0.0, base)
    square = syy - 2 * (base * sy + slope * sxy) + base**2 * days + 2 * base * slope * sx + slope**2 * sxx
    owners, owner = np.unique(meter[first].astype(str), return_inverse=True)
    of_meter = np.zeros((len(owners), len(points)))
    np.add.at(of_meter, owner, square)
    best = of_meter.argmin(axis=1)[owner]
    row = np.arange(len(first))
    count = np.diff(np.r_[first, len(rows)])
    left, around = np.maximum(square[row, best], 0.0), (syy - sy**2 / days)[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        scatter = np.where(count > 2, left / (count - 2), np.nan)  # variance of a day's worth of a bill
        error = np.sqrt(scatter * sxx[row, best] / (days[:, 0] * spread[row, best]))
        found = {
            "compteur_id": meter[first],
            "annee": year[first],
            "base": base[row, best],
            "pente": slope[row, best],
            "equilibre": points[best],
            "n": count,
            "r2": np.where(around > 0, 1 - left / around, np.nan),
            "erreur_base": error,
        }
    return pd.DataFrame(found).astype({"compteur_id": "str"})
