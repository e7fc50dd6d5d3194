"""Mend what other libraries write: tables without scope or caption, images without description."""

import re
from collections import Counter
from collections.abc import Mapping, Set
from itertools import count
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from tikub_lab.reports import images
from tikub_lab.show import french
from tikub_lab.show.pieces import MAX_ROWS

UNTITLED = "Tableau"  # caption of a table that has none; a page numbers them

UNDESCRIBED, UNDESCRIBED_SEEN = "Image sans description", "L'auteur de cette image ne l'a pas décrite."
"""Alternative text of an image whose author gave none, and what stands under it."""

ICON = 64  # pixels: a drawing smaller than this, without a name, is decoration

_PLACEHOLDERS = {"", "image", "png", "figure", "graphique", "no description has been provided for this image"}
"""Alternatives that say nothing; the last is what nbconvert writes where there is none."""

XLINK_HREF = "{http://www.w3.org/1999/xlink}href"

_NUMBER = re.compile(r"[-−+]?\d[\d\s.,]*(\s?%|\s?(k|M|Md)?€)?|NaN|nan|NaT|<NA>|None")


def mend(root: Element, alt: str, attachments: Mapping[str, Any], blocks: Set[str]) -> None:
    """Mend the tree of one output, cleaned already; elements that are ``blocks`` become divisions."""
    alts = iter([alt])

    def walk(parent: Element, inside: bool) -> None:
        kept: list[Element] = []
        for child in parent:
            tail, child.tail = child.tail or "", None
            kept += mended(child, parent, inside)
            if kept:
                kept[-1].tail = (kept[-1].tail or "") + tail
            else:
                parent.text = (parent.text or "") + tail
        parent[:] = kept

    def mended(child: Element, parent: Element, inside: bool) -> list[Element]:
        if child.tag in blocks or (re.fullmatch("h[1-6]", child.tag) and not words(child)):
            child.tag = "div"
        if child.tag == "title":  # that of a drawing is its name
            return []
        if child.tag == "svg":
            return _drawing(child, next(alts, ""), "scroll" in parent.get("class", "").split())
        if child.tag == "img":
            return _image(child, next(alts, ""), attachments)
        is_table = child.tag == "table" and child.get("role") not in {"presentation", "none"}
        walk(child, inside or is_table)
        return [_table(child, inside, "scroll" in parent.get("class", "").split()) if is_table else child]

    walk(root, False)


def words(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _made(tag: str, text: str = "", *inside: Element, **attributes: str) -> Element:
    element = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    element.text = text
    element.extend(inside)
    return element


def _table(table: Element, inside: bool, scrolls: bool) -> Element:
    """Give a table a bounded length, headers, aligned numbers, a caption, and a region to scroll in."""
    left = _shorten(table)
    heads, rows = table.findall("thead/tr"), table.findall("tbody/tr")
    titles = heads or [row for row in rows[:1] if all(cell.tag == "th" for cell in row)]
    for side, part in (("col", titles), ("row", rows)):
        for cell in (cell for row in part for cell in row):
            _mend_header(cell, side)
    caption = table.find("caption")
    if scrolls and caption is not None and words(caption):
        return table  # the house's own
    _align(heads, rows)
    if caption is None:
        caption, table.text = _made("caption"), None
        table.insert(0, caption)
    if not words(caption):
        caption.text = table.attrib.pop("aria-label", UNTITLED)
        caption.attrib.update({"class": "untitled"} if caption.text == UNTITLED else {})
    if inside or scrolls:
        return table
    said = french.plural(left, "autre ligne", "autres lignes") + " hors de ce tableau."
    more = [_made("p", "", _made("small", said))] if left else []
    name = " ".join(words(caption).split())
    return _made("div", "", table, *more, class_="tk scroll", tabindex="0", role="region", aria_label=name)


def _shorten(table: Element) -> int:
    """Leave as many rows as anybody reads; return how many were taken out."""
    rows = 0
    for part in table.findall("tbody"):
        kept = max(0, MAX_ROWS - rows)
        rows += len(part)
        part[:] = part[:kept]
    return max(0, rows - MAX_ROWS)


def _mend_header(cell: Element, side: str) -> None:
    """Say which cells a header is for (WCAG H63); an empty header is a cell like another."""
    if cell.tag == "th" and not words(cell) and cell.find(".//img") is None and cell.find(".//svg") is None:
        cell.tag = "td"
        cell.attrib.pop("scope", None)
    elif cell.tag == "th" and cell.get("scope") not in {"col", "row", "colgroup", "rowgroup"}:
        span = cell.get("colspan" if side == "col" else "rowspan", "1")
        cell.set("scope", side + ("group" if span != "1" else ""))


def _align(heads: list[Element], rows: list[Element]) -> None:
    """Set numbers to the right, under their headings where a table has one row of these."""
    for row in rows:
        for cell in row.findall("td"):
            if _NUMBER.fullmatch(words(cell)):
                cell.set("class", "num")
    for title, cell in zip(heads[-1] if heads else [], rows[0] if rows else [], strict=False):
        if cell.get("class") == "num":
            title.set("class", "num")


def _image(image: Element, alt: str, attachments: Mapping[str, Any]) -> list[Element]:
    source, said = image.get("src", ""), alt or image.get("alt") or image.get("aria-label") or image.get("title") or ""
    if source.startswith("attachment:"):
        name = unquote(source.removeprefix("attachment:"))
        data = _attachment(name, attachments)
        if not data:
            return [_absent(said, f"« {name} » manque au carnet")]
        image.set("src", data)
    if not image.get("src"):
        return [_absent(said)]
    if not images.fit(image):
        return [_absent(said, "trop grande pour une page")]
    if _is_decoration(image):
        image.set("alt", "")
        return [image]
    return _described(image, "alt", said)


def _attachment(name: str, attachments: Mapping[str, Any]) -> str:
    """Return a picture of the cell as a data URI; its name may be written in any of Unicode's ways."""
    known = {normalize("NFC", unquote(key)): forms for key, forms in attachments.items()}
    forms = known.get(normalize("NFC", name)) or {}
    return next((f"data:{kind};base64,{data}" for kind, data in forms.items() if kind.startswith("image/")), "")


def _absent(*why: str) -> Element:
    """Stand words in for an image to be fetched, that is not there, or that is too large."""
    said = ", ".join(filter(None, map(str.strip, why)))
    return _made("small", "Image non reprise" + (f" : {said}" if said else ""), class_="absent")


def _drawing(drawing: Element, alt: str, scrolls: bool) -> list[Element]:
    title = drawing.find("title")
    said = alt or drawing.get("aria-label") or (words(title) if title is not None else "")
    size = re.match(r"\d+(\.\d+)?", drawing.get("width", ""))
    for raster in drawing.iter("image"):
        for name in raster.attrib.keys() & {"href", XLINK_HREF}:
            images.fit(raster, name)
    if drawing.get("viewBox") and not scrolls:  # its own size would break narrow screens; the style gives it one
        for name in ("width", "height"):
            drawing.attrib.pop(name, None)
    if _is_decoration(drawing) or (size and float(size[0]) < ICON and not said):
        drawing.set("aria-hidden", "true")
        return [drawing]
    drawing.set("role", "img")
    return _described(drawing, "aria-label", said)


def _is_decoration(image: Element) -> bool:
    return image.get("role") in {"presentation", "none"} or image.get("aria-hidden") == "true"


def _described(image: Element, name: str, said: str) -> list[Element]:
    """Give a picture its alternative text; words stand under one that has none."""
    missing = said.strip().lower() in _PLACEHOLDERS
    image.set(name, UNDESCRIBED if missing else said.strip())
    return [image, _made("small", UNDESCRIBED_SEEN, class_="undescribed")] if missing else [image]


def number_tables(html: str) -> str:
    """Give numbers to tables without caption, and to regions of the same name.

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
