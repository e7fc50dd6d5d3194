"""The targets of each site at each milestone: a share less than its reference, or an absolute value.

Whichever asks for less will do (code de la construction et de l'habitation, art. L174-1). Targets are set a square
metre: where the area has changed since the reference year, the energy allowed changes with it.
"""

import numpy as np
import pandas as pd

from tikub_lab.energy.law import values as law_values
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import CONFIRMED, TO_ASK, Day
from tikub_lab.tables.columns import require

RELATIVE, RELATIVE_ALONE = "relative", "relative (l'absolue n'est pas connue)"
ABSOLUTE, ABSOLUTE_ALONE, NEITHER = "absolue", "absolue (sans année de référence)", "aucune"

TARGETS = ["code_uai", "echeance", "reduction", "kwh_m2_relatif", "kwh_m2_absolu", "voie", "kwh_m2_objectif"]
TARGETS += ["kwh_objectif", "statut_objectif"]


def targets(references: pd.DataFrame, day: Day = None, absolute: pd.DataFrame | None = None) -> pd.DataFrame:
    """Work out the targets of each site at each milestone.

    Parameters
    ----------
    references : DataFrame
        From :func:`tikub_lab.energy.law.reference.references`.
    day : date or str, optional
        Day of the law; the last version without it.
    absolute : DataFrame, optional
        ``code_uai``, ``echeance``, ``kwh_m2``, ``statut``: absolute targets where a user knows them. They follow from
        the area of each sub-category (« Cabs » in ``law.csv``), which no table has. Without it the relative way alone
        is known.

    Returns
    -------
    DataFrame
        One row a site and milestone: ``code_uai``, ``echeance``, ``reduction`` (share), ``kwh_m2_relatif``,
        ``kwh_m2_absolu``, ``voie`` (which of the two asks for less, or why there is only one), ``kwh_m2_objectif``,
        ``kwh_objectif`` (for the area of today), ``statut_objectif`` (« à confirmer » where an unsure absolute value
        decides). Missing for sites that the law does not concern.

    Examples
    --------
    >>> references = pd.DataFrame({"code_uai": ["0000001B"], "surface": [2000.0], "assujetti": [True],
    ...                            "annee_reference": [2012], "kwh_m2_reference": [150.0]})
    >>> targets(references)[["echeance", "kwh_m2_objectif", "kwh_objectif"]].values.tolist()
    [[2030.0, 90.0, 180000.0], [2040.0, 75.0, 150000.0], [2050.0, 60.0, 120000.0]]
    """
    require(references, "references", ["code_uai", "surface", "assujetti", "annee_reference", "kwh_m2_reference"])
    cuts = law_values.milestones(day)
    dated = pd.DataFrame({"echeance": list(cuts), "reduction": list(cuts.values())})
    rows = references.merge(dated, how="cross")
    due = rows["assujetti"].astype("boolean").fillna(False).astype("bool")
    relative = ((1 - rows["reduction"]) * rows["kwh_m2_reference"].astype("float64")).where(due)
    other = _absolute(rows, absolute)
    level, doubt = other["kwh_m2"].where(due), other["statut"]
    rows["kwh_m2_relatif"], rows["kwh_m2_absolu"] = relative, level
    easier = level.fillna(-np.inf) > relative.fillna(-np.inf)
    tests = [relative.isna() & level.isna(), relative.isna(), easier, level.isna()]
    ways = [NEITHER, ABSOLUTE_ALONE, ABSOLUTE, RELATIVE_ALONE]
    rows["voie"] = pd.Series(np.select(tests, ways, default=RELATIVE), dtype="str")
    rows["kwh_m2_objectif"] = relative.where(~easier, level)
    rows["kwh_objectif"] = rows["kwh_m2_objectif"] * rows["surface"].astype("float64")
    sure = pd.Series(CONFIRMED, index=rows.index, dtype="object").where(~easier, doubt)
    rows["statut_objectif"] = sure.where(rows["kwh_m2_objectif"].notna(), TO_ASK)
    texts = ["code_uai", "voie", "statut_objectif"]
    return rows[TARGETS].astype(dict.fromkeys(texts, "str") | {"echeance": "int64"})


def line(points: dict[int, float]) -> pd.DataFrame:
    """Draw straight lines between known years: a help to the eye, not law, which knows milestones only.

    Parameters
    ----------
    points : dict
        Values by year: the reference's, then the milestones'.

    Returns
    -------
    DataFrame
        ``annee`` (each one from the first to the last), ``valeur``, ``connue`` (true at the years given).

    Examples
    --------
    >>> line({2028: 100.0, 2030: 60.0})["valeur"].tolist()
    [100.0, 80.0, 60.0]
    """
    years = sorted(points)
    every = np.arange(years[0], years[-1] + 1) if years else np.empty(0, dtype=np.int64)
    values = np.interp(every, years, [points[year] for year in years]) if years else np.empty(0)
    return pd.DataFrame({"annee": every, "valeur": values, "connue": np.isin(every, years)})


def _absolute(rows: pd.DataFrame, absolute: pd.DataFrame | None) -> pd.DataFrame:
    """Find the absolute target of each row; missing where it is not known."""
    if absolute is None:
        empty = pd.Series(np.nan, index=rows.index)
        return pd.DataFrame({"kwh_m2": empty, "statut": pd.Series(TO_ASK, index=rows.index, dtype="object")})
    require(absolute, "absolute", ["code_uai", "echeance", "kwh_m2", "statut"])
    if absolute.duplicated(["code_uai", "echeance"]).any():
        raise UsageError("absolute: a site has two values for a milestone; give one row for each site and milestone.")
    own = absolute[["code_uai", "echeance", "kwh_m2", "statut"]].astype({"code_uai": "object", "statut": "object"})
    found = rows[["code_uai", "echeance"]].astype({"code_uai": "object"}).merge(own, how="left")
    return found[["kwh_m2", "statut"]].set_axis(rows.index).astype({"kwh_m2": "float64"})
