"""Whether a need comes back, and whether a later contract covers it already: a guess.

The essential data do not link a contract to the one that follows
it. These are conventions of ours, to be read as such.
"""

import numpy as np
import pandas as pd

NEEDS = ("Récurrent", "À vérifier", "Ponctuel", "Suit l'accord-cadre")
"""``besoin``: « Suit l'accord-cadre » for a contract under a
framework agreement; « Récurrent » for a framework agreement,
purchase orders, a renewable contract, or where the buyer had bought
the same CPV code before (works excepted: two building sites are two
needs); « Ponctuel » for other works (CPV division 45); « À
vérifier » for the rest."""

APART = 90
"""Days between the notifications of two contracts of one buyer for
one CPV code before the later is taken for a new purchase rather
than for another lot of the same. A convention of ours."""


def covered_until(contracts: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """Find the latest end among a buyer's later contracts for the same eight digits of the CPV."""
    buyer_and_code = contracts["acheteur_id"].astype("str") + " " + contracts["codeCPV"].astype("str").str[:8]
    begun = frame["debut"].astype("datetime64[s]")
    rows = pd.DataFrame({"key": pd.factorize(buyer_and_code)[0], "debut": begun, "fin": frame["fin"]})
    rows = rows.assign(row=np.arange(len(rows)))[contracts["codeCPV"].notna() & begun.notna()]
    later = rows[rows["fin"].notna()].sort_values(["key", "debut"])
    later = later.assign(furthest=later[::-1].groupby("key")["fin"].cummax()).sort_values("debut", kind="stable")
    due = rows.assign(debut=(rows["debut"] + pd.Timedelta(days=APART)).astype("datetime64[s]")).sort_values("debut")
    found = pd.merge_asof(due, later[["key", "debut", "furthest"]], on="debut", by="key", direction="forward")
    by_row = found.set_index("row")["furthest"].reindex(range(len(frame)))
    latest = pd.Series(by_row.to_numpy(dtype="datetime64[s]"), index=frame.index)
    return latest.where(latest > frame["fin"])


def recurrence(contracts: pd.DataFrame, frame: pd.DataFrame) -> pd.Series:
    """Say how likely a contract's need is to come back."""
    framework = is_framework(contracts)
    code = contracts["codeCPV"].astype("str").str[:8]
    first = frame["debut"].groupby([contracts["acheteur_id"], code]).transform("min")
    before = contracts["codeCPV"].notna() & (frame["debut"] >= first + pd.Timedelta(days=APART))
    works = code.str.startswith("45").fillna(False)
    renewable = frame["reconductions"].fillna(1).gt(0) & frame["reconduction"].notna()
    need = pd.Series(NEEDS[1], index=frame.index, dtype="str").mask(works, NEEDS[2])
    need = need.mask(framework | renewable | (before & ~works), NEEDS[0])
    return need.mask(_is_under(contracts), NEEDS[3])


def is_framework(contracts: pd.DataFrame) -> pd.Series:
    """Tell framework agreements: nature (format of 2019), technique, or purchase orders (format of 2022).

    A contract under a framework agreement is none.

    Examples
    --------
    >>> is_framework(pd.DataFrame({"nature": ["Accord-cadre", "Marché"], "techniques": None,
    ...                            "modalitesExecution": None, "idAccordCadre": None})).tolist()
    [True, False]
    """
    nature = contracts["nature"].astype("str").eq("Accord-cadre")
    technique = contracts["techniques"].astype("str").str.contains("Accord-cadre", regex=False, na=False)
    orders = contracts["modalitesExecution"].astype("str").str.contains("Bons de commande", regex=False, na=False)
    return (nature.fillna(False) | technique | orders) & ~_is_under(contracts)


def _is_under(contracts: pd.DataFrame) -> pd.Series:
    nature = contracts["nature"].astype("str").eq("Marché subséquent").fillna(False)
    return nature | contracts["idAccordCadre"].notna()
