"""Shared fixtures: the project's root and the real open data, read in place."""

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import hypothesis
import pytest

os.environ["TIKUB_CACHE"] = "off"  # tests see what the code computes now
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in a build: see reports/pool.py; numpy reads it once
os.fsync = lambda _: None  # no test cuts the power; those of what reaches the disk when put another in its place
ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def computed_once() -> Iterator[None]:
    """Pages made meanwhile share what they compute for the whole stock, in a folder that was empty when tests began."""
    os.environ["TIKUB_CACHE"] = os.environ["TIKUB_TEST_CACHE"]
    try:
        yield
    finally:
        os.environ["TIKUB_CACHE"] = "off"


def shared(name: str, fill: Callable[[Path], None]) -> Path:
    """Return a folder that the session's processes share: who asks first fills it, the others wait."""
    import fcntl  # not on Windows

    folder = Path(os.environ["TIKUB_TEST_CACHE"]).parent / "shared" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            fill(made := folder.with_suffix(".new"))
            made.rename(folder)
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture
def tikub_here(monkeypatch, capsys):
    """`tikub` called in this process, whose server of warm processes is started once for all tests: seconds less."""
    from tikub_lab import cli

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["tikub", *map(str, arguments)])
        monkeypatch.chdir(ROOT)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return subprocess.CompletedProcess(sys.argv, ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def small_package() -> Path:
    """A data package of all use cases at a twentieth, made by `tikub data sample`; not to be changed in place."""

    def fill(folder: Path) -> None:
        command = [sys.executable, "-m", "tikub_lab", "data", "sample", "--scale", "0.05", "--into", str(folder)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    return shared("paquet à moi", fill)


@pytest.fixture(scope="session")
def opendata() -> Path:
    """The folder of real published files, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("TIKUB_OPENDATA") or ROOT.parent / "shared" / "opendata")
    if not folder.is_dir():
        pytest.skip(f"real open data not found in {folder} (set TIKUB_OPENDATA)")
    return folder


def examples(number: int) -> hypothesis.settings:
    """So many examples of a slow property with `make proof`, three in ten of them in `make test`."""
    return hypothesis.settings(max_examples=number * hypothesis.settings().max_examples // 100)


class Examples:
    """Examples in docstrings ask for the same of the shipped sample: they share what they compute for all of it."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        with computed_once() if isinstance(item, pytest.DoctestItem) else nullcontext():
            return (yield)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a quarter of the time, tests wait for what they started."""
    return (os.cpu_count() or 1) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", action="store_true", help="run the tests marked proof and ci too")
    parser.addoption("--ci", action="store_true", help="run the tests marked ci too")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proof: large or repeated; only with --proof (make proof)")
    config.addinivalue_line(
        "markers", "ci: seconds of a browser, of real files, of a second case; with --ci or --proof"
    )
    if "TIKUB_TEST_CACHE" not in os.environ:  # workers of xdist inherit it; `make test` gives one, for nbval after them
        folder = tempfile.mkdtemp(prefix="tikub-tests-")
        os.environ["TIKUB_TEST_CACHE"] = str(Path(folder) / "cache")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    config.pluginmanager.register(Examples())
    hypothesis.settings.register_profile("steady", STEADY, max_examples=100 if config.getoption("--proof") else 30)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection() -> None:
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()  # what was collected stays until the end: it need not be looked through again and again
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--proof"):
        names = {"proof"} if config.getoption("--ci") else {"proof", "ci"}
        left = {item for item in items if any(mark.name in names for mark in item.iter_markers())}
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=[*left])
    slow = [ROOT / "tests" / name for name in ("reports", "kits", "test_cli.py")]  # begun last, they ran alone
    items.sort(key=lambda item: not any(item.path.is_relative_to(place) for place in slow))


# The same examples at each run, so that a build never fails by chance; HYPOTHESIS_PROFILE=explore looks for new ones.
STEADY = hypothesis.settings(derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
