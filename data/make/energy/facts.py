"""The public facts that the sample ships among its fictitious tables: school calendar and emission factors.

``calendar.csv`` and ``factors.csv`` hold dated values typed by hand from their publications, each with a column
``statut`` that says whether the value was read there. See the Table Schemas for what their columns mean.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Days = npt.NDArray[np.datetime64]

SCHOOL, WEEKEND, HOLIDAY = range(3)
"""What a day is for a lycée: one of lessons, of a weekend or a single public holiday, or of school holidays."""


@lru_cache(maxsize=2)
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"), dtype="str", encoding="utf-8")


def calendar() -> pd.DataFrame:
    """Return the periods without lessons of zone B from 2018 to 2025, and the public holidays.

    Returns
    -------
    DataFrame of shape (periods, 6)
        ``debut``, ``fin`` (excluded), ``nature``, ``libelle``, ``zone``, ``statut``; text, in order of ``debut``.

    Examples
    --------
    >>> table = calendar()
    >>> table.loc[table["debut"] == "2025-02-08", ["fin", "libelle"]].values.tolist()
    [['2025-02-24', "Vacances d'hiver"]]
    """
    return _read("calendar").copy()


def factors() -> pd.DataFrame:
    """Return the emission factors by energy, use and year, in gCO2e/kWh, each with its source and its status.

    Returns
    -------
    DataFrame of shape (values, 7)
        ``energie``, ``usage``, ``annee``, ``gco2e_kwh`` (missing where ``statut`` is « à demander »),
        ``pouvoir_calorifique``, ``source``, ``statut``; text.

    Examples
    --------
    >>> table = factors()
    >>> table.loc[table["energie"].eq("gaz"), ["annee", "gco2e_kwh", "pouvoir_calorifique"]].values.tolist()
    [['2017', '227', 'PCI'], ['2021', '227', 'PCI']]
    """
    return _read("factors").copy()


def kinds_of_days(days: Days) -> npt.NDArray[np.int64]:
    """Tell what each day from 2018 to 2025 is for a lycée of zone B.

    Parameters
    ----------
    days : array of datetime64[D]

    Returns
    -------
    array of int
        :data:`SCHOOL`, :data:`WEEKEND` (also a public holiday on a weekday) or :data:`HOLIDAY` (also bridging days).

    Examples
    --------
    >>> kinds_of_days(np.array(["2025-02-07", "2025-02-08", "2025-03-01", "2025-11-11"], "datetime64[D]")).tolist()
    [0, 2, 1, 1]
    """
    weekday = (days.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    kinds = np.where(weekday >= 5, WEEKEND, SCHOOL)
    periods = calendar()
    kind = np.where(periods["nature"] == "jour férié", WEEKEND, HOLIDAY)
    order = np.argsort(kind, kind="stable")  # holidays last: a public holiday in them is one of their days
    begin, end = (periods[name].to_numpy(object).astype("datetime64[D]") for name in ("debut", "fin"))
    for row in order.tolist():
        kinds[(days >= begin[row]) & (days < end[row])] = kind[row]
    return kinds
