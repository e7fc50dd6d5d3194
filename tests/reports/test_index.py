"""The index: failures first, a card a question, items by place, without script, light at 300 reports."""

import pytest
from bs4 import BeautifulSoup

from tikub_lab.reports import ecoindex, index
from tikub_lab.reports.publisher import Publisher

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
        "lead": f"On y utilise {number} MWh.",
        "figure": f"{number} MWh",
        "about": "Énergie",
        "parameters": {},
        "tables": [TABLE],
    } | changes


def soup(*entries):
    return BeautifulSoup(index.render(entries), "html.parser")


def item(number, name, place, group, **changes):
    """Return the entry of a page of one lycée."""
    about = {"name": name, "value": f"000{number}A", "place": place, "group": group}
    return entry(number, notebook="energy_lycee", item=about, parameters={"uai": f"000{number}A"}, **changes)


def text(tag):
    return tag.text.replace("\u00a0", " ").replace("\u202f", " ")


def test_failures_come_first_with_cell_and_reason():
    failed = entry(2, status="failed", reason="ValueError: pas de <table>", cell=4)
    made = soup(entry(1), failed, entry(3, use_case="procurement"), entry(4, use_case="essai"))
    headings = ["1 échec", "Achats publics", "Énergie des lycées", "Essai"]
    assert [text(heading) for heading in made.find_all("h2")] == headings
    assert text(made.li).endswith("Énergie des lycées, cellule n° 4 : ValueError: pas de <table>")
    assert text(made.find(class_="lead")) == "3 pages à lire, sur 3 sujets, 1 échec."
    assert [a["href"][1:] for a in made.main.nav.find_all("a")] == [h["id"] for h in made.find_all("h2")]
    assert "échec" not in soup(entry(1)).text


def test_a_card_answers_and_the_overview_comes_first():
    made = soup(
        entry(1, notebook="energy_law", heading="Le décret"), entry(9, heading="Tout"), entry(3, heading="Tout 3")
    )
    assert [card.h3.text for card in made.find_all("li")] == ["Tout", "Tout 3", "Le décret"]
    first = made.find(class_="first")
    assert [text(p) for p in first.find_all("p")] == ["9 MWh Énergie", "On y utilise 9 MWh."]
    assert len(made.find_all(class_="first")) == 1
    assert "EcoIndex" not in made.text


def test_equal_titles_are_told_apart():
    made = soup(entry(1, heading="Tout"), entry(2, heading="Tout", parameters={"annee": "2024"}))
    assert [a.text for a in made.ul.find_all("a")] == ["Tout (Un lycée)", "Tout (Année 2024)"]


def test_data_that_all_pages_show_is_said_once():
    one, two = entry(1), entry(2, defects=["1 image sans description"])
    made = soup(one, two)
    assert text(made.find(class_="unit")) == "Données : fichier importé du 1er mars 2026"
    assert [text(card.small) for card in made.find_all("li")] == ["Énergie", "Énergie"]
    assert made.find_all("small")[-1].text == "1 image sans description"
    other = soup(one, entry(2, tables=[]))
    assert other.find(class_="unit") is None
    assert text(other.li.find_all("small")[-1]) == "Données : fichier importé du 1er mars 2026"


def test_items_stand_by_departement_and_commune():
    made = soup(
        entry(9),
        item(1, "Lycée Riwal (fictif)", "Vannes", "Morbihan"),
        item(2, "Lycée Aven (fictif)", "Vannes", "Morbihan"),
        item(3, "Lycée Riwal (fictif)", "Brest", "Finistère"),
        item(4, "Lycée Éven (fictif)", "Brest", "Finistère"),
        item(5, "Lycée Drel (fictif)", "Étel", "Morbihan"),
    )
    assert [text(h) for h in made.find_all("h3")] == ["L’énergie du lycée n° 9 à Brest", "Finistère", "Morbihan"]
    lists = [[[tag.text for tag in place(["b", "a"])] for place in ul("li")] for ul in made(class_="places")]
    assert lists == [[["Brest", "Éven", "Riwal"]], [["Étel", "Drel"], ["Vannes", "Aven", "Riwal"]]]
    assert text(made.find_all(class_="unit")[-1]) == "5 pages, par département puis par commune"
    assert [a["href"] for a in made.find_all("nav")[-1].find_all("a")] == [
        f"#{h['id']}" for h in made.find_all("h3")[1:]
    ]


def test_items_of_which_nothing_is_known_are_one_list():
    pages = [item(n, f"Acheteur {n}", "", "") for n in (10, 2, 1)]
    made = soup(*pages)
    assert [a.text for a in made.find(class_="places").find_all("a")] == ["1", "2", "10"]
    assert (len(made.find_all("h3")), made.find(class_="cards")) == (0, None)


def test_items_without_a_name_are_called_as_their_pages():
    code = {"name": "72", "value": "72"}
    made = soup(entry(1, item=code, heading="Services informatiques : les fournisseurs"), entry(2, item=code))
    assert [a.text for a in made.find(class_="places").find_all("a")] == ["72", "Services informatiques"]


def test_a_card_ends_with_a_whole_sentence():
    one, two = "On y utilise 9 MWh. Deux alertes.", "Long, " * 50
    cards = soup(entry(1, lead=f"{one} {two}"), entry(2, lead=two)).find_all("li")
    assert [text(card.find_all("p")[-1])[-8:] for card in cards] == ["alertes.", "ng, Long,…"[-8:]]


def test_who_publishes_stands_in_the_footer():
    html = index.render([entry(1)], Publisher("Région (exemple)", "ti-lab@example.org", "Nos rapports"))
    made = BeautifulSoup(html, "html.parser")
    assert (made.h1.text, made.find(class_="brand").b.text) == ("Nos rapports", "Région (exemple)")
    assert made.footer.find("a")["href"] == "mailto:ti-lab@example.org"


def test_fictitious_data_is_marked():
    sample = entry(2, tables=[{**TABLE, "origin": "sample"}])
    assert soup(entry(1)).find(class_="fict") is None
    assert "ci-dessous" not in soup(sample).find(class_="fict").text
    mixed = soup(entry(1), sample)
    assert "ci-dessous" in mixed.find(class_="fict").text
    assert ["exemple fictif" in line.text for line in mixed.find_all("li")] == [False, True]


def test_data_is_shown_as_text():
    evil = '<script>alert(1)</script>"é'
    html = index.render([entry(1, heading=evil, lead=evil, figure=evil, use_case=evil, page=f"x/{evil}.html")])
    made = BeautifulSoup(html, "html.parser")
    assert made.find("script") is None
    assert made.li.a.text == evil
    assert "%3Cscript%3E" in made.li.a["href"]


def test_alphabetical_as_a_reader_expects():
    names = ["Zola", "Évariste 10", "Évariste 2", "eole"]
    made = soup(*(entry(number, heading=name) for number, name in enumerate(names)))
    assert [a.text for a in made.ul.find_all("a")] == ["eole", "Évariste 2", "Évariste 10", "Zola"]


def test_three_hundred_lycees_stay_light():
    places = [("Brest", "Finistère"), ("Rennes", "Ille-et-Vilaine"), ("Vannes", "Morbihan")]
    html = index.render([item(number, f"Lycée {number}", *places[number % 3]) for number in range(300)])
    made = BeautifulSoup(html, "html.parser")
    assert len(made.find_all(class_="places")) == 3
    assert len({a["href"] for a in made.main.find_all("a")}) == 305, "three départements, two parts"
    assert ecoindex.count(html)["ecoindex_grade"] in {"A", "B"}
    assert "<script" not in html


@pytest.mark.parametrize("entries", [[], [entry(1, use_case=None, heading=None, tables=[], lead=None, figure=None)]])
def test_little_to_say(entries):
    made = soup(*entries)
    assert made.h1.text == "Les rapports du Ti Lab"
    assert made.footer.a["href"] == "build.json"
    assert "Construite le" in made.footer.text
    assert "None" not in made.text
