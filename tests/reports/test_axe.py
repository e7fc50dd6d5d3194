"""Pages in a real browser: no axe-core violation in light, in dark and on a phone; nothing wider than the screen.

Needs Chromium and axe-core (``npm install axe-core@4.14``), named by ``TIKUB_AXE`` (a file or the folder that npm
installed into) or in ``node_modules``; skipped, with the reason, where one is missing.
"""

import base64
import io
import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pandas as pd
import pytest
from markupsafe import Markup

from tests.conftest import computed_once
from tikub_lab import show
from tikub_lab.reports import ecoindex, index, page
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import read
from tikub_lab.reports.plan import plan
from tikub_lab.reports.run import Execution, Failure, Report
from tikub_lab.show import pieces
from tikub_lab.tables.package import open_package

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""The rules asked for: WCAG 2.0 to 2.2, A and AA, and what axe recommends besides."""

WIDTHS = (320, 1280)
"""CSS pixels; 320 is where WCAG 1.4.10 wants no scrolling in two directions."""

SPACING = (
    "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    "p{margin-bottom:2em!important}"
)
"""The text spacing that a page must bear (WCAG 1.4.12)."""

HARNESS = """<!doctype html><html lang="en"><title>harness</title><body><script>
const AXE = %s, PAGES = %s, WIDTHS = %s, TAGS = %s, SPACING = %s;
function loaded(frame, html) {
  const source = html.replace('<head>', () => '<head><script>' + AXE + '<\\/script>');
  return new Promise(done => { frame.onload = done; frame.srcdoc = source; });
}
async function main() {
  const found = [];
  for (const [name, html] of Object.entries(PAGES)) for (const width of WIDTHS) {
    const frame = document.createElement('iframe');
    frame.style.cssText = 'border:0;height:900px;width:' + width + 'px';
    document.body.append(frame);
    await loaded(frame, html);
    const inner = frame.contentDocument;
    const nodes = inner.querySelectorAll('*').length - inner.querySelectorAll('svg *').length - 1;
    for (const details of inner.querySelectorAll('details')) details.open = true;
    const result = await frame.contentWindow.axe.run(inner, {runOnly: TAGS, resultTypes: ['violations']});
    const told = node => node.html.slice(0, 200) + ' ' + node.failureSummary;
    const violations = result.violations.map(rule => [rule.id, rule.nodes.map(told)]);
    const sheet = inner.createElement('style');
    const wide = () => inner.documentElement.scrollWidth - inner.documentElement.clientWidth;
    const overflow = wide();
    sheet.textContent = SPACING;
    inner.head.append(sheet);
    const spaced = wide();
    const dark = frame.contentWindow.matchMedia('(prefers-color-scheme: dark)').matches;
    found.push({name, width, dark, nodes, violations, passes: result.passes.length, overflow, spaced});
    frame.remove();
  }
  return found;
}
main().then(found => document.title = JSON.stringify(found), error => document.title = JSON.stringify(String(error)));
</script></body></html>"""


def axe_source() -> str:
    """Return the source of axe-core; nothing where it is not."""
    place = Path(os.environ.get("TIKUB_AXE", ""))
    roots = [place, place / "node_modules/axe-core", Path(__file__).resolve().parents[2] / "node_modules/axe-core"]
    files = [place] if place.is_file() else [root / "axe.min.js" for root in roots]
    found = next((file for file in files if file.is_file()), None)
    return found.read_text(encoding="utf-8") if found else ""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core, or a skip that says how to get it."""
    return axe_source() or pytest.skip("axe-core not found: npm install axe-core@4.14, or set TIKUB_AXE")


@pytest.fixture(scope="module")
def chromium() -> str:
    """Chromium's command, or a skip."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or pytest.skip("Chromium is not installed")


def dump(command: str, html: str, folder: Path, *flags: str) -> str:
    """Return the DOM of a page after its scripts ran."""
    file = folder / "harness.html"
    file.write_text(html, encoding="utf-8")
    safe = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --virtual-time-budget=600000 --dump-dom"
    profile = f"--user-data-dir={folder / 'profile'}"
    words = [command, *safe.split(), *more.split(), profile, *flags, file.as_uri()]
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=True, encoding="utf-8").stdout


def without_policy(html: str) -> str:
    """Return a page that lets axe in."""
    assert page.POLICY in html
    return html.replace(page.POLICY, "default-src * data: 'unsafe-inline' 'unsafe-eval'")


def check(chromium: str, axe: str, pages: dict[str, str], folder: Path, *flags: str) -> list[dict]:
    """Run axe on pages, in each width; return what it found."""
    values = (axe, {name: without_policy(html) for name, html in pages.items()}, WIDTHS, TAGS, SPACING)
    script = HARNESS % tuple(json.dumps(value).replace("</", "<\\/") for value in values)
    dom = dump(chromium, script, folder, *flags)
    found = json.loads(unescape(re.search(r"<title>(.*?)</title>", dom, re.S)[1]))
    assert isinstance(found, list), found
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


QUICK = ["procurement", "energy_performance", "staffing", "bodies"]  # whose pages `make test` looks at


@pytest.fixture(scope="module")
def shipped(request, tmp_path_factory, root) -> dict[str, str]:
    """Pages and their build's index: of a notebook a use case; with --proof, of all."""
    out, package = tmp_path_factory.mktemp("build"), open_package(root / "data")
    names = [] if request.config.getoption("--proof") else QUICK
    with computed_once():
        document = build(plan(root / "notebooks", names, {}), root, out, package, Settings(jobs=2), lambda _: None)
    assert [entry["reason"] for entry in document["reports"] if entry["status"] != "done"] == []
    return {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in out.rglob("*.html")}


@pytest.fixture(scope="module", params=["light", pytest.param("dark", marks=pytest.mark.proof)])
def found(request, chromium, axe, pages, shipped, tmp_path_factory) -> tuple[bool, list[dict]]:
    """What the browser and axe say of every page, in one colour scheme."""
    dark = request.param == "dark"
    flags = ["--blink-settings=preferredColorScheme=0"] if dark else []
    return dark, check(chromium, axe, pages | shipped, tmp_path_factory.mktemp("axe"), *flags)


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
    """One less than the browser sees: axe's own script."""
    counted = {name: ecoindex.count(html)["dom_nodes"] for name, html in (pages | shipped).items()}
    assert {item["name"]: item["nodes"] for item in found[1]} == counted


def test_pages_are_light(shipped):
    assert len(shipped) > len(QUICK)
    for name, html in shipped.items():
        facts = ecoindex.count(html)
        assert facts["ecoindex_grade"] == "A", name
        assert facts["page_transfer_bytes"] <= 100_000


def test_axe_finds_what_is_wrong(chromium, axe, tmp_path):
    """The check can fail: a page with a faint word, an image without alternative and a column too wide."""
    body = '<p style="color:#ccc;width:900px">pâle</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
    results = check(
        chromium, axe, {"bad": page.fill("report.html.j2", title="Essai", cells=[{"html": Markup(body)}])}, tmp_path
    )
    assert {rule for rule, _ in results[0]["violations"]} >= {"color-contrast", "image-alt"}
    assert results[0]["overflow"] > 0
