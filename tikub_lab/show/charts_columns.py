"""Charts of columns: one a row, one a month, one a step of a value."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart, extremes
from tikub_lab.show.drawing import NARROW, Drawing, clipped, scale, steps, width_of
from tikub_lab.show.output import Shown


def columns(frame: Any, title: str, value: Any = None, label: Any = None, *, accent: Any = None, **more: Any) -> Shown:
    """Draw vertical columns from zero, such as one a year, each with its figure; negative ones hang below zero.

    Parameters
    ----------
    frame, title, value, label, accent, more
        As for :func:`tikub_lab.show.bars`.

    Examples
    --------
    >>> years = pd.DataFrame({"annee": [2024, 2025], "nombre": [480, 512]})
    >>> columns(years, "{dernier:marché} en 2025", "nombre", "annee", dernier=512).kind
    'figure'
    """
    chart = Chart("columns", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    chart.at_most(40)
    drawing, write, marked = Drawing(216), chart.measure.write, chart.marked(accent)
    step = 100 / len(values)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    fits = max(width_of(write(item), True) for item in values) <= step * NARROW / 100
    if fits:
        at = scale(low, high or (0.0 if low else 1.0), drawing.height - (42 if low < 0 else 24), 20)
        drawing.line("k", [(0, at(0)), (100, at(0))])
    else:  # values too wide to stand on their columns are read from an axis
        axis = Axis(chart.measure, low, high, drawing.height - 24, 12)
        axis.up(drawing)
        at = axis.at
    for place, number in enumerate(values):
        _column(drawing, at, place, step, number, "a" if marked[place] else "r")
        if fits and not np.isnan(number):
            css = "m b" if marked[place] and not all(marked) else "m"
            drawing.text((place + 0.5) * step, at(number) + (15 if number < 0 else -5), write(number), css)
    places = [(place + 0.5) * step for place in range(len(values))]
    drawing.axis(places, chart.names, 212, [clipped(name, step * NARROW / 100 + 8) for name in chart.names])
    return chart.shown(drawing, extremes("Colonnes", chart.names, values, chart.measure.full))


def _column(
    drawing: Drawing, at: Callable[[Any], Any], place: int, step: float, number: float, css: str, base: float = 0
) -> None:
    """Draw one column from its base, or say that its value is not known."""
    if np.isnan(number):
        drawing.label((place + 0.5) * step, at(0) - 6, french.MISSING, "m s", must=step > 7)
    else:
        drawing.rect(css, (place + 0.16) * step, at(base), (place + 0.84) * step, at(number))


def months(
    frame: Any, title: str, value: Any = None, label: Any = None, *, expected: Any = None, accent: Any = None,
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw one column a month over a value axis; what exceeds the expected is drawn apart.

    Parameters
    ----------
    frame, title, value, more
        As for :func:`tikub_lab.show.bars`.
    label : column, optional
        Dates or months, each once, 36 from first to last; by default the first such column, or the index.
    expected : column, optional
        What was to be expected, drawn as a tick on each column.
    accent : months, optional
        Which columns the title is about: ``["2025-02"]``; by default none where ``expected`` is given, else all.

    Examples
    --------
    >>> used = pd.DataFrame({"mois": pd.period_range("2026-11", periods=3, freq="M"), "kwh": [2e5, 5e5, 3e5]})
    >>> print(months(used, "Le plus fort : {top:kWh}", "kwh", top=5e5).facts["alt"])
    Colonnes : 3 valeurs, la plus grande déc. 2026 (500 MWh), la plus petite nov. 2026 (200 MWh).
    """
    chart = Chart("months", frame, title, value, label, more, time=True)
    found = times(chart, "dates or months")
    if not chart.numbers(chart.value).notna().any():
        return chart.nothing()
    span = pd.period_range(found.min(), found.max(), freq="M")
    chart.frame = chart.frame.assign(**{chart.label: found}).set_index(chart.label).reindex(span)
    chart.frame = chart.frame.rename_axis(chart.label).reset_index()
    chart.at_most(36, "months")
    both = [chart.value, *([expected] if expected is not None else [])]
    values, aims = chart.numbers(both[0]), chart.numbers(both[-1]) if expected is not None else None
    chart.columns = [chart.label, *both]
    chart.measure_by(*both)
    marked = chart.marked(accent) if accent is not None else [expected is None] * len(span)
    drawing, step = Drawing(232), 100 / max(len(span), 6)
    top = np.nanmax([values.max(), 0.0 if aims is None else aims.max(), 0.0])
    axis = Axis(chart.measure, min(values.min(), 0.0), top, 194, 14, 3)
    at = axis.at
    axis.up(drawing)
    for place, number in enumerate(values):
        aim = np.nan if aims is None else aims[place]
        if np.isnan(number):
            drawing.rect("bd", step * place, 14, step * (place + 1), 194)
        due = number if np.isnan(aim) else min(number, max(aim, 0))
        _column(drawing, at, place, step, due, "a" if marked[place] else "r")
        if number > due:
            _column(drawing, at, place, step, number, "o", due)
        if not np.isnan(aim):
            drawing.line("k", [(step * (place + 0.1), at(aim)), (step * (place + 0.9), at(aim))], 2)
    drawing.line("k", [(0, at(0)), (100, at(0))])
    # What exceeds the expected by a tenth is written, else the largest value.
    over = values - (0 if aims is None else aims)
    high = values.nlargest(1) if aims is None else over[(over > aims.abs() * 0.1) & (over > values.max() * 0.03)]
    sign, css = ("", "m b h") if aims is None else ("+", "m b ot h")
    for at_row in high.sort_values(ascending=False).index.tolist():
        text = sign + chart.measure.write(high[at_row])
        drawing.label(step * (at_row + 0.5), at(max(values[at_row], 0)) - 6, text, css)
    for place, month in enumerate(span):  # initials on phones, each third beyond a year and a half
        if len(span) <= 18 or month.month % 3 == 1:
            name = french.MONTHS[month.month - 1]
            initial = name[0].upper()
            drawing.text(step * (place + 0.5), 211, name if len(span) <= 14 else initial, "m s", initial)
        if place == 0 or month.month == 1:
            drawing.label(step * (place + 0.18), 228, str(month.year), "s")
    alt = extremes("Colonnes", chart.names, values, chart.measure.full)
    if aims is None:
        return chart.shown(drawing, alt)
    if over.max() > 0:
        most = f"{chart.names[over.argmax()]}, {chart.measure.full(over.max())} de plus que l'attendu"
        alt += f" Le plus fort dépassement : {most}."
    elif over.notna().any():
        alt += " Aucun mois ne dépasse l'attendu."
    return chart.shown(drawing, alt, [("", "mesuré"), ("o", "en plus"), ("k", "attendu")])


def times(chart: Chart, what: str) -> pd.PeriodIndex:
    """Return a chart's times as months, a year as its first one; each must come once."""
    raw = chart.frame[chart.label]
    years = words.is_number(raw) and not raw.hasnans
    try:
        found = pd.PeriodIndex(raw.astype("int64").astype("str") if years else raw, freq="M")
    except (ValueError, TypeError):
        example = next(iter(raw), "nothing")
        raise UsageError(f"{chart.what} needs {what} in {chart.label!r}; found {example!r}.") from None
    twice = raw[found.duplicated()]
    if len(twice) or found.hasnans:
        fault = f"{twice.iloc[0]} comes twice" if len(twice) else "one is missing"
        raise UsageError(f"{chart.what} needs each time once in {chart.label!r}; {fault}. Group the values first.")
    return found


def histogram(
    frame: Any, title: str, value: Any = None, *, cut: float | None = None, edges: Sequence[float] | None = None,
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw how many rows fall into each step of a value, and where a threshold stands among them.

    Parameters
    ----------
    frame, title, value, more
        As for :func:`tikub_lab.show.bars`.
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
        raise UsageError(
            f"{chart.what}: edges are one more than counts, in order, and counts from 0, none missing; found "
            f"{len(bounds)} edges, {len(counts)} counts."
        )
    near = (bounds[-1] - bounds[0]) * 1e-9
    if cut is not None and np.abs(bounds - cut).min() > near:
        raise UsageError(f"{chart.what}: cut={cut:g} is none of the edges, so that a step mixes both sides.")
    edge = str(chart.value) if raw else "seuil"
    measure = words.measure(pd.Series(bounds), edge, forms={edge: chart.form} if chart.form else None).alone()
    drawing, across = Drawing(232), scale(bounds[0], bounds[-1], 0, 100)
    ticks = steps(0, counts.max() or 1, 3)
    at = scale(0, ticks[-1], 196, 28)
    drawing.value_axis(ticks, at, french.plain)
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
