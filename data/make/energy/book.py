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
    """What was drawn."""

    sites: pd.DataFrame
    buildings: pd.DataFrame
    weather: pd.DataFrame
    temperature: Floats  # of shape (sites, days from 2010): daily means at each lycée's station, °C
    kinds: Integers  # what the days from 2018 are
    meters: Meters
    swapped: pd.DataFrame  # site and day of the lycées that gave up oil
    changes: planted.Changes
    faults: list[planted.Fault]
    extra: list[float]  # what each fault added, kWh; nothing where it changes but what is read
    begin: Integers  # of shape (meters, bills + 1): when bills begin, in days from 2018
    true: Floats  # of shape (meters, days from 2018): what was used, kWh, whole numbers
    saved: Floats  # what each meter's change saved in its first year, and what would have been used in it, kWh
    used: Floats
    streams: list[Stream]  # for what is drawn after: bills, yearly totals, works done, works proposed


def draw(scale: float, seed: int) -> Book:
    """Draw the book of a scale and a seed, as for :func:`data.make.energy.sample`."""
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
    first = (site, building, table, temperature, kinds, meters, swapped, changes, faults)
    return Book(*first, extra, begin, true, saved, used, lanes[9:])


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
) -> tuple[Floats, list[float]]:
    """Return what each meter used each day, in whole kWh, and what each fault added to it."""
    rows = np.arange(len(meters.id))
    true = expected(meters, rows, recent[meters.site], kinds, changes) * factor
    extra = [0.0] * len(faults)
    for place, fault in enumerate(faults):
        if fault.role in (planted.HOLIDAYS, planted.DRIFT):
            row, days = fault.meter, slice(fault.begin, fault.end)
            added = excess(meters, fault, recent[meters.site[row]], kinds) * factor[row, days]
            true[row, days] += added
            extra[place] = float(added.sum())
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
