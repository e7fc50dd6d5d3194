"""Charts of rates and of how values spread: against a target, with an interval, on both sides of a threshold."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.charts import ACCENT, INK, LINE, REST, SOFT, canvas, dot, series_of, shorten
from tikub_lab.show.french import MISSING, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW = 0.54
"""Inches of a row: its label, and its bar under it."""


def _aligned(values: pd.Series, others: dict[str, pd.Series], what: str) -> list[pd.Series]:
    """Return other series in the order of the first, or say which label one of them lacks."""
    if not values.index.is_unique:
        raise UsageError(f"A {what} needs each label once; {values.index[values.index.duplicated()][0]!r} comes twice.")
    found = []
    for name, other in others.items():
        lost = values.index.difference(other.index)
        if len(lost):
            raise UsageError(f"A {what} needs {name} for each label of values; there is none for {lost[0]!r}.")
        found.append(other.reindex(values.index).astype("float64"))
    return found


def targets(
    values: pd.Series,
    goals: pd.Series,
    form: Callable[[Any], str] = percent,
    word: str = "objectif",
) -> "Figure":
    """Draw horizontal bars, each with the mark of its target; those that reach it are in the accent colour.

    Parameters
    ----------
    values : Series of shape (n,)
        Index: labels, drawn in the order given. A missing value has no bar and says « n. d. ».
    goals : Series
        The target of each label; missing where there is none.
    form : callable
        How values and targets are written.
    word : str
        What the mark is called.

    Raises
    ------
    UsageError
        No value, a label twice, or a label without its entry in ``goals``.

    Examples
    --------
    >>> from tikub_lab.show.french import NNBSP
    >>> figure = targets(pd.Series({"Environnement": 0.6}), pd.Series({"Environnement": 1.0}))
    >>> [text.get_text().replace(NNBSP, " ") for text in figure.axes[0].texts]
    ['Environnement', '60 %', 'objectif 100 %']
    """
    series = series_of(values, "chart of targets")
    (aims,) = _aligned(series, {"goals": goals}, "chart of targets")
    figure, axes = canvas(0.25 + ROW * len(series))
    largest = np.nanmax([*series, *aims, 0.0]) or 1.0
    for position, (label, value) in enumerate(series.items()):
        aim = aims.iloc[position]
        reached = bool(value >= aim)
        axes.text(0, position - 0.26, shorten(label), va="bottom", ha="left", color=INK)
        if not np.isnan(value):
            axes.barh(position, value, height=0.34, color=ACCENT if reached or np.isnan(aim) else REST)
        if not np.isnan(aim):
            axes.vlines(aim, position - 0.25, position + 0.25, color=INK, linewidth=2.2)
        end = np.nanmax([value, aim, 0.0]) + largest * 0.02
        said = axes.text(end, position, form(value), va="center", ha="left", color=INK)
        if not np.isnan(aim):
            axes.annotate(
                f"{word} {form(aim)}", (1, 0.5), (6, 0), xycoords=said, textcoords="offset points", va="center",
                ha="left", color=SOFT,
            )  # fmt: skip
    axes.set_ylim(len(series) - 0.6, -0.85)
    axes.set_xlim(min(series.min(), 0) if series.notna().any() else 0, largest * 1.75)
    axes.set_xticks([])
    axes.set_yticks([])
    return figure


def intervals(
    values: pd.Series,
    low: pd.Series,
    high: pd.Series,
    form: Callable[[Any], str] = percent,
    accent: Sequence[Any] | None = None,
    reference: float | None = None,
    word: str = "ensemble",
) -> "Figure":
    """Draw a dot and its interval a row, in the order given: what is known, and how well.

    Parameters
    ----------
    values, low, high : Series of shape (n,)
        Index: labels. A missing value has no dot and says « n. d. ».
    form : callable
        How a value is written.
    accent : sequence of labels, optional
        Which rows the sentence beside the chart is about; by default all.
    reference : float, optional
        A value to compare all rows with, drawn as a vertical line.
    word : str
        What that value is called.

    Raises
    ------
    UsageError
        No value, a label twice or without its bounds, or a value outside its interval.

    Examples
    --------
    >>> from tikub_lab.show.french import NNBSP
    >>> rates, low, high = (pd.Series({"Travaux": rate}) for rate in (0.2, 0.1, 0.35))
    >>> [text.get_text().replace(NNBSP, " ") for text in intervals(rates, low, high).axes[0].texts]
    ['Travaux', '20 %', '10 % à 35 %']
    """
    series = series_of(values, "chart of intervals")
    lower, upper = _aligned(series, {"low": low, "high": high}, "chart of intervals")
    wrong = (lower > series) | (series > upper)
    if wrong.any():
        label = series.index[wrong][0]
        raise UsageError(
            f"A chart of intervals: {label!r} is {series[label]}, outside {lower[label]} to {upper[label]}."
        )
    over = 0.25 if reference is not None else 0.0
    figure, axes = canvas(0.25 + over + ROW * len(series), over=over)
    marked = set(series.index if accent is None else accent)
    bounds = [*upper, *series, reference if reference is not None else np.nan, 0.0]
    largest = np.nanmax(bounds) or 1.0
    axes.set_ylim(len(series) - 0.6, -0.85)
    left = np.nanmin([*lower, *series, 0.0]) - largest * 0.02
    axes.set_xlim(left, left + (largest - left) * 1.5)
    axes.set_xticks([])
    axes.set_yticks([])
    for position, (label, value) in enumerate(series.items()):
        color = ACCENT if label in marked else REST
        axes.text(min(left + largest * 0.02, 0), position - 0.26, shorten(label), va="bottom", ha="left", color=INK)
        if np.isnan(value):
            axes.text(largest * 0.03, position, MISSING, va="center", ha="left", color=INK)
            continue
        axes.hlines(position, lower.iloc[position], upper.iloc[position], color=color, linewidth=3.2, alpha=0.5)
        dot(axes, value, position, 8, color)
        end = np.nanmax([upper.iloc[position], value]) + largest * 0.03
        said = axes.text(end, position, form(value), va="center", ha="left", color=INK)
        axes.annotate(
            f"{form(lower.iloc[position])} à {form(upper.iloc[position])}", (1, 0.5), (6, 0), xycoords=said,
            textcoords="offset points", va="center", ha="left", color=SOFT,
        )  # fmt: skip
    if reference is not None:
        rows = np.arange(len(series))  # beside each dot rather than through the labels
        axes.vlines([reference] * len(rows), rows - 0.2, rows + 0.26, color=SOFT, linewidth=1.2)
        axes.annotate(
            f"{word} : {form(reference)}", (reference, 1), (0, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="bottom", color=SOFT, annotation_clip=False,
        )  # fmt: skip
    return figure


def histogram(
    edges: Sequence[float],
    counts: Sequence[float],
    cut: float,
    form: Callable[[Any], str] = number,
    name: str = "seuil",
    unit: str = "",
) -> "Figure":
    """Draw how many values fall into each bin, and where a threshold stands among them.

    The bins under the threshold, which is what one looks at, are in the accent colour. A bin never has the threshold
    inside, for it would mix both sides: ``cut`` is one of the edges.

    Parameters
    ----------
    edges : sequence of n + 1 numbers, in order
    counts : sequence of n numbers
    cut : float
        The threshold.
    form : callable
        How an edge is written.
    name : str
        What the threshold is called.
    unit : str
        What is counted, in words, written over the chart.

    Raises
    ------
    UsageError
        Edges out of order or in the wrong number, counts missing or negative, a threshold that is no edge.

    Examples
    --------
    >>> figure = histogram([30, 35, 40, 45], [2, 9, 1], cut=40)
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['seuil : 40', '30', '45']
    """
    from matplotlib.collections import PolyCollection

    bounds, sizes = np.asarray(edges, dtype="float64"), np.asarray(counts, dtype="float64")
    if len(sizes) == 0 or len(bounds) != len(sizes) + 1 or not (np.diff(bounds) > 0).all():
        raise UsageError(
            f"A histogram needs one edge more than counts, in order; found {len(bounds)} edges, {len(sizes)} counts."
        )
    if not (sizes >= 0).all():
        raise UsageError("A histogram needs counts from 0, none missing.")
    span = bounds[-1] - bounds[0]
    if np.abs(bounds - cut).min() > span * 1e-9:
        raise UsageError(f"A histogram's cut is one of its edges, so that no bin mixes both sides; {cut} is none.")
    figure, axes = canvas(2.5, over=0.55 if unit else 0.3, under=0.28)
    gap = np.diff(bounds) * 0.06
    corners = [
        [(left + g, 0), (left + g, size), (right - g, size), (right - g, 0)]
        for left, right, size, g in zip(bounds[:-1], bounds[1:], sizes, gap, strict=True)
        if size > 0
    ]
    below = [corner for corner in corners if corner[2][0] <= cut]
    above = [corner for corner in corners if corner[2][0] > cut]
    for shapes, color in ((below, ACCENT), (above, REST)):
        axes.add_collection(PolyCollection(shapes, facecolors=color, edgecolors="none"), autolim=False)
    largest = sizes.max() or 1.0
    axes.set_xlim(bounds[0], bounds[-1])
    axes.set_ylim(0, largest * 1.05)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.axhline(0, color=LINE, linewidth=1.6)
    axes.axvline(cut, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    where = (cut - bounds[0]) / span
    side = "left" if where < 0.25 else "right" if where > 0.75 else "center"
    for at, height, text, ha, va, color in (
        (cut, 1.0, f"{name} : {form(cut)}", side, "bottom", INK),
        (bounds[0], 0.0, form(bounds[0]), "left", "top", SOFT),
        (bounds[-1], 0.0, form(bounds[-1]), "right", "top", SOFT),
    ):
        axes.annotate(
            text, (at, height), (0, 3 if va == "bottom" else -5), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha=ha, va=va, color=color, annotation_clip=False,
        )  # fmt: skip
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT, pad=22)
    return figure
