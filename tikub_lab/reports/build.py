"""A build: a set of reports made side by side, with an index page and a manifest."""

import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError
from tikub_lab.reports import keys
from tikub_lab.reports.files import write_atomic
from tikub_lab.reports.manifest import JOURNAL, Manifest
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import EngineName, Report
from tikub_lab.reports.worker import Job, Result
from tikub_lab.tables.package import Package

Tell = Callable[[dict[str, Any]], None]
Run = Callable[[Iterable[Job]], Iterator[tuple[Job, Result]]]


@dataclass(frozen=True)
class Settings:
    """How a build runs.

    Attributes
    ----------
    jobs : int
        Reports at once.
    timeout : float or None
        Seconds a report may take.
    memory : int or None
        Bytes that a report may use.
    engine : {'tikub', 'kernel'}
        Cells in a warm process, or in a kernel.
    force : bool
        Make all reports, changed or not.
    only_failed : bool
        Make only those that failed in the last build.
    pdf : bool
        Make a PDF of each report too.
    cluster : str or None
        Address of a Dask scheduler that runs the reports instead of this machine.
    """

    jobs: int = 1
    timeout: float | None = None
    memory: int | None = None
    engine: EngineName = "tikub"
    force: bool = False
    only_failed: bool = False
    pdf: bool = False
    cluster: str | None = None


def build(
    reports: Sequence[Report], home: Path, out: Path, package: Package, settings: Settings, tell: Tell
) -> dict[str, Any]:
    """Make the reports that changed, then the index and the manifest.

    Parameters
    ----------
    reports : sequence of Report
    home : Path
        The workbench.
    out : Path
        The folder of the build; what earlier builds made there stays.
    package : Package
        The data package that the reports read.
    settings : Settings
    tell : callable
        Told of each report's entry as it ends, skipped ones (``entry["skipped"]``) included.

    Returns
    -------
    dict
        The manifest, whose key ``this_build`` says which pages this build made, skipped or failed to make.

    Raises
    ------
    RunError
        When a page can't be written (a full disk): what was made stays, and the same command goes on from there.
    """
    manifest = Manifest(out)
    code = keys.code_hash()
    jobs = [Job(report, home, settings.engine, settings.memory, settings.pdf, code) for report in reports]
    todo = []
    for job in jobs:
        old = manifest.entries.get(job.report.page)
        if settings.only_failed and (old is None or old["status"] != "failed"):
            continue
        if not settings.force and keys.is_current(job, old, package, out):
            assert old is not None
            tell(old | {"skipped": True})
        else:
            todo.append(job)
    made = []
    try:
        for job, result in _run(todo, settings, package):
            entry = _keep(job, result, out, manifest.entries.get(job.report.page))
            manifest.add(entry)
            made.append(entry["page"])
            tell(entry)
    except OSError as error:
        raise _not_written(error, out, len(made)) from error
    finally:
        document = _close(manifest, out, made)
    return document | {"this_build": {"made": made, "asked": [job.report.page for job in jobs]}}


def _run(jobs: Sequence[Job], settings: Settings, package: Package) -> Iterator[tuple[Job, Result]]:
    if not jobs:
        return
    if settings.cluster:
        from tikub_lab.reports.cluster import run

        yield from run(jobs, settings.cluster, package, settings.timeout, settings.memory)
        return
    with Pool(min(settings.jobs, len(jobs)), settings.timeout, settings.memory, package.root) as pool:
        yield from pool.run(jobs)


def _keep(job: Job, result: Result, out: Path, old: Mapping[str, Any] | None) -> dict[str, Any]:
    """Write a report's page and the files beside it, remove those that it had and has no longer, complete its entry."""
    entry = result.entry
    for file in result.files:  # before the page, whose links lead to them
        write_atomic(out / file.path, file.content)
    write_atomic(out / entry["page"], result.html)
    stem = entry["page"].removesuffix("html")
    for path in {item["path"] for item in (old or {}).get("files", [])} - {file.path for file in result.files}:
        if path.startswith(stem) and "/" not in path.removeprefix(stem):
            (out / path).unlink(missing_ok=True)
    entry["page_sha256"] = hashlib.sha256(result.html).hexdigest()
    entry["pdf_sha256"] = None
    if entry["pdf"]:
        write_atomic(out / entry["pdf"], result.pdf)
        entry["pdf_sha256"] = hashlib.sha256(result.pdf).hexdigest()
    if entry["status"] == "done":
        entry["key"] = keys.key(job, entry["tables"])
    return entry


def _close(manifest: Manifest, out: Path, made: Sequence[str]) -> dict[str, Any]:
    """Write manifest and index, whatever ended the build; leave them alone where it changed nothing."""
    dropped = manifest.drop(made)
    if not (made or dropped or (out / JOURNAL).exists()):
        return manifest.document()
    from tikub_lab.reports import index

    document = manifest.write()
    write_atomic(out / "index.html", index.render(document["reports"], datetime.now(UTC)).encode("utf-8"))
    return document


def _not_written(error: OSError, out: Path, count: int) -> RunError:
    why = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else str(error)
    return RunError(f"{out}: a page could not be written ({why}). {count} were made; run the same command to go on.")
