"""What a chart draws, read from its HTML as a page shows it."""

import re

import pytest
from bs4 import BeautifulSoup


def spaces(text):
    return re.sub("[\u202f\u00a0]", " ", text)


class Drawn:
    """A shown chart: its bars, dots, lines and texts."""

    def __init__(self, shown):
        self.page = BeautifulSoup(shown.html, "html.parser")
        self.svg = self.page.find("svg", class_="c")
        self.alt = spaces(self.svg["aria-label"])

    def paths(self, css):
        """The paths of one class."""
        return [path["d"] for path in self.svg.find_all("path") if path["class"] == [css]]

    def bars(self, css):
        """The rectangles of one class: x, y, width, height, to a tenth."""
        found = re.findall(r"M([-\d.]+) ([-\d.]+)h([-\d.]+)v([-\d.]+)", " ".join(self.paths(css)))
        return [tuple(round(float(item), 1) for item in bar) for bar in found]

    def lines(self, css):
        """The lines of one class: their points."""
        parts = re.findall(r"M[^M]*", " ".join(self.paths(css)))
        return [[tuple(map(float, pair.split())) for pair in re.split("[ML]", part.strip()) if pair] for part in parts]

    def texts(self, without=("w",)):
        """The words on the drawing, as a phone shows them by default."""
        shown = [text for text in self.svg.find_all("text") if not {*(text.get("class") or [])} & {*without}]
        return [spaces(text.text) for text in shown]

    def dots(self, css):
        return [(float(c["cx"].rstrip("%")), float(c["cy"])) for c in self.svg.find_all("circle") if css in c["class"]]

    def table(self):
        """The folded numbers: a list of rows."""
        rows = self.page.select("details.fold tr")
        return [[spaces(cell.text) for cell in row.find_all(["th", "td"])] for row in rows]


@pytest.fixture(scope="session")
def drawn():
    return Drawn
