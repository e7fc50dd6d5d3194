"""The tables beside this module, as the sample ships them: public facts, invented prices and measures.

``calendar.csv`` and ``factors.csv`` hold dated values typed by hand from their publications, each with a column
``statut`` that says whether the value was read there. See the Table Schemas for what their columns mean. Prices from
2018 to 2025 are invented, of a plausible size. Of ``measures.csv``, the cost is one a square metre, ``pente``,
``base`` and ``equilibre`` are ranges of what a measure saves of them (shares, °C), ``faite`` and ``proposee`` weights
of how often it is.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]

SCHOOL, WEEKEND, HOLIDAY = range(3)
"""What a day is for a lycée: one of lessons, of a weekend or a single public holiday, or of school holidays."""


@cache
def read(name: str) -> pd.DataFrame:
    """Read a table beside this module; shared, not to be changed."""
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"), encoding="utf-8")


def kinds_of_days(days: Days) -> npt.NDArray[np.int64]:
    """Tell what each day from 2018 to 2025 is for a lycée of zone B; bridging days are ``HOLIDAY``.

    >>> kinds_of_days(np.array(["2025-02-07", "2025-02-08", "2025-03-01", "2025-11-11"], "datetime64[D]")).tolist()
    [0, 2, 1, 1]
    """
    weekday = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    kinds = np.where(weekday >= 5, WEEKEND, SCHOOL)
    periods = read("calendar")
    kind = np.where(periods["nature"] == "jour férié", WEEKEND, HOLIDAY)
    begin, end = (periods[name].to_numpy(object).astype("datetime64[D]") for name in ("debut", "fin"))
    for row in np.argsort(kind, kind="stable"):  # holidays last: a public holiday in them is one of their days
        kinds[(days >= begin[row]) & (days < end[row])] = kind[row]
    return kinds
