"""Groups in which contracts are counted: by year, family of purchases, buyer, procedure, form of price.

A family is the beginning of the CPV code: two digits are a division, three a group, four a class, five a category
(règlement (CE) n° 213/2008, annexe I): neither a market, nor always a buyer's own homogeneous family (R2121-6).
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pandas as pd

from tikub_lab.methods.rates import share
from tikub_lab.methods.scope import one_of
from tikub_lab.procurement.codes import CPV_DIVISIONS, SHORT_DIVISIONS

By = Literal["ensemble", "annee", "famille", "acheteur", "procedure", "forme_prix"]
"""What contracts may be grouped by."""
UNKNOWN = "Non renseignée"
KEYS: dict[str, tuple[str, Callable[[pd.DataFrame], pd.Series]]] = {
    "ensemble": ("ensemble", lambda contracts: pd.Series("Ensemble", index=contracts.index, dtype="str")),
    "annee": ("annee", lambda contracts: contracts["dateNotification"].dt.year.astype("int64")),
    "famille": ("famille", lambda contracts: families(contracts["codeCPV"])),
    "acheteur": ("acheteur_id", lambda contracts: contracts["acheteur_id"]),
    "procedure": ("procedure", lambda contracts: contracts["procedure"].astype("str").fillna(UNKNOWN)),
    "forme_prix": ("forme_prix", lambda contracts: contracts["formePrix"].astype("str").fillna(UNKNOWN)),
}
"""The column that holds the key of each kind of group, and how it is made; what is missing is a group too."""


def families(codes: pd.Series, digits: int = 2) -> pd.Series:
    """Reduce CPV codes to families of so many digits, ``""`` where the code is missing."""
    return codes.astype("str").str[:digits].fillna("").rename("famille")


def family_labels(keys: pd.Series) -> pd.Series:
    """Name families in French: a division by its official name, a finer family after its division."""
    division = keys.str[:2].map({code[:2]: label for code, label in CPV_DIVISIONS.items()}).astype("str")
    labels = division.where(keys.str.len() <= 2, division + " (" + keys + "…)").fillna("Famille " + keys)
    return labels.where(keys != "", "Famille non renseignée").rename("libelle")


def short_labels(labels: pd.Series) -> pd.Series:
    """Shorten the official names of divisions, for charts and lists; other names stay as they are.

    Examples
    --------
    >>> short_labels(family_labels(pd.Series(["09", "302", ""]))).tolist()
    ['Énergie et combustibles', 'Informatique et bureau (302…)', 'Famille non renseignée']
    """
    parts = labels.astype("str").str.extract(r"^(.*?)( \(\d+…\))?$")
    return parts[0].map(SHORT_DIVISIONS).astype("str").fillna(parts[0]) + parts[1].fillna("")


def group_keys(contracts: pd.DataFrame, by: By) -> pd.Series:
    """Say to which group each contract belongs; years are integers, all else text."""
    one_of("by", by, KEYS, "contracts are not grouped so")
    name, keys = KEYS[by]
    return keys(contracts).rename(name)


def share_keys(shares: pd.DataFrame, contracts: pd.DataFrame, by: By) -> pd.Series:
    """Say to which group each contract and supplier belongs: the group of its contract, found by ``uid``."""
    keys = group_keys(contracts, by).set_axis(pd.Index(contracts["uid"]))
    return keys.reindex(shares["uid"]).set_axis(shares.index)


def grouped(
    table: pd.DataFrame, contracts: pd.DataFrame, by: By, columns: Sequence[str] | None = None, weight: str = "montant"
) -> pd.DataFrame:
    """Name the groups of a table in French and put them in order: years by time, others by weight.

    The table is indexed by the keys of :func:`group_keys`; buyers have their names from ``contracts``. The key and
    ``libelle`` come first, then all columns or those asked for.
    """
    key = KEYS[by][0]
    table = table.rename_axis(key).reset_index()
    labels = table[key].astype("str")
    if by == "famille":
        labels = family_labels(table[key])
    elif by == "acheteur":
        labels = labels.map(latest_names(contracts)).astype("str").fillna("SIRET " + labels)
    table.insert(1, "libelle", labels)
    order = ["annee"] if by == "annee" else [weight, key]
    table = table.sort_values(order, ascending=[name != weight for name in order], ignore_index=True)
    return table if columns is None else table[[key, "libelle", *columns]]


def counted(rows: pd.DataFrame, keys: Any, amount: str, **counts: tuple[str, str]) -> pd.DataFrame:
    """Count by keys, with euros and their share of all; the largest amount first, equal ones by the last key."""
    table = rows.groupby(keys).agg(**counts, montant=(amount, "sum"))
    order = ["montant", str(table.index.names[-1])]
    table["part"] = share(table["montant"], rows[amount].sum())
    return table.reset_index().sort_values(order, ascending=[False, True], ignore_index=True)


def latest_names(contracts: pd.DataFrame, keys: str | pd.Series = "acheteur_id") -> pd.Series:
    """Return the latest name of each buyer, or group of buyers; missing where there is none."""
    return contracts.sort_values("dateNotification", kind="stable").groupby(keys)["acheteur_nom"].last().astype("str")
