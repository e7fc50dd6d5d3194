"""The published files of the incubator that can be imported: public products, whose licence is not clear."""

from collections.abc import Iterator
from pathlib import Path

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


READERS: tuple[Reader, ...] = (
    _reader("products", {"slug", "title", "incubator", "has_repository"}),
    _reader("phases", {"slug", "order", "name", "start", "end"}),
)
"""In the order in which they are asked whether they know a file."""
