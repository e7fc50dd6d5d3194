"""Charts of many values: where one stands among others, how one quantity goes with another, how values spread."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart
from tikub_lab.show.drawing import NARROW, Drawing, scale, steps
from tikub_lab.show.output import Shown

MOST_POINTS = 2000


def strip(
    frame: Any, title: str, value: Any = None, label: Any = None, *, own: Any = None, name: str = "ici", **more: Any
) -> Shown:
    """Draw each value as a dot along one line, dots that would cover each other piled up, and say where one stands.

    The band holds the middle half of the others; the mark is their median.

    Parameters
    ----------
    frame, title, value, label, more
        As for :func:`tikub_lab.show.bars`; labels are not written. Missing values are left out, and counted.
    own : label, optional
        Which one the title is about.
    name : str
        What it is called.

    Examples
    --------
    >>> peers = pd.DataFrame({"lycee": ["A", "B", "C"], "par_m2": [90.0, 120.0, 150.0]})
    >>> shown = strip(peers, "Le plus gourmand", "par_m2", own="C", name="notre lycée")
    >>> print(shown.facts["alt"])  # doctest: +NORMALIZE_WHITESPACE
    Un point par valeur : 3 valeurs, de 90 à 150 ; médiane des autres 105 ; notre lycée, 150, est au rang 3 du plus
    petit au plus grand.
    """
    chart = Chart("strip", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    lost = int(values.isna().sum())
    keep = values.notna().to_numpy()
    chart.frame, values = chart.frame[keep].reset_index(drop=True), values[keep].reset_index(drop=True)
    if len(values) > MOST_POINTS:
        raise UsageError(f"{chart.what} shows {MOST_POINTS} points at most; these are {len(values)}.")
    mine = np.array(chart.marked(own)) if own is not None else np.zeros(len(values), dtype=bool)
    others = values[~mine] if (~mine).any() else values
    low_half, middle, high_half = np.quantile(others, [0.25, 0.5, 0.75])
    axis = Axis(chart.measure, values.min(), values.max(), 0, 100, 5)
    at = axis.at
    radius = 5.0 if len(values) <= 40 else 4.0 if len(values) <= 120 else 2.5
    order = values.sort_values().index
    level = _piled(at(values[order].to_numpy()) * NARROW / 100, 2 * radius + 1)
    over = 36 if mine.any() else 12
    base = over + 26 + max(level) * (2 * radius + 1)
    drawing = Drawing(base + 42)
    foot = base + radius + 8
    drawing.rect("bd", at(low_half), over + 14, at(high_half) - at(low_half), foot - over - 14)
    axis.across(drawing, over + 14, foot)
    drawing.line("g", [(0, foot), (100, foot)])
    drawing.line("k", [(at(middle), over + 10), (at(middle), foot)], 2)
    write = chart.measure.write
    for index, row in zip(order, level, strict=True):
        x, y = at(values[index]), base - row * (2 * radius + 1)
        if mine[index]:
            drawing.line("la", [(x, 20), (x, y)], 1.5)
            drawing.dot("a", x, y, radius + 3)
            side = "" if x < 30 else "e" if x > 70 else "m"
            drawing.label(x, 14, f"{name} : {write(values[index])}", f"{side} b a", must=True)
        elif len(values) <= 60:
            drawing.dot("r", x, y, radius)
        else:
            drawing.path("d", f"M{x:.2f} {y:.1f}h.01", 2 * radius)
    side = "" if at(middle) < 15 else "e" if at(middle) > 85 else "m"
    drawing.label(at(middle), over + 4, f"médiane : {write(middle)}", side, must=True)
    rank = [
        f"{name}, {write(values[i])}, est au rang {int((values < values[i]).sum()) + 1} du plus petit au plus grand"
        for i in order
        if mine[i]
    ]
    alt = (
        f"Un point par valeur : {french.counted(len(values), 'valeur')}, de {write(values.min())} à "
        f"{write(values.max())} ; médiane{' des autres' if rank else ''} {write(middle)}"
    )
    missing = f" Non connus : {lost}." if lost else ""
    note = f"Bande grise : la moitié centrale{' des autres' if rank else ''}.{missing}"
    return chart.shown(drawing, "; ".join([alt + " " * bool(rank), *rank]) + ".", note=note)


def _piled(ordered: np.ndarray, width: float) -> list[int]:
    """Give each value, in order, the lowest row in which no dot is in its way."""
    ends: list[float] = []
    rows = []
    for value in ordered:
        free = next((row for row, end in enumerate(ends) if value - end >= width), len(ends))
        ends[free : free + 1] = [value]
        rows.append(free)
    return rows


def scatter(
    frame: pd.DataFrame, title: str, value: Any, x: Any, *, curve: pd.DataFrame | None = None,
    mark: float | None = None, mark_name: str = "", **more: Any,
) -> Shown:  # fmt: skip
    """Draw each row as a point of two quantities, with a curve through them.

    Parameters
    ----------
    frame, title, value, more
        As for :func:`tikub_lab.show.bars`; ``value`` is upward.
    x : column
        What is across.
    curve : DataFrame, optional
        The same two columns: what a model says.
    mark, mark_name : float, str
        A place across that the title names, and what it is called.

    Examples
    --------
    >>> days = pd.DataFrame({"degres": [0.0, 10, 20], "besoin": [90.0, 52, 20]})
    >>> shown = scatter(days, "Le froid coûte", "besoin", "degres", mark=15, mark_name="seuil de chauffe")
    >>> print(shown.facts["alt"])  # doctest: +NORMALIZE_WHITESPACE
    Un point par ligne : 3 points ; degres de 0 à 20, besoin de 20 à 90 ; l’une baisse quand l’autre monte.
    """
    chart = Chart("scatter", frame, title, value, x, more)
    pairs = pd.DataFrame({"x": chart.numbers(x), "y": chart.numbers(chart.value)}).dropna()
    if pairs.empty:
        return chart.nothing()
    if len(pairs) > MOST_POINTS:
        raise UsageError(f"{chart.what} shows {MOST_POINTS} points at most; these are {len(pairs)}. Draw a sample.")
    drawn = pd.DataFrame({"x": [], "y": []}, dtype="float64")
    if curve is not None:
        words.need(curve, [x, value], f"{chart.what}: curve")
        drawn = pd.DataFrame({"x": curve[x], "y": curve[value]}).astype("float64").dropna().sort_values("x")
    tops, bottoms = [pairs["y"].max(), drawn["y"].max()], [pairs["y"].min(), drawn["y"].min(), 0.0]
    axis = Axis(chart.measure, np.nanmin(bottoms), np.nanmax(tops), 236, 20)
    ticks = steps(pairs["x"].min(), pairs["x"].max(), 5)
    across, at = scale(ticks[0], ticks[-1], 0, 100), axis.at
    drawing = Drawing(280)
    axis.up(drawing)
    side = words.measure(pairs["x"], x, chart.labels).alone()
    radius = 6 if len(pairs) <= 60 else 5 if len(pairs) <= 400 else 3.5
    drawing.path("d", "".join(f"M{across(a):.2f} {at(b):.1f}h.01" for a, b in pairs.to_numpy()), radius)
    if mark is not None:
        drawing.line("k", [(across(mark), 20), (across(mark), 236)], 1.2, "4 3")
        anchor = "e h" if across(mark) > 60 else "h"
        drawing.label(across(mark), 14, f"{mark_name or side.heading} : {side.full(mark)}", anchor, must=True)
    if len(drawn):
        drawing.line("la", [(across(a), at(b)) for a, b in drawn.to_numpy()], 3)
    drawing.axis([across(item) for item in ticks], list(map(french.plain, ticks)), 254)
    drawing.text(100, 274, side.full_heading, "e s")
    slope = (
        np.corrcoef(pairs["x"], pairs["y"])[0, 1] if len(pairs) > 2 and pairs["x"].std() and pairs["y"].std() else 0.0
    )
    way = " ; l'une baisse quand l'autre monte" if slope < -0.3 else ""
    way = " ; les deux montent ensemble" if slope > 0.3 else way
    upward = chart.measure
    alt = (
        f"Un point par ligne : {french.counted(len(pairs), 'point')} ; {side.heading} de "
        f"{side.write(pairs['x'].min())} à {side.full(pairs['x'].max())}, "
        f"{upward.heading} de {upward.write(pairs['y'].min())} à {upward.full(pairs['y'].max())}{way}."
    )
    legend = [("d", "mesuré"), ("a", "modèle")] if len(drawn) else []
    if len(chart.frame) > 400 and chart.options["data"] is None:  # nobody reads so many, and a page carries them
        chart.options["data"] = False
    return chart.shown(drawing, alt, legend)


def histogram(
    frame: Any, title: str, value: Any = None, *, cut: float | None = None, bins: int = 12,
    edges: Sequence[float] | None = None, name: str = "seuil", **more: Any,
) -> Shown:  # fmt: skip
    """Draw how many rows fall into each step of a value, and where a threshold stands among them.

    A step never has the threshold inside, for it would mix both sides: what is under it is in the accent colour.

    Parameters
    ----------
    frame, title, value, more
        As for :func:`tikub_lab.show.bars`.
    cut, name : float, str
        The threshold, an edge of a step, and what it is called.
    bins : int
        About how many steps.
    edges : sequence of n + 1 numbers, optional
        Where steps begin and end; ``value`` then holds the n counts.

    Examples
    --------
    >>> amounts = pd.DataFrame({"prix": [30_000.0, 39_000, 39_500, 39_900, 44_000]})
    >>> shown = histogram(amounts, "Trois juste dessous", "prix", cut=40_000, bins=3, form="€")
    >>> print(shown.facts["alt"])  # doctest: +NORMALIZE_WHITESPACE
    Histogramme de 30 à 45 k€ : 5 lignes ; le plus souvent de 35 à 40 k€ (3) ; seuil à 40 k€, 4 dessous et
    1 au-dessus.
    """
    chart = Chart("histogram", frame, title, value, None, more)
    values = chart.numbers(chart.value).dropna()
    if values.empty:
        return chart.nothing()
    if edges is None:
        bounds = np.array(_edges(values, cut, bins))
        counts = np.histogram(values, bounds)[0].astype("float64")
    else:
        bounds, counts = np.asarray(edges, dtype="float64"), chart.numbers(chart.value).to_numpy()
    if len(bounds) != len(counts) + 1 or not (np.diff(bounds) > 0).all() or not (counts >= 0).all():
        raise UsageError(
            f"{chart.what}: edges are one more than counts, in order, and counts from 0, none missing; found "
            f"{len(bounds)} edges, {len(counts)} counts."
        )
    if cut is not None and np.abs(bounds - cut).min() > (bounds[-1] - bounds[0]) * 1e-9:
        raise UsageError(f"{chart.what}: cut={cut:g} is none of the edges, so that a step mixes both sides.")
    edge, form = "seuil" if edges is not None else str(chart.value), chart.options["form"]
    measure = words.measure(pd.Series(bounds), edge, forms={edge: form} if form else None).alone()
    drawing = Drawing(232)
    across = scale(bounds[0], bounds[-1], 0, 100)
    axis = steps(0, counts.max() or 1, 3)
    at = scale(0, axis[-1], 196, 28)
    drawing.value_axis(axis, at, french.plain)
    for left, right, count in zip(bounds[:-1], bounds[1:], counts, strict=True):
        gap = (right - left) * 0.05
        css = "a" if cut is None or right <= cut * (1 + 1e-9) else "r"
        drawing.rect(css, across(left + gap), at(count), across(right - gap) - across(left + gap), 196 - at(count))
    drawing.line("k", [(0, 196), (100, 196)])
    if cut is not None:
        x = across(cut)
        drawing.line("k", [(x, 20), (x, 196)], 1.5, "4 3")
        drawing.label(x, 14, f"{name} : {measure.full(cut)}", "h" if x < 25 else "e h" if x > 75 else "m h", must=True)
    drawing.axis([across(item) for item in bounds], list(map(measure.write, bounds)), 214)
    if edges is None:
        chart.unit = "Nombre de lignes"
        drawing.text(100, 230, measure.full_heading, "e s")
    top = int(counts.argmax())
    between = f"de {measure.write(bounds[0])} à {measure.full(bounds[-1])}"
    often = f"de {measure.write(bounds[top])} à {measure.full(bounds[top + 1])} ({french.plain(counts[top])})"
    alt = f"Histogramme {between} : {french.counted(float(counts.sum()), 'ligne')} ; le plus souvent {often}"
    if cut is not None:
        under = counts[bounds[1:] <= cut * (1 + 1e-9)].sum()
        over = counts.sum() - under
        alt += f" ; {name} à {measure.full(cut)}, {french.plain(under)} dessous et {french.plain(over)} au-dessus"
    if chart.options["data"] is None:
        spans = [f"{measure.write(a)} à {measure.full(b)}" for a, b in pairwise(bounds)]
        chart.options["data"] = pd.DataFrame({"De … à …": spans, "Nombre": counts})
    return chart.shown(drawing, alt + ".")


def _edges(values: pd.Series, cut: float | None, bins: int) -> list[float]:
    """Return round edges around all values, moved so that the threshold is one."""
    found = steps(values.min(), values.max(), bins)
    if cut is None:
        return found
    step = found[1] - found[0]
    first = cut - np.ceil((cut - values.min()) / step - 1e-9) * step
    count = int(np.ceil((values.max() - first) / step - 1e-9))
    return [round(first + place * step, 9) for place in range(max(count, 1) + 1)]
