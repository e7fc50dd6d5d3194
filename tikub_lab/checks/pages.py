"""Pages: what some readers can't see, hear, print or afford. Nothing is judged that a machine can't tell."""

import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from tikub_lab.checks import browser, persons
from tikub_lab.checks.findings import Finding, Measure, Said, Subject, Unchecked, collect
from tikub_lab.checks.patterns import RULES, pattern
from tikub_lab.reports import ecoindex
from tikub_lab.reports.outputs import short
from tikub_lab.tables.texts import decode

HEAVY_PAGE, HEAVY_IMAGE, HUGE = 1_000_000, 500_000, 50_000_000
"""Bytes: of a page as it travels, of an image; beyond the last a page is not opened."""

FEW = "ABC"  # grades of the EcoIndex that half of the web's pages do not reach
PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp"}
SCHEMES = browser.SCHEMES | {"light": browser.TAGS[:-1]}  # best practice is a matter of style
_AWAY = re.compile(r"(?:(?:https?|wss?):)?//(?:[^/@]*@)?([^/:?#]*)")  # an address and its host
SAID = {"document-title", "heading-order", "html-has-lang", "image-alt", "page-has-heading-one", "svg-img-alt"}
"""Rules of axe about what is said without it."""


def check(subject: Subject) -> Iterator[Said]:
    """Look at pages that were sent, and at those of notebooks that ran: as they are written, then in a browser."""
    files = [(subject.place(path), path, subject.root) for path in subject.own("page")]
    files += [(f"{name}, page", run.page, run.page.parent) for name, run in subject.runs.items() if run.page]
    lacking = browser.lacking() if files else "no page"
    if files and lacking:
        yield Unchecked("Pages dans un navigateur", lacking)
    with nullcontext() if lacking else browser.opened() as opened:
        checks = [(place, partial(_page, opened, place, path, root)) for place, path, root in files]
        yield from collect(checks, subject)[0]


def _page(opened: Any, place: str, path: Path, root: Path, subject: Subject) -> Iterator[Said]:
    if path.stat().st_size > HUGE:
        yield Finding("heavy_page", place, kb=path.stat().st_size // 1000)
        return
    html = decode(path.read_bytes())
    if html.count("<") > persons.MOST_TAGS:
        yield Finding("ecoindex", place, score="0", grade="G", nodes=ecoindex.elements(html), kb=len(html) // 1000)
        yield Unchecked(place, f"plus de {persons.MOST_TAGS:_} balises : la page n’a pas été lue".replace("_", " "))
        return
    html = html if re.search("<html", html, re.I) else f"<html>{html}"
    soup = BeautifulSoup(html, "html.parser")
    seen = browser.look(opened, path, root, SCHEMES) if opened else browser.Look()
    yield from _written(place, soup)
    yield from _cost(place, path, root, html, soup, seen)
    yield from _seen(place, seen)


def _written(place: str, soup: BeautifulSoup) -> Iterator[Said]:
    """Find what a reader who hears a page goes by: language, headings, alternatives, links, tables."""
    for kind, selector in RULES["elements"].items():
        if found := soup.select(selector):
            yield Finding(kind, place, count=len(found))
    headings = [node for node in soup.find_all(re.compile("^h[1-6]$")) if _text(node)]
    for before, node in pairwise(headings):
        if int(node.name[1]) > int(before.name[1]) + 1:
            values = {"before": before.name[1], "level": node.name[1]}
            yield Finding("skipped_heading", place, heading=short(_text(node), 60), **values)
            break
    links = [_text(node) for node in soup.select("a[href]:not([aria-label], [title])")]
    pictures = [str(node.get("alt") or node.get("aria-label") or "…") for node in soup.select("img, svg[role=img]")]
    for kind, texts in (("vague_link", links), ("hollow_alternative", pictures)):
        empty = [text for text in texts if re.fullmatch(pattern(RULES["words"][kind]), text.lower().strip(" .>»→"))]
        if empty:
            yield Finding(kind, place, count=len(empty), text=short(empty[0], 60))


def _text(node: Tag) -> str:
    return " ".join(node.get_text(" ").split())


def _cost(place: str, path: Path, root: Path, html: str, soup: BeautifulSoup, seen: browser.Look) -> Iterator[Said]:
    """Weigh a page with its files, and find what it asks of others."""
    nodes = [(node, attribute) for name, attribute in RULES["asked"].items() for node in soup.select(name)]
    asked = [address for node, attribute in nodes if (address := str(node.get(attribute) or "").partition("#")[0])]
    styles = " ".join([*map(Tag.get_text, soup("style")), *(str(node["style"]) for node in soup.select("[style]"))])
    asked += re.findall(RULES["words"]["address_in_style"], styles)
    away = {address: found[1] for address in [*asked, *seen.asked] if (found := _AWAY.match(address))}
    local = [item for item in asked if len(item) < 500 and item.isprintable() and not re.match(r"//|[a-z]+:", item)]
    files = {(path.parent / unquote(item.partition("?")[0])).resolve(): item for item in local}
    hosts = sorted(set(away.values()))
    trackers = [host for host in hosts if re.search(RULES["words"]["tracker"], host)]
    if trackers:
        yield Finding("tracker", place, host=trackers[0])
    if set(hosts) > set(trackers):
        yield Finding("requests", place, count=len(away), hosts=", ".join(hosts[:4]))
    lost = [item for file, item in files.items() if not (file.is_relative_to(root) and file.is_file())]
    if lost:
        yield Finding("lost_file", place, count=len(lost), file=short(lost[0], 100))
    sizes = {file.name: file.stat().st_size for file, item in files.items() if item not in lost}
    pictures = [(name, size) for name, size in sizes.items() if Path(name).suffix.lower() in PICTURES]
    pictures += [("image dans la page", len(item) * 3 // 4) for item in asked if item.startswith("data:image/")]
    for name, size in pictures:
        if size > HEAVY_IMAGE:
            yield Finding("heavy_image", place, image=short(name, 60), kb=size // 1000)
    sent = len(gzip.compress(html.encode(), 6)) + sum(sizes.values())
    if sent > HEAVY_PAGE:
        yield Finding("heavy_page", place, kb=sent // 1000)
    elements = seen.views[0]["nodes"] if seen.views else ecoindex.elements(html)
    points = ecoindex.score(elements, 1 + len(away) + len(sizes), sent / 1000)
    grade = ecoindex.grade(points)
    yield Measure(place, "EcoIndex", points, grade)
    if grade not in FEW:
        yield Finding(
            "ecoindex", place, score=str(points).replace(".", ","), grade=grade, nodes=elements, kb=sent // 1000
        )


def _seen(place: str, seen: browser.Look) -> Iterator[Said]:
    """Say what the browser and axe found, each rule once with where it is broken."""
    if seen.failed:
        yield Unchecked(f"{place} dans un navigateur", seen.failed)
    broken: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for view in seen.views:
        for rule, said, examples in view["violations"]:
            where = f"{view['width']} pixels, {'sombre' if view['dark'] else 'clair'}"
            broken[rule, said] = dict.fromkeys(examples, where) | broken[rule, said]
    for (rule, said), examples in broken.items():
        values = {"count": len(examples), "example": short(next(iter(examples)), 250)}
        if rule == "color-contrast":
            yield Finding("contrast", place, where=next(iter(examples.values())), **values)
        elif rule not in SAID:
            yield Finding("axe", place, rule=rule, said=said, **values)
    narrow = [view for view in seen.views if view["width"] == min(browser.WIDTHS)]
    if overflow := max((view["overflow"] for view in narrow), default=0):
        yield Finding("too_wide", place, pixels=overflow)
    elif any(view["spaced"] > 0 for view in narrow):
        yield Finding("text_spacing", place)
    if seen.beyond_paper > 0:
        yield Finding("wide_print", place, pixels=seen.beyond_paper)
