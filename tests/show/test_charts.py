"""Charts: what is written on them, where shapes stand, how light they are, and what they refuse."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from matplotlib.patches import Ellipse

from tikub_lab.errors import UsageError
from tikub_lab.show import charts, charts_points, charts_rates, charts_time, pieces
from tikub_lab.show.french import NNBSP, euros, percent

ALT = "Une phrase qui dit ce que montre la figure"
COLORS = {charts.INK, charts.SOFT, charts.LINE, charts.ACCENT, charts.REST, charts.PAPER}


def drawn(figure):
    """Return the SVG of a figure as a page shows it."""
    shown = pieces.figure(figure, ALT, "Un titre", pd.DataFrame({"a": [1]}))
    return re.search(r"<svg.*</svg>", shown.html, re.S)[0]


def texts(figure):
    return [text.get_text().replace(NNBSP, " ") for text in figure.axes[0].texts]


def month_series(size, start="2026-01"):
    return pd.Series(range(1, size + 1), index=pd.period_range(start, periods=size, freq="M"), dtype="float64")


def year_frame(lines=4, years=6):
    values = np.linspace(0.1, 0.5, lines * years).reshape(years, lines)
    return pd.DataFrame(values, index=range(2020, 2020 + years), columns=[f"Ligne {i}" for i in range(lines)])


RATES = pd.Series({f"Famille {i}": 0.1 + 0.08 * i for i in range(10)})
SPREAD = pd.Series(np.random.default_rng(0).gamma(20, 6, 115))
CLOUD = pd.DataFrame({"t": np.linspace(-5, 30, 300), "kwh": np.linspace(900, 20, 300)})
ALL = {
    "bars": lambda: charts.bars(RATES, form=percent),
    "columns": lambda: charts.columns(pd.Series({2020 + i: float(i) for i in range(6)}), unit="marchés"),
    "months-24": lambda: charts_time.months(month_series(24), unit="marchés"),
    "months-36": lambda: charts_time.months(month_series(36, "2026-05"), form=euros),
    "lines": lambda: charts_time.lines(year_frame(), form=percent, unit="part"),
    "targets": lambda: charts_rates.targets(RATES, RATES + 0.05),
    "intervals": lambda: charts_rates.intervals(RATES, RATES - 0.05, RATES + 0.05, reference=0.3),
    "histogram": lambda: charts_rates.histogram(range(0, 41), range(1, 41), 20),
    "among": lambda: charts_points.among(SPREAD, 0, unit="kWh par m²", name="votre lycée"),
    "among-last": lambda: charts_points.among(SPREAD, SPREAD.idxmax(), euros, "euros", "le lycée au nom le plus long"),
    "scatter": lambda: charts_points.scatter(
        CLOUD, CLOUD.iloc[[0, -1]], euros, "Température (°C)", "kWh", (2.0, "ici")
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_a_chart_is_light_and_follows_the_page(name):
    svg = drawn(ALL[name]())
    root = ET.fromstring(svg)
    assert sum(1 for _ in root.iter()) < 150
    assert 373 < float(root.get("viewBox").split()[2]) < 376, "as wide as a phone"
    for color in re.findall(r"(?:fill|stroke): ?(#[0-9a-f]{3,6})", svg):
        pytest.fail(f"{color} does not follow the page's dark mode")
    assert set(re.findall(r"var\(--\w+,(#\w+)\)", svg)) <= COLORS
    assert drawn(ALL[name]()) == svg, "same values, same bytes"
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_written_outside_the_figure(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = ALL[name]()
    renderer = FigureCanvasAgg(figure).get_renderer()
    width, height = figure.get_size_inches() * figure.dpi
    axes = figure.axes[0]
    for text in [*axes.texts, *axes.get_xticklabels(), axes.title]:
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= -2, text.get_text()
            assert box.x1 <= width + 2, text.get_text()
            assert box.y0 >= -2, text.get_text()
            assert box.y1 <= height + 2, text.get_text()


def test_what_is_taken_out_of_an_svg_draws_nothing():
    svg = (
        '<svg><defs>\n</defs><g>\n<g>\n<path d="M 0 0\nz" style="fill: none"/></g><g clip-path="url(#a)"><g>'
        '<path d="M 1 1" style="fill: none; stroke: #000"/></g></g><g/></g>'
        '<g transform="scale(2)"><text>g</text></g></svg>'
    )
    flat = pieces._flat(svg)
    assert flat.replace("\n", "") == (
        '<svg><g clip-path="url(#a)"><path d="M 1 1" style="fill: none; stroke: #000"/></g>'
        '<g transform="scale(2)"><text>g</text></g></svg>'
    )


def bars_of(figure):
    """Left edge, height and colour of each column."""
    return [
        (round(patch.get_x(), 2), patch.get_height(), matplotlib.colors.to_hex(patch.get_facecolor()))
        for patch in figure.axes[0].patches
    ]


def test_months_stand_at_their_place():
    values = pd.Series([3.0, 5.0, 4.0], index=pd.to_datetime(["2026-11-01", "2027-02-15", "2026-12-31"]))
    figure = charts_time.months(values, accent=["2027-02-01"])
    # Columns are 0.72 wide: November at 0, December at 1, February at 3.
    assert sorted(bars_of(figure)) == [
        (-0.36, 3.0, charts.REST), (0.64, 4.0, charts.REST), (2.64, 5.0, charts.ACCENT),
    ]  # fmt: skip
    assert texts(figure) == ["5", "N", "2026", "D", "J", "2027", "F"]


def test_months_say_their_years_and_initials_sparsely():
    assert texts(charts_time.months(month_series(24)))[1:] == ["J", "2026", *"FMAMJJASOND", "J", "2027", *"FMAMJJASOND"]
    assert texts(charts_time.months(month_series(36, "2026-12")))[1:] == [
        "J", "2027", *"AJO", "J", "2028", *"AJO", "J", "2029", *"AJO",
    ]  # fmt: skip


def test_months_without_value():
    nothing = pd.Series([float("nan"), float("nan")], index=pd.period_range("2026-01", periods=2, freq="M"))
    assert texts(charts_time.months(nothing)) == ["J", "2026", "F"]
    assert texts(charts_time.months(nothing.fillna(0)))[0] == "0"


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (pd.Series(dtype="float64"), "at least one value"),
        (month_series(37), "36 months at most; these are 37: 2026-01 to 2029-01"),
        (pd.Series([1.0], index=["mars"]), "needs dates in its index; found 'mars'"),
        (pd.Series([1.0, 2.0], index=pd.to_datetime(["2026-01-01", "2026-01-31"])), "each month once"),
        (pd.Series([1.0], index=pd.DatetimeIndex([None])), "none missing"),
    ],
)
def test_months_refuse(series, words):
    with pytest.raises(UsageError, match=words):
        charts_time.months(series)


def test_targets_mark_and_colour():
    values = pd.Series({"Sous": 0.2, "Atteint": 0.3, "Sans objectif": 0.1, "Inconnu": float("nan")})
    goals = pd.Series({"Inconnu": 0.5, "Sous": 0.4, "Atteint": 0.3, "Sans objectif": float("nan")})
    figure = charts_rates.targets(values, goals)
    assert [(bar.get_width(), matplotlib.colors.to_hex(bar.get_facecolor())) for bar in figure.axes[0].patches] == [
        (0.2, charts.REST), (0.3, charts.ACCENT), (0.1, charts.ACCENT),
    ]  # fmt: skip
    marks = [mark.get_segments()[0] for mark in figure.axes[0].collections]
    assert [(segment[0][0], segment.mean(axis=0)[1]) for segment in marks] == [(0.4, 0), (0.3, 1), (0.5, 3)]
    assert texts(figure) == [
        "Sous", "20 %", "objectif 40 %", "Atteint", "30 %", "objectif 30 %", "Sans objectif", "10 %", "Inconnu",
        "n. d.", "objectif 50 %",
    ]  # fmt: skip


def dots_of(figure):
    """Place and colour of each dot; round to half a point on the page, whatever the axes' units."""
    found = []
    for patch in figure.axes[0].patches:
        box = patch.get_window_extent()
        assert box.width == pytest.approx(box.height, abs=0.5)
        found.append((*map(float, patch.center), matplotlib.colors.to_hex(patch.get_facecolor())))
    return found


def test_intervals_are_drawn_as_given():
    values = pd.Series({"b": 0.2, "a": 0.5, "?": float("nan")})
    low, high = pd.Series({"a": 0.4, "b": 0.1, "?": float("nan")}), pd.Series({"b": 0.4, "a": 0.9, "?": float("nan")})
    figure = charts_rates.intervals(values, low, high, accent=["a"])
    assert texts(figure) == ["b", "20 %", "10 % à 40 %", "a", "50 %", "40 % à 90 %", "?", "n. d."]
    lines = [line.get_segments()[0][:, 0].tolist() for line in figure.axes[0].collections]
    assert lines == [[0.1, 0.4], [0.4, 0.9]]
    assert dots_of(figure) == [(0.2, 0.0, charts.REST), (0.5, 1.0, charts.ACCENT)]


def test_rates_refuse_what_does_not_fit():
    one = pd.Series({"a": 0.5})
    with pytest.raises(UsageError, match=r"'a' is 0\.5, outside 0\.6 to 0\.9"):
        charts_rates.intervals(one, one + 0.1, one + 0.4)
    with pytest.raises(UsageError, match="needs goals for each label of values; there is none for 'a'"):
        charts_rates.targets(one, pd.Series({"b": 1.0}))
    with pytest.raises(UsageError, match="'a' comes twice"):
        charts_rates.targets(pd.concat([one, one]), one)


def test_a_histogram_splits_at_the_cut():
    figure = charts_rates.histogram([0, 10, 20, 30, 40], [3, 0, 5, 2], 20, form=euros)
    below, above = figure.axes[0].collections
    tops = [[path.vertices[:, 1].max() for path in part.get_paths()] for part in (below, above)]
    assert tops == [[3], [5, 2]], "an empty bin draws nothing"
    assert max(path.vertices[:, 0].max() for path in below.get_paths()) <= 20
    assert min(path.vertices[:, 0].min() for path in above.get_paths()) >= 20
    assert texts(figure) == ["seuil : 20 €", "0 €", "40 €"]


@pytest.mark.parametrize(
    ("edges", "counts", "cut", "words"),
    [
        ([0, 1, 2], [1, 2], 1.5, "1.5 is none"),
        ([0, 1, 2], [1], 1, "found 3 edges, 1 counts"),
        ([0, 2, 1], [1, 2], 1, "in order"),
        ([0, 1, 2], [1, float("nan")], 1, "counts from 0, none missing"),
        ([0], [], 0, "found 1 edges, 0 counts"),
    ],
)
def test_a_histogram_refuses(edges, counts, cut, words):
    with pytest.raises(UsageError, match=words):
        charts_rates.histogram(edges, counts, cut)


def test_lines_are_named_at_their_end():
    frame = pd.DataFrame({"Une": [0.1, float("nan"), 0.3], "Deux": [0.2, 0.25, float("nan")]}, index=[2020, 2021, 2022])
    figure = charts_time.lines(frame, form=percent)
    assert texts(figure) == ["Une", "30 %", "Deux", "25 %"], "the highest first, at its last known value"
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["2020", "2021", "2022"]
    found = [(x, y) for x, y, _ in dots_of(figure)]
    assert found == [(2020, 0.1), (2022, 0.3), (2021, 0.25)], "a value alone between gaps is a dot"
    assert figure.axes[0].get_ylim()[0] == 0


@settings(max_examples=40)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=4))
def test_names_of_lines_never_overlap(ends):
    frame = pd.DataFrame([ends, ends], index=[2024, 2025], columns=[f"L{i}" for i in range(len(ends))])
    axes = charts_time.lines(frame).axes[0]
    names = sorted(text.get_position()[1] for text in axes.texts[::2])
    low, high = axes.get_ylim()
    assert all(b - a >= (high - low) * 0.18 for a, b in pairwise(names))
    assert names[0] >= low
    assert names[-1] <= high


@pytest.mark.parametrize(
    ("years", "shown"), [(2, [2000, 2001]), (6, [*range(2000, 2006)]), (20, [2000, 2004, 2008, 2012, 2019])]
)
def test_years_are_written_sparsely(years, shown):
    figure = charts_time.lines(year_frame(1, years).set_axis(range(2000, 2000 + years)))
    labels = [int(tick.get_text()) for tick in figure.axes[0].get_xticklabels()]
    assert (labels[0], labels[-1]) == (shown[0], shown[-1])
    assert len(labels) <= 6


def test_lines_by_month_write_months():
    frame = pd.DataFrame({"Ici": range(12)}, index=pd.period_range("2024-09", periods=12, freq="M"))
    figure = charts_time.lines(frame)
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["09/24", "12/24", "03/25", "08/25"]


def test_lines_refuse():
    with pytest.raises(UsageError, match="1 to 4 of them; these are 5"):
        charts_time.lines(year_frame(5))
    with pytest.raises(UsageError, match="in order, each once"):
        charts_time.lines(year_frame(1).iloc[::-1])
    with pytest.raises(UsageError, match="No value for Ligne 0"):
        charts_time.lines(year_frame(2).assign(**{"Ligne 0": float("nan")}))


def test_a_value_stands_among_the_others():
    figure = charts_points.among(pd.Series({"A": 10.0, "B": 30.0, "C": np.nan, "D": 20.0, "E": 60.0}), "B", name="B")
    assert texts(figure) == ["B : 30", "médiane : 20", "10", "60"]
    (own,) = [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]
    assert own.center[0] == 30
    others = figure.axes[0].patches[0].get_path().vertices[::5]
    assert sorted(round(float(x)) for x in others[:, 0]) == [10, 20, 60]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=80))
def test_dots_are_piled_up_only_where_they_would_cover_each_other(drawn, values):
    marks = [mark[-3:-1] for mark in drawn(charts_points.among(pd.Series(values))) if mark[0] == "dot"]
    heights = sorted({down for _, down in marks}, reverse=True)
    rows = [sorted(across for across, down in marks if down == height) for height in heights]
    assert sum(map(len, rows)) == len(values)
    room = 5.5 * 1.15  # a dot and a little air
    for row in rows:
        assert (np.diff(row) >= room - 1e-3).all()
    for lower, upper in pairwise(rows):
        for place in upper:  # what is below stands in its way
            assert min(place - other for other in lower if other <= place + 1e-3) < room + 1e-3


def test_points_and_their_line_share_the_axes():
    figure = charts_points.scatter(
        pd.DataFrame({"t": [0.0, 10.0, np.nan], "y": [5.0, 1.0, 3.0]}), pd.DataFrame({"t": [0, 10], "y": [4, 2]})
    )
    (line,) = [line for line in figure.axes[0].lines if len(set(line.get_ydata())) > 1]
    assert line.get_xydata().tolist() == [[0, 4], [10, 2]]
    assert len(figure.axes[0].patches[0].get_path().vertices) == 2 * 5, "a missing value has no dot"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: charts_points.among(pd.Series({"A": np.nan})), "1 to 2000"),
        (lambda: charts_points.among(pd.Series({"A": 1.0, "B": np.nan}), "B"), "not among the values"),
        (lambda: charts_points.among(pd.Series(dtype=float)), "at least one value"),
        (lambda: charts_points.scatter(CLOUD.iloc[:0], CLOUD), "1 to 2000"),
        (lambda: charts_points.scatter(CLOUD[["t"]], CLOUD), "two columns"),
    ],
)
def test_points_refuse_what_does_not_fit(make, words):
    with pytest.raises(UsageError, match=words):
        make()


@pytest.mark.parametrize("size", [1, 2000, 2001])
@pytest.mark.parametrize("make", [
    lambda size: charts_points.among(pd.Series(range(size), dtype="float64")),
    lambda size: charts_points.scatter(pd.DataFrame({"t": range(size), "y": 1.0}), CLOUD.iloc[:0]),
])  # fmt: skip
def test_the_most_dots_that_a_chart_shows(make, size):
    if size <= 2000:
        assert make(size).axes[0].patches
    else:
        with pytest.raises(UsageError, match="1 to 2000 of them; these are 2001"):
            make(size)
