"""What matplotlib or pandas drew, in the page's colours."""

import io
import os
import re
from importlib.resources import files
from typing import Any

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.show import tabular
from tikub_lab.show.output import Shown, safe
from tikub_lab.show.words import heading

STYLE = str(files("tikub_lab.show").joinpath("tikub.mplstyle"))
_VARIABLES = {  # the page's names for the style's colours, which follow its dark mode
    "#1c1f24": "ink", "#545a63": "soft", "#d3d7dd": "line", "#0072b2": "accent", "#848c97": "rest", "#d55e00": "warm",
    "#000000": "ink", "#ffffff": "paper",
}  # fmt: skip


def figure(fig: Any, title: str, alt: str | None = None, data: pd.DataFrame | None = None, **values: Any) -> Shown:
    """Show a matplotlib figure, its Axes, or what a pandas plot returns, with its numbers in a folded table.

    Parameters
    ----------
    fig : matplotlib Figure, Axes, or array of Axes
        Drawn with ``show.style`` it has the house's colours; closed afterwards where pyplot made it.
    title, values
        The finding: a template and its values.
    alt, data : str, DataFrame, optional
        What the figure says to who does not see it, in a sentence, which a build asks for; the numbers drawn.

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
        found = type(fig).__name__
        raise UsageError(f"show.figure takes a matplotlib Figure, its Axes or a pandas plot; found {found}.")
    said = heading(title, values)
    if not said.strip():
        raise UsageError("A figure needs a title that says its finding.")
    alt, hint = (alt or "").strip(), ""
    if len(alt) < 20 or alt == said.strip():
        if os.environ.get("TIKUB_TRACE"):  # set by a build
            raise UsageError(
                f"The figure {said!r} has the alternative text {alt!r}: say in a sentence (alt=, 20 characters or "
                "more), other than the title, what it shows."
            )
        why = "" if not alt else " est trop court : il" if len(alt) < 20 else " répète le titre : il"
        hint = f'Pour la page : alt="…"{why} dit en une phrase, de 20 caractères ou plus, ce que montre la figure.'
        hint = f'<p class="src">{hint}</p>'
    folded = tabular.folded(data, said)[0] if data is not None else ""
    svg = _svg(drawn, alt or said)
    pyplot.close(drawn)
    wide = f"{tabular.region(said)}{svg}</div>"  # on a phone it scrolls: made narrow, its words would be too small
    html = f'<figure class="tk"><figcaption>{safe(said)}</figcaption>{wide}{hint}{folded}</figure>'
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


def _svg(fig: Any, alt: str) -> str:
    """Return a figure as inline SVG: light, no node of the page, and its colours follow the page's dark mode."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "tikub"}):
        fig.savefig(
            buffer, format="svg", transparent=True, metadata=dict.fromkeys(["Date", "Creator", "Format", "Type"])
        )
    text = "<svg" + buffer.getvalue().partition("<svg")[2]
    size = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', text)
    assert size, "matplotlib writes a viewBox"
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # two figures of a page would share them
    text = re.sub(r"font-family: '[^;\"]*sans-serif", "font-family: system-ui,sans-serif", _flat(text))
    for color, name in _VARIABLES.items():
        text = re.sub(color, f"var(--{name},{color})", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    width = f"{1.2 * float(size[1]):.0f}"  # words of ten points, the style's, are as large as those of charts
    root = f'<svg viewBox="0 0 {size[1]} {size[2]}" width="{width}" role="img" aria-label="{safe(alt)}" '
    return root + 'xmlns="http://www.w3.org/2000/svg">' + text[text.index(">") + 1 :]


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
