"""The pace of each site: a robust slope of its adjusted use over the last years, and where it leads.

Theil-Sen's slope is the median of those between any two years: one odd year does not move it. Its interval is Sen's,
from the exact distribution of Kendall's statistic, as eight years are too few for its normal approximation. It holds
for a steady pace with independent errors; works done in one year are a step, which a slope spreads over all of them.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.law.reference import given_once
from tikub_lab.energy.periods import Floats
from tikub_lab.energy.uncertainty import check_level
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once
from tikub_lab.show import french

LAST = 8
"""Years whose pace is looked at, unless said."""
LEVEL = 0.9
REACHED, MISSED, UNSURE, UNKNOWN = "atteint à ce rythme", "manqué à ce rythme", "incertain", "rythme inconnu"
HORIZON = 2100
"""A milestone that would be reached later than that is not said to be reached."""

ENDS = ("", "_bas", "_haut")
"""Of the slope: itself, and the ends of its interval."""
PACE = ["code_uai", "n", "premiere", "derniere", "pente", "pente_bas", "pente_haut", "centre", "milieu", "milieu_bas"]
PACE += ["milieu_haut"]
OF_ROW = ("kwh_m2_objectif", "kwh_m2", "centre", "derniere")
PROJECTED = [f"projete{end}" for end in ENDS]
YEARS = ["annee_atteinte", "annee_au_plus_tot", "annee_au_plus_tard"]


@once
def pace(usable: pd.DataFrame, until: int, last: int = LAST, level: float = LEVEL) -> pd.DataFrame:
    """Fit the slope of each site's use over its last years.

    Parameters
    ----------
    usable : DataFrame
        ``code_uai``, ``annee``, ``kwh_m2``: from :func:`tikub_lab.energy.law.reference.usable_years`.
    until : int
        Last year looked at.
    last : int
        How many years at most, ``until`` included.
    level : float
        Of the interval, between 0 and 1.

    Returns
    -------
    DataFrame
        One row a site of at least two of these years: ``code_uai``, ``n`` (years), ``premiere``, ``derniere``,
        ``pente`` (kWh/m² a year), ``pente_bas``, ``pente_haut`` (missing where the years are too few for the level:
        four are needed for 90 %), ``centre`` (median year), ``milieu``, ``milieu_bas``, ``milieu_haut`` (median use
        at the centre, for each of the three slopes).

    Raises
    ------
    UsageError
        A level that is none, fewer than two years asked for, or a year of a site given twice.

    Examples
    --------
    >>> usable = pd.DataFrame({"code_uai": "0000001B", "annee": range(2018, 2026),
    ...                        "kwh_m2": [128.0, 126, 125, 150, 120, 117, 116, 114]})
    >>> pace(usable, 2025)[["pente", "pente_bas", "pente_haut"]].round(2).values.tolist()
    [[-2.0, -2.5, -1.5]]
    """
    check_level(level)
    if last < 2:
        raise UsageError(f"last={last}: a pace takes at least two years.")
    rows = usable[usable["annee"].between(until - last + 1, until) & usable["kwh_m2"].notna()]
    given_once(rows, "usable", ["code_uai", "annee"])
    found = []
    for uai, own in rows.sort_values("annee").groupby("code_uai", sort=True):
        if len(own) > 1:
            year, use = own["annee"].to_numpy(float), own["kwh_m2"].to_numpy(float)
            slopes = sen(year, use, level)
            centre = float(np.median(year))
            middle = [float(np.median(use - slope * (year - centre))) for slope in slopes]
            found.append((uai, len(own), int(year[0]), int(year[-1]), *slopes, centre, *middle))
    whole = dict.fromkeys(["n", "premiere", "derniere"], "int64")
    return pd.DataFrame(found, columns=PACE).astype(dict.fromkeys(PACE, "float64") | whole | {"code_uai": "str"})


def sen(year: Floats, use: Floats, level: float = LEVEL) -> tuple[float, float, float]:
    """Theil-Sen's slope and its exact interval (Sen, 1968), not a number where n is too small for the level.

    Under a true slope, the number of pairwise slopes below it has the distribution of the inversions of a random
    order; the interval cuts as many slopes off on each side as the level allows.
    """
    left, right = np.triu_indices(len(year), 1)
    slopes = np.sort((use[right] - use[left]) / (year[right] - year[left]))
    cut = int(np.searchsorted(np.cumsum(inversions(len(year))), (1 - level) / 2, side="right")) - 1
    low, high = (float(slopes[cut]), float(slopes[-1 - cut])) if cut >= 0 else (math.nan, math.nan)
    return float(np.median(slopes)), low, high


@lru_cache(maxsize=64)
def inversions(n: int) -> Floats:
    """Return the probabilities of 0, 1, 2… inversions in a random order of n."""
    chances = np.ones(1)
    for size in range(2, n + 1):
        chances = np.convolve(chances, np.full(size, 1 / size))
    return chances


def outlook(standing: pd.DataFrame, paces: pd.DataFrame) -> pd.DataFrame:
    """Say whether each site would reach each milestone at its pace, and when, where that is established.

    Parameters
    ----------
    standing, paces : DataFrame
        From :func:`standing` and :func:`pace`.

    Returns
    -------
    DataFrame
        One row a row of ``standing``, in its order: ``code_uai``, ``echeance``, ``pente``, ``pente_bas``,
        ``pente_haut`` (kWh/m² a year), ``projete``, ``projete_bas``, ``projete_haut`` (kWh/m² in the milestone's
        year), ``rythme`` (« atteint à ce rythme », « manqué à ce rythme », « incertain », « rythme inconnu »),
        ``annee_atteinte``, ``annee_au_plus_tot``, ``annee_au_plus_tard`` (only where use is established to fall, the
        target is ahead, and both ends reach it by 2100), ``phrase_rythme``.

    Notes
    -----
    A verdict is given where both ends of the slope's interval lead to it: of sites of a steady pace, one in twenty
    gets a wrong one at a level of 90 %, were the slope all that is unsure.

    Examples
    --------
    >>> usable = pd.DataFrame({"code_uai": "0000001B", "annee": range(2018, 2026),
    ...                        "kwh_m2": [128.0, 126.1, 124.2, 121.9, 120, 118.1, 115.8, 114]})
    >>> standing = pd.DataFrame({"code_uai": ["0000001B"], "echeance": [2030], "kwh_m2": [114.0],
    ...                          "kwh_m2_objectif": [80.0]})
    >>> outlook(standing, pace(usable, 2025))[["rythme", "annee_atteinte"]].values.tolist()
    [['manqué à ce rythme', 2042]]
    """
    rows = standing[["code_uai", "echeance", "kwh_m2", "kwh_m2_objectif"]].astype({"code_uai": "object"})
    types = {"premiere": "Int64", "derniere": "Int64", "code_uai": "object"}
    rows = rows.merge(paces.astype(types), how="left", on="code_uai")
    target, use, centre, last = (rows[name].astype("float64").to_numpy()[:, None] for name in OF_ROW)
    slope, middle = (rows[[f"{name}{end}" for end in ENDS]].to_numpy(float) for name in ("pente", "milieu"))
    led = np.maximum(middle + slope * (rows[["echeance"]].to_numpy() - centre), 0)
    # Of the two ends, the one of the steeper fall is the lower only beyond the centre: hence the sorting.
    led[:, 1:] = np.sort(led[:, 1:], axis=1)
    known = ~np.isnan(target[:, 0] + slope[:, 1])
    tests = [~known, led[:, 2] <= target[:, 0], led[:, 1] > target[:, 0]]
    rows["rythme"] = pd.Series(np.select(tests, [UNKNOWN, REACHED, MISSED], default=UNSURE), dtype="str")
    when = np.ceil(centre + (target - middle) / np.where(slope < 0, slope, np.nan))
    # Where use is not established to fall there is no latest year, hence no year at all. And a line that should have
    # met the target by now is no line: a step, which is not carried on.
    told = known[:, None] & (use > target) & (when[:, :1] > last) & (when[:, 2:] <= HORIZON)
    when[:, 1:2] = np.maximum(when[:, 1:2], last + 1)
    rows[PROJECTED], rows[YEARS] = led, np.where(told, when, np.nan)
    rows = rows.astype(dict.fromkeys(YEARS, "Int64"))
    rows["phrase_rythme"] = pd.Series([_sentence(row) for row in rows.to_dict("records")], dtype="str")
    names = ["code_uai", "echeance", *PACE[4:7], *PROJECTED, "rythme", *YEARS, "phrase_rythme"]
    return rows[names].astype({"code_uai": "str"}).set_axis(standing.index)


def _sentence(row: Mapping[Any, Any]) -> str:
    """Say where the pace leads, and how sure that is."""
    if row["rythme"] == UNKNOWN:
        return "Trop peu d'années complètes, ou pas d'objectif : le rythme ne dit rien."
    slope, low, high = (signed(row[name] / row["milieu"], 1) for name in ("pente", "pente_bas", "pente_haut"))
    goal = f"l'objectif {row['echeance']}"
    end = {REACHED: f"{goal} serait tenu à ce rythme", MISSED: f"{goal} serait manqué à ce rythme"}
    end[UNSURE] = f"on ne peut pas dire si {goal} sera tenu"
    text = f"De {row['premiere']} à {row['derniere']}, {slope} par an (entre {low} et {high}) : {end[row['rythme']]}."
    if pd.notna(row["annee_atteinte"]):
        first, last = row["annee_au_plus_tot"], row["annee_au_plus_tard"]
        span = f"en {first}" if first == last else f"vers {row['annee_atteinte']} (entre {first} et {last})"
        text += f" Ce niveau serait atteint {span}."
    return french.typeset(text)


def signed(share: float, digits: int = 0) -> str:
    """Write a change as a percentage with its sign."""
    rounded = round(share, digits + 2)
    return ("+" if rounded > 0 else "−" if rounded < 0 else "") + french.percent(abs(rounded), digits)
