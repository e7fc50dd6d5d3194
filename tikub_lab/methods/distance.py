"""Distances between places."""

from typing import Any

import numpy as np

EARTH = 6371.0088
"""Mean radius of the Earth in km (IUGG)."""


def haversine(longitude: Any, latitude: Any, other_longitude: Any, other_latitude: Any) -> Any:
    """Give the distance as the crow flies on a sphere, km, of series or of arrays that broadcast (R. W. Sinnott, 1984).

    Examples
    --------
    >>> quimper, rennes = (np.array([-4.1]), np.array([48.0])), (np.array([-1.68]), np.array([48.11]))
    >>> haversine(*quimper, *rennes).round().tolist()
    [180.0]
    """
    here, there = np.radians(latitude), np.radians(other_latitude)
    east = np.radians(other_longitude) - np.radians(longitude)
    half = np.sin((there - here) / 2) ** 2 + np.cos(here) * np.cos(there) * np.sin(east / 2) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(half.clip(0, 1)))
