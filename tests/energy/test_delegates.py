"""The sheet for eco-delegates: its gesture, its texts, its form, and that it is one sheet of A4."""

import re

import pytest
from bs4 import BeautifulSoup

from tests.energy.test_pages import pages
from tikub_lab import energy, tables
from tikub_lab.checks import browser as chromium
from tikub_lab.energy.gestures.words import read, rounded
from tikub_lab.errors import UsageError

UAI, YEAR = "0007614B", 2025
LONGEST = {
    "0005645L": "moins de lampes et de radiateurs d'appoint en hiver",
    "0000100J": "baisser le chauffage pendant les vacances",
}
"""Lycées whose sheets have the longest title, and the longest sentence."""


@pytest.fixture(scope="module")
def known(energy_tables):
    names = ("sites", "meters", "readings", "weather", "calendar", "prices", "factors")
    sites, meters, readings, weather, calendar, *worth = (energy_tables[f"energy/{name}"] for name in names)
    measures, counters = energy.gestures.measures(sites, meters, readings, weather, calendar, YEAR)
    return energy.gestures.gestures(measures, counters, sites, *worth, YEAR), measures


def test_the_gesture_is_the_one_that_is_worth_most(known):
    table, measures = known
    todo = table[table["etat"] == "à faire"]
    best = todo.loc[todo.groupby("code_uai")["kwh"].idxmax()].set_index("code_uai")
    for uai in [UAI, *LONGEST]:
        found = energy.gestures.sheet(table, measures, uai)
        assert found.gesture["geste"] == best.loc[uai, "geste"]
        assert found.gesture["kwh"] == rounded(best.loc[uai, "kwh"])
        own = measures[(measures["code_uai"] == uai) & (measures["geste"] == found.gesture["geste"])]
        assert {found.energy} == {*own["energie"]}
    assert best.loc[list(LONGEST), "titre"].str.lower().tolist() == [*LONGEST.values()]


def test_a_lycee_without_a_figure_has_a_gesture_that_is_useful_everywhere(known):
    table, measures = known
    none = table.assign(etat=table["etat"].replace("à faire", "pas net"))
    found = energy.gestures.sheet(none, measures, UAI)
    assert (found.gesture["geste"], found.energy, len(found.steps)) == ("lumieres", "", 3)
    with pytest.raises(UsageError, match=r"uai='X': no such lycée"):
        energy.gestures.sheet(table, measures, "X")


def test_each_gesture_has_its_texts_short_enough_for_a_line(known):
    table, measures = known
    for gesture in read("gestures.csv")["geste"]:
        only = table[table["geste"] == gesture].assign(etat="à faire", rang=1)
        found = energy.gestures.sheet(only, measures, UAI)
        assert (len(found.steps), len(found.watch)) == (3, 2)
        assert found.steps["faire"].str.fullmatch(r"[A-ZÀÉ].{20,108}\.").all()
        assert found.watch["regarder"].str.fullmatch(r"[A-ZÀÉ].{20,92}").all()


def test_the_form_has_columns_of_the_table():
    schema = tables.describe("energy/actions")
    form = energy.gestures.report_back(schema).set_index("colonne")
    assert form["noter"].to_dict() == schema.loc[form.index, "title"].to_dict()
    assert form.loc["premier_jour", "exemple"] == "06/01/2025"
    assert form["remplir"].eq("").all()
    # Of what a row needs, the form asks all that the sheet does not say.
    needed = schema.index[schema["allowed"].str.contains("obligatoire")]
    assert {*needed} <= {*form.index, "action_id", "code_uai", "geste"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sheet of a lycée beside its page, and the sheets that are the longest."""
    out = tmp_path_factory.mktemp("sheets")
    pages(out, "energy_lycee", "energy_sheet", uai=UAI)
    for uai in LONGEST:
        pages(out, "energy_sheet", uai=uai)
    return out


def soup(file):
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def test_sheet_and_page_of_a_lycee_agree_and_lead_to_each_other(built):
    sheet, page = (next((built / f"energy_{name}").glob(f"*{UAI}*.html")) for name in ("sheet", "lycee"))
    first = soup(page).find(class_="acts", attrs={"aria-label": re.compile("gestes")}).li
    assert soup(sheet).h1.text.replace("\xa0", " ") == f"Fiche éco-délégués : {first.b.text.lower()}"
    worth, unit = first.find(class_="worth").b.text.split("\u202f")
    key = soup(sheet).find(class_="keys").dd.text.split()
    assert float(key[0].replace(",", ".")) == rounded(float(worth.replace(",", ".")))
    assert key[1] == unit
    for file, other in ((sheet, page), (page, sheet)):
        links = [a["href"] for a in soup(file).find(class_="also").find_all("a")]
        assert f"../{other.relative_to(built)}" in links


def test_a_sheet_is_one_a4_page(built):
    if lacking := chromium.lacking(axe=False):
        pytest.skip(lacking)
    with chromium.opened(trusted=True) as opened:
        tab = opened.new_context().new_page()
        for file in sorted((built / "energy_sheet").glob("*.html")):
            tab.goto(file.as_uri())
            tab.emulate_media(media="print")
            pdf = tab.pdf(prefer_css_page_size=True, print_background=True)
            assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == 1, file.name
            (box,) = set(re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", pdf))
            assert [round(float(side) / 72 * 25.4) for side in box] == [210, 297]  # mm, upright
            boxes = tab.evaluate(
                "[...document.querySelectorAll('td:empty')].map(td => [td.offsetWidth, td.offsetHeight])"
            )
            assert len(boxes) == 10
            assert min(height for _, height in boxes) >= 30  # 8 mm: room for a hand
            assert min(width for width, _ in boxes) >= 60
