"""What of the package travels: the ground and one use case, no answer, and nothing that lies about."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.kits.conftest import NAMES
from tikub_lab import USE_CASES
from tikub_lab.errors import RunError
from tikub_lab.kits import package, trial
from tikub_lab.kits.recipe import path_of, read_recipe
from tikub_lab.tables.schema import read_schemas


def answers_of(use_case):
    return read_recipe(path_of(use_case), use_case, read_schemas(ROOT / "data" / "schemas")).answers


def used_in(use_case, solutions):
    """Names of the use case that its notebook's solutions use, or that its other cells do: `alerts.survey`."""
    cells = json.loads((ROOT / "notebooks" / f"{use_case}.ipynb").read_text(encoding="utf-8"))["cells"]
    cells = [cell for cell in cells if cell["cell_type"] == "code"]
    text = "\n".join("".join(c["source"]) for c in cells if ("solution" in c["metadata"].get("tags", [])) == solutions)
    return set(re.findall(rf"\b{use_case}\.(\w+(?:\.\w+)?)", text))


@pytest.fixture
def kit(made):
    return made[1] / f"tikub-kit-{made[0]}"


def python(kit, *arguments):
    """Run Python as a kit's own would, with no other package of ours in reach."""
    own = {"PYTHONPATH": str(kit), "TIKUB_HOME": str(kit), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=kit, env={**os.environ, **own}, capture_output=True, text=True
    )


IMPORT_ALL = """
import importlib, json, operator, pkgutil, sys, tikub_lab
names = [item.name for item in pkgutil.walk_packages(tikub_lab.__path__, "tikub_lab.")]
for name in names:
    if not name.endswith((".preload", ".__main__")):
        importlib.import_module(name)
use_case = importlib.import_module(f"tikub_lab.{sys.argv[1]}")
values = [getattr(use_case, name) for name in use_case.__all__]
there = []
for name in sys.argv[2:]:
    try:
        there.append(operator.attrgetter(name)(use_case) and name)
    except (AttributeError, ImportError):
        pass
print(json.dumps({"names": names, "there": there, "use_cases": tikub_lab.USE_CASES}))
"""


def test_all_that_travels_can_be_imported_and_is_no_answer(made, kit):
    use_case = made[0]
    secret = used_in(use_case, solutions=True) - used_in(use_case, solutions=False)
    ran = python(kit, "-c", IMPORT_ALL, use_case, *secret, *used_in(use_case, solutions=False))
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["use_cases"] == [use_case]
    assert len(said["names"]) > 80
    parts = {name.split(".")[1] for name in said["names"]}
    assert {"tables", "methods", "show", "reports", "cli", use_case} <= parts
    assert not parts & {"kits", *USE_CASES} - {use_case}
    answers = answers_of(use_case)
    assert answers
    assert not [
        name for name in said["names"] for item in answers if f"{name}.".startswith(f"tikub_lab.{use_case}.{item}.")
    ]
    assert len(secret) >= (3 if use_case == "bodies" else 5)  # its other answers are those of notebooks of their own
    assert set(said["there"]) == used_in(use_case, solutions=False), "no answer can be called, all else can"


def test_nothing_that_travels_imports_or_names_an_answer(made, kit):
    use_case = made[0]
    secret = [f"tikub_lab.{use_case}.{item}" for item in answers_of(use_case)]
    looked = 0
    for path in kit.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            looked += len(names)
            assert not [name for name in names for item in secret if f"{name}.".startswith(f"{item}.")], path
    assert looked > 500
    if use_case == "procurement":
        assert not [path for path in kit.rglob("*") if path.is_file() and b"where_to_act" in path.read_bytes()]


def test_a_kit_says_what_it_can_not_do(made, kit, tmp_path):
    for arguments, says in (
        (["data", "sample"], "only a clone of the workbench can make the sample"),
        (["kit", made[0]], "Kits are made in a clone of the workbench"),
    ):
        ran = python(kit, "-m", "tikub_lab", *arguments)
        assert ran.returncode == 2, ran.stderr
        (line,) = ran.stderr.strip().splitlines()
        assert says in line
    assert "No problem found." in python(kit, "-m", "tikub_lab", "data", "check").stdout
    file = tmp_path / "decp.json"
    file.write_text('{"marches": [{"id": "1", "montant": 5}]}', encoding="utf-8")
    ran = python(kit, "-m", "tikub_lab", "data", "import", file, "--into", tmp_path / "new")
    assert ("decp-2019-json, 1 rows read" in ran.stdout) == (made[0] == "procurement"), ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The package in a folder that a test may change."""
    root = tmp_path / "tikub_lab"
    shutil.copytree(ROOT / "tikub_lab", root, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(package, "ROOT", root)
    return root


STRAYS = [
    "id_rsa",
    "liste.csv",
    ".env",
    "brouillon.py",
    "notes.md",
    "jeton.json",
    "carnet.ipynb",
    "a.py.orig",
    "a.toml",
]


@pytest.mark.parametrize("use_case", NAMES)
def test_what_lies_about_stays_home(copy, use_case):
    before = package.files(use_case, answers_of(use_case)).keys()
    for folder in (copy, copy / "tables", copy / "reports" / "page", copy / use_case, copy / use_case / "published"):
        folder.mkdir(exist_ok=True)
        for name in STRAYS:
            (folder / name).write_text("secret = 1\n", encoding="utf-8")
    assert package.files(use_case, answers_of(use_case)).keys() == before


@pytest.mark.parametrize("use_case", NAMES)
def test_all_of_a_use_case_but_its_answers_travels(copy, use_case):
    """Nothing is lost on the way: with no answers, a kit has every module and every table of the use case."""
    found = package.files(use_case, ())
    folder = copy / use_case
    wanted = {path.relative_to(copy.parent).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert wanted - found.keys() == {f"tikub_lab/{use_case}/kit.toml"}
    assert isinstance(found[f"tikub_lab/{use_case}/__init__.py"], bytes)
    assert found[f"tikub_lab/{use_case}/__init__.py"] == (folder / "__init__.py").read_bytes()


def test_an_answer_that_a_travelling_module_imports_is_refused(copy):
    path = copy / "procurement" / "competition.py"
    path.write_text(
        path.read_text(encoding="utf-8") + "\n\ndef late():\n    from tikub_lab.procurement import decisions\n"
    )
    with pytest.raises(
        RunError, match=r"tikub_lab/procurement/competition\.py imports tikub_lab\.procurement\.decisions"
    ):
        package.files("procurement", ["decisions"])


def test_the_trial_refuses_another_package_than_the_kits(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(RunError, match=r"could not be tried: .*the package in use is "):
        trial.run(tmp_path, ["demarrage"])
