"""Runs a kit's notebooks before it is given out: a kit that would not run is never written."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tikub_lab.errors import RunError
from tikub_lab.reports.plan import plan
from tikub_lab.reports.pool import Pool
from tikub_lab.reports.run import EngineName
from tikub_lab.reports.worker import Job


def run(root: Path, names: Sequence[str]) -> None:
    """Make the report of each notebook of a staged kit, and keep nothing of it.

    Parameters
    ----------
    root : Path
        The staged kit.
    names : sequence of str
        Notebooks at its root.

    Raises
    ------
    RunError
        The first notebook that fails, shows less than it promises, or makes a page with a defect.
    """
    engine: EngineName = "kernel" if sys.platform == "win32" else "tikub"
    reports = plan(root, names, {})
    jobs = [Job(report, root, engine) for report in reports]
    with Pool(min(len(jobs), os.cpu_count() or 1), timeout=600) as pool:
        for job, result in sorted(pool.run(jobs), key=lambda pair: pair[0].report.page):
            entry, name = result.entry, f"{job.report.notebook.name}.ipynb"
            if entry["status"] != "done":
                where = f", cell {entry['cell']}" if entry["cell"] else ""
                raise RunError(f"The kit's {name} would not run{where}: {entry['reason']}. No kit was written.")
            if entry["defects"]:
                raise RunError(f"The page of the kit's {name} has a defect: {entry['defects'][0]}. No kit was written.")
