"""The same work on several machines: a Dask scheduler hands reports to workers, which have the same warm processes.

The notebook's text, its parameters and the data package travel through the scheduler, and so do the pages: no disk is
shared. A worker unpacks a data package once.
"""

import hashlib
import io
import multiprocessing
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from tikub_lab.errors import RunError, UsageError
from tikub_lab.reports import keys, worker
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import Failure
from tikub_lab.reports.worker import Job, Result
from tikub_lab.tables.package import DESCRIPTOR, Package

MAX_PACKAGE = 2 * 2**30
"""Bytes of a data package that is sent to workers; a larger one wants a shared disk."""


def run(
    jobs: Sequence[Job], address: str, package: Package, timeout: float | None, memory: int | None
) -> Iterator[tuple[Job, Result]]:
    """Make reports on a cluster; give each with its result as it ends.

    Parameters
    ----------
    jobs : sequence of Job
    address : str
        Of the scheduler: ``tcp://host:8786``.
    package : Package
        The data package that the reports read.
    timeout, memory
        Limits of each report, as for :class:`tikub_lab.reports.pool.Pool`.

    Raises
    ------
    UsageError
        The extra is not installed, the address is not one, nobody answers there, or no worker has joined.
    """
    try:
        from distributed import as_completed
    except ImportError:
        raise UsageError("--cluster needs the extra: pip install 'tikub-lab[cluster]'.") from None
    with _client(address) as client:
        data = client.scatter(pack(package), broadcast=True)
        futures = {
            client.submit(make, job, data, keys.code_hash(), timeout, memory, pure=False, key=f"tikub-{number}"): job
            for number, job in enumerate(jobs)
        }
        for future in as_completed(futures):
            yield futures[future], _result(future, futures[future])


def _client(address: str) -> Any:
    from distributed import Client

    if not re.fullmatch(r"(tcp|tls|ucx|ws|wss)://[^\s/]+", address):
        raise UsageError(f"--cluster {address!r} is not an address; write tcp://HOST:8786.")
    try:
        client = Client(address, timeout=10)
    except (OSError, TimeoutError) as error:
        raise UsageError(
            f"--cluster {address}: no scheduler answers ({error}). Start one with `dask scheduler`."
        ) from None
    if not client.scheduler_info()["workers"]:
        client.close()
        raise UsageError(f"--cluster {address}: no worker has joined. Start one: `dask worker {address} --no-nanny`.")
    return client


def _result(future: Any, job: Job) -> Result:
    try:
        result: Result = future.result()
    except RunError:
        raise
    except Exception as error:  # a worker that was lost as often as Dask tries again
        return worker.failed(job, Failure(f"Cluster: {type(error).__name__}"), 0.0)
    return result


def pack(package: Package) -> bytes:
    """Pack a data package: its descriptor, its tables, their schemas and those of all other tables, under ``data/``.

    Raises
    ------
    UsageError
        When it is larger than :data:`MAX_PACKAGE`.
    """
    files = {package.root / DESCRIPTOR}
    for item in package.resources.values():
        files |= {item.path, item.schema_path}
    size = sum(path.stat().st_size for path in files)
    if size > MAX_PACKAGE:
        raise UsageError(
            f"{package.root}: {size / 2**30:.1f} GiB of tables; at most {MAX_PACKAGE / 2**30:.0f} GiB go to a cluster. "
            "Put fewer tables into the package."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        names = {Path("data", path.relative_to(package.root)).as_posix(): path for path in files}
        others = package.schemas()
        for path in others.rglob("*.json"):
            names.setdefault(Path("data", "schemas", path.relative_to(others)).as_posix(), path)
        for name in sorted(names):
            archive.write(names[name], name)
    return buffer.getvalue()


_unpacking = Lock()


@cache
def _folder(sha256: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"tikub-data-{sha256[:8]}-"))


def unpack(archive: bytes) -> Path:
    """Unpack a data package on a worker, once for each content; return the folder that has ``data/``."""
    with _unpacking:
        folder = _folder(hashlib.sha256(archive).hexdigest())
        if not (folder / "data" / DESCRIPTOR).exists():
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                packed.extractall(folder)  # what `pack` made, through a scheduler that we chose
    return folder


def make(job: Job, archive: bytes, code: str, timeout: float | None, memory: int | None) -> Result:
    """Make one report on a worker, in a warm process of its own."""
    if keys.code_hash() != code:
        raise RunError(
            "A worker runs other code than this machine; install the same tikub-lab on both and start it again."
        )
    if multiprocessing.current_process().daemon:
        raise RunError(
            "Dask's nanny forbids processes of a worker's own; start workers with `dask worker … --no-nanny`."
        )
    home = unpack(archive)
    here = replace(job, home=home, report=replace(job.report, data=home / "data" if job.report.data else None))
    with Pool(1, timeout, memory, home / "data") as pool:
        ((_, result),) = pool.run([here])
    return result
