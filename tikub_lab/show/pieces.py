"""The pieces of a report beside tables and charts: title, sentences, key figures, notes, figures, data used."""

import io
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import french, tabular
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.sentences import fill
from tikub_lab.show.tabular import MAX_ROWS, table
from tikub_lab.show.words import text_of as cell
from tikub_lab.show.words import word, written

__all__ = [
    "FICTITIOUS",
    "MAX_ROWS",
    "ORIGINS",
    "Key",
    "cell",
    "data_used",
    "figure",
    "keys",
    "note",
    "origin",
    "sentence",
    "table",
    "title",
]

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def sentence(template: str, /, lead: bool = False, **values: Any) -> Shown:
    """Write a sentence with computed values; whatever the values hold is shown as text.

    Parameters
    ----------
    template : str
        French text with names in braces, and how they are written: ``{montant:€}``, ``{part:%}``, ``{part:%1}``,
        ``{q:kWh}``, ``{q:kgCO2e}``, ``{fin:jour}``, ``{fin:mois}``, ``{x:.1}``, ``{surface:m²}``. Nouns agree:
        ``{n:marché}`` (« aucun marché », « 1 marché », « 12 marchés »), ``{n:œil|yeux}``; words without the number:
        ``{n:|dit|disent}``, ``{n:|ne dit|dit|disent}`` where none has its own. ``{annee}`` is written as the column
        of that name. ``**…**`` is bold; where there are none, values are.
    lead : bool
        The sentence that answers the page's question, set larger.
    **values
        The values.

    Examples
    --------
    >>> shown = sentence("{n:offre} pour {montant:€} d'achats, {part:%} du total.", n=2, montant=54_321, part=0.13)
    >>> shown.text.replace("\u202f", " ")
    '2 offres pour 54,3 k€ d’achats, 13 % du total.'
    """
    html, text = fill(template, values, strong=True)
    return Shown("text", f'<p class="tk{" lead" if lead else ""}">{html}</p>', text)


def title(template: str, subtitle: str = "", **values: Any) -> Shown:
    r"""Name what this report is about: the page's ``<h1>``, its ``<title>`` and its line in the index.

    Parameters
    ----------
    template : str
        A template: ``"{nom} : où agir dans les achats"``.
    subtitle : str
        The scope, period and place: a template too.
    **values
        The values of both.

    Examples
    --------
    >>> title("{nom} : où agir", "de {annee} à 2025", nom="Rennes", annee=2020).text.replace("\xa0", " ")
    'Rennes : où agir\nde 2020 à 2025'
    """
    if not template.strip():
        raise UsageError("A report's title is empty; give it the place or the buyer that it is about.")
    (head, text), (under, below) = fill(template, values), fill(subtitle, values)
    html = f'<div class="tk"><h1>{head}</h1>{f"<p>{under}</p>" if under else ""}</div>'
    return Shown("title", html, f"{text}\n{below}".strip(), {"title": text, "subtitle": below})


def note(template: str, warning: bool = False, **values: Any) -> Shown:
    r"""Set a remark apart, such as a limit of the data.

    Parameters
    ----------
    template : str
        As for :func:`sentence`.
    warning : bool
        Whether it is set in the warning's colour.
    **values
        The values.

    Examples
    --------
    >>> note("{n:mesure} sans date : {n:|elle manque|elles manquent}.", n=2).text.replace("\xa0", " ")
    '2 mesures sans date : elles manquent.'
    """
    html, text = fill(template, values)
    return Shown("note", f'<p class="tk note{" warn" if warning else ""}">{html}</p>', text)


@dataclass(frozen=True)
class Key:
    """A key figure: what it is, its value, and what to compare it with.

    ``value`` is a number with ``unit`` (« € », « % », « kWh », « kWh/m² », a noun), or a text as it is to be written.
    """

    label: str
    value: Any
    comparison: str = ""
    unit: str = ""

    @property
    def parts(self) -> tuple[str, str]:
        """Return the number and the unit as written."""
        unit = self.unit
        if isinstance(self.value, str) or french.missing(self.value):
            return (self.value or french.MISSING, unit) if isinstance(self.value, str) else (french.MISSING, "")
        number, _, after = written(self.value, unit or word(self.label).unit).rpartition(french.NNBSP)
        # « 1 234 » has the same space inside as before a unit.
        return (
            (number, after)
            if number and not after[:1].isdigit()
            else ((number + french.NNBSP) * bool(number) + after, "")
        )


def keys(figures: Sequence[Key], **values: object) -> Shown:
    """Show one to six key figures, each with its comparison.

    Parameters
    ----------
    figures : sequence of Key
        Labels and comparisons are templates where there are values, and else text as it stands.
    **values
        What the templates write.

    Examples
    --------
    >>> print(keys([Key("Montant", 401_000_000, "3 000 marchés", "€"), Key("Marchés", "3 000")]).text)
    Montant : 401 M€ (3 000 marchés)
    Marchés : 3 000
    """
    if not 1 <= len(figures) <= 6:
        raise UsageError(f"Key figures are 1 to 6; found {len(figures)}. Keep those that the page is about.")
    cells, lines = "", []
    for item in figures:
        number, unit = item.parts
        small = f' <small class="unit">{safe(unit)}</small>' if unit else ""
        label, comparison = (
            fill(text, values)[1] if values else french.typeset(text) for text in (item.label, item.comparison)
        )
        below = f"<dd>{safe(comparison)}</dd>" if comparison else ""
        cells += f"<div><dt>{safe(label)}</dt><dd><b>{safe(number)}</b>{small}</dd>{below}</div>"
        said = f"{number}{french.NNBSP}{unit}" if unit else number
        lines.append(f"{label} : {said}" + (f" ({comparison})" if comparison else ""))
    return Shown("keys", f'<dl class="tk keys k{len(figures)}">{cells}</dl>', "\n".join(lines))


def data_used(tables: Sequence[Mapping[str, Any]], warn: bool = True) -> Shown:
    """Say which data was used: table, origin, licence, date, short hash; fictitious data first and plainly.

    ``tables`` are as :func:`tikub_lab.tables.used` gives them; ``warn`` is whether to say of fictitious data that it
    is: a page has said so on top.
    """
    if not tables:
        return note("Aucune table n'a été lue.")
    frame = pd.DataFrame(
        {
            "Table": [item["title"] for item in tables],
            "Origine": [origin(item) for item in tables],
            "Lignes": pd.array([item.get("rows") for item in tables], dtype="Int64"),
            "Date": [french.day(item["date"]) for item in tables],
            "Licence": [item["licence"] or french.MISSING for item in tables],
            "Empreinte": [item["sha256"][:8] for item in tables],
        }
    )
    shown = table(frame, "Les données utilisées", rows=MAX_ROWS)
    fictitious = warn and any(item["origin"] == "sample" for item in tables)
    return Shown("data", (note(FICTITIOUS, warning=True).html if fictitious else "") + shown.html, shown.text)


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


def figure(fig: Any, title: str, alt: str | None = None, data: pd.DataFrame | None = None, **values: Any) -> Shown:
    """Show a matplotlib figure, its Axes, or what a pandas plot returns, with its numbers in a folded table.

    Parameters
    ----------
    fig : matplotlib Figure, Axes, or array of Axes
        Drawn with :func:`tikub_lab.show.style` it has the house's colours; closed afterwards where pyplot made it.
    title : str
        The finding: a template.
    alt : str, optional
        What the figure says, for who does not see it, in a sentence; a build asks for it.
    data : DataFrame, optional
        The numbers drawn (RGAA 1.6: a detailed description for a chart).
    **values
        The values of the title.

    Raises
    ------
    UsageError
        No title; what is no figure; in a build, an alternative that is missing or says nothing.

    Examples
    --------
    >>> axes = pd.Series([1, 2]).plot()
    >>> print(figure(axes, "Le double en {n:jour}", "Une ligne droite, de 1 à 2.", n=2).text)
    Le double en 2 jours
    Une ligne droite, de 1 à 2.
    """
    from matplotlib import pyplot

    first = fig.flat[0] if hasattr(fig, "flat") else fig  # an array of Axes, from subplots
    drawn = first.get_figure() if hasattr(first, "get_figure") and not hasattr(first, "savefig") else first
    if not hasattr(drawn, "savefig"):
        raise UsageError(
            f"show.figure takes a matplotlib Figure, its Axes or a pandas plot; found {type(fig).__name__}."
        )
    _, said = fill(title, values)
    if not said.strip():
        raise UsageError("A figure needs a title that says its finding.")
    alt = (alt or "").strip()
    poor = len(alt) < 20 or alt == said.strip()
    if poor and os.environ.get("TIKUB_TRACE"):  # set by a build
        raise UsageError(
            f"The figure {said!r} has the alternative text {alt!r}: say in a sentence (alt=, 20 characters or more), "
            "other than the title, what it shows."
        )
    hint = "" if not alt else " est trop court : il" if len(alt) < 20 else " répète le titre : il"
    hint = f'Pour la page : alt="…"{hint} dit en une phrase, de 20 caractères ou plus, ce que montre la figure.'
    hint = f'<p class="src">{hint}</p>' if poor else ""
    folded = ""
    if data is not None:
        folded, _ = tabular.folded(data, "Les chiffres : {titre}", said)
    svg = _svg(drawn, alt or said)
    pyplot.close(drawn)
    html = f'<figure class="tk"><figcaption>{safe(said)}</figcaption>{svg}{hint}{folded}</figure>'
    return Shown("figure", html, "\n".join(filter(None, [said, alt])), {"alt": alt or said})


def style() -> None:
    """Have matplotlib draw as the house does from now on, figures and pandas plots alike.

    Examples
    --------
    >>> style()
    >>> axes = pd.Series([1, 2]).plot()
    """
    from matplotlib import pyplot

    pyplot.style.use(STYLE)


STYLE = str(files("tikub_lab.show").joinpath("tikub.mplstyle"))
_VARIABLES = {
    "#1c1f24": "ink", "#545a63": "soft", "#d3d7dd": "line", "#0072b2": "accent", "#848c97": "rest", "#d55e00": "warm",
    "#000000": "ink", "#ffffff": "paper",
}  # fmt: skip
"""Colours of the style, and the page's names for them, which follow its dark mode."""


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
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "tikub"}):
        fig.savefig(
            buffer,
            format="svg",
            transparent=True,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', text)
    assert size, "matplotlib writes a viewBox"
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # two figures of a page would share them
    text = _flat(text)
    text = re.sub(r"font-family: '[^;\"]*sans-serif", "font-family: system-ui,sans-serif", text)
    for color, name in _VARIABLES.items():
        text = re.sub(color, f"var(--{name},{color})", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    root = f'<svg viewBox="0 0 {size[1]} {size[2]}" role="img" aria-label="{safe(alt)}" xmlns="http://www.w3.org/2000/svg">'
    return root + text[text.index(">") + 1 :]
