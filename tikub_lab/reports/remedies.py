"""Mend what other libraries write: tables without headers' scope or caption, images without description, landmarks."""

import re
from collections import Counter
from itertools import count

from bs4 import BeautifulSoup, Tag

from tikub_lab.reports import images
from tikub_lab.show import french

UNTITLED = "Tableau"
"""Caption of a table that has none; a page numbers them."""

UNDESCRIBED = "Image sans description"
"""Alternative text of an image whose author gave none: true, and no pretence of a description."""

UNDESCRIBED_SEEN = "L'auteur de cette image ne l'a pas décrite."
"""What stands under such an image, for all to see."""

ICON = 64
"""Pixels: a drawing smaller than this, without a name, is decoration."""

_PLACEHOLDERS = frozenset(
    {"", "image", "png", "figure", "graphique", "no description has been provided for this image"}
)
"""Alternatives that say nothing; the last is what nbconvert writes where there is none."""

_NUMBER = re.compile(r"[-−+]?\d[\d\s.,]*(\s?%|\s?(k|M|Md)?€)?|NaN|nan|NaT|<NA>|None")


def mend(soup: BeautifulSoup, alt: str = "") -> None:
    """Mend the tree of one output.

    Parameters
    ----------
    soup : BeautifulSoup
        Cleaned already.
    alt : str
        The alternative text that came with the output, for its first image.
    """
    for tag in soup.find_all(["main", "header", "footer", "nav", "aside"]):
        tag.name = "div"  # the page has these once
    for table in soup.find_all("table"):
        if table.get("role") not in {"presentation", "none"}:
            _mend_table(soup, table)
    for tag in soup.find_all(["img", "svg"]):
        if tag.find_parent("svg") is None:
            _mend_image(soup, tag, alt)
            alt = ""
    for heading in soup.find_all(re.compile("^h[1-6]$")):
        if not heading.get_text(strip=True):
            heading.unwrap()


def _mend_table(soup: BeautifulSoup, table: Tag) -> None:
    for name in ("width", "height", "summary"):
        table.attrs.pop(name, None)
    _complete(soup, table)
    _mend_headers(table)
    _align_numbers(table)
    caption = table.find("caption", recursive=False)
    if caption is None or not caption.get_text(strip=True):
        caption = caption or soup.new_tag("caption")
        caption.string = str(table.attrs.pop("aria-label", "")) or UNTITLED
        if caption.string == UNTITLED:
            caption["class"] = "untitled"
    table.insert(0, caption.extract())
    if table.find_parent("table") is None and table.find_parent(class_="scroll") is None:
        attributes = {"tabindex": "0", "role": "region", "aria-label": caption.get_text(" ", strip=True)}
        table.wrap(soup.new_tag("div", attrs={"class": "tk scroll", **attributes}))


def _complete(soup: BeautifulSoup, table: Tag) -> None:
    """Put rows into a body, as a browser would, so that elements are counted right."""
    loose = table.find_all("tr", recursive=False)
    if loose:
        body = soup.new_tag("tbody")
        loose[0].insert_before(body)
        for row in loose:
            body.append(row.extract())


def _mend_headers(table: Tag) -> None:
    """Say which cells each header is for (WCAG H63); an empty header is a cell like another."""
    rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
    has_head = table.find("thead", recursive=False) is not None
    for number, row in enumerate(rows):
        cells = row.find_all(["th", "td"], recursive=False)
        is_head = row.parent is not None and row.parent.name == "thead"
        is_head = is_head or (not has_head and number == 0 and all(cell.name == "th" for cell in cells))
        for cell in cells:
            if cell.name == "th" and not cell.get_text(strip=True) and cell.find(["img", "svg"]) is None:
                cell.name = "td"
                cell.attrs.pop("scope", None)
            elif cell.name == "th" and cell.get("scope") not in {"col", "row", "colgroup", "rowgroup"}:
                span = cell.get("colspan" if is_head else "rowspan", "1")
                cell["scope"] = ("col" if is_head else "row") + ("group" if str(span) != "1" else "")


def _align_numbers(table: Tag) -> None:
    """Set numbers to the right, under their headings where a table has one row of these."""
    body, head = table.find("tbody"), table.find("thead")
    rows = body.find_all("tr") if body else []
    for row in rows:
        for cell in row.find_all("td", recursive=False):
            if _NUMBER.fullmatch(cell.get_text(strip=True)):
                cell["class"] = "n"
    titles = head.find_all("tr") if head else []
    for title, cell in zip(
        titles[-1].find_all(["th", "td"]) if titles else [],
        rows[0].find_all(["th", "td"]) if rows else [],
        strict=False,
    ):
        if cell.get("class") == "n":
            title["class"] = "n"


def _mend_image(soup: BeautifulSoup, tag: Tag, alt: str) -> None:
    if tag.name == "img":
        if not tag.get("src"):
            _absent(soup, tag)
            return
        images.fit(tag)
    decoration = tag.get("role") in {"presentation", "none"} or tag.get("aria-hidden") == "true"
    if decoration or (tag.name == "svg" and _is_icon(tag)):
        tag.attrs.update({"alt": ""} if tag.name == "img" else {"aria-hidden": "true"})
        return
    said = (alt or _said(tag)).strip()
    if said.lower() in _PLACEHOLDERS:
        said = UNDESCRIBED
        tag.insert_after(soup.new_tag("small", attrs={"class": "undescribed"}, string=UNDESCRIBED_SEEN))
    if tag.name == "img":
        tag["alt"] = said
    else:
        tag["role"], tag["aria-label"] = "img", said
        for name in ("width", "height"):
            if tag.get("viewbox"):  # its own size would break narrow screens; the style gives it one
                tag.attrs.pop(name, None)


def _said(tag: Tag) -> str:
    if tag.name == "img":
        return str(tag.get("alt") or tag.get("aria-label") or tag.get("title") or "")
    title = tag.find("title", recursive=False)
    return str(tag.get("aria-label") or (title.get_text() if title else ""))


def _is_icon(tag: Tag) -> bool:
    size = re.match(r"[\d.]+", str(tag.get("width", "")))
    return size is not None and float(size[0]) < ICON and not _said(tag)


def _absent(soup: BeautifulSoup, tag: Tag) -> None:
    """Stand words in for an image that a page would have to fetch."""
    words = _said(tag).strip()
    text = f"Image non reprise : {words}" if words else "Image non reprise"
    tag.replace_with(soup.new_tag("small", attrs={"class": "absent"}, string=text))


def number_tables(html: str) -> str:
    """Give a number to each table of a page without caption, and tell apart the regions of the same name.

    Examples
    --------
    >>> number_tables('<caption class="untitled">Tableau</caption> <caption class="untitled">Tableau</caption>')
    '<caption class="untitled">Tableau 1</caption> <caption class="untitled">Tableau 2</caption>'
    """
    numbers, seen = count(1), Counter[str]()

    def numbered(match: re.Match[str]) -> str:
        return re.sub(rf'(?<=[">]){UNTITLED}(?=["<])', f"{UNTITLED} {next(numbers)}", match[0])

    def told_apart(match: re.Match[str]) -> str:
        seen[match[1]] += 1
        again = f" ({seen[match[1]]})" if seen[match[1]] > 1 else ""
        return f'role="region" aria-label="{match[1]}{again}"'

    untitled = rf'(?:aria-label="{UNTITLED}"[^>]*><table[^>]*>)?<caption class="untitled">{UNTITLED}</caption>'
    return re.sub(r'role="region" aria-label="([^"]*)"', told_apart, re.sub(untitled, numbered, html))


def defects(html: str) -> list[str]:
    """Say what a page lacks that only its notebook can give; nothing for a page as it should be.

    Examples
    --------
    >>> defects('<img alt="Image sans description"><small class="undescribed">…</small>')
    ['1 image sans description']
    """
    found = []
    if pictures := html.count('class="undescribed"'):
        found.append(french.plural(pictures, "image sans description", "images sans description"))
    if absent := html.count('class="absent"'):
        found.append(french.plural(absent, "image non reprise", "images non reprises"))
    if tables := html.count('<caption class="untitled">'):
        found.append(french.plural(tables, "tableau sans titre", "tableaux sans titre"))
    return found
