"""Charts along time: columns by month, lines over years, a calendar of spans."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, words
from tikub_lab.show.charts import Axis, Chart, extremes
from tikub_lab.show.drawing import Drawing, scale
from tikub_lab.show.output import Shown

MOST_MONTHS, MOST_LINES = 36, 4
STROKES = (("la", ""), ("k", "6 3"), ("lr", ""), ("lo", "2 3"))
"""Classes and dashes of lines, told apart in grey too."""


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
        Dates or monthly periods, at most 36 months from first to last; by default the first such column, or the index.
        They are put in order; a month without a row is shown as not known.
    expected : column, optional
        What was to be expected, drawn as a tick on each column.
    accent : months, optional
        Which columns the title is about: ``["2025-02"]``; by default none where ``expected`` is given, else all.

    Raises
    ------
    UsageError
        A label that is no time, a month given twice, or too many months.

    Examples
    --------
    >>> used = pd.DataFrame({"mois": pd.period_range("2026-11", periods=3, freq="M"), "kwh": [2e5, 5e5, 3e5]})
    >>> print(months(used, "Le plus fort : {top:kWh}", "kwh", top=5e5).facts["alt"])
    Colonnes : 3 valeurs, la plus grande déc. 2026 (500 MWh), la plus petite nov. 2026 (200 MWh).
    """
    chart = Chart("months", frame, title, value, label, more, time=True)
    if expected is not None:
        words.need(chart.frame, [expected], chart.what)
        chart.columns.append(expected)
    by_month = _months_of(chart)
    if not chart.numbers(chart.value).notna().any():
        return chart.nothing()
    span = pd.period_range(by_month.min(), by_month.max(), freq="M")
    if len(span) > MOST_MONTHS:
        raise UsageError(
            f"{chart.what} shows {MOST_MONTHS} months at most; these are {len(span)}: {span[0]} to {span[-1]}."
        )
    chart.frame = chart.frame.assign(**{chart.label: by_month}).set_index(chart.label).reindex(span)
    chart.frame = chart.frame.rename_axis(chart.label).reset_index()
    values = chart.numbers(chart.value)
    chart.measure_by(chart.value, *([expected] if expected is not None else []))
    aims = chart.numbers(expected) if expected is not None else pd.Series(np.nan, index=values.index)
    marked = [expected is None] * len(span) if accent is None else _marked(chart, span, accent)
    drawing = Drawing(232)
    top = np.nanmax([values.max(), aims.max(), 0.0])
    axis = Axis(chart.measure, min(values.min(), 0.0), top, 194, 14, 3)
    at = axis.at
    step = 100 / max(len(span), 6)
    axis.up(drawing)
    for place, (number, aim) in enumerate(zip(values, aims, strict=True)):
        left, middle = step * (place + 0.18), step * (place + 0.5)
        if np.isnan(number):
            drawing.rect("bd", step * place, 14, step, 180)
            drawing.label(middle, at(0) - 6, french.MISSING, "m s", must=len(span) <= 14)
        else:
            base = number if np.isnan(aim) else min(number, max(aim, 0))
            css = "a" if marked[place] else "r"
            drawing.rect(css, left, min(at(base), at(0)), step * 0.64, abs(at(0) - at(base)))
            if number > base:
                drawing.rect("o", left, at(number), step * 0.64, at(base) - at(number))
        if not np.isnan(aim):
            drawing.line("k", [(step * (place + 0.1), at(aim)), (step * (place + 0.9), at(aim))], 2)
    drawing.line("k", [(0, at(0)), (100, at(0))])
    _say_months(drawing, chart, values, aims, at, step)
    _under(drawing, span, step)
    legend = [("", "mesuré"), ("o", "en plus"), ("k", "attendu")] if expected is not None else []
    return chart.shown(
        drawing, extremes("Colonnes", chart.names, values, chart.measure.full) + _excess(chart, values, aims), legend
    )


def _months_of(chart: Chart) -> pd.PeriodIndex:
    raw = chart.frame[chart.label]
    try:
        found = (
            pd.PeriodIndex(raw, freq="M")
            if isinstance(raw.dtype, pd.PeriodDtype)
            else pd.DatetimeIndex(raw).to_period("M")
        )
    except (ValueError, TypeError):
        example = raw.iloc[0] if len(raw) else "nothing"
        raise UsageError(f"{chart.what} needs dates or months in {chart.label!r}; found {example!r}.") from None
    if not found.is_unique or found.hasnans:
        twice = found[found.duplicated()]
        what = f"{twice[0]} comes twice" if len(twice) else "one is missing"
        raise UsageError(
            f"{chart.what} needs each month once in {chart.label!r}; {what}. Group the values by month first."
        )
    return found


def _marked(chart: Chart, span: pd.PeriodIndex, accent: Any) -> list[bool]:
    wanted = {
        pd.Period(item, "M")
        for item in (accent if isinstance(accent, Sequence | pd.Index) and not isinstance(accent, str) else [accent])
    }
    if lost := wanted - set(span):
        raise UsageError(f"{chart.what}: accent {min(lost)} is not among the months {span[0]} to {span[-1]}.")
    return [month in wanted for month in span]


def _say_months(drawing: Drawing, chart: Chart, values: pd.Series, aims: pd.Series, at: Any, step: float) -> None:
    """Write what exceeds the expected by a tenth, else the largest value."""
    over = values - aims
    high = over[(over > aims.abs() * 0.1) & (over > values.max() * 0.03)]
    if not aims.notna().any():
        high = values.nlargest(1)
    for place, number in high.sort_values(ascending=False).items():
        sign, css = ("+", "m b ot h") if aims.notna().any() else ("", "m b h")
        drawing.label(step * (place + 0.5), at(max(values[place], 0)) - 6, sign + chart.measure.write(number), css)


def _excess(chart: Chart, values: pd.Series, aims: pd.Series) -> str:
    if not aims.notna().any():
        return ""
    over = (values - aims).dropna()
    if over.empty or over.max() <= 0:
        return " Aucun mois ne dépasse l'attendu."
    place = int((values - aims).fillna(-np.inf).to_numpy().argmax())
    most = f"{chart.names[place]}, {chart.measure.full(over.max())} de plus que l'attendu"
    return f" Le plus fort dépassement : {most}."


def _under(drawing: Drawing, span: pd.PeriodIndex, step: float) -> None:
    """Write months, initials on phones, each third beyond a year and a half, and each year under its first month."""
    for place, month in enumerate(span):
        if len(span) <= 18 or month.month % 3 == 1:
            name = french.MONTHS[month.month - 1]
            wide = name if len(span) <= 14 else name[0].upper()
            drawing.text(step * (place + 0.5), 211, wide, "m s", name[0].upper() if wide != name[0].upper() else None)
        if place == 0 or month.month == 1:
            drawing.label(step * (place + 0.18), 228, str(month.year), "s")


def lines(
    frame: Any,
    title: str,
    values: Any = None,
    x: Any = None,
    *,
    targets: Mapping[int, float] | None = None,
    **more: Any,
) -> Shown:
    """Draw one to four lines over years or months from zero, each named at its end; the first is the title's.

    Parameters
    ----------
    frame, title, more
        As for :func:`tikub_lab.show.bars`.
    values : column or list of columns, optional
        By default all columns of numbers, at most four. A missing value breaks its line.
    x : column, optional
        Years, dates or months; by default the first such column, or the index. Put in order; repeated ones are refused.
    targets : mapping of year to value, optional
        What is to be reached from a year on: drawn as steps, with the gap that the first line has to the first one.

    Raises
    ------
    UsageError
        More than four lines, times that are repeated or none, or a line without any value.

    Examples
    --------
    >>> used = pd.DataFrame({"annee": [2023, 2024, 2025], "sobre": [140.0, 133.0, 131.0]})
    >>> shown = lines(used, "{reste:%} à économiser d'ici 2030", "sobre", targets={2030: 84}, reste=0.36)
    >>> print(shown.facts["alt"])  # doctest: +NORMALIZE_WHITESPACE
    Courbe de 2023 à 2025 : sobre, de 140 à 131 (en baisse), au plus haut 140 en 2023, au plus bas 131 en 2025.
    Objectif : 84 en 2030.
    """
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("Valeur" if frame.name is None else frame.name)
    many = [values] if isinstance(values, str) else list(values) if values is not None else None
    chart = Chart("lines", frame, title, many[0] if many else None, x, more, time=True)
    many = many or [name for name in chart.frame if name != chart.label and words.is_number(chart.frame[name])]
    if not 1 <= len(many) <= MOST_LINES:
        raise UsageError(
            f"{chart.what} shows 1 to {MOST_LINES} lines; these are {len(many)}: {', '.join(map(str, many))}."
        )
    chart.columns = [chart.label, *many]
    table = pd.DataFrame({name: chart.numbers(name) for name in many})
    if not table.notna().any(axis=None):
        return chart.nothing()
    nothing = [str(name) for name in table if table[name].isna().all()]
    if nothing:
        raise UsageError(f"{chart.what}: no value in {', '.join(nothing)}. Leave the line out, and say so in words.")
    times, names = _times(chart)
    order = np.argsort(times)
    chart.frame, times, names = chart.frame.iloc[order].reset_index(drop=True), times[order], [names[i] for i in order]
    table = table.iloc[order].set_axis(times)
    chart.measure_by(*many)
    drawing = Drawing(264)
    goals = {float(year): float(goal) for year, goal in sorted((targets or {}).items())}
    last = max(times[-1], max(goals, default=times[-1]) + (0.04 * (max(goals) - times[0]) if goals else 0))
    across = scale(times[0], last if last > times[0] else times[0] + 1, 0, 100)
    peak = max(float(np.nanmax(table)), max(goals.values(), default=0.0), 0.0)
    axis = Axis(chart.measure, min(float(np.nanmin(table)), 0.0), peak, 236, 14, 3)
    at = axis.at
    axis.up(drawing)
    for name, (css, dash) in zip(many, STROKES, strict=False):
        _line(drawing, table[name], across, at, css, dash)
    if goals:
        _steps(drawing, chart, table[many[0]].dropna(), goals, across, at, last)
    _ends(drawing, chart, table, across, at, bool(goals))
    if goals:
        first, final = int(times[0]), int(max(*goals, times[-1]))
        drawing.axis(
            [across(year) for year in range(first, final + 1)], [str(year) for year in range(first, final + 1)], 257
        )
    else:
        drawing.axis([across(item) for item in times], names, 257)
    legend = [(("a", "k", "", "o")[i], chart.heading(name)) for i, name in enumerate(many)] if len(many) > 1 else []
    if goals:
        legend = legend or [("a", chart.heading(many[0]))]
        legend += [("k", "objectif")]
    return chart.shown(drawing, _told(chart, table, names, goals), legend)


def _times(chart: Chart) -> tuple[np.ndarray, list[str]]:
    raw = chart.frame[chart.label]
    if words.is_time(raw):
        periods = (
            pd.PeriodIndex(raw, freq="M")
            if isinstance(raw.dtype, pd.PeriodDtype)
            else pd.DatetimeIndex(raw).to_period("M")
        )
        times = np.array([month.year + (month.month - 1) / 12 for month in periods])
        names = [french.month(month, short=True) for month in periods]
    else:
        try:
            times = raw.astype("float64").to_numpy()
        except (ValueError, TypeError):
            raise UsageError(
                f"{chart.what} needs years, dates or months in {chart.label!r}; found {raw.iloc[0]!r}."
            ) from None
        names = [f"{item:g}" for item in times]
    twice = pd.Index(times)[pd.Index(times).duplicated()]
    if len(twice) or np.isnan(times).any():
        what = f"{names[list(times).index(twice[0])]} comes twice" if len(twice) else "one is missing"
        raise UsageError(f"{chart.what} needs each time once in {chart.label!r}; {what}. Group the values first.")
    return times, names


def _line(drawing: Drawing, values: pd.Series, across: Any, at: Any, css: str, dash: str) -> None:
    """Draw a line that breaks where a value or a year is missing; a value alone is a dot."""
    step = np.diff(values.index).min() * 1.5 if len(values) > 1 else 1.0
    run: list[tuple[float, float]] = []
    before = None
    for time, number in [*zip(values.index.tolist(), values.tolist(), strict=True), (np.inf, np.nan)]:
        if np.isnan(number) or (before is not None and time - before > step):
            if len(run) == 1:
                drawing.dot({"la": "a", "k": "kf", "lr": "r", "lo": "o"}[css], *run[0], radius=3.5)
            elif run:
                drawing.line(css, run, 2 if css == "k" else 0, dash)
            run = []
        if not np.isnan(number):
            run.append((across(time), at(number)))
            before = time


def _ends(drawing: Drawing, chart: Chart, table: pd.DataFrame, across: Any, at: Any, single: bool) -> None:
    """Write each line's name and last value over its end; where ends are close they stand apart, in order."""
    ends = sorted(((table[name].dropna(), name) for name in table), key=lambda end: -end[0].iloc[-1])
    for known, name in ends:
        x, y = across(known.index[-1]), at(known.iloc[-1])
        fill = {"la": "a", "k": "kf", "lr": "r", "lo": "o"}[STROKES[list(table).index(name)][0]]
        drawing.dot(fill, x, y, 4)
        heading = "" if len(ends) == 1 else f"{chart.heading(name)} : "
        high = known.iloc[-5:].max() if len(known) > 4 and len(ends) == 1 else known.iloc[-1]
        high = max(min(at(high), y) - 9, 12)
        css = "e b h" + (" a" if fill == "a" else "")
        said = heading + chart.measure.full(known.iloc[-1])
        css = css if x > 30 else css.replace("e ", "")
        places = [high, y + 20, high - 15, y + 35]
        if not any(drawing.label(x, place, said, css, both=True) for place in places):
            drawing.label(x, high, said, css, must=True)


def _steps(
    drawing: Drawing, chart: Chart, known: pd.Series, goals: dict[float, float], across: Any, at: Any, last: float
) -> None:
    """Draw targets as steps from their years, and the gap from the last value to the first of them."""
    years = list(goals)
    path = [(across(years[0]), at(goals[years[0]]))]
    for year, after in zip(years, [*years[1:], last], strict=True):
        path += [(across(after), at(goals[year]))]
        if after in goals:
            path += [(across(after), at(goals[after]))]
    drawing.line("k", path, 3)
    for place, (year, goal) in enumerate(goals.items()):
        end = place == len(goals) - 1
        x = 100 if end else (across(year) + across(years[place + 1])) / 2
        drawing.label(x, at(goal) + 17, f"{year:g} : {chart.measure.write(goal)}", "e" if end else "m", must=True)
    year, goal, time, value = years[0], goals[years[0]], float(known.index[-1]), float(known.iloc[-1])
    if value == 0 or year <= time:
        return
    middle = (across(time) + across(year)) / 2
    drawing.line("lo", [(across(time), at(value)), (middle, at(value))], 1, "3 3")
    drawing.line("lo", [(middle, at(goal)), (across(year), at(goal))], 1, "3 3")
    drawing.line("lo", [(middle, at(value)), (middle, at(goal))], 2)
    gap = (goal - value) / value
    y = (at(value) + at(goal)) / 2
    drawing.take(middle, min(at(value), at(goal)), 0.5, abs(at(value) - at(goal)))
    said = f"{'+' if gap > 0 else ''}{french.percent(gap)} d’ici {year:g}"
    drawing.label(middle, y - 2, said, "b ot h", dx=8, must=True)
    drawing.label(middle, y + 13, f"écart : {chart.measure.full(abs(goal - value))}", "ot h", dx=8)


def _told(chart: Chart, table: pd.DataFrame, names: list[str], goals: dict[float, float]) -> str:
    said = []
    for name in table:
        known, write = table[name].dropna(), chart.measure.full
        label = dict(zip(table.index, names, strict=True))
        way = (
            "en hausse"
            if known.iloc[-1] > known.iloc[0] * 1.02
            else "en baisse"
            if known.iloc[-1] < known.iloc[0] * 0.98
            else "stable"
        )
        said.append(
            f"{chart.heading(name)}, de {write(known.iloc[0])} à {write(known.iloc[-1])} ({way}), au plus haut "
            f"{write(known.max())} en {label[known.idxmax()]}, au plus bas {write(known.min())} en "
            f"{label[known.idxmin()]}"
        )
    aims = ", ".join(f"{chart.measure.full(goal)} en {year:g}" for year, goal in goals.items())
    return f"Courbe de {names[0]} à {names[-1]} : {' ; '.join(said)}." + (f" Objectif : {aims}." if aims else "")
