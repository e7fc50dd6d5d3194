"""Docs say what there is: every command, option, table, notebook and public name; and their text runs."""

import re
import subprocess
import sys
from io import StringIO

import nbformat
import pytest
import typer

from tests.conftest import ROOT
from tikub_lab.cli import app

PAGES = {path.name: path.read_text(encoding="utf-8") for path in [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]}
TEXT = "\n".join(PAGES.values())


def commands(group, words=("tikub",)):
    """Give every command with its words and options."""
    yield words, [option for item in group.params for option in item.opts if option.startswith("--")]
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


def test_every_command_and_option_is_said() -> None:
    found = list(commands(typer.main.get_command(app)))
    assert len(found) > 10
    usual = {"--help", "--install-completion", "--show-completion"}
    for words, options in found:
        assert f"`{' '.join(words)}" in TEXT, words
        missing = [option for option in options if option not in usual and not re.search(rf"{option}\b", TEXT)]
        assert not missing, (words, missing)


def test_every_notebook_and_make_target_is_said() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"| `{path.stem}` |" in PAGES["pages.md"], path.stem
    for target in re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M):
        assert f"`make {target}`" in PAGES["commands.md"], target


def test_names_and_tables_are_those_of_the_package() -> None:
    code = "from docs import make; print(make.api() + make.tables(), end='')"  # no test has imported anything there
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == PAGES["api.md"] + PAGES["tables.md"], "`python -m docs.make` writes them again"


def test_links_lead_somewhere() -> None:
    for name, text in PAGES.items():
        folder = ROOT if name == "README.md" else ROOT / "docs"
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (folder / target).exists(), (name, target)


def test_the_readme_is_short() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 100


@pytest.fixture
def newcomer(tmp_path) -> str:
    """The docs' first example, as a notebook beside a CSV that nobody prepared."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGES["notebooks.md"].split("## ")[0], flags=re.S)
    assert len([line for line in code.splitlines() if line]) <= 6
    rows = StringIO("nom;effectif\nLycée A (fictif);1210\nLycée B (fictif);380\nLycée C (fictif);95\n")
    (tmp_path / "lycees.csv").write_text(rows.read(), encoding="utf-8")
    code = code.replace('"lycees.csv"', repr(str(tmp_path / "lycees.csv")))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Essai"), nbformat.v4.new_code_cell(code)]
    )
    nbformat.write(notebook, tmp_path / "essai.ipynb")
    return str(tmp_path / "essai.ipynb")


def test_from_a_csv_to_a_page_in_six_lines(newcomer, tmp_path, tikub_here) -> None:
    ran = tikub_here("report", newcomer, "--out", tmp_path / "pages")
    assert ran.returncode == 0, ran.stderr
    page = (tmp_path / "pages/essai/essai.html").read_text(encoding="utf-8").replace("\u202f", " ").replace("\xa0", " ")
    assert "Lycée A (fictif) : 1 210 élèves" in page
    assert page.count("<svg") >= 1
    assert page.count("<table") >= 1
