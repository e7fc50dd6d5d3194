"""Kits made as a person makes them."""

import os
import subprocess
import sys

import matplotlib
import pytest

from tests.conftest import ROOT, shared
from tikub_lab.kits import available

TIKUB = ["-m", "tikub_lab"]
UNTRIED = ["-c", "from tikub_lab import cli; from tikub_lab.kits import trial; trial.run = lambda *_: 0; cli.main()"]
"""`tikub`, but a kit's notebooks are not run before it is given out."""


def tikub(*arguments, umask=0o022, program=TIKUB, **environment):
    """Run `tikub` as a person would, from the workbench."""
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        umask=umask,
        timeout=600,
        check=False,
    )


QUICK = "bodies"  # the smallest, the kit that `make test` makes; `make proof` makes those of all use cases
NAMES = [pytest.param(name, marks=() if name == QUICK else pytest.mark.proof) for name in available(ROOT)]


@pytest.fixture(scope="session", params=NAMES)
def made(request):
    """A kit: use case, and the folder that it is in."""
    return request.param, make(request.param, "un", umask=0o077)


@pytest.fixture(scope="session")
def elsewhere(request, made):
    """The folder in which another person made the same kit; only with --proof are its notebooks run once more."""
    other = {"TZ": "Pacific/Auckland", "LANG": "C", "LC_ALL": "C", "PYTHONHASHSEED": "7", "USER": "ana"}
    fonts = {"MPLCONFIGDIR": matplotlib.get_cachedir()}  # in a new home, matplotlib would list them again for seconds
    settings = {"HOME": str(made[1].parent / "ana"), **other, **fonts}
    program = TIKUB if request.config.getoption("--proof") else UNTRIED
    return make(made[0], "deux dossiers", program=program, **settings)


def make(use_case, name, **settings):
    """Make a kit, a quarter of a minute's work: once for all processes of the session."""

    def fill(folder):
        ran = tikub("kit", use_case, "--zip", "--out", folder, **settings)
        assert ran.returncode == 0, ran.stderr

    return shared(f"{use_case} {name}", fill)
