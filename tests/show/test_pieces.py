"""What a reader sees: accessible by construction, and nothing from data is taken for HTML."""

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from tikub_lab.errors import UsageError
from tikub_lab.show import charts, pieces

EVIL = '<script>alert(1)</script> & "Fils"'


def soup(shown):
    return BeautifulSoup(shown.html, "html.parser")


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"nom": [EVIL, "Le Goff"], "montant": [1234.5, float("nan")], "date": pd.to_datetime(["2026-03-12", None])}
    )


@pytest.fixture
def chart():
    return charts.bars(pd.Series({EVIL: 3.0, "b": 1.0}))


def test_a_table_has_caption_and_scopes(frame):
    table = soup(pieces.table(frame, "Fournisseurs")).table
    assert table.caption.text == "Fournisseurs"
    assert [cell["scope"] for cell in table.thead.find_all("th")] == ["col"] * 3
    assert [row.th["scope"] for row in table.tbody.find_all("tr")] == ["row", "row"]
    assert [cell.text.replace("\u202f", " ") for cell in table.tbody.tr.find_all("td")] == ["1 234,5", "12 mars 2026"]
    assert [cell.text for cell in table.tbody.find_all("tr")[1].find_all("td")] == ["n. d.", "n. d."]


def test_a_table_says_what_it_leaves_out():
    frame = pd.DataFrame({"n": range(60)})
    assert "10 autres lignes" in soup(pieces.table(frame, "Tout")).text
    assert "hors de" not in soup(pieces.table(frame.head(50), "Tout")).text


@pytest.mark.parametrize(
    "make",
    [
        lambda frame, chart: pieces.table(frame, EVIL, labels={"nom": EVIL}),
        lambda frame, chart: pieces.figure(chart, EVIL * 2, EVIL, frame),
        lambda frame, chart: pieces.keys([pieces.Key(EVIL, EVIL, EVIL)]),
        lambda frame, chart: pieces.sentence("{a}", a=EVIL),
        lambda frame, chart: pieces.title(EVIL, EVIL),
        lambda frame, chart: pieces.note(EVIL),
    ],
)
def test_html_in_data_is_shown_as_text(make, frame, chart):
    shown = make(frame, chart)
    assert soup(shown).find("script") is None
    assert EVIL in soup(shown).text


def test_a_figure_is_described(frame, chart):
    shown = pieces.figure(chart, "Barres : le premier fait trois fois le second", "Un seul domine", frame)
    page = soup(shown)
    assert page.svg["role"] == "img"
    assert page.svg["aria-label"] == "Barres : le premier fait trois fois le second"
    assert page.figcaption.text == "Un seul domine"
    assert page.details.table is not None
    assert not re.search(r"xlink:href|<metadata|<style|DejaVu", shown.html)


def test_a_figure_draws_the_same_bytes(frame):
    first, second = (
        pieces.figure(charts.bars(pd.Series({"a": 1.0})), "Barres : une seule valeur", "Une", frame).html
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("alt", ["", "  ", "graphique", "Un seul domine tous les autres"])
def test_a_figure_needs_a_true_alternative(alt, frame, chart):
    with pytest.raises(UsageError, match="alternative text"):
        pieces.figure(chart, alt, "Un seul domine tous les autres", frame)


def test_a_table_needs_a_caption_and_known_columns(frame):
    with pytest.raises(UsageError, match="caption"):
        pieces.table(frame, " ")
    with pytest.raises(UsageError, match="has no column montants; it has nom, montant, date"):
        pieces.table(frame, "Tout", labels={"montants": "Montants"})


def test_a_sentence_takes_plain_names_only():
    with pytest.raises(UsageError, match="plain names"):
        pieces.sentence("{a.__class__}", a=1)
    with pytest.raises(UsageError, match=r"needs a value for {b}; given: a"):
        pieces.sentence("{b}", a=1)


def test_an_empty_chart_is_refused():
    with pytest.raises(UsageError, match="at least one value"):
        charts.columns(pd.Series(dtype=float))


def contrast(one, two):
    def luminance(color):
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_palette_contrast_in_light_and_dark(root):
    """WCAG 2.2: text 4.5 (1.4.3), graphics 3 (1.4.11), on the page's paper and on its tint."""
    sheet = (root / "tikub_lab/reports/templates/style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{[^}]*--paper:[^}]*\}", sheet)[:2]
    )
    for colors in (light, dark):
        full = {
            name: "#" + "".join(c * 2 for c in value[1:]) if len(value) == 4 else value
            for name, value in colors.items()
        }
        for paper in ("paper", "tint"):
            for name in ("ink", "soft", "accent", "warm"):
                assert contrast(full[name], full[paper]) >= 4.5, (name, paper)
        assert contrast(full["rest"], full["paper"]) >= 3
    for name, value in {"ink": charts.INK, "soft": charts.SOFT, "accent": charts.ACCENT, "rest": charts.REST}.items():
        assert light[name] == value, "a chart's colours are the page's"


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


def test_booleans_are_words():
    frame = pd.DataFrame({"a": ["x", "y"], "b": [True, False], "c": pd.array([True, None], dtype="boolean")})
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", pieces.table(frame, caption="Une table").html)
    assert cells == ["oui", "oui", "non", "n. d."]
