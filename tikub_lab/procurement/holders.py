"""Who holds the contracts: suppliers by département, by commune, and by category of firm.

Numbers count contracts and suppliers: a contract held by three firms counts three times, its amount once, in equal
parts. What is not published is a row of its own, or a column beside each rate.
"""

from functools import lru_cache
from pathlib import Path

import pandas as pd

from tikub_lab.methods.rates import classes, rates, share
from tikub_lab.procurement.groups import By, grouped, share_keys
from tikub_lab.procurement.indicators import PLACES, place_of, supplier_shares
from tikub_lab.tables.places import communes as shipped_communes

ABROAD, UNPUBLISHED = "Hors de France", "Non renseigné"
CATEGORIES = ("PME", "ETI", "GE", "Non renseignée")
"""Categories of firms (décret n° 2008-1354 du 18 décembre 2008, article 3): a PME, micro-enterprises included, has less
than 250 people and at most 50 M€ of turnover or 43 M€ of balance sheet; an ETI less than 5,000 people and at most
1,500 M€ or 2,000 M€; a GE is larger. INSEE judges the whole firm, its corporate group included."""


@lru_cache(maxsize=1)
def _departements() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name("departements.csv"), dtype="str", encoding="utf-8")


def departements() -> pd.DataFrame:
    """Return the départements and territories of France (Code officiel géographique, INSEE).

    Returns
    -------
    DataFrame of shape (107, 3)
        Columns code, nom, region (missing where there is none). A copy, free to change.

    Examples
    --------
    >>> departements().set_index("code").loc["29"].tolist()
    ['Finistère', '53']
    """
    return _departements().copy()


def _counted(shares: pd.DataFrame, key: pd.Series) -> pd.DataFrame:
    """Count suppliers, firms and euros by a key, with the share of the amount."""
    grouped = shares.groupby(key)
    table = grouped.agg(nombre=("uid", "size"), firmes=("firme", "nunique"), montant=("part_montant", "sum"))
    return table.assign(part=share(table["montant"], shares["part_montant"].sum())).reset_index()


def _ranked(table: pd.DataFrame, code: str, name: str) -> pd.DataFrame:
    """Put the largest amount first, equal ones by name, and what has no code last."""
    table = table.sort_values(["montant", name], ascending=[False, True])
    return table.sort_values(code, key=lambda codes: codes == "", kind="stable", ignore_index=True)


def by_departement(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by département of the supplier, for a map.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.

    Returns
    -------
    DataFrame of shape (départements, 6)
        Columns departement (code; ``""`` where there is none), libelle (name, :data:`ABROAD` or :data:`UNPUBLISHED`),
        nombre (contracts and suppliers), firmes, montant (euros), part (of the amount); the largest amount first, what
        has no département last.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "35", "acheteur_region": "53"})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": ["1", "2"], "titulaire_typeIdentifiant": ["SIRET", "HORS-UE"],
    ...                     "titulaire_departement": ["29", None], "titulaire_region": ["53", None]})
    >>> by_departement(book, who)[["departement", "libelle", "part"]].values.tolist()
    [['29', 'Finistère', 0.5], ['', 'Hors de France', 0.5]]
    """
    shares = supplier_shares(contracts, suppliers)
    code = shares["titulaire_departement"].astype("str").fillna("")
    elsewhere = pd.Series(UNPUBLISHED, index=shares.index, dtype="str").mask(place_of(shares) == PLACES[3], ABROAD)
    names = departements().set_index("code")["nom"]
    label = code.map(names).astype("str").where(code != "", elsewhere).fillna("Département " + code)
    # The label is part of the key, so that abroad and not published stay apart under the empty code.
    table = _counted(shares, (code + "|" + label).rename("_key"))
    split = table.pop("_key").str.split("|", n=1, expand=True).reindex(columns=[0, 1]).astype("str")
    table.insert(0, "departement", split[0])
    table.insert(1, "libelle", split[1])
    return _ranked(table, "departement", "libelle")


def by_commune(contracts: pd.DataFrame, suppliers: pd.DataFrame, communes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count suppliers and euros by commune of the supplier, for a map.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    communes : DataFrame, optional
        Columns code, nom, longitude, latitude; by default the 101 communes that are shipped.

    Returns
    -------
    DataFrame of shape (communes, 8)
        Columns commune (INSEE code; ``""`` where it is not published), nom (missing where the commune is not in
        ``communes``), longitude, latitude (degrees; missing likewise), nombre (contracts and suppliers), firmes,
        montant (euros), part (of the amount); the largest amount first, what is not published last.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "35", "acheteur_region": "53"})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": ["1", "2"], "titulaire_commune": ["29232", None]})
    >>> by_commune(book, who)[["nom", "longitude", "montant"]].values.tolist()
    [['Quimper', -4.1, 45.0], [nan, nan, 45.0]]
    """
    towns = shipped_communes() if communes is None else communes
    known = towns.drop_duplicates("code").set_index("code")[["nom", "longitude", "latitude"]]
    shares = supplier_shares(contracts, suppliers)
    table = _counted(shares, shares["titulaire_commune"].astype("str").fillna("").rename("commune"))
    for place, name in enumerate(known, start=1):
        values = table["commune"].map(known[name])
        table.insert(place, name, values.astype("str" if name == "nom" else "float64"))
    return _ranked(table, "commune", "commune")


def by_category(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by category of firm.

    Returns
    -------
    DataFrame of shape (4, 6)
        Columns categorie (one of :data:`CATEGORIES`), nombre (contracts and suppliers), part (of those whose category
        is known), firmes, montant (euros), part_montant (of the amount of the known).

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "35", "acheteur_region": "53"})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": list("123"), "titulaire_categorie": ["PME", "GE", None]})
    >>> by_category(book, who)["nombre"].tolist()
    [1, 0, 1, 1]
    """
    shares = supplier_shares(contracts, suppliers)
    category = shares["titulaire_categorie"].astype("str").fillna(CATEGORIES[-1])
    table = classes(category, shares["part_montant"], CATEGORIES, CATEGORIES[-1])
    firms = shares.groupby(category)["firme"].nunique().reindex(table.index, fill_value=0)
    table.insert(2, "firmes", firms)
    return table.rename_axis("categorie").reset_index()


def sme_rates(
    contracts: pd.DataFrame,
    suppliers: pd.DataFrame,
    by: By = "annee",
    digits: int = 2,
    nomenclature: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the share of small and medium-sized firms by number and by value, where the category is known.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    by, digits, nomenclature
        See ``groups.group_keys`` and ``groups.grouped``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants (contracts and suppliers), pme, taux (of the known), montant,
        montant_connu, montant_pme (euros), taux_montant. Years in order, other groups by decreasing amount; groups
        without any supplier are left out.

    Examples
    --------
    >>> days = pd.to_datetime(["2024-05-02"])
    >>> book = pd.DataFrame({"uid": ["a"], "montant": [90.0], "acheteur_departement": "35", "acheteur_region": "53",
    ...                      "dateNotification": days})
    >>> who = pd.DataFrame({"uid": "a", "titulaire_id": list("123"), "titulaire_categorie": ["PME", "GE", None]})
    >>> sme_rates(book, who)[["annee", "connus", "manquants", "taux", "taux_montant"]].values.tolist()
    [[2024.0, 2.0, 1.0, 0.5, 0.5]]
    """
    shares = supplier_shares(contracts, suppliers)
    category = shares["titulaire_categorie"].astype("str")
    keys = share_keys(shares, contracts, by, digits)
    table = rates(keys, category.notna(), category == "PME", shares["part_montant"])
    table = table.drop(columns=["bas", "haut", "minimum", "maximum"])
    table = table.rename(columns={"avec": "pme", "montant_avec": "montant_pme"})
    return grouped(table, contracts, by, nomenclature)
