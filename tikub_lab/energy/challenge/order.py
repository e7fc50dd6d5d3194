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

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.energy.uncertainty import check_level
from tikub_lab.errors import UsageError

Floats = npt.NDArray[np.float64]
COLUMNS = ["rang_min", "rang_max", "devances", "devants", "effectif"]


def ranks(table: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """Work out between which places each row stands in its group; the largest value is first.

    Parameters
    ----------
    table : DataFrame
        ``groupe``, ``valeur``, ``erreur`` (standard error) and ``liberte`` (its degrees of freedom). A row without a
        group, a value or an error has no place and takes none.
    level : float
        Chance that all places of the whole table hold.

    Returns
    -------
    DataFrame
        On the table's index: ``rang_min`` and ``rang_max`` (best and worst place), ``devances`` and ``devants`` (how
        many of the group are surely behind, surely ahead), ``effectif`` (of the group); missing for a row without.

    Raises
    ------
    UsageError
        A level that is not between 0 and 1, or a column that is missing.

    Examples
    --------
    >>> book = pd.DataFrame({"groupe": "A", "valeur": [0.10, 0.09, 0.02], "erreur": 0.01, "liberte": 1e6})
    >>> ranks(book)[["rang_min", "rang_max"]].to_numpy().tolist()
    [[1, 2], [1, 2], [3, 3]]
    """
    found = pairs(table, level)
    usable = _usable(table)
    sizes = table["groupe"].where(usable).map(table["groupe"][usable].value_counts())
    behind = found["premier"].value_counts().reindex(table.index, fill_value=0)
    ahead = found["second"].value_counts().reindex(table.index, fill_value=0)
    result = pd.DataFrame(
        {
            "rang_min": 1 + ahead,
            "rang_max": sizes.astype("Float64") - behind,
            "devances": behind,
            "devants": ahead,
            "effectif": sizes,
        },
        index=table.index,
    )
    return result.where(usable)[COLUMNS].astype("Int64")


def pairs(table: pd.DataFrame, level: float = 0.9) -> pd.DataFrame:
    """List the pairs of a group that are told apart.

    Parameters
    ----------
    table, level
        As for :func:`ranks`. The index names the rows, each once.

    Returns
    -------
    DataFrame
        ``premier``, ``second`` (labels of the index), ``ecart`` (of the values), ``p`` (one-sided, of Welch's t,
        before Holm's procedure), the surest first.
    """
    _check(table, level)
    rows = np.flatnonzero(_usable(table).to_numpy())
    value, error, free = (table[name].to_numpy(float)[rows] for name in ("valeur", "erreur", "liberte"))
    group = pd.factorize(table["groupe"].to_numpy(object)[rows])[0]
    first, second = np.nonzero(np.triu(group[:, None] == group[None, :], 1))
    swap = value[first] < value[second]
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    gap = value[first] - value[second]
    p = _tail(gap, error[first], error[second], free[first], free[second])
    order = np.lexsort((second, first, p))
    # Both directions of each pair are hypotheses: as many again have p at or above one half.
    total = 2 * len(order)
    limits = (1 - level) / (total - np.arange(len(order)))
    passed = p[order] <= limits
    kept = order[: len(order) if passed.all() else int(passed.argmin())]
    names = table.index.to_numpy()[rows]
    return pd.DataFrame(
        {"premier": names[first[kept]], "second": names[second[kept]], "ecart": gap[kept], "p": p[kept]}
    )


def place(best: object, worst: object, count: object) -> str:
    """Say in French between which places one stands.

    Examples
    --------
    >>> place(1, 1, 9), place(3, 9, 14)
    ('1re place sur 9', 'entre la 3e et la 9e place sur 14')
    >>> place(1, 14, 14)
    'à égalité avec les 13 autres'
    """
    if pd.isna(best) or pd.isna(worst) or pd.isna(count):  # type: ignore[call-overload]
        return "non classé"
    low, high, size = int(str(best)), int(str(worst)), int(str(count))
    if size == 1:
        return "seul de son groupe"
    if (low, high) == (1, size):
        return f"à égalité avec les {size - 1} autres" if size > 2 else "à égalité avec l'autre"
    if low == high:
        return f"{_ordinal(low)} place sur {size}"
    return f"entre la {_ordinal(low)} et la {_ordinal(high)} place sur {size}"


def _ordinal(number: int) -> str:
    return "1re" if number == 1 else f"{number}e"


def _tail(gap: Floats, one: Floats, other: Floats, free_one: Floats, free_other: Floats) -> Floats:
    """Chance of such a difference, or a larger one, where there is none or the opposite one (Welch, Satterthwaite)."""
    from scipy.special import stdtr  # here, as it takes a moment to load

    square, square_other = one**2, other**2
    total = square + square_other
    with np.errstate(divide="ignore", invalid="ignore"):
        free = total**2 / (square**2 / free_one + square_other**2 / free_other)
        t = np.where(total > 0, gap / np.sqrt(total), np.where(gap > 0, np.inf, 0.0))
    return np.asarray(stdtr(np.where(np.isfinite(free), np.minimum(free, 1e9), 1e9), -t), dtype=float)


def _usable(table: pd.DataFrame) -> pd.Series:
    value, error, free = (table[name].to_numpy(float) for name in ("valeur", "erreur", "liberte"))
    known = ~np.isnan(value) & (error >= 0) & (free > 0) & table["groupe"].notna().to_numpy()
    return pd.Series(known, index=table.index)


def _check(table: pd.DataFrame, level: float) -> None:
    check_level(level)
    if absent := [name for name in ("groupe", "valeur", "erreur", "liberte") if name not in table]:
        raise UsageError(f"table: no column {', '.join(absent)}; ranks need groupe, valeur, erreur, liberte.")
    if not table.index.is_unique:
        raise UsageError("table: its index names a row twice; give each lycée one row.")
