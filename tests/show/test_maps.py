"""Maps: the outline is sound and plausible, nothing is lost, names don't overlap, shades are told apart."""

import json
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from math import pi

import matplotlib.colors
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.ops import unary_union

from tikub_lab.errors import UsageError
from tikub_lab.show import charts, maps, maps_tiles, pieces
from tikub_lab.show.french import NNBSP, euros

ALT = "Une phrase qui dit ce que montre la carte"
TOWNS = pd.DataFrame(
    [
        ("Rennes", -1.68, 48.11, 300.0), ("Brest", -4.49, 48.39, 150.0), ("Quimper", -4.10, 48.00, 90.0),
        ("Vannes", -2.76, 47.66, 75.0), ("Saint-Brieuc", -2.76, 48.51, 70.0), ("Cesson-Sévigné", -1.60, 48.12, 60.0),
        ("Paris", 2.35, 48.86, 40.0), ("Nantes", -1.55, 47.22, 10.0), ("Sans position", None, 48.0, 7.0),
        ("Sans montant", -3.0, 48.0, 0.0),
    ],
    columns=["libelle", "longitude", "latitude", "nombre"],
)  # fmt: skip


def texts(figure):
    return [text.get_text().replace(NNBSP, " ") for text in figure.axes[0].texts]


def drawn(figure):
    shown = pieces.figure(figure, ALT, "Un titre", pd.DataFrame({"a": [1]}))
    return re.search(r"<svg.*</svg>", shown.html, re.S)[0]


def land(code):
    return MultiPolygon([Polygon(ring) for ring in maps.outlines()[code]])


def test_the_outline_is_sound():
    shapes = {code: land(code) for code in maps.outlines()}
    assert sorted(shapes) == sorted(maps_tiles.BRETAGNE)
    for code, found in shapes.items():
        assert found.is_valid, code
        assert 20 <= len(maps.outlines()[code][0]) <= 70
    area = sum(found.area for found in shapes.values())
    whole = unary_union(list(shapes.values()))
    assert whole.area == pytest.approx(area, rel=1e-12), "no overlap"
    main = max(whole.geoms, key=lambda part: part.area)
    assert not main.interiors, "no gap along a shared border"
    for west, east in (("29", "22"), ("29", "56"), ("22", "35"), ("22", "56"), ("56", "35")):
        border = shapes[west].intersection(shapes[east])
        assert border.length > 0.3, "neighbours share a border"
        assert border.area == 0


def test_towns_are_in_their_departement():
    """What one knows of geography, whatever the outline was drawn from."""
    from shapely.geometry import Point

    towns = {
        "35": [(-1.68, 48.11), (-2.00, 48.63), (-1.20, 48.35), (-1.21, 48.12), (-1.95, 47.75)],
        "22": [(-2.76, 48.51), (-3.45, 48.73), (-2.75, 48.18), (-2.05, 48.45), (-3.15, 48.55)],
        "29": [(-4.46, 48.40), (-4.10, 48.00), (-3.83, 48.58), (-3.57, 48.27), (-3.92, 47.89)],
        "56": [(-2.76, 47.67), (-3.37, 47.76), (-2.97, 48.07), (-2.40, 47.93), (-3.08, 47.62)],
    }
    for code, points in towns.items():
        for point in points:
            assert land(code).contains(Point(point)), (code, point)


def test_the_outline_is_plausible(opendata):
    """Intersection over union with IGN's shapes, read in place: a check of our own tracing, not its source."""
    source = json.loads((opendata / "territory" / "lusk_departements.geojson").read_text(encoding="utf-8"))
    found = {}
    for feature in source["features"]:
        codes = [str(value) for value in feature["properties"].values() if str(value) in maps_tiles.BRETAGNE]
        if codes:
            real = shape(feature["geometry"]).buffer(0)
            found[codes[0]] = land(codes[0]).intersection(real).area / land(codes[0]).union(real).area
    assert sorted(found) == ["22", "29", "35", "56"]
    assert min(found.values()) >= 0.9, found


def circles(figure):
    """Area in square points of each circle, the map's first, the key's last."""
    found = []
    for patch in figure.axes[0].patches[4:]:
        path = patch.get_path()
        for polygon in path.to_polygons(closed_only=True):
            width = (polygon[:, 0].max() - polygon[:, 0].min()) / maps.POINT
            found.append(pi * (width / 2) ** 2)
    return found


def test_the_area_is_the_value():
    figure = maps.places(TOWNS)
    rennes, brest, quimper, *_, key = circles(figure)
    assert rennes == pytest.approx(pi * maps.LARGEST**2, rel=1e-3)
    assert brest / rennes == pytest.approx(0.5, rel=1e-3)
    assert quimper / rennes == pytest.approx(0.3, rel=1e-3)
    assert texts(figure)[0] == "300"
    assert key == pytest.approx(rennes, rel=1e-3), "the key is a round value: 300"


def test_nothing_is_lost():
    said = " ".join(texts(maps.places(TOWNS, noun="commune", nouns="communes"))[1:])
    assert "Hors de la carte : 2 communes (50)." in said
    assert "Sans position : 1 commune (7)." in said
    assert "Sans valeur : 1 commune." in said
    many = pd.DataFrame({"libelle": "x", "longitude": -3.0, "latitude": 48.0, "nombre": range(1, 71)})
    figure = maps.places(many)
    assert len(circles(figure)) == maps.MOST_PLACES + 1
    # The ten smallest of 1 to 70 are left out: 1 + … + 10 = 55.
    assert "Plus petits, non dessinés : 10 lieux (55)." in " ".join(texts(figure))
    assert "Hors" not in " ".join(texts(maps.places(TOWNS.head(6))))


def test_nothing_to_draw_is_still_said():
    abroad = TOWNS[TOWNS["libelle"] == "Paris"]
    assert texts(maps.places(abroad)) == ["Hors de la carte : 1 lieu (40)."]
    with pytest.raises(UsageError, match="needs the column montant; the table has libelle"):
        maps.places(TOWNS, value="montant")
    with pytest.raises(UsageError, match="table is empty"):
        maps.places(TOWNS.head(0))


def boxes(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [text.get_window_extent(renderer) for text in figure.axes[0].texts]


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(-5, -1.1), st.floats(47.4, 48.8), st.integers(1, 500)), min_size=1, max_size=40))
def test_names_never_overlap_nor_leave_the_map(rows):
    frame = pd.DataFrame(rows, columns=["longitude", "latitude", "nombre"]).assign(libelle="Saint-Quay-Portrieux")
    figure = maps.places(frame)
    found = boxes(figure)
    width, height = figure.get_size_inches() * figure.dpi
    for place, box in enumerate(found):
        assert box.x0 >= -1
        assert box.x1 <= width + 1
        assert -1 <= box.y0 <= box.y1 <= height + 1
        for other in found[place + 1 :]:
            assert not box.overlaps(other)


def test_a_map_is_light_and_follows_the_page():
    rows = pd.DataFrame({"libelle": "x", "longitude": -3.0, "latitude": 48.0, "nombre": range(1, 90)})
    tiles = pd.Series({code: float(place) for place, code in enumerate(maps_tiles.tiles())})
    for figure, again in ((maps.places(rows), maps.places(rows)), (maps_tiles.departements(tiles), None)):
        svg = drawn(figure)
        assert sum(1 for _ in ET.fromstring(svg).iter()) < 150
        assert not re.findall(r"(?:fill|stroke): ?#", svg), "colours go through the page's variables"
        assert len(svg) < 45_000
        if again is not None:
            assert drawn(again) == svg


def test_every_departement_has_its_tile():
    found = maps_tiles.tiles()
    metropole = {f"{n:02d}" for n in range(1, 96) if n != 20} | {"2A", "2B"}
    assert set(found) == metropole | {"971", "972", "973", "974", "976"}
    assert len({(x, y) for _, x, y in found.values()}) == 101
    assert all(0 <= x <= maps_tiles.COLUMNS - 1 and 0 <= y <= maps_tiles.ROWS - 1 for _, x, y in found.values())
    squares = sorted((y, x) for _, x, y in found.values())
    assert all(b[0] > a[0] or b[1] - a[1] >= 1 for a, b in pairwise(squares)), "none overlaps"
    assert maps_tiles.departement_names()["35"] == "Ille-et-Vilaine"


@pytest.mark.parametrize(
    ("north", "south"), [("59", "75"), ("75", "31"), ("35", "44"), ("22", "56"), ("69", "13"), ("67", "06")]
)
def test_the_tiles_look_like_france(north, south):
    assert maps_tiles.tiles()[north][2] < maps_tiles.tiles()[south][2]


def test_the_tiles_keep_west_and_east():
    order = ["29", "35", "72", "75", "51", "57", "67"]
    columns = [maps_tiles.tiles()[code][1] for code in order]
    assert columns == sorted(columns)


def faces(figure):
    """Opacity of each class of tiles, as drawn, with the number of tiles in it."""
    found = {}
    for patch in figure.axes[0].patches:
        count = len(patch.get_path().to_polygons())
        alpha = patch.get_facecolor()[3] if patch.get_facecolor()[3] else 0.0
        found[alpha] = max(found.get(alpha, 0), count)
    return found


def test_classes_begin_at_their_bound():
    values = pd.Series({"35": 20.0, "29": 19.0, "22": 5.0, "56": 4.0, "75": 0.0, "44": float("nan")})
    figure = maps_tiles.departements(values, breaks=[5, 20])
    light, middle, full = maps_tiles.SHADES[3]
    assert faces(figure) == {0.0: 97, light: 1, middle: 2, full: 1}
    assert texts(figure)[-4:] == ["moins de 5", "5 à 20", "20 et plus", "aucun"]
    assert {text.get_text() for text in figure.axes[0].texts} >= set(maps_tiles.tiles())


def test_default_classes_are_round_and_in_order():
    values = pd.Series({code: 1.3**place for place, code in enumerate(list(maps_tiles.tiles())[:60])})
    words = texts(maps_tiles.departements(values))[-5:]
    assert words[-1] == "aucun"
    bound = [word.removeprefix("moins de ").removesuffix(" et plus") for word in (words[0], words[-2])]
    assert all(re.fullmatch(r"[125]0*", number.replace(" ", "")) for number in bound)
    assert texts(maps_tiles.departements(pd.Series({"35": 7.0})))[-3:] == ["moins de 7", "7 et plus", "aucun"]


def test_codes_without_a_tile_are_said():
    figure = maps_tiles.departements(pd.Series({"35": 1e6, "988": 2e5, "975": 3e5, "X": 0.0}), form=euros)
    assert texts(figure)[-1] == "Hors de la carte : 2 codes (500 k€)."


@pytest.mark.parametrize(
    ("values", "breaks", "words"),
    [
        (pd.Series([1.0, 2.0], index=["35", "35"]), None, "35 is twice"),
        (pd.Series({"35": -1.0}), None, "35 has -1.0"),
        (pd.Series({"35": 0.0}), None, "at least one value above 0"),
        (pd.Series({"35": 1.0}), [5, 2], "in order"),
        (pd.Series({"35": 1.0}), [1, 2, 3, 4, 5], "one to four numbers"),
    ],
)
def test_tiles_refuse(values, breaks, words):
    with pytest.raises(UsageError, match=words):
        maps_tiles.departements(values, breaks=breaks)


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("count", sorted(maps_tiles.SHADES))
def test_codes_are_read_on_every_shade_in_light_and_dark(root, count):
    """WCAG 2.2, 1.4.3: 4.5 for text. Shades are also told apart in grey, by steps of luminance in one direction."""
    sheet = (root / "tikub_lab/reports/templates/style.css").read_text(encoding="utf-8")
    for block in re.findall(r":root\{[^}]*--paper:[^}]*\}", sheet)[:2]:
        found = {name: matplotlib.colors.to_rgb(value) for name, value in re.findall(r"--(\w+):(#\w+)", block)}
        levels = [luminance(found["paper"])]
        for shade in maps_tiles.SHADES[count]:
            mixed = tuple(shade * a + (1 - shade) * p for a, p in zip(found["accent"], found["paper"], strict=True))
            ink = found["paper"] if shade == 1 else found["ink"]
            assert contrast(ink, mixed) >= 4.5, (count, shade)
            levels.append(luminance(mixed))
        assert contrast(found["soft"], found["paper"]) >= 4.5
        assert levels in (sorted(levels), sorted(levels, reverse=True))
        steps = [(max(a, b) + 0.05) / (min(a, b) + 0.05) for a, b in pairwise(levels)]
        assert min(steps) > 1.08, "each step is seen in grey"
    assert charts.PAPER == "#ffffff"
