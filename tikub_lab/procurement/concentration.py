"""How much goes to how few: the Herfindahl-Hirschman index (HHI) and the shares of the first firms.

What is measured is the concentration of awards: who won what the book holds. It is not that of the market: the firms'
other customers, and the offers that lost, are not in the data. Many firms may have competed for a family that one of
them won; and a family of the CPV may hold several markets, or a part of one. A high index is a question to ask, not an
answer.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import share
from tikub_lab.methods.scope import one_of
from tikub_lab.procurement.groups import By, group_keys, grouped, share_keys
from tikub_lab.procurement.indicators import supplier_shares


@dataclass(frozen=True)
class Scale:
    """Limits by which an authority calls a market concentrated.

    Attributes
    ----------
    name : str
        Authority and year.
    since : int
        Year from which the authority uses it.
    moderate, high : float
        HHI from which it is moderately concentrated (included), above which it is highly concentrated.
    source : str
        Where it is written.
    status : str
        Whether the figures could be checked.
    """

    name: str
    since: int
    moderate: float
    high: float
    source: str
    status: str


SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("DoJ-FTC 2023", 2023, 1000, 1800, "U.S. DoJ & FTC, Merger Guidelines (2023), § 2.1", "confirmé"),
        Scale(
            "DoJ-FTC 2010", 2010, 1500, 2500, "U.S. DoJ & FTC, Horizontal Merger Guidelines (2010), § 5.3", "remplacé"
        ),
        Scale(
            "Commission 2004",
            2004,
            1000,
            2000,
            "Commission européenne, lignes directrices sur les concentrations horizontales (2004/C 31/03), points "
            "19-20 : bandes où la hausse de l'indice compte, non des classes de marchés",
            "à confirmer : révision engagée en 2025",
        ),
    )
}
"""Limits of the HHI by authority. They were made for mergers in defined markets, not for awards of public buyers."""
CLASSES = ("Peu concentré", "Modérément concentré", "Très concentré")
CAUSES = ("mêmes titulaires", "gros marchés")
TOO_FEW = "Trop peu de marchés pour juger"


MINIMUM = 10
"""Contracts below which a group is not classed: nine contracts of equal size, won by nine firms, give 1,111 already."""


def hhi(amounts: pd.Series, firms: pd.Series, groups: pd.Series) -> pd.Series:
    """Sum the squares of the firms' shares, in per cent, within each group.

    Parameters
    ----------
    amounts, firms, groups : Series
        What each row counts for, whose it is, and to which group it belongs; on one index.

    Returns
    -------
    Series
        From 10,000 / firms (equal shares) to 10,000 (one firm), by group; not a number where a group amounts to nil.

    Examples
    --------
    >>> hhi(pd.Series([30.0, 30.0, 20.0, 20.0]), pd.Series(list("abcd")), pd.Series(["x"] * 4)).tolist()
    [2600.0]
    """
    each = amounts.astype("float64").groupby([groups.to_numpy(), firms.to_numpy()]).sum()
    total = each.groupby(level=0).sum()
    squares = (each**2).groupby(level=0).sum()
    return 1e4 * squares / (total**2).where(total > 0)


def concentration_class(index: pd.Series, scale: str = "DoJ-FTC 2023") -> pd.Series:
    """Say by an authority's limits how concentrated a group is.

    Parameters
    ----------
    index : Series of float
        HHI.
    scale : str
        One of :data:`SCALES`.

    Returns
    -------
    Series of str
        One of :data:`CLASSES`; missing where the index is.

    Raises
    ------
    UsageError
        An unknown scale.

    Examples
    --------
    >>> concentration_class(pd.Series([999, 1000, 1800, 1801])).tolist()
    ['Peu concentré', 'Modérément concentré', 'Modérément concentré', 'Très concentré']
    """
    one_of("scale", scale, SCALES)
    limits = SCALES[scale]
    names = np.select([index > limits.high, index >= limits.moderate], [CLASSES[2], CLASSES[1]], CLASSES[0])
    return pd.Series(names, index=index.index, dtype="str").where(index.notna())


def concentrations(
    contracts: pd.DataFrame,
    suppliers: pd.DataFrame,
    by: By = "famille",
    digits: int = 2,
    scale: str = "DoJ-FTC 2023",
    minimum: int = MINIMUM,
    nomenclature: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure how the awards of each group are concentrated on firms.

    Firms are told apart by SIREN, so that two establishments of one firm are one; firms of one corporate group are
    not brought together, as the data do not tell. The amount of a contract held jointly is divided equally.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    by, digits, nomenclature
        See ``groups.group_keys`` and ``groups.grouped``.
    scale : str
        One of :data:`SCALES`.
    minimum : int
        Contracts below which a group is not classed.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre (contracts), sans_titulaire (contracts without any supplier, left out of what follows),
        montant (euros), firmes, hhi (of amounts), hhi_marches (what the index would be if each contract had gone to
        another firm: the part that is due to contracts of unequal size alone), hhi_nombre (of the number of contracts),
        part_1, part_5 (of the amount, for the first firm and the first five), premier, premier_nom (the first firm),
        classe (one of :data:`CLASSES`, or :data:`TOO_FEW`), cause (of a concentrated group, one of :data:`CAUSES`:
        « gros marchés » where contracts of unequal size alone would give the same class, else « mêmes titulaires »).
        Years in order, other groups by decreasing amount.

    Notes
    -----
    HHI: sum of the squared shares in per cent (Hirschman 1945, Herfindahl 1950), as competition authorities use it.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["a", "b"], "codeCPV": ["45", "45"], "montant": [75.0, 25.0],
    ...                      "dateNotification": pd.to_datetime(["2024-05-02"] * 2),
    ...                      "acheteur_departement": None, "acheteur_region": None})
    >>> who = pd.DataFrame({"uid": ["a", "b"], "titulaire_id": ["81223113200026", "67590177800021"],
    ...                     "titulaire_nom": ["Un (fictif)", "Deux (fictif)"]})
    >>> concentrations(book, who)[["hhi", "part_1", "premier_nom"]].values.tolist()
    [[6250.0, 0.75, 'Un (fictif)']]
    """
    keys = group_keys(contracts, by, digits)
    shares = supplier_shares(contracts, suppliers[suppliers["uid"].isin(contracts["uid"])])
    group = share_keys(shares, contracts, by, digits)
    amount, firm = shares["part_montant"], shares["firme"]
    weight = 1 / shares.groupby("uid")["uid"].transform("size")
    held = contracts["uid"].isin(shares["uid"])
    table = contracts.groupby(keys).agg(nombre=("uid", "size"))
    table["sans_titulaire"] = (~held).groupby(keys).sum()
    table["montant"] = contracts["montant"].where(held, 0.0).groupby(keys).sum()
    table["firmes"] = firm.groupby(group).nunique()
    table["firmes"] = table["firmes"].fillna(0).astype("int64")
    table["hhi"] = hhi(amount, firm, group)
    table["hhi_marches"] = hhi(amount, pd.Series(range(len(shares)), index=shares.index), group)
    table["hhi_nombre"] = hhi(weight, firm, group)
    table = table.join(_leaders(shares, group, contracts))
    classes = concentration_class(table["hhi"], scale)
    table["classe"] = classes.where(table["nombre"] - table["sans_titulaire"] >= minimum, TOO_FEW)
    alone = concentration_class(table["hhi_marches"], scale) == classes
    cause = pd.Series(np.where(alone, CAUSES[1], CAUSES[0]), index=table.index, dtype="str")
    table["cause"] = cause.where(table["classe"].isin(CLASSES[1:]))
    return grouped(table, contracts, by, nomenclature)


def _leaders(shares: pd.DataFrame, group: pd.Series, contracts: pd.DataFrame) -> pd.DataFrame:
    """Find the first firm of each group, its most recent name, and what the first and the first five hold."""
    each = shares.groupby([group.rename("_group"), "firme"])["part_montant"].sum().reset_index()
    each = each.sort_values(["_group", "part_montant", "firme"], ascending=[True, False, True])
    rank = each.groupby("_group").cumcount()
    total = each.groupby("_group")["part_montant"].sum()
    first = each[rank == 0].set_index("_group")
    named = shares[shares["titulaire_nom"].notna()]
    day = contracts.set_index("uid")["dateNotification"].reindex(named["uid"])
    named = named.assign(_day=day.to_numpy()).sort_values(["_day", "uid", "titulaire_id"])
    names = named.groupby("firme")["titulaire_nom"].last()
    leader = first["firme"]
    return pd.DataFrame(
        {
            "part_1": share(first["part_montant"], total),
            "part_5": share(each[rank < 5].groupby("_group")["part_montant"].sum(), total),
            "premier": leader,
            "premier_nom": leader.map(names).astype("str").fillna("Identifiant " + leader),
        }
    )
