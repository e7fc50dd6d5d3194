"""The fictitious Datathon, drawn once for all tests."""

import pytest

from data.make.datathon import sample


@pytest.fixture(scope="session")
def datathon_tables():
    """The shipped sample, by name of table without its prefix; not to be changed in place."""
    return {name.removeprefix("datathon/"): table for name, table in sample().items()}
