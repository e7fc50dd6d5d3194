"""What the fictitious buyers of the sample buy, and the trades of those who sell it: its CSV files.

CPV codes are real (CPV 2008, with their check digit); all other figures are plausible inventions.
"""

from functools import cache
from pathlib import Path

import pandas as pd

KINDS = ("works", "supplies", "services")
"""Kinds of contract; the position is the code that the draws use."""

WORKS, SUPPLIES, SERVICES = range(3)


@cache
def needs() -> pd.DataFrame:
    """Return the families of need; shared, not to be changed.

    ``kind`` is a position in :data:`KINDS`; ``region`` and ``lycee`` say how often each buys it; ``median`` is of a
    lycée's contracts (€), ``spread`` the standard deviation of the logarithm of amounts; ``single`` and ``framework``
    are the shares of contracts with one offer and of framework agreements; ``group`` is the family within which
    purchases add up: the first three digits of the CPV code.
    """
    table = _read("needs")
    table["kind"] = table["kind"].map(KINDS.index)
    table["group"] = table["cpv"].str[:3].astype("int64")
    return table


@cache
def trades() -> pd.DataFrame:
    """Return the trades: what firms are called, the shares of them that are Breton and large, and if few win most."""
    return _read("trades")


@cache
def conceded() -> pd.DataFrame:
    """Return what is conceded; ``nature`` is a position in the code list, ``median`` the usual value (€)."""
    return _read("concessions")


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"), encoding="utf-8")
