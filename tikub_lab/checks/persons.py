"""What leads to a person or opens a door, in tables, notebooks, pages, code, documents and what they say of themselves.

A number counts where its key does, and nothing that was found is written on a page: two signs, and where.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from tikub_lab.checks.findings import Finding, Said, Subject, collect
from tikub_lab.checks.patterns import RULES, pattern
from tikub_lab.methods.privacy import LEAST
from tikub_lab.reports.fragments import slug
from tikub_lab.tables import sheets, texts

MOST_ROWS, MOST_BYTES = 100_000, 20_000_000  # of a table, of a text
MOST_TAGS = 100_000  # of HTML: what holds more may take minutes to read
EXACT = re.compile(r"\d[.,]\d{5}")  # a degree to five decimals is a metre
_DATA = re.compile(r"data:[\w/+.;=-]+,[^\s\"')]*")  # what looks like a number in a picture is none
PICTURES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}
WANTED = [("secret", what, rule) for what, rule in RULES["secrets"].items()]
WANTED += [(name, "", rule) for name, rule in RULES["identities"].items()]
Pieces = Iterator[tuple[str, str]]


def check(subject: Subject) -> Iterator[Said]:
    """Look at each file by itself, tables that say that they are invented excepted."""
    invented = {
        subject.root / "data" / str(item.get("path"))
        for item in subject.package.get("resources", ())
        if isinstance(item, dict)
        and (item.get("origin") == "sample" or re.search("fictive|fictif", json.dumps(item, ensure_ascii=False)))
    }
    own = [(kind, path) for kind in subject.files for path in subject.own(kind) if path not in invented]
    yield from collect([(subject.place(path), partial(_file, path, kind)) for kind, path in own], subject)[0]


def _file(path: Path, kind: str, subject: Subject) -> Iterator[Said]:
    place, columns = subject.place(path), _columns(path, kind)
    headings = _headings(columns)
    yield from _table(place, columns, headings)
    # Beside the name of a body stands how to reach it.
    of_bodies = {"email", "mobile"} if headings["organisation"] and not _naming(headings) else set()
    pieces = [(f"colonne « {name} »", "\n".join(f"{name} : {it}" for it in values)) for name, values in columns.items()]
    for where, shown in _shown(path, kind):
        yield from _table(f"{place}, {where}", shown, _headings(shown))
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    told: set[tuple[str, str]] = set()
    for where, text in [*pieces, *_pieces(path, kind)]:
        wanted = ((name, what, pattern(rule)) for name, what, rule in WANTED if name not in of_bodies)
        for name, what, match in ((name, what, match) for name, what, rule in wanted for match in rule.finditer(text)):
            value = next(filter(None, match.groupdict().values()), match[0])
            if _is(name, value) and not pattern(RULES["nobody"].get(name, "(?!)")).fullmatch(value):
                line = where or f"ligne {text.count(chr(10), 0, match.start()) + 1}"
                if (name, line) not in told or name != "secret":  # which has its maker's shape or a general one
                    found.setdefault((name, what), []).append((line, value[:2]))
                told.add((name, line))
    for (name, what), places in found.items():
        values = {"what": what} if what else {"count": len(places), "hint": places[0][1]}
        yield Finding(name, f"{place}, {places[0][0]}", **values)


def _is(name: str, text: str) -> bool:
    """Tell by its key whether a number is what it looks like."""
    text = text.replace(" ", "")
    if name == "nir":
        number = int(text[:13].replace("2A", "19").replace("2B", "18"))
        return 97 - number % 97 == int(text[13:])
    if name == "iban":
        digits = "".join(str(int(sign, 36)) for sign in text[4:] + text[:4])
        return RULES["iban_lengths"].get(text[:2]) == len(text) and int(digits) % 97 == 1
    return True


def _pieces(path: Path, kind: str) -> Pieces:
    """Give the texts of a file, and where each stands, nothing where its lines say it."""
    if path.stat().st_size > MOST_BYTES:
        return
    content = path.read_bytes()
    if kind == "notebook":
        yield from _cells(json.loads(content))
    elif path.suffix.lower() in PICTURES:
        from PIL import Image

        with Image.open(path) as image:
            if place := image.getexif().get_ifd(0x8825):
                yield "métadonnées", f"<EXIF GPS> {place}"
    elif content[:2] == b"PK":
        with zipfile.ZipFile(path) as archive:
            yield "commentaire", archive.comment.decode("utf-8", "replace")
            for entry in archive.infolist():
                if re.search(r"docProps/|document\.xml|sharedStrings|comments|meta\.xml|content\.xml", entry.filename):
                    text = archive.open(entry).read(MOST_BYTES).decode("utf-8", "replace")
                    yield entry.filename, text
    elif kind != "table" and b"\0" not in content[:8_000]:
        yield "", _DATA.sub("", texts.decode(content))


def _cells(notebook: Mapping[str, Any]) -> Pieces:
    yield "métadonnées", json.dumps(notebook.get("metadata"), ensure_ascii=False)
    for number, cell in enumerate(notebook["cells"], 1):
        yield f"cellule {number}", "".join(cell["source"])
        yield f"métadonnées de la cellule {number}", json.dumps(cell.get("metadata"), ensure_ascii=False)
        for output in cell.get("outputs", ()):
            data = {kind: text for kind, text in output.get("data", {}).items() if not kind.startswith("image/")}
            shown = json.dumps({**output, "data": data}, ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"')
            yield f"résultat de la cellule {number}", _DATA.sub("", shown)


def _shown(path: Path, kind: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Read the tables that a page or a notebook's results show, unless it says that they are invented."""
    if kind not in {"page", "notebook"} or path.stat().st_size > MOST_BYTES:
        return
    text = texts.decode(path.read_bytes())
    if re.search("fictive|fictif", text):
        return
    cells = enumerate(json.loads(text)["cells"], 1) if kind == "notebook" else ()
    shown = [(f"résultat de la cellule {number}", "".join(output.get("data", {}).get("text/html", "")))
             for number, cell in cells for output in cell.get("outputs", ())]  # fmt: skip
    pieces = [item for item in shown or [("tableau", text)] if "<table" in item[1] and item[1].count("<") <= MOST_TAGS]
    soups = [(where, BeautifulSoup(html, "html.parser")) for where, html in pieces]
    for where, table in [(where, table) for where, soup in soups for table in soup.select("table")]:
        yield where, _laid([[cell.get_text(" ", strip=True) for cell in row(["th", "td"])] for row in table("tr")])


def _columns(path: Path, kind: str) -> dict[str, list[str]]:
    """Read a table's columns as texts."""
    records = path.suffix == ".json" and path.read_bytes()[:50].lstrip().startswith(b"[")
    if kind != "table" and not records:
        return {}
    return _laid([cells for _, cells in islice((sheets.objects if records else sheets.rows)(path), MOST_ROWS)])


def _laid(rows: list[list[str]]) -> dict[str, list[str]]:
    """Lay rows out by column; the heading is the first row that is no title."""
    start = next((number for number, cells in enumerate(rows) if sum(map(bool, cells)) > 1), 0)
    body = rows[start + 1 :]
    named = enumerate(rows[start] if rows else [])
    return {name: [cells[at] for cells in body if at < len(cells) and cells[at]] for at, name in named}


def _headings(columns: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the columns of each group of headings; one without values is none."""
    named = {name: slug(name) for name, values in columns.items() if any(values)}
    return {group: [name for name, said in named.items() if pattern(rule).fullmatch(said)]
            for group, rule in RULES["columns"].items()}  # fmt: skip


def _naming(headings: Mapping[str, list[str]]) -> list[str]:
    """List the columns that name people: a family name alone may be that of a place."""
    last, first = headings["last_name"], headings["first_name"]
    return [*(last + first if last and first else []), *headings["person"]]


def _table(place: str, columns: Mapping[str, list[str]], headings: Mapping[str, list[str]]) -> Iterator[Said]:
    """Say which columns name people, count few of them, or put them on the map."""
    naming = _naming(headings)
    if naming and not headings["public"]:
        yield Finding("person_columns", place, names=", ".join(naming))
    for name in headings["people"]:
        few = sum(value.isdecimal() and 0 < int(value) < LEAST for value in columns[name])
        if few and len(columns) > 1:
            yield Finding("small_counts", f"{place}, colonne « {name} »", count=few, least=LEAST)
    exact = [name for name in headings["place"] if any(map(EXACT.search, columns[name]))]
    if exact and (naming or headings["about_people"]):
        yield Finding("exact_places", place, names=", ".join(exact))
