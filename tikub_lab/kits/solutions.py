"""The cells of a notebook that are its solution: which they are, and that no other cell needs them."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits.names import Dependency, dependencies, parse

TAG = "solution"
CHECK = "nbval-check-output"
GENERAL_HINT = "Cette étape est laissée à votre équipe."
SHORTEST = 12
"""Characters of a line that says something: a shorter one may stand anywhere by chance."""

OPENING = re.compile(r"show\.\w+\([\[{]?")
"""A line that only opens a piece of a page, as every page does, the package's own trial page too."""


@dataclass(frozen=True)
class Cell:
    """A cell of the use case's own notebook.

    Attributes
    ----------
    number : int
        From 1, as one counts in JupyterLab.
    kind : {'code', 'markdown', 'raw'}
    source : str
    tags : tuple of str
    metadata : dict
        All of it, ``tags`` included.
    """

    number: int
    kind: str
    source: str
    tags: tuple[str, ...]
    metadata: dict[str, Any]

    @property
    def solution(self) -> bool:
        """Whether it is a part of the solution."""
        return TAG in self.tags

    @property
    def left_out(self) -> bool:
        """Whether it stays home: solutions do, and so do checks of the notebook's own figures."""
        return self.solution or CHECK in self.tags

    @property
    def hint(self) -> str:
        """What its metadata says instead of it; empty where it says nothing."""
        return str(self.metadata.get("hint", "")).strip()

    def __str__(self) -> str:
        first = next((line.strip() for line in self.source.splitlines() if line.strip()), "empty")
        return f"cell {self.number} ({first if len(first) <= 50 else first[:49] + '…'})"


def read_cells(path: Path) -> list[Cell]:
    """Read the cells of a notebook that was checked by :func:`tikub_lab.reports.notebooks.read`."""
    found = []
    for number, item in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
        source = item["source"] if isinstance(item["source"], str) else "".join(item["source"])
        tags = tuple(item["metadata"].get("tags", []))
        found.append(Cell(number, item["cell_type"], source, tags, item["metadata"]))
    return found


def check(cells: Sequence[Cell], place: str) -> None:
    """Refuse a notebook whose kept cells would not run without the cells left out.

    Parameters
    ----------
    cells : sequence of Cell
    place : str
        Names the notebook in messages.

    Raises
    ------
    UsageError
        A tag or a hint on a cell that can't have it, a cell that is not plain Python, or a kept cell that needs one
        that is left out: a name that it binds, or an object that it changes. Both cells are named.
    """
    for cell in cells:
        _check_tags(cell, place)
    code = [cell if cell.kind == "code" else None for cell in cells]
    for cell in filter(None, code):
        _check_python(cell, place)
    sources = [cell.source if cell else "" for cell in code]
    found = dependencies(sources, [place for place, cell in enumerate(cells) if cell.left_out])
    if found:
        first, more = found[0], len({item.reader for item in found}) - 1
        also = f" {more} more kept cells depend on cells left out." if more else ""
        raise UsageError(f"{place}: {_said(first, cells)}{also}")


def _said(found: Dependency, cells: Sequence[Cell]) -> str:
    giver, reader = cells[found.giver], cells[found.reader]
    does = f"changes {found.name!r}" if found.changed else f"gives {found.name!r}"
    why = f"is tagged {TAG!r}" if giver.solution else f"is tagged {CHECK!r}, and checks do not travel"
    return (
        f"{reader} needs {found.name!r}, and {giver}, which {does}, {why}. "
        f"Tag the first {TAG!r} too, or have a kept cell between them bind {found.name!r}."
    )


def _check_tags(cell: Cell, place: str) -> None:
    if cell.solution and cell.kind != "code":
        raise UsageError(f"{place}: {cell} is {cell.kind}, and only code is tagged {TAG!r}. Take the tag off the cell.")
    if cell.solution and "parameters" in cell.tags:
        raise UsageError(f"{place}: {cell} has the parameters, which every kit needs. Take the tag {TAG!r} off it.")
    if "hint" in cell.metadata:
        if not cell.solution:
            raise UsageError(f"{place}: {cell} has a hint but no tag {TAG!r}. Tag it, or take the hint out.")
        if not isinstance(cell.metadata["hint"], str) or not cell.hint:
            raise UsageError(f"{place}: the hint of {cell} is {cell.metadata['hint']!r}; a text in French is meant.")


def _check_python(cell: Cell, place: str) -> None:
    try:
        tree = parse(cell.source)
    except (SyntaxError, ValueError) as error:
        magic = re.search(r"^\s*(?:\w+\s*=\s*)?[%!?].*|^.*\?\s*$", cell.source, flags=re.M)
        what = f"has a magic, {magic[0].strip()!r}" if magic else f"does not parse ({error})"
        raise UsageError(f"{place}: {cell} {what}. Kits are made of notebooks in plain Python.") from None
    if cell.left_out and re.search(r"import\s*\*", cell.source):
        import ast

        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                raise UsageError(
                    f"{place}: {cell} imports * from {node.module}, so what it gives to other cells can't be known. "
                    "Name what it imports."
                )


def secret_lines(cells: Iterable[Cell]) -> list[str]:
    """Return the lines of solutions that must not be in any file of a kit.

    Those shorter than :data:`SHORTEST`, those without a word, those that only open a call of ``show``, and those that a
    kept cell has too say nothing.
    """
    cells = list(cells)
    kept = {line.strip() for cell in cells if not cell.left_out for line in cell.source.splitlines()}
    lines = (line.strip() for cell in cells if cell.solution for line in cell.source.splitlines())
    return sorted({line for line in lines if _says_something(line)} - kept)


def _says_something(line: str) -> bool:
    return len(line) >= SHORTEST and re.search(r"[^\W\d_]\w*", line) is not None and not OPENING.fullmatch(line)


def refuse_leaks(lines: Sequence[str], files: Iterable[tuple[str, bytes]]) -> None:
    """Look for lines of the solution in the files of a kit.

    Raises
    ------
    RunError
        One is there: the message names the file and the line.
    """
    wanted = [(line, form) for line in lines for form in sorted(_forms(line))]
    for name, content in files:
        for line, form in wanted:
            if form in content:
                raise RunError(
                    f"{name} would hold a line of the solution: {line!r}. Change the text there (or the line in the "
                    "notebook); no kit was written."
                )


def _forms(line: str) -> Iterator[bytes]:
    """Give a line as it is, and as JSON would hold it."""
    yield line.encode("utf-8")
    yield json.dumps(line, ensure_ascii=False)[1:-1].encode("utf-8")
    yield json.dumps(line)[1:-1].encode("utf-8")
