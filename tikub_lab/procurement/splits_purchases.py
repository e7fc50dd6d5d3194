"""Which purchases are looked at for split needs, and which are lots of one procedure.

Lots of one procedure are lawful, and their sum decides which rules the procedure follows (Code de la commande
publique, art. R2121-1). The essential data (DECP) do not say which contracts are lots of one procedure. These of one
buyer and family are taken for such:

- contracts notified on the same day;
- contracts with the same subject, or which all call themselves lots, each notified within :data:`WEEK` days of the one
  before;
- contracts that call themselves lots of the same subject, each within :data:`LOT_DAYS` days of the one before.

Contracts that were all made without publicity nor competition, as published, share no procedure that their sum could
have put under the dispensation's rules: with regard to that threshold they stay purchases of their own.
"""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tikub_lab.errors import UsageError
from tikub_lab.procurement.codes import WITHOUT_CALL
from tikub_lab.procurement.frameworks import is_framework, subsequents
from tikub_lab.procurement.suppliers import firm
from tikub_lab.procurement.thresholds import FORMAL, purchase_kind

BY_FORMAL = "procédure formalisée"
WEEK, LOT_DAYS = 7, 120
_LOT = r"\blots?(?:\b|\d|n°)"


def candidates(contracts: pd.DataFrame, suppliers: pd.DataFrame, digits: int = 3) -> pd.DataFrame:
    """Say of each contract whether it is examined, and under which buyer, family and firm."""
    if digits not in range(2, 9):
        raise UsageError(f"digits={digits}: a family is the first 2 to 8 digits of the CPV code; 3 is usual.")
    procedure, kind = contracts["procedure"].astype("str"), purchase_kind(contracts["codeCPV"])
    reasons = {
        "montant absent": contracts["montant"].isna(),
        "date de notification absente": contracts["dateNotification"].isna(),
        "code CPV absent ou inconnu": kind.isna(),
        "marché subséquent": subsequents(contracts),
        "accord-cadre": is_framework(contracts),
        "système d'acquisition dynamique": contracts["techniques"].fillna("").str.contains("acquisition dynamique"),
        "marché de défense ou de sécurité": contracts["nature"].eq("Marché de défense ou de sécurité"),
        BY_FORMAL: procedure.isin(FORMAL),
    }
    holders = contracts["uid"].map(_holders(suppliers)).astype("str")
    twice = contracts.assign(holders=holders, day=contracts["dateNotification"].dt.floor("D")).sort_values("uid")
    again = twice.duplicated(["acheteur_id", "holders", "day", "montant", "codeCPV"]) & twice["holders"].notna()
    reasons["publié deux fois (mêmes acheteur, titulaire, jour, montant et code CPV)"] = again.reindex(contracts.index)
    why = np.select([mask.fillna(False).to_numpy(bool) for mask in reasons.values()], list(reasons), "")
    columns = ["uid", "acheteur_id", "codeCPV", "dateNotification", "montant", "objet"]
    return contracts[columns].assign(
        famille=contracts["codeCPV"].astype("str").str[:digits],
        titulaire=holders,
        nature=kind,
        lieu=contracts["lieuExecution_code"],
        innovant=contracts["marcheInnovant"].fillna(False).astype(bool),
        direct=(procedure == WITHOUT_CALL).fillna(False).to_numpy(bool),
        motif=pd.Series(why, index=contracts.index, dtype="str"),
    )


def _holders(suppliers: pd.DataFrame) -> pd.Series:
    firms = suppliers[["uid"]].assign(firm=firm(suppliers["titulaire_id"])).dropna().drop_duplicates()
    several = firms["uid"].duplicated(keep=False)
    alone = firms[~several].set_index("uid")["firm"]
    return pd.concat([alone, firms[several].sort_values(["uid", "firm"]).groupby("uid")["firm"].agg("|".join)])


def procedures(book: pd.DataFrame) -> pd.Series:
    """Give the contracts of one procedure one number."""
    keys = (book["acheteur_id"] + " " + book["famille"]).astype("str")
    day = book["dateNotification"].dt.floor("D")
    subject = book["objet"].astype("str").fillna("").str.lower().str.replace(r"\W+", " ", regex=True).str.strip()
    lot = subject.str.contains(_LOT, regex=True)
    stem = subject.str.split(_LOT, n=1, regex=True).str[0].str.strip()
    rules = (
        (pd.Series(True, index=book.index), keys, 0),
        (subject != "", keys + " " + subject, WEEK),
        (lot, keys + " lots", WEEK),
        (lot & (stem != ""), keys + " " + stem, LOT_DAYS),
    )
    number = np.arange(len(book))
    links = [_links(key[mask], day[mask], days, number[mask.to_numpy()]) for mask, key, days in rules]
    first, second = np.concatenate(links).T
    graph = coo_array((np.ones(len(first)), (first, second)), shape=(len(book), len(book)))
    return pd.Series(connected_components(graph, directed=False)[1], index=book.index)


def _links(key: pd.Series, day: pd.Series, days: int, number: np.ndarray) -> np.ndarray:
    """Return pairs of neighbours by day, of one key and no further apart than so many days."""
    code, moment = pd.factorize(key)[0], day.to_numpy("datetime64[D]").astype(np.int64)
    order = np.lexsort((moment, code))
    near = (np.diff(code[order]) == 0) & (np.diff(moment[order]) <= days)
    return np.column_stack([number[order][:-1][near], number[order][1:][near]])
