"""Pages: each fault found in a page that has no other, and none in one that is sound."""

from pathlib import Path

import pytest

from tikub_lab.checks import browser, pages
from tikub_lab.checks.findings import Finding, Measure, Subject, Unchecked

GOOD = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Les lycées</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1>Les lycées de Bretagne</h1>
<h2>Énergie</h2><p>La <a href="#t">table des lycées</a>.</p>
<table id="t"><caption>Par lycée</caption><thead><tr><th scope="col">Lycée<th scope="col">kWh</tr></thead>
<tbody><tr><th scope="row">Un<td>12</tr></tbody></table>
<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><svg width="16"><path d="M0 0"/></svg>
<svg role="img" aria-label="La dépense monte de 2020 à 2025"><text y="20">2025</text></svg>
<img alt="Photo du lycée Un" src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main></body></html>"""
BIG = "data:image/png;base64," + "A" * 800_000
WRITTEN = {
    "no_language": ('lang="fr"', ""),
    "no_page_title": ("<title>Les lycées</title>", "<title></title>"),
    "no_viewport": ('<meta name="viewport" content="width=device-width">', ""),
    "no_main_heading": ("<h1>Les lycées de Bretagne</h1>", ""),
    "skipped_heading": ("<h2>Énergie</h2>", "<h4>Énergie</h4>"),
    "no_headers": ("<svg width", "<table><caption>Deux</caption><tr><td>1</table><svg width"),
    "no_scope": ('<th scope="row">', "<th>"),
    "no_caption": ("<caption>Par lycée</caption>", ""),
    "no_alternative": ('role="img" aria-label="La dépense monte de 2020 à 2025"', ""),
    "hollow_alternative": ("Photo du lycée Un", "IMG_2041.png"),
    "vague_link": ("table des lycées", "cliquez ici"),
    "lost_file": ("<h2>", '<img alt="" src="absente.png"><h2>'),
    "requests": ("</head>", "<style>@import 'https://polices.exemple.fr/a.css'</style></head>"),
    "tracker": ("</head>", '<script src="https://www.googletagmanager.com/gtag.js"></script></head>'),
    "heavy_image": ("R0lGODlhAQABAAAAACw=", "A" * 800_000),
    "heavy_page": ("</main>", "".join(f"{number * 7919**3:x} " for number in range(260_000)) + "</main>"),
    "ecoindex": ("</main>", "<b>a</b>" * 2_000 + "</main>"),
}
SEEN = {
    "contrast": ("<p>", '<p style="color:#ccc">'),
    "axe": ("<main>", "<main><form><input></form>"),
    "too_wide": ("<h2>", '<p style="width:500px">Large</p><h2>'),
    "text_spacing": ("<h2>", '<p style="white-space:nowrap">Quarante-quatre lettres de suite, à peu près</p><h2>'),
    "wide_print": ("</head>", "<style>@media print{p{width:900px}}</style></head>"),
}
NO_SCOPE = (('<th scope="col">', "<th>"),) * 2
"""A table has to lose those of its columns too."""


def said(folder: Path, html: str) -> list:
    path = folder / "page.html"
    path.write_text(html, encoding="utf-8")
    return list(pages.check(Subject(folder, "page", {"page": [path]})))


def kinds(items: list) -> set[str]:
    return {item.kind for item in items if isinstance(item, Finding)}


@pytest.fixture
def unseen(monkeypatch):
    monkeypatch.setattr(browser, "lacking", lambda: "Chromium n’est pas installé")


def broken(kind: str, old: str, new: str) -> str:
    html = GOOD.replace(old, new, 1)
    for pair in NO_SCOPE if kind == "no_scope" else ():
        html = html.replace(*pair, 1)
    assert html != GOOD
    return html


def test_a_sound_page_has_no_finding(tmp_path, unseen):
    unchecked, measure = said(tmp_path, GOOD)
    assert unchecked == Unchecked("Pages dans un navigateur", "Chromium n’est pas installé")
    assert (measure.name, measure.unit) == ("EcoIndex", "A")


@pytest.mark.parametrize("kind", WRITTEN)
def test_what_is_wrong_as_it_is_written(tmp_path, unseen, kind):
    found = said(tmp_path, broken(kind, *WRITTEN[kind]))
    assert kinds(found) == {kind} | ({"requests"} & kinds(found) if kind == "tracker" else set())


ODD = ["", "<p>", "\0\ud7ff", "<html><html lang=fr><head><title>", "<!--", "<img src='http://['>", "<img src='a\0b'>"]


@pytest.mark.parametrize("html", ODD)
def test_any_text_is_a_page(tmp_path, unseen, html):
    assert "no_main_heading" in kinds(said(tmp_path, html))


def test_what_a_browser_sees(tmp_path):
    if lacking := browser.lacking():
        pytest.skip(lacking)
    assert [item for item in said(tmp_path, GOOD) if not isinstance(item, Measure)] == []
    html = GOOD
    for kind in SEEN.keys() - {"text_spacing"}:
        html = html.replace(*SEEN[kind], 1)
    assert kinds(said(tmp_path, html)) == SEEN.keys() - {"text_spacing"}
    assert kinds(said(tmp_path, GOOD.replace(*SEEN["text_spacing"]))) == {"text_spacing"}


def test_a_page_reaches_nobody_and_nothing_outside_its_folder(tmp_path):
    if lacking := browser.lacking():
        pytest.skip(lacking)
    inside, outside = tmp_path / "dossier", tmp_path / "ailleurs.js"
    inside.mkdir()
    outside.write_text("document.title = 'lu'")
    (inside / "a.js").write_text("new WebSocket('ws://127.0.0.1:9/'); fetch('https://exemple.fr/x').catch(() => 0)")
    html = GOOD.replace("</main>", "</main><script src=a.js></script><script src=../ailleurs.js></script>")
    requests, *_ = [item for item in said(inside, html) if isinstance(item, Finding)]
    assert (requests.kind, dict(requests.values)) == ("requests", {"count": 2, "hosts": "127.0.0.1, exemple.fr"})


def test_a_page_that_loops_is_given_up_and_the_next_is_looked_at(tmp_path, monkeypatch):
    if lacking := browser.lacking():
        pytest.skip(lacking)
    monkeypatch.setattr(browser, "PATIENCE", 1_500)
    loops, pale = tmp_path / "a.html", tmp_path / "b.html"
    loops.write_text(GOOD.replace("</main>", "</main><script>for (;;);</script>"), encoding="utf-8")
    pale.write_text(GOOD.replace(*SEEN["contrast"]), encoding="utf-8")
    found = list(pages.check(Subject(tmp_path, "folder", {"page": [loops, pale]})))
    assert [item.what for item in found if isinstance(item, Unchecked)] == ["a.html dans un navigateur"]
    assert kinds(found) == {"contrast"}
