"""What the sample plants in the meters' use: works with a true saving, saving habits, and faults, each with its dates.

No lycée has two of them, so that what a method finds at a lycée can be held against one truth.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.make.energy.facts import read
from data.make.energy.meters import HEATING, OTHER, Meters
from data.make.energy.sites import ELECTRICITY, SITES
from data.make.sampling import Floats, Integers, Stream

START = np.datetime64("2018-01-01", "D")
END = np.datetime64("2026-01-01", "D")
DAYS = int((END - START).astype(np.int64))
READ = int((np.datetime64("2025-01-01", "D") - START).astype(np.int64))
"""First day that is read day by day, counted from 1 January 2018."""
HABITS = int((np.datetime64("2024-10-01", "D") - START).astype(np.int64))
"""Day from which some lycées have saving habits."""
RAMP = 90
"""Days in which a drift of the base reaches its full size."""

WORKS, HABIT, HOLIDAYS, DRIFT, BROKEN, ESTIMATED = range(6)
ROLES = {WORKS: 25, HABIT: 15, HOLIDAYS: 12, DRIFT: 10, BROKEN: 6, ESTIMATED: 6}
"""How many of 115 lycées have what."""


@dataclass(frozen=True)
class Changes:
    """What changes each meter's use for good, one a place in every array; a meter without change has day ``DAYS``."""

    day: Integers  # the first of the change
    slope: Floats  # what the change leaves of them, as a share
    base: Floats
    balance: Floats  # what it takes off the balance point, °C
    role: Integers  # WORKS, HABIT or -1
    measure: Integers  # position in measures.csv, or -1


class Fault(NamedTuple):
    """A fault of a meter.

    Of heating in holidays, ``size`` is the share that it takes back of what should have been left out; of a drift, the
    share of the base that is added in the end; of a broken meter, 1 if it repeats its last value and 0 if it counts
    nothing; of estimated readings, how many bills (0 for days, which are not marked so).
    """

    role: int  # HOLIDAYS, DRIFT, BROKEN or ESTIMATED
    meter: int
    begin: int  # days from 1 January 2018, the second excluded; bills, for bills that are estimated
    end: int
    size: float


def roles(meters: Meters, count: int, swapped: Integers, stream: Stream) -> dict[int, Integers]:
    """Choose the lycées of each role, none twice, and none that has given up oil in these years.

    Those of ``HABIT`` and ``HOLIDAYS`` have heating that is read every day.
    """
    heated = np.unique(meters.site[(meters.use == HEATING) & meters.daily])
    order = np.argsort(stream.uniform(count), kind="stable")
    free = order[~np.isin(order, swapped)]
    chosen: dict[int, Integers] = {}
    for role in (HOLIDAYS, HABIT, WORKS, DRIFT, BROKEN, ESTIMATED):
        pool = free[np.isin(free, heated)] if role in (HOLIDAYS, HABIT) else free
        chosen[role] = pool[: max(1, round(ROLES[role] * count / SITES))]
        free = free[~np.isin(free, chosen[role])]
    return chosen


def changes(meters: Meters, chosen: dict[int, Integers], stream: Stream) -> Changes:
    """Draw the works that were done and the saving habits: when, and what they leave of slope, base, balance point."""
    count, table = len(meters.id), read("measures")
    day = np.full(count, DAYS)
    slope, base, balance = np.ones(count), np.ones(count), np.zeros(count)
    role, measure = np.full(count, -1), np.full(count, -1)

    done = stream.pick(table["faite"].to_numpy(np.float64), len(chosen[WORKS]))
    electric = table["vise"].eq("électricité").to_numpy()[done]
    meter = _main(meters, chosen[WORKS], electric)
    month = np.datetime64("2020-09", "M") + stream.below(43, len(meter))
    day[meter] = (month.astype("datetime64[D]") - START).astype(np.int64)
    for values, name, sign in ((slope, "pente", -1.0), (base, "base", -1.0), (balance, "equilibre", 1.0)):
        low, high = (table[f"{name}_{end}"].to_numpy()[done] for end in ("min", "max"))
        values[meter] += sign * np.round(low + (high - low) * stream.uniform(len(meter)), 3)
    role[meter], measure[meter] = WORKS, done

    # habits touch all that a lycée uses, by the same share on its two meters
    share = np.round(0.03 + 0.07 * stream.uniform(len(chosen[HABIT])), 3)
    for electric_one in (False, True):
        meter = _main(meters, chosen[HABIT], electric_one)
        day[meter], role[meter] = HABITS, HABIT
        slope[meter] = base[meter] = 1 - share
    return Changes(day, slope, base, balance, role, measure)


def faults(meters: Meters, chosen: dict[int, Integers], stream: Stream) -> list[Fault]:
    """Draw the faults: which meter, when, and how large."""
    return [
        *_holidays(meters, chosen[HOLIDAYS], stream),
        *_drifts(meters, chosen[DRIFT], stream),
        *_broken(meters, chosen[BROKEN], stream),
        *_estimated(meters, chosen[ESTIMATED], stream),
    ]


def _main(meters: Meters, sites: Integers, electric: bool | np.ndarray) -> Integers:
    """Return the meter of electricity of each lycée, or the one that heats it; no lycée of a role has two."""
    right = np.where(np.reshape(electric, (-1, 1)), meters.energy == ELECTRICITY, meters.use != OTHER)
    return np.argmax(right & (meters.site == sites[:, None]), axis=1)


def _holidays(meters: Meters, sites: Integers, stream: Stream) -> list[Fault]:
    """Heat in the holidays of winter, of Christmas or of spring 2025, in one to three of them.

    It begins up to three days late and takes back three quarters or more of what should have been left out.
    """
    periods = read("calendar").query("nature == 'vacances' and debut >= '2025-01-01' and libelle != \"Vacances d'été\"")
    days = periods[["debut", "fin"]].to_numpy(object).astype("datetime64[D]") - START
    begin, end = np.minimum(days.astype(np.int64), DAYS).T
    odds = periods["libelle"].map({"Vacances d'hiver": 0.75, "Vacances de Noël": 0.5, "Vacances de printemps": 0.2})
    heated = stream.uniform(len(sites) * len(periods)).reshape(len(sites), -1) < odds.fillna(0).to_numpy()
    heated[~heated.any(axis=1), 0] = True  # winter, if nothing was drawn
    row, period = np.nonzero(heated)
    meter, late = _main(meters, sites, False)[row], stream.below(4, len(row))
    size = np.round(0.75 + 0.25 * stream.uniform(len(meter)), 2)
    return _faults(HOLIDAYS, meter, begin[period] + late, end[period], size)


def _drifts(meters: Meters, sites: Integers, stream: Stream) -> list[Fault]:
    """Let the base rise over three months: of electricity, or of heating at one lycée in three if it is read daily."""
    count = len(sites)
    meter = _main(meters, sites, np.arange(count) % 3 > 0)
    meter = np.where(meters.daily[meter], meter, _main(meters, sites, True))
    electric = meters.energy[meter] == ELECTRICITY
    begin = READ + 45 + stream.below(110, count)
    size = np.where(electric, 0.16 + 0.16 * stream.uniform(count), 0.8 + 0.7 * stream.uniform(count))
    return _faults(DRIFT, meter, begin, np.full(count, DAYS), np.round(size, 2).astype(np.float64))


def _broken(meters: Meters, sites: Integers, stream: Stream) -> list[Fault]:
    """Stop meters for three to eight weeks, while there are lessons: half count nothing, half repeat a value."""
    count = len(sites)
    meter = _main(meters, sites, np.arange(count) % 2 == 0)
    meter = np.where(meters.daily[meter], meter, _main(meters, sites, True))
    begin = READ + np.where(stream.flag(0.5, count), 10 + stream.below(60, count), 260 + stream.below(45, count))
    length = 20 + stream.below(36, count)
    size = ((np.arange(count) + 1) // 2 % 2).astype(np.float64)
    return _faults(BROKEN, meter, begin, begin + length, size)


def _estimated(meters: Meters, sites: Integers, stream: Stream) -> list[Fault]:
    """Estimate days without saying so, all alike, for two to four weeks; or five to eight bills in a row, said so."""
    count = len(sites)
    days = np.arange(count) % 2 == 0
    meter = _main(meters, sites, days)
    begin = READ + np.where(stream.flag(0.5, count), 8 + stream.below(70, count), 262 + stream.below(60, count))
    length = 14 + stream.below(15, count)
    bills = 5 + stream.below(4, count)
    first = 62 + stream.below(18, count)  # a bill of 2023 or of the first half of 2024
    since, until = np.where(days, begin, first), np.where(days, begin + length, first + bills)
    return _faults(ESTIMATED, meter, since, until, np.where(days, 0.0, bills))


def _faults(role: int, meter: Integers, begin: Integers, end: Integers, size: Floats) -> list[Fault]:
    rows = zip(meter.tolist(), begin.tolist(), end.tolist(), size.tolist(), strict=True)
    return [Fault(role, *row) for row in rows]
