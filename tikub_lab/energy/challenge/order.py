"""Ranks that say how sure they are: between which places each one stands, at one error rate for the whole table.

Two estimates are told apart where their difference is established, not where it merely shows. All differences within
the groups of a table are tested together, each in both directions (Welch's t), by Holm's procedure: the chance that
even one of them is wrong is at most one less the level. From these differences follow the places, as in Mogstad,
Romano, Shaikh and Wilhelm, « Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic
Achievement across Countries », Review of Economic Studies 91, 2024: whoever is surely beaten by two others is third at
best. The sets of places of all hold together, at the level.

Holm's procedure was preferred to a bootstrap of the largest difference, which gains a few per cent of width: it needs
neither draws nor the independence of the estimates (lycées share their weather), and gives the same table every time.
Overlapping intervals are no test: two intervals of 90 % that just miss each other differ at far less than 10 %, and
among a thousand pairs many would, by chance alone.
"""

from typing import Any

import numpy as np
import pandas as pd

COLUMNS = ["rang_min", "rang_max", "devances", "devants", "effectif"]


def ranks(table: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Work out between which places each row stands in its group, at one level for all; the largest value is first.

    On the table's index: best and worst place, how many of the group are surely behind, how many surely ahead, and its
    size; missing for a row without a group, a value or an error, which takes no place.

    >>> book = pd.DataFrame({"groupe": "A", "valeur": [0.10, 0.09, 0.02], "erreur": 0.01, "liberte": 1e6})
    >>> ranks(book)[["rang_min", "rang_max"]].to_numpy().tolist()
    [[1, 2], [1, 2], [3, 3]]
    """
    found, usable = pairs(table, level), _usable(table)
    size = table["groupe"].where(usable).map(table["groupe"][usable].value_counts()).astype("Float64")
    behind, ahead = (found[name].value_counts().reindex(table.index, fill_value=0) for name in ("premier", "second"))
    places = [1 + ahead, size - behind, behind, ahead, size]
    return pd.DataFrame(dict(zip(COLUMNS, places, strict=True))).where(usable).astype("Int64")


def pairs(table: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """List the pairs of a group that are told apart, the surest first: ``p`` is Welch's, before Holm's procedure.

    ``groupe``, ``valeur``, ``erreur`` (standard error) and ``liberte`` (its degrees of freedom) are those of rows with
    names of their own.
    """
    from scipy.special import stdtr  # here, as it takes a moment to load

    rows = table[_usable(table)]
    value, error, free = (rows[name].to_numpy(float) for name in ("valeur", "erreur", "liberte"))
    group = pd.factorize(rows["groupe"].to_numpy(object))[0]
    one, other = np.nonzero(np.triu(group[:, None] == group[None, :], 1))
    swap = value[one] < value[other]
    first, second = np.where(swap, other, one), np.where(swap, one, other)
    gap, square = value[first] - value[second], error**2
    total = square[first] + square[second]
    with np.errstate(divide="ignore", invalid="ignore"):  # of rows without any error, each difference is one
        freedom = total**2 / (square[first] ** 2 / free[first] + square[second] ** 2 / free[second])
        p = stdtr(np.fmin(freedom, 1e9), -gap / np.sqrt(total))
    order = np.lexsort((second, first, p))
    # Both directions of each pair are hypotheses: as many again have p at or above one half.
    passed = p[order] <= (1 - level) / (2 * len(order) - np.arange(len(order)))
    kept = order[np.logical_and.accumulate(passed)]
    names = rows.index.to_numpy()
    return pd.DataFrame(
        {"premier": names[first[kept]], "second": names[second[kept]], "ecart": gap[kept], "p": p[kept]}
    )


def place(best: Any, worst: Any, count: Any) -> str:
    """Say in French between which places one stands.

    >>> place(1, 1, 9), place(3, 9, 14)
    ('1re place sur 9', 'entre la 3e et la 9e place sur 14')
    >>> place(1, 14, 14)
    'à égalité avec les 13 autres'
    """
    if pd.isna(best):
        return "non classé"
    low, high, size = int(best), int(worst), int(count)
    if size == 1:
        return "seul de son groupe"
    if (low, high) == (1, size):
        return f"à égalité avec les {size - 1} autres" if size > 2 else "à égalité avec l'autre"
    if low == high:
        return f"{_ordinal(low)} place sur {size}"
    return f"entre la {_ordinal(low)} et la {_ordinal(high)} place sur {size}"


def _ordinal(number: int) -> str:
    return "1re" if number == 1 else f"{number}e"


def _usable(table: pd.DataFrame) -> pd.Series:
    return table[["groupe", "valeur"]].notna().all(axis=1) & (table["erreur"] >= 0) & (table["liberte"] > 0)
