"""What is bought: contracts and euros by year, family, procedure and form of price.

A contract's amount is its initial one (`montant` of the DECP, excluding tax; for a framework agreement that is an
estimate or a maximum, not money spent).
"""

from dataclasses import dataclass

import pandas as pd

from tikub_lab.procurement.groups import counted, families, family_labels, group_keys
from tikub_lab.procurement.suppliers import firm

FILLERS = [10.0**digits - 1 for digits in (6, 7, 8)]
"""Amounts made only of nines, typed for want of one; the national rules leave out only those above 100 M€."""


@dataclass(frozen=True)
class Summary:
    """Key figures of a book of contracts; amounts are initial ones, in euros excluding tax."""

    contracts: int
    amount: float
    median_amount: float
    buyers: int  # by SIRET
    suppliers: int  # by SIREN where the identifier is a SIRET
    median_offers: float  # of those known
    offers_missing: int  # contracts whose number of offers is not published
    fillers: int  # contracts whose amount is one of FILLERS
    filler_amount: float  # their euros, which amount holds too


def summary(contracts: pd.DataFrame, suppliers: pd.DataFrame) -> Summary:
    """Count contracts, euros, buyers, suppliers and offers, and what looks like the filling of a form.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a", "b"], "acheteur_id": ["1", "1"], "montant": [10.0, 30.0],
    ...                      "offresRecues": pd.array([3, None], "Int64")})
    >>> who = pd.DataFrame({"uid": ["a", "b"], "titulaire_id": ["81223113200026", "81223113200034"]})
    >>> found = summary(book, who)
    >>> found.amount, found.suppliers, found.offers_missing, found.fillers
    (40.0, 1, 1, 0)
    """
    own = suppliers[suppliers["uid"].isin(contracts["uid"])]
    offers, filler = contracts["offresRecues"].astype("float64"), contracts["montant"].isin(FILLERS)
    return Summary(
        contracts=len(contracts),
        amount=float(contracts["montant"].sum()),
        median_amount=float(contracts["montant"].median()),
        buyers=contracts["acheteur_id"].nunique(),
        suppliers=firm(own["titulaire_id"]).nunique(),
        median_offers=float(offers.median()),
        offers_missing=int(offers.isna().sum()),
        fillers=int(filler.sum()),
        filler_amount=float(contracts.loc[filler, "montant"].sum()),
    )


def _counted(contracts: pd.DataFrame, keys: pd.Series) -> pd.DataFrame:
    return counted(contracts, keys, "montant", nombre=("montant", "size"))


def by_year(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by year of notification, in order; a year without contract in between counts zero.

    Columns annee, nombre, montant (euros excluding tax), part (of the amount).
    """
    table = _counted(contracts, group_keys(contracts, "annee")).set_index("annee")
    years = range(table.index.min(), table.index.max() + 1) if len(table) else ()
    return table.reindex(pd.Index(years, name="annee", dtype="int64"), fill_value=0).reset_index()


def by_division(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by division of the CPV (its first two digits), the largest amount first.

    Columns division, nombre, montant, part, libelle (French label, Regulation (EC) 213/2008).
    """
    table = _counted(contracts, families(contracts["codeCPV"]).rename("division"))
    return table.assign(libelle=family_labels(table["division"]))


def by_procedure(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by award procedure, the largest amount first; none is a row too."""
    return _counted(contracts, group_keys(contracts, "procedure"))


def by_price_form(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by form of price (unit, lump-sum, mixed), the largest amount first.

    Source: ``formePrix`` of the format of 2022; article R2112-6 of the Code de la commande publique.

    Examples
    --------
    >>> book = pd.DataFrame({"formePrix": ["Unitaire", "Mixte", None], "montant": [30.0, 60.0, 10.0]})
    >>> by_price_form(book)["forme_prix"].tolist()
    ['Mixte', 'Unitaire', 'Non renseignée']
    """
    return _counted(contracts, group_keys(contracts, "forme_prix"))
