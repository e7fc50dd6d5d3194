"""What each site uses a square metre and a pupil, raw and adjusted to normal weather, beside its peers.

A site whose year is not complete has its figure, but is not compared with others, nor they with it. What is missing is
said row by row.
"""

import pandas as pd

from tikub_lab.energy.climate import of_sites
from tikub_lab.errors import UsageError
from tikub_lab.methods.once import once
from tikub_lab.methods.rates import share

MEASURES = {
    "kwh_m2": ("kwh", "surface"),
    "kwh_m2_ajuste": ("kwh_ajuste", "surface"),
    "kwh_eleve": ("kwh", "eleves"),
    "kwh_eleve_ajuste": ("kwh_ajuste", "eleves"),
}
COLUMNS = ["code_uai", "annee", "kwh", "kwh_ajuste", "surface", "eleves", *MEASURES]
COLUMNS += ["complet", "ajuste", "part_connue", "compteurs"]


@once
def intensities(meters: pd.DataFrame, sites: pd.DataFrame, year: int) -> pd.DataFrame:
    """Work out what each site used a square metre and a pupil in one year, of all energies of its meters.

    Parameters
    ----------
    meters : DataFrame
        From :func:`tikub_lab.energy.climate.adjusted`; only those of one energy, for what it makes alone.
    sites : DataFrame
        ``code_uai``, ``surface_totale``, ``eleves``: table ``energy/sites``.
    year : int

    Returns
    -------
    DataFrame
        One row a site, sorted, those without any meter too: ``code_uai``, ``annee``, ``kwh``, ``kwh_ajuste``,
        ``surface`` (m²), ``eleves``, ``kwh_m2``, ``kwh_m2_ajuste``, ``kwh_eleve``, ``kwh_eleve_ajuste`` (missing where
        one of the two is, or the year is not complete, or the climate could not be adjusted for), ``complet``,
        ``ajuste``, ``part_connue``, ``compteurs``. Area and pupils are those of today, whatever the year.

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
    >>> found[["kwh_m2", "kwh_m2_ajuste", "kwh_eleve"]].to_numpy().tolist()
    [[90.0, 98.0, 450.0]]
    """
    known = meters.loc[meters["kwh"].notna(), "annee"]
    if len(known) and not (known == year).any():
        raise UsageError(f"year={year}: no meter has a reading of it; readings are of {known.min()} to {known.max()}.")
    sizes = sites.drop_duplicates("code_uai").set_index("code_uai")[["surface_totale", "eleves"]].astype("float64")
    found = of_sites(meters[meters["annee"] == year], sites).set_index("code_uai")
    found = found.reindex(found.index.union(sizes.index)).reset_index()
    found["surface"], found["eleves"] = (found["code_uai"].map(sizes[name]) for name in sizes)
    nothing = {"annee": year, "part_connue": 0.0, "compteurs": 0, "complet": False, "ajuste": False}
    found = found.astype({"complet": "boolean", "ajuste": "boolean"}).fillna(nothing)
    for name, (energy, size) in MEASURES.items():
        usable = found["complet"] & (found["ajuste"] | (energy == "kwh"))
        found[name] = share(found[energy], found[size]).where(usable)
    types = {"complet": "bool", "ajuste": "bool", "compteurs": "int64", "annee": "int64", "code_uai": "str"}
    return found[COLUMNS].astype(types)
