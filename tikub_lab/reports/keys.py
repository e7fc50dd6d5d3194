"""What makes a report up to date: hashes of all that it was made from, and could have been."""

import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tikub_lab import USE_CASES
from tikub_lab.errors import UsageError
from tikub_lab.methods import code
from tikub_lab.reports.notebooks import Notebook
from tikub_lab.reports.run import PINNED
from tikub_lab.reports.worker import Job
from tikub_lab.tables.package import Package, open_package

_NAMES = "today|now|utcnow|localtime|gmtime|ctime|asctime|strftime|time"
CLOCK = re.compile(
    rf"\.({_NAMES})\b|\b({_NAMES})\s*\(|[\"'](today|now)[\"']|\b(from|import) time\b"
    r"|(?m:^\s*!|=\s*!|^%%(bash|sh|script))"
)
"""What a notebook's code says when it asks for the day: a clock by name, or a shell."""


def digest(*parts: object) -> str:
    """Hash parts, each by its JSON, so that no two lists of parts give the same text.

    >>> digest("a", "bc") == digest("ab", "c")
    False
    """
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@cache
def installed() -> tuple[str, ...]:
    """Name each installed distribution with its version, as their folders do."""
    found = set()
    for folder in sys.path:
        with suppress(OSError):
            found |= {entry.name for entry in os.scandir(folder or ".") if entry.name.endswith("-info")}
    return (platform.python_version(), *sorted(found))


@cache
def _code(parts: tuple[str, ...]) -> str:
    return code.digest(code.files("reports", *parts))


def code_hash(notebook: Notebook | None = None) -> str:
    """Hash the code that a notebook (or any) can reach, and what makes its page."""
    sources = _sources(notebook.content) if notebook else ()
    parts = {part for source in sources for part in code.use_cases(source)} if notebook else set(USE_CASES)
    return _code(tuple(sorted(parts)))


@lru_cache(maxsize=64)
def _sources(content: str) -> tuple[str, ...]:
    return tuple("".join(cell["source"]) for cell in json.loads(content)["cells"] if cell["cell_type"] == "code")


def day(notebook: Notebook) -> str:
    """Return today's date where a notebook names a clock, which no method of the package does."""
    asks = any(CLOCK.search(source) for source in _sources(notebook.content))
    return datetime.now(ZoneInfo(PINNED["TZ"])).date().isoformat() if asks else ""


def key(job: Job, used: Sequence[Mapping[str, Any]]) -> str:
    """Hash what a report is made from, but secrets: with any, it is made again each time."""
    report = job.report
    tables = sorted(used, key=lambda item: (str(item["table"]), str(item.get("package"))))
    said = [report.notebook.content, report.public_parameters(), report.data is None]
    return digest(*said, job.engine, job.pdf, job.publisher, job.code, job.day, installed(), tables)


def is_current(job: Job, old: Mapping[str, Any] | None, package: Package, out: Path) -> bool:
    """Whether a report would come out as before, and its page and files are still there."""
    if old is None or old["status"] != "done" or "failed" in old or job.report.has_secret():
        return False
    try:
        used = [_now(item, package, job.home) for item in old["tables"]]
    except (UsageError, OSError):
        return False
    if key(job, used) != old["key"]:
        return False
    pages = [(old["page"], old["page_sha256"])] + ([(old["pdf"], old["pdf_sha256"])] if old["pdf"] else [])
    pages += [(item["path"], item["sha256"]) for item in old.get("files", [])]
    paths = {out / name: sha256 for name, sha256 in pages}
    return all(p.is_file() and hashlib.sha256(p.read_bytes()).hexdigest() == known for p, known in paths.items())


def _now(item: Mapping[str, Any], package: Package, home: Path) -> dict[str, Any]:
    """Say of a table that a report read what it would read now."""
    other = item.get("package")
    if other is None:
        return package.used(item["table"])
    if Path(other).is_absolute():
        raise UsageError(f"{item['table']} was read from outside the workbench.")
    return open_package(home / other).used(item["table"]) | {"package": other}
