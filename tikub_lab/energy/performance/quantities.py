"""Which of slope, base load and balance point stands out at a site, and the kWh that lie between it and its peers.

The idea of comparing change-point coefficients with thirty peers at least is that of LBNL's BETTER. Here a difference
counts against both the spread of the peers and the site's own uncertainty, and the share of false discoveries among
all sites is bounded (Benjamini and Hochberg, 1995). A model that fails ASHRAE Guideline 14 is neither compared nor a
peer. Only what is higher than at the peers is looked for: it is what costs energy.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.days import cold_of
from tikub_lab.energy.heating import HEATS
from tikub_lab.energy.performance.circle import QUANTILES, circles
from tikub_lab.energy.performance.signature import BILLS, DAILY
from tikub_lab.energy.periods import DAY, Floats
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
TEXTS = dict.fromkeys(("code_uai", "source", "grandeur", "libelle", "unite", "groupe", "manque"), "str")


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
    from scipy.stats import false_discovery_control  # here, as it takes a second to load

    if not 0 < level < 1:
        raise UsageError(f"level={level!r}: a share of false discoveries is between 0 and 1, such as 0.1.")
    daily = signatures[(signatures["source"] == DAILY) & signatures["comparable"]]["code_uai"]
    heat, stations = _heat(meters, year), sites.drop_duplicates("code_uai").set_index("code_uai")["station"]
    means = cold_of(weather, *(pd.Timestamp(one, 1, 1).value // DAY for one in (year, year + 1)))
    cold = {site: means.get(str(station), np.empty(0)) for site, station in stations.items()}
    rows = signatures.assign(chauffage=signatures["code_uai"].map(heat).astype("float64"))
    tables = []
    for source in (DAILY, BILLS):
        own = rows[rows["source"] == source].reset_index(drop=True)
        chosen = own["code_uai"].isin(daily) == (source == DAILY)
        tables += [_compared(own, quantity, sites, fewest, cold)[chosen] for quantity in QUANTITIES]
    table = pd.concat(tables, ignore_index=True)
    tested = table["p"].dropna()
    table["q"] = pd.Series(false_discovery_control(tested), tested.index)
    table["etabli"] = (table["q"] <= level) & table["hors_incertitude"]
    # made source by source and quantity by quantity, hence in their order within a site
    return table[COLUMNS].astype(TEXTS).sort_values("code_uai", kind="stable", ignore_index=True)


def spread(values: Floats | pd.Series) -> float:
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
    figures = np.asarray(values)
    distance = float(np.partition(np.abs(figures[first] - figures[second]), order)[order])
    return 2.2219 * distance * count / (count + (1.4 if count % 2 else 3.8))


def _compared(
    own: pd.DataFrame, quantity: str, sites: pd.DataFrame, fewest: int, cold: Mapping[Any, Floats]
) -> pd.DataFrame:
    """Compare one quantity of the sites of one source, of which these are signatures, heating, and cold of the days."""
    from scipy.special import stdtr  # here, as it takes a moment to load

    column, of_error, factor, name, unit = QUANTITIES[quantity]
    counted = (own["usage"] == "chauffage") | (quantity != BASE)
    usable = own["comparable"] & counted & own[of_error].notna()
    value, error = (own[one].where(usable) for one in (column, of_error))
    found, others = circles(own[["code_uai"]].assign(valeur=value), sites, fewest)
    enough, scaled, wrong = found["pairs"] >= fewest, value, error
    if quantity != POINT:
        # A figure below its own error is held to be as large as that: its logarithm would say more than is known.
        size = np.maximum(value, error)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled, wrong = pd.Series(np.log(size)), error / size
    of_peers = [
        (scaled[peers].median(), spread(scaled[peers]), (wrong[peers] ** 2).median()) if many else [np.nan] * 3
        for peers, many in zip(others, enough, strict=True)
    ]
    middle, scatter, errors = np.array(of_peers, dtype=np.float64).reshape(-1, 3).T
    of_middle, above = math.pi / 2 * scatter**2 / found["pairs"], scaled - middle
    between = np.maximum(scatter**2 - errors, 0.0)  # what the peers' own errors did not make
    total = np.sqrt(between + wrong**2 + of_middle)
    found["z"] = above / total.where(total > 0)
    found["p"] = stdtr(0.82 * (found["pairs"] - 1), -found["z"])
    found["hors_incertitude"] = found["z"].notna() & (above > 1.645 * np.sqrt(wrong**2 + of_middle))

    def degrees(site: Any, point: float) -> float:
        return float(np.nansum(np.maximum(point - cold.get(site, np.empty(0)), 0)))

    def saved(mine: pd.Series, aim: pd.Series) -> pd.Series:
        if quantity == BASE:
            return (mine - aim) * own["surface"] * 365
        if quantity == POINT:
            mine, aim = (pd.Series(map(degrees, own["code_uai"], points), dtype="float64") for points in (mine, aim))
        return own["chauffage"] * (1 - aim / mine.where(mine > 0))

    found["kwh_mediane"], found["kwh_quart"] = (saved(value, found[mark]).where(enough) for mark in ("mediane", "q25"))
    wide = saved(value + error, found["mediane"]) - saved(value - error, found["mediane"])
    why = np.select([~counted, ~enough], [NOT_COUNTED, TOO_FEW], "")
    found[list(QUANTILES)] *= factor
    return found.assign(
        code_uai=own["code_uai"], source=own["source"], grandeur=quantity, libelle=name, unite=unit,
        valeur=value * factor, erreur=error * factor, erreur_kwh=(wide.abs() / 2).where(enough),
        manque=own["manque"].where(own["manque"] != "", why),
    )  # fmt: skip


def _heat(meters: pd.DataFrame, year: int) -> pd.Series:
    """Return what heating used in a year at each site, adjusted to normal weather; only where all of it is known."""
    rows = meters[(meters["annee"] == year) & meters["usage"].isin(HEATS)]
    adjusted = rows["kwh_ajuste"] - (rows["kwh"] - rows["kwh_chauffage"])
    whole = rows["ajuste"].astype(bool) & rows["complet"].astype(bool)
    return adjusted.where(whole).groupby(rows["code_uai"]).sum(skipna=False)
