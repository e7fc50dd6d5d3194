"""What other libraries show becomes fit for a page: clean, mended, described, light, and without anything private."""

import base64
import io
import json
import pickle
import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import nbformat.v4 as v4
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from PIL import Image

from tikub_lab import show
from tikub_lab.errors import PageError
from tikub_lab.reports import fragments, images, outputs, page, remedies
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.run import Execution, Failure, Report
from tikub_lab.show import french, pieces


def soup(html):
    return BeautifulSoup(html, "html.parser")


def data_uri(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def unpacked(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


def rendered(*cells, failure=None, parameters=None, source=None, **more):
    nb = None if failure else NotebookNode(cells=[v4.new_markdown_cell("# Un essai"), *cells])
    report = Report(Notebook("essai", Path("essai.ipynb"), "Un essai", source, {}), parameters or {}, "essai")
    execution = Execution(nb, failure, 1.0, [])
    for name, value in more.pop("attributes", {}).items():
        setattr(execution, name, value)
    return page.render(report, execution, **more)[0]


def code(data, **metadata):
    cell = v4.new_code_cell("source")
    # As an engine makes it: nbformat's own maker would refuse what notebooks can display.
    cell.outputs = [NotebookNode(output_type="display_data", data=data, metadata=NotebookNode(metadata))]
    return cell


# Nothing that runs, fetches or breaks out


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<p onclick='alert(1)'>x</p>",
        "<a href='java&#x0a;script:alert(1)'>x</a>",
        "<a href='data:text/html,alert(1)'>x</a>",
        "<a href='file:///srv/x'>x</a>",
        "<img src='https://example.org/x.png' onerror='alert(1)' alt='x'>",
        "<svg><script>alert(1)</script><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
        "<svg><foreignObject><iframe src='https://example.org'></iframe></foreignObject></svg>",
        "<svg><use href='https://example.org/x.svg#a'/><animate attributeName='href' to='javascript:alert(1)'/></svg>",
        "<svg><path style='fill:url(https://example.org/x)'/></svg>",
        "<svg><path style='fill:u\\72l(https://example.org/x)'/></svg>",
        "<p style='background:url(https://example.org/x)'>x</p>",
        "<style>@import 'https://example.org/x.css'</style><p>x</p>",
        "<link rel=stylesheet href='https://example.org/x.css'><meta http-equiv=refresh content='0;url=https://example.org'>",
        "<form action='https://example.org'><input name=x><button formaction='https://example.org'>x</button></form>",
        "<table background='https://example.org/x.png'><tr><td>x</td></tr></table>",
        "<!--[if IE]><script>alert(1)</script><![endif]-->",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    ],
)
def test_nothing_runs_or_fetches(html):
    made = fragments.clean(html)
    assert not re.search(r"alert|<script|javascript|https://example\.org|on\w+=|@import|file:|srv|<!--", made), made


def test_a_fragment_cannot_break_out():
    html = rendered(code({"text/html": "</div></main></body><main><h1>x</h1><div><p>ouvert"}))
    made = soup(html)
    assert len(made.find_all(["main", "body", "h1"])) == 3
    assert made.main.find(string="ouvert") is not None
    assert html.rstrip().endswith("</html>")


def everything():
    """Give every kind of chart, list and table that the house has."""
    frame = pd.DataFrame({"nom": ["<é>", "b", "c", "d"], "x": [3.0, 1.0, -2.0, 0.5], "bas": [2.0, 0.5, -3.0, 0.0]})
    frame["haut"], frame["but"] = frame["x"] + 1, 2.0
    frame["longitude"], frame["latitude"] = [-2.0, -3.0, -4.0, -1.7], [48.0, 48.1, 48.2, 48.3]
    frame["departement"] = ["22", "29", "35", "56"]
    months = pd.DataFrame({"mois": pd.date_range("2025-01-01", periods=12, freq="MS"), "kwh": range(12)})
    months["attendu"] = months["kwh"] + 1
    years = pd.DataFrame({"annee": range(2010, 2026), "kwh": range(16)})
    spans = pd.DataFrame({"nom": ["Gaz"], "debut": ["2025-02-10"], "fin": ["2025-02-23"], "x": [45.0]})
    spans[["debut", "fin"]] = spans[["debut", "fin"]].apply(pd.to_datetime)
    yield show.bars(frame, "Barres : {nom}", "x", "nom")
    yield show.columns(frame, "Un", "x", "nom")
    yield show.months(months, "Un", "kwh", "mois", expected="attendu")
    yield show.lines(years, "Un", ["kwh"], "annee", targets={2030: 9, 2040: 5})
    yield show.strip(frame, "Un", "x", "nom", own="b")
    yield show.scatter(frame, "Un", "x", "but")
    yield show.histogram(frame, "Un", "x", cut=1)
    yield show.intervals(frame, "Un", "x", "nom")
    yield show.targets(frame.assign(x=frame["x"].abs()), "Un", "x", "nom", "but")
    yield show.calendar(spans, "Un", "nom", "x")
    yield show.map(frame, "Un", "haut", "nom")
    yield show.tile_map(frame.assign(x=frame["x"].abs()), "Un", "x", "departement")
    yield show.ranked(frame, "Où agir", "nom", "x", text="Voir {nom}.", detail="{x:.1}", caution="Faux si.")
    yield show.table(frame[["nom", "x", "bas", "haut"]], "Tout", total=["x"])


HOUSE = [
    pieces.sentence("{x} & « fils » : 12 %", lead=True, x="<b>"),
    pieces.keys([pieces.Key("a", "b", "c")]),
    *everything(),
    pieces.note("note", warning=True),
]


@pytest.mark.parametrize("shown", HOUSE, ids=[f"{shown.kind}{place}" for place, shown in enumerate(HOUSE)])
def test_what_the_house_shows_is_left_as_it_is(shown):
    styled = shown._repr_mimebundle_()[0]["text/html"]
    assert styled.startswith("<style>")
    made = fragments.clean(styled)
    plain = [re.sub(r' xmlns="[^"]*"|\s+', " ", str(soup(html))).replace("; ", ";") for html in (made, shown.html)]
    assert plain[0].replace(" ", "") == plain[1].replace(" ", "")
    assert fragments.clean(made) == made


@given(st.text(alphabet="<>/ab=\"' p&;!-svgon", max_size=60))
def test_whatever_is_cleaned_stays_in_its_place(text):
    made = fragments.clean(text)
    assert fragments.clean(made) == made
    again = soup(f"<main>{made}</main><footer></footer>")
    assert again.footer is not None
    assert again.footer.parent is again
    assert not [name for tag in again.find_all(True) for name in tag.attrs if name.startswith("on")]


# Tables


def test_pandas_own_table():
    frame = pd.DataFrame({"région": ["Bretagne", "Normandie"], "n": [1200, 3], "part": [0.5, None]})
    made = soup(fragments.clean(frame._repr_html_()))
    assert made.find("style") is None
    assert made.table.find_parent(class_="scroll")["tabindex"] == "0"
    assert [cell.get("scope") for cell in made.thead.find_all("th")] == ["col"] * 3, "the empty corner is no header"
    assert made.thead.td.text == ""
    assert [row.th["scope"] for row in made.tbody.find_all("tr")] == ["row", "row"]
    assert [cell.get("class") for cell in made.tbody.tr.find_all("td")] == [None, ["num"], ["num"]]
    assert [cell.get("class") for cell in made.thead.find_all("th")] == [None, ["num"], ["num"]]
    assert "border" not in made.table.attrs


def test_headers_of_several_columns():
    frame = pd.DataFrame({"a": ["x", "x"], "b": ["y", "z"], "n": [1, 2]}).pivot(index="a", columns="b")
    made = soup(fragments.clean(frame._repr_html_()))
    assert made.find("th", string="n")["scope"] == "colgroup"
    assert not [cell for cell in made.find_all("th") if not cell.text.strip()]


def test_a_table_without_caption_is_numbered_and_counted():
    table = "<table><tr><th>a</th></tr><tr><td>1</td></tr></table>"
    titled = '<table aria-label="Effectifs"><tr><th>a</th></tr></table>'
    html = rendered(code({"text/html": table}), code({"text/html": titled}), code({"text/html": table + table}))
    captions = [caption.text for caption in soup(html).main.find_all("caption")]
    assert captions == ["Tableau 1", "Effectifs", "Tableau 2", "Tableau 3"]
    assert [region["aria-label"] for region in soup(html).main.find_all(role="region")] == captions
    assert page.defects(html) == ["3 tableaux sans titre"]


def test_regions_of_one_name_are_told_apart():
    table = pieces.table(pd.DataFrame({"n": [1]}), "Tout").html
    assert [r["aria-label"] for r in soup(remedies.number_tables(table * 2)).find_all(role="region")] == [
        "Tout",
        "Tout (2)",
    ]


def test_a_table_that_a_cell_displays_is_that_of_show_table():
    day = pd.to_datetime(["2026-03-01", None])
    frame = pd.DataFrame(
        {
            "nom": ["<Le Goff>", None],
            "n": [1234.5, None],
            "jour": day,
            "oui": [True, False],
            "liste": [[1, 2], "x" * 999],
        },
        index=pd.Index(["a", "b"], name="clé"),
    )
    made = soup(fragments.clean(outputs.frame_html(frame)))
    whole = frame.reset_index()
    as_shown = soup(fragments.clean(pieces.table(whole, "x", labels=dict(zip(whole, whole, strict=True))).html))
    assert [cell.text for cell in made.thead.find_all("th")] == ["clé", "nom", "n", "jour", "oui", "liste"]
    assert [str(cell) for cell in made.tbody.tr] == [str(cell) for cell in as_shown.tbody.tr]
    assert len(made.tbody.find_all("td")[-1].text) == outputs.LONGEST
    assert made.caption["class"] == ["untitled"]
    both = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert [cell.text for cell in soup(outputs.frame_html(both)).thead.find_all("th")] == ["a", "a"]
    assert outputs.frame_html(pd.DataFrame()) is None
    wide = soup(outputs.frame_html(pd.DataFrame([range(40)])))
    assert len(wide.find_all("th", scope="col")) == outputs.COLUMNS
    assert wide.find_all("small")[-1].text == "10 autres colonnes hors de ce tableau."
    levels = pd.DataFrame(
        {("a", "x"): [1], ("a", "y"): [2]}, index=pd.MultiIndex.from_tuples([("u", 1)], names=["k", None])
    )
    assert [cell.text for cell in soup(outputs.frame_html(levels)).thead.find_all("th")] == ["k", "", "a, x", "a, y"]


def test_e16_a_long_table_is_cut_in_words():
    """3,000 × 20 took 9 s: now each cell is looked at a fixed number of times, and what nobody reads is left out."""
    html = pd.DataFrame(np.arange(60_000).reshape(3000, 20)).to_html()
    made = soup(fragments.clean(html))
    assert len(made.tbody.find_all("tr")) == pieces.MAX_ROWS
    assert made.find_all("small")[-1].text == "2\u202f800 autres lignes hors de ce tableau."


def test_e16_what_is_deep_is_read_as_text():
    for html in (
        "<div>" * 100_000 + "lisible",
        "<b>" * 5000 + "<p>" * 5000 + "lisible",
        "<svg>" + "<g>" * 999 + "lisible",
    ):
        made = fragments.clean(html)
        assert len(made) < 20_000 + len(html)
        assert soup(made).p.text.strip() == "lisible"
    assert fragments.clean("<ul>" + "<li>a" * 5000).count("<li>") == 5000, "many beside one another are not deep"


@pytest.mark.parametrize("text", ["a &amp; b &lt;", "&quot;", "x&amp;y "])
def test_e16_a_text_of_many_references_stays_whole(text):
    for times in (fragments.MANY - 1, 5 * fragments.MANY + 3):
        made = soup(fragments.clean(f"<p>{text * times}</p>")).p
        assert made.text == soup(text * times).text
    assert fragments.clean("<p " + " ".join(f"a{n}=1" for n in range(fragments.MANY)) + ">x") == "x"


# Images


def test_a_picture_says_what_its_author_said():
    uri = data_uri(Image.new("RGB", (8, 4), "red"))
    picture = {"image/png": uri.split(",")[1], "text/plain": "<Figure>"}
    given_by_output = code(picture, **{"image/png": {"alt": "Un carré"}})
    given_by_cell = code(picture)
    given_by_cell.metadata["alt"] = "Un autre carré"
    html = rendered(given_by_output, given_by_cell)
    assert [image["alt"] for image in soup(html).find_all("img")] == ["Un carré", "Un autre carré"]
    assert soup(html).img["width"] == "8"
    assert soup(html).img["height"] == "4"
    assert page.defects(html) == []


@pytest.mark.parametrize(
    "alt", ["", ' alt=""', ' alt="No description has been provided for this image"', ' alt="image"']
)
def test_a_picture_without_description_is_said_to_have_none(alt):
    uri = data_uri(Image.new("RGB", (8, 4), "red"))
    html = rendered(code({"text/html": f"<img src='{uri}'{alt}>"}), v4.new_markdown_cell(f"![]({uri})"))
    for image in soup(html).find_all("img"):
        assert image["alt"] == remedies.UNDESCRIBED
        assert image.find_next("small").text == french.typeset(remedies.UNDESCRIBED_SEEN)
    assert page.defects(html) == ["2 images sans description"]


def test_decoration_is_silent_and_remote_pictures_are_words():
    uri = data_uri(Image.new("RGB", (8, 4), "red"))
    made = soup(
        fragments.clean(f'<img role="presentation" src="{uri}"><img src="https://example.org/x.png" alt="Le port">')
    )
    assert made.img["alt"] == ""
    assert made.small.text == "Image non reprise : Le port"
    assert len(made.find_all("img")) == 1


def test_drawings():
    size = 'width="460pt" height="345pt" viewBox="0 0 460 345"'
    drawing = f'<?xml version="1.0"?><!DOCTYPE svg><svg {size}><path d="M0 0"/></svg>'
    made = soup(rendered(code({"image/svg+xml": drawing}, alt="Une courbe")))
    assert (made.svg["role"], made.svg["aria-label"]) == ("img", "Une courbe")
    assert "width" not in made.svg.attrs
    assert "<?xml" not in str(made)
    assert page.defects(str(soup(rendered(code({"image/svg+xml": drawing}))))) == ["1 image sans description"]
    assert soup(fragments.clean('<p><svg width="16"><path/></svg></p>')).svg["aria-hidden"] == "true"
    raster = f"<svg><image xlink:href='{data_uri(Image.new('RGB', (2, 2)))}'/><title>Carte</title></svg>"
    assert soup(fragments.clean(raster)).image["xlink:href"].startswith("data:image/png")
    assert soup(fragments.clean(raster)).svg["aria-label"] == "Carte"


def test_few_colours_are_kept_exactly():
    points = np.random.default_rng(1).integers(0, 5, (40, 60), dtype="uint8")
    image = Image.fromarray(np.stack([points * 50, points * 10, points], axis=-1))
    uri = data_uri(image)
    source, width, height = images.shrink(uri)
    assert (width, height) == (60, 40)
    assert len(source) < len(uri)
    assert np.array_equal(np.asarray(unpacked(source).convert("RGB")), np.asarray(image))


def test_a_photograph_is_not_reduced_to_256_colours():
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype="uint8"))
    source, _, _ = images.shrink(data_uri(noise))
    assert np.array_equal(np.asarray(unpacked(source).convert("RGB")), np.asarray(noise))


def test_a_chart_is_lighter_and_a_wide_one_narrowed():
    from matplotlib.figure import Figure

    figure, buffer = Figure(figsize=(20, 4)), io.BytesIO()
    figure.add_subplot().plot([1, 3, 2])
    figure.savefig(buffer, format="png")
    source, width, _ = images.shrink("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode())
    assert width == images.WIDEST
    assert len(source) < len(buffer.getvalue())
    shown = soup(fragments.clean(f'<img alt="Une courbe" src="{source}">')).img
    assert int(shown["width"]) == images.COLUMN


@pytest.mark.parametrize(
    "source", ["data:image/png;base64,AAAA", "data:image/png;base64,!", "data:image/svg+xml,<svg/>"]
)
def test_what_is_no_picture_is_left(source):
    assert soup(fragments.clean(f"<img alt='x' src='{source}'>")).img["src"] == source


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_e8_a_picture_too_large_to_unpack_is_words(kind):
    uri = data_uri(Image.new("P", (20_000, 20_000)), kind)
    html = rendered(code({f"image/{kind.lower()}": uri.split(",")[1], "text/html": f"<img alt='Le port' src='{uri}'>"}))
    assert soup(html).main.find("img") is None
    said = soup(html).main.small.text.replace("\u00a0", " ")
    assert said == "Image non reprise : Le port, trop grande pour une page"
    assert page.defects(html) == ["1 image non reprise"]
    drawing = f"<svg aria-label='Carte'><image href='{uri}'/></svg>"
    assert soup(fragments.clean(drawing)).image["href"] == ""


def attached(source, **attachments):
    return v4.new_markdown_cell(source, attachments={name: {"image/png": PNG} for name, PNG in attachments.items()})


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("img.png", "img.png"),
        ("<attachment:Mon image.png>", "Mon image.png"),
        ("Mon%20image.png", "Mon image.png"),
        ("été.png", "été.png"),
        ("%C3%A9t%C3%A9.png", "e\u0301te\u0301.png"),
        ("100%25.png", "100%.png"),
    ],
)
def test_case_06_an_attachment_is_found_by_its_name(written, name):
    """However the notebook writes it: with a space, percent-encoded, with accents of one sign or two."""
    uri = data_uri(Image.new("RGB", (8, 4), "red"))
    target = written if "attachment:" in written else f"attachment:{written}"
    plain = unquote(target.strip("<>"))
    for source in (f"![Un carré]({target})", f'Voici <img alt="Un carré" src="{plain}"> en HTML'):
        html = rendered(attached(source, **{name: uri.split(",")[1]}))
        assert soup(html).main.img["alt"] == "Un carré"
        assert unpacked(soup(html).main.img["src"]).size == (8, 4)
        assert page.defects(html) == []


@pytest.mark.parametrize("name", ["absent.png", "Mon%20image.png"])
def test_case_06_a_missing_attachment_is_said(name):
    for cell in (
        attached(f"![Le port](attachment:{name})", autre="AAAA"),
        v4.new_markdown_cell(f"![](attachment:{name})"),
    ):
        html = rendered(cell)
        said = soup(html).main.small.text.replace("\u00a0", " ")
        assert said.startswith("Image non reprise : ")
        assert said.endswith(f"« {unquote(name)} » manque au carnet")
        assert page.defects(html) == ["1 image non reprise"]


@pytest.mark.parametrize("alt", ["Lycée A\\C : \\g<0> \\1 \\\\ la courbe monte", 'Lycée « A » & <B> : "oui"'])
def test_e14_an_alternative_is_shown_as_it_stands(alt):
    shown = show.bars(pd.Series({"a": 3.0}), "Un", alt=alt)
    assert soup(shown.html).svg["aria-label"] == french.typeset(alt)
    assert soup(rendered(code(*[shown._repr_mimebundle_()[0]]))).svg["aria-label"].replace("\u00a0", " ") == alt


def test_the_style_of_a_drawing_stays_in_it():
    css = "/* a */ @import 'x'; .a, #b>path{fill:#f00; position:fixed;stroke:url(#g)} @media print{.c{opacity:.5}}"
    made = soup(fragments.clean(f"<style>p{{color:red}}</style><svg><style>{css}</style><path class='a'/></svg>"))
    (sheet,) = made.find_all("style")
    name = made.svg["class"][0]
    assert sheet.text == f".{name} .a,.{name} #b>path{{fill:#f00;stroke:url(#g)}}.{name} .c{{opacity:.5}}"


# The page


def seen(html):
    main = soup(html).main
    main.h1.decompose()
    return main.text.strip()


def test_which_form_of_an_output_is_shown():
    bundle = {"application/javascript": "alert(1)", "text/latex": "$x$", "text/html": "<b>oui</b>", "text/plain": "non"}
    assert seen(rendered(code(bundle))) == "oui"
    widget = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"}
    assert seen(rendered(code(widget))) == "IntSlider()"
    assert seen(rendered(code({"text/latex": "$x<y$", "text/plain": "<Math>"}))) == "$x<y$"


def test_what_is_for_jupyterlab_only_is_left_out():
    cell = code({"text/html": "<b>aperçu</b>"})
    cell.metadata["tags"] = ["lab"]
    assert seen(rendered(cell, code({"text/html": "<b>oui</b>"}))) == "oui"


def test_sentences_stand_beside_the_figure_that_they_follow():
    figure, said = show.bars(pd.Series({"a": 3.0}), "Un"), pieces.sentence("Ainsi {x}.", x=1)
    cell = v4.new_code_cell("source")
    for piece in (said, figure, said, pieces.note("Une limite."), figure):
        data, metadata = piece._repr_mimebundle_()
        cell.outputs.append(v4.new_output("display_data", data=data, metadata=metadata))
    made = soup(rendered(cell)).main
    assert [child.get("class", [child.name])[0] for child in made.find_all(recursive=False)] == [
        "h1",
        "tk",
        "two",
        "tk",
    ]
    assert [child.name for child in made.find(class_="two").find_all(recursive=False)] == ["figure", "div"]
    assert len(made.find(class_="say").find_all("p")) == 2


def test_contents_lead_to_the_parts_that_are_not_folded():
    folded = v4.new_markdown_cell("## Caché", metadata={"tags": ["folded"]})
    parts = [v4.new_markdown_cell(f"## {text}") for text in ("Où agir", "Où agir", "Contenu", "C")]
    made = soup(rendered(*parts, folded)).main
    assert [a["href"] for a in made.nav.find_all("a")] == [f"#{h2['id']}" for h2 in made.find_all("h2")[:4]]
    assert len({tag["id"] for tag in made.find_all(id=True)} | {"contenu"}) == 5
    assert soup(rendered(*parts[:3], folded)).main.nav is None


def test_colour_codes_of_a_terminal_are_not_shown():
    cell = v4.new_code_cell("x")
    cell.outputs = [v4.new_output("stream", name="stdout", text="\x1b[31mrouge\x1b[0m <b>")]
    assert soup(rendered(cell)).pre.text == "rouge <b>"


def test_landmarks_language_and_skip_link():
    for html in (rendered(code({"text/html": "<nav>x</nav><header>y</header>"})), rendered(failure=Failure("x", 2))):
        made = soup(html)
        assert made.html["lang"] == "fr"
        assert made.find("a", class_="skip")["href"] == f"#{made.main['id']}"
        assert [len(made.find_all(name)) for name in ("main", "header", "footer", "nav")] == [1, 1, 1, 1]


def test_the_footer_names_code_and_command_and_the_page_its_pdf():
    html = rendered(code({"text/html": "<b>x</b>"}), attributes={"code": "0123456789ab"}, pdf="essai.pdf")
    made = soup(html)
    assert "empreinte 01234567" in made.footer.text
    assert "0123456789ab" not in html
    assert made.footer.code.text == "tikub report essai"
    assert made.footer.find("a", string="Cette page en PDF")["href"] == "essai.pdf"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("essai été 2026", 'tikub report "essai été 2026"'),
        ("énergie", "tikub report énergie"),
        ("l'eau", 'tikub report "l\'eau"'),
        ("a $(b) `c`", "tikub report 'a $(b) `c`'"),
    ],
)
def test_case_11_the_command_quotes_the_name(name, command):
    report = Report(Notebook(name, Path("x.ipynb"), "Un essai", None, {}), {}, "x")
    html = page.render(report, Execution(v4.new_notebook(), None, 1.0, []))[0]
    assert soup(html).footer.code.text.replace("\u202f", " ") == command
    assert shlex.split(command)[2:] == [name]


def test_e8_html_given_as_a_list():
    assert soup(rendered(code({"text/html": ["<b>li", "ste</b>", 1]}))).main.b.text == "liste"
    assert soup(rendered(code({"text/markdown": ["*li", "ste*"]}))).main.em.text == "liste"
    assert soup(rendered(code({"text/plain": ["li", "ste"]}))).main.pre.text == "liste"


def test_e8_metadata_that_is_not_ours():
    cell = code({"text/html": "<b>oui</b>", "image/png": "AA"}, tikub="x")
    cell.outputs[0].metadata |= {"image/png": "y"}
    assert soup(rendered(cell)).main.b.text == "oui"
    fake = code({"text/html": "<b>oui</b>"}, tikub={"kind": "title"})
    assert soup(rendered(fake)).h1.text == "None"


@pytest.mark.parametrize(
    "cell",
    [
        code({"text/html": "\ud800"}),
        v4.new_markdown_cell("\ud800"),
        NotebookNode(code({"text/plain": "x"}) | {"outputs": [NotebookNode(output_type="display_data", data=3)]}),
    ],
)
def test_e8_what_breaks_a_page_is_said_with_its_cell(cell):
    given = v4.new_code_cell("x = 1", metadata={"tags": ["injected-parameters"]})
    with pytest.raises(PageError) as raised:
        rendered(given, v4.new_markdown_cell("Bien"), cell)
    assert raised.value.cell == 3, "less papermill's own"
    assert re.match(r"\w+Error: ", raised.value.reason)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (str(again), again.cell) == (raised.value.reason, 3)


@pytest.mark.parametrize("text", ["a\ud800b", "\udcff", "\ude00\ud83d"])
def test_e8_e9_halves_of_pairs_are_made_valid(text):
    made = outputs.valid({text: [text, ("é", 1)]})
    assert made == {name: [name, ["é", 1]] for name in made}
    assert "\ufffd" in next(iter(made))
    assert outputs.valid("\ud83d\ude00é") == "😀é"
    json.dumps(made, ensure_ascii=False).encode()


def test_print_shows_the_method_and_leaves_out_navigation():
    printed = page.style()[page.style().index("@media print{") :]
    assert ".folded::details-content{content-visibility:visible" in printed
    assert ".skip,.path,.toc,.also,.pdf{display:none}" in printed
    assert ".tk .fold,.tk.file{display:none}" in printed
