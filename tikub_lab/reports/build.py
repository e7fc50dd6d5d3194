"""A build: a set of reports made side by side, with an index page and a manifest."""

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.reports import keys, publisher
from tikub_lab.reports.manifest import JOURNAL, Manifest
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import EngineName, Report
from tikub_lab.reports.worker import Job, Result
from tikub_lab.tables.atomic import held, write_atomic
from tikub_lab.tables.package import Package

Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Settings:
    """How a build runs: reports at once, what each may use, which are made, and on which ``cluster``."""

    jobs: int = 1
    timeout: float | None = None
    memory: int | None = None
    engine: EngineName = "tikub"
    force: bool = False
    only_failed: bool = False
    pdf: bool = False
    cluster: str | None = None


def only_failed(reports: Sequence[Report], manifest: Manifest) -> list[Report]:
    failed = {page for page, entry in manifest.entries.items() if entry["status"] == "failed"}
    return [item for item in reports if not failed.isdisjoint((item.page, item.failed_page))]


def split(
    reports: Sequence[Report], home: Path, out: Path, package: Package, settings: Settings, manifest: Manifest
) -> tuple[list[Job], list[dict[str, Any]]]:
    """Part the reports into those to make, and the entries of those that would come out the same."""
    data = None if package.root == (home / "data").resolve() else package.root
    todo, current, by = [], [], publisher.read(home)
    for report in only_failed(reports, manifest) if settings.only_failed else reports:
        code, day = keys.code_hash(report.notebook), keys.day(report.notebook)
        job = Job(replace(report, data=data), home, settings.engine, settings.memory, settings.pdf, code, day, by)
        old = manifest.entries.get(report.page)
        if old is not None and not settings.force and keys.is_current(job, old, package, out):
            current.append(old)
        else:
            todo.append(job)
    return todo, current


def build(
    reports: Sequence[Report], home: Path, out: Path, package: Package, settings: Settings, tell: Tell
) -> dict[str, Any]:
    """Make the reports that changed, then index and manifest, in a folder of no other build.

    ``tell`` is told of each report's entry as it ends, skipped ones included. A page that can't be written (a full
    disk) stops the build: what was made stays. ``this_build`` of the manifest says what was asked, and what was made.
    """
    made: list[str] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        with held(out) as ours:
            if ours is None:
                raise UsageError(f"{out}: another build is writing there. Wait for its end, or give another --out.")
            manifest = Manifest(out)
            todo, current = split(reports, home, out, package, settings, manifest)
            for entry in current:
                tell(entry | {"skipped": True})
            try:
                for job, result in _run(todo, settings, package):
                    entry = _keep(job, result, out, manifest)
                    made.append(entry["page"])
                    tell(entry)
            finally:
                document = _close(manifest, out, made, publisher.read(home))
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        why, way = ("the disk is full", "make room") if full else (error.strerror or str(error), "choose another --out")
        raise RunError(
            f"{out}: a page could not be written ({why}). {len(made)} were made; {way}, then run the command again."
        ) from error
    return document | {"this_build": {"made": made, "asked": [report.page for report in reports]}}


def _run(jobs: Sequence[Job], settings: Settings, package: Package) -> Iterator[tuple[Job, Result]]:
    if jobs and settings.cluster:
        from tikub_lab.reports.cluster import run

        yield from run(jobs, settings, package)
    elif jobs:
        ahead = package.root if len(jobs) > settings.jobs else None
        with Pool(min(settings.jobs, len(jobs)), settings.timeout, settings.memory, ahead) as pool:
            yield from pool.run(jobs)


def _keep(job: Job, result: Result, out: Path, manifest: Manifest) -> dict[str, Any]:
    """Write a report's page and files, or beside the last good page why it failed; record it."""
    entry, page, failed_page = result.entry, job.report.page, job.report.failed_page
    old = manifest.entries.get(page, {"status": "", "files": []})
    failed = entry["status"] == "failed"
    (out / page).parent.mkdir(exist_ok=True)
    if failed and old["status"] == "done" and (out / page).is_file():
        write_atomic(out / failed_page, result.html)
        manifest.add(old | {"failed": failed_page})
        manifest.add(entry := entry | {"page": failed_page})
        return entry
    for file in result.files:  # before the page, whose links lead to them
        write_atomic(out / file.path, file.content)
    write_atomic(out / page, result.html)
    stem = page.removesuffix("html")
    for path in {item["path"] for item in old.get("files", [])} - {file.path for file in result.files}:
        if path.startswith(stem) and "/" not in path.removeprefix(stem):
            (out / path).unlink(missing_ok=True)
    if entry["pdf"]:
        write_atomic(out / entry["pdf"], result.pdf)
    if not failed:
        entry["key"] = keys.key(job, entry["tables"])
    manifest.add(entry)
    (out / failed_page).unlink(missing_ok=True)
    return entry


def _close(manifest: Manifest, out: Path, made: Sequence[str], by: publisher.Publisher) -> dict[str, Any]:
    """Write links between pages, manifest and index, however it ended, if anything changed."""
    dropped = manifest.drop(made)
    if not (made or dropped or (out / JOURNAL).exists()):
        return manifest.document()
    from tikub_lab.reports import index, links

    links.write(manifest.entries, out)
    document = manifest.write()
    write_atomic(out / "index.html", index.render(document["reports"], by).encode("utf-8"))
    return document
