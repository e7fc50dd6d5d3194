"""The files that can be imported: the incubator's public products, whose licence is not clear; what a check found."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tikub_lab.errors import UsageError
from tikub_lab.tables.by_schema import read_by_schema
from tikub_lab.tables.package import workbench
from tikub_lab.tables.readers import Batch, Head, Reader
from tikub_lab.tables.schema import read_schema


def _reader(name: str, marks: set[str]) -> Reader:
    """Make the reader of a table that has the names of its published file, by some that only this file has."""
    table = f"datathon/{name}"

    def recognises(head: Head) -> bool:
        return marks <= {*head.columns}

    def read(path: Path) -> Iterator[Batch]:
        schema = read_schema(workbench() / "data" / "schemas" / f"{table}.json")
        return read_by_schema(path, table, schema)

    title, licence = f"{name} of beta.gouv.fr (CSV)", "licence à vérifier"
    return Reader(f"beta-{name}", title, (table,), recognises, read, licence=licence, publisher="beta.gouv.fr")


CHECKED = ("technique", "ergonomie", "responsabilite")


def _is_check(head: Head) -> bool:
    return '"format": "tikub-check/1"' in head.text[:200]


def _checks(path: Path) -> Iterator[Batch]:
    """Count the findings of a check (``tikub check E01.zip --json E01.json``) by criterion; its subject is the team."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        counts = Counter(item["criterion"] for item in found["findings"])
        rows = [(found["subject"], name, counts[name], found["day"]) for name in CHECKED]
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path}: not what `tikub check --json` writes ({error!r}). Make it again.") from None
    schema = read_schema(workbench() / "data" / "schemas" / "datathon" / "checks.json")
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame(rows, columns=list(schema.names)).to_csv(table := Path(folder, path.name), index=False)
        yield from read_by_schema(table, "datathon/checks", schema)


READERS: tuple[Reader, ...] = (
    Reader("tikub-check", "Results of tikub check (JSON)", ("datathon/checks",), _is_check, _checks),
    _reader("products", {"slug", "title", "incubator", "has_repository"}),
    _reader("phases", {"slug", "order", "name", "start", "end"}),
)
"""In the order in which they are asked whether they know a file."""
