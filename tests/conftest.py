"""Shared fixtures: the project's root and the real open data, read in place."""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ["TIKUB_CACHE"] = "off"  # tests see what the code computes now
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def opendata() -> Path:
    """The folder of real published files, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("TIKUB_OPENDATA") or ROOT.parent / "shared" / "opendata")
    if not folder.is_dir():
        pytest.skip(f"real open data not found in {folder} (set TIKUB_OPENDATA)")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", action="store_true", help="run the tests marked proof too: large, repeated, minutes")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proof: large or repeated; only with --proof (make proof)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--proof"):
        left = [item for item in items if item.get_closest_marker("proof")]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


# The same examples at each run, so that a build never fails by chance; HYPOTHESIS_PROFILE=explore looks for new ones.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
