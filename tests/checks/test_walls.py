"""Each rung of the ladder, tried by a probe, as root and as an ordinary user; what can't be tried here is skipped."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tikub_lab.checks import walls
from tikub_lab.checks.results import PROBED
from tikub_lab.errors import UsageError

ISOLATED = [name for name in walls.RUNGS if name]
PROBE = """
import json, sys
from tikub_lab.checks import walls
print(json.dumps(walls.probe(walls.Walls(sys.argv[1], walls.Limits()))))
"""


def held(name):
    """Skip where a rung is not here, or may not be: some containers and systems refuse namespaces to anybody."""
    if name == "landlock":
        return pytest.importorskip("landlockpy", reason="landlockpy is not installed")
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    test = {"bwrap": ["--unshare-all", "--ro-bind", "/", "/"], "unshare": ["--user", "--net"]}[name]
    if subprocess.run([name, *test, "true"], capture_output=True, check=False).returncode:
        pytest.skip(f"{name} may not be used here")
    return None


def shut(name, said):
    assert set(said) == set(PROBED)
    assert [what for what, refused in said.items() if not refused and what not in walls.OPEN.get(name, ())] == []


@pytest.mark.parametrize("name", ISOLATED)
def test_nothing_gets_through_as_who_runs_the_tests(name):
    held(name)
    shut(name, walls.probe(walls.Walls(name, walls.Limits())))


@pytest.mark.parametrize("name", ISOLATED)
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_nothing_gets_through_as_an_ordinary_user(name, root):
    """With the system's Python and a copy that anybody may read: root's own folders are closed to others."""
    held(name)
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"], check=False).returncode:
        pytest.skip("the system's Python is older than 3.11")
    folder = Path("/tmp") / f"tikub-walls-{os.getpid()}"  # pytest's own folders are closed too
    try:
        for part in ("__init__.py", "errors.py", "checks"):
            source, target = root / "tikub_lab" / part, folder / "tikub_lab" / part
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)
        for module in filter(None, map(find_spec, ("psutil", "landlockpy"))):
            shutil.copytree(Path(module.origin).parent, folder / module.name)
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        ran = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", PROBE, name],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}, cwd="/",
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if "psutil" in ran.stderr:
        pytest.skip("psutil is not built for the system's Python")
    shut(name, json.loads(ran.stdout))


def test_the_probe_tells_what_is_open():
    said = walls.probe(walls.Walls("", walls.Limits()))
    assert {"write", "write_home", "read", "connect", "signal"} <= {name for name, how in said.items() if not how}
    assert said["fill"]
    assert not (Path.home() / ".tikub-probe").exists()


def test_without_walls_only_those_who_trust_run_anything(monkeypatch):
    monkeypatch.setattr(walls.shutil, "which", lambda name: None)
    monkeypatch.setattr(walls, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"Install bubblewrap, or .* --trust") as error:
        walls.find(False, walls.Limits())
    assert len(str(error.value).splitlines()) == 1
    assert walls.find(True, walls.Limits()).name == ""


def test_a_rung_with_a_hole_is_not_taken(monkeypatch):
    monkeypatch.setitem(walls.RUNGS, "bwrap", lambda folder, command: command)
    monkeypatch.setitem(walls.RUNGS, "unshare", lambda folder, command: ["false"])
    monkeypatch.setattr(walls.shutil, "which", lambda name: name)
    monkeypatch.setattr(walls, "find_spec", lambda name: None)
    monkeypatch.setattr(walls, "INNER", "")
    monkeypatch.setattr(walls, "probe", lambda given: {"read": "", "write": "no"} if given.name == "bwrap" else {})
    with pytest.raises(UsageError, match=r"bwrap: read; unshare: does not start"):
        walls.find(False, walls.Limits())


def test_the_environment_has_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "k3y")
    assert "k3y" not in json.dumps(walls._environment("/travail"))
    assert sys.prefix in walls._reads()


def test_a_folder_that_is_closed_counts_as_full(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(100_000))
    assert 100_000 < walls._holds(tmp_path) < 200_000

    def closed(path):
        raise PermissionError

    monkeypatch.setattr(walls.os, "scandir", closed)
    assert walls._holds(tmp_path) == float("inf")
