"""The wheels of an offline kit: those of the lock for the platform at hand."""

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath

from packaging.utils import parse_wheel_filename

from tikub_lab.errors import RunError
from tikub_lab.kits.launcher import this_platform

FOLDER = "wheels"
PLATFORM = "plateforme.json"


@dataclass(frozen=True)
class Wheel:
    """What a wheel says of itself, and the licence files inside of it."""

    name: str
    version: str
    licence: str
    files: tuple[str, ...]


def fetch(requirements: Path, into: Path) -> list[Wheel]:
    """Download the wheels of a lock through pip, which compares each with its hash, and say what they are, by name.

    Raises
    ------
    RunError
        When pip can't have one: no network and none in its cache, or none for this platform.
    """
    into.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(requirements), "-d", str(into)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise RunError(f"--offline: pip could not be run ({error}).") from None
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no reason given")
        raise RunError(
            f"--offline: pip could not have all wheels ({reason[:300]}). It needs the network or its cache this once; "
            "without --offline the kit has no wheels and teams need the network."
        )
    found = [_described(path, *parse_wheel_filename(path.name)[:2]) for path in sorted(into.iterdir())]
    text = json.dumps(this_platform(), ensure_ascii=False, indent=1, sort_keys=True)
    (into / PLATFORM).write_text(text + "\n", encoding="utf-8", newline="\n")
    return sorted(found, key=lambda wheel: wheel.name)


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
