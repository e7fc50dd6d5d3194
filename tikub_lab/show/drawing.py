"""One drawing for all widths: x in percent, y in pixels, text as text, shapes in one stretched part."""

import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from tikub_lab.show.output import safe, stylesheet
from tikub_lab.show.words import short

NARROW, WIDE = 320, 620
"""Pixels of a chart on a phone and beside a text: labels that meet at a width are left out there."""
GUTTERS = {"": 0, "y": 32, "y yy": 52}
"""Pixels at the left for the labels of a value axis, by the classes of ``show.css`` that leave them."""


def width_of(words: str, bold: bool = False) -> float:
    """Estimate the pixels of a text at 12 px (13 bold) in Verdana: most system fonts need less."""
    sizes = (3.9 if s in " .,;:'’|ijlftrI()\u202f\u00a0" else 10.4 if s in "%MWmw…−+" else 7.3 for s in words)
    return sum(sizes) * (1.2 if bold else 1.0)


def clipped(words: str, pixels: float, bold: bool = False) -> str:
    longest = len(words)
    while longest > 4 and width_of(short(words, longest), bold) > pixels:
        longest -= 1
    return short(words, longest)


def steps(low: float, high: float, count: int = 4) -> list[float]:
    """Return round values from below ``low`` to above ``high``, about ``count`` steps apart."""
    raw = ((high - low) or abs(high) or 1.0) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(digit for digit in (1, 2, 2.5, 5, 10) if digit * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, max(last, first + 1) + 1)]


def scale(low: float, high: float, start: float, end: float) -> Callable[[Any], Any]:
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def side(x: float, css: str = "", near: float = 30) -> str:
    """Add to a text's classes those by which it stays inside: near an edge it begins, or ends, at its place."""
    return f"{'' if x < near else 'e ' if x > 100 - near else 'm '}{css}"


def _n(value: float) -> str:
    return "0" if abs(value) < 0.005 else f"{value:.2f}".rstrip("0").rstrip(".")


class Drawing:
    """A drawing of a height in pixels.

    A map keeps its proportions: ``aspect`` is its width by its height and the class that says so, and y is in percent
    of the height, but in the stretched part of the width. The classes are those of ``show.css``. Areas: ``a`` accent,
    ``r`` rest, ``o`` in excess, ``t`` tint, ``bd`` band. Lines: ``g`` grid, ``k`` ink, ``la`` accent, ``lr`` rest,
    ``lo`` in excess. Texts: ``s`` soft, ``b`` bold, ``ot`` in excess, ``h`` with a halo; ``m`` and ``e`` anchor them.
    """

    def __init__(self, height: float, aspect: tuple[float, str] | None = None):
        self.height, self.aspect, self.gutter = height, aspect, ""
        self._paths: dict[tuple[str, float, str], list[str]] = {}
        self._marks: list[str] = []
        self._texts: dict[tuple[str, str, str], set[int]] = {}  # and the widths at which each is written
        self.taken: dict[int, list[tuple[float, float, float, float]]] = {NARROW: [], WIDE: []}

    def rect(self, css: str, x: float, y: float, end: float, foot: float) -> None:
        if x != end and y != foot:
            width, height = _n(abs(end - x)), _n(abs(foot - y))
            self.path(css, f"M{_n(min(x, end))} {_n(min(y, foot))}h{width}v{height}h-{width}z")

    def line(self, css: str, points: Sequence[tuple[float, float]], width: float = 0, dash: str = "") -> None:
        self.path(css, "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points), width, dash)

    def path(self, css: str, d: str, width: float = 0, dash: str = "") -> None:
        self._paths.setdefault((css, width, dash), []).append(d)

    def dot(self, css: str, x: float, y: float, radius: float = 4) -> None:
        self._marks.append(f'<circle cx="{_n(x)}%" cy="{_n(y)}" r="{_n(radius)}" class="{css}"/>')

    def text(self, x: float, y: float, words: str, css: str = "", twin: str | None = None, dx: float = 0) -> None:
        """Write a text, or on phones its twin."""
        percent, down = ("%", ' dy="4"') if self.aspect else ("", "")
        place = f'x="{_n(x)}%" y="{_n(y)}{percent}"' + (f' dx="{_n(dx)}"' if dx else "") + down
        for pixels, said in ((WIDE, words), (NARROW, words if twin is None else twin)):
            if said:
                self._texts.setdefault((place, css.strip(), said), set()).add(pixels)

    def row(self, y: float, name: str, css: str = "", after: str = "", short: str = "", room: float = 0) -> None:
        """Write a row's name over it, with what comes ``after``; on phones what is ``short``."""
        wide, narrow = (clipped(name, w - width_of(s) - room) + s for w, s in ((WIDE - 20, after), (NARROW, short)))
        self.text(0, y, wide, css, narrow)

    def label(
        self, x: float, y: float, words: str, css: str = "", dx: float = 0, twin: str = "", must: bool = False,
        both: bool = False,
    ) -> bool:  # fmt: skip
        """Write a text where it meets no other and stays inside, on phones and on wide screens; say whether it does.

        One that fits on a wide screen only is written there only, or its ``twin`` on phones; with ``both``, nowhere.
        """
        names, said, boxes = css.split(), {WIDE: words, NARROW: twin or words}, {}
        for pixels, taken in self.taken.items():
            wide = width_of(said[pixels], "b" in names)
            left = x * pixels / 100 + dx - (wide if "e" in names else wide / 2 if "m" in names else 0)
            foot = self._pixels(y, pixels) + (4 if self.aspect else 0)
            box = left - 2, foot - 12, left + wide + 2, foot + 3
            free = not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken)
            if must or (free and box[0] >= -2 and box[2] <= pixels + 2):
                boxes[pixels] = box
        if both and len(boxes) < 2:
            return False
        for pixels, box in boxes.items():
            self.taken[pixels].append(box)
        self.text(x, y, words if WIDE in boxes else "", css, said[NARROW] if NARROW in boxes else "", dx)
        return bool(boxes)

    def take(self, x: float, y: float, end: float, foot: float) -> None:
        """Keep labels off a box."""
        top, low = sorted((y, foot))
        for pixels, taken in self.taken.items():
            taken.append((x * pixels / 100, self._pixels(top, pixels), end * pixels / 100, self._pixels(low, pixels)))

    def take_along(self, points: Sequence[tuple[float, float]]) -> None:
        """Keep labels off a line."""
        for start, end in pairwise(points):
            for one, two in pairwise(np.linspace(start, end, 9)):
                self.take(*one, *two)

    def mark(self, x: float, spans: Sequence[tuple[float, float]], said: str) -> None:
        """Draw a dashed line, from top to foot of each span, and write at its head what it stands for."""
        for top, foot in spans:
            self.line("k", [(x, top), (x, foot)], 1.5, "4 3")
        self.label(x, 13, said, side(x, "h"), must=True)

    def axis(self, places: Sequence[float], words: Sequence[str], y: float, twins: Sequence[str] | None = None) -> None:
        """Write labels under an axis: the first and last, and those between that fit, at equal steps."""
        for i, css in self._kept(places, words, WIDE).items():
            self.text(places[i], y, words[i], css, "")
        for i, css in self._kept(places, twins or words, NARROW).items():
            self.text(places[i], y, "", css, (twins or words)[i])

    def _kept(self, places: Sequence[float], words: Sequence[str], pixels: int) -> dict[int, str]:
        """Return which labels of an axis are written at a width, and their classes: at an end they stay inside."""

        def anchored(i: int) -> str:
            half, x = width_of(words[i]) / 2, places[i] * pixels / 100
            return "s" if x + GUTTERS[self.gutter] < half else "s e" if pixels - x < half else "s m"

        last = len(places) - 1
        centred = anchored(0) == anchored(last) == "s m"
        room = max(map(width_of, words), default=0) * (1 if centred else 1.5) + 6
        gap = (places[1] - places[0]) * pixels / 100 if last else pixels
        step = _regular(last, max(1, math.ceil(room / gap)))
        return {i: anchored(i) for i in range(last + 1) if i == last or (i % step == 0 and (last - i >= step))}

    def svg(self, alt: str) -> str:
        paths = ""
        for (css, width, dash), parts in self._paths.items():
            stroke = f' stroke-width="{_n(width)}"' if width else ""
            stroke += f' stroke-dasharray="{dash}"' if dash else ""
            paths += f'<path class="{css}"{stroke} d="{"".join(parts)}"/>'
        size = "100%" if self.aspect else _n(self.height)
        fit = "" if self.aspect else ' preserveAspectRatio="none"'
        tall = "" if self.aspect else f' height="{size}"'
        css = f"c {self.aspect[1] if self.aspect else self.gutter}".strip()
        inner = f'<svg viewBox="0 0 100 {_n(self.height)}" width="100%" height="{size}"{fit}>{paths}</svg>'
        marks = "".join(self._marks)
        for (place, classes, said), widths in self._texts.items():
            classes += "" if len(widths) > 1 else " w" if WIDE in widths else " n"
            names = f' class="{classes.strip()}"' if classes else ""
            marks += f"<text {place}{names}>{safe(said)}</text>"
        return f'<svg class="{css}"{tall} role="img" aria-label="{safe(alt)}">{inner}{marks}</svg>'

    def _pixels(self, y: float, width: int) -> float:
        return y * width / self.aspect[0] / 100 if self.aspect else y


def _regular(intervals: int, least: int) -> int:
    """Return a step that ends on the last of so many intervals where there is one, and is as round as it may be."""
    ending = [step for step in range(least, 3 * least + 1) if step <= intervals and intervals % step == 0]
    round_ones = [step for step in (1, 2, 5, 10, 20, 50, 100) if step >= least]
    return next((step for step in round_ones if step in ending), None) or (ending or round_ones)[0]


PAPER = {  # the page's colours in print
    "ink": "#000", "soft": "#444", "line": "#bbb", "paper": "#fff", "band": "#f3f5f7", "tint": "#dcebf5",
    "accent": "#00588a", "rest": "#848c97", "warm": "#d55e00", "hot": "#8a3a00",
}  # fmt: skip
SCALE = WIDE / 100
_CHART = re.compile(r'<svg class="c ?([\w ]*)"[^>]*?(aria-label="[^"]*")[^>]*>\s*(<svg.*?</svg>)(.*?)</svg>', re.S)


def fixed(html: str) -> str:
    """Write the charts of a page for WeasyPrint, which knows no stretched parts, and no page's styles in a drawing."""
    return _CHART.sub(_chart, html)


def _chart(match: re.Match[str]) -> str:
    css, label, inner, marks = match.groups()
    size = re.search(r'viewBox="0 0 100 ([\d.]+)"', inner)
    stretched = 'preserveAspectRatio="none"' in inner
    height = float(size[1]) * (1 if stretched else SCALE) if size else 0.0
    paths = re.sub(r"^<svg[^>]*>|</svg>$", "", inner)
    if stretched:
        paths = re.sub(r"([MLh])(-?[\d.]+)", lambda m: f"{m[1]}{float(m[2]) * SCALE:.5g}", paths)
    else:
        paths = f'<g transform="scale({SCALE})" stroke-width="{1 / SCALE:.3f}">{paths}</g>'
    marks = re.sub(r'<text[^>]*class="(?:[^"]* )?n".*?</text>', "", marks)  # the twins for phones
    marks = re.sub(r'(c?x)="([-\d.]+)%"', lambda m: f'{m[1]}="{float(m[2]) * SCALE:.1f}"', marks)
    marks = re.sub(r'(c?y)="([-\d.]+)%"', lambda m: f'{m[1]}="{float(m[2]) / 100 * height:.1f}"', marks)
    left = GUTTERS.get(css, 0)
    box = f'viewBox="{-left - 2} -2 {WIDE + left + 22} {height + 4:g}" width="100%" font-family="sans-serif"'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" class="c" role="img" {label} {box} font-size="12">'
    return f"{opening}<style>{_styles()}</style>{paths}{marks}</svg>"


@cache
def _styles() -> str:
    """Return the rules of charts, less the halo, which would be drawn over the letters."""
    rules = re.findall(r"\.c (?:\.\w+|path)(?:,\.c \.\w+)*\{[^}]*\}", stylesheet().replace(".c .n{display:none}", ""))
    text = "".join(rule for rule in rules if not rule.startswith((".c .h", ".c .w")))
    text += ".c .frame{stroke-width:.3}"  # a map is scaled, its lines too
    return re.sub(r"var\(--(\w+)\)", lambda color: PAPER[color[1]], text)
