"""A map of places in Brittany: proportional circles on a schematic outline.

The outline (``outlines.csv``) is our own hand-made tracing, from capes, river mouths and border towns that one knows by
heart: about fifty points a département, good for saying where something is, not for measuring. Borders are drawn with
the same points on both sides.
"""

import csv
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from itertools import groupby
from math import cos, radians, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.charts import ACCENT, INK, LINE, REST, SOFT, WIDTH, canvas, shorten
from tikub_lab.show.french import number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WEST, EAST, SOUTH, NORTH = -5.25, -0.95, 47.22, 48.93
"""The frame, in degrees: what is outside, or too near its edge to be drawn whole, is counted under the map."""
MARGIN = 0.09

SHRINK = cos(radians(48.1))
"""A degree of longitude against one of latitude, in the middle of the frame."""

MOST_PLACES = 60
LABELLED = 7
LARGEST = 24.0
"""Radius of the largest circle, in points."""
POINT = (EAST - WEST) * SHRINK / (WIDTH * 72)
"""A point of the page, in the map's unit."""
CHARACTER, LEADING = 5.9, 12.0
"""Points that a character takes across, and a line down, at ten points: more than any font needs."""


class Box(NamedTuple):
    """A rectangle that a text or a circle takes."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: "Box") -> bool:
        """Say whether two rectangles overlap."""
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high


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
    for (code, _), rows in groupby(
        csv.DictReader(text.splitlines()), key=lambda row: (row["departement"], row["anneau"])
    ):
        found.setdefault(code, []).append([(float(row["longitude"]), float(row["latitude"])) for row in rows])
    return found


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Turn degrees into the map's plane: equirectangular, true to scale at its middle.

    Examples
    --------
    >>> project(WEST, SOUTH)
    (0.0, 0.0)
    """
    return (longitude - WEST) * SHRINK, latitude - SOUTH


def places(
    points: pd.DataFrame,
    value: str = "nombre",
    form: Callable[[Any], str] = number,
    noun: str = "lieu",
    nouns: str = "lieux",
) -> "Figure":
    """Draw places of Brittany as circles whose area is their value, the largest named.

    Parameters
    ----------
    points : DataFrame, one row a place
        Columns ``longitude``, ``latitude`` (degrees; may be missing), ``libelle``, and the value's.
    value : str
        The column that circles show: ``nombre``, ``montant``.
    form : callable
        How a value is written.
    noun, nouns : str
        What a row is, singular and plural, for the line under the map that counts what is not on it: places outside
        the frame, without position or value, and beyond the :data:`MOST_PLACES` largest.

    Raises
    ------
    UsageError
        A column that is not there, or no place at all.

    Examples
    --------
    >>> towns = pd.DataFrame({"longitude": [-1.68, 2.35], "latitude": [48.11, 48.86], "libelle": ["Rennes", "Paris"],
    ...                       "nombre": [12, 3]})
    >>> [text.get_text() for text in places(towns).axes[0].texts]
    ['10', 'Rennes', 'Hors de la carte : 1 lieu (3).']
    """
    lost = [name for name in ("longitude", "latitude", "libelle", value) if name not in points]
    if lost:
        raise UsageError(f"A map of places needs the column {lost[0]}; the table has {', '.join(map(str, points))}.")
    if points.empty:
        raise UsageError("A map of places needs at least one place; the table is empty. Say so in words instead.")
    drawn, said = _sorted_out(points, value, form, noun, nouns)
    height = (NORTH - SOUTH) / ((EAST - WEST) * SHRINK) * WIDTH
    lines = _wrapped(said)
    under = 0.04 + 0.17 * len(lines)
    figure, axes = canvas(height + under, under=under)
    axes.set_xlim(0, (EAST - WEST) * SHRINK)
    axes.set_ylim(0, NORTH - SOUTH)
    axes.set_axis_off()
    _land(axes)
    largest = float(drawn[value].max()) if len(drawn) else 0.0
    circles = [
        (*project(longitude, latitude), _radius(amount, largest), label)
        for longitude, latitude, amount, label in zip(
            drawn["longitude"].tolist(), drawn["latitude"].tolist(), drawn[value].tolist(),
            drawn["libelle"].astype("str").tolist(), strict=True,
        )
    ]  # fmt: skip
    _round(axes, [(x, y, radius) for x, y, radius, _ in circles])
    key = _key(axes, largest, form) if circles else []
    _name(axes, circles, key)
    for position, line in enumerate(lines):
        axes.annotate(
            line, (0, 0), (0, -4 - 12 * position), xycoords="axes fraction", textcoords="offset points", va="top",
            color=SOFT, fontsize=10, annotation_clip=False,
        )  # fmt: skip
    return figure


def _sorted_out(
    points: pd.DataFrame, value: str, form: Callable[[Any], str], noun: str, nouns: str
) -> tuple[pd.DataFrame, str]:
    """Choose what is drawn, the largest first, and say what is not."""
    numbers = points[value].astype("float64")
    placed = points["longitude"].notna() & points["latitude"].notna()
    worth = numbers > 0
    inside = points["longitude"].between(WEST + MARGIN, EAST - MARGIN)
    inside &= points["latitude"].between(SOUTH + MARGIN, NORTH - MARGIN)
    ranked = points.assign(**{value: numbers})[placed & worth & inside]
    ranked = ranked.sort_values([value, "libelle"], ascending=[False, True], kind="stable")
    reasons = (
        ("Hors de la carte", points[placed & worth & ~inside]),
        ("Sans position", points[~placed & worth]),
        ("Plus petits, non dessinés", ranked.iloc[MOST_PLACES:]),
    )
    said = [
        f"{why} : {plural(len(rows), noun, nouns)} ({form(float(rows[value].sum()))})."
        for why, rows in reasons
        if len(rows)
    ]
    if not worth.all():
        said.append(f"Sans valeur : {plural(int((~worth).sum()), noun, nouns)}.")
    return ranked.head(MOST_PLACES), " ".join(said)


def _wrapped(text: str, width: int = 60) -> list[str]:
    from textwrap import wrap

    return wrap(text, width)


def _radius(value: float, largest: float) -> float:
    """Return a circle's radius in the map's unit: the area is the value; two points at least, to be seen."""
    return max(LARGEST * sqrt(value / largest), 2.0) * POINT


def _land(axes: "Axes") -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for rings in outlines().values():
        shape = Path.make_compound_path(*(Path([project(*point) for point in [*ring, ring[0]]]) for ring in rings))
        axes.add_patch(PathPatch(shape, facecolor=to_rgba(LINE, 0.35), edgecolor=REST, linewidth=0.7))


def _round(axes: "Axes", circles: list[tuple[float, float, float]]) -> None:
    """Draw all circles as one shape: a page's weight is counted in nodes."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if circles:
        shape = Path.make_compound_path(*(Path.circle((x, y), radius) for x, y, radius in circles))
        axes.add_patch(PathPatch(shape, facecolor=to_rgba(ACCENT, 0.35), edgecolor=ACCENT, linewidth=1))


def _key(axes: "Axes", largest: float, form: Callable[[Any], str]) -> list[Box]:
    """Draw one circle of a round value at sea, with the value, and return the room it takes."""
    digits = 10.0 ** (len(str(int(largest))) - 1) if largest >= 1 else largest
    amount = int(largest / digits) * digits
    radius = _radius(amount, largest)
    x, y = 4 * POINT + radius, 4 * POINT + radius
    _round(axes, [(x, y, radius)])
    axes.text(x + radius + 4 * POINT, y, form(amount), va="center", ha="left", color=SOFT, fontsize=10)
    return [Box(0, 0, x + radius + 60 * POINT, y + radius)]


def _name(axes: "Axes", circles: list[tuple[float, float, float, str]], taken: list[Box]) -> None:
    """Name the largest circles where there is room beside, above or under them; skip a name rather than overlap.

    A name keeps clear of the other circles too, lest it be read as theirs.
    """
    rounds = [Box(x - radius, y - radius, x + radius, y + radius) for x, y, radius, _ in circles]
    frame = Box(0, 0, (EAST - WEST) * SHRINK, NORTH - SOUTH)
    named = 0
    for rank, (x, y, radius, label) in enumerate(circles[: 2 * LABELLED]):
        obstacles = [*taken, *rounds[:rank], *rounds[rank + 1 :]]
        text = shorten(label, 22)
        width, height = len(text) * CHARACTER * POINT, LEADING * POINT
        gap = radius + 3 * POINT
        options = (
            (x + gap, y - height / 2), (x - gap - width, y - height / 2), (x - width / 2, y + gap),
            (x - width / 2, y - gap - height),
        )  # fmt: skip
        for left, low in options:
            box = Box(left, low, left + width, low + height)
            within = (
                frame.left <= box.left and box.right <= frame.right and frame.low <= box.low and box.high <= frame.high
            )
            if within and not any(box.meets(other) for other in obstacles):
                # The anchor is on the circle's side, so that a narrower font stays close to it.
                side = "left" if left > x else "right" if left + width < x else "center"
                at = {"left": left, "right": left + width, "center": left + width / 2}[side]
                axes.text(at, low + height / 2, text, ha=side, va="center", color=INK, fontsize=10)
                taken.append(box)
                named += 1
                break
        if named == LABELLED:
            return
