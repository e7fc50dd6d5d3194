"""What other libraries show becomes fit for a page: clean, mended, described, light, and without anything private."""

import base64
import io
import re
import sys
from pathlib import Path

import nbformat.v4 as v4
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tikub_lab.reports import fragments, images, page, private, remedies
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.run import Execution, Failure, Report
from tikub_lab.show import charts, pieces


def soup(html):
    return BeautifulSoup(html, "html.parser")


def data_uri(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def unpacked(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


def rendered(*cells, failure=None, parameters=None, source=None, **more):
    nb = None if failure else v4.new_notebook(cells=[v4.new_markdown_cell("# Un essai"), *cells])
    report = Report(Notebook("essai", Path("essai.ipynb"), "Un essai", source, {}), parameters or {}, "essai")
    execution = Execution(nb, failure, 1.0, [])
    for name, value in more.pop("attributes", {}).items():
        setattr(execution, name, value)
    return page.render(report, execution, **more)[0]


def code(data, **metadata):
    cell = v4.new_code_cell("source")
    cell.outputs = [v4.new_output("display_data", data=data, metadata=metadata)]
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


HOUSE = [
    pieces.sentence("{x} & « fils » : 12 %", lead=True, x="<b>"),
    pieces.keys([pieces.Key("a", "b", "c")]),
    pieces.figure(
        charts.bars(pd.Series({"<é>": 3.0, "b": 1.0})), "Barres : le premier domine", "Un", pd.DataFrame({"a": [1]})
    ),
    pieces.table(pd.DataFrame({"n": range(60)}), "Tout"),
    pieces.note("note", warning=True),
]


@pytest.mark.parametrize("shown", HOUSE, ids=[shown.kind for shown in HOUSE])
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
    assert [cell.get("class") for cell in made.tbody.tr.find_all("td")] == [None, ["n"], ["n"]]
    assert [cell.get("class") for cell in made.thead.find_all("th")] == [None, ["n"], ["n"]]
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
        assert image.find_next("small").text == remedies.UNDESCRIBED_SEEN
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


# The page


def test_which_form_of_an_output_is_shown():
    bundle = {"application/javascript": "alert(1)", "text/latex": "$x$", "text/html": "<b>oui</b>", "text/plain": "non"}
    assert soup(rendered(code(bundle))).main.text.strip() == "oui"
    widget = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "IntSlider()"}
    assert soup(rendered(code(widget))).main.text.strip() == "IntSlider()"
    assert soup(rendered(code({"text/latex": "$x<y$", "text/plain": "<Math>"}))).main.text.strip() == "$x<y$"


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
    assert made.nav.find("a", string="Cette page en PDF")["href"] == "essai.pdf"


def test_nothing_private_is_on_a_page(monkeypatch, tmp_path):
    home = tmp_path / "l'établi : d'été"
    monkeypatch.setenv("TIKUB_HOME", str(home))
    cell = code({"text/html": f"<pre>{home}/data/x.csv</pre>", "text/plain": "x"})
    printed = v4.new_code_cell("x")
    words = f"{home}\n{Path.home()}/y {sys.prefix}/lib C:\\Users\\Ana\\z.txt jeton=s3cr3t-jeton {tmp_path!s}"
    printed.outputs = [v4.new_output("stream", name="stdout", text=words)]
    source = "from tikub_lab import Secret\njeton: Secret = ''"
    html = rendered(cell, printed, parameters={"jeton": "s3cr3t-jeton"}, source=source)
    for secret in ("établi", str(Path.home()), sys.prefix, "Ana", "s3cr3t", str(tmp_path)):
        assert secret not in soup(html).main.text, secret
    assert "…/x.csv" in html
    assert "…/z.txt" in html
    assert "s3cr3t" not in rendered(
        failure=Failure("s3cr3t-jeton"), parameters={"jeton": "s3cr3t-jeton"}, source=source
    )


def test_addresses_and_pictures_are_not_private():
    picture = "data:image/png;base64,AA/tmp/BB/home/CC=="
    text = f'<img src="{picture}"> https://example.org/tmp/x https://example.org/home/ana /temporaire a/b'
    assert private.scrub_private(text, ["/tmp"]) == text
    assert private.scrub_private("ab", secrets=["ab"]) == "ab", "a short secret is also a word"


def test_print_shows_the_method_and_leaves_out_navigation():
    printed = page.style()[page.style().index("@media print") :]
    assert "details::details-content{content-visibility:visible" in printed
    assert re.search(r"nav,\.skip,\.tk details\{display:none\}", printed)
