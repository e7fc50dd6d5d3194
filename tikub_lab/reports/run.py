"""Execute one report: a notebook, one set of parameters, papermill."""

import json
import locale
import logging
import os
import re
import shlex
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tikub_lab.reports.notebooks import Notebook, tags
from tikub_lab.reports.parameters import declared

EngineName = Literal["tikub", "kernel"]

PINNED = {"TZ": "Europe/Paris", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
"""What a report must not take from whoever makes it; French comes from `show`."""


@dataclass(frozen=True)
class Report:
    """One notebook with one set of checked parameters, less the defaults; ``data`` is None for the workbench's own."""

    notebook: Notebook
    parameters: dict[str, Any]
    slug: str
    data: Path | None = None

    @property
    def page(self) -> str:
        """Where its page goes, relative to the folder of the build."""
        return f"{self.notebook.name}/{self.slug}.html"

    @property
    def failed_page(self) -> str:
        """Where the page of a failure goes while the last good page stays."""
        return f"{self.notebook.name}/{self.slug}.failed.html"

    def public_parameters(self) -> dict[str, Any]:
        secret = {name for name, item in declared(self.notebook).items() if item.secret}
        return {name: value for name, value in self.parameters.items() if name not in secret}

    def has_secret(self) -> bool:
        """Whether a secret is given, or its default is computed: nobody may keep what it was."""
        secret = [(name, item) for name, item in declared(self.notebook).items() if item.secret]
        return any(name in self.parameters or item.computed for name, item in secret)

    def command(self) -> str:
        """Return the command that makes this report again."""
        shown = [f"{name}={value}" for name, value in self.public_parameters().items()]
        return " ".join(["tikub report", quoted(self.notebook.name), *(f"-p {quoted(item)}" for item in shown)])


def quoted(text: str) -> str:
    """Quote a word for a command line where that is needed.

    >>> quoted("essai été 2026"), quoted("$HOME")
    ('"essai été 2026"', "'$HOME'")
    """
    if re.fullmatch(r"[\w=.,:/-]+", text):
        return text
    return shlex.quote(text) if re.search(r'["$`\\!]', text) else f'"{text}"'


@dataclass
class Failure:
    """Why a report failed: the error, the number of its cell from 1, and the last heading above it."""

    reason: str
    cell: int | None = None
    heading: str = ""


@dataclass
class Execution:
    """What came of a report: its executed notebook, or why there is none."""

    notebook: Any
    failure: Failure | None
    seconds: float
    used: list[dict[str, Any]] = field(default_factory=list)
    code: str = ""

    def shown(self, kind: str, how: str = "kind") -> int:
        """Count the pieces of a kind (``figure``, ``table``) shown, or said a word ``instead`` of."""
        from tikub_lab.reports.outputs import shown

        return sum(said.get(how) == kind for _, _, said in shown(self.notebook))


def settings(report: Report, home: Path, scratch: Path) -> dict[str, str]:
    """Environment that a report's notebook runs in, beside what the process has."""
    own = report.notebook.path.resolve().parent == (home / "notebooks").resolve()
    cache = os.environ.get("TIKUB_CACHE") or str(home / ".cache" / "tikub")
    changes = PINNED | {
        "TIKUB_HOME": str(home),
        "TIKUB_TRACE": str(scratch / "used.jsonl"),
        "TIKUB_CACHE": cache if own else "off",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    return changes | ({"TIKUB_DATA": str(report.data.resolve())} if report.data else {})


def execute(report: Report, home: Path, scratch: Path, engine: EngineName = "tikub") -> Execution:
    """Run a notebook in an empty folder, here or in a kernel; the environment changes for good."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from tikub_lab.reports.engine import TikubEngine
    from tikub_lab.reports.outputs import KERNEL, valid
    from tikub_lab.reports.translator import writable

    # papermill's own reading of parameters warns of types that it does not know; ours has checked them.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ.update(settings(report, home, scratch))
    for name in {name for name in os.environ if name.startswith("LC_") or name == "LANGUAGE"} - PINNED.keys():
        del os.environ[name]
    if hasattr(time, "tzset"):
        time.tzset()
    with suppress(locale.Error):
        locale.setlocale(locale.LC_ALL, "")
    work = scratch / "work"
    work.mkdir()
    TikubEngine.note = scratch / "cell"
    start = time.perf_counter()
    failure, nb = None, report.notebook.node()
    options = {"engine_name": "tikub"} if engine == "tikub" else {"extra_arguments": ["--log-level=ERROR", *KERNEL]}
    try:
        nb = papermill.execute_notebook(
            nb, None, writable(report.parameters), cwd=work, progress_bar=False, kernel_name="python3", **options
        )
    except PapermillExecutionError as error:
        failure = at(report, f"{error.ename}: {error.evalue}", error.cell_index)
    except Exception as error:  # a kernel that died, a notebook of another language: the build goes on
        failure = Failure(f"{type(error).__name__}: {error}")
    execution = Execution(None if failure else valid(nb), failure, time.perf_counter() - start, _used(scratch))
    if failure is None:
        execution.failure = incomplete(report, execution)
    return execution


def _used(scratch: Path) -> list[dict[str, Any]]:
    """Read what `tables` noted of each table read; what a notebook wrote there is not ours."""
    found = {}
    for line in (scratch / "used.jsonl").read_bytes().split(b"\n") if (scratch / "used.jsonl").is_file() else []:
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            item = json.loads(line)
            found[item["table"], item.get("package")] = item
    return list(found.values())


def incomplete(report: Report, execution: Execution) -> Failure | None:
    """Compare what a report shows with what its notebook's metadata promises (``figures`` and ``tables``)."""
    short = []
    for kind in ("figure", "table"):
        least, found = int(report.notebook.needs.get(f"{kind}s", 0)), execution.shown(kind)
        if found + execution.shown(kind, "instead") < least:
            short.append(f"{found} {kind}s shown, the notebook promises {least}")
    return Failure("Incomplete: " + "; ".join(short)) if short else None


def at(report: Report, reason: str, index: int) -> Failure:
    """Say where in the notebook a cell of the executed one is."""
    cells = report.notebook.node().cells
    marked = next((i for i, cell in enumerate(cells) if "parameters" in tags(cell)), -1)
    # papermill puts its own cell of parameters after ours, or first where there is none.
    index -= bool(report.parameters) and index > marked
    above = [line for cell in cells[: index + 1] if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    headings = [line.lstrip("# ").strip() for line in above if re.match(r"#{1,6} ", line)]
    return Failure(reason, index + 1, headings[-1] if headings else "")
