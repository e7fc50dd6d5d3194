"""What a kit installs: on every system all that it needs, and nothing that only tests need."""

import re
from importlib import metadata
from types import SimpleNamespace

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tikub_lab.errors import UsageError
from tikub_lab.kits import requirements
from tikub_lab.kits.requirements import Locked


@pytest.fixture(scope="module")
def entries():
    return requirements.runtime(ROOT)


def test_test_tools_stay_home(entries):
    names = {entry.name for entry in entries}
    assert not names & {"pytest", "hypothesis", "ruff", "mypy", "frictionless", "nbval", "rddensity", "pandas-stubs"}
    assert {"pandas", "jupyterlab", "papermill", "flit-core", "ipykernel"} <= names


@pytest.mark.parametrize("python", ["3.11.9", "3.12.9", "3.13.5"])
@pytest.mark.parametrize(
    ("system", "needed"), [("linux", "pexpect"), ("darwin", "appnope"), ("win32", "pywinpty")], ids=lambda item: item
)
def test_each_requirement_of_each_is_there(entries, system, needed, python):
    """By installed metadata, on systems that are not this one: what is chosen needs nothing that is not chosen."""
    here = {
        **requirements.SYSTEMS[system],
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    chosen = {entry.name for entry in entries if not entry.marker or Marker(entry.marker).evaluate(here)}
    assert needed in chosen
    for name in chosen:
        try:
            needs = metadata.distribution(name).requires or []
        except metadata.PackageNotFoundError:
            continue
        for item in map(Requirement, needs):
            if item.marker is None or item.marker.evaluate(here | {"extra": ""}):
                assert canonicalize_name(item.name) in chosen, f"{name} needs {item} on {system}"


def test_the_file_is_a_part_of_the_lock(entries):
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert all(f"{entry.text}\n" in lock for entry in entries)
    text = requirements.written(entries).decode("utf-8")
    assert len(re.findall(r"^[\w.-]+==", text, flags=re.M)) == len(entries)
    assert all(entry.hashes for entry in entries)


def locked(name, marker=""):
    return Locked(name, "1", marker, ("0" * 64,), f"{name}==1")


@pytest.fixture
def installed(monkeypatch):
    """Pretend that distributions with these requirements are installed, and no other."""

    def pretend(**needs):
        def distribution(name):
            if name not in needs:
                raise metadata.PackageNotFoundError(name)
            return SimpleNamespace(requires=needs[name])

        monkeypatch.setattr(requirements, "distribution", distribution)

    return pretend


def test_by_hand(installed):
    """Extras only where asked for, other systems, and what comes with a distribution that is not installed here."""
    installed(
        a=["b[fast]>=1", 'c; extra == "never"', 'win; sys_platform == "win32"', 'old; python_version < "3.8"'],
        b=['d; extra == "fast"', 'e; extra == "slow"'],
        d=["a"],
        tool=["odd"],
    )
    windows, other = "sys_platform == 'win32'", "platform_python_implementation != 'CPython'"
    lock = [*map(locked, "abcde"), locked("tool"), locked("win", windows), locked("dll", windows), locked("odd", other)]
    assert requirements.closure(["a"], lock) == {"a", "b", "d", "win", "dll"}


def test_a_lock_that_lacks_something(installed):
    installed(a=["b"])
    with pytest.raises(UsageError, match="no 'b', which a needs"):
        requirements.closure(["a"], [locked("a")])


@pytest.mark.parametrize("text", ["pandas\n", "pandas==3\n", "pandas>=3 --hash=sha256:" + "0" * 64 + "\n"])
def test_a_lock_without_version_or_hash(tmp_path, text):
    path = tmp_path / "requirements.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="is not pinned"):
        requirements.read_lock(path)
    with pytest.raises(UsageError, match="no lock there"):
        requirements.read_lock(tmp_path / "missing.txt")


def test_the_project_file():
    import tomllib

    ours = requirements.read_project(ROOT)
    made = tomllib.loads(requirements.project_file(ours, "LISEZMOI.md").decode("utf-8"))
    assert made["project"]["dependencies"] == ours["project"]["dependencies"]
    assert made["project"]["entry-points"] == ours["project"]["entry-points"]
    assert made["build-system"] == ours["build-system"]
    assert "optional-dependencies" not in made["project"]
    assert made["project"]["readme"] == "LISEZMOI.md"
