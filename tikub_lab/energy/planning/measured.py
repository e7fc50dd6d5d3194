"""What works already done saved, as meters show it: the year after and the one before, beside lycées without works."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

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
        in French, empty where it is): for :func:`tikub_lab.energy.planning.realisation.realised`. Two measures on
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
