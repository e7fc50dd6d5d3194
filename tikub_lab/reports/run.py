"""Execute one report: a notebook, one set of parameters, papermill."""

import json
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from tikub_lab.reports.notebooks import Notebook, tags
from tikub_lab.reports.parameters import declared


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
    def page(self) -> Path:
        """Where its page goes, relative to the folder of the build."""
        return Path(self.notebook.name) / f"{self.slug}.html"

    def public_parameters(self) -> dict[str, Any]:
        """Return the parameters that may be shown: all but the secret ones."""
        secret = {name for name, parameter in declared(self.notebook).items() if parameter.secret}
        return {name: value for name, value in self.parameters.items() if name not in secret}


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


@contextmanager
def environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def execute(report: Report, home: Path) -> Execution:
    """Run a report's notebook in a fresh kernel and in a temporary folder of its own.

    Parameters
    ----------
    report : Report
    home : Path
        The workbench, where tables are found unless the report names another data package.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    # papermill's own reading of parameters warns of types that it does not know; ours has checked them.
    logging.getLogger("papermill").setLevel(logging.ERROR)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tikub-", ignore_cleanup_errors=True) as folder:
        trace = Path(folder, "used.jsonl")
        work = Path(folder, "work")
        work.mkdir()
        settings = {"TIKUB_HOME": str(home), "TIKUB_TRACE": str(trace), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        if report.data:
            settings["TIKUB_DATA"] = str(report.data.resolve())
        failure, nb = None, None
        try:
            with environment(settings):
                nb = papermill.execute_notebook(
                    report.notebook.path.resolve(),
                    None,
                    report.parameters,
                    cwd=work,
                    progress_bar=False,
                    kernel_name="python3",
                    extra_arguments=["--log-level=ERROR"],
                )
        except PapermillExecutionError as error:
            failure = _failure(report, error, [folder, str(home), str(Path.home()), sys.prefix])
        except Exception as error:  # a kernel that died, a notebook of another language: the build goes on
            failure = Failure(scrub(f"{type(error).__name__}: {error}", [folder, str(home), str(Path.home())]))
        lines = trace.read_text(encoding="utf-8").splitlines() if trace.exists() else []
    used = {item["table"]: item for item in map(json.loads, lines)}
    return Execution(nb, failure, time.perf_counter() - start, list(used.values()))


def _failure(report: Report, error: Any, private: list[str]) -> Failure:
    cells = nbformat.read(report.notebook.path, as_version=4).cells
    index = error.cell_index
    marked = next((i for i, cell in enumerate(cells) if "parameters" in tags(cell)), None)
    # papermill puts its own cell of parameters after ours, or first where there is none.
    if report.parameters and index > (marked if marked is not None else -1):
        index -= 1
    above = [line for cell in cells[: index + 1] if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    headings = [line.lstrip("# ").strip() for line in above if re.match(r"#{1,6} ", line)]
    reason = scrub(f"{error.ename}: {error.evalue}", private)
    return Failure(reason, index + 1, headings[-1] if headings else "")


def scrub(text: str, private: list[str], longest: int = 600) -> str:
    """Take folders of this machine and colour codes out of a message, and keep it to one short line.

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
