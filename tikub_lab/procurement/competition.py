"""How much competition there is: offers received, and contracts that received one only.

Offers received are what buyers publish (``offresRecues`` of the DECP, paper and electronic, admitted or not). One offer
where a call for competition was open is the European Commission's « single bidder » (Single Market Scoreboard, public
procurement); a contract awarded without a call mostly has one offer by construction: :func:`called` leaves these out.
"""

from statistics import NormalDist

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.groups import KEYS, By, group_keys, labelled, ordered, share

WITHOUT_CALL = "Marché passé sans publicité ni mise en concurrence préalable"
HABIT = 5
"""Contracts from which « always one offer » looks like a way of filling the form rather than a market."""
OFFERS = ("1", "2", "3", "4 ou 5", "6 et plus", "Non renseigné")
"""Classes of the number of offers."""


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

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.

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
    position = np.searchsorted([1.5, 2.5, 3.5, 5.5], offers.fillna(0))
    label = pd.Series(OFFERS).take(np.where(offers.isna(), 5, position))
    counted = pd.DataFrame(contracts["montant"].groupby(label.to_numpy()).agg(nombre="size", montant="sum"))
    table = counted.reindex(list(OFFERS), fill_value=0).rename_axis("offres").reset_index()
    known = table["offres"] != OFFERS[-1]
    for value, part in (("nombre", "part"), ("montant", "part_montant")):
        total = table.loc[known, value].sum()
        table[part] = (table[value] / total).where(known) if total else float("nan")
    return table[["offres", "nombre", "part", "montant", "part_montant"]]


def offers_received(
    contracts: pd.DataFrame, by: By = "famille", digits: int = 2, nomenclature: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Give the median and the mean number of offers of each group.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.
    by, digits, nomenclature
        See :func:`tikub_lab.procurement.groups.group_keys` and :func:`~tikub_lab.procurement.groups.labelled`.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre (contracts), montant, connus, manquants (contracts whose number of offers is published or
        not), mediane, moyenne (offers, of the known). Years in order, other groups by decreasing amount.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["45"] * 3, "offresRecues": pd.array([1, 4, None], "Int64"), "montant": 1.0})
    >>> offers_received(book)[["famille", "connus", "manquants", "mediane"]].values.tolist()
    [['45', 2, 1, 2.5]]
    """
    frame = contracts.assign(_offers=contracts["offresRecues"].astype("float64"))
    table = frame.groupby(group_keys(contracts, by, digits)).agg(
        nombre=("montant", "size"),
        montant=("montant", "sum"),
        connus=("_offers", "count"),
        mediane=("_offers", "median"),
        moyenne=("_offers", "mean"),
    )
    table.insert(3, "manquants", table["nombre"] - table["connus"])
    return ordered(labelled(table.reset_index(), contracts, by, nomenclature), by)


def wilson(part: pd.Series, base: pd.Series, confidence: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Give the interval of a share by Wilson's score.

    It keeps a group of three contracts from being ranked as if it were one of three hundred.

    Parameters
    ----------
    part, base : Series
        Contracts that have the property, of those for which it is known.
    confidence : float
        Between 0 and 1, excluded.

    Returns
    -------
    low, high : Series
        Between 0 and 1; not a number where the base is nil.

    Raises
    ------
    UsageError
        A confidence that is not a probability.

    References
    ----------
    E. B. Wilson, « Probable inference, the law of succession, and statistical inference », Journal of the American
    Statistical Association 22 (1927), p. 209-212.

    Examples
    --------
    >>> low, high = wilson(pd.Series([1]), pd.Series([10]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0179], [0.4042])
    """
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence!r}: give a probability between 0 and 1, such as 0.95.")
    square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    count = base.astype("float64").where(base > 0)
    rate = part.astype("float64") / count
    centre = (rate + square / (2 * count)) / (1 + square / count)
    half = np.sqrt(square * (rate * (1 - rate) / count + square / (4 * count**2))) / (1 + square / count)
    return (centre - half).clip(lower=0), (centre + half).clip(upper=1)


def single_offers(
    contracts: pd.DataFrame,
    by: By = "famille",
    digits: int = 2,
    confidence: float = 0.95,
    nomenclature: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the share of contracts with one offer in each group, with its interval.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``; pass it through :func:`called` to judge competition rather than procedures.
    by, digits, nomenclature
        See :func:`tikub_lab.procurement.groups.group_keys` and :func:`~tikub_lab.procurement.groups.labelled`.
    confidence : float
        Of the interval; see :func:`wilson`.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre, connus, manquants (contracts), offre_unique (contracts with one offer), taux (of the
        known), bas, haut (interval), position (against the rate of all other groups together: « au-dessus », « en
        dessous » when the interval leaves that rate out, else « indistinct »), montant_connu, montant_unique (euros),
        taux_montant, toujours_1 (at least :data:`HABIT` contracts, all with one offer: the buyer may have written 1 for
        the offer that won; check before judging). Years in order; other groups by decreasing lower
        bound, so that what is surely high comes first.

    Examples
    --------
    >>> book = pd.DataFrame({"codeCPV": ["45", "45", "15"], "offresRecues": pd.array([1, 3, None], "Int64"),
    ...                      "montant": [10.0, 30.0, 5.0]})
    >>> single_offers(book)[["famille", "connus", "offre_unique", "taux", "taux_montant"]].values.tolist()
    [['45', 2, 1, 0.5, 0.25], ['15', 0, 0, nan, nan]]
    """
    known = contracts["offresRecues"].notna()
    single = (contracts["offresRecues"] == 1).fillna(False).astype(bool)
    parts = pd.DataFrame(
        {
            "nombre": 1,
            "connus": known.astype("int64"),
            "offre_unique": single.astype("int64"),
            "montant_connu": contracts["montant"].where(known, 0.0),
            "montant_unique": contracts["montant"].where(single, 0.0),
        },
        index=contracts.index,
    )
    table = parts.groupby(group_keys(contracts, by, digits)).sum()
    table.insert(2, "manquants", table["nombre"] - table["connus"])
    table["taux"] = share(table["offre_unique"], table["connus"])
    table["bas"], table["haut"] = wilson(table["offre_unique"], table["connus"], confidence)
    others = share(table["offre_unique"].sum() - table["offre_unique"], table["connus"].sum() - table["connus"])
    table["position"] = np.select(
        [table["bas"] > others, table["haut"] < others], ["au-dessus", "en dessous"], "indistinct"
    )
    table["taux_montant"] = share(table["montant_unique"], table["montant_connu"])
    table["toujours_1"] = (table["connus"] >= HABIT) & (table["offre_unique"] == table["connus"])
    table = labelled(table.reset_index(), contracts, by, nomenclature)
    table["_rank"] = table["bas"].fillna(-1)
    columns = [
        KEYS[by], "libelle", "nombre", "connus", "manquants", "offre_unique", "taux", "bas", "haut", "position",
        "montant_connu", "montant_unique", "taux_montant", "toujours_1",
    ]  # fmt: skip
    return ordered(table, by, "_rank")[columns]


def single_offers_overall(contracts: pd.DataFrame) -> pd.Series:
    """Give the share of contracts with one offer among all of them; counts are zero where there is no contract.

    Parameters
    ----------
    contracts : DataFrame
        As for :func:`single_offers`.

    Returns
    -------
    Series
        The one row of :func:`single_offers` by ``ensemble``.

    Examples
    --------
    >>> book = pd.DataFrame({"offresRecues": pd.array([], "Int64"), "montant": [], "codeCPV": []})
    >>> single_offers_overall(book)[["connus", "taux"]].tolist()
    [0.0, nan]
    """
    table = single_offers(contracts, "ensemble")
    if len(table):
        return table.iloc[0]
    counts = ("nombre", "connus", "manquants", "offre_unique", "montant_connu", "montant_unique")
    return pd.Series({name: 0.0 if name in counts else float("nan") for name in table.columns}, dtype="float64")
