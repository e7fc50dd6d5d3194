"""Charts of one width, for print without a browser: WeasyPrint knows neither classes nor stretched parts in SVG."""

import re
from functools import cache

from tikub_lab.show.drawing import WIDE
from tikub_lab.show.output import stylesheet

PAPER = {
    "ink": "#000", "soft": "#444", "line": "#bbb", "paper": "#fff", "band": "#f3f5f7", "tint": "#dcebf5",
    "accent": "#00588a", "rest": "#848c97", "warm": "#d55e00", "hot": "#8a3a00",
}  # fmt: skip
"""The page's colours in print."""
SCALE = WIDE / 100
_CHART = re.compile(r'<svg class="(c(?: \w+)*)"[^>]*?(aria-label="[^"]*")[^>]*>\s*(<svg.*?</svg>)(.*?)</svg>', re.S)


def fixed(html: str) -> str:
    """Write the charts of a page with fixed widths, and their styles as attributes."""
    return _CHART.sub(_chart, html)


def _chart(match: re.Match[str]) -> str:
    css, label, inner, marks = match.groups()
    size = re.search(r'viewBox="0 0 100 ([\d.]+)"', inner)
    stretched = 'preserveAspectRatio="none"' in inner
    height = float(size[1]) * (1 if stretched else SCALE) if size else 0.0
    paths = re.sub(r"^<svg[^>]*>|</svg>$", "", inner)
    paths = re.sub(r' d="([^"]*)"', lambda d: f' d="{_wider(d[1])}"', paths) if stretched else paths
    group = paths if stretched else f'<g transform="scale({SCALE})" stroke-width="{1 / SCALE:.3f}">{paths}</g>'
    left = 32 * css.split().count("y") + 20 * css.split().count("yy")
    marks = re.sub(r'<text[^>]*class="(?:[^"]* )?n".*?</text>', "", marks)  # the twins for phones
    box = f'viewBox="{-left - 2} -2 {WIDE + left + 22} {height + 4:g}"'
    style = 'role="img" font-family="sans-serif" font-size="12"'
    marks = re.sub(r'(c?x)="([-\d.]+)%"', lambda m: f'{m[1]}="{float(m[2]) * SCALE:.1f}"', marks)
    marks = re.sub(r'(c?y)="([-\d.]+)%"', lambda m: f'{m[1]}="{float(m[2]) / 100 * height:.1f}"', marks)
    drawn = re.sub(r'class="([\w ]*)"', lambda names: _attributes(names[1]), group + marks)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} width="100%" {style} {label}>{drawn}</svg>'


def _wider(path: str) -> str:
    def scaled(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]) * SCALE:.5g}"

    return re.sub(r"([MLh])(-?[\d.]+)", scaled, path)


@cache
def _rules() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, rules in re.findall(r"(?:(?<=[\s},]))\.c \.(\w+)(?=[{,])[^{}]*\{([^}]*)\}", stylesheet()):
        said = re.sub(r"var\(--(\w+)\)", lambda color: PAPER[color[1]], rules)
        pairs = (rule.split(":", 1) for rule in said.split(";") if ":" in rule)
        found[name] = f"{found.get(name, '')} " + " ".join(f'{key}="{value}"' for key, value in pairs)
    return found


def _attributes(names: str) -> str:
    known = " ".join(_rules().get(name, "") for name in names.split() if name not in ("h", "w"))
    known += ' fill="none"' if "stroke=" in known and "fill=" not in known else ""
    chosen = {pair.split("=")[0]: pair for pair in re.findall(r'[\w-]+="[^"]*"', known)}  # the last one counts
    return " ".join(chosen.values())
