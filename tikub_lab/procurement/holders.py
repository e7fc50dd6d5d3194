"""A firm and what it holds: its contracts, and how much of a buyer's or a family's purchases it has beside others."""

from dataclasses import dataclass

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.methods.rates import share
from tikub_lab.methods.scope import only, period
from tikub_lab.procurement.groups import By, grouped, share_keys
from tikub_lab.procurement.suppliers import firm, firm_names, firm_number, supplier_shares
from tikub_lab.show.french import day, joined

SIZES = {"PME": "petite ou moyenne entreprise", "ETI": "entreprise de taille intermédiaire", "GE": "grande entreprise"}


@dataclass(frozen=True)
class Holder:
    """A firm that holds contracts: its SIREN or other identifier; number, days and category in words; its rows.

    Contracts have detenu (euros: its equal part of what a group holds), membres (firms that hold the contract) and
    partenaires (names of the others; missing where there is none).
    """

    firme: str
    number: str
    name: str
    period: str
    size: str
    contracts: pd.DataFrame
    suppliers: pd.DataFrame


def holder(contracts: pd.DataFrame, suppliers: pd.DataFrame, fournisseur: str) -> Holder:
    """Find a firm and its contracts, all its establishments together.

    Parameters
    ----------
    contracts, suppliers, fournisseur
        The two tables; SIREN, SIRET, or the beginning of another identifier, nine characters or more. It is a
        UsageError where no contract is held by such a firm, or by several.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> found = holder(book, who, "220063390")
    >>> found.name, len(found.contracts)
    ('Énergie de Lorraine (fictif)', 23)
    """
    found = only(
        suppliers, "fournisseur", fournisseur, "titulaire_id", "no contract has this holder, a SIREN of 9 digits", 9
    )
    firms = firm(found["titulaire_id"]).drop_duplicates().reset_index(drop=True)
    if len(firms) > 1:
        raise UsageError(f"fournisseur={fournisseur!r}: {len(firms)} firms begin so; give a SIREN, such as {firms[0]}.")
    of_firm = firm(suppliers["titulaire_id"]) == firms[0]
    held = contracts[contracts["uid"].isin(suppliers.loc[of_firm, "uid"])]
    if held.empty:
        raise UsageError(f"fournisseur={fournisseur!r}: none of its contracts is in procurement/contracts.")
    around = suppliers[suppliers["uid"].isin(held["uid"])]
    shares, names = supplier_shares(contracts, around), firm_names(suppliers)
    own = shares["firme"] == firms[0]
    others = shares[~own].drop_duplicates(["uid", "firme"])
    partners = others["firme"].map(names).groupby(others["uid"]).agg(joined)
    uid = held["uid"]
    held = held.assign(
        detenu=uid.map(shares[own].groupby("uid")["part_montant"].sum()),
        membres=uid.map(shares.groupby("uid")["firme"].nunique()),
        partenaires=uid.map(partners).astype("str"),
    )
    rows = around[of_firm.reindex(around.index)]
    sizes = rows.merge(held[["uid", "dateNotification"]], on="uid").sort_values("dateNotification")
    sizes = sizes["titulaire_categorie"].astype("str").dropna()
    return Holder(
        firms[0],
        firm_number(firms).iloc[0],
        str(names[firms[0]]),
        period(held["dateNotification"], day),
        SIZES[sizes.iloc[-1]] if len(sizes) else "taille non publiée",
        held.sort_values(["dateNotification", "uid"]),
        rows,
    )


def held_among(contracts: pd.DataFrame, suppliers: pd.DataFrame, firme: str, by: By = "famille") -> pd.DataFrame:
    """Say what a firm holds in each group of contracts where it has any, beside the other firms there.

    Parameters
    ----------
    contracts, suppliers, firme, by
        The two tables; as in :class:`Holder`; a key of ``groups.KEYS``.

    Returns
    -------
    DataFrame, one row a group
        Key, libelle, nombre (contracts), montant (euros, its equal part of what groups of firms hold), part (of the
        amount that all firms hold there), autres (other firms), rang (by amount, 1 for the first).

    Examples
    --------
    >>> from tikub_lab import tables
    >>> book, who = (tables.load(f"procurement/{name}") for name in ("contracts", "suppliers"))
    >>> held_among(book, who, "220063390")[["famille", "nombre", "autres", "rang"]].values.tolist()
    [['09', 23, 9, 1]]
    """
    shares = supplier_shares(contracts, suppliers)
    each = shares.groupby([share_keys(shares, contracts, by).rename("_group"), "firme"])
    table = each.agg(nombre=("uid", "nunique"), montant=("part_montant", "sum"))
    groups = table["montant"].groupby(level="_group")
    table["part"] = share(table["montant"], groups.transform("sum"))
    table["autres"] = groups.transform("size").astype("int64") - 1
    table["rang"] = groups.rank(ascending=False, method="min").astype("int64")
    own = table[table.index.get_level_values("firme") == firme].droplevel("firme")
    return grouped(own, contracts, by)
