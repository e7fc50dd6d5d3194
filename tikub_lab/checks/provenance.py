"""Tables: where each comes from, under which licence, and whether it is still what its descriptor says."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tikub_lab.checks.findings import Finding, Said, Subject, collect
from tikub_lab.tables import sheets
from tikub_lab.tables.package import DESCRIPTOR, sha256_of
from tikub_lab.tables.texts import decode

LONGEST = 1_000_000  # bytes of a text that may say where a table comes from
Item = Mapping[str, Any]


def described(subject: Subject) -> dict[Path, Item]:
    """Return the resources of all descriptors that were sent, by the file that each is about."""
    found: dict[Path, Item] = {}
    for path in (item for item in subject.files.get("text", ()) if item.name == DESCRIPTOR):
        with suppress(OSError, ValueError, KeyError, TypeError):  # what is no descriptor describes nothing
            package = json.loads(path.read_text(encoding="utf-8"))
            inherited = {name: package[name] for name in ("licenses", "sources") if name in package}
            found |= {(path.parent / item["path"]).resolve(): inherited | item for item in package["resources"]}
    return found


def check(subject: Subject) -> Iterator[Said]:
    """Compare tables with their descriptors; of one that has none, texts have to say source and licence."""
    if subject.kind not in {"folder", "kit"}:
        return
    items = described(subject)
    for path in (path for path in items if not path.is_file()):
        yield Finding("missing_table", subject.place(path) if path.is_relative_to(subject.root) else path.name)
    documents = [path for path in subject.own("text") if path.suffix in {".md", ".txt"}]
    said = " ".join(decode(path.read_bytes()).lower() for path in documents if path.stat().st_size < LONGEST)
    known = {"licenses": "licen" in said, "sources": "source" in said or "http" in said}
    tables = [path for path in subject.own("table") if not (path.parent / "__init__.py").exists()]  # those of code
    items |= {path: known for path in tables if path not in items and path.name.lower() in said}
    checks = [(subject.place(path), partial(_table, path, items[path])) for path in tables if path in items]
    yield from collect(checks, subject)[0]
    unlisted = [path for path in tables if path not in items]
    for folder in dict.fromkeys(path.parent for path in unlisted):
        inside = [path for path in unlisted if path.parent == folder]
        yield Finding("unlisted_table", subject.place(inside[0]), count=len(inside))


def _table(path: Path, item: Item, subject: Subject) -> Iterator[Said]:
    place = subject.place(path)
    if not item.get("licenses"):
        yield Finding("no_licence", place)
    rows = sheets.rows(path)
    if "source" not in next(rows, (0, []))[1] and not item.get("sources"):
        yield Finding("no_source", place)
    wanted = str(item.get("hash", "")).removeprefix("sha256:")
    if len(wanted) == 64 and wanted != sha256_of(path):
        yield Finding("other_hash", place)
    if isinstance(item.get("rows"), int) and (count := sum(1 for _ in rows)) != item["rows"]:
        yield Finding("other_rows", place, rows=count, wanted=item["rows"])
