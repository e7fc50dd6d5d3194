"""A calendar: spans over a year, a row for each label."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tikub_lab.show import french, words
from tikub_lab.show.charts import Chart
from tikub_lab.show.drawing import NARROW, Drawing, clipped
from tikub_lab.show.output import Shown
from tikub_lab.show.tabular import instead


def calendar(
    frame: pd.DataFrame, title: str, label: Any = None, value: Any = None, *, start: Any = "debut", end: Any = "fin",
    year: int | None = None, over: pd.DataFrame | None = None, rows: Sequence[Any] = (),
    names: tuple[str, str] = ("en trop", "vacances"), **more: Any,
) -> Shown:  # fmt: skip
    """Draw spans over a year, a row for each label, such as alerts over the school holidays.

    Parameters
    ----------
    frame : DataFrame
        One span a row, with its ``label`` and, written at it, its ``value``.
    start, end : column
        The first day, and the day after the last.
    title, value, more
        As for :func:`tikub_lab.show.bars`.
    label : column, optional
        The rows; by default the first column of text.
    year : int, optional
        By default that of the first span.
    over : DataFrame, optional
        Spans under all rows: columns ``start``, ``end``, and ``libelle`` for their names.
    rows : sequence, optional
        Labels that have a row even where no span is theirs.
    names : (str, str)
        What the spans, and those under them, are called.

    Examples
    --------
    >>> alerts = pd.DataFrame({"energie": ["Gaz"], "debut": ["2025-02-10"], "fin": ["2025-02-24"], "kwh": [45_000.0]})
    >>> print(calendar(alerts, "Une alerte", "energie", "kwh", rows=["Gaz", "Électricité"]).facts["alt"])
    Calendrier de 2025. Gaz : du 10 au 23 février, 45 MWh. Électricité : rien.
    """
    words.need(frame, [name for name in (label, value, start, end) if name is not None], "show.calendar")
    if frame.empty:
        own = more.get("empty")
        return instead(french.typeset(own or "Rien à signaler."), "figure" if own else "")
    spans = frame.assign(**{start: pd.to_datetime(frame[start]), end: pd.to_datetime(frame[end])})
    chart = Chart(
        "calendar", spans.assign(jours=(spans[end] - spans[start]).dt.days), title, value or "jours", label, more
    )
    year = year or int(spans[start].iloc[0].year)
    chart.columns = [chart.label, start, end, *([value] if value is not None else [])]
    chart.unit = str(year) if value is None else f"{year}, {chart.unit[:1].lower()}{chart.unit[1:]}"
    found = list(dict.fromkeys([*map(str, rows), *chart.frame[chart.label].astype(str)]))
    drawing = Drawing(42 + 48 * len(found))
    begin, finish = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)

    def at(day: pd.Timestamp) -> float:
        return (min(max(day, begin), finish) - begin) / (finish - begin) * 100

    bottom = 22 + 48 * len(found)
    if over is not None:
        words.need(over, [start, end], "show.calendar: over")
        for _, span in over.iterrows():
            left, right = at(pd.Timestamp(span[start])), at(pd.Timestamp(span[end]))
            if right > left:
                drawing.rect("t", left, 22, right - left, bottom - 22)
                name = (
                    str(span.get("libelle", "") or "")
                    .removeprefix("Vacances ")
                    .removeprefix("de ")
                    .removeprefix("la ")
                    .removeprefix("d'")
                )
                anchor = "s e" if right > 97 else "s" if left < 3 else "s m"
                x = right if right > 97 else left if left < 3 else (left + right) / 2
                drawing.label(x, bottom + 16, name, anchor, twin=name if len(name) < 8 else f"{name[:5]}.")
    for month in range(1, 13):
        left, right = at(pd.Timestamp(year, month, 1)), at(pd.Timestamp(year, month, 1) + pd.offsets.MonthBegin())
        if month > 1:
            drawing.line("g", [(left, 22), (left, bottom)])
        drawing.text((left + right) / 2, 15, french.MONTHS[month - 1], "m s", french.MONTHS[month - 1][0].upper())
    told: list[str] = []
    for place, name in enumerate(found):
        top = 22 + 48 * place
        drawing.line("g", [(0, top + 48), (100, top + 48)])
        here = chart.frame[chart.frame[chart.label].astype(str) == name]
        heading, css = (name, "b h") if len(here) else (f"{name} : rien à signaler", "h")
        drawing.text(0.6, top + 15, clipped(heading, 500), css, clipped(heading, NARROW - 10))
        spoken = []
        for _, span in here.iterrows():
            left, right = at(span[start]), at(span[end])
            drawing.rect("o", left, top + 21, max(right - left, 0.4), 13)
            worth = chart.measure.full(span[chart.value]) if value is not None else ""
            drawing.label(
                (left + right) / 2,
                top + 46,
                worth,
                "m ot h" if 8 < (left + right) / 2 < 92 else "ot h" if left < 50 else "e ot h",
            )
            spoken.append(f"{_span(span[start], span[end])}{', ' if worth else ''}{worth}")
        told.append(f"{name} : {' ; '.join(spoken) or 'rien'}.")
    drawing.line("g", [(0, 22), (100, 22)])
    legend = [("o", names[0]), *([("t", names[1])] if over is not None else [])]
    return chart.shown(drawing, f"Calendrier de {year}. {' '.join(told)}", legend)


def _span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    last = end - pd.Timedelta(days=1)
    first, final = french.day(start).rsplit(" ", 1)[0], french.day(last).rsplit(" ", 1)[0]
    return f"du {first.split(' ')[0] if start.month == last.month else first} au {final}"
