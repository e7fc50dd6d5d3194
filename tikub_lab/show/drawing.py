"""One drawing for all widths: x in percent, y in pixels, text as text, shapes in one stretched part."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from tikub_lab.show.output import safe
from tikub_lab.show.words import short

NARROW, WIDE = 320, 620
"""Pixels of a chart on a phone and beside a text: labels that meet at a width are left out there."""


def width_of(words: str, bold: bool = False) -> float:
    """Estimate the pixels of a text at 12 px (13 bold): a little more than system fonts need."""
    narrow = sum(sign in " .,;:'’|ijlftrI()\u202f\u00a0" for sign in words)
    return (len(words) * 6.9 - narrow * 3.0) * (1.15 if bold else 1.0)


def steps(low: float, high: float, count: int = 4) -> list[float]:
    """Return round values from below ``low`` to above ``high``, about ``count`` steps apart.

    Examples
    --------
    >>> steps(0, 287), steps(-2, 7), steps(0, 0.5)
    ([0.0, 100.0, 200.0, 300.0], [-2.5, 0.0, 2.5, 5.0, 7.5], [0.0, 0.2, 0.4, 0.6])
    """
    span = (high - low) or abs(high) or 1.0
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(digit for digit in (1, 2, 2.5, 5, 10) if digit * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, max(last, first + 1) + 1)]


def scale(low: float, high: float, start: float, end: float) -> Callable[[Any], Any]:
    """Return what leads from values to places between ``start`` and ``end``."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _n(value: float) -> str:
    return "0" if abs(value) < 0.005 else f"{value:.2f}".rstrip("0").rstrip(".")


class Drawing:
    """A drawing of a height in pixels; ``gutter`` is the room on the left for the labels of a value axis.

    A map keeps its proportions: ``aspect`` is its width by its height and the class of ``show.css`` that says so, and y
    is in percent too. The classes are those of ``show.css``: areas ``a`` accent, ``r`` rest, ``o`` in excess, ``t``
    tint, ``bd`` band;
    lines ``g`` grid, ``k`` ink, ``la`` accent, ``lr`` rest, ``lo`` in excess; text ``s`` soft, ``b`` bold, ``ot`` in
    excess, ``h`` with a halo; ``m`` and ``e`` anchor it at its middle and end.
    """

    def __init__(self, height: float, gutter: str = "", aspect: tuple[float, str] | None = None):
        self.height = height
        self.aspect = aspect
        self.gutter = gutter
        self._paths: dict[tuple[str, float, str], list[str]] = {}
        self._marks: list[str] = []
        self._texts: list[str] = []
        self.taken: dict[int, list[tuple[float, float, float, float]]] = {NARROW: [], WIDE: []}

    def rect(self, css: str, x: float, y: float, width: float, height: float) -> None:
        """Fill a rectangle."""
        if width > 0 and height > 0:
            self.path(css, f"M{_n(x)} {_n(y)}h{_n(width)}v{_n(height)}h{_n(-width)}z")

    def line(self, css: str, points: Sequence[tuple[float, float]], width: float = 0, dash: str = "") -> None:
        """Draw a line through points."""
        self.path(css, "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points), width, dash)

    def path(self, css: str, d: str, width: float = 0, dash: str = "") -> None:
        """Add to the one path of a class."""
        self._paths.setdefault((css, width, dash), []).append(d)

    def dot(self, css: str, x: float, y: float, radius: float = 4) -> None:
        """Draw a circle, which no width stretches."""
        self._marks.append(f'<circle cx="{_n(x)}%" cy="{_n(y)}{self._percent}" r="{_n(radius)}" class="{css}"/>')

    def take(self, x: float, y: float, width: float, height: float, dx: float = 0) -> None:
        """Keep labels off a place: x, width in percent, moved by ``dx`` pixels; y, height in pixels."""
        for pixels, taken in self.taken.items():
            taken.append((x * pixels / 100 + dx, y, (x + width) * pixels / 100 + dx, y + height))

    def text(self, x: float, y: float, words: str, css: str = "", twin: str | None = None, dx: float = 0) -> None:
        """Write a text; ``twin`` is a shorter one for phones."""
        shift = (f' dx="{_n(dx)}"' if dx else "") + (' dy="4"' if self.aspect else "")
        versions = [(words, css)] if twin in (None, words) else [(words, f"{css} w"), (twin or "", f"{css} n")]
        for said, classes in versions:
            if said:
                names = f' class="{classes.strip()}"' if classes.strip() else ""
                self._texts.append(f'<text x="{_n(x)}%" y="{_n(y)}{self._percent}"{shift}{names}>{safe(said)}</text>')

    def label(
        self, x: float, y: float, words: str, css: str = "", dx: float = 0, twin: str = "", must: bool = False,
        both: bool = False,
    ) -> bool:  # fmt: skip
        """Write a text where it meets no other and stays inside, on phones and on wide screens; say whether it does.

        One that fits on a wide screen only is written there only, or its ``twin`` on phones; with ``both``, nowhere.
        """
        fits, boxes = {}, {}
        for pixels in self.taken:
            said = twin if twin and pixels == NARROW else words
            box = self._box(x, y, said, css, dx, pixels)
            free = not any(_meet(box, other) for other in self.taken[pixels])
            fits[pixels] = must or (free and box[0] >= -2 and box[2] <= pixels + 2)
            boxes[pixels] = box
        if both and not all(fits.values()):
            return False
        for pixels, box in boxes.items():
            if fits[pixels]:
                self.taken[pixels].append(box)
        if fits[WIDE] and fits[NARROW]:
            self.text(x, y, words, css, twin or None, dx)
        elif fits[WIDE]:
            self.text(x, y, words, f"{css} w", None, dx)
        elif fits[NARROW]:
            self.text(x, y, twin or words, f"{css} n", None, dx)
        return fits[WIDE] or fits[NARROW]

    def _box(
        self, x: float, y: float, words: str, css: str, dx: float, pixels: int
    ) -> tuple[float, float, float, float]:
        names = css.split()
        wide = width_of(words, "b" in names)
        y = y * pixels / self.aspect[0] / 100 + 4 if self.aspect else y
        left = x * pixels / 100 + dx - (wide if "e" in names else wide / 2 if "m" in names else 0)
        return left - 2, y - 12, left + wide + 2, y + 3

    def axis(self, places: Sequence[float], words: Sequence[str], y: float, twins: Sequence[str] | None = None) -> None:
        """Write labels under an axis: the first and last, and those between that fit, at equal steps.

        One that would stand out of the drawing begins, or ends, at its place.
        """
        twins = twins or words
        spare = {"": 0, "y": 32, "y yy": 52}[self.gutter]

        def anchor(place: float, word: str) -> str:
            half, x = width_of(word) / 2, place * NARROW / 100
            return "s" if x + spare < half else "s e" if NARROW - x < half else "s m"

        chosen = {}
        for pixels, said in ((WIDE, words), (NARROW, twins)):
            moved = any(anchor(place, said[i]) != "s m" for i, place in ((0, places[0]), (-1, places[-1])))
            room = max(map(width_of, said), default=0) * (1.5 if moved else 1) + 6
            gap = (places[1] - places[0]) * pixels / 100 if len(places) > 1 else pixels
            step = _regular(len(places) - 1, max(1, math.ceil(room / gap)))
            kept = {*range(0, len(places), step)}
            if len(places) > 1 and (len(places) - 1) % step:
                kept = {i for i in kept if len(places) - 1 - i >= step} | {len(places) - 1}
            chosen[pixels] = kept
        for i, (place, word, twin) in enumerate(zip(places, words, twins, strict=True)):
            wide, narrow = i in chosen[WIDE], i in chosen[NARROW]
            if wide:
                self.text(place, y, word, anchor(place, word) + " w" * (not narrow or word != twin))
            if narrow and not (wide and word == twin):
                self.text(place, y, twin, f"{anchor(place, twin)} n")

    def value_axis(self, values: Sequence[float], at: Callable[[float], float], write: Callable[[float], str]) -> None:
        """Draw a hairline and write its value at each step; the line at zero is of ink."""
        for value in values:
            self.line("k" if value == 0 else "g", [(0, at(value)), (100, at(value))])
            self.text(0, at(value) + 4, write(value), "e s", dx=-6)
        widest = max((width_of(write(value)) for value in values), default=0)
        self.gutter = "y" if widest <= 22 else "y yy"

    def svg(self, alt: str) -> str:
        """Return the drawing."""
        paths = "".join(
            f'<path class="{css}"'
            + (f' stroke-width="{_n(width)}"' if width else "")
            + (f' stroke-dasharray="{dash}"' if dash else "")
            + f' d="{"".join(parts)}"/>'
            for (css, width, dash), parts in self._paths.items()
        )
        size = "100%" if self.aspect else _n(self.height)
        fit = "" if self.aspect else ' preserveAspectRatio="none"'
        inner = f'<svg viewBox="0 0 100 {_n(self.height)}" width="100%" height="{size}"{fit}>{paths}</svg>'
        css = f"c {self.aspect[1] if self.aspect else self.gutter}".strip()
        marks = "".join(self._marks) + "".join(self._texts)
        tall = "" if self.aspect else f' height="{size}"'
        return f'<svg class="{css}"{tall} role="img" aria-label="{safe(alt)}">{inner}{marks}</svg>'

    @property
    def _percent(self) -> str:
        return "%" if self.aspect else ""


def _regular(intervals: int, least: int) -> int:
    """Return a step that ends on the last of so many intervals where there is one, and is as round as it may be."""
    ending = [step for step in range(least, 3 * least + 1) if step <= intervals and intervals % step == 0]
    round_ones = [step for step in (1, 2, 5, 10, 20, 50, 100) if step >= least]
    return next((step for step in round_ones if step in ending), None) or (ending or round_ones)[0]


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def clipped(words: str, pixels: float) -> str:
    """Cut a text to what a width holds."""
    text = str(words)
    longest = len(text)
    while longest > 4 and width_of(short(text, longest)) > pixels:
        longest -= 1
    return short(text, longest)
