"""The pieces of a report: title, sentences, key figures, figures, tables, notes. Each returns a ``Shown``."""

import io
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import charts, french
from tikub_lab.show.output import Shown, safe

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_ROWS = 200
"""A table on a page never has more rows: nobody reads them, and they weigh."""

Form = Callable[[Any], str]


class _Escaped(string.Formatter):
    """``str.format`` whose values are escaped, emphasised, and cannot reach into objects."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        if not field_name.isidentifier():
            raise UsageError(f"A sentence takes plain names in braces; found {{{field_name}}}.")
        if field_name not in kwargs:
            raise UsageError(f"The sentence needs a value for {{{field_name}}}; given: {', '.join(kwargs) or 'none'}.")
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        return f"<b>{safe(format(value, format_spec))}</b>"


def _plain(html: str) -> str:
    from html import unescape

    return unescape(re.sub(r"<[^>]+>", "", html))


def sentence(template: str, /, lead: bool = False, **values: object) -> Shown:
    """Write a sentence with computed values; whatever the values hold is shown as text.

    Parameters
    ----------
    template : str
        French text with names in braces: ``"{n} marchés sur dix n'ont reçu qu'une offre."``
    lead : bool
        The sentence that answers the page's question, set larger.
    **values
        The values, written as they are (format them with ``show.number``, ``show.euros``…).

    Examples
    --------
    >>> sentence("{nom} arrive en tête.", nom="<Durand & fils>")
    <Durand & fils> arrive en tête.
    """
    inner = _Escaped().vformat(safe(template).replace("&#x27;", "'"), (), values)
    css = "tk lead" if lead else "tk"
    return Shown("text", f'<p class="{css}">{inner}</p>', _plain(inner))


def title(text: str, subtitle: str = "") -> Shown:
    """Name what this report is about: the page's ``<h1>``, its ``<title>`` and its line in the index.

    Parameters
    ----------
    text : str
        Such as ``f"Les achats de {buyer}"``.
    subtitle : str
        The scope: period, place.
    """
    if not text.strip():
        raise UsageError("A report's title is empty; give it the place or the buyer that it is about.")
    under = f"<p>{safe(subtitle)}</p>" if subtitle else ""
    html = f'<div class="tk"><h1>{safe(text)}</h1>{under}</div>'
    return Shown("title", html, f"{text}\n{subtitle}".strip(), {"title": text, "subtitle": subtitle})


@dataclass(frozen=True)
class Key:
    """A key figure: what it is, its value, and what to compare it with.

    Attributes
    ----------
    label, value, comparison : str
        « Marchés à une seule offre », « 23 % », « 2 points de plus qu'en 2024 ».
    """

    label: str
    value: str
    comparison: str = ""


def keys(figures: Sequence[Key]) -> Shown:
    """Show three to five key figures, each with its comparison.

    Examples
    --------
    >>> print(keys([Key("Marchés", "3 000", "500 par an")]).text)
    Marchés : 3 000 (500 par an)
    """
    if not figures:
        raise UsageError("Key figures: at least one is needed.")
    cells = "".join(
        f"<div><dt>{safe(item.label)}</dt><dd><b>{safe(item.value)}</b> {safe(item.comparison)}</dd></div>"
        for item in figures
    )
    lines = [f"{k.label} : {k.value}" + (f" ({k.comparison})" if k.comparison else "") for k in figures]
    return Shown("keys", f'<dl class="tk keys">{cells}</dl>', "\n".join(lines))


def cell(value: Any, form: Form | None = None) -> str:
    """Write a value of a table: by a form of its own, or numbers, dates and booleans the French way."""
    if form is not None:
        return form(value)
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return french.MISSING
    if isinstance(value, pd.Timestamp):
        return french.day(value)
    if pd.api.types.is_bool(value):  # Python's, NumPy's or of a column that may have missing ones
        return "oui" if value else "non"
    if isinstance(value, Real):
        return french.number(value, 0 if float(value).is_integer() else 1)
    return str(value)


def _table_html(frame: pd.DataFrame, caption: str, labels: Mapping[str, str], forms: Mapping[str, Form]) -> str:
    numeric = [
        pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]) for name in frame
    ]
    css = [' class="n"' if is_number else "" for is_number in numeric]
    head = "".join(
        f'<th scope="col"{c}>{safe(labels.get(str(name), name))}</th>'
        for name, c in zip(frame.columns, css, strict=True)
    )
    body = []
    for row in frame.itertuples(index=False, name=None):
        cells = [safe(cell(value, forms.get(str(name)))) for name, value in zip(frame.columns, row, strict=True)]
        first = f'<th scope="row"{css[0]}>{cells[0]}</th>'
        body.append(
            "<tr>" + first + "".join(f"<td{c}>{v}</td>" for v, c in zip(cells[1:], css[1:], strict=True)) + "</tr>"
        )
    caption = f"<caption>{safe(caption)}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def table(
    frame: pd.DataFrame,
    caption: str,
    labels: Mapping[str, str] | None = None,
    forms: Mapping[str, Form] | None = None,
    rows: int = 50,
) -> Shown:
    """Show a table that a screen reader can follow: a caption, column headers, and the first column as row headers.

    Parameters
    ----------
    frame : DataFrame of shape (rows, columns)
        The index is not shown: call ``reset_index`` where it matters.
    caption : str
        What the table says; required.
    labels : mapping of column to str, optional
        French headings; a column without one keeps its name.
    forms : mapping of column to callable, optional
        How to write a column's values; by default numbers and dates the French way.
    rows : int
        How many rows are shown at most; what is left out is said.

    Raises
    ------
    UsageError
        No caption, no column, or a label for a column that is not there.
    """
    if not caption.strip():
        raise UsageError("A table needs a caption that says what it shows.")
    if frame.shape[1] == 0:
        raise UsageError(f"The table {caption!r} has no column.")
    labels, forms = dict(labels or {}), dict(forms or {})
    unknown = sorted((set(labels) | set(forms)) - set(map(str, frame.columns)))
    if unknown:
        raise UsageError(
            f"The table {caption!r} has no column {', '.join(unknown)}; it has {', '.join(map(str, frame))}."
        )
    shown = frame.head(min(rows, MAX_ROWS))
    left = len(frame) - len(shown)
    more = (
        f"<p><small>{french.plural(left, 'autre ligne', 'autres lignes')} hors de ce tableau.</small></p>"
        if left
        else ""
    )
    # A region that scrolls must be reachable by keyboard (WCAG 2.1.1), hence the tabindex and the name.
    region = f'<div class="tk scroll" tabindex="0" role="region" aria-label="{safe(caption)}">'
    html = f"{region}{_table_html(shown, caption, labels, forms)}{more}</div>"
    text = shown.rename(columns=labels).to_string(index=False)
    return Shown("table", html, f"{caption}\n{text}", {"rows": len(frame)})


_VARIABLES = {
    charts.INK: f"var(--ink,{charts.INK})",
    charts.SOFT: f"var(--soft,{charts.SOFT})",
    charts.LINE: f"var(--line,{charts.LINE})",
    charts.ACCENT: f"var(--accent,{charts.ACCENT})",
    charts.REST: f"var(--rest,{charts.REST})",
    charts.PAPER: f"var(--paper,{charts.PAPER})",
}


def _flat(svg: str) -> str:
    """Take out what draws nothing: groups that only group, invisible backgrounds, empty definitions.

    A page's weight is counted in nodes, and matplotlib puts two groups around each of its shapes.
    """
    svg = re.sub(r'<path d="[^"]*"(?: clip-path="[^"]*")? style="fill: none"/>|<defs>\s*</defs>', "", svg)
    bare: list[bool] = []

    def group(match: re.Match[str]) -> str:
        tag = match[0]
        if tag == "</g>":
            return "" if bare.pop() else tag
        if tag.endswith("/>"):
            return ""
        bare.append(tag == "<g>")
        return "" if bare[-1] else tag

    return re.sub(r"<g(?:\s[^>]*)?/?>|</g>", group, svg)


def _svg(fig: "Figure", alt: str) -> str:
    """Return a figure as inline SVG: light, no node of the page, and its colours follow the page's dark mode."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context(charts.RC):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', text)
    assert size, "matplotlib writes a viewBox"
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # two figures of a page would share them
    text = _flat(text)
    text = text.replace("font-family: 'DejaVu Sans', sans-serif", "font-family: system-ui,sans-serif")
    for color, variable in _VARIABLES.items():
        text = text.replace(color, variable)
    text = re.sub(r"\s*\n\s*", "\n", text)
    root = f'<svg viewBox="0 0 {size[1]} {size[2]}" role="img" aria-label="{safe(alt)}" xmlns="http://www.w3.org/2000/svg">'
    return root + text[text.index(">") + 1 :]


def figure(
    fig: "Figure",
    alt: str,
    caption: str,
    data: pd.DataFrame,
    labels: Mapping[str, str] | None = None,
    forms: Mapping[str, Form] | None = None,
) -> Shown:
    """Show a figure with its caption, its text alternative, and its numbers in a folded table.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Closed afterwards where pyplot made it.
    alt : str
        What the figure says, for who does not see it: the finding, not « graphique ». At least 20 characters.
    caption : str
        The finding, as a title.
    data : DataFrame
        The numbers drawn (RGAA 1.6: a detailed description for a chart); at most 200 rows are shown.
    labels, forms
        As for :func:`table`.

    Raises
    ------
    UsageError
        An alternative or a caption that is missing or says nothing.
    """
    if len(alt.strip()) < 20 or alt.strip() == caption.strip():
        raise UsageError(
            f"The figure's alternative text is {alt!r}: say in a sentence (20 characters or more), other than "
            "the caption, what the figure shows."
        )
    if not caption.strip():
        raise UsageError("A figure needs a caption that says its finding.")
    svg = _svg(fig, alt)
    numbers = table(data, f"Les chiffres : {caption}", labels, forms, rows=MAX_ROWS)
    folded = f"<details><summary>Les chiffres de ce graphique</summary>{numbers.html}</details>"
    html = f'<figure class="tk"><figcaption>{safe(caption)}</figcaption>{svg}{folded}</figure>'
    from matplotlib import pyplot

    pyplot.close(fig)
    return Shown("figure", html, f"{caption}\n{alt}\n{numbers.text}", {"alt": alt})


def note(text: str, warning: bool = False) -> Shown:
    """Set a remark apart, such as a limit of the data."""
    css = "tk note warn" if warning else "tk note"
    return Shown("note", f'<p class="{css}">{safe(text)}</p>', text)


def data_used(tables: Sequence[Mapping[str, Any]], warn: bool = True) -> Shown:
    """Say which data was used: table, origin, licence, date, short hash; fictitious data first and plainly.

    Parameters
    ----------
    tables : sequence of mappings
        As :func:`tikub_lab.tables.used` gives them.
    warn : bool
        Whether to say of fictitious data that it is; a page has said so on top.
    """
    if not tables:
        return note("Aucune table n'a été lue.")
    frame = pd.DataFrame(
        {
            "table": [item["title"] for item in tables],
            "origine": [origin(item) for item in tables],
            "lignes": pd.array([item.get("rows") for item in tables], dtype="Int64"),
            "date": [french.day(item["date"]) for item in tables],
            "licence": [item["licence"] or french.MISSING for item in tables],
            "empreinte": [item["sha256"][:8] for item in tables],
        }
    )
    labels = {"table": "Table", "origine": "Origine", "lignes": "Lignes", "date": "Date", "licence": "Licence"}
    html = table(frame, "Les données utilisées", {**labels, "empreinte": "Empreinte"}).html
    if warn and any(item["origin"] == "sample" for item in tables):
        html = note(FICTITIOUS, warning=True).html + html
    return Shown("data", html, frame.to_string(index=False))


ORIGINS = {
    "sample": "exemple fictif",
    "import": "fichier importé",
    "portal": "portail de données ouvertes",
    "absent": "absente : ce qui en dépend n'est pas montré",
}
"""What a reader is told of a table's origin."""

FICTITIOUS = (
    "Données fictives : personnes, organismes et chiffres sont inventés pour essayer l'outil. "
    "Aucun chiffre de cette page ne décrit une personne, un lycée ou une entreprise réels."
)


def origin(item: Mapping[str, Any]) -> str:
    """Say where a table comes from, with its sources where they are real."""
    sources = ", ".join(item.get("sources") or [])
    label = ORIGINS.get(item["origin"], item["origin"])
    return f"{label} ({sources})" if sources and item["origin"] != "sample" else label
