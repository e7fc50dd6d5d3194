"""Processes of reports on this machine, each a fresh fork of a server that has everything loaded."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import current_process, forkserver, get_context, resource_tracker, util
from multiprocessing.connection import Connection, wait
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import psutil

from tikub_lab.errors import RunError
from tikub_lab.reports import files, worker
from tikub_lab.reports.run import Failure, at
from tikub_lab.reports.worker import Job, Result

WATCH = 0.5  # seconds between two looks at running reports

LONGEST = 103 - len("/listener-12345678")
"""Bytes of the folder of a server's socket, whose path may have 107 in all, and 103 on macOS."""

METHOD = "spawn" if sys.platform == "win32" else "forkserver"
SERVER: Any = forkserver._forkserver
SERVER_ENDED = "The server of the processes was ended while this report ran. Make it again."

_starting = Lock()
_running: set[int] = set()
"""Processes of reports of all pools here: what else the server has as children, killed reports left."""


@dataclass
class _Process:
    """A process that waits for a report, or makes one."""

    process: Any
    connection: Connection
    scratch: Path
    server: int
    job: Any = None
    started: float = 0.0
    looked: float = 0.0

    def tree(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(self.process.pid)
            return [head, *head.children(recursive=True)]
        return []

    def memory(self) -> int:
        """Resident memory of the whole tree, in bytes; 0 where the last look was a moment ago."""
        total = 0
        if time.monotonic() - max(self.started, self.looked) < WATCH:
            return total
        self.looked = time.monotonic()
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
        return total

    def end(self, patience: float = 0.0) -> None:
        """End the process and all that it started, kernels in sessions of their own included."""
        self.process.join(patience)
        if self.process.is_alive():
            worker.kill(self.tree())
            self.process.join(10)
        _running.discard(self.process.pid)
        if self.process.exitcode != 0 or not (self.scratch / worker.RESULT).is_file():
            worker.end_all(_orphans)
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def failure(self, reason: str) -> Failure:
        """Say where the report was when it ended."""
        try:
            return at(self.job.report, reason, int((self.scratch / "cell").read_bytes()[:9]))
        except (OSError, ValueError):
            return Failure(reason)


def _alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def _orphans() -> list[psutil.Process]:
    """List what reports that were killed had started: the server inherits it (on Linux)."""
    with _starting, suppress(psutil.NoSuchProcess):
        found = psutil.Process(SERVER._forkserver_pid).children() if SERVER._forkserver_pid else []
        return [process for process in found if process.pid not in _running and _alive(process.pid)]
    return []


class Pool:
    """Makes reports in processes of their own, a few at a time, with the next one ready.

    Whatever happens to a report (an endless loop, a hard exit, a kill), it gets a result with the reason, and the
    others go on. ``timeout`` is in seconds, ``memory`` in bytes. Use cases are imported and the tables of ``data`` read
    before the first, where it is given: that pays once reports are more than processes.
    """

    def __init__(self, jobs: int, timeout: float | None = None, memory: int | None = None, data: Path | None = None):
        self.jobs, self.timeout, self.memory = jobs, timeout, memory
        # The forkserver inherits both, see preload.py. Threads of OpenBLAS that share a core wait for each other.
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", **os.environ, "TIKUB_AHEAD": str(data or "")}
        self._context: Any = get_context(METHOD)
        self._folder = files.scratch("tikub-reports-")
        self._root = self._folder.__enter__()
        self._spare: _Process | None = None
        self._count = 0

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.__exit__(None, None, None)

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Make reports; give each with its result as it ends, not in order."""
        waiting, again = deque(jobs), deque[Job]()
        running: list[_Process] = []
        try:
            while waiting or again or running:
                while waiting and len(running) < self.jobs:
                    running.append(self._hand(waiting.popleft()))
                # Reports whose server died are made again, one by one: one of them may have killed it.
                if alone := not (running or waiting):
                    running.append(self._hand(again.popleft()))
                if waiting and self._spare is None:
                    self._spare = self._fork()
                wait([handle for item in running for handle in (item.connection, item.process.sentinel)], WATCH)
                ended = [(item, result) for item in running if (result := self._result(item)) is not None]
                for item, _ in ended:
                    running.remove(item)
                    if waiting:  # the next one starts before its caller has written this one's page
                        running.append(self._hand(waiting.popleft()))
                for item, result in ended:
                    if result.entry["reason"] == SERVER_ENDED and not alone:
                        again.append(item.job)
                        item.end()
                    else:
                        item.end(5 if item.connection.poll() else 0)  # who says that it is done ends by itself
                        yield item.job, result
        finally:
            for item in [*running, *filter(None, [self._spare])]:
                item.end()
            self._spare = None

    def _fork(self) -> _Process:
        self._count += 1
        scratch = self._root / str(self._count)
        scratch.mkdir()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.main, args=(theirs,), daemon=False)
        try:
            with _starting, _no_main():
                if METHOD == "forkserver":
                    self._context.set_forkserver_preload(["tikub_lab.reports.preload"])
                    _start_server()
                process.start()
                _running.add(process.pid)
        except (OSError, EOFError):
            raise RunError("The server of the processes of reports could not start, or was ended. Try again.") from None
        theirs.close()
        return _Process(process, ours, scratch, SERVER._forkserver_pid)

    def _hand(self, job: Job) -> _Process:
        for _ in range(2):
            item, self._spare = self._spare or self._fork(), None
            with suppress(OSError):  # it was ended while it waited, with its server
                item.connection.send((job, item.scratch, dict(os.environ)))
                item.job, item.started = job, time.monotonic()
                return item
            item.end()
        raise RunError("The processes of reports are ended before they begin. Is the machine short of memory?")

    def _result(self, item: _Process) -> Result | None:
        """Return a report's result, ended by itself or by us; None while it runs well."""
        seconds = time.monotonic() - item.started
        if item.connection.poll() or not item.process.is_alive():  # it says that it is done, or it is gone
            path = item.scratch / worker.RESULT
            try:
                if path.is_file() and not path.is_symlink() and path.stat().st_size <= worker.MOST:
                    return worker.unpack(item.job, path.read_bytes())
                reason = _how(item)
            except RunError as error:
                reason = str(error)
        elif self.timeout and seconds > self.timeout:
            reason = f"Timeout: more than {self.timeout:g} s"
        elif self.memory and item.memory() > self.memory:
            reason = f"Memory: more than {self.memory / 2**20:,.0f} MiB"
        else:
            return None
        return worker.failed(item.job, item.failure(reason), seconds)


def _how(item: _Process) -> str:
    """Say how a process without result ended."""
    item.process.join(10)
    code = item.process.exitcode
    if code == 255:  # what there is to read of a server that is just ending
        time.sleep(WATCH)
    if METHOD == "forkserver" and not _alive(item.server):
        return SERVER_ENDED
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
        return f"Killed by signal {-code} ({name})"
    return f"The notebook ended its process with exit code {code}"


def _start_server() -> None:
    """Have the server ignore Ctrl-C from the first: we end what we started."""
    if len(os.fsencode(util.get_temp_dir())) > LONGEST:  # multiprocessing can't bind its socket there
        current_process()._config["tempdir"] = short = tempfile.mkdtemp(prefix="pymp-", dir="/tmp")  # type: ignore[attr-defined]
        util.Finalize(None, shutil.rmtree, (short, True), exitpriority=-100)  # as its own folder goes
    resource_tracker.ensure_running()  # which lets it through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        SERVER.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _no_main() -> Iterator[None]:
    """Hide the main module while a process starts, which would import it (pytest, Dask) for nothing."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
