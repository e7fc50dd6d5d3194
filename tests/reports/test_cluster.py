"""The same pages through a Dask cluster, on loopback."""

import contextlib
import json
import subprocess
import sys
import time

import pytest

from tikub_lab.errors import UsageError
from tikub_lab.reports import cluster
from tikub_lab.reports.build import Settings, build
from tikub_lab.reports.plan import plan
from tikub_lab.tables.package import open_package

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler and a worker with two threads, as the README starts them."""
    with started(tmp_path_factory.mktemp("dask"), 1) as found:
        yield found


@contextlib.contextmanager
def started(folder, workers):
    ready = folder / "scheduler.json"
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    dask = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(ready)],
        **options,
    )
    deadline = time.monotonic() + 60
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    worker = [
        *dask, "worker", "--scheduler-file", str(ready), "--no-nanny", "--nthreads", "2", "--no-dashboard",
        "--host", "127.0.0.1", "--local-directory", str(folder),
    ]  # fmt: skip
    processes = [*(subprocess.Popen(worker, **options) for _ in range(workers)), scheduler]

    try:
        found = json.loads(ready.read_text())["address"]
        with distributed.Client(found, timeout=30) as client:
            client.wait_for_workers(workers, timeout=60)
        yield found
    finally:
        for process in processes:
            process.terminate()
        for process in processes:  # Dask may take half a minute to say goodbye: not what is tested
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2)
            process.kill()
            process.wait(10)


def run(reports, root, out, data=None, **options):
    told = []
    build(reports, root, out, open_package(data), Settings(jobs=2, timeout=60, memory=2**31, **options), told.append)
    return {item["page"]: item["status"] + item["reason"] for item in told}


@pytest.mark.ci
def test_pages_are_the_same_as_here(root, tmp_path, address, monkeypatch):
    monkeypatch.setenv("TIKUB_HOME", str(root))
    reports = plan(root / "notebooks", ["datathon_team"], {}, each="equipe=E07,E08")
    here, there = tmp_path / "here", tmp_path / "there"
    assert run(reports, root, here) == run(reports, root, there, cluster=address)
    pages = sorted(path.relative_to(here) for path in here.rglob("*/*.html"))
    assert len(pages) == 2
    for page in pages:
        assert (here / page).read_bytes() == (there / page).read_bytes()
    assert set(run(reports, root, there, cluster=address).values()) == {"done"}, "unchanged: nothing is sent"


def test_faults_on_a_worker(bench, address):
    bench.write("sortie", "# Sortie", "py:import os; os._exit(3)")
    bench.write("boucle", "# Boucle", "py:while True: pass")
    bench.write("bon", "# Bon", "py:print('bien')")
    reports = plan(bench.home / "notebooks", [], {})
    settings = Settings(timeout=3, memory=2**31, cluster=address)
    told = []
    build(reports, bench.home, bench.out, open_package(bench.home / "data"), settings, told.append)
    assert {item["notebook"]: item["reason"] for item in told} == {
        "bon": "",
        "boucle": "Timeout: more than 3 s",
        "sortie": "The notebook ended its process with exit code 3",
    }


KILLER = (  # on this machine, where no worker is to be ended, it ends by itself
    "py:import os, psutil, signal\n"
    "found = [process for process in psutil.Process().parents() if 'dask' in ' '.join(process.cmdline())]\n"
    "for process in found: os.kill(process.pid, signal.SIGKILL)\n"
    "while found: pass\n"
    "os._exit(3)"
)


@pytest.mark.parametrize("workers", [pytest.param(2, marks=pytest.mark.ci), pytest.param(1, marks=pytest.mark.proof)])
def test_a_worker_that_a_notebook_ends_fails_only_that_one_e18(bench, tmp_path, workers):
    """With another worker, or none: who ran beside it is made again, on this machine where no worker is left."""
    bench.write("tueur", "# Tueur", KILLER)
    for number in range(4):
        bench.write(f"bon{number}", f"# Bon {number}", "py:import time; time.sleep(1); print('bien')")
    names = ["bon0", "tueur", "bon1", "bon2", "bon3"] if workers == 2 else ["tueur", "bon1", "bon2", "bon3"]
    reports = plan(bench.home / "notebooks", names, {})
    package, told = open_package(bench.home / "data"), []
    with started(tmp_path, workers) as found:
        settings = Settings(jobs=2, timeout=15, memory=2**31, cluster=found)
        build(reports, bench.home, bench.out, package, settings, told.append)
    states = {item["notebook"]: (item["status"], item["reason"]) for item in told}
    assert states.pop("tueur")[0] == "failed"
    assert states == {name: ("done", "") for name in names if name != "tueur"}


@pytest.mark.parametrize(
    ("where", "says"),
    [("127.0.0.1:8786", "is not an address"), ("tcp://127.0.0.1:1", "no scheduler answers")],
)
def test_a_wrong_address(root, monkeypatch, where, says):
    monkeypatch.setattr(cluster, "ANSWER", 1.0)
    with pytest.raises(UsageError, match=says):
        list(cluster.run([], Settings(cluster=where), open_package(root / "data")))


def test_a_package_survives_the_journey(root):
    folder = cluster.unpack(cluster.pack(open_package(root / "data")))
    assert cluster.unpack(cluster.pack(open_package(root / "data"))) == folder
    package = open_package(folder / "data")
    for name in package.resources:
        package.verify(name)
