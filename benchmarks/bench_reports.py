"""The report engine against today's tools and against its own limit, all in one run on the same notebook.

100 reports of ``purchases.ipynb`` (four figures, one table, two tables read) on the shipped sample, for buyers and
first years. It is the procurement notebook as it was when the engine was built, in the calls of today, kept so that
figures compare over time: a heavier notebook brings every ratio nearer to one. The slow baselines run a part of the
reports, said in the output, and are compared by seconds a report.
"""

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil

from tikub_lab import tables
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.notebooks import Notebook, find
from tikub_lab.reports.run import Report
from tikub_lab.tables.package import open_package

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "benchmarks" / "purchases.ipynb"
JOBS = 2
LIMIT, LIBRARIES, COMMANDS = 1.46, 9.4, 24.9
"""Aims: at most so many times the limit, at least so many times faster than the libraries and than the commands."""


def parameter_sets(count: int) -> list[dict[str, Any]]:
    """Buyers of the sample, from the first year on, then from the second…"""
    buyers = sorted(tables.load("procurement/contracts")["acheteur_id"].unique())
    sets = [{"acheteur": buyer, "annee_debut": year} for year in range(2020, 2025) for buyer in buyers]
    contracts = tables.load("procurement/contracts")
    years = contracts["dateNotification"].dt.year
    known = {(b, y) for y in range(2020, 2025) for b in contracts.loc[years >= y, "acheteur_id"].unique()}
    sets = [item for item in sets if (item["acheteur"], item["annee_debut"]) in known]
    return (sets * (count // len(sets) + 1))[:count]


def reports(notebook: Notebook, count: int) -> list[Report]:
    return [Report(notebook, item, f"r{number}") for number, item in enumerate(parameter_sets(count))]


def engine(notebook: Notebook, count: int, out: Path, cluster: str | None = None) -> float:
    start = time.perf_counter()
    told: list[dict[str, Any]] = []
    settings = Settings(jobs=JOBS, timeout=300, memory=4 * 2**30, cluster=cluster)
    build(reports(notebook, count), ROOT, out, open_package(ROOT / "data"), settings, told.append)
    assert len(told) == count
    assert all(item["status"] == "done" for item in told), "every report must be done for the figure to count"
    return (time.perf_counter() - start) / count


def unchanged(out: Path) -> float:
    """The command itself, as a whole process, on a build of 100 reports where nothing changed."""
    years = ",".join(map(str, range(2025, 2125)))
    each = ["--each", f"annee_fin={years}"]
    command = [sys.executable, "-m", "tikub_lab", "report", "procurement", *each, "--quiet", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert "0 done, 0 failed, 100 skipped" in done.stdout
    return time.perf_counter() - start


def _commands(number: int, item: dict[str, Any], folder: Path) -> None:
    given = [word for name, value in item.items() for word in ("-p" if name != "acheteur" else "-r", name, str(value))]
    environment = os.environ | {"TIKUB_HOME": str(ROOT)}
    quiet = {"check": True, "capture_output": True, "env": environment, "cwd": folder}
    made = f"r{number}.ipynb"
    source = str(NOTEBOOK)
    subprocess.run([sys.executable, "-m", "papermill", source, made, *given, "-k", "python3"], **quiet)
    subprocess.run([sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--no-input", made], **quiet)


def commands(count: int, folder: Path) -> float:
    """(a) the papermill and jupyter nbconvert commands, two at a time."""
    start = time.perf_counter()
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(_commands, range(count), parameter_sets(count), [folder] * count))
    return (time.perf_counter() - start) / count


def _libraries(item: dict[str, Any]) -> int:
    import papermill
    from nbconvert import HTMLExporter

    os.environ["TIKUB_HOME"] = str(ROOT)
    nb = papermill.execute_notebook(
        NOTEBOOK,
        None,
        item,
        progress_bar=False,
        kernel_name="python3",
        extra_arguments=["--log-level=CRITICAL"],
    )
    return len(HTMLExporter(exclude_input=True).from_notebook_node(nb)[0])


def libraries(count: int) -> float:
    """(b) papermill and nbconvert as libraries in a pool of two processes, which keep their imports."""
    with ProcessPoolExecutor(JOBS) as pool, Path(os.devnull).open("w") as sink, contextlib.redirect_stderr(sink):
        list(pool.map(_libraries, parameter_sets(JOBS)))  # imports are not counted
        start = time.perf_counter()
        assert all(pool.map(_libraries, parameter_sets(count)))
        return (time.perf_counter() - start) / count


def limit(notebook: Notebook, count: int) -> float:
    """(c) the same cells as plain Python in a process that has everything imported, divided by the cores."""
    sources = [cell.source for cell in nbformat.reads(notebook.content, as_version=4).cells if cell.cell_type == "code"]
    code = [compile(source, "cell", "exec") for source in sources]

    def once(item: dict[str, Any]) -> None:
        names: dict[str, Any] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            for number, cell in enumerate(code):
                exec(cell, names)
                if number == 0:
                    names.update(item)

    once(parameter_sets(1)[0])
    start = time.perf_counter()
    for item in parameter_sets(count):
        once(item)
    return (time.perf_counter() - start) / count / JOBS


class Memory(threading.Thread):
    """Peak of this process and all its children, in MB, shared pages counted once (PSS)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak, self.over = 0.0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            head = psutil.Process()
            total = 0
            for process in [head, *head.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss
            self.peak = max(self.peak, total / 1e6)


def memory(notebook: Notebook, count: int, out: Path) -> tuple[float, float]:
    """Peak of the whole tree during a build, and what this process holds after it."""
    watch = Memory()
    watch.start()
    engine(notebook, count, out)
    watch.over.set()
    watch.join()
    return watch.peak, psutil.Process().memory_info().rss / 1e6


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A Dask scheduler and two workers on loopback."""
    import distributed

    ready = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    local = ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(ready)]
    started = [subprocess.Popen([*dask, "scheduler", "--port", "0", *local], **quiet)]
    while not ready.exists():
        time.sleep(0.1)
    for _ in range(JOBS):
        started.append(subprocess.Popen([*dask, "worker", "--no-nanny", "--nthreads", "1", *local], **quiet))
    try:
        with distributed.Client(scheduler_file=str(ready)) as client:
            client.wait_for_workers(JOBS, timeout=60)
            address = client.scheduler.address
        yield address
    finally:
        for process in started:
            process.terminate()


def main() -> None:
    """Print the figures as ratios; leave with 1 where one misses its aim."""
    os.environ["TIKUB_HOME"] = str(ROOT)
    (notebook,) = find(NOTEBOOK.parent, [NOTEBOOK.stem])
    folder = Path(tempfile.mkdtemp(prefix="tikub-bench-"))
    try:
        engine(notebook, JOBS, folder / "warm-up")
        ours = engine(notebook, 100, folder / "ours")
        best = limit(notebook, 100)
        print(f"reports: 100 reports, {JOBS} at once: {ours:.3f} s a report")
        print(
            f"reports: {ours / best:.2f} times the limit (c: the cells alone, divided by the cores: {best:.3f} s); "
            f"aim {LIMIT}"
        )
        b = libraries(20)
        print(
            f"reports: {b / ours:.1f} times faster than both as libraries in a pool (b: 20 reports, {b:.2f} s each); "
            f"aim {LIBRARIES}"
        )
        a = commands(8, folder)
        print(
            f"reports: {a / ours:.1f} times faster than the two commands (a: 8 reports, {a:.2f} s each); aim {COMMANDS}"
        )
        print(f"reports: 100 again, unchanged: {unchanged(folder / 'each'):.2f} s for the whole command")
        (peak, after), (peak3, after3) = memory(notebook, 100, folder / "m1"), memory(notebook, 300, folder / "m3")
        print(f"reports: peak of the whole tree {peak:.0f} MB at 100 reports, {peak3:.0f} MB at 300")
        print(f"reports: the building process holds {after:.0f} MB after 100, {after3:.0f} MB after 300 more")
        with cluster(folder) as address:
            engine(notebook, JOBS, folder / "dask-warm", address)
            dask = engine(notebook, 100, folder / "dask", address)
            again = engine(notebook, 100, folder / "ours-again")
        print(f"reports: Dask, {JOBS} workers: {dask / again:.2f} times --jobs {JOBS} ({dask:.3f} s a report)")
        raise SystemExit(ours / best > LIMIT or b / ours < LIBRARIES or a / ours < COMMANDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
