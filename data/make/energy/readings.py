"""The readings of the sample: eight years of bills, one year of days, and yearly totals of the reference years."""

import numpy as np
import pandas as pd

from data.make.energy.changes import BROKEN, DAYS, END, ESTIMATED, READ, START, Fault
from data.make.energy.meters import Meters
from data.make.sampling import Floats, Integers, Stream

BILLS = 96
"""Bills of a meter in the eight years."""
FIRST_YEAR = 2010
"""First of the years in which the law lets a reference be chosen."""


def bounds(count: int, stream: Stream) -> Integers:
    """Draw when the bills of each meter begin: every 28 to 33 days.

    Returns
    -------
    array of shape (count, BILLS + 1)
        Days from 1 January 2018; the first is 0 and the last the end of 2025.
    """
    usual = np.round(np.arange(BILLS + 1) * (DAYS / BILLS)).astype(np.int64)
    shift = stream.below(3, count * (BILLS - 1)).reshape(count, -1) - 1
    return usual + np.pad(shift, ((0, 0), (1, 1)))


def bills(
    true: Floats, meters: Meters, faults: list[Fault], begin: Integers, stream: Stream
) -> tuple[Floats, np.ndarray]:
    """Draw what the bills say: some are estimated, by the same bill of the year before, and the next one mends it.

    Bills of a broken meter are estimated and nothing mends them, as nobody knows what was used.

    Parameters
    ----------
    true : array of shape (meters, days)
        What was used each day, kWh.
    meters, faults
        As drawn.
    begin : array of shape (meters, BILLS + 1)
    stream : Stream

    Returns
    -------
    kwh : array of shape (meters, BILLS)
    estimated : array of bool of that shape
    """
    total = np.concatenate([np.zeros((len(true), 1)), np.cumsum(true, axis=1)], axis=1)
    used = np.diff(np.take_along_axis(total, begin, axis=1), axis=1)
    estimated, lost = _estimated(meters, faults, begin, stream)
    billed, owed = used.copy(), np.zeros(len(true))
    for bill in range(12, BILLS):
        guess = estimated[:, bill] | lost[:, bill]
        billed[:, bill] = np.where(guess, used[:, bill - 12], used[:, bill] + owed)
        owed = np.where(estimated[:, bill], owed + used[:, bill] - billed[:, bill], 0.0)
    return billed, estimated | lost


def _estimated(meters: Meters, faults: list[Fault], begin: Integers, stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Say which bills are estimated until the next one, and which are lost with a broken meter."""
    count, place = len(meters.id), np.arange(BILLS)
    estimated = stream.flag(0.04, count * BILLS).reshape(count, BILLS)
    estimated &= (place >= meters.first[:, None] + 12) & (place < meters.last[:, None] - 1)
    estimated[:, 1:] &= ~estimated[:, :-1]
    lost = np.zeros_like(estimated)
    for fault in faults:
        row = fault.meter
        if fault.role == BROKEN:
            estimated[row] = False
            lost[row] = (begin[row, :-1] < fault.end) & (begin[row, 1:] > fault.begin)
        elif fault.role == ESTIMATED and fault.size:
            estimated[row] = (place >= fault.begin) & (place < fault.end)
    return estimated, lost


def readings(
    billed: Floats, estimated: np.ndarray, begin: Integers, read: Floats, yearly: pd.DataFrame, meters: Meters
) -> pd.DataFrame:
    """Put bills, days and yearly totals into one table, ordered by meter, origin and day.

    Parameters
    ----------
    billed, estimated : arrays of shape (meters, BILLS)
    begin : array of shape (meters, BILLS + 1)
    read : array of shape (meters, 365)
        What is read of each day of 2025.
    yearly : DataFrame
        What :func:`reference_years` returns.
    meters : Meters

    Returns
    -------
    DataFrame
        The columns of ``energy/readings``.
    """
    place = np.arange(BILLS)
    row, bill = np.nonzero((place >= meters.first[:, None]) & (place < meters.last[:, None]))
    of_bills = pd.DataFrame(
        {
            "meter": row,
            "debut": START + begin[row, bill],
            "fin": START + begin[row, bill + 1],
            "kwh": billed[row, bill],
            "estime": estimated[row, bill],
            "origine": "facture",
        }
    )
    daily = np.flatnonzero(meters.daily)
    days = np.arange(START + READ, END)
    of_days = pd.DataFrame(
        {
            "meter": np.repeat(daily, len(days)),
            "debut": np.tile(days, len(daily)),
            "fin": np.tile(days + 1, len(daily)),
            "kwh": read[daily].ravel(),
            "estime": False,
            "origine": "relevé",
        }
    )
    table = pd.concat([yearly, of_bills, of_days], ignore_index=True)
    order = {"bilan": 0, "facture": 1, "relevé": 2}
    table = table.iloc[np.lexsort((table["debut"], table["origine"].map(order), table["meter"]))]
    table.insert(0, "compteur_id", meters.id[table["meter"].to_numpy()])
    return table.drop(columns="meter").reset_index(drop=True)


def reference_years(
    meters: Meters, sites: pd.DataFrame, cold: Floats, kinds: Integers, before: Integers, stream: Stream
) -> pd.DataFrame:
    """Draw the yearly totals from 2010 to 2017, as declared: a little more the farther back.

    Parameters
    ----------
    meters : Meters
    sites : DataFrame
    cold : array of shape (sites, days)
        Daily mean temperatures at each lycée from 2010 to 2025, °C.
    kinds : array of int of shape (days of 2018 to 2025,)
        Weekends and holidays before 2018 are taken to weigh as much as since then.
    before : array of int
        The year of each day from 2010 to 2025.
    stream : Stream

    Returns
    -------
    DataFrame
        ``meter``, ``debut``, ``fin``, ``kwh``, ``estime``, ``origine``; years before a lycée opened have no row.
    """
    known = np.flatnonzero(meters.first == 0)
    parts = []
    degrees = np.maximum(meters.balance[known, None] - cold[meters.site[known]], 0)
    recent = degrees[:, -DAYS:]
    kept = (meters.slope_pattern[known][:, kinds] * recent).sum(axis=1) / np.maximum(recent.sum(axis=1), 1)
    rest = meters.base_pattern[known][:, kinds].mean(axis=1)
    opened = sites["annee_ouverture"].to_numpy(np.int64)[meters.site[known]]
    for year in range(FIRST_YEAR, 2018):
        here = before == year
        heat = meters.slope[known] * kept * degrees[:, here].sum(axis=1)
        use = heat + meters.base[known] * rest * here.sum()
        use = use * (1 + 0.012 * (2018 - year)) * (1 + 0.025 * stream.normal(len(known)))
        there = opened < year
        first = np.datetime64(f"{year}-01-01", "D")
        parts.append(
            pd.DataFrame(
                {
                    "meter": known[there],
                    "debut": first,
                    "fin": np.datetime64(f"{year + 1}-01-01", "D"),
                    "kwh": np.round(use[there]),
                    "estime": False,
                    "origine": "bilan",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
