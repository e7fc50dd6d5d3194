"""What kilowatt-hours cost and emit, by dated prices and factors; what is not known stays empty, never zero."""

from collections.abc import Callable
from typing import Any

import pandas as pd

HIGHER_TO_LOWER = 1 / 1.11
"""Gas is billed by its higher heating value (PCS); factors count by the lower one (PCI), 1.11 times smaller.
Source: ADEME, Base Empreinte, « gaz naturel »."""
BILLED_HIGH = ("gaz",)
"""Fuels whose bills count by the higher heating value; the others are taken as they are."""
OF_METER = {"chauffage": ("chauffage", "tous"), "autres": ("autres", "tous"), "mixte": ("autres", "tous")}
"""Which factor a meter's use asks for, in this order. Electricity for heating emits more than the rest of it; a meter
of both has the smaller factor, so that nothing is overstated."""
KNOWN = ("confirmé", "à confirmer")


def valued(table: pd.DataFrame, prices: pd.DataFrame, factors: pd.DataFrame) -> pd.DataFrame:
    """Give each row what its kilowatt-hours cost and emit.

    Parameters
    ----------
    table : DataFrame
        ``energie``, ``usage`` (of the meter: « chauffage », « autres », « mixte »; or of the factors, « tous » among
        them), ``annee``, ``kwh``; any other columns are kept.
    prices : DataFrame
        ``energie``, ``annee``, ``euros_kwh``, ``statut``: table ``energy/prices``.
    factors : DataFrame
        ``energie``, ``usage``, ``annee``, ``gco2e_kwh``, ``pouvoir_calorifique``, ``statut``: table ``energy/factors``.

    Returns
    -------
    DataFrame
        The table, in its order and with its index, with ``euros``, ``kgco2e``, ``prix_statut`` and ``facteur_statut``
        (the price's and the factor's status; missing where there is none). A price or a factor holds from its year
        until the next one known; before the first one there is none.

    Raises
    ------
    UsageError
        A column that is missing.

    Examples
    --------
    >>> used = pd.DataFrame({"energie": ["gaz"], "usage": ["chauffage"], "annee": [2025], "kwh": [1110.0]})
    >>> prices = pd.DataFrame({"energie": ["gaz"], "annee": [2024], "euros_kwh": [0.07], "statut": ["facturé"]})
    >>> factors = pd.DataFrame({"energie": ["gaz"], "usage": ["tous"], "annee": [2021], "gco2e_kwh": [227.0],
    ...                         "pouvoir_calorifique": ["PCI"], "statut": ["confirmé"]})
    >>> valued(used, prices, factors)[["euros", "kgco2e"]].round(1).to_numpy().tolist()
    [[77.7, 227.0]]
    """
    price = _dated(prices.assign(usage="tous"), ["euros_kwh", "statut"])
    factor = _dated(factors, ["gco2e_kwh", "pouvoir_calorifique", "statut"])

    def told(energy: str, usage: str, year: int) -> list[Any]:
        first, second = (factor(energy, one, year) for one in OF_METER.get(usage, (usage, "tous")))
        own = second if first[-1] not in KNOWN and second[-1] else first
        return [*price(energy, "tous", year), *own]

    keys = list(zip(*(table[name].tolist() for name in ("energie", "usage", "annee")), strict=True))
    known = {key: told(*key) for key in set(keys)}
    names = ["price", "prix_statut", "factor", "heat", "facteur_statut"]
    found = pd.DataFrame([known[key] for key in keys], columns=names, index=table.index)
    lower = table["energie"].isin(BILLED_HIGH) & (found["heat"] == "PCI")
    kwh = table["kwh"].astype("float64")
    return table.assign(
        euros=kwh * found["price"].astype("float64"),
        kgco2e=kwh.where(~lower, kwh * HIGHER_TO_LOWER) * found["factor"].astype("float64") / 1000,
        **found[["prix_statut", "facteur_statut"]].astype("str"),
    )


def _dated(table: pd.DataFrame, columns: list[str]) -> Callable[[str, str, int], list[Any]]:
    """Return what finds the last of some values that a dated table has for an energy and a use by a year."""
    told: dict[tuple[str, str], list[tuple[int, list[Any]]]] = {}
    rows = table.dropna(subset="annee").sort_values("annee", kind="stable")[["energie", "usage", "annee", *columns]]
    for energy, usage, year, *values in rows.itertuples(index=False, name=None):
        # "à demander" without a value is still an answer, the newest one: an older factor does not stand in for it.
        told.setdefault((energy, usage), []).append((year, [None if pd.isna(one) else one for one in values]))

    def last(energy: str, usage: str, year: int) -> list[Any]:
        past = [values for since, values in told.get((energy, usage), []) if pd.notna(year) and since <= year]
        return past[-1] if past else [None] * len(columns)

    return last
