"""environment.yml, pyproject.toml and requirements.txt say the same; the lock is whole, and names no index."""

import re
import tomllib

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lock(root):
    """Locked requirements by name: version specifiers, markers, number of hashes."""
    text = (root / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in filter(str.strip, text.splitlines()):
        spec, *hashes = re.split(r"\s--hash=", line)
        requirement = Requirement(spec.strip())
        found.setdefault(canonicalize_name(requirement.name), []).append((requirement, hashes))
    return found


def test_every_requirement_is_pinned_with_hashes(lock):
    assert len(lock) > 100
    for entries in lock.values():
        for requirement, hashes in entries:
            assert re.fullmatch(r"==[\w.+!]+", str(requirement.specifier)), requirement
            assert hashes, requirement
            assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", item.strip()) for item in hashes)


def test_the_lock_names_no_index(root):
    text = (root / "requirements.txt").read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", text.replace("--hash", ""), flags=re.M)


def test_the_lock_satisfies_the_metadata(project, lock):
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["test"]
    for text in wanted:
        requirement = Requirement(text)
        entries = lock[canonicalize_name(requirement.name)]
        for locked, _ in entries:
            version = str(locked.specifier).removeprefix("==")
            assert requirement.specifier.contains(version, prereleases=True), f"{text} against {locked}"


def test_the_build_backend_is_locked(project, lock):
    for text in project["build-system"]["requires"]:
        requirement = Requirement(text)
        assert canonicalize_name(requirement.name) in lock


@pytest.mark.parametrize("system", ["Linux", "Darwin", "Windows"])
def test_the_lock_covers(lock, system):
    platform = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}[system]
    needed = {"Linux": "pexpect", "Darwin": "appnope", "Windows": "pywinpty"}[system]
    environment = {
        "sys_platform": platform,
        "platform_system": system,
        "os_name": "nt" if system == "Windows" else "posix",
        "python_full_version": "3.11.9",
        "python_version": "3.11",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
    }
    chosen = [
        name
        for name, entries in lock.items()
        for requirement, _ in entries
        if requirement.marker is None or Marker(str(requirement.marker)).evaluate(environment)
    ]
    assert needed in chosen
    assert {"pandas", "geopandas", "jupyterlab", "papermill", "duckdb"} <= set(chosen)


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
