"""Tables that a data package may lack: a notebook goes on without their rows, and says so."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tikub_lab.errors import UsageError
from tikub_lab.tables.schema import read_schema

if TYPE_CHECKING:
    import pandas as pd

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The sha256 of no bytes."""


def used(name: str, folder: Path) -> dict[str, Any]:
    """Return what a report says of a table that it asked for and did not get; ``folder`` has the Table Schemas."""
    path = folder / f"{name}.json"
    content = path.read_bytes() if path.is_file() and ".." not in name else b""
    return {
        "table": name,
        "title": read_schema(path).title or name if content else name,
        "origin": "absent",
        "licence": "",
        "date": "",
        "sources": [],
        "sha256": EMPTY,
        "rows": 0,
        "schema_sha256": hashlib.sha256(content).hexdigest(),
    }


def empty(name: str, folder: Path) -> "pd.DataFrame":
    """Return no rows, with the columns and types that the table's schema gives it."""
    import pandas as pd

    from tikub_lab.tables.frames import typed

    schema = read_schema(_schema(name, folder))
    return typed(pd.DataFrame({field.name: pd.Series(dtype="str") for field in schema.fields}), schema)


def _schema(name: str, folder: Path) -> Path:
    path = folder / f"{name}.json"
    if not path.is_file() or ".." in name:
        raise UsageError(f"No table {name!r}, and no schema of that name: it can't be left empty. Check its name.")
    return path
