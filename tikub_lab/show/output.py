"""What the ``show`` functions put into a notebook: HTML for a reader, plain text for a terminal."""

from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

LAB = (
    ".tk{--ink:var(--jp-ui-font-color1,#1b1b1f);--soft:var(--jp-ui-font-color2,#55585f);--line:#c9ccd3;--accent:#0072b2;"
    "--rest:#7a8594;--warm:#b04a00;--tint:var(--jp-layout-color2,#eef4f9);max-width:42rem;font-family:system-ui,sans-serif}\n"
)
"""The colours in JupyterLab: its own, so that its dark theme works. A page sets its own."""

KIND = "tikub"
"""Key of the output metadata by which a build recognises figures, tables and titles."""


@dataclass(frozen=True)
class Shown:
    """A piece of a report.

    Attributes
    ----------
    kind : str
        ``figure``, ``table``, ``keys``, ``title``, ``text``, ``note`` or ``data``.
    html : str
        Safe HTML: everything that came from data is escaped.
    text : str
        The same for who reads no HTML.
    facts : dict
        What the build needs to know of it, such as the words of a title.
    """

    kind: str
    html: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        styled = f"<style>{LAB}{stylesheet()}</style>{self.html}"
        return {"text/html": styled, "text/plain": self.text}, {KIND: {"kind": self.kind, **self.facts}}

    def __repr__(self) -> str:
        return self.text


@cache
def stylesheet() -> str:
    """Return the style of shown pieces, less its colours: the same sheet in JupyterLab and in a page."""
    return files("tikub_lab.show").joinpath("show.css").read_text(encoding="utf-8")


def display(shown: Shown) -> None:
    """Display a piece in the running notebook; elsewhere, print its text."""
    from IPython.core.getipython import get_ipython
    from IPython.display import display as show

    if get_ipython() is None:
        print(shown.text)
    else:
        show(shown)


def safe(value: object) -> str:
    """Escape a value that came from data.

    Examples
    --------
    >>> safe("<b>Durand & fils</b>")
    '&lt;b&gt;Durand &amp; fils&lt;/b&gt;'
    """
    return escape(str(value), quote=True)
