"""A night: fetch, check, build, publish by one rename; what breaks leaves the edition that is served."""

import configparser
import json
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta

import nbformat
import pytest

from tests.conftest import ROOT
from tests.portal import Portal
from tests.test_cli import tikub
from tikub_lab.errors import UsageError
from tikub_lab.night import Night, Settings, read_settings, summary
from tikub_lab.tables.download import Limits, Web
from tikub_lab.use_cases import readers

NOTEBOOK = """
from tikub_lab import show, tables

grants = tables.load("bodies/grants")
show.title("Les subventions")
show.sentence("{n:subvention} pour {montant:€}.", lead=True, n=len(grants), montant=grants["montant"].sum())
show.keys([show.Key("Subventions versées", len(grants))])
show.table(grants[["nomBeneficiaire", "montant"]], "Les bénéficiaires")
"""


@pytest.fixture
def portal():
    with Portal() as server:
        yield server


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A workbench with one notebook."""
    home = tmp_path / "workbench"
    shutil.copytree(ROOT / "data" / "schemas", home / "data" / "schemas")
    for name in ("datapackage.json", "sources.csv"):
        shutil.copy(ROOT / "data" / name, home / "data")
    (home / "notebooks").mkdir()
    cells = [nbformat.v4.new_markdown_cell("# Subventions"), nbformat.v4.new_code_cell(NOTEBOOK)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), home / "notebooks" / "grants.ipynb")
    monkeypatch.setenv("TIKUB_HOME", str(home))
    return home


@pytest.fixture
def night(home, portal):
    """Run one night after the other; say what each said, and read what is served."""
    runs = []

    def ran(**settings):
        runs.append(1)
        web = Web(Limits(window=0.2), lambda _: None, portal.url)
        settings = Settings(**{"tables": ["bodies/grants", "territory/lycees"], **settings})
        now = datetime(2026, 11, 26, 2, 30) + timedelta(days=len(runs))
        return Night(home, settings, readers(), web, now).run()

    return ran


def served(home):
    return (home / "site" / "current" / "grants" / "grants.html").read_text(encoding="utf-8")


def plain(text):
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_two_nights_the_second_with_one_changed_and_one_broken_source(home, portal, night):
    first = night()
    assert (first["published"], first["pages"], first["problems"]) == (True, 1, []), first
    assert "3 subventions" in plain(served(home))
    assert [item["name"] for item in first["tables"]] == ["bodies/grants", "territory/lycees"]
    portal.data.rows("grants").pop()
    portal.faults |= {"subventions_attribuees_scdl0": "updated", "rb:lycee_public": "html"}
    second = night()
    assert (second["published"], second["before"]) == (True, "2026-11-27-023000")
    assert "2 subventions" in plain(served(home))
    (change,) = second["tables"]
    assert (change["name"], change["before"]["rows"], change["after"]["rows"]) == ("bodies/grants", 3, 2)
    (problem,) = second["problems"]
    assert (problem["about"], problem["who"]) == (
        "territory/lycees",
        "le portail ows.region-bretagne.fr ; la dernière bonne table reste",
    )
    text = plain((home / "site" / "nuit.txt").read_text(encoding="utf-8"))
    assert text.startswith(
        "Nuit du 28 novembre 2026 : publiée, 1 page.\n\nCe qui a changé\n- bodies/grants : 2 lignes, 3 avant\n"
    )
    assert json.loads((home / "site" / "nuit.json").read_text(encoding="utf-8")) == second
    third = night()
    assert third["tables"] == []


def test_a_portal_that_changes_its_columns_is_said_and_the_old_table_stays(home, portal, night):
    night()
    portal.faults["subventions_attribuees_scdl0"] = "column"
    path = home / "data/import/datapackage.json"
    path.write_text(path.read_text().replace('"version": "2026-11-26T03:00:00+00:00"', '"version": "x"'))
    (problem,) = night()["problems"]
    assert "le portail a changé ce qu’il donne : la colonne « dispositifAide » n’est plus là" in problem["said"]
    assert "--accept" in problem["who"]
    assert "3 subventions" in plain(served(home))


def test_what_breaks_leaves_the_edition_that_is_served(home, night):
    night()
    edition = str((home / "site" / "current").readlink())
    (home / "notebooks" / "grants.ipynb").rename(home / "grants.ipynb")
    said = night()
    assert (said["published"], str((home / "site" / "current").readlink())) == (False, edition)
    assert said["problems"][0]["step"] == "pages"
    assert "rien n’est publié, l’édition du 27 novembre 2026 reste en ligne" in plain(summary(said))
    (home / "grants.ipynb").rename(home / "notebooks" / "grants.ipynb")
    table = next((home / "data" / "import" / "bodies").glob("grants-*.parquet"))
    table.write_bytes(table.read_bytes() + b"x")
    said = night()
    assert (said["published"], said["problems"][0]["step"]) == (False, "contrôle")
    assert "3 subventions" in plain(served(home))
    assert len([path for path in (home / "site" / "editions").iterdir() if path.is_dir()]) == 1


def test_a_page_that_fails_leaves_its_last_good_one(home, night):
    night()
    book = nbformat.read(home / "notebooks" / "grants.ipynb", 4)
    book.cells[1].source += "\nraise ValueError('x')\n"
    nbformat.write(book, home / "notebooks" / "grants.ipynb")
    said = night()
    assert (said["published"], [item["step"] for item in said["problems"]]) == (True, ["pages"])
    assert said["problems"][0]["who"] == "qui a écrit le carnet grants"
    assert "3 subventions" in plain(served(home))


def test_a_page_whose_table_is_missing_names_who_has_it(home, night):
    book = nbformat.read(home / "notebooks" / "grants.ipynb", 4)
    book.cells[1].source = "from tikub_lab import tables\ntables.load('energy/works')"
    nbformat.write(book, home / "notebooks" / "works.ipynb")
    (problem,) = night()["problems"]
    assert (problem["about"], problem["said"]) == ("works/works.html", "la table energy/works n’est pas là")
    assert problem["who"] == "le service qui suit l’énergie des lycées (`tikub data template energy/works`)"


def test_each_makes_a_page_a_value_beside_the_overview(home, night):
    book = nbformat.read(home / "notebooks" / "grants.ipynb", 4)
    book.cells.insert(1, nbformat.v4.new_code_cell('objet: str = ""', metadata={"tags": ["parameters"]}))
    book.metadata["language_info"] = {"name": "python"}
    book.metadata["tikub"] = {"each": {"parameter": "objet", "table": "bodies/grants", "column": "objet"}}
    nbformat.write(book, home / "notebooks" / "grants.ipynb")
    said = night(each=True)
    assert (said["problems"], said["published"], said["pages"]) == ([], True, 4)
    assert len(list((home / "site" / "current" / "grants").glob("*.html"))) == 4


def test_the_last_editions_stay(home, night):
    for _ in range(4):
        night(keep=2, fetch=not (home / "data" / "import").exists())
    names = sorted(path.name for path in (home / "site" / "editions").iterdir())
    assert names == ["2026-11-29-023000", "2026-11-29-023000.json", "2026-11-30-023000", "2026-11-30-023000.json"]
    assert str((home / "site" / "current").readlink()) == "editions/2026-11-30-023000"


def test_files_that_services_put_down_are_imported(home, night):
    (home / "depot").mkdir()
    (home / "depot" / "works.csv").write_text("nothing,of,ours\n1,2,3\n")
    said = night(files=["depot/*.csv"])
    assert (said["published"], said["problems"][0]["step"]) == (True, "import")
    assert said["problems"][0]["who"] == "le service qui a fourni ce fichier"


def test_rows_that_no_table_takes_are_said(home, portal, night):
    """A night of which half of the rows were rejected said that the table is new, and nothing else."""
    (home / "depot").mkdir()
    text = "travaux_id;code_uai;statut\nT1;0350029S;réalisé\nT2;0350029S;perdu\nT3;0350029S;\n"
    (home / "depot" / "works.csv").write_text(text)
    portal.faults["subventions_attribuees_scdl0"] = "repeated"
    said = night(files=["depot/*.csv"])
    grants, works = (f"{item['about']} : {plain(item['said'])}" for item in said["rejected"])
    assert grants == "Subventions attribuées par la Région : 1 ligne sur 3 (voir bodies/grants.rejects.csv)"
    assert works == "works.csv : 2 lignes sur 3 (voir energy/works.rejects.csv)"
    text = plain((home / "site" / "nuit.txt").read_text(encoding="utf-8"))
    assert f"\n\nCe qui n’a pas été repris\n- {grants}\n- {works}\n" in f"{text}\n"
    assert night(files=["depot/*.csv"])["rejected"] == []


def test_settings(tmp_path):
    assert read_settings(ROOT) == Settings()
    path = tmp_path / "workbench.toml"
    for text, says in (
        ("[night]\nkep = 3", "Did you mean 'keep'"),
        ("[night]\nkeep = '3'", r"keep \(int\)"),
        ("[night]\nkeep = 0", "at least 1"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=says):
            read_settings(tmp_path)


# Recipes


def recipe(kind):
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / "docs" / "night.md").read_text(encoding="utf-8"), flags=re.S)


def test_units_of_systemd(tmp_path):
    service, timer = recipe("ini")
    for text in (service, timer):
        units = configparser.ConfigParser(strict=True)
        units.optionxform = str
        units.read_string(text)
    assert "ExecStart=/srv/tikub/.venv/bin/tikub night\n" in service
    if shutil.which("systemd-analyze"):
        (tmp_path / "tikub-night.timer").write_text(timer)
        (tmp_path / "tikub-night.service").write_text(service.replace("/srv/tikub/.venv/bin/tikub", "/bin/true").replace("/srv/tikub", "/").replace("User=tikub\n", ""))  # fmt: skip  # noqa: E501
        ran = subprocess.run(
            ["systemd-analyze", "verify", tmp_path / "tikub-night.timer"], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr


def test_the_steps_of_runners_publish_a_folder_of_pages(home, portal, tmp_path):
    """GitHub's, then GitLab's, on what the first left, as their caches do from night to night."""
    yaml = pytest.importorskip("yaml")
    github, gitlab = map(yaml.safe_load, recipe("yaml"))
    steps = github["jobs"]["night"]["steps"]
    assert {step.get("uses", "").split("@")[0] for step in steps} >= {"actions/checkout", "actions/cache"}
    assert "public" in gitlab["pages"]["artifacts"]["paths"]
    (home / ".venv").symlink_to(ROOT / ".venv")
    (home / "workbench.toml").write_text('[night]\ntables = ["bodies/grants"]\n')
    own = {"TIKUB_PORTAL": portal.url, "PYTHONPATH": str(ROOT), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    for lines in ([step["run"] for step in steps if "run" in step], gitlab["pages"]["script"]):
        assert lines[0] == "make .venv/.ready"
        script = "\n".join(["set -e", *lines[1:]]).replace(".venv/bin/tikub", ".venv/bin/python -m tikub_lab")
        ran = subprocess.run(
            ["bash", "-c", script], cwd=home, env={**os.environ, **own}, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert plain(ran.stdout).startswith("Nuit du ")
        assert "3 subventions" in plain((home / "public" / "grants" / "grants.html").read_text(encoding="utf-8"))
        shutil.rmtree(home / "public")


def test_exit_codes(home):
    (home / "data" / "sources.csv").write_text("x")
    broken = tikub("night", "--json", cwd=home)
    assert (broken.returncode, json.loads(broken.stdout)["published"]) == (1, False)
    assert broken.stderr == "tikub: Problems: 1; the summary says who must act.\n"
    (home / "workbench.toml").write_text("[night]\nx = 1\n")
    assert tikub("night", cwd=home).returncode == 2
