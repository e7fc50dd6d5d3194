"""What every chart does in one call: title, unit, text alternative, folded numbers, source; and charts of rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, tabular, words
from tikub_lab.show.drawing import NARROW, Drawing, clipped, scale, steps, width_of
from tikub_lab.show.output import Shown, safe


class Chart:
    """One chart on its way: its data, and what goes around the drawing.

    ``more`` holds the options of all charts, and values of the title; the first row fills the rest of it.
    """

    def __init__(
        self, what: str, frame: Any, title: str, value: Any, label: Any, more: dict[str, Any], time: bool = False
    ):
        self.what, self.title = f"show.{what}", title
        self.labels = dict(more.pop("labels", None) or {})
        self.said, self.form, self.alt, self.empty, self.data = (
            more.pop(name, None) for name in ("unit", "form", "alt", "empty", "data")
        )
        if isinstance(frame, pd.Series):
            value = value if value is not None else frame.name if frame.name is not None else "Valeur"
            frame = frame.rename(value).to_frame()
        words.need(frame, [name for name in (value, label) if name is not None], self.what)
        if label is None:
            # A chart along time takes times first, the others text; a Series has its index only.
            kinds = (_is_time,) if time else (_is_text, _is_time)
            own = [name for name in frame if name != value]
            label = next((name for kind in kinds for name in own if kind(frame[name])), None)
        if label is None:
            unnamed = "Libellé" if not time else "Année" if pd.api.types.is_numeric_dtype(frame.index) else "Mois"
            label = unnamed if frame.index.name is None else frame.index.name
            frame = frame if label in frame else frame.rename_axis(label).reset_index()
        if value is None:
            numbers = (name for name in frame if words.is_number(frame[name]) and not _is_time(frame[name]))
            value = next((name for name in numbers if name != label), None)
        if value is None:
            raise UsageError(f"{self.what}: no column of numbers; it has {', '.join(map(str, frame))}.")
        if not title.strip():
            raise UsageError(f"{self.what} needs a title that says its finding.")
        self.frame, self.value, self.label = frame.reset_index(drop=True), value, label
        first = self.frame.iloc[0].items() if len(self.frame) else ()
        self.given = {**{str(name): item for name, item in first}, **more}
        self.measure_by(value)

    def measure_by(self, *names: Any) -> None:
        """Write values as those of some columns together, in one unit."""
        self.measured, self.columns = [str(name) for name in names], [self.label, *names]
        simple = self.said if self.said and (" " not in self.said or words.SCALES.match(self.said)) else None
        everything = pd.concat([self.numbers(name) for name in names])
        forms = {self.measured[0]: self.form} if self.form else {}
        unit = simple or ("" if self.said else None)
        self.exact = words.measure(everything, names[0], self.labels, forms, unit)  # as many decimals everywhere
        self.measure = self.exact.alone()
        heading = french.capital(self.measure.heading)
        line = f"{heading}, en {self.measure.unit}" if self.measure.unit else heading
        self.unit = self.said if self.said and not simple else line

    def numbers(self, name: Any) -> pd.Series:
        """Return a column as numbers; infinite is not known."""
        words.need(self.frame, [name], self.what)
        series = self.frame[name]
        if not words.is_number(series) and series.notna().any():
            raise UsageError(f"{self.what}: column {name!r} holds no numbers but {series.dropna().iloc[0]!r}.")
        return series.astype("float64").replace([np.inf, -np.inf], np.nan)

    def heading(self, name: Any) -> str:
        return self.labels.get(str(name)) or words.word(name).heading

    @property
    def names(self) -> list[str]:
        return list(map(words.measure(self.frame[self.label], self.label).write, self.frame[self.label]))

    def at_most(self, most: int, what: str = "rows") -> None:
        """Refuse what nobody could read."""
        if (count := len(self.frame)) > most:
            raise UsageError(f"{self.what} shows {most} {what} at most; these are {count}. Keep the first ones.")

    def nothing(self) -> Shown:
        """Say in a sentence that nothing is known (no chart can be drawn of it)."""
        said = self.empty or f"{self.measure.heading} : aucune valeur n'est connue."
        return tabular.instead(french.typeset(french.capital(said)), "figure" if self.empty else "")

    def marked(self, accent: Any) -> list[bool]:
        """Say which rows are in the accent colour; those asked for must be there."""
        if accent is None:
            return [True] * len(self.frame)
        wanted = {str(item) for item in (accent if isinstance(accent, list | tuple | set | pd.Index) else [accent])}
        own = [{str(raw), name} for raw, name in zip(self.frame[self.label], self.names, strict=True)]
        if lost := wanted - set().union(*own):
            there = ", ".join(self.names[:8])
            raise UsageError(f"{self.what}: accent {min(lost)!r} is no {self.label!r}; there are {there}.")
        return [bool(names & wanted) for names in own]

    def shown(self, drawing: Drawing, alt: str, legend: Sequence[tuple[str, str]] = (), note: str = "") -> Shown:
        """Put title, unit, drawing, source and folded numbers together."""
        title = words.heading(self.title, self.given)
        alt = french.typeset(self.alt or alt)
        swatches = "".join(f' <span class="sw {css}">{safe(said)}</span>' for css, said in legend)
        under = french.typeset(" ".join(filter(None, [note, source()])))
        under = f'<p class="src">{safe(under)}</p>' if under else ""
        folded, numbers = "", ""
        if self.data is not False:
            told = self.frame[list(dict.fromkeys(self.columns))] if self.data is None else self.data
            has = {*map(str, told.columns)}  # the numbers may be others than those drawn
            forms = {name: self.form for name in self.measured if self.form and name in has}
            labels = {name: said for name, said in self.labels.items() if name in has}
            folded, numbers = tabular.folded(told, title, forms, labels)
        unit = f'<p class="unit">{safe(french.typeset(self.unit))}{swatches}</p>'
        html = f"<figcaption>{safe(title)}</figcaption>{unit}{drawing.svg(alt)}{under}{folded}"
        text = "\n".join(filter(None, [title, alt, numbers]))
        return Shown("figure", f'<figure class="tk chart">{html}</figure>', text, {"alt": alt})


class Axis:
    """Round steps around values, in their unit: their places, and how they are written."""

    def __init__(self, measure: words.Measure, around: Iterable[float], start: float, end: float, count: int = 4):
        size, known = measure.size, [value for value in around if value == value]
        low, high = min(known) / size, max(known) / size
        found = steps(low, high, count)
        while measure.counts and count > 1 and found[1] % 1:  # no half of a contract
            count -= 1
            found = steps(low, high, count)
        self.values, gap = [item * size for item in found], found[1] - found[0]
        self.at = scale(self.values[0], self.values[-1], start, end)
        # No more digits than the steps need.
        if measure.write(1.0).endswith("%"):
            self.said = [french.percent(item, max(0, french.decimals(gap, 1) - 2)) for item in found]
        else:
            digits = 0 if all(item.is_integer() for item in found) else french.decimals(gap, 2)
            self.said = [french.number(item, digits) for item in found]

    def up(self, drawing: Drawing) -> Callable[[Any], Any]:
        """Draw a hairline at each step, its value beside it, that at zero of ink; give the place of a value."""
        for value, said in zip(self.values, self.said, strict=True):
            drawing.line("k" if value == 0 else "g", [(0, self.at(value)), (100, self.at(value))])
            drawing.text(0, self.at(value) + 4, said, "e s", dx=-6)
        drawing.gutter = "y" if max(map(width_of, self.said)) <= 22 else "y yy"
        return self.at

    def under(self, drawing: Drawing, foot: float) -> Callable[[Any], Any]:
        """Write the steps under a drawing; give the place of a value."""
        drawing.axis(list(map(self.at, self.values)), self.said, foot + 18)
        return self.at

    def across(self, drawing: Drawing, top: float, foot: float) -> Callable[[Any], Any]:
        """Draw the steps from left to right, with their values under them; zero is of ink where signs change."""
        for value in self.values:
            css = "k" if value == 0 and self.values[0] < 0 else "g"
            drawing.line(css, [(self.at(value), top), (self.at(value), foot)])
        return self.under(drawing, foot)


def _is_time(series: pd.Series) -> bool:
    return words.is_time(series) or words.word(series.name).unit == "année"


def _is_text(series: pd.Series) -> bool:
    return not words.is_number(series) and not words.is_time(series) and not pd.api.types.is_bool_dtype(series.dtype)


def source() -> str:
    """Say where the numbers come from: the tables loaded so far."""
    from tikub_lab.tables.package import used

    tables = [item for item in used() if item["origin"] != "absent"]
    names = (item["title"].removesuffix(" (exemple fictif)") for item in tables)  # as the line says at its end
    titles = list(dict.fromkeys(name[:1].lower() + name[1:] for name in names))
    if len(titles) > 3:
        titles = [*titles[:3], french.plural(len(titles) - 3, "autre table", "autres tables")]
    said = [f"Source : {french.joined(titles)}."] if titles else []
    said += ["Données fictives."] if any(item["origin"] == "sample" for item in tables) else []
    return " ".join(said)


def extremes(kind: str, names: Sequence[str], values: pd.Series, write: Callable[[Any], str]) -> str:
    known = values.set_axis(pd.Index(names)).dropna()
    top, low = (f"{known.index[int(i)]} ({write(known.iloc[int(i)])})" for i in (known.argmax(), known.argmin()))
    said = f"{french.counted(len(known), 'valeur')}, la plus grande {top}, la plus petite {low}"
    if len(known) == 1:
        said = f"une seule valeur, {known.index[0]}, {write(known.iloc[0])}"
    unknown = len(values) - len(known)
    return f"{kind} : {said}." + (f" {french.counted(unknown, 'valeur inconnue')}." if unknown else "")


def rows(chart: Chart, *columns: pd.Series, head: float = 0, high: float = 38) -> Iterator[tuple[Any, ...]]:
    """Go through the rows of a chart: place in the frame, top on the drawing, name, and some values."""
    chart.at_most(60)
    for place, (name, *values) in enumerate(zip(chart.names, *columns, strict=True)):
        yield place, head + high * place, name, *values


def bars(frame: Any, title: str, value: Any = None, label: Any = None, *, accent: Any = None, **more: Any) -> Shown:
    r"""Draw horizontal bars from zero in the order given, each with its label and its figure.

    Parameters
    ----------
    frame : DataFrame or Series
    title : str
        The finding: a template filled from the keywords that are left, then from the first row.
    value, label : column, optional
        By default the first column of numbers, and the first of text or the index; a Series has its values and index.
    accent : label or list of labels, optional
        Which bars the title is about: by default the first where values descend, else all.
    **more
        What all charts take: ``unit`` (the unit, or the whole line under the title), ``form`` (``"€"``, ``"%1"``,
        ``"kWh"``, or a function), ``labels`` (headings that differ from words), ``alt`` (the text alternative, else
        made from the data), ``data`` (the folded numbers, False for none), ``empty`` (what is said where no value is
        known), and the values of the title.

    Examples
    --------
    >>> families = pd.DataFrame({"rubrique": ["Travaux", "Services"], "achats": [3_000_000, 1_200_000]})
    >>> print(bars(families, "{rubrique} : {achats:€} sur {total:€}", "achats", form="€", total=4_200_000).text)
    Travaux : 3 M€ sur 4,2 M€
    Barres : 2 valeurs, la plus grande Travaux (3 M€), la plus petite Services (1,2 M€).
    rubrique | achats (M€)
    Travaux | 3,0
    Services | 1,2
    """
    chart = Chart("bars", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    marked = chart.marked(accent)
    if accent is None and len(values) > 1 and values.is_monotonic_decreasing:
        marked = [place == 0 for place in range(len(values))]
    drawing, write = Drawing(38 * len(values)), chart.measure.full
    low, high = min(values.min(), 0.0), max(values.max(), 0.0) or 1.0
    room = 100 - max(width_of(write(item), True) for item in values) / NARROW * 100 - 3
    at = scale(low, high, 0, room)
    for place, top, name, number in rows(chart, values):
        css, end = "b" if marked[place] and not all(marked) else "", at(0 if np.isnan(number) else number)
        drawing.row(top + 13, name, css)
        drawing.rect("a" if marked[place] else "r", at(0), top + 19, end, top + 31)
        drawing.text(max(at(0), end), top + 29, write(number), css, dx=6)
    if low < 0:
        drawing.line("k", [(at(0), 0), (at(0), drawing.height)])
    return chart.shown(drawing, extremes("Barres", chart.names, values, write))


def targets(
    frame: Any, title: str, value: Any = None, label: Any = None, goal: Any = "objectif", *, name: str = "objectif",
    **more: Any,
) -> Shown:  # fmt: skip
    """Draw horizontal bars, each with the mark of its target; those that reach it are in the accent colour.

    Parameters
    ----------
    frame, title, value, label, more : as for ``show.bars``
    goal, name : column, str
        The target of each row, missing where there is none, and what it is called.

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
    chart.measure_by(chart.value, goal)
    if words.word(goal).heading == str(goal):
        chart.labels = {str(goal): name.capitalize(), **chart.labels}
    write, drawing, told = chart.measure.full, Drawing(40 * len(values)), []
    at = scale(0.0, np.nanmax([*values, *goals, 0.0]) or 1.0, 0, 98)
    for _, top, text, number, aim in rows(chart, values, goals, high=40):
        open_end, reached = np.isnan(aim), bool(number >= aim)
        figures = write(number) + ("" if open_end else f", {name} {write(aim)}")
        drawing.row(top + 13, text, room=width_of(figures) + 16)
        drawing.text(100, top + 13, figures, "e")
        drawing.rect("bd", 0, top + 20, 98, top + 32)
        if number > 0:
            drawing.rect("a" if reached or open_end else "r", 0, top + 20, at(number), top + 32)
        if not open_end:
            drawing.line("k", [(at(aim), top + 17), (at(aim), top + 35)], 3)
        state = "" if open_end or np.isnan(number) else ", atteint" if reached else ", non atteint"
        told.append(f"{text} : {figures}{state}.")
    legend = [("a", "atteint"), ("", "non atteint"), ("k", name)]
    return chart.shown(drawing, f"Barres et objectifs. {' '.join(told)}", legend)


def intervals(
    frame: Any, title: str, value: Any = None, label: Any = None, low: Any = "bas", high: Any = "haut", *,
    reference: float | None = None, accent: Any = None, **more: Any,
) -> Shown:  # fmt: skip
    """Draw a dot and its interval a row, in the order given: what is known, and how well.

    Parameters
    ----------
    frame, title, value, label, accent, more
        As for ``show.bars``. Beyond twelve rows only those of ``accent`` are named.
    low, high, reference : column, column, float
        The interval's bounds; a value to compare all rows with, « ensemble ».

    Examples
    --------
    >>> rates = pd.DataFrame({"achat": ["Travaux"], "taux": [0.2], "bas": [0.1], "haut": [0.35]})
    >>> print(intervals(rates, "Peu de travaux", "taux", form="%").facts["alt"])
    Une valeur et son intervalle par ligne. Travaux : 20 %, entre 10 % et 35 %.
    """
    chart = Chart("intervals", frame, title, value, label, more)
    values = chart.numbers(chart.value)
    if not values.notna().any():
        return chart.nothing()
    lower, upper, names = chart.numbers(low), chart.numbers(high), chart.names
    for row in np.flatnonzero((lower > values) | (values > upper)):
        found = f"{names[row]!r} is {values[row]:g}, outside {lower[row]:g} to {upper[row]:g}"
        raise UsageError(f"{chart.what}: {found}.")
    chart.measure_by(chart.value, low, high)
    chart.labels = {str(low): "Au moins", str(high): "Au plus", **chart.labels}
    everything = [*values, *lower, *upper, *([] if reference is None else [reference])]
    near = [0.0] if 0 < np.nanmin(everything) < np.nanmax(everything) * 0.5 else []
    write, compact = chart.exact.full, len(values) > 12
    marked = [False] * len(values) if compact and accent is None else chart.marked(accent)
    step, head = (15, 24) if compact else (38, 4 if reference is None else 24)
    foot = head + step * len(values)
    drawing, told = Drawing(foot + 24), []
    at = Axis(chart.measure, [*everything, *near], 2, 98).across(drawing, head, foot)
    if reference is not None:  # beside the rows' names, which it would cross, the line has a gap
        gaps = [(18, foot)] if compact else [(18, head + 2), *((top + 18, top + 38) for top in range(head, foot, step))]
        drawing.mark(at(reference), gaps, f"ensemble : {write(reference)}")
    for place, top, name, number, least, largest in rows(chart, values, lower, upper, head=head, high=step):
        y, first, sure = top + (8 if compact else 26), marked[place], not np.isnan(least)
        said = f" : {write(number)}"
        if not compact:
            between = f" ({chart.exact.write(least)} à {write(largest)})" if sure else ""
            drawing.row(y - 10, name, "h", said + between, said, room=10)
        if np.isnan(number):
            continue
        if first or not compact:
            told.append(name + said + (f", entre {write(least)} et {write(largest)}" if sure else ""))
        if sure:
            drawing.line("la" if first else "lr", [(at(least), y), (at(largest), y)], 4 if first else 2)
        drawing.dot("a" if first else "r", at(number), y, 6 if first else 3.5 if compact else 5)
        if compact and first:
            left, right = at(least if sure else number), at(largest if sure else number)
            x, css, dx = (left, "e b a h", -8) if left + right > 100 else (right, "b a h", 8)
            room = max(left, 100 - right) * NARROW / 100 - 8 - width_of(said, True)
            drawing.label(x, y + 5, name + said, css, dx, clipped(name, room, True) + said, must=True)
    below, above = int((upper < 0).sum()), int((lower > 0).sum())
    del told[12:]
    if compact:
        told.insert(0, f"{french.counted(len(values), 'ligne')}, de {write(values.min())} à {write(values.max())}")
    if compact and below + above < len(values) and (below or values.min() < 0):
        told.append(f"{below} nettement au-dessous de zéro, {above} nettement au-dessus, les autres de part et d'autre")
    return chart.shown(drawing, f"Une valeur et son intervalle par ligne. {'. '.join(told)}.")
