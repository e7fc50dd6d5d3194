"""Maps: proportional circles on an outline of Brittany, its communes shaded, and a tile for each French département.

The outline is that of the data package, else (``outlines.csv``) our own tracing from capes, river mouths and border
towns, not for measuring. The layout of the tiles (``tiles.csv``) is ours too, neighbours near each other, the overseas
départements below.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import cos, floor, log10, radians, sqrt
from typing import Any

import pandas as pd
import shapely

from tikub_lab.errors import UsageError
from tikub_lab.show import french
from tikub_lab.show.charts import Chart, bars, extremes
from tikub_lab.show.drawing import Drawing, clipped
from tikub_lab.show.output import Shown
from tikub_lab.tables.places import outlines as known_outlines

WEST, EAST, SOUTH, NORTH = -5.25, -0.95, 47.22, 48.93
"""The frame, in degrees: what is outside, or too near its edge to be drawn whole, is counted under the map."""
SHRINK = cos(radians(48.1))  # a degree of longitude against one of latitude, in the middle of the frame
ASPECT = (EAST - WEST) * SHRINK / (NORTH - SOUTH)
MARGIN, MOST_PLACES, LABELLED = 0.09, 60, 8
LARGEST = 5.5  # radius of the largest circle, in percent of the map's width
BRETAGNE = ("22", "29", "35", "56")
KINDS = {"commune": "communes", "epci": "intercommunalités", "departement": "départements"}
SIDE, GAP = 12, 0.05  # tiles on each side of their map, and the free part around each


Rings = dict[str, list[list[tuple[float, float]]]]


def outlines(kind: str = "departement") -> Rings:
    """Return the rings of (longitude, latitude) of territories by code; of départements there is a schematic one."""
    shapes = known_outlines(kind)
    found = {
        str(code): [ring.coords[:-1] for ring in shapely.get_rings(shapely.get_parts(shape))]
        for code, shape in shapes.items()
    }
    return found or (schematic() if kind == "departement" else {})


@cache
def schematic() -> Rings:
    """Return the rings of each Breton département, the mainland first."""
    return {
        str(code): [[*zip(ring["longitude"], ring["latitude"], strict=True)] for _, ring in land.groupby("anneau")]
        for code, land in _read("outlines.csv").groupby("departement")
    }


@cache
def tiles() -> dict[str, tuple[str, float, float]]:
    return {code: (name, x, y) for code, name, x, y in _read("tiles.csv").itertuples(index=False)}


def _read(name: str) -> pd.DataFrame:
    with files("tikub_lab.show").joinpath(name).open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"code": str, "departement": str})


def map(
    frame: pd.DataFrame, title: str, value: Any = None, label: Any = None, *, noun: str = "lieu|lieux", **more: Any
) -> Shown:
    """Draw places of Brittany as circles whose area is their value, the largest named.

    Parameters
    ----------
    frame : DataFrame, one row a place
        With ``longitude`` and ``latitude`` in degrees, which may be missing.
    title, value, label, more : as for ``show.bars``
    noun : str
        What a row is, for the line that counts what is not on the map.

    Examples
    --------
    >>> towns = pd.DataFrame({"ville": ["Rennes"], "longitude": [-1.68], "latitude": [48.11], "nombre": [12]})
    >>> print(map(towns, "Rennes d'abord", "nombre", "ville", noun="commune").facts["alt"])
    Carte de Bretagne : 1 commune, la plus grande valeur à Rennes (12).
    """
    chart = Chart("map", frame, title, value, label, more)
    values, lon, lat = (chart.numbers(name) for name in (chart.value, "longitude", "latitude"))
    worth, placed = values[values > 0], lon.notna() & lat.notna()
    if worth.empty:
        return chart.nothing()
    inside = lon.between(WEST + MARGIN, EAST - MARGIN) & lat.between(SOUTH + MARGIN, NORTH - MARGIN)
    on_map = worth[inside].sort_values(ascending=False, kind="stable")
    write, drawn = chart.measure.full, on_map.head(MOST_PLACES)
    reasons = {
        "Hors de la carte": worth[placed & ~inside],
        "Sans position": worth[~placed],
        "Plus petits, non dessinés": on_map.iloc[MOST_PLACES:],
    }
    some = {why: rows for why, rows in reasons.items() if len(rows)}
    said = [f"{why} : {french.counted(len(rows), noun)} ({write(rows.sum())})." for why, rows in some.items()]
    if lost := len(values) - len(worth):
        said.append(f"Sans valeur : {french.counted(lost, noun)}.")
    drawing = Drawing(100 / ASPECT, (ASPECT, "map"))
    for ring in (ring for rings in outlines().values() for ring in rings):
        drawing.path("land", _ring(ring))
    names = chart.names
    places = [(*_project(lon[row], lat[row]), _radius(drawn[row], drawn.max()), names[row]) for row in drawn.index]
    if len(drawn):  # the key: the circle of a round value, at sea in the south-west
        power = 10.0 ** floor(log10(drawn.max()))
        key = int(drawn.max() / power + 1e-9) * power
        radius = _radius(key, drawn.max())
        places.append((radius + 1, 100 / ASPECT - radius - 1, radius, ""))
        drawing.label(2 * radius + 2, 100 - (radius + 1) * ASPECT, write(key), "s", must=True)
    for x, y, r, _ in places:
        arc = f"a{r:.2f} {r:.2f} 0 1 0"
        drawing.path("ring", f"M{x - r:.2f} {y:.2f}{arc} {2 * r:.2f} 0{arc} {-2 * r:.2f} 0z")
    _name(drawing, places)
    first = f", la plus grande valeur à {names[on_map.index[0]]} ({write(on_map.iloc[0])})" if len(on_map) else ""
    note = " ".join(said)
    alt = f"Carte de Bretagne : {french.counted(len(drawn), noun)}{first}. {note}".strip()
    return chart.shown(drawing, alt, [("a", "surface du cercle : la valeur")], note)


def _project(longitude: float, latitude: float) -> tuple[float, float]:
    """Turn degrees into percent of the map's width, from the left and from the top: true to scale at its middle."""
    return (longitude - WEST) / (EAST - WEST) * 100, (NORTH - latitude) / (EAST - WEST) / SHRINK * 100


def _ring(ring: list[tuple[float, float]]) -> str:
    """Write a ring in tenths of a percent of the width, less than a pixel, each point from the one before."""
    places = [[round(10 * each) for each in _project(*point)] for point in ring]
    steps = [[x - west, y - north] for (west, north), (x, y) in pairwise(places) if [x, y] != [west, north]]
    first, *rest = (re.sub(r"\b0\.", ".", f"{x / 10:g} {y / 10:g}") for x, y in [places[0], *steps])
    return f"M{first}l{' '.join(rest)}z"


def _radius(value: float, largest: float) -> float:
    """Return a circle's radius: the area is the value; half a percent at least, to be seen."""
    return max(LARGEST * sqrt(value / largest), 0.5)


def _name(drawing: Drawing, places: list[tuple[float, float, float, str]]) -> None:
    """Name the largest circles where no name and no circle is in the way; the three largest even over small ones."""

    def keep_off(circles: list[tuple[float, float, float, str]]) -> None:
        for x, y, r, _ in circles:
            drawing.take(x - r, (y - r) * ASPECT, x + r, (y + r) * ASPECT)

    keep_off(places[:3])
    named = 0
    for rank, (x, y, radius, name) in enumerate(places[: 3 * LABELLED]):
        if rank == 3:
            keep_off(places[3:])
        if name and named < LABELLED:
            up = radius + 1.6
            options = ((radius + 1, 0.0, "h"), (-radius - 1, 0.0, "e h"), (0.0, -up, "m h"), (0.0, up + 1, "m h"))
            text = clipped(name, 120)
            named += any(drawing.label(x + dx, (y + dy) * ASPECT, text, css, both=True) for dx, dy, css in options)


def tile_map(frame: Any, title: str, value: Any = None, code: Any = None, **more: Any) -> Shown:
    r"""Draw a tile a département, the darker the larger its value; Brittany's four are framed.

    Parameters
    ----------
    frame, title, value, more : as for ``show.bars``
    code : column, optional
        Codes (« 35 », « 2A », « 974 »), each once; by default the first column of text, or the index. Those without a
        tile are counted under the map. Classes begin near the 40th, 70th and 90th percentiles.

    Examples
    --------
    >>> firms = pd.DataFrame({"code": ["35", "29", "988"], "nombre": [50, 8, 1]})
    >>> print(tile_map(firms, "L'Ille-et-Vilaine d'abord", "nombre").text.splitlines()[1])
    Carte des départements : 2 valeurs, la plus grande Ille-et-Vilaine (50), la plus petite Finistère (8).
    """
    chart = Chart("tile_map", frame, title, value, code, more)
    names = {place: name for place, (name, *_) in tiles().items()}
    middles = {place: ((x + 0.5) / SIDE * 100, (y + 0.5) / SIDE * 100) for place, (_, x, y) in tiles().items()}
    shapes = {place: _square(*middle) for place, middle in middles.items()}
    over = [("frame", shapes[place], 0.0) for place in BRETAGNE]
    return _shaded(chart, Drawing(100.0, (1.0, "tiles")), shapes, names, "départements", over, middles)


def area_map(
    frame: Any, title: str, value: Any = None, code: Any = None, *, name: Any = None, kind: str = "commune",
    breaks: Sequence[float] = (), **more: Any,
) -> Shown:  # fmt: skip
    r"""Shade the communes of Brittany, or its EPCI or départements, the darker the larger the value.

    It needs the outlines of the data package; without them it shows the twelve largest values as bars.

    Parameters
    ----------
    frame, title, value, more : as for ``show.bars``
    code, name : columns, optional
        Codes, each once, as for ``tile_map``; what each is called, for the text alternative.
    kind : str
        commune, epci or departement.
    breaks : sequence of float
        Where classes begin, but for the first; without any, as those of ``tile_map``.

    Examples
    --------
    >>> towns = pd.DataFrame({"code": ["35238", "29019"], "nom": ["Rennes", "Brest"], "nombre": [50, 8]})
    >>> area_map(towns, "Rennes d'abord", "nombre", "code", name="nom").kind
    'figure'
    """
    rings = outlines(kind)
    if not rings:
        return bars(frame.sort_values(value, ascending=False).head(12), title, value, name or code, **more)
    chart = Chart("area_map", frame, title, value, code, more)
    codes, names = chart.frame[chart.label].astype("str"), chart.frame[name or chart.label].astype("str")
    if chart.data is None:
        chart.data = chart.frame.nlargest(12, chart.value)[[name or chart.label, chart.value]]
    shapes = {place: "".join(_ring(ring) for ring in parts) for place, parts in rings.items()}
    called = {place: said for place, said in zip(codes, names, strict=True) if place in rings}
    borders = [("k", _ring(ring), 0.75) for parts in outlines().values() for ring in parts]
    return _shaded(chart, Drawing(100 / ASPECT, (ASPECT, "map")), shapes, called, KINDS[kind], borders, {}, breaks)


def _shaded(
    chart: Chart, drawing: Drawing, shapes: Mapping[str, str], names: Mapping[str, str], what: str,
    over: Sequence[tuple[str, str, float]], written: Mapping[str, tuple[float, float]], breaks: Sequence[float] = (),
) -> Shown:  # fmt: skip
    """Draw the shape of each code in the class of its value, its code where it is written, and what is over them."""
    series = pd.Series(chart.numbers(chart.value).to_numpy(), index=chart.frame[chart.label].astype("str"))
    if not series.index.is_unique:
        raise UsageError(f"{chart.what} needs each code once; {series.index[series.index.duplicated()][0]} is twice.")
    if (series < 0).any():
        raise UsageError(f"{chart.what} needs values from 0; {series.idxmin()} has {series.min():g}.")
    known, write = series[series > 0], chart.measure.full
    if known.empty:
        return chart.nothing()
    bounds = [*breaks] or _bounds(known)
    first = 5 - len(bounds)
    for place, shape in shapes.items():
        rank = bisect_right(bounds, known[place]) + first if place in known else 0
        drawing.path(f"{'ed ' if rank and not written else ''}q{rank}", shape)
        if place in written:
            drawing.text(*written[place], place, {0: "m s", 5: "m p"}.get(rank, "m"))
    for css, shape, width in over:
        drawing.path(css, shape, width)
    whole = chart.measure.size == 1 and (known == known.round()).all()  # « 10 à 19, 20 à 199 »
    spans = [f"{chart.measure.write(low)} à {write(high - whole)}" for low, high in pairwise(bounds)]
    ranges = [f"moins de {write(bounds[0])}", *spans, f"{write(bounds[-1])} et plus"]
    legend = [(f"q{rank}", said) for rank, said in enumerate(ranges, first)]
    mapped = known[known.index.isin(list(names))]
    outside = known.drop(mapped.index)
    note = f"Hors de la carte : {french.counted(len(outside), 'code')} ({write(outside.sum())})."
    note = note if len(outside) else ""
    called = [names[str(place)] for place in mapped.index]
    alt = extremes(f"Carte des {what}", called, mapped, write) if called else f"Carte des {what}. {note}"
    return chart.shown(drawing, alt, [*legend, ("q0", "aucun")], note)


def _square(x: float, y: float) -> str:
    size = (1 - 2 * GAP) / SIDE * 100
    return f"M{x - size / 2:.2f} {y - size / 2:.2f}h{size:.2f}v{size:.2f}h-{size:.2f}z"


def _bounds(known: pd.Series) -> list[float]:
    """Return where classes begin, but for the first: 1, 2 or 5 times a power of ten."""
    near = known.quantile([0.4, 0.7, 0.9])
    powers = 10.0 ** near.map(log10).map(floor)
    rounded = {min((1, 2, 5, 10), key=lambda d: abs(v / p - d)) * p for v, p in zip(near, powers, strict=True)}
    return sorted(bound for bound in rounded if known.min() < bound <= known.max()) or [float(known.max())]
