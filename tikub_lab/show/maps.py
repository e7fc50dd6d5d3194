"""A map of places in Brittany: proportional circles on a schematic outline.

The outline (``outlines.csv``) is our own hand-made tracing, from capes, river mouths and border towns that one knows by
heart: about fifty points a département, good for saying where something is, not for measuring. Borders are drawn with
the same points on both sides.
"""

import csv
from functools import cache
from importlib.resources import files
from itertools import groupby
from math import cos, radians, sqrt
from typing import Any

import pandas as pd

from tikub_lab.show import french
from tikub_lab.show.charts import Chart
from tikub_lab.show.drawing import Drawing, clipped
from tikub_lab.show.output import Shown

WEST, EAST, SOUTH, NORTH = -5.25, -0.95, 47.22, 48.93
"""The frame, in degrees: what is outside, or too near its edge to be drawn whole, is counted under the map."""
MARGIN = 0.09
SHRINK = cos(radians(48.1))
"""A degree of longitude against one of latitude, in the middle of the frame."""
ASPECT = (EAST - WEST) * SHRINK / (NORTH - SOUTH)
MOST_PLACES, LABELLED = 60, 8
LARGEST = 5.5
"""Radius of the largest circle, in percent of the map's width."""


@cache
def outlines() -> dict[str, list[list[tuple[float, float]]]]:
    """Return the schematic outline of each Breton département: rings of (longitude, latitude), the mainland first.

    Examples
    --------
    >>> sorted(outlines())
    ['22', '29', '35', '56']
    """
    text = files("tikub_lab.show").joinpath("outlines.csv").read_text(encoding="utf-8")
    found: dict[str, list[list[tuple[float, float]]]] = {}
    rows = csv.DictReader(text.splitlines())
    for (code, _), ring in groupby(rows, key=lambda row: (row["departement"], row["anneau"])):
        found.setdefault(code, []).append([(float(row["longitude"]), float(row["latitude"])) for row in ring])
    return found


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Turn degrees into percent of the map's width, from the left and from the top: true to scale at its middle.

    Examples
    --------
    >>> project(WEST, NORTH)
    (0.0, 0.0)
    """
    return (longitude - WEST) / (EAST - WEST) * 100, (NORTH - latitude) / (EAST - WEST) / SHRINK * 100


def map(
    frame: pd.DataFrame, title: str, value: Any = None, label: Any = None, *, longitude: Any = "longitude",
    latitude: Any = "latitude", noun: str = "lieu|lieux", **more: Any,
) -> Shown:  # fmt: skip
    """Draw places of Brittany as circles whose area is their value, the largest named.

    Parameters
    ----------
    frame : DataFrame, one row a place
    title, value, label, more
        As for :func:`tikub_lab.show.bars`.
    longitude, latitude : column
        Degrees; may be missing.
    noun : str
        What a row is, for the line under the map that counts what is not on it: places outside the frame, without
        position or value, and beyond the sixty largest.

    Examples
    --------
    >>> towns = pd.DataFrame({"longitude": [-1.68, 2.35], "latitude": [48.11, 48.86], "ville": ["Rennes", "Paris"],
    ...                       "nombre": [12, 3]})
    >>> print(map(towns, "Rennes d'abord", "nombre", "ville", noun="commune").facts["alt"])
    Carte de Bretagne : 1 commune, la plus grande valeur à Rennes (12). Hors de la carte : 1 commune (3).
    """
    chart = Chart("map", frame, title, value, label, more)
    values, lon, lat = (chart.numbers(name) for name in (chart.value, longitude, latitude))
    worth, placed = values > 0, lon.notna() & lat.notna()
    if not worth.any():
        return chart.nothing()
    inside = lon.between(WEST + MARGIN, EAST - MARGIN) & lat.between(SOUTH + MARGIN, NORTH - MARGIN)
    ranked = values[placed & worth & inside].sort_values(ascending=False, kind="stable")
    said = _left_out(chart, values, worth, placed, inside, ranked.iloc[MOST_PLACES:], noun)
    drawn, names = ranked.head(MOST_PLACES), chart.names
    drawing = Drawing(100 / ASPECT, aspect=(ASPECT, "map"))
    for rings in outlines().values():
        shape = "".join(
            "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in (project(*point) for point in ring)) + "z" for ring in rings
        )
        drawing.path("land", shape)
    places = [
        (*project(lon[row], lat[row]), _radius(number, drawn.max()), names[row])
        for row, number in zip(drawn.index.tolist(), drawn.tolist(), strict=True)
    ]
    key = _round(drawn.max()) if len(drawn) else 0.0
    if key:
        radius = _radius(key, drawn.max())
        places.append((radius + 1, 100 / ASPECT - radius - 1, radius, ""))
        _key(drawing, radius, chart.measure.full(key))
    drawing.path("ring", "".join(_circle(x, y, radius) for x, y, radius, _ in places))
    _name(drawing, places)
    near = (
        f", la plus grande valeur à {names[ranked.index[0]]} ({chart.measure.full(ranked.iloc[0])})"
        if len(ranked)
        else ""
    )
    alt = f"Carte de Bretagne : {french.counted(len(drawn), noun)}{near}. {said}".strip()
    return chart.shown(drawing, alt, [("a", "surface du cercle : la valeur")], said)


def _left_out(
    chart: Chart, values: pd.Series, worth: Any, placed: Any, inside: Any, small: pd.Series, noun: str
) -> str:
    reasons = (
        ("Hors de la carte", values[placed & worth & ~inside]),
        ("Sans position", values[~placed & worth]),
        ("Plus petits, non dessinés", small),
    )
    said = [
        f"{why} : {french.counted(len(rows), noun)} ({chart.measure.full(rows.sum())})."
        for why, rows in reasons
        if len(rows)
    ]
    if not worth.all():
        said.append(f"Sans valeur : {french.counted(int((~worth).sum()), noun)}.")
    return " ".join(said)


def _radius(value: float, largest: float) -> float:
    """Return a circle's radius: the area is the value; half a percent at least, to be seen."""
    return max(LARGEST * sqrt(value / largest), 0.5)


def _round(largest: float) -> float:
    """Return the round value of the key's circle: the first digit of the largest."""
    power = 10.0 ** (len(str(int(largest))) - 1) if largest >= 1 else largest
    return int(largest / power) * power


def _circle(x: float, y: float, radius: float) -> str:
    r = f"{radius:.2f}"
    return f"M{x - radius:.2f} {y:.2f}a{r} {r} 0 1 0 {2 * radius:.2f} 0a{r} {r} 0 1 0 {-2 * radius:.2f} 0z"


def _key(drawing: Drawing, radius: float, said: str) -> None:
    """Write the value of the key's circle, at sea in the south-west."""
    y = (100 / ASPECT - radius - 1) * ASPECT
    drawing.label(2 * radius + 2, y, said, "s", must=True)


def _name(drawing: Drawing, places: list[tuple[float, float, float, str]]) -> None:
    """Name the largest circles beside, above or under them where no name and no circle is in the way.

    The three largest have their names even over smaller circles.
    """

    def keep_off(circles: list[tuple[float, float, float, str]]) -> None:
        for x, y, radius, _ in circles:
            for pixels, taken in drawing.taken.items():
                scale = pixels / 100
                taken.append(((x - radius) * scale, (y - radius) * scale, (x + radius) * scale, (y + radius) * scale))

    keep_off(places[:3])
    named = 0
    for rank, (x, y, radius, name) in enumerate(places[: 3 * LABELLED]):
        if rank == 3:
            keep_off(places[3:])
        text = clipped(name, 120)
        if not text or named == LABELLED:
            continue
        up = radius + 1.6
        options = ((radius + 1, 0.0, "h"), (-radius - 1, 0.0, "e h"), (0.0, -up, "m h"), (0.0, up + 1, "m h"))
        named += any(drawing.label(x + dx, (y + dy) * ASPECT, text, css, both=True) for dx, dy, css in options)
