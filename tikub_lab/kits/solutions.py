"""The cells of a notebook that are its solution: which they are, and that no other cell needs them."""

import json
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError, UsageError

TAG = "solution"
CHECK = "nbval-check-output"
STEPS = ("Un coup de pouce", "La fonction", "La ligne")
"""The steps of a hint, from what to think of to what to type."""

SHORTEST = 12
"""Characters of a line that says something: a shorter one may stand anywhere by chance."""

OPENING = re.compile(r"show\.\w+\([\[{]?")
"""A line that only opens a piece of a page, as every page does, the package's own trial page too."""


@dataclass(frozen=True)
class Cell:
    """A cell of the use case's own notebook; its number is from 1, as one counts in JupyterLab."""

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
    def hint(self) -> list[str]:
        """What its metadata says instead of it, step by step; empty where it says nothing."""
        return list(self.metadata.get("hint", ()))

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
    """Refuse a notebook with tags that say nothing, or whose kept cells need a name that only a cell left out binds.

    It looks at names alone; what a cell left out does to an object, the trial run shows.
    """
    lost: dict[str, Cell] = {}
    for cell in cells:
        _check_tags(cell, place)
        bound, read = _names(cell, place) if cell.kind == "code" else (set(), set())
        needed = sorted(set() if cell.left_out else (read - bound) & lost.keys())
        if needed:
            giver = lost[needed[0]]
            why = f"is tagged {TAG!r}" if giver.solution else f"is tagged {CHECK!r}, and checks do not travel"
            raise UsageError(
                f"{place}: {cell} needs {needed[0]!r}, and {giver}, which gives it, {why}. Tag the first {TAG!r} too, "
                "or have a kept cell between them bind it."
            )
        lost = {name: giver for name, giver in lost.items() if name not in bound}
        lost |= dict.fromkeys(bound, cell) if cell.left_out else {}


def _names(cell: Cell, place: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell binds, and those that it reads, in its functions too."""
    try:
        scopes = [symtable.symtable(cell.source, "cell", "exec")]
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{place}: {cell} is not plain Python, which kits are made of ({error}).") from None
    bound, read = set[str](), set[str]()
    for scope in scopes:
        scopes += scope.get_children()
        names = [name for name in scope.get_symbols() if scope is scopes[0] or name.is_global()]
        bound |= {name.get_name() for name in names if name.is_assigned() or name.is_imported()}
        read |= {name.get_name() for name in names if name.is_referenced()}
    return bound, read


def _check_tags(cell: Cell, place: str) -> None:
    if cell.solution and cell.kind != "code":
        raise UsageError(f"{place}: {cell} is {cell.kind}, and only code is tagged {TAG!r}. Take the tag off the cell.")
    if cell.solution and "parameters" in cell.tags:
        raise UsageError(f"{place}: {cell} has the parameters, which every kit needs. Take the tag {TAG!r} off it.")
    if "hint" in cell.metadata:
        if not cell.solution:
            raise UsageError(f"{place}: {cell} has a hint but no tag {TAG!r}. Tag it, or take the hint out.")
        said = cell.metadata["hint"]
        steps = [step for step in said if isinstance(step, str) and step.strip()] if isinstance(said, list) else []
        if len(steps) != len(STEPS) or len(said) != len(STEPS):
            raise UsageError(f"{place}: the hint of {cell} is {said!r}; a nudge, the function and the line are meant.")
        _names(replace(cell, source=cell.hint[-1]), f"{place}: hint")


def secret_lines(cells: Iterable[Cell]) -> list[str]:
    """Return the lines of solutions that must not be in any file of a kit.

    Those shorter than :data:`SHORTEST`, those without a word, those that only open a call of ``show``, and
    those that a kept cell has too say nothing.
    """
    cells = list(cells)
    kept = {line.strip() for cell in cells if not cell.left_out for line in cell.source.splitlines()}
    lines = (line.strip() for cell in cells if cell.solution for line in cell.source.splitlines())
    return sorted({line for line in lines if _says_something(line)} - kept)


def _says_something(line: str) -> bool:
    return len(line) >= SHORTEST and re.search(r"[^\W\d_]\w*", line) is not None and not OPENING.fullmatch(line)


def refuse_leaks(lines: Sequence[str], files: Iterable[tuple[str, bytes]]) -> None:
    """Refuse a kit of which a file has a line of the solution."""
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
