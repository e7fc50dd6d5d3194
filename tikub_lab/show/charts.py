"""What every chart does in one call: title, unit, text alternative, folded numbers, source; bars and columns."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, tabular, words
from tikub_lab.show.drawing import NARROW, Drawing, clipped, steps, width_of
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill

MOST_BARS, MOST_COLUMNS = 40, 40
OPTIONS = ("unit", "form", "alt", "source", "empty", "data", "labels")


class Chart:
    """One chart on its way: its data from a frame or a Series, and what goes around the drawing.

    ``more`` holds the options that all charts share, and the values of the title.
    """

    def __init__(
        self, what: str, frame: Any, title: str, value: Any, label: Any, more: dict[str, Any], time: bool = False
    ):
        self.what = f"show.{what}"
        self.options = {name: more.pop(name, None) for name in OPTIONS}
        if isinstance(frame, pd.Series):
            value = value if value is not None else frame.name if frame.name is not None else "Valeur"
            frame = frame.rename(value).to_frame()
        words.need(frame, [name for name in (value, label) if name is not None], self.what)
        if label is None:
            # A chart along time takes times first, the others text; a Series has its index only.
            kinds = (_is_time, _is_text)[:: 1 if time else -1][: 1 if time else 2]
            own = [name for name in frame if name != value]
            label = next((name for kind in kinds for name in own if kind(frame[name])), None)
        if label is None:
            label = _index_name(frame.index, time)
            frame = frame.rename_axis(label).reset_index() if label not in frame else frame.reset_index(drop=True)
        if value is None:
            value = next(
                (
                    name
                    for name in frame
                    if name != label and words.is_number(frame[name]) and not _is_time(frame[name])
                ),
                None,
            )
        if value is None:
            raise UsageError(f"{self.what}: no column of numbers; it has {', '.join(map(str, frame))}.")
        self.frame, self.value, self.label, self.given = frame.reset_index(drop=True), value, label, more
        self.columns = [label, value]
        self.title = title
        if not title.strip():
            raise UsageError(f"{self.what} needs a title that says its finding.")
        self.measure_by(value)

    def measure_by(self, *names: Any) -> None:
        """Write values as those of some columns together, in one unit."""
        unit, form = self.options["unit"], self.options["form"]
        simple = unit if unit and (" " not in unit or words.is_scaled(unit)) else None
        everything = pd.concat([self.numbers(name) for name in names])
        forms = {str(names[0]): form} if form else {}
        own = simple or ("" if unit else None)
        self.measure = words.measure(everything, names[0], self.options["labels"], forms, own).alone()
        heading = self.measure.heading[:1].upper() + self.measure.heading[1:]
        line = f"{heading}, en {self.measure.unit}" if self.measure.unit else heading
        self.unit = unit if unit and not simple else line

    def numbers(self, name: Any) -> pd.Series:
        """Return a column as numbers; infinite is not known."""
        words.need(self.frame, [name], self.what)
        series = self.frame[name]
        if not words.is_number(series) and series.notna().any():
            raise UsageError(f"{self.what}: column {name!r} holds no numbers but {series.dropna().iloc[0]!r}.")
        return series.astype("float64").replace([np.inf, -np.inf], np.nan)

    @property
    def names(self) -> list[str]:
        """Return the labels as written."""
        return list(map(words.measure(self.frame[self.label], self.label).write, self.frame[self.label]))

    def nothing(self) -> Shown:
        """Say in a sentence that nothing is known (no chart can be drawn of it)."""
        said = self.options["empty"] or f"{self.measure.heading} : aucune valeur n'est connue."
        said = french.typeset(said[:1].upper() + said[1:])
        return Shown("text", f'<p class="tk soft">{safe(said)}</p>', said)

    def marked(self, accent: Any) -> list[bool]:
        """Say which rows are in the accent colour; those asked for must be there."""
        if accent is None:
            return [True] * len(self.frame)
        wanted = {str(item) for item in (accent if isinstance(accent, list | tuple | set | pd.Index) else [accent])}
        own = [{str(raw), name} for raw, name in zip(self.frame[self.label], self.names, strict=True)]
        lost = wanted - set().union(*own)
        if lost:
            raise UsageError(
                f"{self.what}: accent {sorted(lost)[0]!r} is no {self.label!r}; there are {', '.join(self.names[:8])}."
            )
        return [bool(names & wanted) for names in own]

    def shown(self, drawing: Drawing, alt: str, legend: Sequence[tuple[str, str]] = (), note: str = "") -> Shown:
        """Put title, unit, drawing, source and folded numbers together."""
        first = {str(name): value for name, value in self.frame.iloc[0].items()} if len(self.frame) else {}
        _, title = fill(self.title, {**first, **self.given})
        alt = french.typeset(self.options["alt"] or alt)
        swatches = " ".join(f'<span class="sw {css}">{safe(said)}</span>' for css, said in legend)
        unit = f'<p class="unit">{safe(french.typeset(self.unit))}{" " if swatches else ""}{swatches}</p>'
        under = " ".join(filter(None, [note, source(self.options["source"])]))
        under = f'<p class="src">{safe(french.typeset(under))}</p>' if under else ""
        data, folded, numbers = self.options["data"], "", ""
        if data is not False:
            told = self.frame[list(dict.fromkeys(self.columns))] if data is None else data
            has = {*map(str, told.columns)}  # the numbers may be others than those drawn
            form = {str(self.value): self.options["form"]} if self.options["form"] and str(self.value) in has else None
            labels = {name: said for name, said in (self.options["labels"] or {}).items() if name in has}
            table = tabular.table(told, "{titre}", None, form, rows=tabular.MAX_ROWS, labels=labels, titre=title)
            folded = f'<details class="fold"><summary>Les chiffres de ce graphique</summary>{table.html}</details>'
            numbers = table.text.partition("\n")[2]
        html = f"<figcaption>{safe(title)}</figcaption>{unit}{drawing.svg(alt)}{under}{folded}"
        text = "\n".join(filter(None, [title, alt, numbers]))
        return Shown("figure", f'<figure class="tk chart">{html}</figure>', text, {"alt": alt})


def _index_name(index: pd.Index, time: bool) -> Any:
    unnamed = "Libellé" if not time else "Année" if pd.api.types.is_numeric_dtype(index.dtype) else "Mois"
    return unnamed if index.name is None else index.name


def _is_time(series: pd.Series) -> bool:
    return words.is_time(series) or words.word(series.name).unit == "année"


def _is_text(series: pd.Series) -> bool:
    return not words.is_number(series) and not words.is_time(series) and not pd.api.types.is_bool_dtype(series.dtype)


def source(said: str | None) -> str:
    """Say where the numbers come from: the tables loaded so far, unless it is said."""
    from tikub_lab.tables.package import used

    tables = [item for item in used() if item["origin"] != "absent"]
    names = (item["title"].removesuffix(" (exemple fictif)") for item in tables)  # as the line says at its end
    titles = list(dict.fromkeys(name[:1].lower() + name[1:] for name in names))
    if len(titles) > 3:
        titles = [*titles[:3], french.plural(len(titles) - 3, "autre table", "autres tables")]
    where = said if said is not None else f"Source : {french.joined(titles)}." if titles else ""
    fictitious = any(item["origin"] == "sample" for item in tables)
    return f"{where}{' ' if where else ''}Données fictives." if fictitious else where


def extremes(kind: str, names: Sequence[str], values: pd.Series, write: Callable[[Any], str]) -> str:
    """Describe values that have labels: how many, the largest, the smallest, what is not known."""
    known = values.dropna()
    said = [name for name, lost in zip(names, values.isna(), strict=True) if not lost]
    top, low = said[int(known.to_numpy().argmax())], said[int(known.to_numpy().argmin())]
    unknown = len(values) - len(known)
    lost = f" {french.counted(unknown, 'valeur inconnue')}." if unknown else ""
    if len(known) == 1:
        return f"{kind} : une seule valeur, {top}, {write(known.max())}.{lost}"
    return (
        f"{kind} : {french.counted(len(known), 'valeur')}, la plus grande {top} ({write(known.max())}), "
        f"la plus petite {low} ({write(known.min())}).{lost}"
    )


def bars(frame: Any, title: str, value: Any = None, label: Any = None, *, accent: Any = None, **more: Any) -> Shown:
    r"""Draw horizontal bars from zero in the order given, each with its label and its figure.

    Parameters
    ----------
    frame : DataFrame or Series
    title : str
        The finding: a template filled from the keywords that are left, then from the first row.
    value : column, optional
        What bars show; by default the first column of numbers. Of a Series, its values.
    label : column, optional
        By default the first column of text, else the index.
    accent : label or list of labels, optional
        Which bars the title is about: by default the first where values descend, else all.
    **more
        What all charts take: ``unit`` (the unit, or the whole line under the title), ``form`` (``"€"``, ``"%1"``,
        ``"kWh"``, or a function), ``labels`` (headings that differ from words), ``alt`` (the text alternative, else
        made from the data), ``source`` (the line under the chart, else the tables used), ``data`` (the folded numbers,
        False for none), ``empty`` (what is said where no value is known), and the values of the title.

    Examples
    --------
    >>> families = pd.DataFrame({"famille": ["Travaux", "Services"], "achats": [3_000_000, 1_200_000]})
    >>> shown = bars(families, "{famille} : {achats:€} sur {total:€}", "achats", form="€", total=4_200_000)
    >>> print(shown.text)
    Travaux : 3 M€ sur 4,2 M€
    Barres : 2 valeurs, la plus grande Travaux (3 M€), la plus petite Services (1,2 M€).
    famille | achats (M€)
    Travaux | 3,0
    Services | 1,2
    """
    chart = Chart("bars", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    _few(chart, len(values), MOST_BARS)
    if accent is None and len(values) > 1 and values.is_monotonic_decreasing:
        marked = [True] + [False] * (len(values) - 1)
    else:
        marked = chart.marked(accent)
    drawing = Drawing(38 * len(values))
    write = chart.measure.full
    low, high = min(values.min(), 0.0), max(values.max(), 0.0) or 1.0
    room = 100 - max(width_of(write(item), True) for item in values) / NARROW * 100 - 3
    at = scale(low, high, 0, room)
    for place, (name, number) in enumerate(zip(chart.names, values, strict=True)):
        top, css = 38 * place, "b" if marked[place] and not all(marked) else ""
        drawing.text(0, top + 13, clipped(name, 600), css, clipped(name, NARROW))
        known = 0.0 if np.isnan(number) else number
        drawing.rect(
            "a" if marked[place] else "r", at(min(known, 0)), top + 19, at(max(known, 0)) - at(min(known, 0)), 12
        )
        drawing.text(at(max(known, 0)), top + 29, write(number), css, dx=6)
    if low < 0:
        drawing.line("k", [(at(0), 0), (at(0), drawing.height)])
    return chart.shown(drawing, extremes("Barres", chart.names, values, write))


def columns(frame: Any, title: str, value: Any = None, label: Any = None, *, accent: Any = None, **more: Any) -> Shown:
    """Draw vertical columns from zero, such as one a year, each with its figure; negative ones hang below zero.

    Parameters
    ----------
    frame, title, value, label, accent, more
        As for :func:`bars`.

    Examples
    --------
    >>> years = pd.DataFrame({"annee": [2024, 2025], "nombre": [480, 512]})
    >>> shown = columns(years, "{dernier:marché} en 2025", "nombre", "annee", dernier=512)
    >>> print(shown.text.splitlines()[0])
    512 marchés en 2025
    """
    chart = Chart("columns", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    _few(chart, len(values), MOST_COLUMNS)
    draw_columns(drawing := Drawing(216), chart, values, chart.marked(accent))
    step = 100 / len(values)
    places = [(place + 0.5) * step for place in range(len(values))]
    drawing.axis(places, chart.names, 212, [clipped(name, step * NARROW / 100 + 8) for name in chart.names])
    return chart.shown(drawing, extremes("Colonnes", chart.names, values, chart.measure.full))


def draw_columns(drawing: Drawing, chart: Chart, values: pd.Series, marked: Sequence[bool]) -> None:
    """Draw columns with their values on them, or where these are too wide for it, a value axis."""
    write, step = chart.measure.write, 100 / max(len(values), 1)
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    fits = max(width_of(write(item), True) for item in values) <= step * NARROW / 100
    if fits:
        at = scale(low, high or (0.0 if low else 1.0), drawing.height - (42 if low < 0 else 24), 20)
        drawing.line("k", [(0, at(0)), (100, at(0))])
    else:
        axis = steps(low / chart.measure.size, high / chart.measure.size)
        axis = [item * chart.measure.size for item in axis]
        at = scale(axis[0], axis[-1], drawing.height - 24, 12)
        drawing.value_axis(axis, at, tick(chart, axis))
    bold = not all(marked)
    for place, number in enumerate(values):
        left, middle = place * step + step * 0.16, (place + 0.5) * step
        if np.isnan(number):
            drawing.text(middle, at(0) - 6, french.MISSING, "m s")
            continue
        drawing.rect("a" if marked[place] else "r", left, at(max(number, 0)), step * 0.68, abs(at(number) - at(0)))
        if fits:
            css = "m b" if bold and marked[place] else "m"
            drawing.text(middle, at(number) + (15 if number < 0 else -5), write(number), css)


def tick(chart: Chart, axis: Sequence[float]) -> Callable[[Any], str]:
    """Return how the steps of an axis are written: no more digits than they need."""
    if chart.measure.scale == "%":
        return lambda value: french.percent(value, max(0, french.decimals(axis[1] - axis[0], 1) - 2))
    size = chart.measure.size
    digits = (
        0 if all(float(item / size).is_integer() for item in axis) else french.decimals((axis[1] - axis[0]) / size, 2)
    )
    return lambda value: french.number(value / size, digits)


def _few(chart: Chart, count: int, most: int) -> None:
    if count > most:
        raise UsageError(
            f"{chart.what} shows {most} rows at most; these are {count}. Keep the first: frame.head({most // 4})."
        )


def scale(low: float, high: float, start: float, end: float) -> Callable[[Any], Any]:
    """Return what leads from values to places between ``start`` and ``end``."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)
