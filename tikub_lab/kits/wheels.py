"""The wheels of an offline kit: those of the lock for this platform, or for others that pip is told of."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits.launcher import this_platform

FOLDER = "wheels"
PLATFORM = "plateformes.json"
OLDEST_MINOR, NEWEST_MINOR = 11, 14
GLIBC = range(28, 4, -1)  # from that of Debian 10, Ubuntu 18.10 and RHEL 8 down; macOS is the oldest that pyproj knows
SYSTEMS = {
    "windows": [("Windows", "AMD64", ["win_amd64"])],
    "macos": [("Darwin", "arm64", ["macosx_14_0_arm64"])],  # argon2-cffi-bindings has no wheel for Intel any more
    "linux": [("Linux", "x86_64", [*(f"manylinux_2_{n}_x86_64" for n in GLIBC), "manylinux2014_x86_64"])],
}
"""What ``--for`` may say: name and machine as Python gives them, and the tags of wheels that run there."""

MARKERS = {"Windows": ("win32", "nt"), "Darwin": ("darwin", "posix"), "Linux": ("linux", "posix")}


@dataclass(frozen=True)
class Target:
    """A platform that wheels are for, as the kit's script names it; without tags, the one at hand."""

    facts: dict[str, str]
    tags: tuple[str, ...] = ()

    def requirements(self, lock: str, patch: int) -> str:
        """Return what a lock asks for there, with hashes and without markers, which pip would read for this Python."""
        python, system = self.facts["python"], self.facts["systeme"]
        platform, name = MARKERS[system]
        environment = {
            "python_version": python, "python_full_version": f"{python}.{patch}", "implementation_name": "cpython",
            "platform_python_implementation": "CPython", "platform_system": system, "sys_platform": platform,
            "platform_machine": self.facts["machine"], "os_name": name,
        }  # fmt: skip
        kept = []
        for block in re.findall(r"^[^\s#].*(?:\n\s.*)*", lock, flags=re.M):
            first, _, hashes = block.partition("\\\n")
            asked = Requirement(first)
            if asked.marker is None or asked.marker.evaluate(environment):
                kept.append(f"{asked.name}{asked.specifier} \\\n{hashes}")
        return "\n".join(kept) + "\n"


def targets(offline: bool, systems: str = "", pythons: str = "") -> list[Target]:
    """Read ``--offline``, ``--for`` and ``--python``: no target where wheels are not asked for.

    Raises
    ------
    UsageError
        A system or a Python that is not known, or one of them without ``--offline``.
    """
    here = this_platform()
    if not systems and not pythons:
        return [Target(here)] if offline else []
    if not offline:
        raise UsageError("--for and --python say what the wheels are for: add --offline, or leave them out.")
    names = [name for name, found in SYSTEMS.items() if found[0][0] == here["systeme"]]
    asked = [name.strip() for name in (systems or ",".join(names)).split(",")]
    for name in asked:
        if name not in SYSTEMS:
            raise UsageError(f"--for {name!r}: allowed are {', '.join(SYSTEMS)}, parted by commas.")
    found = re.fullmatch(r"3\.(\d+)(?:-3\.(\d+))?", pythons or here["python"])
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not OLDEST_MINOR <= first <= last <= NEWEST_MINOR:
        raise UsageError(
            f"--python {pythons or here['python']!r}: from 3.{OLDEST_MINOR} to 3.{NEWEST_MINOR} is allowed, such as "
            "3.12 or 3.11-3.13."
        )
    return [
        Target({"systeme": system, "machine": machine, "python": f"3.{minor}", "implementation": "CPython"}, (*tags,))
        for name in dict.fromkeys(asked)
        for system, machine, tags in SYSTEMS[name]
        for minor in range(first, last + 1)
    ]


@dataclass(frozen=True)
class Wheel:
    """What a wheel says of itself, and the licence files inside of it."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]


def fetch(lock: Path, into: Path, wanted: Sequence[Target]) -> list[Wheel]:
    """Download the wheels of a lock through pip, which compares each with its hash, and say what they are, by name.

    Raises
    ------
    RunError
        When pip can't have one: no network and none in its cache, or none for a platform.
    """
    into.mkdir(parents=True)
    text = lock.read_text(encoding="utf-8")
    for target in wanted:
        # Some packages depend on the third number of a Python, which nobody knows yet: those of both ends travel.
        asked = {target.requirements(text, patch): patch for patch in (0, 99)} if target.tags else {text: 0}
        for lines, patch in asked.items():
            _download(lines, into, target, patch)
    facts = json.dumps([target.facts for target in wanted], ensure_ascii=False, indent=1, sort_keys=True)
    (into / PLATFORM).write_text(facts + "\n", encoding="utf-8", newline="\n")
    found = {_described(path, *parse_wheel_filename(path.name)[:2]): None for path in sorted(into.glob("*.whl"))}
    return sorted({(item.name, item.version): item for item in found}.values(), key=lambda wheel: wheel.name)


def _download(requirements: str, into: Path, target: Target, patch: int) -> None:
    asked = into.with_suffix(".txt")
    asked.write_text(requirements, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(asked), "-d", str(into)]
    if target.tags:
        command += ["--python-version", f"{target.facts['python']}.{patch}", "--implementation", "cp"]
        command += [word for tag in target.tags for word in ("--platform", tag)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RunError(f"--offline: pip could not be run ({error}).") from None
    asked.unlink()
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no reason given")
        raise RunError(
            f"--offline: pip could not have all wheels for {' '.join(target.facts.values())} ({reason[:300]}). It "
            "needs the network or its cache this once; without --offline the kit has none and teams need the network."
        )


def _described(path: Path, name: str, version: object) -> Wheel:
    """Read a wheel's licence from its metadata, whichever field has it."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        place = next(item for item in names if item.count("/") == 1 and item.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(place).decode("utf-8", "replace"))
    licence = metadata.get("License-Expression") or ""
    if not licence:
        classes = [item for item in metadata.get_all("Classifier") or [] if item.startswith("License ::")]
        named = [item.rpartition(":: ")[2] for item in classes if not item.endswith("OSI Approved")]
        own = " ".join((metadata.get("License") or "").split())
        licence = ", ".join(named) or (own if len(own) <= 60 else "")
    folder = place.removesuffix("METADATA")
    words = ("licen", "copying", "notice", "authors")
    places = [item for item in names if item.startswith(folder) and not item.endswith("/")]
    texts = [item for item in places if PurePosixPath(item).name.lower().startswith(words)]
    return Wheel(name, str(version), licence, tuple(sorted(texts)))
