"""How much goes to how few: the Herfindahl-Hirschman index (HHI) and the shares of the first firms.

What is measured is the concentration of awards: who won what the book holds. It is not that of the market: the firms'
other customers, and the offers that lost, are not in the data. Many firms may have competed for a family that one of
them won; and a family of the CPV may hold several markets, or a part of one. A high index is a question to ask, not an
answer.
"""

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import share
from tikub_lab.procurement.groups import By, group_keys, grouped, share_keys
from tikub_lab.procurement.suppliers import firm_names, supplier_shares

MODERATE, HIGH = 1000, 1800
"""HHI from which a market is moderately concentrated (included), above which it is highly so: U.S. DoJ & FTC, Merger
Guidelines (2023), § 2.1. They were made for mergers in defined markets, not for awards of public buyers."""
CLASSES = ("Peu concentré", "Modérément concentré", "Très concentré")
CAUSES = ("mêmes titulaires", "gros marchés")
LEADERS = ["part_1", "part_5", "premier", "premier_nom"]
TOO_FEW = "Trop peu de marchés pour juger"
MINIMUM = 10
"""Contracts below which a group is not classed: nine contracts of equal size, won by nine firms, give 1,111 already."""


def hhi(amounts: pd.Series, firms: pd.Series, groups: pd.Series) -> pd.Series:
    """Sum the squares of the firms' shares, in per cent, within each group."""
    each = amounts.astype("float64").groupby([groups.to_numpy(), firms.to_numpy()]).sum()
    total = each.groupby(level=0).sum()
    squares = (each**2).groupby(level=0).sum()
    return 1e4 * squares / (total**2).where(total > 0)


def concentration_class(index: pd.Series) -> pd.Series:
    """Say how concentrated a group is by its index: one of :data:`CLASSES`; missing where the index is."""
    names = np.select([index > HIGH, index >= MODERATE], [CLASSES[2], CLASSES[1]], CLASSES[0])
    return pd.Series(names, index=index.index, dtype="str").where(index.notna())


def concentrations(contracts: pd.DataFrame, suppliers: pd.DataFrame, by: By = "famille") -> pd.DataFrame:
    """Measure how the awards of each group are concentrated on firms.

    Firms are told apart by SIREN, so that two establishments of one firm are one; firms of one corporate group are not
    brought together, as the data do not tell. The amount of a contract held jointly is divided equally.

    Parameters
    ----------
    contracts, suppliers, by
        The two tables, and a key of ``groups.KEYS``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre (contracts), sans_titulaire (without any supplier, left out of what follows), montant
        (euros), firmes, hhi (of amounts), hhi_marches (if each contract had gone to another firm: the part that is due
        to contracts of unequal size alone), hhi_nombre (of the number of contracts), part_1, part_5 (of the amount, for
        the first firm and the first five), premier, premier_nom (the first firm), classe (one of :data:`CLASSES`, or
        :data:`TOO_FEW`), cause (of a concentrated group: « gros marchés » where contracts of unequal size alone would
        give the same class, else « mêmes titulaires »).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> concentrations(book, who)[["famille", "firmes", "classe"]].iloc[0].tolist()
    ['45', np.int64(180), 'Peu concentré']
    """
    keys = group_keys(contracts, by)
    shares = supplier_shares(contracts, suppliers[suppliers["uid"].isin(contracts["uid"])])
    group = share_keys(shares, contracts, by)
    amount, firm = shares["part_montant"], shares["firme"]
    weight = 1 / shares.groupby("uid")["uid"].transform("size")
    held = contracts["uid"].isin(shares["uid"])
    table = contracts.groupby(keys).agg(nombre=("uid", "size"))
    table["sans_titulaire"] = (~held).groupby(keys).sum()
    table["montant"] = contracts["montant"].where(held, 0.0).groupby(keys).sum()
    table["firmes"] = firm.groupby(group).nunique().reindex(table.index, fill_value=0)
    table["hhi"] = hhi(amount, firm, group)
    table["hhi_marches"] = hhi(amount, pd.Series(range(len(shares)), index=shares.index), group)
    table["hhi_nombre"] = hhi(weight, firm, group)
    table = table.join(_leaders(shares, group))
    classes = concentration_class(table["hhi"])
    table["classe"] = classes.where(table["nombre"] - table["sans_titulaire"] >= MINIMUM, TOO_FEW)
    alone = concentration_class(table["hhi_marches"]) == classes
    cause = pd.Series(np.where(alone, CAUSES[1], CAUSES[0]), index=table.index, dtype="str")
    table["cause"] = cause.where(table["classe"].isin(CLASSES[1:]))
    return grouped(table, contracts, by)


def _leaders(shares: pd.DataFrame, group: pd.Series) -> pd.DataFrame:
    """Find the first firm of each group, its name, and what the first and the first five hold."""
    each = shares.groupby([group.rename("_group"), "firme"])["part_montant"].sum().reset_index()
    each = each.sort_values(["_group", "part_montant", "firme"], ascending=[True, False, True])
    rank = each.groupby("_group").cumcount()
    total = each.groupby("_group")["part_montant"].sum()
    five = share(each[rank < 5].groupby("_group")["part_montant"].sum(), total)
    first = each[rank == 0].set_index("_group").rename(columns={"firme": "premier"})
    first = first.assign(part_1=share(first["part_montant"], total), part_5=five)
    return first.assign(premier_nom=first["premier"].map(firm_names(shares)).astype("str"))[LEADERS]
