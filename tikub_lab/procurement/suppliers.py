"""Who holds the contracts and where: firms, their category, their place seen from the buyer, kilometres.

In all functions ``contracts`` and ``suppliers`` are the tables of that name. In what they return, nombre, connus and
manquants count contracts and suppliers: a contract held by three firms counts three times, its amount once, in equal
parts; firmes counts firms, montant is in euros.

A supplier's place is that of the establishment which holds the contract (its SIRET); the work may be done by another,
or by subcontractors. The law forbids to choose a supplier for its place (article L3 of the Code de la commande
publique, equal treatment): these figures describe, they are no criterion.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.methods.distance import haversine
from tikub_lab.methods.rates import classes, rates, share
from tikub_lab.procurement.groups import By, counted, grouped, share_keys
from tikub_lab.tables.places import communes

SAME, REGION, FRANCE, ABROAD, UNPUBLISHED = PLACES = (
    "Même département que l'acheteur",
    "Ailleurs dans la région",
    "Ailleurs en France",
    "Hors de France",
    "Non renseigné",
)
CATEGORIES = ("PME", "ETI", "GE", "Non renseignée")
"""Categories of firms (décret n° 2008-1354, article 3); INSEE judges the whole firm, its corporate group included."""
BANDS = (10.0, 50.0, 100.0, 300.0)
"""Limits of the distance bands, km; a distance equal to a limit is in the band above."""
UNKNOWN_DISTANCE = "Distance inconnue"
PERSON = r"(?i)^(?:m\.|mr|mme|mlle|monsieur|madame)\s|\bei$|\(ei\)|entrepreneur individuel|\[nd\]|non.diffusible"
"""What is in a name that may be a natural person's: a title, « EI », or INSEE's mark of one who refuses diffusion."""


def firm(identifiers: pd.Series) -> pd.Series:
    """Reduce a SIRET (14 digits: an establishment) to its SIREN (9 digits: the firm); leave other identifiers alone."""
    return identifiers.where(~identifiers.str.fullmatch(r"\d{14}"), identifiers.str[:9])


def firm_names(suppliers: pd.DataFrame) -> pd.Series:
    """Name each firm: as published most often, less what ends names in brackets where they differ by it.

    Its number stands in where there is no name, and where one may be a person's (:data:`PERSON`).
    """
    pairs = suppliers.groupby(["titulaire_id", "titulaire_nom"], dropna=False).size().rename("n").reset_index()
    pairs["firme"], names = firm(pairs["titulaire_id"]), pairs["titulaire_nom"].astype("str")
    short = names.str.replace(r"\s*\([^()]*\)$", "", regex=True)
    several, fewer = (each.groupby(pairs["firme"]).transform("nunique") for each in (names, short))
    person = names.str.contains(PERSON, na=False).groupby(pairs["firme"]).transform("any")
    pairs["nom"] = names.mask(fewer < several, short).mask(person)
    counted = pairs.groupby(["firme", "nom"])["n"].sum().sort_values(ascending=False, kind="stable")
    firms = pd.Series(pairs["firme"].unique(), dtype="str")
    first = counted.reset_index("nom")["nom"].groupby(level=0).first()
    named = firms.map(first).astype("str")
    return named.fillna(firm_number(firms)).set_axis(firms)


def firm_number(firms: pd.Series) -> pd.Series:
    """Write what :func:`firm` gives for a reader: « SIREN 812231132 », « Identifiant DE814864138 »."""
    return ("SIREN " + firms).where(firms.str.fullmatch(r"\d{9}"), "Identifiant " + firms)


def supplier_shares(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Join contracts to their suppliers and divide each amount equally between the members of a group."""
    columns = ["uid", "montant", "acheteur_departement", "acheteur_region"]
    joined = suppliers.merge(contracts[columns], on="uid", validate="many_to_one")
    members = joined.groupby("uid")["titulaire_id"].transform("size")
    return joined.assign(firme=firm(joined["titulaire_id"]), part_montant=joined["montant"] / members)


def abroad(shares: pd.DataFrame) -> pd.Series:
    """Tell the suppliers abroad: their identifier is a foreign VAT number or ``HORS-UE``."""
    kind = shares["titulaire_typeIdentifiant"]
    foreign = (kind == "TVA") & ~shares["titulaire_id"].str.startswith("FR")
    return (foreign | (kind == "HORS-UE")).fillna(False)


def place_of(shares: pd.DataFrame) -> pd.Series:
    """Say which of :data:`PLACES` each row of :func:`supplier_shares` has, seen from the buyer."""
    known = shares["titulaire_departement"].notna() & shares["acheteur_departement"].notna()
    near = [(shares[f"titulaire_{area}"] == shares[f"acheteur_{area}"]) & known for area in ("departement", "region")]
    place = np.select([abroad(shares), *near, known], [ABROAD, *PLACES[:3]], UNPUBLISHED)
    return pd.Series(place, index=shares.index, name="lieu", dtype="str")


def largest_suppliers(contracts: pd.DataFrame, suppliers: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """Rank suppliers by the amount of their contracts: firme, nom, nombre, montant, part."""
    shares = supplier_shares(contracts, suppliers)
    table = counted(shares, "firme", "part_montant", nombre=("uid", "nunique")).head(n)
    table.insert(1, "nom", table["firme"].map(firm_names(suppliers)))
    return table


def supplier_places(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by where suppliers are, seen from the buyer.

    Columns lieu (one of :data:`PLACES`), nombre, montant, part (of the number).
    """
    shares = supplier_shares(contracts, suppliers)
    table = classes(place_of(shares), shares["part_montant"], PLACES)
    return table[["nombre", "montant", "part"]].rename_axis("lieu").reset_index()


def _counted(shares: pd.DataFrame, keys: list[pd.Series]) -> pd.DataFrame:
    """Count suppliers, firms and euros; the largest amount first, what has no code last."""
    table = counted(shares, keys, "part_montant", nombre=("uid", "size"), firmes=("firme", "nunique"))
    return table.sort_values(str(keys[0].name), key=lambda codes: codes == "", kind="stable", ignore_index=True)


def by_departement(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by département of the supplier, for a map.

    Returns
    -------
    DataFrame of shape (départements, 6)
        Columns departement (code; ``""`` where there is none), libelle (name, « Hors de France » or « Non renseigné »),
        nombre, firmes, montant, part (of the amount); the largest amount first, « Non renseigné » last.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> by_departement(book, who)["libelle"].head(2).tolist()
    ['Finistère', 'Ille-et-Vilaine']
    """
    shares = supplier_shares(contracts, suppliers)
    code = shares["titulaire_departement"].astype("str").fillna("").rename("departement")
    listed = pd.read_csv(Path(__file__).with_name("departements.csv"), dtype="str").set_index("code")["nom"]
    label = code.map(listed).astype("str").fillna("Département " + code)
    nowhere = pd.Series(np.where(abroad(shares), ABROAD, UNPUBLISHED), index=shares.index, dtype="str")
    return _counted(shares, [code, label.where(code != "", nowhere).rename("libelle")])


def by_commune(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by commune of the supplier, for a map.

    Returns
    -------
    DataFrame of shape (communes, 8)
        Columns commune (INSEE code; ``""`` where it is not published), nom, longitude, latitude (degrees; missing where
        the commune is none of those shipped), then as :func:`by_departement`.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> by_commune(book, who)["nom"].head(2).tolist()
    ['Rennes', 'Paris']
    """
    shares = supplier_shares(contracts, suppliers)
    table = _counted(shares, [shares["titulaire_commune"].astype("str").fillna("").rename("commune")])
    towns = communes().drop_duplicates("code").set_index("code")[["nom", "longitude", "latitude"]]
    placed = towns.reindex(table["commune"]).reset_index(drop=True).astype({"nom": "str"})
    return pd.concat([table[["commune"]], placed, table.drop(columns="commune")], axis=1)


def by_category(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by category of firm.

    Returns
    -------
    DataFrame of shape (4, 6)
        Columns categorie (one of :data:`CATEGORIES`), nombre, part (of those whose category is known), firmes, montant,
        part_montant (of the amount of the known).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> by_category(book, who)["nombre"].tolist()
    [2701, 323, 241, 229]
    """
    shares = supplier_shares(contracts, suppliers)
    category = shares["titulaire_categorie"].astype("str").fillna(CATEGORIES[-1])
    table = classes(category, shares["part_montant"], CATEGORIES, CATEGORIES[-1])
    table.insert(2, "firmes", shares.groupby(category)["firme"].nunique().reindex(table.index, fill_value=0))
    return table.rename_axis("categorie").reset_index()


def sme_rates(contracts: pd.DataFrame, suppliers: pd.DataFrame, by: By = "annee") -> pd.DataFrame:
    """Give the share of small and medium-sized firms by number and by value, where the category is known.

    Parameters
    ----------
    contracts, suppliers, by
        The two tables, and a key of ``groups.KEYS``; groups without any supplier are left out.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants, pme, taux (of the known), montant, montant_connu, montant_pme,
        taux_montant.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> sme_rates(book, who, "ensemble")[["connus", "manquants", "pme"]].values.tolist()
    [[3265, 229, 2701]]
    """
    shares = supplier_shares(contracts, suppliers)
    category = shares["titulaire_categorie"].astype("str")
    table = rates(share_keys(shares, contracts, by), category.notna(), category == "PME", shares["part_montant"])
    table = table.drop(columns=["bas", "haut", "minimum", "maximum"])
    return grouped(table.rename(columns={"avec": "pme", "montant_avec": "montant_pme"}), contracts, by)


def local_rates(contracts: pd.DataFrame, suppliers: pd.DataFrame, by: By = "ensemble") -> pd.DataFrame:
    """Give the share of suppliers in the buyer's département and région, by number and by value.

    Parameters
    ----------
    contracts, suppliers, by
        The two tables, and a key of ``groups.KEYS``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants, montant, montant_connu, departement, region, hors_france (numbers; the
        région includes the département), taux_departement, taux_region (of the known, suppliers abroad among them),
        taux_departement_montant, taux_region_montant. No rate is given where only suppliers abroad have a place and
        some have none: whoever publishes no place would look far away.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> local_rates(book, who)[["connus", "departement", "region"]].values.tolist()
    [[3494, 1183, 2717]]
    """
    shares = supplier_shares(contracts, suppliers)
    place, keys, amount = place_of(shares), share_keys(shares, contracts, by), shares["part_montant"]
    same = place == SAME
    more = {"departement": same, "hors_france": place == ABROAD}
    table = rates(keys, place != UNPUBLISHED, same | (place == REGION), amount, more)
    table = table.rename(columns={"avec": "region", "taux": "taux_region", "taux_montant": "taux_region_montant"})
    table["taux_departement"] = share(table["departement"], table["connus"])
    table["taux_departement_montant"] = share(amount.where(same, 0.0).groupby(keys).sum(), table["montant_connu"])
    blind = (table["connus"] == table["hors_france"]) & (table["manquants"] > 0)
    columns = [
        "nombre", "connus", "manquants", "montant", "montant_connu", "departement", "region", "hors_france",
        "taux_departement", "taux_region", "taux_departement_montant", "taux_region_montant",
    ]  # fmt: skip
    table[columns[8:]] = table[columns[8:]].mask(blind)
    return grouped(table, contracts, by, columns)


def distances(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Measure how far each supplier is from the place of execution, where that is a commune or a postal code.

    A postal code stands for the first commune that has it: in the countryside ten kilometres off or more.

    Returns
    -------
    DataFrame, one row a contract and supplier
        Columns uid, titulaire_id, part_montant (euros), origine (« commune d'exécution », « code postal d'exécution »),
        km, motif (why there is no distance; only 101 communes are shipped).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> distances(book, who)["km"].median().round()
    np.float64(97.0)
    """
    shares = supplier_shares(contracts, suppliers)
    places, uid = communes(), pd.Index(contracts["uid"])
    points = places.drop_duplicates("code").set_index("code")[["longitude", "latitude"]]
    postal = places.drop_duplicates("code_postal").set_index("code_postal")["code"]
    kind, code = contracts["lieuExecution_typeCode"].astype("str"), contracts["lieuExecution_code"].astype("str")
    town = code.where(kind == "Code commune", code.map(postal).where(kind == "Code postal").astype("str"))
    names = {"Code commune": "commune d'exécution", "Code postal": "code postal d'exécution"}
    label = kind.map(names).astype("str").where(town.notna())
    begin, origin = (shares["uid"].map(known.set_axis(uid)).astype("str") for known in (town, label))
    end = shares["titulaire_commune"].astype("str")
    km = haversine(*(towns.map(points[axis]) for towns in (begin, end) for axis in ("longitude", "latitude")))
    reasons = {
        "lieu de départ non publié ou imprécis": begin.isna(),
        "titulaire hors de France": abroad(shares),
        "commune du titulaire non publiée": end.isna(),
    }
    reason = np.select(list(reasons.values()), list(reasons), "commune sans coordonnées")
    motif = pd.Series(reason, index=shares.index, dtype="str").where(km.isna())
    return shares[["uid", "titulaire_id", "part_montant"]].assign(origine=origin, km=km, motif=motif)


def distance_bands(measured: pd.DataFrame) -> pd.DataFrame:
    """Count suppliers and euros by band of distance, as :func:`distances` measures it.

    Returns
    -------
    DataFrame, one row a band and one for what is unknown
        Columns tranche, nombre (contracts and suppliers), part (of the known), montant, part_montant (of the known).

    Examples
    --------
    >>> measured = pd.DataFrame({"km": [0.0, 10.0, None], "part_montant": [30.0, 10.0, 5.0]})
    >>> distance_bands(measured)[["tranche", "nombre", "part_montant"]].iloc[[0, 1, -1]].values.tolist()
    [['Moins de 10 km', 1, 0.75], ['10 à 50 km', 1, 0.25], ['Distance inconnue', 1, nan]]
    """
    edges = [f"{limit:g}" for limit in BANDS]
    names = [f"Moins de {edges[0]} km", *(f"{a} à {b} km" for a, b in pairwise(edges))]
    names.append(f"{edges[-1]} km et plus")
    band = pd.cut(measured["km"].astype("float64"), [0, *BANDS, np.inf], right=False, labels=names).astype("str")
    table = classes(
        band.fillna(UNKNOWN_DISTANCE), measured["part_montant"], [*names, UNKNOWN_DISTANCE], UNKNOWN_DISTANCE
    )
    return table.rename_axis("tranche").reset_index()
