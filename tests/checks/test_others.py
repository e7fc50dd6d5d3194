"""Notebooks and pages in the manner of others: what is found in them is so, and was read by eye for false alarms."""

import base64
import io
import json

import nbformat.v4 as v4
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tikub_lab.checks import browser, cells, intake, pages, persons, provenance
from tikub_lab.checks.findings import Finding, collect

READ = [("pages", pages.check), ("personnes", persons.check), ("tables", provenance.check), ("code", cells.check)]


def code(source: str, count: int, output: object = None, **metadata: object):
    cell = v4.new_code_cell(source, metadata=metadata, execution_count=count)
    cell.outputs = [] if output is None else [v4.new_output("execute_result", data=output, execution_count=count)]
    return cell


def tutorial() -> str:
    """A chapter about pandas, with the tables and pictures that it printed."""
    frame = pd.DataFrame({"island": ["Biscoe", "Dream"], "mass": [3733.08, 3341.7], "n": [44, 56]})
    shown, buffer = {"text/html": frame.to_html(), "text/plain": repr(frame)}, io.BytesIO()
    Figure().savefig(buffer, format="png")
    picture = {"image/png": base64.b64encode(buffer.getvalue()).decode(), "text/plain": "<Axes: >"}
    chapter = [
        v4.new_markdown_cell("# Group by\n\nSplit, apply, combine; see [the next chapter](04.ipynb)."),
        code("%matplotlib inline\nimport numpy as np\nimport pandas as pd\nimport seaborn as sns\nsns.set_theme()", 1),
        code("birds = sns.load_dataset('penguins')\nbirds.head()", 2, shown), code("birds?", 3),
        v4.new_markdown_cell("## By hand\n\nPhone `02 99 27 10 10` or ask@example.org; 3.14159265358979."),
        code("%%timeit\ntotal = 0\nfor mass in birds['body_mass_g'].dropna():\n    total += mass", 4),
        code("def iqr(x):\n    low, high = np.percentile(x.dropna(), [25, 75])\n    return high - low", 5),
        code("(birds.groupby('island')['body_mass_g']\n      .agg(['mean', iqr])\n      .plot.bar());", 6, picture),
        code("out = birds.to_csv('birds.csv')\npd.read_csv('birds.csv')", 7),
        code("%%bash\nhead -3 birds.csv | cut -d, -f1", 8),
    ]  # fmt: skip
    return json.dumps(v4.new_notebook(cells=chapter))


def colab() -> str:
    """What Colab saves: who ran it, packages installed on the way, data from the web and from a drive."""
    ran = {"executionInfo": {"elapsed": 12, "user": {"displayName": "Ana Morvan", "userId": "0123"}, "user_tz": -60}}
    chapter = [
        v4.new_markdown_cell("# Accidents à vélo\n\n[![Open](badge.svg)](https://colab.research.google.com/x)"),
        code("#@title Départ\n!pip install -q folium\nfrom google.colab import drive\ndrive.mount('/content/drive')",
             1, **ran),
        code("import pandas as pd\nurl = 'https://www.data.gouv.fr/x.csv'\na = pd.read_csv(url)\na.shape", 2),
        code("b = pd.read_csv('https://www.data.gouv.fr/y.csv', sep=';')", 3),
        code("c = pd.read_excel('/content/drive/MyDrive/c.xlsx')\nannee = 2024 #@param {type:'integer'}", 4),
        code("import folium\nm = folium.Map(location=[48.11731, -1.67783], zoom_start=12)\nm", 5,
             {"text/html": "<iframe srcdoc='…'>"}),
    ]  # fmt: skip
    return json.dumps(v4.new_notebook(cells=chapter))


DASHBOARD = """<html><head><meta charset="utf-8" /></head><body><div>
<script src="https://cdn.plot.ly/plotly-3.0.0.min.js" integrity="sha256-+aaaa" crossorigin="anonymous"></script>
<div id="5f0c1d6e-0612-3456-7890-1850529019456" class="plotly-graph-div" style="height:450px;width:100%"></div>
<script type="text/javascript">window.PLOTLYENV=window.PLOTLYENV || {};Plotly.newPlot("5f0c1d6e", [{"x":[2019,2020],
"y":[1850529019456,612345678],"hovertemplate":"%{x}<extra></extra>"}], {"mapbox":{"accesstoken":"pk.abc"}})</script>
</div></body></html>"""

GALLERY = """<!DOCTYPE html><html lang="en" data-content_root="../"><head><meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" /><title>Line styles — Drawing 3.1</title>
<link rel="stylesheet" href="data:text/css,p%7B%7D" /></head><body>
<nav aria-label="Main"><a href="#lines">Lines</a></nav>
<main><section id="lines"><h1>Line styles<a class="headerlink" href="#lines" title="Link to this heading">#</a></h1>
<p>Written by D. Dale (see <a href="https://example.org/authors">all authors</a>),
rev. 06.10.12, 2026-11-27 06:12:34.</p>
<img src="data:image/png;base64,iVBORw0KGgo=" alt="Four lines: solid, dashed, dotted, dash-dotted" class="only-light" />
<pre><span class="kn">import</span> numpy; x = numpy.linspace(0, 6.28318530717958647692, 100)</pre>
<table class="docutils"><thead><tr><th class="head">Style</th><th class="head">Sign</th></tr></thead>
<tbody><tr><td>solid</td><td>-</td></tr></tbody></table>
<p><svg class="icon" viewBox="0 0 16 16"><path d="M06 12 34 56 78 90"/></svg>
<a download="" href="data:,x">Source code</a></p>
<p>Total running time: 0 minutes 1.203 seconds</p></section></main></body></html>"""

STORY = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Où va l’eau de Brest ?</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><style>body{font:1.1em/1.5 sans-serif;max-width:40em;
margin:auto}figure,table{margin:1em 0;max-width:100%}</style></head><body><header><p>Une enquête</p></header><main>
<h1>Où va l’eau de Brest ?</h1><p>Par la rédaction. Pour nous écrire : redaction@exemple.fr.</p>
<h2>Douze fuites par jour</h2><figure><svg role="img" aria-labelledby="t" viewBox="0 0 300 60"><title id="t">Les fuites
baissent de 14 à 12 par jour entre 2019 et 2025</title><text x="5" y="20">2019</text></svg>
<figcaption>Fuites par jour. Source : Eau du Ponant (SIRET 53832033400019).</figcaption></figure>
<p>La mairie : 02 98 00 80 80, 2 rue Frézier ; le compteur 01 234 567 890 123 ; lot n° 2023 06 12 34 56 78 01.</p>
<figure><table><thead><tr><th>Quartier<th>m³</tr></thead>
<tbody><tr><td>Recouvrance<td>185 052 901 945 656</tbody></table>
<figcaption>Pertes par quartier</figcaption></figure>
<h3>Méthode</h3><p>Le code est sur <a href="https://git.exemple.fr/eau">le dépôt du journal</a>.</p></main>
<footer><p>© 2026</p></footer></body></html>"""

OTHERS = {
    "tutoriel.ipynb": (tutorial(), set()),
    "colab.ipynb": (colab(), {"author", "installs", "online_data", "absolute_path"}),
    "tableau.html": (DASHBOARD, {"no_language", "no_page_title", "no_viewport", "no_main_heading", "requests"}),
    "galerie.html": (GALLERY, {"no_caption"}),
    "recit.html": (STORY, set()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_found_in_others_work_is_so(tmp_path, monkeypatch, name):
    monkeypatch.setattr(browser, "lacking", lambda: "seen below")
    assert found(tmp_path, {name: OTHERS[name][0]})[name] == OTHERS[name][1]


def test_and_in_a_browser(tmp_path):
    if lacking := browser.lacking():
        pytest.skip(lacking)
    texts = {name: text for name, (text, _) in OTHERS.items() if name in {"galerie.html", "recit.html"}}
    assert found(tmp_path, texts) == {"galerie.html": {"no_caption", "too_wide"}, "recit.html": set()}


def found(folder, texts: dict[str, str]) -> dict[str, set[str]]:
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    with intake.opened(folder) as subject:
        said = [item for item in collect(READ, subject)[0] if isinstance(item, Finding)]
    return {name: {item.kind for item in said if item.place.startswith(name)} for name in texts}
