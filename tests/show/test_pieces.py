"""What a reader sees: accessible by construction, and nothing from data is taken for HTML."""

import datetime
import re
from decimal import Decimal

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot

from tikub_lab import show
from tikub_lab.errors import UsageError
from tikub_lab.reports.fragments import clean
from tikub_lab.show import output, pieces, tabular
from tikub_lab.show.figures import figure
from tikub_lab.show.pieces import Key, keys

EVIL = '<script>alert(1)</script> {x} & "Fils"'


def soup(shown):
    return BeautifulSoup(shown.html, "html.parser")


def cells(shown, row=0):
    found = soup(shown).tbody.find_all("tr")[row].find_all(["th", "td"])
    return [cell.text.replace("\u202f", " ") for cell in found]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"nom": [EVIL, "Le Goff"], "q": [1234.5, float("nan")], "jour": pd.to_datetime(["2026-03-12", None])}
    )


def test_a_table_has_caption_and_scopes(frame):
    table = soup(tabular.table(frame, "Fournisseurs")).table
    assert table.caption.text == "Fournisseurs"
    assert [cell["scope"] for cell in table.thead.find_all("th")] == ["col"] * 3
    assert [row.th["scope"] for row in table.tbody.find_all("tr")] == ["row", "row"]
    assert cells(tabular.table(frame, "Tout")) == [EVIL, "1 234,5", "12/03/2026"]
    assert cells(tabular.table(frame, "Tout"), 1) == ["Le Goff", "n. d.", "n. d."]


def test_values_are_written_one_way():
    frame = pd.DataFrame(
        {
            "petit": [0.004, 1.5], "annee": [2025, 2024], "date": [datetime.date(2026, 3, 12), None],
            "d": [Decimal("1234.5"), None], "b": [True, False], "n": pd.array([True, None], dtype="boolean"),
        }
    )  # fmt: skip
    assert cells(tabular.table(frame, "Tout")) == ["0,004", "2025", "12/03/2026", "1 234,5", "oui", "oui"]
    assert cells(tabular.table(frame, "Tout"), 1) == ["1,5", "2024", "n. d.", "n. d.", "non", "n. d."]


def test_one_unit_a_column_and_a_total_of_all_rows():
    frame = pd.DataFrame({"objet": list("abc"), "achats": [3_190_000.0, 344_000, 181_000]})
    shown = tabular.table(frame, "{n:marché}", forms={"achats": "€ HT"}, total=["achats"], rows=2, n=3)
    assert [th.text for th in soup(shown).thead.find_all("th")][1].endswith("(k€ HT)")
    assert [row[-1] for row in (cells(shown), cells(shown, 1))] == ["3 190", "344"]
    assert soup(shown).tfoot.text.replace("\u202f", " ") == "Total3 715"
    assert soup(shown).caption.text == "3 marchés"


def test_a_unit_is_chosen_after_rounding_the_largest_too():
    shown = tabular.table(pd.DataFrame({"objet": list("abc"), "achats": [999_999_999.0, 12_345, 2e4]}), "T",
                          forms={"achats": "€"})  # fmt: skip
    assert [cells(shown, row)[1] for row in range(3)] == ["1 000 000", "12", "20"], "12 is not 0,01 M€"


def test_a_year_that_names_a_row_stands_at_the_left():
    shown = tabular.table(pd.DataFrame({"annee": [2024], "nombre": [480], "annee_fin": [2025]}), "T")
    assert [cell.get("class") for cell in soup(shown).tbody.tr] == [None, ["num"], ["num"]]


def test_a_table_says_what_it_leaves_out():
    frame = pd.DataFrame({"n": range(60)})
    assert "52 autres lignes hors de ce tableau." in soup(tabular.table(frame, "Tout")).text
    assert "52 autres lignes dans le fichier ci-dessous." in soup(tabular.table(frame, "Tout", download=True)).text
    assert "hors de" not in soup(tabular.table(frame.head(8), "Tout")).text
    assert tabular.table(frame.head(0), "Tout", empty="Rien n'est là.").text == "Rien n'est là."


@pytest.mark.parametrize(("columns", "stacked"), [(3, False), (4, True), (6, True), (7, False)])
def test_on_a_phone_rows_become_blocks_or_the_table_scrolls(columns, stacked):
    table = soup(tabular.table(pd.DataFrame([range(columns)], columns=[f"c{i}" for i in range(columns)]), "T")).table
    assert ("stack" in (table.get("class") or [])) is stacked
    assert [cell.get("data-l") for cell in table.tbody.find_all("td")] == [
        f"c{i}" if stacked else None for i in range(1, columns)
    ]
    assert (table.get("role") == "table") is stacked, "a block is no table to a browser"


def test_columns_and_headings_can_be_chosen(frame):
    shown = tabular.table(frame, "Tout", {"q": "Quantité", "nom": "Nom"}, {"q": "€"})
    assert [th.text for th in soup(shown).thead.find_all("th")] == ["Quantité (€)", "Nom"]
    with pytest.raises(UsageError, match="caption"):
        tabular.table(frame, " ")
    with pytest.raises(UsageError, match=r"Table 'Tout': no column 'noms'. Did you mean 'nom'\? It has nom, q, jour\."):
        tabular.table(frame, "Tout", labels={"noms": "Noms"})
    with pytest.raises(UsageError, match="'a' comes twice"):
        tabular.table(pd.DataFrame([[1, 2]], columns=["a", "a"]), "Tout")
    with pytest.raises(UsageError, match="total of table 'Tout': no column 'x'"):
        tabular.table(frame, "Tout", total=["x"])


@pytest.mark.parametrize(
    "make",
    [
        lambda frame: tabular.table(frame.rename(columns={"nom": EVIL}), "{x}", x=EVIL),
        lambda frame: keys([Key(EVIL, EVIL, EVIL)]),
        lambda frame: pieces.sentence("{a}", a=EVIL),
        lambda frame: pieces.title("{a}", "{a}", a=EVIL),
        lambda frame: pieces.note("{a}", a=EVIL),
        lambda frame: figure(frame["q"].plot(), "{a}", alt=EVIL * 2, data=frame, a=EVIL),
    ],
)
def test_html_in_data_is_shown_as_text(make, frame):
    shown = make(frame)
    assert soup(shown).find("script") is None
    assert EVIL in soup(shown).text


def test_key_figures_have_their_unit_beside_them():
    shown = keys([Key("Dépense", 150_000, "191 € par élève", "€"), Key("Taux", 0.19, unit="%"),
                  Key("Écart", None, unit="€"), Key("Lycées", 1788), Key("Note", "entre 2 et 5")])  # fmt: skip
    assert [dd.text for dd in soup(shown).find_all("dd")] == [
        "150 k€", "191\u202f€ par élève", "19 %", "n. d.", "1\u202f788", "entre 2 et 5",
    ]  # fmt: skip
    with pytest.raises(UsageError, match="1 to 6; found 7"):
        keys([Key("a", 1)] * 7)


def test_a_figure_of_matplotlib_or_pandas_is_a_drawing_in_the_pages_colours():
    with pyplot.style.context(show.STYLE):
        shown = figure(pd.Series([1.0, 2]).plot(), "Titre", "Une ligne qui monte de 1 à 2")
    assert soup(shown).svg["aria-label"] == "Une ligne qui monte de 1 à 2"
    assert "var(--accent,#0072b2)" in shown.html
    assert not re.search(r"xlink:href|<metadata|<style|DejaVu|fill: #ffffff", shown.html), "no white slab"
    assert not pyplot.get_fignums()
    drawing = BeautifulSoup(clean(shown.html), "html.parser").select_one("figure > .scroll[tabindex] > svg")
    assert float(drawing["width"]) / float(drawing["viewbox"].split()[2]) >= 1.1, "words of 10 points take 11 px"
    grid = pyplot.subplots(1, 2)[1]
    assert figure(grid, "Titre").html.count("<svg") == 1
    with pytest.raises(UsageError, match="found int"):
        figure(3, "Titre")


def test_a_build_asks_for_a_text_alternative(monkeypatch):
    assert "alt=" in figure(pd.Series([1.0]).plot(), "Titre").html
    assert "est trop court" in figure(pd.Series([1.0]).plot(), "Titre", "Une ligne").html
    monkeypatch.setenv("TIKUB_TRACE", "used.jsonl")
    for alt in (None, "graphique", "Un seul domine tous les autres"):
        with pytest.raises(UsageError, match="alternative text"):
            figure(pd.Series([1.0]).plot(), "Un seul domine tous les autres", alt)


def test_each_piece_shows_once_and_again_in_a_later_cell(monkeypatch):
    shell, seen = InteractiveShell.instance(), []
    try:
        monkeypatch.setattr("IPython.display.display", lambda data, **more: seen.append(data["text/plain"]))
        shell.user_ns["show"] = show
        shell.run_cell("show.note('un'); last = show.note('deux')\nlast", store_history=True)
        assert seen == ["un", "deux"]
        shell.run_cell("last", store_history=True)
        assert seen == ["un", "deux", "deux"]
    finally:
        InteractiveShell.clear_instance()


def test_outside_a_notebook_the_text_is_printed(capsys):
    assert show.note("{n:marché}", n=2).kind == "note"
    assert capsys.readouterr().out == "2 marchés\n"


def test_the_style_holds_every_class_that_is_drawn():
    sheet = output.stylesheet()
    assert "float:none" in sheet, "JupyterLab floats dt"
    for css in ("num", "stack", "src", "fold", "sw", "acts", "worth", "land", "ring", "q5", "ot", "bd", "yy"):
        assert f".{css}" in sheet


def test_fictitious_data_says_so():
    item = {
        "title": "Marchés",
        "origin": "sample",
        "rows": 3,
        "date": "2026-01-01",
        "licence": "LO",
        "sha256": "ab" * 32,
    }
    assert "Données fictives" in soup(pieces.data_used([item])).text
    assert "fictives" not in soup(pieces.data_used([{**item, "origin": "import"}])).text
