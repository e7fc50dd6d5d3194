"""Subjects to check, made where they are checked."""

from pathlib import Path

import nbformat
import nbformat.v4 as v4
import pytest

from tikub_lab.checks import intake, walls
from tikub_lab.checks.findings import Finding, collect
from tikub_lab.errors import UsageError


def write(path: Path, *cells: str, language: str = "python") -> Path:
    """Write a notebook: a parameters cell, then these."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first = v4.new_code_cell("annee: int = 2025  # année", metadata={"tags": ["parameters"]})
    nb = v4.new_notebook(cells=[v4.new_markdown_cell("# Essai"), first, *map(v4.new_code_cell, cells)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": language}
    nbformat.write(nb, path)
    return path


@pytest.fixture(scope="session")
def written():
    return write


@pytest.fixture(scope="session")
def small():
    """Walls with limits that are soon met."""
    limits = walls.Limits(60, 700_000_000, 40_000_000, processes=24, threads=160, printed=300_000)
    try:
        return walls.find(False, limits)
    except UsageError as error:
        pytest.skip(str(error))


@pytest.fixture
def found():
    """What some checks say of a path: findings by kind, and the subject."""

    def check(path: Path, checks, walls=None):
        with intake.opened(path) as subject:
            subject.walls = walls
            said, _ = collect([(check.__module__, check) for check in checks], subject)
            return {item.kind: item for item in said if isinstance(item, Finding)}, said, subject

    return check
