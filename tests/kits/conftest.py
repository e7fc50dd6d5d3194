"""Kits made as a person makes them."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

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
def made(request):
    """A kit of each use case, in two folders, made by two people: use case, first and second folder.

    It takes half a minute: who asks first makes it, the other processes of the session wait for it.
    """
    home = Path(os.environ["TIKUB_TEST_CACHE"]).parent / "kits" / request.param
    first, second = home / "un", home / "deux dossiers"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "made").exists():
            make(request.param, first, second)
            (home / "made").touch()
    return request.param, first, second


def make(use_case, first, second):
    other = {
        "TZ": "Pacific/Auckland",
        "LANG": "C",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "USER": "ana",
        "HOME": str(second),
    }
    for out, settings in ((first, {"umask": 0o077}), (second, other)):
        out.mkdir()
        ran = tikub("kit", use_case, "--zip", "--out", out, **settings)
        assert ran.returncode == 0, ran.stderr
