"""Processes of reports on this machine: each report in a fresh one, forked from a server that has everything loaded."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import psutil

from tikub_lab.reports import worker
from tikub_lab.reports.run import Failure
from tikub_lab.reports.worker import Job, Result

WATCH = 0.5
"""Seconds between two looks at the memory of running reports."""


def start_method() -> str:
    """How processes start: from a forkserver, or afresh where there is none (Windows)."""
    return "spawn" if sys.platform == "win32" else "forkserver"


@dataclass
class _Running:
    job: Job
    process: Any
    connection: Connection
    scratch: Path
    started: float
    looked: float = 0.0
    resident: int = 0

    def tree(self) -> list[psutil.Process]:
        """List the report's process and those that it started."""
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(self.process.pid)
            return [head, *head.children(recursive=True)]
        return []

    def memory(self) -> int:
        """Resident memory of the whole tree, in bytes; looked up at most once in :data:`WATCH` seconds."""
        if time.monotonic() - max(self.looked, self.started) > WATCH:
            self.looked, self.resident = time.monotonic(), 0
            for process in self.tree():
                with suppress(psutil.NoSuchProcess):
                    self.resident += process.memory_info().rss
        return self.resident

    def kill(self) -> None:
        """End the report and all that it started, kernels in sessions of their own included."""
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(self.process.pid, signal.SIGKILL)


class Pool:
    """Makes reports in processes of their own, a few at a time.

    Parameters
    ----------
    jobs : int
        How many run at once.
    timeout : float or None
        Seconds after which a report is ended.
    memory : int or None
        Bytes of resident memory at which a report is ended.
    data : Path or None
        A data package whose tables are read once, before the first report.

    Notes
    -----
    No notebook code runs in the process that has the pool. Whatever happens to a report (an endless loop, a hard exit,
    a kill), it gets a result with the reason, and the others go on.
    """

    def __init__(self, jobs: int, timeout: float | None = None, memory: int | None = None, data: Path | None = None):
        self.jobs, self.timeout, self.memory = jobs, timeout, memory
        if data is not None:
            os.environ["TIKUB_AHEAD"] = str(data)  # the forkserver inherits it, see preload.py
        self._context: Any = get_context(start_method())
        if start_method() == "forkserver":
            self._context.set_forkserver_preload(["tikub_lab.reports.preload"])
        self._root = Path(tempfile.mkdtemp(prefix="tikub-build-"))
        self._count = 0

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._root, ignore_errors=True)

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Make reports; give each with its result as it ends, not in order."""
        waiting = iter(jobs)
        running: list[_Running] = []
        try:
            running.extend(self._start(job) for job in islice(waiting, self.jobs))
            while True:
                if not running:
                    return
                wait(
                    [item.connection for item in running] + [item.process.sentinel for item in running],
                    self._patience(),
                )
                ended = [(item, result) for item in running if (result := self._result(item)) is not None]
                for item, _ in ended:
                    running.remove(item)
                    # The next one starts before its caller has written this one's page.
                    if (job := next(waiting, None)) is not None:
                        running.append(self._start(job))
                for item, result in ended:
                    item.process.join(10)
                    item.kill()
                    shutil.rmtree(item.scratch, ignore_errors=True)
                    yield item.job, result
        finally:
            for item in running:
                item.kill()

    def _patience(self) -> float | None:
        return WATCH if self.memory or self.timeout else None

    def _start(self, job: Job) -> _Running:
        self._count += 1
        scratch = self._root / str(self._count)
        scratch.mkdir()
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=worker.main, args=(theirs, job, scratch, dict(os.environ)), daemon=False)
        with _no_main():
            process.start()
        theirs.close()
        return _Running(job, process, ours, scratch, time.monotonic())

    def _result(self, item: _Running) -> Result | None:
        """Return a report's result if it has one, ended by itself or by us; None while it runs well."""
        seconds = time.monotonic() - item.started
        if item.connection.poll():
            try:
                result: Result | None = item.connection.recv()
            except (EOFError, OSError):
                return self._ended(item, seconds)
            if result is None:  # it begins: what the forkserver took to load is not the report's time
                item.started = time.monotonic()
            return result
        if not item.process.is_alive():
            return self._ended(item, seconds)
        if self.timeout and seconds > self.timeout:
            item.kill()
            return worker.failed(item.job, Failure(f"Timeout: more than {self.timeout:g} s"), seconds)
        if self.memory and item.memory() > self.memory:
            item.kill()
            return worker.failed(item.job, Failure(f"Memory: more than {self.memory / 2**20:,.0f} MiB"), seconds)
        return None

    def _ended(self, item: _Running, seconds: float) -> Result:
        item.process.join(10)
        code = item.process.exitcode
        if code is not None and code < 0:
            return worker.failed(item.job, Failure(f"Killed by signal {-code} ({_signal_name(-code)})"), seconds)
        return worker.failed(item.job, Failure(f"The notebook ended its process with exit code {code}"), seconds)


_starting = Lock()


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module while a process starts: it would be imported there, be it pytest or Dask, for nothing."""
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
