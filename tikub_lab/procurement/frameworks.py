"""Framework agreements and the subsequent contracts that are based on them.

A framework agreement sets the terms of what will be ordered over a period, four years at most but for justified cases
(article L2125-1 of the Code de la commande publique). Where it sets all terms, it is carried out by purchase orders,
which the essential data do not show; else by subsequent contracts, which they do (articles R2162-2, R2162-7 to
R2162-14). Its amount is an estimate or, since 2022, a maximum (R2162-4, décret n° 2021-1111 of 23 August 2021).

The format of 2022 tells it by ``techniques`` and ``modalitesExecution``, that of 2019 by ``nature``; a subsequent
contract names its framework agreement in ``idAccordCadre``, by the buyer's own number.
"""

from dataclasses import dataclass

import pandas as pd

FRAMEWORK, SUBSEQUENT, CALLS = "Accord-cadre", "Marché subséquent", "Marchés subséquents"
TOLD_BY = (
    ("nature", FRAMEWORK),
    ("techniques", FRAMEWORK),
    ("modalitesExecution", "Bons de commande"),
    ("modalitesExecution", CALLS),
)


@dataclass(frozen=True)
class Frameworks:
    """Key figures of the framework agreements of a book.

    An agreement is a buyer and a number: lots or holders under one number are one, and one that only its subsequent
    contracts reveal counts too.
    """

    agreements: int
    contracts: int  # rows of these agreements: contracts or lots
    amount: float  # of these rows, euros: estimates or maxima
    unused: int  # agreements to be carried out by subsequent contracts, without any here
    subsequent: int
    orphans: int  # subsequent contracts whose agreement is not in the book

    @property
    def linking(self) -> str:
        """Say in words how many subsequent contracts lack their agreement."""
        return f"dont {self.orphans} sans accord-cadre retrouvé" if self.orphans else "tous rattachés à un accord-cadre"


def subsequents(contracts: pd.DataFrame) -> pd.Series:
    """Tell subsequent contracts: those that name a framework agreement, but for one that names itself."""
    named = contracts["idAccordCadre"].notna() & (contracts["idAccordCadre"] != contracts["id"])
    return (named | (contracts["nature"] == SUBSEQUENT)).fillna(False).astype(bool)


def holds(field: pd.Series, label: str) -> pd.Series:
    """Say which lists, written with bars, hold a label."""
    return ("|" + field.astype("str").fillna("") + "|").str.contains(f"|{label}|", regex=False)


def is_framework(contracts: pd.DataFrame) -> pd.Series:
    """Tell framework agreements by their nature (2019), technique or way of being carried out (2022).

    A contract under one is none.
    """
    said = [holds(contracts[field], label) for field, label in TOLD_BY]
    return pd.concat(said, axis=1).any(axis=1) & ~subsequents(contracts)


def framework_summary(contracts: pd.DataFrame) -> Frameworks:
    """Count framework agreements, subsequent contracts, and the links between them.

    Examples
    --------
    >>> book = pd.DataFrame({"uid": ["b1", "b2"], "id": ["1", "2"], "techniques": ["Accord-cadre", None],
    ...     "nature": "Marché", "modalitesExecution": None, "idAccordCadre": [None, "9"], "acheteur_id": "b",
    ...     "montant": [100.0, 30.0]})
    >>> framework_summary(book)
    Frameworks(agreements=1, contracts=1, amount=100.0, unused=0, subsequent=1, orphans=1)
    """
    subsequent = subsequents(contracts)
    number = contracts["acheteur_id"] + " " + contracts["id"]
    based_on = (contracts["acheteur_id"] + " " + contracts["idAccordCadre"].astype("str"))[subsequent]
    linked = based_on.isin(number) & (based_on != number[subsequent])
    agreement = is_framework(contracts) | number.isin(based_on[linked])
    with_calls = holds(contracts["modalitesExecution"], CALLS) & agreement
    return Frameworks(
        agreements=number[agreement].nunique(),
        contracts=int(agreement.sum()),
        amount=float(contracts.loc[agreement, "montant"].sum()),
        unused=len(set(number[with_calls]) - set(based_on[linked])),
        subsequent=int(subsequent.sum()),
        orphans=int((~linked).sum()),
    )
