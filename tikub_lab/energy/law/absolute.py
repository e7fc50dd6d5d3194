"""The law's other way: a use a square metre and year that is low enough in itself, by what rooms are for (« Cabs »).

Cabs = CVC (heating, ventilation, cooling: by sub-category, climate zone and altitude) + USE (the rest, by sub-category,
for a standard intensity of use); over a site, weighted by the areas of its sub-categories (arrêté of 10 April 2020,
art. 4). USE is modulated by the real intensity of use (art. 10), which is not done here.

``law.csv`` has the values that were found (« CVC + USE »), for Brittany (zone H2a, below 400 m). Those of education are
confirmed; those read in one transcription of the annexe are not; some are « à demander » and have no value. A site that
has any room of an unknown value has no absolute target: one worked out from a part of its rooms would be wrong.
"""

import numpy as np
import pandas as pd

from tikub_lab.energy.law.values import LAW
from tikub_lab.errors import UsageError
from tikub_lab.methods.law import CONFIRMED, TO_ASK, Day
from tikub_lab.tables.columns import require

ZONE, ALTITUDE = "H2a", "moins de 400 m"
"""Brittany's (arrêté of 10 April 2020, annexe III, « Zclim »)."""
DEFAULT = "Valeur par défaut"
KEY = ["sous_categorie", "zone", "altitude", "echeance"]


def values(day: Day = None) -> pd.DataFrame:
    """Return the absolute values known, and those to be asked for.

    Parameters
    ----------
    day : date or str, optional
        Only those in force then.

    Returns
    -------
    DataFrame
        categorie, sous_categorie, zone, altitude, echeance, cvc, use (kWh/m² a year; missing where « à demander »),
        unite, debut, fin, texte, reference, source, statut, remarque: a table that a user may complete.

    Examples
    --------
    >>> rows = values()
    >>> rows.loc[rows["sous_categorie"] == "Internat", ["cvc", "use", "statut"]].values.tolist()
    [[69.0, 21.0, 'confirmé']]
    """
    rows = LAW.table("Cabs", names=("categorie", *KEY), day=day)
    parts = rows.pop("valeur").str.split(" + ", regex=False)
    numbers = {"cvc": pd.to_numeric(parts.str[0]), "use": pd.to_numeric(parts.str[1])}
    return rows.assign(**numbers, echeance=rows["echeance"].astype("int64"))


def levels(areas: pd.DataFrame, known: pd.DataFrame, zone: str = ZONE, altitude: str = ALTITUDE) -> pd.DataFrame:
    """Work out the absolute target of each site from the areas of its sub-categories.

    Parameters
    ----------
    areas : DataFrame
        ``code_uai``, ``sous_categorie``, ``surface`` (m²): one row a site and sub-category, or several.
    known : DataFrame
        Absolute values, as from :func:`values` or imported: ``sous_categorie``, ``zone``, ``altitude``, ``echeance``,
        ``cvc``, ``use``, ``statut``.
    zone, altitude : str
        Where the sites are; may also be columns of ``areas``.

    Returns
    -------
    DataFrame
        One row a site and milestone of ``known``: ``code_uai``, ``echeance``, ``kwh_m2`` (missing where any part of
        the site has no value), ``surface``, ``statut`` (the least sure of the values used, or « à demander »),
        ``manquantes`` (sub-categories without a value, separated by « ; »).

    Raises
    ------
    UsageError
        A column that is missing, an area that is not positive, a value given twice, or a site with another sub-category
        beside « Valeur par défaut »: the default takes the whole area, and only where its category has more than 80 %
        of it (annexe II, « Déclaration des activités »).

    Examples
    --------
    >>> areas = pd.DataFrame({"code_uai": "0000001B", "surface": [3000.0, 1000.0],
    ...                       "sous_categorie": ["Salle de travaux pratiques", "Internat"]})
    >>> found = levels(areas, values())
    >>> found[["echeance", "kwh_m2"]].values.tolist()[0]  # (3,000 × 159 + 1,000 × 90) / 4,000
    [2030.0, 141.75]
    """
    require(areas, "areas", ["code_uai", "sous_categorie", "surface"])
    require(known, "known", [*KEY, "cvc", "use", "statut"])
    rows = areas.astype({"code_uai": "object", "sous_categorie": "object", "surface": "float64"})
    if (wrong := rows["surface"].isna() | ~(rows["surface"] > 0)).any():
        row = rows[wrong].iloc[0]
        raise UsageError(
            f"areas: site {row['code_uai']}, {row['sous_categorie']}: area {row['surface']}; give m² above 0."
        )
    kinds = rows.groupby("code_uai")["sous_categorie"].agg(set)
    if len(mixed := kinds[[DEFAULT in kind and len(kind) > 1 for kind in kinds]]):
        others = ", ".join(sorted(mixed.iloc[0] - {DEFAULT}))
        raise UsageError(
            f"areas: site {mixed.index[0]} has « {DEFAULT} » beside {others}: the default is for the whole area of a "
            "site or not at all; give it alone, or the area of each sub-category."
        )
    if len(twice := known[known.duplicated(KEY)]):
        row = twice.iloc[0]
        raise UsageError(
            f"known: {row['sous_categorie']!r}, {row['zone']}, {row['echeance']} has two values; keep one."
        )
    rows = rows.assign(**{name: rows.get(name, given) for name, given in (("zone", zone), ("altitude", altitude))})
    years = pd.DataFrame({"echeance": sorted(known["echeance"].unique())})
    own = known[[*KEY, "cvc", "use", "statut"]].astype({name: "object" for name in KEY if name != "echeance"})
    rows = rows.merge(years, how="cross").merge(own, how="left", on=KEY)
    rows["level"] = (rows["cvc"] + rows["use"]).where(rows["statut"] != TO_ASK)
    rows["weighted"] = rows["level"] * rows["surface"]
    rows["missing"] = rows["sous_categorie"].where(rows["level"].isna())
    rows["doubt"] = rows["statut"].ne(CONFIRMED) & rows["level"].notna()
    found = rows.groupby(["code_uai", "echeance"], as_index=False).agg(
        weighted=("weighted", lambda part: part.sum(skipna=False)),
        surface=("surface", "sum"),
        manquantes=("missing", lambda part: " ; ".join(sorted(set(part.dropna())))),
        doubt=("doubt", "any"),
    )
    found["kwh_m2"] = found["weighted"].astype("float64") / found["surface"].astype("float64")
    unsure = np.where(found["doubt"].astype(bool), "à confirmer", CONFIRMED)
    found["statut"] = np.where(found["kwh_m2"].isna(), TO_ASK, unsure)
    names = ["code_uai", "echeance", "kwh_m2", "surface", "statut", "manquantes"]
    texts = dict.fromkeys(["code_uai", "statut", "manquantes"], "str")
    return found[names].astype(texts | {"echeance": "int64", "surface": "float64"})
