"""Framework agreements and the subsequent contracts that are based on them.

A framework agreement sets the terms of what will be ordered over a period, four years at most but for justified cases
(article L2125-1 of the Code de la commande publique). Where it sets all terms, it is carried out by purchase orders,
which the essential data do not show; else by subsequent contracts, which they do (articles R2162-2, R2162-7 to
R2162-14). Its amount is an estimate or, since 2022, a maximum (R2162-4, décret n° 2021-1111 of 23 August 2021).

The format of 2022 tells it by ``techniques`` and ``modalitesExecution``, that of 2019 by ``nature``; a subsequent
contract names its framework agreement in ``idAccordCadre``, by the buyer's own number.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tikub_lab.methods.rates import share

KINDS = ("Accord-cadre", "Marché subséquent", "Autre marché", "Non renseigné")
FORMS = ("Bons de commande", "Marchés subséquents", "Bons de commande et marchés subséquents", "Non renseignée")
ORPHANS = ("numéro non renseigné", "renvoie à lui-même", "accord-cadre d'un autre acheteur", "absent du tableau")
"""Why a subsequent contract has no framework agreement here."""
CURRENT_FORMAT = pd.Timestamp("2024-01-01")
"""From this notification on, the nature no longer tells a framework agreement from another contract."""


def _holds(field: pd.Series, label: str) -> pd.Series:
    """Say which lists, written with bars, hold a label."""
    return ("|" + field.astype("str").fillna("") + "|").str.contains(f"|{label}|", regex=False)


def kinds(contracts: pd.DataFrame) -> pd.Series:
    """Tell framework agreements, subsequent contracts and other contracts.

    A contract that names a framework agreement is a subsequent one, whatever else it says, but for one that names
    itself. Before 2024 a contract without techniques is « autre marché » by its nature; since then it is not known.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.

    Returns
    -------
    Series of str on the index of the contracts
        One of :data:`KINDS`.

    Examples
    --------
    >>> book = pd.DataFrame({"id": ["1", "2"], "techniques": ["Accord-cadre", "Accord-cadre"], "nature": "Marché",
    ...     "idAccordCadre": [None, "1"], "dateNotification": pd.to_datetime(["2024-03-01"] * 2)})
    >>> kinds(book).tolist()
    ['Accord-cadre', 'Marché subséquent']
    """
    nature = contracts["nature"].astype("str").fillna("")
    named = contracts["idAccordCadre"].notna() & (contracts["idAccordCadre"] != contracts["id"])
    subsequent = named.fillna(False).astype(bool) | (nature == KINDS[1])
    framework = _holds(contracts["techniques"], KINDS[0]) | (nature == KINDS[0])
    silent = contracts["techniques"].isna() & ((nature == "") | (contracts["dateNotification"] >= CURRENT_FORMAT))
    kind = np.select([subsequent, framework, silent], [KINDS[1], KINDS[0], KINDS[3]], KINDS[2])
    return pd.Series(kind, index=contracts.index, dtype="str", name="type")


def by_kind(contracts: pd.DataFrame) -> pd.DataFrame:
    """Count framework agreements, subsequent contracts and other contracts.

    The amounts of the first two overlap: a subsequent contract uses up what its framework agreement announced.

    Returns
    -------
    DataFrame of shape (4, 4)
        Columns type (one of :data:`KINDS`), nombre, montant (euros), part (of the number).

    Examples
    --------
    >>> book = pd.DataFrame({"id": ["1"], "techniques": ["Sans objet"], "nature": "Marché", "montant": [5.0],
    ...     "idAccordCadre": [None], "dateNotification": pd.to_datetime(["2024-03-01"])})
    >>> by_kind(book)["nombre"].tolist()
    [0, 0, 1, 0]
    """
    counted = pd.DataFrame(contracts["montant"].groupby(kinds(contracts)).agg(nombre="size", montant="sum"))
    table = counted.reindex(list(KINDS), fill_value=0).rename_axis("type").reset_index()
    return table.assign(part=table["nombre"] / max(len(contracts), 1))


def _links(contracts: pd.DataFrame) -> pd.DataFrame:
    """Find, for each subsequent contract, the buyer and number of its framework agreement, and whether it is here."""
    subsequent = contracts[kinds(contracts) == KINDS[1]]
    wanted = subsequent["idAccordCadre"].astype("str")
    key = subsequent["acheteur_id"] + " " + wanted
    here = set(contracts["acheteur_id"] + " " + contracts["id"])
    loop = (wanted == subsequent["id"]).astype(bool)
    reason = np.select(
        [wanted.isna(), loop, key.isin(here), wanted.isin(set(contracts["id"]))],
        [ORPHANS[0], ORPHANS[1], "", ORPHANS[2]],
        ORPHANS[3],
    )
    return subsequent.assign(_key=key, motif=pd.Series(reason, index=subsequent.index, dtype="str"))


def frameworks(contracts: pd.DataFrame) -> pd.DataFrame:
    """List framework agreements with what was contracted under them.

    Lots or holders that one buyer published under one number are one agreement here, their amounts added up. An
    agreement that only its subsequent contracts reveal is listed too.

    Parameters
    ----------
    contracts : DataFrame
        Table ``procurement/contracts``.

    Returns
    -------
    DataFrame, one row a framework agreement
        Columns acheteur_id, acheteur_nom, id, objet, dateNotification (first), fin (last day of its initial length,
        missing where that is), lignes (contracts under this number), connu (« déclaré » or « déduit » from a subsequent
        contract), forme (one of :data:`FORMS`), montant (euros), subsequents (number), montant_subsequents (euros),
        consommation (of the amount), hors_validite (subsequent contracts notified before it or after its end, which
        amendments may have moved), plus_de_4_ans (initial length over 48 months). The largest amount first.

    Examples
    --------
    >>> book = pd.DataFrame({"id": ["1", "2"], "techniques": ["Accord-cadre", None], "nature": "Marché",
    ...     "modalitesExecution": "Marchés subséquents", "idAccordCadre": [None, "1"], "acheteur_id": "b",
    ...     "acheteur_nom": None, "objet": "Papier", "montant": [100.0, 30.0], "dureeMois": pd.array([12, 6], "Int64"),
    ...     "dateNotification": pd.to_datetime(["2024-03-01", "2025-04-01"])})
    >>> frameworks(book)[["id", "subsequents", "consommation", "hors_validite"]].values.tolist()
    [['1', 1, 0.3, 1]]
    """
    linked = _links(contracts)
    linked = linked[linked["motif"] == ""]
    keyed = contracts.assign(
        _key=contracts["acheteur_id"] + " " + contracts["id"],
        _declared=kinds(contracts) == KINDS[0],
        _orders=_holds(contracts["modalitesExecution"], FORMS[0]),
        _calls=_holds(contracts["modalitesExecution"], FORMS[1]),
        _months=contracts["dureeMois"].astype("float64"),
    )
    rows = keyed[keyed["_declared"] | keyed["_key"].isin(linked["_key"])].sort_values("dateNotification", kind="stable")
    rows = rows.assign(_end=_end(rows))
    table = rows.groupby("_key").agg(
        acheteur_id=("acheteur_id", "first"),
        acheteur_nom=("acheteur_nom", "last"),
        id=("id", "first"),
        objet=("objet", "first"),
        dateNotification=("dateNotification", "min"),
        fin=("_end", "max"),
        lignes=("id", "size"),
        _declared=("_declared", "any"),
        _orders=("_orders", "any"),
        _calls=("_calls", "any"),
        montant=("montant", "sum"),
        _months=("_months", "max"),
    )
    begin, end = (table[name].reindex(linked["_key"]).to_numpy() for name in ("dateNotification", "fin"))
    outside = (linked["dateNotification"] < begin) | (linked["dateNotification"] > end)
    contracted = linked.assign(_outside=outside.astype("int64")).groupby("_key")
    table["subsequents"] = contracted.size()
    table["montant_subsequents"] = contracted["montant"].sum()
    table["hors_validite"] = contracted["_outside"].sum()
    counts = ["subsequents", "hors_validite"]
    table[counts] = table[counts].fillna(0).astype("int64")
    table["montant_subsequents"] = table["montant_subsequents"].fillna(0.0)
    table["consommation"] = share(table["montant_subsequents"], table["montant"])
    table["connu"] = np.where(table["_declared"], "déclaré", "déduit")
    called = table["_calls"] | (table["subsequents"] > 0)
    table["forme"] = np.select(
        [table["_orders"] & called, table["_orders"], called], [FORMS[2], FORMS[0], FORMS[1]], FORMS[3]
    )
    table["plus_de_4_ans"] = table["_months"] > 48
    columns = [
        "acheteur_id", "acheteur_nom", "id", "objet", "dateNotification", "fin", "lignes", "connu", "forme", "montant",
        "subsequents", "montant_subsequents", "consommation", "hors_validite", "plus_de_4_ans",
    ]  # fmt: skip
    order = ["montant", "acheteur_id", "id"]
    return table.sort_values(order, ascending=[False, True, True], ignore_index=True)[columns]


def _end(rows: pd.DataFrame) -> pd.Series:
    """Give the last day of each contract's initial length, in calendar months."""
    length = rows["dureeMois"].astype("float64")
    end = pd.Series(pd.NaT, index=rows.index, dtype=rows["dateNotification"].dtype)
    for months in length.dropna().unique():
        same = length == months
        end[same] = rows.loc[same, "dateNotification"] + pd.DateOffset(months=int(months)) - pd.Timedelta(days=1)
    return end


def orphans(contracts: pd.DataFrame) -> pd.DataFrame:
    """List the subsequent contracts whose framework agreement is not in the table, and why.

    Returns
    -------
    DataFrame, one row a subsequent contract
        Columns uid, acheteur_id, acheteur_nom, id, idAccordCadre, objet, dateNotification, montant, motif (one of
        :data:`ORPHANS`); the largest amount first.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["b2"], "id": ["2"], "techniques": None, "nature": "Marché", "idAccordCadre": ["1"],
    ...     "acheteur_id": "b", "acheteur_nom": None, "objet": "Papier", "montant": [30.0],
    ...     "dateNotification": pd.to_datetime(["2024-03-01"])})
    >>> orphans(book)["motif"].tolist()
    ['absent du tableau']
    """
    lost = _links(contracts)
    lost = lost[lost["motif"] != ""]
    columns = [
        "uid",
        "acheteur_id",
        "acheteur_nom",
        "id",
        "idAccordCadre",
        "objet",
        "dateNotification",
        "montant",
        "motif",
    ]
    return lost.sort_values(["montant", "uid"], ascending=[False, True], ignore_index=True)[columns]


@dataclass(frozen=True)
class Frameworks:
    """Key figures of the framework agreements of a book.

    Attributes
    ----------
    agreements : int
        Framework agreements, one a buyer and number.
    amount : float
        Sum of their amounts, euros: estimates or maxima.
    subsequent : int
        Subsequent contracts.
    subsequent_amount : float
        Sum of their amounts, euros.
    linked : int
        Subsequent contracts whose agreement is in the book.
    orphans : int
        Those whose agreement is not.
    unused : int
        Agreements to be carried out by subsequent contracts, without any in the book.
    overrun : int
        Agreements whose subsequent contracts amount to more than they do.
    unknown : int
        Contracts of which it is not known what they are.
    """

    agreements: int
    amount: float
    subsequent: int
    subsequent_amount: float
    linked: int
    orphans: int
    unused: int
    overrun: int
    unknown: int

    @property
    def linking(self) -> str:
        """Say in words how many subsequent contracts lack their agreement."""
        return f"dont {self.orphans} sans accord-cadre retrouvé" if self.orphans else "tous rattachés à un accord-cadre"


def framework_summary(contracts: pd.DataFrame) -> Frameworks:
    """Count framework agreements, subsequent contracts, and the links between them.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["b1", "b2"], "id": ["1", "2"], "techniques": ["Accord-cadre", None],
    ...     "nature": "Marché", "modalitesExecution": None, "idAccordCadre": [None, "9"], "acheteur_id": "b",
    ...     "acheteur_nom": None, "objet": "Papier", "montant": [100.0, 30.0], "dureeMois": pd.array([12, 6], "Int64"),
    ...     "dateNotification": pd.to_datetime(["2024-03-01", "2024-04-01"])})
    >>> found = framework_summary(book)
    >>> found.agreements, found.subsequent, found.orphans
    (1, 1, 1)
    """
    kind, links, table = kinds(contracts), _links(contracts), frameworks(contracts)
    planned = table["forme"].isin(FORMS[1:3])
    return Frameworks(
        agreements=len(table),
        amount=float(table["montant"].sum()),
        subsequent=len(links),
        subsequent_amount=float(links["montant"].sum()),
        linked=int((links["motif"] == "").sum()),
        orphans=int((links["motif"] != "").sum()),
        unused=int((planned & (table["subsequents"] == 0)).sum()),
        overrun=int((table["consommation"] > 1).sum()),
        unknown=int((kind == KINDS[3]).sum()),
    )
