"""What works already done saved, as meters show it, and which share of what was announced that is.

The year after is compared with the one before, beside lycées without works.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tikub_lab.energy.uncertainty import check_level
from tikub_lab.show.french import number, percent

FEWEST = 5
"""Lycées without works, of the same energy, under which nothing is compared."""
NO_SITE, NO_YEAR, NO_OTHERS = "compteur inconnu", "année d'avant ou d'après inconnue", "trop peu de lycées sans travaux"
OTHERS = "autres travaux les mêmes années"


def measured(works: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Work out what each measure done saved in a year of normal weather.

    The climate-adjusted use of the calendar year before the one in which works ended, moved as that of lycées without
    works moved (median, same energy), less that of the year after: a difference in differences. The year of the works
    itself is left out.

    Parameters
    ----------
    works : DataFrame
        ``code_uai``, ``energie``, ``statut``, ``date_fin``, ``economie_attendue``: table ``energy/works``.
    used : DataFrame
        From :func:`tikub_lab.energy.climate.adjusted`.

    Returns
    -------
    DataFrame
        The works done, with ``economie_mesuree`` (kWh a year, missing where it can't be said) and ``motif`` (why not,
        in French, empty where it is): for :func:`realised`. Two measures on
        one lycée and energy within the years compared are told apart by nobody: both have none.

    Examples
    --------
    >>> years = [(site, year, 100.0) for site in "ABCDEF" for year in (2022, 2024)]
    >>> years[1] = ("A", 2024, 90.0)
    >>> used = pd.DataFrame(years, columns=["code_uai", "annee", "kwh_ajuste"]).assign(energie="gaz", complet=True)
    >>> done = pd.DataFrame({"code_uai": ["A"], "energie": ["gaz"], "statut": ["réalisé"],
    ...                      "date_fin": pd.to_datetime(["2023-06-01"]), "economie_attendue": [12.0]})
    >>> measured(done, used)["economie_mesuree"].round(6).tolist()
    [10.0]
    """
    done = works[works["statut"] == "réalisé"].reset_index(drop=True)
    key = ["energie", "code_uai", "annee"]
    sums = used.astype({"energie": "object", "code_uai": "object"}).groupby(key, observed=True)
    use = sums["kwh_ajuste"].sum().where(sums["complet"].all()).unstack("annee")
    rows = [_one(row, done, use) for row in done.to_dict("records")]
    found = pd.DataFrame(rows, columns=["economie_mesuree", "motif"], index=done.index)
    return done.assign(economie_mesuree=found["economie_mesuree"].astype("float64"), motif=found["motif"].astype("str"))


def _one(row: Mapping[Hashable, Any], done: pd.DataFrame, use: pd.DataFrame) -> tuple[float, str]:
    year = pd.Timestamp(str(row["date_fin"])).year
    before, after, own = year - 1, year + 1, (row["energie"], row["code_uai"])
    if own not in use.index:
        return np.nan, NO_SITE
    if before not in use or after not in use or use.loc[[own], [before, after]].isna().to_numpy().any():
        return np.nan, NO_YEAR
    near = done[done["date_fin"].dt.year.between(before, after) & (done["energie"] == row["energie"])]
    if (near["code_uai"] == row["code_uai"]).sum() > 1:
        return np.nan, OTHERS
    same = use.xs(row["energie"], level="energie").drop(index=near["code_uai"].unique(), errors="ignore")
    growth = (same[after] / same[before].where(same[before] > 0)).dropna()
    if len(growth) < FEWEST:
        return np.nan, NO_OTHERS
    start, end = use.loc[[own], [before, after]].to_numpy()[0]
    return float(start * growth.median() - end), ""


@dataclass(frozen=True)
class Realisation:
    """Measured savings over announced ones (not a number without any works), with the bounds of a confidence interval.

    There are bounds from three works on; ``n`` works count, ``left_out`` lack a saving or announce nothing.
    """

    share: float
    low: float
    high: float
    level: float
    n: int
    left_out: int

    @property
    def sentence(self) -> str:
        """What can be said, in French."""
        if not self.n:
            return "Aucuns travaux réalisés n'ont à la fois une économie annoncée et une économie mesurée."
        start = f"Sur {number(self.n)} travaux, les compteurs montrent {percent(self.share)} des économies annoncées"
        if math.isnan(self.low):
            return f"{start} : trop peu pour en dire la précision."
        low, high = number(self.low * 100), percent(self.high)
        return f"{start} (entre {low} et {high}, au niveau de confiance de {percent(self.level)})."


def realised(works: pd.DataFrame, level: float = 0.9) -> Realisation:
    """Work out the share of announced savings that meters show.

    The ratio of sums, so that large works count for what they are, with the interval of a ratio estimator (Cochran,
    *Sampling Techniques*, 3rd ed., 1977, 6.4) and Student's quantile. It holds for works like those done.

    Parameters
    ----------
    works : DataFrame
        One row a measure done: ``economie_attendue`` (announced, kWh a year) and ``economie_mesuree`` (kWh of a
        year, from :func:`tikub_lab.energy.savings.metered`, best of an average climate).
    level : float
        Two-sided confidence level.

    Returns
    -------
    Realisation

    Raises
    ------
    UsageError
        A column that is missing, a level that is not between 0 and 1.

    Examples
    --------
    >>> done = pd.DataFrame({"economie_attendue": [100.0, 200, 50, 0], "economie_mesuree": [90.0, 150, 50, 3]})
    >>> found = realised(done)
    >>> round(found.share, 4), found.n, found.left_out
    (0.8286, 3, 1)
    """
    check_level(level)
    said, seen = (works[name].to_numpy(float, na_value=np.nan) for name in ("economie_attendue", "economie_mesuree"))
    known = (said > 0) & np.isfinite(seen)
    count = int(known.sum())
    said, seen = said[known], seen[known]
    share = float(seen.sum() / said.sum()) if count else math.nan
    low = high = math.nan
    if count > 2:
        spread = float(((seen - share * said) ** 2).sum()) * count / (count - 1)
        half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * math.sqrt(spread) / float(said.sum())
        low, high = share - half, share + half
    return Realisation(share, low, high, level, count, len(works) - count)
