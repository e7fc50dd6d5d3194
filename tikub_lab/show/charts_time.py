"""Charts along time: columns by month, lines over years."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show.charts import ACCENT, INK, LINE, REST, SOFT, canvas, dot, series_of, shorten
from tikub_lab.show.french import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_MONTHS = 36
MOST_LINES = 4
INITIALS = "JFMAMJJASOND"

STYLES: tuple[dict[str, Any], ...] = (
    {"color": ACCENT, "linewidth": 2.4, "linestyle": "-"},
    {"color": INK, "linewidth": 1.5, "linestyle": (0, (5, 2))},
    {"color": REST, "linewidth": 1.8, "linestyle": "-"},
    {"color": SOFT, "linewidth": 1.5, "linestyle": (0, (1.2, 1.6))},
)
"""Told apart by stroke too, so that they still are in grey."""


def months(
    values: pd.Series,
    form: Callable[[Any], str] = number,
    accent: Sequence[Any] | None = None,
    unit: str = "",
) -> "Figure":
    """Draw one column a month, initials of the months and years under them; the largest has its figure on top.

    Parameters
    ----------
    values : Series of shape (n,)
        Index: dates or monthly periods, at most :data:`MOST_MONTHS` from the first to the last. A month between them
        that is not in the index has no column.
    form : callable
        How a value is written.
    accent : sequence of months, optional
        Which columns the sentence beside the chart is about, as written in the index; by default all.
    unit : str
        The unit in words, written over the chart.

    Raises
    ------
    UsageError
        No value, an index that is no time, a month given twice, or too many months.

    Examples
    --------
    >>> figure = months(pd.Series([2.0, 5.0, 3.0], index=pd.period_range("2026-11", periods=3, freq="M")))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['5', 'N', '2026', 'D', 'J', '2027']
    """
    series = series_of(values, "chart by month")
    calendar = _months_of(series.index)
    span = pd.period_range(calendar.min(), calendar.max(), freq="M")
    if len(span) > MOST_MONTHS:
        raise UsageError(
            f"A chart by month shows {MOST_MONTHS} months at most; these are {len(span)}: {span[0]} to {span[-1]}."
        )
    marked = set(calendar if accent is None else _months_of(pd.Index(accent)))
    figure, axes = canvas(2.4, over=0.45 if unit else 0.2, under=0.42)
    places = np.array([(month.year - span[0].year) * 12 + month.month - span[0].month for month in calendar])
    for color, chosen in ((ACCENT, True), (REST, False)):
        here = np.array([(month in marked) == chosen for month in calendar])
        if here.any():
            axes.bar(places[here], series.to_numpy()[here], width=0.72, color=color)
    known = series.fillna(0).to_numpy()
    largest = max(known.max(), 0) or 1.0
    if series.notna().any():
        top = int(known.argmax())
        side = "left" if places[top] < 2 else "right" if places[top] > len(span) - 3 else "center"
        at = places[top] + {"left": -0.36, "right": 0.36, "center": 0.0}[side]
        axes.text(at, max(known[top], 0) + largest * 0.03, form(known[top]), ha=side, va="bottom", color=INK)
    axes.set_xlim(-0.6, max(len(span), 12) - 0.4)
    axes.set_ylim(min(known.min(), 0), largest * 1.05)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.axhline(0, color=LINE, linewidth=0.8)
    _write_months(axes, span)
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT, pad=16)
    return figure


def _months_of(index: pd.Index) -> pd.PeriodIndex:
    try:
        found = index.asfreq("M") if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index).to_period("M")
    except (ValueError, TypeError) as error:
        raise UsageError(f"A chart by month needs dates in its index; found {index[0]!r}.") from error
    if found.hasnans or not found.is_unique:
        raise UsageError("A chart by month needs each month once, and none missing; group the values by month first.")
    return found


def _write_months(axes: "Axes", span: pd.PeriodIndex) -> None:
    """Write the initials of the months, each third beyond two years, and each year under its first month."""
    for place, month in enumerate(span):
        if len(span) <= 24 or month.month % 3 == 1:
            _under(axes, place, -4, INITIALS[month.month - 1], "center")
        if place == 0 or month.month == 1:
            roomy = place > 0 or month.month <= 10 or len(span) <= 12
            if roomy:
                _under(axes, place - 0.36, -18, str(month.year), "left")


def _under(axes: "Axes", place: float, points: float, text: str, side: str) -> None:
    axes.annotate(
        text, (place, 0), (0, points), xycoords=("data", "axes fraction"), textcoords="offset points", ha=side,
        va="top", color=SOFT, annotation_clip=False,
    )  # fmt: skip


def lines(frame: pd.DataFrame, form: Callable[[Any], str] = number, unit: str = "") -> "Figure":
    """Draw one to four lines over years from zero, each named at its end; the first is what the chart is about.

    Parameters
    ----------
    frame : DataFrame of shape (years, lines)
        Index: years, any numbers in order, or monthly periods. A missing value breaks its line.
    form : callable
        How a value is written, at the lines' ends.
    unit : str
        The unit in words, written over the chart.

    Raises
    ------
    UsageError
        No line, more than four, an index that is not in order, or a line without any value.

    Examples
    --------
    >>> figure = lines(pd.DataFrame({"Une seule offre": [0.2, 0.3]}, index=[2024, 2025]))
    >>> len(figure.axes[0].lines), figure.axes[0].texts[0].get_text()
    (2, 'Une seule offre')
    """
    table = frame.astype("float64")
    names = [f"{month:%m/%y}" for month in frame.index] if isinstance(frame.index, pd.PeriodIndex) else None
    if names:
        table = table.set_axis(range(len(table)))
    if not 1 <= table.shape[1] <= MOST_LINES or table.empty:
        raise UsageError(
            f"A chart of lines shows 1 to {MOST_LINES} of them; these are {table.shape[1]}, of {len(table)} values."
        )
    if not (
        pd.api.types.is_numeric_dtype(table.index) and table.index.is_monotonic_increasing and table.index.is_unique
    ):
        raise UsageError("A chart of lines needs years in its index, in order, each once.")
    nothing = [str(name) for name in table if table[name].isna().all()]
    if nothing:
        raise UsageError(f"No value for {', '.join(nothing)}: leave the line out, and say so in words.")
    figure, axes = canvas(3.0, over=0.35 if unit else 0.15, under=0.3)
    first, last = float(table.index[0]), float(table.index[-1])
    span = (last - first) or 1.0
    largest = max(float(table.max().max()), 0.0) or 1.0
    lowest = min(float(table.min().min()), 0.0)
    axes.set_ylim(lowest, lowest + (largest - lowest) * 1.08)
    axes.set_xlim(first - span * 0.06, first + span * 1.62)  # the right third is for the names
    axes.axhline(0, color=LINE, linewidth=0.8)
    ends = []
    for name, style in zip(table, STYLES, strict=False):
        known = table[name].dropna()
        axes.plot(table.index, table[name], solid_capstyle="round", **style)
        alone = table[name].notna() & table[name].shift().isna() & table[name].shift(-1).isna()
        for year in sorted({known.index[-1], *table.index[alone]}):
            dot(axes, float(year), float(known[year]), 6, style["color"])
        ends.append((float(known.iloc[-1]), str(name), style["color"], float(known.index[-1])))
    _name_lines(axes, ends, first + span * 1.06, form, largest - lowest)
    _write_years(axes, table.index, names or [f"{year:g}" for year in table.index])
    axes.set_yticks([])
    if unit:
        axes.set_title(unit, loc="left", fontsize=11, color=SOFT)
    return figure


def _name_lines(
    axes: "Axes", ends: list[tuple[float, str, str, float]], at: float, form: Callable[[Any], str], height: float
) -> None:
    """Write name and last value beside each line's end; where ends are close, names stand apart in their order."""
    step = height * 0.2  # two lines of text
    ranked = sorted(ends, key=lambda end: -end[0])
    places: list[float] = []
    for value, *_ in ranked:
        places.append(min(value, places[-1] - step) if places else value)
    low = axes.get_ylim()[0] + step * 0.45
    for position in range(len(places) - 1, -1, -1):  # what was pushed below the axes comes up again
        places[position] = max(places[position], low)
        low = places[position] + step
    for (value, name, color, _), place in zip(ranked, places, strict=True):
        axes.text(at, place, shorten(name, 20), color=INK, va="bottom", ha="left")
        axes.text(
            at, place, form(value), color=color if color != REST else SOFT, va="top", ha="left", fontweight="bold"
        )


def _write_years(axes: "Axes", index: pd.Index, names: Sequence[str]) -> None:
    """Write the first year, the last, and what fits between."""
    step = max(1, -(-(len(index) - 1) // 5))
    shown = [*range(0, len(index) - 1, step), len(index) - 1]
    if len(shown) > 2 and shown[-1] - shown[-2] < step and step > 1:
        del shown[-2]
    axes.set_xticks([index[i] for i in shown], [names[i] for i in shown])
    if len(names[0]) > 4:  # longer than a year: it would stand out on the left
        axes.get_xticklabels()[0].set_horizontalalignment("left")
