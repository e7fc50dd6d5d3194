"""The wheels of an offline kit: what each platform needs of the lock, and what may be asked."""

import json
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from types import SimpleNamespace

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tikub_lab.errors import RunError, UsageError
from tikub_lab.kits import documents, wheels
from tikub_lab.kits.launcher import this_platform

LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
ALL = wheels.targets(True, "windows,macos,linux", "3.11-3.13")
PLATFORMS = {"Windows": ("win32", "nt"), "Darwin": ("darwin", "posix"), "Linux": ("linux", "posix")}


@cache
def needs_of(name, pin):
    """What a package needs, where this machine has that very version: it says so for whatever system."""
    try:
        return [Requirement(need) for need in requires(name) or []] if version(name) == pin else None
    except PackageNotFoundError:
        return None


def named(target):
    return " ".join(target.facts.values())


def environment(target, patch):
    """Say what markers ask, written anew."""
    platform, name = PLATFORMS[target.facts["systeme"]]
    return {
        "python_version": target.facts["python"], "python_full_version": f"{target.facts['python']}.{patch}",
        "sys_platform": platform, "os_name": name, "platform_system": target.facts["systeme"],
        "platform_machine": target.facts["machine"], "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "extra": "",
    }  # fmt: skip


def pinned(text):
    """Name and version of what is asked, each with its hashes; a name stands once."""
    blocks = re.findall(r"^(\S+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", text, flags=re.M)
    assert len(blocks) == len(re.findall(r"^\S", text, flags=re.M))
    assert len({name for name, _, _ in blocks}) == len(blocks)
    return {canonicalize_name(name): version for name, version, _ in blocks}


def test_they_are_of_three_systems_and_three_pythons():
    assert len(ALL) == 3 * 3
    assert all(target.tags for target in ALL)


@pytest.mark.parametrize("patch", [0, *(pytest.param(patch, marks=pytest.mark.proof) for patch in (5, 99))])
@pytest.mark.parametrize("target", ALL, ids=named)
def test_every_combination_is_resolved_by_the_lock(target, patch):
    """What the package asks, and what each that is there asks in turn, is there in a version that fits."""
    found, place = pinned(target.requirements(LOCK, patch)), environment(target, patch)
    assert len(found) > 110
    assert ";" not in target.requirements(LOCK, patch), "pip would read a marker for its own Python"
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    own = map(Requirement, [*project["dependencies"], *extras["setup"], *extras["xlsx"]])
    asked = {"tikub-lab": [*own]} | {name: needs_of(name, pin) for name, pin in found.items()}
    assert sum(needs is not None for needs in asked.values()) > 101
    for name, needs in asked.items():
        for need in needs or ():
            if need.marker is None or need.marker.evaluate(place):
                pin = found.get(canonicalize_name(need.name))
                assert pin, f"{name} needs {need}"
                assert need.specifier.contains(pin, prereleases=True), f"{name} needs {need}; the lock has {pin}"


def test_this_machine_gets_what_pip_would_choose():
    """The second way: markers of the lock, read by the Python that runs."""
    here = next((item for item in ALL if item.facts == this_platform()), None)
    if here is None:
        pytest.skip(f"wheels of {this_platform()} are never asked for by name")
    lines = [Requirement(line.rstrip(" \\")) for line in LOCK.splitlines() if line[:1].isalnum()]
    own = {canonicalize_name(item.name) for item in lines if item.marker is None or item.marker.evaluate()}
    assert pinned(here.requirements(LOCK, sys.version_info.micro)).keys() == own


def test_a_marker_that_is_not_for_all_is_in_the_lock():
    """Else the tests above would compare the same with the same."""
    markers = {str(Marker(text)) for text in re.findall(r"^\S+ ; (.*) \\$", LOCK, flags=re.M)}
    assert any("python_full_version < " in text for text in markers)
    assert any("win32" in text for text in markers)


@pytest.mark.proof
@pytest.mark.parametrize("target", ALL, ids=named)
def test_an_index_has_every_wheel_of_the_lock(target, tmp_path):
    """Each wheel that pip would take for a platform has a hash of the lock; nothing is downloaded but metadata."""
    asked = tmp_path / "asked.txt"
    asked.write_text(re.sub(r" \\\n +--hash=\S+", "", target.requirements(LOCK, 99)), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--no-deps",
               "--ignore-requires-python",  # of the Python that runs; that of the target is looked at below
               "--only-binary", ":all:", "--python-version", f"{target.facts['python']}.99", "--implementation", "cp",
               "--target", tmp_path / "none", "--report", tmp_path / "report.json", "-r", asked]  # fmt: skip
    command += [word for tag in target.tags for word in ("--platform", tag)]
    ran = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if "Failed to establish" in ran.stderr or "No matching distribution found for aiohappyeyeballs" in ran.stderr:
        pytest.skip("no package index answers here")
    assert ran.returncode == 0, ran.stderr[-500:]
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert len(report["install"]) == len(pinned(target.requirements(LOCK, 99)))
    for item in report["install"]:
        assert SpecifierSet(item["metadata"].get("requires_python", "")).contains(f"{target.facts['python']}.99")
        assert item["download_info"]["archive_info"]["hashes"]["sha256"] in LOCK, item["download_info"]["url"]


def test_both_ends_of_a_python_travel(monkeypatch, tmp_path):
    """3.11 has two versions of soupsieve, by the third number of the Python that a laptop happens to have."""
    asked = []

    def run(command, **_):
        asked.append((command, (tmp_path / "wheels.txt").read_text(encoding="utf-8")))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(wheels.subprocess, "run", run)
    targets = wheels.targets(True, "windows, linux", "3.11-3.12")
    assert wheels.fetch(ROOT / "requirements.txt", tmp_path / "wheels", targets) == []
    assert [re.findall(r"^soupsieve==(\S+)", text, flags=re.M) for _, text in asked] == [
        ["2.10"], ["4.1.2"], ["4.1.2"], ["2.10"], ["4.1.2"], ["4.1.2"],
    ]  # fmt: skip
    assert all("--require-hashes" in command and "--platform" in command for command, _ in asked)
    assert "win_amd64" in asked[0][0]
    assert "manylinux2014_x86_64" in asked[-1][0]
    assert [path.name for path in tmp_path.iterdir()] == ["wheels"]
    made_for = json.loads((tmp_path / "wheels" / "plateformes.json").read_text(encoding="utf-8"))
    assert made_for == [target.facts for target in targets]


def test_what_pip_can_not_have_is_said_in_one_line(monkeypatch, tmp_path):
    failed = SimpleNamespace(returncode=1, stderr="WARNING: x\nERROR: No matching distribution found for pywinpty\n")
    monkeypatch.setattr(wheels.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(RunError) as caught:
        wheels.fetch(ROOT / "requirements.txt", tmp_path / "wheels", wheels.targets(True, "windows", "3.14"))
    said = str(caught.value)
    assert "\n" not in said
    assert "for Windows AMD64 3.14 CPython (ERROR: No matching distribution found for pywinpty)" in said


OTHERS = [
    (["--python", "3.12"], "add --offline"),
    (["--offline", "--for", "linux,"], "--for '': allowed are"),
    (["--offline", "--python", "2.7"], "--python '2.7': from 3.11 to 3.14 is allowed"),
    (["--offline", "--python", "3.13-3.11"], "--python '3.13-3.11': from 3.11"),
    (["--offline", "--python", "3.11-3.99"], "--python '3.11-3.99': from 3.11"),
    (["--offline", "--python", "3.12\n"], "--python '3.12\\n': from 3.11"),
]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--for", "windows"], "add --offline"),
        (["--offline", "--for", "amiga"], "--for 'amiga': allowed are windows, macos, linux"),
        *(pytest.param(*other, marks=pytest.mark.proof) for other in OTHERS),
    ],
)
def test_wrong_use_is_one_line_and_no_kit(tmp_path, tikub_here, arguments, says):
    ran = tikub_here("kit", "energy", "--out", tmp_path / "kits", *arguments)
    assert ran.returncode == 2, ran.stderr
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("tikub: ")
    assert says in line
    assert not (tmp_path / "kits").exists()


def test_no_wheels_are_asked_for_by_default():
    assert wheels.targets(False) == []
    with pytest.raises(UsageError, match="add --offline"):
        wheels.targets(False, "linux")
    (own,) = wheels.targets(True)
    assert (own.facts, own.tags) == (this_platform(), ())


def test_what_was_run_and_what_was_only_resolved_are_said():
    facts = [target.facts for target in ALL if target.facts["systeme"] != "Linux"]
    said = "Windows AMD64, Python 3.11, 3.12 et 3.13 ; macOS arm64, Python 3.11, 3.12 et 3.13"
    assert documents.platforms(facts) == said
    recipe = SimpleNamespace(title="Essai", problem="")
    values = {"recipe": recipe, "warning": "", "tables": [], "workbook": None}
    text = documents.fill("LISEZMOI.md.j2", run="Linux x86_64, Python 3.11", resolved=said, **values).decode("utf-8")
    assert "- Exécuté par qui a fait ce kit (les deux carnets) : Linux x86_64, Python 3.11." in text
    assert f"**jamais exécuté** : {said}." in text
    assert "donnees.xlsx" not in text
    without = documents.fill("LISEZMOI.md.j2", run="", resolved="", **values).decode("utf-8")
    assert "wheels" not in without
    assert "et le réseau une fois" in without
