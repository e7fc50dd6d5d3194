"""Charts for print without a browser: styles as attributes, one width, one of each pair of labels."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from tikub_lab.reports.fragments import clean
from tikub_lab.show import charts, charts_time, maps
from tikub_lab.show.drawing import fixed

SVG = "{http://www.w3.org/2000/svg}"


def drawing(shown):
    """The SVG of a chart that went through a page, as it is printed."""
    return ElementTree.fromstring(re.search(r"<svg .*</svg>", fixed(clean(shown.html)), re.S)[0])


def test_bars_have_their_colour_and_width():
    root = drawing(charts.bars(pd.Series({"a": 20.0, "b": 10}), "Titre"))
    first, second = (path.attrib for path in root.iter(SVG + "path"))
    widths = [float(re.search(r"h([\d.]+)", path["d"])[1]) for path in (first, second)]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)
    assert (first["class"], second["class"]) == ("a", "r")
    assert ".c .a{fill:#00588a}.c .r{fill:#848c97}" in root.find(SVG + "style").text
    assert float(root.get("viewBox").split()[2]) > 620
    assert not [node for node in root.iter() if "%" in (node.get("x") or "") + (node.get("cx") or "")]


def test_labels_for_phones_are_left_out():
    months = pd.DataFrame({"mois": pd.period_range("2025-01", periods=4, freq="M"), "q": [3.0, 6, 2, 1]})
    texts = ["".join(text.itertext()) for text in drawing(charts_time.months(months, "Titre", "q")).iter(SVG + "text")]
    assert {"janv.", "févr.", "mars", "avr."} <= {*texts}
    assert not {"J", "F", "M", "A"} & {*texts}


def test_a_map_keeps_its_proportions():
    towns = pd.DataFrame({"ville": ["Rennes"], "longitude": [-1.68], "latitude": [48.11], "q": [3.0]})
    root = drawing(maps.map(towns, "Titre", "q"))
    width, height = map(float, root.get("viewBox").split()[2:])
    assert (width - 24) / (height - 4) == pytest.approx(maps.ASPECT, rel=0.01)


def test_what_is_no_chart_stays():
    assert (
        fixed('<p class="c">c</p><svg class="bar"><rect/></svg>') == '<p class="c">c</p><svg class="bar"><rect/></svg>'
    )
