"""A service fills in the templates of all tables; every notebook then says what it says on the sample."""

import csv

import pytest

from tests.conftest import ROOT
from tests.pins.pages import lines, page
from tests.tables.test_by_schema import french
from tikub_lab.tables.imports import import_files
from tikub_lab.tables.package import open_package
from tikub_lab.tables.template import write_template
from tikub_lab.use_cases import readers

pytestmark = pytest.mark.proof
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
FICTITIOUS = "Données fictives."


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A package of all tables of the sample, each imported from its own template."""
    folder, sample = tmp_path_factory.mktemp("filled"), open_package(ROOT / "data")
    for table in sample.resources:
        path = write_template(table, ROOT / "data" / "schemas", folder / "templates")[0]
        frame = sample.load(table)
        with path.open("a", encoding="utf-8", newline="") as file:
            columns = [map(french, frame[name].tolist()) for name in sample.resource(table).schema.names]
            csv.writer(file, delimiter=";").writerows(zip(*columns, strict=True))
        (found,) = import_files([path], folder / "package", readers(), table)
        assert (found.read, found.kept, found.rejected) == (len(frame), len(frame), 0)
        assert {*found.repairs_by_rule} <= {"dates-read-as-french"}
    return folder / "package"


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_pages_of_filled_templates_are_those_of_the_sample(filled, notebook) -> None:
    ours, files = page(notebook, {})
    theirs, other_files = page(notebook, {}, filled)
    assert list(lines(theirs)) == [line for line in lines(ours) if not line.startswith(FICTITIOUS)]
    assert other_files.keys() == files.keys()
    for name in files:
        same = [line for line in files[name].splitlines() if FICTITIOUS not in line and "fictive" not in line]
        assert [line for line in other_files[name].splitlines() if "fictive" not in line] == same, name
