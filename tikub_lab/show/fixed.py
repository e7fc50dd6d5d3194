"""Charts of one width, for WeasyPrint, which knows neither stretched parts nor a page's styles in a drawing."""

import re
from functools import cache

from tikub_lab.show.drawing import GUTTERS, WIDE
from tikub_lab.show.output import stylesheet

PAPER = {
    "ink": "#000", "soft": "#444", "line": "#bbb", "paper": "#fff", "band": "#f3f5f7", "tint": "#dcebf5",
    "accent": "#00588a", "rest": "#848c97", "warm": "#d55e00", "hot": "#8a3a00",
}  # fmt: skip
"""The page's colours in print."""
SCALE = WIDE / 100
_CHART = re.compile(r'<svg class="c ?([\w ]*)"[^>]*?(aria-label="[^"]*")[^>]*>\s*(<svg.*?</svg>)(.*?)</svg>', re.S)


def fixed(html: str) -> str:
    """Write the charts of a page with fixed widths, each with its styles."""
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
    for axis, unit in (("x", SCALE), ("y", height / 100)):
        marks = re.sub(rf'(c?{axis})="([-\d.]+)%"', lambda m, unit=unit: f'{m[1]}="{float(m[2]) * unit:.1f}"', marks)
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
