"""Charts of many points: where one stands among others, and how one quantity goes with another."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.charts import ACCENT, INK, LINE, REST, SOFT, canvas, dot, per_point, series_of, shorten
from tikub_lab.show.french import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
MOST_POINTS = 2000
SIZE = 5.5
"""Points (1/72 inch): the width of a dot among many."""
CORNERS = 4
"""A dot among many is a lozenge: one path holds them all, which keeps a page light, and every renderer draws it."""


def among(
    values: pd.Series,
    own: Any = None,
    form: Callable[[Any], str] = number,
    unit: str = "",
    name: str = "ici",
) -> "Figure":
    """Draw each value as a dot along one line, dots that would cover each other piled up, and say where one stands.

    The band under the dots holds the middle half of the others; its mark is their median.

    Parameters
    ----------
    values : Series of shape (n,)
        Index: labels, which are not written. Missing values are left out.
    own : label, optional
        Which one the sentence beside the chart is about.
    form : callable
        How a value is written.
    unit : str
        The unit in words, written over the chart.
    name : str
        What the one is called.

    Raises
    ------
    UsageError
        No value, more than 2,000 of them, or a label that is not among them.

    Examples
    --------
    >>> figure = among(pd.Series({"A": 90.0, "B": 120.0, "C": 150.0}), own="C", name="votre lycée")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['votre lycée : 150', 'médiane : 105', '90', '150']
    """
    series = series_of(values, "chart of values among others").dropna()
    if not 0 < len(series) <= MOST_POINTS:
        raise UsageError(f"A chart of values among others shows 1 to {MOST_POINTS} of them; these are {len(series)}.")
    if own is not None and own not in series.index:
        raise UsageError(f"own={own!r} is not among the values, or its own is missing. Leave it out, and say so.")
    low, high = float(series.min()), float(series.max())
    others = series.drop(index=own) if own is not None and len(series) > 1 else series
    quarter, middle, high_quarter = np.quantile(others, [0.25, 0.5, 0.75])
    span = (high - low) or abs(high) or 1.0
    left, right = low - span * 0.04, high + span * 0.04
    width = SIZE * 1.15 * (right - left) / (canvas(1.0)[0].get_figwidth() * 72)
    ordered = series.sort_values()
    level = _piled(ordered.to_numpy(), width)
    tallest = int(level.max()) + 1
    over, under = (0.62 if unit else 0.36), 0.62
    rows = max(tallest * SIZE * 1.2 / 72, 0.45)
    figure, axes = canvas(rows + over + under, over=over, under=under)
    axes.set_xlim(left, right)
    axes.set_ylim(-0.1, max(rows * 72 / (SIZE * 1.2), tallest) + 0.2)
    axes.set_xticks([])
    axes.set_yticks([])
    mine = np.array([label == own for label in ordered.index]) if own is not None else np.zeros(len(ordered), bool)
    _dots(axes, ordered.to_numpy()[~mine], level[~mine] + 0.5, SIZE, REST)
    if own is not None:
        # A label twice has two dots; the sentence is about the first.
        place = float(ordered.to_numpy()[mine][0]), float(level[mine][0]) + 0.5
        dot(axes, *place, 11, ACCENT)
        _beside(axes, place[0], 1.0, 4, f"{name} : {form(place[0])}", "bottom", INK, weight="bold")
        axes.vlines(place[0], place[1], axes.get_ylim()[1], color=ACCENT, linewidth=1.4)
    axes.axhline(-0.1, color=LINE, linewidth=1.2)
    axes.hlines(-0.1, quarter, high_quarter, color=SOFT, linewidth=5)
    axes.vlines(middle, -0.1, 0.5, color=INK, linewidth=2.2)
    _beside(axes, middle, 0.0, -8, f"médiane : {form(middle)}", "top", INK)
    for end, side in ((low, "left"), (high, "right")):
        axes.annotate(
            form(end), (left if side == "left" else right, 0), (0, -24), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha=side, va="top", color=SOFT, annotation_clip=False,
        )  # fmt: skip
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT, pad=24)
    return figure


def scatter(
    points: pd.DataFrame,
    curve: pd.DataFrame,
    form: Callable[[Any], str] = number,
    across: str = "",
    unit: str = "",
    mark: tuple[float, str] | None = None,
) -> "Figure":
    """Draw points and the broken line that a model lays through them.

    Parameters
    ----------
    points : DataFrame of shape (n, 2)
        Across, then upward. Rows with a missing value are left out.
    curve : DataFrame of shape (m, 2)
        The same of the line, in order across.
    form : callable
        How an upward value is written.
    across, unit : str
        What goes across and upward, in words with the unit.
    mark : (float, str), optional
        A place across to be named, such as where the line breaks.

    Raises
    ------
    UsageError
        Tables that have not two columns, no point, or more than 2,000.

    Examples
    --------
    >>> points = pd.DataFrame({"t": [0.0, 10.0, 20.0], "kwh": [90.0, 52.0, 20.0]})
    >>> curve = pd.DataFrame({"t": [0.0, 15.0, 20.0], "kwh": [90.0, 20.0, 20.0]})
    >>> figure = scatter(points, curve, across="Température dehors (°C)", mark=(15.0, "15 °C"))
    >>> [text.get_text() for text in figure.axes[0].texts]
    [' 15 °C ', '0', '20', 'Température dehors (°C)', '90']
    """
    if points.shape[1] != 2 or curve.shape[1] != 2:
        raise UsageError(
            f"A chart of points needs two columns, across and upward; these are {points.shape[1]} and {curve.shape[1]}."
        )
    known, line = points.astype("float64").dropna().to_numpy(), curve.astype("float64").to_numpy()
    if not 0 < len(known) <= MOST_POINTS:
        raise UsageError(f"A chart of points shows 1 to {MOST_POINTS} of them; these are {len(known)}.")
    figure, axes = canvas(3.2, over=0.35 if unit else 0.12, under=0.5)
    left, right = float(known[:, 0].min()), float(known[:, 0].max())
    tallest = float(max(known[:, 1].max(), np.nanmax(line[:, 1]) if len(line) else 0.0, 0.0)) or 1.0
    lowest = min(float(known[:, 1].min()), 0.0)
    room = (right - left) * 0.03 or 1.0
    axes.set_xlim(left - room, right + room)
    axes.set_ylim(lowest - 0.02 * tallest, tallest * 1.16)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.axhline(0, color=LINE, linewidth=0.8)
    _dots(axes, known[:, 0], known[:, 1], 4.2, REST)
    if len(line):
        axes.plot(line[:, 0], line[:, 1], color=ACCENT, linewidth=2.6, solid_capstyle="round")
    if mark is not None:
        axes.axvline(mark[0], color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)))
        turned = "right" if mark[0] > (left + right) / 2 else "left"
        word = f" {shorten(mark[1], 30)} "  # the spaces keep it off the line
        _beside(axes, mark[0], 0.9, 0, word, "bottom", INK, side=turned)
    for at, text, side in ((left, f"{left:.0f}", "left"), (right, f"{right:.0f}", "right")):
        _beside(axes, at, 0.0, -5, text.replace("-", "−"), "top", SOFT, side=side)
    if across:
        _beside(axes, (left + right) / 2, 0.0, -5, across, "top", SOFT, side="center")
    axes.annotate(form(tallest), (0, tallest), (2, 4), xycoords=("axes fraction", "data"),
                  textcoords="offset points", ha="left", va="bottom", color=SOFT)  # fmt: skip
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT)
    return figure


def _piled(ordered: Floats, width: float) -> npt.NDArray[np.int64]:
    """Give each value, in order, the lowest row in which no dot is in its way."""
    ends: list[float] = []
    rows = np.zeros(len(ordered), dtype=np.int64)
    for place, value in enumerate(ordered):
        free = next((row for row, end in enumerate(ends) if value - end >= width), len(ends))
        if free == len(ends):
            ends.append(value)
        ends[free] = value
        rows[place] = free
    return rows


def _dots(axes: "Axes", across: Floats, upward: Floats, points: float, color: str) -> None:
    """Draw many dots as one path; the axes' limits are set, and stay."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    if not len(across):
        return
    width, height = per_point(axes)
    angles = np.arange(CORNERS + 1) * 2 * np.pi / CORNERS
    corners = np.column_stack([np.cos(angles) * width, np.sin(angles) * height]) * points / 2
    vertices = (np.column_stack([across, upward])[:, None, :] + corners).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, *[Path.LINETO] * (CORNERS - 1), Path.CLOSEPOLY], len(across))
    axes.add_patch(PathPatch(Path(vertices, codes), facecolor=color, linewidth=0, alpha=0.75))


def _beside(
    axes: "Axes", at: float, height: float, points: float, text: str, va: str, color: str, side: str | None = None,
    weight: str = "normal",
) -> None:  # fmt: skip
    """Write a text at a place across, turned inward near the edges."""
    left, right = axes.get_xlim()
    share = (at - left) / (right - left)
    side = side or ("left" if share < 0.3 else "right" if share > 0.7 else "center")
    axes.annotate(
        text, (at, height), (0, points), xycoords=("data", "axes fraction"), textcoords="offset points", ha=side,
        va=va, color=color, annotation_clip=False, fontweight=weight,
    )  # fmt: skip
