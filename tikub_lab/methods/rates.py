"""How many have something, among those of which it is known: counts, rates and how sure they are, by groups.

What is not known is neither « with » nor « without »: it is counted beside each rate, and bounds say what it could make
of it. Wilson's interval keeps a group of three from being ranked as if it were one of three hundred.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError


def share(part: pd.Series, base: pd.Series | float) -> pd.Series:
    """Divide by a column or a total, not a number where that is nil.

    Examples
    --------
    >>> share(pd.Series([1, 0]), pd.Series([4, 0])).tolist()
    [0.25, nan]
    """
    known = pd.Series(base, index=part.index, dtype="float64")
    return part.astype("float64") / known.where(known > 0)


def wilson(part: pd.Series, base: pd.Series, confidence: float = 0.95) -> tuple[pd.Series, pd.Series]:
    """Give the interval of a share by Wilson's score, not a number where the base is nil.

    E. B. Wilson, « Probable inference, the law of succession, and statistical inference », Journal of the American
    Statistical Association 22 (1927), p. 209-212.

    Examples
    --------
    >>> low, high = wilson(pd.Series([1]), pd.Series([10]))
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.0179], [0.4042])
    """
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence!r}: give a probability between 0 and 1, such as 0.95.")
    square = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    count, rate = base.astype("float64").where(base > 0), share(part, base)
    centre = (rate + square / (2 * count)) / (1 + square / count)
    half = np.sqrt(square * (rate * (1 - rate) / count + square / (4 * count**2))) / (1 + square / count)
    return (centre - half).clip(lower=0), (centre + half).clip(upper=1)


def rates(
    keys: pd.Series,
    known: pd.Series,
    has: pd.Series,
    amount: pd.Series,
    more: Mapping[str, pd.Series] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Count by group the rows, those of which it is known, those that have it, and their amounts.

    Parameters
    ----------
    keys, known, has, amount : Series
        Group of each row, whether it is known (boolean), whether it has it (boolean, or a part between 0 and 1, for
        which the interval says nothing), what it amounts to; on one index.
    more : mapping of str to Series of bool, optional
        What else to count, under these names.

    Returns
    -------
    DataFrame indexed by group
        nombre, connus, manquants, avec, those of ``more``, taux (avec of connus), bas, haut (its interval, see
        :func:`wilson`), minimum, maximum (of all rows: if none, or all, of the missing had it), montant, montant_connu,
        montant_avec, taux_montant (of montant_connu).

    Examples
    --------
    >>> has = pd.Series([True, False, None], dtype="boolean")
    >>> found = rates(pd.Series(list("xxx")), has.notna(), has, pd.Series([30.0, 10.0, 5.0]))
    >>> found.loc["x", ["connus", "manquants", "taux", "minimum", "taux_montant"]].round(2).tolist()
    [2.0, 1.0, 0.5, 0.33, 0.75]
    """
    with_it = has.astype("Float64").where(known, 0.0).fillna(0.0).astype("float64")
    counts = pd.DataFrame({"nombre": 1, "connus": known, "manquants": ~known, **(more or {})}, index=keys.index)
    sums = {"montant": amount, "montant_connu": amount.where(known, 0.0)}
    sums |= {"avec": with_it, "montant_avec": (amount * with_it).where(with_it > 0, 0.0)}
    table = counts.astype("int64").join(pd.DataFrame(sums)).groupby(keys).sum()
    if pd.api.types.is_bool_dtype(has):
        table["avec"] = table["avec"].astype("int64")
    table["taux"] = share(table["avec"], table["connus"])
    table["bas"], table["haut"] = wilson(table["avec"], table["connus"], confidence)
    table["minimum"] = share(table["avec"], table["nombre"])
    table["maximum"] = share(table["avec"] + table["manquants"], table["nombre"])
    table["taux_montant"] = share(table["montant_avec"], table["montant_connu"])
    counts_and_rates = [*table.columns[:3], "avec", *(more or {}), "taux", "bas", "haut", "minimum", "maximum"]
    return table[[*counts_and_rates, "montant", "montant_connu", "montant_avec", "taux_montant"]]


def classes(labels: pd.Series, amount: pd.Series, names: Sequence[str], unknown: str = "") -> pd.DataFrame:
    """Count rows and amounts by class, all classes in their order.

    Parameters
    ----------
    labels, amount : Series
        Class of each row, and what it amounts to, in the same order.
    names, unknown : sequence of str, str
        The classes, and the one of what is not known: it has no share, and the others have theirs of the rest.

    Returns
    -------
    DataFrame indexed by class
        nombre, part, montant, part_montant.

    Examples
    --------
    >>> classes(pd.Series(["b", "?"]), pd.Series([5.0, 1.0]), ["a", "b", "?"], "?")["part"].tolist()
    [0.0, 1.0, nan]
    """
    table = amount.groupby(labels.to_numpy()).agg(nombre="size", montant="sum").reindex(list(names), fill_value=0)
    known = table.where(table.index.to_series() != unknown)
    shares = [share(known[name], known[name].sum()) for name in ("nombre", "montant")]
    return table.assign(part=shares[0], part_montant=shares[1])[["nombre", "part", "montant", "part_montant"]]
