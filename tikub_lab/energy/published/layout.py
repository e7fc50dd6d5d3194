"""Formats as tables: by column its labels, what reads a cell and the rule that a bad cell breaks; one loop for all."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from tikub_lab.energy.published.batches import Broken, Gathering
from tikub_lab.energy.published.values import number, plain
from tikub_lab.tables.readers import Batch, Head
from tikub_lab.tables.sheets import rows


class Column(NamedTuple):
    """A column by its labels, written as ``plain`` does, the first that is there; « * » stands for any end of it."""

    labels: tuple[str, ...]
    parse: Callable[[str], Any] = str
    rule: str = "number"


def numbers(*labels: str) -> Column:
    """Say that a column has numbers."""
    return Column(labels, number)


@dataclass
class Line:
    """A row below the labels: by column the text and what was read of it, and the rules that its cells break."""

    at: int
    texts: dict[str, str]
    labels: dict[str, str]
    above: list[list[str]]
    values: dict[str, Any] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def read(self, columns: dict[str, Column]) -> None:
        """Read the cells; a bad one has no value."""
        for name, text in self.texts.items():
            try:
                self.values[name] = columns[name].parse(text)
            except ValueError:
                self.broken.append((name, text, columns[name].rule))


@dataclass(frozen=True)
class Layout:
    """Columns of a format, what tells its row of labels from other rows, and whether all rows are as long as it."""

    columns: dict[str, Column]
    header: Callable[[set[str], list[str]], bool]
    delimiter: str | None = None
    exact: bool = False

    def places(self, labels: list[str]) -> dict[str, int]:
        """Find the columns that are there."""
        found = {}
        for name, column in self.columns.items():
            alike = (at for known in column.labels for at, label in enumerate(labels) if fnmatchcase(label, known))
            found[name] = next(alike, -1)
        return {name: at for name, at in found.items() if at >= 0}

    def tells(self, cells: list[str]) -> bool:
        """Tell the row of labels."""
        labels = [plain(cell) for cell in cells]
        return self.header(set(self.places(labels)), labels)

    def recognises(self, head: Head) -> bool:
        """Recognise a file by its row of labels, after whatever rows."""
        return any(map(self.tells, head.rows))

    def batches(
        self,
        path: Path,
        take: Callable[[Gathering, Line], None],
        after: Callable[[Gathering], Iterable[object]] = lambda _: (),
    ) -> Iterator[Batch]:
        """Hand each row to ``take``; ``after`` goes on with what that one held back, a step a row."""
        found, known = Gathering(), dict[str, int]()
        labels, above, width = dict[str, str](), list[list[str]](), 0
        for at, cells in rows(path, self.delimiter):
            if not known:
                if self.tells(cells):
                    written = [plain(cell) for cell in cells]
                    known, width = self.places(written), len(cells)
                    labels = {name: written[place] for name, place in known.items()}
                else:
                    above.append(cells)
                continue
            if self.exact and len(cells) != width:
                found.reject(at, None, ("", f"{len(cells)} cells", "row-width"))
            else:
                texts = {name: cells[place] if place < len(cells) else "" for name, place in known.items()}
                line = Line(at, texts, labels, above)
                line.read(self.columns)
                take(found, line)
            yield from found.batches()
        for _ in after(found):
            yield from found.batches()
        yield from found.batches(last=True)
