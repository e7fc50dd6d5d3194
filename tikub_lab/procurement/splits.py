"""Needs that may have been split: purchases that stay below a threshold one by one and reach it together.

The rule. A buyer may not split its purchases to escape the rules of publicity and competition (Code de la commande
publique, art. R2121-4). The value of a need takes in all supplies or services that are homogeneous, « quels que soient
le nombre d'opérateurs économiques auquel il est fait appel et le nombre de marchés à passer » (art. R2121-6); for a
regular need over twelve months (art. R2121-7). For works it takes in one operation (art. R2121-5).

What is looked for here: purchases of one buyer, of one homogeneous family (first digits of the CPV code), notified
within twelve months of the first one, each below a threshold, together at or above it. It is a clue to be checked,
never a proof: the columns say how strong it is and what would make it wrong.

- « forte »: the same firm, or the same group of firms, every time;
- « moyenne »: several firms, and at least half of the purchases within a tenth below the threshold;
- « faible »: several firms, nothing else.

Where firms differ, works must also have one place of performance, since they add up within an operation and not within
a family. Two thresholds: that of formal procedures, then the dispensation from publicity and competition. Left out:
what :func:`.splits_purchases.candidates` gives a reason for; innovative purchases, for the dispensation only, as they
have their own; social and other specific services, for the formal threshold only, which is not theirs; lots of one
procedure whose sum reaches the threshold: the rules that apply from it are supposed to have been followed.

A contract belongs to one need at most. The same firm comes before several, the formal threshold before the
dispensation. Among the windows that begin with a purchase of the same buyer, family and firm, the one with the largest
sum is taken (the earliest of equals); what remains is searched again.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.procurement.groups import family_labels, latest_names
from tikub_lab.procurement.splits_purchases import BY_FORMAL, candidates, procedures
from tikub_lab.procurement.suppliers import firm_names
from tikub_lab.procurement.thresholds import NAMES, in_force

STRENGTHS = ("forte", "moyenne", "faible")
SEARCHED = ("formalisee", "dispense")
MONTHS = 12
"""Length of a window, from the day of its first purchase (art. R2121-7)."""
COLUMNS = (
    "force", "acheteur_id", "acheteur_nom", "famille", "libelle", "nature", "titulaire", "titulaire_nom", "seuil",
    "seuil_libelle", "seuil_montant", "seuil_version", "seuil_statut", "nombre", "montant", "fois_seuil", "debut",
    "fin", "plus_grand", "juste_sous", "lieux", "uids", "faux_si",
)  # fmt: skip

WRONG_IF = pd.read_csv(Path(__file__).with_name("splits.csv"), index_col="force")["faux_si"]
"""What would make a clue of each strength wrong; then what works, and all of them, have besides."""


def split_needs(contracts: pd.DataFrame, suppliers: pd.DataFrame, *, digits: int = 3) -> pd.DataFrame:
    """Find the needs that may have been split.

    Parameters
    ----------
    contracts, suppliers : DataFrame
        Tables ``procurement/contracts`` and ``procurement/suppliers``.
    digits : int
        Digits of the CPV code that make a family.

    Returns
    -------
    DataFrame, one row a suspected need, strongest then largest first
        force; acheteur_id, acheteur_nom; famille, libelle, nature; titulaire (firms separated by a bar; missing when
        they differ), titulaire_nom; seuil, seuil_libelle, seuil_montant, seuil_version, seuil_statut: the threshold in
        force on the day of the first purchase; nombre; montant (their sum, the euros at stake), fois_seuil (over the
        threshold); debut, fin (first and last day); plus_grand (largest purchase); juste_sous (how many are within a
        tenth below the threshold); lieux (published places of performance, how many); uids (separated by a bar);
        faux_si, what would make it wrong, in French.

    Examples
    --------
    >>> from tikub_lab.use_cases import sample
    >>> tables = sample("procurement").sample(scale=0.1, seed=2, essential=True)
    >>> found = split_needs(tables["procurement/contracts"], tables["procurement/suppliers"])
    >>> planted = sample("procurement").planted_splits(scale=0.1, seed=2)
    >>> set(planted["uids"]) <= set(found.loc[found["force"] == "forte", "uids"])
    True
    """
    book = candidates(contracts, suppliers, digits)
    # Lots made by a formal procedure are not examined, but count in their procedure.
    book = book[book["motif"].isin(["", BY_FORMAL])].reset_index(drop=True)
    book["consultation"] = procedures(book)
    lots = book.groupby("consultation")
    book["lots"], book["ensemble"] = lots["montant"].transform("size"), lots["montant"].transform("sum")
    book["sans_concurrence"] = lots["direct"].transform("all")
    book = book[book["motif"] == ""].reset_index(drop=True)
    found: list[tuple[str, bool, np.ndarray]] = []
    free = np.ones(len(book), dtype=bool)
    for name in SEARCHED:
        book[name] = in_force(book, name)["seuil_montant"]
    for same_firm in (True, False):
        for name in SEARCHED:
            for rows in _windows(book, free, name, same_firm):
                free[rows] = False
                found.append((name, same_firm, rows))
    return _described(book, found, contracts, suppliers)


def _windows(book: pd.DataFrame, free: np.ndarray, name: str, same_firm: bool) -> list[np.ndarray]:
    limit, amount = book[name].to_numpy(), book["montant"].to_numpy()
    below = free & (amount < limit)
    works = book["nature"] == "travaux"
    # Works add up within an operation, not within a family: where firms differ, its place stands for it.
    known = book["titulaire"].notna() if same_firm else ~works | book["lieu"].notna()
    below &= known.to_numpy()
    number, lots = book["consultation"].to_numpy(), (book["lots"] > 1).to_numpy()
    if name == "dispense":
        below &= ~book["innovant"].to_numpy()
        alone = book["sans_concurrence"].to_numpy()
        number, lots = np.where(alone, -1 - np.arange(len(book)), number), lots & ~alone
    rows = np.flatnonzero(below & ~(lots & (book["ensemble"].to_numpy() >= limit)))
    if not len(rows):
        return []
    more = book["titulaire"] if same_firm else book["lieu"].where(works, "")
    keys = book["acheteur_id"] + " " + book["famille"] + " " + more
    group = pd.factorize(keys.to_numpy(object)[rows])[0].astype(np.int64)
    moment = book["dateNotification"].to_numpy("datetime64[D]")[rows]
    order = np.lexsort((moment, group))
    rows, group, moment = rows[order], group[order], moment[order]
    day, end = moment.astype(np.int64), window_end(moment).astype(np.int64)
    base = day.min()
    step = int(end.max() - base) + 1
    last = np.searchsorted(group * step + day - base, group * step + end - base, side="left")
    total = np.r_[0.0, np.cumsum(amount[rows])]
    reached = total[last] - total[np.arange(len(rows))] >= limit[rows] * (1 - 1e-9)
    suspected = np.isin(group, group[reached])
    pieces = np.split(np.flatnonzero(suspected), np.flatnonzero(np.diff(group[suspected])) + 1)
    needs: list[np.ndarray] = []
    for piece in pieces:
        mine = rows[piece]
        needs += [mine[part] for part in _pick(day[piece], end[piece], amount[mine], limit[mine], number[mine])]
    return needs


def window_end(moment: np.ndarray) -> np.ndarray:
    """Return the first day after windows: the same day so many months later, or the first of the next month."""
    month = moment.astype("datetime64[M]")
    later = month + MONTHS
    same_day = later.astype("datetime64[D]") + (moment - month.astype("datetime64[D]"))
    return np.minimum(same_day, (later + 1).astype("datetime64[D]"))


def _pick(
    day: np.ndarray, end: np.ndarray, amount: np.ndarray, limit: np.ndarray, number: np.ndarray
) -> list[np.ndarray]:
    """Take windows out of one group, the largest sum first, until none reaches its threshold."""
    left = np.arange(len(day))
    taken: list[np.ndarray] = []
    while len(left) > 1:
        total = np.r_[0.0, np.cumsum(amount[left])]
        most = total[np.searchsorted(day[left], end[left], side="left")] - total[:-1]
        best, sum_of_best = np.array([], dtype=np.int64), 0.0
        for position in np.argsort(-most, kind="stable"):
            if most[position] <= sum_of_best:
                break
            start, after = left[position], left[position:]
            # Only purchases below the threshold of the window: it may have risen meanwhile.
            inside = after[(day[after] < end[start]) & (amount[after] < limit[start])]
            reached = amount[inside].sum()
            if reached > sum_of_best and reached >= limit[start] and len(np.unique(number[inside])) > 1:
                best, sum_of_best = inside, reached
        if not len(best):
            break
        taken.append(best)
        left = left[~np.isin(left, best)]
    return taken


def _described(
    book: pd.DataFrame, found: list[tuple[str, bool, np.ndarray]], contracts: pd.DataFrame, suppliers: pd.DataFrame
) -> pd.DataFrame:
    need = np.repeat(np.arange(len(found)), [len(rows) for *_, rows in found]).astype("int64")
    part = book.take(np.concatenate([np.array([], dtype="int64"), *(rows for *_, rows in found)]))
    part = part.reset_index(drop=True).assign(need=need)
    part["seuil"] = pd.Series([name for name, *_ in found], dtype="str").take(need).set_axis(part.index)
    part["same"] = np.array([same for _, same, _ in found], dtype=bool)[need]
    formal, light = (in_force(part, name) for name in SEARCHED)
    part[formal.columns] = formal.where(part["seuil"] == SEARCHED[0], light)
    groups = part.groupby("need")
    near = part["montant"] >= 0.9 * groups["seuil_montant"].transform("first")
    table = groups.nth(0).set_index("need").rename(columns={"dateNotification": "debut"})
    table["titulaire"] = table["titulaire"].where(groups["titulaire"].nunique(dropna=False) == 1).astype("str")
    table["nombre"], table["montant"], table["juste_sous"] = (
        groups.size(),
        groups["montant"].sum(),
        near.groupby(need).sum(),
    )
    table["fois_seuil"] = table["montant"] / table["seuil_montant"]
    table["fin"], table["plus_grand"] = groups["dateNotification"].last(), groups["montant"].max()
    table["lieux"], table["uids"] = groups["lieu"].nunique(), groups["uid"].agg("|".join)
    table["seuil_libelle"] = table["seuil"].map(NAMES)
    force = np.select([table["same"], 2 * table["juste_sous"] >= table["nombre"]], STRENGTHS[:2], STRENGTHS[2])
    table["force"] = pd.Series(force, index=table.index, dtype="str")
    works = (table["nature"] == "travaux").map({True: " " + WRONG_IF["travaux"], False: ""}).astype("str")
    table["faux_si"] = table["force"].map(WRONG_IF) + works + " " + WRONG_IF["toutes"]
    words = table["titulaire"].dropna().str.split("|").explode().map(firm_names(suppliers)).astype("str")
    table["titulaire_nom"] = words.groupby(level=0).agg(", ".join).reindex(table.index).astype("str")
    table["acheteur_nom"] = table["acheteur_id"].map(latest_names(contracts)).astype("str")
    table["libelle"] = family_labels(table["famille"].str[:2])
    rank = table["force"].map(STRENGTHS.index).astype("int64")
    table = table.assign(rang=rank).sort_values(["rang", "montant", "uids"], ascending=[True, False, True])
    return table[list(COLUMNS)].reset_index(drop=True)


def evidence(need: pd.Series, contracts: pd.DataFrame) -> pd.DataFrame:
    """List the contracts of a suspected need, by day, with their running sum.

    Parameters
    ----------
    need : Series
        A row of :func:`split_needs`.
    contracts : DataFrame
        The table it was found in.

    Returns
    -------
    DataFrame
        Columns uid, id, dateNotification, objet, codeCPV, procedure, offresRecues, lieuExecution_code, montant, part
        (of the threshold) and cumul (running sum, euros excluding tax).
    """
    uids = str(need["uids"]).split("|")
    found = contracts[contracts["uid"].isin(uids)].sort_values(["dateNotification", "uid"], ignore_index=True)
    if len(found) != len(uids):
        raise UsageError(
            f"The need of {need['acheteur_id']} has {len(uids)} contracts, of which the table given has {len(found)}; "
            "give the table that split_needs was called with."
        )
    columns = ["uid", "id", "dateNotification", "objet", "codeCPV", "procedure", "offresRecues", "lieuExecution_code"]
    shares = found["montant"] / float(need["seuil_montant"])
    return found[[*columns, "montant"]].assign(part=shares, cumul=found["montant"].cumsum())
