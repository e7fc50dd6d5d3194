"""All that the sample draws, once: lycées, weather, meters, changes and faults, and the use that follows from them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.make.energy import changes as planted
from data.make.energy.facts import kinds_of_days
from data.make.energy.meters import Meters, layout, parameters
from data.make.energy.readings import BILLS, bounds
from data.make.energy.sites import OIL, SITES, age, buildings, lycees
from data.make.energy.use import excess, expected, noise
from data.make.energy.weather import STATIONS, weather
from data.make.sampling import Floats, Integers, Stream, streams

SWAPS = 3
"""How many of 115 lycées gave up oil in the eight years."""


@dataclass(frozen=True)
class Book:
    """What was drawn.

    Attributes
    ----------
    sites, buildings, weather : DataFrame
        Whole tables.
    temperature : array of shape (sites, days from 2010)
        Daily means at each lycée's station, °C.
    kinds : array of int of shape (days from 2018,)
    meters : Meters
    swapped : DataFrame
        ``site`` and ``day`` of the lycées that gave up oil.
    changes : Changes
    faults : list of Fault
    extra : list of arrays
        What each fault added on each of its days, kWh; empty for one that changes nothing but what is read.
    begin : array of int of shape (meters, bills + 1)
        When bills begin, in days from 2018.
    true : array of shape (meters, days from 2018)
        What was used, kWh, whole numbers.
    saved, used : arrays of shape (meters,)
        What each change saved in its first year, and what would have been used in it, kWh.
    streams : list of Stream
        For what is drawn after: bills, yearly totals, works done, works proposed.
    """

    sites: pd.DataFrame
    buildings: pd.DataFrame
    weather: pd.DataFrame
    temperature: Floats
    kinds: Integers
    meters: Meters
    swapped: pd.DataFrame
    changes: planted.Changes
    faults: list[planted.Fault]
    extra: list[Floats]
    begin: Integers
    true: Floats
    saved: Floats
    used: Floats
    streams: list[Stream]


def draw(scale: float, seed: int) -> Book:
    """Draw the book.

    Parameters
    ----------
    scale, seed
        As for :func:`data.make.energy.sample`.

    Raises
    ------
    UsageError
        When the scale or the seed is out of bounds.
    """
    site, lanes = lycees(scale, seed), streams(seed, 13)
    count = len(site)
    building = buildings(site, lanes[1])
    of_stations, table = weather(lanes[2])
    temperature = of_stations[pd.Index(STATIONS["station"]).get_indexer(site["station"])]
    recent = temperature[:, -planted.DAYS :]
    kinds = kinds_of_days(np.arange(planted.START, planted.END))

    plan = layout(site, BILLS, round(SWAPS * count / SITES), lanes[3])
    meters = parameters(plan, site, age(site, building), recent, kinds, lanes[4])
    begin = bounds(len(meters.id), lanes[5])
    replaced = np.flatnonzero((meters.energy == OIL) & (meters.last < BILLS))
    swapped = pd.DataFrame({"site": meters.site[replaced], "day": begin[replaced, meters.last[replaced]]})
    _begin_where_others_end(meters, begin, swapped)

    chosen = planted.roles(meters, count, swapped["site"].to_numpy(), lanes[6])
    changes = planted.changes(meters, chosen, lanes[6])
    faults = planted.faults(meters, chosen, lanes[7])
    factor = noise(meters, lanes[8])
    true, extra = _use(meters, recent, kinds, changes, faults, factor)
    saved, used = _savings(meters, recent, kinds, changes, factor)
    return Book(
        site,
        building,
        table,
        temperature,
        kinds,
        meters,
        swapped,
        changes,
        faults,
        extra,
        begin,
        true,
        saved,
        used,
        lanes[9:],
    )


def _begin_where_others_end(meters: Meters, begin: Integers, swapped: pd.DataFrame) -> None:
    """Let the meter of the new energy begin on the day on which that of oil ends (in place)."""
    for site, day in zip(swapped["site"].tolist(), swapped["day"].tolist(), strict=True):
        new = np.flatnonzero((meters.site == site) & (meters.first > 0))
        begin[new, meters.first[new]] = day


def _use(
    meters: Meters,
    recent: Floats,
    kinds: Integers,
    changes: planted.Changes,
    faults: list[planted.Fault],
    factor: Floats,
) -> tuple[Floats, list[Floats]]:
    """Return what each meter used each day, in whole kWh, and what each fault added to it."""
    rows = np.arange(len(meters.id))
    true = expected(meters, rows, recent[meters.site], kinds, changes) * factor
    extra = []
    for fault in faults:
        row, days = fault.meter, slice(fault.begin, fault.end)
        added = np.zeros(0)
        if fault.role in (planted.HOLIDAYS, planted.DRIFT):
            added = excess(meters, fault, recent[meters.site[row]], kinds)
            added = added * factor[row, days]
            true[row, days] += added
        extra.append(added)
    return np.round(true), extra


def _savings(
    meters: Meters, recent: Floats, kinds: Integers, changes: planted.Changes, factor: Floats
) -> tuple[Floats, Floats]:
    """Return what each change saved in its first year, and what would have been used in it."""
    saved, used = np.zeros(len(meters.id)), np.ones(len(meters.id))
    for row in np.flatnonzero(changes.role == planted.WORKS):
        rows, year = np.array([row]), slice(int(changes.day[row]), int(changes.day[row]) + 365)
        cold = recent[meters.site[rows]]
        without = (expected(meters, rows, cold, kinds) * factor[rows])[:, year]
        with_change = (expected(meters, rows, cold, kinds, changes) * factor[rows])[:, year]
        saved[row], used[row] = (without - with_change).sum(), without.sum()
    return saved, used
