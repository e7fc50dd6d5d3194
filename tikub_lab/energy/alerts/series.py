"""What alerts look at: the readings of one meter and one origin, and what their days were: temperature and kind."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.energy.days import (
    HOLIDAY,
    KINDS,
    WEEKEND,
    Booleans,
    Days,
    cold_of,
    date_of,
    kinds_of,
    numbers,
    of_zone,
    stretches,
)
from tikub_lab.energy.periods import Floats, Integers
from tikub_lab.errors import UsageError

SHORTEST = 5
"""Days under which a time without lessons is no holidays that heating would be set back for."""
BRIDGED = 3
"""Missing temperatures in a row that are read off the line between their neighbours."""


@dataclass(frozen=True)
class Series:
    """The readings of one meter and one origin, in order: first day and day after the last, kWh, or not a number.

    ``flagged`` are those that are said to be estimated.
    """

    meter: str
    site: str | None
    station: str | None
    energy: str
    usage: str
    origin: str
    start: Integers
    end: Integers
    kwh: Floats
    flagged: Booleans

    def __len__(self) -> int:
        return len(self.kwh)

    @property
    def heats(self) -> bool:
        """Whether it may heat: a meter of unknown use may."""
        return self.usage != "autres"

    def take(self, rows: Integers | Booleans) -> "Series":
        """Keep some readings."""
        names = ("start", "end", "kwh", "flagged")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def missing(self, start: Integers, end: Integers) -> "Series":
        """Add readings that are not known."""
        more = {"start": start, "end": end, "kwh": np.full(len(start), np.nan), "flagged": np.zeros(len(start), bool)}
        joined: dict[str, Any] = {name: np.concatenate([getattr(self, name), new]) for name, new in more.items()}
        return replace(self, **joined).take(np.argsort(joined["start"], kind="stable"))


def days_of(readings: pd.DataFrame, weather: pd.DataFrame, calendar: pd.DataFrame, zone: str = "B") -> Days:
    """Tell what days were, from a month before some readings (holidays that have begun are whole) to their end."""
    if readings.empty:
        return Days(0, np.empty(0, dtype=np.int64), {})
    first, last = int(numbers(readings["debut"]).min()) - 31, int(numbers(readings["fin"]).max())
    rest, public = of_zone(calendar, zone)
    kinds = kinds_of(rest, public, first, last)
    begin, end = numbers(rest["debut"]) - first, numbers(rest["fin"]) - first
    covered = np.zeros(len(kinds), dtype=bool)
    if len(rest):
        before = int(begin.min())
        covered[max(before, 0) : max(int(end.max()), 0)] = True
        covered[max(before - 62, 0) : max(before, 0)] = before > 0  # a calendar begins with holidays
    # Holidays of some length have a number, in order, those that touch being one.
    labels = rest["libelle"] if "libelle" in rest else pd.Series("vacances", index=rest.index)
    begin, end, labels = begin[~public], end[~public], labels[~public]
    period, names, ends = np.full(len(kinds), -1), list[str](), list[int]()
    for left, right in stretches(kinds == KINDS.index(HOLIDAY)):
        longest = int((np.minimum(end, right) - np.maximum(begin, left)).argmax())
        if end[longest] - begin[longest] >= SHORTEST:
            period[left:right] = len(names)
            names.append(str(labels.iloc[longest]))
            ends.append(right)
    term = np.searchsorted(ends, np.arange(len(kinds)), side="right")
    term = np.where(kinds == KINDS.index(WEEKEND), term, -1)
    return Days(first, kinds, cold_of(weather, first, last, BRIDGED), covered, period, term, tuple(names))


def series_of(readings: pd.DataFrame, meters: pd.DataFrame, sites: pd.DataFrame, origin: str) -> Iterator[Series]:
    """Go through the meters that have readings of an origin: of « relevé », the rows of one day; of « facture », all.

    Raises a UsageError for readings of a meter that is not in the table of meters, or that overlap.
    """
    rows = readings[(readings["origine"] == origin).to_numpy(dtype=bool)]
    about = meters.merge(sites[["code_uai", "station"]], on="code_uai", how="left").set_index("compteur_id")
    rows = rows.assign(start=numbers(rows["debut"]), end=numbers(rows["fin"]))
    length = rows["end"] - rows["start"]
    rows = rows[length == 1 if origin == "relevé" else length > 0].sort_values("start", kind="stable")
    for meter, part in rows.groupby("compteur_id", observed=True):
        if meter not in about.index:
            raise UsageError(f"Readings: meter {meter!r} is not in the table of meters; add its row to energy/meters.")
        start, end = part["start"].to_numpy(), part["end"].to_numpy()
        if (late := start[1:][start[1:] < end[:-1]]).size:
            raise UsageError(
                f"Readings of {meter!r} ({origin}): those of {date_of(late[0]):%Y-%m-%d} overlap; "
                "give each day once an origin."
            )
        row = about.loc[meter]
        words = [None if pd.isna(row[key]) else str(row[key]) for key in ("code_uai", "station", "energie", "usage")]
        kwh, flagged = part["kwh"].to_numpy(np.float64, na_value=np.nan), part["estime"].fillna(False).to_numpy(bool)
        yield Series(str(meter), words[0], words[1], words[2] or "", words[3] or "", origin, start, end, kwh, flagged)
