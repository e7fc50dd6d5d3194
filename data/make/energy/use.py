"""What the meters of the sample really used, day by day, and what they show of it."""

import numpy as np

from data.make.energy.changes import BROKEN, DAYS, ESTIMATED, HOLIDAYS, RAMP, READ, Changes, Fault
from data.make.energy.meters import Meters
from data.make.energy.weather import wander
from data.make.sampling import Floats, Integers, Stream


def expected(meters: Meters, rows: Integers, cold: Floats, kinds: Integers, changes: Changes | None = None) -> Floats:
    """Return what some meters use on average days of such temperature and kind, kWh; with what changes leave."""
    slope, base, balance = (values[rows, None] for values in (meters.slope, meters.base, meters.balance))
    if changes is not None:
        after = np.arange(cold.shape[1]) >= changes.day[rows, None]
        slope = slope * np.where(after, changes.slope[rows, None], 1.0)
        base = base * np.where(after, changes.base[rows, None], 1.0)
        balance = balance - np.where(after, changes.balance[rows, None], 0.0)
    heat = slope * meters.slope_pattern[rows][:, kinds] * np.maximum(balance - cold, 0)
    return heat + base * meters.base_pattern[rows][:, kinds]


def noise(meters: Meters, stream: Stream) -> Floats:
    """Draw what the days of each meter have above or below what is expected: factors of mean one, with a memory."""
    return 1 + meters.noise[:, None] * wander(stream, len(meters.id), DAYS, meters.memory)


def excess(meters: Meters, fault: Fault, cold: Floats, kinds: Integers) -> Floats:
    """Return what heating in holidays or a drift adds to a meter's use on each of its days, before noise."""
    row, begin, end = fault.meter, fault.begin, fault.end
    if fault.role == HOLIDAYS:
        left = meters.slope_pattern[row][kinds[begin:end]]
        return fault.size * meters.slope[row] * (1 - left) * np.maximum(meters.balance[row] - cold[begin:end], 0)
    return fault.size * meters.base[row] * np.minimum(np.arange(end - begin) / RAMP, 1.0)


def shown(true: Floats, faults: list[Fault]) -> Floats:
    """Return what is read of each day of 2025: what was used, but for broken meters and estimated days."""
    read = true[:, READ:].copy()
    for fault in faults:
        row, begin, end = fault.meter, fault.begin - READ, fault.end - READ
        if fault.role == BROKEN:
            read[row, begin:end] = read[row, begin - 1] if fault.size else 0.0
        elif fault.role == ESTIMATED and fault.size == 0:
            read[row, begin:end] = np.round(read[row, begin:end].sum() / (end - begin))
    return read
