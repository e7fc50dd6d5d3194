"""A fictitious network of trains, coaches and a boat between the sample's communes; neither scale nor seed changes it.

Towns, points and codes are real; stops, lines and times are invented: trains on two lines, coaches to the nearest
larger towns. Planted: towns that no coach leaves in time (``LATE``), towns without any (``UNSERVED``).
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.methods.distance import haversine

FEED, DAY = "fictif", pd.Timestamp("2025-03-11")
TRAINS = (
    "Rennes|Lamballe-Armor|Saint-Brieuc|Guingamp|Morlaix|Landivisiau|Landerneau|Brest",
    "Rennes|Redon|Vannes|Auray|Lorient|Quimperlé|Quimper",
    "Vitré|Rennes|Saint-Malo",
)
BOAT = "Dinard|Saint-Malo"
LATE, UNSERVED = ("Fougères", "Pontivy"), ("Rostrenen", "Carnac")
RAIL, ROAD, BOATING = 75, 38, 15
"""Speeds, km/h."""


def timetables(communes: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Make the tables of ``territory/`` that a timetable fills."""
    towns = communes.set_index("nom")
    km = _apart(towns)
    stops = pd.concat([_stops(towns, "Centre", 0.0), _stops(towns.loc[_stations()], "Gare", 0.006)])
    rides = [*_trains(), *_boats(), *_coaches(towns, km)]
    rows, trips = [], []
    for number, (line, mode, speed, start, names) in enumerate(rides, 1):
        trip, place = f"{FEED}:T{number}", "Gare" if mode == "train" else "Centre"
        ids = [f"{FEED}:{place} {name}" for name in names]
        trips.append({"trajet": trip, "ligne": line, "mode": mode, "destination": f"{names[-1]} (fictif)"})
        at = start
        for rank, (one, other) in enumerate(pairwise(names), 1):
            lasts = 60 * int(np.ceil(float(km[one][other]) * 1.2 / speed * 60 + 1))
            rows.append({"trajet": trip, "rang": rank, "de": ids[rank - 1], "vers": ids[rank], "depart": at,
                         "arrivee": at + lasts, "montee": True, "descente": True})  # fmt: skip
            at += lasts + 60
    feeds = {"reseau": FEED, "jour": DAY, "debut": pd.Timestamp("2025-01-06"), "fin": pd.Timestamp("2025-07-04"),
             "periode": "jour scolaire", "arrets": len(stops), "trajets": len(trips)}  # fmt: skip
    quays = [{"de": f"{FEED}:Gare {name}", "vers": f"{FEED}:Gare {name}", "secondes": 240} for name in _stations()]
    return {
        "feeds": pd.DataFrame([feeds]), "stops": stops, "trips": pd.DataFrame(trips).assign(jour=DAY),
        "connections": pd.DataFrame(rows).assign(jour=DAY), "transfers": pd.DataFrame(quays),
    }  # fmt: skip


def _stations() -> list[str]:
    return sorted({name for line in TRAINS for name in line.split("|")})


def _stops(towns: pd.DataFrame, kind: str, north: float) -> pd.DataFrame:
    names = [f"{kind} {name}" for name in towns.index]
    return pd.DataFrame(
        {"arret": [f"{FEED}:{name}" for name in names], "nom": [f"{name} (fictif)" for name in names],
         "longitude": towns["longitude"].to_numpy(), "latitude": (towns["latitude"] + north).round(3).to_numpy()}
    )  # fmt: skip


def _apart(towns: pd.DataFrame) -> pd.DataFrame:
    """Return the distances between towns as the crow flies, km."""
    ends = [towns[axis].to_numpy() for axis in ("longitude", "latitude")]
    km = haversine(*(each[:, None] for each in ends), *ends)
    return pd.DataFrame(km, index=towns.index, columns=towns.index)


def _trains() -> list[tuple[Any, ...]]:
    """Run trains both ways, an hour or half an hour apart."""
    ways = [(number, way) for number, line in enumerate(TRAINS, 1) for way in (line.split("|"), line.split("|")[::-1])]
    starts = [start for first in (5, 6, 7) for start in (first * 3600 + 600, first * 3600 + 2400)]
    return [(f"Train fictif {number}", "train", RAIL, start, way) for number, way in ways for start in starts]


def _boats() -> list[tuple[Any, ...]]:
    return [("Bateau fictif", "bateau", BOATING, hour * 3600 + 900, BOAT.split("|")) for hour in (6, 7, 8)]


def _coaches(towns: pd.DataFrame, km: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Let coaches go from each town to the three nearest larger ones, and from the nearest back; some late."""
    rides, number = [], 0
    for name, town in towns.iterrows():
        larger = towns[(towns["population"] > town["population"]) & ~towns.index.isin(UNSERVED)]
        near = [*map(str, km[str(name)][larger.index].sort_values(kind="stable").index[:3])]
        for way in [(str(name), other) for other in near] + [(near[0], str(name))] * (number % 3 > 0) if near else []:
            starts = (8 * 3600 + 300,) if way[0] in LATE else (6 * 3600 + 2100, 7 * 3600 + 300, 7 * 3600 + 1200)
            if name not in UNSERVED:
                number += 1
                late = number * 7 % 10 * 60
                rides += [(f"Car fictif {number}", "car ou bus", ROAD, start + late, [*way]) for start in starts]
    return rides
