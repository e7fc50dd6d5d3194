"""What a chart shows: its marks as they stand on the page, read from the SVG."""

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from tikub_lab.show import pieces

SVG = "{http://www.w3.org/2000/svg}"


def svg(figure):
    """The SVG of a figure as a page shows it."""
    shown = pieces.figure(figure, "Une phrase qui dit ce que montre la figure", "Un titre", pd.DataFrame({"a": [1]}))
    return re.search(r"<svg.*</svg>", shown.html, re.S)[0]


def shapes(path):
    """The shapes of a path: whether each is round, and its corners."""
    for part in re.findall(r"M[^M]*", path):
        found = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", part)]
        yield "C" in part, found


def spread(corners):
    """Left, right, top and bottom of some corners."""
    across, down = zip(*corners, strict=True)
    return min(across), max(across), min(down), max(down)


def marks(figure):
    """The marks of a figure in the order in which they are painted, in points from the left and from the top.

    ``size``: width and height; ``bar``: colour, left, right, top, bottom; ``dot``: colour, middle, width;
    ``line``: colour, width, its points, and its dashes where it has some; ``text``: colour, size, anchor, place, words.
    """
    root = ET.fromstring(svg(figure))
    found = [["size", *map(float, root.get("viewBox").split()[2:])]]
    for node in root.iter():
        style = dict(item.split(": ") for item in (node.get("style") or "").split("; ") if item)
        fill, stroke = (re.sub(r"var\(--(\w+),.*", r"\1", style.get(name, "none")) for name in ("fill", "stroke"))
        faint = [f"×{value}" for name, value in style.items() if name.endswith("opacity")]
        if node.tag == SVG + "text":
            words = "".join(node.itertext()).replace("\u202f", " ").replace("\u00a0", " ")
            heavy = ["bold"] * (style.get("font-weight") == "700")
            place = float(node.get("x")), float(node.get("y"))
            size = float(style["font-size"].removesuffix("px"))
            found.append(["text", fill, size, *heavy, style["text-anchor"], *place, *words.split()])
        elif node.tag == SVG + "path":
            for is_round, corners in shapes(node.get("d")):
                left, right, top, bottom = spread(corners)
                if fill == "none":
                    dashes = [style["stroke-dasharray"]] if "stroke-dasharray" in style else []
                    flat = [place for corner in corners for place in corner]
                    found.append(["line", stroke, float(style.get("stroke-width", 1)), *dashes, *faint, *flat])
                elif is_round or len({x for x, _ in corners}) == 3:  # a circle or a lozenge
                    found.append(["dot", fill, *faint, (left + right) / 2, (top + bottom) / 2, right - left])
                elif right > left and bottom > top:
                    found.append(["bar", fill, *faint, left, right, top, bottom])
    return found


def written(found):
    """Marks as lines of text, to be read."""
    return "\n".join(" ".join(f"{item:.1f}" if isinstance(item, float) else item for item in mark) for mark in found)


@pytest.fixture(scope="session")
def drawn():
    """Return :func:`marks`."""
    return marks


@pytest.fixture(scope="session")
def draws():
    """Check the marks of a figure against lines of text, places within a tenth of a point."""

    def check(figure, expected):
        found = marks(figure)
        lines = [line.split() for line in expected.strip().splitlines()]
        same = len(found) == len(lines)
        for mark, line in zip(found, lines, strict=False):
            same = same and len(mark) == len(line)
            for item, text in zip(mark, line, strict=False):
                if isinstance(item, float):
                    same = same and re.fullmatch(r"-?[\d.]+", text) and abs(item - float(text)) <= 0.1
                else:
                    same = same and item == text
        assert same, f"it draws\n{written(found)}"

    return check
