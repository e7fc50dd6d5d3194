"""DECP in JSON, of 2019 and of 2022, streamed: a file of any size is read in runs of records.

2019: ``{"marches": [{…}, …]}``. 2022: ``{"marches": {"marche":
[{…}, …], "contrat-concession": [{…}, …]}}``. Some publications have
one object, or the same key several times, in the place of a list;
each object is then a record.
"""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import ijson

from tikub_lab.errors import UsageError
from tikub_lab.procurement.published.lenient import Lenient
from tikub_lab.procurement.published.quality import judge
from tikub_lab.procurement.published.record import frames
from tikub_lab.procurement.published.rows import BATCH
from tikub_lab.tables.readers import Batch, Head

BUFFER = 1 << 20
KINDS = ("marche", "contrat-concession")

_TOKEN = re.compile(r""""(?:[^"\\]|\\.)*"|["\[\]{}:,]|[^\s"\[\]{}:,]+""")

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
    yield from in_runs(_records(path, shape(Head.of(path))))


def in_runs(records: Iterator[Record]) -> Iterator[Batch]:
    """Judge records as they come, in runs of :data:`BATCH`."""
    numbered = ((line, *record) for line, record in enumerate(records, 1))
    while True:
        raw = frames(islice(numbered, BATCH))
        read = sum(len(raw[name]) for name in ("contracts", "concessions", "oddities"))
        if not read:
            return
        yield judge(raw, read)


def _records(path: Path, how: str) -> Iterator[Record]:
    file = Lenient(path)
    if how == "list":
        yield from _stream(file, "marches.item", None, 0)
        return
    done = 0
    for kind in KINDS:  # one pass each, the second where the first met concessions
        if kind != KINDS[0]:
            if not file.concessions:
                return
            file = Lenient(path, file.odd)
        prefix = f"marches.{kind}.item" if how == "lists" else f"marches.{kind}"
        for kind_, record in _stream(file, prefix, kind, done):
            if record is None and how == "objects":  # no contract of this kind
                continue
            for each in record if isinstance(record, list) else [record]:
                done += 1
                yield kind_, each


def _stream(file: Lenient, prefix: str, kind: str | None, done: int) -> Iterator[Record]:
    path = file.path
    with file:
        try:
            for record in ijson.items(file, prefix, use_float=True, buf_size=BUFFER):
                done += 1
                yield kind, record
        except (ijson.JSONError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0].removeprefix("parse error: ").removeprefix("lexical error: ")
            raise UsageError(
                f"{path}: not complete JSON: {reason} after {done} contracts, near byte {file.binary.tell():,} "
                f"of {path.stat().st_size:,}. Download it again."
            ) from None
