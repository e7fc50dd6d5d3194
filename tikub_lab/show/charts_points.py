"""Charts of many values: where one stands, how one quantity goes with another, how values spread."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart
from tikub_lab.show.drawing import NARROW, Drawing, scale, side, steps
from tikub_lab.show.output import Shown

MOST_POINTS = 2000
PILE = 160  # pixels of the highest pile of dots


def strip(
    frame: Any, title: str, value: Any = None, label: Any = None, *, own: Any = None, name: str = "ici", **more: Any
) -> Shown:
    """Draw each value as a dot along one line, dots that would cover each other piled up, and say where one stands.

    The band holds the middle half of the others; the mark is their median.

    Parameters
    ----------
    frame, title, value, label, more
        As for ``show.bars``; labels are not written. Missing values are left out, and counted.
    own, name : label, str
        Which one the title is about, and what it is called.

    Examples
    --------
    >>> peers = pd.DataFrame({"lycee": ["A", "B", "C"], "par_m2": [90.0, 120.0, 150.0]})
    >>> strip(peers, "Le plus gourmand", "par_m2", own="C", name="notre lycée").kind
    'figure'
    """
    chart = Chart("strip", frame, title, value, label, more)
    known = chart.numbers(chart.value).notna()
    if not known.any():
        return chart.nothing()
    chart.frame = chart.frame[known].reset_index(drop=True)
    chart.at_most(MOST_POINTS, "points")
    values = chart.numbers(chart.value).sort_values()
    mine = np.array(chart.marked(own) if own is not None else [False] * len(values))[values.index]
    low_half, middle, high_half = np.quantile(values[~mine] if not mine.all() else values, [0.25, 0.5, 0.75])
    axis, write = Axis(chart.measure, values, 2, 98, 5), chart.measure.write
    for radius in (5.0, 4.0, 2.5):  # the largest dots whose pile is low
        level = _piled(axis.at(values.to_numpy()) * NARROW / 100, width := 2 * radius + 1)
        if max(level) * width <= PILE:
            break
    high = min(width, PILE / max(*level, 1))  # where all values are the same, say, dots stand closer
    over = 36 if mine.any() else 12
    base = over + 26 + max(level) * high
    foot = base + radius + 8
    drawing = Drawing(base + 42)
    drawing.rect("bd", axis.at(low_half), over + 14, axis.at(high_half), foot)
    at = axis.across(drawing, over + 14, foot)
    drawing.line("g", [(0, foot), (100, foot)])
    drawing.line("k", [(at(middle), over + 10), (at(middle), foot)], 2)
    ranks = ""
    for number, row, own_one in zip(values, level, mine, strict=True):
        x, y = at(number), base - row * high
        if own_one:
            drawing.line("la", [(x, 20), (x, y)], 1.5)
            drawing.dot("a", x, y, radius + 3)
            drawing.label(x, 14, f"{name} : {write(number)}", side(x, "b a"), must=True)
            rank = values.searchsorted(number) + 1
            ranks += f" ; {name}, {write(number)}, est au rang {rank} du plus petit au plus grand"
        elif len(values) <= 60:
            drawing.dot("r", x, y, radius)
        else:
            drawing.path("d", f"M{x:.2f} {y:.1f}h.01", width - 1)
    often = values.value_counts().head(1)
    for number, count in often[often > 9].items():  # a pile of equal values is counted, not guessed
        top = base - (count - 1) * high - radius - 5
        drawing.label(at(number), top, f"{count} à {write(number)}", side(at(number), "s h", 15))
    drawing.label(at(middle), over + 4, f"médiane : {write(middle)}", side(at(middle), near=15), must=True)
    others = " des autres" if ranks else ""
    alt = f"{french.counted(len(values), 'valeur')}, de {write(values.min())} à {write(values.max())}"
    alt = f"Un point par valeur : {alt} ; médiane{others} {write(middle)}{ranks}."
    lost = f" Non connus : {(~known).sum()}." if not known.all() else ""
    return chart.shown(drawing, alt, note=f"Bande grise : la moitié centrale{others}.{lost}")


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
        As for ``show.bars``; ``value`` is upward.
    x, curve : column, DataFrame
        What is across; the same two columns as a model says them, drawn as a line.
    mark, mark_name : float, str
        A place across that the title names, and what it is called.

    Examples
    --------
    >>> days = pd.DataFrame({"degres": [0.0, 10, 20], "besoin": [90.0, 52, 20]})
    >>> scatter(days, "Le froid coûte", "besoin", "degres", mark=15, mark_name="seuil de chauffe").kind
    'figure'
    """
    chart = Chart("scatter", frame, title, value, x, more)
    chart.at_most(MOST_POINTS, "points")
    pairs = pd.DataFrame({"x": chart.numbers(x), "y": chart.numbers(chart.value)}).dropna()
    if pairs.empty:
        return chart.nothing()
    drawn = pairs.head(0)
    if curve is not None:
        words.need(curve, [x, value], f"{chart.what}: curve")
        drawn = pd.DataFrame({"x": curve[x], "y": curve[value]}).astype("float64").dropna().sort_values("x")
    upright, beside = chart.measure, words.measure(pairs["x"], x, chart.labels).alone()
    drawing = Drawing(280)
    at = Axis(upright, [*pairs["y"], *drawn["y"], 0.0], 236, 20).up(drawing)
    across = Axis(beside, pairs["x"], 0, 100, 5).under(drawing, 236)
    radius = 6 if len(pairs) <= 60 else 5 if len(pairs) <= 400 else 3.5
    drawing.path("d", "".join(f"M{across(a):.2f} {at(b):.1f}h.01" for a, b in pairs.to_numpy()), radius)
    if mark is not None:
        drawing.mark(across(mark), [(20, 236)], f"{mark_name or beside.heading} : {beside.full(mark)}")
    if len(drawn):
        drawing.line("la", [(across(a), at(b)) for a, b in drawn.to_numpy()], 3)
    drawing.text(100, 274, beside.full_heading, "e s")
    slope = pairs["x"].corr(pairs["y"]) if len(pairs) > 2 and pairs["x"].std() and pairs["y"].std() else 0.0
    ways = {True: " ; les deux montent ensemble", False: " ; l'une baisse quand l'autre monte"}
    way = ways[slope > 0] if abs(slope) > 0.3 else ""
    spans = ", ".join(
        f"{one.heading} de {one.write(pairs[name].min())} à {one.full(pairs[name].max())}"
        for one, name in ((beside, "x"), (upright, "y"))
    )
    if len(chart.frame) > 400 and chart.data is None:  # nobody reads so many, and a page carries them
        chart.data = False
    legend = [("d", "mesuré"), ("a", "modèle")] if len(drawn) else []
    return chart.shown(drawing, f"Un point par ligne : {french.counted(len(pairs), 'point')} ; {spans}{way}.", legend)


def histogram(
    frame: Any, title: str, value: Any = None, *, cut: float | None = None, edges: Sequence[float] | None = None,
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw how many rows fall into each step of a value, and where a threshold stands among them.

    Parameters
    ----------
    frame, title, value, more : as for ``show.bars``
    cut, edges : float, sequence of n + 1 numbers, optional
        The threshold, an edge; where steps begin and end, if ``value`` holds the n counts, else twelve round ones.

    Examples
    --------
    >>> amounts = pd.DataFrame({"prix": [30_000.0, 39_000, 39_500, 39_900, 49_000]})
    >>> histogram(amounts, "Trois juste dessous", "prix", cut=40_000, form="€").kind
    'figure'
    """
    chart = Chart("histogram", frame, title, value, None, more)
    values = chart.numbers(chart.value).dropna()
    if values.empty:
        return chart.nothing()
    raw = edges is None
    bounds = np.array(_edges(values, cut) if edges is None else edges, dtype="float64")
    counts = np.histogram(values, bounds)[0].astype("float64") if raw else chart.numbers(chart.value).to_numpy()
    if len(bounds) != len(counts) + 1 or not (np.diff(bounds) > 0).all() or not (counts >= 0).all():
        found = f"{len(bounds)} edges, {len(counts)} counts"
        raise UsageError(f"{chart.what}: edges are one more than counts, in order, counts from 0; found {found}.")
    near = (bounds[-1] - bounds[0]) * 1e-9
    if cut is not None and np.abs(bounds - cut).min() > near:
        raise UsageError(f"{chart.what}: cut={cut:g} is none of the edges, so that a step mixes both sides.")
    edge = str(chart.value) if raw else "seuil"
    measure = words.measure(pd.Series(bounds), edge, forms={edge: chart.form} if chart.form else None).alone()
    drawing, across = Drawing(232), scale(bounds[0], bounds[-1], 0, 100)
    at = Axis(words.Measure("", french.plain, counts=True), [0.0, *counts], 196, 28, 3).up(drawing)
    under = bounds[1:] <= (np.inf if cut is None else cut + near)
    for (left, right), count, low in zip(pairwise(bounds), counts, under, strict=True):
        gap = (right - left) * 0.05
        drawing.rect("a" if low else "r", across(left + gap), at(0), across(right - gap), at(count))
    drawing.axis([across(item) for item in bounds], list(map(measure.write, bounds)), 214)
    if raw:
        chart.unit = "Nombre de lignes"
        drawing.text(100, 230, measure.full_heading, "e s")
    top, write = int(counts.argmax()), measure.full
    often = f"de {measure.write(bounds[top])} à {write(bounds[top + 1])} ({french.plain(counts[top])})"
    alt = f"Histogramme de {measure.write(bounds[0])} à {write(bounds[-1])} : "
    alt += f"{french.counted(float(counts.sum()), 'ligne')} ; le plus souvent {often}"
    if cut is not None:
        drawing.mark(across(cut), [(20, 196)], f"seuil : {write(cut)}")
        below, above = (french.plain(counts[mask].sum()) for mask in (under, ~under))
        alt += f" ; seuil à {write(cut)}, {below} dessous et {above} au-dessus"
    if chart.data is None:
        spans = [f"{measure.write(low)} à {write(high)}" for low, high in pairwise(bounds)]
        chart.data = pd.DataFrame({"De … à …": spans, "Nombre": counts})
    return chart.shown(drawing, alt + ".")


def _edges(values: pd.Series, cut: float | None) -> list[float]:
    """Return round edges around all values, moved so that the threshold is one."""
    found = steps(values.min(), values.max(), 12)
    if cut is None:
        return found
    step = found[1] - found[0]
    first = cut - np.ceil((cut - values.min()) / step - 1e-9) * step
    count = int(np.ceil((values.max() - first) / step - 1e-9))
    return [round(first + place * step, 9) for place in range(max(count, 1) + 1)]
