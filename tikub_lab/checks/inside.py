"""What runs inside the walls, as ``python -P -m tikub_lab.checks.inside ORDER``: limits, a probe, a notebook, tests."""

import contextlib
import json
import os
import re
import resource
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def limit(order: dict[str, Any]) -> None:
    """Set what each process of a run may have; the watch outside counts them together, and is the narrower one."""
    limits = ((resource.RLIMIT_DATA, order["memory"] + 2**30), (resource.RLIMIT_FSIZE, order["disk"]),
              (resource.RLIMIT_NPROC, order["threads"]), (resource.RLIMIT_CORE, 0))  # fmt: skip
    for which, most in limits:
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


def shut(reads: list[str], folder: str) -> None:
    """Let the kernel refuse this process, and all that it starts, other files, TCP, and signals to others."""
    from landlockpy import AccessFS, Ruleset, Scope

    look = AccessFS.EXECUTE | AccessFS.READ_FILE
    with Ruleset(scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as rules:
        for path in filter(os.path.exists, reads):
            rules.allow_path(path, look | AccessFS.READ_DIR if Path(path).is_dir() else look)
        for name in ("null", "zero", "full", "random", "urandom"):
            rules.allow_path(f"/dev/{name}", AccessFS.READ_FILE | AccessFS.WRITE_FILE)
        rules.allow_path(folder, ~AccessFS.NONE)
        rules.restrict()


def probe(order: dict[str, Any]) -> None:
    """Try what must not be possible; print line by line what was refused, and how: an empty text where it was done."""
    tries: dict[str, Callable[[], object]] = {
        "write": lambda: Path(order["foreign"], "written").write_text("x"),
        "write_home": lambda: Path(order["home"], ".tikub-probe").write_text("x"),
        "read": lambda: Path(order["foreign"], "read").read_text(),
        "connect": lambda: socket.create_connection(("127.0.0.1", order["port"]), 2),
        "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", (order["address"], 9)),
        "signal": lambda: os.kill(order["pid"], 0),
        "fill": lambda: _filled(order["disk"]),
        "fork": lambda: _forked(order["threads"]),
    }
    for name, tried in tries.items():
        try:
            tried()
            refused = ""
        except Exception as error:
            refused = getattr(error, "strerror", "") or f"{type(error).__name__}: {error}"
        print(json.dumps([name, refused]), flush=True)


def _filled(most: int) -> None:
    with Path("filled").open("wb") as file:
        file.truncate(most + 1)


def _forked(most: int) -> None:
    children = []
    try:
        for _ in range(most + 1):
            if not (child := os.fork()):
                time.sleep(5)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


def run(order: dict[str, Any]) -> None:
    """Run a notebook in a kernel of its own; write the executed one, its page, and what went wrong."""
    import nbformat
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    out, path = Path(order["out"]), Path(order["work"], order["notebook"])
    printed = peak = 0

    class Client(NotebookClient):
        """Counts what comes out."""

        def output(self, outs: Any, msg: Any, display_id: Any, cell_index: Any) -> Any:
            nonlocal printed
            printed += len(str(msg["content"]))
            if printed > order["printed"]:
                Path(out, "stopped").write_text("sortie")
                os._exit(3)  # the walls end the kernel too
            return super().output(outs, msg, display_id, cell_index)

    def noted(**_: Any) -> None:
        """Read what the kernel alone has used at most: this process has modules of its own in memory."""
        nonlocal peak
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{manager.provisioner.pid}/status").read_text()
            peak = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024

    nb = nbformat.read(path, as_version=4)
    sockets = f"{os.environ['TMPDIR']}/kernel"  # no network is needed, and the kernel's own folder is another one
    manager: Any = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=sockets)
    client = Client(
        nb, km=manager, timeout=None, on_cell_executed=noted,
        resources={"metadata": {"path": str(path.parent)}}, extra_arguments=["--log-level=ERROR", *order["kernel"]],
        on_cell_start=lambda cell, cell_index: Path(out, "cell").write_text(str(cell_index + 1)),
    )  # fmt: skip
    start, error = time.perf_counter(), ""
    try:
        client.execute(env={**os.environ, "PYTHONPATH": order["path"]})
    except CellExecutionError as failure:
        error = f"{failure.ename}: {failure.evalue}"
    except Exception as failure:  # a kernel that died
        error = f"{type(failure).__name__}: {failure}"
    said = {"seconds": (seconds := time.perf_counter() - start), "peak": peak, "error": error}
    nbformat.write(nb, out / "executed.ipynb")
    Path(out, "said.json").write_text(json.dumps(said), encoding="utf-8")
    if order["page"] and not error:
        with contextlib.suppress(Exception):  # a page is for those checks that look at one
            Path(out, "page.html").write_text(_page(nb, path, seconds), encoding="utf-8")


def test(order: dict[str, Any]) -> None:
    """Run tests by pytest; write how many passed, and of each that did not where it stands and what it said."""
    import subprocess
    from xml.etree import ElementTree

    out, start = Path(order["out"]), time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--continue-on-collection-errors", "-o",
               "addopts=", "-o", "junit_family=xunit1", f"--junitxml={out}/tests.xml", *order["tests"]]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": order["path"]}
    ended = subprocess.run(command, cwd=order["work"], env=environment, capture_output=True, text=True, check=False)
    sys.stdout.write(ended.stdout)  # which the walls measure
    try:
        cases = list(ElementTree.parse(out / "tests.xml").iter("testcase"))
    except (OSError, ElementTree.ParseError):
        cases = []
    wrong = [(case, problem) for case in cases for problem in (*case.findall("failure"), *case.findall("error"))]
    failed = [(f"{case.get('file') or case.get('name')}, {case.get('name')}",
               str(problem.text if problem.get("message") == "collection failure" else problem.get("message")))
              for case, problem in wrong]  # fmt: skip
    skipped = sum(case.find("skipped") is not None for case in cases)
    error = "" if cases or ended.returncode == 5 else (ended.stderr.strip() or ended.stdout.strip())[-300:]
    said = {"seconds": time.perf_counter() - start, "peak": 0, "error": error}
    results = {"passed": len(cases) - len(wrong) - skipped, "failed": failed}
    Path(out, "executed.ipynb").write_text(json.dumps(results), encoding="utf-8")
    Path(out, "said.json").write_text(json.dumps(said), encoding="utf-8")


def _page(nb: Any, path: Path, seconds: float) -> str:
    from tikub_lab.reports import notebooks, page
    from tikub_lab.reports.run import Execution, Report, _used

    execution = Execution(nb, None, seconds, _used(Path(os.environ["TIKUB_TRACE"]).parent))
    return page.render(Report(notebooks.read(path), {}, path.stem), execution).html


if __name__ == "__main__":
    ordered = json.loads(sys.argv[1])
    limit(ordered)
    if "landlock" in ordered:
        shut(**ordered["landlock"])
    (run if "notebook" in ordered else test if "tests" in ordered else probe)(ordered)
