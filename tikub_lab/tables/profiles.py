"""What a downloaded file holds: rows, distinct keys, and how each column writes its values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tikub_lab.errors import RunError
from tikub_lab.tables.sheets import objects, written

SAMPLE = 5_000
"""Rows that are looked at for how values are written, and of later ones each fiftieth."""
SURE = 0.95
"""Share of the values that are written in one way."""
_FORMS = (
    ("dates 2025-01-31", re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?")),
    ("dates 31/01/2025", re.compile(r"\d{1,2}/\d{1,2}/\d{4}(?: .*)?")),
    ("numbers", re.compile(r"[+-]?[\d\s]*\d(?:[.,]\d+)?")),
)


class Profile(NamedTuple):
    """Rows, distinct keys (as many as rows where none is named), and how each column is written ("" without values)."""

    rows: int
    keys: int
    columns: dict[str, str]


class Change(NamedTuple):
    """How a column was written and is now, None where it is not there; without a name: how many rows."""

    column: str
    before: str | None
    after: str | None

    @property
    def breaks(self) -> bool:
        """Tell whether rows would be read otherwise."""
        return self.before is not None

    @property
    def said(self) -> str:
        """The change in words."""
        if not self.column:
            return f"{self.after} rows came, {self.before} last time"
        if self.after is None or self.before is None:
            return f"column {self.column!r} is {'gone' if self.after is None else 'new'}"
        return f"column {self.column!r} held {self.before}, now {self.after}"


def profile(path: Path, key: Sequence[str]) -> Profile | None:
    """Go through a file once; None for archives, whose files the import looks at."""
    with path.open("rb") as file:
        start = file.read(2)
    if start in (b"PK", b"\x1f\x8b"):
        return None
    rows = _rows(path)
    header = next(rows, [])
    if not header:
        return Profile(0, 0, {})
    if absent := [name for name in key if name not in header]:
        raise RunError(f"{path.name}: no column {', '.join(absent)}, the key of its rows; it has {', '.join(header)}.")
    places, keys, count = [header.index(name) for name in key], set[int](), 0
    seen: list[list[int]] = [[0] * (len(_FORMS) + 1) for _ in header]
    for count, cells in enumerate(rows, 1):
        if places:
            keys.add(hash(tuple(cells[at] for at in places if at < len(cells))))
        if count <= SAMPLE or count % 50 == 0:
            for counts, cell in zip(seen, cells, strict=False):
                if cell:
                    counts[-1] += 1
                    for at, (_, form) in enumerate(_FORMS):
                        counts[at] += form.fullmatch(cell) is not None
    return Profile(count, len(keys) if places else count, dict(zip(header, map(_written, seen), strict=True)))


def _written(counts: list[int]) -> str:
    names = (name for (name, _), count in zip(_FORMS, counts, strict=False) if count >= SURE * counts[-1])
    return next(names, "texts") if counts[-1] else ""


def _rows(path: Path) -> Iterator[list[str]]:
    """Give the header, and rows that are not blank, as texts."""
    with path.open("rb") as file:
        text = file.read(100).lstrip(b"\xef\xbb\xbf \r\n\t")
    if text[:1] == b"<":
        raise RunError(f"{path.name}: a page or an answer in XML came, no rows: {text.decode('utf-8', 'replace')!r}.")
    for _, cells in objects(path) if text[:1] in (b"{", b"[") else written(path):
        if any(cells):
            yield cells


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    """Say what is different between the columns of two downloads; the first one has nothing to differ from."""
    if not old:
        return []
    gone = [Change(name, old[name], None) for name in old if name not in new]
    more = [Change(name, None, new[name]) for name in new if name not in old]
    both = (Change(name, old[name], new[name]) for name in new if name in old)
    return [*gone, *(item for item in both if item.before and item.after and item.before != item.after), *more]
