"""How much competition there is: offers received, and contracts that received one only.

Offers received are what buyers publish (``offresRecues`` of the DECP, paper and electronic, admitted or not). One offer
where a call for competition was open is the European Commission's « single bidder » (Single Market Scoreboard, public
procurement); a contract awarded without a call mostly has one offer by construction: :func:`called` leaves these out.
"""

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import classes, rates, share
from tikub_lab.procurement.codes import WITHOUT_CALL
from tikub_lab.procurement.groups import By, group_keys, grouped

HABIT = 5
OFFERS = ("1", "2", "3", "4 ou 5", "6 et plus", "Non renseigné")
"""Classes of the number of offers."""
SINGLE = (
    "nombre", "connus", "manquants", "offre_unique", "taux", "bas", "haut", "position", "montant_connu",
    "montant_unique", "taux_montant", "toujours_1",
)  # fmt: skip


def called(contracts: pd.DataFrame) -> pd.DataFrame:
    """Keep the contracts for which competition was called; those without a procedure published are kept.

    Examples
    --------
    >>> called(pd.DataFrame({"procedure": ["Procédure adaptée", WITHOUT_CALL, None]})).index.tolist()
    [0, 2]
    """
    return contracts[contracts["procedure"].astype("str").fillna("") != WITHOUT_CALL]


def offers_distribution(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count contracts and euros by the number of offers received.

    Returns
    -------
    DataFrame of shape (6, 5)
        Columns offres (one of :data:`OFFERS`), nombre, part (of the contracts whose number of offers is known), montant
        (euros), part_montant (of their amount). The row of what is not published has no share.

    Examples
    --------
    >>> book = pd.DataFrame({"offresRecues": pd.array([1, 7, 4, None], "Int64"), "montant": [10.0, 20.0, 10.0, 5.0]})
    >>> offers_distribution(book)["nombre"].tolist()
    [1, 0, 0, 1, 1, 1]
    """
    offers = contracts["offresRecues"].astype("float64")
    label = pd.cut(offers, [-1, 1, 2, 3, 5, np.inf], labels=OFFERS[:5]).astype("str").fillna(OFFERS[5])
    return classes(label, contracts["montant"], OFFERS, OFFERS[-1]).rename_axis("offres").reset_index()


def single_offers(contracts: pd.DataFrame, by: By = "famille") -> pd.DataFrame:
    """Give the share of contracts with one offer in each group, with its interval.

    Pass contracts through :func:`called` to judge competition rather than procedures.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants (contracts), offre_unique (with one offer), taux (of the known), bas,
        haut (interval), position (of the interval against the rate of all other groups together: « au-dessus », « en
        dessous » or « indistinct »), montant_connu, montant_unique (euros), taux_montant, toujours_1 (at least
        :data:`HABIT` contracts, all with one offer: the buyer may have written 1 for the offer that won). Years in
        order; other groups by decreasing lower bound, so that what is surely high comes first.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["45", "45", "15"], "offresRecues": pd.array([1, 3, None], "Int64"),
    ...                      "montant": [10.0, 30.0, 5.0]})
    >>> single_offers(book)[["famille", "connus", "offre_unique", "taux", "taux_montant"]].values.tolist()
    [['45', 2, 1, 0.5, 0.25], ['15', 0, 0, nan, nan]]
    """
    offers = contracts["offresRecues"]
    table = rates(group_keys(contracts, by), offers.notna(), offers == 1, contracts["montant"])
    others = share(table["avec"].sum() - table["avec"], table["connus"].sum() - table["connus"])
    table["position"] = np.select(
        [table["bas"] > others, table["haut"] < others], ["au-dessus", "en dessous"], "indistinct"
    )
    table["toujours_1"] = (table["connus"] >= HABIT) & (table["avec"] == table["connus"])
    table = table.rename(columns={"avec": "offre_unique", "montant_avec": "montant_unique"})
    return grouped(table, contracts, by, SINGLE, "bas")


def single_offers_overall(contracts: pd.DataFrame) -> pd.Series:
    """Give the one row of :func:`single_offers` by ``ensemble``; counts are zero where there is no contract.

    Examples
    --------
    >>> book = pd.DataFrame({"offresRecues": pd.array([], "Int64"), "montant": [], "codeCPV": []})
    >>> single_offers_overall(book)[["connus", "taux"]].tolist()
    [0.0, nan]
    """
    table = single_offers(contracts, "ensemble")
    if table.empty:
        counts = ("nombre", "connus", "manquants", "offre_unique", "montant_connu", "montant_unique")
        return pd.Series(dict.fromkeys(counts, 0.0), index=table.columns, dtype="float64")
    return table.iloc[0]
