"""Make the HTML of one output fit for a page: nothing that runs or fetches, nothing that breaks out of its place.

What ``tikub_lab.show`` writes uses few elements and attributes. A quick reading finds that a piece holds nothing else,
and leaves it as it is; anything else is parsed, cleaned element by element, mended, and written out again.
"""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import PreformattedString

from tikub_lab.reports import remedies
from tikub_lab.show import french

FORBIDDEN = (
    "script", "style", "iframe", "object", "embed", "link", "base", "form", "video", "audio", "frame", "frameset",
    "meta", "applet", "noscript", "template", "input", "button", "select", "textarea", "dialog", "portal",
    "foreignobject", "animate", "animatetransform", "animatemotion", "set", "metadata", "marquee", "title",
)  # fmt: skip
"""Elements that may run, fetch, send or ask, or that are nothing without a script: taken out of every output."""

UNWRAPPED = ("html", "body", "head", "font", "center", "blink", "plaintext")
"""Elements that have no place in an output; what they hold stays."""

DROPPED = frozenset(
    {
        "srcdoc", "action", "formaction", "ping", "autofocus", "accesskey", "contenteditable", "draggable", "target",
        "bgcolor", "color", "face", "border", "cellpadding", "cellspacing", "nowrap", "srcset", "poster", "background",
    }
)  # fmt: skip
"""Attributes that send, catch the keyboard, or paint what dark mode would make unreadable."""

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""Where a link may lead."""

KEPT_STYLE = frozenset({"text-align", "vertical-align", "font-weight", "font-style", "white-space", "text-decoration"})
"""The style that an element keeps: colours and sizes are the page's, so that contrast and narrow screens work."""

_STYLE_FIRST = re.compile(r"^\s*<style>[^<]*</style>")
_DECLARATION = re.compile(r"<\?xml[^>]*>|<!DOCTYPE[^>]*>", re.I)
_TOKEN = re.compile(r"""[^<]+|<(/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+="[^"<>]*")*)\s*(/?)>""")
_ATTRIBUTE = re.compile(r'([a-zA-Z:-]+)="([^"]*)"')
_OUTSIDE = re.compile(r"\\|&|@|expression|url\((?!#)", re.I)
_PLAIN = frozenset(
    {
        "p", "b", "i", "em", "strong", "small", "span", "div", "br", "dl", "dt", "dd", "ul", "ol", "li", "figure",
        "figcaption", "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "g", "path",
        "text", "tspan", "rect", "line", "circle", "polygon", "polyline", "defs", "clipPath", "use", "a",
    }
)  # fmt: skip
_PLAIN_ATTRIBUTES = frozenset(
    {
        "class", "scope", "role", "aria-label", "d", "transform", "viewBox", "xmlns", "x", "y", "x1", "x2", "y1", "y2",
        "r", "cx", "cy", "width", "height", "points", "id", "fill", "stroke", "stroke-width", "download",
    }
)  # fmt: skip


def clean(html: str, alt: str = "") -> str:
    """Clean and mend the HTML of one output or of one Markdown cell.

    Parameters
    ----------
    html : str
    alt : str
        The alternative text of its image, where the output's metadata has one.

    Examples
    --------
    >>> clean('<p onclick="x()">Reçu<script>x()</script></p>')
    '<p>Reçu</p>'
    """
    html = _STYLE_FIRST.sub("", html, count=1)
    if is_plain(html):
        return html
    soup = BeautifulSoup(_DECLARATION.sub("", html), "html.parser")
    for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        text.extract()  # comments, declarations, processing instructions
    for tag in soup.find_all(FORBIDDEN):
        if tag.name != "title" or tag.find_parent("svg") is None:  # a drawing's title is its name
            tag.decompose()
    for tag in soup.find_all(UNWRAPPED):
        tag.unwrap()
    for tag in soup.find_all(True):
        _clean_attributes(tag)
    remedies.mend(soup, alt)
    return str(soup)


_DRAWN = re.compile(r'<svg [^>]*role="img" aria-label="[^"]')


def is_plain(html: str) -> bool:
    """Whether HTML is as ``tikub_lab.show`` writes it.

    It is balanced, has only these elements and attributes, and its tables and drawings are titled and described.

    Examples
    --------
    >>> is_plain('<p class="lead">Un <b>mot</b></p>'), is_plain("<p>Un <b>mot</p>"), is_plain("<p><img></p>")
    (True, False, False)
    """
    if not _is_described(html):
        return False
    place = 0
    opened: list[str] = []
    for match in _TOKEN.finditer(html):
        if match.start() != place:
            return False
        place = match.end()
        end, name, attributes, empty = match.groups()
        if name is None:
            continue
        if name not in _PLAIN or (attributes and not all(map(_is_plain_attribute, _ATTRIBUTE.findall(attributes)))):
            return False
        if end:
            if not opened or opened.pop() != name:
                return False
        elif not empty and name != "br":
            opened.append(name)
    return place == len(html) and not opened


def _is_described(html: str) -> bool:
    headers = html.count("<th") - html.count("<thead")
    return (
        html.count("<table") == html.count("<table><caption>")
        and headers == html.count('<th scope="')
        and html.count("<svg") == len(_DRAWN.findall(html))
    )


def _is_plain_attribute(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    if name in {"style", "clip-path"}:
        return not _OUTSIDE.search(value)
    if name == "href":  # a file beside the page
        return re.fullmatch(r"[\w.-]+", value) is not None
    if name == "xlink:href":
        return value.startswith("#")
    return name in _PLAIN_ATTRIBUTES or (name == "tabindex" and value == "0")


def _clean_attributes(tag: Tag) -> None:
    drawn = tag.name == "svg" or tag.find_parent("svg") is not None
    for name in list(tag.attrs):
        value = str(tag.attrs[name])
        if name == "style":
            kept = value if drawn else _kept_style(value)
            if not kept or _OUTSIDE.search(re.sub(r"\s", "", kept)):
                del tag.attrs[name]
            else:
                tag.attrs[name] = kept
        elif name in DROPPED or _reaches_out(tag.name, name, re.sub(r"[\s\x00-\x1f]", "", value).lower()):
            del tag.attrs[name]
    if str(tag.get("tabindex", "0")) not in {"0", "-1"}:
        del tag.attrs["tabindex"]
    if tag.get("id") == "contenu":  # the page's own
        del tag.attrs["id"]


def _kept_style(style: str) -> str:
    rules = [rule.strip() for rule in style.split(";")]
    return ";".join(rule for rule in rules if rule.split(":")[0].strip().lower() in KEPT_STYLE)


def _reaches_out(element: str, name: str, value: str) -> bool:
    """Whether an attribute would run code or fetch something; links, which wait for the reader, may lead out."""
    if name.startswith("on") or value.startswith(("javascript:", "vbscript:")):
        return True
    if name in {"src", "data"}:
        return not value.startswith("data:image/")
    if name.endswith("href"):
        if element == "a":
            scheme = re.match(r"([a-z][a-z0-9+.-]*):", value)
            return scheme is not None and scheme[1] not in SCHEMES
        return not value.startswith(("#", "data:image/") if element == "image" else "#")
    return "url(" in value.replace("url(#", "")


_RUN = re.compile(r"<(pre|code|svg|style|title)\b.*?</\1>|<[^>]*>|[^<]+", re.S)


def typeset(html: str) -> str:
    """Put French no-break spaces in the words of a page, not in its code, drawings and tags.

    Examples
    --------
    >>> typeset('<p title="a : b">12 % : oui</p><code>a : b</code>').replace("\u202f", "_").replace("\u00a0", "~")
    '<p title="a : b">12_%~: oui</p><code>a : b</code>'
    """
    return _RUN.sub(lambda match: match[0] if match[0][0] == "<" else french.typeset(match[0]), html)


def order_headings(html: str) -> str:
    """One ``<h1>``, the first, and no level skipped on the way down (RGAA 9.1).

    Examples
    --------
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
