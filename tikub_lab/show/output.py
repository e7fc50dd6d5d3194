"""What the ``show`` functions put into a notebook: HTML for a reader, plain text for a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

KIND = "tikub"  # key of the output metadata by which a build recognises figures, tables and titles


@dataclass
class Shown:
    """A piece of a report.

    ``html`` is safe, ``text`` says the same in plain words, ``facts`` are what a build needs to know, such as a title.
    It was shown when it was made, so as the last value of that cell it is silent; in a later cell it shows again.
    """

    kind: str
    html: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)
    at: Any = field(default=None, repr=False, compare=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        # JupyterLab's rules for tables and lists outrank classes; below an id that nothing has, ours outrank them.
        styled = f"<style>{stylesheet('lab.css')}:root:not(#tk){{{stylesheet()}}}</style>{self.html}"
        return {"text/html": styled, "text/plain": self.text}, {KIND: {"kind": self.kind, **self.facts}}

    def _ipython_display_(self) -> None:
        if self.at != _execution():
            display(self)

    def __repr__(self) -> str:
        return self.text


@cache
def stylesheet(name: str = "show.css") -> str:
    """Return the style of shown pieces, in JupyterLab as in a page; or the colours, which are Lab's own or a page's."""
    return files("tikub_lab.show").joinpath(name).read_text(encoding="utf-8")


def _execution() -> Any:
    """Return what tells one execution of a cell from the next; None outside IPython."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return None if shell is None else (id(shell), shell.execution_count)


_gathered: ContextVar[list[Shown] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[list[Shown]]:
    """Collect what this thread shows meanwhile, in order, rather than show it: for who makes a page of it.

    Examples
    --------
    >>> from tikub_lab import show
    >>> with gathered() as pieces:
    ...     _ = show.sentence("Un poste est vacant.")
    >>> pieces[0].html
    '<p class="tk">Un poste est vacant.</p>'
    """
    pieces: list[Shown] = []
    before = _gathered.set(pieces)
    try:
        yield pieces
    finally:
        _gathered.reset(before)


def display(shown: Shown) -> Shown:
    if (pieces := _gathered.get()) is not None:
        pieces.append(shown)
        return shown
    shown.at = _execution()
    if shown.at is None:
        print(shown.text)
    else:
        from IPython.display import display as show

        data, metadata = shown._repr_mimebundle_()
        show(data, metadata=metadata, raw=True)
    return shown


def safe(value: object) -> str:
    return escape(str(value), quote=True)
