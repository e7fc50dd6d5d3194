"""What a kit installs: of the workbench's lock, what the package itself needs, and none of the tools that test it."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tikub_lab.errors import UsageError

SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "win32": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
MACHINES = ("x86_64", "arm64", "aarch64", "AMD64")
PYTHONS = ("3.11.0", "3.11.9", "3.12.9", "3.13.5", "3.14.2")
"""Laptops of every kind: a requirement is kept where its marker holds on one of them."""


@dataclass(frozen=True)
class Locked:
    """One entry of the lock.

    Attributes
    ----------
    name : str
        Canonical.
    version : str
    marker : str
        When it is wanted; empty for always.
    hashes : tuple of str
        sha256 of each file that may be installed.
    text : str
        The entry as it is written.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    text: str


def read_lock(path: Path) -> list[Locked]:
    """Read a lock with hashes, as pip takes it.

    Raises
    ------
    UsageError
        When it is missing, or an entry is not pinned by version and hash.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no lock there; a kit takes its requirements from it. Make it with `make lock`.")
    found = []
    for text in re.findall(r"^[^\s#].*(?:\n[ \t].*)*", path.read_text(encoding="utf-8"), flags=re.M):
        line, *hashes = re.split(r"\\?\s+--hash=sha256:", text)
        wanted = Requirement(line)
        if not hashes or [item.operator for item in wanted.specifier] != ["=="]:
            raise UsageError(f"{path}: {line!r} is not pinned by version and hash. Make the lock with `make lock`.")
        version = next(iter(wanted.specifier)).version
        found.append(
            Locked(
                canonicalize_name(wanted.name),
                version,
                str(wanted.marker or ""),
                tuple(re.findall(r"^[0-9a-f]{64}", "\n".join(hashes), flags=re.M)),
                text,
            )
        )
    return found


@cache
def _environments() -> tuple[dict[str, str], ...]:
    return tuple(
        {
            **SYSTEMS[system],
            "platform_machine": machine,
            "python_full_version": python,
            "python_version": ".".join(python.split(".")[:2]),
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "implementation_version": python,
            "platform_release": "",
            "platform_version": "",
        }
        for system, machine, python in product(SYSTEMS, MACHINES, PYTHONS)
    )


def _may_hold(marker: Marker | None, extras: Iterable[str]) -> bool:
    """Whether a marker holds on one laptop at least, for one of the extras that were asked for or without any."""
    if marker is None:
        return True
    return any(marker.evaluate({**where, "extra": extra}) for where in _environments() for extra in ("", *extras))


def closure(wanted: Iterable[str], locked: Iterable[Locked]) -> set[str]:
    """Return the names of the lock that requirements lead to, on any platform.

    Parameters
    ----------
    wanted : iterable of str
        Requirements, as ``pyproject.toml`` writes them.
    locked : iterable of Locked

    Raises
    ------
    UsageError
        When the lock lacks something that is wanted everywhere.

    Notes
    -----
    Who needs what is read from the metadata of the distributions that are installed here. What is locked for another
    platform or another Python alone is not installed here, and what it needs in turn is not known: that is locked with
    the very marker of what needs it, and by this is known.
    """
    markers: dict[str, set[str]] = {}
    for entry in locked:
        markers.setdefault(entry.name, set()).add(entry.marker)
    waiting = [(Requirement(text), "pyproject.toml") for text in wanted]
    seen: set[tuple[str, frozenset[str]]] = set()
    absent = set()
    while waiting:
        requirement, because = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if name not in markers:
            raise UsageError(f"The lock has no {name!r}, which {because} needs. Make it again with `make lock`.")
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            absent.add(name)
            continue
        for item in map(Requirement, needs):
            if _may_hold(item.marker, extras):
                waiting.append((item, name))
    found = {name for name, _ in seen}
    return found | {
        name for name, own in markers.items() if not _installed(name) and any(own == markers[item] for item in absent)
    }


def _installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def read_project(home: Path) -> dict[str, Any]:
    """Read the workbench's ``pyproject.toml``."""
    path = home / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: not readable ({error}). Kits are made from a clone of the workbench.") from None


def runtime(home: Path) -> list[Locked]:
    """Return the entries of the lock that a kit installs: the package's requirements, and what builds it."""
    project = read_project(home)
    locked = read_lock(home / "requirements.txt")
    names = closure([*project["project"]["dependencies"], *project["build-system"]["requires"]], locked)
    return [entry for entry in locked if entry.name in names]


def written(entries: Iterable[Locked]) -> bytes:
    """Write entries as a requirements file."""
    return ("\n".join(entry.text for entry in entries) + "\n").encode("utf-8")


def project_file(project: Mapping[str, Any], readme: str) -> bytes:
    """Write the ``pyproject.toml`` of a kit: what is needed to install the package, and no tool.

    Parameters
    ----------
    project : mapping
        The workbench's, read.
    readme : str
        Name of the kit's readme file.
    """
    own = project["project"]
    lines = ["[build-system]", f"requires = {_toml(project['build-system']['requires'])}"]
    lines += [f"build-backend = {_toml(project['build-system']['build-backend'])}", "", "[project]"]
    kept = ("name", "version", "description", "requires-python", "license", "license-files")
    lines += [f"{key} = {_toml(own[key])}" for key in kept]
    lines += [f"readme = {_toml(readme)}", f"dependencies = {_toml(own['dependencies'])}", "", "[project.scripts]"]
    lines += [f"{key} = {_toml(value)}" for key, value in own["scripts"].items()]
    for group, points in own["entry-points"].items():
        lines += ["", f"[project.entry-points.{_toml(group)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in points.items()]
    lines += ["", "[tool.flit.module]", f"name = {_toml(project['tool']['flit']['module']['name'])}"]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _toml(value: str | list[str]) -> str:
    """Write a text or a list of texts: TOML's basic strings are JSON's."""
    return json.dumps(value, ensure_ascii=False)
