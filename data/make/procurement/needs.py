"""What the fictitious buyers of the sample buy, and the trades of those who sell it: its CSV files.

CPV codes are real (CPV 2008, with their check digit); all other figures are plausible inventions.
"""

from functools import cache
from pathlib import Path

import pandas as pd

KINDS = ("works", "supplies", "services")
WORKS, SUPPLIES, SERVICES = range(3)
"""Kinds of contract; the draws use their positions."""


@cache
def needs() -> pd.DataFrame:
    """Return the families of need; shared, not to be changed.

    ``kind`` is a position in :data:`KINDS`; ``region`` and ``lycee`` say how often each buys it; ``median`` is of a
    lycée's contracts (€), ``spread`` the standard deviation of the logarithm of amounts; ``single`` and ``framework``
    are the shares of contracts with one offer and of framework agreements; ``group`` is the family within which
    purchases add up: the first three digits of the CPV code.
    """
    table = read("needs").copy()
    table["kind"] = table["kind"].map(KINDS.index)
    table["group"] = table["cpv"].str[:3].astype("int64")
    return table


@cache
def read(name: str) -> pd.DataFrame:
    """Return another table of this folder; shared, not to be changed.

    ``trades``: what firms are called, the shares of them that are Breton and large, and if few win most. Of concessions
    ``nature`` is a position in the code list, ``median`` the usual value (€).
    """
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"), encoding="utf-8")
