"""What every chart does in one call: title, unit, text alternative, folded numbers, source; bars and columns."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, tabular, words
from tikub_lab.show.drawing import NARROW, Drawing, clipped, scale, steps, width_of
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill

OPTIONS = ("unit", "form", "alt", "source", "empty", "data")


class Chart:
    """One chart on its way: its data from a frame or a Series, and what goes around the drawing.

    ``more`` holds the options that all charts share, and the values of the title; the first row fills the rest of it.
    """

    def __init__(
        self, what: str, frame: Any, title: str, value: Any, label: Any, more: dict[str, Any], time: bool = False
    ):
        self.what = f"show.{what}"
        self.labels = dict(more.pop("labels", None) or {})
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
            numbers = (name for name in frame if words.is_number(frame[name]) and not _is_time(frame[name]))
            value = next((name for name in numbers if name != label), None)
        if value is None:
            raise UsageError(f"{self.what}: no column of numbers; it has {', '.join(map(str, frame))}.")
        if not title.strip():
            raise UsageError(f"{self.what} needs a title that says its finding.")
        self.frame, self.value, self.label, self.title = frame.reset_index(drop=True), value, label, title
        first = self.frame.iloc[0].items() if len(self.frame) else ()
        self.given = {**{str(name): item for name, item in first}, **more}
        self.columns = [label, value]
        self.measure_by(value)

    def measure_by(self, *names: Any) -> None:
        """Write values as those of some columns together, in one unit."""
        self.measured = names
        unit, form = self.options["unit"], self.options["form"]
        simple = unit if unit and (" " not in unit or words.is_scaled(unit)) else None
        everything = pd.concat([self.numbers(name) for name in names])
        forms = {str(names[0]): form} if form else {}
        own = simple or ("" if unit else None)
        self.measure = words.measure(everything, names[0], self.labels, forms, own).alone()
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

    def heading(self, name: Any) -> str:
        """Return what a column is called."""
        return self.labels.get(str(name)) or words.word(name).heading

    @property
    def names(self) -> list[str]:
        """Return the labels as written."""
        return list(map(words.measure(self.frame[self.label], self.label).write, self.frame[self.label]))

    def at_most(self, most: int, what: str = "rows") -> None:
        """Refuse what nobody could read."""
        if (count := len(self.frame)) > most:
            raise UsageError(
                f"{self.what} shows {most} {what} at most; these are {count}. Keep the first: frame.head({most // 4})."
            )

    def nothing(self) -> Shown:
        """Say in a sentence that nothing is known (no chart can be drawn of it)."""
        said = self.options["empty"] or f"{self.measure.heading} : aucune valeur n'est connue."
        said = french.typeset(said[:1].upper() + said[1:])
        return tabular.instead(said, "figure" if self.options["empty"] else "")

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
        _, title = fill(self.title, self.given)
        alt = french.typeset(self.options["alt"] or alt)
        swatches = " ".join(f'<span class="sw {css}">{safe(said)}</span>' for css, said in legend)
        unit = f'<p class="unit">{safe(french.typeset(self.unit))}{" " if swatches else ""}{swatches}</p>'
        under = " ".join(filter(None, [note, source(self.options["source"])]))
        under = f'<p class="src">{safe(french.typeset(under))}</p>' if under else ""
        data, folded, numbers = self.options["data"], "", ""
        if data is not False:
            told = self.frame[list(dict.fromkeys(self.columns))] if data is None else data
            has = {*map(str, told.columns)}  # the numbers may be others than those drawn
            form = self.options["form"]
            forms = {str(name): form for name in self.measured if form and str(name) in has}
            labels = {name: said for name, said in self.labels.items() if name in has}
            folded, numbers = tabular.folded(told, "{titre}", title, forms, labels)
        html = f"<figcaption>{safe(title)}</figcaption>{unit}{drawing.svg(alt)}{under}{folded}"
        text = "\n".join(filter(None, [title, alt, numbers]))
        return Shown("figure", f'<figure class="tk chart">{html}</figure>', text, {"alt": alt})


class Axis:
    """Round steps around values, in their unit: their places, and how they are written."""

    def __init__(
        self, measure: words.Measure, low: float, high: float, start: float, end: float, count: int = 4,
        write: Callable[[Any], str] | None = None,
    ):  # fmt: skip
        size = measure.size
        self.values = [item * size for item in steps(low / size, high / size, count)]
        self.at = scale(self.values[0], self.values[-1], start, end)
        gap = self.values[1] - self.values[0]
        if write is None and measure.scale == "%":  # no more digits than the steps need
            digits = max(0, french.decimals(gap, 1) - 2)
            write = lambda value: french.percent(value, digits)  # noqa: E731
        elif write is None:
            whole = all(float(item / size).is_integer() for item in self.values)
            digits = 0 if whole else french.decimals(gap / size, 2)
            write = lambda value: french.number(value / size, digits)  # noqa: E731
        self.write = write

    def up(self, drawing: Drawing) -> None:
        """Draw the steps as a value axis, upward."""
        drawing.value_axis(self.values, self.at, self.write)

    def across(self, drawing: Drawing, top: float, foot: float) -> None:
        """Draw the steps from left to right, with their values under them; zero is of ink where signs change."""
        for value in self.values:
            css = "k" if value == 0 and self.values[0] < 0 else "g"
            drawing.line(css, [(self.at(value), top), (self.at(value), foot)])
        drawing.axis([self.at(value) for value in self.values], list(map(self.write, self.values)), foot + 18)


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
    chart.at_most(40)
    if accent is None and len(values) > 1 and values.is_monotonic_decreasing:
        marked = [True] + [False] * (len(values) - 1)
    else:
        marked = chart.marked(accent)
    drawing, write = Drawing(38 * len(values)), chart.measure.full
    low, high = min(values.min(), 0.0), max(values.max(), 0.0) or 1.0
    room = 100 - max(width_of(write(item), True) for item in values) / NARROW * 100 - 3
    at = scale(low, high, 0, room)
    for place, (name, number) in enumerate(zip(chart.names, values, strict=True)):
        top, css = 38 * place, "b" if marked[place] and not all(marked) else ""
        left, right = (at(bound(0.0 if np.isnan(number) else number, 0)) for bound in (min, max))
        drawing.text(0, top + 13, clipped(name, 600), css, clipped(name, NARROW))
        drawing.rect("a" if marked[place] else "r", left, top + 19, right - left, 12)
        drawing.text(right, top + 29, write(number), css, dx=6)
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
        left, middle = place * step + step * 0.16, (place + 0.5) * step
        if np.isnan(number):
            drawing.text(middle, at(0) - 6, french.MISSING, "m s")
            continue
        drawing.rect("a" if marked[place] else "r", left, at(max(number, 0)), step * 0.68, abs(at(number) - at(0)))
        if fits:
            css = "m b" if marked[place] and not all(marked) else "m"
            drawing.text(middle, at(number) + (15 if number < 0 else -5), write(number), css)
    places = [(place + 0.5) * step for place in range(len(values))]
    drawing.axis(places, chart.names, 212, [clipped(name, step * NARROW / 100 + 8) for name in chart.names])
    return chart.shown(drawing, extremes("Colonnes", chart.names, values, chart.measure.full))
