"""Charts along time: columns, months against what was expected, lines with their targets, spans over a year."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart, extremes
from tikub_lab.show.drawing import NARROW, Drawing, clipped, scale, side, width_of
from tikub_lab.show.output import Shown
from tikub_lab.show.tabular import instead

STROKES = (("la", "a", "a", ""), ("k", "kf", "k", "6 3"), ("lr", "r", "", ""), ("lo", "o", "o", "2 3"))
"""Of each line: the classes of its stroke, its dots and its place in the legend, and its dash, seen in grey too."""


def columns(frame: Any, title: str, value: Any = None, label: Any = None, *, accent: Any = None, **more: Any) -> Shown:
    """Draw vertical columns from zero, such as one a year, each with its figure; negative ones hang below zero.

    Parameters
    ----------
    frame, title, value, label, accent, more : as for ``show.bars``

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
        at = Axis(chart.measure, [low, high], drawing.height - 24, 12).up(drawing)
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
    frame, title, value, more : as for ``show.bars``
    label, expected : column, optional
        Dates or months, each once, at most 36; what was to be expected, drawn as a tick on each column.
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
    span = pd.period_range(found.min(), found.max(), freq="M", name=chart.label)
    chart.frame = chart.frame.drop(columns=chart.label).set_index(found).reindex(span).reset_index()
    chart.at_most(36, "months")
    values, compared = chart.numbers(chart.value), expected is not None
    aims = chart.numbers(expected) if compared else values * np.nan
    chart.measure_by(chart.value, *([expected] if compared else []))
    marked = chart.marked(accent) if accent is not None else [not compared] * len(span)
    drawing, step = Drawing(232), 100 / max(len(span), 6)
    at = Axis(chart.measure, [*values, *aims, 0.0], 194, 14, 3).up(drawing)
    for place, (number, aim) in enumerate(zip(values, aims, strict=True)):
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
    over = values - aims
    high = over[(over > aims.abs() * 0.1) & (over > values.max() * 0.03)] if compared else values.nlargest(1)
    sign, css = ("+", "m b ot h") if compared else ("", "m b h")
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
    if not compared:
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


def lines(
    frame: Any, title: str, values: Any = None, x: Any = None, *, targets: Mapping[int, float] | None = None,
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw one to four lines over years, months or the hours of a day from zero, each named; the first is the title's.

    Parameters
    ----------
    frame, title, more : as for ``show.bars``
    values, x : column or list of columns, optional
        At most four; a missing value breaks its line. Years, dates, months, or hours from 0 to 23, each once.
    targets : mapping of year to value, optional
        What is to be reached from a year on: drawn as steps, with the gap that the first line has to the first one.

    Examples
    --------
    >>> used = pd.DataFrame({"annee": [2023, 2025], "sobre": [140.0, 131.0]})
    >>> lines(used, "{reste:%} à économiser d'ici 2030", "sobre", targets={2030: 84}, reste=0.36).kind
    'figure'
    """
    many = [values] if isinstance(values, str) else list(values) if values is not None else []
    chart = Chart("lines", frame, title, many[0] if many else None, x, more, time=True)
    many = many or [name for name in chart.frame if name != chart.label and words.is_number(chart.frame[name])]
    if not 1 <= len(many) <= len(STROKES):
        these = f"{len(many)}: {', '.join(map(str, many))}"
        raise UsageError(f"{chart.what} shows 1 to {len(STROKES)} lines; these are {these}.")
    if not any(chart.numbers(name).notna().any() for name in many):
        return chart.nothing()
    hours = words.is_number(raw := chart.frame[chart.label]) and raw.between(0, 23).all() and raw.is_unique
    months = pd.Index(raw) if hours else times(chart, "years, dates, months or hours")
    chart.frame = chart.frame.iloc[np.argsort(months)].reset_index(drop=True)
    months = months.sort_values()
    years_only = words.is_number(raw)
    names = [
        f"{month}\u00a0h" if hours else str(month.year) if years_only else french.month(month, short=True)
        for month in months
    ]
    places = months if hours else months.year + (months.month - 1) / 12
    table = pd.DataFrame({name: chart.numbers(name) for name in many}).set_axis(places.astype("float64"))
    if nothing := [str(name) for name in table if table[name].isna().all()]:
        raise UsageError(f"{chart.what}: no value in {', '.join(nothing)}. Leave the line out, and say so in words.")
    chart.measure_by(*many)
    goals = {float(year): float(goal) for year, goal in sorted((targets or {}).items())}
    first, last = float(table.index[0]), float(table.index[-1])
    if goals:
        last = max(last, max(goals) + 0.04 * (max(goals) - first))
    # The dot at an end is drawn whole; targets go on to the edge.
    across = scale(first, last if last > first else first + 1, 0, 100 if goals else 98.8)
    drawing = Drawing(264)
    at = Axis(chart.measure, [*table.to_numpy().ravel(), *goals.values(), 0.0], 236, 14, 3).up(drawing)
    for name, stroke in zip(many, STROKES, strict=False):
        _line(drawing, table[name], across, at, stroke)
    if goals:
        _steps(drawing, chart, table[many[0]].dropna(), goals, across, at, last)
    if not hours:  # a day ends where it began
        _ends(drawing, chart, table, across, at)
    years = list(range(int(first), int(max(*goals, table.index[-1])) + 1)) if goals else []
    drawing.axis(list(map(across, years or table.index)), list(map(str, years)) or names, 257)
    legend = [(stroke[2], chart.heading(name)) for name, stroke in zip(many, STROKES, strict=False)]
    legend = [*legend, ("k", "objectif")] if goals else legend if len(many) > 1 else []
    said = [_told(chart, table[name].set_axis(names).dropna(), bool(hours)) for name in table]
    aims = ", ".join(f"{chart.measure.full(goal)} en {year:g}" for year, goal in goals.items())
    alt = f"Courbe de {names[0]} à {names[-1]} : {' ; '.join(said)}." + (f" Objectif : {aims}." if aims else "")
    return chart.shown(drawing, alt, legend)


def _line(drawing: Drawing, values: pd.Series, across: Any, at: Any, stroke: tuple[str, str, str, str]) -> None:
    """Draw a line that breaks where a value or a year is missing; a value alone is a dot."""
    css, dot, _, dash = stroke
    known = values.dropna()
    longest = np.diff(values.index).min() * 1.5 if len(values) > 1 else 1.0
    runs = known.groupby((pd.Series(known.index).diff() > longest).cumsum().to_numpy())
    for _, run in runs:
        points = [(across(time), at(number)) for time, number in run.items()]
        if len(points) == 1:
            drawing.dot(dot, *points[0], radius=3.5)
        else:
            drawing.line(css, points, 2 if css == "k" else 0, dash)
            drawing.take_along(points)


def _ends(drawing: Drawing, chart: Chart, table: pd.DataFrame, across: Any, at: Any) -> None:
    """Write each line's name and last value near its end, where no line and no other is in the way."""
    fills = {name: stroke[1] for name, stroke in zip(table, STROKES, strict=False)}
    alone = len(fills) == 1
    for known in sorted((table[name].dropna() for name in table), key=lambda known: -known.iloc[-1]):
        x, y, fill = across(known.index[-1]), at(known.iloc[-1]), fills[known.name]
        drawing.dot(fill, x, y, 4)
        said = ("" if alone else f"{chart.heading(known.name)} : ") + chart.measure.full(known.iloc[-1])
        top = max(y - 9, 12)
        css = ("e " if x > 30 else "") + "b h" + (" a" if fill == "a" else "")
        places = (top, y + 20, top - 15, y + 35, top - 30, y + 50)
        if not any(drawing.label(x, place, said, css, both=True) for place in places if 12 <= place <= 232):
            drawing.label(x, top, said, css, must=True)


def _steps(
    drawing: Drawing, chart: Chart, known: pd.Series, goals: dict[float, float], across: Any, at: Any, last: float
) -> None:
    """Draw targets as steps from their years, and the gap from the last value to the first of them."""
    years = [*goals, last]
    path = []
    for start, end in pairwise(years):
        goal, x = goals[start], across(end)
        path += [(across(start), at(goal)), (x, at(goal))]
        final = end == last
        middle, css = (100, "e") if final else ((across(start) + x) / 2, "m")
        drawing.label(middle, at(goal) + 17, f"{start:g} : {chart.measure.write(goal)}", css, must=True)
    drawing.line("k", path, 3)
    year, time, value = years[0], float(known.index[-1]), float(known.iloc[-1])
    if value == 0 or year <= time:
        return
    top, foot, middle = at(value), at(goals[year]), (across(time) + across(year)) / 2
    drawing.line("lo", [(across(time), top), (middle, top)], 1, "3 3")
    drawing.line("lo", [(middle, foot), (across(year), foot)], 1, "3 3")
    drawing.line("lo", [(middle, top), (middle, foot)], 2)
    drawing.take(middle, top, middle + 0.5, foot)
    gap, y = (goals[year] - value) / value, (top + foot) / 2
    said = f"{'+' if gap > 0 else ''}{french.percent(gap)} d’ici {year:g}"
    drawing.label(middle, y - 2, said, "b ot h", dx=8, must=True)
    drawing.label(middle, y + 13, f"écart : {chart.measure.full(abs(goals[year] - value))}", "ot h", dx=8)


def _told(chart: Chart, known: pd.Series, hours: bool) -> str:
    first, last, write = known.iloc[0], known.iloc[-1], chart.measure.full
    if hours:
        top, low = f"{write(known.max())} à {known.idxmax()}", f"{write(known.min())} à {known.idxmin()}"
        return f"{chart.heading(known.name)}, au plus haut {top}, au plus bas {low}"
    way = "en hausse" if last > first * 1.02 else "en baisse" if last < first * 0.98 else "stable"
    return (
        f"{chart.heading(known.name)}, de {write(first)} à {write(last)} ({way}), au plus haut {write(known.max())} en "
        f"{known.idxmax()}, au plus bas {write(known.min())} en {known.idxmin()}"
    )


def calendar(
    frame: pd.DataFrame, title: str, label: Any = None, value: Any = None, *, year: int | None = None,
    over: pd.DataFrame | None = None, rows: Sequence[Any] = (), **more: Any,
) -> Shown:  # fmt: skip
    """Draw spans over a year, a row for each label, such as alerts over the school holidays.

    Parameters
    ----------
    frame : DataFrame
        One span a row: ``debut``, its first day, and ``fin``, the day after its last.
    title, label, value, more
        As for ``show.bars``: a row for each label; the value is written at its span.
    year, rows : int, sequence, optional
        By default that of the first span; labels that have a row even where no span is theirs.
    over : DataFrame, optional
        Holidays under all rows: columns ``debut``, ``fin``, and ``libelle`` for their names.

    Examples
    --------
    >>> alerts = pd.DataFrame({"energie": ["Gaz"], "debut": ["2025-02-10"], "fin": ["2025-02-24"], "kwh": [45_000.0]})
    >>> print(calendar(alerts, "Une alerte", "energie", "kwh", rows=["Gaz", "Électricité"]).facts["alt"])
    Calendrier de 2025. Gaz : du 10 au 23 février, 45 MWh. Électricité : rien.
    """
    words.need(frame, [name for name in (label, value, "debut", "fin") if name is not None], "show.calendar")
    if frame.empty:
        own = more.get("empty")
        return instead(french.typeset(own or "Rien à signaler."), "figure" if own else "")
    spans = frame.assign(debut=pd.to_datetime(frame["debut"]), fin=pd.to_datetime(frame["fin"]))
    days = spans.assign(jours=(spans["fin"] - spans["debut"]).dt.days)
    chart = Chart("calendar", days, title, value or "jours", label, more)
    year = year or int(spans["debut"].iloc[0].year)
    chart.columns = [chart.label, "debut", "fin", *([value] if value is not None else [])]
    chart.unit = str(year) if value is None else f"{year}, {chart.unit[:1].lower()}{chart.unit[1:]}"
    labels = chart.frame[chart.label].astype(str)
    found = list(dict.fromkeys([*map(str, rows), *labels]))
    begin, finish = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)

    def at(day: Any) -> Any:
        return np.clip((pd.to_datetime(day) - begin) / (finish - begin), 0, 1) * 100

    bottom = 22 + 48 * len(found)
    drawing = Drawing(bottom + 20)
    if over is not None:
        words.need(over, ["debut", "fin"], "show.calendar: over")
        for span in over.to_dict("records"):
            left, right = at(span["debut"]), at(span["fin"])
            if right > left:
                drawing.rect("t", left, 22, right, bottom)
                name = re.sub(r"^Vacances (?:de )?(?:la |d')?", "", str(span.get("libelle") or ""))
                x = right if right > 97 else left if left < 3 else (left + right) / 2
                drawing.label(x, bottom + 16, name, side(x, "s", 3), twin=name if len(name) < 8 else f"{name[:5]}.")
    for month, name in enumerate(french.MONTHS, 1):
        if month > 1:
            left = at(f"{year}-{month}-1")
            drawing.line("g", [(left, 22), (left, bottom)])
        drawing.text(at(f"{year}-{month}-16"), 15, name, "m s", name[0].upper())
    drawing.line("g", [(0, 22), (100, 22)])
    told = []
    for top, name in zip(range(22, bottom, 48), found, strict=True):
        drawing.line("g", [(0, top + 48), (100, top + 48)])
        mine = chart.frame[labels == name]
        head = french.capital(name) + ("" if len(mine) else " : rien à signaler")
        drawing.row(top + 15, head, "b h" if len(mine) else "h", room=10)
        spoken = []
        for span in mine.to_dict("records"):
            left, right = at(span["debut"]), at(span["fin"])
            drawing.rect("o", left, top + 20, max(right, left + 0.4), top + 31)
            worth = chart.measure.full(span[chart.value]) if value is not None else ""
            drawing.label((left + right) / 2, top + 44, worth, side((left + right) / 2, "ot h", 8))
            spoken.append(", ".join(filter(None, [_span(span["debut"], span["fin"]), worth])))
        told.append(f"{name} : {' ; '.join(spoken) or 'rien'}.")
    legend = [("o", "en trop"), *([("t", "vacances")] if over is not None else [])]
    return chart.shown(drawing, f"Calendrier de {year}. {' '.join(told)}", legend)


def _span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    last = end - pd.Timedelta(days=1)
    first, final = (french.day(day).rsplit(" ", 1)[0] for day in (start, last))
    return f"du {first.split(' ')[0] if start.month == last.month else first} au {final}"
