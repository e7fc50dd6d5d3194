"""Execute one report: a notebook, one set of parameters, papermill."""

import json
import logging
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tikub_lab.reports.notebooks import Notebook, tags
from tikub_lab.reports.parameters import declared

EngineName = Literal["tikub", "kernel"]


@dataclass(frozen=True)
class Report:
    """One notebook with one set of parameters.

    Attributes
    ----------
    notebook : Notebook
    parameters : dict
        Checked values (see :func:`tikub_lab.reports.parameters.check`), without the defaults.
    slug : str
        Name of its page, without suffix.
    data : Path or None
        Folder of the data package; None for the workbench's own.
    """

    notebook: Notebook
    parameters: dict[str, Any]
    slug: str
    data: Path | None = None

    @property
    def page(self) -> str:
        """Where its page goes, relative to the folder of the build."""
        return f"{self.notebook.name}/{self.slug}.html"

    def public_parameters(self) -> dict[str, Any]:
        """Return the parameters that may be shown: all but the secret ones."""
        secret = {name for name, parameter in declared(self.notebook).items() if parameter.secret}
        return {name: value for name, value in self.parameters.items() if name not in secret}

    def secret_values(self) -> list[str]:
        """Return the values that must not leave the run, as text; those of a list one by one."""
        public = self.public_parameters()
        values = [value for name, value in self.parameters.items() if name not in public]
        return [str(item) for value in values for item in (value if isinstance(value, list) else [value])]

    def has_secret(self) -> bool:
        """Whether a value was given that must not leave the run."""
        return len(self.public_parameters()) < len(self.parameters)


@dataclass
class Failure:
    """Why a report failed, in words that hold no code and no path.

    Attributes
    ----------
    reason : str
        The error, on one line.
    cell : int or None
        Number of the cell in the notebook, from 1.
    heading : str
        The last heading above that cell.
    """

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

    def shown(self, kind: str) -> int:
        """Count the pieces of a kind (``figure``, ``table``) that the notebook showed."""
        from tikub_lab.show.output import KIND

        cells = self.notebook.cells if self.notebook is not None else []
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        return sum(output.get("metadata", {}).get(KIND, {}).get("kind") == kind for output in outputs)


def settings(report: Report, home: Path, scratch: Path) -> dict[str, str]:
    """Environment that a report's notebook runs in, beside what the process has."""
    changes = {
        "TIKUB_HOME": str(home),
        "TIKUB_TRACE": str(scratch / "used.jsonl"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    return changes | ({"TIKUB_DATA": str(report.data.resolve())} if report.data else {})


def execute(report: Report, home: Path, scratch: Path, engine: EngineName = "tikub") -> Execution:
    """Run a report's notebook, in a folder of its own.

    Parameters
    ----------
    report : Report
    home : Path
        The workbench, where tables are found unless the report names another data package.
    scratch : Path
        An empty temporary folder, which the caller removes.
    engine : {'tikub', 'kernel'}
        Cells run in this process (``tikub``), which should be one made for this report alone, or in a kernel.

    Notes
    -----
    The process's environment is changed for good.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from tikub_lab.reports.outputs import KERNEL
    from tikub_lab.reports.private import of_this_machine
    from tikub_lab.reports.translator import writable

    # papermill's own reading of parameters warns of types that it does not know; ours has checked them.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ.update(settings(report, home, scratch))
    work = scratch / "work"
    work.mkdir()
    private = [str(scratch), *of_this_machine()]
    start = time.perf_counter()
    failure, nb = None, report.notebook.node()
    options = {"engine_name": "tikub"} if engine == "tikub" else {"extra_arguments": ["--log-level=ERROR", *KERNEL]}
    try:
        nb = papermill.execute_notebook(
            nb, None, writable(report.parameters), cwd=work, progress_bar=False, kernel_name="python3", **options
        )
    except PapermillExecutionError as error:
        failure = _failure(report, error, private)
    except Exception as error:  # a kernel that died, a notebook of another language: the build goes on
        failure = Failure(scrub(f"{type(error).__name__}: {error}", private))
    execution = Execution(None if failure else nb, failure, time.perf_counter() - start, _used(scratch))
    if failure is None:
        execution.failure = incomplete(report, execution)
    return execution


def _used(scratch: Path) -> list[dict[str, Any]]:
    trace = scratch / "used.jsonl"
    lines = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
    return list({item["table"]: item for item in map(json.loads, lines)}.values())


def incomplete(report: Report, execution: Execution) -> Failure | None:
    """Compare what a report shows with what its notebook's metadata promises (``figures`` and ``tables``)."""
    short = []
    for kind, word in (("figure", "figures"), ("table", "tables")):
        least = int(report.notebook.needs.get(word, 0))
        found = execution.shown(kind)
        if found < least:
            short.append(f"{found} {word} shown, the notebook promises {least}")
    return Failure("Incomplete: " + "; ".join(short)) if short else None


def _failure(report: Report, error: Any, private: list[str]) -> Failure:
    cells = report.notebook.node().cells
    index = error.cell_index
    marked = next((i for i, cell in enumerate(cells) if "parameters" in tags(cell)), None)
    # papermill puts its own cell of parameters after ours, or first where there is none.
    if report.parameters and index > (marked if marked is not None else -1):
        index -= 1
    above = [line for cell in cells[: index + 1] if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    headings = [line.lstrip("# ").strip() for line in above if re.match(r"#{1,6} ", line)]
    reason = scrub(f"{error.ename}: {error.evalue}", [*private, *report.secret_values()])
    return Failure(reason, index + 1, headings[-1] if headings else "")


def scrub(text: str, private: list[str], longest: int = 600) -> str:
    """Take folders of this machine, secrets and colour codes out of a message, and keep it to one short line.

    Examples
    --------
    >>> scrub("No file /home/ana/lab/x.csv", ["/home/ana"])
    'No file …/lab/x.csv'
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    for folder in sorted(filter(lambda item: len(item) > 1, private), key=len, reverse=True):
        text = text.replace(folder, "…")
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
