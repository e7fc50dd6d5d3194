"""Formats as tables: ``columns.csv`` has their columns, their labels and how a cell is read; one loop for all formats.

A format's function says of each row what it becomes: rows of staged tables, or a reject for each rule that it breaks.
"""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tikub_lab.energy.published import values
from tikub_lab.energy.published.values import KILOWATTS, KWH, plain
from tikub_lab.tables.readers import REJECTS, REPAIRS, Batch, Head, log
from tikub_lab.tables.sheets import rows

SIZE = 20_000
"""Rows of a batch."""
MESSAGES = {row["rule"]: row["message"] for row in values.listed("rules.csv")}
Meter = dict[str, str | None]
"""How a meter is named: see :func:`who`."""
_TYPES = {
    **dict.fromkeys(("kwh", "facteur", "tmin", "tmoy", "tmax", "temperature"), "float64"),
    **dict.fromkeys(("longitude", "latitude", "altitude"), "float64"),
    **{"_line": "int64", "_rows": "int64", "minutes": "int64", "estime": "boolean", "brut": "boolean"},
}
"""Types of columns that are no text."""
STAGED = {
    table: {name: _TYPES.get(name, "str") for name in names.split()}
    for table, names in {
        "energy/readings": "_line _rows compteur point debut fin kwh estime origine brut",
        "energy/loads": "_line _rows compteur point debut minutes kwh estime brut",
        "energy/meters": "_line compteur point energie",
        "staged/list": "_line _rows compteur point energie code_uai usage fichier facteur",
        "staged/indexes": "_line _rows compteur point jour kwh estime",
        "staged/ends": "_line _rows compteur point",
        "energy/weather": "_line _rows station jour tmin tmoy tmax",
        "energy/temperatures": "_line _rows station heure temperature",
        "energy/stations": "_line station lib_station longitude latitude altitude",
    }.items()
}
"""Columns of the staged tables. ``point`` is a distributor's number, ``compteur`` a name, empty where the file has
neither; ``brut`` says that ``kwh`` is in the unit that another file tells. The list is one of meters, while
``energy/meters`` has what files of readings let know of theirs. Indexes are readings of a counter, ends mark where
the last period ends: both are source rows without a reading of their own. Rows of meters and stations stand for no
source row, and so have no ``_rows``."""
_PARSERS: dict[str, Callable[[str], Any]] = {
    "": str, "plain": plain, "lower": str.lower, "number": values.number,
    "english": partial(values.number, comma=False), "minutes": values.minutes, "day": values.day,
    "moment": values.moment, "universal": values.universal,
    "clock": values.clock, "flag": values.flag, "fuel": values.fuel, "unit": values.unit, "uai": values.uai,
}  # fmt: skip


@lru_cache(4096)
def who(text: str) -> Meter:
    """Name a meter: by a distributor's number, whose name is made up, or by its own name.

    >>> who("G001"), who("00000000000000")["compteur"]
    ({'compteur': 'G001', 'point': None}, 'PDL-2e6e15a38c')
    """
    if values.is_point(text):
        return {"compteur": values.pseudonym(text), "point": values.SPACES.sub("", text).upper()}
    return {"compteur": text or None, "point": None}


@dataclass(slots=True)
class Row:
    """A source row: by column the text and what is read of it; then what it becomes, and the rules that it breaks."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    above: list[list[str]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    meter: Meter = field(default_factory=dict)
    broken: tuple[tuple[str, str, str], ...] = ()
    repairs: tuple[tuple[str | None, str, str, str, str], ...] = ()
    staged: tuple[tuple[str, dict[str, Any]], ...] = ()

    @property
    def name(self) -> str:
        """The meter's name, "" where the row has none."""
        return self.meter.get("compteur") or ""

    def read(self, name: str, text: str, kind: str, rule: str = "") -> None:
        """Read a cell; a bad one has no value."""
        self.texts[name] = text
        try:
            self.values[name] = _PARSERS[kind](text)
        except ValueError:
            self.refuse(name, text, rule or kind)

    def refuse(self, field: str, value: str, rule: str) -> None:
        """Reject the row for a field with a value and the rule that it breaks."""
        self.broken += ((field, value, rule),)

    def repair(self, field: str, value: str, rule: str, replacement: str) -> None:
        """Note a value that was mended, blanked or marked."""
        self.repairs += ((self.meter.get("compteur"), field, value[:200], rule, replacement),)

    def keep(self, table: str, **cells: Any) -> None:
        """Stage a row for this one, or what this one lets know of its meter or station."""
        self.staged += ((table, {"_line": self.line, **cells}),)

    def reading(self, begin: datetime.date, days: int, **cells: Any) -> None:
        """Keep the energy of whole days, « relevé » unless its origin is another one."""
        period = {"debut": begin.isoformat(), "fin": (begin + datetime.timedelta(days)).isoformat()}
        self.keep("energy/readings", **{**self.meter, **period, "origine": "relevé", **cells})

    def load(
        self, seconds: int, minutes: int, value: float | None, unit: str, ends: bool = False, **cells: Any
    ) -> None:
        """Keep the energy of a step, whose time may be its end, or say why it can't be known."""
        if unit not in KILOWATTS and unit not in KWH:
            self.refuse("Unite", unit, "unit")
        elif not minutes:
            self.refuse("Valeur", self.texts["Valeur"], "step-unknown")
        elif not 1 <= minutes <= 60:
            self.refuse("Pas", str(minutes), "step")
        else:
            kwh, begin = values.energy(value, unit, minutes), values.iso(seconds - 60 * minutes * ends)
            self.keep("energy/loads", **self.meter, debut=begin, minutes=minutes, kwh=kwh, **cells)


def batches(judged: Iterable[Row]) -> Iterator[Batch]:
    """Gather rows into batches: each is kept in one table, or rejected."""
    waiting = iter(judged)
    while True:
        read, tables, rejects, repairs = 0, defaultdict[str, list[dict[str, Any]]](list), [], []
        for row in islice(waiting, SIZE):
            read += 1
            for table, cells in row.staged:
                tables[table].append(cells)
            name = row.meter.get("compteur")
            rejects += [(row.line, name, field, text[:200], rule, MESSAGES[rule]) for field, text, rule in row.broken]
            repairs += [(row.line, *repair) for repair in row.repairs]
        if not read:
            return
        logs = (
            log(kind, [pd.DataFrame(said, columns=list(kind))])
            for kind, said in ((REJECTS, rejects), (REPAIRS, repairs))
        )
        yield Batch(read, {name: staged(name, cells) for name, cells in tables.items()}, *logs)


def staged(name: str, cells: list[dict[str, Any]]) -> pd.DataFrame:
    """Type the rows of a staged table, the same columns in every batch."""
    frame = pd.DataFrame(cells).reindex(columns=list(STAGED[name]))
    if "_rows" in frame:
        frame["_rows"] = 1
    else:
        frame = frame.drop_duplicates([column for column in frame if column != "_line"])
    return frame.astype(STAGED[name])


Header = Callable[[set[str], list[str]], bool]
"""Tells a row of labels by the columns that it has, and by the labels."""


class Format(NamedTuple):
    """What recognises the files of a format, and what reads them."""

    recognises: Callable[[Head], bool]
    read: Callable[[Path], Iterator[Batch]]


class Layout:
    """A format of rows below labels: what tells its row of labels, and whether all rows are as long as that one."""

    def __init__(self, name: str, header: Header, delimiter: str | None = None, exact: bool = False):
        columns = [row for row in values.listed("columns.csv") if row["format"] == name]
        self.columns = {row["column"]: (row["labels"].split("|"), row["kind"], row["rule"]) for row in columns}
        self.header, self.delimiter, self.exact = header, delimiter, exact

    def places(self, labels: list[str]) -> dict[str, int]:
        """Find the columns that are there: by column the first known label that is, « * » standing for any end."""
        found = {}
        for name, (known, *_) in self.columns.items():
            for label in known:
                alike = [one for one in labels if one.startswith(label[:-1])] if label[-1] == "*" else [label]
                if alike and alike[0] in labels:
                    found[name] = labels.index(alike[0])
                    break
        return found

    def tells(self, cells: list[str]) -> bool:
        """Tell the row of labels."""
        labels = [plain(cell) for cell in cells]
        return self.header(set(self.places(labels)), labels)

    def recognises(self, head: Head) -> bool:
        """Recognise a file by its row of labels, after whatever rows."""
        return any(map(self.tells, head.rows))

    def rows(self, path: Path) -> Iterator[Row]:
        """Read the cells of the rows below the labels; one that is not as long as it should be has none."""
        known, labels, above, width = dict[str, int](), dict[str, str](), list[list[str]](), 0
        for line, cells in rows(path, self.delimiter):
            if known:
                row = Row(line, {}, labels, above)
                if self.exact and len(cells) != width:
                    row.refuse("", f"{len(cells)} cells", "row-width")
                else:
                    for name, place in known.items():
                        row.read(name, cells[place] if place < len(cells) else "", *self.columns[name][1:])
                yield row
            elif self.tells(cells):
                written = [plain(cell) for cell in cells]
                known, width = self.places(written), len(cells)
                labels = {name: written[place] for name, place in known.items()}
            else:
                above.append(cells)

    def each(self, path: Path, judge: Callable[[Row], None]) -> Iterator[Row]:
        """Have each row judged that has cells."""
        for row in self.rows(path):
            if row.texts:
                judge(row)
            yield row

    def format(self, judge: Callable[[Row], None]) -> Format:
        """Make a format of a layout whose rows are judged one by one."""
        return Format(self.recognises, lambda path: batches(self.each(path, judge)))
