"""Pages in a real browser: no axe-core violation in light, in dark and on a phone; nothing wider than the screen.

Needs Chromium, Playwright for Python and axe-core (``npm install axe-core@4.14``), named by ``TIKUB_AXE`` (a file or
the folder that npm installed into) or in ``node_modules``; skipped, with the reason, where one is missing.
"""

import base64
import io
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pandas as pd
import pytest
from markupsafe import Markup

from tests.conftest import computed_once
from tikub_lab import show
from tikub_lab.checks import browser
from tikub_lab.reports import ecoindex, index, page
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import read
from tikub_lab.reports.plan import plan
from tikub_lab.reports.run import Execution, Failure, Report
from tikub_lab.show import pieces
from tikub_lab.tables.package import open_package


@pytest.fixture(scope="module")
def chromium():
    """A browser, or a skip that says what lacks to look at pages."""
    if lacking := browser.lacking():
        pytest.skip(lacking)
    with browser.opened(trusted=True) as opened:
        yield opened


def check(chromium, pages: dict[str, str], folder: Path, scheme: str = "light") -> list[dict]:
    """Look at pages in each width, and return what was found."""
    found = []
    for number, (name, html) in enumerate(pages.items()):
        file = folder / f"{number}.html"
        file.write_text(html, encoding="utf-8")
        seen = browser.look(chromium, file, folder, {scheme: browser.TAGS})
        assert seen.failed == ""
        assert seen.asked == []
        found += [{**view, "name": name} for view in seen.views]
    return found


def display(data: dict, **metadata: object):
    return v4.new_output("display_data", data=data, metadata=metadata)


def code(*outputs):
    cell = v4.new_code_cell("source = 'hidden'")
    cell.outputs = list(outputs)
    return cell


def drawn(kind: str) -> bytes:
    from matplotlib.figure import Figure

    figure, buffer = Figure(), io.BytesIO()
    figure.add_subplot().plot([1, 3, 2], "o-")
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, root) -> dict[str, str]:
    """Every kind of page: of the house, of other libraries, of a failure, and the index; rendered by the package."""
    folder = tmp_path_factory.mktemp("pages")
    used = [
        {
            "table": "a/b", "title": "Marchés", "origin": "sample", "licence": "Licence Ouverte 2.0", "rows": 3,
            "date": "2026-11-01", "sources": [], "sha256": "ab" * 32,
        }
    ]  # fmt: skip

    def rendered(nb, failure=None):
        path = folder / "essai.ipynb"
        nbformat.write(nb or house(), path)
        report = Report(read(path), {}, "essai")
        return page.render(report, Execution(nb, failure, 1.0, used))[0]

    entries = [entry(number) for number in range(120)] + [entry(200, status="failed", reason="ValueError: <b>", cell=3)]
    return {
        "house": rendered(house()),
        "libraries": rendered(libraries()),
        "failure": rendered(None, Failure("ValueError: pas de <table>", 4, "Le calcul")),
        "index": index.render(entries),
    }


def entry(number: int, **changes: object) -> dict:
    table = {"title": "Sites", "origin": "sample" if number % 2 else "import", "date": "2026-11-22"}
    return {
        "notebook": "energy", "use_case": "energy", "title": "Un lycée",
        "heading": f"L'énergie du lycée n° {number} à Brest", "subtitle": f"Code {number}",
        "page": f"energy/{number}.html", "status": "done", "reason": "", "cell": None,
        "ecoindex_grade": "A", "tables": [table],
    } | changes  # fmt: skip


def house():
    """A notebook that shows everything that ``tikub_lab.show`` has."""
    frame = pd.DataFrame({"nom": ["Le Goff", "Kermarec"], "montant": [1234.5, 12.0]})
    shown = [
        pieces.title("Les achats de Brest", "Année 2025"),
        pieces.sentence("{n} marchés.", lead=True, n=12),
        pieces.keys([pieces.Key("Marchés", "12", "3 de plus"), pieces.Key("Montant", "1,2 M€")]),
        show.bars(frame, "{nom} domine", "montant", "nom"),
        pieces.table(frame, "Les fournisseurs"),
        pieces.table(frame, "Les fournisseurs"),
        pieces.note("Une limite.", warning=True),
    ]
    outputs = [display(*piece._repr_mimebundle_()[:1], **piece._repr_mimebundle_()[1]) for piece in shown]
    folded = v4.new_markdown_cell("La **méthode** :\n\n- un\n- deux", metadata={"tags": ["folded"]})
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Les achats"), code(*outputs), folded])


def libraries():
    """A notebook that shows what pandas, matplotlib, Markdown and ``print`` make when nobody thinks of readers."""
    frame = pd.DataFrame({"région": ["Bretagne", "Normandie"], "n": [1200, 3], "part": [0.5, None]})
    wide = pd.DataFrame({f"colonne_{number}": range(3) for number in range(30)})
    png, svg = base64.b64encode(drawn("png")).decode(), drawn("svg").decode()
    described = {"image/png": {"alt": "Courbe : la valeur monte puis descend"}}
    hostile = (
        '<h1>Second</h1><h5>Cinq</h5><h3></h3><p style="color:#eee;background:#fff">pâle</p><main>z<nav>n</nav></main>'
        '<div style="position:fixed;width:3000px">large</div><img src="https://example.org/p.png"><table width="2000">'
        "<tr><th>a<td>1</table><form><input></form></div></section><a href='#x' tabindex='5'>lien</a>"
    )
    markdown = (
        "#### Une partie\n\n| Nom | Marchés |\n|---|---:|\n| Le Goff | 12 |\n\n"
        f"![](data:image/png;base64,{png})\n\n![Courbe qui monte](data:image/png;base64,{png})\n\n"
        f"> citation\n\n```python\nprint('{'long ' * 80}')\n```\n\n`{'x' * 200}` et $a_1$ <br> [lien](https://example.org)"
    )
    cells = [
        v4.new_markdown_cell("# Un essai\n\nIntroduction."),
        v4.new_markdown_cell(markdown),
        code(display({"text/html": frame._repr_html_(), "text/plain": repr(frame)})),
        code(display({"text/html": frame.set_index(["région", "n"]).unstack()._repr_html_()})),
        code(display({"text/html": wide._repr_html_()}), display({"text/html": frame.to_html(index=False)})),
        v4.new_markdown_cell("## Deux"),
        code(display({"image/png": png, "text/plain": "<Figure>"}, **described)),
        code(
            display({"image/png": png}),
            display({"image/svg+xml": svg}, alt="Courbe en traits"),
            display({"image/svg+xml": svg}),
        ),
        code(display({"text/plain": "abcdef_" * 90}), v4.new_output("stream", name="stdout", text="y" * 500)),
        code(display({"text/html": hostile})),
    ]
    return v4.new_notebook(cells=cells)


QUICK = ["territory_lycee"]  # whose page `make test` looks at; CI has `tikub check` look at all


@pytest.fixture(scope="module")
def shipped(request, tmp_path_factory, root) -> dict[str, str]:
    """Pages and their build's index: of one notebook; with --proof, of all."""
    out, package = tmp_path_factory.mktemp("build"), open_package(root / "data")
    names = [] if request.config.getoption("--proof") else QUICK
    with computed_once():
        document = build(plan(root / "notebooks", names, {}), root, out, package, Settings(jobs=2), lambda _: None)
    assert [entry["reason"] for entry in document["reports"] if entry["status"] != "done"] == []
    return {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in out.rglob("*.html")}


@pytest.fixture(
    scope="module", params=[pytest.param("light", marks=pytest.mark.ci), pytest.param("dark", marks=pytest.mark.proof)]
)
def found(request, chromium, pages, shipped, tmp_path_factory) -> tuple[bool, list[dict]]:
    """What the browser and axe say of every page, in one colour scheme."""
    results = check(chromium, pages | shipped, tmp_path_factory.mktemp("axe"), request.param)
    return request.param == "dark", results


def test_no_violation(found):
    dark, results = found
    assert all(item["dark"] is dark for item in results)
    assert min(item["passes"] for item in results) >= 15, "axe ran"
    assert {(item["name"], item["width"]): item["violations"] for item in results if item["violations"]} == {}


def test_nothing_is_wider_than_the_screen(found):
    """WCAG 1.4.10 (reflow) and 1.4.12 (text spacing)."""
    assert {(item["name"], item["width"]): item["overflow"] for item in found[1] if item["overflow"] > 0} == {}
    assert {(item["name"], item["width"]): item["spaced"] for item in found[1] if item["spaced"] > 0} == {}


def test_elements_are_counted_as_the_browser_counts(found, pages, shipped):
    counted = {name: ecoindex.count(html)["dom_nodes"] for name, html in (pages | shipped).items()}
    assert {item["name"]: item["nodes"] for item in found[1]} == counted


@pytest.mark.ci
def test_pages_are_light(shipped):
    assert len(shipped) > len(QUICK)
    for name, html in shipped.items():
        facts = ecoindex.count(html)
        assert facts["ecoindex_grade"] == "A", name
        assert facts["page_transfer_bytes"] <= 100_000


def test_axe_finds_what_is_wrong(chromium, tmp_path):
    """The check can fail: a page with a faint word, an image without alternative and a column too wide."""
    body = '<p style="color:#ccc;width:900px">pâle</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    bad = page.fill("report.html.j2", title="Essai", cells=[{"html": Markup(body)}])
    results = check(chromium, {"bad": bad}, tmp_path)
    assert {rule for rule, *_ in results[0]["violations"]} >= {"color-contrast", "image-alt"}
    assert results[0]["overflow"] > 0
