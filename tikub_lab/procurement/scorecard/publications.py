"""Successive publications of one source: what appeared, changed, vanished between one and the next.

A source publishes the same contracts again and again, each file replacing the one before. :func:`published_files` finds
which files are of one source and in which order, :func:`trend` counts what moved all along a series,
:func:`largest_moves` lists what moved the most euros; :mod:`.pairs` says how the records of two are paired.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from tikub_lab.procurement.scorecard.pairs import compare

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_SUFFIX = re.compile(r"(?:\.(?:json|xml|csv|parquet|zip|gz|txt))+$", re.IGNORECASE)
_TWIN = re.compile(r" \([0-9a-f]{8}\)$")


def series_of(publication: str) -> str:
    """Name the source of a file: its name without date, suffixes and what tells it from a file of the same name."""
    stems: list[str] = []
    for part in _TWIN.sub("", publication).split("/"):
        stem = _DATE.sub("", _SUFFIX.sub("", part))
        stem = re.sub(r"([-_. ])[-_. ]+", r"\1", stem).strip("-_. ")
        if stem and stem not in stems:
            stems.append(stem)
    return "/".join(stems) or publication


def date_in(publication: str) -> pd.Timestamp | None:
    """Read the day in a file's name, year first; None where there is none."""
    for match in _DATE.finditer(publication):
        try:
            return pd.Timestamp(int(match[1]), int(match[3]), int(match[4]))
        except ValueError:  # 31 February
            continue
    return None


def published_files(records: pd.DataFrame) -> pd.DataFrame:
    """List the publications of a table ``procurement/records``, in the order of their sources and days.

    Returns
    -------
    DataFrame, one row a publication
        ``publication``, ``serie`` (see :func:`series_of`), ``date``, ``origine_date`` (``nom du fichier``; ``dernière
        donnée publiée``: the last of an accepted record; ``inconnue``), ``rang`` (in its series, from 1), ``nombre``,
        ``rejetes``, ``montant`` (€, as published), ``sans_montant``.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> published_files(tables.load("procurement/records"))[["serie", "rang", "nombre"]].to_numpy().tolist()
    [['decp-fictif', 1, 290], ['decp-fictif', 2, 320], ['decp-fictif', 3, 368]]
    """
    rejected, amount = records["etat"].eq("rejeté"), records["montant"]
    frame = records[["publication", "montant"]].assign(
        told=records["datePublicationDonnees"].mask(rejected), rejetes=rejected, sans_montant=amount.isna()
    )
    sums = {name: (name, "sum") for name in ("rejetes", "montant", "sans_montant")}
    table = frame.groupby("publication").agg(told=("told", "max"), nombre=("rejetes", "size"), **sums).reset_index()
    named = pd.to_datetime(table["publication"].map(date_in)).astype("datetime64[s]")
    told = pd.to_datetime(table["told"]).astype("datetime64[s]")
    table["date"] = named.fillna(told)
    origins = ["nom du fichier", "dernière donnée publiée"]
    table["origine_date"] = np.select([named.notna(), told.notna()], origins, "inconnue")
    table["serie"] = [series_of(name) for name in table["publication"]]
    table = table.sort_values(["serie", "date", "publication"], na_position="first", ignore_index=True)
    table["rang"] = table.groupby("serie").cumcount() + 1
    return table[
        ["publication", "serie", "date", "origine_date", "rang", "nombre", "rejetes", "montant", "sans_montant"]
    ]


def _couples(records: pd.DataFrame) -> Iterator[tuple[pd.Series, pd.Series, pd.DataFrame, pd.DataFrame]]:
    """Give each publication and the next of its series, as rows of :func:`published_files` and of the table."""
    for _, group in published_files(records).groupby("serie"):
        for (_, old), (_, new) in pairwise(group.iterrows()):
            before, after = (records[records["publication"] == each["publication"]] for each in (old, new))
            yield old, new, before, after


TREND = (
    "serie", "avant", "apres", "date_avant", "date_apres", "nombre_avant", "disparus", "apparus", "reapparus",
    "modifies", "inchanges", "nombre_apres", "montant_avant", "montant_disparus", "montant_apparus",
    "montant_modifies", "montant_apres", "sans_montant_avant", "sans_montant_apres", "corriges", "degrades", "sans_cle",
)  # fmt: skip


def trend(records: pd.DataFrame) -> pd.DataFrame:
    """Count what appeared, changed and vanished between each publication of a source and the next.

    Returns
    -------
    DataFrame, one row a pair of successive publications
        Publications and their days; in records ``nombre_avant``, ``disparus``, ``apparus``, ``reapparus`` (those of
        ``apparus`` that an earlier publication had, but not the one before), ``modifies``, ``inchanges``,
        ``nombre_apres``; the same in euros (``montant_modifies``: what the changes add); ``sans_montant_avant`` and
        ``sans_montant_apres``, ``corriges`` (rejected before, accepted since), ``degrades`` (the reverse),
        ``sans_cle`` (without buyer or identifier: hard to follow). After is before less what vanished, plus what
        appeared and, in euros, what changed.

    Examples
    --------
    >>> from tikub_lab import tables
    >>> trend(tables.load("procurement/records"))[["disparus", "apparus", "modifies"]].to_numpy().tolist()
    [[5, 35, 12], [1, 49, 17]]
    """
    rows: list[dict[str, object]] = []
    seen: dict[str, set[tuple[str, str]]] = {}
    for old, new, before, after in _couples(records):
        pairs = compare(before, after)
        earlier = seen.setdefault(new["serie"], set())
        at_hand = set(_keys(before))
        come = _keys(pairs[pairs["statut"] == "apparu"])
        rows.append(
            {
                "serie": new["serie"],
                **{f"{name}_avant": old[name] for name in ("date", "nombre", "montant", "sans_montant")},
                **{f"{name}_apres": new[name] for name in ("date", "nombre", "montant", "sans_montant")},
                "avant": old["publication"],
                "apres": new["publication"],
                **_counts(pairs),
                "reapparus": sum(key in earlier - at_hand for key in come),
                "sans_cle": sum(int(each[["acheteur_id", "id"]].isna().any(axis=1).sum()) for each in (before, after)),
            }
        )
        earlier |= at_hand
    return pd.DataFrame(rows, columns=TREND)


def _keys(rows: pd.DataFrame) -> list[tuple[str, str]]:
    known = rows.dropna(subset=["acheteur_id", "id"])
    return list(zip(known["acheteur_id"], known["id"], strict=True))


def _counts(pairs: pd.DataFrame) -> dict[str, object]:
    number = pairs["statut"].value_counts()
    euros = pairs.groupby("statut", observed=False)["ecart"].sum()
    moves = {"disparus": "disparu", "apparus": "apparu", "modifies": "modifié"}
    was, now = pairs["rejet_avant"], pairs["rejet_apres"]
    return {
        **{name: int(number[status]) for name, status in {**moves, "inchanges": "inchangé"}.items()},
        **{f"montant_{name}": float(euros[status]) for name, status in moves.items()},
        "montant_disparus": 0.0 - float(euros["disparu"]),
        "corriges": int((was & ~now).sum()),
        "degrades": int((~was & now).sum()),
    }


def largest_moves(records: pd.DataFrame, n: int = 10) -> pd.DataFrame:
    """List at most n records that moved the most euros from one publication of a source to the next, either way.

    Columns ``avant``, ``apres`` (publications) and those of :func:`~tikub_lab.procurement.scorecard.pairs.compare`.
    """
    parts = [
        compare(before, after).assign(avant=old["publication"], apres=new["publication"])
        for old, new, before, after in _couples(records)
    ]
    table = pd.concat(parts) if parts else compare(records.head(0), records.head(0)).assign(avant="", apres="")
    table = table[table["statut"] != "inchangé"]
    table = table.assign(size=table["ecart"].abs()).sort_values(
        ["size", "avant", "ligne_apres", "ligne_avant"], ascending=[False, True, True, True], ignore_index=True
    )
    return table[["avant", "apres", *table.columns.drop(["avant", "apres", "size"])]].head(n)
