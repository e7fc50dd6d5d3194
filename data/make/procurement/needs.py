"""What the fictitious buyers of the sample buy: needs, with their CPV code, usual amounts and competition.

``needs.csv`` has one need a line. CPV codes are real (CPV 2008, with their check digit); all other figures are
plausible inventions.
"""

from functools import lru_cache
from pathlib import Path

import pandas as pd

KINDS = ("works", "supplies", "services")
"""Kinds of contract; the position is the code that the draws use."""

WORKS, SUPPLIES, SERVICES = range(3)


@lru_cache(maxsize=1)
def needs() -> pd.DataFrame:
    """Return the families of need.

    Returns
    -------
    DataFrame of shape (41, 12)
        ``cpv``; ``kind``, a position in :data:`KINDS`; ``trade`` of the firms that answer; ``region`` and ``lycee``,
        how often each buys it (weights); ``median`` amount of a lycée's contract in euros; ``spread``, standard
        deviation of the logarithm of amounts; ``single``, share of contracts with one offer; ``framework``, share of
        framework agreements; ``ccag``; ``subjects``, wordings separated by a bar; ``group``, first three digits of the
        CPV code as a number: the family within which purchases add up. Shared: do not change it.

    Examples
    --------
    >>> needs().query("cpv == '50750000-7'")[["trade", "median", "group"]].to_dict("records")
    [{'trade': 'chauffage', 'median': 12000, 'group': 507}]
    """
    table = pd.read_csv(Path(__file__).with_name("needs.csv"), encoding="utf-8")
    table["kind"] = table["kind"].map(KINDS.index)
    table["group"] = table["cpv"].str[:3].astype("int64")
    return table
