"""Kits made as a person makes them."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tikub_lab.kits import available


def tikub(*arguments, umask=0o022, **environment):
    """Run `tikub` as a person would, from the workbench."""
    return subprocess.run(
        [sys.executable, "-m", "tikub_lab", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        umask=umask,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="session", params=available(ROOT))
def made(request, tmp_path_factory):
    """A kit of each use case, in two folders, made by two people: use case, first and second folder."""
    first, second = tmp_path_factory.mktemp("un"), tmp_path_factory.mktemp("deux dossiers")
    other = {
        "TZ": "Pacific/Auckland",
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "USER": "ana",
        "HOME": str(second),
    }
    for out, settings in ((first, {"umask": 0o077}), (second, other)):
        ran = tikub("kit", request.param, "--zip", "--out", out, **settings)
        assert ran.returncode == 0, ran.stderr
    return request.param, first, second
