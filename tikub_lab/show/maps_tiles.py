"""A map of the French départements as tiles of one size, so that the small ones are seen as well as the large.

The layout (``tiles.csv``) is our own: a grid that keeps neighbours near each other, the overseas départements below.
"""

import csv
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import floor, log10
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french
from tikub_lab.show.charts import Chart, extremes
from tikub_lab.show.drawing import Drawing
from tikub_lab.show.output import Shown

BRETAGNE = ("22", "29", "35", "56")
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


def tile_map(
    frame: Any, title: str, value: Any = None, code: Any = None, *, breaks: Sequence[float] | None = None,
    nothing: str = "aucun", **more: Any,
) -> Shown:  # fmt: skip
    r"""Draw a tile a département, the darker the larger its value; Brittany's four are framed.

    Parameters
    ----------
    frame, title, value, more
        As for :func:`tikub_lab.show.bars`.
    code : column, optional
        Codes (« 35 », « 2A », « 974 »); by default the first column of text, or the index. A département that is not
        there, or whose value is missing or zero, is left white. Codes without a tile are counted under the map.
    breaks : sequence of one to four numbers, optional
        Where classes begin, but for the first, which has what is below; by default round numbers near the 40th, 70th
        and 90th percentiles.
    nothing : str
        What a white tile means.

    Raises
    ------
    UsageError
        A code twice, a negative value, or breaks out of order.

    Examples
    --------
    >>> firms = pd.DataFrame({"code": ["35", "29", "988"], "nombre": [50, 8, 1]})
    >>> shown = tile_map(firms, "L'Ille-et-Vilaine d'abord", "nombre", breaks=[5, 20])
    >>> print(shown.text.splitlines()[1])
    Carte des départements : 2 valeurs, la plus grande Ille-et-Vilaine (50), la plus petite Finistère (8).
    """
    chart = Chart("tile_map", frame, title, value, code, more)
    series = pd.Series(chart.numbers(chart.value).to_numpy(), index=chart.frame[chart.label].astype("str"))
    if not series.index.is_unique:
        raise UsageError(f"{chart.what} needs each code once; {series.index[series.index.duplicated()][0]} is twice.")
    if (series < 0).any():
        raise UsageError(f"{chart.what} needs values from 0; {series.idxmin()} has {series.min():g}.")
    known = series[series > 0]
    if known.empty:
        return chart.nothing()
    bounds = _bounds(known, breaks)
    drawing = Drawing(100.0 * ROWS / COLUMNS, aspect=(COLUMNS / ROWS, "tiles"))
    for place in tiles():
        _, x, y = tiles()[place]
        kind = f"q{bisect_right(bounds, known[place]) + 5 - len(bounds)}" if place in known else "q0"
        drawing.path(kind, _square(x, y))
        drawing.text(
            (x + 0.5) / COLUMNS * 100,
            (y + 0.5) / ROWS * 100,
            place,
            "m s" if kind == "q0" else "m p" if kind == "q5" else "m",
        )
    drawing.path("frame", "".join(_square(*tiles()[place][1:]) for place in BRETAGNE))
    write = chart.measure.full
    legend = [("q" + str(5 - len(bounds)), f"moins de {write(bounds[0])}")]
    legend += [
        (f"q{6 - len(bounds) + i}", f"{chart.measure.write(low)} à {write(high)}")
        for i, (low, high) in enumerate(pairwise(bounds))
    ]
    legend += [("q5", f"{write(bounds[-1])} et plus"), ("q0", nothing)]
    outside = known[~known.index.isin(list(tiles()))]
    note = (
        f"Hors de la carte : {french.counted(len(outside), 'code')} ({write(outside.sum())})." if len(outside) else ""
    )
    mapped = known[known.index.isin(list(tiles()))].reset_index(drop=True)
    names = [tiles()[place][0] for place in known.index if place in tiles()]
    alt = extremes("Carte des départements", names, mapped, write) if len(mapped) else f"Carte des départements. {note}"
    return chart.shown(drawing, alt, legend, note)


def _square(x: float, y: float) -> str:
    size = (1 - 2 * GAP) / COLUMNS * 100
    return f"M{(x + GAP) / COLUMNS * 100:.2f} {(y + GAP) / COLUMNS * 100:.2f}h{size:.2f}v{size:.2f}h-{size:.2f}z"


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
    scale = 10.0 ** floor(log10(value))
    return min((1, 2, 5, 10), key=lambda digit: abs(value / scale - digit)) * scale
