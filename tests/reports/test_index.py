"""The index: grouped, failures first, searchable without script, light at 300 reports."""

from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

from tikub_lab.reports import ecoindex, index

BUILT = datetime(2026, 11, 22, 8, tzinfo=UTC)
TABLE = {"table": "energy/sites", "title": "Sites", "origin": "import", "date": "2026-03-01", "licence": "LO"}


def entry(number=1, **changes):
    return {
        "notebook": "energy",
        "use_case": "energy",
        "title": "Un lycée",
        "heading": f"L'énergie du lycée n° {number} à Brest",
        "subtitle": "Année 2025",
        "page": f"energy/uai-{number}.html",
        "status": "done",
        "reason": "",
        "cell": None,
        "ecoindex_grade": "A",
        "tables": [TABLE],
    } | changes


def soup(*entries):
    return BeautifulSoup(index.render(entries, BUILT), "html.parser")


def test_failures_come_first_with_cell_and_reason():
    failed = entry(2, status="failed", reason="ValueError: pas de <table>", cell=4)
    made = soup(entry(1), failed, entry(3, use_case="procurement"), entry(4, use_case="essai"))
    assert [heading.text for heading in made.find_all("h2")] == [
        "Échecs", "Achats publics", "Énergie des lycées", "Essai",
    ]  # fmt: skip
    assert made.li.text.replace("\u00a0", " ").endswith("Énergie des lycées, cellule n° 4 : ValueError: pas de <table>")
    assert made.find(string="3 rapports") is not None
    assert "1 échec" in made.main.p.text
    assert [a["href"] for a in made.header.nav.find_all("a")] == ["#echecs", "#procurement", "#energy", "#essai"]
    assert {a["href"][1:] for a in made.header.nav.find_all("a")} == {h["id"] for h in made.find_all("h2")}


def test_a_line_says_what_differs_and_the_heading_what_is_shared():
    one, two = entry(1), entry(2, subtitle="Année 2024", defects=["1 image sans description"])
    made = soup(one, two)
    assert made.h2.find_next("p").text.replace("\u00a0", " ") == (
        "2 rapports. Données : fichier importé du 1er mars 2026. EcoIndex A."
    )
    lines = [line.text for line in made.find_all("li")]
    assert lines[0].endswith("Année 2025")
    assert lines[1].endswith("Année 2024 · 1 image sans description")
    alone = soup(one).li.text.replace("\u00a0", " ")
    assert alone.endswith("Année 2025 · Données : fichier importé du 1er mars 2026 · EcoIndex A")


def test_fictitious_data_is_marked():
    sample = entry(2, tables=[{**TABLE, "origin": "sample"}])
    assert soup(entry(1)).find(class_="fictitious") is None
    assert "dans tous ces rapports" in soup(sample).find(class_="fictitious").text
    mixed = soup(entry(1), sample)
    assert "marqués" in mixed.find(class_="fictitious").text
    assert ["exemple fictif" in line.text for line in mixed.find_all("li")] == [False, True]


def test_data_is_shown_as_text():
    evil = '<script>alert(1)</script>"é'
    html = index.render([entry(1, heading=evil, subtitle=evil, use_case=evil, page=f"x/{evil}.html")], BUILT)
    made = BeautifulSoup(html, "html.parser")
    assert made.find("script") is None
    assert made.li.a.text == evil
    assert "%3Cscript%3E" in made.li.a["href"]


def test_alphabetical_as_a_reader_expects():
    names = ["Zola", "Évariste 10", "Évariste 2", "eole"]
    made = soup(*(entry(number, heading=name) for number, name in enumerate(names)))
    assert [a.text for a in made.ul.find_all("a")] == ["eole", "Évariste 2", "Évariste 10", "Zola"]


def test_three_hundred_reports_are_cut_into_parts_and_stay_light():
    entries = [entry(number, subtitle=f"Code {number}") for number in range(300)]
    html = index.render(entries, BUILT)
    made = BeautifulSoup(html, "html.parser")
    assert len(made.find_all("li")) == 300
    parts = made.find_all("h3")
    assert len(parts) == 6
    assert parts[0].text.replace("\u00a0", " ") == "De « 0 à Brest » à « 49 à Brest »"
    assert [a["href"][1:] for a in made.main.nav.find_all("a")] == [part["id"] for part in parts]
    assert ecoindex.count(html)["ecoindex_grade"] in {"A", "B"}
    assert "<script" not in html


@pytest.mark.parametrize("entries", [[], [entry(1, use_case=None, heading=None, tables=[], ecoindex_grade=None)]])
def test_little_to_say(entries):
    made = soup(*entries)
    assert made.h1.text == "Les rapports du Ti Lab"
    assert made.footer.a["href"] == "build.json"
    assert "22 novembre 2026" in made.footer.text
    assert "None" not in made.text
