"""Fictitious stations and their daily temperatures: an oceanic climate, in which years differ.

The normal of a day lies on straight lines between twelve values; around it wander a regional anomaly of a few days, one
of a few weeks, and one of each station, all of them autoregressive. Nothing of it was observed anywhere.
"""

import numpy as np
import pandas as pd

from data.make.sampling import Floats, Integers, Stream
from tikub_lab.tables.places import communes

START = np.datetime64("2010-01-01", "D")
"""First day with temperatures; those before 2018 serve the reference years only."""
END = np.datetime64("2026-01-01", "D")
"""The day after the last."""

STATIONS = pd.DataFrame(
    [
        ("F1", "Rennes", 12.5, 6.7, 40),
        ("F2", "Saint-Brieuc", 11.8, 5.7, 90),
        ("F3", "Brest", 11.9, 5.0, 80),
        ("F4", "Quimper", 12.2, 5.6, 60),
        ("F5", "Vannes", 12.5, 6.4, 20),
        ("F6", "Pontivy", 11.5, 6.2, 100),
    ],
    columns=["station", "secteur", "moyenne", "amplitude", "altitude"],
)
"""Code, nearby town, mean temperature and half its yearly swing (°C), altitude (m)."""

SEASON = np.array([-0.98, -0.95, -0.58, -0.22, 0.30, 0.78, 1.06, 1.05, 0.66, 0.10, -0.52, -0.90])
"""The shape of a year: where the middle of each month lies between the mean less and plus half the swing."""


def stations() -> pd.DataFrame:
    """Place the fictitious stations at the towns that name their sectors."""
    place = communes().set_index("nom").loc[STATIONS["secteur"], ["longitude", "latitude"]].reset_index(drop=True)
    names = "Station fictive n° " + STATIONS["station"].str[1:] + ", secteur " + STATIONS["secteur"]
    return STATIONS[["station", "altitude"]].assign(lib_station=names).join(place)


def nearest(longitude: Floats, latitude: Floats) -> Integers:
    """Return the position of the station nearest to each place (on a flat map of Brittany)."""
    table = stations()
    east = (longitude[:, None] - table["longitude"].to_numpy()) * 0.67  # the cosine of 48 degrees
    north = latitude[:, None] - table["latitude"].to_numpy()
    return np.argmin(east * east + north * north, axis=1).astype(np.int64)


def shape_of_year(days: np.ndarray) -> Floats:
    """Return where each day's normal lies: about -1 in January, about 1 in July and August."""
    month = days.astype("datetime64[M]")
    first = month.astype("datetime64[D]")
    length = ((month + 1).astype("datetime64[D]") - first).astype(np.float64)
    moment = month.astype(np.int64) % 12 + (days - first).astype(np.float64) / length - 0.5
    left = np.floor(moment)
    before, after = SEASON[left.astype(np.int64) % 12], SEASON[(left.astype(np.int64) + 1) % 12]
    return before + (moment - left) * (after - before)


def wander(stream: Stream, rows: int, days: int, memory: float | Floats) -> Floats:
    """Draw autoregressive series of order one: mean 0, variance 1, and the ``memory`` of all, or of each."""
    series = stream.normal(rows * days).reshape(days, rows)
    rest = np.sqrt(1 - memory * memory)
    for day in range(1, days):
        series[day] = memory * series[day - 1] + rest * series[day]
    return series.T


def temperatures(stream: Stream, days: np.ndarray, mean: Floats, swing: Floats, together: bool = True) -> Floats:
    """Draw daily means of places by their yearly mean and half its swing, °C; together, they share the weather."""
    places, shape = len(mean), shape_of_year(days)
    regions = 1 if together else places
    spells, weeks = (wander(stream, regions, len(days), memory) for memory in (0.78, 0.985))
    local = wander(stream, places, len(days), 0.7)
    anomaly = 2.3 * spells * (1 - 0.2 * shape) + 0.8 * weeks + 0.7 * local
    return np.round(mean[:, None] + swing[:, None] * shape + anomaly, 1)


def weather(stream: Stream) -> tuple[Floats, pd.DataFrame]:
    """Draw the temperatures of all stations from 2010 to 2025: daily means, and the table that has them."""
    days = np.arange(START, END)
    middle = temperatures(stream, days, STATIONS["moyenne"].to_numpy(), STATIONS["amplitude"].to_numpy())
    size, shape = middle.size, shape_of_year(days)
    span = np.maximum(6.5 + 1.3 * shape + 1.7 * stream.normal(size).reshape(middle.shape), 1.5)
    high = np.round(middle + span * (0.46 + 0.08 * stream.uniform(size).reshape(middle.shape)), 1)
    low = np.round(high - span, 1)
    table = pd.DataFrame(
        {
            "station": np.repeat(STATIONS["station"].to_numpy(object), len(days)),
            "jour": np.tile(days, len(middle)),
            "tmin": low.ravel(),
            "tmoy": middle.ravel(),
            "tmax": high.ravel(),
        }
    )
    return middle, table
