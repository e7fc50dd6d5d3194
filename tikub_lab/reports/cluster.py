"""The same work on several machines: a Dask scheduler and workers, which share no disk with us."""

import atexit
import hashlib
import io
import multiprocessing
import re
import time
import zipfile
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.reports import files, keys, worker
from tikub_lab.reports.pool import SERVER_ENDED, Pool
from tikub_lab.reports.run import Failure
from tikub_lab.reports.worker import Job, Result
from tikub_lab.tables.package import DESCRIPTOR, Package

if TYPE_CHECKING:
    from tikub_lab.reports.build import Settings

MAX_PACKAGE = 2 * 2**30  # bytes that are sent to workers; a larger data package wants a shared disk
ANSWER = 10.0  # seconds that a scheduler has to answer
PATIENCE = 10.0  # seconds to wait for a worker where none is left


def run(jobs: Sequence[Job], settings: "Settings", package: Package) -> Iterator[tuple[Job, Result]]:
    """Make reports on a cluster; give each with its result as it ends.

    Each is bound to a worker: Dask would hand one that ends its worker to the next. This machine makes those whose
    worker was ended, by one of them or not, and the rest where no worker is left.
    """
    try:
        from distributed import wait
    except ImportError:
        raise UsageError("--cluster needs the extra: pip install 'tikub-lab[cluster]'.") from None
    waiting, rest, running = deque(jobs), list[Job](), dict[Any, tuple[Job, str]]()
    archive, limits, holders = pack(package), (settings.timeout, settings.memory), set[str]()
    with _client(str(settings.cluster)) as client:
        while (waiting or running) and (threads := _workers(client, patient=not running)):
            if not holders & set(threads):
                data, holders = client.scatter(archive, broadcast=True), set(threads)
            free = deque((Counter(threads) - Counter(address for _, address in running.values())).elements())
            while free and waiting:
                job, address = waiting.popleft(), free.popleft()
                options = {"pure": False, "retries": 0, "workers": [address]}
                running[client.submit(make, job, data, _code(), *limits, **options)] = job, address
            with suppress(TimeoutError, CancelledError):
                wait(list(running), timeout=1, return_when="FIRST_COMPLETED")
            for future, (job, address) in list(running.items()):
                lost = address not in threads or future.status in {"cancelled", "lost"}
                if lost or future.done():
                    del running[future]
                    if lost or (result := _result(future, job)) is None or result.entry["reason"] == SERVER_ENDED:
                        rest.append(job)
                    else:
                        yield job, result
                    future.cancel()
    if rest := [*rest, *waiting, *(job for job, _ in running.values())]:
        with Pool(settings.jobs, *limits, package.root) as pool:
            yield from pool.run(rest)


def _workers(client: Any, patient: bool) -> dict[str, int]:
    """Return the threads of each worker; where there is none, wait for one for a while."""
    deadline = time.monotonic() + (PATIENCE if patient else 0)
    while not (found := dict(client.nthreads())) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _client(address: str) -> Any:
    from distributed import Client

    if not re.fullmatch(r"(tcp|tls|ucx|ws|wss)://[^\s/]+", address):
        raise UsageError(f"--cluster {address!r} is not an address; write tcp://HOST:8786.")
    try:
        client = Client(address, timeout=ANSWER)
    except (OSError, TimeoutError) as error:
        said = f"no scheduler answers ({error}). Start one with `dask scheduler`."
        raise UsageError(f"--cluster {address}: {said}") from None
    if not client.nthreads():
        client.close()
        raise UsageError(f"--cluster {address}: no worker has joined. Start one: `dask worker {address} --no-nanny`.")
    return client


def _result(future: Any, job: Job) -> Result | None:
    """Return a report's result; None where Dask could not bring it; what is wrong with the worker stops the build."""
    if error := future.exception():
        if isinstance(error, UsageError):
            raise error
        return None
    try:
        return worker.unpack(job, future.result())
    except RunError as odd:
        return worker.failed(job, Failure(str(odd)), 0.0)


def _code() -> str:
    return keys.digest(keys.code_hash(), keys.installed())


def pack(package: Package) -> bytes:
    """Pack a data package, with the schemas of all tables, under ``data/``."""
    own = {package.root / DESCRIPTOR}.union(*((item.path, item.schema_path) for item in package.resources.values()))
    size = sum(path.stat().st_size for path in own)
    if size > MAX_PACKAGE:
        raise UsageError(
            f"{package.root}: {size / 2**30:.1f} GiB of tables; at most {MAX_PACKAGE / 2**30:.0f} GiB go to a cluster. "
            "Put fewer tables into the package."
        )
    others = package.schemas()
    names = {Path("schemas", path.relative_to(others)): path for path in others.rglob("*.json")}
    names |= {path.relative_to(package.root): path for path in own}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(names):
            archive.write(names[name], f"data/{name.as_posix()}")
    return buffer.getvalue()


_unpacking, _folders = Lock(), ExitStack()
atexit.register(_folders.close)


@cache
def _folder(_sha256: str) -> Path:
    return _folders.enter_context(files.scratch("tikub-data-"))


def unpack(archive: bytes) -> Path:
    """Unpack a data package on a worker, once for each content, into ``data/`` of a folder."""
    with _unpacking:
        folder = _folder(hashlib.sha256(archive).hexdigest())
        if not (folder / "data" / DESCRIPTOR).exists():
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                packed.extractall(folder)  # what `pack` made, through a scheduler that we chose
    return folder


def make(job: Job, archive: bytes, there: str, timeout: float | None, memory: int | None) -> bytes:
    """Make one report on a worker, in a warm process of its own; return it as that process wrote it."""
    if _code() != there:
        raise UsageError(
            "A worker runs other code or other versions of packages than this machine; install the same tikub-lab and "
            "requirements on both and start it again."
        )
    if multiprocessing.current_process().daemon:
        raise UsageError("Dask's nanny forbids a worker's own processes; start it with `dask worker … --no-nanny`.")
    home = unpack(archive)
    moved = replace(job, home=home, report=replace(job.report, data=home / "data" if job.report.data else None))
    with Pool(1, timeout, memory, home / "data") as pool:
        ((_, result),) = pool.run([moved])
    return worker.pack(result)
