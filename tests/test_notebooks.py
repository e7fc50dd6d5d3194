"""The notebook contract (design, CONTRIBUTING.md): what every committed notebook is."""

import nbformat
import pytest

from tests.conftest import ROOT
from tikub_lab.reports import notebooks
from tikub_lab.reports.parameters import declared

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_contract(path):
    nb = nbformat.read(path, as_version=4)
    nbformat.validate(nb)
    first, second = nb.cells[:2]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert notebooks.tags(second) == ["parameters"]
    found = declared(notebooks.read(path))
    assert all(parameter.help for parameter in found.values()), "each parameter is explained"
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        checked = "nbval-check-output" in notebooks.tags(cell)
        assert checked == bool(cell.outputs), "outputs are stored for check cells, and for them only"
        assert checked == (cell.execution_count is not None), "or nbval takes them for outputs of a cell that never ran"
        assert cell.source.count("\n") < 20
        assert not any(line.startswith(("def ", "class ")) for line in cell.source.splitlines())
    assert sum("nbval-check-output" in notebooks.tags(cell) for cell in nb.cells) >= 1


def test_there_is_a_notebook():
    assert PATHS
