"""Maps: the outline is sound and plausible, nothing is lost, names don't overlap, shades are told apart."""

import json
import re
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.ops import unary_union

from tikub_lab import tables
from tikub_lab.errors import UsageError
from tikub_lab.show import drawing, maps, output

TOWNS = pd.DataFrame(
    [
        ("Rennes", -1.68, 48.11, 300.0), ("Brest", -4.49, 48.39, 150.0), ("Quimper", -4.10, 48.00, 90.0),
        ("Vannes", -2.76, 47.66, 75.0), ("Saint-Brieuc", -2.76, 48.51, 70.0), ("Cesson-Sévigné", -1.60, 48.12, 60.0),
        ("Paris", 2.35, 48.86, 40.0), ("Nantes", -1.55, 47.22, 10.0), ("Sans position", None, 48.0, 7.0),
        ("Sans montant", -3.0, 48.0, 0.0),
    ],
    columns=["ville", "longitude", "latitude", "q"],
)  # fmt: skip


def circles(found):
    """The radius of each circle in percent of the width, the key's last."""
    return [float(radius) for radius in re.findall(r"a([\d.]+) ", found.paths("ring")[0])][::2]


def note(found):
    return re.sub("[\u202f\u00a0]", " ", found.page.select_one(".src").text)


def land(code):
    return MultiPolygon([Polygon(ring) for ring in maps.schematic()[code]])


def test_the_outline_is_sound():
    shapes = {code: land(code) for code in maps.schematic()}
    assert sorted(shapes) == sorted(maps.BRETAGNE)
    for code, found in shapes.items():
        assert found.is_valid, code
        assert 20 <= len(maps.schematic()[code][0]) <= 70
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
        codes = [str(value) for value in feature["properties"].values() if str(value) in maps.BRETAGNE]
        if codes:
            real = shape(feature["geometry"]).buffer(0)
            found[codes[0]] = land(codes[0]).intersection(real).area / land(codes[0]).union(real).area
    assert sorted(found) == ["22", "29", "35", "56"]
    assert min(found.values()) >= 0.9, found


def test_the_area_is_the_value(drawn):
    found = drawn(maps.map(TOWNS, "Titre", "q"))
    rennes, brest, quimper, *_, key = circles(found)
    assert rennes == maps.LARGEST
    assert (brest / rennes) ** 2 == pytest.approx(0.5, rel=0.01)
    assert (quimper / rennes) ** 2 == pytest.approx(0.3, rel=0.01)
    assert key == rennes, "the key is a round value: 300"
    assert "300" in found.texts()
    assert [text for text in found.texts() if text[0].isupper()][:2] == ["Rennes", "Brest"]


def test_nothing_is_lost(drawn):
    said = note(drawn(maps.map(TOWNS, "Titre", "q", noun="commune")))
    assert "Hors de la carte : 2 communes (50)." in said
    assert "Sans position : 1 commune (7)." in said
    assert "Sans valeur : 1 commune." in said
    many = pd.DataFrame({"ville": "x", "longitude": -3.0, "latitude": 48.0, "q": range(1, 71)})
    found = drawn(maps.map(many, "Titre", "q"))
    assert len(circles(found)) == maps.MOST_PLACES + 1
    # The ten smallest of 1 to 70 are left out: 1 + … + 10 = 55.
    assert "Plus petits, non dessinés : 10 lieux (55)." in note(found)
    inside = drawn(maps.map(TOWNS.head(6), "Titre", "q")).page.select_one(".src")
    assert inside is None or "Hors" not in inside.text


def test_nothing_to_draw_is_still_said(drawn):
    abroad = TOWNS[TOWNS["ville"] == "Paris"]
    assert "Hors de la carte : 1 lieu (40)." in note(drawn(maps.map(abroad, "Titre", "q")))
    assert "aucune valeur" in maps.map(TOWNS.head(0), "Titre", "q").text
    with pytest.raises(UsageError, match=r"show\.map: no column 'longitude'"):
        maps.map(TOWNS.drop(columns="longitude"), "Titre", "q")


def test_the_schematic_outline_is_drawn_where_no_other_is_known(tmp_path, monkeypatch):
    assert maps.outlines() == maps.schematic(), "the sample has the same"
    assert len(maps.outlines("commune")) == 61
    monkeypatch.setenv("TIKUB_HOME", str(tmp_path))  # no workbench there
    assert maps.outlines() == maps.schematic()
    assert maps.outlines("commune") == {}


AREAS = pd.DataFrame(
    {"code": ["35238", "29019", "56260", "99999", "22050"], "nom": ["Rennes", "Brest", "Vannes", "X", "Dinan"],
     "q": [50.0, 8.0, 20.0, 3.0, 0.0]}
)  # fmt: skip


def test_communes_are_shaded_by_class_and_nothing_is_lost(drawn):
    found = drawn(maps.area_map(AREAS, "{nom} : {q}", "q", "code", name="nom"))
    assert found.alt == "Carte des communes : 3 valeurs, la plus grande Rennes (50), la plus petite Brest (8)."
    assert "Hors de la carte : 1 code (3)." in note(found)
    assert swatches(found) == ["moins de 10", "10 à 19", "20 à 49", "50 et plus", "aucun"]
    paths = {" ".join(path["class"]): path["d"].count("z") for path in found.svg.find_all("path")}
    assert paths["q0"] > 50, "communes without a value, or with zero"
    assert {*paths} - {"q0", "k"} == {"ed q2", "ed q4", "ed q5"}, "a path a class"
    assert sum(paths.values()) == sum(len(rings) for kind in ("commune", "departement") for rings in
                                      maps.outlines(kind).values())  # fmt: skip


def test_classes_begin_where_is_said(drawn):
    found = drawn(maps.area_map(AREAS, "Titre", "q", "code", breaks=(5, 10)))
    assert swatches(found) == ["moins de 5", "5 à 9", "10 et plus", "aucun"]


def test_departements_and_epci_are_shaded_too(drawn):
    places = pd.DataFrame({"code": ["35", "29"], "q": [2.0, 1.0]})
    assert "Carte des départements" in maps.area_map(places, "Titre", "q", "code", kind="departement").facts["alt"]
    codes = tables.load("territory/communes")["code_epci"].drop_duplicates()
    found = maps.area_map(
        pd.DataFrame({"code": codes, "q": range(1, len(codes) + 1)}), "Titre", "q", "code", kind="epci"
    )
    assert f"Carte des intercommunalités\u00a0: {len(codes)} valeurs" in found.facts["alt"]


def test_without_outlines_the_largest_are_bars(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKUB_HOME", str(tmp_path))
    shown = maps.area_map(AREAS, "Titre", "q", "code", name="nom")
    assert shown.facts["alt"].startswith("Barres")


def boxes(found, pixels):
    """Left, top, right, bottom of each name, on a map so wide."""
    for text in found.svg.find_all("text"):
        x, y = (float(text[name].rstrip("%")) / 100 for name in ("x", "y"))
        wide, css = drawing.width_of(text.text), text.get("class") or []
        left = x * pixels - (wide if "e" in css else wide / 2 if "m" in css else 0)
        down = y * pixels / maps.ASPECT
        yield left, down - 6, left + wide, down + 6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, -1.1), st.floats(47.4, 48.8), st.integers(1, 500)), min_size=1, max_size=40))
def test_names_never_overlap_nor_leave_the_map(drawn, rows):
    frame = pd.DataFrame(rows, columns=["longitude", "latitude", "q"]).assign(ville="Saint-Quay-Portrieux")
    found = drawn(maps.map(frame, "Titre", "q"))
    for pixels in (drawing.NARROW, drawing.WIDE):
        names = list(boxes(found, pixels))
        for place, (left, top, right, bottom) in enumerate(names):
            assert left >= -3
            assert right <= pixels + 3
            for other in names[place + 1 :]:
                apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
                assert apart, (names[place], other)


def test_a_map_is_light_and_follows_the_page(drawn):
    rows = pd.DataFrame({"ville": "x", "longitude": -3.0, "latitude": 48.0, "q": range(1, 90)})
    values = pd.Series({code: float(place) for place, code in enumerate(maps.tiles())})
    for shown in (maps.map(rows, "Titre", "q"), maps.tile_map(values, "Titre")):
        svg = drawn(shown).svg
        assert len(svg.find_all(True)) < 120
        assert "#" not in str(svg), "colours go through the page's variables"
        assert len(str(svg)) < 45_000


def test_every_departement_has_its_tile():
    found = maps.tiles()
    metropole = {f"{n:02d}" for n in range(1, 96) if n != 20} | {"2A", "2B"}
    assert set(found) == metropole | {"971", "972", "973", "974", "976"}
    assert len({(x, y) for _, x, y in found.values()}) == 101
    assert all(0 <= x <= maps.SIDE - 1 and 0 <= y <= maps.SIDE - 1 for _, x, y in found.values())
    squares = sorted((y, x) for _, x, y in found.values())
    assert all(b[0] > a[0] or b[1] - a[1] >= 1 for a, b in pairwise(squares)), "none overlaps"
    assert maps.tiles()["35"][0] == "Ille-et-Vilaine"


@pytest.mark.parametrize(
    ("north", "south"), [("59", "75"), ("75", "31"), ("35", "44"), ("22", "56"), ("69", "13"), ("67", "06")]
)
def test_the_tiles_look_like_france(north, south):
    assert maps.tiles()[north][2] < maps.tiles()[south][2]


def test_the_tiles_keep_west_and_east():
    order = ["29", "35", "72", "75", "51", "57", "67"]
    columns = [maps.tiles()[code][1] for code in order]
    assert columns == sorted(columns)


def swatches(found):
    return [re.sub("[\u202f\u00a0]", " ", item.text) for item in found.page.select(".sw")]


def test_classes_begin_at_their_bound(drawn):
    values = pd.Series({"35": 20.0, "29": 19.0, "22": 5.0, "56": 4.0, "75": 0.0, "44": float("nan")})
    found = drawn(maps.tile_map(values, "Titre"))
    # Of 4, 5, 19, 20 the 40th, 70th and 90th percentiles are 7.8, 19.1 and 19.7.
    assert {css: len(found.bars(css)) for css in ("q0", "q3", "q4", "q5")} == {"q0": 97, "q3": 2, "q4": 1, "q5": 1}
    assert swatches(found) == ["moins de 10", "10 à 19", "20 et plus", "aucun"]
    assert {*found.texts()} == set(maps.tiles())


def test_default_classes_are_round_and_in_order(drawn):
    values = pd.Series({code: 1.3**place for place, code in enumerate(list(maps.tiles())[:60])})
    said = swatches(drawn(maps.tile_map(values, "Titre")))
    assert said[-1] == "aucun"
    bound = [word.removeprefix("moins de ").removesuffix(" et plus") for word in (said[0], said[-2])]
    assert all(re.fullmatch(r"[125]0*", number.replace(" ", "")) for number in bound)
    single = drawn(maps.tile_map(pd.Series({"35": 7.0}), "Titre"))
    assert swatches(single) == ["moins de 7", "7 et plus", "aucun"]


def test_codes_without_a_tile_are_said(drawn):
    values = pd.Series({"35": 1e6, "988": 2e5, "975": 3e5, "X": 0.0})
    assert "Hors de la carte : 2 codes (500 k€)." in note(drawn(maps.tile_map(values, "Titre", form="€")))
    assert "aucune valeur" in maps.tile_map(pd.Series({"35": 0.0}), "Titre").text


@pytest.mark.parametrize(
    ("values", "words"),
    [(pd.Series([1.0, 2.0], index=["35", "35"]), "35 is twice"), (pd.Series({"35": -1.0}), "35 has -1")],
)
def test_tiles_refuse(values, words):
    with pytest.raises(UsageError, match=words):
        maps.tile_map(values, "Titre")


def rgb(color):
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, two):
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("accent", "paper", "ink"), [("#0072b2", "#ffffff", "#1c1f24"), ("#56b4e9", "#14171b", "#e8eaee")]
)
def test_codes_are_read_on_every_shade_in_light_and_dark(accent, paper, ink):
    """WCAG 2.2, 1.4.3: 4.5 for text. Shades are also told apart in grey, by steps of luminance in one direction."""
    assert accent in output.stylesheet("lab.css")
    shades = [float(item) for item in re.findall(r"\.q\d\{fill-opacity:([.\d]+)\}", output.stylesheet())]
    assert shades == [0.08, 0.18, 0.32, 0.5]
    levels = [luminance(rgb(paper))]
    for shade in [*shades, 1.0]:
        mixed = tuple(shade * a + (1 - shade) * p for a, p in zip(rgb(accent), rgb(paper), strict=True))
        assert contrast(rgb(paper if shade == 1 else ink), mixed) >= 4.5, shade
        levels.append(luminance(mixed))
    assert levels in (sorted(levels), sorted(levels, reverse=True))
    assert min((max(a, b) + 0.05) / (min(a, b) + 0.05) for a, b in pairwise(levels)) > 1.08, "seen in grey"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_palette_contrast(theme):
    """WCAG 2.2: text 4.5 (1.4.3), graphics 3 (1.4.11), on JupyterLab's paper."""
    block = output.stylesheet("lab.css").split("\n")[theme == "dark"]
    found = {name: rgb(value) for name, value in re.findall(r"--(\w+):(#\w{6})", block)}
    paper = rgb("#ffffff" if theme == "light" else "#111111")
    assert contrast(found["accent"], paper) >= 4.5
    assert contrast(found["hot"], paper) >= 4.5
    assert contrast(found["rest"], paper) >= 3
    assert contrast(found["warm"], paper) >= 3
