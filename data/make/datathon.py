"""The fictitious Datathon: so far the ideas of its incubator."""

from pathlib import Path
from typing import Any

import pandas as pd

from data.make.datathon_ideas import NAMES, ideas
from data.make.energy import SEED
from data.make.sampling import Folder
from tikub_lab.tables.frames import typed
from tikub_lab.tables.package import workbench
from tikub_lab.tables.schema import read_schema

__all__ = ["CREATED", "SEED", "sample", "write_sample"]

CREATED = "2026-11-27T00:00:00Z"
SOURCES = ({"title": "Écrit à la main pour tikub-lab, data/make/ideas (données fictives)"},)


def sample(scale: float = 1.0, seed: int = SEED, schemas: Path | None = None) -> dict[str, pd.DataFrame]:
    """Make the fictitious tables ``datathon/…``, typed; ideas are the same for every scale and seed.

    Examples
    --------
    >>> {name: len(table) for name, table in sample().items()}["datathon/ideas"]
    12
    """
    folder = (schemas or workbench() / "data" / "schemas") / "datathon"
    known = {name: read_schema(folder / f"{name}.json") for name in NAMES}
    return {f"datathon/{name}": typed(table, known[name]) for name, table in ideas(known).items()}


def write_sample(into: Path, scale: float = 1.0, seed: int = SEED) -> list[dict[str, Any]]:
    """Write them as CSV under ``sample/datathon/``; return the resources for ``datapackage.json``."""
    folder, found = Folder(into, CREATED, SOURCES), sample(scale, seed, into / "schemas")
    return [folder.write(name, table, read_schema(into / "schemas" / f"{name}.json")) for name, table in found.items()]
