"""Which of slope, base load and balance point stands out at a site, and the kWh that lie between it and its peers.

The idea of comparing change-point coefficients with thirty peers at least is that of LBNL's BETTER. Here a difference
counts against both the spread of the peers and the site's own uncertainty, and the share of false discoveries among
all sites is bounded (Benjamini and Hochberg, 1995). A model that fails ASHRAE Guideline 14 is neither compared nor a
peer. Only what is higher than at the peers is looked for: it is what costs energy.
"""

import math
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.heating import HEATS, Floats, daily_means
from tikub_lab.energy.performance.circle import QUANTILES, circles, share_below
from tikub_lab.energy.performance.signature import BILLS, DAILY
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once

FEWEST = 30
"""Peers that a comparison of coefficients needs."""
LEVEL = 0.1
"""Largest share of false ones among what is said to stand out."""
LOOK = 0.1
"""Probability below which, alone, a quantity is worth a look."""

SLOPE, BASE, POINT = "pente", "base", "equilibre"
QUANTITIES = {
    SLOPE: ("pente_m2", "erreur_pente_m2", 1000.0, "pente de chauffage", "Wh/(m²·jour·°C)"),
    BASE: ("base_m2", "erreur_base_m2", 1000.0 / 24, "talon", "W/m²"),
    POINT: ("equilibre", "erreur_equilibre", 1.0, "point d'équilibre", "°C"),
}
"""Of each: columns of the signature, factor to its unit, French name, unit. Slope and base are compared as ratios."""

NOT_COUNTED = "compteur qui sert aussi à d'autres usages"
TOO_FEW = "trop peu d'établissements comparables"

COLUMNS = ["code_uai", "source", "grandeur", "libelle", "unite", "valeur", "erreur", "groupe", "niveau", "pairs"]
COLUMNS += ["manquants", *QUANTILES, "rang", "z", "p", "q", "hors_incertitude", "etabli"]
COLUMNS += ["kwh_mediane", "kwh_quart", "erreur_kwh", "manque"]


@once
def standing(
    signatures: pd.DataFrame,
    meters: pd.DataFrame,
    sites: pd.DataFrame,
    weather: pd.DataFrame,
    year: int,
    fewest: int = FEWEST,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Compare the heating signature of each site with those of its peers.

    Parameters
    ----------
    signatures : DataFrame
        From :func:`signatures`. Where a site's daily readings give one, it is compared with others from daily readings;
        else that of its bills, with those of the bills of all sites.
    meters : DataFrame
        From :func:`tikub_lab.energy.climate.adjusted`, for what the site's heating used in the year.
    sites, weather : DataFrame
        Tables ``energy/sites`` and ``energy/weather``.
    year : int
        That of the signatures.
    fewest : int
        Peers that a group must have; wider ones as for :func:`compare`.
    level : float
        Largest share of false discoveries, over all sites and quantities.

    Returns
    -------
    DataFrame
        Three rows a site, in its order: ``code_uai``, ``source``, ``grandeur`` (« pente », « base », « equilibre »),
        ``libelle``, ``unite``, ``valeur``, ``erreur`` (standard), ``groupe``, ``niveau``, ``pairs``, ``manquants``,
        ``q10``, ``q25``, ``mediane``, ``q75``, ``q90``, ``rang`` (share of peers below), ``z`` (distance to the median
        over the spread of peers and the errors of both), ``p`` (one-sided), ``q`` (the smallest level at which it would
        be a discovery), ``hors_incertitude`` (above the median by more than its own error, at 95 %), ``etabli``,
        ``kwh_mediane`` and ``kwh_quart`` (a year of normal weather: what the median, or the best quarter, of the peers
        would save; negative where the site is better), ``erreur_kwh`` (of both, from the site's own error), ``manque``
        (why it is not compared, in French).

    Raises
    ------
    UsageError
        A level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UsageError(f"level={level!r}: a share of false discoveries is between 0 and 1, such as 0.1.")
    daily = signatures[(signatures["source"] == DAILY) & signatures["comparable"]]["code_uai"]
    heat, stations = _heat(meters, year), sites.drop_duplicates("code_uai").set_index("code_uai")["station"]
    weather = weather[weather["jour"].dt.year == year]
    means = {str(name): daily_means(rows)[1] for name, rows in weather.groupby("station", observed=True)}
    rows: list[list[Any]] = []
    for source in (DAILY, BILLS):
        own = signatures[signatures["source"] == source].reset_index(drop=True)
        chosen = own["code_uai"].isin(daily).to_numpy(dtype=bool) == (source == DAILY)
        cold = [means.get(str(stations.get(site)), np.empty(0)) for site in own["code_uai"]]
        for quantity in QUANTITIES:
            rows += _compared(own, quantity, sites, fewest, chosen, heat, cold)
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("q", "etabli")])
    table["q"] = discoveries(table["p"].to_numpy(dtype=np.float64))
    table["etabli"] = (table["q"] <= level) & table["hors_incertitude"].astype(bool)
    texts = dict.fromkeys(("code_uai", "source", "grandeur", "libelle", "unite", "groupe", "manque"), "str")
    others = dict.fromkeys(("niveau", "pairs", "manquants"), "int64") | {"hors_incertitude": "bool", "etabli": "bool"}
    table = table[COLUMNS].astype(dict.fromkeys(COLUMNS, "float64") | texts | others)
    # made source by source and quantity by quantity, hence in their order within a site
    return table.sort_values("code_uai", kind="stable", ignore_index=True)


def discoveries(p: Floats) -> Floats:
    """Give each p-value that there is the smallest level at which it is a discovery (Benjamini and Hochberg)."""
    from scipy.stats import false_discovery_control  # here, as it takes a second to load

    found, tested = np.full(len(p), np.nan), ~np.isnan(p)
    found[tested] = false_discovery_control(p[tested])
    return found


def spread(values: Floats) -> float:
    """Robust standard deviation: Rousseeuw and Croux's Qn (1993), half of the figures may be anything.

    2.2219 times the k-th smallest of the differences between two, k being the number of pairs among half of them, with
    the authors' factor for few figures.
    """
    count = len(values)
    if count < 2:
        return math.nan
    first, second = np.triu_indices(count, 1)
    half = count // 2 + 1
    order = half * (half - 1) // 2 - 1
    distance = float(np.partition(np.abs(values[first] - values[second]), order)[order])
    return 2.2219 * distance * count / (count + (1.4 if count % 2 else 3.8))


def _compared(
    own: pd.DataFrame, quantity: str, sites: pd.DataFrame, fewest: int, chosen: Any, heat: pd.Series, cold: list[Floats]
) -> list[list[Any]]:
    """Return the rows of one source and quantity, of the sites that are compared by this source."""
    from scipy.special import stdtr  # here, as it takes a moment to load

    column, of_error, factor, name, unit = QUANTITIES[quantity]
    counted = (own["usage"] == "chauffage") | (quantity != BASE)
    usable = (own["comparable"] & counted).to_numpy(dtype=bool)
    raw, wrong = (np.where(usable, own[one].to_numpy(float), np.nan) for one in (column, of_error))
    value, error = _scale(raw, wrong, quantity)
    names, sources = own["code_uai"].astype("str").tolist(), own["source"].tolist()
    areas, reasons = own["surface"].tolist(), own["manque"].astype("str").tolist()
    rows = []
    for place, group, level, others, missing in circles(own[["code_uai"]].assign(valeur=value), sites, fewest):
        if not chosen[place]:
            continue
        site = names[place]
        why = reasons[place] or (NOT_COUNTED if not counted.iloc[place] else "")
        marks, kwh = [math.nan] * len(QUANTILES), [math.nan] * 3
        z = p = math.nan
        beyond = False
        if len(others) >= fewest:
            marks = np.quantile(raw[others], list(QUANTILES.values())).tolist()
            middle, scatter = float(np.median(value[others])), spread(value[others])
            z, beyond = _distance(value[place], error[place], middle, scatter, error[others])
            p = float(stdtr(0.82 * (len(others) - 1), -z)) if not math.isnan(z) else math.nan
            heated = float(heat.get(site, math.nan))
            kwh = _gaps(quantity, raw[place], wrong[place], marks, heated, areas[place], cold[place])
        else:
            why = why or TOO_FEW
        rows.append(
            [
                site, sources[place], quantity, name, unit, raw[place] * factor, wrong[place] * factor,
                group, level, len(others), missing, *(mark * factor for mark in marks),
                share_below(float(raw[place]), raw[others]), z, p, beyond, *kwh, why,
            ]
        )  # fmt: skip
    return rows


def _scale(raw: Floats, wrong: Floats, quantity: str) -> tuple[Floats, Floats]:
    """Return values and errors on the scale on which they are compared: logarithms of slope and base."""
    if quantity == POINT:
        return raw, wrong
    # A figure below its own error is held to be as large as that: its logarithm would say more than is known.
    size = np.maximum(raw, wrong)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(size), wrong / size


def _distance(value: float, error: float, middle: float, scatter: float, errors: Floats) -> tuple[float, bool]:
    """Return how far a value lies above the median of its peers, and whether by more than its own error."""
    between = max(scatter**2 - float(np.median(errors**2)), 0.0)  # what the peers' own errors did not make
    of_middle = math.pi / 2 * scatter**2 / len(errors)
    total = math.sqrt(between + error**2 + of_middle)
    if math.isnan(value) or not total > 0:
        return math.nan, False
    return (value - middle) / total, bool(value - middle > 1.645 * math.sqrt(error**2 + of_middle))


def _gaps(
    quantity: str, value: float, error: float, marks: list[float], heat: float, area: float, cold: Floats
) -> list[float]:
    """Return the kWh a year that the median and the best quarter would save, and their standard error."""

    def saved(own: float, aim: float) -> float:
        if quantity == BASE:
            return (own - aim) * area * 365
        if quantity == SLOPE:
            return heat * (1 - aim / own) if own > 0 else math.nan
        degrees = [float(np.nansum(np.maximum(point - cold, 0))) for point in (own, aim)]
        return heat * (1 - degrees[1] / degrees[0]) if degrees[0] > 0 else math.nan

    _, quarter, middle, *_ = marks
    wrong = abs(saved(value + error, middle) - saved(value - error, middle)) / 2
    return [saved(value, middle), saved(value, quarter), wrong]


def _heat(meters: pd.DataFrame, year: int) -> pd.Series:
    """Return what heating used in a year at each site, adjusted to normal weather; only where all of it is known."""
    rows = meters[(meters["annee"] == year) & meters["usage"].isin(HEATS)]
    adjusted = rows["kwh_ajuste"] - (rows["kwh"] - rows["kwh_chauffage"])
    whole = rows["ajuste"].astype(bool) & rows["complet"].astype(bool)
    return adjusted.where(whole).groupby(rows["code_uai"]).sum(skipna=False)
