"""Runs a kit's notebooks before it is given out, as a team would: a kit that would not run is never written."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tikub_lab.errors import RunError
from tikub_lab.kits import launcher

COMMAND = """
import pathlib, runpy, sys, tikub_lab
used = pathlib.Path(tikub_lab.__file__).resolve()
assert used.is_relative_to(sys.argv.pop(1)), f"the package in use is {used}"
runpy.run_module("tikub_lab", run_name="__main__", alter_sys=True)
"""
"""`python -m tikub_lab`, once it is sure which package that is."""


def run(root: Path, names: Sequence[str]) -> None:
    """Make the report of each notebook of a staged kit in a process of its own, and keep nothing of it.

    Raises
    ------
    RunError
        The first notebook that fails, shows less than it promises, or makes a page with a defect.
    """
    root = root.resolve()
    own = {"PYTHONPATH": str(root), "TIKUB_HOME": str(root), "TIKUB_CACHE": "off", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", COMMAND, str(root), "report", *names, "--json", "--out", f"{root}.pages"]
    ran = subprocess.run(
        command, cwd=root, env={**launcher.environment(), **own}, capture_output=True, encoding="utf-8", check=False
    )
    try:
        reports = json.loads(ran.stdout)["reports"]
    except (ValueError, KeyError, TypeError):
        last = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RunError(f"The kit's notebooks could not be tried: {last}. No kit was written.") from None
    for entry in sorted(reports, key=lambda item: item["notebook"]):
        name = f"{entry['notebook']}.ipynb"
        if entry["status"] != "done":
            where = f", cell {entry['cell']}" if entry.get("cell") else ""
            raise RunError(f"The kit's {name} would not run{where}: {entry['reason']}. No kit was written.")
        if entry["defects"]:
            raise RunError(f"The page of the kit's {name} has a defect: {entry['defects'][0]}. No kit was written.")
    if ran.returncode or sorted(item["notebook"] for item in reports) != sorted(names):
        raise RunError(f"The kit's notebooks were not all tried ({len(reports)} of {len(names)}). No kit was written.")
