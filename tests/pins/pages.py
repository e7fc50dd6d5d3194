"""What a page says, line by line, and what its figures draw: neither its HTML nor its code.

A line is a paragraph, a heading, a row of a table, a key figure. Left out are the navigation, the footer (hashes,
versions, dates) and the pictures themselves, of which the text alternative stands for them here; their shapes and texts
are taken from matplotlib, in the data's own coordinates.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from bs4 import BeautifulSoup, NavigableString, Tag

from tests.conftest import ROOT

LINES = {
    "address", "article", "aside", "blockquote", "caption", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "tr", "ul", "br",
}  # fmt: skip
"""Elements that begin and end a line."""
SKIPPED = {"nav", "footer", "script", "style", "head"}


def lines(html: str) -> list[str]:
    """Return the text of a page as a reader meets it, from its title to the end of its content."""
    soup = BeautifulSoup(html, "html.parser")
    text = "".join(_pieces(soup.body or soup))
    found = (re.sub(r"[\s\u00a0\u202f]+", " ", line).strip(" |") for line in text.split("\0"))
    return [line for line in found if line and line != "Aller au contenu"]


def _pieces(tag: Tag) -> Iterator[str]:
    for part in tag.children:
        if isinstance(part, Tag):
            if part.name in SKIPPED:
                continue
            if part.name in {"svg", "img"}:
                yield f"\0[image] {part.get('aria-label') or part.get('alt') or ''}\0"
                continue
            edge = "\0" if part.name in LINES else " | " if part.name in {"td", "th"} else ""
            yield edge
            yield from _pieces(part)
            yield edge if edge != " | " else ""
        elif type(part) is NavigableString:
            yield str(part)


def page(notebook: str, given: Mapping[str, Any], data: Path | None = None) -> tuple[str, dict[str, str]]:
    """Make a page in this process: its HTML, and the files beside it by name.

    The one place of the pins that knows how a build makes a page.
    """
    from tikub_lab.reports.plan import plan
    from tikub_lab.reports.worker import Job, make

    (report,) = plan(ROOT / "notebooks", [notebook], given)
    report = replace(report, data=data)
    with tempfile.TemporaryDirectory() as scratch, patch.dict(os.environ):  # a report changes the environment for good
        made = make(Job(report, ROOT), Path(scratch))
    if made.entry["status"] != "done":
        raise RuntimeError(f"{notebook} {dict(given)}: cell {made.entry['cell']}: {made.entry['reason']}")
    return made.html.decode("utf-8"), {Path(item.path).name: item.content.decode("utf-8") for item in made.files}


@contextmanager
def drawings() -> Iterator[list[Any]]:
    """Gather what each figure that is written while the block runs draws."""
    from matplotlib.figure import Figure

    found: list[Any] = []
    write = Figure.savefig

    def savefig(self: Any, *args: Any, **kwargs: Any) -> Any:
        written = write(self, *args, **kwargs)
        found.append(drawing(self))
        return written

    Figure.savefig = savefig  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Figure.savefig = write  # type: ignore[method-assign]


def drawing(figure: Any) -> list[dict[str, Any]]:
    """Return what a figure shows, by axes: limits, bars, lines, points and words, where the data has them.

    Colours, sizes, fonts and places on the sheet are left out: they are looks.
    """
    return [_axes(axes) for axes in figure.axes]


def _axes(axes: Any) -> dict[str, Any]:
    from matplotlib.patches import Rectangle

    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    shapes = [patch.get_path() for patch in axes.patches if not isinstance(patch, Rectangle)]
    groups = axes.collections
    labels = [*axes.xaxis.get_ticklabels(), *axes.yaxis.get_ticklabels()]
    parts = {
        "limits": [float(limit) for limit in (*axes.get_xlim(), *axes.get_ylim())],
        "bars": [[*map(float, (bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()))] for bar in bars],
        "lines": [_points(line.get_xydata()) for line in axes.lines],
        "points": [_points(group.get_offsets()) for group in groups if len(group.get_offsets()) > 1],
        "paths": [_points(path.vertices) for group in groups for path in group.get_paths()],
        "shapes": [_points(path.vertices) for path in shapes],
        "words": [[text.get_text(), *map(float, text.get_position())] for text in axes.texts if text.get_text()],
        "ticks": [label.get_text() for label in labels if label.get_text()],
    }
    return {name: part for name, part in parts.items() if part}


def _points(points: Any) -> list[float | None]:
    """Coordinates; of a long outline, how many points and the box that holds them."""
    points = np.asarray(points, dtype="float64")
    if len(points) > 60:
        points = np.array([[len(points), 0.0], np.nanmin(points, axis=0), np.nanmax(points, axis=0)])
    return [None if np.isnan(value) else float(value) for value in points.ravel()]
