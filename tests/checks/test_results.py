"""What is said of a check: exit codes, a page in French, JSON whose keys docs/check.md explains."""

import html as markup
import json
import re

import pytest

from tests.conftest import ROOT
from tikub_lab.checks import results, walls
from tikub_lab.checks.findings import Finding, Measure, Subject, Unchecked

SAID = [
    Finding("cell_fails", "b.ipynb, cellule 4", cell=4, error="NameError: <b>x</b>"),
    Finding("cell_fails", "a.ipynb, cellule 4", cell=4, error="NameError: <b>x</b>"),
    Measure("a.ipynb", "Temps d’exécution", 2.5, "s"),
    Measure("", "Taille du dossier", 1.25, "Mo"),
    Unchecked("Exécution des carnets", "c.ipynb : langage « R »"),
]


@pytest.fixture
def found(tmp_path):
    subject = Subject(tmp_path, "folder", {})
    subject.walls = walls.Walls("bwrap", walls.Limits(), {"write": "Read-only file system", "connect": ""})
    return json.loads(json.dumps(results.document(subject, "E01", SAID, ["Dossier reçu"])))


def test_the_page_says_all_and_marks_nothing(found):
    html = results.html(found)
    text = " ".join(markup.unescape(re.sub(r"<[^>]+>", " ", html.split("<main", 1)[1])).replace("\u202f", " ").split())
    assert "2 constats sont à reprendre, et 1 point n’a pas pu être contrôlé. La pertinence reste au jury." in text
    assert text.count("La cellule 4 échoue") == 1  # what is the same of two places is said once
    assert text.index("a.ipynb, cellule 4") < text.index("b.ipynb, cellule 4")
    assert "<b>x</b>" not in html
    assert "NameError: <b>x</b>" in text
    for criterion in ("Qualité technique", "Ergonomie", "Responsabilité"):
        assert f"{criterion}</h2>" in html
    assert "Pertinence</h2>" not in html
    assert "Écrire hors de son dossier non" in text
    assert "Se connecter à cette machine (TCP) oui" in text
    assert "C’est une estimation" in text
    assert "c.ipynb : langage « R »" in text.replace("\xa0", " ")
    assert "http" not in re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.S).replace("http-equiv", "")


def test_a_page_without_anything(tmp_path):
    html = results.html(results.document(Subject(tmp_path, "page", {}), "vide", [], []))
    assert "Aucun constat parmi ce qui est contrôlé" in html
    assert "Rien n’a été exécuté" in html


def test_the_json_is_what_the_docs_say(found):
    page = (ROOT / "docs" / "check.md").read_text(encoding="utf-8").split("## The JSON")[1]
    said = {name for line in re.findall(r"^\| (`.+?) \|", page, flags=re.M) for name in re.findall(r"`(\w+)`", line)}
    assert said == set(found)
    assert set(found["findings"][0]) == {"kind", "criterion", "place", "title", "why", "how"}
    assert set(found["measures"][0]) == {"place", "name", "value", "unit"}
    assert set(found["walls"]) == {"name", "limits", "refused"}


def test_limits_are_those_that_the_docs_say():
    page, limits = (ROOT / "docs" / "check.md").read_text(encoding="utf-8"), walls.Limits()
    for text in (f"| {limits.seconds:.0f} s", f"| {limits.memory >> 30} GiB", f"| {limits.disk >> 30} GiB",
                 f"| {limits.processes} |", f"| {limits.printed // 10**6} million"):  # fmt: skip
        assert text in page


def test_exit_codes_and_what_is_written(tmp_path, tikub_here):
    (team := tmp_path / "team").mkdir()
    (team / "notes.txt").write_text("rien")
    none = tikub_here("check", team, "--no-run", "--json", tmp_path / "a.json", "--page", tmp_path / "a.html")
    assert (none.returncode, none.stdout, none.stderr) == (0, "No finding; relevance stays with the jury.\n", "")
    assert json.loads((tmp_path / "a.json").read_text())["findings"] == []
    assert "<html" in (tmp_path / "a.html").read_text()
    (team / "link").symlink_to("/etc/passwd")
    some = tikub_here("check", team, "--no-run")
    assert (some.returncode, some.stderr) == (1, "tikub: 1 finding; relevance stays with the jury.\n")
    assert some.stdout.startswith("link: Un lien dans le dossier")
    for wrong in ([tmp_path / "none"], [team, "--page", tmp_path / "none" / "a.html"]):
        ran = tikub_here("check", *wrong)
        assert (ran.returncode, len(ran.stderr.splitlines())) == (2, 1)
