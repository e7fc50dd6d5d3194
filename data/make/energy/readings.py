"""The readings of the sample: eight years of bills, one year of days, and yearly totals of the reference years."""

from typing import Any

import numpy as np
import pandas as pd

from data.make.energy.changes import BROKEN, DAYS, END, ESTIMATED, READ, START, Fault
from data.make.energy.meters import Meters
from data.make.energy.weather import START as FIRST_DAY
from data.make.sampling import Floats, Integers, Stream

BILLS = 96
"""Bills of a meter in the eight years."""
FIRST_YEAR = 2010
"""First of the years in which the law lets a reference be chosen."""


def bounds(count: int, stream: Stream) -> Integers:
    """Draw when the bills of each meter begin, every 28 to 33 days, in days from 1 January 2018 to the end of 2025."""
    usual = np.round(np.arange(BILLS + 1) * (DAYS / BILLS)).astype(np.int64)
    shift = stream.below(3, count * (BILLS - 1)).reshape(count, -1) - 1
    return usual + np.pad(shift, ((0, 0), (1, 1)))


def bills(
    true: Floats, meters: Meters, faults: list[Fault], begin: Integers, stream: Stream
) -> tuple[Floats, np.ndarray]:
    """Draw what the bills say: some are estimated, by the same bill of the year before, and the next one mends it.

    Bills of a broken meter are estimated and nothing mends them, as nobody knows what was used.
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
    """Put bills, the days of 2025 and yearly totals into one table, ordered by meter, origin and day."""
    place = np.arange(BILLS)
    row, bill = np.nonzero((place >= meters.first[:, None]) & (place < meters.last[:, None]))
    first, after, guess = START + begin[row, bill], START + begin[row, bill + 1], estimated[row, bill]
    of_bills = _rows(row, first, after, billed[row, bill], "facture", guess)
    daily, days = np.flatnonzero(meters.daily), np.arange(START + READ, END)
    first = np.tile(days, len(daily))
    of_days = _rows(np.repeat(daily, len(days)), first, first + 1, read[daily].ravel(), "relevé")
    table = pd.concat([yearly, of_bills, of_days], ignore_index=True)
    # the names of the origins are in the order of the alphabet: bilan, facture, relevé
    table = table.sort_values(["meter", "origine", "debut"], kind="stable", ignore_index=True)
    return table.assign(compteur_id=meters.id[table["meter"]])


def reference_years(meters: Meters, sites: pd.DataFrame, cold: Floats, kinds: Integers, stream: Stream) -> pd.DataFrame:
    """Draw the yearly totals from 2010 to 2017, as declared: a little more the farther back.

    Daily means at each lycée begin in 2010; weekends and holidays before 2018 are taken to weigh as much as since then.
    Years before a lycée opened have no row.
    """
    before = np.arange(FIRST_DAY, FIRST_DAY + cold.shape[1]).astype("datetime64[Y]").astype(np.int64) + 1970
    known = np.flatnonzero(meters.first == 0)
    parts = []
    degrees = np.maximum(meters.balance[known, None] - cold[meters.site[known]], 0)
    recent = degrees[:, -DAYS:]
    kept = (meters.slope_pattern[known][:, kinds] * recent).sum(axis=1) / np.maximum(recent.sum(axis=1), 1)
    rest = meters.base_pattern[known][:, kinds].mean(axis=1)
    opened = sites["annee_ouverture"].to_numpy(np.int64)[meters.site[known]]
    for year in range(FIRST_YEAR, 2018):
        here, there = before == year, opened < year
        heat = meters.slope[known] * kept * degrees[:, here].sum(axis=1)
        use = heat + meters.base[known] * rest * here.sum()
        use = use * (1 + 0.012 * (2018 - year)) * (1 + 0.025 * stream.normal(len(known)))
        first, after = (np.datetime64(f"{one}-01-01", "D") for one in (year, year + 1))
        parts.append(_rows(known[there], first, after, np.round(use[there]), "bilan"))
    return pd.concat(parts, ignore_index=True)


def _rows(meter: Integers, first: Any, after: Any, kwh: Floats, origin: str, guess: Any = False) -> pd.DataFrame:
    columns = ("debut", "fin", "kwh", "origine", "estime")
    values = zip(columns, (first, after, kwh, origin, guess), strict=True)
    return pd.DataFrame({"meter": meter, **dict(values)})
