"""A kit as it was handed out has no finding; one with a fault of each kind has these, and none that is invented."""

import hashlib
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest
from PIL import Image

from tests.faults import GITHUB, GOOD, IBAN, NIR, SEEN
from tests.kits.conftest import QUICK, make
from tikub_lab.checks import browser, intake, requirements, runs, walls
from tikub_lab.checks.findings import Finding, Unchecked, collect, kinds
from tikub_lab.checks.registry import CHECKS

READ = [(name, check) for name, check in CHECKS if check not in {runs.check, requirements.check}]
"""The checks that execute nothing and install nothing."""

PAGE, NARROW, NOTEBOOK, DATA = "rapport/page.html", "rapport/serree.html", "analyse.ipynb", "data/datapackage.json"
PLANTED = {
    **dict.fromkeys(
        [
            "no_language", "no_page_title", "no_viewport", "no_main_heading", "skipped_heading", "no_alternative",
            "hollow_alternative", "vague_link", "no_headers", "no_scope", "no_caption", "lost_file", "requests",
            "tracker",
            "heavy_page", "heavy_image", "ecoindex", "contrast", "axe", "too_wide", "wide_print",
        ],
        PAGE,
    ),
    "text_spacing": NARROW,
    **dict.fromkeys(
        [
            "untitled_notebook", "out_of_order", "stored_error", "long_cell", "function_in_cell", "unknown_name",
            "no_parameters", "deep_nesting", "silent_except", "absolute_path", "missing_file", "online_data",
            "installs",
        ],
        NOTEBOOK,
    ),
    "syntax_error": "casse.py", "no_tests": "outils.py", "secret": "config.py", "home_path": "notes.md",
    "email": "notes.md", "mobile": "data/agents.csv", "nir": "data/agents.csv", "iban": "data/agents.csv",
    "person_columns": "data/agents.csv", "exact_places": "data/agents.csv", "unlisted_table": "data/agents.csv",
    "small_counts": "data/services.csv", "no_licence": "data/services.csv", "no_source": "data/services.csv",
    "other_hash": "data/marches.csv", "other_rows": "data/marches.csv", "missing_table": "data/absente.csv",
    "altered": DATA, "author": "note.docx", "gps": "photo.jpg", "link": "ailleurs",
}  # fmt: skip
"""Each kind, and the file in which it was put."""

RUN = {
    "cell_fails": NOTEBOOK, "missing_package": "paquet.ipynb", "unreadable": "illisible.ipynb",
    "bare_parameters": "nu.ipynb", "differs": "hasard.ipynb", "stopped": "boucle.ipynb",
    "needs_network": "reseau.ipynb", "foreign_requirement": "requirements.txt", "test_fails": "test_outils.py",
}  # fmt: skip
"""Kinds that come of executing notebooks and tests, which takes longer."""


@pytest.fixture(scope="module")
def kit():
    return make(QUICK, "un", umask=0o077) / f"tikub-kit-{QUICK}"


def said(folder: Path, checks, walls=None) -> list:
    with intake.opened(folder) as subject:
        subject.walls = walls
        return collect(checks, subject)[0]


def places(items: list) -> set[tuple[str, str]]:
    return {(item.kind, item.place.partition(",")[0]) for item in items if isinstance(item, Finding)}


def test_a_kit_as_it_was_handed_out_has_no_finding(kit):
    assert places(said(kit, READ)) == set()


@pytest.mark.proof
def test_a_kit_that_runs_has_no_finding(kit, small):
    """Within the limits that teams have: what the first notebook shows is more than the small ones let it print."""
    assert places(said(kit, CHECKS, replace(small, limits=walls.Limits()))) == set()


@pytest.mark.proof
def test_nor_has_one_of_which_every_file_is_somebody_s(kit, tmp_path):
    """But for what is so: it has no tests of its own, and two lines of the package itself."""
    shutil.copytree(kit, tmp_path / "kit")
    (tmp_path / "kit" / "kit.json").unlink()
    found = places(said(tmp_path / "kit", READ))
    assert {kind for kind, _ in found} <= {"no_tests", "deep_nesting", "home_path"}
    assert len(found) <= 3


def page() -> str:
    table = "<table><tr><td>1</table>"
    pieces = [
        '<h4>Quatre</h4><a href="#x">cliquez ici</a>', table, '<p style="color:#ccc;width:500px">Pâle et large</p>',
        '<img alt="graphique" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "<form><input></form>",
        '<img src="absente.png"><img alt="" src="data:image/png;base64,' + "A" * 800_000 + '">',
        '<script src="https://www.googletagmanager.com/gtag.js"></script>', "<b>a</b>" * 2_000,
        "<style>@media print{p{width:900px!important}}@import 'https://polices.exemple.fr/a.css'</style>",
        "<!-- " + "".join(f"{number * 7919 ** 3:x} " for number in range(260_000)) + " -->",
    ]  # fmt: skip
    html = GOOD.replace(' lang="fr"', "").replace("<title>Les lycées</title>", "<title></title>")
    html = html.replace('<meta name="viewport" content="width=device-width">', "").replace("h1>", "h2>")
    return html.replace(' scope="col"', "").replace(' scope="row"', "").replace("</main>", "".join(pieces) + "</main>")


def notebook(*cells: str, title: str = "# Essai", counts: tuple = ()) -> str:
    first = v4.new_code_cell("annee: int = 2025  # année", metadata={"tags": ["parameters"]})
    made = [v4.new_markdown_cell(title), *([first] if title == "# Essai" else []), *map(v4.new_code_cell, cells)]
    for cell, count in zip([cell for cell in made if cell.cell_type == "code"], counts, strict=False):
        cell.execution_count = count
    return nbformat.writes(v4.new_notebook(cells=made))


def analysis() -> str:
    text = notebook(
        "!pip install geopandas", "x = 1\n" * 60, "def calcule():\n" + "    x = 1\n" * 30, "print(total_annuel)",
        "for a in []:\n for b in a:\n  for c in b:\n   if c:\n    if a: print(a)",
        "try:\n    x = 1 / 0\nexcept:\n    pass",
        "open('D:/lycees/a.csv')", "open('absent.csv')", "import pandas as pd\npd.read_csv('https://exemple.fr/a.csv')",
        title="Sans titre", counts=(5, 2),
    )  # fmt: skip
    nb = nbformat.reads(text, as_version=4)
    nb.cells[2].outputs = [v4.new_output("error", ename="KeyError", evalue="'kwh'", traceback=[])]
    return nbformat.writes(nb)


@pytest.fixture(scope="module")
def planted(kit, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("equipe") / "kit"
    shutil.copytree(kit, root)
    agents = (
        f"nom;prenom;telephone;compte;numero;latitude;longitude\nLe Goff;Ana;0612345678;{IBAN};{NIR};48.11731;-1.67\n"
    )
    tables = {"agents": agents, "services": "service;effectif\nVoirie;3\nCulture;40\n", "marches": "id;montant\n1;10\n"}
    package = {"name": "kit", "resources": json.loads((root / DATA).read_text(encoding="utf-8"))["resources"]}
    whole = {"licenses": [{"name": "etalab-2.0"}], "sources": [{"title": "Région Bretagne"}]}
    package["resources"] += [
        {"path": "services.csv", "hash": "sha256:" + hashlib.sha256(tables["services"].encode()).hexdigest()},
        {"path": "marches.csv", **whole, "rows": 7, "hash": "sha256:" + "0" * 64},
        {"path": "absente.csv", **whole},
    ]  # fmt: skip
    texts = {
        PAGE: page(), NARROW: GOOD.replace(*SEEN["text_spacing"]), NOTEBOOK: analysis(), DATA: json.dumps(package),
        "casse.py": "print 'bonjour'\n", "outils.py": "def f():\n    return 1\n", "config.py": f"JETON = '{GITHUB}'\n",
        "notes.md": "Écrire à ana.le-goff@orange.fr.\nLes fichiers sont dans /home/ana/lycees.\n",
        "requirements.txt": (root / "requirements.txt").read_text() + "\nautre @ https://exemple.fr/autre.whl\n",
        **{f"data/{name}.csv": text for name, text in tables.items()},
    }  # fmt: skip
    (root / "rapport").mkdir()
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    (root / "ailleurs").symlink_to("/etc")
    with zipfile.ZipFile(root / "note.docx", "w") as archive:
        archive.writestr("docProps/core.xml", "<p><dc:creator>Ana Le Goff</dc:creator></p>")
    photo = Image.new("RGB", (8, 8))
    exif = photo.getexif()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 7.0, 2.0)})
    photo.save(root / "photo.jpg", exif=exif)
    return root


def test_every_fault_is_found_and_none_is_invented(planted):
    if lacking := browser.lacking():
        pytest.skip(lacking)
    found = said(planted, READ)
    assert [item for item in found if isinstance(item, Unchecked)] == []
    assert places(found) == set(PLANTED.items())
    assert len(PLANTED) >= 40


@pytest.mark.proof
def test_those_of_notebooks_that_run_too(planted, small, tmp_path):
    shutil.copytree(planted, tmp_path / "kit", symlinks=True)
    online = "import urllib.request\nurllib.request.urlopen('http' + '://exemple.fr')"
    texts = {
        "illisible.ipynb": "{", "hasard.ipynb": notebook("import random", "print(random.random())"),
        "boucle.ipynb": notebook("while True: pass"), "nu.ipynb": notebook("print(1)").replace("annee: int", "annee"),
        "paquet.ipynb": notebook("import paquet_absent"), "reseau.ipynb": notebook(online),
        "test_outils.py": "from outils import f\n\ndef test_f():\n    assert f() == 2\n",
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / "kit" / name).write_text(text, encoding="utf-8")
    found = places(said(tmp_path / "kit", CHECKS, small))
    assert found == set((PLANTED | RUN).items()) - {("no_tests", "outils.py")}
    assert {kind for kind, _ in found} == kinds().keys() - {"no_tests", "unresolved"}, "all but what needs a registry"
