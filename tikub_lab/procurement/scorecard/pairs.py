"""Pairing the records of two publications of one source: which contract of the one is which of the other.

A contract is known by its buyer and its identifier, but identifiers are used several times (lots, states, the same
record twice), so pairs are made in passes, each record at most once:

1. same buyer and identifier, and nothing changed; 2. same buyer and identifier, same titulaires, same date of
notification; then without the date; 3. same buyer and identifier, where one record is left on each side; 4. same
titulaires, amount, date and object, one on each side: the buyer's identifier, or the contract's, changed.

What is left vanished, or appeared. Records without buyer or identifier are only paired when nothing changed, or by the
last pass. So a publication is the one before, less what vanished, plus what appeared: in records, and in euros with
what changed. Rows of the tabular form are paired as rows, and each counts its whole amount.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

FIELDS = (
    "montant", "dateNotification", "datePublicationDonnees", "dureeMois", "codeCPV", "procedure", "titulaires", "objet",
    "acheteur_id", "acheteur_nom", "id", "modifications",
)  # fmt: skip
"""Fields of which a change is named; the others are seen by the fingerprint and named ``autre``."""
STATUSES = ("inchangé", "modifié", "apparu", "disparu")

PASSES: tuple[tuple[tuple[str, ...], bool, tuple[str, ...]], ...] = (
    (("acheteur_id", "id", "empreinte"), False, ()),
    (("acheteur_id", "id", "titulaires", "dateNotification"), False, ("acheteur_id", "id")),
    (("acheteur_id", "id", "titulaires"), False, ("acheteur_id", "id")),
    (("acheteur_id", "id"), True, ("acheteur_id", "id")),
    *(
        ((key, "titulaires", "montant", "dateNotification", "objet"), True, (key, "titulaires", "montant", "objet"))
        for key in ("id", "acheteur_id")
    ),
)
"""What must be equal, whether that must point to one record on each side, and what must be filled."""


def compare(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Pair the records of two publications of a source."""
    left, right = _side(before), _side(after)
    first, second = _pairs(left, right)
    old, new = left.loc[first].reset_index(drop=True), right.loc[second].reset_index(drop=True)
    gone, come = left.drop(index=first), right.drop(index=second)
    fields = _changed(old, new)
    parts = [
        _laid_out(new, old, new).assign(statut=np.where(fields == "", "inchangé", "modifié"), champs=fields),
        _laid_out(come, None, come).assign(statut="apparu"),
        _laid_out(gone, gone, None).assign(statut="disparu"),
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    table.insert(0, "statut", pd.Series(pd.Categorical(table.pop("statut"), categories=STATUSES)))
    return table


def _side(records: pd.DataFrame) -> pd.DataFrame:
    """Keep what pairs are made of, in order of line."""
    ordered = records.sort_values("ligne", ignore_index=True)
    return ordered[[*FIELDS, "ligne", "empreinte"]].assign(rejet=ordered["etat"].eq("rejeté"))


def _pairs(left: pd.DataFrame, right: pd.DataFrame) -> tuple[list[int], list[int]]:
    first: list[int] = []
    second: list[int] = []
    for keys, alone, filled in PASSES:
        rest = [_numbered(each, keys, alone, filled) for each in (left.drop(index=first), right.drop(index=second))]
        met = rest[0].merge(rest[1], on=[*keys, "_rank"], suffixes=("_left", "_right"))
        first += met["_at_left"].tolist()
        second += met["_at_right"].tolist()
    return first, second


def _numbered(records: pd.DataFrame, keys: Sequence[str], alone: bool, filled: Sequence[str]) -> pd.DataFrame:
    """Rank the rows that share a key, by amount and line; or keep only those that share it with no other."""
    rows = records[records[[*filled]].notna().all(axis=1)]
    if alone:
        rows = rows[~rows.duplicated([*keys], keep=False)]
    rows = rows.sort_values(["montant", "ligne"])
    rank = rows.groupby([*keys], dropna=False, observed=True).cumcount()
    return rows[[*keys]].assign(_rank=rank.astype("int64"), _at=rows.index)


def _changed(old: pd.DataFrame, new: pd.DataFrame) -> pd.Series:
    names = pd.Series("", index=old.index, dtype="str")
    for field in FIELDS:
        same = (old[field] == new[field]).fillna(False).astype(bool) | (old[field].isna() & new[field].isna())
        names = names.where(same, names + "|" + field)
    names = names.mask((names == "") & (old["empreinte"] != new["empreinte"]), "|autre")
    return names.mask(old["rejet"] != new["rejet"], names + "|rejet").str.removeprefix("|")


def _laid_out(shown: pd.DataFrame, old: pd.DataFrame | None, new: pd.DataFrame | None) -> pd.DataFrame:
    """Lay the two sides of each row out; a side that is not there is missing, and weighs nothing."""
    nothing = pd.Series(np.nan, index=shown.index)

    def both(name: str) -> list[pd.Series]:
        return [nothing if side is None else side[name] for side in (old, new)]

    columns = {name: shown[name] for name in ("acheteur_id", "acheteur_nom", "id", "objet")}
    columns["champs"] = pd.Series("", index=shown.index, dtype="str")
    before, after = (side.astype("float64") for side in both("montant"))
    columns |= {"montant_avant": before, "montant_apres": after, "ecart": after.fillna(0.0) - before.fillna(0.0)}
    columns["ligne_avant"], columns["ligne_apres"] = (side.astype("Int64") for side in both("ligne"))
    columns["rejet_avant"], columns["rejet_apres"] = (side.astype("boolean") for side in both("rejet"))
    return pd.DataFrame(columns)
