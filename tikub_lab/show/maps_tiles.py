"""A map of the French départements as tiles of one size, so that the small ones are seen as well as the large.

The layout (``tiles.csv``) is our own: a grid that keeps neighbours near each other, the overseas départements below.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.charts import ACCENT, INK, LINE, PAPER, REST, SOFT, WIDTH, canvas
from tikub_lab.show.french import number, plural

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BRETAGNE = ("22", "29", "35", "56")

SHADES = {2: (0.3, 1.0), 3: (0.16, 0.45, 1.0), 4: (0.12, 0.28, 0.5, 1.0), 5: (0.08, 0.2, 0.34, 0.5, 1.0)}
"""Opacity of the accent colour by class: over the page's paper, light or dark, each step is seen in grey too. No shade
between a half and one: neither the ink nor the paper would be read on it."""

COLUMNS, ROWS = 12, 12
GAP = 0.05


@cache
def tiles() -> dict[str, tuple[str, float, float]]:
    """Return the name, column and row of each département's tile, by code.

    Examples
    --------
    >>> len(tiles()), tiles()["29"]
    (101, ('Finistère', 0.0, 3.0))
    """
    text = files("tikub_lab.show").joinpath("tiles.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: (row["nom"], float(row["colonne"]), float(row["ligne"])) for row in rows}


def departement_names() -> pd.Series:
    """Return the names of the 101 départements, by code, for the table that goes with a map.

    Examples
    --------
    >>> departement_names()["2A"]
    'Corse-du-Sud'
    """
    return pd.Series({code: name for code, (name, _, _) in tiles().items()}, name="nom").rename_axis("code")


def departements(
    values: pd.Series,
    form: Callable[[Any], str] = number,
    breaks: Sequence[float] | None = None,
    nothing: str = "aucun",
) -> "Figure":
    """Draw a tile a département, the darker the larger its value; Brittany's four are framed.

    Parameters
    ----------
    values : Series
        Index: codes (« 35 », « 2A », « 974 »). A département that is not in it, or whose value is missing or zero, is
        left white: say so with ``nothing``. Codes without a tile are counted under the map.
    form : callable
        How the bounds of the classes are written; a class begins at its lower bound.
    breaks : sequence of one to four numbers, optional
        Where classes begin, but for the first, which has what is below; by default round numbers near the 40th, 70th
        and 90th percentiles.
    nothing : str
        What a white tile means.

    Raises
    ------
    UsageError
        A code twice, a negative value, no value at all, or breaks out of order.

    Examples
    --------
    >>> figure = departements(pd.Series({"35": 50, "29": 8, "75": 3, "988": 1}), breaks=[5, 20])
    >>> [text.get_text() for text in figure.axes[0].texts][-5:]
    ['moins de 5', '5 à 20', '20 et plus', 'aucun', 'Hors de la carte : 1 code (1).']
    """
    series = values.astype("float64")
    series.index = series.index.astype("str")
    if not series.index.is_unique:
        raise UsageError(
            f"A map of départements needs each code once; {series.index[series.index.duplicated()][0]} is twice."
        )
    if (series < 0).any():
        raise UsageError(f"A map of départements needs values from 0; {series.idxmin()} has {series.min()}.")
    known = series[series > 0]
    if known.empty:
        raise UsageError("A map of départements needs at least one value above 0. Say so in words instead.")
    bounds = _bounds(known, breaks)
    outside = known[~known.index.isin(list(tiles()))]
    under = 0.22 if len(outside) else 0.0
    figure, axes = canvas(WIDTH * (ROWS + 0.1) / (COLUMNS + 0.1) + under, under=under)
    axes.set_xlim(-0.05, COLUMNS + 0.05)
    axes.set_ylim(ROWS + 0.05, -0.05)
    axes.set_axis_off()
    classes = {code: bisect_right(bounds, known[code]) if code in known else None for code in tiles()}
    _draw(axes, classes, SHADES[len(bounds) + 1])
    _legend(axes, bounds, form, nothing)
    if len(outside):
        text = f"Hors de la carte : {plural(len(outside), 'code')} ({form(float(outside.sum()))})."
        axes.annotate(
            text, (0, 0), (0, -4), xycoords="axes fraction", textcoords="offset points", va="top", color=SOFT,
            fontsize=10, annotation_clip=False,
        )  # fmt: skip
    return figure


def _bounds(known: pd.Series, breaks: Sequence[float] | None) -> list[float]:
    if breaks is None:
        near = [_rounded(float(value)) for value in known.quantile([0.4, 0.7, 0.9])]
        found = sorted({bound for bound in near if known.min() < bound <= known.max()})
        return found or [float(known.max())]
    given = [float(bound) for bound in breaks]
    if not 1 <= len(given) <= 4 or given != sorted(set(given)) or given[0] <= 0:
        raise UsageError(f"A map's breaks are one to four numbers above 0, in order; found {list(breaks)}.")
    return given


def _rounded(value: float) -> float:
    """Round to 1, 2 or 5 times a power of ten."""
    from math import floor, log10

    scale = 10.0 ** floor(log10(value))
    return min((1, 2, 5, 10), key=lambda digit: abs(value / scale - digit)) * scale


def _draw(axes: "Axes", classes: dict[str, int | None], shades: Sequence[float]) -> None:
    """Draw the tiles of each class as one shape, then their codes."""
    for shade in [None, *range(len(shades))]:
        _squares(
            axes, [code for code, own in classes.items() if own == shade], None if shade is None else shades[shade]
        )
    for code, own in classes.items():
        _, x, y = tiles()[code]
        # On the full accent the page's paper is read, on the lighter shades its ink.
        color = SOFT if own is None else PAPER if shades[own] == 1 else INK
        axes.text(x + 0.5, y + 0.52, code, ha="center", va="center", color=color, fontsize=10)
    _squares(axes, list(BRETAGNE), 0.0, edge=INK, width=1.8)


def _squares(
    axes: "Axes", codes: Sequence[str], opacity: float | None, edge: str | None = None, width: float = 0.7
) -> None:
    places = [tiles()[code][1:] for code in codes]
    _shape(axes, [(x, y, 1.0) for x, y in places], opacity, edge, width)


def _shape(
    axes: "Axes",
    squares: Sequence[tuple[float, float, float]],
    opacity: float | None,
    edge: str | None = None,
    width: float = 0.7,
) -> None:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not squares:
        return
    corners = ((GAP, GAP), (1 - GAP, GAP), (1 - GAP, 1 - GAP), (GAP, 1 - GAP), (GAP, GAP))
    parts = (Path([(x + dx * size, y + dy * size) for dx, dy in corners], closed=True) for x, y, size in squares)
    face = to_rgba(ACCENT, opacity) if opacity else "none"
    line = edge or (REST if opacity else LINE)
    axes.add_patch(PathPatch(Path.make_compound_path(*parts), facecolor=face, edgecolor=line, linewidth=width))


def _legend(axes: "Axes", bounds: Sequence[float], form: Callable[[Any], str], nothing: str) -> None:
    """Write what each class means, where the map has sea: the north-west."""
    words = [f"moins de {form(bounds[0])}"]
    words += [f"{form(low)} à {form(high)}" for low, high in pairwise(bounds)]
    words += [f"{form(bounds[-1])} et plus", nothing]
    shades = [*SHADES[len(bounds) + 1], None]
    step = min(0.5, 2.2 / len(words))
    size = 0.85 * step
    for place, (word, shade) in enumerate(zip(words, shades, strict=True)):
        y = 0.05 + place * step
        _shape(axes, [(0.0, y, size)], shade)
        axes.text(0.52, y + 0.54 * size, word, va="center", ha="left", color=INK, fontsize=10)
