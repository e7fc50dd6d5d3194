"""Every page as its readers have it: three widths, light and dark, two fonts, in print; measured in Chromium.

`python -m tests.reports.test_every_page` prints the table of what was measured, page by page, and what is wrong. Needs
Chromium, Playwright for Python, pdftotext (poppler-utils), and axe-core (test_axe.py says where from).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import ROOT
from tikub_lab.checks import browser as chromium

QUICK = "staffing_lycee"  # a small one, with a chart and tables: the page that `make test` looks at
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
# A page of one item for each thing that notebooks go through: small ones, whose pages have the least to show.
ITEMS = {"uai": "0009695N", "emat": "EMAT fictive n° 6", "acheteur": "22000303200012", "famille": "72",
         "fournisseur": "230099970"}  # fmt: skip
WIDTHS = (390, 768, 1280)  # CSS pixels: a phone, a tablet, a laptop
FONTS = ("Liberation Sans", "DejaVu Sans")  # as wide as Arial, and as Verdana: what readers have lies between
TALLEST = {"procurement": 3500, "procurement_watch": 3500}  # CSS pixels at the widest, of pages that grew too long
FEW = 4  # lines that are too few for a sheet of paper
KINDS = {
    "small": "texte < 11 px",
    "cut": "coupés",
    "over each other": "superposés",
    "out of its cell": "hors case",
    "no drawing to see": "dessins vides",
    "no sign": "défilement sans signe",
    "faint": "pâles",
    "axe": "axe-core",
    "print": "perdus à l'impression",
    "requests": "requêtes",
    "not light": "pas A",
    "too tall": "trop hautes",
}
"""What can be wrong with a page, and its column in the table for readers of the notes."""


class Measured(NamedTuple):
    faults: dict[str, set[str]]
    facts: dict[str, Any]


def build(out: Path, names: list[str], items: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Make the pages of notebooks, and of one item of each thing that they go through; give their entries by page."""
    commands = [names]
    for parameter, value in items.items():
        having = [name for name in names if parameter in _each(name)]
        commands += [[*having, "--each", f"{parameter}={value}"]] if having else []
    environment = {**os.environ, "TIKUB_CACHE": str(out / "cache")}  # of this build alone: pages share what is slow
    for words in commands:
        command = [sys.executable, "-m", "tikub_lab", "report", *words, "--out", str(out), "--quiet"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=300)
    entries = json.loads((out / "build.json").read_text(encoding="utf-8"))["reports"]
    return {entry["page"]: entry for entry in entries}


def _each(name: str) -> set[str]:
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    rules = notebook["metadata"]["tikub"].get("each", [])
    return {rule["parameter"] for rule in (rules if isinstance(rules, list) else [rules])}


@contextmanager
def browser() -> Iterator[dict[int, Any]]:
    """Open one browser, and give a context for each width."""
    lacking = chromium.lacking(axe=False) or (
        "" if shutil.which("pdftotext") else "pdftotext (poppler-utils) is not installed"
    )
    if lacking:
        pytest.skip(lacking)
    with chromium.opened(trusted=True) as opened:
        yield {width: opened.new_context(viewport={"width": width, "height": 900}) for width in WIDTHS}


def measure(contexts: dict[int, Any], file: Path, axe: str) -> Measured:
    """Look at a page in each width, font and scheme, and in print."""
    faults: dict[str, set[str]] = defaultdict(set)
    facts: dict[str, Any] = {"smallest": 99.0}
    for width, context in contexts.items():
        asked: list[str] = []
        tab = context.new_page()
        tab.on("request", lambda request, asked=asked: asked.append(request.url))
        tab.goto(file.as_uri())
        facts["height"] = tab.evaluate("document.documentElement.scrollHeight")  # of the last width, the widest
        for script in ("boxes.js", "reports/every_page.js"):
            tab.evaluate((ROOT / "tests" / script).read_text(encoding="utf-8"))
        for font in FONTS:
            found = tab.evaluate("font => everyPage.look(font)", font)
            facts["smallest"] = min(facts["smallest"], found["smallest"])
            for kind, words in found["said"]:
                faults[kind].add(f"{width} px, {font}: {words}")
        for scheme, rules in chromium.SCHEMES.items():
            tab.emulate_media(color_scheme=scheme)
            for kind, words in tab.evaluate("boxes.faint(document.body, 'svg *')"):
                faults[kind].add(f"{width} px, {scheme}: {words}")
            for words in tab.evaluate("values => everyPage.axe(...values)", [axe, rules]) if axe else ():
                faults["axe"].add(f"{width} px, {scheme}: {words}")
        faults["requests"].update(asked[1:])
        if width == max(contexts):
            facts["sheets"], lost = printed(tab)
            faults["print"] |= lost
        tab.close()
    return Measured(faults, facts)


def printed(tab: Any) -> tuple[int, set[str]]:
    """Print a page; give its sheets, and what is lost: headings of columns, what is wider than paper, sheets."""
    tab.emulate_media(media="print", color_scheme="light")
    tab.set_viewport_size({"width": chromium.PAPER, "height": 900})
    found = tab.evaluate("font => everyPage.look(font)", FONTS[-1])["said"]
    lost = {f"{kind}: {words}" for kind, words in found if kind == "cut"}
    headings = tab.evaluate("everyPage.headings()")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as pdf:
        pdf.write(tab.pdf(prefer_css_page_size=True, print_background=True))
        pdf.flush()
        command = ["pdftotext", "-raw", pdf.name, "-"]
        text = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8").stdout
    sheets = text.rstrip("\f").split("\f")
    letters = _letters(text)
    lost |= {f"the column «{heading}»" for heading in headings if _letters(heading) not in letters}
    last = [line for line in sheets[-1].splitlines() if line.strip()]
    if len(sheets) > 1 and len(last) <= FEW:
        lost.add(f"a sheet for {len(last)} lines: {' / '.join(last)}")
    return len(sheets), lost


def _letters(text: str) -> str:
    """Return a text without what a printer may change: spaces, ends of lines, hyphens."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)


def measure_all(names: list[str], out: Path, axe: str, items: dict[str, str] = ITEMS) -> dict[str, Measured]:
    """Build pages, and measure each; of a whole build its index too."""
    entries = build(out, names, items)
    with browser() as contexts:
        measured = {"index.html": measure(contexts, out / "index.html", axe)} if items else {}
        for page, entry in entries.items():
            faults, facts = measured[page] = measure(contexts, out / page, axe)
            facts |= {"ecoindex": entry["ecoindex"], "elements": entry["dom_nodes"]}
            facts["kB"] = round(entry["page_transfer_bytes"] / 1000, 1)
            if entry["ecoindex_grade"] != "A":
                faults["not light"].add(f"EcoIndex {entry['ecoindex_grade']}, {entry['ecoindex']}")
            if facts["height"] > TALLEST.get(entry["notebook"], 1e9):
                faults["too tall"].add(f"{facts['height']} px")
    return measured


def table(measured: dict[str, Measured]) -> str:
    """Write what was measured as a Markdown table, for notes: a line a page, 0 where nothing is wrong."""
    facts = {
        "smallest": "plus petit texte (px)",
        "ecoindex": "EcoIndex",
        "elements": "éléments",
        "kB": "ko",
        "sheets": "feuilles A4",
        "height": "hauteur (px)",
    }
    lines = [["page", *facts.values(), *KINDS.values()], ["---", *["--:"] * (len(facts) + len(KINDS))]]
    for page, found in measured.items():
        figures = [str(found.facts.get(name, "–")).replace(".", ",") for name in facts]
        notebook, _, name = page.removesuffix(".html").rpartition("/")
        said = name if notebook in {"", name} else f"{notebook}, {name}"
        lines.append([said, *figures, *(str(len(found.faults[kind])) for kind in KINDS)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@pytest.fixture(scope="module", params=["quick", pytest.param("all", marks=pytest.mark.proof)])
def measured(request, tmp_path_factory) -> dict[str, Measured]:
    names, items = ([QUICK], {}) if request.param == "quick" else (NAMES, ITEMS)
    return measure_all(names, tmp_path_factory.mktemp("pages"), chromium.axe_source(), items)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_wrong(measured, kind):
    assert {page: sorted(found.faults[kind]) for page, found in measured.items() if found.faults[kind]} == {}


def test_the_table_has_a_line_for_each_page(measured):
    lines = table(measured).splitlines()
    assert len(lines) == len(measured) + 2
    assert len({line.count("|") for line in lines}) == 1


WRONG = {
    "small": '<p style="font-size:10px">Petit</p>',
    "cut": '<p style="width:3000px;max-width:none">Trop large</p>',
    "over each other": '<p>Dépense</p><p style="margin-top:-30px">12 M€</p>',
    "out of its cell": '<table style="table-layout:fixed;width:5em"><td>Consommation<td>1</table>',
    "no drawing to see": '<svg class="c" height="0"></svg>',
    "no sign": '<div class="scroll" style="overflow:auto"><p style="width:3000px;max-width:none">Large</p></div>',
    "faint": '<svg width="300" height="40"><text y="20" fill="#aaa">Pâle</text></svg>',
    "axe": '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
    "print": "<style>@media print{thead{display:none}}</style><table><thead><th>Montant</th></thead></table>",
    "requests": '<img alt="" src="file:///nowhere.png">',
}


def test_what_is_wrong_is_found(tmp_path):
    """The measures themselves: each piece has the fault that is expected of it."""
    axe = chromium.axe_source()
    with browser() as contexts:
        for kind, html in WRONG.items():
            file = tmp_path / "wrong.html"
            file.write_text(f'<!doctype html><html lang="fr"><title>Essai</title><main><h1>Essai</h1>{html}</main>')
            if kind != "axe" or axe:
                assert measure({390: contexts[390]}, file, axe if kind == "axe" else "").faults[kind], kind


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = measure_all(sys.argv[1:] or NAMES, Path(folder), chromium.axe_source())
    print(table(found))
    for page, (faults, _) in found.items():
        for kind in KINDS:
            for words in sorted(faults[kind]):
                print(f"{page}: {kind}: {words}")
