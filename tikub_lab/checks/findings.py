"""What checks say: findings, what could not be checked, measures; and the subject that they are about."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tikub_lab.reports.private import line

CRITERIA = {"technique": "Qualité technique", "ergonomie": "Ergonomie", "responsabilite": "Responsabilité"}
"""The jury's, less relevance, which no check measures."""


class Kind(NamedTuple):
    """A kind of finding, a line of ``kinds.csv``: its texts are French templates that take a finding's values."""

    kind: str
    criterion: str
    title: str
    why: str
    how: str


@cache
def kinds() -> dict[str, Kind]:
    text = Path(__file__).with_name("kinds.csv").read_text(encoding="utf-8")
    return {row["kind"]: Kind(**row) for row in csv.DictReader(text.splitlines())}


@dataclass(frozen=True, init=False)
class Finding:
    """One fault at one place (``carnet.ipynb, cellule 3``); its texts are those of its kind.

    >>> Finding("bare_parameters", "a.ipynb", reason="annee = 2025").criterion
    'technique'
    """

    kind: str
    place: str
    values: tuple[tuple[str, Any], ...] = ()

    def __init__(self, kind: str, place: str, **values: Any):
        for name, value in (("kind", kind), ("place", place), ("values", tuple(values.items()))):
            object.__setattr__(self, name, value)
        _ = self.title, self.why, self.how  # an unknown kind or a value that lacks fails in the check, not on the page

    @property
    def criterion(self) -> str:
        return kinds()[self.kind].criterion

    def _text(self, template: str) -> str:
        return line(template.format_map({name: str(value) for name, value in self.values}))

    @property
    def title(self) -> str:
        return self._text(kinds()[self.kind].title)

    @property
    def why(self) -> str:
        return self._text(kinds()[self.kind].why)

    @property
    def how(self) -> str:
        return self._text(kinds()[self.kind].how)


class Unchecked(NamedTuple):
    """What could not be checked, and why, in French."""

    what: str
    reason: str


class Measure(NamedTuple):
    """A figure of a place that is no fault, in French: ``Measure("a.ipynb", "Temps", 1.2, "s")``."""

    place: str
    name: str
    value: float | str
    unit: str = ""


Said = Finding | Unchecked | Measure


@dataclass
class Run:
    """What came of a notebook that ran twice inside the walls.

    ``notebook`` is the executed one as JSON, ``page`` what a build would make of it; None where there is none.
    ``stopped`` names the wall that ended it (``temps``, ``mémoire``, ``processus``, ``sortie``, ``disque``), ``error``
    what the cell ``cell`` (from 1) raised.
    """

    notebook: dict[str, Any] | None = None
    page: Path | None = None
    seconds: float = 0.0
    peak: int = 0
    stopped: str = ""
    error: str = ""
    cell: int | None = None


@dataclass
class Subject:
    """What is checked.

    ``files`` has regular files of ``root`` by type (``notebook``, ``page``, ``table``, ``code``, ``text``, ``other``);
    links are never followed. ``handed_out`` are those of a kit that are as its ``kit.json`` says: nobody's work but
    ours. ``kit``, ``package`` and ``build`` are what ``kit.json``, ``data/datapackage.json`` and ``build.json`` hold.
    ``runs`` is filled by the first check, by path in ``root``, unless there are no ``walls``: then nothing is run.
    ``scratch`` is an empty folder for what checks make, gone when the check ends.
    """

    root: Path
    kind: Literal["folder", "kit", "notebook", "page", "reports"]
    files: dict[str, list[Path]]
    handed_out: frozenset[Path] = frozenset()
    kit: Mapping[str, Any] = field(default_factory=dict)
    package: Mapping[str, Any] = field(default_factory=dict)
    build: Mapping[str, Any] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    walls: Any = None
    scratch: Path = Path()

    def place(self, path: Path) -> str:
        """Return the path of a file in the subject, as findings say it."""
        return path.relative_to(self.root).as_posix()

    def own(self, kind: str) -> list[Path]:
        """List the files of a type that whoever sent it made or changed."""
        return [path for path in self.files.get(kind, ()) if path not in self.handed_out]


Check = Callable[[Subject], Iterator[Said]]


def collect(checks: Iterable[tuple[str, Check]], subject: Subject) -> tuple[list[Said], list[str]]:
    """Run checks by their French names: one that breaks is said, and keeps what it and the others found.

    Return what they said, each once, and the names of those that went through.
    """
    said, through = dict[Said, None](), []
    for name, check in checks:
        try:
            for item in check(subject):
                said[item] = None
            through.append(name)
        except Exception as error:  # whatever was sent made it break
            said[Unchecked(name, line(f"ce contrôle s’est arrêté : {type(error).__name__}: {error}", 300))] = None
    return list(said), through
