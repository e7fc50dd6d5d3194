"""Make the HTML of one output fit for a page: nothing runs, fetches or breaks out of its place.

nh3 (ammonia) reads it as a browser does and keeps what ``allowed.toml`` lists; what it writes is well formed, so that
Python's own XML parser can read it again, to mend it (:mod:`tikub_lab.reports.remedies`).
"""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Set
from functools import cache
from html import escape, unescape
from itertools import accumulate
from typing import Any
from xml.etree import ElementTree

from tikub_lab.reports import remedies
from tikub_lab.reports.files import shipped
from tikub_lab.show import french

_LISTS = tomllib.loads(shipped("allowed.toml"))
TEXT, DRAWN, BLOCKS, SILENT, STYLE, PAINT, SHAPE = (
    frozenset(_LISTS[name].split()) for name in ("text", "drawn", "blocks", "silent", "style", "paint", "shape")
)

DEEPEST, MANY = 200, 2000
"""Elements in one another, references, attributes: HTML is read in the square of them."""

_XLINK = "http://www.w3.org/1999/xlink"
_TAG = re.compile(r"<(/?)(?!(?:br|hr|img|col|wbr|input|meta|link|p|li|d[td]|t[rdh]|option)\b)[a-z][^<>]*?(/?)>", re.I)
_RUNS = re.compile(r"<?[^<>]++>?")
_EMPTY = re.compile(r"<((?:br|hr|img|col|wbr)\b[^<>]*)>")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_STYLE_TAG = re.compile(r"(?<=<)(/?)(style|metadata)\b", re.I)
# What a style may say: words, colours and variables, and things of the same drawing.
_VALUE = re.compile(
    r"""(?:(?:rgba?|hsla?|var|calc)\([^()\\;{}<>@&*]*\)|url\(\s*["']?#[\w.-]+["']?\s*\)|[^()\\;{}<>@&*])*+""", re.I
)
_RULE = re.compile(r"([\w\s.,#*>+~-]+)\{([^{}]*)\}")
_LINKS = {"a": "(?!data:|attachment:)", "img": "data:image/|attachment:", "image": "#|data:image/"}

ElementTree.register_namespace("xlink", _XLINK)


@cache
def _cleaner() -> Any:
    import nh3

    own = {element: set(names.split()) for element, names in _LISTS["attributes"].items()}
    return nh3.Cleaner(
        tags=set(TEXT | DRAWN | BLOCKS),
        clean_content_tags=set(SILENT),
        attributes={element: set(SHAPE | PAINT) for element in DRAWN} | own,
        attribute_filter=_kept,
        url_schemes={"http", "https", "mailto", "tel", "data", "attachment"},
        link_rel=None,
    )


def _kept(element: str, name: str, value: str) -> str | None:
    if name == "style":
        return style(value, PAINT if element in DRAWN else STYLE) or None
    if name == "id" and element in {"table", "th", "td"}:  # pandas draws them by lot
        return None
    if name in {"href", "xlink:href", "src"}:
        refused = not re.match(_LINKS.get(element, "#"), "".join(value.split()), re.I)
    elif name in PAINT:
        refused = not _VALUE.fullmatch(value)
    elif name == "tabindex":  # the keyboard follows the page's order
        refused = value not in {"0", "-1"}
    else:  # the place and the link that are the page's own
        refused = (name == "id" and value == "contenu") or (name == "class" and "skip" in value.split())
    return None if refused else value


def style(text: str, allowed: Set[str]) -> str:
    """Keep of CSS declarations those of some properties, with values that reach nothing outside.

    >>> style("fill: url(#a); stroke:url(//x); position:fixed", PAINT)
    'fill: url(#a)'
    """
    rules = (rule.strip() for rule in text.split(";"))
    return ";".join(rule for rule in rules if rule.split(":")[0].strip().lower() in allowed and _VALUE.fullmatch(rule))


def sheet(text: str) -> tuple[str, str]:
    """Return a class, and the CSS of a drawing with each rule kept to what stands in that class.

    >>> sheet("@import url(x); .a, * {fill:red; position:fixed} b{}")
    ('dffd2d', '.dffd2d .a,.dffd2d *{fill:red}')
    """
    name = "d" + hashlib.sha256(text.encode()).hexdigest()[:5]
    made = []
    for selectors, rules in _RULE.findall(re.sub(r"/\*.*?\*/", "", text, flags=re.S)):
        if kept := style(rules, PAINT):
            made.append(",".join(f".{name} {item.strip()}" for item in selectors.split(",")) + f"{{{kept}}}")
    return name, "".join(made)


def _split(match: re.Match[str]) -> str:
    """Part a text of many references, drop a tag of many."""
    parts = match[0].split("&")
    if len(parts) + match[0].count("=") < MANY:
        return match[0]
    chunks = ("&".join(parts[start : start + MANY]) for start in range(0, len(parts), MANY))
    return "" if match[0][0] == "<" else "<!---->&".join(chunks)


def clean(html: str, alt: str = "", attachments: Any = None) -> str:
    """Clean and mend the HTML of one output or of one Markdown cell.

    ``alt`` is the alternative text that came with an output's image, ``attachments`` what a cell's images may be.

    >>> clean('<p onclick="x()">Reçu<script>x()</script></p>')
    '<p>Reçu</p>'
    """
    depths = accumulate(0 if empty else -1 if end else 1 for end, empty in _TAG.findall(html))
    if max(depths, default=0) > DEEPEST:
        return f"<p>{escape(re.sub(r'<[^<>]*>', ' ', html))}</p>"
    if html.count("&") + html.count("=") >= MANY:
        html = _RUNS.sub(_split, html)
    html = _STYLE_TAG.sub(lambda match: match[1] + ("metadata" if match[2].lower() == "style" else "x-data"), html)
    html = _EMPTY.sub(r"<\1/>", _ILLEGAL.sub("", _cleaner().clean(html)).replace("&nbsp;", "\u00a0"))
    root = ElementTree.fromstring(f'<div xmlns:xlink="{_XLINK}">{html}</div>')
    remedies.mend(root, alt, attachments or {}, BLOCKS)
    for drawing in root.iter("svg"):
        for css in drawing.iter("metadata"):
            css.tag, (name, css.text) = "style", sheet(remedies.words(css))
            drawing.set("class", f"{drawing.get('class', '')} {name}".strip())
    return ElementTree.tostring(root, "unicode", "html").split(">", 1)[1].removesuffix("</div>")


_PART = re.compile(r"<details\b.*?</details>|<h2\b([^>]*)>(.*?)</h2>", re.S)  # folded parts are none
_RUN = re.compile(r"<(pre|code|svg|style|title)\b.*?</\1>|<[^>]*>|[^<]+", re.S)


def typeset(html: str) -> str:
    """Put French no-break spaces in the words of a page, not in its code, drawings and tags.

    >>> typeset('<p title="a : b">12 % : oui</p><code>a : b</code>').replace("\u202f", "_").replace("\u00a0", "~")
    '<p title="a : b">12_%~: oui</p><code>a : b</code>'
    """
    return _RUN.sub(
        lambda match: match[0] if match[0][0] == "<" else french.typeset(match[0].replace("&#39;", "'")), html
    )


def order_headings(html: str) -> str:
    """One ``<h1>``, the first, and no level skipped on the way down (RGAA 9.1).

    >>> order_headings("<h1>A</h1><h1>B</h1><h4>C</h4>")
    '<h1>A</h1><h2>B</h2><h3>C</h3>'
    """
    level = 0

    def ordered(match: re.Match[str]) -> str:
        nonlocal level
        if not match[1]:
            level = min(max(2, int(match[2])) if level else 1, level + 1)
        return f"<{match[1]}h{level}"

    return re.sub(r"<(/?)h([1-6])(?=[\s>])", ordered, html)


def slug(text: str) -> str:
    """Return a word for an address or a name within a page.

    >>> slug("Côtes-d'Armor : où agir")
    'cotes-d-armor-ou-agir'
    """
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-") or "partie"


def plain(text: str) -> str:
    """Return a text without accents and capitals, as it is sorted and compared."""
    return unicodedata.normalize("NFKD", text.replace("’", "'")).encode("ascii", "ignore").decode().casefold()


def contents(html: str, least: int) -> str:
    """Give the parts of a page names, and where there are enough say before the first which they are.

    >>> contents("<h2>Où agir</h2><h2>Et après</h2>", 2)[:80]
    '<nav class="toc" aria-label="Sur cette page"><a href="#ou-agir">Où agir</a><a hr'
    """
    parts: dict[str, str] = {}
    taken = {"contenu"}

    def named(match: re.Match[str]) -> str:
        if not match[0].startswith("<h2"):
            return match[0]
        words = re.sub(r"<[^>]*>", "", match[2]).strip()
        own = re.search(r'\bid="([^"]*)"', match[1])
        name = base = own[1] if own else slug(unescape(words))[:40]
        while name in taken:
            name = f"{base}-{len(taken)}"
        taken.add(name)
        parts[name] = words
        return match[0] if own else f'<h2 id="{name}"{match[1]}>{match[2]}</h2>'

    made = _PART.sub(named, html)
    if len(parts) < least:
        return made
    links = "".join(f'<a href="#{name}">{words}</a>' for name, words in parts.items())
    first = next(match.start() for match in _PART.finditer(made) if match[0].startswith("<h2"))
    return f'{made[:first]}<nav class="toc" aria-label="Sur cette page">{links}</nav>{made[first:]}'
