"""What the ``show`` functions put into a notebook: HTML for a reader, plain text for a terminal."""

from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

LAB = (
    ".tk{--ink:var(--jp-ui-font-color1,#1c1f24);--soft:var(--jp-ui-font-color2,#545a63);--line:var(--jp-border-color2,#d3d7dd);"
    "--paper:var(--jp-layout-color0,#fff);--band:var(--jp-layout-color2,#f3f5f7);"
    "--tint:color-mix(in srgb,var(--accent) 18%,var(--paper));"
    "--accent:#0072b2;--rest:#848c97;--warm:#d55e00;--hot:#a34400;max-width:66rem;font-family:system-ui,sans-serif}\n"
    "[data-jp-theme-light=false] .tk{--accent:#56b4e9;--rest:#89919d;--warm:#e69f00;--hot:#f0b53c}\n"
)
"""The colours in JupyterLab: its own, so that its dark theme works. A page sets its own."""

KIND = "tikub"
"""Key of the output metadata by which a build recognises figures, tables and titles."""


@dataclass
class Shown:
    """A piece of a report.

    ``kind`` is ``figure``, ``table``, ``keys``, ``list``, ``file``, ``title``, ``text``, ``note`` or ``data``; ``html``
    is safe; ``text`` says the same to who reads no HTML; ``facts`` are what a build needs to know, such as a title.
    It was shown when it was made, so as the last value of that cell it is silent; in a later cell it shows again.
    """

    kind: str
    html: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    at: Any = field(default=None, repr=False, compare=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        # JupyterLab's rules for tables and lists outrank classes; below an id that nothing has, ours outrank them.
        styled = f"<style>{LAB}:root:not(#tk){{{stylesheet()}}}</style>{self.html}"
        return {"text/html": styled, "text/plain": self.text}, {KIND: {"kind": self.kind, **self.facts}}

    def _ipython_display_(self) -> None:
        if self.at != _execution():
            display(self)

    def __repr__(self) -> str:
        return self.text


@cache
def stylesheet() -> str:
    """Return the style of shown pieces, less its colours: the same sheet in JupyterLab and in a page."""
    return files("tikub_lab.show").joinpath("show.css").read_text(encoding="utf-8")


def _execution() -> Any:
    """Return what tells one execution of a cell from the next; None outside IPython."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else (id(shell), shell.execution_count)


def display(shown: Shown) -> Shown:
    """Display a piece in the running notebook, elsewhere print its text; return it."""
    shown.at = _execution()
    if shown.at is None:
        print(shown.text)
    else:
        from IPython.display import display as show

        data, metadata = shown._repr_mimebundle_()
        show(data, metadata=metadata, raw=True)
    return shown


def safe(value: object) -> str:
    """Escape a value that came from data."""
    return escape(str(value), quote=True)
