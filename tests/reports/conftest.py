"""Small workbenches, made for a test."""

import json

import nbformat
import pytest


@pytest.fixture
def bench(tmp_path):
    """A workbench whose folder has a space in its name; ``bench.write(name, *cells)`` puts a notebook in."""

    class Bench:
        home = tmp_path / "un établi"
        out = tmp_path / "pages"

        def write(self, name, *cells, metadata=None):
            """Cells: text starting with ``#`` or prose is Markdown; a pair (source, tags) or ``py:`` text is code."""
            made = []
            for cell in cells:
                source, tags = cell if isinstance(cell, tuple) else (cell, [])
                if source.startswith("py:"):
                    made.append(nbformat.v4.new_code_cell(source[3:], metadata={"tags": tags}))
                else:
                    made.append(nbformat.v4.new_markdown_cell(source, metadata={"tags": tags}))
            nb = nbformat.v4.new_notebook(cells=made, metadata={"tikub": {"use_case": name} | (metadata or {})})
            nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            path = self.home / "notebooks" / f"{name}.ipynb"
            nbformat.write(nb, path)
            return path

    made = Bench()
    (made.home / "notebooks").mkdir(parents=True)
    (made.home / "data").mkdir()
    (made.home / "data" / "datapackage.json").write_text(
        json.dumps({"name": "vide", "resources": []}), encoding="utf-8"
    )
    return made
