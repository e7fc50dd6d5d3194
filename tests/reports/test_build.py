"""Notebooks become pages: light, self-contained, with nothing of the code; one failure stops nothing."""

import getpass
import gzip
import json
import re

import pytest
from bs4 import BeautifulSoup

from tikub_lab.errors import UsageError
from tikub_lab.reports import page
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.plan import plan
from tikub_lab.tables.package import open_package

LIBRARY_OUTPUT = """py:from IPython.display import HTML, display
display(HTML('''<h1>Second</h1><h4>Quatre</h4><script src="https://example.org/x.js"></script>
<img src="https://example.org/pixel.png" alt="x"><a href="https://example.org/">lien</a>
<a href="javascript:alert(1)" onclick="alert(1)">non</a><link rel="stylesheet" href="https://example.org/x.css">
<iframe src="https://example.org/"></iframe><p style="background:url(https://example.org/y.png)">fond</p>'''))"""


def run(bench, *names, **given):
    """Build, and give what was told of each report."""
    reports = plan(bench.home / "notebooks", names, given)
    told = []
    package = open_package(bench.home / "data")
    build(reports, bench.home, bench.out, package, Settings(jobs=2, timeout=60), told.append)
    return told


@pytest.fixture
def made(bench):
    bench.write(
        "essai",
        "# Un essai\n\nIntroduction.",
        ("py:from tikub_lab import Secret\ncommune: str = 'Brest'  # la commune\njeton: Secret = ''", ["parameters"]),
        "py:from tikub_lab import show\nsecret_variable = 41 + 1",
        "py:show.title(f'Le lycée de {commune}', 'Année 2025')\nshow.sentence('Reçu : {x}.', x=commune)",
        "## Une partie",
        LIBRARY_OUTPUT,
        ("py:print('vérification interne')", ["nbval-check-output"]),
        "py:import sys; print('attention', file=sys.stderr)",
        ("La méthode.", ["folded"]),
    )
    return bench


def test_a_page(made):
    evil = "<i>Quimper</i>"
    (outcome,) = run(made, "essai", commune=evil, jeton="s3cr3t-jeton")
    assert outcome["status"] == "done", outcome["reason"]
    text = (made.out / outcome["page"]).read_text(encoding="utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert soup.html["lang"] == "fr"
    assert [h.text for h in soup.find_all("h1")] == [f"Le lycée de {evil}"]
    assert soup.title.text == f"Le lycée de {evil}"
    assert [h.name for h in soup.find_all(re.compile("^h[1-6]$"))] == ["h1", "h2", "h2", "h3"]
    for landmark in ("header", "main", "footer", "nav"):
        assert len(soup.find_all(landmark)) == 1, landmark
    assert f"Reçu\u00a0: {evil}." in soup.text
    assert soup.find("details", class_="folded") is not None
    for absent in (
        "secret_variable",
        "41 + 1",
        "import ",
        "vérification interne",
        "attention",
        "s3cr3t",
        str(made.home),
    ):
        assert absent not in text, absent
    assert getpass.getuser() not in soup.text


def test_a_page_asks_for_nothing(made):
    (outcome,) = run(made, "essai")
    text = (made.out / outcome["page"]).read_text(encoding="utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "iframe", "link"])
    assert not re.search(r"\son\w+=|javascript:|@import", text)
    outside = [tag for tag in soup.find_all(src=True) if not tag["src"].startswith("data:")]
    assert not outside
    assert "example.org/y.png" not in text
    assert soup.find("a", href="https://example.org/"), "a link is not a request"
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'")


def test_the_style_is_small():
    assert len(page.style().encode()) < 15_000
    assert len(gzip.compress(page.style().encode(), 6)) < 5000


def test_a_failure_names_the_cell_and_the_others_go_on(made):
    made.write(
        "casse",
        "# Un carnet cassé",
        ("py:n: int = 0", ["parameters"]),
        "## Le calcul",
        "py:import os\nraise ValueError(f'pas de <table> dans {os.getcwd()} sous ' + os.environ['TIKUB_HOME'])",
    )
    outcomes = {item["notebook"]: item for item in run(made, n="3")}
    assert outcomes["essai"]["status"] == "done"
    assert outcomes["casse"]["status"] == "failed"
    assert outcomes["casse"]["reason"].startswith("ValueError: pas de <table> dans …")
    soup = BeautifulSoup((made.out / outcomes["casse"]["page"]).read_text(encoding="utf-8"), "html.parser")
    said = soup.find(class_="failed").text
    assert "cellule n° 4" in said
    assert "«\u00a0Le calcul\u00a0»" in said
    assert str(made.home) not in said
    assert "os.getcwd" not in soup.text
    index = BeautifulSoup((made.out / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert [h.text for h in index.find_all("h2")] == ["1 échec", "Essai"]


def test_the_index_keeps_what_earlier_builds_made(made):
    run(made, "essai", commune="Brest")
    run(made, "essai", commune="Vannes")
    index = BeautifulSoup((made.out / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = {a.text: a["href"] for a in index.main.find_all("a")}
    assert {text: href.rsplit("-", 1)[0] for text, href in links.items() if href.startswith("essai/")} == {
        "Le lycée de Brest": "essai/commune-brest",
        "Le lycée de Vannes": "essai/commune-vannes",
    }
    for href in links.values():
        assert (made.out / href).is_file()
    manifest = json.loads((made.out / "build.json").read_text(encoding="utf-8"))
    assert [item["page"] for item in manifest["reports"]] == sorted(links.values())


@pytest.mark.parametrize(
    ("names", "given", "says"),
    [
        (["esai"], {}, "No notebook 'esai'. Did you mean 'essai'"),
        (["essai"], {"comune": "x"}, "no parameter 'comune'. Did you mean 'commune'"),
        (
            ["essai", "autre"],
            {"comune": "x"},
            "No notebook has the parameter 'comune'. Did you mean 'commune'? Allowed: commune, jeton.",
        ),
    ],
)
def test_wrong_use_is_refused_before_anything_runs(made, names, given, says):
    made.write("autre", "# Un autre")
    with pytest.raises(UsageError, match=re.escape(says)):
        run(made, *names, **given)
    assert not made.out.exists()


def test_a_file_that_is_no_notebook(made):
    (made.home / "notebooks" / "faux.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"faux.ipynb: not readable as a notebook"):
        run(made)


@pytest.mark.parametrize("engine", ["tikub", "kernel"])
def test_typed_values_reach_the_notebook(bench, engine):
    bench.write(
        "types",
        "# Types",
        (
            "py:from datetime import date\nfrom pathlib import Path\n"
            "jour: date = date(2026, 1, 1)  # jour\nou: Path = Path('a')  # dossier\nn: list[int] = []  # rangs\n"
            "texte: str | None = None  # texte",
            ["parameters"],
        ),
        "py:print(repr(jour), ou.name, n, repr(texte))",
    )
    given = {"jour": "2026-03-12", "ou": 'x/é "y"', "n": "1,2", "texte": "l'été {n} \\ \n"}
    reports = plan(bench.home / "notebooks", ["types"], given)
    told = []
    package = open_package(bench.home / "data")
    build(reports, bench.home, bench.out, package, Settings(timeout=60, engine=engine), told.append)
    assert told[0]["status"] == "done", told[0]["reason"]
    page_text = BeautifulSoup((bench.out / told[0]["page"]).read_text(encoding="utf-8"), "html.parser").pre.text
    assert page_text.strip() == 'datetime.date(2026, 3, 12) é "y" [1, 2] "l\'été {n} \\\\ \\n"'


def test_a_word_of_ours_stands_for_what_has_no_data(bench):
    """What a notebook says by ``empty=`` keeps its promise; a chart that lost its data without a word doesn't."""
    draw = (
        "py:import pandas as pd\nfrom tikub_lab import show\nnone = pd.DataFrame({'a': ['x'], 'b': [float('nan')]})\n"
    )
    bench.write("dit", "# Dit", draw + "show.bars(none, 'T', 'b', 'a', empty='Rien.')\n"
                "show.table(none.head(0), 'T', empty='Rien.')", metadata={"figures": 1, "tables": 1})  # fmt: skip
    bench.write("muet", "# Muet", draw + "show.bars(none, 'T', 'b', 'a')", metadata={"figures": 1})
    states = {outcome["notebook"]: outcome["status"] for outcome in run(bench, "dit", "muet")}
    assert states == {"dit": "done", "muet": "failed"}


def test_fewer_figures_than_promised_is_a_failure(bench):
    bench.write("court", "# Court", "py:print('rien à voir')", metadata={"figures": 1, "tables": 2})
    (outcome,) = run(bench, "court")
    assert outcome["status"] == "failed"
    assert (
        outcome["reason"]
        == "Incomplete: 0 figures shown, the notebook promises 1; 0 tables shown, the notebook promises 2"
    )
