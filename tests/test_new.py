"""`tikub new`: a notebook about any table runs as it stands, and its check cell holds."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tikub_lab.errors import UsageError
from tikub_lab.new import write_notebook
from tikub_lab.tables.package import open_package

PACKAGE = open_package(ROOT / "data")


SOME = {name.split("/")[0]: name for name in PACKAGE.resources}.values()  # one of each use case
ALL = pytest.param(PACKAGE.resources, marks=pytest.mark.proof)


@pytest.mark.parametrize("tables", [SOME, ALL], ids=["some", "all"])
def test_a_notebook_about_every_table_becomes_a_page(tmp_path, tikub_here, tables) -> None:
    paths = [write_notebook(name.replace("/", "_"), name, PACKAGE, tmp_path / "notebooks") for name in tables]
    ran = tikub_here("report", *paths, "--out", tmp_path / "pages")
    assert ran.returncode == 0, ran.stderr
    assert len(paths) == len(tables) > 3
    for path in paths:
        page = (tmp_path / "pages" / path.stem / f"{path.stem}.html").read_text(encoding="utf-8")
        assert page.count("<figure") == 1, path.stem
        assert "tables.describe" not in page
        assert len(max(path.read_text(encoding="utf-8").splitlines(), key=len)) < 140, path.stem
    checked = [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", str(paths[0])]
    said = subprocess.run(
        checked, env=os.environ | {"TIKUB_HOME": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout


@pytest.mark.parametrize(
    ("name", "table", "says"),
    [
        ("Mon carnet", "energy/works", "lower-case letters"),
        ("../dehors", "energy/works", "lower-case letters"),
        ("nouveau", "energy/work", "Did you mean 'energy/works'"),
        ("pris", "energy/works", "is there already"),
    ],
)
def test_wrong_use_is_one_line_and_writes_nothing(tmp_path, name, table, says) -> None:
    (tmp_path / "pris.ipynb").write_text("ours")
    with pytest.raises(UsageError, match=says) as error:
        write_notebook(name, table, PACKAGE, tmp_path)
    assert len(str(error.value).splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pris.ipynb"]
    assert (tmp_path / "pris.ipynb").read_text() == "ours"
