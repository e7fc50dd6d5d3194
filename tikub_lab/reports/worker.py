"""What happens in the process of one report: run it, make its page, say what came of it."""

import gc
import os
import random
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tikub_lab.errors import RunError
from tikub_lab.reports.run import EngineName, Execution, Failure, Report, execute

if TYPE_CHECKING:
    from tikub_lab.reports.attached import Attached


@dataclass(frozen=True)
class Job:
    """A report to make, with all that its process needs to know.

    Attributes
    ----------
    report : Report
    home : Path
        The workbench.
    engine : {'tikub', 'kernel'}
    memory : int or None
        Bytes that the report may use beyond what every report starts with.
    pdf : bool
        Whether to make a PDF too.
    code : str
        Short hash of the package's code, for the footer.
    """

    report: Report
    home: Path
    engine: EngineName = "tikub"
    memory: int | None = None
    pdf: bool = False
    code: str = ""


@dataclass
class Result:
    """What a report's process sends back.

    Attributes
    ----------
    entry : dict
        The report's entry in the manifest, less what only the build knows.
    html, pdf : bytes
        The page; empty where there is none.
    files : list of Attached
        What stands beside the page.
    """

    entry: dict[str, Any]
    html: bytes = b""
    pdf: bytes = field(default=b"", repr=False)
    files: "list[Attached]" = field(default_factory=list)


def entry(job: Job) -> dict[str, Any]:
    """Return what is known of a report before it runs, in the manifest's words."""
    report = job.report
    return {
        "notebook": report.notebook.name,
        "use_case": report.notebook.use_case,
        "title": report.notebook.title,
        "heading": report.notebook.title,
        "subtitle": "",
        "page": report.page,
        "pdf": None,
        "parameters": {name: str(value) for name, value in report.public_parameters().items()},
        "status": "failed",
        "reason": "",
        "cell": None,
        "seconds": 0.0,
        "peak_memory": 0,
        "page_bytes": 0,
        "page_transfer_bytes": 0,
        "dom_nodes": 0,
        "ecoindex": None,
        "ecoindex_grade": None,
        "figures": 0,
        "tables_shown": 0,
        "defects": [],
        "tables": [],
        "files": [],
        "key": None,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def make(job: Job, scratch: Path) -> Result:
    """Execute a report and make its page, in this process.

    Parameters
    ----------
    job : Job
    scratch : Path
        An empty temporary folder, which the caller removes.
    """
    from tikub_lab.reports import ecoindex, page

    start = time.perf_counter()
    report = job.report
    execution = execute(report, job.home, scratch, job.engine)
    execution.code = job.code
    files = _files(execution, report)
    document = report.page.removesuffix(".html") + ".pdf" if job.pdf and not execution.failure else None
    html, heading, subtitle = page.render(report, execution, pdf=Path(document).name if document else "")
    facts = ecoindex.count(html)
    made = entry(job) | {
        "heading": heading,
        "subtitle": subtitle,
        "status": "failed" if execution.failure else "done",
        "reason": execution.failure.reason if execution.failure else "",
        "cell": execution.failure.cell if execution.failure else None,
        "pdf": document,
        "defects": page.defects(html),
        "page_bytes": facts.page_bytes,
        "page_transfer_bytes": facts.transfer_bytes,
        "dom_nodes": facts.dom_nodes,
        "ecoindex": facts.ecoindex,
        "ecoindex_grade": facts.grade,
        "figures": execution.shown("figure"),
        "tables_shown": execution.shown("table"),
        "tables": execution.used,
        "files": [item.facts() for item in files],
    }
    printed = b""
    if document:
        from tikub_lab.reports.pdf import write_pdf

        printed = write_pdf(html, heading)
    made["seconds"] = round(time.perf_counter() - start, 3)
    made["peak_memory"] = peak_memory()
    return Result(made, html.encode("utf-8"), printed, files)


def _files(execution: Execution, report: Report) -> "list[Attached]":
    from tikub_lab.reports.attached import take

    if execution.failure or execution.notebook is None:
        return []
    try:
        return take(execution.notebook, report)
    except RunError as error:
        execution.failure = Failure(str(error))
        return []


def failed(job: Job, failure: Failure, seconds: float) -> Result:
    """Return the result of a report whose process could not give one: it gets a page that says why."""
    from tikub_lab.reports import ecoindex, page

    html, heading, _ = page.render(job.report, Execution(None, failure, seconds, code=job.code))
    facts = ecoindex.count(html)
    made = entry(job) | {
        "heading": heading,
        "reason": failure.reason,
        "cell": failure.cell,
        "seconds": round(seconds, 3),
        "page_bytes": facts.page_bytes,
        "page_transfer_bytes": facts.transfer_bytes,
        "dom_nodes": facts.dom_nodes,
        "ecoindex": facts.ecoindex,
        "ecoindex_grade": facts.grade,
    }
    return Result(made, html.encode("utf-8"))


def peak_memory() -> int:
    """Peak resident memory of this process and of its largest child, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + children) * unit


def main(connection: Any, job: Job, scratch: Path, environment: dict[str, str]) -> None:
    """Be the process of one report: nothing of it outlives the process, and nothing came from another report.

    Sends None when it begins, and a :class:`Result` when it ends.
    """
    _alone()
    connection.send(None)
    os.environ.clear()
    os.environ.update(environment)
    if job.memory:
        _limit_memory(job.memory)
    _reseed()
    # What the server loaded is frozen; a report's own objects are too few to be worth a look at every 700th.
    gc.set_threshold(50_000, 20, 20)
    os.chdir(scratch)
    # What the notebook prints is in its outputs; what libraries print beside it is for nobody.
    with open(os.devnull, "wb") as sink:  # noqa: PTH123
        for descriptor in (1, 2):
            os.dup2(sink.fileno(), descriptor)
    try:
        result = make(job, scratch)
    except MemoryError:
        result = Result(entry(job) | {"reason": "out of memory"})
    connection.send(result)
    connection.close()
    # Threads and at-exit hooks of the notebook's libraries must not hold the report back.
    os._exit(0)


def _alone() -> None:
    """Be the head of a process group, and die with the forkserver."""
    if sys.platform == "win32":
        return
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def _limit_memory(more: int) -> None:
    """Have an allocation fail rather than the machine: on Linux, at once and in the cell that asks for it."""
    if sys.platform != "linux":
        return  # the pool watches resident memory everywhere
    import resource

    status = Path("/proc/self/status").read_text()
    now = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (now + more, now + more))


def _reseed() -> None:
    """Draw new random states: a fork begins with those of the forkserver, the same for all."""
    random.seed()
    if "numpy" in sys.modules:
        import numpy

        numpy.random.seed()
