"""The latest time at which one can leave each stop and arrive somewhere in time: a connection scan, backwards.

Connections are gone through once, the latest first (J. Dibbelt, T. Pajor, B. Strasser, D. Wagner, Connection Scan
Algorithm, 2018, https://doi.org/10.1145/3274661), for all destinations side by side. Between two vehicles one walks
once at most, between stops no farther apart than the walk allows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from tikub_lab.methods.distance import EARTH, haversine

DETOUR, SPEED, FARTHEST = 1.3, 4.0, 1.0
"""A walk is the crow's distance times 1.3, at 4 km/h, of 1 km at most."""
CHANGE = 120
"""Seconds that a change takes at least where the network says nothing else."""
NEVER = np.int32(-(2**30))
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Walks:
    """Pairs of places near enough to walk: positions in either frame, and seconds; sorted by the first."""

    here: Integers
    there: Integers
    seconds: Integers

    def near(self, size: int) -> list[tuple[Integers, Integers]]:
        """Return, for each place of the first frame, those near it and the seconds to them."""
        cuts = np.searchsorted(self.here, np.arange(1, size))
        return list(zip(np.split(self.there, cuts), np.split(self.seconds, cuts), strict=True))


def walks(places: pd.DataFrame, others: pd.DataFrame) -> Walks:
    """Find which places of two frames (longitude, latitude; missing ones are near nothing) are within a walk.

    Examples
    --------
    >>> here = pd.DataFrame({"longitude": [-4.1, -4.1], "latitude": [48.0, 48.005]})
    >>> walks(here.head(1), here).seconds.tolist()
    [0, 651]
    """
    at = [frame[["longitude", "latitude"]].to_numpy("float64") for frame in (places, others)]
    rows = [np.flatnonzero(np.isfinite(each).all(axis=1)) for each in at]
    trees = [cKDTree(_on_sphere(each[known])) for each, known in zip(at, rows, strict=True)]
    pairs = trees[0].sparse_distance_matrix(trees[1], FARTHEST / DETOUR / EARTH, output_type="ndarray")
    pairs.sort(order=["i", "j"])
    here, there = rows[0][pairs["i"]], rows[1][pairs["j"]]
    km = haversine(*at[0][here].T, *at[1][there].T) * DETOUR
    kept = km <= FARTHEST
    seconds = np.ceil(km / SPEED * 3600).astype(np.int32)
    return Walks(*(each[kept].astype(np.int32) for each in (here, there, seconds)))


def _on_sphere(degrees: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    longitude, latitude = np.radians(degrees).T
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=1)


def changes(stops: pd.DataFrame, transfers: pd.DataFrame, least: int = CHANGE) -> Walks:
    """Return where one can change vehicles and how long that takes, from the stop where one gets on.

    On foot, ``least`` seconds at least; what ``transfers`` says of two stops stands instead, and missing ``secondes``
    say that the change is not possible.
    """
    foot, place = walks(stops, stops), pd.Series(np.arange(len(stops)), index=stops["arret"])
    same = np.arange(len(stops))  # of stops that are nowhere, too
    table = pd.DataFrame({"on": [*foot.here, *same], "off": [*foot.there, *same], "s": [*foot.seconds, *same * 0]})
    said = pd.DataFrame({"on": transfers["vers"].map(place), "off": transfers["de"].map(place),
                         "s": transfers["secondes"].astype("float64")}).dropna(subset=["on", "off"])  # fmt: skip
    table = pd.concat([table.assign(s=table["s"].clip(lower=least)), said.assign(s=said["s"].clip(lower=1))])
    table = table.drop_duplicates(["on", "off"], keep="last").dropna().astype("int32").sort_values(["on", "off"])
    return Walks(*(table[name].to_numpy() for name in ("on", "off", "s")))


@dataclass(frozen=True)
class Timetable:
    """What runs: columns of numbers, one entry a connection, sorted by departure; and where one changes."""

    size: int
    """How many stops there are."""
    changes: Walks
    trip: Integers
    source: Integers
    target: Integers
    departure: Integers
    arrival: Integers
    on: npt.NDArray[np.bool_]
    off: npt.NDArray[np.bool_]
    row: npt.NDArray[np.intp]
    """Which row of the table of connections each is."""

    @classmethod
    def of(cls, stops: pd.DataFrame, connections: pd.DataFrame, transfers: pd.DataFrame) -> "Timetable":
        """Make it of tables; connections whose stops are not there are left out."""
        place = pd.Series(np.arange(len(stops)), index=stops["arret"])
        ends = [connections[name].map(place) for name in ("de", "vers")]
        known = (ends[0].notna() & ends[1].notna()).to_numpy(bool)
        rows = connections.assign(de=ends[0], vers=ends[1])[known]
        order = np.lexsort([rows[name].to_numpy("int64") for name in ("rang", "arrivee", "depart")])
        trip = pd.factorize(rows["trajet"])[0].astype(np.int32)
        numbers = [trip, *(rows[name].to_numpy("int32") for name in ("de", "vers", "depart", "arrivee"))]
        flags = [rows[name].fillna(True).to_numpy(bool) for name in ("montee", "descente")]
        every: list[Any] = [each[order] for each in (*numbers, *flags, np.flatnonzero(known))]
        return cls(len(stops), changes(stops, transfers), *every)


def latest(timetable: Timetable, due: Integers) -> tuple[Integers, Integers]:
    """Return when one gets on at each stop at the latest, and by which connection, to be in time at each destination.

    ``due`` (stops, destinations) is when one has to get off at a stop to walk from there to a destination, ``NEVER``
    where that is too far. Of the same shape are the times, ``NEVER`` where there is no way, and the connections: rows
    of the table, -1 there.
    """
    reach, leaves, by = due.copy(), np.full(due.shape, NEVER), np.full(due.shape, -1)
    aboard = np.zeros((timetable.trip.max(initial=-1) + 1, due.shape[1]), bool)
    near, names = timetable.changes.near(timetable.size), ("row", "trip", "source", "target", "departure", "arrival")
    columns = (getattr(timetable, name)[::-1].tolist() for name in (*names, "on", "off"))
    for row, trip, source, target, departure, arrival, on, off in zip(*columns, strict=True):
        stay = aboard[trip]
        if off:
            stay |= reach[target] >= arrival
        if on and stay.any():
            new = stay & (by[source] < 0)  # what comes later in the scan leaves earlier
            if new.any():
                leaves[source, new], by[source, new] = departure, row
                stops, seconds = near[source]
                earlier = np.where(new, departure - seconds[:, None], NEVER)
                reach[stops] = np.maximum(reach[stops], earlier)
    return leaves, by
