"""Kits of every use case that has a notebook: whole, the same for whoever makes them, and without their solutions."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT
from tikub_lab import kits
from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits import trial, workbook
from tikub_lab.tables.audit import audit
from tikub_lab.tables.package import Package

SHARED = {"energy": {"territory/lycees", "territory/buildings"}, "staffing": {"territory/lycees"}}
"""What a kit has of other tables than its use case's own."""


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def kit(made):
    use_case, first = made
    return first / f"tikub-kit-{use_case}"


def test_it_is_whole(made, kit):
    use_case, first = made
    assert {path.name for path in first.iterdir()} == {kit.name, f"{kit.name}.zip"}, "nothing half-made stays"
    assert {path.name for path in kit.iterdir()} == {
        "LISEZMOI.md", "demarrage.ipynb", "projet.ipynb", "idees.md", "data", "tikub_lab", "pyproject.toml",
        "antiseche.html", "donnees.xlsx",
        "postBuild",
        "requirements.txt", "environment.yml", "Makefile", "lancer.py", "LICENSE", "LICENCES.md", "reports", "kit.json",
        ".gitignore",
    }  # fmt: skip
    assert (kit / "data" / "DICTIONNAIRE.md").is_file()
    package = Package(kit / "data")
    assert package.resources
    assert {name for name in package.resources if not name.startswith(f"{use_case}/")} == SHARED.get(use_case, set())
    assert len(audit(package)) == 0
    names = files(kit)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert json.loads(names["kit.json"])["files"].keys() == names.keys() - {"kit.json"}


@pytest.mark.ci
def test_the_same_bytes_whoever_makes_it(made, elsewhere):
    use_case, first = made
    one, two = (files(folder / f"tikub-kit-{use_case}") for folder in (first, elsewhere))
    assert one.keys() == two.keys()
    assert not [name for name in one if one[name] != two[name]]
    zips = [(folder / f"tikub-kit-{use_case}.zip").read_bytes() for folder in (first, elsewhere)]
    assert zips[0] == zips[1]


def test_nothing_of_whoever_makes_it_is_in_it(made, kit):
    private = [*made[1:], ROOT, Path.home(), os.environ.get("USER", "")]
    words = [str(word).encode() for word in private if len(str(word)) > 5]
    for name, content in files(kit).items():
        assert not [word for word in words if word in content], name


def test_the_notebooks(kit):
    for name in ("demarrage", "projet"):
        notebook = nbformat.read(kit / f"{name}.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert notebook.cells[0].source.startswith("# ")
        assert notebook.cells[1].metadata["tags"] == ["parameters"]
        assert "données sont fictives" in notebook.cells[0].source
        for cell in notebook.cells:
            assert not set(cell.metadata.get("tags", [])) & {"solution", "nbval-check-output"}
            assert cell.get("outputs", []) == []
            assert cell.get("execution_count") is None
    text = "".join(cell.source for cell in nbformat.read(kit / "demarrage.ipynb", as_version=4).cells)
    for table in Package(kit / "data").resources:
        assert f'tables.load("{table}")' in text
    assert "**À vous.**" in text


def test_no_line_of_a_solution_in_any_file(made, kit):
    """Written anew, so that it does not believe what the making of kits believes."""
    notebook = json.loads((ROOT / "notebooks" / f"{made[0]}.ipynb").read_text(encoding="utf-8"))
    secret, kept = set(), set()
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        lines = {line.strip() for line in "".join(cell["source"]).split("\n")}
        if "solution" in tags:
            secret |= lines
        elif "nbval-check-output" not in tags:
            kept |= lines
    words = re.compile(r"\b[A-Za-z_]\w*")
    secret = {line for line in secret - kept if len(line) >= 12 and words.search(line)}
    # `show.sentence(` alone opens what every page has; what stands in it is on other lines.
    secret -= {line for line in secret if re.fullmatch(r"show\.\w+\([\[{]?", line)}
    assert secret, "a use case without a solution has none to keep"
    for name, content in files(kit).items():
        text = content.decode("utf-8", "replace")
        unescaped = text.replace('\\"', '"').replace("\\\\", "\\")
        assert not [line for line in secret if line in text or line in unescaped], name


def test_the_line_of_each_hint_runs_where_it_stands(made, kit, tmp_path):
    """A team that opens all three steps of a hint has something that works."""
    notebook = nbformat.read(kit / "demarrage.ipynb", as_version=4)
    cells, lines = [], 0
    for cell in notebook.cells:
        found = re.findall(r"<summary>La ligne</summary>\n\n```python\n(.*?)\n```", cell.source, flags=re.S)
        cells += [cell, *map(nbformat.v4.new_code_cell, found)]
        lines += len(found)
    own = json.loads((ROOT / "notebooks" / f"{made[0]}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert lines == sum("solution" in cell["metadata"].get("tags", []) for cell in own)
    notebook.cells = cells
    nbformat.write(notebook, tmp_path / "essai.ipynb")
    own = {"PYTHONPATH": str(kit), "TIKUB_HOME": str(kit), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "tikub_lab", "report", tmp_path / "essai.ipynb", "--out", tmp_path / "pages", "--json"],
        cwd=kit, env={**os.environ, **own}, capture_output=True, text=True,
    )  # fmt: skip
    (report,) = json.loads(ran.stdout)["reports"]
    assert (report["status"], report["defects"]) == ("done", []), (report["reason"], report["cell"])
    page = (tmp_path / "pages" / "essai" / "essai.html").read_text(encoding="utf-8")
    assert page.count("<summary>La ligne</summary>") == lines


def test_what_it_says(made, kit):
    use_case = made[0]
    readme = (kit / "LISEZMOI.md").read_text(encoding="utf-8")
    for words in ("make lab", "make report", "py lancer.py lab", "py lancer.py report", "Pertinence",
                  "Qualité technique", "Ergonomie", "Responsabilité", "données sont fictives"):  # fmt: skip
        assert words in readme
    for name in re.findall(r"^\| (`[^|]*`)", readme, flags=re.M):
        for path in re.findall(r"`([^`]+)`", name):
            assert (kit / path).exists(), path
    licences = (kit / "LICENCES.md").read_text(encoding="utf-8")
    for table in Package(kit / "data").resources.values():
        assert f"| `{table.name}` | {table.licence} |" in licences
        assert all(source in licences for source in table.sources)
    assert "wheels" not in licences
    texts = {name: text for name, text in files(kit).items() if not name.startswith("tikub_lab/")}
    assert not [name for name, text in texts.items() if name.endswith((".md", ".yml", "postBuild")) and b"{{" in text]
    assert f"tikub-kit-{use_case}" in (kit / "environment.yml").read_text(encoding="utf-8")
    project = tomllib.loads((kit / "pyproject.toml").read_text(encoding="utf-8"))
    assert (kit / project["project"]["readme"]).is_file()


def test_it_is_made_again_over_itself_and_not_over_work(made, kit, tmp_path, tikub_here):
    use_case = made[0]
    copy = tmp_path / kit.name
    shutil.copytree(kit, copy)
    (copy / "projet.ipynb").write_text("ours", encoding="utf-8")
    before = files(copy)
    ran = tikub_here("kit", use_case, "--out", tmp_path)
    assert ran.returncode == 2
    assert "somebody has worked in (projet.ipynb)" in ran.stderr
    assert files(copy) == before
    assert [path.name for path in tmp_path.iterdir()] == [kit.name]


def test_the_package_of_a_kit_finds_its_own_tables_and_notebooks(kit):
    from tikub_lab.reports.notebooks import find, folder_of
    from tikub_lab.tables.package import workbench

    assert workbench(kit / "reports") == kit
    assert [item.name for item in find(folder_of(kit))] == ["demarrage", "projet"]
    assert folder_of(ROOT) == ROOT / "notebooks"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workbench whose notebook a test may change; no workbook of its tables is written, which takes seconds."""
    monkeypatch.setattr(workbook, "workbook", lambda *_: None)
    for name in ("requirements.txt", "pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def notebook(home, *cells):
    """Write the notebook of procurement: cells are source and tags."""
    made = [nbformat.v4.new_markdown_cell("# Essai"), nbformat.v4.new_code_cell("n: int = 1  # un nombre",
            metadata={"tags": ["parameters"]})]  # fmt: skip
    made += [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in cells]
    nbformat.write(nbformat.v4.new_notebook(cells=made), home / "notebooks" / "procurement.ipynb")


@pytest.mark.parametrize(
    ("cells", "error", "says"),
    [
        ([("advices = n + 1", ["solution"]), ("print(advices)", [])], UsageError, r"cell 4 .*'advices', and cell 3 "),
        (
            [("from tikub_lab.errors import UsageError, nearest", ["solution"])],
            RunError,
            r"tikub_lab/.* would hold a line of the sol",
        ),
        ([("missing_name_of_nothing", [])], RunError, r"demarrage\.ipynb would not run.*missing_name_of_nothing"),
    ],
)
def test_a_kit_that_would_not_do_is_never_written(home, cells, error, says):
    notebook(home, *cells)
    out = home / "kits" / "deep"
    with pytest.raises(error, match=says):
        kits.make_kit("procurement", home, out)
    assert not (home / "kits").exists()


@pytest.mark.ci
def test_other_tables_than_the_sample(home, monkeypatch, small_package):
    """Half of a sample, as if imported: the kit has it, says so, and lacks what it lacks."""
    notebook(home, ("hidden_answer = n + 41", ["solution"]))
    other = shutil.copytree(small_package, home / "autre")
    path = other / "datapackage.json"
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    left = [item for item in descriptor["resources"] if item["name"] != "procurement/records"]
    descriptor["resources"] = [item | {"origin": "import"} for item in left]
    path.write_text(json.dumps(descriptor), encoding="utf-8")
    monkeypatch.setattr(trial, "run", lambda *_: None)
    with pytest.raises(UsageError, match=r"'candidat_id' of procurement/bids is marked personal"):
        kits.make_kit("procurement", home, home / "kits", other_data=other)
    assert not (home / "kits").exists()
    descriptor["resources"] = [item for item in descriptor["resources"] if item["name"] != "procurement/bids"]
    path.write_text(json.dumps(descriptor), encoding="utf-8")
    made = kits.make_kit("procurement", home, home / "kits", other_data=other)
    assert set(Package(made.folder / "data").resources) == {
        item["name"] for item in descriptor["resources"] if item["name"].startswith("procurement/")
    }
    for name in ("LISEZMOI.md", "demarrage.ipynb", "projet.ipynb"):
        text = (made.folder / name).read_text(encoding="utf-8")
        assert "données sont réelles" in text
        assert "données sont fictives" not in text
    ideas = (made.folder / "idees.md").read_text(encoding="utf-8")
    assert "`procurement/records` : `etat`, `regles`, `manquants`, `attendus` (table absente de ce kit)" in ideas
    assert (made.folder / "data" / "schemas" / "procurement" / "bids.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["procurment"], "Did you mean 'procurement'?"),
        pytest.param(
            ["procurement", "--data", "nowhere"], "nowhere: no datapackage.json there", marks=pytest.mark.proof
        ),
        (["procurement", "--out", "README.md"], "a kit can't be written there"),
    ],
)
def test_wrong_use(tikub_here, arguments, says):
    ran = tikub_here("kit", *arguments)
    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("tikub: ")
    assert says in line
