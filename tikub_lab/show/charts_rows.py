"""Charts of rows: a value with its interval, a value against its target."""

from typing import Any

import numpy as np
import pandas as pd  # noqa: F401  (examples)

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart
from tikub_lab.show.drawing import NARROW, Drawing, clipped, scale, width_of
from tikub_lab.show.output import Shown

MOST_ROWS = 60
COMPACT = 12
"""Beyond so many rows only those in the accent colour are named."""


def intervals(
    frame: Any, title: str, value: Any = None, label: Any = None, low: Any = "bas", high: Any = "haut", *,
    reference: float | None = None, name: str = "ensemble", accent: Any = None, **more: Any,
) -> Shown:  # fmt: skip
    """Draw a dot and its interval a row, in the order given: what is known, and how well.

    Parameters
    ----------
    frame, title, value, label, accent, more
        As for :func:`tikub_lab.show.bars`. Beyond twelve rows only those of ``accent`` are named.
    low, high : column
        The interval's bounds.
    reference, name : float, str
        A value to compare all rows with, and what it is called. Where signs change, zero is drawn too.

    Raises
    ------
    UsageError
        A value outside its interval, or more than 60 rows.

    Examples
    --------
    >>> rates = pd.DataFrame({"libelle": ["Travaux"], "taux": [0.2], "bas": [0.1], "haut": [0.35]})
    >>> print(intervals(rates, "Peu de travaux", "taux", form="%").facts["alt"])
    Une valeur et son intervalle par ligne. Travaux : 20 %, entre 10 % et 35 %.
    """
    chart = Chart("intervals", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    if len(values) > MOST_ROWS:
        raise UsageError(f"{chart.what} shows {MOST_ROWS} rows at most; these are {len(values)}. Keep the first.")
    lower, upper = chart.numbers(low), chart.numbers(high)
    chart.columns += [low, high]
    wrong = (lower > values) | (values > upper)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise UsageError(
            f"{chart.what}: {chart.names[row]!r} is {values[row]:g}, outside {lower[row]:g} to {upper[row]:g}."
        )
    chart.measure_by(chart.value, low, high)
    chart.labels = {str(low): "Au moins", str(high): "Au plus", **chart.labels}
    write = chart.measure.full
    everything = np.array([*values, *lower, *upper, *([reference] if reference is not None else [])])
    bottom, top = np.nanmin(everything), np.nanmax(everything)
    if bottom > 0 and bottom < top * 0.5:
        bottom = 0.0
    axis = Axis(chart.measure, bottom, top, 2, 98)
    at = axis.at
    compact = len(values) > COMPACT
    row, head = (15, 24) if compact else (38, 24 if reference is not None else 4)
    drawing = Drawing(head + row * len(values) + 24)
    foot = head + row * len(values)
    axis.across(drawing, head, foot)
    marked = [False] * len(values) if compact and accent is None else chart.marked(accent)
    if reference is not None:
        x = at(reference)
        # Beside the rows' labels, which it would cross, the line has a gap.
        parts = [(18, foot)] if compact else [(18, head + 2), *((top + 18, top + 38) for top in range(head, foot, row))]
        for upper_end, lower_end in parts:
            drawing.line("k", [(x, upper_end), (x, lower_end)], 1.5, "4 3")
        drawing.label(x, 13, f"{name} : {write(reference)}", "" if x < 30 else "e" if x > 70 else "m", must=True)
    for place, (text, number) in enumerate(zip(chart.names, values, strict=True)):
        y = head + row * place + (8 if compact else 26)
        css = "a" if marked[place] else "r"
        said = f"{text} : {french.MISSING if np.isnan(number) else write(number)}"
        if not compact:
            between = (
                "" if np.isnan(lower[place]) else f" ({chart.measure.write(lower[place])} à {write(upper[place])})"
            )
            drawing.text(
                0,
                y - 10,
                clipped(text, 360) + f" : {said.rpartition(' : ')[2]}{between}",
                "h",
                clipped(text, NARROW - 10 - width_of(said.rpartition(" : ")[2])) + f" : {said.rpartition(' : ')[2]}",
            )
        if np.isnan(number):
            continue
        if not np.isnan(lower[place]):
            drawing.line(
                "la" if marked[place] else "lr",
                [(at(lower[place]), y), (at(upper[place]), y)],
                4 if marked[place] else 2,
            )
        drawing.dot(css, at(number), y, 6 if marked[place] else 3.5 if compact else 5)
        if compact and marked[place]:
            left = at(np.nanmin([lower[place], number]))
            side = "e b a h" if left > 50 else "b a h"
            drawing.label(
                left if left > 50 else at(np.nanmax([upper[place], number])),
                y + 5,
                said,
                side,
                dx=-8 if left > 50 else 8,
                must=True,
            )
    return chart.shown(drawing, _told(chart, values, lower, upper, marked, compact))


def _told(chart: Chart, values: Any, lower: Any, upper: Any, marked: list[bool], compact: bool) -> str:
    write = chart.measure.full
    rows = [i for i in range(len(values)) if not np.isnan(values[i]) and (marked[i] or not compact)]
    said = [
        f"{chart.names[i]} : {write(values[i])}"
        + ("" if np.isnan(lower[i]) else f", entre {write(lower[i])} et {write(upper[i])}")
        for i in rows[:COMPACT]
    ]
    below, above = int((upper < 0).sum()), int((lower > 0).sum())
    if compact:
        said.insert(0, f"{french.counted(len(values), 'ligne')}, de {write(values.min())} à {write(values.max())}")
    if compact and below + above < len(values) and (below or values.min() < 0):
        said.append(f"{below} nettement au-dessous de zéro, {above} nettement au-dessus, les autres de part et d'autre")
    return f"Une valeur et son intervalle par ligne. {'. '.join(said)}."


def targets(
    frame: Any, title: str, value: Any = None, label: Any = None, goal: Any = "objectif", *, name: str = "objectif",
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw horizontal bars, each with the mark of its target; those that reach it are in the accent colour.

    Parameters
    ----------
    frame, title, value, label, more
        As for :func:`tikub_lab.show.bars`.
    goal : column
        The target of each row, missing where there is none.
    name : str
        What the mark is called.

    Examples
    --------
    >>> rates = pd.DataFrame({"domaine": ["Environnement"], "taux": [0.51], "objectif": [1.0]})
    >>> print(targets(rates, "À mi-chemin", "taux", form="%").text.splitlines()[1])
    Barres et objectifs. Environnement : 51 %, objectif 100 %, non atteint.
    """
    chart = Chart("targets", frame, title, value, label, more)
    values, goals = chart.numbers(chart.value), chart.numbers(goal)
    if not values.notna().any():
        return chart.nothing()
    chart.columns.append(goal)
    chart.measure_by(chart.value, goal)
    chart.labels = {
        str(goal): words.word(goal).heading if words.word(goal).heading != str(goal) else name.capitalize(),
        **chart.labels,
    }
    write = chart.measure.full
    drawing = Drawing(40 * len(values))
    at = scale(0.0, np.nanmax([*values, *goals, 0.0]) or 1.0, 0, 98)
    told = []
    for place, (text, number, aim) in enumerate(zip(chart.names, values, goals, strict=True)):
        top, reached = 40 * place, bool(number >= aim)
        figures = write(number) + ("" if np.isnan(aim) else f", {name} {write(aim)}")
        room = NARROW - width_of(figures) - 16
        drawing.text(0, top + 13, clipped(text, 420), "", clipped(text, room))
        drawing.text(100, top + 13, figures, "e")
        drawing.rect("bd", 0, top + 20, 98, 12)
        if not np.isnan(number):
            drawing.rect("a" if reached or np.isnan(aim) else "r", at(0), top + 20, at(max(number, 0)) - at(0), 12)
        if not np.isnan(aim):
            drawing.line("k", [(at(aim), top + 17), (at(aim), top + 35)], 3)
        state = "" if np.isnan(aim) or np.isnan(number) else ", atteint" if reached else ", non atteint"
        told.append(f"{text} : {figures}{state}.")
    legend = [("a", "atteint"), ("", "non atteint"), ("k", name)]
    return chart.shown(drawing, f"Barres et objectifs. {' '.join(told)}", legend)
