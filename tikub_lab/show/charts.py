"""Charts drawn the house's way: labelled directly, bars from zero, one accent colour, readable at phone width.

They return a matplotlib ``Figure`` that belongs to no pyplot state, for :func:`tikub_lab.show.figure` to show.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.french import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, LINE, ACCENT, REST = "#1b1b1f", "#55585f", "#c9ccd3", "#0072b2", "#7a8594"
"""The palette: Okabe and Ito's blue as the one accent; each differs from white by 3:1 or more."""

PAPER = "#ffffff"
"""What is under a chart: for text on the accent, and for lines between areas."""

WIDTH = 5.2
"""Inches, drawn as wide as a phone: 374 points, so that text keeps its size there."""

RC: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": SOFT,
    "axes.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "svg.fonttype": "none",
    "svg.hashsalt": "tikub",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def canvas(height: float, over: float = 0.0, under: float = 0.0) -> tuple["Figure", "Axes"]:
    """Make a figure of a height in inches, with room for text over and under the axes.

    The room is given rather than found by a layout engine, which draws everything once more to find it.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(RC):
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((0, under / height, 1, 1 - (over + under) / height))
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    return figure, axes


def series_of(values: pd.Series, what: str) -> pd.Series:
    """Return values as numbers, or refuse an empty chart."""
    series = pd.Series(values).astype("float64")
    if series.empty:
        raise UsageError(f"A {what} needs at least one value; the series is empty. Say so in words instead.")
    return series


def shorten(text: object, longest: int = 68) -> str:
    """Cut a text that is too long, with an ellipsis."""
    text = str(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip(" ,;") + "…"


def dot(axes: "Axes", x: float, y: float, points: float, color: str) -> None:
    """Draw a round dot of a diameter in points; the axes' limits are set, and stay.

    Matplotlib's own markers are references to shapes by their id, which two figures of a page would share.
    """
    from matplotlib.patches import Ellipse

    width, height = per_point(axes)
    axes.add_patch(Ellipse((x, y), points * width, points * height, color=color, linewidth=0, zorder=3))


def per_point(axes: "Axes") -> tuple[float, float]:
    """Return what a point (1/72 inch) is in the axes' own units, across and upward."""
    from matplotlib.figure import Figure

    figure = axes.get_figure()
    assert isinstance(figure, Figure), "canvas() makes one"
    box = axes.get_position()
    width, height = figure.get_size_inches() * 72
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    return abs(right - left) / (box.width * width), abs(high - low) / (box.height * height)


def bars(
    values: pd.Series,
    form: Callable[[Any], str] = number,
    accent: Sequence[Any] | None = None,
) -> "Figure":
    """Draw horizontal bars, the largest on top, each with its label above and its figure at its end.

    Parameters
    ----------
    values : Series of shape (n,)
        Index: labels. Drawn in the order given.
    form : callable
        How a value is written, such as :func:`tikub_lab.show.euros`.
    accent : sequence of labels, optional
        Which bars the sentence beside the chart is about; by default all.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = bars(pd.Series({"Travaux": 12.0, "Services": 4.0}))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['Travaux', '12', 'Services', '4']
    """
    series = series_of(values, "bar chart")
    figure, axes = canvas(0.25 + 0.54 * len(series))
    marked = set(series.index if accent is None else accent)
    known = series.fillna(0)  # a missing value has no bar and says so
    largest = max(known.max(), 0) or 1
    for position, (label, value) in enumerate(series.items()):
        length = known.iloc[position]
        axes.barh(position, length, height=0.34, color=ACCENT if label in marked else REST)
        axes.text(0, position - 0.26, shorten(label), va="bottom", ha="left", color=INK)
        axes.text(max(length, 0) + largest * 0.012, position, form(value), va="center", ha="left", color=INK)
    axes.set_ylim(len(series) - 0.6, -0.85)
    axes.set_xlim(min(known.min(), 0), largest * 1.2)
    axes.set_xticks([])
    axes.set_yticks([])
    return figure


def columns(
    values: pd.Series,
    form: Callable[[Any], str] = number,
    accent: Sequence[Any] | None = None,
    unit: str = "",
) -> "Figure":
    """Draw vertical columns from zero, such as one a year, each with its figure on top.

    Parameters
    ----------
    values : Series of shape (n,)
        Index: what stands under a column.
    form, accent
        As for :func:`bars`.
    unit : str
        The unit in words, written over the chart: « millions d'euros ».

    Examples
    --------
    >>> figure = columns(pd.Series({2024: 3.0, 2025: 4.0}), unit="marchés")
    >>> [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    ['2024', '2025']
    """
    series = series_of(values, "column chart")
    figure, axes = canvas(2.6, over=0.3 if unit else 0.05, under=0.3)
    marked = set(series.index if accent is None else accent)
    colors = [ACCENT if label in marked else REST for label in series.index]
    places = range(len(series))
    axes.bar(places, series.to_numpy(), width=0.66, color=colors)
    largest = max(series.max(), 0) or 1
    for place, value in zip(places, series, strict=True):
        if pd.notna(value):
            axes.text(place, max(value, 0) + largest * 0.02, form(value), ha="center", va="bottom", color=INK)
    axes.set_xlim(-0.6, max(len(series), 5) - 0.4)  # a single year is a column, not a wall
    axes.set_xticks(list(places), [str(label) for label in series.index])
    axes.set_yticks([])
    axes.set_ylim(min(series.min(), 0), largest * 1.12)
    axes.axhline(0, color=LINE, linewidth=0.8)
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT)
    return figure
