"""The rows of a CSV file, in runs; ``line`` is a row's number in a spreadsheet, the header being 1."""

from collections.abc import Callable, Iterator, Set
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from tikub_lab.tables.readers import REJECTS, Head
from tikub_lab.tables.texts import records

BATCH = 40_000
"""Rows, or contracts, held at once."""


def with_columns(needed: Set[str], name: Callable[[str], str] = str.strip) -> Callable[[Head], bool]:
    """Recognise a CSV file by the names in its first line, whatever separates them."""
    return lambda head: bool(head.text) and {name(column) for column in head.columns} >= needed


class Run(NamedTuple):
    """Rows as wide as the header, by column; ``read`` and ``odd`` (rejects) count the others too, no empty line."""

    lines: list[int]
    columns: dict[str, list[str | None]]
    read: int
    odd: pd.DataFrame

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Give each row's line and the cells that say something."""
        for line, cells in zip(self.lines, zip(*self.columns.values(), strict=True), strict=True):
            yield line, {name: cell for name, cell in zip(self.columns, cells, strict=True) if cell}


def runs(path: Path) -> Iterator[Run]:
    """Read a CSV file; cells are stripped, and None where nothing is left."""
    found = records(path)
    names = [name.strip() for name in next(found)]
    line = 2
    while chunk := list(islice(found, BATCH)):
        numbered = [(number, row) for number, row in enumerate(chunk, line) if row]
        whole = [(number, row) for number, row in numbered if len(row) == len(names)]
        cells = list(zip(*(row for _, row in whole), strict=True)) or [()] * len(names)
        columns = {name: [cell.strip() or None for cell in column] for name, column in zip(names, cells, strict=True)}
        message = f"A row has as many cells as the header, {len(names)}."
        odd = [
            (number, None, None, f"{len(row)} cells", "row-width", message)
            for number, row in numbered
            if len(row) != len(names)
        ]
        yield Run([number for number, _ in whole], columns, len(numbered), pd.DataFrame(odd, columns=list(REJECTS)))
        line += len(chunk)
