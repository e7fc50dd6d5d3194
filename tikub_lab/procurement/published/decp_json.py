"""DECP in JSON, of 2019 and of 2022, streamed: a file of any size is read in runs of records.

2019: ``{"marches": [{…}, …]}``. 2022: ``{"marches": {"marche":
[{…}, …], "contrat-concession": [{…}, …]}}``. Some publications have
one object, or the same key several times, in the place of a list;
each object is then a record.
"""

import gc
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from tikub_lab.procurement.published.quality import judge
from tikub_lab.procurement.published.record import frames, text
from tikub_lab.procurement.published.rows import BATCH
from tikub_lab.procurement.published.streams import Stream, real
from tikub_lab.tables.readers import Batch, Head

KINDS = ("marche", "contrat-concession")

_TOKEN = re.compile(r""""(?:[^"\\]|\\.)*"|["\[\]{}:,]|[^\s"\[\]{}:,]+""")

_TEXTS = json.JSONDecoder(
    parse_int=str, parse_float=lru_cache(10_000)(lambda number: text(real(number))), parse_constant=str
)
"""Numbers are read as columns have them."""
Record = tuple[str | None, Any]


def shape(head: Head) -> str:
    """Say how the contracts are contained: ``"list"``, ``"lists"`` by kind, ``"objects"`` by kind, or ``""``."""
    tokens = (token[0] for token in _TOKEN.finditer(head.text))
    opening, key, colon, value = (next(tokens, "") for _ in range(4))
    if opening != "{":
        return ""
    while key != '"marches"':  # among the first keys, whose values before it are plain ones (such as "$schema")
        if colon != ":" or value in "[]{}:," or next(tokens, "") != ",":
            return ""
        key, colon, value = (next(tokens, "") for _ in range(3))
    if colon != ":" or value not in ("[", "{"):
        return ""
    return "list" if value == "[" else "objects" if [next(tokens, "") for _ in range(3)][2] == "{" else "lists"


def is_2019(head: Head) -> bool:
    """Recognise the JSON of 2019, and its single-object forms."""
    return shape(head) in ("list", "objects")


def is_2022(head: Head) -> bool:
    """Recognise the JSON of 2022."""
    return shape(head) == "lists"


def read(path: Path) -> Iterator[Batch]:
    """Read a JSON file in runs of records."""
    yield from in_runs(_records(path))


def in_runs(records: Iterator[Record]) -> Iterator[Batch]:
    """Judge records as they come, in runs of :data:`BATCH`."""
    numbered = ((line, *record) for line, record in enumerate(records, 1))
    while True:
        collects = gc.isenabled()
        gc.disable()  # records have no cycles, and looking for some took a quarter of an import
        try:
            raw = frames(islice(numbered, BATCH))
        finally:
            if collects:
                gc.enable()
        read = sum(len(raw[name]) for name in ("contracts", "concessions", "oddities"))
        if not read:
            return
        yield judge(raw, read)


def _records(path: Path) -> Iterator[Record]:
    """Give each record with the name of the list that it stands in."""
    with Stream(path, "contracts", _TEXTS) as file:
        for key in file.members():
            if key != "marches":
                file.value()
            elif file.peek() == "[":
                yield from ((None, record) for record in file.values())
            else:
                for kind in file.members():
                    yield from ((kind, record) for record in file.values() if kind in KINDS)
