"""What makes a report up to date: hashes of all that it is made from."""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import tikub_lab
from tikub_lab.errors import UsageError
from tikub_lab.reports.worker import Job
from tikub_lab.tables.package import Package

LOCK = "requirements.txt"


def digest(*parts: object) -> str:
    """Hash parts, each by its JSON, so that no two lists of parts give the same text.

    Examples
    --------
    >>> digest("a", "bc") == digest("ab", "c")
    False
    """
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@cache
def code_hash() -> str:
    """Hash of the package's code: every file of it that is not compiled."""
    root = Path(tikub_lab.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return digest(
        [(path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]
    )


@cache
def lock_hash(home: Path) -> str:
    """Hash of the workbench's lock file; of nothing where there is none."""
    path = home / LOCK
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def key(job: Job, used: Sequence[Mapping[str, Any]]) -> str:
    """Return the key of a report: notebook, parameters, engine, PDF or not, code, lock, Python, and the tables it read.

    Secret parameters are not in it: a report that was given one is made again each time.

    Parameters
    ----------
    job : Job
    used : sequence of mappings
        What :func:`tikub_lab.tables.used` says of each table that the report read.
    """
    report = job.report
    inputs = [
        report.notebook.content,
        report.public_parameters(),
        job.engine,
        job.pdf,
        code_hash(),
        lock_hash(job.home),
        platform.python_version(),
    ]
    return digest(*inputs, sorted(used, key=lambda item: str(item["table"])))


def is_current(job: Job, old: Mapping[str, Any] | None, package: Package, out: Path) -> bool:
    """Whether a report that was made before would come out the same.

    Parameters
    ----------
    job : Job
    old : mapping or None
        The report's entry in the manifest of the last build.
    package : Package
        The data package that the report would read now.
    out : Path
        Folder of the build: the page must be there, and be the one that was made.
    """
    if old is None or old["status"] != "done" or job.report.has_secret():
        return False
    try:
        used = [package.used(item["table"]) for item in old["tables"]]
    except UsageError:
        return False
    if key(job, used) != old["key"]:
        return False
    pages = [(old["page"], old["page_sha256"])] + ([(old["pdf"], old["pdf_sha256"])] if old["pdf"] else [])
    pages += [(item["path"], item["sha256"]) for item in old.get("files", [])]
    return all(_same(out / name, sha256) for name, sha256 in pages)


def _same(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
