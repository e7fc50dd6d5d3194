"""Links between the pages of a build: from each to the others of its use case, and from an item's name to its page.

They are written when a build ends and knows all its pages; a page that was made earlier gets those of today.
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import sha256
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tikub_lab.reports import ecoindex
from tikub_lab.reports.fragments import plain, slug
from tikub_lab.reports.outputs import short
from tikub_lab.reports.page import subject
from tikub_lab.show import french
from tikub_lab.show.words import word
from tikub_lab.tables.atomic import write_atomic

Entry = Mapping[str, Any]

_ALSO = re.compile(r"<!--also-->.*?<!--/also-->", re.S)
_ROW = re.compile(r'(<th [^>]*\bscope="row"[^>]*>)(?:<a class="to" href="[^"]*">)?([^<]+)(?:</a>)?(?=</th>)')


def natural(text: str) -> list[str]:
    """Return what a text is sorted by, as a reader expects: accents and capitals don't count, 2 comes before 10."""
    return [word.zfill(15) if word.isdecimal() else word for word in re.split(r"(\d+)", plain(text))]


def overview_first(entry: Entry) -> tuple[Any, ...]:
    """Return what pages are sorted by: the overview of a use case, which has its name, then by title."""
    is_detail = entry["notebook"] != entry.get("use_case") or bool(entry.get("parameters"))
    return is_detail, natural(str(entry.get("heading") or entry["title"])), entry["page"]


def write(entries: dict[str, dict[str, Any]], out: Path) -> None:
    """Write links into the pages of a folder, and into its entries what changed by it."""
    done = sorted((entry for entry in entries.values() if entry["status"] == "done"), key=overview_first)
    of_items = [(entry, entry["item"]) for entry in done if entry.get("item")]
    known: dict[str, dict[str, Entry]] = {}
    for entry, item in sorted(of_items, key=lambda pair: len(pair[0]["parameters"])):
        for text in (item_name(entry), item["value"]):
            known.setdefault(plain(text), {}).setdefault(item["value"], entry)
    pages = {text: next(iter(found.values())) for text, found in known.items() if len(found) == 1}  # no namesakes
    alike: dict[str, list[Entry]] = {}
    for entry, item in sorted(of_items, key=lambda pair: len(pair[0]["parameters"])):
        alike.setdefault(item["value"], []).append(entry)
    for entry in done:
        item = entry.get("item") or {}
        same = [each for key in ("value", "also") for each in alike.get(item.get(key, ""), []) if each is not entry]
        same = list({each["notebook"]: each for each in reversed(same)}.values())[::-1]
        subjects = {plain(said): each for each in reversed(same) for said in (subject(each["use_case"]), each["title"])}
        path = out / entry["page"]
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        also = f"<!--also-->{_also(entry, done, same)}<!--/also-->"
        html = _ALSO.sub(also.replace("\\", r"\\"), old)
        html = _ROW.sub(partial(_row, pages, subjects, entry), html)
        if html != old:
            write_atomic(path, html.encode("utf-8"))
            entry |= ecoindex.count(html) | {"page_sha256": sha256(html.encode("utf-8")).hexdigest()}


def _row(pages: Mapping[str, Entry], subjects: Mapping[str, Entry], own: Entry, match: re.Match[str]) -> str:
    """Have the header of a row lead to the page of the item that it names, or of its own item on another subject."""
    text = plain(" ".join(unescape(match[2]).split()))
    to = subjects.get(text) or pages.get(text)
    if to is None or (text not in subjects and to.get("item") == own.get("item")):
        return match[1] + match[2]
    return f'{match[1]}<a class="to" href="../{quote(to["page"])}">{match[2]}</a>'


def _also(own: Entry, done: Iterable[Entry], same: Iterable[Entry]) -> str:
    """Write which pages the same item has elsewhere, what others of the use case there are, where items are listed."""
    others = [entry for entry in done if entry["use_case"] == own["use_case"]]
    links = [("../" + quote(e["page"]), e["title"]) for e in same if e["notebook"] != own["notebook"]]
    links += [("../" + quote(e["page"]), called(e, others)) for e in others if not e.get("item") and e is not own]
    lists = {f"{slug(e['notebook'])}-pages": f"{e['title']} : toutes les pages" for e in others if e.get("item")}
    if len(lists) > 1:  # each link costs elements, which a page of a large build can't spare
        lists = {slug(own["use_case"]): "Toutes les pages du sujet"}
    links += [(f"../index.html#{anchor}", said) for anchor, said in lists.items()]
    listed = "".join(f'<li><a href="{escape(to)}">{escape(french.typeset(said))}</a></li>' for to, said in links)
    return f'<nav class="also" aria-label="Voir aussi"><h2>Voir aussi</h2><ul>{listed}</ul></nav>' if listed else ""


def item_name(entry: Entry) -> str:
    """Return what an item is called: by its table, or else as its page's title calls it before the colon."""
    item = entry["item"]
    heading = re.split(r"\s:\s", str(entry.get("heading") or ""))
    return short(heading[0], 80) if item["name"] == item["value"] and len(heading) > 1 else str(item["name"])


def called(entry: Entry, among: Iterable[Entry]) -> str:
    """Return a page's title, with what was asked for where another page has the same."""
    title = str(entry.get("heading") or entry["title"])
    alike = sum((other.get("heading") or other["title"]) == title for other in among)
    return f"{title} ({parameters_of(entry) or entry['title']})" if alike > 1 else title


def parameters_of(entry: Entry) -> str:
    """Say what a page was asked for beside its item, in the words of columns."""
    given, value = entry.get("parameters") or {}, (entry.get("item") or {}).get("value")
    return ", ".join(f"{word(name).heading} {text}" for name, text in given.items() if text != value)
