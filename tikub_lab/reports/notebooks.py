"""Notebooks as the build sees them: where they are, what they are called, what they need."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tikub_lab.errors import UsageError, nearest


@dataclass(frozen=True)
class Notebook:
    """What a build needs to know of a notebook, and its text; ``needs`` is its metadata ``tikub``."""

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


TAKEN = {"build.json", "index.html"}  # what a build writes beside the folders of its notebooks


def read(path: Path) -> Notebook:
    """Read what a build needs of a notebook of format 4.

    As JSON: to import nbformat takes longer than a build in which nothing changed. Who runs it parses and validates it.
    """
    if path.stem.startswith(".") or path.stem.casefold() in TAKEN or not path.stem.isprintable() or "\\" in path.stem:
        raise UsageError(f"{str(path)!r}: {path.stem!r} can't be the name of a folder of pages. Rename the notebook.")
    try:
        content = path.read_text(encoding="utf-8")
        raw = json.loads(content)
        if re.search(r"\\u[dD][89a-fA-F]", content):  # halves of a pair, which no file can hold
            from tikub_lab.reports.outputs import valid

            raw = valid(raw)
            content = json.dumps(raw)
        if raw["nbformat"] != 4:
            raise ValueError(f"format {raw['nbformat']}; open it in JupyterLab and save it, which makes it format 4")
        texts = [(item["cell_type"], "".join(item["source"]), tags(item)) for item in raw["cells"]]
        needs = dict(raw["metadata"].get("tikub", {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise UsageError(f"{path}: not readable as a notebook ({reason}). Restore it or remove it.") from None
    source = next((text for kind, text, marks in texts if kind == "code" and "parameters" in marks), None)
    lines = [line for kind, text, _ in texts if kind == "markdown" for line in text.splitlines()]
    title = next((line[2:].strip() for line in lines if line.startswith("# ")), "")
    return Notebook(path.stem, path, title or path.stem, source, needs, content)


def tags(cell: Any) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def folder_of(home: Path) -> Path:
    """Return where notebooks are: ``notebooks/`` of a workbench; a starter kit has them at its root."""
    folder = home / "notebooks"
    return folder if folder.is_dir() else home


def find(folder: Path, names: list[str] | None = None) -> list[Notebook]:
    """Find notebooks by name or path (``*.ipynb``), or all of a folder; refuse two of one name."""
    known = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not names and not known:
        raise UsageError(f"{folder}: no notebook there; put one in, or name a file.")
    found: dict[str, Path] = {}
    for name in names or known:
        path = Path(name) if name.endswith(".ipynb") else known.get(name)
        if path is None or not path.is_file():
            raise UsageError(
                f"No notebook {name!r}.{nearest(name, known)} Known notebooks: {', '.join(known) or 'none'}."
            )
        other = found.setdefault(path.stem.casefold(), path)
        if other.resolve() != path.resolve():
            raise UsageError(f"{other} and {path} have one name, so one folder of pages. Rename one of them.")
    return [read(path) for path in found.values()]


def each_rules(notebook: Notebook) -> dict[str, Mapping[str, Any]]:
    """Return by what metadata let a notebook fan out, by parameter; ``prefix`` cuts values, ``least`` is of rows."""
    said = notebook.needs.get("each") or []
    rules = [said] if isinstance(said, Mapping) else list(said)
    for rule in rules:
        lacking = sorted({"parameter", "table", "column"} - set(rule))
        odd = [name for name in ("prefix", "least") if not isinstance(rule.get(name, 1), int)]
        if lacking or odd:
            wrong = f"lacks {lacking[0]!r}" if lacking else f"has an odd {odd[0]}"
            raise UsageError(
                f"{notebook.name}: metadata tikub.each {wrong}; "
                "it needs parameter, table, column, and takes prefix and least, whole numbers."
            )
    return {rule["parameter"]: rule for rule in rules}
