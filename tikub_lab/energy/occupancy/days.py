"""The days that readings of any period fall on: of lessons, of weekend, of holidays, and how cold each of them was."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tikub_lab.energy.caltrack import Kind
from tikub_lab.energy.days import Days, cold_of, kinds_of, numbers, of_zone
from tikub_lab.energy.heating import spans
from tikub_lab.energy.periods import DAY, Floats, Integers
from tikub_lab.errors import UsageError

POINTS = tuple(np.arange(8.0, 20.25, 0.5).tolist())
"""Candidate balance points, °C of the daily mean."""
COVERAGE = 0.9
"""Share of a period's days that must have a temperature."""
SILENT = 75
"""Days around those of the calendar that are taken to be of lessons: no stretch without a holiday is longer."""


@dataclass(frozen=True)
class Design:
    """Periods of use of one meter, and what their days were like.

    Days since 1970 (``end`` excluded), kWh a day; ``shares`` (n, 3) of each kind of day; ``degrees`` and ``below`` (3,
    n, points): degree days a day, and share of the days, below each of ``points`` (°C), on days of each kind.
    """

    start: Integers
    end: Integers
    usage: Floats
    shares: Floats
    degrees: Floats
    below: Floats
    points: Floats

    @property
    def days(self) -> Floats:
        """Length of each period."""
        return (self.end - self.start).astype(float)

    @property
    def kind(self) -> Kind:
        """Whether these are days or bills."""
        return "billing" if (self.days > 1).any() else "daily"

    def __len__(self) -> int:
        return len(self.start)


def days_of(weather: pd.DataFrame, calendar: pd.DataFrame, first: object, last: object, zone: str = "B") -> Days:
    """Tell what the days of a time were, both ends included, as far as the calendar tells of them.

    Those that it does not tell of have no kind and stay out.
    """
    rest, public = of_zone(calendar, zone)
    if rest.empty:
        raise UsageError(f"Calendar of zone {zone!r}: it tells of no holidays; add them to energy/calendar.")
    opened, closed = int(numbers(rest["debut"]).min()) - SILENT, int(numbers(rest["fin"]).max()) + SILENT
    begin, end = (pd.Timestamp(str(day)).value // DAY for day in (first, last))
    start = max(begin, opened)
    stop = max(min(end, closed), start) + 1
    return Days(start, kinds_of(rest, public, start, stop), cold_of(weather, start, stop))


def by_step(readings: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Give the readings of each meter that a model may take: single days that were measured, and bills (``spans``)."""
    measured = readings["kwh"].notna() & ~readings["estime"].fillna(False).astype(bool)
    single = (readings["fin"] - readings["debut"]) == pd.Timedelta(days=1)
    days = readings[measured & single & (readings["origine"] == "relevé")].sort_values("debut", kind="stable")
    found = {}
    for step, rows in (("relevé", days), ("facture", spans(readings[readings["origine"] == "facture"]))):
        rows = rows[["compteur_id", "kwh"]].assign(debut=numbers(rows["debut"]), fin=numbers(rows["fin"]))
        found[step] = {str(meter): own for meter, own in rows.groupby("compteur_id", observed=True)}
    return found


class Designer:
    """Makes designs, the days of each station being added up once."""

    def __init__(self, days: Days, points: Sequence[float] = POINTS) -> None:
        self.days, self.points = days, np.asarray(points, dtype=float)
        self._sums: dict[str, tuple[Floats, Floats]] = {}

    def design(self, start: Integers, end: Integers, kwh: Floats, station: str) -> Design:
        """Match periods with their days; those without use, or with too few temperatures, are left out."""
        sums, known = self._added(station)
        left, right = (np.clip(moment - self.days.first, 0, len(known) - 1) for moment in (start, end))
        days = (end - start).astype(float)
        warm = known[right] - known[left]
        usable = ~np.isnan(kwh) & (days > 0) & (warm >= COVERAGE * days)
        total = (sums[right] - sums[left])[usable] / warm[usable, None]
        count = len(self.points)
        split = total[:, 3:].reshape(len(total), 2, 3, count).transpose(1, 2, 0, 3)
        return Design(
            start[usable], end[usable], kwh[usable] / days[usable], total[:, :3], split[0], split[1], self.points
        )

    def _added(self, station: str) -> tuple[Floats, Floats]:
        if station not in self._sums:
            cold = self.days.at(station)
            known = ~np.isnan(cold)
            of_kind = (self.days.kinds[:, None] == np.arange(3)) & known[:, None]
            depth = np.maximum(self.points - np.where(known, cold, 99.0)[:, None], 0)
            parts = [of_kind.astype(float)]
            parts += [values * of_kind[:, [kind]] for values in (depth, depth > 0) for kind in range(3)]
            table = np.hstack(parts)
            self._sums[station] = (
                np.vstack([np.zeros(table.shape[1]), np.cumsum(table, axis=0)]),
                np.concatenate([[0.0], np.cumsum(known)]),
            )
        return self._sums[station]
