"""Shared fixtures: the project's root and the real open data, read in place."""

import os
from pathlib import Path

import pytest

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
