"""Pages: each fault found in a page that has no other, and none in one that is sound."""

from pathlib import Path

import pytest

from tests.faults import GOOD, SEEN, WRITTEN
from tikub_lab.checks import browser, pages
from tikub_lab.checks.findings import Finding, Measure, Subject, Unchecked

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


def test_a_page_that_breaks_loses_no_other(tmp_path, unseen):
    deep, pale = tmp_path / "a.html", tmp_path / "b.html"
    deep.write_text("<div>" * 3_000, encoding="utf-8")
    pale.write_text(broken("vague_link", *WRITTEN["vague_link"]), encoding="utf-8")
    found = list(pages.check(Subject(tmp_path, "folder", {"page": [deep, tmp_path / "gone.html", pale]})))
    assert "gone.html" in [item.what for item in found if isinstance(item, Unchecked)]
    assert "vague_link" in kinds(found)
