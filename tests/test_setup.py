"""environment.yml, pyproject.toml and the two locks say the same; a lock is whole, and names no index."""

import re
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def read_lock(path):
    """Locked requirements by name: version specifiers, markers, hashes."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in filter(str.strip, text.splitlines()):
        spec, *hashes = re.split(r"\s--hash=", line)
        requirement = Requirement(spec.strip())
        found.setdefault(canonicalize_name(requirement.name), []).append((requirement, hashes))
    return found


@pytest.fixture(scope="module")
def locks(root):
    """What `make report` and kits install, and what `make test` installs: that and more."""
    run, more = read_lock(root / "requirements.txt"), read_lock(root / "requirements-test.txt")
    return {"run": run, "test": {name: run.get(name, []) + more.get(name, []) for name in run | more}}


def test_every_requirement_is_pinned_with_hashes(locks):
    assert len(locks["run"]) > 100
    assert len(locks["test"]) > len(locks["run"]) + 40
    for entries in locks["test"].values():
        for requirement, hashes in entries:
            assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
            assert hashes, requirement
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", item.strip()) for item in hashes)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_the_locks_name_no_index(root, name):
    text = (root / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("--hash", ""), flags=re.M)


def test_what_only_tests_need_is_not_in_the_first(locks):
    tools = {"pytest", "hypothesis", "ruff", "mypy", "frictionless", "nbval", "rddensity", "pandas-stubs", "weasyprint"}
    assert not tools & locks["run"].keys()
    assert tools <= locks["test"].keys()


@pytest.mark.parametrize(("lock", "extras"), [("run", ["setup", "xlsx"]), ("test", ["setup", "xlsx", "test"])])
def test_a_lock_satisfies_the_metadata(project, locks, lock, extras):
    wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
    wanted += [text for extra in extras for text in project["project"]["optional-dependencies"][extra]]
    for text in wanted:
        requirement = Requirement(text)
        for locked, _ in locks[lock][canonicalize_name(requirement.name)]:
            version = str(locked.specifier).removeprefix("==")
            assert requirement.specifier.contains(version, prereleases=True), f"{text} against {locked}"


@cache
def needs_of(name):
    """What an installed distribution needs; None of one that is for another system."""
    try:
        needs = [Requirement(text) for text in distribution(name).requires or []]
    except PackageNotFoundError:
        return None
    return [item for item in needs if "extra" not in str(item.marker)]


@pytest.mark.parametrize("lock", ["run", "test"])
@pytest.mark.parametrize("python", ["3.11.9", "3.12.9", "3.13.5", "3.14.2"])
@pytest.mark.parametrize(
    ("system", "needed"), [("Linux", "pexpect"), ("Darwin", "appnope"), ("Windows", "pywinpty")], ids=lambda item: item
)
def test_a_lock_is_whole(locks, lock, python, system, needed):
    """By installed metadata, on systems that are not this one: what is locked needs nothing that is not."""
    here = {
        "sys_platform": {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[system],
        "platform_system": system,
        "os_name": "nt" if system == "Windows" else "posix",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
    }
    chosen = {}
    for name, entries in locks[lock].items():
        held = [item for item, _ in entries if item.marker is None or item.marker.evaluate(here)]
        chosen |= {name: {str(item.specifier) for item in held}} if held else {}
    assert not {name: versions for name, versions in chosen.items() if len(versions) > 1}
    assert {needed, "pandas", "geopandas", "jupyterlab", "papermill", "duckdb", "nh3", "flit-core"} <= chosen.keys()
    looked = 0
    for name in chosen:
        needs = needs_of(name)
        looked += needs is not None
        for item in needs or ():
            if item.marker is None or item.marker.evaluate(here | {"extra": ""}):
                assert canonicalize_name(item.name) in chosen, f"{name} needs {item} on {system}"
    assert looked > 100


def test_conda_gets_the_same(root, project):
    environment = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    plain = [item for item in environment["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    python = Requirement(next(item for item in plain if item.startswith("python")))
    assert str(python.specifier) == project["project"]["requires-python"].replace(" ", "")
    assert "pip" in plain
    assert len(plain) == 2, "everything else comes from the lock"
    assert pip == ["--require-hashes", "-r requirements.txt"]


def test_the_module_is_light(root):
    """`import tikub_lab` and `tikub --help` import nothing heavy."""
    import subprocess
    import sys

    code = (
        "import sys, tikub_lab, tikub_lab.cli\n"
        "heavy = {'pandas', 'numpy', 'matplotlib', 'duckdb', 'papermill', 'nbconvert', 'IPython', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_without_its_makers_the_sample_says_so(root, monkeypatch, tmp_path):
    import sys

    from tikub_lab import use_cases
    from tikub_lab.errors import UsageError

    monkeypatch.setattr(use_cases, "MAKERS", tmp_path / "data" / "make")
    for name in [name for name in sys.modules if name.startswith("data.make")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UsageError, match="only a clone of the workbench can make the sample"):
        use_cases.write_samples(tmp_path / "new", root / "data" / "schemas", 0.01)
    assert not (tmp_path / "new").exists()
