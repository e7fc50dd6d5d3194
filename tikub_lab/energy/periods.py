"""From readings and temperatures to what a regression needs: usage per day and degree days of each period.

The rules are CalTRACK 2.0's, as eemeter 3.2.0 applies them. A day counts where more than half of its hours are there
(2.2.2.3); a period longer than a day where 90 % of its hours have a temperature (2.2.3.2); degree days come from daily
means, not from hours (3.3.4, 3.3.5), and stand per day (3.3.1.1). Temperatures are in °F inside, since CalTRACK's
balance points are whole degrees Fahrenheit.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Unit = Literal["C", "F"]

HOUR, DAY = 3_600_000_000_000, 86_400_000_000_000
"""Nanoseconds."""
DAY_COVERAGE, PERIOD_COVERAGE = 0.5, 0.9
"""Shares of hours that a day must exceed, and that a longer period must reach."""
BILLING_MATCH = 35.0
"""Days of a bill that are matched with temperatures; eemeter gives a two-month bill those of its first 35 days."""


@dataclass(frozen=True)
class Periods:
    """Periods of use of one meter: first moment and moment after the last (ns since 1970), and kWh, or not a number.

    Moments are universal where times have a zone, those of temperatures too.
    """

    start: Integers
    end: Integers
    value: Floats

    @property
    def days(self) -> Floats:
        """Length of each period in days."""
        return (self.end - self.start) / DAY

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Clock:
    """Temperatures of one place, °F, on a regular clock: first moment and distance of two, in ns."""

    origin: int
    step: int
    value: Floats

    @property
    def per_day(self) -> int:
        """How many temperatures make a day: 24 or 1."""
        return DAY // self.step


@dataclass(frozen=True)
class Thermal:
    """Daily mean temperatures of each period.

    Of each period, the temperatures that are known (``valid``), and the days ``kept``, 0 where coverage is too low;
    then the mean of each day kept, °F, period after period.
    """

    valid: Integers
    kept: Integers
    mean: Floats

    def averages(self, values: Floats) -> Floats:
        """Average over the days kept of each usable period; ``values`` has one row a day kept."""
        counts = self.kept[self.kept > 0]
        if len(counts) == len(values):
            return values
        if not len(counts):
            return values[:0]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        return np.add.reduceat(values, starts, axis=0) / counts[:, None]

    def take(self, periods: npt.NDArray[np.bool_]) -> "Thermal":
        """Keep some periods."""
        return Thermal(self.valid[periods], self.kept[periods], self.mean[np.repeat(periods, self.kept)])

    def degree_days(self, heating: Floats, cooling: Floats) -> tuple[Floats, Floats]:
        """Degree days per day of the usable periods: rows are periods with ``kept > 0``, columns balance points, °F."""
        mean = self.mean[:, None]
        hdd, cdd = np.maximum(heating - mean, 0.0), np.maximum(mean - cooling, 0.0)
        return self.averages(hdd), self.averages(cdd)


def read_periods(usage: pd.DataFrame) -> Periods:
    """Read ``debut``, ``fin`` (excluded) and ``kwh``; dates that are missing, twice or overlap are refused."""
    table = usage.sort_values("debut")
    start, end = _moments(table["debut"]), _moments(table["fin"])
    for wrong, what in ((end <= start, "ends before it begins, or has no length"), (_overlaps(start, end), "overlaps")):
        if wrong.any():
            place = pd.Timestamp(int(start[wrong][0]))
            raise UsageError(f"Usage: the period of {place:%Y-%m-%d %H:%M} {what}; give each moment once, in order.")
    return Periods(start, end, np.asarray(table["kwh"].astype("float64"), dtype=np.float64))


def read_clock(weather: pd.DataFrame, unit: Unit) -> Clock:
    """Read ``tmoy`` of each ``jour``, which may be an hour, onto a regular clock."""
    if unit not in ("C", "F"):
        raise UsageError(f"unit={unit!r}: temperatures are in 'C' or in 'F'.")
    weather = weather.sort_values("jour")
    moments = _moments(weather["jour"])
    if not len(moments):
        return Clock(0, DAY, np.empty(0))
    gaps = np.diff(moments)
    step = int(gaps.min()) if len(gaps) else DAY
    if step not in (HOUR, DAY) or (gaps % step).any():
        length = pd.Timedelta(step)
        raise UsageError(
            f"Temperatures: two of them are {length} apart; give one an hour, with a time zone or in UTC, "
            "or one a day, each moment once."
        )
    value = np.full((moments[-1] - moments[0]) // step + 1, np.nan)
    known = weather["tmoy"].astype("float64").to_numpy()
    value[(moments - moments[0]) // step] = 32.0 + known * 1.8 if unit == "C" else known
    return Clock(int(moments[0]), step, value)


def thermal(periods: Periods, clock: Clock, longest: float | None = None) -> Thermal:
    """Work out the daily mean temperatures of each period; beyond ``longest`` days they are no longer its own."""
    first = _ceil(periods.start - clock.origin, clock.step)
    after = _ceil(periods.end - clock.origin, clock.step)
    if longest is not None:
        reach = periods.start + int(longest * DAY) - clock.origin
        after = np.minimum(after, reach // clock.step + 1)
    first, after = np.clip(first, 0, len(clock.value)), np.clip(after, 0, len(clock.value))
    rows = np.maximum(after - first, 0)
    # The days of a period are counted from its own start, as bills need not begin at midnight.
    blocks = -(-rows // clock.per_day)
    owner = np.repeat(np.arange(len(rows)), rows)
    within = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
    block = (np.cumsum(blocks) - blocks)[owner] + within // clock.per_day
    read = clock.value[first[owner] + within]
    known = ~np.isnan(read)
    total = int(blocks.sum())
    count = np.bincount(block[known], minlength=total)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(block[known], weights=read[known], minlength=total) / count
    valid = np.bincount(owner[known], minlength=len(rows))
    holder = np.repeat(np.arange(len(rows)), blocks)
    # Of a day, the rows of the series are counted, known or not; of a longer period, the temperatures known.
    short = rows <= clock.per_day
    day_kept = (rows > DAY_COVERAGE * clock.per_day) & (valid > 0)
    long_kept = valid >= PERIOD_COVERAGE * rows
    keep = np.where(short[holder], day_kept[holder], long_kept[holder] & (count > DAY_COVERAGE * clock.per_day))
    return Thermal(valid, np.bincount(holder[keep], minlength=len(rows)), mean[keep])


def _moments(dates: pd.Series) -> Integers:
    index = pd.DatetimeIndex(dates)
    if index.hasnans:
        raise UsageError("A date is missing; every reading and every temperature needs its date.")
    return index.as_unit("ns").asi8


def _overlaps(start: Integers, end: Integers) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(start), dtype=bool)
    found[1:] = start[1:] < end[:-1]
    return found


def _ceil(moment: Integers, step: int) -> Integers:
    return -(-moment // step)
