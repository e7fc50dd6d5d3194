"""Notebooks as the build sees them: where they are, what they are called, what they need."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError, nearest


@dataclass(frozen=True)
class Notebook:
    """One notebook of the workbench.

    Attributes
    ----------
    name : str
        File name without suffix: the use case, in most cases.
    path : Path
        Where it is.
    title : str
        Its first Markdown heading.
    parameters_source : str or None
        Source of the cell tagged ``parameters``; None where there is none.
    needs : dict
        Notebook metadata ``tikub``: what a build needs to know.
    content : str
        The file's text, so that a worker needs no file.
    """

    name: str
    path: Path
    title: str
    parameters_source: str | None
    needs: dict[str, Any]
    content: str = field(default="", repr=False)

    @property
    def use_case(self) -> str:
        """The use case under which the index lists its reports."""
        return str(self.needs.get("use_case", self.name))

    def node(self) -> Any:
        """Parse the notebook anew: the caller may change what it gets."""
        import nbformat

        return nbformat.reads(self.content, as_version=4)


def read(path: Path) -> Notebook:
    """Read what a build needs of a notebook.

    Raises
    ------
    UsageError
        Not a notebook of format 4.

    Notes
    -----
    The file is read as JSON: nbformat takes longer to import than a build in which nothing changed may take. Whoever
    runs the notebook has it parsed and validated by nbformat (:meth:`Notebook.node`).
    """
    try:
        content = path.read_text(encoding="utf-8")
        raw = json.loads(content)
        if raw["nbformat"] != 4:
            raise ValueError(f"format {raw['nbformat']}; open it in JupyterLab and save it, which makes it format 4")
        cells = [Cell(item["cell_type"], _text(item["source"]), tags(item)) for item in raw["cells"]]
        needs = dict(raw["metadata"].get("tikub", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise UsageError(f"{path}: not readable as a notebook ({reason}). Restore it or remove it.") from None
    source = next((cell.source for cell in cells if cell.cell_type == "code" and "parameters" in cell.tags), None)
    return Notebook(path.stem, path, first_heading(cells) or path.stem, source, needs, content)


@dataclass(frozen=True)
class Cell:
    """A cell, as far as a build looks into it."""

    cell_type: str
    source: str
    tags: list[str]


def _text(source: str | list[str]) -> str:
    """Join what nbformat may store as a list of lines."""
    return source if isinstance(source, str) else "".join(source)


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell, parsed or as JSON."""
    return list(cell["metadata"].get("tags", []))


def first_heading(cells: Sequence[Any]) -> str:
    """Return the words of the first ``#`` heading in the Markdown of cells, or an empty string."""
    lines = (line for cell in cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")


def folder_of(home: Path) -> Path:
    """Return where notebooks are: ``notebooks/`` of a workbench; a starter kit has them at its root."""
    folder = home / "notebooks"
    return folder if folder.is_dir() else home


def find(folder: Path, names: list[str] | None = None) -> list[Notebook]:
    """Find notebooks by name, or all of them in alphabetical order.

    Parameters
    ----------
    folder : Path
        See :func:`folder_of`.
    names : list of str, optional
        Names (``procurement``) or paths ending in ``.ipynb``.

    Raises
    ------
    UsageError
        An unknown name (the nearest is suggested), or a folder without notebooks.
    """
    known = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not names:
        if not known:
            raise UsageError(f"{folder}: no notebook there; put one in, or name a file.")
        return [read(path) for path in known.values()]
    found = []
    for name in dict.fromkeys(names):
        path = Path(name) if name.endswith(".ipynb") else known.get(name)
        if path is None or not path.is_file():
            raise UsageError(
                f"No notebook {name!r}.{nearest(name, known)} Known notebooks: {', '.join(known) or 'none'}."
            )
        found.append(read(path))
    return found
