"""What each site uses a square metre and a pupil, raw and adjusted to normal weather, beside its peers.

Quantiles of the peers are given, not a mean alone; an energy is compared among the sites that use it to the same end
(gas that heats, gas that only cooks). A site whose year is not complete has its figure, but is not compared with
others, nor they with it. What is missing is said row by row.
"""

import numpy as np
import pandas as pd

from tikub_lab.energy.climate import of_sites
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once

ALL = "toutes"
"""All energies together."""
MEASURES = {
    "kwh_m2": ("kwh", "surface"),
    "kwh_m2_ajuste": ("kwh_ajuste", "surface"),
    "kwh_eleve": ("kwh", "eleves"),
    "kwh_eleve_ajuste": ("kwh_ajuste", "eleves"),
}
COLUMNS = ["code_uai", "annee", "energie", "chauffe", "kwh", "kwh_ajuste", "surface", "eleves", *MEASURES]
COLUMNS += ["complet", "ajuste", "part_connue", "compteurs"]


@once
def intensities(meters: pd.DataFrame, sites: pd.DataFrame, year: int) -> pd.DataFrame:
    """Work out what each site used a square metre and a pupil in one year, by energy and in all.

    Parameters
    ----------
    meters : DataFrame
        From :func:`tikub_lab.energy.climate.adjusted`.
    sites : DataFrame
        ``code_uai``, ``surface_totale``, ``eleves``: table ``energy/sites``.
    year : int

    Returns
    -------
    DataFrame
        One row a site and energy, and one « toutes » a site, sites without any meter too: ``code_uai``, ``annee``,
        ``energie``, ``chauffe`` (whether it heats; missing for « toutes »), ``kwh``, ``kwh_ajuste``, ``surface``
        (m²), ``eleves``, ``kwh_m2``, ``kwh_m2_ajuste``, ``kwh_eleve``, ``kwh_eleve_ajuste`` (missing where one of the
        two is, or the year is not complete, or the climate could not be adjusted for), ``complet``, ``ajuste``,
        ``part_connue``, ``compteurs``. Area and pupils are those of today, whatever the year.

    Raises
    ------
    UsageError
        A year of which nothing is known.

    Examples
    --------
    >>> meters = pd.DataFrame({"compteur_id": ["G1"], "code_uai": ["A"], "annee": [2025], "energie": ["gaz"],
    ...                        "usage": ["chauffage"], "kwh": [900.0], "kwh_chauffage": [800.0],
    ...                        "kwh_ajuste": [980.0], "dju": [2000.0], "dju_normal": [2200.0], "ajuste": [True],
    ...                        "erreur": [0.0], "part_connue": [1.0], "complet": [True]})
    >>> sites = pd.DataFrame({"code_uai": ["A"], "surface_totale": [10.0], "eleves": [2]})
    >>> found = intensities(meters, sites, 2025)
    >>> found[["energie", "kwh_m2", "kwh_m2_ajuste", "kwh_eleve"]].to_numpy().tolist()
    [['toutes', 90.0, 98.0, 450.0], ['gaz', 90.0, 98.0, 450.0]]
    """
    _check(meters, year)
    rows = meters[meters["annee"] == year]
    parts = [of_sites(rows, sites).assign(energie=ALL, chauffe=None)]
    heats = rows["usage"].isin(("chauffage", "mixte"))
    for energy, own in rows.assign(heats=heats).groupby("energie", observed=True):
        ends = own.groupby("code_uai")["heats"].any()
        part = of_sites(own, sites).assign(energie=str(energy))
        parts.append(part.assign(chauffe=part["code_uai"].map(ends)))
    found = pd.concat([part.astype({"chauffe": "object"}) for part in parts], ignore_index=True)
    absent = sites.loc[~sites["code_uai"].isin(rows["code_uai"]), "code_uai"]
    none = pd.DataFrame({"code_uai": absent, "annee": year, "energie": ALL, "complet": False, "ajuste": False})
    none = none.assign(part_connue=0.0, compteurs=0, surface=absent.map(_of(sites, "surface_totale")))
    found = pd.concat([found, none], ignore_index=True) if len(none) else found
    found["eleves"] = found["code_uai"].map(_of(sites, "eleves")).astype("float64")
    found["surface"] = found["surface"].astype("float64")
    for name, (energy, size) in MEASURES.items():
        usable = found["complet"].astype(bool) & (found["ajuste"].astype(bool) | (energy == "kwh"))
        over = found[size].where(found[size] > 0)
        found[name] = (found[energy].astype("float64") / over).where(usable)
    found["chauffe"] = found["chauffe"].astype("boolean")
    order = np.lexsort((found["energie"], found["energie"] != ALL, found["code_uai"]))
    found = found[COLUMNS].iloc[order].reset_index(drop=True)
    return found.astype({"complet": "bool", "ajuste": "bool", "compteurs": "int64", "code_uai": "str"})


def _of(sites: pd.DataFrame, name: str) -> pd.Series:
    return sites.drop_duplicates("code_uai").set_index("code_uai")[name].astype("float64")


def _check(meters: pd.DataFrame, year: int) -> None:
    known = meters.loc[meters["kwh"].notna(), "annee"]
    if len(known) and not (known == year).any():
        years = sorted(known.unique().tolist())
        raise UsageError(f"year={year}: no meter has a reading of it; readings are of {years[0]} to {years[-1]}.")
