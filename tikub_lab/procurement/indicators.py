"""Indicators of a book of contracts: what is bought, from whom, with how much competition.

Every function takes tables as :func:`tikub_lab.tables.load` gives them and returns a table or a small dataclass. What
is missing is counted beside each figure.

Two conventions hold throughout. A contract's amount is its initial one (`montant` of the DECP, excluding tax; for a
framework agreement that is an estimate or a maximum, not money spent). An amount shared by a group of suppliers is
divided equally between them, so that no euro is counted twice: the DECP do not publish each member's part.
"""

from dataclasses import dataclass

import pandas as pd

from tikub_lab.methods.rates import classes, share
from tikub_lab.procurement.groups import families, family_labels, group_keys


@dataclass(frozen=True)
class Rate:
    """A share with what it is made of.

    Attributes
    ----------
    part, base : int
        Contracts that have the property, among those for which it is known.
    missing : int
        Contracts for which it is not known, left out of the base.
    """

    part: int
    base: int
    missing: int

    @property
    def value(self) -> float:
        """The share between 0 and 1; not a number where nothing is known."""
        return self.part / self.base if self.base else float("nan")


@dataclass(frozen=True)
class Summary:
    """Key figures of a book of contracts.

    Attributes
    ----------
    contracts : int
        Number of contracts.
    amount : float
        Sum of initial amounts, euros excluding tax.
    median_amount : float
        Median initial amount, euros excluding tax.
    buyers : int
        Number of distinct buyers (SIRET).
    suppliers : int
        Number of distinct suppliers: firms (SIREN) where the identifier is a SIRET, identifiers otherwise.
    median_offers : float
        Median number of offers received, where known.
    offers_missing : int
        Contracts whose number of offers is not published.
    """

    contracts: int
    amount: float
    median_amount: float
    buyers: int
    suppliers: int
    median_offers: float
    offers_missing: int


def summary(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Summary:
    """Count contracts, euros, buyers, suppliers and offers.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a", "b"], "acheteur_id": ["1", "1"], "montant": [10.0, 30.0],
    ...                      "offresRecues": pd.array([3, None], "Int64")})
    >>> who = pd.DataFrame({"uid": ["a", "b"], "titulaire_id": ["81223113200026", "81223113200034"]})
    >>> summary(book, who)
    Summary(contracts=2, amount=40.0, median_amount=20.0, buyers=1, suppliers=1, median_offers=3.0, offers_missing=1)
    """
    own = suppliers[suppliers["uid"].isin(contracts["uid"])]
    offers = contracts["offresRecues"]
    return Summary(
        contracts=len(contracts),
        amount=float(contracts["montant"].sum()),
        median_amount=float(contracts["montant"].median()),
        buyers=contracts["acheteur_id"].nunique(),
        suppliers=firm(own["titulaire_id"]).nunique(),
        median_offers=float(offers.median()) if offers.notna().any() else float("nan"),
        offers_missing=int(offers.isna().sum()),
    )


def firm(identifiers: pd.Series) -> pd.Series:
    """Reduce a SIRET (14 digits: an establishment) to its SIREN (9 digits: the firm); leave other identifiers alone.

    Examples
    --------
    >>> firm(pd.Series(["81223113200026", "DE814864138"])).tolist()
    ['812231132', 'DE814864138']
    """
    return identifiers.where(~identifiers.str.fullmatch(r"\d{14}"), identifiers.str[:9])


def _grouped(contracts: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    """Count contracts and euros by a key, with the share of the amount; the largest first."""
    name = str(by.name)
    grouped = contracts["montant"].groupby(by, observed=True)
    table = grouped.agg(nombre="size", montant="sum").rename_axis(name).reset_index()
    table["part"] = share(table["montant"], contracts["montant"].sum())
    return table.sort_values(["montant", name], ascending=[False, True], ignore_index=True)


def by_year(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by year of notification, in order; a year without contract in between counts zero.

    Returns
    -------
    DataFrame of shape (years, 4)
        Columns annee, nombre, montant (euros excluding tax), part (of the amount).
    """
    table = _grouped(contracts, contracts["dateNotification"].dt.year.astype("int64").rename("annee"))
    if table.empty:
        return table
    years = range(int(table["annee"].min()), int(table["annee"].max()) + 1)
    return table.set_index("annee").reindex(pd.Index(years, name="annee"), fill_value=0).reset_index()


def by_division(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by division of the CPV (its first two digits), the largest amount first.

    Returns
    -------
    DataFrame of shape (divisions, 5)
        Columns division, nombre, montant, part, libelle (French label, Regulation (EC) 213/2008).
    """
    table = _grouped(contracts, families(contracts["codeCPV"]).rename("division"))
    return table.assign(libelle=family_labels(table["division"]))


def by_procedure(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by award procedure, the largest amount first; contracts without one are a row too."""
    return _grouped(contracts, group_keys(contracts, "procedure"))


def by_price_form(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by form of price (unit, lump-sum, mixed), the largest amount first.

    Source: ``formePrix`` of the format of 2022; article R2112-6 of the Code de la commande publique. In the format of
    2019 this field held what is now the type of price.

    Returns
    -------
    DataFrame of shape (forms, 4)
        Columns forme_prix, nombre, montant, part (of the amount).

    Examples
    --------
    >>> book = pd.DataFrame({"formePrix": ["Unitaire", "Mixte", None], "montant": [30.0, 60.0, 10.0]})
    >>> by_price_form(book)["forme_prix"].tolist()
    ['Mixte', 'Unitaire', 'Non renseignée']
    """
    return _grouped(contracts, group_keys(contracts, "forme_prix"))


def by_price_type(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by type of price: firm, adjustable, revisable, provisional (``typesPrix``).

    A contract may have several types and is then counted in the row of each: rows add up to more than the book.
    Source: articles R2112-7 to R2112-18 of the Code de la commande publique.

    Returns
    -------
    DataFrame of shape (types, 4)
        Columns type_prix, nombre, montant, part (of the amount of the book); the largest amount first.

    Examples
    --------
    >>> book = pd.DataFrame({"typesPrix": ["Provisoire|Définitif ferme", "Provisoire"], "montant": [30.0, 60.0]})
    >>> by_price_type(book)["montant"].tolist()
    [90.0, 30.0]
    """
    listed = contracts["typesPrix"].astype("str").where(contracts["typesPrix"].notna(), "Non renseigné").str.split("|")
    rows = contracts[["montant"]].assign(type_prix=listed).explode("type_prix")
    table = _grouped(rows, rows["type_prix"])
    return table.assign(part=share(table["montant"], contracts["montant"].sum()))


def supplier_shares(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Join contracts to their suppliers and divide each amount equally between the members of a group.

    Returns
    -------
    DataFrame, one row a contract and supplier
        The columns of ``procurement/suppliers``, plus ``firme``, ``part_montant`` (euros excluding tax),
        ``acheteur_departement`` and ``acheteur_region``.
    """
    columns = ["uid", "montant", "acheteur_departement", "acheteur_region"]
    joined = suppliers.merge(contracts[columns], on="uid", validate="many_to_one")
    members = joined.groupby("uid")["titulaire_id"].transform("size")
    return joined.assign(firme=firm(joined["titulaire_id"]), part_montant=joined["montant"] / members)


def largest_suppliers(contracts: pd.DataFrame, suppliers: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """Rank suppliers (firms) by the amount of their contracts.

    Returns
    -------
    DataFrame of shape (at most n, 5)
        Columns firme, nom (the most recent name published, else the identifier), nombre (contracts), montant, part.
    """
    shares = supplier_shares(contracts, suppliers)
    unnamed = "Identifiant " + shares["titulaire_id"]
    names = shares["titulaire_nom"].where(shares["titulaire_nom"].notna(), unnamed)
    grouped = shares.assign(nom=names).groupby("firme")
    table = grouped.agg(nom=("nom", "last"), nombre=("uid", "nunique"), montant=("part_montant", "sum")).reset_index()
    table["part"] = share(table["montant"], shares["part_montant"].sum())
    return table.sort_values(["montant", "firme"], ascending=[False, True], ignore_index=True).head(n)


def single_offer_rate(contracts: pd.DataFrame) -> Rate:
    """Share of contracts that received one offer only, among those whose number of offers is published.

    Notes
    -----
    The European Commission's Single Market Scoreboard calls it « single bidder »: the lower the better.

    Examples
    --------
    >>> single_offer_rate(pd.DataFrame({"offresRecues": pd.array([1, 3, None], "Int64")}))
    Rate(part=1, base=2, missing=1)
    """
    offers = contracts["offresRecues"].dropna()
    return Rate(part=int((offers == 1).sum()), base=len(offers), missing=len(contracts) - len(offers))


PLACES = (
    "Même département que l'acheteur",
    "Ailleurs dans la région",
    "Ailleurs en France",
    "Hors de France",
    "Non renseigné",
)


def place_of(shares: pd.DataFrame) -> pd.Series:
    """Say where each supplier is, seen from the buyer.

    The place is that of the establishment that holds the contract (its SIRET), not always where the work is done.
    A supplier is abroad when its identifier is a foreign VAT number or ``HORS-UE``.

    Returns
    -------
    Series of str
        One of :data:`PLACES` for each row of ``shares``, which :func:`supplier_shares` gives; named ``lieu``.
    """
    kind, identifier = shares["titulaire_typeIdentifiant"], shares["titulaire_id"]
    abroad = ((kind == "TVA") & ~identifier.str.startswith("FR")) | (kind == "HORS-UE")
    place = pd.Series(PLACES[4], index=shares.index, name="lieu", dtype="str")
    known = shares["titulaire_departement"].notna() & shares["acheteur_departement"].notna()
    same_region = (shares["titulaire_region"] == shares["acheteur_region"]).fillna(False)
    place = place.mask(known, PLACES[2]).mask(known & same_region, PLACES[1])
    place = place.mask(known & (shares["titulaire_departement"] == shares["acheteur_departement"]), PLACES[0])
    return place.mask(abroad.fillna(False), PLACES[3])


def supplier_places(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by where suppliers are, seen from the buyer: see :func:`place_of`.

    Returns
    -------
    DataFrame of shape (5, 4)
        Columns lieu (one of :data:`PLACES`), nombre (contracts and suppliers), montant, part (of the number).
    """
    shares = supplier_shares(contracts, suppliers)
    table = classes(place_of(shares), shares["part_montant"], PLACES)
    return table[["nombre", "montant", "part"]].rename_axis("lieu").reset_index()
