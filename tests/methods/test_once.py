"""Results computed once: what a key tells apart, who computes, what is never kept."""

import ast
import datetime
import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from tikub_lab import USE_CASES, Secret, energy, tables
from tikub_lab.methods import code, content, once


def key_of(value):
    import hashlib

    key = hashlib.blake2b()
    content.feed(key, value)
    return key.hexdigest()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("TIKUB_CACHE", str(folder))
    return folder


@pytest.fixture
def counted(monkeypatch):
    """A function of the package, and the list of what it was called with."""
    calls = []

    def double(frame, factor=2, day=None):
        calls.append(factor)
        return frame * factor

    double.__module__, double.__qualname__ = "tikub_lab.energy.invented", "double"
    return once.once(double), calls


FRAME = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
POINTS = geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(1, 2)], crs=4326)
DIFFERENT = [
    (1, True),
    (1, 1.0),
    (1, "1"),
    ("a", b"a"),
    (None, ""),
    ([1, 2], (1, 2)),
    ([[1], 2], [1, [2]]),
    (["ab", "c"], ["a", "bc"]),
    ({"a": 1}, {"a": 2}),
    (datetime.date(2025, 1, 1), datetime.datetime(2025, 1, 1)),
    (np.int64(1), 1),
    (FRAME, FRAME.rename(columns={"a": "c"})),
    (FRAME, FRAME[["b", "a"]]),
    (FRAME, FRAME.iloc[::-1]),
    (FRAME, FRAME.set_axis([5, 6])),
    (FRAME, FRAME.rename_axis("n")),
    (FRAME, FRAME.astype({"a": "float32"})),
    (FRAME, FRAME.astype({"a": "Int64"})),
    (FRAME, FRAME.assign(a=[1.0, np.nextafter(2.0, 3.0)])),
    (FRAME, FRAME.assign(b=["x", ""])),
    (FRAME.astype({"b": "category"}), FRAME.astype({"b": pd.CategoricalDtype(["x", "y"])})),
    (FRAME["a"], FRAME[["a"]]),
    (FRAME["a"], FRAME["a"].rename("c")),
    (pd.Series(pd.to_datetime(["2025-01-01"])), pd.Series(pd.to_datetime(["2025-01-01"])).dt.tz_localize("UTC")),
    (pd.Series([1, 2], dtype="Int64"), pd.Series([1, None], dtype="Int64")),
    (POINTS, POINTS.set_crs(2154, allow_override=True)),
    (POINTS, POINTS.set_geometry([Point(1, 3)], crs=4326)),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_a_key_tells_apart(one, other):
    assert key_of(one) != key_of(other)
    assert key_of(one) == key_of(one.copy() if hasattr(one, "copy") else one)


def test_equal_tables_have_one_key_however_they_came_to_be():
    rebuilt = pd.concat([FRAME.iloc[:1], FRAME.iloc[1:]])
    assert key_of(rebuilt.reset_index(drop=True)) == key_of(FRAME)
    assert key_of(FRAME.assign(z=0).drop(columns="z")) == key_of(FRAME)
    sliced = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": ["w", "x", None]}).iloc[1:].reset_index(drop=True)
    assert key_of(sliced) == key_of(FRAME)


@pytest.mark.parametrize(
    "value",
    [object(), lambda: 1, Secret("s"), {1, 2}, Path("x"), pd.DataFrame({"a": [1, "1"]}), [FRAME, object()], int],
)
def test_what_has_no_key_raises(value, cache, counted):
    function, calls = counted
    with pytest.raises(TypeError, match="no key for a"):
        function(FRAME[["a"]], day=value)
    assert not calls


def test_it_is_computed_once_and_the_first_caller_gets_what_later_ones_get(cache, counted):
    function, calls = counted
    numbers = FRAME[["a"]]
    first, second, third = function(numbers), function(numbers.copy(), 2), function(frame=numbers, factor=2)
    assert calls == [2]  # defaults are bound
    assert first is not second
    for result in (first, second, third):
        pd.testing.assert_frame_equal(result, numbers * 2)
    function(numbers, factor=3)
    assert calls == [2, 3]
    assert (cache.stat().st_mode & 0o777) == 0o700


def test_a_damaged_entry_is_computed_again(cache, counted):
    function, calls = counted
    function(FRAME[["a"]])
    (entry,) = (path for path in cache.rglob("*") if path.is_file() and not path.suffix)
    entry.write_bytes(entry.read_bytes()[:-1] + b"?")
    pd.testing.assert_frame_equal(function(FRAME[["a"]]), FRAME[["a"]] * 2)
    assert calls == [2, 2]


@pytest.mark.parametrize("broken", ["write_bytes", "mkdir", "open"])
def test_a_full_disk_returns_the_result(broken, cache, counted, monkeypatch):
    function, _ = counted

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, broken, full)
    pd.testing.assert_frame_equal(function(FRAME[["a"]]), FRAME[["a"]] * 2)
    monkeypatch.undo()
    assert not list(cache.rglob(f"*.{os.getpid()}"))


def test_the_least_recently_used_goes(cache, counted, monkeypatch):
    function, calls = counted
    for factor in (2, 3):
        function(FRAME[["a"]], factor)
    size = max(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    monkeypatch.setattr(once, "LIMIT", int(2.5 * size))
    time.sleep(0.02)
    function(FRAME[["a"]], 2)  # used again: 3 is the oldest now
    function(FRAME[["a"]], 4)
    function(FRAME[["a"]], 2)
    assert calls == [2, 3, 4]
    function(FRAME[["a"]], 3)
    assert calls == [2, 3, 4, 3]


def test_clean_removes_entries_and_nothing_else(cache, counted, tmp_path):
    function, calls = counted
    for factor in (2, 3):
        function(FRAME[["a"]], factor)
    (folder,) = cache.iterdir()
    entry = next(path for path in folder.iterdir() if not path.suffix)
    entry.with_suffix(".4242").write_bytes(b"half")  # of a process that was killed
    sizes = [path.stat().st_size for path in folder.iterdir()]
    hexadecimal = "a" * 40
    foreign = [
        "notes.txt", hexadecimal, "objects/" + hexadecimal, "a.b.c/notes.txt", "a.b.c/" + "a" * 38,
        f"a.b.c/{hexadecimal}.csv", f"a.b.d/{hexadecimal}/x", f"a.b.c/d.e/{hexadecimal}",
    ]  # fmt: skip
    outside = tmp_path / "outside" / hexadecimal
    for path in (*(cache / name for name in foreign), outside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    (cache / "lien.vers").symlink_to(outside.parent)
    assert once.clean(tmp_path) == (cache, 5, sum(sizes), 0)
    assert not folder.exists()
    assert sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()) == sorted(foreign)
    assert outside.read_bytes() == b"mine"
    assert once.clean(tmp_path) == (cache, 0, 0, 0)
    function(FRAME[["a"]])
    assert calls == [2, 3, 2]


def test_clean_leaves_an_entry_that_is_being_computed(package, tmp_path, monkeypatch):
    _, start = package
    monkeypatch.setenv("TIKUB_CACHE", str(tmp_path / "cache"))
    running = start("print(slow(frame).iloc[0, 0])", 1.0)
    while not (tmp_path / "log").exists() and running.poll() is None:
        time.sleep(0.02)
    assert once.clean(tmp_path) == (tmp_path / "cache", 0, 0, 1)  # its lock
    assert start("print(slow(frame).iloc[0, 0])").communicate(timeout=60)[0] == "2.0\n"
    assert running.communicate(timeout=60)[0] == "2.0\n"
    assert computed(tmp_path) == 1
    assert once.clean(tmp_path)[1::2] == (2, 0)


@pytest.mark.parametrize("said", ["", "off"])
def test_clean_knows_the_workbench_and_makes_no_folder(said, tmp_path, monkeypatch):
    monkeypatch.setenv("TIKUB_CACHE", said)
    assert once.clean(tmp_path) == (tmp_path / ".cache" / "tikub", 0, 0, 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", ["off", "open to others"])
def test_nothing_is_kept(how, tmp_path, monkeypatch, counted):
    function, calls = counted
    monkeypatch.setenv("TIKUB_CACHE", "off" if how == "off" else str(tmp_path))
    tmp_path.chmod(0o777)
    function(FRAME[["a"]])
    function(FRAME[["a"]])
    assert calls == [2, 2]
    assert not list(tmp_path.iterdir())


def test_without_a_name_it_is_the_workbench_around_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("TIKUB_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert once.folder() is None
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "datapackage.json").write_text("{}")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert once.folder() == tmp_path / ".cache" / "tikub"


def test_only_functions_of_the_package():
    def mine(frame):
        return frame

    with pytest.raises(TypeError, match="only a function of the package"):
        once.once(mine)
    with pytest.raises(TypeError, match="only a function of the package"):
        once.once(energy.Scope.__init__)


def test_what_no_key_holds_raises(cache):
    def loads(frame):
        return tables.load("energy/sites")

    def draws(frame):
        return frame[["a"]] * np.random.random()

    for function, reason in ((loads, "loads 'energy/sites'"), (draws, "draws at random")):
        function.__module__, function.__qualname__ = "tikub_lab.energy.invented", function.__name__
        with pytest.raises(TypeError, match=reason):
            once.once(function)(FRAME)
    assert len(tables.load("energy/sites"))  # allowed again afterwards
    assert not [path for path in cache.rglob("*") if path.is_file() and not path.suffix]


SEEDED = {  # they draw from the seed that they are given: the same result each time
    (name, function, attribute)
    for name, function in (
        ("weighing.py", "_order"), ("weighing.py", "draws"), ("timetable.py", "schedule"), ("panel.py", "plan"),
        ("jury.py", "_draws"),
    )
    for attribute in ("default_rng", "random")
}  # fmt: skip


def test_no_method_asks_for_the_day_or_draws_at_random(root):
    """A kept result would hold the day on which it was computed."""
    asks = {
        (path.name, getattr(top, "name", ""), node.attr)
        for use_case in USE_CASES
        for path in (root / "tikub_lab" / use_case).rglob("*.py")
        for top in ast.parse(path.read_text(encoding="utf-8")).body
        for node in ast.walk(top)
        if isinstance(node, ast.Attribute) and node.attr in {"today", "now", "utcnow", "default_rng", "random"}
    }
    assert asks <= {
        ("rules.py", "_future", "today"),  # of an import, not of a method
        ("ledger.py", "utc_now", "now"),  # when an event was recorded: its ledger's clock, and no result is kept of it
        *SEEDED,
    }


def test_a_kept_result_equals_a_computed_one(cache, monkeypatch):
    given = [tables.load(f"energy/{name}") for name in ("readings", "meters", "sites", "weather")]
    first, again = energy.adjusted(*given), energy.adjusted(*given)
    monkeypatch.setenv("TIKUB_CACHE", "off")
    plain = energy.adjusted(*given)
    assert [path for path in cache.rglob("*") if path.is_file() and not path.suffix]
    pd.testing.assert_frame_equal(first, plain)
    pd.testing.assert_frame_equal(again, plain)


COMMON = """
import os, sys, time
from pathlib import Path
import pandas as pd
from tikub_lab.methods import once
from tikub_lab.energy import helper
log = Path(sys.argv[1])
def slow(frame):
    with log.open("a") as file:
        file.write("computed\\n")
    time.sleep(float(sys.argv[2]))
    return frame * helper.FACTOR
slow.__module__, slow.__qualname__ = "tikub_lab.energy.invented", "slow"
slow = once.once(slow)
frame = pd.DataFrame({"a": [1.0]})
"""


@pytest.fixture
def package(root, tmp_path):
    """A copy of the package with a module more, and a way to run code on it in a process of its own."""
    copy = tmp_path / "copy"
    shutil.copytree(root / "tikub_lab", copy / "tikub_lab", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tikub_lab" / "energy" / "helper.py").write_text("FACTOR = 2\n")
    time.sleep(0.1)  # or the copy would be taken for one that is being edited

    def start(text, seconds=0.0):
        environment = os.environ | {"PYTHONPATH": str(copy), "TIKUB_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-c", COMMON + text, str(tmp_path / "log"), str(seconds)]
        return subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True)

    return copy / "tikub_lab", start


def computed(tmp_path):
    return len((tmp_path / "log").read_text().splitlines())


def test_of_three_processes_one_computes_and_the_others_wait(package, tmp_path):
    _, start = package
    running = [start("print(slow(frame).iloc[0, 0])", 1.0) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in running] == ["2.0\n"] * 3
    assert computed(tmp_path) == 1


def test_a_killed_process_releases_the_others(package, tmp_path):
    _, start = package
    first = start("print(slow(frame))", 60)
    while not ((tmp_path / "log").exists() and computed(tmp_path)) and first.poll() is None:
        time.sleep(0.02)
    second = start("print(slow(frame).iloc[0, 0])")
    first.kill()
    assert second.communicate(timeout=60)[0] == "2.0\n"
    first.communicate(timeout=60)
    assert computed(tmp_path) == 2


def test_changed_code_is_computed_again_and_while_it_changes_nothing_is_kept(package, tmp_path):
    folder, start = package
    ask = "print(slow(frame).iloc[0, 0])"
    assert start(ask).communicate(timeout=60)[0] == "2.0\n"
    edit = f"Path({str(folder / 'energy' / 'helper.py')!r}).write_text('FACTOR = 5\\n'); time.sleep(0.1)\n"
    assert start(edit + ask).communicate(timeout=60)[0] == "2.0\n"  # what was imported, computed, neither read nor kept
    assert computed(tmp_path) == 2
    assert start(ask).communicate(timeout=60)[0] == "5.0\n"
    assert start(ask).communicate(timeout=60)[0] == "5.0\n"
    assert computed(tmp_path) == 3


def test_a_comment_in_another_use_case_changes_no_digest(root):
    files = code.files("energy")
    parts = {path.relative_to(code.ROOT).parts[0] for path in files}
    assert {"energy", "tables", "show", "methods", "errors.py"} <= parts
    assert not parts & {"procurement", "reports", "kits", "cli.py"}
    assert code.digest(files) != code.digest(files[1:])


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("import pandas\nfrom tikub_lab import energy, show, tables", ("energy",)),
        ("import tikub_lab.procurement.codes as codes", ("procurement",)),
        ("from tikub_lab.energy.valuation import valued\nfrom tikub_lab import procurement", ("energy", "procurement")),
        ("from tikub_lab import show", ()),
    ],
)
def test_the_use_cases_that_a_notebook_reaches(source, parts):
    assert code.use_cases(source) == parts
