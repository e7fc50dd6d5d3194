"""What a data package of imported files remembers, and how it changes in one step.

The descriptor lists the imported files (``imported``); ``.sources/`` holds what was staged of them, and the logs. All
files are named after their content and never change; the descriptor names them, and its rename is the moment when a new
state counts. Files that only the state before names are removed by the next writer.

Logs that people read have names that stay: each is renamed into its place afterwards, if need be by the next writer.
"""

import filecmp
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.tables.atomic import LOCK, lock, sync, write_atomic
from tikub_lab.tables.package import DESCRIPTOR, sha256_of
from tikub_lab.tables.schema import read_json

INDEX = "imported"
"""The descriptor's property that says what was imported."""
STAGING = ".staging"
_OURS = re.compile(r".+-[0-9a-f]{16}\.(parquet|json|csv)")


@dataclass
class Provenance:
    """What one source gave: ``read`` is ``kept`` plus ``rejected``, in source rows.

    ``rejects_by_rule`` counts source rows, which may break several rules; ``repairs_by_rule`` counts values.
    ``sequence`` numbers the imports of a name, of which the later ones replace what they repeat.
    """

    file: str
    sha256: str
    date: str
    reader: str
    read: int = 0
    kept: int = 0
    rejected: int = 0
    rejects_by_rule: dict[str, int] = field(default_factory=dict)
    repairs_by_rule: dict[str, int] = field(default_factory=dict)
    unchanged: bool = False
    sequence: int = 0
    tables: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    download: dict[str, Any] = field(default_factory=dict)
    """Of a file from a portal: its source, address, day, validators, columns and licence."""

    @property
    def published(self) -> str:
        """Name of the published file: the zip's where it was one of a zip."""
        return self.file.partition("/")[0]

    @property
    def key(self) -> str:
        """What its staged rows have as ``_source``."""
        return f"{self.sha256[:16]} {self.sequence} {self.file}"

    def stored(self) -> dict[str, Any]:
        """Return what is written of a source."""
        return {name: value for name, value in asdict(self).items() if name != "unchanged"}


@dataclass
class State:
    """A data package between two changes."""

    folder: Path
    descriptor: dict[str, Any] = field(default_factory=dict)
    sources: list[Provenance] = field(default_factory=list)
    parts: dict[str, list[str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    new: dict[str, Path] = field(default_factory=dict)
    """Finished files that `commit` puts in their places."""
    replaced: set[str] = field(default_factory=set)
    """Hashes of sources that newer downloads replace."""

    @classmethod
    def of(cls, folder: Path) -> "State":
        """Read the state of a folder, or an empty one; refuse packages that imports don't write to."""
        path = folder / DESCRIPTOR
        if not path.exists():
            return cls(folder)
        try:
            descriptor = read_json(path, f"{path}: missing.")
            origins = {item["origin"] for item in descriptor["resources"]}
            index: dict[str, Any] = dict(descriptor.get(INDEX, {"sources": []}))
            sources = [Provenance(**item) for item in index.pop("sources")]
        except (TypeError, KeyError, ValueError) as error:
            raise UsageError(f"{path}: not as an import wrote it ({error}). Import into another folder.") from None
        if "sample" in origins:
            raise UsageError(
                f"{folder}: holds the fictitious sample, which never stands beside real tables. Choose another folder "
                "with --into."
            )
        if origins and INDEX not in descriptor:
            raise UsageError(
                f"{folder}: its tables stand there without their sources (those of an earlier version, or of a kit): "
                "they can be read, not added to. Import all files into another folder with --into."
            )
        return cls(folder, descriptor, sources, **index)

    @property
    def place(self) -> Path:
        """The folder for files that are not finished."""
        return self.folder / STAGING

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Tables by name, as the descriptor has them."""
        return {item["name"]: item for item in self.descriptor.get("resources", [])}

    def files(self) -> set[str]:
        """Return every file that this state names."""
        named = {str(item[key]) for item in self.resources.values() for key in ("path", "schema")}
        return named | {part for parts in self.parts.values() for part in parts} | {*self.logs.values()}

    def add(self, path: Path, stem: str) -> str:
        """Take a finished file in, and return the name that it will have, after its content."""
        name = f"{stem}-{sha256_of(path)[:16]}{path.suffix}"
        self.new[name] = path
        return name

    def commit(self) -> None:
        """Make this the state that counts."""
        sources = [item.stored() for item in self.sources]
        self.descriptor[INDEX] = {"sources": sources, "parts": self.parts, "logs": self.logs}
        for name, source in self.new.items():
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists():  # the same name is the same content
                sync(source)
                source.replace(place)
                sync(place.parent)
        write_atomic(self.folder / DESCRIPTOR, as_json(self.descriptor).encode())
        self.publish()

    def publish(self) -> None:
        """Put the logs where people look for them, unless they are there."""
        for visible, stored in self.logs.items():
            path = self.folder / visible
            if path.is_file() and filecmp.cmp(path, self.folder / stored, shallow=False):
                continue
            part = self.place / "log"  # a copy, which may be edited
            shutil.copyfile(self.folder / stored, part)
            part.replace(path)


def as_json(value: object) -> str:
    """Write a value as indented JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


@contextmanager
def writing(folder: Path) -> Iterator[State]:
    """Hold a data package for a change; what goes wrong leaves it, or no folder, as it was."""
    State.of(folder)  # what is refused leaves no lock
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{folder}: no folder can be made there ({error.strerror}). Choose another with --into."
        ) from None
    try:
        with lock(folder):
            yield from _held(folder)
    except OSError as error:
        raise RunError(
            f"{folder}: {error.strerror or error}. Nothing was changed; make room there, then try again."
        ) from error
    finally:
        with suppress(OSError):
            for path in made:
                path.rmdir()


def _held(folder: Path) -> Iterator[State]:
    place = folder / STAGING
    shutil.rmtree(place, ignore_errors=True)
    for path in folder.glob(f".{DESCRIPTOR}.*.part"):
        path.unlink()
    before, there = State.of(folder), _files(folder)
    place.mkdir()
    before.publish()
    state = State.of(folder)
    try:
        yield state
    finally:
        after = State.of(folder)
        if after.descriptor == before.descriptor:
            _remove(folder, state.new.keys() - there)
        else:  # what the state before names stays for those who read it, unless some of its sources were forgotten
            gone = {item.sha256 for item in before.sources} - {item.sha256 for item in after.sources}
            kept = gone <= state.replaced
            unnamed = _files(folder) - after.files() - (before.files() if kept else set())
            _remove(folder, unnamed | before.logs.keys() - after.logs.keys())
        shutil.rmtree(place, ignore_errors=True)
        if not (folder / DESCRIPTOR).exists():
            (folder / LOCK).unlink(missing_ok=True)


def _files(folder: Path) -> set[str]:
    """Return the files in a folder that are named after their content."""
    found = [path for pattern in ("*/*", "schemas/*/*", ".sources/*") for path in folder.glob(pattern)]
    return {path.relative_to(folder).as_posix() for path in found if _OURS.fullmatch(path.name)}


def _remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files, and the folders that become empty."""
    for name in names:
        path = folder / name
        for remove in (path.unlink, path.parent.rmdir, path.parents[1].rmdir):
            with suppress(OSError):
                remove()
