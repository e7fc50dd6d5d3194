"""`tikub new`: a notebook that runs as it stands: parameters, a table, a chart, a sentence, a check."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError
from tikub_lab.tables.package import Package
from tikub_lab.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

MOST_GROUPS = 40
"""Different values of a column by which rows are counted."""


def write_notebook(name: str, table: str, package: Package, folder: Path) -> Path:
    """Write a notebook about one table, and return its path.

    Raises
    ------
    UsageError
        A name that a notebook can't have or that is taken, an unknown table, a table without rows.
    """
    path = folder / f"{name}.ipynb"
    if not re.fullmatch(r"_?[a-z][a-z0-9_]*", name):
        raise UsageError(
            f"{name!r}: a notebook is named in lower-case letters, digits and underscores, as energy_roofs."
        )
    if path.exists():
        raise UsageError(f"{path}: is there already. Choose another name.")
    item = package.resource(table)
    frame = package.load(table)
    if frame.empty:
        raise UsageError(f"{item.name}: no rows yet, so nothing to draw. Import its data first.")
    notebook = _notebook(name, item.name, item.title, item.schema, frame)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: can't be written ({error.strerror}).") from None
    return path


def _notebook(name: str, table: str, title: str, schema: Schema, frame: "pd.DataFrame") -> dict[str, Any]:
    by, heading = _groups(schema, frame)
    title = re.sub(r'["{}\\\\]', "", title)
    cells = [
        ("markdown", f"# {title}\n\nQuelle question cette page doit-elle éclairer, et pour qui ? À écrire ici.", {}),
        ("code", "lignes: int = 8  # nombre de lignes montrées du tableau", {"tags": ["parameters"]}),
        ("code", f'from tikub_lab import show, tables\n\nrows = tables.load("{table}")\n'
                 f'# tables.describe("{table}")  # what each column means', {}),
        ("code", f'groups = rows.groupby("{by}", observed=True).size().rename("nombre").reset_index()\n'
                 'groups = groups.sort_values("nombre", ascending=False)', {}),
        ("code", f'show.title("{title} : {{n:ligne}}", n=len(rows))\n'
                 f'show.sentence(\n    "Le plus souvent : {{{by}}}, {{nombre:ligne}} sur {{n:.0}}.", lead=True,\n'
                 "    n=len(rows), **groups.iloc[0],\n)", {}),
        ("markdown", f"## Combien de lignes par « {heading} »\n\nCe que l'on voit, et ce que l'on en conclut.", {}),
        ("code", f'show.bars(groups.head(8), "{{{by}}} vient en tête : {{nombre:ligne}}", "nombre", "{by}")', {}),
        ("code", 'show.table(rows, "Les premières lignes", rows=lignes)', {}),
        ("code", 'print(f"{len(rows)} lignes, {len(groups)} groupes")', {"tags": ["nbval-check-output"]}),
        ("code", "show.data_used()", {}),
    ]  # fmt: skip
    said = f"{len(frame)} lignes, {frame[by].nunique()} groupes\n"
    written = [_cell(f"{name}-{place:02}".replace("_", "-"), *cell, said=said) for place, cell in enumerate(cells)]
    use_case = table.partition("/")[0]
    tikub = {"figures": 1, "tables": 1} | ({"use_case": use_case} if use_case in USE_CASES else {})
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "tikub": tikub}
    return {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(name: str, kind: str, source: str, metadata: dict[str, Any], said: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": name,
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        checked = "nbval-check-output" in metadata.get("tags", [])
        output = {"name": "stdout", "output_type": "stream", "text": [said]}
        cell |= {"execution_count": 1 if checked else None, "outputs": [output] if checked else []}
    return cell


def _groups(schema: Schema, frame: "pd.DataFrame") -> tuple[str, str]:
    """Choose the column by which rows are counted: words that repeat, as few as possible but more than one."""
    counts = {field.name: frame[field.name].nunique() for field in schema.fields if field.name in frame}
    words = [field for field in schema.fields if field.type in ("string", "boolean", "year") and field.name in counts]
    fit = [field for field in words if 1 < counts[field.name] <= MOST_GROUPS]
    if not fit:
        fit = sorted(words or schema.fields, key=lambda field: counts.get(field.name, 0))[:1]
    return fit[0].name, fit[0].title or fit[0].name
