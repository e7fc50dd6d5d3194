"""What happens in the process of one report: run it, make its page, send back bytes that say what came of it."""

import atexit
import gc
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tikub_lab.errors import RunError, TikubError
from tikub_lab.reports.parameters import secrets
from tikub_lab.reports.publisher import NOBODY, Publisher
from tikub_lab.reports.run import EngineName, Execution, Failure, Report, execute

if TYPE_CHECKING:
    from tikub_lab.reports.attached import Attached

RESULT = "result"  # the file, in a report's scratch folder, that says what came of it
LARGEST = 2**30  # bytes of a file that a report may write
MOST = 2**28  # bytes that a report may send back


@dataclass(frozen=True)
class Job:
    """A report to make; ``memory`` is what it may use beyond what every report starts with."""

    report: Report
    home: Path
    engine: EngineName = "tikub"
    memory: int | None = None
    pdf: bool = False
    code: str = ""
    day: str = ""
    publisher: Publisher = NOBODY


@dataclass
class Result:
    """What came of a report: its entry in the manifest, its page and PDF, and the files beside it."""

    entry: dict[str, Any]
    html: bytes = b""
    pdf: bytes = field(default=b"", repr=False)
    files: "list[Attached]" = field(default_factory=list)


def known(job: Job) -> dict[str, Any]:
    """Return the part of a report's entry that does not depend on what its process says."""
    report, notebook = job.report, job.report.notebook
    return {
        "notebook": notebook.name,
        "use_case": notebook.use_case,
        "title": notebook.title,
        "page": report.page,
        "parameters": {name: str(value) for name, value in report.public_parameters().items()},
        "key": None,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def make(job: Job, scratch: Path) -> Result:
    """Execute a report and make its page, in this process; whatever goes wrong is its reason."""
    start = time.perf_counter()
    hidden = secrets(job.report.notebook, job.report.parameters, evaluate=True)
    execution = execute(job.report, job.home, scratch, job.engine)
    execution.code = job.code
    try:
        result = finish(job, execution, hidden, scratch)
    except Exception as error:
        reason = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
        failure = Failure(reason, getattr(error, "cell", None))
        execution = replace(execution, notebook=None, used=[], failure=failure)
        result = finish(job, execution, hidden, scratch)
    result.entry |= {"seconds": round(time.perf_counter() - start, 3), "peak_memory": peak_memory()}
    return result


def finish(job: Job, execution: Execution, hidden: list[str], scratch: Path = Path()) -> Result:
    """Make the page of a report; nothing leaves before folders and secrets are taken out here."""
    from tikub_lab.reports import ecoindex, page, pdf
    from tikub_lab.reports.attached import take
    from tikub_lab.reports.items import item_of
    from tikub_lab.reports.private import line, of_this_machine, scrub, scrub_bytes

    private = [str(scratch.resolve()), *of_this_machine()]

    def clean(text: str) -> str:
        return scrub(text, private, hidden)

    failure, report = execution.failure, job.report
    if failure:
        failure.reason, failure.heading = line(clean(failure.reason)), line(clean(failure.heading))
    files = [] if failure or execution.notebook is None else take(execution.notebook, report)
    if any(clean(file.path) != file.path for file in files):
        raise RunError("The name of a file that the notebook offers holds a secret. Name it otherwise.")
    files = [replace(f, label=clean(f.label), content=scrub_bytes(f.content, private, hidden)) for f in files]
    document = None if failure or not job.pdf else report.page.removesuffix("html") + "pdf"
    made = page.render(report, execution, Path(document).name if document else "", job.publisher)
    html, heading, subtitle, lead, figure, about = map(clean, made)
    entry = known(job) | ecoindex.count(html)
    entry |= {
        "heading": heading,
        "subtitle": subtitle,
        "lead": lead,
        "figure": figure,
        "about": about,
        "item": {} if failure else item_of(report, job.home),
        "status": "failed" if failure else "done",
        "reason": failure.reason if failure else "",
        "cell": failure.cell if failure else None,
        "pdf": document,
        "seconds": round(execution.seconds, 3),
        "peak_memory": 0,
        "defects": page.defects(html),
        "figures": execution.shown("figure"),
        "tables_shown": execution.shown("table"),
        "tables": execution.used,
    }
    printed = pdf.write_pdf(html, heading) if document else b""
    return complete(Result(entry, html.encode("utf-8"), printed, files))


def complete(result: Result) -> Result:
    """Add to a result's entry what its contents say."""
    result.entry["files"] = [file.facts() for file in result.files]
    result.entry["page_sha256"] = sha256(result.html).hexdigest()
    result.entry["pdf_sha256"] = sha256(result.pdf).hexdigest() if result.entry["pdf"] else None
    return result


def failed(job: Job, failure: Failure, seconds: float) -> Result:
    """Return the result of a report whose process gave none: a page that says why."""
    hidden = secrets(job.report.notebook, job.report.parameters)
    return finish(job, Execution(None, failure, seconds, code=job.code), hidden)


def pack(result: Result) -> bytes:
    """Write a result as a line of JSON, then its contents."""
    contents = [result.html, result.pdf, *(file.content for file in result.files)]
    head = json.dumps({"entry": result.entry, "sizes": [len(content) for content in contents]})
    return b"".join([head.encode("ascii"), b"\n", *contents])


def unpack(job: Job, data: bytes) -> Result:
    """Read a result again: any process of the user's may have written it, so all is checked."""
    from tikub_lab.reports.attached import Attached
    from tikub_lab.reports.manifest import fits
    from tikub_lab.show.downloads import check

    stem, (head, _, rest) = job.report.page.removesuffix("html"), data.partition(b"\n")
    with suppress(ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, TikubError):
        raw = json.loads(head, parse_constant=int)  # NaN and Infinity are no JSON: refused
        ends = list(accumulate(raw["sizes"], initial=0))
        parts = [rest[start:end] for start, end in pairwise(ends)]
        entry = {**raw["entry"], **known(job)}
        pairs = zip(entry["files"], parts[2:], strict=True)
        files = [Attached(str(item["path"]), str(item["label"]), content) for item, content in pairs]
        for file in files:
            check(file.path.removeprefix(stem), file.content, file.label)
        result = complete(Result(entry, parts[0], parts[1], files))
        own = entry["pdf"] in {None, stem + "pdf"} and all(file.path.startswith(stem) for file in files)
        if own and fits(entry) and parts[0] and ends[-1] == len(rest) and min(raw["sizes"]) >= 0:
            return result
    raise RunError("The notebook's process sent back what is no report.")


def peak_memory() -> int:
    """Peak resident memory of this process and of its largest child, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + children) * unit


def main(connection: Any) -> None:
    """Be the process of one report: wait for it, make it, leave its result in scratch, end."""
    import numpy

    _alone()
    # What the server loaded is frozen; a report's own objects are too few to be worth a look at every 700th.
    gc.set_threshold(50_000, 20, 20)
    # What the notebook prints is in its outputs; what libraries print beside it is for nobody.
    with open(os.devnull, "wb") as sink:  # noqa: PTH123
        for descriptor in (1, 2):
            os.dup2(sink.fileno(), descriptor)
    try:
        job, scratch, environment = connection.recv()
    except EOFError:  # no report is left to make
        os._exit(0)
    os.environ.clear()
    os.environ.update(environment | {"TMPDIR": str(scratch / "tmp")})
    tempfile.tempdir = None
    (scratch / "tmp").mkdir()
    os.chdir(scratch)
    _limit(job.memory)
    numpy.random.seed()  # a fork has the state of the forkserver's; Python's own generator draws anew by itself
    try:
        data = pack(make(job, scratch))
    except MemoryError:
        _limit(None)
        data = pack(failed(job, Failure("MemoryError: out of memory"), 0.0))
    try:
        (scratch / RESULT).write_bytes(data)
    except OSError:  # a full disk: what the notebook wrote is in the way
        for name in ("work", "tmp"):
            shutil.rmtree(scratch / name, ignore_errors=True)
        (scratch / RESULT).write_bytes(data)
    end_children()
    connection.send_bytes(b"done")
    # Threads and at-exit hooks of the notebook's libraries must not hold the report back.
    os._exit(0)


def control(option: int, value: int) -> None:
    """Set an option of this process that only Linux has (``prctl``)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)


SET_PARENT_DEATH_SIGNAL, SET_CHILD_SUBREAPER = 1, 36


def _alone() -> None:
    """Head a process group, inherit what the notebook starts, and die with the forkserver."""
    if sys.platform == "win32":
        return
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver
    with suppress(TypeError, OSError):
        os.close(server._forkserver_alive_fd)  # or it would live as long as we do
    server.__init__()  # a notebook's own processes are none of its business
    atexit.unregister(leave)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    control(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    control(SET_CHILD_SUBREAPER, 1)


def kill(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def end_all(find: Callable[[], list[psutil.Process]]) -> None:
    """End processes, and those that they had started, until none is found."""
    for _ in range(200):
        if not (left := find()):
            return
        kill(left)
        time.sleep(0.005)


def end_children() -> None:
    """End all that this process started, and what that started, which it inherits (on Linux)."""
    end_all(lambda: psutil.Process().children(recursive=True) if _has_child() else [])


def leave() -> None:
    """End the forkserver with all that reports left to it, without libraries' last words."""
    end_children()
    os._exit(0)


def _has_child() -> bool:
    """Reap the children that ended, and say whether one is left."""
    if sys.platform == "win32":
        return True
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
        return True
    return False


def _limit(memory: int | None) -> None:
    """Have a large file or allocation fail in the cell that asks for it, rather than the machine."""
    if sys.platform == "win32":
        return  # the pool watches resident memory everywhere
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
    if sys.platform == "linux":
        used = re.search(r"VmData:\s*(\d+)", Path("/proc/self/status").read_text())
        most = int(used[1]) * 1024 + memory if memory and used else resource.RLIM_INFINITY
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
